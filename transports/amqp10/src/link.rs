//! One connection with one session.

use fe2o3_amqp::connection::ConnectionHandle;
use fe2o3_amqp::link::ReceiverAttachError;
use fe2o3_amqp::link::receiver::CreditMode;
use fe2o3_amqp::sasl_profile::SaslProfile;
use fe2o3_amqp::session::SessionHandle;
use fe2o3_amqp::types::messaging::{Source, Target};
use fe2o3_amqp::types::primitives::{Array, Symbol};
use fe2o3_amqp::{Connection, Receiver, Sender, Session};
use std::fmt::{Debug, Display};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;

use tongguan_contracts::{Failure, FailureClass};

use crate::options::{Host, Node, Options};
use crate::tls;
use crate::trouble::failure;

/// How long a good end may take.
const GOODBYE: Duration = Duration::from_secs(3);

/// How long to wait for the broker's word on why it has ended something.
const LAST_WORD: Duration = Duration::from_millis(500);

pub(crate) struct Link {
    connection: ConnectionHandle<()>,
    session: SessionHandle<()>,
}

/// Names of containers and links: the broker must not take one for another. IBM MQ takes no hyphen
/// ("AMQP 1.0 support", container-id).
fn name(what: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("tongguan.{what}.{}.{number}", std::process::id())
}

/// Capabilities, as a link tells them; none where there are none.
fn told(capabilities: &[String]) -> Option<Array<Symbol>> {
    let all: Vec<Symbol> = capabilities
        .iter()
        .map(|c| Symbol::from(c.as_str()))
        .collect();
    (!all.is_empty()).then(|| Array::from(all))
}

impl Link {
    /// Connects to the first host that takes it.
    pub(crate) async fn open(part: &str, options: &Options) -> Result<Self, Failure> {
        let mut failures: Vec<Failure> = Vec::new();
        for host in &options.hosts {
            let doing = format!("connect to {host}");
            let opening = Self::to(part, options, host, &doing);
            match tokio::time::timeout(options.connect_timeout, opening).await {
                Ok(Ok(link)) => return Ok(link),
                Ok(Err(failure)) => failures.push(failure),
                Err(_) => failures.push(
                    Failure::transient(part, doing, "no answer in time")
                        .remedy("check url, the network, and that the broker runs"),
                ),
            }
        }
        let all: Vec<String> = failures.iter().map(ToString::to_string).collect();
        // One that may come back is worth waiting for.
        let lasting = |f: &Failure| f.class() == FailureClass::Misconfigured;
        let worth = failures.iter().position(|f| !lasting(f)).unwrap_or(0);
        let several = all.len() > 1;
        match failures.into_iter().nth(worth) {
            Some(one) if several => {
                let doing = "connect to any host of its url";
                let remedy = one.how_to_mend().unwrap_or_default().to_owned();
                Err(Failure::new(one.class(), part, doing, all.join("; ")).remedy(remedy))
            }
            Some(one) => Err(one),
            // Options have at least one host.
            None => Err(Failure::misconfigured(part, "connect", "url names no host")),
        }
    }

    async fn to(part: &str, options: &Options, host: &Host, doing: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect((host.name.as_str(), host.port)).await;
        let stream = stream.map_err(|e| {
            Failure::transient(part, doing, e)
                .remedy("check url, the network, and that the broker runs")
        })?;
        let hostname = options.hostname.as_deref().unwrap_or(&host.name);
        let sasl = match &options.login {
            Some((user, password)) => SaslProfile::Plain {
                username: user.clone(),
                password: password.as_str().to_owned(),
            },
            None => SaslProfile::Anonymous,
        };
        let builder = Connection::builder()
            .container_id(name("node"))
            // TLS is ours; the library is given what comes out of it.
            .scheme("amqp")
            .hostname(hostname)
            .sasl_profile(sasl);
        let opened = if host.tls {
            let stream = tls::over(part, &options.tls, host, stream).await?;
            builder.open_with_stream(stream).await
        } else {
            builder.open_with_stream(stream).await
        };
        let who = options.login.as_ref().map_or("nobody", |(user, _)| user);
        let doing = format!("{doing} as {who}, hostname {hostname}");
        let mut connection = opened.map_err(|e| failure(part, &doing, &e))?;
        let session = Session::begin(&mut connection)
            .await
            .map_err(|e| failure(part, &doing, &e))?;
        Ok(Self {
            connection,
            session,
        })
    }

