//! The control's protocol: JSON over a WebSocket, a question and its answer by number.
//!
//! No official description of it is public; what is here was seen in the field.

use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Message, WebSocket, client::client_with_config};

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// An answer is never larger: a signature or a certificate.
const MOST: usize = 1 << 20;
/// So many messages that answer nothing are passed over: greetings, answers to what was given up.
const STRAYS: usize = 20;

/// Why a question has no good answer.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The control is not there, or the connection is lost.
    Away(String),
    /// It answered, and said no.
    Refused(String),
    /// It answered something else than its protocol has.
    Odd(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(why) | Self::Odd(why) => f.write_str(why),
            Self::Refused(why) => write!(f, "it refused: {why}"),
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "_id")]
    id: Option<u64>,
    #[serde(rename = "_args")]
    args: Option<Args>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Args {
    result: bool,
    #[serde(default)]
    data: Vec<String>,
    #[serde(default)]
    error: Vec<String>,
}

/// A connection to the control.
pub(crate) struct Control {
    socket: WebSocket<TcpStream>,
    patience: Duration,
    next: u64,
}

impl Control {
    pub(crate) fn connect(host: &str, port: u16, patience: Duration) -> Result<Self, Trouble> {
        let away = |e: &dyn fmt::Display| Trouble::Away(e.to_string());
        let mut addresses = (host, port).to_socket_addrs().map_err(|e| away(&e))?;
        let address = addresses
            .next()
            .ok_or_else(|| Trouble::Away("the name has no address".to_owned()))?;
        let stream = TcpStream::connect_timeout(&address, CONNECT).map_err(|e| away(&e))?;
        let limit = |t| stream.set_read_timeout(Some(t)).map_err(|e| away(&e));
        limit(CONNECT)?;
        stream.set_nodelay(true).map_err(|e| away(&e))?;
        stream
            .set_write_timeout(Some(CONNECT))
            .map_err(|e| away(&e))?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MOST))
            .max_frame_size(Some(MOST));
        let url = format!("ws://{host}:{port}/");
        let (socket, _) = client_with_config(url, stream, Some(config)).map_err(|e| away(&e))?;
        Ok(Self {
            socket,
            patience,
            next: 1,
        })
    }

    /// Asks, and waits for the answer's data.
    pub(crate) fn ask(&mut self, method: &str, args: &Value) -> Result<Vec<String>, Trouble> {
        let id = self.next;
        self.next += 1;
        let question = json!({ "_method": method, "_id": id, "args": args }).to_string();
        let away = |e: tungstenite::Error| Trouble::Away(e.to_string());
        self.socket.send(Message::text(question)).map_err(away)?;
        let end = Instant::now() + self.patience;
        for _ in 0..STRAYS {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let limit = self.socket.get_ref().set_read_timeout(Some(left));
            limit.map_err(|e| Trouble::Away(e.to_string()))?;
            let text = match self.socket.read().map_err(away)? {
                Message::Text(text) => text,
                Message::Close(_) => return Err(Trouble::Away("it closed the connection".into())),
                _ => continue,
            };
            // A greeting has another form.
            let Ok(answer) = serde_json::from_str::<Answer>(&text) else {
                continue;
            };
            if answer.id != Some(id) {
                continue;
            }
            return match answer.args {
                Some(args) if args.result => Ok(args.data),
                Some(args) => Err(Trouble::Refused(args.error.join("; "))),
                None => Err(Trouble::Odd("its answer has no _args".to_owned())),
            };
        }
        Err(Trouble::Away("no answer in time".to_owned()))
    }
}
