use async_trait::async_trait;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tongguan_contracts::{
    Accepted, Delivery, Failure, FailureClass, Outgoing, PartOptions, Settle, Transport,
};

use crate::device::Device;
use crate::told::Kind;
use crate::wire::{Field, Frame, Verb};

/// How long a plugin waits for a delivery at a time; one that does all on one thread must not keep
/// others from it.
const WAIT: Duration = Duration::from_secs(5);
const WAIT_AFFINE: Duration = Duration::from_millis(100);
/// How long to wait after a failure.
const PAUSE: Duration = Duration::from_secs(1);
/// How many deliveries are fetched before they are asked for.
const AHEAD: usize = 1;

struct Loaded {
    device: Arc<Device>,
    received: OnceLock<Mutex<mpsc::Receiver<Result<Delivery, Failure>>>>,
}

/// Builds a transport from a library. One that cannot start now, and is not required, is tried again
/// by itself.
///
/// # Errors
/// The manifest is wrong, or it is required and does not start.
pub fn transport(options: PartOptions) -> Result<Arc<dyn Transport>, Failure> {
    let (device, _) = Device::start(options, Kind::Transport)?;
    Ok(Arc::new(Loaded {
        device,
        received: OnceLock::new(),
    }))
}

/// Calls the plugin where that may block.
async fn blocking<T: Send + 'static>(
    device: &Arc<Device>,
    work: impl FnOnce(&Device) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let own = Arc::clone(device);
    match tokio::task::spawn_blocking(move || work(&own)).await {
        Ok(result) => result,
        Err(error) => Err(Failure::transient(
            device.part(),
            "wait for its plugin",
            error,
        )),
    }
}

#[async_trait]
impl Transport for Loaded {
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Accepted, Failure> {
        let frame = Frame::new(Verb::Send)
            .with(Field::CopMsgId, outgoing.cop_msg_id)
            .with(Field::Message, outgoing.message)
            .with(Field::Octets, outgoing.envelope);
        let answer = blocking(&self.device, move |device| device.call("send", frame)).await?;
        Ok(Accepted {
            evidence: answer.frame.text(Field::Evidence),
        })
    }

    async fn receive(&self) -> Result<Delivery, Failure> {
        let received = self.received.get_or_init(|| {
            let (to, received) = mpsc::channel(AHEAD);
            let device = Arc::clone(&self.device);
            std::thread::spawn(move || fetch(&device, &to));
            Mutex::new(received)
        });
        match received.lock().await.recv().await {
            Some(result) => result,
            // It is closed; whoever still waits is about to be dropped.
            None => std::future::pending().await,
        }
    }

    async fn check(&self) -> Result<(), Failure> {
        let check = |device: &Device| device.call("check it", Frame::new(Verb::Check));
        blocking(&self.device, check).await.map(drop)
    }

    async fn close(&self) {
        self.device.close();
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        // The fetching thread has its share of the device.
        self.device.close();
    }
}

/// Fetches deliveries until nobody wants them any more.
fn fetch(device: &Arc<Device>, to: &mpsc::Sender<Result<Delivery, Failure>>) {
    while !device.is_closed() && !to.is_closed() {
        let affine = device.info().is_some_and(|info| info.thread_affine);
        let wait = if affine { WAIT_AFFINE } else { WAIT };
        let ended = match device.wait("receive", Frame::new(Verb::Receive), wait) {
            Ok(answer) if answer.frame.get(Field::Octets).is_none() => continue,
            Ok(answer) => Ok(Delivery {
                origin: answer.frame.text(Field::Origin),
                octets: answer.frame.get(Field::Octets).unwrap_or_default().to_vec(),
                settle: Box::new(Settling {
                    device: Arc::clone(device),
                    generation: answer.generation,
                    delivery: Some(
                        answer
                            .frame
                            .get(Field::Delivery)
                            .unwrap_or_default()
                            .to_vec(),
                    ),
                }),
            }),
            Err(failure) if failure.class() == FailureClass::Misconfigured => Err(failure),
            Err(failure) => {
                if !device.is_closed() {
                    tracing::warn!(%failure, "receiving waits");
                }
                std::thread::sleep(PAUSE);
                continue;
            }
        };
        let failed = ended.is_err();
        if to.blocking_send(ended).is_err() {
            return;
        }
        if failed {
            std::thread::sleep(PAUSE);
        }
    }
}

struct Settling {
    device: Arc<Device>,
    generation: u64,
    delivery: Option<Vec<u8>>,
}

impl Settling {
    fn take(&mut self, taken: bool) -> impl FnOnce(&Device) -> Result<(), Failure> + use<> {
        let (generation, delivery) = (self.generation, self.delivery.take());
        move |device| {
            let frame = Frame::new(Verb::Settle)
                .with(Field::Delivery, delivery.unwrap_or_default())
                .number(Field::Taken, taken.into());
            device
                .call_same(generation, "settle a delivery", frame)
                .map(drop)
        }
    }
}

#[async_trait]
impl Settle for Settling {
    async fn acknowledge(mut self: Box<Self>) -> Result<(), Failure> {
        let settle = self.take(true);
        blocking(&self.device, settle).await
    }

    async fn give_back(mut self: Box<Self>) -> Result<(), Failure> {
        let settle = self.take(false);
        blocking(&self.device, settle).await
    }
}

impl Drop for Settling {
    fn drop(&mut self) {
        if self.delivery.is_none() || self.device.is_closed() {
            return;
        }
        let (device, settle) = (Arc::clone(&self.device), self.take(false));
        std::thread::spawn(move || {
            if let Err(failure) = settle(&device) {
                tracing::debug!(%failure, "a delivery that was dropped is not given back");
            }
        });
    }
}
