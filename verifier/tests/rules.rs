//! Every business rule: a document that keeps it, and one that breaks it and nothing else.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod documents;

use documents::{Change, document};
use tongguan_messages::{Extent, Kind, example, messages};
use tongguan_verifier::{Layer, Options, Report, Verifier, rules, sources};

fn look(document: &str, off: &[&str]) -> Report {
    let options = Options {
        layers: [Layer::Schema, Layer::Rules].into(),
        off: off.iter().map(|id| (*id).to_owned()).collect(),
        ..Options::default()
    };
    Verifier::new(options)
        .unwrap()
        .verify("test.xml", &mut document.as_bytes())
}

#[test]
fn what_keeps_every_rule_is_found_good() {
    for message in messages().iter().filter(|m| m.kind == Kind::Declaration) {
        let report = look(&document(message.name, &[]), &[]);
        assert!(
            report.valid && report.warnings.is_empty(),
            "{}: {:#?} {:#?}",
            message.name,
            report.errors,
            report.warnings
        );
        assert!(report.units > 0);
    }
}

/// The examples, minimal and full, keep every rule, and all of them together every comparison.
#[test]
fn the_examples_keep_every_rule_and_agree_with_each_other() {
    for extent in [Extent::Minimal, Extent::Full] {
        let dir = tempfile::tempdir().unwrap();
        for message in messages() {
            let path = dir.path().join(format!("{}.xml", message.name));
            std::fs::write(path, example(message, extent)).unwrap();
        }
        let layers = Layer::ALL.into_iter().filter(|l| *l != Layer::Signature);
        let options = Options {
            layers: layers.collect(),
            ..Options::default()
        };
        let verifier = Verifier::new(options).unwrap();
        let files = sources(&[dir.path().to_owned()]).unwrap();
        let mut reports = Vec::new();
        verifier.verify_all(&files, 2, &mut |report| reports.push(report));
        verifier.compare(&mut reports);
        assert_eq!(reports.len(), 45);
        for report in reports {
            let found = report.errors.iter().chain(&report.warnings);
            let found: Vec<String> = found.map(ToString::to_string).collect();
            assert!(found.is_empty(), "{}: {found:#?}", report.file);
        }
    }
}

/// Rule, message, what to change, where the rule is found broken.
type Case<'c> = (&'c str, &'c str, &'c [Change<'c>], &'c str);

const ORDER: &str = "CEB311Message";
const INVENTORY: &str = "CEB621Message";

