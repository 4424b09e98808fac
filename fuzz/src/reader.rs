//! The reader: all its ways to read agree with each other, and with roxmltree, a parser by others.

use tongguan_messages::{
    Limits, Node, NodeContent, Parsed, Problem, read, read_stream, validate, validate_stream,
};

use crate::pieces::{Pieces, chance};
use crate::tree;

/// Paths are as long as 256 elements with names that are cut; everything else is a sentence.
const LONGEST_PATH: usize = 256 * 260;
const LONGEST_SENTENCE: usize = 2000;

pub fn target(octets: &[u8]) {
    let limits = Limits::default();
    let problems = validate(octets, &limits);
    orderly(&problems);
    let parsed = read(octets, &limits);
    assert_eq!(told(&parsed), &problems[..], "read and validate");

    let chance = chance(octets);
    let at_a_time = [1, 3, 17, 100, 4096][(chance % 5) as usize];
    let streamed = validate_stream(&mut Pieces::new(octets, at_a_time), &limits);
    assert_eq!(streamed, problems, "validate_stream and validate");
    in_units(octets, at_a_time, &limits, &parsed, &problems);
    // With little room the window moves on often; what does not fit is all that may be said
    // besides.
    let room = Limits {
        octets: [64, 200, 1000, 5000][(chance >> 8) as usize % 4],
    };
    let streamed = validate_stream(&mut Pieces::new(octets, at_a_time), &room);
    assert!(
        streamed == problems || too_large(&streamed),
        "with {room:?}: {streamed:?}, without: {problems:?}"
    );
    in_units(octets, at_a_time, &room, &parsed, &problems);

    tree::agrees(octets, &problems, parsed.as_ref().ok());
}

fn told(parsed: &Result<Parsed, Vec<Problem>>) -> &[Problem] {
    parsed.as_ref().err().map_or(&[], Vec::as_slice)
}

fn too_large(problems: &[Problem]) -> bool {
    let rule = problems.first().map_or("", |p| p.rule);
    matches!(rule, "too-large" | "unit-too-large")
}

/// Problems are few, short and fit for a terminal, whatever the octets.
fn orderly(problems: &[Problem]) {
    assert!(problems.len() <= 100);
    for problem in problems {
        let told = problem.to_string();
        assert!(problem.path.len() <= LONGEST_PATH, "{told}");
        for sentence in [&problem.text, &problem.remedy] {
            assert!(sentence.len() <= LONGEST_SENTENCE, "{told}");
        }
        assert!(!told.chars().any(char::is_control), "{told:?}");
        assert!(problem.line > 0 && problem.column > 0, "{told}");
    }
    assert!(!problems.iter().any(|p| p.ill_formed) || problems.len() == 1);
}

/// Reads unit by unit: it must come to the same.
fn in_units(
    octets: &[u8],
    at_a_time: usize,
    limits: &Limits,
    whole: &Result<Parsed, Vec<Problem>>,
    problems: &[Problem],
) {
    let mut units: Vec<Node> = Vec::new();
    let mut numbers = Vec::new();
    let streamed = read_stream(
        &mut Pieces::new(octets, at_a_time),
        limits,
        &mut |_, unit, number| {
            units.push(unit);
            numbers.push(number);
        },
    );
    if too_large(told(&streamed)) && told(&streamed) != problems {
        assert!(limits.octets < octets.len(), "{:?}", told(&streamed));
        return;
    }
    assert_eq!(told(&streamed), problems, "read_stream");
    let (Ok(whole), Ok(rest)) = (whole, &streamed) else {
        return;
    };
    assert!(numbers.iter().copied().eq(1..=numbers.len()));
    assert_eq!(rest.signature, whole.signature);
    let unit = whole.message.unit.map_or("", |u| u.name);
    let (in_whole, others): (Vec<&Node>, Vec<&Node>) = whole
        .root
        .children()
        .iter()
        .partition(|n| n.element.name == unit);
    same_all(&units.iter().collect::<Vec<_>>(), &in_whole);
    same_all(&rest.root.children().iter().collect::<Vec<_>>(), &others);
}

fn same_all(ours: &[&Node], theirs: &[&Node]) {
    assert_eq!(ours.len(), theirs.len());
    for (one, other) in ours.iter().zip(theirs) {
        same(one, other);
    }
}

fn same(one: &Node, other: &Node) {
    assert!(std::ptr::eq(one.element, other.element));
    assert_eq!(one.place, other.place);
    assert_eq!(one.attributes, other.attributes);
    match (&one.content, &other.content) {
        (NodeContent::Text(one), NodeContent::Text(other)) => assert_eq!(one, other),
        (NodeContent::Opaque(one), NodeContent::Opaque(other)) => assert_eq!(one, other),
        (NodeContent::Children(one), NodeContent::Children(other)) => {
            same_all(
                &one.iter().collect::<Vec<_>>(),
                &other.iter().collect::<Vec<_>>(),
            );
        }
        _ => panic!("{one:?} is not {other:?}"),
    }
}
