use serde::Deserialize;

/// `[traces]`: OpenTelemetry, see [`crate::traces`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traces {
    /// The collector that takes OTLP over HTTP: `http://127.0.0.1:4318`.
    pub otlp: String,
    /// Which share of all declarations is traced, 0 to 1.
    #[serde(default = "all")]
    pub ratio: f64,
}

fn all() -> f64 {
    1.0
}

impl Traces {
    /// What is wrong with it: of which key, what, and what to do.
    pub(super) fn check(&self) -> Result<(), (&'static str, String, &'static str)> {
        let authority = self.otlp.strip_prefix("http://");
        if authority.is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) {
            return Err((
                "otlp",
                format!("it is {:?}", self.otlp),
                "give a collector's OTLP over HTTP: \"http://127.0.0.1:4318\"; where traces are to \
                 leave this machine by TLS, run a collector here that passes them on",
            ));
        }
        if !(0.0..=1.0).contains(&self.ratio) {
            return Err((
                "ratio",
                format!("it is {}", self.ratio),
                "give the share of declarations that are traced: 0 to 1",
            ));
        }
        Ok(())
    }
}
