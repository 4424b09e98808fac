//! Sending: taken exactly when the other side has taken responsibility.

use std::collections::BTreeSet;
use std::time::Duration;
use tongguan_contracts::{Outgoing, Transport};

use super::{Bench, built, close, difference, filled};
use crate::check::{Found, Not, Rule, broken, shown};

pub(super) const TAKEN: Rule = Rule {
    id: "transport.taken",
    says: "Sending returns once the other side has taken responsibility: what was sent is there then.",
};

pub(super) async fn taken(bench: &Bench<'_>) -> Found {
    let transport = built(bench.stand)?;
    let mut evidence = String::new();
    for number in 0..5 {
        let sent = filled(TAKEN, number, 0);
        evidence = send(transport.as_ref(), &format!("K-{number}"), &sent).await?;
        bench.took(&sent).await?;
    }
    close(bench.stand, transport).await?;
    match evidence.trim() {
        "" => broken("it gives no evidence for people"),
        evidence => Ok(format!("5 of them; the last: {evidence}")),
    }
}

pub(super) const REPEAT: Rule = Rule {
    id: "transport.repeat",
    says: "The same envelope may be sent again, with the same id and octets: it is taken each time.",
};

pub(super) async fn repeat(bench: &Bench<'_>) -> Found {
    let transport = built(bench.stand)?;
    let sent = filled(REPEAT, 0, 0);
    send(transport.as_ref(), "K-REPEAT", &sent).await?;
    send(transport.as_ref(), "K-REPEAT", &sent).await?;
    bench.took(&sent).await?;
    // Once, or twice: the other side knows a repeat by its guid.
    let mut times = 1;
    while let Some(got) = bench.peer.take(bench.soon()).await? {
        if got != sent {
            return broken(format!("the repeat: {}", difference(&sent, &got)));
        }
        times += 1;
    }
    send(transport.as_ref(), "K-REPEAT", &sent).await?;
    if !bench.peer.knows_repeats() {
        bench.took(&sent).await?;
    }
    bench.emptied().await?;
    close(bench.stand, transport).await?;
    Ok(format!("two in a row arrive {times} time(s)"))
}

pub(super) const NAMES: Rule = Rule {
    id: "transport.names",
    says: "An id or message's name of odd characters does no harm: it leaves no folder and ends no \
           command, and the envelope is taken whole, or refused.",
};

pub(super) async fn names(bench: &Bench<'_>) -> Found {
    let transport = built(bench.stand)?;
    let long = "x".repeat(200);
    let ids = [
        "../../../etc/tongguan-kit",
        "a b'c\"d;e|f`g$(h)",
        "a\r\nQUIT\r\nDELE b",
        "编号-１",
        "%2e%2e%2f?x=1&y=2#z",
        ".hidden",
        "nul",
        long.as_str(),
    ];
    let mut refused = 0;
    for (number, id) in ids.into_iter().enumerate() {
        let sent = filled(NAMES, number, 0);
        for message in ["CEB311Message", "../报文 <x>"] {
            let outgoing = Outgoing {
                cop_msg_id: id,
                message,
                envelope: &sent,
            };
            match transport.send(outgoing).await {
                Ok(_) => bench
                    .took(&sent)
                    .await
                    .map_err(|not| about(&format!("{id:?}"), not))?,
                Err(_) => refused += 1,
            }
        }
    }
    close(bench.stand, transport).await?;
    Ok(format!("{} ids, {refused} sends refused", ids.len()))
}

pub(super) fn about(what: &str, not: Not) -> Not {
    match not {
        Not::Kept(why) => Not::Kept(format!("{what}: {why}")),
        here @ Not::Here(_) => here,
    }
}

pub(super) const AT_ONCE: Rule = Rule {
    id: "transport.at-once",
    says: "It may be asked to send several envelopes at once: each arrives.",
};

pub(super) async fn at_once(bench: &Bench<'_>) -> Found {
    const ENVELOPES: usize = 16;
    let transport = built(bench.stand)?;
    let all: Vec<Vec<u8>> = (0..ENVELOPES).map(|n| filled(AT_ONCE, n, 20_000)).collect();
    let sending = all.iter().enumerate().map(|(number, sent)| {
        let transport = transport.as_ref();
        async move { send(transport, &format!("K-ONCE-{number}"), sent).await }
    });
    futures::future::try_join_all(sending).await?;
    let mut missing: BTreeSet<&[u8]> = all.iter().map(Vec::as_slice).collect();
    while !missing.is_empty() {
        match bench.peer.take(bench.soon()).await? {
            // A repeat is allowed.
            Some(got) if all.contains(&got) => {
                missing.remove(got.as_slice());
            }
            Some(got) => {
                return broken(format!("what arrives was not sent: {} octets", got.len()));
            }
            None => return broken(format!("{} of {ENVELOPES} do not arrive", missing.len())),
        }
    }
    bench.emptied().await?;
    close(bench.stand, transport).await?;
    Ok(format!("{ENVELOPES} of them"))
}

/// Sends, which must succeed; gives the evidence.
pub(super) async fn send(
    transport: &dyn Transport,
    id: &str,
    envelope: &[u8],
) -> Result<String, Not> {
    let outgoing = Outgoing {
        cop_msg_id: id,
        message: "CEB311Message",
        envelope,
    };
    match transport.send(outgoing).await {
        Ok(accepted) => Ok(accepted.evidence),
        Err(failure) => broken(format!("it cannot send: {}", shown(&failure))),
    }
}

impl Bench<'_> {
    /// Within that time the other side sees what is there now.
    pub(super) fn soon(&self) -> Duration {
        self.peer.sees_within()
    }

    /// The other side has exactly this next.
    pub(super) async fn took(&self, sent: &[u8]) -> Result<(), Not> {
        match self.peer.take(self.soon()).await? {
            Some(got) if got == sent => Ok(()),
            Some(got) => broken(difference(sent, &got)),
            None => broken("it says that the other side has taken it, and it is not there"),
        }
    }

    /// The other side takes what is left.
    pub(super) async fn emptied(&self) -> Result<usize, Not> {
        let mut left = 0;
        while self.peer.take(self.soon()).await?.is_some() {
            left += 1;
        }
        Ok(left)
    }
}
