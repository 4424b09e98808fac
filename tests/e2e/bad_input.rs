//! Bad input: each gets an error that names file, line, field, rule and remedy, an exit code other
//! than 0, and nothing is half done.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use stage::{TONGGUAN, files, good, orders, refused};
use std::fs;
use std::path::Path;
use tongguan_crypto::{Scheme, TestSubject, provider};

/// Submits a document that must be refused; every word must be in what is told.
fn refuse(dir: &Path, name: &str, document: impl AsRef<[u8]>, words: &[&str]) {
    fs::write(dir.join(name), document).unwrap();
    let told = refused(dir, &["submit", name], 1);
    for word in words.iter().chain(&[name]) {
        assert!(told.contains(word), "{name}: {word:?} is not in:\n{told}");
    }
    assert!(
        !told.contains("110101199001010015"),
        "personal data is not told: {told}"
    );
    let status = good(dir, TONGGUAN, &["status", "--json"]);
    assert!(
        status.contains("\"counts\":{}"),
        "nothing is half done: {status}"
    );
}

/// An unsigned CEB311 with `count` orders, as another program may write it.
fn xml(count: usize) -> String {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["init", "."]);
    let mut units = String::new();
    for n in 0..count {
        units.push_str(&format!(
            "<Order><OrderHead><guid>4CDE1CFD-EDED-46B1-946C-{n:012}</guid><appType>1</appType>\n\
             <appTime>20261123093000</appTime><appStatus>2</appStatus><orderType>I</orderType>\n\
             <orderNo>N{n}</orderNo><ebpCode>1</ebpCode><ebpName>甲</ebpName><ebcCode>1</ebcCode>\n\
             <ebcName>甲</ebcName><goodsValue>1</goodsValue><freight>0</freight>\n\
             <discount>0</discount><taxTotal>0</taxTotal><acturalPaid>1</acturalPaid>\n\
             <currency>142</currency><buyerRegNo>1</buyerRegNo><buyerName>乙</buyerName>\n\
             <buyerTelephone>1</buyerTelephone><buyerIdType>1</buyerIdType>\n\
             <buyerIdNumber>1</buyerIdNumber><consignee>乙</consignee>\n\
             <consigneeTelephone>1</consigneeTelephone><consigneeAddress>丙</consigneeAddress>\n\
             </OrderHead><OrderList><gnum>1</gnum><itemName>茶</itemName><gmodel>茶</gmodel>\n\
             <unit>007</unit><qty>1</qty><price>1</price><totalPrice>1</totalPrice>\n\
             <currency>142</currency><country>116</country></OrderList></Order>\n"
        ));
    }
    format!(
        "<CEB311Message xmlns=\"http://www.chinaport.gov.cn/ceb\" \
         guid=\"4CDE1CFD-EDED-46B1-946C-B8022E42FC94\" version=\"1.0\">\n{units}</CEB311Message>"
    )
}

