//! A bad network: what goes through is cut, delayed, held back, or closed on one side.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Listens on a port of its own and hands every connection on to a server.
pub struct Proxy {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// How much later everything arrives, in milliseconds.
    delay: AtomicU64,
    /// Whether nothing arrives for now.
    held: Held,
    /// Which answer is to be lost next.
    losing: Mutex<Option<Asked>>,
    lines: Mutex<Vec<Line>>,
}

/// What a client asks: these octets, once those have gone the same way before.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub after: &'static [u8],
    pub octets: &'static [u8],
}

/// What does not arrive for now: a bit for what goes to the server, one for what comes back.
#[derive(Default)]
struct Held(AtomicU64);

/// Which way octets go.
#[derive(Debug, Clone, Copy)]
pub enum Way {
    ToServer,
    ToClient,
}

impl Way {
    pub const BOTH: [Self; 2] = [Self::ToServer, Self::ToClient];

    fn bit(self) -> u64 {
        match self {
            Self::ToServer => 1,
            Self::ToClient => 2,
        }
    }
}

/// A connection through the proxy.
struct Line {
    client: TcpStream,
    server: TcpStream,
    /// The ways by which nothing arrives any more, for as long as it lives.
    silent: Arc<Held>,
}

impl Proxy {
    /// In front of a server on this machine.
    pub fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { continue };
                // Where the server is away, the client sees its connection closed.
                if let Ok(server) = TcpStream::connect(("127.0.0.1", server)) {
                    join(&shared, client, server);
                }
            }
        });
        Self { port, state }
    }

    /// An address on this machine, by way of the proxy.
    pub fn by(&self, url: &str) -> String {
        url.replace(&port_of(url).to_string(), &self.port.to_string())
    }

    /// Closes every connection.
    pub fn cut(&self) {
        for line in self.state.lines.lock().unwrap().drain(..) {
            let _ = line.client.shutdown(Shutdown::Both);
            let _ = line.server.shutdown(Shutdown::Both);
        }
    }

    /// Tells one side of every connection that the other has ended, and goes on the other way.
    pub fn half_close(&self, way: Way) {
        for line in self.state.lines.lock().unwrap().iter() {
            let _ = match way {
                Way::ToServer => line.server.shutdown(Shutdown::Write),
                Way::ToClient => line.client.shutdown(Shutdown::Write),
            };
        }
    }

    /// Lets nothing more arrive on the connections that there are, and tells nobody.
    pub fn silence(&self, ways: &[Way]) {
        for line in self.state.lines.lock().unwrap().iter() {
            for way in ways {
                line.silent.0.fetch_or(way.bit(), Ordering::Relaxed);
            }
        }
    }

    /// Lets the next request of that kind through, and cuts the connection before its answer: it
    /// is done, and who asked cannot know.
    pub fn lose_the_answer_to(&self, asked: Asked) {
        *self.state.losing.lock().unwrap() = Some(asked);
    }

    /// Lets everything arrive so much later.
    pub fn delay(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap();
        self.state.delay.store(ms, Ordering::Relaxed);
    }

    /// Holds everything back that goes these ways, on new connections too.
    pub fn hold(&self, ways: &[Way]) {
        for way in ways {
            self.state.held.0.fetch_or(way.bit(), Ordering::Relaxed);
        }
    }

    /// Lets everything arrive at once, but for what is silent.
    pub fn heal(&self) {
        self.delay(Duration::ZERO);
        self.state.held.0.store(0, Ordering::Relaxed);
    }
}

/// The port in an address such as `amqp://127.0.0.1:5673/vhost`.
fn port_of(url: &str) -> u16 {
    let rest = url.rsplit_once(':').unwrap().1;
    rest.split('/').next().unwrap().parse().unwrap()
}

/// A server's port, from its address.
pub fn server(url: &str) -> Proxy {
    Proxy::before(port_of(url))
}

fn join(state: &Arc<State>, client: TcpStream, server: TcpStream) {
    let silent = Arc::new(Held::default());
    for way in Way::BOTH {
        let (from, to) = match way {
            Way::ToServer => (&client, &server),
            Way::ToClient => (&server, &client),
        };
        let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        let (state, silent) = (Arc::clone(state), Arc::clone(&silent));
        std::thread::spawn(move || pump(&state, &silent, way, from, to));
    }
    let mut lines = state.lines.lock().unwrap();
    // Those that have ended are forgotten.
    lines.retain(|line| line.client.peer_addr().is_ok() && line.server.peer_addr().is_ok());
    lines.push(Line {
        client,
        server,
        silent,
    });
}

fn pump(state: &State, silent: &Held, way: Way, mut from: TcpStream, mut to: TcpStream) {
    let mut octets = [0; 16 << 10];
    let mut before = false;
    loop {
        let read = from.read(&mut octets);
        std::thread::sleep(Duration::from_millis(state.delay.load(Ordering::Relaxed)));
        while state.held.0.load(Ordering::Relaxed) & way.bit() != 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        // What a dead network swallows, the end of the connection included.
        if silent.0.load(Ordering::Relaxed) & way.bit() != 0 {
            match read {
                Ok(1..) => continue,
                _ => return,
            }
        }
        let read = &octets[..read.unwrap_or(0)];
        let last = matches!(way, Way::ToServer) && state.is_to_be_lost(read, &mut before);
        if last {
            silent.0.fetch_or(Way::ToClient.bit(), Ordering::Relaxed);
        }
        if read.is_empty() || to.write_all(read).is_err() {
            let _ = to.shutdown(Shutdown::Write);
            return;
        }
        if last {
            // The server has the time to do it.
            std::thread::sleep(Duration::from_millis(50));
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
            return;
        }
    }
}

impl State {
    /// Whether these octets ask for the answer that is to be lost. `before` remembers what went
    /// the same way.
    fn is_to_be_lost(&self, octets: &[u8], before: &mut bool) -> bool {
        let mut losing = self.losing.lock().unwrap();
        let Some(asked) = *losing else {
            return false;
        };
        *before |= holds(octets, asked.after);
        let found = *before && holds(octets, asked.octets);
        if found {
            *losing = None;
        }
        found
    }
}

fn holds(octets: &[u8], part: &[u8]) -> bool {
    part.is_empty() || octets.windows(part.len()).any(|window| window == part)
}
