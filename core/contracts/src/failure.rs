use std::error::Error as StdError;
use std::fmt;

/// Whether trying again can help. The core acts on this alone, never on a message's wording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureClass {
    /// It may work later: a lost connection, a busy device, a full disk.
    Transient,
    /// This input will never be taken, however often it is tried.
    Rejected,
    /// Nothing will work until an operator changes something: a wrong password, a missing file.
    Misconfigured,
    /// The device behind the part is gone (unplugged, powered off); it may come back.
    DeviceGone,
}

/// What went wrong in a part, told so that a person can act on it.
///
/// ```
/// use tongguan_contracts::{Failure, FailureClass};
/// let failure = Failure::misconfigured("signer \"main\"", "load the private key", "wrong password")
///     .remedy("set the right password in the file that [signers.main] password refers to");
/// assert_eq!(failure.class(), FailureClass::Misconfigured);
/// assert_eq!(failure.to_string(), "signer \"main\": cannot load the private key: wrong password");
/// ```
#[derive(Debug)]
pub struct Failure {
    class: FailureClass,
    part: String,
    doing: String,
    reason: String,
    remedy: Option<String>,
    unsent: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Failure {
    /// A failure of `class` in `part` (as the manifest names it) while `doing` something
    /// (an infinitive, "connect to 10.0.0.1:5672"), for `reason`.
    pub fn new(
        class: FailureClass,
        part: impl Into<String>,
        doing: impl Into<String>,
        reason: impl fmt::Display,
    ) -> Self {
        Self {
            class,
            part: part.into(),
            doing: doing.into(),
            reason: reason.to_string(),
            remedy: None,
            unsent: false,
            source: None,
        }
    }

    /// Shorthand for [`FailureClass::Transient`].
    pub fn transient(
        part: impl Into<String>,
        doing: impl Into<String>,
        reason: impl fmt::Display,
    ) -> Self {
        Self::new(FailureClass::Transient, part, doing, reason)
    }

    /// Shorthand for [`FailureClass::Rejected`].
    pub fn rejected(
        part: impl Into<String>,
        doing: impl Into<String>,
        reason: impl fmt::Display,
    ) -> Self {
        Self::new(FailureClass::Rejected, part, doing, reason)
    }

    /// Shorthand for [`FailureClass::Misconfigured`].
    pub fn misconfigured(
        part: impl Into<String>,
        doing: impl Into<String>,
        reason: impl fmt::Display,
    ) -> Self {
        Self::new(FailureClass::Misconfigured, part, doing, reason)
    }

    /// Adds what the operator should do.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Says that nothing of what was to be sent can have left. Only a transport that knows it
    /// for certain says so: a person may then still decide not to send it at all.
    #[must_use]
    pub fn unsent(mut self) -> Self {
        self.unsent = true;
        self
    }

    /// Keeps the underlying error for logs.
    #[must_use]
    pub fn source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same, to be told once more; what is behind it stays with the first.
    #[must_use]
    pub fn again(&self) -> Self {
        Self {
            class: self.class,
            part: self.part.clone(),
            doing: self.doing.clone(),
            reason: self.reason.clone(),
            remedy: self.remedy.clone(),
            unsent: self.unsent,
            source: None,
        }
    }

    /// Whether trying again can help.
    pub fn class(&self) -> FailureClass {
        self.class
    }

    /// Whether something of what was to be sent may have left; true unless the part said
    /// [`unsent`](Self::unsent).
    pub fn may_have_left(&self) -> bool {
        !self.unsent
    }

    /// The part that failed, as the manifest names it.
    pub fn part(&self) -> &str {
        &self.part
    }

    /// What the operator should do, if known.
    pub fn how_to_mend(&self) -> Option<&str> {
        self.remedy.as_deref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: cannot {}: {}", self.part, self.doing, self.reason)
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_ref()
            .map(|e| e.as_ref() as &(dyn StdError + 'static))
    }
}
