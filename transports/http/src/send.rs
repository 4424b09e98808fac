//! Hands an envelope over, and reads whether it was taken.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tongguan_contracts::{Accepted, Failure, Outgoing};

use crate::link::Link;
use crate::names::Scope;
use crate::options::{Options, Send};

pub(crate) struct Outbox {
    pub options: Options,
    pub link: Arc<Link>,
    /// Until then the platform wants to be left alone.
    pub not_before: Mutex<Option<Instant>>,
}

impl Outbox {
    pub(crate) async fn put(&self, outgoing: Outgoing<'_>) -> Result<Accepted, Failure> {
        let part = self.options.part.as_str();
        let Some(send) = &self.options.send else {
            return Err(
                Failure::misconfigured(part, "send", "its table has no send")
                    .remedy("add [transports.NAME.send], or leave it out of [[routes]]")
                    .unsent(),
            );
        };
        let doing = format!("send to {}", self.link.shown(""));
        self.wait(&doing)?;
        let scope = |outgoing| {
            let scope = Scope::new(&self.options.given);
            scope.carrying(outgoing, send.request.asks("content"))
        };
        let unwritable = |why: String| {
            Failure::rejected(part, doing.as_str(), why)
                .remedy("check the texts of send in the manifest")
                .unsent()
        };
        let prepared = scope(outgoing).map_err(unwritable)?;
        let prepared = send.request.prepare(prepared).map_err(unwritable)?;
        let doing = format!("send to {}", self.link.shown(&prepared.path));
        let answer = self.link.ask(&doing, prepared).await?;
        let scope = Scope::new(&self.options.given);
        let scope = scope.carrying(outgoing, false).map_err(unwritable)?;
        self.judge(send, &doing, &answer, &scope)
    }

    fn judge(
        &self,
        send: &Send,
        doing: &str,
        answer: &crate::link::Answer,
        scope: &Scope<'_>,
    ) -> Result<Accepted, Failure> {
        let part = self.options.part.as_str();
        if send.taken_when.holds(answer, scope) {
            return Ok(Accepted {
                evidence: format!("{doing}: {}", answer.told()),
            });
        }
        let rejected = send.rejected_when.as_ref();
        if rejected.is_some_and(|rejected| rejected.holds(answer, scope)) {
            return Err(Failure::rejected(part, doing, answer.told())
                .remedy("see what the platform says (rejected_when holds)"));
        }
        if let Some(wait) = answer.later() {
            let mut not_before = self
                .not_before
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *not_before = Instant::now().checked_add(wait);
        }
        if send.taken_when.may_hold(answer.status) || answer.status.is_success() {
            let why = format!(
                "the answer does not say that it was taken: {}",
                answer.told()
            );
            return Err(Failure::transient(part, doing, why)
                .remedy("see what the platform says, and send.taken_when in the manifest"));
        }
        Err(answer.failure(part, doing))
    }

    /// What the platform asked for is kept.
    fn wait(&self, doing: &str) -> Result<(), Failure> {
        let not_before = *self
            .not_before
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(left) = not_before.and_then(|at| at.checked_duration_since(Instant::now())) else {
            return Ok(());
        };
        let why = format!(
            "the platform asked to be left alone for {} s more",
            left.as_secs() + 1
        );
        Err(Failure::transient(&self.options.part, doing, why).unsent())
    }
}
