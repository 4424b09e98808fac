//! A double of a local platform's web server that misbehaves as it is told: what real ones do only
//! now and then. What it answers is written out, octet by octet.

#![allow(dead_code, reason = "each test uses its own part of this")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What it does with a request.
pub enum Act {
    /// Answers with this text, head and all, and goes on.
    Say(String),
    /// Answers, and closes the connection a moment later without having said so.
    SayAndClose(String),
    /// Closes without a word.
    Cut,
    /// Says nothing for so long, then closes.
    Silence(Duration),
    /// Says this, then sends a body that does not end.
    Endless(String),
}

/// An answer with a length.
pub fn answer(status: &str, body: &str) -> String {
    with(status, "", body)
}

/// An answer with a length and further headers, each ended by a line break.
pub fn with(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
}

pub struct Platform {
    pub port: u16,
    pub seen: Arc<Mutex<Vec<Seen>>>,
}

impl Platform {
    /// Starts it on a port of its own; `act` gets the number of a request, and the request.
    pub fn start(act: impl Fn(usize, &Seen) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (act, book) = (Arc::new(act), Arc::clone(&seen));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (act, book) = (Arc::clone(&act), Arc::clone(&book));
                std::thread::spawn(move || serve(stream, &book, act.as_ref()));
            }
        });
        Self { port, seen }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, book: &Mutex<Vec<Seen>>, act: &dyn Fn(usize, &Seen) -> Act) {
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    while let Some(seen) = read(&mut stream) {
        let number = {
            let mut book = book.lock().unwrap();
            book.push(seen.clone());
            book.len() - 1
        };
        match act(number, &seen) {
            Act::Say(text) => {
                if stream.write_all(text.as_bytes()).is_err() {
                    return;
                }
            }
            Act::SayAndClose(text) => {
                let _ = stream.write_all(text.as_bytes());
                std::thread::sleep(Duration::from_millis(50));
                return;
            }
            Act::Cut => return,
            Act::Silence(time) => {
                std::thread::sleep(time);
                return;
            }
            Act::Endless(text) => {
                let _ = stream.write_all(text.as_bytes());
                while stream.write_all(&[b'x'; 4096]).is_ok() {}
                return;
            }
        }
    }
}

fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut head = Vec::new();
    let mut octet = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut octet).ok()?;
        head.push(octet[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(Seen {
        method,
        path,
        headers,
        body,
    })
}
