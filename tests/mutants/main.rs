//! Messages are spoiled in every way that we can think of, and xmllint (libxml2) judges each:
//! our verdict and our places must be its own, by our exported schema and, where the official
//! standard is at hand, by the official one.
//!
//! TONGGUAN_MUTANTS=20000 makes so many instead of 3,000; TONGGUAN_MUTANTS_SEED=7 makes others;
//! TONGGUAN_MUTANTS_ONLY=WORD makes only those whose name has the word;
//! TONGGUAN_MUTANTS_KEEP=DIR keeps those on which we disagree.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod compare;
mod document;
mod making;
mod mutations;
mod ours;
mod random;
mod schemas;
mod seeds;
mod xmllint;

use std::collections::BTreeMap;
use std::path::PathBuf;

use compare::{Finding, Judged};
use making::Mutant;
use schemas::Schemas;

/// So many mutants go to xmllint at once.
const BATCH: usize = 500;

#[test]
fn the_reader_and_libxml2_agree_on_every_mutant() {
    if !xmllint::at_hand() {
        return;
    }
    let standard = seeds::standard();
    let schemas = Schemas::new(standard.as_deref());
    let seeds = seeds::all(standard.as_deref());
    let count = making::setting("TONGGUAN_MUTANTS", 3000);
    let mutants = making::mutants(&seeds, count);
    let judged = judged(mutants, &schemas);
    println!(
        "{count} mutants; libxml2 takes {}, and {} are not XML to it",
        judged.valid, judged.ill_formed
    );
    report(&judged.findings);
    let bad = judged.findings.iter().filter(|f| !f.meant).count();
    assert_eq!(bad, 0, "mutants on which we and libxml2 disagree");
}

/// What the tables make is good before it is spoiled, signatures and all.
#[test]
fn the_tables_make_good_seeds() {
    let made = seeds::all(None).into_iter();
    for seed in made.filter(|s| s.name.ends_with(" full") || s.name.ends_with(" minimal")) {
        let problems = tongguan_messages::validate(&seed.octets, &Default::default());
        assert!(problems.is_empty(), "{}: {problems:#?}", seed.name);
        let signed = String::from_utf8_lossy(&seed.octets).contains("<ds:Signature ");
        let can = seed.message.root.particles();
        let can = can.iter().any(|p| p.element.content.is_signature());
        assert!(
            signed == can || seed.name.ends_with("minimal"),
            "{}",
            seed.name
        );
    }
}

/// What comes of all of them; the batches are shared out to the machine's cores.
fn judged(mutants: Vec<Mutant>, schemas: &Schemas) -> Judged {
    let mut by_schema: BTreeMap<&str, Vec<Mutant>> = BTreeMap::new();
    for mutant in mutants {
        by_schema.entry(mutant.schema).or_default().push(mutant);
    }
    let batches: Vec<&[Mutant]> = by_schema
        .values()
        .flat_map(|all| all.chunks(BATCH))
        .collect();
    let next = std::sync::Mutex::new(batches.into_iter());
    let judged = std::sync::Mutex::new(Judged::default());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let batch = next.lock().unwrap().next();
                    let Some(batch) = batch else { break };
                    let found = compare::batch(batch, schemas);
                    judged.lock().unwrap().add(found);
                }
            });
        }
    });
    let mut judged = judged.into_inner().unwrap();
    judged.findings.sort_by_key(|f| f.number);
    judged
}

/// Prints the classes of findings, each with how many there are and the first of them.
fn report(findings: &[Finding]) {
    let keep = std::env::var_os("TONGGUAN_MUTANTS_KEEP").map(PathBuf::from);
    let mut classes: BTreeMap<(bool, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        classes
            .entry((finding.meant, &finding.class))
            .or_default()
            .push(finding);
        if let Some(dir) = keep.as_ref().filter(|_| !finding.meant) {
            std::fs::create_dir_all(dir).unwrap();
            let path = dir.join(format!("{}.xml", finding.number));
            std::fs::write(&path, &finding.octets).unwrap();
            std::fs::write(path.with_extension("txt"), &finding.told).unwrap();
        }
    }
    for ((meant, class), all) in classes {
        let kind = if meant { "meant" } else { "DISAGREE" };
        println!("{kind} {:5}  {class}", all.len());
        if !meant {
            for finding in all.iter().take(2) {
                println!(
                    "    {} {}",
                    finding.number,
                    finding.told.replace('\n', "\n    ")
                );
            }
        }
    }
}
