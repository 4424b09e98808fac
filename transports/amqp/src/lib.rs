//! Carries envelopes over AMQP 0-9-1 (RabbitMQ).
//!
//! An envelope is taken once the broker has confirmed it, persistent and routed to a queue. A
//! delivery stays the broker's until it is acknowledged. Both directions have a connection of
//! their own, to the first host of the cluster that takes it, and come back with growing pauses when
//! it is lost.
#![forbid(unsafe_code)]

mod link;
mod options;
mod receive;
mod tls;
mod trouble;

use async_trait::async_trait;
use lapin::options::BasicPublishOptions;
use lapin::{BasicProperties, Confirmation};
use std::sync::Arc;
use tokio::sync::{Mutex, watch};

use tongguan_contracts::{Accepted, Delivery, Failure, Outgoing, PartOptions, Transport};
use tongguan_fetching::Fetching;

use link::Link;
use options::Options;
use receive::Queue;

/// AMQP's mark of a message that survives a restart of the broker.
const PERSISTENT: u8 = 2;

type Blocked = watch::Receiver<Option<String>>;

struct Amqp {
    part: String,
    options: Arc<Options>,
    sending: Mutex<Option<Link>>,
    receiving: Fetching<Queue>,
}

/// Builds the transport. Nothing is connected yet.
///
/// # Errors
/// The options are wrong, or the password cannot be found.
pub fn build(given: PartOptions) -> Result<Arc<dyn Transport>, Failure> {
    let options = Arc::new(Options::read(&given)?);
    Ok(Arc::new(Amqp {
        receiving: Fetching::new(Arc::new(Queue {
            part: given.part.clone(),
            options: Arc::clone(&options),
        })),
        part: given.part,
        options,
        sending: Mutex::default(),
    }))
}

impl Amqp {
    /// The channel to publish on, and what tells that the broker takes nothing; connects where
    /// there is none.
    async fn publisher(&self) -> Result<(lapin::Channel, Blocked), Failure> {
        let mut sending = self.sending.lock().await;
        if let Some(link) = sending.as_ref().filter(|link| link.is_up()) {
            return Ok((link.channel.clone(), link.blocked()));
        }
        let link = Link::open(&self.part, &self.options).await?;
        link.confirm(&self.part).await?;
        tracing::info!(part = self.part, "connected for sending");
        let publisher = (link.channel.clone(), link.blocked());
        *sending = Some(link);
        Ok(publisher)
    }
}

#[async_trait]
impl Transport for Amqp {
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Accepted, Failure> {
        let part = self.part.as_str();
        let doing = format!("send to {}", self.options.send);
        // Without a channel nothing has left.
        let (channel, mut blocked) = self.publisher().await.map_err(Failure::unsent)?;
        if let Some(why) = blocked.borrow().as_deref() {
            return Err(taking_nothing(part, &doing, why).unsent());
        }
        let properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_content_type("application/xml".into())
            .with_message_id(outgoing.cop_msg_id.into());
        let mandatory = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let publish = async {
            channel
                .basic_publish(
                    self.options.send.exchange.as_str().into(),
                    self.options.send.routing_key.as_str().into(),
                    mandatory,
                    outgoing.envelope,
                    properties,
                )
                .await?
                .await
        };
        let confirmed = tokio::select! {
            confirmed = tokio::time::timeout(self.options.confirm_timeout, publish) => confirmed,
            // The broker may still read what is under way, once it is well again.
            Ok(why) = blocked.wait_for(Option::is_some) => {
                return Err(taking_nothing(part, &doing, why.as_deref().unwrap_or_default()));
            }
        };
        match confirmed {
            Ok(Ok(Confirmation::Ack(None))) => Ok(Accepted {
                evidence: format!("confirmed by the broker, to {}", self.options.send),
            }),
            Ok(Ok(Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)))) => Err(
                Failure::misconfigured(part, doing, "the broker returned it: no queue is there")
                    .remedy("check send = { exchange, routing_key } in the manifest")
                    .unsent(),
            ),
            Ok(Ok(Confirmation::Nack(None) | Confirmation::NotRequested)) => Err(
                Failure::transient(part, doing, "the broker did not take it")
                    .remedy("see the broker's log: the queue may be full, or without a majority"),
            ),
            // The next send finds the channel down, and opens another.
            Ok(Err(error)) => Err(trouble::failure(part, &doing, &error)),
            Err(_) => Err(
                Failure::transient(part, doing, "the broker did not confirm in time")
                    .remedy("see the broker's log; a longer confirm_timeout_ms waits longer"),
            ),
        }
    }

    async fn receive(&self) -> Result<Delivery, Failure> {
        self.receiving.next().await
    }

    async fn check(&self) -> Result<(), Failure> {
        let link = Link::open(&self.part, &self.options).await?;
        let result = link.look(&self.part, &self.options).await;
        link.close().await;
        result
    }

    async fn close(&self) {
        if let Some(link) = self.sending.lock().await.take() {
            link.close().await;
        }
        self.receiving.close().await;
    }
}

/// The broker has raised an alarm and takes nothing from publishers.
fn taking_nothing(part: &str, doing: &str, why: &str) -> Failure {
    let why = format!("the broker takes nothing at present: {why}");
    Failure::transient(part, doing, why)
        .remedy("see the broker: it goes on by itself once it has memory and disk again")
}
