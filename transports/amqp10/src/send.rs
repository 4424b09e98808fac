use fe2o3_amqp::Sender;
use fe2o3_amqp::types::messaging::{Data, Header, Message, Outcome, Properties};
use fe2o3_amqp::types::primitives::{Binary, Symbol};
use std::sync::Arc;
use tokio::sync::Mutex;

use tongguan_contracts::{Accepted, Failure, Outgoing};

use crate::link::Link;
use crate::options::Options;
use crate::trouble::{failure, refused};

/// The link to the node that envelopes go to.
pub(crate) struct Outlet {
    pub part: String,
    pub options: Arc<Options>,
    link: Mutex<Option<(Link, Sender)>>,
}

/// An envelope as a message: durable, its octets one data section.
pub(crate) fn message(outgoing: Outgoing<'_>) -> Message<Data> {
    let header = Header {
        durable: true,
        ..Header::default()
    };
    let properties = Properties::builder()
        .message_id(outgoing.cop_msg_id.to_owned())
        .content_type(Symbol::from("application/xml"))
        .build();
    Message::builder()
        .header(header)
        .properties(properties)
        .data(Binary::from(outgoing.envelope.to_vec()))
        .build()
}

impl Outlet {
    pub(crate) fn new(part: &str, options: &Arc<Options>) -> Self {
        Self {
            part: part.to_owned(),
            options: Arc::clone(options),
            link: Mutex::default(),
        }
    }

    /// Sends, and waits for what becomes of it. Never cut short: half a message would break the link
    /// for those after it.
    pub(crate) async fn send(&self, message: Message<Data>) -> Result<Accepted, Failure> {
        let part = self.part.as_str();
        let to = self.options.to.address.as_str();
        let doing = format!("send to {to}");
        let mut open = self.link.lock().await;
        if !open.as_ref().is_some_and(|(link, _)| link.is_up()) {
            *open = None;
            let mut link = Link::open(part, &self.options)
                .await
                .map_err(Failure::unsent)?;
            let sender = link.sender(part, &self.options.to).await;
            let sender = sender.map_err(Failure::unsent)?;
            tracing::info!(part, "connected for sending");
            *open = Some((link, sender));
        }
        let Some((_, sender)) = open.as_mut() else {
            return Err(Failure::transient(part, doing, "there is no link").unsent());
        };
        let late = |what| {
            Failure::transient(part, &doing, what)
                .remedy("see the broker: it may be short of memory or disk, or the queue full")
        };
        let patience = self.options.outcome_timeout;
        let sent = tokio::time::timeout(patience, sender.send_batchable(message)).await;
        let outcome = match sent {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => {
                *open = None;
                return Err(failure(part, &doing, &error));
            }
            Err(_) => {
                *open = None;
                return Err(late("the broker gives no credit to send by"));
            }
        };
        // Others may send meanwhile.
        drop(open);
        match tokio::time::timeout(patience, outcome).await {
            Ok(Ok(Outcome::Accepted(_))) => Ok(Accepted {
                evidence: format!("accepted by the broker, at {to}"),
            }),
            Ok(Ok(outcome)) => Err(refused(part, &doing, &outcome)),
            Ok(Err(error)) => Err(failure(part, &doing, &error)),
            Err(_) => Err(late("the broker does not say what became of it in time")),
        }
    }

    pub(crate) async fn close(&self) {
        if let Some((link, sender)) = self.link.lock().await.take() {
            drop(sender);
            link.close().await;
        }
    }
}
