//! What a bundle's part of the audit log says, and whether the claims agree with it.

use super::super::bundle::Linked;
use super::super::claims::{Claims, shown};
use super::super::names;
use super::Bundle;
use crate::audit::{Anchor, Salt, digest, named, sha256};

impl Bundle {
    /// Every entry of the audit log follows from the one before; gives what those say that are the
    /// declaration's.
    pub(super) fn chain(&mut self, anchors: &[Anchor]) -> Vec<serde_json::Value> {
        let text = String::from_utf8_lossy(self.member(names::AUDIT)).into_owned();
        let mut said = Vec::new();
        let mut before: Option<Linked> = None;
        let mut missing: Vec<&Anchor> = anchors.iter().collect();
        for (index, line) in text.lines().enumerate() {
            let line: Linked = match serde_json::from_str(line) {
                Ok(line) => line,
                Err(error) => {
                    self.wrong(names::AUDIT, format!("line {}: {error}", index + 1));
                    return said;
                }
            };
            let link = &line.link;
            let whole = line.hash == link.hash()
                && line
                    .says
                    .as_ref()
                    .is_none_or(|s| sha256(s.as_bytes()) == link.body);
            let follows = match &before {
                Some(before) if before.link.strand == link.strand => {
                    (link.previous == before.hash && link.number == before.link.number + 1)
                        || (link.further == before.hash && named(link.number) == before.link.number)
                }
                _ => true,
            };
            if !(whole && follows) {
                let text = format!(
                    "line {}: {}:{} is not what it was, or does not follow from the line before",
                    index + 1,
                    link.strand,
                    link.number
                );
                self.wrong(names::AUDIT, text);
                return said;
            }
            let anchor = Anchor {
                strand: link.strand,
                number: link.number,
                hash: line.hash.clone(),
            };
            missing.retain(|a| **a != anchor);
            self.anchors.retain(|a| a.strand != anchor.strand);
            self.anchors.push(anchor);
            said.extend(
                line.says
                    .as_deref()
                    .and_then(|s| serde_json::from_str(s).ok()),
            );
            before = Some(line);
        }
        let text = format!(
            "{} entries of the declaration, linked to the newest",
            said.len()
        );
        self.check(names::AUDIT, true, text);
        said.sort_by_key(|e: &serde_json::Value| e.get("at").and_then(serde_json::Value::as_i64));
        for anchor in missing {
            let text = format!("does not lead to {anchor}: export it again with this anchor");
            self.wrong(names::AUDIT, text);
        }
        said
    }

    /// What the audit log says is what is here.
    pub(super) fn log(&mut self, claims: &Claims, said: &[serde_json::Value]) {
        let salt = Salt(self.member(names::SALT).to_vec());
        let seal = |octets: &[u8]| salt.seal(&digest(octets));
        let text = |entry: &serde_json::Value, name: &str| {
            entry
                .get(name)
                .and_then(|v| v.as_str())
                .unwrap_or_default()
                .to_owned()
        };
        let at = |entry: &serde_json::Value| {
            entry
                .get("at")
                .and_then(serde_json::Value::as_i64)
                .map(shown)
        };
        let last = |event: &str| said.iter().rev().find(|e| text(e, "event") == event);
        let mut wrong: Vec<(String, &str)> = Vec::new();
        let mut must = |holds: bool, member: &str, what: &'static str| {
            if !holds {
                wrong.push((member.to_owned(), what));
            }
        };
        must(
            said.iter().all(|e| text(e, "declaration") == claims.id),
            names::AUDIT,
            "has an entry of another declaration",
        );
        must(
            last("exported").is_some_and(|e| text(e, "state") == claims.state),
            names::CLAIMS,
            "names another state than the audit log",
        );
        let other = |event: &str, name: &str| last(event).map(|entry| text(entry, name));
        must(
            other("replaces", "replaces") == claims.replaces
                && other("replaced", "replaced_by") == claims.replaced_by,
            names::CLAIMS,
            "names another declaration that it replaces, or is replaced by, than the audit log",
        );
        // A declaration that was taken before there was a log has no such entries.
        if let Some(entry) = last("submitted") {
            let octets = self.member(names::DECLARATION);
            must(
                text(entry, "fragment") == seal(octets),
                names::DECLARATION,
                "is not what the audit log sealed when it was taken",
            );
            must(
                at(entry).as_ref() == Some(&claims.submitted_at)
                    && text(entry, "guid") == claims.guid,
                names::CLAIMS,
                "names another time or guid of taking than the audit log",
            );
        }
        if let (Some(entry), Some(envelope)) = (last("signed"), &claims.envelope) {
            must(
                text(entry, "envelope") == seal(self.member(names::ENVELOPE)),
                names::ENVELOPE,
                "is not what the audit log sealed when it was signed",
            );
            must(
                at(entry).as_ref() == Some(&envelope.signed_at)
                    && text(entry, "cop_msg_id") == envelope.cop_msg_id
                    && text(entry, "guid") == envelope.guid
                    && text(entry, "profile") == envelope.profile
                    && text(entry, "certificate") == envelope.certificate,
                names::CLAIMS,
                "tells another signing than the audit log",
            );
        }
        if let (Some(entry), Some(envelope)) = (last("sent"), &claims.envelope) {
            must(
                at(entry) == envelope.sent_at
                    && text(entry, "transport") == envelope.transport
                    && Some(text(entry, "evidence")) == envelope.evidence,
                names::CLAIMS,
                "tells another sending than the audit log",
            );
        }
        let receipts: Vec<(String, Option<String>)> = said
            .iter()
            .filter(|e| text(e, "event") == "receipt")
            .map(|e| (text(e, "receipt"), at(e)))
            .collect();
        let sealed: Vec<String> = (1..=claims.receipts.len())
            .map(|n| seal(self.member(&names::receipt(n))))
            .collect();
        must(
            receipts.iter().all(|(one, _)| sealed.contains(one)),
            names::AUDIT,
            "tells of a receipt that is not here",
        );
        if last("submitted").is_some() {
            for (index, (sealed, claim)) in sealed.iter().zip(&claims.receipts).enumerate() {
                let entry = receipts.iter().find(|(one, _)| one == sealed);
                must(
                    entry.is_some_and(|(_, at)| at.as_ref() == Some(&claim.received_at)),
                    &names::receipt(index + 1),
                    "is not what the audit log sealed when it came in",
                );
            }
        }
        if wrong.is_empty() {
            let since = if last("submitted").is_some() {
                "the audit log says the same of octets, times, route and receipts"
            } else {
                "what the audit log says agrees; it was taken before there was one"
            };
            self.check(names::AUDIT, true, since);
        }
        for (member, text) in wrong {
            self.wrong(member, text);
        }
    }
}
