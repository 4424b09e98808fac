//! The catalogue is consistent in itself.

#![allow(clippy::expect_used, reason = "tests")]

use tongguan_messages::{
    Element, Kind, Outcome, error_codes, error_groups, message, messages, role,
};

fn find(element: &'static Element, path: &str) -> Option<&'static Element> {
    path.split('/').try_fold(element, |e, name| e.child(name))
}

#[test]
fn receipts_and_declarations_name_each_other() {
    for m in messages() {
        for other in m.answered_by {
            let other = message(other).expect("a receipt that is named has a table");
            assert_eq!(other.kind, Kind::Receipt);
            assert!(
                other.answers.contains(&m.name),
                "{} and {}",
                m.name,
                other.name
            );
            assert_eq!(m.business_key.len(), other.business_key.len());
            for (own, theirs) in m.business_key.iter().zip(other.business_key) {
                let name = |path: &str| path.rsplit('/').next().map(str::to_owned);
                assert_eq!(name(own), name(theirs), "{} and {}", m.name, other.name);
            }
        }
        for other in m.answers {
            let other = message(other).expect("a declaration that is named has a table");
            assert!(
                other.answered_by.contains(&m.name),
                "{} and {}",
                m.name,
                other.name
            );
        }
    }
}

#[test]
fn every_key_is_a_field() {
    for m in messages() {
        for path in m.business_key {
            let unit = m.unit.expect("a message with a key has units");
            assert!(find(unit, path).is_some(), "{}: {path}", m.name);
        }
    }
}

#[test]
fn what_goes_before_is_named_by_its_own_fields() {
    for m in messages() {
        let unit = m.unit;
        for path in m.referred_by {
            assert!(find(unit.expect("units"), path).is_some(), "{path}");
        }
        for follows in m.follows {
            let before = follows.before().expect("it has a table");
            assert_eq!(follows.by.len(), before.reference().len(), "{}", m.name);
            for (own, theirs) in follows.by.iter().zip(before.reference()) {
                assert!(find(unit.expect("units"), own).is_some(), "{own}");
                let name = |path: &str| path.rsplit('/').next().map(str::to_owned);
                assert_eq!(name(own), name(theirs), "{} and {}", m.name, before.name);
            }
        }
    }
}

#[test]
fn every_kind_has_what_it_needs() {
    for m in messages() {
        match m.kind {
            Kind::Declaration => {
                assert!(
                    !m.senders.is_empty() && !m.answered_by.is_empty(),
                    "{}",
                    m.name
                );
                assert!(!m.business_key.is_empty(), "{}", m.name);
            }
            Kind::Receipt => {
                let ends = |o: Outcome| m.statuses.iter().any(|s| s.outcome == o);
                assert!(
                    ends(Outcome::Accepted) && ends(Outcome::Rejected),
                    "{}",
                    m.name
                );
            }
            Kind::Notice => assert!(m.senders.is_empty() && m.answered_by.is_empty()),
            Kind::Envelope | Kind::PlatformReceipt => {}
        }
        assert!(
            m.section.starts_with(|c: char| c.is_ascii_digit()),
            "{}",
            m.name
        );
    }
    assert_eq!(messages().len(), 45);
}

/// The specification lists the statuses in the explanation of `returnStatus`.
#[test]
fn every_status_that_a_receipt_names_is_in_its_table() {
    for m in messages().iter().filter(|m| m.kind == Kind::Receipt) {
        let field = m.unit.expect("a receipt has units").child("returnStatus");
        let meaning = field.expect("a receipt has a status").meaning;
        for part in meaning.split(['（', '/']).skip(1) {
            let code: String = part.chars().take_while(char::is_ascii_digit).collect();
            let known = m.statuses.iter().any(|s| s.code == code);
            assert!(known, "{}: {code} of {meaning}", m.name);
        }
    }
}

#[test]
fn every_sender_is_a_role() {
    for m in messages() {
        for name in m.senders {
            assert!(role(name).is_some(), "{}: {name}", m.name);
        }
    }
}

#[test]
fn every_error_code_stands_once() {
    let mut codes: Vec<&str> = error_codes().map(|c| c.code).collect();
    let all = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all);
}

#[test]
fn every_error_code_is_told_in_both_languages() {
    let chinese = |text: &str| text.chars().any(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c));
    for c in error_codes() {
        assert!(!c.en.is_empty() && chinese(c.zh), "{}", c.code);
        assert_eq!(c.remedy_en.is_empty(), c.remedy_zh.is_empty(), "{}", c.code);
        assert!(c.remedy_zh.is_empty() || chinese(c.remedy_zh), "{}", c.code);
    }
    for group in error_groups() {
        for name in group.messages {
            let declared = message(name).is_some_and(|m| m.kind == Kind::Declaration);
            assert!(declared, "{}: {name}", group.en);
        }
    }
}
