//! A request as the manifest tells it.

use bytes::Bytes;
use hyper::Method;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

use crate::names::Scope;
use crate::sign::{self, Sign};
use crate::template::{Guard, Names as _, Template, url};

/// A request's table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RequestTable {
    pub method: Option<String>,
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Option<Body>,
    /// The body's fields, for JSON and forms.
    pub fields: Option<Value>,
    /// The body as text, for XML and for others.
    pub text: Option<String>,
    pub sign: Option<SignTable>,
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Body {
    Json,
    Form,
    Xml,
    Raw,
}

/// A signature's table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignTable {
    algorithm: sign::Algorithm,
    over: String,
    key: Option<String>,
    #[serde(default)]
    encoding: sign::Encoding,
}

/// A request with places.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub method: Method,
    path: Template,
    headers: Vec<(HeaderName, Template)>,
    body: Content,
    sign: Option<Sign>,
}

#[derive(Debug, Clone)]
enum Content {
    None,
    Json(Filled),
    Form(Vec<(String, Template)>),
    Text(Template, Guard),
}

/// JSON with places.
#[derive(Debug, Clone)]
enum Filled {
    Plain(Value),
    Text(Template),
    List(Vec<Filled>),
    Object(Vec<(String, Filled)>),
}

/// A request, filled in.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What is wrong with a key of the manifest.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub key: String,
    pub why: String,
}

pub(crate) fn wrong(key: impl Into<String>, why: impl Into<String>) -> Wrong {
    Wrong {
        key: key.into(),
        why: why.into(),
    }
}

/// Reads a template that may ask for what `known` takes.
pub(crate) fn template(
    key: &str,
    text: &str,
    known: &dyn Fn(&str) -> bool,
) -> Result<Template, Wrong> {
    let template = Template::read(text).map_err(|why| wrong(key, why))?;
    if let Some(name) = template.names().find(|name| !known(name)) {
        let why = format!("it asks for {{{name}}}, and nothing here has that name");
        return Err(wrong(key, why));
    }
    Ok(template)
}

impl RequestTable {
    /// Checks it. `common` are headers of every request; `key` is the table's name.
    pub(crate) fn read(
        &self,
        key: &str,
        method: Method,
        common: &BTreeMap<String, String>,
        known: &dyn Fn(&str) -> bool,
    ) -> Result<Request, Wrong> {
        let at = |name: &str| format!("{key}.{name}");
        let method = match &self.method {
            None => method,
            Some(text) => Method::from_bytes(text.to_ascii_uppercase().as_bytes())
                .map_err(|e| wrong(at("method"), e.to_string()))?,
        };
        let sign = match &self.sign {
            None => None,
            Some(table) => Some(table.read(&at("sign"), known)?),
        };
        let signed = sign.is_some();
        let known = |name: &str| known(name) || (signed && name == "sign");
        if !self.path.is_empty() && !self.path.starts_with(['/', '?']) {
            return Err(wrong(at("path"), "it begins with neither / nor ?"));
        }
        let mut headers = Vec::new();
        let own = self.headers.keys().map(|name| name.to_ascii_lowercase());
        let own: Vec<String> = own.collect();
        let common = common
            .iter()
            .filter(|(name, _)| !own.contains(&name.to_ascii_lowercase()))
            .map(|(name, text)| (format!("headers.{name}"), name, text));
        let all = self.headers.iter();
        let all = all.map(|(name, text)| (at(&format!("headers.{name}")), name, text));
        for (key, name, text) in all.chain(common) {
            let name = HeaderName::from_bytes(name.as_bytes());
            let name = name.map_err(|e| wrong(&key, e.to_string()))?;
            headers.push((name, template(&key, text, &known)?));
        }
        Ok(Request {
            path: template(&at("path"), &self.path, &known)?,
            body: self.content(key, &known)?,
            method,
            headers,
            sign,
        })
    }

    fn content(&self, key: &str, known: &dyn Fn(&str) -> bool) -> Result<Content, Wrong> {
        let at = |name: &str| format!("{key}.{name}");
        let unused = |name: &str, given: bool| match given {
            true => Err(wrong(at(name), "the body is not written by it")),
            false => Ok(()),
        };
        let fields = self.fields.as_ref();
        match self.body {
            None => {
                unused("fields", fields.is_some())?;
                unused("text", self.text.is_some())?;
                Ok(Content::None)
            }
            Some(Body::Json) => {
                unused("text", self.text.is_some())?;
                let fields = fields.ok_or_else(|| wrong(at("fields"), "the body needs them"))?;
                Ok(Content::Json(filled(&at("fields"), fields, known)?))
            }
            Some(Body::Form) => {
                unused("text", self.text.is_some())?;
                let Some(Value::Object(fields)) = fields else {
                    return Err(wrong(at("fields"), "a form needs a table of them"));
                };
                let field = |(name, value): (&String, &Value)| {
                    let key = at(&format!("fields.{name}"));
                    let text = crate::names::said(value)
                        .ok_or_else(|| wrong(&key, "a form's field is a text"))?;
                    Ok((name.clone(), template(&key, &text, known)?))
                };
                let fields: Result<_, Wrong> = fields.iter().map(field).collect();
                Ok(Content::Form(fields?))
            }
            Some(body @ (Body::Xml | Body::Raw)) => {
                unused("fields", fields.is_some())?;
                let text = self.text.as_deref();
                let text = text.ok_or_else(|| wrong(at("text"), "the body needs it"))?;
                let guard = match body {
                    Body::Xml => Guard::Xml,
                    _ => Guard::None,
                };
                Ok(Content::Text(template(&at("text"), text, known)?, guard))
            }
        }
    }
}

