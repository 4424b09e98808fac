//! FTP, in clear or with TLS.

use native_tls::{Certificate, TlsConnector};
use std::io::Read as _;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;
use suppaftp::types::FileType;
use suppaftp::{
    Encoding, FtpError, FtpResult, Mode, NativeTlsConnector, NativeTlsFtpStream, Status,
};

use tongguan_contracts::FailureClass;

use super::{FOLDERS, FULL, LONGEST_LIST, Link, Trouble, crowded};
use crate::options::{Names, Options, Security, Tls};

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

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
    #[cfg(all(unix, feature = "sftp"))]
    pub(super) fn encode(self, text: &str) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Utf8 => Ok(text.as_bytes().to_vec()),
            Self::Gbk => Gbk.encode(text),
        }
    }

    pub(super) fn decode(self, octets: &[u8]) -> String {
        match self {
            Self::Utf8 => String::from_utf8_lossy(octets).into_owned(),
            Self::Gbk => Gbk.decode(octets),
        }
    }
}

fn step<T>(doing: impl Into<String>, result: FtpResult<T>) -> Result<T, Trouble> {
    result.map_err(|error| {
        let (class, remedy) = meaning(&error);
        Trouble {
            doing: doing.into(),
            reason: error.to_string(),
            class,
            // The connection ends with 421.
            refusal: matches!(&error, FtpError::UnexpectedResponse(answer) if answer.status != Status::NotAvailable),
            remedy: remedy.map(str::to_owned),
        }
    })
}

fn meaning(error: &FtpError) -> (FailureClass, Option<&'static str>) {
    use FailureClass::{Misconfigured, Transient};
    match error {
        FtpError::UnexpectedResponse(answer) => match answer.status {
            Status::NotLoggedIn | Status::InvalidCredentials => (
                Misconfigured,
                Some("check username, and what password refers to"),
            ),
            Status::FileUnavailable | Status::BadFilename => (Misconfigured, Some(FOLDERS)),
            Status::BadCommand | Status::NotImplemented => (Misconfigured, None),
            Status::ExceededStorage | Status::RequestedActionNotTaken => (Transient, Some(FULL)),
            _ => (Transient, None),
        },
        FtpError::SecureError(_) => (
            Misconfigured,
            Some(
                "check tls and ca, and that host is the name in the server's certificate; a server \
                 that demands TLS sessions to be reused must be told not to",
            ),
        ),
        FtpError::InvalidAddress(_) => (Misconfigured, None),
        _ => (Transient, None),
    }
}

/// A connection, and the encoding of its file names.
pub(super) struct Ftp(NativeTlsFtpStream, Names);

/// TLS on a connection on which no step takes longer than the patience.
#[derive(Debug)]
struct Patient(NativeTlsConnector, Duration);

impl suppaftp::TlsConnector for Patient {
    type Stream = <NativeTlsConnector as suppaftp::TlsConnector>::Stream;

    fn connect(&self, domain: &str, stream: TcpStream) -> FtpResult<Self::Stream> {
        bound(&stream, self.1).map_err(FtpError::ConnectionError)?;
        self.0.connect(domain, stream)
    }
}