    pub(crate) fn is_up(&self) -> bool {
        !self.connection.is_closed() && !self.session.is_ended()
    }

    /// A link to the node that envelopes go to.
    pub(crate) async fn sender(&mut self, part: &str, node: &Node) -> Result<Sender, Failure> {
        let to = node.address.as_str();
        // RabbitMQ's plugin (before 4.0) says accepted though there is no such queue, and drops the
        // message; only a link from it does not come about then.
        let doing = format!("use send.address {to}");
        if to.starts_with("/amq/queue/") {
            match self.receives(node, 0).await {
                Ok(looking) => drop(looking),
                Err(error) => return Err(self.because(part, &doing, &error).await),
            }
        }
        let mut target = Target::builder().address(to);
        if let Some(capabilities) = told(&node.capabilities) {
            target = target.capabilities(capabilities);
        }
        let sender = Sender::builder().name(name("send")).target(target.build());
        match sender.attach(&mut self.session).await {
            Ok(sender) => Ok(sender),
            Err(error) => Err(self.because(part, &doing, &error).await),
        }
    }

    /// A link from the node that answers come from; with `credit` 0 nothing comes.
    pub(crate) async fn receiver(
        &mut self,
        part: &str,
        node: &Node,
        credit: u32,
    ) -> Result<Receiver, Failure> {
        let doing = format!("use receive.address {}", node.address);
        match self.receives(node, credit).await {
            Ok(receiver) => Ok(receiver),
            Err(error) => Err(self.because(part, &doing, &error).await),
        }
    }

    /// Whether both nodes may be used. Carries nothing.
    pub(crate) async fn look(&mut self, part: &str, options: &Options) -> Result<(), Failure> {
        let sender = self.sender(part, &options.to).await?;
        let receiver = self.receiver(part, &options.from, 0).await?;
        // Some refusals come only after the link has come about.
        let ended = tokio::time::timeout(LAST_WORD, self.session.on_end()).await;
        drop((sender, receiver));
        match ended {
            Err(_) => Ok(()),
            Ok(ended) => {
                let doing = format!("use {} and {}", options.to.address, options.from.address);
                Err(match ended {
                    Err(error) => failure(part, &doing, &error),
                    Ok(()) => Failure::transient(part, doing, "the broker ended the session"),
                })
            }
        }
    }

    /// A failure with what the broker said when it ended the session, if it did.
    async fn because(
        &mut self,
        part: &str,
        doing: &str,
        error: &(impl Debug + Display),
    ) -> Failure {
        match tokio::time::timeout(LAST_WORD, self.session.on_end()).await {
            Ok(Err(ended)) => failure(part, doing, &ended),
            _ => failure(part, doing, error),
        }
    }

    async fn receives(
        &mut self,
        node: &Node,
        credit: u32,
    ) -> Result<Receiver, ReceiverAttachError> {
        let mut source = Source::builder().address(node.address.as_str());
        if let Some(capabilities) = told(&node.capabilities) {
            source = source.capabilities(capabilities);
        }
        let mode = match credit {
            0 => CreditMode::Manual,
            credit => CreditMode::Auto(credit),
        };
        Receiver::builder()
            .name(name("receive"))
            .source(source.build())
            .credit_mode(mode)
            .attach(&mut self.session)
            .await
    }

    pub(crate) async fn close(mut self) {
        if self.session.is_ended() && self.connection.is_closed() {
            return;
        }
        let ending = async {
            let session = self.session.end().await.map_err(|e| e.to_string());
            let connection = self.connection.close().await.map_err(|e| e.to_string());
            session.and(connection)
        };
        match tokio::time::timeout(GOODBYE, ending).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(error, "the connection was gone already"),
            Err(_) => tracing::debug!("the broker does not say goodbye"),
        }
    }
}
