//! What goes before what.

use std::sync::atomic::{AtomicUsize, Ordering};
use tongguan_contracts::Declaration;
use tongguan_core::diagnosis::Ailment;
use tongguan_core::store::{About, Decision, Details, Fence, Store};
use tongguan_core::{Alerts, State, Waits};
use tongguan_messages::Outcome;

use super::Place;
use super::things::{answer, carrier, declaration, inbound, node};

const ORDER: &str = "CEB311Message";
const PAYMENT: &str = "CEB411Message";
const WAYBILL: &str = "CEB511Message";
const INVENTORY: &str = "CEB621Message";

/// An inventory waits for all three that customs compares it with.
fn waits() -> Waits {
    let all = [ORDER, PAYMENT, WAYBILL].map(str::to_owned).to_vec();
    [(INVENTORY.to_owned(), all)].into_iter().collect()
}

/// One of the four documents of an order, with the fields that name the others.
fn document(message: &str, n: usize) -> Declaration {
    let fields = |names: &[(&str, &str)]| -> String {
        let field = |(name, value): &(&str, &str)| format!("<ceb:{name}>{value}</ceb:{name}>");
        names.iter().map(field).collect()
    };
    let (order, waybill) = (format!("ORDER-{n}"), format!("WAYBILL-{n}"));
    let order = [
        ("orderNo", order.as_str()),
        ("ebpCode", "P"),
        ("ebcCode", "E"),
    ];
    let (unit, head, key, body) = match message {
        ORDER => (
            "Order",
            "OrderHead",
            format!("P\nE\nORDER-{n}"),
            fields(&order),
        ),
        PAYMENT => (
            "Payment",
            "PaymentHead",
            format!("PAY\nPAID-{n}"),
            fields(&order[..2]),
        ),
        WAYBILL => (
            "Logistics",
            "LogisticsHead",
            format!("L\n{waybill}"),
            String::new(),
        ),
        _ => {
            let way = [("logisticsNo", waybill.as_str()), ("logisticsCode", "L")];
            let body = fields(&order) + &fields(&way);
            ("Inventory", "InventoryHead", format!("COP-{n}"), body)
        }
    };
    let fragment = format!("<ceb:{unit}><ceb:{head}>{body}</ceb:{head}></ceb:{unit}>");
    Declaration {
        message: message.into(),
        guid: format!("{message}-{n}"),
        business_key: key,
        fragment: fragment.into_bytes(),
        ..declaration(n, "a")
    }
}

async fn submit(store: &dyn Store, one: Declaration) -> String {
    store.submit("main", vec![one]).await.unwrap().remove(0).id
}

async fn shown(store: &dyn Store, id: &str) -> Details {
    store.find(id).await.unwrap().unwrap()
}

async fn state(store: &dyn Store, id: &str) -> State {
    shown(store, id).await.summary.state
}

/// Puts the oldest of a message, which must be this, into an envelope of its own.
async fn carry(store: &dyn Store, message: &str, id: &str) {
    static NUMBER: AtomicUsize = AtomicUsize::new(1000);
    let claim = store.claim(&node("signer"), message, 1).await.unwrap();
    let claim = claim.expect("it is free to go");
    assert_eq!(claim.work[0].id, id);
    let mut carrier = carrier(NUMBER.fetch_add(1, Ordering::Relaxed));
    carrier.message = message.into();
    let all = vec![id.to_owned()];
    let fence = store.carry(&claim.lease, carrier, all).await.unwrap();
    assert_eq!(fence, Fence::Held);
}

/// Customs answers.
async fn answered(
    store: &dyn Store,
    messages: &'static [&'static str],
    one: &Declaration,
    outcome: Outcome,
) {
    let mut answer = answer(0, "120", "20261124100000000", outcome);
    answer.about = About::Declaration {
        messages,
        key: Some(one.business_key.clone()),
        guid: one.guid.clone(),
    };
    let octets = format!("{} {outcome:?}", one.guid);
    store.receive(inbound(&octets, vec![answer])).await.unwrap();
}

/// Declared, and answered.
async fn settled(store: &dyn Store, messages: &'static [&'static str], n: usize, outcome: Outcome) {
    let one = document(messages[0], n);
    let id = submit(store, one.clone()).await;
    carry(store, messages[0], &id).await;
    answered(store, messages, &one, outcome).await;
}

