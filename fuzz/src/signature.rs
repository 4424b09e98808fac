//! Signatures: whatever is done to a signed document, if it still verifies it still says the same.

use std::sync::LazyLock;

use roxmltree::Document;
use tongguan_crypto::{Certificate, provider};
use tongguan_xmldsig::{DS, Policy, Trust, VerifyError, canonicalize, verify};

use crate::tree::after_declaration;

/// Documents that were signed, and by whom.
const ORIGINALS: [(&str, &str); 3] = [
    (
        include_str!("../signed/rsa-sha1.xml"),
        include_str!("../signed/rsa-sha1.pem"),
    ),
    (
        include_str!("../signed/sm2-sm3.xml"),
        include_str!("../signed/sm2-sm3.pem"),
    ),
    (
        include_str!("../signed/sm2-sm3-legacy.xml"),
        include_str!("../signed/sm2-sm3-legacy.pem"),
    ),
];

/// What is put in: what a signature's verifier could trip over.
const PIECES: [&str; 24] = [
    " ",
    "\n",
    "\r",
    "&#13;",
    "<!-- -->",
    "<?a b?>",
    "<![CDATA[]]>",
    "<a>",
    "</a>",
    "<ds:Object>",
    "</ds:Object>",
    "<ds:Signature>",
    "</ds:Signature>",
    "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#base64\"></ds:Transform>",
    "<ds:Reference URI=\"\"></ds:Reference>",
    " xmlns=\"urn:other\"",
    " xmlns:ds=\"urn:other\"",
    " xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"",
    " xml:lang=\"zh\"",
    " Id=\"a\"",
    " URI=\"#a\"",
    "<!DOCTYPE a [<!ENTITY b \"c\">]>",
    "\u{FEFF}",
    "=",
];

struct Original {
    document: &'static str,
    /// The canonical form of what is signed.
    declared: Vec<u8>,
    policy: Policy,
}

static SIGNED: LazyLock<Vec<Original>> = LazyLock::new(|| {
    let original = |(document, pem): &(&'static str, &'static str)| {
        let signer: Certificate = provider().certificate(pem.as_bytes()).unwrap();
        let policy = Policy {
            trust: Trust::Anchors(vec![signer]),
            ..Policy::default()
        };
        verify(document.as_bytes(), &policy).expect("an original verifies");
        Original {
            document,
            declared: declared(document.as_bytes()).unwrap(),
            policy,
        }
    };
    ORIGINALS.iter().map(original).collect()
});

/// The octets are either a document, or what to do to one that was signed.
pub fn target(octets: &[u8]) {
    let document = match octets.split_first() {
        Some((which @ 0..=2, changes)) => {
            let original = SIGNED[usize::from(*which)].document;
            changed(original.as_bytes(), changes)
        }
        _ => octets.to_vec(),
    };
    for original in SIGNED.iter() {
        match verify(&document, &original.policy) {
            Ok(_) => assert!(
                declared(&document).as_ref() == Some(&original.declared),
                "it verifies, but says something else:\n{}",
                String::from_utf8_lossy(&document)
            ),
            Err(VerifyError::Document(_)) => return,
            Err(_) => {}
        }
    }
}

/// What a document says: the canonical form of all but its one signature. By another way than the
/// verifier's: the signature is cut out of the octets.
fn declared(octets: &[u8]) -> Option<Vec<u8>> {
    let text = after_declaration(std::str::from_utf8(octets).ok()?);
    let tree = Document::parse(text).ok()?;
    let mut signatures = tree
        .descendants()
        .filter(|n| n.has_tag_name((DS, "Signature")));
    let (Some(signature), None) = (signatures.next(), signatures.next()) else {
        return None;
    };
    let range = signature.range();
    let rest = [&text[..range.start], &text[range.end..]].concat();
    canonicalize(rest.as_bytes(), usize::MAX).ok()
}

/// Makes the changes, four octets each: what to do, where (two), and with what.
fn changed(original: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut document = original.to_vec();
    let mut rest = changes;
    while let [what, high, low, with, tail @ ..] = rest {
        rest = tail;
        let length = usize::from(*with);
        let mut at = usize::from(u16::from_be_bytes([*high, *low])) % (document.len() + 1);
        // Half of the changes are made where markup begins.
        if what & 0x80 != 0 {
            let markup = document[at..].iter().position(|b| *b == b'<');
            at = markup.map_or(document.len(), |markup| at + markup);
        }
        let end = (at + length).min(document.len());
        match what & 0x7F {
            0 if at < document.len() => document[at] = *with,
            1 => {
                document.drain(at..end);
            }
            2 => {
                let piece = PIECES[length % PIECES.len()];
                document.splice(at..at, piece.bytes());
            }
            3 => {
                let copied = document[at..end].to_vec();
                document.splice(at..at, copied);
            }
            // An element, from its start tag on, is moved to the front of the next one's content.
            4 => {
                let moved: Vec<u8> = document.drain(at..end).collect();
                let to = document
                    .iter()
                    .position(|b| *b == b'>')
                    .map_or(0, |i| i + 1);
                document.splice(to..to, moved);
            }
            // Octets of one's own.
            5 => {
                let (own, tail) = rest.split_at(length.min(rest.len()));
                document.splice(at..at, own.iter().copied());
                rest = tail;
            }
            // The whole document goes into a corner of another.
            6 => {
                let (head, foot) = [
                    ("<m:Order xmlns:m=\"urn:m\"><m:no>666</m:no>", "</m:Order>"),
                    ("<a>", "</a>"),
                ][length % 2];
                document.splice(0..0, head.bytes());
                document.extend_from_slice(foot.as_bytes());
            }
            // A whole signature besides.
            7 => {
                let text = String::from_utf8_lossy(original);
                let start = text.find("<ds:Signature ").unwrap_or_default();
                let end = text.find("</ds:Signature>").map_or(start, |e| e + 15);
                document.splice(at..at, text[start..end].bytes());
            }
            _ => {}
        }
        if document.len() > 1 << 16 {
            break;
        }
    }
    document
}
