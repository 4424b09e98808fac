//! Makes mutants.
#![allow(dead_code, reason = "each test uses its own part of this")]

use tongguan_messages::message;

use crate::document::Document;
use crate::mutations::{self, Mutation};
use crate::random::Random;
use crate::seeds::Seed;

/// A spoiled message.
pub struct Mutant {
    /// Its place in the order of making, which makes it again.
    pub number: usize,
    pub octets: Vec<u8>,
    /// What was done to which seed.
    pub origin: String,
    /// The schema file that judges it.
    pub schema: &'static str,
}

/// The seeds, and so many mutants of them.
pub fn mutants(seeds: &[Seed], count: usize) -> Vec<Mutant> {
    let chance = setting("TONGGUAN_MUTANTS_SEED", 202_205);
    let mut kinds = mutations::all();
    if let Ok(only) = std::env::var("TONGGUAN_MUTANTS_ONLY") {
        kinds.retain(|(name, _)| name.contains(&only));
    }
    let mut mutants = unspoiled(seeds);
    mutants.extend((0..count).map(|number| mutant(number, chance, seeds, &kinds)));
    mutants
}

/// A number from the environment.
pub fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name).map_or(usual, |value| value.parse().unwrap())
}

/// The seeds themselves, first of all.
pub fn unspoiled(seeds: &[Seed]) -> Vec<Mutant> {
    let seeds = seeds.iter().enumerate();
    seeds
        .map(|(index, seed)| Mutant {
            number: 1_000_000 + index,
            octets: seed.octets.clone(),
            origin: format!("unspoiled: {}", seed.name),
            schema: seed.message.schema,
        })
        .collect()
}

/// The mutant of that number: each kind has its turn, on any seed; some get more.
fn mutant(number: usize, chance: usize, seeds: &[Seed], kinds: &[Mutation]) -> Mutant {
    let mut r = Random::new(((chance as u64) << 32) ^ number as u64);
    loop {
        let seed = &seeds[r.below(seeds.len())];
        let mut document = Document::new(seed.octets.clone());
        let (name, spoil) = kinds[number % kinds.len()];
        let Some(octets) = spoil(&document, &mut r) else {
            // Another seed may have a place for it.
            continue;
        };
        let mut origin = name.to_owned();
        document = Document::new(octets);
        for _ in 0..r.pick(&[0, 0, 0, 0, 0, 0, 0, 1, 2, 5]) {
            let (name, spoil) = r.pick(kinds);
            let spoiled = (!document.elements.is_empty()).then(|| spoil(&document, &mut r));
            if let Some(Some(octets)) = spoiled {
                origin = format!("{origin} + {name}");
                document = Document::new(octets);
            }
        }
        return Mutant {
            number,
            origin: format!("{origin}: {}", seed.name),
            schema: schema(&document).unwrap_or(seed.message.schema),
            octets: document.octets,
        };
    }
}

/// The schema file of the message that the document is now.
fn schema(document: &Document) -> Option<&'static str> {
    let root = document.elements.first()?;
    message(&document.local(root)).map(|m| m.schema)
}
