//! Who may declare what: as the standard's tables say, told to who asks for more.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use std::sync::Arc;

use serde_json::{Value, json};
use tongguan_contracts::{Document, Failure, PartOptions, Role};
use tongguan_messages::{Direction, Extent, Kind, message, messages, unsigned_example};

fn built(kind: &str, options: Value) -> Result<Arc<dyn Role>, Failure> {
    let all = tongguan_roles::all();
    let (_, build) = all.iter().find(|(name, _)| *name == kind).unwrap();
    build(PartOptions {
        part: "role \"test\"".to_owned(),
        options,
        base: ".".into(),
    })
}

fn told(failure: Option<Failure>) -> String {
    let failure = failure.unwrap();
    format!("{failure}; {}", failure.how_to_mend().unwrap_or_default())
}

#[test]
fn each_role_takes_what_the_standard_lets_it_send_and_refuses_the_rest() {
    let declared = || messages().iter().filter(|m| m.kind == Kind::Declaration);
    for (kind, _) in tongguan_roles::all() {
        let own = |m: &&&'static tongguan_messages::Message| m.senders.contains(&kind);
        let imports = declared()
            .filter(own)
            .filter(|m| m.direction == Direction::Import);
        let imports: Vec<&str> = imports.map(|m| m.name).collect();
        let role = built(kind, json!({})).unwrap();
        assert_eq!(role.declares(), imports, "{kind}");
        for message in declared() {
            let role = built(kind, json!({ "declares": [message.name] }));
            if !message.senders.contains(&kind) {
                let told = told(role.err());
                assert!(
                    told.contains(message.name) && told.contains(message.zh),
                    "{told}"
                );
                assert!(
                    told.contains(message.senders[0]) && told.contains("also"),
                    "{told}"
                );
                continue;
            }
            let xml = unsigned_example(message, Extent::Minimal);
            let document = Document {
                name: "example",
                octets: xml.as_bytes(),
                message: None,
            };
            assert_eq!(
                role.unwrap().read(document).unwrap().len(),
                1,
                "{kind} {}",
                message.name
            );
        }
    }
}

#[test]
fn the_six_roles_can_declare_all_that_is_declared() {
    let kinds: Vec<&str> = tongguan_roles::all()
        .iter()
        .map(|(kind, _)| *kind)
        .collect();
    for message in messages().iter().filter(|m| m.kind == Kind::Declaration) {
        assert!(
            message.senders.iter().any(|s| kinds.contains(s)),
            "{}",
            message.name
        );
    }
}

#[test]
fn a_document_that_is_not_for_the_role_is_told_whose_it_is() {
    let role = built("ecommerce", json!({})).unwrap();
    let refused = |name: &str, asked: bool| {
        let octets = unsigned_example(message(name).unwrap(), Extent::Minimal);
        let document = Document {
            name: "example",
            octets: octets.as_bytes(),
            message: asked.then_some(name),
        };
        let problems = role.read(document).unwrap_err().problems;
        assert_eq!((problems.len(), problems[0].rule), (1, "not-declared"));
        problems[0].to_string()
    };
    for asked in [true, false] {
        let told = refused("CEB411Message", asked);
        assert!(
            told.contains("支付凭证") && told.contains("payment (Payment enterprise 支付企业)"),
            "{told}"
        );
        assert!(
            told.contains("this role may declare CEB213Message"),
            "{told}"
        );
        let told = refused("CEB303Message", asked);
        assert!(told.contains("add it to declares"), "{told}");
    }
    let also = built(
        "ecommerce",
        json!({ "also": ["express"], "declares": ["CEB411Message"] }),
    );
    assert_eq!(also.unwrap().declares(), ["CEB411Message"]);
    let told = told(built("agent", json!({ "also": ["shop"] })).err());
    assert!(
        told.contains("\"shop\"") && told.contains("ecommerce"),
        "{told}"
    );
}

/// An import and an export look alike: which is meant is asked, not guessed.
#[test]
fn an_order_that_may_be_an_import_or_an_export_is_not_guessed() {
    let role = built(
        "ecommerce",
        json!({ "declares": ["CEB303Message", "CEB311Message"] }),
    )
    .unwrap();
    let rules = |text: &str| -> Vec<&str> {
        let document = Document {
            name: "order",
            octets: text.as_bytes(),
            message: None,
        };
        role.read(document)
            .unwrap_err()
            .problems
            .iter()
            .map(|p| p.rule)
            .collect()
    };
    assert_eq!(
        rules("orderNo,ebpCode,itemName\n1,2,3\n"),
        ["ambiguous-message"]
    );
    assert_eq!(
        rules("{\"OrderHead\":{\"orderNo\":\"1\"}}"),
        ["ambiguous-message"]
    );
    // The buyer stands in the import alone.
    let import = rules("{\"OrderHead\":{\"orderNo\":\"1\",\"buyerName\":\"a\"}}");
    assert!(!import.contains(&"ambiguous-message"), "{import:?}");
}
