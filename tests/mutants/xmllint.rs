//! xmllint (libxml2) as the judge: what it says of many files at once.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::process::Command;

/// What a judge found in one document.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub valid: bool,
    /// The line on which it stops being XML.
    pub ill_formed: Option<u32>,
    /// The lines on which it breaks Namespaces in XML; libxml2 goes on after that.
    pub namespaces: Vec<u32>,
    /// Where the schema is broken: line and element, each pair once, in the judge's order.
    pub places: Vec<(u32, String)>,
    /// The attributes that break it: line, element and attribute.
    pub attributes: BTreeSet<(u32, String, String)>,
    /// What was said first: of all, and of each place.
    pub words: Vec<String>,
    /// Its own words.
    pub said: String,
}

impl Verdict {
    pub fn place(&mut self, line: u32, element: &str, words: &str) {
        let place = (line, cut(element));
        if !self.places.contains(&place) {
            self.places.push(place);
            self.words.push(words.to_owned());
        }
    }

    /// Takes up an attribute, by its qualified name. libxml2 does not always name `xsi:nil`.
    pub fn attribute(&mut self, line: u32, element: &str, name: &str) {
        let local = name.rsplit(['}', ':']).next().unwrap_or_default();
        if local != "nil" {
            self.attributes.insert((line, cut(element), cut(local)));
        }
    }
}

/// A name as the reader shows it: what is too long for people is cut.
fn cut(name: &str) -> String {
    name.chars().take(60).collect()
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
        verdict.valid = verdict.namespaces.is_empty();
        return;
    }
    let Some((number, what)) = rest.strip_prefix(':').and_then(|r| r.split_once(": ")) else {
        return;
    };
    let Ok(line) = number.parse::<u32>() else {
        return;
    };
    if what.starts_with("namespace error") {
        verdict.namespaces.push(line);
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
        let named = |before: &str| {
            let (_, after) = what.split_once(before)?;
            after.split_once('\'').map(|(name, _)| name)
        };
        let missing = || named("': The attribute '").filter(|_| what.ends_with("missing."));
        if let Some(name) = named("', attribute '").or_else(missing) {
            verdict.attribute(line, element, name);
        }
    }
}
