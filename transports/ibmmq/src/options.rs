use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

use tongguan_contracts::{Failure, PartOptions, Secret, SecretRef};

use crate::structures::Long;

/// A transport's table in the manifest, `kind = "ibmmq"`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// IBM's client library; without it, the usual ones are looked for.
    module: Option<PathBuf>,
    queue_manager: String,
    /// A server-connection channel. Without channel and connection, the library's own configuration
    /// says where to (MQSERVER, a CCDT, mqclient.ini).
    channel: Option<String>,
    /// `host(1414)`; several are tried in turn.
    connection: Option<String>,
    username: Option<String>,
    password: Option<SecretRef>,
    cipher_spec: Option<String>,
    key_repository: Option<PathBuf>,
    key_repository_password: Option<SecretRef>,
    certificate_label: Option<String>,
    peer_name: Option<String>,
    send: SendTable,
    receive: ReceiveTable,
    #[serde(default = "units_of_work")]
    units_of_work: usize,
    #[serde(default = "outcome_timeout_ms")]
    outcome_timeout_ms: u64,
    #[serde(default = "connect_timeout_ms")]
    connect_timeout_ms: u64,
    #[serde(default = "heartbeat_seconds")]
    heartbeat_seconds: u16,
}

/// Where envelopes go.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SendTable {
    queue: String,
    /// Of another queue manager than the one that is connected to.
    queue_manager: Option<String>,
    #[serde(default)]
    format: Format,
    reply_to_queue: Option<String>,
    reply_to_queue_manager: Option<String>,
}

/// Where answers come from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiveTable {
    queue: String,
}

/// What the receiver is told that the octets are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// Octets (MQFMT_NONE); a JMS receiver sees a BytesMessage.
    #[default]
    None,
    /// Text in UTF-8 (MQFMT_STRING); a JMS receiver sees a TextMessage.
    String,
}

fn units_of_work() -> usize {
    8
}

fn outcome_timeout_ms() -> u64 {
    60_000
}

fn connect_timeout_ms() -> u64 {
    30_000
}

fn heartbeat_seconds() -> u16 {
    30
}

/// The table, read and found good.
pub(crate) struct Options {
    pub module: Option<PathBuf>,
    pub queue_manager: String,
    /// The channel, and where it leads.
    pub channel: Option<(String, String)>,
    pub login: Option<(String, Secret)>,
    pub tls: Option<Tls>,
    pub to: To,
    /// The queue that answers come from.
    pub from: String,
    /// How many connections each direction has at most; each carries one message at a time.
    pub units_of_work: usize,
    /// How long to wait until the queue manager says what became of an envelope.
    pub outcome_timeout: Duration,
    pub connect_timeout: Duration,
    pub heartbeat_seconds: Long,
}

/// What TLS asks for.
pub(crate) struct Tls {
    pub cipher_spec: String,
    pub repository: String,
    pub repository_password: Option<Secret>,
    pub label: Option<String>,
    pub peer_name: String,
}

/// Where envelopes go.
pub(crate) struct To {
    pub queue: String,
    pub queue_manager: String,
    pub format: Format,
    pub reply_to_queue: String,
    pub reply_to_queue_manager: String,
}

