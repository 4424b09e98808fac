//! A connection, logged in; each direction has one of its own.

use native_tls::{Certificate, TlsConnector};
use std::io::Read as _;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;
use suppaftp::types::FileType;
use suppaftp::{
    Encoding, FtpError, FtpResult, Mode, NativeTlsConnector, NativeTlsFtpStream, Status,
};

use tongguan_contracts::{Failure, FailureClass};

use crate::options::{Names, Options, Tls};

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// A list of names is never longer, in octets.
const LONGEST_LIST: u64 = 4 << 20;

/// GBK, as older servers write file names.
#[derive(Debug)]
struct Gbk;

impl Encoding for Gbk {
    fn decode(&self, octets: &[u8]) -> String {
        let (text, _) = encoding_rs::GBK.decode_without_bom_handling(octets);
        text.into_owned()
    }

    fn encode(&self, text: &str) -> std::io::Result<Vec<u8>> {
        let (octets, _, unmappable) = encoding_rs::GBK.encode(text);
        if unmappable {
            let kind = std::io::ErrorKind::InvalidInput;
            return Err(std::io::Error::new(kind, "GBK lacks a character of it"));
        }
        Ok(octets.into_owned())
    }
}

impl Names {
    fn decode(self, octets: &[u8]) -> String {
        match self {
            Self::Utf8 => String::from_utf8_lossy(octets).into_owned(),
            Self::Gbk => Gbk.decode(octets),
        }
    }
}

/// What went wrong in a step.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub doing: String,
    pub error: FtpError,
}

impl Trouble {
    /// The server answered, and said no: the connection is as good as before.
    pub fn is_refusal(&self) -> bool {
        matches!(&self.error, FtpError::UnexpectedResponse(r) if r.status != Status::NotAvailable)
    }

    pub fn class(&self) -> FailureClass {
        match &self.error {
            FtpError::UnexpectedResponse(answer) => match answer.status {
                Status::NotLoggedIn
                | Status::InvalidCredentials
                | Status::FileUnavailable
                | Status::BadFilename
                | Status::BadCommand
                | Status::NotImplemented => FailureClass::Misconfigured,
                _ => FailureClass::Transient,
            },
            FtpError::SecureError(_) | FtpError::InvalidAddress(_) => FailureClass::Misconfigured,
            _ => FailureClass::Transient,
        }
    }

    pub fn failure(&self, part: &str) -> Failure {
        let failure = Failure::new(self.class(), part, &self.doing, &self.error);
        match &self.error {
            FtpError::UnexpectedResponse(answer) => match answer.status {
                Status::NotLoggedIn | Status::InvalidCredentials => {
                    failure.remedy("check username, and what password refers to")
                }
                Status::FileUnavailable | Status::BadFilename => failure.remedy(
                    "check the folders in the manifest, and that the user may write and rename there",
                ),
                Status::ExceededStorage | Status::RequestedActionNotTaken => {
                    failure.remedy("the server's disk is full: tell whoever runs it")
                }
                _ => failure,
            },
            FtpError::SecureError(_) => failure.remedy(
                "check ca, and that host is the name in the server's certificate; a server that \
                 demands TLS sessions to be reused must be told not to",
            ),
            _ => failure,
        }
    }
}

fn step<T>(doing: impl Into<String>, result: FtpResult<T>) -> Result<T, Trouble> {
    result.map_err(|error| Trouble {
        doing: doing.into(),
        error,
    })
}

/// A connection, and the encoding of its file names.
pub(crate) struct Link(NativeTlsFtpStream, Names);

impl Link {
    pub(crate) fn open(options: &Options) -> Result<Self, Trouble> {
        let place = format!("connect to {}:{}", options.host, options.port);
        let patience = options.patience;
        let stream = step(&place, connect(&options.host, options.port, patience))?;
        let mut ftp = step(&place, NativeTlsFtpStream::connect_with_stream(stream))?
            .passive_stream_builder(move |address| timed(&address, patience));
        // The address that a server behind a NAT tells, or a hostile one, is not asked for.
        ftp.set_passive_nat_workaround(true);
        if options.tls == Tls::Explicit {
            let connector = step(&place, connector(&options.ca))?;
            let connector = NativeTlsConnector::from(connector);
            ftp = step(&place, ftp.into_secure(connector, &options.host))?;
        }
        if ftp.get_ref().peer_addr().is_ok_and(|a| a.is_ipv6()) {
            ftp.set_mode(Mode::ExtendedPassive);
        }
        let who = format!("log in to {} as {}", options.host, options.username);
        let (user, password) = (options.username.as_str(), options.password.as_str());
        step(who, ftp.login(user, password))?;
        // User and password are UTF-8 in any case: they are no file names.
        if options.names == Names::Gbk {
            ftp.set_encoding(Gbk);
        }
        step(
            "ask for binary transfers",
            ftp.transfer_type(FileType::Binary),
        )?;
        Ok(Self(ftp, options.names))
    }

