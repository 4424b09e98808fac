//! The program `tongguan verify --layer schema --json` says of every mutant what the reader says,
//! which `main.rs` holds against libxml2: the same verdict, errors, lines and paths.
//!
//! TONGGUAN_VERIFY_MUTANTS=20000 makes so many instead of 1,500.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod document;
mod making;
mod mutations;
mod random;
mod seeds;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tongguan_messages::{Limits, validate};

/// So many files go to the program at once.
const BATCH: usize = 500;

/// What is said of a document: whether it is valid, and of each error its line, path and code.
type Said = (bool, Vec<(u64, String, String)>);

fn by_the_program(dir: &Path, files: &[String]) -> Vec<Said> {
    let output = Command::new(env!("CARGO_BIN_EXE_tongguan"))
        .args(["verify", "--layer", "schema", "--json"])
        .args(files)
        .current_dir(dir)
        .env_remove("TONGGUAN_MANIFEST")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let reports: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let named: Vec<&str> = reports.iter().filter_map(|r| r["file"].as_str()).collect();
    assert_eq!(named, files, "{}", String::from_utf8_lossy(&output.stderr));
    let said: Vec<Said> = reports.iter().map(said).collect();
    let all_valid = said.iter().all(|(valid, _)| *valid);
    assert_eq!(output.status.code(), Some(if all_valid { 0 } else { 1 }));
    said
}

fn said(report: &Value) -> Said {
    let errors = report["errors"].as_array().unwrap().iter();
    let part = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
    let errors = errors.map(|e| {
        (
            e["line"].as_u64().unwrap(),
            part(e, "path"),
            part(e, "code"),
        )
    });
    (report["valid"].as_bool().unwrap(), errors.collect())
}

fn by_the_reader(octets: &[u8]) -> Said {
    let problems = validate(octets, &Limits::default());
    let errors = problems
        .iter()
        .map(|p| (u64::from(p.line), p.path.clone(), p.rule.to_owned()));
    (problems.is_empty(), errors.collect())
}

fn agree(documents: &[Vec<u8>]) {
    for batch in documents.chunks(BATCH) {
        let dir = tempfile::tempdir().unwrap();
        let files: Vec<String> = (0..batch.len()).map(|at| format!("{at:04}.xml")).collect();
        for (file, octets) in files.iter().zip(batch) {
            fs::write(dir.path().join(file), octets).unwrap();
        }
        for (octets, program) in batch.iter().zip(by_the_program(dir.path(), &files)) {
            let reader = by_the_reader(octets);
            let shown = String::from_utf8_lossy(octets);
            let shown: String = shown.chars().take(2000).collect();
            assert_eq!(program, reader, "{shown}");
        }
    }
}

#[test]
fn the_program_says_what_the_reader_says_of_every_mutant() {
    let seeds = seeds::all(seeds::standard().as_deref());
    let count = making::setting("TONGGUAN_VERIFY_MUTANTS", 1500);
    let mutants = making::mutants(&seeds, count);
    let documents: Vec<Vec<u8>> = mutants.into_iter().map(|m| m.octets).collect();
    agree(&documents);
}

#[test]
fn the_program_and_the_reader_agree_on_what_is_no_message() {
    let ds = "xmlns=\"http://www.w3.org/2000/09/xmldsig#\"";
    let ceb = "xmlns=\"http://www.chinaport.gov.cn/ceb\"";
    let texts = [
        String::new(),
        " ".to_owned(),
        "x".to_owned(),
        "<".to_owned(),
        "\u{FEFF}".to_owned(),
        "<a/>".to_owned(),
        "<CEB311Message/>".to_owned(),
        format!("<CEB311Message {ceb}/>"),
        format!("<CEB999Message {ceb}/>"),
        "<!DOCTYPE a><a/>".to_owned(),
        format!("<KeyName {ds}>schema-valid, but no message</KeyName>"),
        format!(
            "<BaseSubscribe {ceb}><status>ALL</status><dxpMode>DXP</dxpMode>\
             <dxpAddress/></BaseSubscribe>"
        ),
        "<?xml version=\"1.0\" encoding=\"GBK\"?><a/>".to_owned(),
    ];
    let mut documents: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    let wide = |unit: u16| unit.to_le_bytes();
    documents.push("<a/>".encode_utf16().flat_map(wide).collect());
    documents.push(b"<a>\xD6\xD0</a>".to_vec());
    documents.push(b"\0".to_vec());
    for document in &documents {
        assert!(!by_the_reader(document).0, "{document:?}");
    }
    agree(&documents);
}
