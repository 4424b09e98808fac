//! A bad way to the server: what goes through is slow, cut, or refused, and the server is away now and
//! then, as a scenario's `[network]` says. It stands between the client and the real broker or FTP
//! server, or before a platform by HTTP: the other side stays whole, and what gets there is booked.

use serde::Deserialize;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use tongguan_contracts::Failure;

use crate::scenario::Scenario;

const PART: &str = "the simulator's way to the server";

/// How the way to the server is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Network {
    /// Whatever goes through arrives so much later: at least, at most.
    delay_ms: Option<[u64; 2]>,
    /// Of the connections, so many are refused.
    refuse: Option<f64>,
    /// Of the connections, so many are cut in the middle of what they carry.
    cut: Option<f64>,
    /// The server is away now and then.
    away: Option<Away>,
}

/// When the server is away: in each stretch of `every_s`, for the last `for_s`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Away {
    every_s: f64,
    for_s: f64,
}

impl Network {
    pub fn check(&self) -> Result<(), String> {
        for (name, share) in [("refuse", self.refuse), ("cut", self.cut)] {
            if let Some(share) = share
                && !(0.0..=1.0).contains(&share)
            {
                return Err(format!("network.{name} is {share}; it is from 0 to 1"));
            }
        }
        if let Some([least, most]) = self.delay_ms
            && least > most
        {
            return Err(format!(
                "network.delay_ms is from {least} to {most}: the least comes first"
            ));
        }
        if let Some(Away { every_s, for_s }) = self.away
            && !(for_s > 0.0 && for_s < every_s && every_s <= 86_400.0)
        {
            return Err(format!(
                "network.away is for {for_s} of every {every_s} seconds: for_s is above 0 and below every_s, which is a day at most"
            ));
        }
        Ok(())
    }
}

impl Away {
    /// How long the server is still there, and away after that.
    fn stretches(self) -> (Duration, Duration) {
        let there = self.every_s - self.for_s;
        (
            Duration::from_secs_f64(there),
            Duration::from_secs_f64(self.for_s),
        )
    }
}

/// The way from an address to a server.
pub struct Way {
    /// Where the client connects to.
    pub listen: SocketAddr,
    /// The server, as `host:port`.
    pub server: String,
    /// What happens on it.
    pub scenario: Scenario,
}

/// What the connections of a way share.
struct Shared {
    server: String,
    scenario: Scenario,
    /// How many connections there were.
    count: AtomicU64,
}

impl Way {
    /// Carries what comes until `stop` turns true.
    ///
    /// # Errors
    /// The address cannot be used.
    pub async fn run(self, mut stop: watch::Receiver<bool>) -> Result<(), Failure> {
        let away = self.scenario.network.away.map(Away::stretches);
        let shared = Arc::new(Shared {
            server: self.server,
            scenario: self.scenario,
            count: AtomicU64::new(0),
        });
        loop {
            // Nobody listens while the server is away: connections are refused, as they would be.
            let listener = TcpListener::bind(self.listen).await.map_err(|error| {
                Failure::misconfigured(PART, format!("listen on {}", self.listen), error)
                    .remedy("choose a free port: --broker-proxy 127.0.0.1:5673=127.0.0.1:5672")
            })?;
            let ends = async {
                match away {
                    Some((there, _)) => tokio::time::sleep(there).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
                () = ends => {}
                () = serve(listener, Arc::clone(&shared)) => {}
            }
            tracing::info!(
                server = shared.server,
                "the server goes away, as the scenario says"
            );
            let (_, time) = away.unwrap_or_default();
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
                () = tokio::time::sleep(time) => {}
            }
        }
    }
}

/// Takes connections, for ever; when this ends, those that there are end, too.
async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut lines = JoinSet::new();
    loop {
        while lines.try_join_next().is_some() {}
        let Ok((client, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(200)).await;
            continue;
        };
        let number = shared.count.fetch_add(1, Ordering::Relaxed);
        let (refuse, cut) = (
            shared.chance("refuse", number),
            shared.chance("cut", number),
        );
        let network = &shared.scenario.network;
        if network.refuse.is_some_and(|share| refuse < share) {
            // Reset, not ended: a client must not take it for an answer.
            let _ = client.set_zero_linger();
            tracing::info!(number, "a connection is refused, as the scenario says");
            continue;
        }
        let cut = network.cut.filter(|share| cut < *share);
        // In the midst of it: after a few octets, or after some messages.
        let most = cut.map(|_| 200 + (shared.chance("cut after", number) * 60_000.0) as u64);
        let shared = Arc::clone(&shared);
        lines.spawn(async move { line(&shared, number, client, most).await });
    }
}

impl Shared {
    fn chance(&self, of: &str, number: u64) -> f64 {
        self.scenario
            .chance(0, &format!("network {of}"), &number.to_string())
    }
}