const CASES: &[Case<'_>] = &[
    (
        "code-list",
        ORDER,
        &[("Order[1]/OrderHead/appType", Some("4"))],
        "Order[1]/OrderHead/appType",
    ),
    (
        "code-list",
        "CEB603Message",
        &[("Inventory[2]/InventoryHead/statisticsFlag", Some("C"))],
        "Inventory[2]/InventoryHead/statisticsFlag",
    ),
    (
        "real-date",
        ORDER,
        &[("Order[2]/OrderHead/appTime", Some("20260229120000"))],
        "Order[2]/OrderHead/appTime",
    ),
    (
        "real-date",
        INVENTORY,
        &[("Inventory[1]/InventoryHead/declTime", Some("2026-1-1"))],
        "Inventory[1]/InventoryHead/declTime",
    ),
    (
        "guid-case",
        ORDER,
        &[(
            "Order[1]/OrderHead/guid",
            Some("4cde1cfd-eded-46b1-946c-b8022e42fc94"),
        )],
        "Order[1]/OrderHead/guid",
    ),
    (
        "guid-form",
        ORDER,
        &[(
            "Order[1]/OrderHead/guid",
            Some("4CDE1CFDEDED46B1946CB8022E42FC940001"),
        )],
        "Order[1]/OrderHead/guid",
    ),
    (
        "guid-unique",
        ORDER,
        &[(
            "Order[2]/OrderHead/guid",
            Some("4CDE1CFD-EDED-46B1-946C-000000000001"),
        )],
        "Order[2]/OrderHead/guid",
    ),
    (
        "declared-twice",
        ORDER,
        &[("Order[2]/OrderHead/orderNo", Some("TG202611230001"))],
        "Order[2]",
    ),
    (
        "declared-twice",
        "CEB513Message",
        &[("LogisticsStatus[2]/logisticsNo", Some("WB202611230001"))],
        "LogisticsStatus[2]",
    ),
    (
        "negative",
        INVENTORY,
        &[("Inventory[1]/InventoryHead/freight", Some("-0.01"))],
        "Inventory[1]/InventoryHead/freight",
    ),
    (
        "paid-total",
        ORDER,
        &[("Order[1]/OrderHead/acturalPaid", Some("159.30"))],
        "Order[1]/OrderHead/acturalPaid",
    ),
    (
        "paid-total",
        ORDER,
        &[("Order[1]/OrderHead/discount", Some("0.00001"))],
        "Order[1]/OrderHead/acturalPaid",
    ),
    (
        "goods-total",
        "CEB303Message",
        &[("Order[1]/OrderHead/goodsValue", Some("136.02"))],
        "Order[1]/OrderHead/goodsValue",
    ),
    (
        "goods-total",
        ORDER,
        &[
            ("Order[1]/OrderHead/goodsValue", Some("135")),
            ("Order[1]/OrderHead/freight", Some("11")),
        ],
        "Order[1]/OrderHead/goodsValue",
    ),
    (
        "item-total",
        ORDER,
        &[("Order[1]/OrderList[2]/price", Some("0.02"))],
        "Order[1]/OrderList[2]/totalPrice",
    ),
    (
        "item-total",
        INVENTORY,
        &[("Inventory[2]/InventoryList[1]/qty", Some("3"))],
        "Inventory[2]/InventoryList[1]/totalPrice",
    ),
    (
        "quantity",
        "CEB625Message",
        &[("InvtRefund[1]/InvtRefundList[1]/qty", Some("0"))],
        "InvtRefund[1]/InvtRefundList[1]/qty",
    ),
    (
        "item-numbers",
        ORDER,
        &[
            ("Order[1]/OrderList[1]/gnum", Some("2")),
            ("Order[1]/OrderList[2]/gnum", Some("3")),
        ],
        "Order[1]/OrderList[1]/gnum",
    ),
    (
        "item-numbers",
        ORDER,
        &[("Order[1]/OrderList[2]/gnum", Some("1"))],
        "Order[1]/OrderList[2]/gnum",
    ),
    (
        "item-numbers-consecutive",
        INVENTORY,
        &[("Inventory[1]/InventoryList[2]/gnum", Some("3"))],
        "Inventory[1]/InventoryList[2]/gnum",
    ),
    (
        "return-item-repeated",
        "CEB625Message",
        &[("InvtRefund[2]/InvtRefundList[2]/gnum", Some("1"))],
        "InvtRefund[2]/InvtRefundList[2]/gnum",
    ),
    (
        "net-weight",
        INVENTORY,
        &[("Inventory[1]/InventoryHead/netWeight", Some("1.00001"))],
        "Inventory[1]/InventoryHead/netWeight",
    ),
    (
        "weight",
        "CEB505Message",
        &[("Logistics[1]/grossWeight", Some("0"))],
        "Logistics[1]/grossWeight",
    ),
    (
        "one-package",
        INVENTORY,
        &[("Inventory[1]/InventoryHead/packNo", Some("2"))],
        "Inventory[1]/InventoryHead/packNo",
    ),
    (
        "one-package",
        "CEB511Message",
        &[("Logistics[1]/LogisticsHead/packNo", Some("2"))],
        "Logistics[1]/LogisticsHead/packNo",
    ),
    (
        "identity-type",
        ORDER,
        &[("Order[1]/OrderHead/buyerIdType", Some("2"))],
        "Order[1]/OrderHead/buyerIdType",
    ),
    (
        "identity-type",
        "CEB625Message",
        &[("InvtRefund[1]/InvtRefundHead/buyerIdType", Some("2"))],
        "InvtRefund[1]/InvtRefundHead/buyerIdType",
    ),
    (
        "payer-identity-type",
        "CEB411Message",
        &[("Payment[1]/PaymentHead/payerIdType", Some("2"))],
        "Payment[1]/PaymentHead/payerIdType",
    ),
    (
        "identity-number",
        ORDER,
        &[(
            "Order[1]/OrderHead/buyerIdNumber",
            Some("110105194912310021"),
        )],
        "Order[1]/OrderHead/buyerIdNumber",
    ),
    (
        "payer-identity-number",
        "CEB411Message",
        &[(
            "Payment[1]/PaymentHead/payerIdNumber",
            Some("110105491231002"),
        )],
        "Payment[1]/PaymentHead/payerIdNumber",
    ),
    (
        "bonded-fields",
        INVENTORY,
        BONDED_WITHOUT_BOOK,
        "Inventory[1]/InventoryHead/emsNo",
    ),
    (
        "bonded-item-record",
        INVENTORY,
        BONDED_WITHOUT_RECORD,
        "Inventory[1]/InventoryList[2]/itemRecordNo",
    ),
    (
        "bonded-country",
        INVENTORY,
        &[("Inventory[1]/InventoryHead/tradeMode", Some("1210"))],
        "Inventory[1]/InventoryHead/country",
    ),
    (
        "direct-fields",
        INVENTORY,
        &[("Inventory[1]/InventoryHead/voyageNo", None)],
        "Inventory[1]/InventoryHead/voyageNo",
    ),
    (
        "direct-country",
        INVENTORY,
        &[("Inventory[1]/InventoryHead/country", Some("142"))],
        "Inventory[1]/InventoryHead/country",
    ),
    (
        "guarantor",
        INVENTORY,
        &[("Inventory[1]/InventoryHead/assureCode", Some("3301960T09"))],
        "Inventory[1]/InventoryHead/assureCode",
    ),
    (
        "import-flag",
        INVENTORY,
        &[("Inventory[1]/InventoryHead/ieFlag", Some("E"))],
        "Inventory[1]/InventoryHead/ieFlag",
    ),
    (
        "import-flag",
        "CEB215Message",
        &[("InvtRefundDetail[1]/ieFlag", Some("E"))],
        "InvtRefundDetail[1]/ieFlag",
    ),
    (
        "export-flag",
        "CEB603Message",
        &[("Inventory[1]/InventoryHead/ieFlag", Some("I"))],
        "Inventory[1]/InventoryHead/ieFlag",
    ),
    (
        "return-country",
        "CEB213Message",
        &[("InvtRefund[1]/InvtRefundHead/country", Some("142"))],
        "InvtRefund[1]/InvtRefundHead/country",
    ),
    (
        "special-area-fields",
        "CEB603Message",
        SPECIAL_AREA_WITHOUT_NAME,
        "Inventory[1]/InventoryHead/iacName",
    ),
    (
        "special-area-item-record",
        "CEB603Message",
        SPECIAL_AREA_WITHOUT_RECORD,
        "Inventory[1]/InventoryList[1]/itemRecordNo",
    ),
    (
        "second-quantity",
        INVENTORY,
        &[("Inventory[1]/InventoryList[1]/unit2", None)],
        "Inventory[1]/InventoryList[1]/unit2",
    ),
    (
        "payment-fields",
        ORDER,
        &[("Order[1]/OrderHead/payTransactionId", Some(""))],
        "Order[1]/OrderHead/payTransactionId",
    ),
    (
        "period-together",
        "CEB701Message",
        &[("SummaryApply[1]/SummaryApplyHead/endTime", None)],
        "SummaryApply[1]/SummaryApplyHead/endTime",
    ),
    (
        "period-order",
        "CEB701Message",
        &[(
            "SummaryApply[1]/SummaryApplyHead/endTime",
            Some("20261031235959"),
        )],
        "SummaryApply[1]/SummaryApplyHead/endTime",
    ),
    (
        "part-of-parts",
        "CEB607Message",
        &[("WayBill[2]/WayBillHead/msgSeqNo", Some("2"))],
        "WayBill[2]/WayBillHead/msgSeqNo",
    ),
    (
        "part-number",
        "CEB507Message",
        &[("Arrival[2]/ArrivalHead/msgSeqNo", Some("0"))],
        "Arrival[2]/ArrivalHead/msgSeqNo",
    ),
    (
        "signature-needed",
        "CEB603Message",
        &[("Signature", None)],
        "",
    ),
    (
        "commodity-code",
        INVENTORY,
        &[("Inventory[1]/InventoryList[1]/gcode", Some("090230100X"))],
        "Inventory[1]/InventoryList[1]/gcode",
    ),
    (
        "customs-codes",
        INVENTORY,
        &[("Inventory[1]/InventoryHead/customsCode", Some("29O1"))],
        "Inventory[1]/InventoryHead/customsCode",
    ),
    (
        "item-codes",
        ORDER,
        &[("Order[1]/OrderList[1]/unit", Some("KGM"))],
        "Order[1]/OrderList[1]/unit",
    ),
    (
        "enterprise-code",
        ORDER,
        &[("Order[1]/OrderHead/ebcCode", Some("91350100M000100Y44"))],
        "Order[1]/OrderHead/ebcCode",
    ),
    (
        "transmission-mode",
        ORDER,
        &[("BaseTransfer/dxpMode", Some("FTP"))],
        "BaseTransfer/dxpMode",
    ),
    (
        "subscription",
        ORDER,
        &[("BaseSubscribe[2]/status", Some("SOME"))],
        "BaseSubscribe[2]/status",
    ),
    ("single-limit", INVENTORY, OVER_THE_LIMIT, "Inventory[1]"),
];

