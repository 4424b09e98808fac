//! Carries envelopes over AMQP 0-9-1 (RabbitMQ).
//!
//! An envelope is taken once the broker has confirmed it, persistent and routed to a queue. A
//! delivery stays the broker's until it is acknowledged. Both directions have a connection of
//! their own, and come back with growing pauses when it is lost.
#![forbid(unsafe_code)]

mod link;
mod options;

use async_trait::async_trait;
use futures::StreamExt as _;
use lapin::message::Delivery as Message;
use lapin::options::{BasicAckOptions, BasicNackOptions, BasicPublishOptions};
use lapin::{BasicProperties, Confirmation, Consumer};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

use tongguan_contracts::{
    Accepted, Delivery, Failure, FailureClass, Outgoing, PartOptions, Settle, Transport,
};

use link::Link;
use options::Options;

/// AMQP's mark of a message that survives a restart of the broker.
const PERSISTENT: u8 = 2;

struct Amqp {
    part: String,
    options: Options,
    sending: Mutex<Option<Link>>,
    receiving: Mutex<Option<(Link, Consumer)>>,
}

/// Builds the transport. Nothing is connected yet.
///
/// # Errors
/// The options are wrong, or the password cannot be found.
pub fn build(given: PartOptions) -> Result<Arc<dyn Transport>, Failure> {
    let options = Options::read(&given)?;
    Ok(Arc::new(Amqp {
        part: given.part,
        options,
        sending: Mutex::default(),
        receiving: Mutex::default(),
    }))
}

impl Amqp {
    /// The channel to publish on; connects where there is none.
    async fn publisher(&self) -> Result<lapin::Channel, Failure> {
        let mut sending = self.sending.lock().await;
        if let Some(link) = sending.as_ref().filter(|link| link.is_up()) {
            return Ok(link.channel.clone());
        }
        let link = Link::open(&self.part, &self.options).await?;
        link.confirm(&self.part).await?;
        tracing::info!(part = self.part, "connected for sending");
        let channel = link.channel.clone();
        *sending = Some(link);
        Ok(channel)
    }

    async fn next(&self) -> Result<Option<Message>, Failure> {
        let mut receiving = self.receiving.lock().await;
        if receiving.is_none() {
            let link = Link::open(&self.part, &self.options).await?;
            let consumer = link.consume(&self.part, &self.options).await?;
            tracing::info!(part = self.part, "connected for receiving");
            *receiving = Some((link, consumer));
        }
        let Some((_, consumer)) = receiving.as_mut() else {
            return Ok(None);
        };
        match consumer.next().await {
            Some(Ok(message)) => Ok(Some(message)),
            Some(Err(error)) => {
                *receiving = None;
                Err(link::failure(&self.part, "receive", &error))
            }
            None => {
                *receiving = None;
                Err(Failure::transient(
                    &self.part,
                    "receive",
                    "the broker ended the delivery",
                ))
            }
        }
    }
}

#[async_trait]
impl Transport for Amqp {
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Accepted, Failure> {
        let part = self.part.as_str();
        // Without a channel nothing has left.
        let channel = self.publisher().await.map_err(Failure::unsent)?;
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
        let confirmed = tokio::time::timeout(self.options.confirm_timeout(), publish).await;
        let to = format!(
            "{}/{}",
            self.options.send.exchange, self.options.send.routing_key
        );
        match confirmed {
            Ok(Ok(Confirmation::Ack(None))) => Ok(Accepted {
                evidence: format!("confirmed by the broker, to {to}"),
            }),
            Ok(Ok(Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)))) => Err(
                Failure::misconfigured(part, format!("send to {to}"), "no queue is bound there")
                    .remedy("check send = { exchange, routing_key } in the manifest")
                    // The broker gave it back.
                    .unsent(),
            ),
            Ok(Ok(Confirmation::Nack(None) | Confirmation::NotRequested)) => Err(
                Failure::transient(part, format!("send to {to}"), "the broker did not take it"),
            ),
            Ok(Err(error)) => {
                *self.sending.lock().await = None;
                Err(link::failure(part, &format!("send to {to}"), &error))
            }
            Err(_) => Err(Failure::transient(
                part,
                format!("send to {to}"),
                "the broker did not confirm in time; it may have blocked publishers",
            )),
        }
    }

    async fn receive(&self) -> Result<Delivery, Failure> {
        let mut pause = Duration::from_millis(250);
        loop {
            match self.next().await {
                Ok(Some(message)) => {
                    let origin = format!(
                        "queue {}, delivery {}",
                        self.options.receive.queue, message.delivery_tag
                    );
                    let mut message = message;
                    let octets = std::mem::take(&mut message.data);
                    let settle = Box::new(Claim {
                        part: self.part.clone(),
                        message,
                    });
                    return Ok(Delivery {
                        origin,
                        octets,
                        settle,
                    });
                }
                Ok(None) => {}
                Err(failure) if failure.class() == FailureClass::Transient => {
                    let ms = pause.as_millis();
                    tracing::warn!(%failure, again_ms = %ms, "the broker is lost: coming back");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(10));
                }
                Err(failure) => return Err(failure),
            }
        }
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
        // Whoever waits in `receive` holds this lock; dropping that wait releases it.
        if let Ok(mut receiving) = self.receiving.try_lock()
            && let Some((link, _)) = receiving.take()
        {
            link.close().await;
        }
    }
}

/// A delivery that is not settled yet. Dropped, it comes again once the connection closes.
struct Claim {
    part: String,
    message: Message,
}

#[async_trait]
impl Settle for Claim {
    async fn acknowledge(self: Box<Self>) -> Result<(), Failure> {
        match self.message.ack(BasicAckOptions::default()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(link::failure(&self.part, "acknowledge a delivery", &error)),
        }
    }

    async fn give_back(self: Box<Self>) -> Result<(), Failure> {
        let again = BasicNackOptions {
            requeue: true,
            ..BasicNackOptions::default()
        };
        match self.message.nack(again).await {
            Ok(_) => Ok(()),
            Err(error) => Err(link::failure(&self.part, "give back a delivery", &error)),
        }
    }
}
