//! A double of IBM MQ's web server (mqweb) with its messaging REST API, version 2, as IBM's reference
//! documents it ("REST API resources", POST, GET and DELETE of …/message, GET of …/messagelist). IBM's
//! own is not to be had for tests. The queues are in memory; it may be stopped and started.

#![allow(dead_code, reason = "each test uses its own part of this")]

use base64::Engine as _;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::platform::{Act, Platform, Seen, answer};

/// A message on a queue.
#[derive(Debug, Clone)]
pub struct Message {
    /// 48 hexadecimal digits.
    pub id: String,
    pub body: String,
    pub persistent: bool,
    /// `MQSTR`: only text goes by this API.
    pub format: &'static str,
}

#[derive(Default)]
struct State {
    up: bool,
    queues: BTreeMap<String, Vec<Message>>,
    put_inhibited: bool,
    next: u64,
}

pub struct MqWeb {
    pub server: Platform,
    state: Arc<Mutex<State>>,
}

/// The queue manager's name, and who is let in.
const MANAGER: &str = "QM1";
const LOGIN: &str = "enterprise:秘密";

impl MqWeb {
    pub fn new() -> Self {
        let state = State {
            up: true,
            queues: ["TO.CUSTOMS", "FROM.CUSTOMS"]
                .map(|name| (name.to_owned(), Vec::new()))
                .into(),
            ..State::default()
        };
        let state = Arc::new(Mutex::new(state));
        let own = Arc::clone(&state);
        let server = Platform::start(move |_, seen| {
            let mut state = own.lock().unwrap();
            if state.up {
                Act::Say(state.answered(seen))
            } else {
                Act::Cut
            }
        });
        Self { server, state }
    }

    /// The transport's table, as the manifest has it. `secrets.login` refers to the file `login`.
    pub fn table(&self) -> String {
        format!(
            "kind = \"http\"\nprofile = \"ibmmq\"\nurl = \"{}\"\npoll_ms = 100\n\
             secrets = {{ login = \"file:login\" }}\n\
             values = {{ queue_manager = \"QM1\", send_queue = \"TO.CUSTOMS\", receive_queue = \"FROM.CUSTOMS\" }}\n",
            self.server.url()
        )
    }

    /// What the file `login` holds.
    pub const LOGIN: &str = LOGIN;

    /// Goes down, with what is not persistent.
    pub fn stop(&self) {
        let mut state = self.state.lock().unwrap();
        state.up = false;
        for queue in state.queues.values_mut() {
            queue.retain(|message| message.persistent);
        }
    }

    pub fn start(&self) {
        self.state.lock().unwrap().up = true;
    }

    pub fn put_inhibited(&self, inhibited: bool) {
        self.state.lock().unwrap().put_inhibited = inhibited;
    }

    pub fn put(&self, queue: &str, format: &'static str, body: &str) {
        let mut state = self.state.lock().unwrap();
        let message = state.message(format, body, true);
        state.queues.get_mut(queue).unwrap().push(message);
    }

    pub fn on(&self, queue: &str) -> Vec<Message> {
        self.state.lock().unwrap().queues[queue].clone()
    }
}

/// An error as mqweb tells it.
fn error(status: &str, id: &str, reason: u32, says: &str) -> String {
    let one = json!({ "type": "rest", "msgId": id, "message": says, "completionCode": 2, "reasonCode": reason });
    answer(status, &json!({ "error": [one] }).to_string())
}

impl State {
    fn message(&mut self, format: &'static str, body: &str, persistent: bool) -> Message {
        self.next += 1;
        Message {
            id: format!("414d5120{:040x}", self.next),
            body: body.to_owned(),
            persistent,
            format,
        }
    }

    fn answered(&mut self, seen: &Seen) -> String {
        let login = base64::engine::general_purpose::STANDARD.encode(LOGIN);
        if seen.header("authorization") != format!("Basic {login}") {
            return error("401 Unauthorized", "MQWB0104E", 0, "not authenticated");
        }
        if !seen
            .headers
            .iter()
            .any(|(name, _)| name == "ibm-mq-rest-csrf-token")
        {
            return error("403 Forbidden", "MQWB0007E", 0, "no CSRF token");
        }
        let (path, query) = seen.path.split_once('?').unwrap_or((&seen.path, ""));
        let query: BTreeMap<&str, &str> =
            query.split('&').filter_map(|p| p.split_once('=')).collect();
        let place: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let [
            "ibmmq",
            "rest",
            "v2",
            "messaging",
            "qmgr",
            manager,
            "queue",
            queue,
            resource,
        ] = place[..]
        else {
            return answer("404 Not Found", "");
        };
        if manager != MANAGER {
            return error(
                "503 Service Unavailable",
                "MQWB0009E",
                2059,
                "no such queue manager",
            );
        }
        if !self.queues.contains_key(queue) {
            return error(
                "404 Not Found",
                "MQWB0009E",
                2085,
                "MQRC_UNKNOWN_OBJECT_NAME",
            );
        }
        match (seen.method.as_str(), resource) {
            ("GET", "messagelist") => self.list(queue, &query),
            ("POST", "message") => self.posted(queue, seen),
            ("GET" | "DELETE", "message") => self.got(queue, &query, seen.method == "DELETE"),
            _ => answer("405 Method Not Allowed", ""),
        }
    }

    fn list(&self, queue: &str, query: &BTreeMap<&str, &str>) -> String {
        let limit = query
            .get("limit")
            .map_or(10, |limit| limit.parse().unwrap());
        let all: Vec<Value> = self.queues[queue]
            .iter()
            .take(limit)
            .map(|m| json!({ "messageId": m.id, "format": m.format }))
            .collect();
        answer("200 OK", &json!({ "messages": all }).to_string())
    }

    fn posted(&mut self, queue: &str, seen: &Seen) -> String {
        if seen.header("content-type") != "text/plain;charset=utf-8" {
            return error("415 Unsupported Media Type", "MQWB0028E", 0, "not a text");
        }
        if self.put_inhibited {
            return error(
                "405 Method Not Allowed",
                "MQWB0009E",
                2051,
                "MQRC_PUT_INHIBITED",
            );
        }
        let persistent = seen.header("ibm-mq-md-persistence") == "persistent";
        let message = self.message("MQSTR", &seen.text(), persistent);
        self.queues.get_mut(queue).unwrap().push(message);
        answer("201 Created", "")
    }

    fn got(&mut self, queue: &str, query: &BTreeMap<&str, &str>, destroy: bool) -> String {
        let queue = self.queues.get_mut(queue).unwrap();
        let wanted = |m: &Message| query.get("messageId").is_none_or(|id| *id == m.id);
        let Some(at) = queue.iter().position(wanted) else {
            return "HTTP/1.1 204 No Content\r\n\r\n".to_owned();
        };
        if queue[at].format != "MQSTR" {
            return error("400 Bad Request", "MQWB0113E", 0, "the message is no text");
        }
        let body = queue[at].body.clone();
        if destroy {
            queue.remove(at);
        }
        answer("200 OK", &body)
    }
}
