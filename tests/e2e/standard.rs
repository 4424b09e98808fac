//! What derives from the standard's tables, as a user gets it, judged by xmllint and by the
//! program itself.
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
use std::path::Path;

fn here() -> &'static Path {
    Path::new(".")
}

/// What `tongguan explain` tells.
fn explain(what: &[&str]) -> String {
    good(here(), TONGGUAN, &[&["explain"], what].concat())
}

#[test]
fn codes_are_explained_with_their_minus() {
    for code in ["-621005", "621005"] {
        let told = explain(&[code]);
        assert!(told.contains("清单[*]的购买金额超过单笔限额"), "{told}");
        assert!(
            told.contains("above the limit for one transaction"),
            "{told}"
        );
        assert!(
            told.contains("what to do: ") && told.contains("处理办法："),
            "{told}"
        );
        assert!(told.contains("CEB621Message"), "{told}");
    }
    let told = explain(&["0002"]);
    assert!(told.contains("数据包不能通过 schema 验证"), "{told}");
    // Options after a negative number are still options.
    let told = explain(&["-625014", "--json"]);
    assert!(
        told.starts_with(r#"{"kind":"error-code","code":"-625014""#),
        "{told}"
    );
    let told = explain(&["-621500"]);
    assert!(told.contains("清单操作错误"), "{told}");
}

#[test]
fn fields_are_explained_by_any_part_of_their_path() {
    for path in [
        "CEB621Message.InventoryHead.emsNo",
        "CEB621Message/Inventory[3]/InventoryHead/emsNo",
        "ceb621message.emsno",
        "CEB621.emsNo",
    ] {
        let told = explain(&[path]);
        assert!(
            told.starts_with("CEB621Message/Inventory/InventoryHead/emsNo "),
            "{told}"
        );
        assert!(
            told.contains("账册编号 Bonded account book number: C..30, 0..1"),
            "{told}"
        );
        assert!(told.contains("section 3.9.4, table 3-31"), "{told}");
    }
    let places = explain(&["emsNo", "--json"]);
    assert_eq!(places.lines().count(), 2, "{places}");
    assert_eq!(explain(&["订单编号"]), explain(&["orderNo"]));
}

#[test]
fn statuses_messages_and_rules_are_explained() {
    let told = explain(&["CEB622Message", "800"]);
    assert_eq!(told, "CEB622Message 800 放行 Released: final, accepted\n");
    let told = explain(&["CEB311Message"]);
    assert!(told.contains("answered by CEB312Message"), "{told}");
    let told = explain(&["single-limit"]);
    assert!(told.contains("财关税〔2018〕49号"), "{told}");
    assert!(told.contains("超过单次交易限值"), "{told}");
}

/// Every state that the client has of a declaration is told with what to do.
#[test]
fn states_are_explained_with_what_to_do() {
    let states = include_str!("../../docs/states.md");
    let rows = states.lines().filter_map(|l| l.strip_prefix("| `"));
    let names: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
    assert!(names.contains(&"dead") && names.len() >= 10, "{names:?}");
    for name in names {
        let told = explain(&[name]);
        assert!(told.starts_with(&format!("{name} ")), "{told}");
        assert!(
            told.contains("what to do: ") && told.contains("处理办法："),
            "{told}"
        );
    }
    assert!(explain(&["dead"]).contains("tongguan retry ID"));
    let told = refused(here(), &["explain", "submited"], 1);
    assert!(told.contains("did you mean submitted"), "{told}");
}

#[test]
fn what_is_unknown_is_told_with_what_is_like_it() {
    let told = refused(here(), &["explain", "emsNumber"], 1);
    assert!(
        told.contains("did you mean ") && told.contains("emsNo?"),
        "{told}"
    );
    let told = refused(here(), &["explain", "-1"], 1);
    assert!(told.contains("cannot find \"-1\""), "{told}");
    let told = refused(here(), &["explain", "CEB622Message", "801"], 1);
    assert!(told.contains("cannot find"), "{told}");
    let told = refused(here(), &["standard", "example", "CEB312"], 0);
    assert!(told.contains("CEB312Message"), "{told}");
    let told = refused(here(), &["standard", "example", "CEB31"], 1);
    assert!(told.contains("did you mean CEB31"), "{told}");
    let told = refused(here(), &["standard", "json-schema", "CEB312Message"], 1);
    assert!(told.contains("no enterprise declares it"), "{told}");
}

#[test]
fn the_catalogue_has_every_message() {
    let told = good(here(), TONGGUAN, &["standard", "list", "--json"]);
    assert_eq!(told.lines().count(), 45);
    let order = told
        .lines()
        .find(|l| l.contains(r#""name":"CEB311Message""#))
        .unwrap();
    assert!(
        order.contains(r#""answered_by":["CEB312Message"]"#),
        "{order}"
    );
}

#[test]
fn exported_examples_keep_the_exported_schemas_and_every_rule() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["standard", "xsd", "--out", "schemas"]);
    good(dir, TONGGUAN, &["standard", "example", "--out", "examples"]);
    let examples = files(&dir.join("examples"), ".xml");
    assert_eq!(examples.len(), 90);
    for schema in tongguan_messages::schemas() {
        let of_schema = tongguan_messages::messages().iter();
        let of_schema: Vec<String> = of_schema
            .filter(|m| m.schema == schema)
            .flat_map(|m| files(&dir.join("examples"), &format!("{}.", m.name)))
            .filter(|path| path.extension().is_some_and(|e| e == "xml"))
            .map(|path| path.display().to_string())
            .collect();
        let file = format!("schemas/{schema}.xsd");
        let mut args = vec!["--nonet", "--noout", "--schema", &file];
        args.extend(of_schema.iter().map(String::as_str));
        if !of_schema.is_empty() {
            good(dir, "xmllint", &args);
        }
    }
    // A full example and a minimal one of the same documents: compared, they would differ.
    for extent in ["minimal", "full"] {
        let folder = dir.join(extent);
        fs::create_dir(&folder).unwrap();
        for path in files(&dir.join("examples"), &format!(".{extent}.xml")) {
            fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
        }
        let layers = "well-formed,envelope,schema,rules,across";
        let told = good(
            dir,
            TONGGUAN,
            &["verify", "--strict", "--layer", layers, extent],
        );
        assert!(
            told.contains("45 files: 45 valid, 0 invalid; 0 errors, 0 warnings"),
            "{told}"
        );
    }
}

#[test]
fn examples_are_submitted_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["init"]);
    for (name, args) in [
        ("order.json", ["CEB311Message", "--json-form"]),
        ("inventory.xml", ["CEB621Message", "--unsigned"]),
    ] {
        let example = [&["standard", "example"], &args[..]].concat();
        fs::write(dir.join(name), good(dir, TONGGUAN, &example)).unwrap();
        let told = run(dir, TONGGUAN, &["submit", name]);
        assert!(told.status.success(), "{name}: {told:?}");
    }
    let told = good(dir, TONGGUAN, &["status"]);
    assert!(
        told.contains("CEB311Message 电子订单: 1 submitted"),
        "{told}"
    );
    assert!(
        told.contains("CEB621Message 进口清单: 1 submitted"),
        "{told}"
    );
}

#[test]
fn documentation_is_written_in_both_languages() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let told = good(
        dir,
        TONGGUAN,
        &["standard", "docs", "--out", "docs", "--json"],
    );
    assert_eq!(told.lines().count(), 94);
    let page = fs::read_to_string(dir.join("docs/zh/CEB311Message.md")).unwrap();
    assert!(
        page.contains("| `orderNo` | 订单编号 | Order number | C1..60 | 1 |"),
        "{page}"
    );
    let printed = ["standard", "docs", "CEB311Message", "--language", "zh"];
    assert_eq!(good(dir, TONGGUAN, &printed), page);
}
