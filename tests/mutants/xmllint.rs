//! xmllint (libxml2) as the judge: what it says of many files at once.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

/// What a judge found in one document.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub valid: bool,
    /// The line on which it stops being XML.
    pub ill_formed: Option<u32>,
    /// It breaks Namespaces in XML; libxml2 goes on after that.
    pub namespaces: bool,
    /// Where the schema is broken: line and element, each pair once, in the judge's order.
    pub places: Vec<(u32, String)>,
    /// What was said first: of all, and of each place.
    pub words: Vec<String>,
    /// Its own words.
    pub said: String,
}

impl Verdict {
    pub fn place(&mut self, line: u32, element: &str, words: &str) {
        let place = (line, element.to_owned());
        if !self.places.contains(&place) {
            self.places.push(place);
            self.words.push(words.to_owned());
        }
    }
}

/// Whether xmllint is at hand. Where the parts are required, it must be.
pub fn at_hand() -> bool {
    if Command::new("xmllint").arg("--version").output().is_ok() {
        return true;
    }
    assert!(
        std::env::var_os("TONGGUAN_REQUIRE_PARTS").is_none(),
        "xmllint is missing: run tests/setup"
    );
    println!("skipped: xmllint is missing (tests/setup installs it)");
    false
}

/// The verdicts on the files of these names in `dir`, in their order.
pub fn judge(dir: &Path, schema: &Path, files: &[String]) -> Vec<Verdict> {
    let output = Command::new("xmllint")
        .args(["--nonet", "--noout", "--schema"])
        .arg(schema)
        .args(files)
        .current_dir(dir)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let mut verdicts: HashMap<&str, Verdict> = files
        .iter()
        .map(|f| (f.as_str(), Verdict::default()))
        .collect();
    let mut heard = 0;
    for line in said.lines() {
        let Some((name, rest)) = line.split_once(".xml") else {
            continue;
        };
        let Some(verdict) = verdicts.get_mut(&line[..name.len() + 4]) else {
            continue;
        };
        heard += 1;
        if verdict.said.len() < 2000 {
            verdict.said.push_str(line);
            verdict.said.push('\n');
        }
        hear(verdict, rest);
    }
    assert!(
        heard >= files.len(),
        "xmllint did not judge: {}",
        said.chars().take(2000).collect::<String>()
    );
    let own = |f: &String| verdicts.remove(f.as_str()).unwrap();
    files.iter().map(own).collect()
}

/// `:12: element note: Schemas validity error : …`, `:12: parser error : …`, ` validates` …
fn hear(verdict: &mut Verdict, rest: &str) {
    if rest == " validates" {
        verdict.valid = !verdict.namespaces;
        return;
    }
    let Some((number, what)) = rest.strip_prefix(':').and_then(|r| r.split_once(": ")) else {
        return;
    };
    let Ok(line) = number.parse::<u32>() else {
        return;
    };
    if what.starts_with("namespace error") {
        verdict.namespaces = true;
        verdict.words.insert(0, what.to_owned());
    } else if what.starts_with("parser error") {
        verdict.words.insert(0, what.to_owned());
        verdict.ill_formed.get_or_insert(line);
    } else if let Some((element, what)) = what
        .strip_prefix("element ")
        .and_then(|w| w.split_once(": "))
        && what.starts_with("Schemas validity error")
    {
        verdict.place(line, element, what);
    }
}
