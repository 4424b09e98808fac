//! What the tests put into stores, and short ways to do so.

use std::time::Duration;
use tongguan_contracts::{Declaration, Origin};
use tongguan_core::State;
use tongguan_core::store::{
    About, Answer, Carrier, Claim, Claimed, Inbound, Level, Owner, Store, Tried,
};
use tongguan_messages::Outcome;

pub const MESSAGE: &str = "CEB311Message";

pub fn declaration(n: usize, fingerprint: &str) -> Declaration {
    Declaration {
        message: MESSAGE.into(),
        guid: format!("GUID-{n}-{fingerprint}"),
        business_key: format!("P\nE\nORDER-{n}"),
        fragment: format!("<ceb:Order>{n}</ceb:Order>").into_bytes(),
        fingerprint: fingerprint.into(),
        amends: false,
        origin: Origin {
            document: "orders.json".into(),
            line: 7,
        },
    }
}

pub fn carrier(n: usize) -> Carrier {
    Carrier {
        message: MESSAGE.into(),
        guid: format!("MESSAGE-{n}"),
        cop_msg_id: format!("COP-{n}"),
        transport: "main".into(),
        profile: "sm2-sm3".into(),
        certificate: "00".into(),
        envelope: b"<dxp/>".to_vec(),
        attempts: 0,
    }
}

pub fn answer(n: usize, code: &str, time: &str, outcome: Outcome) -> Answer {
    Answer {
        about: About::Declaration {
            messages: &["CEB311Message"],
            key: Some(format!("P\nE\nORDER-{n}")),
            guid: "THEIRS".into(),
        },
        level: Level::Clearance,
        code: code.into(),
        text: "回执".into(),
        time: time.into(),
        outcome,
        already_declared: code == "-301010",
        given: None,
    }
}

pub fn inbound(octets: &str, answers: Vec<Answer>) -> Inbound {
    Inbound {
        octets: octets.as_bytes().to_vec(),
        transport: "main".into(),
        origin: "test".into(),
        kind: "CEB312Message".into(),
        made_at: None,
        problem: None,
        answers,
    }
}

/// A node with leases so long that none ends in a test.
pub fn node(name: &str) -> Owner {
    Owner {
        name: name.to_owned(),
        term: Duration::from_secs(60),
    }
}

/// A node whose leases end at once: by the next claim it is dead.
pub fn dying(name: &str) -> Owner {
    Owner {
        name: name.to_owned(),
        term: Duration::ZERO,
    }
}

pub fn taken() -> Tried {
    Tried::Accepted {
        evidence: "tag 1".into(),
    }
}

pub fn again(left: bool) -> Tried {
    Tried::Again {
        after: Duration::ZERO,
        error: "gone".into(),
        left,
    }
}

pub fn refused(left: bool) -> Tried {
    Tried::Refused {
        error: "too large".into(),
        left,
    }
}

pub async fn state(store: &dyn Store, n: usize) -> State {
    let found = store.find(&format!("ORDER-{n}")).await.unwrap();
    found.unwrap().summary.state
}

/// Submits these declarations; gives their ids.
pub async fn submitted(store: &dyn Store, numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    let all = numbers.into_iter().map(|n| declaration(n, "a")).collect();
    let taken = store.submit("main", all).await.unwrap();
    taken.into_iter().map(|t| t.id).collect()
}

pub async fn claimed(store: &dyn Store, owner: &Owner, most: usize) -> Claim<Claimed> {
    let claim = store.claim(owner, MESSAGE, most).await.unwrap();
    claim.expect("something waits")
}

pub fn ids(claim: &Claim<Claimed>) -> Vec<String> {
    claim.work.iter().map(|c| c.id.clone()).collect()
}

pub async fn due(store: &dyn Store, owner: &Owner) -> Option<Claim<Carrier>> {
    store.due(owner, "main", 100).await.unwrap()
}

/// Takes declarations and puts them into one envelope, `COP-n` of the first.
pub async fn carried(store: &dyn Store, numbers: &[usize]) -> Vec<String> {
    let all = submitted(store, numbers.iter().copied()).await;
    let claim = claimed(store, &node("signer"), numbers.len()).await;
    assert_eq!(ids(&claim), all);
    let fence = store
        .carry(&claim.lease, carrier(numbers[0]), ids(&claim))
        .await
        .unwrap();
    assert_eq!(fence, tongguan_core::store::Fence::Held);
    all
}

/// Tries to send what is due, which must be this envelope, with this end.
pub async fn tried(store: &dyn Store, n: usize, tried: Tried) {
    let claim = due(store, &node("sender"))
        .await
        .expect("an envelope is due");
    let id = format!("COP-{n}");
    assert_eq!(claim.work[0].cop_msg_id, id);
    let fence = store.tried(&claim.lease, &id, tried).await.unwrap();
    assert_eq!(fence, tongguan_core::store::Fence::Held);
    store.release(&claim.lease).await.unwrap();
}
