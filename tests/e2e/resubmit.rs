//! What customs refused is mended and declared anew; a document with a key is one submission.
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
use stage::{TONGGUAN, good, orders, refused, signal};
use std::fs;
use std::path::Path;

fn json(dir: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&good(dir, TONGGUAN, args)).unwrap()
}

#[test]
fn what_was_refused_is_mended_and_declared_anew() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["init"]);
    let mut other_side = start(dir, &["simulate"], "simulate.log");
    // A change of an order that customs does not know: refused (-301009).
    let good_order = orders(1, 1);
    let change = good_order.replace("{\"orderNo\"", "{\"appType\": \"2\", \"orderNo\"");
    fs::write(dir.join("change.json"), &change).unwrap();
    let old = json(dir, &["submit", "--json", "change.json"]);
    let old = old["ids"][0].as_str().unwrap().to_owned();
    refused(dir, &["run", "--until-final"], 1);
    let told = refused(dir, &["retry", &old], 1);
    assert!(told.contains("tongguan resubmit"), "{told}");

    fs::write(dir.join("two.json"), orders(1, 2)).unwrap();
    let told = refused(dir, &["resubmit", &old, "two.json"], 1);
    assert!(told.contains("holds 2 declarations"), "{told}");
    let bad = good_order.replace("\"20.00\"", "\"twenty\"");
    fs::write(dir.join("bad.json"), bad).unwrap();
    let told = refused(dir, &["resubmit", &old, "bad.json"], 1);
    assert!(told.contains("goodsValue"), "{told}");

    // What was declared is a document again, for who has no other; that it was shown is logged.
    let text = good(dir, TONGGUAN, &["show", &old, "--document"]);
    assert!(
        text.contains("110101199001010015") && !text.contains("guid"),
        "{text}"
    );
    assert!(good(dir, TONGGUAN, &["audit", "export"]).contains("show --document"));
    let mended = text.replace("\"appType\": \"2\"", "\"appType\": \"1\"");
    assert_ne!(mended, text);
    fs::write(dir.join("mended.json"), &mended).unwrap();

    let new = json(dir, &["resubmit", "--json", "ORDER-000001", "mended.json"]);
    let new = new["id"].as_str().unwrap().to_owned();
    assert_ne!(new, old);
    let again = json(dir, &["resubmit", "--json", &old, "mended.json"]);
    assert_eq!(
        (again["id"].as_str(), &again["already_there"]),
        (Some(new.as_str()), &true.into())
    );
    // What was rejected has another in its place: all is well.
    let told = good(dir, TONGGUAN, &["run", "--until-final", "--within", "30"]);
    assert!(
        told.contains("0 rejected") && told.contains("1 replaced"),
        "{told}"
    );
    let told = good(dir, TONGGUAN, &["status"]);
    assert!(told.contains("nothing needs a person"), "{told}");
    signal(&other_side, "-TERM");
    other_side.wait().unwrap();

    // Each names the other, wherever it is looked at.
    let told = good(dir, TONGGUAN, &["show", &old]);
    assert!(told.contains(&format!("replaced by {new}")), "{told}");
    assert!(told.contains("-301009"), "{told}");
    let told = good(dir, TONGGUAN, &["show", &new]);
    assert!(
        told.contains(&format!("replaces  {old}")) && told.contains("120"),
        "{told}"
    );
    let told = good(dir, TONGGUAN, &["status", "--list"]);
    assert!(
        told.contains(&format!("rejected (replaced by {new})")),
        "{told}"
    );
    let told = refused(dir, &["retry", &old], 1);
    assert!(told.contains(&format!("replaced by {new}")), "{told}");
    let (a, b) = (
        json(dir, &["show", "--json", &old]),
        json(dir, &["show", "--json", &new]),
    );
    assert_ne!(a["guid"], b["guid"]);
    assert!(a["key"].is_string() && a["key"] == b["key"]);
    good(dir, TONGGUAN, &["audit", "verify"]);
    for (id, name, other) in [(&old, "replaced_by", &new), (&new, "replaces", &old)] {
        let _ = fs::remove_file(dir.join("e.zip"));
        good(dir, TONGGUAN, &["evidence", "export", id, "--out", "e.zip"]);
        let told = refused(dir, &["evidence", "export", id, "--out", "e.zip"], 3);
        assert!(told.contains("is there already"), "{told}");
        let checked = json(dir, &["evidence", "verify", "--json", "e.zip"]);
        assert_eq!(checked["claims"][name].as_str(), Some(other.as_str()));
        // What it claims of the other is in the log.
        let octets = fs::read(dir.join("e.zip")).unwrap();
        let (mut members, _) = tongguan_core::evidence::zip::read(&octets).unwrap();
        for (file, content) in &mut members {
            if file == "evidence.json" {
                let text = String::from_utf8(content.clone()).unwrap();
                *content = text.replace(other.as_str(), "0000").into_bytes();
            }
        }
        let octets = tongguan_core::evidence::zip::write(&members);
        let trust = tongguan_xmldsig::Trust::Any;
        let checked = tongguan_core::evidence::verify(&octets, trust, &[]);
        let told = checked
            .checks
            .iter()
            .find(|c| c.text.contains("is replaced by, than"));
        assert!(told.is_some_and(|c| !c.holds), "{:?}", checked.checks);
    }
}

#[test]
fn a_document_with_a_key_is_one_submission() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["init"]);
    fs::write(dir.join("a.json"), orders(1, 2)).unwrap();
    fs::write(dir.join("b.json"), orders(3, 1)).unwrap();
    let first = json(dir, &["submit", "--json", "--key", "day 1", "a.json"]);
    assert_eq!(first["ids"].as_array().unwrap().len(), 2);
    let again = json(dir, &["submit", "--json", "--key", "day 1", "a.json"]);
    assert_eq!(
        (&again["ids"], &again["already_there"]),
        (&first["ids"], &2.into())
    );
    let told = refused(dir, &["submit", "--key", "day 1", "b.json"], 1);
    assert!(
        told.contains("\"day 1\" was used already, for another document"),
        "{told}"
    );
    let told = refused(dir, &["submit", "--key", "k", "a.json", "b.json"], 3);
    assert!(told.contains("a key is for one document"), "{told}");
    for bad in ["", "two\nlines", &"k".repeat(201)] {
        refused(dir, &["submit", "--key", bad, "b.json"], 2);
    }
    let counts = json(dir, &["status", "--json"]);
    assert_eq!(counts["counts"]["CEB311Message"]["submitted"], 2);
}
