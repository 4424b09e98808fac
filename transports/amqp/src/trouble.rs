//! What the broker's errors mean, by what can be done.

use lapin::{Error, ErrorKind};
use std::error::Error as _;

use tongguan_contracts::Failure;

use crate::tls;

/// A failure of everybody's contract. Reply codes: AMQP 0-9-1, 1.2.
pub(crate) fn failure(part: &str, doing: &str, error: &Error) -> Failure {
    let code = match error.kind() {
        ErrorKind::ProtocolError(error) => error.get_id(),
        ErrorKind::IOError(_) => return lost(part, doing, error),
        // Where a server with TLS answers somebody without.
        ErrorKind::ParsingError(_) => {
            return Failure::misconfigured(
                part,
                doing,
                "what listens there does not speak AMQP 0-9-1",
            )
            .remedy("check the port: 5672 is usual, 5671 with TLS (amqps://)");
        }
        _ => 0,
    };
    let said = error.to_string();
    match code {
        // RabbitMQ's words: "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN".
        403 if said.to_lowercase().contains("login") => Failure::misconfigured(part, doing, said)
            .remedy("check username, and the password that is referred to"),
        403 => Failure::misconfigured(part, doing, said)
            .remedy("check username: the user lacks a right there; the broker's owner grants it"),
        404 => Failure::misconfigured(part, doing, said)
            .remedy("check the names of queue and exchange; the exchange platform assigns yours"),
        402 | 530 => Failure::misconfigured(part, doing, said)
            .remedy("check the virtual host in url, and that the user may use it"),
        311 => Failure::rejected(part, doing, said).remedy("the message is too large"),
        // RabbitMQ's word for more than its max_message_size.
        406 if said.contains("message size") => Failure::rejected(part, doing, said)
            .remedy("the message is too large: make limits.batch smaller"),
        406 => Failure::misconfigured(part, doing, said)
            .remedy("the queue is there with other properties: remove declare, or the queue"),
        _ => Failure::transient(part, doing, said)
            .remedy("check url, the network, and that the broker runs"),
    }
}

/// A connection that did not come about, or broke.
fn lost(part: &str, doing: &str, error: &Error) -> Failure {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !said.contains(&more) {
            said = format!("{said}: {more}");
        }
        cause = inner.source();
    }
    match tls::remedy(&said) {
        Some(remedy) => Failure::misconfigured(part, doing, said).remedy(remedy),
        None => Failure::transient(part, doing, said)
            .remedy("check url, the network, and that the broker runs"),
    }
}
