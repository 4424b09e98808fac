//! The fuzzer: libFuzzer drives the target that the environment names (`fuzz/run` sets it up).
#![no_main]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is how a fuzzer says that something does not hold"
)]

mod prepare;

// How to spoil a message, and messages to begin with: those of the mutants' test.
#[path = "../../../tests/mutants/document.rs"]
mod document;
#[path = "../../../tests/mutants/mutations/mod.rs"]
mod mutations;
#[path = "../../../tests/mutants/random.rs"]
mod random;
#[path = "../../../tests/mutants/seeds.rs"]
#[expect(dead_code, reason = "the mutants' test needs more of it")]
mod seeds;

use std::sync::LazyLock;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

static TARGET: LazyLock<(String, fn(&[u8]))> = LazyLock::new(|| {
    let name = std::env::var("TONGGUAN_FUZZ_TARGET").expect("TONGGUAN_FUZZ_TARGET names a target");
    let target = tongguan_fuzz::target(&name).expect("a target");
    (name, target)
});

static MUTATIONS: LazyLock<Vec<mutations::Mutation>> = LazyLock::new(mutations::all);

fuzz_target!(
    init: prepare::all(&TARGET.0),
    |octets: &[u8]| (TARGET.1)(octets)
);

// Of a message half of the mutants are spoiled as messages are, the rest as octets are.
fuzz_mutator!(|octets: &mut [u8], size: usize, most: usize, seed: u32| {
    let mut random = random::Random::new(u64::from(seed));
    let message = octets[..size].contains(&b'<') && TARGET.0 != "signature";
    if message && random.once_in(2) {
        let document = document::Document::new(octets[..size].to_vec());
        let (_, spoil) = random.pick(&MUTATIONS);
        if !document.elements.is_empty()
            && let Some(spoiled) = spoil(&document, &mut random)
            && spoiled.len() <= most
        {
            octets[..spoiled.len()].copy_from_slice(&spoiled);
            return spoiled.len();
        }
    }
    fuzzer_mutate(octets, size, most)
});