impl SignTable {
    fn read(&self, key: &str, known: &dyn Fn(&str) -> bool) -> Result<Sign, Wrong> {
        let at = |name: &str| format!("{key}.{name}");
        match (&self.key, self.algorithm.has_key()) {
            (None, true) => return Err(wrong(at("key"), "the algorithm needs a secret's name")),
            (Some(_), false) => {
                let why = "the algorithm has none: put the secret into over";
                return Err(wrong(at("key"), why));
            }
            (Some(name), true) if !known(name) => {
                let why = format!("there is no [secrets] {name}");
                return Err(wrong(at("key"), why));
            }
            _ => {}
        }
        Ok(Sign {
            algorithm: self.algorithm,
            over: template(&at("over"), &self.over, known)?,
            key: self.key.clone(),
            encoding: self.encoding,
        })
    }
}

fn filled(key: &str, value: &Value, known: &dyn Fn(&str) -> bool) -> Result<Filled, Wrong> {
    Ok(match value {
        Value::String(text) => Filled::Text(template(key, text, known)?),
        Value::Array(list) => {
            let item = |(n, value)| filled(&format!("{key}.{n}"), value, known);
            let list: Result<_, Wrong> = list.iter().enumerate().map(item).collect();
            Filled::List(list?)
        }
        Value::Object(object) => {
            let member = |(name, value): (&String, &Value)| {
                Ok((
                    name.clone(),
                    filled(&format!("{key}.{name}"), value, known)?,
                ))
            };
            let members: Result<_, Wrong> = object.iter().map(member).collect();
            Filled::Object(members?)
        }
        plain => Filled::Plain(plain.clone()),
    })
}

impl Filled {
    fn asks(&self, name: &str) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Text(template) => template.asks(name),
            Self::List(list) => list.iter().any(|item| item.asks(name)),
            Self::Object(members) => members.iter().any(|(_, item)| item.asks(name)),
        }
    }

    fn value(&self, scope: &Scope<'_>) -> Result<Value, String> {
        Ok(match self {
            Self::Plain(value) => value.clone(),
            Self::Text(template) => Value::String(template.text(scope, Guard::None)?),
            Self::List(list) => {
                let list: Result<_, String> = list.iter().map(|item| item.value(scope)).collect();
                Value::Array(list?)
            }
            Self::Object(members) => {
                let member = |(name, item): &(String, Self)| Ok((name.clone(), item.value(scope)?));
                let members: Result<Map<_, _>, String> = members.iter().map(member).collect();
                Value::Object(members?)
            }
        })
    }
}

impl Request {
    /// Whether any of its places asks for that name.
    pub(crate) fn asks(&self, name: &str) -> bool {
        let body = match &self.body {
            Content::None => false,
            Content::Json(filled) => filled.asks(name),
            Content::Form(fields) => fields.iter().any(|(_, field)| field.asks(name)),
            Content::Text(text, _) => text.asks(name),
        };
        body || self.path.asks(name)
            || self.headers.iter().any(|(_, header)| header.asks(name))
            || self.sign.as_ref().is_some_and(|sign| sign.over.asks(name))
    }

    /// Fills it in.
    ///
    /// # Errors
    /// What cannot be written, for people.
    pub(crate) fn prepare(&self, mut scope: Scope<'_>) -> Result<Prepared, String> {
        if let Some(sign) = &self.sign {
            let octets = sign.over.fill(&scope, Guard::None).map_err(missing)?;
            let key = match &sign.key {
                Some(name) => scope.get(name, None),
                None => None,
            };
            let value = sign.algorithm.value(key.as_deref(), &octets, sign.encoding);
            let value = value.map_err(|e| format!("it cannot be signed: {e}"))?;
            drop(key);
            scope.own.push(("sign", value));
        }
        let mut headers = HeaderMap::new();
        for (name, text) in &self.headers {
            let value = text.fill(&scope, Guard::None).map_err(missing)?;
            let value = HeaderValue::from_bytes(&value)
                .map_err(|_| format!("the header {name} would hold a line break"))?;
            headers.append(name, value);
        }
        let (body, kind) = match &self.body {
            Content::None => (Vec::new(), None),
            Content::Json(filled) => {
                let value = filled.value(&scope).map_err(missing)?;
                (value.to_string().into_bytes(), Some("application/json"))
            }
            Content::Form(fields) => {
                let mut out = String::new();
                for (name, text) in fields {
                    if !out.is_empty() {
                        out.push('&');
                    }
                    out.push_str(&url(name.as_bytes()));
                    out.push('=');
                    out.push_str(&text.text(&scope, Guard::Url).map_err(missing)?);
                }
                (out.into_bytes(), Some("application/x-www-form-urlencoded"))
            }
            Content::Text(text, guard) => {
                let octets = text.fill(&scope, *guard).map_err(missing)?;
                (octets, Some("application/xml"))
            }
        };
        if let Some(kind) = kind {
            let named = headers.contains_key(hyper::header::CONTENT_TYPE);
            if !named {
                headers.insert(hyper::header::CONTENT_TYPE, HeaderValue::from_static(kind));
            }
        }
        Ok(Prepared {
            method: self.method.clone(),
            path: self.path.text(&scope, Guard::Url).map_err(missing)?,
            headers,
            body: body.into(),
        })
    }
}

fn missing(name: String) -> String {
    format!("nothing is known of {{{name}}}")
}