/// One connection, until an end of it, or until so many octets have gone through.
async fn line(shared: &Shared, number: u64, client: TcpStream, most: Option<u64>) {
    let Ok(server) = TcpStream::connect(&shared.server).await else {
        let _ = client.set_zero_linger();
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let passed = AtomicU64::new(0);
    let pump = |way, from, to| pump(shared, (number, way), from, to, &passed, most);
    // What one side has ended, the other may still answer; a cut ends both.
    let both = tokio::try_join!(
        pump("there", from_client, to_server),
        pump("back", from_server, to_client)
    );
    if both.is_err() {
        tracing::info!(number, "a connection is cut, as the scenario says");
    }
}

/// The connection is cut.
struct Cut;

/// Carries one way, late, until its own end or the cut.
async fn pump(
    shared: &Shared,
    (number, way): (u64, &str),
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    passed: &AtomicU64,
    most: Option<u64>,
) -> Result<(), Cut> {
    let mut octets = vec![0; 16 << 10];
    for piece in 0_u64.. {
        let read = match from.read(&mut octets).await {
            Ok(0) | Err(_) => break,
            Ok(read) => read,
        };
        if let Some([least, between]) = shared.scenario.network.delay_ms {
            let chance = shared.chance(&format!("delay {way} {piece}"), number);
            let more = between.saturating_sub(least) as f64 * chance;
            let until = Instant::now() + Duration::from_millis(least.saturating_add(more as u64));
            tokio::time::sleep_until(until).await;
        }
        let before = passed.fetch_add(read as u64, Ordering::Relaxed);
        if most.is_some_and(|most| before + read as u64 > most) {
            // Half of it arrives.
            let _ = to.write_all(&octets[..read / 2]).await;
            return Err(Cut);
        }
        if to.write_all(&octets[..read]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// A server that sends back what it gets, and a way to it.
    async fn way(scenario: &str) -> (SocketAddr, watch::Sender<bool>) {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = server.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = server.accept().await.unwrap();
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listen = free.local_addr().unwrap();
        drop(free);
        let (stop, stopped) = watch::channel(false);
        let way = Way {
            listen,
            server: at,
            scenario: Scenario::parse(scenario).unwrap(),
        };
        tokio::spawn(way.run(stopped));
        (listen, stop)
    }

    async fn connect(listen: SocketAddr) -> TcpStream {
        loop {
            if let Ok(stream) = TcpStream::connect(listen).await {
                return stream;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// How many of some connections bring back a text.
    async fn come_back(scenario: &str, connections: usize, text: &[u8]) -> usize {
        let (listen, _stop) = way(scenario).await;
        let mut back = 0;
        for _ in 0..connections {
            let mut stream = connect(listen).await;
            let mut came = Vec::new();
            let (mut from, mut to) = stream.split();
            let sent = async { to.write_all(text).await.is_ok() && to.shutdown().await.is_ok() };
            let (sent, read) = tokio::join!(sent, from.read_to_end(&mut came));
            back += usize::from(sent && read.is_ok() && came == text);
        }
        back
    }

    #[tokio::test]
    async fn what_goes_wrong_is_as_the_scenario_says_and_always_the_same() {
        let text = vec![b'x'; 100_000];
        assert_eq!(come_back("", 5, &text).await, 5);
        assert_eq!(come_back("[network]\nrefuse = 1.0", 5, b"x").await, 0);
        assert_eq!(come_back("[network]\ncut = 1.0", 5, &text).await, 0);
        let some = "seed = 3\n[network]\nrefuse = 0.3\ncut = 0.3";
        let back = come_back(some, 40, &text).await;
        assert!((10..30).contains(&back), "{back}");
        assert_eq!(come_back(some, 40, &text).await, back);
        let begun = Instant::now();
        assert_eq!(
            come_back("[network]\ndelay_ms = [60, 60]", 1, b"x").await,
            1
        );
        assert!(
            begun.elapsed() >= Duration::from_millis(120),
            "there and back"
        );
    }

    #[tokio::test]
    async fn a_server_that_is_away_refuses_and_ends_what_there_is() {
        let (listen, _stop) = way("[network]\naway = { every_s = 1.0, for_s = 0.7 }").await;
        let mut stream = connect(listen).await;
        stream.write_all(b"x").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'x');
        // Neither side ends it: the server goes away.
        assert!(stream.read_u8().await.is_err());
        assert!(TcpStream::connect(listen).await.is_err());
        let mut stream = connect(listen).await;
        stream.write_all(b"y").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'y');
    }

    #[test]
    fn what_is_wrong_with_a_network_is_told() {
        for (text, part) in [
            ("cut = 2.0", "from 0 to 1"),
            ("away = { every_s = 1.0, for_s = 1.0 }", "below every_s"),
            ("delay_ms = [2, 1]", "the least comes first"),
        ] {
            let told = Scenario::parse(&format!("[network]\n{text}")).unwrap_err();
            assert!(told.contains(part), "{told}");
        }
    }
}
