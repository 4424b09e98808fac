//! The rows of the tables, as the files have them.

use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub message: Option<MessageRow>,
    #[serde(default)]
    pub namespaces: BTreeMap<String, String>,
    /// The standard's schema files, each with those that it includes.
    #[serde(default)]
    pub schemas: BTreeMap<String, Vec<String>>,
    /// English and Chinese.
    #[serde(default)]
    pub roles: BTreeMap<String, [String; 2]>,
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
    pub tables: Option<TablesRow>,
    pub namespace: String,
    /// Its schema file; that of its namespace and direction if it is not said.
    pub schema: Option<String>,
    pub direction: String,
    pub kind: String,
    #[serde(default)]
    pub senders: Vec<String>,
    pub unit: Option<String>,
    #[serde(default)]
    pub business_key: Vec<String>,
    /// The fields by which others refer to it, where that is not the business key.
    #[serde(default)]
    pub referred_by: Vec<String>,
    #[serde(default)]
    pub follows: Vec<FollowsRow>,
    #[serde(default)]
    pub answered_by: Vec<String>,
    #[serde(default)]
    pub answers: Vec<String>,
    /// The field by which a receipt gives a number to what it answers.
    pub gives: Option<String>,
    /// The declarations that a notice is about.
    #[serde(default)]
    pub about: Vec<String>,
    #[serde(default)]
    pub statuses: Vec<StatusRow>,
}

/// A declaration that customs wants first, and the fields here that name it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FollowsRow {
    pub message: String,
    pub by: Vec<String>,
}

/// The specification's tables of a message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TablesRow {
    /// Of the root's attributes, in the second part of the section.
    pub attributes: String,
    /// Of the parts below the root, in the third.
    pub parts: String,
    /// Of what is in the first part, in the fourth.
    pub fields: String,
    /// Of `BaseTransfer`, likewise.
    pub transfer: Option<String>,
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
    /// The official schema declares it inside another element, not by itself.
    #[serde(default)]
    pub local: bool,
    /// What the official schema calls its type.
    pub named: Option<String>,
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
    /// The specification's text does not have it, the schema does.
    #[serde(default)]
    pub schema_only: bool,
    #[serde(default)]
    pub personal: bool,
    pub fill: Option<String>,
    pub format: Option<String>,
    pub fixed: Option<String>,
    pub default: Option<String>,
    /// What the official schema calls its type.
    pub named: Option<String>,
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

/// What fields mean, in English.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Meanings {
    pub meanings: BTreeMap<String, String>,
}

/// What examples say.
#[derive(Deserialize)]
pub(crate) struct Samples {
    /// By message: what a minimal example has though the schema does not ask for it.
    pub minimal: BTreeMap<String, Vec<String>>,
    /// By message, direction or `any`, and field.
    #[serde(flatten)]
    pub of: BTreeMap<String, BTreeMap<String, Sample>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Sample {
    One(String),
    /// For the first, second … item.
    Many(Vec<String>),
}
