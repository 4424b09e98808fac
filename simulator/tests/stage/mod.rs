//! Signed declarations, and what customs says of them.
#![allow(dead_code, reason = "each test uses its part")]

use std::sync::{Arc, LazyLock};
use tongguan_crypto::{PrivateKey, Scheme, TestSubject, provider};
use tongguan_messages::envelope::{Envelope, Head, Opened, open};
use tongguan_messages::{
    BaseTransfer, Extent, Kind, Limits, News, answers, closing, message, news, opening, read,
    transfer, unsigned_example,
};
use tongguan_simulator::{Reply, Simulator};
use tongguan_xmldsig::{Enveloping, KeyInfo, Profile, Sm2Encoding};

struct Card {
    key: Arc<dyn PrivateKey>,
    certificate: Vec<u8>,
}

static CARD: LazyLock<Card> = LazyLock::new(|| {
    let subject = TestSubject {
        common_name: "test".into(),
        days: 1,
        from_days: 0,
    };
    let issued = provider()
        .issue_for_tests(Scheme::Sm2Sm3, &subject, None, None)
        .unwrap();
    Card {
        key: provider().key_file(&issued.key_pem, None).unwrap().key,
        certificate: provider().certificate(&issued.certificate_pem).unwrap().der,
    }
});

/// One declaration, as its element.
#[derive(Clone)]
pub struct Declared {
    pub message: &'static str,
    unit: String,
}

impl Declared {
    /// The standard's example with no more than it must have.
    pub fn example(name: &str) -> Self {
        let known = message(name).unwrap();
        let text = unsigned_example(known, Extent::Minimal);
        let unit = known.unit.unwrap().name;
        let (start, end) = (format!("<ceb:{unit}>"), format!("</ceb:{unit}>"));
        let from = text.find(&start).unwrap();
        let to = text.find(&end).unwrap() + end.len();
        Self {
            message: known.name,
            unit: text[from..to].to_owned(),
        }
    }

    /// With another value of a field.
    pub fn with(mut self, field: &str, value: &str) -> Self {
        let start = format!("<ceb:{field}>");
        let at = self.unit.find(&start).unwrap() + start.len();
        let end = at + self.unit[at..].find('<').unwrap();
        self.unit.replace_range(at..end, value);
        self
    }

    /// With the number as the end of its guid.
    pub fn guid(self, number: u32) -> Self {
        self.with("guid", &format!("4CDE1CFD-EDED-46B1-946C-{number:012}"))
    }

    /// With another one of its kind in the same message.
    pub fn and(mut self, other: &Self) -> Self {
        self.unit.push_str(&other.unit);
        self
    }

    /// With an item two times.
    pub fn twice(mut self, item: &str) -> Self {
        let end = format!("</ceb:{item}>");
        let from = self.unit.find(&format!("<ceb:{item}>")).unwrap();
        let to = self.unit.find(&end).unwrap() + end.len();
        let again = self.unit[from..to].to_owned();
        self.unit.insert_str(to, &again);
        self
    }

    /// Signed, in an envelope.
    pub fn envelope(&self) -> Envelope {
        let known = message(self.message).unwrap();
        let mut document = Enveloping::new(Profile::Sm2Sm3, &[(known.prefix, known.namespace)]);
        document.push(&opening(known, "4CDE1CFD-EDED-46B1-946C-B8022E42FC94"));
        document.push(self.unit.as_bytes());
        let who = BaseTransfer {
            copCode: "3301960T01".into(),
            copName: "示例".into(),
            dxpMode: "DXP".into(),
            dxpId: "DXPENT0000012345".into(),
            note: None,
        };
        document.push(&transfer(&who).unwrap());
        let pending = document.prepare(&closing(known));
        let value = CARD.key.sign(pending.signed_info()).unwrap();
        let info = KeyInfo {
            key_name: "1",
            certificate: &CARD.certificate,
        };
        let data = pending.complete(&value, &info, Sm2Encoding::Raw).unwrap();
        Envelope {
            head: Head {
                cop_msg_id: uuid::Uuid::new_v4().to_string(),
                sender_id: "DXPENT0000012345".into(),
                receiver_ids: vec!["DXPEDCCEB0000002".into()],
                creat_time: "2026-11-23T09:30:00".into(),
                msg_type: self.message.into(),
            },
            data,
        }
    }
}

pub fn send(customs: &Simulator, declared: &Declared) -> Vec<Reply> {
    customs
        .handle(&declared.envelope().write().unwrap())
        .unwrap()
}

/// The statuses that were said of it, with their texts. Each receipt keeps its schema.
pub fn texts(customs: &Simulator, declared: &Declared) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for reply in send(customs, declared) {
        let Ok(Opened::Envelope(envelope)) = open(&reply.octets, &Limits::default()) else {
            panic!("{}", String::from_utf8_lossy(&reply.octets));
        };
        let parsed = read(&envelope.data, &Limits::default()).unwrap();
        if parsed.message.kind == Kind::Notice {
            continue;
        }
        let found = answers(&parsed);
        assert!(!found.is_empty(), "{}", reply.message);
        all.extend(found.into_iter().map(|a| (a.code, a.text)));
    }
    all
}

/// What was told besides of it, by which message. Each keeps its schema.
pub fn told(customs: &Simulator, declared: &Declared) -> Vec<(&'static str, News)> {
    let mut all = Vec::new();
    for reply in send(customs, declared) {
        if let Ok(Opened::Envelope(envelope)) = open(&reply.octets, &Limits::default()) {
            let parsed = read(&envelope.data, &Limits::default()).unwrap();
            all.extend(news(&parsed).into_iter().map(|one| (reply.message, one)));
        }
    }
    all
}

pub fn said(customs: &Simulator, declared: &Declared) -> Vec<String> {
    let texts = texts(customs, declared).into_iter();
    texts.map(|(code, _)| code).collect()
}
