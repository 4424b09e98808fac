use lapin::uri::AMQPUri;
use serde::Deserialize;
use std::fmt;
use std::time::Duration;

use tongguan_contracts::{Failure, PartOptions, SecretRef};

/// A transport's table in the manifest, `kind = "amqp"`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Options {
    /// `amqp://host:port/vhost`, without user and password.
    url: String,
    /// The user.
    username: String,
    /// Where the password is.
    password: SecretRef,
    /// Where envelopes go.
    pub send: Send,
    /// Where answers come from.
    pub receive: Receive,
    /// How many unacknowledged deliveries the broker sends ahead.
    #[serde(default = "prefetch")]
    pub prefetch: u16,
    /// How long to wait for the broker's confirm, in milliseconds.
    #[serde(default = "confirm_timeout_ms")]
    confirm_timeout_ms: u64,
    /// How long to wait for a connection, in milliseconds.
    #[serde(default = "connect_timeout_ms")]
    connect_timeout_ms: u64,
    /// Make the queues (durable) where they are missing: for rehearsals. The exchange platform
    /// assigns yours.
    #[serde(default)]
    pub declare: bool,
    /// The address with user and password, made from the above.
    #[serde(skip)]
    uri: Option<AMQPUri>,
}

/// Where envelopes go.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Send {
    /// The exchange; empty is the broker's default, which routes to the queue of the key's name.
    #[serde(default)]
    pub exchange: String,
    /// The routing key.
    pub routing_key: String,
}

/// Where answers come from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Receive {
    /// The queue.
    pub queue: String,
}

fn prefetch() -> u16 {
    100
}

fn confirm_timeout_ms() -> u64 {
    30_000
}

fn connect_timeout_ms() -> u64 {
    10_000
}

impl Options {
    pub(crate) fn read(given: &PartOptions) -> Result<Self, Failure> {
        let mut options: Self = given.parse()?;
        let wrong = |reason: String, remedy: &str| {
            Failure::misconfigured(&given.part, "use its url", reason).remedy(remedy)
        };
        if options.url.contains('@') {
            return Err(wrong(
                "it carries a user or password".to_owned(),
                "write them as username and password = \"env:NAME\" or \"file:PATH\"",
            ));
        }
        if options.url.starts_with("amqps:") {
            return Err(wrong(
                "this build has no TLS for AMQP".to_owned(),
                "use amqp:// inside a protected network",
            ));
        }
        let mut uri: AMQPUri = options
            .url
            .parse()
            .map_err(|e: String| wrong(e, "write amqp://host:port/vhost"))?;
        uri.authority
            .userinfo
            .username
            .clone_from(&options.username);
        uri.authority.userinfo.password = options
            .password
            .resolve(&given.part, &given.base)?
            .as_str()
            .to_owned();
        options.uri = Some(uri);
        Ok(options)
    }

    /// The address to connect to, with user and password.
    pub(crate) fn uri(&self) -> AMQPUri {
        self.uri.clone().unwrap_or_default()
    }

    /// The address for people.
    pub(crate) fn shown(&self) -> &str {
        &self.url
    }

    pub(crate) fn confirm_timeout(&self) -> Duration {
        Duration::from_millis(self.confirm_timeout_ms)
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}
