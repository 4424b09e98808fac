//! The real parts that a measurement stands on, in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::watch;

use tongguan_benches::Outcome;
use tongguan_contracts::{Failure, PartOptions, Transport};
use tongguan_core::{Client, Manifest, Registry};
use tongguan_crypto::{Scheme, TestSubject, provider};
use tongguan_simulator::{Checks, Options, Simulator};

/// A folder with keys and a manifest, a virtual host, an empty store.
pub struct Stage {
    pub folder: tempfile::TempDir,
    manifest: String,
    amqp: String,
    /// The address of the PostgreSQL database, where that is the store.
    pub database: Option<String>,
}

impl Stage {
    /// `None` where a part is not at hand.
    pub fn new(kind: &str, batch: usize) -> Outcome<Option<Self>> {
        let Ok(broker) = std::env::var("TONGGUAN_TEST_AMQP") else {
            return Ok(None);
        };
        let server = std::env::var("TONGGUAN_TEST_POSTGRES").ok();
        if kind == "postgres" && server.is_none() {
            return Ok(None);
        }
        // On the disk that the store of a user is on, not on a file system in memory.
        let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
        let subject = TestSubject {
            common_name: "bench".into(),
            days: 2,
            from_days: 0,
        };
        let issued = provider().issue_for_tests(Scheme::RsaSha1, &subject, None, None)?;
        let file = |name: &str, octets: &[u8]| std::fs::write(folder.path().join(name), octets);
        file("key.pem", &issued.key_pem)?;
        file("certificate.pem", &issued.certificate_pem)?;
        file("guest", b"guest\n")?;
        file("database", b"tongguan\n")?;
        script("rabbitmq", &["vhost", "bench"])?;
        let amqp = format!("{broker}/bench");
        let database = server
            .filter(|_| kind == "postgres")
            .map(|s| format!("{s}/bench"));
        if database.is_some() {
            script("postgres", &["database", "bench"])?;
        }
        let store = match &database {
            Some(url) => {
                format!("kind = \"postgres\"\nurl = \"{url}\"\npassword = \"file:database\"")
            }
            None => "kind = \"sqlite\"".to_owned(),
        };
        let manifest = format!(
            "[enterprise]\ncop_code = \"3301960T01\"\ncop_name = \"测试\"\n\
             dxp_id = \"DXPENT0000012345\"\n[node]\n[store]\n{store}\n\
             [signers.main]\nkind = \"software\"\nkey = \"key.pem\"\ncertificate = \"certificate.pem\"\n\
             [transports.main]\nkind = \"amqp\"\nurl = \"{amqp}\"\nusername = \"guest\"\n\
             password = \"file:guest\"\nsend = {{ routing_key = \"to-customs\" }}\n\
             receive = {{ queue = \"from-customs\" }}\ndeclare = true\n\
             [[routes]]\ntransport = \"main\"\nsigner = \"main\"\n\
             [roles.main]\nkind = \"ecommerce\"\ndeclares = [\"CEB311Message\"]\n\
             [limits]\nbatch = {batch}\nbatch_wait_ms = {}\n",
            if batch == 1 { 0 } else { 200 }
        );
        Ok(Some(Self {
            folder,
            manifest,
            amqp,
            database,
        }))
    }

    /// The client, as the program tongguan builds it.
    pub fn client(&self) -> Result<Client, Failure> {
        let mut registry = Registry::default();
        for (kind, build) in tongguan_roles::all() {
            registry.role(kind, build);
        }
        registry.signer("software", tongguan_signer_software::build);
        registry.transport("amqp", tongguan_transport_amqp::build);
        let manifest = Manifest::parse(&self.manifest, self.folder.path(), "bench.toml")?;
        Client::open(manifest, registry)
    }

    /// A connection to the broker of its own.
    pub fn transport(&self, send: &str, receive: &str) -> Result<Arc<dyn Transport>, Failure> {
        tongguan_transport_amqp::build(PartOptions {
            part: "transport \"bench\"".into(),
            options: serde_json::json!({
                "url": self.amqp, "username": "guest", "password": "file:guest",
                "send": { "routing_key": send }, "receive": { "queue": receive }, "declare": true,
            }),
            base: self.folder.path().to_owned(),
        })
    }

    /// What stands in for the platform and the customs.
    pub fn other_side(&self) -> Result<OtherSide, Failure> {
        Ok(OtherSide {
            // As it was when these figures began: what customs looks for is not what is measured.
            simulator: Simulator::new(Options {
                checks: Checks::Form,
                ..Options::default()
            })?,
            transport: self.transport("from-customs", "to-customs")?,
        })
    }
}

pub struct OtherSide {
    simulator: Simulator,
    transport: Arc<dyn Transport>,
}

impl OtherSide {
    /// Answers until it is told to stop.
    pub fn answers(self, stop: watch::Receiver<bool>) -> JoinHandle<Result<(), Failure>> {
        idly(async move { self.simulator.run(self.transport, stop).await })
    }
}

/// Does the other side's work on a thread of its own, which gets what the others leave of the
/// machine: in life the other side is another machine's work.
pub fn idly(
    work: impl Future<Output = Result<(), Failure>> + Send + 'static,
) -> JoinHandle<Result<(), Failure>> {
    std::thread::spawn(move || {
        let unfit = |e: std::io::Error| Failure::transient("bench", "start the other side", e);
        rustix::process::setpriority_process(None, 19).map_err(|e| unfit(e.into()))?;
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().map_err(unfit)?;
        runtime.block_on(work)
    })
}

fn script(name: &str, args: &[&str]) -> Outcome<()> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests")
        .join(name);
    let done = Command::new(&path).args(args).status()?;
    done.success()
        .then_some(())
        .ok_or_else(|| format!("{} {args:?} failed", path.display()).into())
}

/// Orders with one item, as a shop declares them.
pub fn orders(from: usize, count: usize) -> Vec<u8> {
    let order = |n: usize| {
        serde_json::json!({
            "OrderHead": {
                "orderNo": format!("ORDER-{n:09}"), "ebpCode": "3301960T02",
                "ebpName": "示例电商平台", "ebcCode": "3301960T01", "ebcName": "示例跨境电商有限公司",
                "goodsValue": "136.00", "freight": "10", "discount": "0", "taxTotal": "12.38",
                "acturalPaid": "158.38", "buyerRegNo": format!("u{n}"), "buyerName": "测试甲",
                "buyerTelephone": "13800000001", "buyerIdNumber": "110101199001010015",
                "consignee": "测试甲", "consigneeTelephone": "13800000001",
                "consigneeAddress": "北京市东城区示例街道1号"
            },
            "OrderList": [{
                "itemName": "伯爵红茶 200克", "gmodel": "红茶|伯爵|200克/罐", "unit": "035", "qty": "2",
                "price": "68.00", "totalPrice": "136.00", "country": "110"
            }]
        })
    };
    serde_json::Value::from_iter((from..from + count).map(order))
        .to_string()
        .into_bytes()
}
