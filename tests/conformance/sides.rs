//! The other sides and the servers between, each looked at without what is under test.

use async_trait::async_trait;
use lapin::options::{
    BasicAckOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions,
    QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tongguan_conformance::transport::{Peer, Server};

use tongguan_contracts::{Outgoing, Transport};
use tongguan_simulator::Face;

use crate::stage::ibmmq::QueueManager;
use crate::stage::{ftp, good, parts};

/// Two folders, of the transport's own or of a server.
pub struct Folders {
    /// Where envelopes come.
    pub from: PathBuf,
    /// Where answers go.
    pub to: PathBuf,
    next: AtomicU64,
}

impl Folders {
    pub fn new(from: PathBuf, to: PathBuf) -> Self {
        Self {
            from,
            to,
            next: AtomicU64::new(0),
        }
    }
}

/// Looks again and again until there is something, or the time is over.
macro_rules! patiently {
    ($within:expr, $look:expr) => {{
        let begun = Instant::now();
        loop {
            let found = $look?;
            if found.is_some() || begun.elapsed() >= $within {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }};
}

impl Folders {
    fn look(&self) -> Result<Option<Vec<u8>>, String> {
        let mut all: Vec<PathBuf> = fs::read_dir(&self.from)
            .map_err(|e| e.to_string())?
            .map(|entry| entry.unwrap().path())
            .filter(|path| whole(path))
            .collect();
        all.sort();
        let Some(path) = all.first() else {
            return Ok(None);
        };
        let octets = fs::read(path).map_err(|e| e.to_string())?;
        fs::remove_file(path).map_err(|e| e.to_string())?;
        Ok(Some(octets))
    }
}

#[async_trait]
impl Peer for Folders {
    async fn put(&self, octets: &[u8]) -> Result<(), String> {
        let name = format!("{:06}.xml", self.next.fetch_add(1, Ordering::Relaxed));
        // Whole at once, as a good neighbour does.
        let part = self.to.with_extension("part");
        let put = fs::write(&part, octets).and_then(|()| fs::rename(&part, self.to.join(name)));
        put.map_err(|e| e.to_string())
    }

    async fn take(&self, within: Duration) -> Result<Option<Vec<u8>>, String> {
        patiently!(within, self.look())
    }
}

fn whole(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    !name.starts_with('.') && name.ends_with(".xml")
}

/// Two queues of a broker.
pub struct Queues {
    /// Where the broker is, with user and password.
    pub url: String,
    /// Where envelopes come.
    pub from: &'static str,
    /// Where answers go.
    pub to: &'static str,
}

impl Queues {
    /// A connection for one question: what was there before an outage is no use after it.
    async fn asked(&self) -> Result<(Connection, Channel), String> {
        let connecting = Connection::connect(&self.url, ConnectionProperties::default());
        let connection = connecting.await.map_err(|e| e.to_string())?;
        let channel = connection.create_channel().await;
        let channel = channel.map_err(|e| e.to_string())?;
        Ok((connection, channel))
    }

    /// Makes both, of the kind that several nodes keep.
    pub async fn quorum(&self) {
        let (_connection, channel) = self.asked().await.unwrap();
        let mut kind = FieldTable::default();
        kind.insert(
            "x-queue-type".into(),
            AMQPValue::LongString("quorum".into()),
        );
        for queue in [self.from, self.to] {
            let durable = QueueDeclareOptions::durable();
            let made = channel.queue_declare(queue.into(), durable, kind.clone());
            made.await.unwrap();
        }
    }

    async fn look(&self) -> Result<Option<Vec<u8>>, String> {
        let (connection, channel) = self.asked().await?;
        let told = |e: lapin::Error| e.to_string();
        let got = channel.basic_get(self.from.into(), BasicGetOptions::default());
        let mut octets = None;
        if let Some(message) = got.await.map_err(told)? {
            let acked = message.delivery.ack(BasicAckOptions::default());
            acked.await.map_err(told)?;
            octets = Some(message.delivery.data);
        }
        connection.close(200, "done".into()).await.map_err(told)?;
        Ok(octets)
    }
}

#[async_trait]
impl Peer for Queues {
    async fn put(&self, octets: &[u8]) -> Result<(), String> {
        let (connection, channel) = self.asked().await?;
        let put = async {
            channel
                .confirm_select(ConfirmSelectOptions::default())
                .await?;
            let durable = BasicProperties::default().with_delivery_mode(2);
            channel
                .basic_publish(
                    "".into(),
                    self.to.into(),
                    BasicPublishOptions::default(),
                    octets,
                    durable,
                )
                .await?
                .await?;
            connection.close(200, "done".into()).await
        };
        put.await.map_err(|e: lapin::Error| e.to_string())
    }

    async fn take(&self, within: Duration) -> Result<Option<Vec<u8>>, String> {
        patiently!(within, self.look().await)
    }
}

/// The tests' own RabbitMQ, which is killed as an accident does.
pub struct Broker;

#[async_trait]
impl Server for Broker {
    async fn stop(&self) {
        asked("kill");
    }

    async fn start(&self) {
        asked("start");
    }
}

fn asked(what: &str) {
    let script = parts::script("rabbitmq");
    good(Path::new("."), script.to_str().unwrap(), &[what]);
}

/// ProFTPD.
pub struct Proftpd(pub Mutex<ftp::Server>);

#[async_trait]
impl Server for Proftpd {
    async fn stop(&self) {
        self.0.lock().unwrap().stop();
    }

    async fn start(&self) {
        self.0.lock().unwrap().start();
    }
}

/// OpenSSH.
#[cfg(all(unix, feature = "sftp"))]
pub struct Sshd(pub Mutex<crate::stage::sshd::Server>);

#[cfg(all(unix, feature = "sftp"))]
#[async_trait]
impl Server for Sshd {
    async fn stop(&self) {
        self.0.lock().unwrap().stop();
    }

    async fn start(&self) {
        self.0.lock().unwrap().start();
    }
}

/// The gateway's face, and who takes what is posted there.
type Running = (Arc<dyn Transport>, JoinHandle<()>);

/// The simulator's gateway, whose owner looks into it now and then.
pub struct Gateway {
    pub port: u16,
    folder: tempfile::TempDir,
    taken: Arc<Mutex<VecDeque<Vec<u8>>>>,
    running: tokio::sync::Mutex<Option<Running>>,
    next: AtomicU64,
}

impl Gateway {
    /// One that serves; its token is `t0ken`.
    pub async fn new() -> Self {
        let gateway = Self {
            port: parts::free_port(),
            folder: tempfile::tempdir().unwrap(),
            taken: Arc::default(),
            running: tokio::sync::Mutex::default(),
            next: AtomicU64::new(0),
        };
        gateway.start().await;
        gateway
    }
}

#[async_trait]
impl Server for Gateway {
    async fn stop(&self) {
        if let Some((face, taking)) = self.running.lock().await.take() {
            taking.abort();
            face.close().await;
        }
    }

    async fn start(&self) {
        let face = Face {
            listen: ([127, 0, 0, 1], self.port).into(),
            folder: self.folder.path().to_owned(),
            token: Some("t0ken".to_owned().into()),
            tls: None,
            push: None,
        };
        let face = face.open().unwrap();
        let (taken, side) = (Arc::clone(&self.taken), Arc::clone(&face));
        let taking = tokio::spawn(async move {
            loop {
                let delivery = side.receive().await.unwrap();
                taken.lock().unwrap().push_back(delivery.octets);
                delivery.settle.acknowledge().await.unwrap();
            }
        });
        *self.running.lock().await = Some((face, taking));
        parts::until_listening(self.port, Path::new("none"));
    }
}

#[async_trait]
impl Peer for Gateway {
    async fn put(&self, octets: &[u8]) -> Result<(), String> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let running = self.running.lock().await;
        let (face, _) = running.as_ref().ok_or("it is stopped")?;
        let outgoing = Outgoing {
            cop_msg_id: &format!("R-{number}"),
            message: "CEB312Message",
            envelope: octets,
        };
        let put = face.send(outgoing).await;
        put.map(drop).map_err(|e| e.to_string())
    }

    async fn take(&self, within: Duration) -> Result<Option<Vec<u8>>, String> {
        patiently!(
            within,
            Ok::<_, String>(self.taken.lock().unwrap().pop_front())
        )
    }
}

/// A partner that takes what comes as it comes, and sends what it is given until it is taken: both
/// hands of it are busy by themselves, where a transport has no store between the two sides.
pub struct Partner {
    transport: Arc<dyn Transport>,
    taken: tokio::sync::Mutex<mpsc::UnboundedReceiver<Vec<u8>>>,
    taking: tokio::task::JoinHandle<()>,
    next: AtomicU64,
}

impl Partner {
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        let (take, taken) = mpsc::unbounded_channel();
        let receiving = Arc::clone(&transport);
        let taking = tokio::spawn(async move {
            loop {
                match receiving.receive().await {
                    Ok(delivery) => {
                        // What is not acknowledged comes again, and counts then.
                        if delivery.settle.acknowledge().await.is_ok() {
                            let _ = take.send(delivery.octets);
                        }
                    }
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        });
        Self {
            transport,
            taken: tokio::sync::Mutex::new(taken),
            taking,
            next: AtomicU64::new(0),
        }
    }
}

impl Drop for Partner {
    fn drop(&mut self) {
        self.taking.abort();
    }
}

#[async_trait]
impl Peer for Partner {
    fn knows_repeats(&self) -> bool {
        true
    }

    async fn put(&self, octets: &[u8]) -> Result<(), String> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (transport, octets) = (Arc::clone(&self.transport), octets.to_vec());
        tokio::spawn(async move {
            let id = format!("partner-{number}");
            let outgoing = Outgoing {
                cop_msg_id: &id,
                message: "Tried",
                envelope: &octets,
            };
            while transport.send(outgoing).await.is_err() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        Ok(())
    }

    async fn take(&self, within: Duration) -> Result<Option<Vec<u8>>, String> {
        let mut taken = self.taken.lock().await;
        let next = tokio::time::timeout(within, taken.recv()).await;
        Ok(next.ok().flatten())
    }
}

/// The double's queues, looked at as the files that they are: a descriptor (MQMD), then the octets.
pub struct Messages {
    pub manager: QueueManager,
    next: AtomicU64,
}

/// MQMD's length, of version 2.
const DESCRIPTOR: usize = 364;
/// Where it says whether a message is persistent.
const PERSISTENCE: usize = 44;

impl Messages {
    pub fn new(dir: &Path) -> Self {
        Self {
            manager: QueueManager::new(dir),
            next: AtomicU64::new(1),
        }
    }

    fn queue(&self, name: &str) -> PathBuf {
        self.manager.folder.join("QM1/queues").join(name)
    }

    fn look(&self) -> Result<Option<Vec<u8>>, String> {
        let mut all: Vec<PathBuf> = fs::read_dir(self.queue("TO.CUSTOMS"))
            .map_err(|e| e.to_string())?
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "msg"))
            .collect();
        all.sort();
        let Some(path) = all.first() else {
            return Ok(None);
        };
        let message = fs::read(path).map_err(|e| e.to_string())?;
        fs::remove_file(path).map_err(|e| e.to_string())?;
        let (descriptor, octets) = message.split_at(DESCRIPTOR);
        if descriptor[PERSISTENCE] != 1 {
            return Err("it is not persistent".to_owned());
        }
        Ok(Some(octets.to_vec()))
    }
}

#[async_trait]
impl Peer for Messages {
    async fn put(&self, octets: &[u8]) -> Result<(), String> {
        let mut descriptor = [0; DESCRIPTOR];
        descriptor[..8].copy_from_slice(b"MD  \x02\0\0\0");
        descriptor[PERSISTENCE] = 1;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let queue = self.queue("FROM.CUSTOMS");
        let part = queue.join("part");
        let put = fs::write(&part, [&descriptor, octets].concat());
        put.and_then(|()| fs::rename(&part, queue.join(format!("{number:012}.msg"))))
            .map_err(|e| e.to_string())
    }

    async fn take(&self, within: Duration) -> Result<Option<Vec<u8>>, String> {
        patiently!(within, self.look())
    }
}

#[async_trait]
impl Server for Messages {
    async fn stop(&self) {
        self.manager.stop();
    }

    async fn start(&self) {
        self.manager.start();
    }
}