impl Options {
    pub(crate) fn read(given: &PartOptions) -> Result<Self, Failure> {
        let table: Table = given.parse()?;
        let wrong = |why: String, remedy: &str| {
            Failure::misconfigured(&given.part, "read its options", why).remedy(remedy)
        };
        let names = [
            ("channel", table.channel.as_deref(), 20),
            ("send.queue", Some(table.send.queue.as_str()), 48),
            (
                "send.queue_manager",
                table.send.queue_manager.as_deref(),
                48,
            ),
            (
                "send.reply_to_queue",
                table.send.reply_to_queue.as_deref(),
                48,
            ),
            (
                "send.reply_to_queue_manager",
                table.send.reply_to_queue_manager.as_deref(),
                48,
            ),
            ("receive.queue", Some(table.receive.queue.as_str()), 48),
        ];
        let manager = table.queue_manager.as_str();
        // A name with a star takes any queue manager of a group; the star alone, any at all.
        let plain = manager.strip_prefix('*').unwrap_or(manager);
        let manager = (!plain.is_empty()).then_some(("queue_manager", Some(plain), 48));
        for (key, name, most) in names.into_iter().chain(manager) {
            let Some(name) = name else { continue };
            if let Err(why) = is_name(name, most) {
                return Err(wrong(
                    format!("{key} = {name:?} is no name of IBM MQ's: {why}"),
                    "the exchange platform assigns the names; a queue's or a queue manager's has at most 48 \
                     characters, a channel's 20, of A-Z a-z 0-9 . / _ %",
                ));
            }
        }
        let texts = [
            ("connection", table.connection.as_deref(), 264),
            ("cipher_spec", table.cipher_spec.as_deref(), 32),
            ("certificate_label", table.certificate_label.as_deref(), 64),
            ("peer_name", table.peer_name.as_deref(), 1024),
        ];
        for (key, text, most) in texts {
            let Some(text) = text else { continue };
            if text.is_empty() || text.len() > most {
                let why = format!("{key} has {} octets", text.len());
                return Err(wrong(why, &format!("{key} has 1 to {most}")));
            }
        }
        let channel = match (table.channel, table.connection) {
            (Some(channel), Some(connection)) => {
                if let Err(why) = is_connection(&connection) {
                    return Err(wrong(
                        format!("connection = {connection:?}: {why}"),
                        "write connection = \"host(1414)\"; several with commas between",
                    ));
                }
                Some((channel, connection))
            }
            (None, None) => None,
            _ => {
                return Err(wrong(
                    "it has one of channel and connection".into(),
                    "give both; or neither, where MQSERVER, a CCDT or mqclient.ini tells them",
                ));
            }
        };
        let secret = |reference: SecretRef| reference.resolve(&given.part, &given.base);
        let login = match (table.username, table.password) {
            (Some(user), Some(password)) => Some((user, secret(password)?)),
            (None, None) => None,
            _ => {
                return Err(wrong(
                    "it has one of username and password".into(),
                    "give both, or neither where the channel lets in without (by its certificate)",
                ));
            }
        };
        let tls = match (table.cipher_spec, table.key_repository) {
            (Some(cipher_spec), Some(repository)) => {
                let repository = given.base.join(repository).display().to_string();
                if repository.len() > 256 {
                    let why = format!("key_repository is {repository}, of more than 256 octets");
                    return Err(wrong(why, "put it into a folder with a shorter name"));
                }
                Some(Tls {
                    cipher_spec,
                    repository,
                    repository_password: table.key_repository_password.map(secret).transpose()?,
                    label: table.certificate_label,
                    peer_name: table.peer_name.unwrap_or_default(),
                })
            }
            (None, None)
                if table.key_repository_password.is_none()
                    && table.certificate_label.is_none()
                    && table.peer_name.is_none() =>
            {
                None
            }
            _ => {
                return Err(wrong(
                    "TLS needs cipher_spec and key_repository".into(),
                    "give cipher_spec as the channel's SSLCIPH, such as ANY_TLS12_OR_HIGHER, and \
                     key_repository, IBM's store of who is trusted (runmqakm); or none of TLS's options",
                ));
            }
        };
        if tls.is_some() && channel.is_none() {
            return Err(wrong(
                "TLS needs channel and connection".into(),
                "give both, or leave TLS to the CCDT",
            ));
        }
        if !(1..=256).contains(&table.units_of_work) {
            let why = format!("units_of_work = {}", table.units_of_work);
            return Err(wrong(why, "it is 1 to 256"));
        }
        let send = table.send;
        Ok(Self {
            module: table.module.map(|path| given.base.join(path)),
            queue_manager: table.queue_manager,
            channel,
            login,
            tls,
            to: To {
                queue: send.queue,
                queue_manager: send.queue_manager.unwrap_or_default(),
                format: send.format,
                reply_to_queue: send.reply_to_queue.unwrap_or_default(),
                reply_to_queue_manager: send.reply_to_queue_manager.unwrap_or_default(),
            },
            from: table.receive.queue,
            units_of_work: table.units_of_work,
            outcome_timeout: Duration::from_millis(table.outcome_timeout_ms),
            connect_timeout: Duration::from_millis(table.connect_timeout_ms),
            heartbeat_seconds: table.heartbeat_seconds.into(),
        })
    }
}

