//! What the broker's errors mean, by what can be done.

use std::fmt::{Debug, Display};

use tongguan_contracts::{Failure, FailureClass};

/// The library has a type of error for each step, with the broker's condition (AMQP 1.0, 2.8.14 to
/// 2.8.18) somewhere in it; all tell it alike where they are shown whole.
const TABLE: &[(&str, FailureClass, &str)] = &[
    (
        "SaslError",
        FailureClass::Misconfigured,
        "check username, and the password that is referred to",
    ),
    (
        "UnauthorizedAccess",
        FailureClass::Misconfigured,
        "check username: the user lacks a right there; the broker's owner grants it",
    ),
    (
        "NotFound",
        FailureClass::Misconfigured,
        "check the address: the exchange platform assigns yours",
    ),
    (
        "NotAllowed",
        FailureClass::Misconfigured,
        "check hostname, and what the broker lets this user do",
    ),
    (
        "InvalidField",
        FailureClass::Misconfigured,
        "check the address, in the form that this broker wants",
    ),
    (
        "ProtocolHeaderMismatch",
        FailureClass::Misconfigured,
        "what listens there does not speak AMQP 1.0: check the port; kind = \"amqp\" speaks 0-9-1",
    ),
    (
        "MessageSizeExceeded",
        FailureClass::Rejected,
        "the message is too large: make limits.batch smaller",
    ),
];

/// A failure of everybody's contract.
pub(crate) fn failure(part: &str, doing: &str, error: &(impl Debug + Display)) -> Failure {
    told(part, doing, &format!("{error:?}"), &error.to_string())
}

fn told(part: &str, doing: &str, whole: &str, shown: &str) -> Failure {
    // The broker's own words, where it has some.
    let words = whole
        .split_once("description: Some(\"")
        .and_then(|(_, rest)| rest.split_once("\")"))
        .map(|(words, _)| words.replace("\\n", " ").replace("\\\"", "\""));
    let said = match words {
        Some(words) => format!("the broker says: {}", words.trim()),
        None => shown.to_owned(),
    };
    match TABLE.iter().find(|(word, ..)| whole.contains(word)) {
        Some((_, class, remedy)) => Failure::new(*class, part, doing, said).remedy(*remedy),
        None => Failure::transient(part, doing, said)
            .remedy("check url, the network, and that the broker runs"),
    }
}

/// What the broker said of a message that it did not take.
pub(crate) fn refused(part: &str, doing: &str, outcome: &impl Debug) -> Failure {
    let whole = format!("{outcome:?}");
    let failure = told(part, doing, &whole, &format!("the broker answers {whole}"));
    // It is the broker's word that it has not kept the message.
    failure.unsent()
}
