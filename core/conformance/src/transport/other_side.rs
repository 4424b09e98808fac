//! Another transport that stands at the other side.

use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tongguan_contracts::{Outgoing, Transport};

use super::Peer;
use crate::check::shown;

/// What one sends, the other receives.
pub struct OtherSide {
    transport: Arc<dyn Transport>,
    sees_within: Duration,
    sent: AtomicU64,
}

impl OtherSide {
    /// A transport whose folders or queues are the other's, changed over. `sees_within`: how often
    /// it looks, and some more.
    pub fn new(transport: Arc<dyn Transport>, sees_within: Duration) -> Self {
        Self {
            transport,
            sees_within,
            sent: AtomicU64::new(0),
        }
    }
}

#[async_trait]
impl Peer for OtherSide {
    async fn put(&self, octets: &[u8]) -> Result<(), String> {
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        let id = format!("kit-{}-{number}", std::process::id());
        let outgoing = Outgoing {
            cop_msg_id: &id,
            message: "Tried",
            envelope: octets,
        };
        let sent = self.transport.send(outgoing).await;
        sent.map(drop)
            .map_err(|failure| format!("the other side cannot put it: {}", shown(&failure)))
    }

    async fn take(&self, within: Duration) -> Result<Option<Vec<u8>>, String> {
        let said = |failure| format!("the other side cannot take it: {}", shown(&failure));
        let Ok(delivery) = tokio::time::timeout(within, self.transport.receive()).await else {
            return Ok(None);
        };
        let delivery = delivery.map_err(said)?;
        delivery.settle.acknowledge().await.map_err(said)?;
        Ok(Some(delivery.octets))
    }

    fn sees_within(&self) -> Duration {
        self.sees_within
    }
}
