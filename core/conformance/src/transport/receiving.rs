//! Receiving: a delivery stays the other side's until it is acknowledged.

use std::sync::Arc;
use std::time::Duration;
use tongguan_contracts::{Delivery, Transport};

use super::{Bench, built, close, difference, filled};
use crate::check::{Found, Not, Rule, broken, shown};

/// The next delivery, which must be this.
pub(super) async fn next(
    bench: &Bench<'_>,
    transport: &dyn Transport,
    wanted: &[u8],
) -> Result<Delivery, Not> {
    let patience = bench.stand.patience();
    match tokio::time::timeout(patience, transport.receive()).await {
        Ok(Ok(delivery)) if delivery.octets == wanted => Ok(delivery),
        Ok(Ok(delivery)) => broken(difference(wanted, &delivery.octets)),
        Ok(Err(failure)) => broken(format!("it cannot receive: {}", shown(&failure))),
        Err(_) => broken(format!("nothing comes within {} s", patience.as_secs())),
    }
}

/// Acknowledges a delivery, which must succeed.
pub(super) async fn acknowledge(delivery: Delivery) -> Result<(), Not> {
    match delivery.settle.acknowledge().await {
        Ok(()) => Ok(()),
        Err(failure) => broken(format!("it cannot acknowledge: {}", shown(&failure))),
    }
}

/// Nothing comes.
async fn nothing(bench: &Bench<'_>, transport: &dyn Transport) -> Result<(), Not> {
    match tokio::time::timeout(bench.stand.quiet(), transport.receive()).await {
        Err(_) => Ok(()),
        Ok(Ok(delivery)) => {
            let told = format!(
                "{} octets come, from {}",
                delivery.octets.len(),
                delivery.origin
            );
            // The next check is to find nothing of it.
            let _ = delivery.settle.acknowledge().await;
            broken(told)
        }
        Ok(Err(failure)) => broken(format!("it cannot receive: {}", shown(&failure))),
    }
}

pub(super) const DELIVERS: Rule = Rule {
    id: "transport.delivers",
    says: "What the other side puts comes, with where it is from.",
};

pub(super) async fn delivers(bench: &Bench<'_>) -> Found {
    let transport = built(bench.stand)?;
    let put = filled(DELIVERS, 0, 0);
    bench.peer.put(&put).await?;
    let delivery = next(bench, transport.as_ref(), &put).await?;
    let origin = delivery.origin.clone();
    acknowledge(delivery).await?;
    // Already waiting when it is put.
    let put = filled(DELIVERS, 1, 0);
    let (delivery, ()) = futures::future::try_join(next(bench, transport.as_ref(), &put), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        Ok(bench.peer.put(&put).await?)
    })
    .await?;
    acknowledge(delivery).await?;
    close(bench.stand, transport).await?;
    if origin.trim().is_empty() {
        return broken("it does not tell where it is from");
    }
    Ok(origin)
}

pub(super) const ACKNOWLEDGED: Rule = Rule {
    id: "transport.acknowledged",
    says: "What was acknowledged does not come again, not even after a new start.",
};

pub(super) async fn acknowledged(bench: &Bench<'_>) -> Found {
    let transport = built(bench.stand)?;
    let put = filled(ACKNOWLEDGED, 0, 0);
    bench.peer.put(&put).await?;
    let delivery = next(bench, transport.as_ref(), &put).await?;
    acknowledge(delivery).await?;
    nothing(bench, transport.as_ref()).await?;
    close(bench.stand, transport).await?;
    let transport = built(bench.stand)?;
    nothing(bench, transport.as_ref()).await?;
    close(bench.stand, transport).await?;
    Ok(String::new())
}

pub(super) const UNSETTLED: Rule = Rule {
    id: "transport.unsettled",
    says: "What was not acknowledged comes again: after a good end, and after one without a word.",
};

pub(super) async fn unsettled(bench: &Bench<'_>) -> Found {
    let put = filled(UNSETTLED, 0, 0);
    bench.peer.put(&put).await?;
    for good in [true, false] {
        let transport = built(bench.stand)?;
        let delivery = next(bench, transport.as_ref(), &put).await?;
        if good {
            drop(delivery);
            close(bench.stand, transport).await?;
        } else {
            // As a crash: the delivery is still in somebody's hands when the transport is gone.
            drop(transport);
            drop(delivery);
        }
    }
    let transport = built(bench.stand)?;
    let delivery = next(bench, transport.as_ref(), &put).await?;
    acknowledge(delivery).await?;
    nothing(bench, transport.as_ref()).await?;
    close(bench.stand, transport).await?;
    Ok("it came three times".to_owned())
}

pub(super) const RETURNED: Rule = Rule {
    id: "transport.returned",
    says: "What was given back comes again, by itself.",
};

