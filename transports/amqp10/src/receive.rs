use async_trait::async_trait;
use fe2o3_amqp::Receiver;
use fe2o3_amqp::link::delivery::DeliveryInfo;
use fe2o3_amqp::link::receiver::ReceiverDisposer;
use fe2o3_amqp::types::messaging::Body;
use fe2o3_amqp::types::primitives::Value;
use std::sync::Arc;

use tongguan_contracts::{Delivery, Failure, Settle};
use tongguan_fetching::Source;

use crate::link::Link;
use crate::options::Options;
use crate::trouble::failure;

/// The node that answers come from.
pub(crate) struct Node {
    pub part: String,
    pub options: Arc<Options>,
}

/// The octets of a message: data sections (a JMS BytesMessage), or one string or binary (a JMS
/// TextMessage). `None` for what is neither.
fn octets(body: Body<Value>) -> Option<Vec<u8>> {
    match body {
        Body::Data(sections) => {
            let sections = sections.into_iter();
            Some(sections.flat_map(|data| data.0.into_vec()).collect())
        }
        Body::Value(value) => match value.0 {
            Value::String(text) => Some(text.into_bytes()),
            Value::Binary(octets) => Some(octets.into_vec()),
            _ => None,
        },
        _ => None,
    }
}

#[async_trait]
impl Source for Node {
    type Link = (Link, Receiver);

    fn part(&self) -> &str {
        &self.part
    }

    async fn connect(&self) -> Result<Self::Link, Failure> {
        let mut link = Link::open(&self.part, &self.options).await?;
        let (from, credit) = (&self.options.from, self.options.credit);
        let receiver = link.receiver(&self.part, from, credit).await?;
        Ok((link, receiver))
    }

    async fn next(&self, (_, receiver): &mut Self::Link) -> Result<Delivery, Failure> {
        let from = &self.options.from.address;
        let doing = format!("receive from {from}");
        loop {
            let delivery = receiver.recv::<Body<Value>>().await;
            let delivery = delivery.map_err(|e| failure(&self.part, &doing, &e))?;
            let number = *delivery.delivery_id();
            let (info, message) = delivery.into_parts();
            if let Some(octets) = octets(message.body) {
                return Ok(Delivery {
                    origin: format!("{from}, delivery {number}"),
                    octets,
                    settle: Box::new(Claim {
                        part: self.part.clone(),
                        disposer: receiver.disposer(),
                        info,
                    }),
                });
            }
            tracing::error!(
                from,
                "a message without octets or text: rejected, for the broker to set aside"
            );
            let rejected = receiver.reject(info, None).await;
            rejected.map_err(|e| failure(&self.part, &doing, &e))?;
        }
    }

    async fn close(&self, (link, receiver): Self::Link) {
        drop(receiver);
        link.close().await;
    }
}

/// A delivery that is not settled yet. Dropped, it comes again once the link ends.
struct Claim {
    part: String,
    disposer: ReceiverDisposer,
    info: DeliveryInfo,
}

#[async_trait]
impl Settle for Claim {
    async fn acknowledge(self: Box<Self>) -> Result<(), Failure> {
        let settled = self.disposer.accept(self.info).await;
        settled.map_err(|e| failure(&self.part, "acknowledge a delivery", &e))
    }

    async fn give_back(self: Box<Self>) -> Result<(), Failure> {
        let settled = self.disposer.release(self.info).await;
        settled.map_err(|e| failure(&self.part, "give back a delivery", &e))
    }
}
