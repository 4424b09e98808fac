//! The message verifier, driven as a user does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use stage::{TONGGUAN, files, good, refused, run};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The messages that the demo's documents became, each as it was signed: `day/CEB311Message.xml` …
fn day(dir: &Path) -> PathBuf {
    good(dir, TONGGUAN, &["demo", "--scheme", "rsa"]);
    let day = dir.join("day");
    fs::create_dir(&day).unwrap();
    for message in files(&dir.join("tongguan-demo/customs"), ".received.message.xml") {
        let name = message.file_name().unwrap().to_string_lossy().into_owned();
        let kind = name.split('_').next().unwrap();
        fs::copy(&message, day.join(format!("{kind}.xml"))).unwrap();
    }
    day
}

/// Changes a message's text in its first place.
fn change(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{} has no {from}", path.display());
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

/// What `verify --json` says: one object a file.
fn told(dir: &Path, args: &[&str]) -> Vec<serde_json::Value> {
    let out = run(dir, TONGGUAN, &[&["verify", "--json"], args].concat());
    let text = String::from_utf8(out.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn codes(report: &serde_json::Value, of: &str) -> Vec<String> {
    let findings = report[of].as_array().map(Vec::as_slice);
    findings
        .unwrap_or_default()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_we_send_in_a_day_is_good_in_every_layer_and_reported_a_line_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let day = day(dir);
    let text = good(dir, TONGGUAN, &["verify", "day"]);
    assert!(text.contains("5 files: 5 valid, 0 invalid"), "{text}");
    let reports = told(dir, &["day"]);
    assert_eq!(reports.len(), 5);
    for report in &reports {
        let name = report["message"].as_str().unwrap();
        assert!(
            report["file"]
                .as_str()
                .unwrap()
                .ends_with(&format!("{name}.xml"))
        );
        assert_eq!(report["valid"], true);
        assert_eq!(report["errors"], serde_json::json!([]));
        assert_eq!(report["units"], 3);
        assert!(
            report["signature"]
                .as_str()
                .unwrap()
                .starts_with("rsa-sha1")
        );
    }
    // Their envelopes too, from standard input.
    let envelope = &files(&dir.join("tongguan-demo/customs"), "received.envelope")[0];
    let mut child = Command::new(TONGGUAN)
        .args(["verify", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let octets = fs::read(envelope).unwrap();
    child.stdin.take().unwrap().write_all(&octets).unwrap();
    let out = child.wait_with_output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(
        out.status.success() && text.contains("DxpMsg with CEB"),
        "{text}"
    );
    // A folder with nothing in it is no success.
    fs::create_dir(dir.join("nothing")).unwrap();
    let text = refused(dir, &["verify", "nothing"], 3);
    assert!(text.contains("no .xml file"), "{text}");
    drop(day);
}

#[test]
fn a_layer_can_be_chosen() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let day = day(dir);
    let order = day.join("CEB311Message.xml");
    // Of the form that the schema asks for, but not what was signed, and not what rules allow.
    change(&order, ">110101199001010015<", ">110101199001010010<");
    for (layer, expected) in [
        ("schema", vec![]),
        ("signature", vec!["signature"]),
        ("rules", vec!["identity-number"]),
    ] {
        let reports = told(dir, &["--layer", layer, "day/CEB311Message.xml"]);
        assert_eq!(codes(&reports[0], "errors"), expected, "{layer}");
        assert_eq!(reports[0]["valid"], expected.is_empty());
    }
    // The place and the remedy, in both languages.
    let report = &told(dir, &["--layer", "rules", "day/CEB311Message.xml"])[0];
    let error = &report["errors"][0];
    assert_eq!(
        error["path"],
        "CEB311Message/Order[1]/OrderHead/buyerIdNumber"
    );
    for field in [
        "line",
        "text",
        "text_zh",
        "remedy",
        "remedy_zh",
        "section",
        "layer",
    ] {
        assert!(!error[field].is_null(), "{field} is not in {error}");
    }
    // Personal data is not told, right or wrong.
    assert!(!report.to_string().contains("11010119900101001"));
    // What does not exist is refused with the names of what does.
    let text = refused(dir, &["verify", "--layer", "xsd", "day"], 2);
    assert!(text.contains("well-formed, envelope, schema"), "{text}");
}

#[test]
fn a_rule_can_be_switched_off_on_the_command_line_and_in_the_manifest() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let day = day(dir);
    change(
        &day.join("CEB621Message.xml"),
        "<ceb:netWeight>1.1<",
        "<ceb:netWeight>1.3<",
    );
    let file = "day/CEB621Message.xml";
    let text = refused(dir, &["verify", "--layer", "rules", file], 1);
    assert!(
        text.contains("[net-weight]") && text.contains("净重"),
        "{text}"
    );
    let layer = ["verify", "--layer", "rules"];
    good(
        dir,
        TONGGUAN,
        &[&layer[..], &["--off", "net-weight", file]].concat(),
    );
    good(dir, TONGGUAN, &["init", "."]);
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    let manifest = format!("{manifest}\n[verify]\noff = [\"net-weight\"]\n");
    fs::write(dir.join("tongguan.toml"), manifest).unwrap();
    good(dir, TONGGUAN, &[&layer[..], &[file]].concat());
    let text = refused(dir, &["verify", "--off", "net-wieght", file], 3);
    assert!(text.contains("did you mean \"net-weight\""), "{text}");
}

/// In which message what is changed to what, and the comparison that must notice.
const DISAGREEMENTS: &[(&str, &str, &str, &str)] = &[
    (
        "CEB311Message",
        "<ceb:orderNo>TG202600010001<",
        "<ceb:orderNo>TG202600010009<",
        "inventory-without-order",
    ),
    (
        "CEB621Message",
        "<ceb:ebcCode>3301960T01<",
        "<ceb:ebcCode>3301960T09<",
        "inventory-order-enterprise",
    ),
    (
        "CEB621Message",
        "<ceb:buyerName>测试甲<",
        "<ceb:buyerName>测试丁<",
        "inventory-order-buyer",
    ),
    (
        "CEB621Message",
        "示例街道1号",
        "示例街道9号",
        "inventory-order-address",
    ),
    (
        "CEB621Message",
        "<ceb:gname>伯爵红茶 200克<",
        "<ceb:gname>红茶<",
        "inventory-order-goods",
    ),
    (
        "CEB621Message",
        "<ceb:totalPrice>136.00<",
        "<ceb:totalPrice>136.01<",
        "inventory-order-price",
    ),
    (
        "CEB311Message",
        "<ceb:gnum>1<",
        "<ceb:gnum>7<",
        "inventory-order-items",
    ),
    (
        "CEB411Message",
        "<ceb:orderNo>TG202600010001<",
        "<ceb:orderNo>TG202600010009<",
        "payment-without-order",
    ),
    (
        "CEB411Message",
        "<ceb:amountPaid>",
        "<ceb:amountPaid>1",
        "payment-order-amount",
    ),
    (
        "CEB411Message",
        "<ceb:payTransactionId>PAY202600000001<",
        "<ceb:payTransactionId>PAY202600000009<",
        "payment-order-number",
    ),
    (
        "CEB411Message",
        "<ceb:payerName>测试甲<",
        "<ceb:payerName>测试丁<",
        "payment-order-payer",
    ),
    (
        "CEB511Message",
        "<ceb:consignee>测试甲<",
        "<ceb:consignee>测试丁<",
        "waybill-order-consignee",
    ),
    (
        "CEB511Message",
        "<ceb:logisticsNo>WB202600000001<",
        "<ceb:logisticsNo>WB202600000009<",
        "inventory-without-waybill",
    ),
    (
        "CEB511Message",
        "<ceb:freight>",
        "<ceb:freight>9",
        "inventory-waybill-charges",
    ),
    (
        "CEB511Message",
        "<ceb:weight>",
        "<ceb:weight>9",
        "inventory-waybill-weight",
    ),
    (
        "CEB411Message",
        "<ceb:orderNo>TG202600010002<",
        "<ceb:orderNo>TG202600010008<",
        "inventory-without-payment",
    ),
    (
        "CEB513Message",
        "<ceb:logisticsNo>WB202600000001<",
        "<ceb:logisticsNo>WB202600000009<",
        "status-without-waybill",
    ),
];

#[test]
fn documents_of_one_order_that_disagree_are_told_with_the_field_and_the_other_document() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let day = day(dir);
    assert!(
        told(dir, &["--layer", "across", "day"])
            .iter()
            .all(|r| r["valid"] == true && codes(r, "warnings").is_empty())
    );
    for (message, from, to, comparison) in DISAGREEMENTS {
        let path = day.join(format!("{message}.xml"));
        let before = fs::read(&path).unwrap();
        change(&path, from, to);
        let reports = told(dir, &["--layer", "across", "day"]);
        let mut found: Vec<String> = reports
            .iter()
            .flat_map(|r| [codes(r, "errors"), codes(r, "warnings")].concat())
            .collect();
        found.sort();
        assert!(
            found.iter().any(|code| code == comparison),
            "{message} {from} → {to}: {comparison} is not in {found:?}"
        );
        let off = ["--layer", "across", "--off", comparison, "day"];
        let quiet = told(dir, &off)
            .iter()
            .all(|r| !r.to_string().contains(&format!("\"{comparison}\"")));
        assert!(quiet, "{comparison} can be switched off");
        fs::write(&path, before).unwrap();
    }
}

#[test]
fn the_page_is_whole_in_itself_and_shows_nothing_as_markup() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let day = day(dir);
    change(
        &day.join("CEB311Message.xml"),
        "<ceb:ebcCode>3301960T01<",
        "<ceb:ebcCode>&lt;i>code&lt;/i><",
    );
    refused(dir, &["verify", "--html", "report.html", "day"], 1);
    let page = fs::read_to_string(dir.join("report.html")).unwrap();
    assert!(
        page.contains("CEB311Message.xml") && page.contains("电子订单"),
        "{page}"
    );
    assert!(page.contains("&lt;i&gt;code&lt;/i&gt;"), "{page}");
    for foreign in ["<i>", "<script", "src=", "href=", "url(", "@import"] {
        assert!(!page.contains(foreign), "{foreign} is in the page");
    }
    assert!(page.contains("enterprise-code"), "{page}");
}

#[test]
#[cfg(target_os = "linux")]
fn memory_stays_flat_however_long_a_message_is() {
    const OCTETS: usize = 200 << 20;
    let dir = tempfile::tempdir().unwrap();
    let day = day(dir.path());
    let text = fs::read_to_string(day.join("CEB311Message.xml")).unwrap();
    let unit = text.find("<ceb:Order>").unwrap();
    let end = text.rfind("</ceb:Order>").unwrap() + "</ceb:Order>".len();
    let many = text[unit..end].repeat(100);
    let mut child = Command::new(TONGGUAN)
        .args(["verify", "--max-size", "16", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&text.as_bytes()[..unit]).unwrap();
    let mut written = 0;
    while written < OCTETS {
        input.write_all(many.as_bytes()).unwrap();
        written += many.len();
    }
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let peak = status.lines().find(|l| l.starts_with("VmHWM")).unwrap();
    let peak: usize = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
    input.write_all(&text.as_bytes()[end..]).unwrap();
    drop(input);
    let out = child.wait_with_output().unwrap();
    let told = String::from_utf8(out.stdout).unwrap();
    assert_eq!(out.status.code(), Some(1), "{told}");
    assert!(told.contains("[too-many]"), "{told}");
    println!("{peak} KB for {OCTETS} octets");
    assert!(peak < 80 << 10, "{peak} KB were held of {OCTETS} octets");
}
