//! Traces: what became of a declaration and how long each step took, as spans of OpenTelemetry.
//!
//! A declaration's trace goes from its submission to its last receipt, through as many processes as
//! have a part in it. They need not tell each other of it: the trace's id follows from the
//! declaration's guid, and the id of its first span from that. A message carries up to a hundred
//! declarations; its signing and sending are a span in the trace of each.
//!
//! | span | is | its end says |
//! | --- | --- | --- |
//! | `submit` | the whole of a submission; the root | on disk |
//! | `check` | the document was read and checked | |
//! | `keep` | the store's commit | |
//! | `sign` | the message was written, signed, committed | with how many others |
//! | `send` | one try | how it ended |
//! | `platform answer` | an answer by the exchange platform, committed and told to its role | its code |
//! | `receipt` | likewise, by the clearance service | its code |
//!
//! No span holds personal data: numbers that name (guid, CopMsgId), codes and the manifest's names
//! are all that they say. Nothing waits for a trace: what cannot be taken in time is lost, and counted.

use sha2::{Digest as _, Sha256};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;

use tongguan_messages::envelope::{Opened, open};
use tongguan_messages::{Kind as MessageKind, Limits, Message, message};

use crate::manifest;
use crate::store::{Carrier, Inbound, Notice, Tried};

/// So many spans may wait to be exported.
const ROOM: usize = 100_000;

/// A trace's id.
pub type TraceId = [u8; 16];

/// One step of a declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// The declaration's trace.
    pub trace: TraceId,
    /// Its own id.
    pub id: [u8; 8],
    /// The span that it is a part of.
    pub parent: Option<[u8; 8]>,
    /// What was done.
    pub name: &'static str,
    /// Which part in an exchange this is.
    pub kind: SpanKind,
    /// From when, nanoseconds since 1970.
    pub begun: u64,
    /// Until when.
    pub ended: u64,
    /// What there is to say of it.
    pub facts: Vec<(&'static str, Fact)>,
    /// Whether it failed.
    pub failed: bool,
}

/// Which part in an exchange a span is, by OpenTelemetry's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// None.
    Internal = 1,
    /// It puts a message on its way.
    Producer = 4,
    /// It takes a message in.
    Consumer = 5,
}

/// A value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// In words.
    Text(String),
    /// A number.
    Number(i64),
}

impl From<&str> for Fact {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u32> for Fact {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Fact {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// The trace of the declaration with that guid: the UUID's own octets, so that whoever has one has
/// the other; of a guid that is none, the first octets of its SHA-256.
pub fn trace_of(guid: &str) -> TraceId {
    match uuid::Uuid::try_parse(guid) {
        Ok(uuid) if !uuid.is_nil() => uuid.into_bytes(),
        _ => first(&Sha256::digest(guid)),
    }
}

fn first<const N: usize>(octets: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(octets) {
        *to = *from;
    }
    out
}

/// The id of a trace's first span.
fn root(trace: TraceId) -> [u8; 8] {
    first(
        &Sha256::new()
            .chain_update(trace)
            .chain_update("submit")
            .finalize(),
    )
}

/// A new span's id.
fn fresh() -> [u8; 8] {
    let mut id = [0; 8];
    // Without random octets, an id of 0 is no id: the span is passed over by whoever reads it.
    let _ = getrandom::fill(&mut id);
    id
}

/// Now, in nanoseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |t| u64::try_from(t.as_nanos()).unwrap_or(u64::MAX))
}

/// Makes spans of what happens, where the manifest asks for them (`[traces]`).
pub(crate) struct Tracer {
    to: Option<mpsc::Sender<Span>>,
    from: Mutex<Option<mpsc::Receiver<Span>>>,
    /// Which share of all traces is kept.
    share: f64,
    lost: AtomicU64,
}

impl Tracer {
    pub(crate) fn new(asked: Option<&manifest::Traces>) -> Self {
        let (to, from) = asked.map(|_| mpsc::channel(ROOM)).unzip();
        Self {
            to,
            from: Mutex::new(from),
            share: asked.map_or(0.0, |asked| asked.ratio),
            lost: AtomicU64::new(0),
        }
    }