#[test]
fn documents_are_refused_whole_with_place_field_rule_and_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["init", "."]);
    let json = orders(1, 2);
    let change = |from: &str, to: &str| json.replacen(from, to, 1);

    refuse(
        dir,
        "missing.json",
        change("\"orderNo\": \"ORDER-000001\",", ""),
        &[
            "missing.json:1:",
            "Order[1]/OrderHead/orderNo",
            "Order number 订单编号",
            "[missing]",
            "add orderNo",
        ],
    );
    refuse(
        dir,
        "long.json",
        change("ORDER-000001", &"长".repeat(61)),
        &[
            "long.json:1:",
            "订单编号",
            "[too-long]",
            "61 characters, at most 60",
            "shorten",
        ],
    );
    refuse(
        dir,
        "decimal.json",
        change("\"20.00\"", "\"1,234.50\""),
        &[
            "decimal.json:2:",
            "Value of goods 商品价格",
            "[decimal]",
            "no separators",
        ],
    );
    refuse(
        dir,
        "float.json",
        change("\"20.00\"", "2e1"),
        &["商品价格", "[decimal]", "scientific"],
    );
    refuse(
        dir,
        "digits.json",
        change("\"20.00\"", "20.123456"),
        &["[fraction-digits]", "round it to 5"],
    );
    refuse(
        dir,
        "date.json",
        change(
            "\"orderNo\"",
            "\"appTime\": \"20261341000000\", \"orderNo\"",
        ),
        &[
            "date.json:1:",
            "Report time 报送时间",
            "[date-form]",
            "YYYYMMDDhhmmss",
        ],
    );
    refuse(
        dir,
        "unknown.json",
        change("\"orderNo\"", "\"orderNumber\""),
        &[
            "unknown.json:1:",
            "orderNumber",
            "[unknown-field]",
            "did you mean orderNo (订单编号)?",
        ],
    );
    refuse(
        dir,
        "currency.json",
        change("\"orderNo\"", "\"currency\": \"840\", \"orderNo\""),
        &["currency.json:1:", "Currency 币制", "[fixed] must be 142"],
    );
    refuse(
        dir,
        "twice.json",
        json.replace("ORDER-000002", "ORDER-000001"),
        &[
            "twice.json:",
            "订单编号",
            "[duplicate]",
            "the first is at line 1",
        ],
    );
    refuse(
        dir,
        "key.json",
        change("\"freight\"", "\"discount\": \"0\", \"freight\""),
        &["discount", "stands twice"],
    );
    refuse(
        dir,
        "broken.json",
        &json[..json.len() / 2],
        &["broken.json:", "cut off"],
    );
    refuse(dir, "empty.json", "[]", &["declares nothing"]);
    refuse(dir, "nothing.csv", " \n", &["is empty"]);
    refuse(
        dir,
        "sheet.csv",
        "payCode,payName,payTransactionId,orderNo,ebpCode,ebpName,payerIdNumber,payerName,amountPaid,payTime\n\
         1,甲,2.02611E+15,N1,1,甲,1,乙,1.00,20261123090000\n",
        &[
            "sheet.csv:2:3",
            "支付交易编号",
            "[scientific]",
            "format the column as text",
        ],
    );
    refuse(
        dir,
        "ragged.csv",
        "logisticsCode,logisticsName,logisticsNo,logisticsTime\n1,甲,W1\n",
        &["ragged.csv:2:", "3 columns, the header 4"],
    );

    let message = xml(101);
    refuse(
        dir,
        "101.xml",
        &message,
        &[
            "101.xml:",
            "CEB311Message/Order",
            "more than 100 times",
            "split it",
        ],
    );
    let message = xml(2);
    let (gbk_head, _) = message.split_at(60);
    let mut gbk = gbk_head.as_bytes().to_vec();
    gbk.extend_from_slice(b"\n<x>\xB6\xA9\xB5\xA5</x>");
    refuse(
        dir,
        "gbk.xml",
        &gbk,
        &["gbk.xml:2:", "[encoding]", "GBK", "iconv -f GBK -t UTF-8"],
    );
    refuse(
        dir,
        "declared.xml",
        format!("<?xml version=\"1.0\" encoding=\"GB2312\"?>{message}"),
        &["declared.xml:1:", "GB2312", "convert it to UTF-8"],
    );
    refuse(
        dir,
        "cut.xml",
        &message.as_bytes()[..message.rfind("<qty").unwrap()],
        &["[truncated]", "cut off"],
    );
    refuse(
        dir,
        "bomb.xml",
        format!("<!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>{message}"),
        &["[dtd]", "never taken"],
    );
    refuse(
        dir,
        "outside.xml",
        format!("<!DOCTYPE a [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>{message}"),
        &["[dtd]"],
    );
    refuse(
        dir,
        "order.xml",
        message.replacen("<orderType>I</orderType>", "", 1),
        &["order.xml:4:", "Order type 订单类型", "[missing]"],
    );
    refuse(
        dir,
        "misnamed.xml",
        message.replace("ceb\"", "other\""),
        &["its namespace must be"],
    );
    refuse(dir, "deep.xml", "<a>".repeat(200_000), &["deep.xml"]);
    // The standard's sample has a number of identity that none can be: customs would say so.
    fs::write(dir.join("good.xml"), message).unwrap();
    let told = refused(dir, &["submit", "good.xml"], 1);
    for part in [
        "good.xml:14",
        "Order[2]/OrderHead/buyerIdNumber",
        "订购人证件号码",
        "--unchecked",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // Well, it is taken at last.
    let submit = ["submit", "--unchecked", "good.xml"];
    good(dir, TONGGUAN, &submit);
    // Again, it is the same two; changed, it is a conflict.
    let told = good(dir, TONGGUAN, &submit);
    assert!(told.contains("2 of them there already"), "{told}");
    let changed = fs::read_to_string(dir.join("good.xml"))
        .unwrap()
        .replace("<qty>1<", "<qty>3<");
    fs::write(dir.join("changed.xml"), changed).unwrap();
    let told = refused(dir, &["submit", "--unchecked", "changed.xml"], 1);
    assert!(
        told.contains("declared already, with other content") && told.contains("tongguan void"),
        "{told}"
    );
}

