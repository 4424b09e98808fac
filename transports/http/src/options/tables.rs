//! The tables as they are written.

use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use tongguan_contracts::SecretRef;

use super::{Encoding, Form};
use crate::request::RequestTable;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    pub url: String,
    pub ca: Option<PathBuf>,
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    pub proxy: Option<ProxyTable>,
    #[serde(default = "timeout_seconds")]
    pub timeout_seconds: u64,
    #[serde(default = "poll_ms")]
    pub poll_ms: u64,
    #[serde(default = "max_octets")]
    pub max_octets: usize,
    /// Where cursors are kept.
    pub state: Option<PathBuf>,
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretRef>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    pub check: Option<RequestTable>,
    pub send: Option<SendTable>,
    #[serde(default)]
    pub receive: BTreeMap<String, QueryTable>,
    pub listen: Option<ListenTable>,
}

fn timeout_seconds() -> u64 {
    30
}

fn poll_ms() -> u64 {
    2000
}

fn max_octets() -> usize {
    64 << 20
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProxyTable {
    pub url: String,
    pub username: Option<String>,
    pub password: Option<SecretRef>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SendTable {
    #[serde(default)]
    pub taken_when: ConditionTable,
    pub rejected_when: Option<ConditionTable>,
    #[serde(flatten)]
    pub request: Map<String, Value>,
}

/// What an answer must say. All that is given must hold.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ConditionTable {
    pub status: Vec<u16>,
    pub body: Option<String>,
    pub at: Option<String>,
    pub is: Vec<Said>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a text, a number, true or false")]
pub(super) enum Said {
    Text(String),
    Number(i64),
    Bool(bool),
}

#[derive(Debug, Deserialize)]
pub(super) struct QueryTable {
    pub poll_ms: Option<u64>,
    #[serde(default)]
    pub form: Form,
    #[serde(default)]
    pub items: String,
    pub octets: Option<String>,
    #[serde(default)]
    pub encoding: Encoding,
    pub receipt: Option<ReceiptTable>,
    pub id: Option<String>,
    pub cursor: Option<CursorTable>,
    pub fetch: Option<RequestTable>,
    pub acknowledge: Option<RequestTable>,
    #[serde(flatten)]
    pub request: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceiptTable {
    pub message: String,
    pub guid: String,
    pub fields: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CursorTable {
    pub from: String,
    #[serde(default)]
    pub start: String,
    pub time: Option<String>,
    pub overlap_seconds: Option<u32>,
    pub first_hours: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListenTable {
    pub address: SocketAddr,
    #[serde(default = "root")]
    pub path: String,
    pub token: Option<SecretRef>,
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    pub ca: Option<PathBuf>,
    #[serde(default = "raw")]
    pub form: Form,
    #[serde(default)]
    pub items: String,
    pub octets: Option<String>,
    #[serde(default)]
    pub encoding: Encoding,
    pub receipt: Option<ReceiptTable>,
    #[serde(default)]
    pub answer: String,
}

fn root() -> String {
    "/".to_owned()
}

fn raw() -> Form {
    Form::Raw
}
