//! Work: several calls at once, after a pause, over and over.

use std::num::NonZeroU32;
use std::thread;
use std::time::{Duration, Instant};
use tongguan_contracts::Signer;

use super::{Stand, signed};
use crate::check::{Found, Rule, broken, not_here, shown};

/// How much the process may grow over the search for leaks, in KiB: what caches take.
const GROWTH_KIB: u64 = 4096;
/// Signatures before the first look at its memory: what is loaded late and kept.
const WARM: u32 = 200;

pub(super) const AT_ONCE: Rule = Rule {
    id: "signer.at-once",
    says: "It takes as many calls at once as it says, and more wait their turn.",
};

pub(super) fn at_once(signer: &dyn Signer) -> Found {
    // More than it takes at once.
    let threads = signer.concurrency().get().min(16) * 2;
    let begun = Instant::now();
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads)
            .map(|n| {
                scope.spawn(move || {
                    (0..10).try_for_each(|round| {
                        signed(signer, format!("text {n} {round}").as_bytes()).map(drop)
                    })
                })
            })
            .collect();
        all.into_iter().try_for_each(|one| match one.join() {
            Ok(done) => done,
            Err(_) => Err("it panics".to_owned()),
        })
    })?;
    let signatures = threads * 10;
    Ok(format!(
        "{signatures} signatures from {threads} threads, {:.0} a second",
        pace(signatures, begun)
    ))
}

fn pace(signatures: usize, begun: Instant) -> f64 {
    // Far fewer than a float holds exactly.
    #[allow(clippy::cast_precision_loss, reason = "see above")]
    let signatures = signatures as f64;
    signatures / begun.elapsed().as_secs_f64()
}

pub(super) const IDLE: Rule = Rule {
    id: "signer.idle",
    says: "It works after a time without work: sessions that ran out are opened again.",
};

pub(super) fn idle(signer: &dyn Signer, pause: Duration) -> Found {
    thread::sleep(pause);
    signed(signer, b"tongguan")?;
    Ok(format!("after {} s", pause.as_secs_f32()))
}

pub(super) const LEAKS: Rule = Rule {
    id: "signer.leaks",
    says: "It does not leak: its process holds no more after many signatures than before.",
};

pub(super) fn leaks(signer: &dyn Signer, stand: &dyn Stand, rounds: NonZeroU32) -> Found {
    let text = [b'x'; 500];
    for _ in 0..WARM {
        signed(signer, &text)?;
    }
    let before = stand.held_kib();
    let begun = Instant::now();
    for round in 0..rounds.get() {
        signed(signer, &text).map_err(|why| format!("signature {round}: {why}"))?;
    }
    let pace = pace(rounds.get() as usize, begun);
    let told = format!("{rounds} signatures, {pace:.0} a second");
    let (Some(before), Some(after)) = (before, stand.held_kib()) else {
        return not_here(format!(
            "what its process holds is not known here, or it ended; {told}"
        ));
    };
    let grown = after.saturating_sub(before);
    if grown > GROWTH_KIB {
        return broken(format!("its process grew by {grown} KiB over {told}"));
    }
    Ok(format!("{grown} KiB more after {told}"))
}

pub(super) const LIVES: Rule = Rule {
    id: "signer.lives",
    says: "Its process lives through it all.",
};

pub(super) fn lives(stand: &dyn Stand) -> Found {
    match stand.restarts() {
        None => not_here("it runs in the client's own process"),
        Some((0, _)) => Ok("it was never started again".to_owned()),
        Some((times, why)) => broken(format!("it was started again {times} time(s): {why}")),
    }
}

pub(super) const AGAIN: Rule = Rule {
    id: "signer.again",
    says: "It can be closed and opened again, as the same.",
};

pub(super) fn again(stand: &dyn Stand) -> Found {
    let opened = |time| {
        let signer = stand
            .build()
            .map_err(|failure| format!("the {time} time: {}", shown(&failure)))?;
        signed(signer.as_ref(), b"tongguan")?;
        Ok::<_, String>(signer.identity().clone())
    };
    let (one, other) = (opened("second")?, opened("third")?);
    if one != other {
        return broken("it has another certificate now");
    }
    Ok(String::new())
}
