//! Takes the partner's messages and the MDNs that come in requests of their own. A message's MDN is
//! told only once the core has acknowledged what it brought.

use async_trait::async_trait;
use hyper::StatusCode;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc, oneshot};

use tongguan_contracts::{Delivery, Failure, Settle};

use crate::mdn::{self, Disposition, Wanted};
use crate::memory::Memory;
use crate::message::{self, Mic, Opened, Refusal};
use crate::mime::{Entity, unquoted};
use crate::options::{Endpoint, Options};
use crate::receipts::Receipts;
use crate::send::{Waiting, bare};
use crate::{blocking, evidence};

/// A Message-ID is never longer (RFC 5322, 2.1.1).
const LONGEST_ID: usize = 998;

/// What a request is answered.
#[derive(Debug)]
pub(crate) enum Answer {
    Mdn(Entity),
    /// The MDN comes later, or none is wanted.
    Taken,
    Refused(StatusCode, &'static str),
}

/// Come again.
const LATER: Answer = Answer::Refused(StatusCode::SERVICE_UNAVAILABLE, "not now, come again\n");

/// What all requests share.
pub(crate) struct Desk {
    pub options: Arc<Options>,
    pub memory: Arc<Memory>,
    pub waiting: Arc<Waiting>,
    pub receipts: Arc<Receipts>,
    /// There is an MDN to send.
    pub due: Arc<Notify>,
    pub deliver: mpsc::Sender<Delivery>,
    /// Messages that are under way to the core.
    pub under_way: Mutex<HashSet<(String, String)>>,
}

impl Desk {
    fn under_way(&self) -> MutexGuard<'_, HashSet<(String, String)>> {
        // Whole between any two operations, even after a panic.
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what a request brings.
    pub(crate) async fn take(self: &Arc<Self>, entity: Entity) -> Answer {
        // The signature and the Message-ID say whose an MDN is; some quote the names in it twice.
        if mdn::is_mdn(&entity) {
            return self.take_mdn(entity).await;
        }
        let options = &self.options;
        let name = |field: &str| entity.field(field).map(unquoted).unwrap_or_default();
        if name("AS2-From") != options.to || name("AS2-To") != options.from {
            tracing::warn!(
                from = name("AS2-From").escape_debug().to_string(),
                to = name("AS2-To").escape_debug().to_string(),
                "a message between others is not taken: as2_from and as2_to name who may send"
            );
            return Answer::Refused(
                StatusCode::FORBIDDEN,
                "AS2-From and AS2-To are not known here\n",
            );
        }
        let id = entity.field("Message-ID").unwrap_or_default().to_owned();
        if bare(&id).is_empty() || id.len() > LONGEST_ID {
            return Answer::Refused(StatusCode::BAD_REQUEST, "it has no Message-ID\n");
        }
        let wanted = Wanted::read(&entity, &id);
        let elsewhere = wanted.as_ref().and_then(|wanted| wanted.url.as_deref());
        if let Some(url) = elsewhere
            && !self.may_be_told_at(url)
        {
            tracing::warn!(
                url = url.escape_debug().to_string(),
                "a message wants its MDN sent to a host that mdn_hosts does not name: not taken"
            );
            return Answer::Refused(
                StatusCode::FORBIDDEN,
                "Receipt-Delivery-Option names a host that is not agreed\n",
            );
        }
        let opening = Arc::clone(&self.options);
        let opened = blocking(&options.part, move || Ok(message::open(&opening, entity)));
        match opened.await {
            Ok(Ok(opened)) => self.take_message(id, wanted, opened).await,
            Ok(Err(refusal)) => self.refuse(id, wanted, refusal).await,
            Err(failure) => {
                tracing::error!(%failure, "a message is not taken now");
                LATER
            }
        }
    }

    /// Where we send what a request asks us to send is not for a stranger to choose.
    fn may_be_told_at(&self, url: &str) -> bool {
        let hosts = &self.options.mdn_hosts;
        Endpoint::read(url).is_ok_and(|to| hosts.iter().any(|h| h.eq_ignore_ascii_case(&to.host)))
    }

    /// Tells why a message is not taken.
    async fn refuse(&self, id: String, wanted: Option<Wanted>, refusal: Refusal) -> Answer {
        let Refusal { modifier, why } = refusal;
        tracing::warn!(
            message_id = id.escape_debug().to_string(),
            modifier,
            why,
            "not taken"
        );
        let Some(wanted) = wanted else {
            return Answer::Refused(StatusCode::FORBIDDEN, "not taken\n");
        };
        let (options, url) = (Arc::clone(&self.options), wanted.url.clone());
        let disposition = Disposition::Failed(modifier.to_owned());
        let written = blocking(&self.options.part, move || {
            write(&options, &wanted, &disposition, None)
        });
        match (written.await, url) {
            (Ok(mdn), None) => Answer::Mdn(mdn),
            (Ok(mdn), Some(url)) => {
                self.receipts.tell_once(url, mdn);
                Answer::Taken
            }
            (Err(failure), _) => {
                tracing::error!(%failure, "cannot tell why a message is not taken");
                LATER
            }
        }
    }