pub(super) async fn returned(bench: &Bench<'_>) -> Found {
    let transport = built(bench.stand)?;
    let put = filled(RETURNED, 0, 0);
    bench.peer.put(&put).await?;
    for _ in 0..2 {
        let delivery = next(bench, transport.as_ref(), &put).await?;
        if let Err(failure) = delivery.settle.give_back().await {
            return broken(format!("it cannot give back: {}", shown(&failure)));
        }
    }
    let delivery = next(bench, transport.as_ref(), &put).await?;
    acknowledge(delivery).await?;
    nothing(bench, transport.as_ref()).await?;
    close(bench.stand, transport).await?;
    Ok("twice".to_owned())
}

pub(super) const SEVERAL: Rule = Rule {
    id: "transport.several",
    says: "The next delivery comes whether those before it are settled or not; each is settled by \
           itself, in any order.",
};

pub(super) async fn several(bench: &Bench<'_>) -> Found {
    let transport = built(bench.stand)?;
    let all: Vec<Vec<u8>> = (0..3).map(|n| filled(SEVERAL, n, 0)).collect();
    for put in &all {
        bench.peer.put(put).await?;
    }
    let mut open = received(bench, transport.as_ref(), &all).await?;
    // The last and the first are taken; the one between comes again.
    let between = open.remove(&all[1]);
    for taken in [&all[2], &all[0]] {
        if let Some(delivery) = open.remove(taken) {
            acknowledge(delivery).await?;
        }
    }
    drop(between);
    close(bench.stand, transport).await?;
    let transport = built(bench.stand)?;
    let delivery = next(bench, transport.as_ref(), &all[1]).await?;
    acknowledge(delivery).await?;
    nothing(bench, transport.as_ref()).await?;
    close(bench.stand, transport).await?;
    Ok("3 open at once".to_owned())
}

type Open = std::collections::BTreeMap<Vec<u8>, Delivery>;

/// All of these, in any order, none settled.
async fn received(
    bench: &Bench<'_>,
    transport: &dyn Transport,
    all: &[Vec<u8>],
) -> Result<Open, Not> {
    let patience = bench.stand.patience();
    let mut open = Open::new();
    while open.len() < all.len() {
        let delivery = match tokio::time::timeout(patience, transport.receive()).await {
            Ok(Ok(delivery)) => delivery,
            Ok(Err(failure)) => {
                return broken(format!("it cannot receive: {}", shown(&failure)));
            }
            Err(_) => {
                return broken(format!(
                    "{} of {} come, the rest not within {} s",
                    open.len(),
                    all.len(),
                    patience.as_secs()
                ));
            }
        };
        if !all.contains(&delivery.octets) {
            return broken(format!(
                "what comes was not put: {} octets",
                delivery.octets.len()
            ));
        }
        let octets = delivery.octets.clone();
        if open.insert(octets, delivery).is_some() {
            return broken("one comes twice though it is not settled");
        }
    }
    Ok(open)
}

pub(super) const CANCELLED: Rule = Rule {
    id: "transport.cancelled",
    says: "To stop waiting for a delivery loses none.",
};

pub(super) async fn cancelled(bench: &Bench<'_>) -> Found {
    let transport = built(bench.stand)?;
    let mut missing: Vec<Vec<u8>> = (0..5).map(|n| filled(CANCELLED, n, 0)).collect();
    let all = missing.clone();
    let mut waits = 0u64;
    let begun = std::time::Instant::now();
    for put in &all {
        bench.peer.put(put).await?;
    }
    while !missing.is_empty() {
        waits += 1;
        // From so short that it cannot succeed to long enough.
        let wait = Duration::from_millis(1 << (waits % 12));
        match tokio::time::timeout(wait, transport.receive()).await {
            Err(_) => {}
            Ok(Ok(delivery)) => {
                missing.retain(|one| *one != delivery.octets);
                acknowledge(delivery).await?;
            }
            Ok(Err(failure)) => {
                return broken(format!("it cannot receive: {}", shown(&failure)));
            }
        }
        if begun.elapsed() > bench.stand.patience() * 2 {
            return broken(format!(
                "{} of {} never come after {waits} waits that were ended",
                missing.len(),
                all.len()
            ));
        }
    }
    close(bench.stand, transport).await?;
    Ok(format!("{} deliveries over {waits} waits", all.len()))
}

pub(super) const CLOSED: Rule = Rule {
    id: "transport.closed",
    says: "It may be closed while somebody waits for a delivery, and twice; it ends soon and loses \
           nothing.",
};

pub(super) async fn closed(bench: &Bench<'_>) -> Found {
    let transport = built(bench.stand)?;
    let waiting = Arc::clone(&transport);
    let receive = tokio::spawn(async move {
        // What it gives back is another's; a delivery that still comes is dropped.
        drop(waiting.receive().await);
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    close(bench.stand, Arc::clone(&transport)).await?;
    close(bench.stand, Arc::clone(&transport)).await?;
    receive.abort();
    if let Err(ended) = receive.await
        && ended.is_panic()
    {
        return broken("waiting panics when it is closed");
    }
    drop(transport);
    let put = filled(CLOSED, 0, 0);
    bench.peer.put(&put).await?;
    let transport = built(bench.stand)?;
    let delivery = next(bench, transport.as_ref(), &put).await?;
    acknowledge(delivery).await?;
    close(bench.stand, transport).await?;
    Ok(String::new())
}
