//! What costs far more than its length, and what is held of a stream.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::io::Read;

use tongguan_messages::{Limits, validate, validate_stream};

fn rule(text: &str) -> &'static str {
    validate(text.as_bytes(), &Limits::default())[0].rule
}

#[test]
fn namespaces_in_force_are_bounded() {
    let declared = |n: usize| {
        (0..n)
            .map(|i| format!(" xmlns:p{i}='u'"))
            .collect::<String>()
    };
    let nested = |n: usize| format!("<a{0}><b{0}><c{1}/></b></a>", declared(190), declared(n));
    assert_eq!(rule(&nested(120)), "unknown-message");
    assert_eq!(rule(&nested(121)), "too-large");
    // They are in force in their element only.
    let beside = format!("<a><b{0}/><b{0}/><b{0}/></a>", declared(190));
    assert_eq!(rule(&beside), "unknown-message");
}

#[test]
fn one_attribute_by_two_prefixes_is_found_among_many() {
    let declared: String = (0..90).map(|i| format!(" xmlns:p{i}='u:{i}'")).collect();
    let used: String = (0..90).map(|i| format!(" p{i}:a=''")).collect();
    let good = format!("<a{declared}{used}/>");
    assert_eq!(rule(&good), "unknown-message");
    assert_eq!(rule(&good.replace("u:7'", "u:81'")), "ill-formed");
}

#[test]
fn a_long_name_is_not_compared_in_full() {
    let start = std::time::Instant::now();
    let name = "a".repeat(4 << 20);
    assert_eq!(rule(&format!("<{name}/>")), "too-large");
    // The longest that is taken.
    let name = "a".repeat(50_000);
    assert_eq!(rule(&format!("<{name}/>")), "unknown-message");
    assert!(start.elapsed().as_secs() < 60);
}

/// Gives octets without end, and counts them.
struct Endless<'a> {
    head: &'a [u8],
    given: usize,
}

impl Read for Endless<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        for octet in into.iter_mut() {
            *octet = self.head.get(self.given).copied().unwrap_or(b'x');
            self.given += 1;
        }
        Ok(into.len())
    }
}

#[test]
fn no_more_of_a_stream_is_held_than_the_limit_says() {
    for octets in [100, 5000, 1 << 20] {
        let mut source = Endless {
            head: b"<a><!--",
            given: 0,
        };
        let problems = validate_stream(&mut source, &Limits { octets });
        assert_eq!(problems[0].rule, "too-large");
        assert!(source.given <= octets + 64, "{} of {octets}", source.given);
    }
}

#[test]
fn a_document_may_end_where_the_window_ends() {
    for length in [(256 << 10) - 1, 256 << 10, 512 << 10, (512 << 10) + 1] {
        let mut text = "<a/>".to_owned();
        text.push_str(&" ".repeat(length - text.len()));
        let problems = validate_stream(&mut text.as_bytes(), &Limits::default());
        assert_eq!(problems[0].rule, "unknown-message", "{length} octets");
    }
}
