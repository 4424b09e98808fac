use serde::{Deserialize, Deserializer};
use std::fmt;
use std::path::PathBuf;
use zeroize::Zeroizing;

use crate::Failure;

/// Where a secret is to be found: `env:NAME` or `file:PATH`. The manifest never holds the
/// secret itself; a literal is refused with this rule.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// The value of an environment variable.
    Env(String),
    /// The first line of a file (a trailing line break is dropped).
    File(PathBuf),
}

/// A secret's value: wiped from memory when dropped, never printed.
pub type Secret = Zeroizing<String>;

impl SecretRef {
    /// Reads `env:NAME` or `file:PATH`.
    ///
    /// # Errors
    /// The rule and the remedy, without the text itself: it may be the secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("env:").filter(|n| !n.is_empty()) {
            Ok(Self::Env(name.to_owned()))
        } else if let Some(path) = text.strip_prefix("file:").filter(|p| !p.is_empty()) {
            Ok(Self::File(PathBuf::from(path)))
        } else {
            Err(
                "a secret is given by reference only: write \"env:NAME\" or \"file:PATH\", \
                 and put the secret there"
                    .to_owned(),
            )
        }
    }

    /// Fetches the secret; relative paths are relative to `base` (the manifest's folder).
    ///
    /// # Errors
    /// [`Failure`] of class misconfigured, naming `part` and the variable or file.
    pub fn resolve(&self, part: &str, base: &std::path::Path) -> Result<Secret, Failure> {
        match self {
            Self::Env(name) => std::env::var(name).map(Zeroizing::new).map_err(|_| {
                Failure::misconfigured(
                    part,
                    format!("read the secret env:{name}"),
                    "the environment variable is not set or not UTF-8",
                )
                .remedy(format!(
                    "set {name} in the environment that starts tongguan"
                ))
            }),
            Self::File(path) => {
                let path = base.join(path);
                let text = std::fs::read_to_string(&path)
                    .map(Zeroizing::new)
                    .map_err(|e| {
                        Failure::misconfigured(
                            part,
                            format!("read the secret file:{}", path.display()),
                            e,
                        )
                        .remedy("create the file, readable only by the user that runs tongguan")
                    })?;
                Ok(Zeroizing::new(
                    text.lines().next().unwrap_or_default().to_owned(),
                ))
            }
        }
    }
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::SecretRef;

    #[test]
    fn a_literal_secret_is_refused_without_being_repeated() {
        let error = SecretRef::parse("hunter2").unwrap_err();
        assert!(error.contains("env:NAME"));
        assert!(!error.contains("hunter2"));
    }

    #[test]
    fn a_file_gives_its_first_line() {
        let dir = std::env::temp_dir().join(format!("tongguan-secret-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("pw"), "correct horse\n").unwrap();
        let secret = SecretRef::parse("file:pw")
            .unwrap()
            .resolve("test", &dir)
            .unwrap();
        assert_eq!(secret.as_str(), "correct horse");
        std::fs::remove_dir_all(dir).unwrap();
    }
}
