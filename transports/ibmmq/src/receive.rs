use async_trait::async_trait;
use std::sync::Arc;
use tokio::task::JoinHandle;

use tongguan_contracts::{Delivery, Failure, Settle};
use tongguan_fetching::Source;

use crate::codes::{BACKED_OUT, Returned};
use crate::pool::{Pool, Unit};
use crate::session::{Got, Session};
use crate::structures::Long;

/// How long a call waits for a message: an end is noticed after it.
const WAIT_MS: Long = 500;
/// A message that came so often is told of: something here keeps it from being committed.
const OFTEN: Long = 3;

/// The queue that answers come from.
pub(crate) struct Queue(pub Arc<Pool>);

/// Waits for the next message. The call goes on while nobody asks.
#[derive(Default)]
pub(crate) struct Waiting {
    unit: Option<Unit>,
    call: Option<JoinHandle<Called>>,
}

type Called = (Unit, Result<Option<Got>, Returned>);

#[async_trait]
impl Source for Queue {
    type Link = Waiting;

    fn part(&self) -> &str {
        &self.0.part
    }

    async fn connect(&self) -> Result<Waiting, Failure> {
        let unit = self.0.take().await?;
        Ok(Waiting {
            unit: Some(unit),
            call: None,
        })
    }

    async fn next(&self, link: &mut Waiting) -> Result<Delivery, Failure> {
        let pool = &self.0;
        let doing = format!("receive from {}", pool.options.from);
        loop {
            if link.call.is_none() {
                let mut unit = match link.unit.take() {
                    Some(unit) => unit,
                    // The one before is at work until its message is settled.
                    None => pool.take().await?,
                };
                link.call = Some(tokio::task::spawn_blocking(move || {
                    let got = unit.session.get(WAIT_MS);
                    (unit, got)
                }));
            }
            let Some(call) = link.call.as_mut() else {
                continue;
            };
            let ended = call.await;
            link.call = None;
            let (unit, got) = ended.map_err(|e| Failure::transient(&pool.part, &doing, e))?;
            match got {
                Ok(None) => link.unit = Some(unit),
                Ok(Some(got)) => return Ok(self.delivery(unit, got)),
                Err(failed) => {
                    if failed.is_gone() {
                        pool.forget_idle();
                    }
                    return Err(failed.failed(&pool.part, &doing));
                }
            }
        }
    }

    async fn close(&self, mut link: Waiting) {
        let mut unit = link.unit.take();
        if let Some(call) = link.call.take() {
            unit = call.await.ok().map(|(unit, _)| unit);
        }
        if let Some(Unit { session, .. }) = unit {
            // What it may have got goes back.
            let _ended = tokio::task::spawn_blocking(move || session.end()).await;
        }
    }
}

impl Queue {
    fn delivery(&self, unit: Unit, got: Got) -> Delivery {
        let Got {
            octets,
            msg_id,
            backed_out,
        } = got;
        let from = &self.0.options.from;
        let mut origin = format!("{from}, MsgId {}", hex::encode_upper(msg_id));
        if backed_out > 0 {
            origin = format!("{origin}, backed out {backed_out} times before");
        }
        if backed_out >= OFTEN {
            tracing::warn!(
                origin,
                "a message comes again and again: see above why it is not kept"
            );
        }
        Delivery {
            origin,
            octets,
            settle: Box::new(Claim {
                pool: Arc::clone(&self.0),
                unit,
            }),
        }
    }
}

/// A message in a unit of work that is open. Dropped, it goes back.
struct Claim {
    pool: Arc<Pool>,
    unit: Unit,
}

impl Claim {
    async fn settle(
        self,
        doing: &str,
        call: fn(&Session) -> Result<(), Returned>,
    ) -> Result<(), Failure> {
        let Self { pool, unit } = self;
        let own = Arc::clone(&pool);
        let settling = tokio::task::spawn_blocking(move || {
            let ended = call(&unit.session);
            match ended {
                Ok(()) => own.give(unit),
                Err(failed) if failed.reason == BACKED_OUT => own.give(unit),
                Err(_) => own.forget_idle(),
            }
            ended
        });
        match tokio::time::timeout(pool.options.outcome_timeout, settling).await {
            Ok(Ok(ended)) => ended.map_err(|e| e.failed(&pool.part, doing)),
            Ok(Err(error)) => Err(Failure::transient(&pool.part, doing, error)),
            Err(_) => Err(Failure::transient(
                &pool.part,
                doing,
                "the queue manager does not answer in time",
            )),
        }
    }
}

#[async_trait]
impl Settle for Claim {
    async fn acknowledge(self: Box<Self>) -> Result<(), Failure> {
        self.settle("commit a delivery", Session::commit).await
    }

    async fn give_back(self: Box<Self>) -> Result<(), Failure> {
        self.settle("give back a delivery", Session::back_out).await
    }
}
