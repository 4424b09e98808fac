//! Sends an envelope, and waits for the partner's signed word that it is taken.

use openssl::sha::sha256;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

use tongguan_contracts::{Accepted, Failure, Outgoing};

use crate::link::Link;
use crate::mdn::{self, DUPLICATE, Disposition, Report};
use crate::memory::Memory;
use crate::message::{self, Mic, Wrapped};
use crate::mime::Entity;
use crate::options::Options;
use crate::{blocking, evidence};

/// Who waits for an MDN that comes in a request of its own, by Message-ID.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<HashMap<String, oneshot::Sender<Entity>>>);

impl Waiting {
    fn all(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Entity>>> {
        // Whole between any two operations, even after a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands an MDN to whoever waits for it.
    pub(crate) fn settle(&self, message_id: &str, mdn: Entity) {
        let waits = self.all().remove(message_id);
        if let Some(waits) = waits {
            // Who has stopped waiting finds it in the memory.
            let _ = waits.send(mdn);
        }
    }
}

/// A wait that ends with its scope.
struct Wait<'a> {
    waiting: &'a Waiting,
    message_id: &'a str,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.waiting.all().remove(self.message_id);
    }
}

pub(crate) struct Outbox {
    pub options: Arc<Options>,
    pub link: Arc<Link>,
    pub memory: Arc<Memory>,
    pub waiting: Arc<Waiting>,
}

/// An envelope's Message-ID (RFC 5322, 3.6.4). A repeat has the same one, so that the partner knows it
/// again; after a refusal it is another message.
pub(crate) fn message_id(cop_msg_id: &str, refusals: u32, from: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let name = match cop_msg_id.len() {
        1..=100 if cop_msg_id.chars().all(plain) => cop_msg_id.to_owned(),
        _ => hex::encode(sha256(cop_msg_id.as_bytes())),
    };
    let again = match refusals {
        0 => String::new(),
        n => format!(".{}", u64::from(n) + 1),
    };
    format!("<{name}{again}@{}>", mdn::domain(from))
}

/// A Message-ID as two sides compare it: some leave the angle brackets out.
pub(crate) fn bare(message_id: &str) -> &str {
    message_id
        .trim()
        .trim_start_matches('<')
        .trim_end_matches('>')
}

impl Outbox {
    pub(crate) async fn put(&self, outgoing: Outgoing<'_>) -> Result<Accepted, Failure> {
        let part = self.options.part.as_str();
        let cop_msg_id = outgoing.cop_msg_id.to_owned();
        let (memory, id) = (Arc::clone(&self.memory), cop_msg_id.clone());
        let before = blocking(part, move || memory.before(&id)).await;
        let before = before.map_err(Failure::unsent)?;
        let message_id = message_id(&cop_msg_id, before.refusals, &self.options.from);
        let (options, envelope) = (Arc::clone(&self.options), outgoing.envelope.to_vec());
        let file_name = outgoing.file_name();
        let wrapped = blocking(part, move || {
            message::wrap(&options, &envelope, &file_name).map_err(|e| {
                Failure::misconfigured(&options.part, "sign and encrypt", e)
                    .remedy("check key and partner_certificate")
            })
        });
        let wrapped = wrapped.await.map_err(Failure::unsent)?;
        let turn = Turn {
            outbox: self,
            cop_msg_id,
            message_id,
        };
        if let Some(mdn) = before.mdn {
            // It came when nobody waited for it any more: the envelope was sent before.
            let mdn = Entity::parse(&mdn.into());
            let mdn = mdn.map_err(|why| Failure::transient(part, "read a kept MDN", why))?;
            return turn.judge(&wrapped.signed, mdn).await;
        }
        turn.send(wrapped, outgoing.message).await
    }
}

/// One envelope on its way.
struct Turn<'a> {
    outbox: &'a Outbox,
    cop_msg_id: String,
    message_id: String,
}

