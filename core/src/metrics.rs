//! What a run counts and measures, for Prometheus; docs/operations.md lists it.
//!
//! Labels name messages, transports, signers and states: never anything of a declaration's.

use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder,
};
use std::collections::BTreeSet;
use std::time::Duration;

use tongguan_contracts::Failure;
use tongguan_messages::Outcome;

use crate::State;
use crate::diagnosis::{Ailment, Finding, Severity};
use crate::store::{Inbound, Tried};

/// The counters and gauges of a run.
pub struct Metrics {
    registry: Registry,
    signed: IntCounterVec,
    signatures: HistogramVec,
    not_signed: IntCounterVec,
    sent: IntCounterVec,
    failed: IntCounterVec,
    seconds: HistogramVec,
    received: IntCounterVec,
    answers: IntCounterVec,
    declarations: IntGaugeVec,
    oldest: IntGauge,
    not_after: IntGaugeVec,
    in_reach: IntGaugeVec,
    store_failures: IntCounter,
    findings: IntGaugeVec,
}

/// Registers metrics under the names that Prometheus sees.
struct Maker(Registry);

impl Maker {
    fn add<T: prometheus::core::Collector + Clone + 'static>(
        &self,
        made: prometheus::Result<T>,
    ) -> prometheus::Result<T> {
        let made = made?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn counters(&self, name: &str, help: &str, by: &[&str]) -> prometheus::Result<IntCounterVec> {
        self.add(IntCounterVec::new(Opts::new(name, help), by))
    }

    fn gauges(&self, name: &str, help: &str, by: &[&str]) -> prometheus::Result<IntGaugeVec> {
        self.add(IntGaugeVec::new(Opts::new(name, help), by))
    }
}

impl Metrics {
    /// All at nothing.
    ///
    /// # Errors
    /// Two have one name.
    pub(crate) fn new() -> Result<Self, Failure> {
        Self::made().map_err(|e| Failure::misconfigured("metrics", "register them", e))
    }

    fn made() -> prometheus::Result<Self> {
        let make = Maker(Registry::new());
        let build = make.gauges(
            "tongguan_build_info",
            "The version that runs; always 1.",
            &["version"],
        )?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let latency = HistogramOpts::new(
            "tongguan_send_seconds",
            "How long a try to send a message took until the other side took it, or did not.",
        )
        .buckets(vec![
            0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0,
        ]);
        let signing = HistogramOpts::new(
            "tongguan_signature_seconds",
            "How long a signer took for a signature; its count is how many it made.",
        )
        .buckets(vec![
            0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
        ]);
        Ok(Self {
            signed: make.counters(
                "tongguan_signed_total",
                "Declarations that were put into signed messages.",
                &["message"],
            )?,
            signatures: make.add(HistogramVec::new(signing, &["signer"]))?,
            not_signed: make.counters(
                "tongguan_signature_failures_total",
                "Signatures that a signer was asked for and did not make.",
                &["signer"],
            )?,
            sent: make.counters(
                "tongguan_sent_total",
                "Messages that a transport has taken.",
                &["transport"],
            )?,
            failed: make.counters(
                "tongguan_send_failures_total",
                "Tries to send that did not succeed: held (nothing left), lost (no answer), refused.",
                &["transport", "outcome"],
            )?,
            seconds: make.add(HistogramVec::new(latency, &["transport"]))?,
            received: make.counters(
                "tongguan_received_total",
                "What came in, by its kind; unreadable where it has none.",
                &["transport", "kind"],
            )?,
            answers: make.counters(
                "tongguan_answers_total",
                "What was said of declarations, by whom and with which outcome.",
                &["level", "outcome"],
            )?,
            declarations: make.gauges(
                "tongguan_declarations",
                "Declarations in the store.",
                &["message", "state"],
            )?,
            oldest: make.add(IntGauge::new(
                "tongguan_oldest_open_seconds",
                "For how long the oldest declaration has been open; 0 where none is.",
            ))?,
            not_after: make.gauges(
                "tongguan_certificate_not_after_timestamp_seconds",
                "When a signer's certificate ends, in seconds since 1970.",
                &["signer"],
            )?,
            in_reach: make.gauges(
                "tongguan_transport_in_reach",
                "Whether a transport is used (1) or left alone until its check passes (0).",
                &["transport"],
            )?,
            store_failures: make.add(IntCounter::new(
                "tongguan_store_failures_total",
                "How often the store failed.",
            ))?,
            findings: make.gauges(
                "tongguan_findings",
                "What tongguan status tells: how many of each kind there are.",
                &["what", "severity"],
            )?,
            registry: make.0,
        })
    }

