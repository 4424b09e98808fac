//! What it declares, what it makes of its documents, what it hears.

use std::collections::BTreeSet;
use std::sync::Arc;
use tongguan_contracts::{Declaration, Document, Failure, FailureClass, ReceiptNotice, Role};
use tongguan_messages::{Kind, message, messages};

use super::Sample;
use crate::check::{Found, Rule, broken, not_here, shown};

const NO_SAMPLE: &str = "no sample of its documents is given";

pub(super) const DECLARES: Rule = Rule {
    id: "role.declares",
    says: "It says which messages it may declare; each is one that enterprises declare.",
};

pub(super) fn declares(role: &dyn Role) -> Found {
    let all = role.declares();
    let is = |name: &String| message(name).is_some_and(|m| m.kind == Kind::Declaration);
    match all.iter().find(|name| !is(name)) {
        _ if all.is_empty() => broken("it declares nothing"),
        Some(wrong) => broken(format!("{wrong} is no message that enterprises declare")),
        None => Ok(all.join(", ")),
    }
}

/// Reads a sample, which must succeed.
pub(super) fn read(role: &dyn Role, sample: &Sample) -> Result<Vec<Declaration>, String> {
    role.read(sample.document(&sample.octets))
        .map_err(|refused| refused.to_string())
}

/// What is wrong with a declaration, whoever made it.
pub(super) fn wrong(role: &dyn Role, document: &str, one: &Declaration) -> Option<String> {
    let Some(kind) = message(&one.message) else {
        return Some(format!("{} is no message of the standard", one.message));
    };
    let hexadecimal = |c: char| c.is_ascii_hexdigit();
    let told = if !role.declares().contains(&one.message) {
        "it does not say that it declares that".to_owned()
    } else if one.guid.is_empty() || one.business_key.is_empty() {
        "it has no guid or no business key".to_owned()
    } else if one.fingerprint.len() != 64 || !one.fingerprint.chars().all(hexadecimal) {
        "its fingerprint is no SHA-256".to_owned()
    } else if one.origin.document != document {
        format!("it is said to be from {:?}", one.origin.document)
    } else if tongguan_messages::document(kind, &one.fragment).is_none() {
        "its octets are no valid declaration of the standard".to_owned()
    } else {
        return None;
    };
    Some(format!("{} of {document}: {told}", one.message))
}

pub(super) const SAMPLES: Rule = Rule {
    id: "role.samples",
    says: "It reads its documents: each declaration is valid by the standard, is one that it may \
           declare, and has a guid and a key of its own.",
};

pub(super) fn samples(role: &dyn Role, samples: &[Sample]) -> Found {
    if samples.is_empty() {
        return not_here(NO_SAMPLE);
    }
    let mut count = 0;
    for sample in samples {
        let all = read(role, sample)?;
        if all.is_empty() {
            return broken(format!("{}: it declares nothing of it", sample.name));
        }
        let mut guids = BTreeSet::new();
        for one in all {
            if let Some(why) = wrong(role, &sample.name, &one) {
                return broken(why);
            }
            count += 1;
            if !guids.insert(one.guid.clone()) {
                return broken(format!("two declarations have the guid {}", one.guid));
            }
        }
    }
    Ok(format!(
        "{count} declaration(s) of {} document(s)",
        samples.len()
    ))
}

pub(super) const AGAIN: Rule = Rule {
    id: "role.again",
    says: "The same document again has the same keys and fingerprints, so that a repeat is known.",
};

pub(super) fn again(role: &dyn Role, samples: &[Sample]) -> Found {
    if samples.is_empty() {
        return not_here(NO_SAMPLE);
    }
    for sample in samples {
        let known = |all: Vec<Declaration>| -> Vec<(String, String, String)> {
            let known = |d: Declaration| (d.message, d.business_key, d.fingerprint);
            all.into_iter().map(known).collect()
        };
        if known(read(role, sample)?) != known(read(role, sample)?) {
            return broken(format!("{}: it is another when read again", sample.name));
        }
    }
    Ok(String::new())
}

pub(super) const OTHERS: Rule = Rule {
    id: "role.others",
    says: "It declares nothing that it does not say it declares: another's document is refused.",
};

pub(super) fn others(role: &dyn Role) -> Found {
    let mut refused = 0;
    for other in messages() {
        if role.declares().iter().any(|own| own == other.name) {
            continue;
        }
        let extent = tongguan_messages::Extent::Minimal;
        let Some(text) = tongguan_messages::example_json(other, extent) else {
            continue;
        };
        let document = Document {
            name: "another's.json",
            octets: text.as_bytes(),
            message: Some(other.name),
        };
        match role.read(document) {
            Err(_) => refused += 1,
            Ok(all) => {
                if let Some(one) = all.iter().find(|d| !role.declares().contains(&d.message)) {
                    return broken(format!("it declares {}", one.message));
                }
            }
        }
    }
    Ok(format!("{refused} examples of others' are refused"))
}

pub(super) const RECEIPTS: Rule = Rule {
    id: "role.receipts",
    says: "It hears of a receipt, and may hear of the same one twice.",
};

pub(super) fn receipts(role: &dyn Role, samples: &[Sample], tells: bool) -> Found {
    if !tells {
        return not_here("only on demand: what hears of a receipt may act on it");
    }
    let mut told = 0;
    let made: Vec<Declaration> = samples
        .iter()
        .flat_map(|sample| read(role, sample).unwrap_or_default())
        .collect();
    let of_sample = made.iter().map(|d| (d.message.as_str(), d.guid.as_str()));
    let guid = "4CDE1CFD-EDED-46B1-946C-B8022E42FC94";
    let any = role.declares().iter().map(|name| (name.as_str(), guid));
    let all: BTreeSet<(&str, &str)> = of_sample.chain(any).collect();
    for (name, guid) in all {
        let answers = message(name).map_or(&[][..], |m| m.answered_by);
        for receipt in answers {
            for (code, text) in [("2", "电子口岸申报中"), ("-1", "<\"测试\">|\n")] {
                let notice = ReceiptNotice {
                    message: name,
                    guid,
                    receipt,
                    code,
                    text,
                };
                for _ in 0..2 {
                    if let Err(failure) = role.on_receipt(notice) {
                        return broken(format!("{receipt} for {name}: {}", shown(&failure)));
                    }
                    told += 1;
                }
            }
        }
    }
    Ok(format!("{told} receipts told"))
}

pub(super) const UNKNOWN_OPTION: Rule = Rule {
    id: "role.unknown-option",
    says: "An option that it does not know is refused as misconfigured, so that a misspelt one is \
           noticed. (A plugin may be lenient.)",
};

pub(super) fn unknown_option(built: Option<Result<Arc<dyn Role>, Failure>>) -> Found {
    match built {
        None => not_here("the stand cannot build it so"),
        Some(Err(failure)) if failure.class() == FailureClass::Misconfigured => {
            Ok(failure.to_string())
        }
        Some(Err(failure)) => broken(format!("not as misconfigured: {}", shown(&failure))),
        // A plugin that cannot start declares nothing.
        Some(Ok(role)) if role.declares().is_empty() => Ok("it does not start".to_owned()),
        Some(Ok(_)) => Ok("no, it ignores it: a misspelt option goes unnoticed (allowed)".into()),
    }
}