impl Turn<'_> {
    async fn send(&self, wrapped: Wrapped, subject: &str) -> Result<Accepted, Failure> {
        let options = &self.outbox.options;
        let Wrapped { entity, signed } = wrapped;
        let mut fields = vec![
            ("Subject".to_owned(), subject.to_owned()),
            (
                "Disposition-Notification-To".to_owned(),
                mdn::domain(&options.from),
            ),
            (
                "Disposition-Notification-Options".to_owned(),
                format!(
                    "signed-receipt-protocol=required, pkcs7-signature; \
                     signed-receipt-micalg=required, {}",
                    message::MICALG
                ),
            ),
        ];
        if let Some(url) = &options.mdn_url {
            fields.push(("Receipt-Delivery-Option".to_owned(), url.clone()));
        }
        fields.extend_from_slice(entity.fields());
        let entity = Entity::new(fields, entity.body);
        let entity = mdn::addressed(options, entity, &self.message_id);
        let link = &self.outbox.link;
        if options.mdn_url.is_none() {
            let answer = link.post(&options.partner_url, entity).await?;
            return self.judge(&signed, answer).await;
        }
        let (memory, cop_msg_id) = (Arc::clone(&self.outbox.memory), self.cop_msg_id.clone());
        let message_id = bare(&self.message_id).to_owned();
        let expected = blocking(&options.part, move || {
            memory.expect(&cop_msg_id, &message_id)
        });
        expected.await.map_err(Failure::unsent)?;
        let (settle, settled) = oneshot::channel();
        let waiting = &self.outbox.waiting;
        waiting
            .all()
            .insert(bare(&self.message_id).to_owned(), settle);
        let _wait = Wait {
            waiting,
            message_id: bare(&self.message_id),
        };
        let answer = link.post(&options.partner_url, entity).await?;
        if mdn::is_mdn(&answer) {
            // Some tell at once what went wrong.
            return self.judge(&signed, answer).await;
        }
        match tokio::time::timeout(options.mdn_patience, settled).await {
            Ok(Ok(mdn)) => self.judge(&signed, mdn).await,
            _ => {
                let why = format!("no MDN came in {} s", options.mdn_patience.as_secs());
                let remedy = "check with the partner that mdn_url leads to listen, from its side; \
                              raise mdn_timeout_seconds where it is slow";
                let doing = format!("know that {} is taken", self.message_id);
                Err(Failure::transient(&options.part, doing, why).remedy(remedy))
            }
        }
    }

    /// What an MDN, or what was answered in its place, means.
    async fn judge(&self, signed: &[u8], answer: Entity) -> Result<Accepted, Failure> {
        let options = &self.outbox.options;
        let doing = format!("know that {} is taken", self.message_id);
        let unknown = |why: String, remedy: &str| {
            Failure::misconfigured(&options.part, &doing, why).remedy(remedy)
        };
        let report = match answer.kind().name.as_str() {
            "multipart/signed" => mdn::read(options, &answer).map_err(|refusal| {
                unknown(
                    format!("the partner's MDN does not count: {}", refusal.why),
                    "partner_certificate must be the one that the partner signs with now",
                )
            })?,
            "multipart/report" => {
                return Err(unknown(
                    "the partner's MDN is not signed".to_owned(),
                    "have the partner sign its MDNs: an unsigned one could be anybody's",
                ));
            }
            other => {
                return Err(unknown(
                    format!("the answer is no MDN, but {other:?}"),
                    "check that url is the partner's AS2 address, and that it sends MDNs",
                ));
            }
        };
        if bare(&report.message_id) != bare(&self.message_id) {
            let why = format!("the MDN is of another message, {:?}", report.message_id);
            return Err(unknown(why, "ask the partner why it tells of another one"));
        }
        let (keeping, id) = (Arc::clone(options), bare(&self.message_id).to_owned());
        let kept = blocking(&options.part, move || {
            evidence::keep(&keeping, &id, &answer)
        });
        let kept = kept.await?.display().to_string();
        match verdict(&report, signed) {
            Verdict::Taken => {
                let mic = report
                    .mic
                    .map(|mic| format!(", MIC {} {}", mic.algorithm, mic.value));
                Ok(Accepted {
                    evidence: format!(
                        "MDN of {}: {}{}; kept as {kept}",
                        self.message_id,
                        report.disposition,
                        mic.unwrap_or_default()
                    ),
                })
            }
            Verdict::Other(why) => {
                self.refused().await?;
                Err(unknown(
                    format!("{why} (kept as {kept})"),
                    "compare with the partner what its program takes the MIC of",
                ))
            }
            Verdict::Refused(modifier) => {
                self.refused().await?;
                let told = match report.text.is_empty() {
                    true => format!("the partner says {modifier:?} (kept as {kept})"),
                    false => format!(
                        "the partner says {modifier:?}: {} (kept as {kept})",
                        report.text
                    ),
                };
                Err(refusal(&options.part, &self.message_id, &modifier, told))
            }
        }
    }

    async fn refused(&self) -> Result<(), Failure> {
        let (memory, id) = (Arc::clone(&self.outbox.memory), self.cop_msg_id.clone());
        blocking(&self.outbox.options.part, move || memory.refused(&id)).await
    }
}

/// What a signed MDN makes of an envelope.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Taken,
    /// The partner has something else than what was sent.
    Other(String),
    Refused(String),
}

fn verdict(report: &Report, signed: &[u8]) -> Verdict {
    let same = match &report.mic {
        None => None,
        Some(mic) => match Mic::of(signed, &mic.algorithm) {
            Some(ours) => Some(ours.value == mic.value),
            None => Some(false),
        },
    };
    match (&report.disposition, same) {
        (Disposition::Failed(modifier), _) => Verdict::Refused(modifier.clone()),
        (_, Some(false)) => Verdict::Other("the MIC is not that of what was sent".to_owned()),
        (_, Some(true)) => Verdict::Taken,
        // The Message-ID is this envelope's alone: it was taken when it came first. Some do not take
        // the MIC of what they know already.
        (Disposition::Warning(modifier), None) if modifier.starts_with(DUPLICATE) => Verdict::Taken,
        (_, None) => Verdict::Other("the MDN has no MIC".to_owned()),
    }
}

