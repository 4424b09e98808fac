//! Each role end to end: what the standard lets it send is declared, and its receipts are heard.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use serde_json::Value;
use stage::parts::start;
use stage::roles::{ROLES, document, may, play, table};
use stage::{TONGGUAN, export_schemas, files, good, refused, signal, standard, valid};
use std::fs;
use std::path::{Path, PathBuf};
use tongguan_messages::{Direction, Kind, envelope, message, messages};

/// A folder whose manifest has the roles that are given instead of the usual one.
fn folder(roles: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    play(dir.path(), roles);
    dir
}

/// The messages that were sent, as files of their own.
fn sent(dir: &Path) -> Vec<(String, PathBuf)> {
    let mut sent = Vec::new();
    for folder in ["exchange/outbox", "exchange/archive-platform"] {
        if !dir.join(folder).is_dir() {
            continue;
        }
        for file in files(&dir.join(folder), ".xml") {
            let octets = fs::read(&file).unwrap();
            let Ok(envelope::Opened::Envelope(opened)) =
                envelope::open(&octets, &Default::default())
            else {
                panic!("{}", file.display());
            };
            let name = format!("{}.{}.xml", opened.head.msg_type, sent.len());
            fs::write(dir.join(&name), &opened.data).unwrap();
            sent.push((opened.head.msg_type.clone(), dir.join(name)));
        }
    }
    sent
}

/// xmllint takes what was sent, by our schemas and, where they are at hand, by the official ones.
fn xmllint(dir: &Path, sent: &[(String, PathBuf)]) {
    export_schemas(dir);
    for (direction, name) in [
        (Direction::Import, "ceb-import"),
        (Direction::Export, "ceb-export"),
    ] {
        let of = |m: &str| message(m).unwrap().direction == direction;
        let files: Vec<PathBuf> = sent
            .iter()
            .filter(|(m, _)| of(m))
            .map(|(_, f)| f.clone())
            .collect();
        if files.is_empty() {
            continue;
        }
        valid(dir, &dir.join(format!("{name}.xsd")), &files);
        if let Some(standard) = standard() {
            valid(
                dir,
                &standard.join(format!("xsd/{name}-202205.xsd")),
                &files,
            );
        }
    }
}

#[test]
fn each_role_declares_all_that_it_may_and_hears_its_receipts() {
    for role in ROLES {
        let dir = folder(&table(role));
        let dir = dir.path();
        for message in may(role) {
            fs::write(dir.join("document.json"), document(message)).unwrap();
            good(
                dir,
                TONGGUAN,
                &["submit", "--as", message.name, "document.json"],
            );
        }
        let other = messages()
            .iter()
            .find(|m| m.kind == Kind::Declaration && !m.senders.contains(&role));
        let told = refused(
            dir,
            &["submit", "--as", other.unwrap().name, "document.json"],
            1,
        );
        assert!(
            told.contains("[not-declared]") && told.contains(other.unwrap().zh),
            "{told}"
        );
        // Each example stands alone: none is about what another declares.
        let args = ["simulate", "--checks", "form"];
        let mut other_side = start(dir, &args, "simulate.log");
        good(dir, TONGGUAN, &["run", "--until-final", "--within", "60"]);
        signal(&other_side, "-TERM");
        other_side.wait().unwrap();

        let sent = sent(dir);
        assert_eq!(sent.len(), may(role).count(), "{role}");
        xmllint(dir, &sent);
        let heard = fs::read_to_string(dir.join("receipts.jsonl")).unwrap();
        let heard: Vec<Value> = heard
            .lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect();
        for message in may(role) {
            let of: Vec<&Value> = heard
                .iter()
                .filter(|h| h["message"] == message.name)
                .collect();
            assert!(
                of.iter().any(|h| h["outcome"] == "accepted"),
                "{role} {}: {heard:?}",
                message.name
            );
            assert!(
                of.iter().all(|h| {
                    // An inventory's tax bill comes of its own accord.
                    let notice = message.name == "CEB621Message" && h["receipt"] == "CEB816Message";
                    h["receipt"] == message.answered_by[0] || notice
                }),
                "{of:?}"
            );
        }
    }
}

