//! What the suites of both AMQP transports need of RabbitMQ, and of a transport.

use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use tongguan_contracts::{Failure, FailureClass, Outgoing, Transport};

pub fn script(args: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/rabbitmq");
    let out = Command::new(script).args(args).output().unwrap();
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "tests/rabbitmq {args:?}: {told}");
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

/// Makes a virtual host for a test; gives the broker's port, or nothing where there is no broker: then
/// the test has said that it skips.
pub fn vhost_of_its_own(vhost: &str) -> Option<u16> {
    let Ok(url) = std::env::var("TONGGUAN_TEST_AMQP") else {
        let required = std::env::var_os("TONGGUAN_REQUIRE_PARTS").is_some();
        assert!(!required, "TONGGUAN_TEST_AMQP is not set");
        println!("skipped: no broker (run tests/run, or set TONGGUAN_TEST_AMQP)");
        return None;
    };
    script(&["vhost", vhost]);
    Some(url.rsplit(':').next().unwrap().parse().unwrap())
}

/// Puts options in the place of others; null leaves one out.
pub fn put_over(options: &mut Value, over: &Value) {
    let table = options.as_object_mut().unwrap();
    for (name, value) in over.as_object().unwrap() {
        table.insert(name.clone(), value.clone());
    }
    table.retain(|_, value| !value.is_null());
}

pub async fn send(transport: &dyn Transport) -> Result<String, Failure> {
    let outgoing = Outgoing {
        cop_msg_id: "A-1",
        message: "CEB311Message",
        envelope: b"<Envelope/>",
    };
    Ok(transport.send(outgoing).await?.evidence)
}

/// Its check must fail like this, with these words.
pub async fn refused(
    built: Result<Arc<dyn Transport>, Failure>,
    class: FailureClass,
    words: &[&str],
) {
    let failure = match built {
        Ok(transport) => transport.check().await.unwrap_err(),
        Err(failure) => failure,
    };
    let told = format!("{failure}; {}", failure.how_to_mend().unwrap_or_default());
    assert_eq!(failure.class(), class, "{told}");
    for word in words {
        assert!(told.contains(word), "no {word:?} in {told}");
    }
}

pub const WRONG: FailureClass = FailureClass::Misconfigured;
