//! Takes in what comes back.

use futures::stream::{FuturesUnordered, StreamExt as _, TryStreamExt as _};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use tokio::sync::watch;

use tongguan_contracts::{Delivery, Failure, Transport};
use tongguan_messages::envelope::{Opened, Response, open};
use tongguan_messages::{
    Kind, Limits, Outcome, Parsed, Problem, answers, error_code, meaning, news,
};

use super::backoff::{insist, pause};
use super::telling::{Roles, tell};
use crate::diagnosis::clocks;
use crate::metrics::Metrics;
use crate::store::{About, Answer, Inbound, Level, Notice, Store};
use crate::traces::Tracer;

/// So many deliveries are taken at once: they share the disk's flushes. None is acknowledged before
/// its own commit.
const UNDER_WAY: usize = 32;

pub(super) struct Receiver {
    name: String,
    transport: Arc<dyn Transport>,
    store: Arc<dyn Store>,
    roles: Arc<Roles>,
    limits: Limits,
    metrics: Arc<Metrics>,
    tracer: Arc<Tracer>,
}

impl Receiver {
    pub(super) fn new(
        name: String,
        transport: Arc<dyn Transport>,
        store: Arc<dyn Store>,
        roles: Arc<Roles>,
        octets: usize,
        metrics: Arc<Metrics>,
        tracer: Arc<Tracer>,
    ) -> Self {
        Self {
            name,
            transport,
            store,
            roles,
            limits: Limits { octets },
            metrics,
            tracer,
        }
    }

    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) -> Result<(), Failure> {
        let mut tries = 0;
        let mut taking = FuturesUnordered::new();
        // Kept from turn to turn: a delivery that is half received must not be dropped.
        let mut receiving = self.transport.receive();
        loop {
            let received = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                Some(done) = taking.next() => {
                    done?;
                    continue;
                }
                received = &mut receiving, if taking.len() < UNDER_WAY => received,
            };
            receiving = self.transport.receive();
            match received {
                Ok(delivery) => {
                    tries = 0;
                    taking.push(self.take(delivery));
                }
                Err(failure) => {
                    let remedy = failure.how_to_mend().unwrap_or_default();
                    tracing::error!(%failure, remedy, "receiving waits");
                    taking.by_ref().try_collect::<Vec<()>>().await?;
                    let wait = pause(failure.class(), tries);
                    tries += 1;
                    tokio::select! {
                        _ = stop.wait_for(|stop| *stop) => return Ok(()),
                        () = tokio::time::sleep(wait) => {}
                    }
                }
            }
        }
        // What was received is committed and acknowledged before the end.
        taking.try_collect::<Vec<()>>().await.map(drop)
    }

    /// Commits a delivery, then tells the roles, then acknowledges it: after a crash in between it
    /// comes again.
    async fn take(&self, delivery: Delivery) -> Result<(), Failure> {
        let Delivery {
            origin,
            octets,
            settle,
        } = delivery;
        #[cfg(feature = "sabotage")]
        let settle = crate::sabotage::settle_early(settle).await;
        let begun = crate::traces::now();
        let Understood {
            kind,
            made_at,
            result,
        } = understand(&octets, &self.limits);
        let (answers, problem) = match result {
            Ok(answers) => (answers, None),
            Err(problem) => {
                tracing::warn!(origin, problem, "came in, but cannot be read: kept");
                (Vec::new(), Some(problem))
            }
        };
        let told = answers.len();
        let inbound = Inbound {
            octets,
            transport: self.name.clone(),
            origin: origin.clone(),
            kind: kind.clone(),
            made_at,
            problem,
            answers,
        };
        let notices = insist(|| self.store.receive(inbound.clone())).await?;
        self.metrics.received(&inbound);
        tracing::info!(
            origin,
            kind,
            answers = told,
            matched = notices.len(),
            "received"
        );
        let own = hex::encode(Sha256::digest(&inbound.octets));
        for notice in notices {
            let Notice { digest, guid, .. } = &notice;
            match tell(&self.roles, &notice).await {
                false => insist(|| self.store.unheard(digest, guid)).await?,
                // It came in before, and nobody knew whose it was: owed to the role until now.
                true if *digest != own => insist(|| self.store.heard(digest, guid)).await?,
                true => {}
            }
            self.tracer.answered(begun, &inbound, &notice);
        }
        if let Err(failure) = settle.acknowledge().await {
            // It comes again, and changes nothing then; the roles hear it again.
            tracing::warn!(%failure, "committed, but not acknowledged");
        }
        Ok(())
    }
}