#[test]
fn a_gigabyte_is_refused_without_being_read() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["init", "."]);
    let file = fs::File::create(dir.join("huge.xml")).unwrap();
    file.set_len(1 << 30).unwrap();
    let told = refused(dir, &["submit", "huge.xml"], 1);
    assert!(
        told.contains("[too-large]") && told.contains("document_octets"),
        "{told}"
    );
    // The verifier reads messages of any size, but no further than they are XML.
    let told = refused(dir, &["verify", "huge.xml"], 1);
    assert!(
        told.contains("1:1") && told.contains("[encoding]"),
        "{told}"
    );
}

#[test]
fn keys_and_certificates_that_do_not_do_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["init", "."]);
    let at = dir.join("certificates");
    let sound = fs::read(at.join("enterprise.pem")).unwrap();
    let issue = |days, from_days| {
        let subject = TestSubject {
            common_name: "other".into(),
            days,
            from_days,
        };
        provider()
            .issue_for_tests(Scheme::Sm2Sm3, &subject, None, None)
            .unwrap()
    };
    fs::write(dir.join("o.json"), orders(1, 1)).unwrap();
    good(dir, TONGGUAN, &["submit", "o.json"]);

    fs::write(at.join("enterprise.pem"), issue(10, 0).certificate_pem).unwrap();
    for command in [&["check"][..], &["run", "--until-final"]] {
        let told = refused(dir, command, 3);
        assert!(
            told.contains("does not belong to the certificate of"),
            "{told}"
        );
        assert!(told.contains("issued together"), "{told}");
    }
    let old = issue(10, -30);
    fs::write(at.join("enterprise.pem"), old.certificate_pem).unwrap();
    let key = fs::read(at.join("enterprise.key")).unwrap();
    fs::write(at.join("enterprise.key"), old.key_pem).unwrap();
    // What is under way goes on; what is submitted waits, and a run to the end does not.
    let told = refused(dir, &["check"], 3);
    assert!(
        told.contains("expired on") && told.contains("new certificate"),
        "{told}"
    );
    let told = refused(dir, &["run", "--until-final"], 3);
    assert!(told.contains("expired on"), "{told}");
    let told = refused(dir, &["status", "--check"], 1);
    assert!(
        told.contains("URGENT") && told.contains("expired on"),
        "{told}"
    );
    fs::write(at.join("enterprise.key"), key).unwrap();
    fs::write(at.join("enterprise.pem"), sound).unwrap();
    fs::write(at.join("password"), "guess\n").unwrap();
    let told = refused(dir, &["run"], 3);
    assert!(
        told.contains("wrong password") && told.contains("enterprise.key"),
        "{told}"
    );
    assert!(!told.contains("guess"), "{told}");
    // Nothing left, nothing lost.
    assert!(files(&dir.join("exchange/outbox"), "CEB").is_empty());
    let told = good(dir, TONGGUAN, &["status"]);
    assert!(told.contains("1 submitted"), "{told}");
}

#[test]
fn a_store_or_manifest_that_does_not_do_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let told = refused(dir, &["status"], 3);
    assert!(
        told.contains("tongguan.toml") && told.contains("tongguan init"),
        "{told}"
    );
    good(dir, TONGGUAN, &["init", "."]);
    fs::write(dir.join("o.json"), orders(1, 1)).unwrap();
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    let with = |from: &str, to: &str| {
        fs::write(dir.join("t.toml"), manifest.replace(from, to)).unwrap();
        refused(dir, &["-m", "t.toml", "submit", "o.json"], 3)
    };
    let told = with("tongguan.db", "/proc/none/tongguan.db");
    assert!(
        told.contains("store") && told.contains("/proc/none") && told.contains("[store] path"),
        "{told}"
    );
    fs::write(
        dir.join("text.db"),
        "this is no database, but long enough to look like a file of one. ".repeat(20),
    )
    .unwrap();
    let told = with("tongguan.db", "text.db");
    assert!(told.contains("not a database"), "{told}");
    let told = with("cop_name", "copname");
    assert!(
        told.contains("t.toml:10") && told.contains("did you mean cop_name?"),
        "{told}"
    );
    let told = with("kind = \"ecommerce\"", "kind = \"ecomerce\"");
    assert!(
        told.contains("kind must be one of agent, ecommerce"),
        "{told}"
    );
    let told = with("\"CEB311Message\", #", "\"CEB31Message\", #");
    assert!(
        told.contains("CEB31Message") && told.contains("CEB311Message"),
        "{told}"
    );
}
