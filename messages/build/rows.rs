//! The rows of the tables, as the files have them.

use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub message: Option<MessageRow>,
    #[serde(default)]
    pub namespaces: BTreeMap<String, String>,
    #[serde(default)]
    pub elements: BTreeMap<String, ElementRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageRow {
    pub name: String,
    pub zh: String,
    pub en: String,
    pub section: String,
    pub namespace: String,
    pub direction: String,
    pub kind: String,
    #[serde(default)]
    pub senders: Vec<String>,
    pub unit: Option<String>,
    #[serde(default)]
    pub business_key: Vec<String>,
    #[serde(default)]
    pub answered_by: Vec<String>,
    #[serde(default)]
    pub answers: Vec<String>,
    #[serde(default)]
    pub statuses: Vec<StatusRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatusRow {
    pub code: String,
    pub outcome: String,
    pub zh: String,
    pub en: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ElementRow {
    pub zh: String,
    pub en: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub like: Option<String>,
    pub namespace: Option<String>,
    #[serde(default)]
    pub attributes: Vec<FieldRow>,
    #[serde(default)]
    pub children: Vec<ChildRow>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum ChildRow {
    Ref(RefRow),
    Field(Box<FieldRow>),
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefRow {
    pub r#ref: String,
    pub occurs: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldRow {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub occurs: Option<String>,
    pub zh: String,
    pub en: String,
    #[serde(default)]
    pub meaning: String,
    #[serde(default)]
    pub personal: bool,
    pub fill: Option<String>,
    pub format: Option<String>,
    pub fixed: Option<String>,
    pub default: Option<String>,
    /// White space is collapsed before the length is counted.
    #[serde(default)]
    pub collapse: bool,
    #[serde(default)]
    pub codes: Vec<[String; 3]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Errors {
    /// English and Chinese.
    pub remedies: BTreeMap<String, [String; 2]>,
    pub groups: Vec<ErrorGroupRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorGroupRow {
    pub level: String,
    pub first: String,
    pub last: String,
    pub zh: String,
    pub en: String,
    #[serde(default)]
    pub messages: Vec<String>,
    pub codes: Vec<ErrorRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorRow {
    pub code: String,
    pub zh: String,
    pub en: String,
    pub remedy: Option<String>,
    #[serde(default)]
    pub already_declared: bool,
}
