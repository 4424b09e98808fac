//! What is wrong is told so that an operator finds it; what is well is found well.

use std::time::{Duration, Instant};
use tongguan_contracts::{Failure, FailureClass, Outgoing};

use super::{Stand, Wrong, built, close};
use crate::check::{Found, Not, Rule, Run, broken, not_here, shown};

pub(super) const HEALTH: Rule = Rule {
    id: "transport.health",
    says: "Its own check succeeds when all is well, and carries nothing.",
};

pub(super) async fn health(stand: &dyn Stand) -> Found {
    let transport = built(stand)?;
    for _ in 0..2 {
        if let Err(failure) = transport.check().await {
            return broken(shown(&failure));
        }
    }
    close(stand, transport).await?;
    let Some(peer) = stand.peer() else {
        return Ok("nobody is at the other side to see whether it carries something".to_owned());
    };
    match peer.take(peer.sees_within()).await? {
        None => Ok(String::new()),
        Some(got) => broken(format!("it sends {} octets to try", got.len())),
    }
}

pub(super) const UNKNOWN_OPTION: Rule = Rule {
    id: "transport.unknown-option",
    says: "An option that it does not know is refused as misconfigured, so that a misspelt one is \
           noticed. (A vendor's plugin may be lenient.)",
};

pub(super) async fn unknown_option(stand: &dyn Stand) -> Found {
    let failure = match stand.build_misspelt() {
        None => return not_here("the stand cannot build it so"),
        Some(Err(failure)) => failure,
        // A plugin may come later; its own check says why it does not.
        Some(Ok(transport)) => match transport.check().await {
            Ok(()) => {
                close(stand, transport).await?;
                return Ok(
                    "no, it ignores it: a misspelt option goes unnoticed (allowed)".to_owned(),
                );
            }
            Err(failure) => failure,
        },
    };
    if failure.class() == FailureClass::Misconfigured {
        Ok(failure.to_string())
    } else {
        broken(format!("not as misconfigured: {}", shown(&failure)))
    }
}

const WRONG: Rule = Rule {
    id: "transport.refused",
    says: "What an operator must mend (a wrong password, a missing right or queue) is told as \
           misconfigured, with its name; nothing is said to be taken.",
};

pub(super) async fn wrong(run: &mut Run, stand: &dyn Stand) {
    let begun = Instant::now();
    let all = stand.wrong();
    if all.is_empty() {
        let found = not_here("the stand knows nothing that can be wrong");
        run.note(WRONG, found, Duration::ZERO);
        return;
    }
    let mut told = Vec::new();
    let mut broken_by = Vec::new();
    for one in all {
        let what = one.what;
        match crate::check::bounded(refused(stand, one)).await {
            Ok(failure) => told.push(format!("{what}: {failure}")),
            Err(Not::Kept(why) | Not::Here(why)) => broken_by.push(format!("{what}: {why}")),
        }
    }
    let found = match broken_by.is_empty() {
        true => Ok(told.join("; ")),
        false => broken(broken_by.join("; ")),
    };
    run.note(WRONG, found, begun.elapsed());
}

async fn refused(stand: &dyn Stand, wrong: Wrong) -> Found {
    let transport = match wrong.built {
        Err(failure) => return named(&failure, &wrong.names),
        Ok(transport) => transport,
    };
    let told = match transport.check().await {
        Ok(()) => return broken("its check finds nothing wrong"),
        Err(failure) => named(&failure, &wrong.names)?,
    };
    let outgoing = Outgoing {
        cop_msg_id: "K-WRONG",
        message: "CEB311Message",
        envelope: b"<Tried/>",
    };
    // What is wrong may lie in the other direction alone.
    if let Err(failure) = transport.send(outgoing).await
        && failure.class() != FailureClass::Misconfigured
    {
        return broken(format!(
            "sending: not as misconfigured: {}",
            shown(&failure)
        ));
    }
    close(stand, transport).await?;
    Ok(told)
}

fn named(failure: &Failure, name: &str) -> Found {
    let told = shown(failure);
    if failure.class() != FailureClass::Misconfigured {
        return broken(format!("not as misconfigured: {told}"));
    }
    if !told.contains(name) {
        return broken(format!("it does not name {name:?}: {told}"));
    }
    Ok(failure.to_string())
}
