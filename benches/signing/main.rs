//! How fast a message is built, checked, canonicalised and signed, beside the bare signature of
//! the library under it and beside libxmlsec1, in one run on one core.
//!
//! As all benches here, by [`tongguan_benches::Contenders`].
#![allow(clippy::print_stdout, reason = "it prints its figures")]

#[cfg(feature = "xmlsec")]
mod peer;

use openssl::hash::{MessageDigest, hash};
use openssl::pkey::{PKey, Private};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::Padding;
use tongguan_benches::{Contenders, Outcome, Work, how};
use tongguan_crypto::{Certificate, Issued, KeyFile, Scheme, TestSubject, provider};
use tongguan_messages::typed::ceb311::{Order, OrderHead, OrderList};
use tongguan_messages::{BaseTransfer, Message, Writer, closing, message, opening, transfer};
use tongguan_xmldsig::{Enveloping, KeyInfo, Policy, Profile, Sm2Encoding, verify};

const GUID: &str = "4CDE1CFD-EDED-46B1-946C-B8022E42FC94";

fn main() -> Outcome<()> {
    let declared = message("CEB311Message").ok_or("the tables have no CEB311Message")?;
    println!("{}", how());
    for scheme in [Scheme::RsaSha1, Scheme::Sm2Sm3] {
        for count in [1, 100] {
            compare(declared, scheme, count)?;
        }
    }
    Ok(())
}

fn compare(declared: &'static Message, scheme: Scheme, count: usize) -> Outcome<()> {
    let subject = TestSubject {
        common_name: "bench".into(),
        days: 2,
        from_days: 0,
    };
    let issued = provider().issue_for_tests(scheme, &subject, None, None)?;
    let key = provider().key_file(&issued.key_pem, None)?;
    let certificate = provider().certificate(&issued.certificate_pem)?;
    let orders: Vec<Order> = (0..count).map(order).collect::<Outcome<_>>()?;

    let document = ours(declared, &orders, &key, &certificate, scheme)?;
    verify(&document, &Policy::default())?;
    println!(
        "\n{scheme}, CEB311 with {count} order(s), {:.1} KB",
        document.len() as f64 / 1e3
    );

    let bare_key = PKey::private_key_from_pem(&issued.key_pem)?;
    let template = emptied(&document)?;
    let mut out = vec![0_u8; document.len() * 2 + 4096];
    let mut contenders = Contenders::default();
    contenders.add("build + check + canonicalise + sign", || {
        ours(declared, &orders, &key, &certificate, scheme).map(|_| ())
    });
    contenders.add("bare signature of the library", || {
        bare(&bare_key, &key, scheme)
    });
    if let Some(work) = peer(scheme, &issued, &template, &mut out)? {
        contenders.add("libxmlsec1: parse + sign + write", work);
    }
    for line in contenders.compare(document.len())? {
        println!("{line}");
    }
    Ok(())
}

/// One order with two items, as an enterprise declares it.
fn order(n: usize) -> Outcome<Order> {
    let item = |gnum: i32| -> Outcome<OrderList> {
        Ok(serde_json::from_value(serde_json::json!({
            "gnum": gnum, "itemNo": "AF001-001", "itemName": "伯爵红茶 200克",
            "gmodel": "红茶|伯爵|200克/罐", "itemDescribe": "", "barCode": "6901234567892",
            "unit": "035", "qty": "2", "price": "68.00", "totalPrice": "136.00",
            "currency": "142", "country": "110", "note": ""
        }))?)
    };
    let head: OrderHead = serde_json::from_value(serde_json::json!({
        "guid": GUID, "appType": "1", "appTime": "20261123093000", "appStatus": "2",
        "orderType": "I", "orderNo": format!("order20261123{n:08}"), "ebpCode": "3301960T02",
        "ebpName": "示例电商平台(测试)", "ebcCode": "3301960T01",
        "ebcName": "示例跨境电商有限公司(测试)", "goodsValue": "272.00", "freight": "10",
        "discount": "0", "taxTotal": "24.75", "acturalPaid": "306.75", "currency": "142",
        "buyerRegNo": "user0001", "buyerName": "测试甲", "buyerTelephone": "13800000001",
        "buyerIdType": "1", "buyerIdNumber": "110101199001010015", "payCode": "3301960T03",
        "payName": "示例支付有限公司(测试)", "payTransactionId": "PAY202600000001",
        "batchNumbers": "20261123", "consignee": "测试甲", "consigneeTelephone": "13800000001",
        "consigneeAddress": "北京市东城区示例街道1号", "consigneeDistrict": "110101", "note": "test"
    }))?;
    Ok(Order {
        OrderHead: head,
        OrderList: vec![item(1)?, item(2)?],
    })
}

