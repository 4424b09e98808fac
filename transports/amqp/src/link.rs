//! One connection with one channel.

use futures::StreamExt as _;
use lapin::options::{
    BasicConsumeOptions, BasicQosOptions, ConfirmSelectOptions, ExchangeDeclareOptions,
    QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties, Consumer, Error, Event, ExchangeKind};
use tokio::sync::watch;

use tongguan_contracts::{Failure, FailureClass};

use crate::options::{Host, Options};
use crate::trouble::failure;

pub(crate) struct Link {
    connection: Connection,
    pub channel: Channel,
    /// Why the broker takes nothing at present.
    blocked: watch::Receiver<Option<String>>,
    listening: tokio::task::AbortHandle,
}

impl Link {
    /// Connects to the first host that takes it.
    pub(crate) async fn open(part: &str, options: &Options) -> Result<Self, Failure> {
        let mut failures: Vec<Failure> = Vec::new();
        for host in &options.hosts {
            match Self::to(part, options, host).await {
                Ok(link) => {
                    for failure in &failures {
                        tracing::warn!(%failure, to = host.shown, "went to another host");
                    }
                    link.declare(part, options).await?;
                    return Ok(link);
                }
                // It is one cluster: what refuses the user refuses it everywhere.
                Err((failure, true)) => return Err(failure),
                Err((failure, false)) => failures.push(failure),
            }
        }
        let lasting = |f: &Failure| f.class() == FailureClass::Misconfigured;
        let all: Vec<String> = failures.iter().map(ToString::to_string).collect();
        // One that may come back is worth waiting for.
        let worth = failures.iter().position(|f| !lasting(f)).unwrap_or(0);
        let Some(failure) = failures.into_iter().nth(worth) else {
            return Err(Failure::misconfigured(part, "connect", "url names no host"));
        };
        if all.len() == 1 {
            return Err(failure);
        }
        let remedy = failure.how_to_mend().unwrap_or_default().to_owned();
        let doing = "connect to any host of its url";
        Err(Failure::new(failure.class(), part, doing, all.join("; ")).remedy(remedy))
    }

    /// Whether the failure is the broker's own word, beside it.
    async fn to(part: &str, options: &Options, host: &Host) -> Result<Self, (Failure, bool)> {
        let doing = format!("connect to {}", host.shown);
        let properties = ConnectionProperties::default().with_connection_name("tongguan".into());
        let connecting = async {
            let connection = Connection::connect_uri_with_config(
                host.uri.clone(),
                properties,
                options.tls.clone(),
                lapin::runtime::default_runtime()?,
            )
            .await?;
            let channel = connection.create_channel().await?;
            Ok::<_, Error>((connection, channel))
        };
        let connected = tokio::time::timeout(options.connect_timeout, connecting).await;
        let (connection, channel) = connected
            .map_err(|_| {
                let failure = Failure::transient(part, doing.as_str(), "no answer in time")
                    .remedy("check url, the network, and that the broker runs");
                (failure, false)
            })?
            .map_err(|e| {
                let answered = matches!(e.kind(), lapin::ErrorKind::ProtocolError(_));
                (failure(part, &doing, &e), answered)
            })?;
        let mut events = Box::pin(connection.events_listener());
        let (tell, blocked) = watch::channel(None);
        let listening = tokio::spawn(async move {
            while let Some(event) = events.next().await {
                match event {
                    Event::ConnectionBlocked(why) => drop(tell.send_replace(Some(why))),
                    Event::ConnectionUnblocked => drop(tell.send_replace(None)),
                    _ => {}
                }
            }
        });
        Ok(Self {
            connection,
            channel,
            blocked,
            listening: listening.abort_handle(),
        })
    }

    /// Makes the queues, where that is asked for.
    async fn declare(&self, part: &str, options: &Options) -> Result<(), Failure> {
        if !options.declare {
            return Ok(());
        }
        let queues = [
            Some(options.receive.queue.as_str()),
            // The default exchange routes to the queue of the key's name.
            Some(options.send.routing_key.as_str()).filter(|_| options.send.exchange.is_empty()),
        ];
        for queue in queues.into_iter().flatten() {
            let durable = QueueDeclareOptions::durable();
            self.channel
                .queue_declare(queue.into(), durable, FieldTable::default())
                .await
                .map_err(|e| failure(part, &format!("make the queue {queue}"), &e))?;
        }
        Ok(())
    }

    pub(crate) fn is_up(&self) -> bool {
        self.connection.status().connected() && self.channel.status().connected()
    }

    /// Tells why the broker takes nothing, as soon as it says so.
    pub(crate) fn blocked(&self) -> watch::Receiver<Option<String>> {
        self.blocked.clone()
    }

    pub(crate) async fn confirm(&self, part: &str) -> Result<(), Failure> {
        self.channel
            .confirm_select(ConfirmSelectOptions::default())
            .await
            .map_err(|e| failure(part, "ask for publisher confirms", &e))
    }

    pub(crate) async fn consume(&self, part: &str, options: &Options) -> Result<Consumer, Failure> {
        let queue = options.receive.queue.as_str();
        self.channel
            .basic_qos(options.prefetch, BasicQosOptions::default())
            .await
            .map_err(|e| failure(part, "bound what the broker sends ahead", &e))?;
        self.channel
            .basic_consume(
                queue.into(),
                "".into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await
            .map_err(|e| failure(part, &format!("receive from the queue {queue}"), &e))
    }

    /// Whether the queue and the exchange are there, and may be used.
    pub(crate) async fn look(&self, part: &str, options: &Options) -> Result<(), Failure> {
        let there = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let queue = options.receive.queue.as_str();
        self.channel
            .queue_declare(queue.into(), there, FieldTable::default())
            .await
            .map_err(|e| failure(part, &format!("use receive.queue {queue}"), &e))?;
        let send = &options.send;
        if send.exchange.is_empty() {
            let key = send.routing_key.as_str();
            self.channel
                .queue_declare(key.into(), there, FieldTable::default())
                .await
                .map_err(|e| failure(part, &format!("use send.routing_key {key}"), &e))?;
        } else {
            let there = ExchangeDeclareOptions {
                passive: true,
                ..Default::default()
            };
            let exchange = send.exchange.as_str();
            self.channel
                .exchange_declare(
                    exchange.into(),
                    ExchangeKind::Direct,
                    there,
                    FieldTable::default(),
                )
                .await
                .map_err(|e| failure(part, &format!("use send.exchange {exchange}"), &e))?;
        }
        Ok(())
    }

    pub(crate) async fn close(self) {
        /// AMQP's reply code for an end in good order.
        const SUCCESS: u16 = 200;
        if let Err(error) = self.connection.close(SUCCESS, "done".into()).await {
            tracing::debug!(%error, "the connection was gone already");
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.listening.abort();
    }
}