    /// All of it, in Prometheus' text format.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn text(&self) -> Result<Vec<u8>, Failure> {
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.registry.gather(), &mut text)
            .map_err(|e| Failure::transient("metrics", "write them", e))?;
        Ok(text)
    }

    pub(crate) fn signed(&self, message: &str, declarations: usize) {
        let count = u64::try_from(declarations).unwrap_or(u64::MAX);
        self.signed.with_label_values(&[message]).inc_by(count);
    }

    pub(crate) fn signature(&self, signer: &str, took: Duration) {
        let all = self.signatures.with_label_values(&[signer]);
        all.observe(took.as_secs_f64());
    }

    pub(crate) fn not_signed(&self, signer: &str) {
        self.not_signed.with_label_values(&[signer]).inc();
    }

    pub(crate) fn tried(&self, transport: &str, took: Duration, tried: &Tried) {
        self.seconds
            .with_label_values(&[transport])
            .observe(took.as_secs_f64());
        let outcome = match tried {
            Tried::Accepted { .. } => {
                self.sent.with_label_values(&[transport]).inc();
                return;
            }
            Tried::Again { left: false, .. } => "held",
            Tried::Again { left: true, .. } => "lost",
            Tried::Refused { .. } => "refused",
        };
        self.failed.with_label_values(&[transport, outcome]).inc();
    }

    pub(crate) fn received(&self, inbound: &Inbound) {
        // What an envelope says of itself may be anything: only what could be read counts by it.
        let kind = match &inbound.problem {
            None => inbound.kind.as_str(),
            Some(_) => "unreadable",
        };
        self.received
            .with_label_values(&[&inbound.transport, kind])
            .inc();
        for answer in &inbound.answers {
            let outcome = match answer.outcome {
                Outcome::Accepted => "accepted",
                Outcome::Pending => "pending",
                Outcome::Rejected => "rejected",
            };
            self.answers
                .with_label_values(&[answer.level.name(), outcome])
                .inc();
        }
    }

    /// What is in the store now.
    pub(crate) fn stored(
        &self,
        counts: &[(String, State, u64)],
        oldest_age: Duration,
        failures: u64,
    ) {
        let messages: BTreeSet<&str> = counts
            .iter()
            .map(|(message, ..)| message.as_str())
            .collect();
        // What is no longer is 0, and does not vanish: a scrape may come at any moment.
        for message in messages {
            for state in State::ALL {
                let here = counts.iter().find(|(m, s, _)| m == message && s == state);
                self.declarations
                    .with_label_values(&[message, state.name()])
                    .set(here.map_or(0, |(.., count)| i64::try_from(*count).unwrap_or(i64::MAX)));
            }
        }
        self.oldest
            .set(i64::try_from(oldest_age.as_secs()).unwrap_or(i64::MAX));
        let before = self.store_failures.get();
        self.store_failures.inc_by(failures.saturating_sub(before));
    }

    pub(crate) fn certificate(&self, signer: &str, not_after: i64) {
        self.not_after.with_label_values(&[signer]).set(not_after);
    }

    pub(crate) fn in_reach(&self, transport: &str, in_reach: bool) {
        self.in_reach
            .with_label_values(&[transport])
            .set(i64::from(in_reach));
    }

    pub(crate) fn found(&self, findings: &[Finding]) {
        for what in Ailment::ALL {
            for severity in Severity::ALL {
                let here = findings
                    .iter()
                    .filter(|f| f.what == *what && f.severity == *severity);
                self.findings
                    .with_label_values(&[what.name(), severity.name()])
                    .set(i64::try_from(here.count()).unwrap_or(i64::MAX));
            }
        }
    }
}
