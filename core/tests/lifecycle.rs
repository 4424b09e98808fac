//! The client's own work, over parts that do as they are told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod told;

use std::time::Duration;
use tokio::sync::watch;

use tongguan_core::diagnosis::{Ailment, Severity};
use tongguan_core::{State, Until};
use tongguan_messages::envelope::{Envelope, Head, ReceiverResult, Report, Response};

use told::*;

#[tokio::test]
async fn a_route_fails_over_and_returns() {
    let dir = tempfile::tempdir().unwrap();
    let client = client(dir.path(), "failover");
    let (near, far) = (told("failover near"), told("failover far"));
    near.to(UNREACHABLE);
    running(&client, async {
        for n in 0..5 {
            submit(&client, n).await;
        }
        for n in 0..5 {
            is(&client, n, State::Sent).await;
        }
        assert_eq!((near.took().len(), far.took().len()), (0, 5));
        let details = client.store().find("ORDER-0").await.unwrap().unwrap();
        assert!(
            details
                .history
                .iter()
                .any(|s| s.text == "goes by far: near is out of reach"),
            "{:?}",
            details.history
        );
        // While it is known to be away, new ones go the other way at once.
        submit(&client, 5).await;
        is(&client, 5, State::Sent).await;
        assert_eq!(far.took().len(), 6);
        near.to(TAKES);
        // Its check passes at the latest after the longest wait of a few tries.
        for n in 6.. {
            submit(&client, n).await;
            is(&client, n, State::Sent).await;
            if !near.took().is_empty() {
                break;
            }
            assert!(n < 100, "it is back, and nobody noticed");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_may_have_left_waits_for_its_own_way() {
    let dir = tempfile::tempdir().unwrap();
    let client = client(dir.path(), "unknown");
    let (near, far) = (told("unknown near"), told("unknown far"));
    near.to(LOSES);
    running(&client, async {
        submit(&client, 1).await;
        is(&client, 1, State::Unknown).await;
        near.to(UNREACHABLE);
        submit(&client, 2).await;
        is(&client, 2, State::Sent).await;
        assert_eq!(far.took().len(), 1, "what had not left went the other way");
        is(&client, 1, State::Unknown).await;
        near.to(TAKES);
        is(&client, 1, State::Sent).await;
    })
    .await;
    let took = near.took();
    assert!(
        took.len() > 1 && took.iter().all(|id| *id == took[0]),
        "{took:?}"
    );
    assert!(!far.took().contains(&took[0]));
}

#[tokio::test]
async fn a_refusal_is_a_dead_letter_and_ends_a_run() {
    let dir = tempfile::tempdir().unwrap();
    let client = client(dir.path(), "refusal");
    told("refusal near").to(REFUSES);
    submit(&client, 1).await;
    let (_stop, stopped) = watch::channel(false);
    client.run(stopped, Until::AllFinal).await.unwrap();
    is(&client, 1, State::Dead).await;
    assert!(
        told("refusal far").took().is_empty(),
        "refused is refused, by whichever way"
    );
}

#[tokio::test]
async fn a_transport_that_does_not_close_keeps_nobody_from_ending() {
    let dir = tempfile::tempdir().unwrap();
    let client = client(dir.path(), "clinging");
    told("clinging near").to(CLINGS);
    let ending = running(&client, async {
        submit(&client, 1).await;
        is(&client, 1, State::Sent).await;
    });
    let ended = tokio::time::timeout(Duration::from_secs(60), ending).await;
    ended.expect("it waits for the transport for ever");
}

#[tokio::test]
async fn a_role_hears_of_a_receipt_before_it_is_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let client = client(dir.path(), "receipt");
    let near = told("receipt near");
    running(&client, async {
        submit(&client, 0).await;
        is(&client, 0, State::Sent).await;
        // Twice, as after a crash between its commit and its acknowledgement: whoever died
        // may have told nobody.
        let octets = report(&near.took()[0]);
        *near.brings.lock().unwrap() = vec![octets.clone(), octets];
        is(&client, 0, State::Rejected).await;
        for _ in 0..200 {
            if near.became.lock().unwrap().len() == 4 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let became = near.became.lock().unwrap();
    assert_eq!(*became, ["heard", "acknowledged", "heard", "acknowledged"]);
}

/// A refusal for one receiver of several is none for the others.
#[tokio::test]
async fn what_is_said_of_some_receivers_is_not_said_of_all() {
    let dir = tempfile::tempdir().unwrap();
    let client = client(dir.path(), "some");
    let near = told("some near");
    running(&client, async {
        submit(&client, 0).await;
        is(&client, 0, State::Sent).await;
        let one = ReceiverResult {
            receiver_id: "DXPNOBODY".into(),
            code: "2001".into(),
            info: String::new(),
        };
        let mut some = refusal(&near.took()[0]);
        some.responses[0].results = vec![one];
        *near.brings.lock().unwrap() = vec![some.write().unwrap()];
        is(&client, 0, State::Pending).await;
        let original = &mut some.responses[0].original;
        original.receiver_ids = vec!["DXPNOBODY".into()];
        *near.brings.lock().unwrap() = vec![some.write().unwrap()];
        is(&client, 0, State::Rejected).await;
    })
    .await;
}

/// The platform's refusal of an envelope.
fn report(cop_msg_id: &str) -> Vec<u8> {
    refusal(cop_msg_id).write().unwrap()
}

fn refusal(cop_msg_id: &str) -> Report {
    Report {
        receiver_id: "DXPENT0000012345".into(),
        responses: vec![Response {
            code: "0002".into(),
            info: "as told".into(),
            notice_time: "2026-11-23".into(),
            results: Vec::new(),
            original: Head {
                cop_msg_id: cop_msg_id.to_owned(),
                sender_id: "DXPENT0000012345".into(),
                receiver_ids: vec!["DXPEDCCEB0000001".into()],
                creat_time: "2026-11-23T12:00:00".into(),
                msg_type: "CEB311Message".into(),
            },
        }],
    }
}

/// Waits until that has become of what came in.
async fn became(told: &Told, last: &str) {
    for _ in 0..200 {
        if told.became.lock().unwrap().last() == Some(&last) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not {last}: {:?}", told.became.lock().unwrap());
}

#[tokio::test]
async fn a_role_that_panics_is_told_again_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let client = client(dir.path(), "panic");
    let near = told("panic near");
    near.to(PANICS);
    running(&client, async {
        submit(&client, 0).await;
        is(&client, 0, State::Sent).await;
        *near.brings.lock().unwrap() = vec![report(&near.took()[0])];
        became(&near, "acknowledged").await;
        // The work goes on.
        submit(&client, 1).await;
        is(&client, 1, State::Sent).await;
    })
    .await;
    let times = ["panicked", "panicked", "panicked", "acknowledged"];
    assert_eq!(*near.became.lock().unwrap(), times);
    is(&client, 0, State::Rejected).await;
    let findings = client.diagnose().await.unwrap();
    let told: Vec<_> = findings
        .iter()
        .map(|f| (f.what, f.subject.as_str(), f.count))
        .collect();
    assert_eq!(told, [(Ailment::Unheard, "main", 1)], "{findings:?}");
    let details = client
        .store()
        .find(&findings[0].example)
        .await
        .unwrap()
        .unwrap();
    assert!(
        details
            .history
            .iter()
            .any(|s| s.text.contains("its role failed"))
    );

    // It still does: nothing is lost, and the client does not end of it.
    near.became.lock().unwrap().clear();
    running(&client, async {
        for _ in 0..100 {
            if near.became.lock().unwrap().len() == 3 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    assert_eq!(client.diagnose().await.unwrap().len(), 1);
    // Mended, it hears what it missed, once.
    near.became.lock().unwrap().clear();
    near.to(TAKES);
    for _ in 0..2 {
        running(&client, async {
            became(&near, "heard").await;
            for _ in 0..100 {
                if client.diagnose().await.unwrap().is_empty() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
    }
    assert_eq!(*near.became.lock().unwrap(), ["heard"]);
    assert!(client.diagnose().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_envelope_from_the_future_tells_of_a_clock() {
    let dir = tempfile::tempdir().unwrap();
    let client = client(dir.path(), "clock");
    let near = told("clock near");
    let envelope = Envelope {
        head: Head {
            cop_msg_id: "1".into(),
            sender_id: "DXPEDCCEB0000002".into(),
            receiver_ids: vec!["DXPENT0000012345".into()],
            creat_time: "2099-01-01T00:00:00".into(),
            msg_type: "CEB900Message".into(),
        },
        data: b"<nothing/>".to_vec(),
    };
    running(&client, async {
        *near.brings.lock().unwrap() = vec![envelope.write().unwrap()];
        became(&near, "acknowledged").await;
    })
    .await;
    let findings = client.diagnose().await.unwrap();
    let clock = findings.iter().find(|f| f.what == Ailment::Clock).unwrap();
    assert_eq!(clock.subject, "platform");
    assert!(clock.why.contains("CreatTime"), "{clock:?}");
}

#[tokio::test]
async fn one_that_takes_long_keeps_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let client = client(dir.path(), "slow");
    let near = told("slow near");
    near.to(DAWDLES);
    running(&client, async {
        submit(&client, 0).await;
        for _ in 0..100 {
            if near.took().len() == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // More than are under way at once.
        for n in 1..=40 {
            submit(&client, n).await;
        }
        for n in 1..=40 {
            is(&client, n, State::Sent).await;
        }
        is(&client, 0, State::Signed).await;
        near.to(TAKES);
        is(&client, 0, State::Sent).await;
    })
    .await;
    assert_eq!(near.took().len(), 41, "none twice");
}

#[tokio::test]
async fn a_run_to_the_end_ends_where_nothing_can_be_signed() {
    let dir = tempfile::tempdir().unwrap();
    let ended = "from = -30\ndays = 10\n[signers.next]\nkind = \"stamp\"\nfrom = 5\n";
    let client = client_with(dir.path(), "no end", ended);
    submit(&client, 1).await;
    let (_stop, stopped) = watch::channel(false);
    let run = client.run(stopped, Until::AllFinal);
    let failure = tokio::time::timeout(Duration::from_secs(20), run).await;
    let failure = failure.expect("it waits for ever").unwrap_err();
    assert!(failure.to_string().contains("expired on 20"), "{failure}");
    assert!(failure.how_to_mend().unwrap().contains("new certificate"));
    is(&client, 1, State::Submitted).await;
}

#[tokio::test]
async fn a_signer_is_asked_no_more_at_once_than_it_allows() {
    let dir = tempfile::tempdir().unwrap();
    let client = client(dir.path(), "one at a time");
    for n in 1..=8 {
        submit(&client, n).await;
    }
    running(&client, async {
        for n in 1..=8 {
            is(&client, n, State::Sent).await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_next_certificate_signs_when_the_first_has_ended() {
    let dir = tempfile::tempdir().unwrap();
    let ended = "from = -30\ndays = 10\n[signers.next]\nkind = \"stamp\"\ndays = 20\n";
    let client = client_with(dir.path(), "rotated", ended);
    assert!(client.check(true).await.iter().all(|part| part.ok));
    running(&client, async {
        submit(&client, 1).await;
        is(&client, 1, State::Sent).await;
    })
    .await;
    let findings = client.diagnose().await.unwrap();
    let told: Vec<_> = findings.iter().map(|f| (f.what, f.severity)).collect();
    let soon = vec![(Ailment::Certificate, Severity::Warning)];
    assert_eq!(told, soon, "the next one ends soon, too: {findings:?}");
}

#[tokio::test]
async fn without_a_valid_certificate_declarations_wait_and_receipts_come_in() {
    let dir = tempfile::tempdir().unwrap();
    let ended = "from = -30\ndays = 10\n[signers.next]\nkind = \"stamp\"\nfrom = 5\n";
    let client = client_with(dir.path(), "expired", ended);
    running(&client, async {
        submit(&client, 1).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        is(&client, 1, State::Submitted).await;
    })
    .await;
    assert!(told("expired near").took().is_empty());
    let findings = client.diagnose().await.unwrap();
    assert_eq!(
        (findings[0].what, findings[0].severity),
        (Ailment::Signer, Severity::Urgent)
    );
    assert!(findings[0].why.contains("expired on 20"), "{findings:?}");
    let parts = client.check(true).await;
    assert!(parts.iter().any(|part| !part.ok), "{parts:?}");
    // Once there is a valid one, what waited is signed.
    let client = client_with(dir.path(), "expired", "");
    running(&client, async { is(&client, 1, State::Sent).await }).await;
}