/// The folder examples/mapping, as its README tells to use it.
#[test]
fn an_enterprises_own_documents_become_messages() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["init"]);
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/mapping");
    for file in [
        "tongguan.toml",
        "orders.csv",
        "orders.json",
        "payments.json",
        "units.csv",
    ] {
        fs::copy(examples.join(file), dir.join(file)).unwrap();
    }
    good(dir, TONGGUAN, &["check", "--offline"]);
    for (role, file, count) in [
        ("shop", "orders.csv", 2),
        ("mall", "orders.json", 1),
        ("pay", "payments.json", 2),
    ] {
        let tried: Value =
            serde_json::from_str(&good(dir, TONGGUAN, &["map", "try", role, file, "--json"]))
                .unwrap();
        assert_eq!(tried["declarations"], count, "{tried}");
        assert!(
            !tried.to_string().contains("测试甲") && !tried.to_string().contains("11010119"),
            "{tried}"
        );
        let told = good(dir, TONGGUAN, &["map", "try", role, file]);
        assert!(
            told.contains("→") && told.contains("  ok\n") && !told.contains("测试甲"),
            "{told}"
        );
        let whole = good(dir, TONGGUAN, &["map", "try", role, file, "--personal"]);
        assert!(whole.contains("110101199001010"), "{whole}");
        good(dir, TONGGUAN, &["submit", "--role", role, file]);
    }
    // Each example stands alone: none is about what another declares.
    let args = ["simulate", "--checks", "form"];
    let mut other_side = start(dir, &args, "simulate.log");
    good(dir, TONGGUAN, &["run", "--until-final", "--within", "60"]);
    signal(&other_side, "-TERM");
    other_side.wait().unwrap();
    let sent = sent(dir);
    xmllint(dir, &sent);
    let all: Vec<String> = sent
        .iter()
        .map(|(_, f)| fs::read_to_string(f).unwrap())
        .collect();
    let all = all.concat();
    for part in [
        "<ceb:goodsValue>348</ceb:goodsValue>",
        "<ceb:acturalPaid>369.68</ceb:acturalPaid>",
        "<ceb:buyerTelephone>13800000001</ceb:buyerTelephone>",
        "<ceb:buyerIdNumber>110101199001010015</ceb:buyerIdNumber>",
        "<ceb:gnum>2</ceb:gnum><ceb:itemNo>DE-0042</ceb:itemNo>",
        "<ceb:appTime>20261120101530</ceb:appTime>",
        "<ceb:buyerRegNo>90071992547409930</ceb:buyerRegNo>",
        "<ceb:payTime>20261120101530</ceb:payTime>",
        "<ceb:amountPaid>121.1</ceb:amountPaid>",
    ] {
        assert!(all.contains(part), "{part} in {all}");
    }
}

#[test]
fn a_mapping_is_begun_tried_and_mended() {
    let dir = folder("[roles.shop]\nkind = \"ecommerce\"\ndeclares = [\"CEB311Message\"]\n");
    let dir = dir.path();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/mapping");
    fs::copy(examples.join("orders.csv"), dir.join("orders.csv")).unwrap();
    let told = refused(dir, &["map", "try", "shop", "orders.csv"], 3);
    assert!(told.contains("tongguan map new"), "{told}");
    let toml = good(dir, TONGGUAN, &["map", "new", "shop", "orders.csv"]);
    let path = dir.join("tongguan.toml");
    let manifest = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{manifest}\n{toml}")).unwrap();
    // What it lacks is told before anything else: check, and a try of what is there.
    let told = refused(dir, &["check", "--offline"], 3);
    assert!(
        told.contains("buyerName (Buyer's name 订购人姓名) is needed, and nothing gives it"),
        "{told}"
    );
    let told = refused(dir, &["map", "try", "shop", "orders.csv"], 1);
    assert!(
        told.contains("needed, and not mapped: OrderHead/ebpCode 电商平台代码"),
        "{told}"
    );
    assert!(
        told.contains("orderNo 订单编号 ← order_no 2:1 \"SO-1001\""),
        "{told}"
    );
    // A mistake in it.
    let wrong = toml.replace("orderNo = \"order_no\"", "orderNum = \"order_no\"");
    fs::write(&path, format!("{manifest}\n{wrong}")).unwrap();
    for args in [
        &["check", "--offline"][..],
        &["map", "try", "shop", "orders.csv"],
    ] {
        let told = refused(dir, args, 3);
        assert!(
            told.contains("map.CEB311Message.OrderHead.orderNum")
                && told.contains("did you mean orderNo (订单编号)?"),
            "{told}"
        );
    }
    let told = refused(
        dir,
        &[
            "map",
            "try",
            "shop",
            "tongguan.toml",
            "--as",
            "CEB411Message",
        ],
        3,
    );
    assert!(
        told.contains("orderNum") || told.contains("支付凭证"),
        "{told}"
    );
}
