//! Parts that do as they are told, and a client that has them.

use async_trait::async_trait;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tokio::sync::watch;

use tongguan_contracts::{
    Accepted, Algorithm, Declaration, Delivery, Document, DocumentRefused, Failure, Identity,
    Origin, Outgoing, PartOptions, ReceiptNotice, Role, Settle, Signer, Transport,
};
use tongguan_core::{Client, Manifest, Registry, State, Until};
use tongguan_crypto::{Scheme, TestSubject, provider};

/// A transport that does as it is told, and keeps what it took.
#[derive(Default)]
pub struct Told {
    pub name: String,
    /// What it does: one of the words below.
    pub does: AtomicU8,
    pub took: Mutex<Vec<String>>,
    /// What comes in by it, in turn.
    pub brings: Mutex<Vec<Vec<u8>>>,
    /// What became of that: a role heard, it was acknowledged.
    pub became: Mutex<Vec<&'static str>>,
}

pub const TAKES: u8 = 0;
pub const UNREACHABLE: u8 = 1;
pub const LOSES: u8 = 2;
pub const REFUSES: u8 = 3;
/// It takes, and never closes.
pub const CLINGS: u8 = 4;
/// It takes the first one, and says nothing of it until it is told otherwise.
pub const DAWDLES: u8 = 5;
/// It takes; a role that hears by it panics.
pub const PANICS: u8 = 6;

impl Told {
    pub fn to(&self, does: u8) {
        self.does.store(does, Ordering::Relaxed);
    }

    pub fn took(&self) -> Vec<String> {
        self.took.lock().unwrap().clone()
    }
}

