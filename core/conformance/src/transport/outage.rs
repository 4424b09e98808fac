//! One outage of the server, and what must hold before, in and after it.

use std::sync::Arc;
use std::time::{Duration, Instant};
use tongguan_contracts::{Delivery, Failure, FailureClass, Outgoing, Transport};

use super::receiving::acknowledge;
use super::sending::send;
use super::{Bench, Stand, built, close, difference, filled};
use crate::check::{Found, Not, Rule, Run, bounded, broken, not_here, shown};

const KEPT: Rule = Rule {
    id: "transport.kept",
    says: "What was taken is there after the server has been stopped and started.",
};
const BUILDS: Rule = Rule {
    id: "transport.builds",
    says: "Building does not connect: it succeeds while the server is away.",
};
const UNREACHABLE: Rule = Rule {
    id: "transport.unreachable",
    says: "While the server is away, sending and the check fail as transient, in good time; what is \
           said not to have left does not arrive.",
};
const WAITED: Rule = Rule {
    id: "transport.waits",
    says: "Whoever waits for a delivery while the server is away goes on waiting, and gets it after.",
};
const COMES_BACK: Rule = Rule {
    id: "transport.comes-back",
    says: "After the server is back, sending succeeds again by itself.",
};

/// Notes the five rules.
pub(super) async fn tried(run: &mut Run, stand: &dyn Stand) {
    let (Some(server), Some(peer)) = (stand.server(), stand.peer()) else {
        for rule in [KEPT, BUILDS, UNREACHABLE, WAITED, COMES_BACK] {
            let found = not_here("there is no server that may be stopped");
            run.note(rule, found, Duration::ZERO);
        }
        return;
    };
    let bench = Bench { stand, peer };
    let begun = Instant::now();
    let before = match bounded(before(&bench)).await {
        Ok(before) => before,
        Err(not) => {
            run.note(KEPT, Err(not), begun.elapsed());
            return;
        }
    };
    server.stop().await;
    run.wait(BUILDS, builds(stand)).await;
    let begun = Instant::now();
    let unreachable = bounded(unreachable(&bench, before.transport.as_ref())).await;
    let took = begun.elapsed();
    server.start().await;
    after(run, &bench, before, unreachable, took).await;
}

/// A transport at work, with something taken and somebody waiting.
struct Before {
    transport: Arc<dyn Transport>,
    sent: Vec<u8>,
    waiting: tokio::task::JoinHandle<Result<Delivery, Failure>>,
}

async fn before(bench: &Bench<'_>) -> Result<Before, Not> {
    let transport = built(bench.stand)?;
    let sent = filled(KEPT, 0, 0);
    let waiting = Arc::clone(&transport);
    let waiting = tokio::spawn(async move { waiting.receive().await });
    send(transport.as_ref(), "K-KEPT", &sent).await?;
    // Connected both ways.
    tokio::time::sleep(Duration::from_millis(500)).await;
    Ok(Before {
        transport,
        sent,
        waiting,
    })
}

async fn builds(stand: &dyn Stand) -> Found {
    let transport = built(stand)?;
    close(stand, transport).await?;
    Ok(String::new())
}

/// What a send in the outage said, and what it was of.
struct Failed {
    told: String,
    unsent: bool,
    octets: Vec<u8>,
}

async fn unreachable(bench: &Bench<'_>, connected: &dyn Transport) -> Result<Vec<Failed>, Not> {
    let fresh = built(bench.stand)?;
    let mut all = Vec::new();
    for (number, transport) in [connected, fresh.as_ref()].into_iter().enumerate() {
        let octets = filled(UNREACHABLE, number, 0);
        let id = format!("K-AWAY-{number}");
        let outgoing = Outgoing {
            cop_msg_id: &id,
            message: "CEB311Message",
            envelope: &octets,
        };
        let begun = Instant::now();
        let failure = match transport.send(outgoing).await {
            Ok(_) => return broken("it says that the other side has taken it, which is away"),
            Err(failure) => later(failure)?,
        };
        if begun.elapsed() > bench.stand.patience() * 2 {
            return broken(format!(
                "sending fails only after {} s",
                begun.elapsed().as_secs()
            ));
        }
        all.push(Failed {
            told: failure.to_string(),
            unsent: !failure.may_have_left(),
            octets,
        });
    }
    match fresh.check().await {
        Ok(()) => return broken("its check finds nothing wrong"),
        Err(failure) => drop(later(failure)?),
    }
    close(bench.stand, fresh).await?;
    // Whoever waits has noticed by now.
    tokio::time::sleep(bench.stand.quiet()).await;
    Ok(all)
}