pub async fn an_inventory_waits_for_all_three(place: &dyn Place) {
    let store = place.open_with(waits());
    let store = store.as_ref();
    settled(store, &[WAYBILL], 1, Outcome::Accepted).await;
    let inventory = submit(store, document(INVENTORY, 1)).await;
    assert_eq!(state(store, &inventory).await, State::Waiting);
    assert!(
        store
            .claim(&node("n"), INVENTORY, 9)
            .await
            .unwrap()
            .is_none()
    );
    assert!(store.waiting(100).await.unwrap().is_empty());

    let alerts = Alerts {
        wait_hours: 0,
        ..Alerts::default()
    };
    let told = store.symptoms(&alerts).await.unwrap();
    assert_eq!((told[0].ailment, told[0].count), (Ailment::Waiting, 1));
    assert!(
        told[0]
            .said
            .starts_with("waits for CEB311Message P / E / ORDER-1; CEB411Message"),
        "{told:?}"
    );
    let told = store.symptoms(&Alerts::default()).await.unwrap();
    assert!(told.iter().all(|s| s.ailment != Ailment::Waiting));

    let payment = document(PAYMENT, 1);
    let id = submit(store, payment.clone()).await;
    let waits_for = shown(store, &inventory).await.waits_for;
    let told: Vec<_> = waits_for
        .iter()
        .map(|w| (w.message.as_str(), w.state))
        .collect();
    assert_eq!(told, [(ORDER, None), (PAYMENT, Some(State::Submitted))]);
    assert_eq!(waits_for[1].id.as_deref(), Some(id.as_str()));
    assert_eq!(waits_for[0].key, "P / E / ORDER-1");

    // Another order's, and one that is refused, free nothing.
    settled(store, &[ORDER], 2, Outcome::Accepted).await;
    settled(store, &[ORDER], 1, Outcome::Rejected).await;
    carry(store, PAYMENT, &id).await;
    answered(store, &[PAYMENT], &payment, Outcome::Accepted).await;
    assert_eq!(state(store, &inventory).await, State::Waiting);
    assert_eq!(shown(store, &inventory).await.waits_for.len(), 1);

    let mut mended = document(ORDER, 1);
    (mended.guid, mended.fingerprint) = ("MENDED".into(), "b".into());
    let id = submit(store, mended.clone()).await;
    carry(store, ORDER, &id).await;
    answered(store, &[ORDER], &mended, Outcome::Accepted).await;
    let now = shown(store, &inventory).await;
    assert_eq!(now.summary.state, State::Submitted);
    assert!(now.waits_for.is_empty());
    carry(store, INVENTORY, &inventory).await;

    // With all of them there, nothing is waited for.
    for message in [&[PAYMENT], &[WAYBILL]] {
        settled(store, message, 2, Outcome::Accepted).await;
    }
    let inventory = submit(store, document(INVENTORY, 2)).await;
    assert_eq!(state(store, &inventory).await, State::Submitted);
}

pub async fn without_the_manifests_word_nothing_waits(place: &dyn Place) {
    let store = place.open();
    let inventory = submit(store.as_ref(), document(INVENTORY, 1)).await;
    assert_eq!(state(store.as_ref(), &inventory).await, State::Submitted);
}

pub async fn a_change_waits_for_what_it_changes(place: &dyn Place) {
    let store = place.open();
    let store = store.as_ref();
    for (n, outcome) in [(1, Outcome::Accepted), (2, Outcome::Rejected)] {
        let first = document(ORDER, n);
        let id = submit(store, first.clone()).await;
        let change = |letter: &str| Declaration {
            guid: format!("{letter}-{n}"),
            fingerprint: letter.into(),
            amends: true,
            ..document(ORDER, n)
        };
        let (second, third) = (change("b"), change("c"));
        let change = submit(store, second.clone()).await;
        let delete = submit(store, third).await;
        for waiting in [&change, &delete] {
            assert_eq!(state(store, waiting).await, State::Waiting);
        }
        carry(store, ORDER, &id).await;
        answered(store, &[ORDER], &first, outcome).await;
        // One after the other, in the order in which they were declared.
        assert_eq!(state(store, &change).await, State::Submitted);
        assert_eq!(state(store, &delete).await, State::Waiting);
        carry(store, ORDER, &change).await;
        answered(store, &[ORDER], &second, Outcome::Accepted).await;
        assert_eq!(state(store, &change).await, State::Accepted);
        assert_eq!(state(store, &delete).await, State::Submitted);
        carry(store, ORDER, &delete).await;
    }
}

pub async fn a_person_lets_it_go_or_voids_it(place: &dyn Place) {
    let store = place.open_with(waits());
    let store = store.as_ref();
    let first = submit(store, document(INVENTORY, 1)).await;
    let second = submit(store, document(INVENTORY, 2)).await;
    let (_, now) = store.decide(&first, Decision::Retry).await.unwrap();
    assert_eq!(now, State::Submitted);
    let (_, now) = store.decide(&second, Decision::Void).await.unwrap();
    assert_eq!(now, State::Void);
    for id in [&first, &second] {
        assert!(shown(store, id).await.waits_for.is_empty());
    }
    carry(store, INVENTORY, &first).await;
    // A change of what is void has nothing to wait for any more.
    let order = submit(store, document(ORDER, 3)).await;
    let mut change = document(ORDER, 3);
    (change.guid, change.fingerprint, change.amends) = ("CHANGE".into(), "b".into(), true);
    let change = submit(store, change).await;
    assert_eq!(state(store, &change).await, State::Waiting);
    store.decide(&order, Decision::Void).await.unwrap();
    assert_eq!(state(store, &change).await, State::Submitted);
}

/// The last that it waits for is accepted at the very moment when it is submitted.
pub async fn none_is_forgotten_that_is_submitted_meanwhile(place: &dyn Place) {
    let only = [(INVENTORY.to_owned(), vec![ORDER.to_owned()])];
    let waits: Waits = only.into_iter().collect();
    let (one, other) = (place.open_with(waits.clone()), place.open_with(waits));
    for n in 0..40 {
        let order = document(ORDER, n);
        let id = submit(one.as_ref(), order.clone()).await;
        carry(one.as_ref(), ORDER, &id).await;
        let (answering, submitting) = (one.clone(), other.clone());
        let answer = tokio::spawn(async move {
            answered(answering.as_ref(), &[ORDER], &order, Outcome::Accepted).await;
        });
        let inventory =
            tokio::spawn(async move { submit(submitting.as_ref(), document(INVENTORY, n)).await });
        answer.await.unwrap();
        let inventory = inventory.await.unwrap();
        assert_eq!(
            state(one.as_ref(), &inventory).await,
            State::Submitted,
            "{n}"
        );
    }
}