const BONDED_WITHOUT_BOOK: &[Change<'_>] = &[
    ("Inventory[1]/InventoryHead/tradeMode", Some("1210")),
    ("Inventory[1]/InventoryHead/country", Some("142")),
    ("Inventory[1]/InventoryHead/emsNo", Some("")),
];
const BONDED_WITHOUT_RECORD: &[Change<'_>] = &[
    ("Inventory[1]/InventoryHead/tradeMode", Some("1210")),
    ("Inventory[1]/InventoryHead/country", Some("142")),
    ("Inventory[1]/InventoryList[2]/itemRecordNo", None),
];
const SPECIAL_AREA_WITHOUT_NAME: &[Change<'_>] = &[
    ("Inventory[1]/InventoryHead/tradeMode", Some("1210")),
    ("Inventory[1]/InventoryHead/iacName", None),
];
const SPECIAL_AREA_WITHOUT_RECORD: &[Change<'_>] = &[
    ("Inventory[1]/InventoryHead/tradeMode", Some("1210")),
    ("Inventory[1]/InventoryList[1]/itemRecordNo", None),
];
const OVER_THE_LIMIT: &[Change<'_>] = &[
    ("Inventory[1]/InventoryList[1]/price", Some("2500.01")),
    ("Inventory[1]/InventoryList[1]/totalPrice", Some("5000.02")),
];

