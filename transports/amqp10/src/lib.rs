//! Carries envelopes over AMQP 1.0: JMS brokers (ActiveMQ, Artemis, Qpid, IBM MQ), and RabbitMQ.
//!
//! An envelope is taken once the broker has accepted it (AMQP 1.0, 3.4.2). A delivery stays the
//! broker's until it is accepted. Both directions have a connection of their own, to the first host
//! that takes it, and come back with growing pauses when it is lost.
#![forbid(unsafe_code)]

mod link;
mod options;
mod receive;
mod send;
mod tls;
mod trouble;

use async_trait::async_trait;
use std::sync::Arc;

use tongguan_contracts::{Accepted, Delivery, Failure, Outgoing, PartOptions, Transport};
use tongguan_fetching::Fetching;

use link::Link;
use options::Options;
use receive::Node;
use send::Outlet;

struct Amqp10 {
    part: String,
    options: Arc<Options>,
    sending: Arc<Outlet>,
    receiving: Fetching<Node>,
}

/// Builds the transport. Nothing is connected yet.
///
/// # Errors
/// The options are wrong, or a secret cannot be found.
pub fn build(given: PartOptions) -> Result<Arc<dyn Transport>, Failure> {
    let options = Arc::new(Options::read(&given)?);
    Ok(Arc::new(Amqp10 {
        sending: Arc::new(Outlet::new(&given.part, &options)),
        receiving: Fetching::new(Arc::new(Node {
            part: given.part.clone(),
            options: Arc::clone(&options),
        })),
        part: given.part,
        options,
    }))
}

#[async_trait]
impl Transport for Amqp10 {
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Accepted, Failure> {
        let (outlet, message) = (Arc::clone(&self.sending), send::message(outgoing));
        let sending = tokio::spawn(async move { outlet.send(message).await });
        sending
            .await
            .unwrap_or_else(|error| Err(Failure::transient(&self.part, "wait for its task", error)))
    }

    async fn receive(&self) -> Result<Delivery, Failure> {
        self.receiving.next().await
    }

    async fn check(&self) -> Result<(), Failure> {
        let mut link = Link::open(&self.part, &self.options).await?;
        let looked = link.look(&self.part, &self.options).await;
        link.close().await;
        looked
    }

    async fn close(&self) {
        self.sending.close().await;
        self.receiving.close().await;
    }
}