/// What is to be done about a refusal, by its modifier (RFC 4130, 7.5).
fn refusal(part: &str, message_id: &str, modifier: &str, told: String) -> Failure {
    let doing = format!("have {message_id} taken");
    let lower = modifier.to_ascii_lowercase();
    let is = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
    let misconfigured = |remedy: &str| {
        // Who could not read it, or not tell whose it is, has not taken it.
        let failure = Failure::misconfigured(part, &doing, &told);
        failure.remedy(remedy).unsent()
    };
    if is(&["authentication", "integrity-check"]) {
        misconfigured(
            "give the partner our certificate: it verifies our signature with another one",
        )
    } else if is(&["decryption"]) {
        misconfigured(
            "partner_certificate must be that of the key that the partner decrypts with now",
        )
    } else if is(&["decompression"]) {
        misconfigured("agree with the partner on compression; compress = false does without")
    } else if is(&["insufficient-message-security"]) {
        misconfigured("the partner wants it encrypted: set encrypt")
    } else if is(&[
        "unknown-trading",
        "sender-equals-receiver",
        "unknown trading",
    ]) {
        misconfigured("as2_from and as2_to are the names that the partner has for us and itself")
    } else if is(&["unsupported"]) {
        misconfigured("agree with the partner on encrypt and compress")
    } else if is(&["unexpected-processing-error"]) {
        Failure::transient(part, &doing, &told).remedy("ask the partner what happened")
    } else {
        Failure::rejected(part, &doing, &told).remedy("ask the partner what is wrong with it")
    }
}

#[cfg(test)]
mod tests {
    use super::{Disposition, Mic, Report, Verdict, bare, message_id, refusal, verdict};
    use tongguan_contracts::FailureClass::{self, Misconfigured, Rejected, Transient};

    #[test]
    fn a_repeat_has_the_same_id_and_nothing_leaves_the_line() {
        assert_eq!(message_id("A-1", 0, "ME"), "<A-1@ME.as2>");
        assert_eq!(message_id("A-1", 1, "ME"), "<A-1.2@ME.as2>");
        let hostile = message_id("a\r\nAS2-To: x", 0, "M E");
        assert_eq!(hostile.len(), 1 + 64 + "@M-E.as2>".len());
        assert_ne!(hostile, message_id("a\r\nAS2-To: y", 0, "M E"));
        assert_eq!(bare(" <a@b> "), "a@b");
    }

    #[test]
    fn only_the_digest_of_what_was_sent_takes_it() {
        let report = |disposition: &Disposition, mic: Option<(&str, &[u8])>| Report {
            message_id: String::new(),
            disposition: disposition.clone(),
            mic: mic.map(|(algorithm, octets)| {
                Mic::of(octets, algorithm).unwrap_or(Mic {
                    value: "x".to_owned(),
                    algorithm: algorithm.to_owned(),
                })
            }),
            text: String::new(),
        };
        let warning = |text: &str| Disposition::Warning(text.to_owned());
        let taken = |disposition: &Disposition, mic| {
            verdict(&report(disposition, mic), b"sent") == Verdict::Taken
        };
        let processed = Disposition::Processed;
        assert!(taken(&processed, Some(("SHA256", b"sent"))));
        assert!(taken(&processed, Some(("sha-1", b"sent"))));
        assert!(!taken(&processed, Some(("sha-256", b"other"))));
        assert!(!taken(&processed, Some(("md5", b"sent"))));
        assert!(!taken(&processed, None));
        assert!(taken(&warning("duplicate-document"), None));
        assert!(!taken(
            &warning("duplicate-document"),
            Some(("sha-256", b"other"))
        ));
        assert!(!taken(&warning("something"), None));
        let failed = Disposition::Failed("x".to_owned());
        assert!(!taken(&failed, Some(("sha-256", b"sent"))));
    }

    #[test]
    fn a_modifier_says_whether_a_repeat_helps() {
        let class = |modifier: &str| refusal("t", "<a>", modifier, String::new());
        let cases: [(&str, FailureClass, bool); 6] = [
            ("authentication-failed", Misconfigured, false),
            ("Decryption-Failed", Misconfigured, false),
            ("unsupported format", Misconfigured, false),
            ("unknown-trading-partner", Misconfigured, false),
            ("unexpected-processing-error", Transient, true),
            ("the document is out of season", Rejected, true),
        ];
        for (modifier, expected, may_have_left) in cases {
            let failure = class(modifier);
            assert_eq!(failure.class(), expected, "{modifier}");
            assert_eq!(failure.may_have_left(), may_have_left, "{modifier}");
        }
    }
}
