use sha2::{Digest as _, Sha256};
use std::sync::Arc;

use tongguan_contracts::{Accepted, Failure, Outgoing};

use crate::pool::Pool;
use crate::session::NotCommitted;

/// What a repeat is known by: the first 24 octets of the id's SHA-256.
pub(crate) fn correl_id(cop_msg_id: &str) -> [u8; 24] {
    let mut id = [0; 24];
    id.copy_from_slice(&Sha256::digest(cop_msg_id)[..24]);
    id
}

/// Puts an envelope, and commits. Taken is what the queue manager has committed.
pub(crate) async fn send(pool: &Arc<Pool>, outgoing: Outgoing<'_>) -> Result<Accepted, Failure> {
    let (part, options) = (pool.part.as_str(), Arc::clone(&pool.options));
    let doing = format!("send to {}", options.to.queue);
    let correl_id = correl_id(outgoing.cop_msg_id);
    let octets: Arc<[u8]> = outgoing.envelope.into();
    loop {
        let unit = pool.take().await.map_err(Failure::unsent)?;
        let (used, octets) = (unit.used, Arc::clone(&octets));
        let (own, options) = (Arc::clone(pool), Arc::clone(&options));
        // Goes on to its end where nobody waits for it any more.
        let carrying = tokio::task::spawn_blocking(move || {
            let ended = unit.session.send(&options, correl_id, &octets);
            match ended {
                Err(NotCommitted::Unsent(failed)) if failed.is_gone() => own.forget_idle(),
                Err(NotCommitted::Unknown(_)) => own.forget_idle(),
                _ => own.give(unit),
            }
            ended
        });
        let ended = match tokio::time::timeout(pool.options.outcome_timeout, carrying).await {
            Ok(ended) => ended,
            Err(_) => {
                let why = "the queue manager does not say what became of it in time";
                return Err(Failure::transient(part, doing, why)
                    .remedy("see the queue manager: its disk may be slow, or the network"));
            }
        };
        let failure = match ended {
            Ok(Ok(committed)) => {
                return Ok(Accepted {
                    evidence: format!(
                        "committed by the queue manager {}, on {}, MsgId {}, CorrelId {}",
                        committed.queue_manager,
                        committed.queue,
                        hex::encode_upper(committed.msg_id),
                        hex::encode_upper(correl_id)
                    ),
                });
            }
            // It had broken while it was idle: nothing left, and a new one may do.
            Ok(Err(NotCommitted::Unsent(failed))) if used && failed.is_gone() => continue,
            Ok(Err(NotCommitted::Unsent(failed))) => failed.failed(part, &doing).unsent(),
            Ok(Err(NotCommitted::Unknown(failed))) => {
                let doing = format!("learn whether {} has it", pool.options.to.queue);
                failed.failed(part, &doing)
            }
            Err(error) => Failure::transient(part, doing, error),
        };
        return Err(failure);
    }
}

#[cfg(test)]
mod tests {
    use super::correl_id;

    #[test]
    fn a_repeat_has_the_same_id() {
        assert_eq!(
            hex::encode(correl_id("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9c"
        );
    }
}
