//! One connection with one channel, and what the broker's errors mean.

use lapin::options::{
    BasicConsumeOptions, BasicQosOptions, ConfirmSelectOptions, ExchangeDeclareOptions,
    QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties, Consumer, Error, ErrorKind, ExchangeKind};

use tongguan_contracts::Failure;

use crate::options::Options;

pub(crate) struct Link {
    connection: Connection,
    pub channel: Channel,
}

impl Link {
    pub(crate) async fn open(part: &str, options: &Options) -> Result<Self, Failure> {
        let doing = format!("connect to {}", options.shown());
        let properties = ConnectionProperties::default().with_connection_name("tongguan".into());
        let connecting = async {
            let connection = Connection::connect_uri(options.uri(), properties).await?;
            let channel = connection.create_channel().await?;
            Ok::<_, Error>(Self {
                connection,
                channel,
            })
        };
        let link = tokio::time::timeout(options.connect_timeout(), connecting)
            .await
            .map_err(|_| {
                Failure::transient(part, doing.as_str(), "no answer in time")
                    .remedy("check url, the network, and that the broker runs")
            })?
            .map_err(|e| failure(part, &doing, &e))?;
        if options.declare {
            let queues = [
                Some(options.receive.queue.as_str()),
                // The default exchange routes to the queue of the key's name.
                Some(options.send.routing_key.as_str())
                    .filter(|_| options.send.exchange.is_empty()),
            ];
            for queue in queues.into_iter().flatten() {
                link.channel
                    .queue_declare(
                        queue.into(),
                        QueueDeclareOptions::durable(),
                        FieldTable::default(),
                    )
                    .await
                    .map_err(|e| failure(part, &format!("make the queue {queue}"), &e))?;
            }
        }
        Ok(link)
    }

    pub(crate) fn is_up(&self) -> bool {
        self.connection.status().connected() && self.channel.status().connected()
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
            self.channel
                .queue_declare(
                    send.routing_key.as_str().into(),
                    there,
                    FieldTable::default(),
                )
                .await
                .map_err(|e| {
                    failure(
                        part,
                        &format!("use send.routing_key {}", send.routing_key),
                        &e,
                    )
                })?;
        } else {
            let there = ExchangeDeclareOptions {
                passive: true,
                ..Default::default()
            };
            self.channel
                .exchange_declare(
                    send.exchange.as_str().into(),
                    ExchangeKind::Direct,
                    there,
                    FieldTable::default(),
                )
                .await
                .map_err(|e| failure(part, &format!("use send.exchange {}", send.exchange), &e))?;
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

/// The broker's error, by what can be done. Reply codes: AMQP 0-9-1, 1.2.
pub(crate) fn failure(part: &str, doing: &str, error: &Error) -> Failure {
    let code = match error.kind() {
        ErrorKind::ProtocolError(error) => error.get_id(),
        _ => 0,
    };
    match code {
        403 => Failure::misconfigured(part, doing, error)
            .remedy("check username, the password that is referred to, and the user's rights"),
        404 => Failure::misconfigured(part, doing, error)
            .remedy("check the names of queue and exchange; the exchange platform assigns yours"),
        402 | 530 => Failure::misconfigured(part, doing, error)
            .remedy("check the virtual host in url, and that the user may use it"),
        406 => Failure::misconfigured(part, doing, error)
            .remedy("the queue is there with other properties: remove declare, or the queue"),
        311 => Failure::rejected(part, doing, error).remedy("the message is too large"),
        _ => Failure::transient(part, doing, error)
            .remedy("check url, the network, and that the broker runs"),
    }
}