fn later(failure: Failure) -> Result<Failure, Not> {
    match failure.class() {
        FailureClass::Transient | FailureClass::DeviceGone => Ok(failure),
        _ => broken(format!("not as transient: {}", shown(&failure))),
    }
}

async fn after(
    run: &mut Run,
    bench: &Bench<'_>,
    before: Before,
    unreachable: Result<Vec<Failed>, Not>,
    took: Duration,
) {
    let Before {
        transport,
        sent,
        waiting,
    } = before;
    // What was taken before; what may have left in the outage may be there, too.
    let mut arrived = Vec::new();
    let taking = bounded(async {
        let began = Instant::now();
        loop {
            match bench.peer.take(bench.soon()).await {
                Ok(Some(octets)) => arrived.push(octets),
                Ok(None) => return Ok(()),
                Err(why) if began.elapsed() > bench.stand.patience() => {
                    return Err(Not::Kept(why));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    })
    .await;
    let kept = taking.and_then(|()| match arrived.contains(&sent) {
        true => Ok(String::new()),
        false => broken("what it said was taken is not there any more"),
    });
    run.note(KEPT, kept, Duration::ZERO);
    let unreachable = unreachable.and_then(|all| {
        let lied = all.iter().find(|f| f.unsent && arrived.contains(&f.octets));
        match (lied, all.first()) {
            (Some(failed), _) => broken(format!(
                "it arrives though nothing was said to have left: {}",
                failed.told
            )),
            (None, failed) => Ok(failed.map(|f| f.told.clone()).unwrap_or_default()),
        }
    });
    run.note(UNREACHABLE, unreachable, took);
    run.wait(WAITED, waited(bench, waiting)).await;
    run.wait(COMES_BACK, comes_back(bench, transport)).await;
}

async fn waited(
    bench: &Bench<'_>,
    waiting: tokio::task::JoinHandle<Result<Delivery, Failure>>,
) -> Found {
    let put = filled(WAITED, 0, 0);
    bench.peer.put(&put).await?;
    let begun = Instant::now();
    match tokio::time::timeout(bench.stand.patience(), waiting).await {
        Err(_) => broken(format!(
            "nothing comes within {} s after the server is back",
            bench.stand.patience().as_secs()
        )),
        Ok(Err(ended)) => broken(format!("waiting ended: {ended}")),
        Ok(Ok(Err(failure))) => broken(format!("waiting ended: {}", shown(&failure))),
        Ok(Ok(Ok(delivery))) if delivery.octets != put => {
            broken(difference(&put, &delivery.octets))
        }
        Ok(Ok(Ok(delivery))) => {
            acknowledge(delivery).await?;
            Ok(format!("after {} ms", begun.elapsed().as_millis()))
        }
    }
}

async fn comes_back(bench: &Bench<'_>, transport: Arc<dyn Transport>) -> Found {
    let sent = filled(COMES_BACK, 0, 0);
    let begun = Instant::now();
    let outgoing = Outgoing {
        cop_msg_id: "K-BACK",
        message: "CEB311Message",
        envelope: &sent,
    };
    loop {
        match transport.send(outgoing).await {
            Ok(_) => break,
            Err(failure) if begun.elapsed() > bench.stand.patience() => {
                return broken(format!("it does not send again: {}", shown(&failure)));
            }
            Err(failure) => drop(later(failure)?),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bench.took(&sent).await?;
    let told = format!("after {} ms", begun.elapsed().as_millis());
    bench.emptied().await?;
    close(bench.stand, transport).await?;
    Ok(told)
}
