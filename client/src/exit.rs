use std::process::ExitCode;

/// What the exit code of `tongguan` means; the table stands in `tongguan --help` too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done as asked.
    Ok = 0,
    /// The answer is no: a document refused, a message invalid, a declaration rejected.
    Refused = 1,
    /// The command line is wrong (clap's own code).
    Usage = 2,
    /// Nothing will work until something is put right: manifest, file, key, password, rights.
    Misconfigured = 3,
    /// It may work later: broker down, device busy, disk full.
    Unavailable = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
