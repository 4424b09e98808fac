//! A double of the e-port's client control, with a card of its own. It follows what is known of the
//! control (signers/eport): questions and answers by number over a WebSocket, a greeting first,
//! Base64 that is broken into lines. Real controls and cards are not to be had for tests.

use base64::Engine as _;
use serde_json::{Value, json};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tongguan_crypto::{PrivateKey, Scheme, TestSubject, provider};
use tungstenite::Message;

/// The number that the card tells with each signature.
pub const NUMBER: &str = "E0330196000001";
pub const PIN: &str = "88888888";

pub struct Control {
    pub port: u16,
    pub certificate_pem: Vec<u8>,
    pub counts: Arc<Counts>,
    /// Off: it takes no connection and breaks those that it has.
    pub on: Arc<AtomicBool>,
}

/// What the card has done.
#[derive(Default)]
pub struct Counts {
    /// Tries with a PIN, right or wrong.
    pub tries: AtomicUsize,
    pub wrong: AtomicUsize,
    pub signatures: AtomicUsize,
    /// Operations that began while another was under way.
    pub overlaps: AtomicUsize,
}

struct Card {
    key: Arc<dyn PrivateKey>,
    certificate_pem: Vec<u8>,
    /// How long a signature takes.
    pace: Duration,
    busy: Mutex<()>,
}

impl Control {
    /// Starts it on a port of its own.
    pub fn start(scheme: Scheme, pace: Duration) -> Self {
        let subject = TestSubject {
            common_name: "card".into(),
            days: 30,
            from_days: 0,
        };
        let issued = provider()
            .issue_for_tests(scheme, &subject, None, None)
            .unwrap();
        let key = provider().key_file(&issued.key_pem, None).unwrap().key;
        let card = Arc::new(Card {
            key,
            certificate_pem: issued.certificate_pem.clone(),
            pace,
            busy: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let control = Self {
            port: listener.local_addr().unwrap().port(),
            certificate_pem: issued.certificate_pem,
            counts: Arc::default(),
            on: Arc::new(AtomicBool::new(true)),
        };
        let (counts, on) = (Arc::clone(&control.counts), Arc::clone(&control.on));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if !on.load(Ordering::Relaxed) {
                    continue;
                }
                let (card, counts, on) = (Arc::clone(&card), Arc::clone(&counts), Arc::clone(&on));
                std::thread::spawn(move || serve(stream, &card, &counts, &on));
            }
        });
        control
    }
}

fn serve(stream: TcpStream, card: &Card, counts: &Counts, on: &AtomicBool) {
    let Ok(mut socket) = tungstenite::accept(stream) else {
        return;
    };
    let greeting = json!({ "_method": "open", "_status": "00" }).to_string();
    if socket.send(Message::text(greeting)).is_err() {
        return;
    }
    while let Ok(message) = socket.read() {
        if !on.load(Ordering::Relaxed) {
            return;
        }
        let Message::Text(text) = message else {
            continue;
        };
        let question: Value = serde_json::from_str(&text).unwrap();
        let method = question["_method"].as_str().unwrap_or_default();
        let args = match method {
            "cus-sec_SpcSignDataAsPEM" => sign(card, counts, &question["args"]),
            "cus-sec_SpcGetSignCertAsPEM" => {
                let pem = String::from_utf8(card.certificate_pem.clone()).unwrap();
                json!({ "Result": true, "Data": [pem], "Error": [] })
            }
            _ => json!({ "Result": false, "Data": [], "Error": ["no such method"] }),
        };
        let answer = json!({
            "_id": question["_id"], "_method": method, "_status": "00", "_args": args
        });
        if socket.send(Message::text(answer.to_string())).is_err() {
            return;
        }
    }
}

fn sign(card: &Card, counts: &Counts, args: &Value) -> Value {
    let _busy = card.busy.try_lock().unwrap_or_else(|_| {
        counts.overlaps.fetch_add(1, Ordering::Relaxed);
        card.busy.lock().unwrap()
    });
    counts.tries.fetch_add(1, Ordering::Relaxed);
    if args["passwd"] != PIN {
        counts.wrong.fetch_add(1, Ordering::Relaxed);
        return json!({ "Result": false, "Data": [], "Error": ["密码错误"] });
    }
    std::thread::sleep(card.pace);
    counts.signatures.fetch_add(1, Ordering::Relaxed);
    let text = args["inData"].as_str().unwrap_or_default();
    let value = card.key.sign(text.as_bytes()).unwrap();
    let value = base64::engine::general_purpose::STANDARD.encode(value);
    let lines: Vec<&str> = value
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    json!({ "Result": true, "Data": [lines.join("\r\n"), NUMBER], "Error": [] })
}