/// All that is done for a message: every field checked and written, digested, signed.
fn ours(
    declared: &'static Message,
    orders: &[Order],
    key: &KeyFile,
    certificate: &Certificate,
    scheme: Scheme,
) -> Outcome<Vec<u8>> {
    let unit = declared.unit.ok_or("no unit")?;
    let mut document = Enveloping::new(
        Profile::of(scheme),
        &[(declared.prefix, declared.namespace)],
    );
    document.reserve(orders.len() * 2600);
    document.uncovered(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    document.push(&opening(declared, GUID));
    for order in orders {
        document
            .push_with(|out| Writer::element(out, unit, order))
            .map_err(|p| p.to_string())?;
    }
    let who = BaseTransfer {
        copCode: "3301960T01".into(),
        copName: "示例跨境电商有限公司(测试)".into(),
        dxpMode: "DXP".into(),
        dxpId: "DXPENT0000012345".into(),
        note: None,
    };
    document.push(&transfer(&who).map_err(|p| p.to_string())?);
    let pending = document.prepare(&closing(declared));
    let value = key.key.sign(pending.signed_info())?;
    let info = KeyInfo {
        key_name: &certificate.serial,
        certificate: &certificate.der,
    };
    Ok(pending.complete(&value, &info, Sm2Encoding::Raw)?)
}

/// What the library under it needs for a signature, and nothing else: OpenSSL for RSA, the crate
/// sm2 (which hashes the text itself) for SM2.
fn bare(rsa: &PKey<Private>, key: &KeyFile, scheme: Scheme) -> Outcome<()> {
    if scheme == Scheme::Sm2Sm3 {
        key.key.sign(b"text")?;
        return Ok(());
    }
    let mut context = PkeyCtx::new(rsa)?;
    context.sign_init()?;
    context.set_rsa_padding(Padding::PKCS1)?;
    context.set_signature_md(openssl::md::Md::sha1())?;
    let digest = hash(MessageDigest::sha1(), b"text")?;
    let mut value = Vec::with_capacity(256);
    context.sign_to_vec(&digest, &mut value)?;
    Ok(())
}

/// The signed message as a template: without the values.
fn emptied(document: &[u8]) -> Outcome<Vec<u8>> {
    let mut text = String::from_utf8(document.to_vec())?;
    for element in ["DigestValue", "SignatureValue", "X509Certificate"] {
        let (open, close) = (format!("<ds:{element}>"), format!("</ds:{element}>"));
        let start = text.find(&open).ok_or("no such element")? + open.len();
        let end = text.find(&close).ok_or("no such element")?;
        text.replace_range(start..end, "");
    }
    Ok(text.into_bytes())
}

/// The peer knows RSA only.
#[cfg(feature = "xmlsec")]
fn peer<'a>(
    scheme: Scheme,
    issued: &Issued,
    template: &'a [u8],
    out: &'a mut [u8],
) -> Outcome<Option<Work<'a>>> {
    if scheme != Scheme::RsaSha1 {
        return Ok(None);
    }
    let peer = peer::Peer::new(&issued.key_pem, &issued.certificate_pem)?;
    let size = peer.sign(template, out)?;
    verify(&out[..size], &Policy::default())?;
    Ok(Some(Box::new(move || {
        Ok(peer.sign(template, out).map(|_| ())?)
    })))
}

/// Without the feature there is no peer to compare with.
#[cfg(not(feature = "xmlsec"))]
fn peer<'a>(_: Scheme, _: &Issued, _: &'a [u8], _: &'a mut [u8]) -> Outcome<Option<Work<'a>>> {
    Ok(None)
}
