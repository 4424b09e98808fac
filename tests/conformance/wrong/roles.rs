//! Roles that are wrong, around the one that is built in.

use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tongguan_conformance::role::{Sample, Stand, conformance};
use tongguan_contracts::{
    Declaration, Document, DocumentRefused, Failure, PartOptions, Problem, ReceiptNotice, Role,
};
use tongguan_messages::{Extent, example_json, message};

/// What it does otherwise than the contract says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Well,
    /// Declares what no enterprise does.
    Receipts,
    /// Declares nothing of a document.
    Idle,
    /// Makes what the standard does not know.
    Invalid,
    /// Is another each time.
    Forgetful,
    /// Declares for others.
    Obliging,
    /// Cannot hear.
    Deaf,
    /// Hears each once.
    HearsOnce,
    /// Panics at what is no text.
    Panics,
    /// Refuses without a word.
    Mute,
    /// Says that something is wrong, not what to do.
    Helpless,
    /// Does not say where.
    Vague,
}

struct Tried {
    how: How,
    inner: Arc<dyn Role>,
    declares: Vec<String>,
    times: AtomicUsize,
}

impl Role for Tried {
    fn declares(&self) -> &[String] {
        &self.declares
    }

    fn read(&self, document: Document<'_>) -> Result<Vec<Declaration>, DocumentRefused> {
        let times = self.times.fetch_add(1, Ordering::SeqCst);
        assert!(
            self.how != How::Panics || std::str::from_utf8(document.octets).is_ok(),
            "on purpose"
        );
        let changed = |one: Declaration| match self.how {
            How::Invalid => Declaration {
                fragment: b"<ceb:Order/>".to_vec(),
                ..one
            },
            How::Forgetful => Declaration {
                fingerprint: format!("{times:064x}"),
                ..one
            },
            _ => one,
        };
        let spoiled = |refused: DocumentRefused| {
            let told = |problem: Problem| match self.how {
                How::Helpless => Problem {
                    remedy: String::new(),
                    ..problem
                },
                How::Vague => Problem::document("wrong", "something is wrong", "mend it"),
                _ => problem,
            };
            let problems = match self.how {
                How::Mute => Vec::new(),
                _ => refused.problems.into_iter().map(told).collect(),
            };
            DocumentRefused {
                problems,
                ..refused
            }
        };
        let read = self.inner.read(document);
        let read = read.map(|all| all.into_iter().map(changed).collect::<Vec<_>>());
        match (self.how, read) {
            (How::Idle, Ok(_)) => Ok(Vec::new()),
            (_, read) => read.map_err(spoiled),
        }
    }

    fn on_receipt(&self, notice: ReceiptNotice<'_>) -> Result<(), Failure> {
        let times = self.times.fetch_add(1, Ordering::SeqCst);
        match self.how {
            How::Deaf => Err(Failure::transient("tried", "hear", "it is deaf")),
            How::HearsOnce if times % 2 == 1 => {
                Err(Failure::rejected("tried", "hear", "it was heard before"))
            }
            _ => self.inner.on_receipt(notice),
        }
    }
}

struct OnStand {
    how: How,
    samples: Vec<Sample>,
}

impl Stand for OnStand {
    fn build(&self) -> Result<Arc<dyn Role>, Failure> {
        let options = match self.how {
            How::Obliging => json!({ "also": ["payment"] }),
            _ => json!({}),
        };
        let inner = tongguan_roles::build(
            "platform",
            PartOptions {
                part: "role \"tried\"".into(),
                options,
                base: ".".into(),
            },
        )?;
        let declares = match self.how {
            How::Receipts => vec!["CEB312Message".to_owned()],
            How::Obliging => vec!["CEB311Message".to_owned()],
            _ => inner.declares().to_vec(),
        };
        Ok(Arc::new(Tried {
            how: self.how,
            inner,
            declares,
            times: AtomicUsize::new(0),
        }))
    }

    fn samples(&self) -> &[Sample] {
        &self.samples
    }
}

fn failed(how: How) -> Vec<&'static str> {
    let order = message("CEB311Message").unwrap();
    let sample = Sample {
        name: "order.json".into(),
        octets: example_json(order, Extent::Minimal).unwrap().into_bytes(),
        message: Some("CEB311Message".into()),
    };
    let samples = vec![sample];
    let report = conformance("role \"tried\"", "on purpose", &OnStand { how, samples });
    println!("{report}");
    report.failed()
}

#[test]
fn a_right_one_passes() {
    assert_eq!(failed(How::Well), [] as [&str; 0]);
}

#[test]
fn a_wrong_one_fails_what_it_breaks() {
    for (how, id) in [
        (How::Receipts, "role.declares"),
        (How::Idle, "role.samples"),
        (How::Invalid, "role.samples"),
        (How::Forgetful, "role.again"),
        (How::Obliging, "role.others"),
        (How::Deaf, "role.receipts"),
        (How::HearsOnce, "role.receipts"),
        (How::Panics, "role.garbage"),
        (How::Mute, "role.garbage"),
        (How::Helpless, "role.garbage"),
        (How::Vague, "role.named"),
    ] {
        let failed = failed(how);
        assert!(failed.contains(&id), "{how:?}: {failed:?}");
    }
}