impl Ftp {
    pub(super) fn open(options: &Options, security: &Security) -> Result<Self, Trouble> {
        let place = format!("connect to {}:{}", options.host, options.port);
        let patience = options.patience;
        let stream = connect(&options.host, options.port, patience);
        let stream = step(&place, stream.map_err(FtpError::ConnectionError))?;
        let ftp = match security.tls {
            Tls::Implicit => {
                let address = stream.peer_addr().map_err(FtpError::ConnectionError);
                // The library opens it itself, and without a bound: only to who has just answered.
                let address = step(&place, address)?;
                drop(stream);
                let connector = step(&place, connector(&security.ca))?;
                let connector = Patient(NativeTlsConnector::from(connector), patience);
                NativeTlsFtpStream::connect_secure_implicit(address, connector, &options.host)
            }
            Tls::Off | Tls::Explicit => NativeTlsFtpStream::connect_with_stream(stream),
        };
        let builder = move |address| timed(&address, patience).map_err(FtpError::ConnectionError);
        let mut ftp = step(&place, ftp)?.passive_stream_builder(builder);
        // The address that a server behind a NAT tells, or a hostile one, is not asked for.
        ftp.set_passive_nat_workaround(true);
        if security.tls == Tls::Explicit {
            let connector = step(&place, connector(&security.ca))?;
            let connector = NativeTlsConnector::from(connector);
            ftp = step(&place, ftp.into_secure(connector, &options.host))?;
        }
        if ftp.get_ref().peer_addr().is_ok_and(|a| a.is_ipv6()) {
            ftp.set_mode(Mode::ExtendedPassive);
        }
        if security.tls == Tls::Implicit {
            // Data, too, and said: not every server takes it for granted.
            for command in ["PBSZ 0", "PROT P"] {
                step(command, ftp.custom_command(command, &[Status::CommandOk]))?;
            }
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

    /// None where there are too many.
    fn names(&mut self, folder: &str) -> FtpResult<Option<Vec<String>>> {
        let opened = [Status::AboutToSend, Status::AlreadyOpen];
        let (_, mut stream) = self
            .0
            .custom_data_command(format!("NLST {folder}"), &opened)?;
        let mut octets = Vec::new();
        (&mut stream)
            .take(LONGEST_LIST as u64 + 1)
            .read_to_end(&mut octets)
            .map_err(FtpError::ConnectionError)?;
        if octets.len() > LONGEST_LIST {
            return Ok(None);
        }
        stream.finish()?;
        let lines = octets.split(|b| *b == b'\n');
        let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let names = lines.filter(|line| !line.is_empty());
        Ok(Some(names.map(|name| self.1.decode(name)).collect()))
    }
}

impl Link for Ftp {
    fn list(&mut self, folder: &str) -> Result<Vec<String>, Trouble> {
        let names = match self.names(folder) {
            // Some servers say so of an empty folder (RFC 959 lets them).
            Err(FtpError::UnexpectedResponse(answer))
                if matches!(
                    answer.status,
                    Status::FileUnavailable | Status::RequestFileActionIgnored
                ) =>
            {
                self.enter(folder)?;
                Vec::new()
            }
            names => step(format!("list {folder}"), names)?.ok_or_else(|| crowded(folder))?,
        };
        // Some servers give paths.
        let base = |name: String| name.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(names.into_iter().map(base).collect())
    }

    fn enter(&mut self, folder: &str) -> Result<(), Trouble> {
        step(format!("look into {folder}"), self.0.cwd(folder))?;
        step("go back", self.0.cwd("/"))
    }

    fn size(&mut self, path: &str) -> Result<Option<u64>, Trouble> {
        match step(format!("ask for the size of {path}"), self.0.size(path)) {
            Ok(size) => Ok(Some(size as u64)),
            Err(trouble) => trouble.refusal.then_some(None).ok_or(trouble),
        }
    }

    fn get(&mut self, path: &str, most: u64) -> Result<Vec<u8>, Trouble> {
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

    fn put(&mut self, path: &str, mut octets: &[u8]) -> Result<(), Trouble> {
        let written = self.0.put_file(path, &mut octets);
        step(format!("write {path}"), written).map(drop)
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), Trouble> {
        step(format!("rename {from} to {to}"), self.0.rename(from, to))
    }

    fn remove(&mut self, path: &str) -> Result<(), Trouble> {
        step(format!("remove {path}"), self.0.rm(path))
    }

    fn is_well(&mut self) -> bool {
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

/// A connection to the first of a name's addresses that takes one.
pub(super) fn connect(host: &str, port: u16, patience: Duration) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::other("the name has no address");
    for address in (host, port).to_socket_addrs()? {
        match timed(&address, patience) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// A connection on which no step takes longer than the patience.
fn timed(address: &SocketAddr, patience: Duration) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(address, CONNECT.min(patience))?;
    bound(&stream, patience)?;
    Ok(stream)
}

fn bound(stream: &TcpStream, patience: Duration) -> std::io::Result<()> {
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))
}
