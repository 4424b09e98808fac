//! What the tables say of personal data.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use tongguan_messages::{masked, masked_by, message, messages, personal};

/// A business key is shown, logged, and kept when personal data is purged.
#[test]
fn no_field_of_a_business_key_is_personal() {
    for message in messages() {
        for path in message.business_key {
            let field = message.unit.and_then(|unit| {
                let mut names = path.split('/');
                names.try_fold(unit, |element, name| element.child(name))
            });
            let field = field.unwrap_or_else(|| panic!("{} {path}", message.name));
            assert!(!field.personal, "{} {path}", message.name);
        }
    }
}

#[test]
fn a_declarations_personal_data_is_found_and_masked() {
    let order = message("CEB311Message").unwrap();
    let text = include_str!("personal-order.xml");
    let found = personal(order, text.trim_end().as_bytes());
    let paths: Vec<&str> = found.iter().map(|p| p.path.as_str()).collect();
    let expected = [
        "OrderHead/buyerRegNo",
        "OrderHead/buyerName",
        "OrderHead/buyerTelephone",
        "OrderHead/buyerIdNumber",
        "OrderHead/consignee",
        "OrderHead/consigneeTelephone",
        "OrderHead/consigneeAddress",
    ];
    assert_eq!(paths, expected);
    let said = masked(
        "订购人张三丰110101199001010015(张三)校验不通过,订单N1",
        &found,
    );
    assert_eq!(said, "订购人张***1***(张***)校验不通过,订单N1");
    // By the octets alone it is the same, for what is in them and for what is not.
    for said in [
        "订购人张三(13800000001)不符",
        "[Code:1800;Desc:逻辑校验通过]",
        "",
        "A & B 张三",
    ] {
        let whole = masked(said, &found);
        assert_eq!(masked_by(said, order, text.trim_end().as_bytes()), whole);
    }
    assert!(personal(order, b"").is_empty() && personal(order, b"<").is_empty());
}