#[async_trait]
impl Transport for Told {
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Accepted, Failure> {
        let gone = || Failure::transient("told", "send", "as told");
        match self.does.load(Ordering::Relaxed) {
            UNREACHABLE => return Err(gone().unsent()),
            REFUSES => return Err(Failure::rejected("told", "send", "too large").unsent()),
            _ => {}
        }
        let id = outgoing.cop_msg_id.to_owned();
        let first = {
            let mut took = self.took.lock().unwrap();
            took.push(id);
            took.len() == 1
        };
        while first && self.does.load(Ordering::Relaxed) == DAWDLES {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if self.does.load(Ordering::Relaxed) == LOSES {
            return Err(gone());
        }
        Ok(Accepted {
            evidence: "as told".into(),
        })
    }

    async fn receive(&self) -> Result<Delivery, Failure> {
        loop {
            if let Some(octets) = self.brings.lock().unwrap().pop() {
                return Ok(Delivery {
                    origin: "told".into(),
                    octets,
                    settle: Box::new(Claim(told(&self.name))),
                });
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn check(&self) -> Result<(), Failure> {
        match self.does.load(Ordering::Relaxed) {
            UNREACHABLE | LOSES => Err(Failure::transient("told", "check", "as told")),
            _ => Ok(()),
        }
    }

    async fn close(&self) {
        if self.does.load(Ordering::Relaxed) == CLINGS {
            std::future::pending().await
        }
    }
}

pub struct Claim(Arc<Told>);

#[async_trait]
impl Settle for Claim {
    async fn acknowledge(self: Box<Self>) -> Result<(), Failure> {
        self.0.became.lock().unwrap().push("acknowledged");
        Ok(())
    }
    async fn give_back(self: Box<Self>) -> Result<(), Failure> {
        Ok(())
    }
}

/// A role that hears of receipts, and tells a transport so.
pub struct Listener(Arc<Told>);

impl Role for Listener {
    fn declares(&self) -> &[String] {
        &[]
    }
    fn read(&self, _: Document<'_>) -> Result<Vec<Declaration>, DocumentRefused> {
        Ok(Vec::new())
    }
    fn on_receipt(&self, notice: ReceiptNotice<'_>) -> Result<(), Failure> {
        assert_eq!((notice.guid, notice.receipt), ("GUID-0", "DxpRep"));
        if self.0.does.load(Ordering::Relaxed) == PANICS {
            self.0.became.lock().unwrap().push("panicked");
            panic!("as told");
        }
        self.0.became.lock().unwrap().push("heard");
        Ok(())
    }
}

pub struct Stamp(Identity, AtomicBool);

impl Signer for Stamp {
    fn identity(&self) -> &Identity {
        &self.0
    }
    fn algorithms(&self) -> &[Algorithm] {
        &[Algorithm::Sm2Sm3]
    }
    fn concurrency(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
    fn sign(&self, _: Algorithm, _: &[u8]) -> Result<Vec<u8>, Failure> {
        if self.1.swap(true, Ordering::SeqCst) {
            return Err(Failure::rejected("stamp", "sign", "it is signing already"));
        }
        std::thread::sleep(Duration::from_millis(20));
        self.1.store(false, Ordering::SeqCst);
        Ok(vec![1; 64])
    }
}

/// The transports that exist, by the name that their options give.
pub static TRANSPORTS: LazyLock<Mutex<BTreeMap<String, Arc<Told>>>> = LazyLock::new(Mutex::default);

pub fn told(name: &str) -> Arc<Told> {
    let mut all = TRANSPORTS.lock().unwrap();
    let new = || {
        Arc::new(Told {
            name: name.to_owned(),
            ..Told::default()
        })
    };
    Arc::clone(all.entry(name.to_owned()).or_insert_with(new))
}

pub fn build(options: PartOptions) -> Result<Arc<dyn Transport>, Failure> {
    Ok(told(options.options["name"].as_str().unwrap()))
}

pub fn listener(options: PartOptions) -> Result<Arc<dyn Role>, Failure> {
    let near = told(options.options["hears"].as_str().unwrap());
    Ok(Arc::new(Listener(near)))
}

/// A signer whose certificate is valid from and for so many days, as its options say.
pub fn stamp(options: PartOptions) -> Result<Arc<dyn Signer>, Failure> {
    let days = |name: &str, otherwise| options.options[name].as_i64().unwrap_or(otherwise);
    let subject = TestSubject {
        common_name: options.part.clone(),
        from_days: days("from", -1),
        days: days("days", 100),
    };
    let issued = provider().issue_for_tests(Scheme::Sm2Sm3, &subject, None, None);
    let certificate = provider().certificate(&issued.unwrap().certificate_pem);
    Ok(Arc::new(Stamp(
        Identity {
            key_name: "1".into(),
            certificate: certificate.unwrap().der,
        },
        AtomicBool::new(false),
    )))
}

pub fn client(dir: &Path, test: &str) -> Client {
    client_with(dir, test, "")
}

/// With more in its manifest; `signers` may follow `main`.
pub fn client_with(dir: &Path, test: &str, signers: &str) -> Client {
    let names = match signers {
        "" => r#""main""#,
        _ => r#"["main", "next"]"#,
    };
    let text = format!(
        r#"
[enterprise]
cop_code = "3301960T01"
cop_name = "示例"
dxp_id = "DXPENT0000012345"
[node]
[roles.main]
kind = "listener"
hears = "{test} near"
[signers.main]
kind = "stamp"
{signers}
[transports.near]
kind = "told"
name = "{test} near"
[transports.far]
kind = "told"
name = "{test} far"
[[routes]]
transports = ["near", "far"]
signer = {names}
[limits]
batch = 1
batch_wait_ms = 0
"#
    );
    let mut registry = Registry::default();
    registry.transport("told", build);
    registry.signer("stamp", stamp);
    registry.role("listener", listener);
    Client::open(Manifest::parse(&text, dir, "t.toml").unwrap(), registry).unwrap()
}

pub async fn submit(client: &Client, n: usize) {
    let declaration = Declaration {
        message: "CEB311Message".into(),
        guid: format!("GUID-{n}"),
        business_key: format!("P\nE\nORDER-{n}"),
        fragment: format!("<ceb:Order>{n}</ceb:Order>").into_bytes(),
        fingerprint: "a".into(),
        amends: false,
        origin: Origin::default(),
    };
    let taken = client.store().submit("main", vec![declaration]).await;
    taken.unwrap();
}

pub async fn is(client: &Client, n: usize, state: State) {
    for _ in 0..200 {
        let found = client.store().find(&format!("ORDER-{n}")).await.unwrap();
        if found.unwrap().summary.state == state {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let found = client.store().find(&format!("ORDER-{n}")).await.unwrap();
    panic!("ORDER-{n} is not {state}: {found:?}");
}

/// Runs a client while `work` goes on.
pub async fn running(client: &Client, work: impl Future<Output = ()>) {
    let (stop, stopped) = watch::channel(false);
    let work = async {
        work.await;
        stop.send(true).unwrap();
    };
    let (run, ()) = tokio::join!(client.run(stopped, Until::Stopped), work);
    run.unwrap();
}
