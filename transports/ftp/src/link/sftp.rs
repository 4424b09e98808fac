//! SFTP: files over SSH (draft-ietf-secsh-filexfer-02, which is what servers speak).

use openssl::sha::sha256;
use ssh2::{CheckResult, ErrorCode, KnownHostFileKind, Session};
use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tongguan_contracts::FailureClass;

use super::ftp::connect;
use super::{FOLDERS, FULL, LONGEST_LIST, Link, Trouble, crowded};
use crate::options::{HostKey, Login, Names, Options};

/// Codes of the draft's chapter 7, and of later ones that servers use.
const NO_SUCH_FILE: i32 = 2;
const PERMISSION_DENIED: i32 = 3;
const NO_CONNECTION: i32 = 6;
const CONNECTION_LOST: i32 = 7;
const NO_SUCH_PATH: i32 = 10;
const NO_SPACE: i32 = 14;
const QUOTA: i32 = 15;

/// libssh2's codes.
const KEX_FAILURE: i32 = -5;
const KEY_FILE: i32 = -16;
/// The same, where a folder is read: its end.
const NO_MORE: i32 = KEY_FILE;
const AUTHENTICATION: i32 = -18;
const PUBLIC_KEY: i32 = -19;

pub(super) struct Sftp {
    sftp: ssh2::Sftp,
    names: Names,
}

fn step<T>(doing: impl Into<String>, result: Result<T, ssh2::Error>) -> Result<T, Trouble> {
    result.map_err(|error| {
        let (class, refusal, remedy) = match error.code() {
            ErrorCode::SFTP(code) => match code {
                NO_SUCH_FILE | PERMISSION_DENIED | NO_SUCH_PATH => {
                    (FailureClass::Misconfigured, true, Some(FOLDERS))
                }
                NO_SPACE | QUOTA => (FailureClass::Transient, true, Some(FULL)),
                NO_CONNECTION | CONNECTION_LOST => (FailureClass::Transient, false, None),
                _ => (FailureClass::Transient, true, None),
            },
            ErrorCode::Session(AUTHENTICATION | PUBLIC_KEY | KEY_FILE) => (
                FailureClass::Misconfigured,
                false,
                Some(
                    "check username, what password or passphrase refers to, and that key is one \
                     that the server knows",
                ),
            ),
            ErrorCode::Session(KEX_FAILURE) => (
                FailureClass::Misconfigured,
                false,
                Some("it knows no algorithm in common: the server is very old, or no SSH server"),
            ),
            ErrorCode::Session(_) => (FailureClass::Transient, false, None),
        };
        Trouble {
            doing: doing.into(),
            reason: error.message().to_owned(),
            class,
            refusal,
            remedy: remedy.map(str::to_owned),
        }
    })
}

/// A transfer that broke off.
fn broken(doing: &str, error: &std::io::Error) -> Trouble {
    Trouble {
        doing: doing.to_owned(),
        reason: error.to_string(),
        class: FailureClass::Transient,
        refusal: false,
        remedy: None,
    }
}

impl Sftp {
    pub(super) fn open(options: &Options, login: &Login) -> Result<Self, Trouble> {
        let place = format!("connect to {}:{}", options.host, options.port);
        let stream = connect(&options.host, options.port, options.patience)
            .map_err(|error| broken(&place, &error))?;
        let mut session = step(&place, Session::new())?;
        let patience = u32::try_from(options.patience.as_millis()).unwrap_or(u32::MAX);
        session.set_timeout(patience);
        session.set_tcp_stream(stream);
        step(&place, session.handshake())?;
        is_known(&session, options, login, &place)?;
        let who = format!("log in to {} as {}", options.host, options.username);
        let user = options.username.as_str();
        let logged_in = match (&login.key, &login.passphrase) {
            (Some(key), passphrase) => {
                let passphrase = passphrase.as_ref().map(|p| p.as_str());
                session.userauth_pubkey_file(user, None, key, passphrase)
            }
            (None, _) => session.userauth_password(user, &options.password),
        };
        step(&who, logged_in)?;
        Ok(Self {
            sftp: step("begin SFTP", session.sftp())?,
            names: options.names,
        })
    }