    /// The names in a folder.
    pub(crate) fn list(&mut self, folder: &str) -> Result<Vec<String>, Trouble> {
        let names = match self.names(folder) {
            // Some servers say so of an empty folder (RFC 959 lets them).
            Err(FtpError::UnexpectedResponse(answer))
                if matches!(
                    answer.status,
                    Status::FileUnavailable | Status::RequestFileActionIgnored
                ) =>
            {
                step(format!("look into {folder}"), self.0.cwd(folder))?;
                step("go back", self.0.cwd("/"))?;
                Vec::new()
            }
            names => step(format!("list {folder}"), names)?,
        };
        // Some servers give paths.
        let base = |name: String| name.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(names.into_iter().map(base).collect())
    }

    fn names(&mut self, folder: &str) -> FtpResult<Vec<String>> {
        let opened = [Status::AboutToSend, Status::AlreadyOpen];
        let (_, mut stream) = self
            .0
            .custom_data_command(format!("NLST {folder}"), &opened)?;
        let mut octets = Vec::new();
        (&mut stream)
            .take(LONGEST_LIST + 1)
            .read_to_end(&mut octets)
            .map_err(FtpError::ConnectionError)?;
        if octets.len() as u64 > LONGEST_LIST {
            let error = std::io::Error::other("the folder holds too many files to list");
            return Err(FtpError::ConnectionError(error));
        }
        stream.finish()?;
        let lines = octets.split(|b| *b == b'\n');
        let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let names = lines.filter(|line| !line.is_empty());
        Ok(names.map(|name| self.1.decode(name)).collect())
    }

    /// How large a file is, where the server tells.
    pub(crate) fn size(&mut self, path: &str) -> Result<Option<u64>, Trouble> {
        match self.0.size(path) {
            Ok(size) => Ok(Some(size as u64)),
            Err(error) => {
                let trouble = Trouble {
                    doing: format!("ask for the size of {path}"),
                    error,
                };
                trouble.is_refusal().then_some(None).ok_or(trouble)
            }
        }
    }

    /// A file's octets, no more than so many and one.
    pub(crate) fn get(&mut self, path: &str, most: u64) -> Result<Vec<u8>, Trouble> {
        let read = self.0.retr(path, |stream| {
            let mut octets = Vec::new();
            stream
                .take(most.saturating_add(1))
                .read_to_end(&mut octets)
                .map_err(FtpError::ConnectionError)?;
            Ok(octets)
        });
        step(format!("fetch {path}"), read)
    }

    pub(crate) fn put(&mut self, path: &str, mut octets: &[u8]) -> Result<(), Trouble> {
        let written = self.0.put_file(path, &mut octets);
        step(format!("write {path}"), written).map(drop)
    }

    pub(crate) fn rename(&mut self, from: &str, to: &str) -> Result<(), Trouble> {
        step(format!("rename {from} to {to}"), self.0.rename(from, to))
    }

    pub(crate) fn remove(&mut self, path: &str) -> Result<(), Trouble> {
        step(format!("remove {path}"), self.0.rm(path))
    }

    /// Whether it can still be used.
    pub(crate) fn is_well(&mut self) -> bool {
        self.0.noop().is_ok()
    }
}

fn connector(ca: &[u8]) -> FtpResult<TlsConnector> {
    let wrong = |e: native_tls::Error| FtpError::SecureError(e.to_string());
    let mut builder = TlsConnector::builder();
    let text = String::from_utf8_lossy(ca);
    for (index, _) in text.match_indices("-----BEGIN CERTIFICATE-----") {
        let certificate = Certificate::from_pem(&text.as_bytes()[index..]).map_err(wrong)?;
        builder.add_root_certificate(certificate);
    }
    builder.build().map_err(wrong)
}

fn connect(host: &str, port: u16, patience: Duration) -> FtpResult<TcpStream> {
    let addresses = (host, port).to_socket_addrs();
    let mut last = std::io::Error::other("the name has no address");
    for address in addresses.map_err(FtpError::ConnectionError)? {
        match timed(&address, patience) {
            Ok(stream) => return Ok(stream),
            Err(FtpError::ConnectionError(error)) => last = error,
            Err(other) => return Err(other),
        }
    }
    Err(FtpError::ConnectionError(last))
}

/// A connection on which no step takes longer than the patience.
fn timed(address: &SocketAddr, patience: Duration) -> FtpResult<TcpStream> {
    let set = || {
        let stream = TcpStream::connect_timeout(address, CONNECT.min(patience))?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(stream)
    };
    set().map_err(FtpError::ConnectionError)
}
