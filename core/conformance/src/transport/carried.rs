//! Octet for octet, in both directions.

use super::receiving::{acknowledge, next};
use super::sending::{about, send};
use super::{Bench, built, close, filled};
use crate::check::{Found, Rule};

pub(super) const OCTETS: Rule = Rule {
    id: "transport.octets",
    says: "Octets are carried as they are, whatever they are: no line ends, no zero, no mark of an \
           encoding is touched.",
};

pub(super) async fn octets_of_every_kind(bench: &Bench<'_>, all: &[(String, Vec<u8>)]) -> Found {
    let transport = built(bench.stand)?;
    for (number, (what, octets)) in all.iter().enumerate() {
        send(transport.as_ref(), &format!("K-OCTETS-{number}"), octets).await?;
        bench
            .took(octets)
            .await
            .map_err(|not| about(&format!("sent, {what}"), not))?;
        bench.peer.put(octets).await?;
        let delivery = next(bench, transport.as_ref(), octets)
            .await
            .map_err(|not| about(&format!("received, {what}"), not))?;
        acknowledge(delivery).await?;
    }
    close(bench.stand, transport).await?;
    let all: Vec<&str> = all.iter().map(|(what, _)| what.as_str()).collect();
    Ok(all.join(", "))
}

pub(super) async fn octets(bench: &Bench<'_>) -> Found {
    let own = |rest: &[u8]| [filled(OCTETS, 0, 0).as_slice(), rest].concat();
    let all: Vec<(String, Vec<u8>)> = vec![
        ("every octet".into(), own(&(0..=255).collect::<Vec<u8>>())),
        (
            "line ends".into(),
            own(b"a\rb\nc\r\nd\n\re\r\n.\r\n..\r\n\n\n"),
        ),
        (
            "a mark at the beginning, none at the end".into(),
            [b"\xEF\xBB\xBF".as_slice(), &filled(OCTETS, 1, 0)].concat(),
        ),
        ("zeros".into(), own(&[0; 1000])),
        (
            "what is no UTF-8".into(),
            own(b"\xC3\x28\xB2\xE2\xCA\xD4\xFF\xFE"),
        ),
        ("65 535 octets".into(), filled(OCTETS, 2, 65_535)),
        ("65 537 octets".into(), filled(OCTETS, 3, 65_537)),
    ];
    octets_of_every_kind(bench, &all).await
}

pub(super) const LARGE: Rule = Rule {
    id: "transport.large",
    says: "A message of 10 MB is carried, too.",
};

pub(super) async fn large(bench: &Bench<'_>) -> Found {
    let all = [("10 MB".to_owned(), filled(LARGE, 0, 10_000_000))];
    octets_of_every_kind(bench, &all).await
}
