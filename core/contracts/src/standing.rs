use serde::Serialize;

/// How far a part that is loaded at run time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The manifest names it; nothing was tried.
    Declared,
    /// Its library is loaded, and is one that can be used.
    Loaded,
    /// It works.
    Started,
    /// It does not work now, and is tried again by itself.
    Degraded,
    /// It does not work, and a person must act.
    Failed,
}

impl Stage {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Loaded => "loaded",
            Self::Started => "started",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
        }
    }

    /// Whether it can do its work.
    pub fn works(self) -> bool {
        self == Self::Started
    }
}

/// Where a part that is loaded at run time stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The part, as messages name it: `signer "main"`.
    pub part: String,
    /// The library's path.
    pub library: String,
    /// How far it has come.
    pub stage: Stage,
    /// What the library calls itself: name, version, vendor; empty until it is loaded.
    pub plugin: String,
    /// Why it does not work; empty where it does.
    pub why: String,
    /// What to do; empty where it works, or nobody knows.
    pub remedy: String,
    /// How often its process was started again.
    pub restarts: u64,
    /// Its process's number in the system; 0 while there is none.
    pub process: u32,
}
