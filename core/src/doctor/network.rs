//! A transport, from the name of its server to the right to its queues.

use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::net::{TcpStream, lookup_host};

use tongguan_contracts::{Failure, PartOptions};

use super::Examined;
use crate::manifest::Manifest;
use crate::registry::Registry;

/// How long a name or a port may take.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn examined(
    manifest: &Manifest,
    registry: &Registry,
    name: &str,
) -> Vec<Examined> {
    let of = format!("transport {name:?}");
    let (kind, options) = match manifest.transport(name) {
        Ok(found) => found,
        Err(failure) => return vec![Examined::ill("transport.built", &of, &failure)],
    };
    let mut all = Vec::new();
    for (host, port) in addresses(&kind, &options) {
        all.extend(reached(&of, &host, port).await);
    }
    let built = registry
        .find_transport(&options.part, &kind)
        .and_then(|build| build(options));
    let transport = match built {
        Ok(transport) => transport,
        Err(failure) => {
            all.push(Examined::ill("transport.built", &of, &failure));
            return all;
        }
    };
    let begun = Instant::now();
    all.push(match transport.check().await {
        Ok(()) => {
            let took = begun.elapsed().as_millis();
            let says = format!("logs in, and may send and receive; in {took} ms");
            Examined::well("transport.check", &of, says)
        }
        Err(failure) => Examined::ill("transport.check", &of, &failure),
    });
    transport.close().await;
    all
}

/// The servers that a transport's table names: by `url` or `urls`, by `host` and `port`, or by
/// `connection`, as IBM MQ writes it.
fn addresses(kind: &str, options: &PartOptions) -> Vec<(String, u16)> {
    let table = &options.options;
    let texts = |name: &str| -> Vec<String> {
        match table.get(name) {
            Some(Value::String(text)) => vec![text.clone()],
            Some(Value::Array(all)) => {
                let texts = all.iter().filter_map(Value::as_str);
                texts.map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    };
    let mut all: Vec<(String, u16)> = ["url", "urls", "remote"]
        .iter()
        .flat_map(|name| texts(name))
        .filter_map(|url| address(&url))
        .collect();
    let usual = match kind {
        "sftp" => 22,
        _ => 21,
    };
    for host in texts("host").into_iter().chain(texts("hosts")) {
        let port = table.get("port").and_then(Value::as_u64);
        let port = port.and_then(|port| u16::try_from(port).ok());
        all.push(
            match host
                .rsplit_once(':')
                .and_then(|(h, p)| Some((h, p.parse().ok()?)))
            {
                Some((host, port)) => (host.to_owned(), port),
                None => (host, port.unwrap_or(usual)),
            },
        );
    }
    for list in texts("connection") {
        all.extend(list.split(',').map(|one| {
            // `host(1414)`, or the host alone.
            let (host, port) = one.trim().split_once('(').unwrap_or((one.trim(), ""));
            let port = port.trim_end_matches(')').parse();
            (host.to_owned(), port.unwrap_or(1414))
        }));
    }
    all.sort();
    all.dedup();
    all
}

/// The host and the port in `scheme://user@host:port/path`, or in `host:port`.
fn address(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let rest = rest.split(['/', '?']).next()?;
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let usual = match scheme {
        "amqp" => 5672,
        "amqps" => 5671,
        "http" => 80,
        "https" => 443,
        _ => 0,
    };
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
        _ => (rest, usual),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (port != 0 && !host.is_empty()).then(|| (host.to_owned(), port))
}

/// Whether a name is known, and a port is open.
async fn reached(of: &str, host: &str, port: u16) -> Vec<Examined> {
    let place = format!("{host}:{port}");
    let late = |_| std::io::Error::from(std::io::ErrorKind::TimedOut);
    let found = tokio::time::timeout(PATIENCE, lookup_host((host, port))).await;
    let found = match found.map_err(late).and_then(|found| found) {
        Ok(found) => found.collect::<Vec<_>>(),
        Err(error) => {
            let failure = Failure::transient(of, format!("find the address of {host}"), error)
                .remedy("check the name, and this machine's DNS");
            return vec![Examined::ill("transport.name", of, &failure)];
        }
    };
    let addresses: Vec<String> = found.iter().map(|a| a.ip().to_string()).collect();
    let says = format!("{host} is {}", addresses.join(", "));
    let mut all = vec![Examined::well("transport.name", of, says)];
    let connected = tokio::time::timeout(PATIENCE, TcpStream::connect(&found[..])).await;
    all.push(match connected.map_err(late).and_then(|c| c) {
        Ok(_) => Examined::well("transport.port", of, format!("{place} is open")),
        Err(error) => {
            let failure = Failure::transient(of, format!("connect to {place}"), error).remedy(
                "check that the server runs, the port, and the firewalls between here and there",
            );
            Examined::ill("transport.port", of, &failure)
        }
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn servers_are_found_in_every_form() {
        let of = |kind: &str, options: Value| {
            let options = PartOptions {
                part: String::new(),
                options,
                base: ".".into(),
            };
            addresses(kind, &options)
        };
        let place = |host: &str, port| (host.to_owned(), port);
        assert_eq!(of("amqp", json!({"url": "amqp://h/v"})), [place("h", 5672)]);
        assert_eq!(
            of(
                "amqp",
                json!({"urls": ["amqps://u@h:1/v", "amqps://[::1]"]})
            ),
            [place("::1", 5671), place("h", 1)]
        );
        assert_eq!(
            of("http", json!({"url": "https://h/a:b"})),
            [place("h", 443)]
        );
        assert_eq!(of("ftp", json!({"host": "h"})), [place("h", 21)]);
        assert_eq!(of("sftp", json!({"host": "h", "port": 2})), [place("h", 2)]);
        assert_eq!(of("library", json!({"remote": "h:7"})), [place("h", 7)]);
        assert_eq!(
            of("ibmmq", json!({"connection": "a(1415), b"})),
            [place("a", 1415), place("b", 1414)]
        );
        assert!(of("directory", json!({"inbox": "in"})).is_empty());
    }
}