    async fn take_message(
        self: &Arc<Self>,
        id: String,
        wanted: Option<Wanted>,
        opened: Opened,
    ) -> Answer {
        let Opened { payload, mic } = opened;
        let key = (id, mic.value.clone());
        let (memory, known) = (Arc::clone(&self.memory), key.clone());
        let told = blocking(&self.options.part, move || memory.told(&known.0, &known.1));
        match told.await {
            Ok(None) => {}
            Ok(Some(mdn)) => {
                tracing::info!(message_id = key.0, "a duplicate is told the same again");
                return self.tell_again(key, wanted, mdn).await;
            }
            Err(failure) => {
                tracing::error!(%failure, "a message is not taken now");
                return LATER;
            }
        }
        if !self.under_way().insert(key.clone()) {
            // The same one is with the core just now.
            return LATER;
        }
        let (tell, telling) = oneshot::channel();
        let origin = format!("as2:{}", bare(&key.0));
        let settle = Received {
            desk: Arc::clone(self),
            key,
            mic,
            wanted,
            tell: Some(tell),
        };
        let delivery = Delivery {
            origin,
            octets: payload,
            settle: Box::new(settle),
        };
        if self.deliver.send(delivery).await.is_err() {
            return LATER;
        }
        // Dropped or given back: it is to come again.
        telling.await.unwrap_or(LATER)
    }

    /// What was told of a message, for one that comes again.
    async fn tell_again(
        &self,
        key: (String, String),
        wanted: Option<Wanted>,
        mdn: Vec<u8>,
    ) -> Answer {
        let Some(wanted) = wanted.filter(|_| !mdn.is_empty()) else {
            return Answer::Taken;
        };
        let Some(url) = wanted.url else {
            return match Entity::parse(&mdn.into()) {
                Ok(mdn) => Answer::Mdn(mdn),
                Err(why) => {
                    tracing::error!(why, "what was told of a message cannot be read");
                    LATER
                }
            };
        };
        let memory = Arc::clone(&self.memory);
        let again = blocking(&self.options.part, move || {
            memory.remember(&key.0, &key.1, &mdn, Some(&url))
        });
        if let Err(failure) = again.await {
            tracing::error!(%failure, "an MDN cannot be sent again now");
            return LATER;
        }
        self.due.notify_one();
        Answer::Taken
    }

    /// Takes an MDN of something that we sent: kept first, then handed to whoever waits for it.
    async fn take_mdn(&self, entity: Entity) -> Answer {
        let (options, memory) = (Arc::clone(&self.options), Arc::clone(&self.memory));
        let kept = blocking(&self.options.part, move || {
            let report = match mdn::read(&options, &entity) {
                Ok(report) => report,
                Err(refusal) => return Ok(Err(refusal.why)),
            };
            let id = bare(&report.message_id).to_owned();
            if !memory.came(&id, &entity.octets())? {
                return Ok(Err(format!(
                    "nothing was sent as {id:?}, or it was told before"
                )));
            }
            // Whoever sent it may have gone, and what became of it may be known by then.
            evidence::keep(&options, &id, &entity)?;
            Ok(Ok((id, entity)))
        });
        match kept.await {
            Ok(Ok((id, entity))) => {
                self.waiting.settle(&id, entity);
                Answer::Taken
            }
            Ok(Err(why)) => {
                tracing::warn!(why, "an MDN does not count");
                Answer::Refused(StatusCode::FORBIDDEN, "this MDN does not count here\n")
            }
            Err(failure) => {
                tracing::error!(%failure, "an MDN is not taken now");
                LATER
            }
        }
    }
}

fn write(
    options: &Options,
    wanted: &Wanted,
    disposition: &Disposition,
    mic: Option<&Mic>,
) -> Result<Entity, Failure> {
    mdn::write(options, wanted, disposition, mic)
        .map_err(|e| Failure::misconfigured(&options.part, "sign an MDN", e).remedy("check key"))
}

/// A message that is with the core.
struct Received {
    desk: Arc<Desk>,
    key: (String, String),
    mic: Mic,
    wanted: Option<Wanted>,
    tell: Option<oneshot::Sender<Answer>>,
}

#[async_trait]
impl Settle for Received {
    async fn acknowledge(mut self: Box<Self>) -> Result<(), Failure> {
        let desk = Arc::clone(&self.desk);
        let (wanted, mic, key) = (self.wanted.clone(), self.mic.clone(), self.key.clone());
        let url = wanted.as_ref().and_then(|wanted| wanted.url.clone());
        let later = url.is_some();
        // Remembered though the caller may have gone: it comes again, and is told this.
        let remembered = blocking(&self.desk.options.part, move || {
            let mdn = match &wanted {
                None => None,
                Some(wanted) => {
                    let disposition = Disposition::Processed;
                    Some(write(&desk.options, wanted, &disposition, Some(&mic))?)
                }
            };
            let octets = mdn.as_ref().map(Entity::octets).unwrap_or_default();
            desk.memory
                .remember(&key.0, &key.1, &octets, url.as_deref())?;
            Ok(mdn)
        });
        let mdn = remembered.await?;
        let answer = match mdn {
            Some(mdn) if !later => Answer::Mdn(mdn),
            _ => Answer::Taken,
        };
        if later {
            self.desk.due.notify_one();
        }
        if let Some(tell) = self.tell.take() {
            let _ = tell.send(answer);
        }
        Ok(())
    }

    async fn give_back(self: Box<Self>) -> Result<(), Failure> {
        // Dropping it does it.
        Ok(())
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        self.desk.under_way().remove(&self.key);
    }
}
