//! A connection, logged in: what the two directions need of one, whatever it speaks.

mod ftp;
#[cfg(all(unix, feature = "sftp"))]
mod sftp;

use tongguan_contracts::{Failure, FailureClass};

use crate::options::{Options, Speaks};

/// What can be done over a connection. Each direction has its own.
pub(crate) trait Link: Send {
    /// The names in a folder.
    fn list(&mut self, folder: &str) -> Result<Vec<String>, Trouble>;
    /// Whether there is such a folder, which may be too full to list.
    fn enter(&mut self, folder: &str) -> Result<(), Trouble>;
    /// How large a file is, where the server tells.
    fn size(&mut self, path: &str) -> Result<Option<u64>, Trouble>;
    /// A file's octets, no more than so many and one.
    fn get(&mut self, path: &str, most: u64) -> Result<Vec<u8>, Trouble>;
    fn put(&mut self, path: &str, octets: &[u8]) -> Result<(), Trouble>;
    fn rename(&mut self, from: &str, to: &str) -> Result<(), Trouble>;
    fn remove(&mut self, path: &str) -> Result<(), Trouble>;
    /// Whether it can still be used.
    fn is_well(&mut self) -> bool;
}

/// Connects and logs in.
pub(crate) fn open(options: &Options) -> Result<Box<dyn Link>, Trouble> {
    match &options.speaks {
        Speaks::Ftp(tls) => Ok(Box::new(ftp::Ftp::open(options, tls)?)),
        #[cfg(all(unix, feature = "sftp"))]
        Speaks::Sftp(login) => Ok(Box::new(sftp::Sftp::open(options, login)?)),
        #[cfg(not(all(unix, feature = "sftp")))]
        Speaks::Sftp(_) => Err(Trouble {
            doing: format!("connect to {}", options.host),
            reason: "this program is built without SFTP".to_owned(),
            class: FailureClass::Misconfigured,
            refusal: false,
            remedy: Some("build it with the feature sftp, on a Unix".to_owned()),
        }),
    }
}

/// What went wrong in a step.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub doing: String,
    pub reason: String,
    pub class: FailureClass,
    /// The server answered, and said no: the connection is as good as before.
    pub refusal: bool,
    pub remedy: Option<String>,
}

impl Trouble {
    pub fn failure(&self, part: &str) -> Failure {
        let failure = Failure::new(self.class, part, &self.doing, &self.reason);
        match &self.remedy {
            Some(remedy) => failure.remedy(remedy),
            None => failure,
        }
    }
}

/// The names of a folder are never longer together, in octets: a server could go on for ever.
const LONGEST_LIST: usize = 4 << 20;

/// A folder whose names are.
fn crowded(folder: &str) -> Trouble {
    Trouble {
        doing: format!("list {folder}"),
        reason: format!("its names take more than {LONGEST_LIST} octets"),
        class: FailureClass::Transient,
        refusal: false,
        remedy: Some("move what is no receipt, or is done with, to another folder".to_owned()),
    }
}

/// Where folders or rights are wrong.
const FOLDERS: &str =
    "check the folders in the manifest, and that the user may write and rename there";
const FULL: &str = "the server's disk is full: tell whoever runs it";
