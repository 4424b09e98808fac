//! What an answer means.

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::Value;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use tongguan_contracts::{Failure, FailureClass};

use crate::link::Answer;
use crate::names::{Scope, at, said};
use crate::options::Condition;
use crate::template::Guard;

/// A platform is not waited for longer at its word.
const LONGEST: Duration = Duration::from_secs(3600);
/// So much of an answer is shown.
const SHOWN: usize = 200;

impl Answer {
    /// For people: the status, and the beginning of what was said.
    pub(crate) fn told(&self) -> String {
        let text = String::from_utf8_lossy(&self.body[..self.body.len().min(SHOWN * 4)]);
        let text: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(SHOWN)
            .collect();
        match text.trim() {
            "" => self.status.to_string(),
            text => format!("{}: {text}", self.status),
        }
    }

    /// When to come again, where the answer says so.
    pub(crate) fn later(&self) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?;
        let wait = match text.trim().parse::<u64>() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_) => {
                let at = OffsetDateTime::parse(text.trim(), &Rfc2822).ok()?;
                let wait = at - OffsetDateTime::now_utc();
                Duration::try_from(wait).unwrap_or_default()
            }
        };
        Some(wait.min(LONGEST))
    }

    /// A web server's own page, not the platform's word.
    fn is_page(&self) -> bool {
        let kind = self.headers.get(CONTENT_TYPE);
        let kind = kind.and_then(|k| k.to_str().ok()).unwrap_or_default();
        kind.trim_start()
            .to_ascii_lowercase()
            .starts_with("text/html")
    }

    /// What it means that the answer is no success.
    pub(crate) fn failure(&self, part: &str, doing: &str) -> Failure {
        let (class, remedy, left) = match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => (
                FailureClass::Misconfigured,
                "check the token, the login or the certificate, and that the platform knows you",
                false,
            ),
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => (
                FailureClass::Misconfigured,
                "check proxy.username, and what proxy.password refers to",
                false,
            ),
            StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::GONE
            | StatusCode::LENGTH_REQUIRED
            | StatusCode::URI_TOO_LONG
            | StatusCode::UPGRADE_REQUIRED => (
                FailureClass::Misconfigured,
                "check url, path and method",
                false,
            ),
            StatusCode::BAD_REQUEST if self.is_page() => (
                FailureClass::Misconfigured,
                "a web server before the platform refuses the request: check url (http or https), \
                 certificate and headers",
                true,
            ),
            StatusCode::PAYLOAD_TOO_LARGE => (
                FailureClass::Rejected,
                "the message is too large for the platform: declare fewer a message ([limits] batch)",
                false,
            ),
            StatusCode::TOO_MANY_REQUESTS => {
                (FailureClass::Transient, "it is tried again later", false)
            }
            StatusCode::REQUEST_TIMEOUT
            | StatusCode::CONFLICT
            | StatusCode::TOO_EARLY
            | StatusCode::LOCKED => (FailureClass::Transient, "it is tried again", true),
            status if status.is_client_error() => (
                FailureClass::Rejected,
                "see what the platform says; where it is the form of the request, mend send",
                true,
            ),
            // Whether a server that fails has taken it is not known.
            _ => (
                FailureClass::Transient,
                "it is tried again; see the platform's own log",
                true,
            ),
        };
        let failure = Failure::new(class, part, doing, self.told()).remedy(remedy);
        if left { failure } else { failure.unsent() }
    }
}

impl Condition {
    /// Whether an answer says so.
    pub(crate) fn holds(&self, answer: &Answer, scope: &Scope<'_>) -> bool {
        let status = match self.status.as_slice() {
            [] => answer.status.is_success(),
            named => named.contains(&answer.status),
        };
        let body = self.body.as_ref();
        let body = body.is_none_or(|body| String::from_utf8_lossy(&answer.body).trim() == body);
        let at_place = || match &self.at {
            None => true,
            Some((path, is)) => {
                let value: Option<Value> = serde_json::from_slice(&answer.body).ok();
                let found = value.as_ref().and_then(|value| said(at(value, path)?));
                found.is_some_and(|found| {
                    is.iter()
                        .any(|is| is.text(scope, Guard::None).is_ok_and(|is| is == found))
                })
            }
        };
        status && body && at_place()
    }

    /// Whether an answer with that status can say so.
    pub(crate) fn may_hold(&self, status: StatusCode) -> bool {
        match self.status.as_slice() {
            [] => status.is_success(),
            named => named.contains(&status),
        }
    }
}