#[test]
fn each_rule_finds_what_breaks_it_and_nothing_else() {
    for (rule, message, changes, at) in CASES {
        let report = look(&document(message, changes), &[]);
        let found = report.errors.iter().chain(&report.warnings);
        let found: Vec<(&str, &str)> = found.map(|f| (f.code, f.path.as_str())).collect();
        let at = match *at {
            "" => (*message).to_owned(),
            at => format!("{message}/{at}"),
        };
        assert_eq!(found, [(*rule, at.as_str())], "{rule} {changes:?}");
        let report = look(&document(message, changes), &[rule]);
        assert!(report.valid && report.warnings.is_empty(), "{rule} off");
    }
}

/// The specification's text (3.9.4) has the platform among those who may guarantee the tax.
#[test]
fn the_platform_may_guarantee_the_tax() {
    let changes = [("Inventory[1]/InventoryHead/assureCode", Some("3301960T02"))];
    let report = look(&document(INVENTORY, &changes), &[]);
    assert!(report.valid, "{:#?}", report.errors);
}

#[test]
fn each_rule_has_a_case() {
    for rule in rules() {
        assert!(CASES.iter().any(|(id, ..)| *id == rule.id), "{}", rule.id);
    }
}

#[test]
fn a_finding_says_where_which_field_what_and_what_to_do() {
    let changes = [("Order[1]/OrderHead/acturalPaid", Some("21.50"))];
    let report = look(&document(ORDER, &changes), &[]);
    let finding = &report.errors[0];
    assert_eq!(finding.field_zh, "实际支付金额");
    assert_eq!(finding.section, "3.1");
    assert_eq!(
        finding.text,
        "is 21.5, but goodsValue + freight + taxTotal - discount is 159.29"
    );
    assert!(finding.text_zh.contains("为21.5"), "{}", finding.text_zh);
    let text = document(ORDER, &changes);
    let line = text
        .lines()
        .position(|l| l.contains("acturalPaid"))
        .unwrap()
        + 1;
    assert_eq!(finding.line as usize, line);
}

#[test]
fn personal_data_is_never_shown() {
    let changes = [(
        "Order[1]/OrderHead/buyerIdNumber",
        Some("110105194912310021"),
    )];
    let report = look(&document(ORDER, &changes), &[]);
    let told = serde_json::to_string(&report).unwrap();
    assert!(!told.contains("194912310021"), "{told}");
}

#[test]
fn a_rule_that_does_not_exist_cannot_be_switched_off() {
    let options = Options {
        off: ["paid-totl".to_owned()].into(),
        ..Options::default()
    };
    let error = Verifier::new(options).unwrap_err().to_string();
    assert!(error.contains("did you mean \"paid-total\"?"), "{error}");
}