    pub(crate) fn spans(&self) -> Option<mpsc::Receiver<Span>> {
        let mut from = self.from.lock().unwrap_or_else(PoisonError::into_inner);
        from.take()
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// The trace of that guid, if it is kept. Every process decides alike.
    pub(crate) fn kept(&self, guid: &str) -> Option<TraceId> {
        self.to.as_ref()?;
        let trace = trace_of(guid);
        let place = u32::from_be_bytes(first(&Sha256::digest(trace)));
        let place = f64::from(place) / 2f64.powi(32);
        (place < self.share).then_some(trace)
    }

    fn put(&self, span: Span) {
        if let Some(to) = &self.to
            && to.try_send(span).is_err()
        {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Those of some guids whose traces are kept.
    fn all(&self, guids: impl IntoIterator<Item = String>) -> Vec<(TraceId, String)> {
        let kept = |guid: String| Some((self.kept(&guid)?, guid));
        guids.into_iter().filter_map(kept).collect()
    }

    /// A part of each of these traces.
    fn part(&self, step: &Step, whose: &[(TraceId, String)]) {
        for (trace, guid) in whose {
            let mut facts = step.facts.clone();
            facts.push(("tongguan.guid", guid.as_str().into()));
            self.put(Span {
                trace: *trace,
                id: fresh(),
                parent: Some(root(*trace)),
                name: step.name,
                kind: step.kind,
                begun: step.begun,
                ended: now(),
                facts,
                failed: step.failed,
            });
        }
    }

    /// A declaration was taken.
    pub(crate) fn submitted(&self, of: &Taking, message: &str, guid: &str, id: &str) {
        let Some(trace) = self.kept(guid) else { return };
        let ended = now();
        let span = |own, parent, name, begun, ended| Span {
            trace,
            id: own,
            parent,
            name,
            kind: SpanKind::Internal,
            begun,
            ended,
            facts: vec![
                ("tongguan.message", message.into()),
                ("tongguan.guid", guid.into()),
                ("tongguan.id", id.into()),
            ],
            failed: false,
        };
        let whole = root(trace);
        self.put(span(whole, None, "submit", of.begun, ended));
        self.put(span(fresh(), Some(whole), "check", of.begun, of.checked));
        self.put(span(fresh(), Some(whole), "keep", of.checked, ended));
    }

    /// Declarations were put into a signed message, with how many in all.
    pub(crate) fn signed(&self, begun: u64, carried: Carried) {
        let step = Step {
            name: "sign",
            kind: SpanKind::Internal,
            begun,
            facts: carried.facts,
            failed: false,
        };
        self.part(&step, &carried.kept);
    }

    /// The traces of some canonical octets that are to be signed.
    pub(crate) fn fragments<'a>(
        &self,
        message: &Message,
        octets: impl ExactSizeIterator<Item = &'a [u8]>,
    ) -> Fragments {
        let count = octets.len();
        let kept = match self.to {
            Some(_) => self.all(octets.flat_map(|one| guids(message, one))),
            None => Vec::new(),
        };
        Fragments { count, kept }
    }

    /// A try to send ended.
    pub(crate) fn tried(&self, begun: u64, transport: &str, carrier: &Carrier, tried: &Tried) {
        if self.to.is_none() {
            return;
        }
        let limits = Limits {
            octets: carrier.envelope.len(),
        };
        let (Some(known), Ok(Opened::Envelope(envelope))) =
            (message(&carrier.message), open(&carrier.envelope, &limits))
        else {
            return;
        };
        let outcome = match tried {
            Tried::Accepted { .. } => "taken",
            Tried::Again { left: false, .. } => "held",
            Tried::Again { left: true, .. } => "lost",
            Tried::Refused { .. } => "refused",
        };
        let step = Step {
            name: "send",
            kind: SpanKind::Producer,
            begun,
            facts: vec![
                ("tongguan.message", carrier.message.as_str().into()),
                ("tongguan.cop_msg_id", carrier.cop_msg_id.as_str().into()),
                ("tongguan.transport", transport.into()),
                ("tongguan.try", (carrier.attempts + 1).into()),
                ("tongguan.outcome", outcome.into()),
            ],
            failed: !matches!(tried, Tried::Accepted { .. }),
        };
        self.part(&step, &self.all(guids(known, &envelope.data)));
    }

    /// An answer was committed, and told to its role.
    pub(crate) fn answered(&self, begun: u64, inbound: &Inbound, notice: &Notice) {
        let whose = self.all([notice.guid.clone()]);
        if whose.is_empty() {
            return;
        }
        let kind = message(&inbound.kind).map(|m| m.kind);
        let platform = matches!(kind, None | Some(MessageKind::PlatformReceipt));
        let step = Step {
            name: if platform {
                "platform answer"
            } else {
                "receipt"
            },
            kind: SpanKind::Consumer,
            begun,
            facts: vec![
                ("tongguan.message", notice.message.as_str().into()),
                ("tongguan.transport", inbound.transport.as_str().into()),
                ("tongguan.receipt", notice.receipt.as_str().into()),
                ("tongguan.code", notice.code.as_str().into()),
            ],
            failed: false,
        };
        self.part(&step, &whose);
    }
}

/// When a submission began, and when its document was checked.
pub(crate) struct Taking {
    pub begun: u64,
    pub checked: u64,
}

/// Of the declarations that go into a message, those whose traces are kept.
pub(crate) struct Fragments {
    count: usize,
    kept: Vec<(TraceId, String)>,
}

impl Fragments {
    /// They are in that envelope.
    pub(crate) fn carried(self, carrier: &Carrier) -> Carried {
        let facts = vec![
            ("tongguan.message", carrier.message.as_str().into()),
            ("tongguan.cop_msg_id", carrier.cop_msg_id.as_str().into()),
            ("tongguan.profile", carrier.profile.as_str().into()),
            ("tongguan.declarations", self.count.into()),
        ];
        let kept = self.kept;
        Carried { facts, kept }
    }
}

/// What there is to say of a signing, and in whose traces.
pub(crate) struct Carried {
    facts: Vec<(&'static str, Fact)>,
    kept: Vec<(TraceId, String)>,
}

struct Step {
    name: &'static str,
    kind: SpanKind,
    begun: u64,
    facts: Vec<(&'static str, Fact)>,
    failed: bool,
}

/// The guids of the declarations in canonical octets that we wrote ourselves: the first in each unit.
fn guids(message: &Message, octets: &[u8]) -> Vec<String> {
    let Some(unit) = message.unit else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(octets);
    let opening = format!("<{}:{}>", message.prefix, unit.name);
    let (before, after) = (
        format!("<{}:guid>", message.prefix),
        format!("</{}:guid>", message.prefix),
    );
    let guid = |unit: &str| {
        let (_, rest) = unit.split_once(&before)?;
        let (guid, _) = rest.split_once(&after)?;
        Some(guid.to_owned())
    };
    text.split(&opening).skip(1).filter_map(guid).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracer(ratio: f64) -> Tracer {
        Tracer::new(Some(&manifest::Traces {
            otlp: "http://127.0.0.1:4318".to_owned(),
            ratio,
        }))
    }

    #[test]
    fn a_trace_is_found_by_its_guid() {
        let guid = "01234567-89AB-4CDE-8F01-23456789ABCD";
        let hex = hex::encode(trace_of(guid));
        assert_eq!(hex, guid.replace('-', "").to_lowercase());
        let other = trace_of("no uuid");
        assert_eq!(other, trace_of("no uuid"));
        assert_ne!(other, trace_of("no uuid either"));
        assert_ne!(trace_of("00000000-0000-0000-0000-000000000000"), [0; 16]);
    }

    #[test]
    fn every_process_keeps_the_same_share() {
        let guids: Vec<String> = (0..1000).map(|_| crate::clock::guid()).collect();
        let kept = |ratio| {
            let tracer = tracer(ratio);
            let kept = guids.iter().filter(|g| tracer.kept(g).is_some());
            kept.cloned().collect::<Vec<_>>()
        };
        assert_eq!((kept(0.0).len(), kept(1.0).len()), (0, 1000));
        let (a, b) = (kept(0.2), kept(0.2));
        assert!((100..300).contains(&a.len()), "{}", a.len());
        assert_eq!(a, b);
        assert!(Tracer::new(None).kept(&guids[0]).is_none());
    }

    #[test]
    fn guids_are_the_units_own() {
        let known = message("CEB311Message").unwrap();
        let one = "<ceb:Order><ceb:OrderHead><ceb:guid>A</ceb:guid></ceb:OrderHead><ceb:OrderList>\
                   <ceb:guid>X</ceb:guid></ceb:OrderList></ceb:Order>";
        let two = one.replace('A', "B");
        assert_eq!(guids(known, format!("{one}{two}").as_bytes()), ["A", "B"]);
        assert!(guids(known, b"<ceb:Order></ceb:Order>").is_empty());
    }

    #[test]
    fn what_there_is_no_room_for_is_counted() {
        let tracer = tracer(1.0);
        let taking = Taking {
            begun: 1,
            checked: 2,
        };
        for _ in 0..=ROOM / 3 {
            tracer.submitted(&taking, "CEB311Message", "G", "id");
        }
        assert_eq!(tracer.lost(), 2);
        let mut spans = tracer.spans().unwrap();
        let whole = spans.try_recv().unwrap();
        let part = spans.try_recv().unwrap();
        assert_eq!((whole.name, whole.parent), ("submit", None));
        assert_eq!((part.trace, part.parent), (whole.trace, Some(whole.id)));
    }
}
