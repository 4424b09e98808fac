//! The values that it gives: whose they are, and in which form.

use tongguan_contracts::{Algorithm, Signer};
use tongguan_crypto::provider;

use super::{nonce, signed};
use crate::check::{Found, Rule, broken};

pub(super) const KEY: Rule = Rule {
    id: "signer.key",
    says: "The key is its certificate's.",
};

pub(super) fn key(signer: &dyn Signer) -> Found {
    let identity = signer.identity();
    let certificate = provider()
        .certificate(&identity.certificate)
        .map_err(|e| format!("its certificate is none: {e}"))?;
    let value = signed(signer, b"tongguan")?;
    if certificate.key.verify(b"another", &value).is_ok() {
        return broken("its signature is one of any text");
    }
    if identity.key_name.trim().is_empty() {
        return broken("it has no KeyName");
    }
    Ok(format!(
        "{} by {}, KeyName {}",
        certificate.key.scheme(),
        certificate.subject,
        identity.key_name
    ))
}

pub(super) const FORM: Rule = Rule {
    id: "signer.form",
    says: "A value is bare: for RSA as long as the modulus, for SM2 r and s of 32 octets each.",
};

pub(super) fn form(signer: &dyn Signer) -> Found {
    let mut lengths = Vec::new();
    // DER drops leading zeros: in 64 values, that shows in all likelihood.
    for n in 0..64u8 {
        lengths.push(signed(signer, &[n + b' '])?.len());
    }
    let (Some(shortest), Some(longest)) = (lengths.iter().min(), lengths.iter().max()) else {
        return broken("it signs with nothing");
    };
    match signer.algorithms().first() {
        _ if shortest != longest => broken(format!(
            "values are now {shortest}, now {longest} octets long"
        )),
        Some(Algorithm::Sm2Sm3) if *longest != 64 => {
            broken(format!("a value of {longest} octets instead of 64"))
        }
        Some(Algorithm::RsaSha1) if *longest < 128 => {
            broken(format!("a value of {longest} octets: the key is too short"))
        }
        _ => Ok(format!("64 values of {longest} octets")),
    }
}

pub(super) const TEXTS: Rule = Rule {
    id: "signer.texts",
    says: "It signs texts of every size: none, one octet, odd ones, 1 MiB.",
};

pub(super) fn texts(signer: &dyn Signer) -> Found {
    // Around the block of SHA-1 and SM3, and what a buffer may be too small for.
    let sizes = [0, 1, 55, 56, 63, 64, 65, 1000, 4096, 65_537, 1 << 20];
    for size in sizes {
        signed(signer, text(size).as_bytes())
            .map_err(|why| format!("a text of {size} octets: {why}"))?;
    }
    Ok(format!("{} of them, 0 to 1 MiB", sizes.len()))
}

/// A text of so many octets, not all of them ASCII.
fn text(size: usize) -> String {
    let whole = "<ds:甲 x=\"1\">乙&amp;\t\n</ds:甲>";
    let mut text = whole.repeat(size / whole.len());
    text.extend(std::iter::repeat_n('x', size - text.len()));
    text
}

pub(super) const FRESH: Rule = Rule {
    id: "signer.fresh",
    says: "SM2 takes another random number for each text (one that is used twice gives the key away); \
           RSA gives the same value for the same text.",
};

pub(super) fn fresh(signer: &dyn Signer) -> Found {
    let texts: Vec<Vec<u8>> = (0..8u8).map(|n| vec![b'a' + n; 100]).collect();
    let values = texts.iter().map(|text| signed(signer, text));
    let values: Vec<Vec<u8>> = values.collect::<Result<_, _>>()?;
    if signer.algorithms().first() == Some(&Algorithm::RsaSha1) {
        if signed(signer, &texts[0])? != values[0] {
            return broken("two signatures of one text differ: it is not PKCS#1 v1.5");
        }
        return Ok("the same value for the same text".to_owned());
    }
    let certificate = provider()
        .certificate(&signer.identity().certificate)
        .map_err(|e| format!("its certificate is none: {e}"))?;
    let all: Vec<(&[u8], &[u8])> = texts
        .iter()
        .zip(&values)
        .map(|(text, value)| (text.as_slice(), value.as_slice()))
        .collect();
    for (at, one) in all.iter().enumerate() {
        if all[..at]
            .iter()
            .any(|other| nonce::same(&certificate, *one, *other))
        {
            return broken("two signatures have the same random number");
        }
    }
    Ok(format!("{} texts, each another random number", all.len()))
}