    fn path(&self, path: &str) -> Result<PathBuf, Trouble> {
        let octets = self.names.encode(path);
        let octets = octets.map_err(|error| broken(&format!("write the name {path}"), &error))?;
        Ok(PathBuf::from(OsStr::from_bytes(&octets)))
    }
}

/// Whether the server is the one that the manifest means: whoever else answers gets no password.
fn is_known(
    session: &Session,
    options: &Options,
    login: &Login,
    place: &str,
) -> Result<(), Trouble> {
    let refused = |reason: String, remedy: String| Trouble {
        doing: place.to_owned(),
        reason,
        class: FailureClass::Misconfigured,
        refusal: false,
        remedy: Some(remedy),
    };
    let Some((key, _)) = session.host_key() else {
        let reason = "the server has no host key".to_owned();
        return Err(refused(reason, "is it an SSH server?".to_owned()));
    };
    let shown = format!("SHA256:{}", STANDARD_NO_PAD.encode(sha256(key)));
    let known = match &login.host_key {
        HostKey::Fingerprint(fingerprint) => *fingerprint == shown,
        HostKey::KnownHosts(path) => {
            let doing = format!("read known_hosts {}", path.display());
            let mut hosts = step(&doing, session.known_hosts())?;
            step(&doing, hosts.read_file(path, KnownHostFileKind::OpenSSH))?;
            matches!(
                hosts.check_port(&options.host, options.port, key),
                CheckResult::Match
            )
        }
    };
    if known {
        return Ok(());
    }
    Err(refused(
        format!("the server shows another host key, {shown}"),
        "have whoever runs the server confirm that key, by another way than this connection; then \
         put it into host_key or known_hosts"
            .to_owned(),
    ))
}

impl Link for Sftp {
    fn list(&mut self, folder: &str) -> Result<Vec<String>, Trouble> {
        let doing = format!("list {folder}");
        let mut open = step(&doing, self.sftp.opendir(self.path(folder)?))?;
        let (mut names, mut length) = (Vec::new(), 0);
        loop {
            let (path, stat) = match open.readdir() {
                Err(error) if error.code() == ErrorCode::Session(NO_MORE) => return Ok(names),
                entry => step(&doing, entry)?,
            };
            length += path.as_os_str().len() + 1;
            if length > LONGEST_LIST {
                return Err(crowded(folder));
            }
            if stat.is_file() {
                let name = path.file_name().unwrap_or_default();
                names.push(self.names.decode(name.as_bytes()));
            }
        }
    }

    fn enter(&mut self, folder: &str) -> Result<(), Trouble> {
        let opened = self.sftp.opendir(self.path(folder)?);
        step(format!("look into {folder}"), opened).map(drop)
    }

    fn size(&mut self, path: &str) -> Result<Option<u64>, Trouble> {
        let stat = self.sftp.stat(&self.path(path)?);
        match step(format!("ask for the size of {path}"), stat) {
            Ok(stat) => Ok(stat.size),
            Err(trouble) => trouble.refusal.then_some(None).ok_or(trouble),
        }
    }

    fn get(&mut self, path: &str, most: u64) -> Result<Vec<u8>, Trouble> {
        let doing = format!("fetch {path}");
        let file = step(&doing, self.sftp.open(self.path(path)?))?;
        let mut octets = Vec::new();
        file.take(most.saturating_add(1))
            .read_to_end(&mut octets)
            .map_err(|error| broken(&doing, &error))?;
        Ok(octets)
    }

    fn put(&mut self, path: &str, octets: &[u8]) -> Result<(), Trouble> {
        let doing = format!("write {path}");
        let mut file = step(&doing, self.sftp.create(&self.path(path)?))?;
        file.write_all(octets)
            .map_err(|error| broken(&doing, &error))?;
        if let Err(error) = file.fsync() {
            // Not every server can.
            tracing::debug!(%error, path, "not flushed to the server's disk");
        }
        step(&doing, file.close())
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), Trouble> {
        let (source, target) = (self.path(from)?, self.path(to)?);
        let renamed = self.sftp.rename(&source, &target, None);
        step(format!("rename {from} to {to}"), renamed)
    }

    fn remove(&mut self, path: &str) -> Result<(), Trouble> {
        step(
            format!("remove {path}"),
            self.sftp.unlink(&self.path(path)?),
        )
    }

    fn is_well(&mut self) -> bool {
        self.sftp.stat(Path::new(".")).is_ok()
    }
}
