use tongguan_plugin_abi as abi;

/// What went wrong, told so that a person can act on it. Its class says whether trying again can
/// help; the host acts on that alone.
#[derive(Debug, Clone)]
pub struct Failure {
    pub(crate) class: i32,
    pub(crate) flags: u32,
    pub(crate) code: i64,
    pub(crate) function: String,
    pub(crate) reason: String,
    pub(crate) remedy: String,
}

impl Failure {
    fn new(class: i32, reason: impl ToString) -> Self {
        Self {
            class,
            flags: 0,
            code: 0,
            function: String::new(),
            reason: reason.to_string(),
            remedy: String::new(),
        }
    }

    /// It may work later: a lost connection, a busy device.
    pub fn transient(reason: impl ToString) -> Self {
        Self::new(abi::TRANSIENT, reason)
    }

    /// This input will never be taken.
    pub fn rejected(reason: impl ToString) -> Self {
        Self::new(abi::REJECTED, reason)
    }

    /// Nothing will work until a person changes something.
    pub fn misconfigured(reason: impl ToString) -> Self {
        Self::new(abi::MISCONFIGURED, reason)
    }

    /// The device is gone; it may come back.
    pub fn device_gone(reason: impl ToString) -> Self {
        Self::new(abi::DEVICE_GONE, reason)
    }

    /// The PIN or password was wrong. Nobody tries it again by himself.
    pub fn pin_refused(reason: impl ToString) -> Self {
        Self {
            flags: abi::PIN_REFUSED,
            ..Self::misconfigured(reason)
        }
    }

    /// Adds the vendor's function that failed, and its error code.
    #[must_use]
    pub fn function(mut self, name: &str, code: i64) -> Self {
        name.clone_into(&mut self.function);
        self.code = code;
        self
    }

    /// Adds what the operator should do.
    #[must_use]
    pub fn remedy(mut self, remedy: impl ToString) -> Self {
        self.remedy = remedy.to_string();
        self
    }

    /// Says that nothing of the envelope can have left; only where that is certain.
    #[must_use]
    pub fn unsent(mut self) -> Self {
        self.flags |= abi::UNSENT;
        self
    }
}