fn first(problems: &[Problem]) -> String {
    problems
        .first()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// Whether a response is about some receivers of the envelope, and not about all.
fn some(response: &Response) -> bool {
    let about = |id: &String| response.results.iter().any(|one| one.receiver_id == *id);
    !response.results.is_empty() && !response.original.receiver_ids.iter().all(about)
}

/// What a delivery is, and what it says.
pub(crate) struct Understood {
    pub kind: String,
    /// Its envelope's own time, milliseconds since 1970.
    pub made_at: Option<i64>,
    pub result: Result<Vec<Answer>, String>,
}

pub(crate) fn understand(octets: &[u8], limits: &Limits) -> Understood {
    let bare = |kind, result| Understood {
        kind,
        made_at: None,
        result,
    };
    match open(octets, limits) {
        Err(problems) => bare(String::new(), Err(first(&problems))),
        Ok(Opened::Report(report)) => {
            let answers = report.responses.iter().map(|response| Answer {
                about: About::Envelope(response.original.cop_msg_id.clone()),
                level: Level::Platform,
                code: response.code.clone(),
                text: match error_code(&response.code) {
                    Some(known) => format!("{} {}", known.zh, response.info),
                    None => response.info.clone(),
                },
                time: String::new(),
                // Codes of table 7-1 are errors; 0000 is what some nodes confirm with. What is about some
                // of the receivers says nothing of the others.
                outcome: if response.code.trim_start_matches('0').is_empty() || some(response) {
                    Outcome::Pending
                } else {
                    Outcome::Rejected
                },
                already_declared: false,
                given: None,
            });
            bare("DxpRep".to_owned(), Ok(answers.collect()))
        }
        Ok(Opened::Message(parsed)) => bare(parsed.message.name.to_owned(), Ok(read(&parsed))),
        Ok(Opened::Envelope(envelope)) => {
            let (kind, result) = match tongguan_messages::read(&envelope.data, limits) {
                Ok(parsed) => (parsed.message.name.to_owned(), Ok(read(&parsed))),
                Err(problems) => (envelope.head.msg_type, Err(first(&problems))),
            };
            Understood {
                kind,
                made_at: clocks::made_at(&envelope.head.creat_time),
                result,
            }
        }
    }
}

/// What a code means, and what was said with it; once, where that begins with the meaning. A meaning
/// that ends in `*` has a place for what is said.
fn words(meaning: &str, said: &str) -> String {
    let plain = meaning
        .trim_end_matches('*')
        .trim_end_matches(['，', ',', '：', ':']);
    if said.starts_with(plain) {
        return said.to_owned();
    }
    format!("{plain} {said}").trim().to_owned()
}

fn read(parsed: &Parsed) -> Vec<Answer> {
    let message = parsed.message;
    let found = answers(parsed);
    let answer = |about, level, one: &tongguan_messages::Answer| {
        let meaning = meaning(message, &one.code);
        let numbers: Vec<String> = one
            .numbers
            .iter()
            .map(|(name, number)| format!(" {name}={number}"))
            .collect();
        Answer {
            about,
            level,
            code: one.code.clone(),
            text: format!("{}{}", words(meaning.zh, &one.text), numbers.concat()),
            time: one.time.clone(),
            outcome: meaning.outcome,
            already_declared: meaning.already_declared,
            given: one.given.clone(),
        }
    };
    match message.kind {
        Kind::Receipt => found
            .iter()
            .map(|one| {
                let about = About::Declaration {
                    messages: message.answers,
                    key: one.key.clone(),
                    guid: one.guid.clone(),
                };
                answer(about, Level::Clearance, one)
            })
            .collect(),
        Kind::PlatformReceipt => {
            let unit = message.unit.map_or("", |u| u.name);
            let original = parsed
                .root
                .text(&format!("{unit}/oriCopMsgId"))
                .unwrap_or_default();
            found
                .iter()
                .map(|one| answer(About::Envelope(original.to_owned()), Level::Platform, one))
                .collect()
        }
        Kind::Notice => news(parsed)
            .into_iter()
            .map(|one| Answer {
                about: About::Given {
                    messages: message.about,
                    number: one.number,
                },
                level: Level::Clearance,
                code: one.code,
                text: one.text,
                time: one.time,
                outcome: Outcome::Pending,
                already_declared: false,
                given: None,
            })
            .collect(),
        Kind::Declaration | Kind::Envelope => Vec::new(),
    }
}
