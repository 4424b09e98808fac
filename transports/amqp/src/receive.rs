use async_trait::async_trait;
use futures::StreamExt as _;
use lapin::Consumer;
use lapin::message::Delivery as Message;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use std::sync::Arc;
use tongguan_contracts::{Delivery, Failure, Settle};
use tongguan_fetching::Source;

use crate::link::Link;
use crate::options::Options;
use crate::trouble::failure;

/// The queue that answers come by.
pub(crate) struct Queue {
    pub part: String,
    pub options: Arc<Options>,
}

#[async_trait]
impl Source for Queue {
    type Link = (Link, Consumer);

    fn part(&self) -> &str {
        &self.part
    }

    async fn connect(&self) -> Result<Self::Link, Failure> {
        let link = Link::open(&self.part, &self.options).await?;
        let consumer = link.consume(&self.part, &self.options).await?;
        Ok((link, consumer))
    }

    async fn next(&self, (_, consumer): &mut Self::Link) -> Result<Delivery, Failure> {
        let queue = &self.options.receive.queue;
        let doing = format!("receive from the queue {queue}");
        let mut message = match consumer.next().await {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Err(failure(&self.part, &doing, &error)),
            None => {
                let why = "the broker ended the delivery";
                return Err(Failure::transient(&self.part, doing, why));
            }
        };
        Ok(Delivery {
            origin: format!("queue {queue}, delivery {}", message.delivery_tag),
            octets: std::mem::take(&mut message.data),
            settle: Box::new(Claim {
                part: self.part.clone(),
                message,
            }),
        })
    }

    async fn close(&self, (link, _): Self::Link) {
        link.close().await;
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
            Err(error) => Err(failure(&self.part, "acknowledge a delivery", &error)),
        }
    }

    async fn give_back(self: Box<Self>) -> Result<(), Failure> {
        let again = BasicNackOptions {
            requeue: true,
            ..BasicNackOptions::default()
        };
        match self.message.nack(again).await {
            Ok(_) => Ok(()),
            Err(error) => Err(failure(&self.part, "give back a delivery", &error)),
        }
    }
}