/// IBM MQ's rules for names ("Rules for naming IBM MQ objects").
fn is_name(name: &str, most: usize) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "./_%".contains(c);
    if name.is_empty() {
        return Err("it is empty".into());
    }
    if let Some(other) = name.chars().find(|c| !allowed(*c)) {
        return Err(format!("{other:?} is not allowed"));
    }
    if name.len() > most {
        return Err(format!(
            "it has {} characters, and may have {most}",
            name.len()
        ));
    }
    Ok(())
}

fn is_connection(list: &str) -> Result<(), String> {
    for one in list.split(',') {
        let (host, port) = match one.trim().split_once('(') {
            None => (one.trim(), None),
            Some((host, rest)) => {
                let port = rest.strip_suffix(')');
                let port = port.ok_or_else(|| format!("{one:?} does not end with )"))?;
                (host, Some(port))
            }
        };
        if host.is_empty() || host.contains(char::is_whitespace) || host.contains("://") {
            return Err(format!("{one:?} names no host"));
        }
        // A port behind a colon would be taken for the host's name.
        if port.is_none() && host.contains(':') && !host.contains("::") {
            return Err(format!("in {one:?} the port belongs in parentheses"));
        }
        if port.is_some_and(|port| port.parse::<u16>().is_err()) {
            return Err(format!("in {one:?} what is in parentheses is no port"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(change: impl FnOnce(&mut Value)) -> Result<Options, String> {
        let mut options = json!({
            "queue_manager": "QM1", "channel": "ENTERPRISE.SVRCONN", "connection": "mq.example(1414)",
            "send": { "queue": "TO.CUSTOMS" }, "receive": { "queue": "FROM.CUSTOMS" },
        });
        change(&mut options);
        Options::read(&PartOptions {
            part: "transport \"main\"".into(),
            options,
            base: ".".into(),
        })
        .map_err(|f| format!("{f}; {}", f.how_to_mend().unwrap_or_default()))
    }

    #[test]
    fn names_that_ibm_mq_would_cut_off_are_refused() {
        assert!(read(|_| {}).is_ok());
        for (pointer, name, says) in [
            ("/send/queue", "Q".repeat(49), "may have 48"),
            ("/receive/queue", "Q".repeat(49), "may have 48"),
            ("/channel", "C".repeat(21), "may have 20"),
            ("/queue_manager", "M".repeat(49), "may have 48"),
            ("/send/queue", "TO CUSTOMS".into(), "not allowed"),
            ("/send/queue", String::new(), "empty"),
        ] {
            let told = read(|o| *o.pointer_mut(pointer).unwrap() = json!(name))
                .err()
                .unwrap();
            let key = pointer[1..].replace('/', ".");
            assert!(told.contains(&key) && told.contains(says), "{told}");
        }
        for name in ["", "*", "*GROUP"] {
            assert!(read(|o| o["queue_manager"] = json!(name)).is_ok(), "{name}");
        }
    }

    #[test]
    fn where_to_is_written_as_ibm_does() {
        for good in ["mq(1414)", "mq", "a(1),b(2), c", "10.0.0.1(99)"] {
            assert_eq!(is_connection(good), Ok(()), "{good}");
        }
        for bad in [
            "mq:1414",
            "mq(x)",
            "mq(1414",
            "a(1),",
            "(1414)",
            "amqp://mq",
        ] {
            assert!(is_connection(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_belongs_together_is_asked_for_together() {
        for (key, value) in [
            ("username", "enterprise"),
            ("cipher_spec", "ANY_TLS12_OR_HIGHER"),
            ("key_repository", "key"),
            ("peer_name", "CN=QM1"),
        ] {
            let told = read(|o| o[key] = json!(value)).err().unwrap();
            assert!(told.contains("give"), "{told}");
        }
        let told = read(|o| drop(o.as_object_mut().unwrap().remove("channel")))
            .err()
            .unwrap();
        assert!(told.contains("channel and connection"), "{told}");
        let told = read(|o| o["units_of_work"] = json!(0)).err().unwrap();
        assert!(told.contains("units_of_work"), "{told}");
    }
}
