//! A ProFTPD of a test's own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::good;
use super::parts::{declare_by, free_port, until_listening};

/// A server of a test's own, for the user `partner`, whose files are in `files/`.
pub struct Server {
    pub dir: tempfile::TempDir,
    pub port: u16,
    process: Option<Child>,
}

impl Server {
    /// In clear, or with TLS in the words of `TLSOptions`.
    pub fn new(tls: Option<&str>, extra: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path();
        for folder in ["files/in", "files/out", "files/taken"] {
            fs::create_dir_all(at.join(folder)).unwrap();
        }
        let port = free_port();
        let id = |what: &str| good(at, "id", &[what]).trim().to_owned();
        let (user, group) = (id("-un"), id("-gn"));
        let hash = good(at, "openssl", &["passwd", "-6", "秘密"]);
        let files = at.join("files").display().to_string();
        let entry = format!(
            "partner:{}:{}:{}::{files}:/bin/false\n",
            hash.trim(),
            id("-u"),
            id("-g")
        );
        fs::write(at.join("passwd"), entry).unwrap();
        good(at, "chmod", &["600", "passwd"]);
        let here = at.display();
        let mut conf = format!(
            "ServerType standalone\nDefaultAddress 127.0.0.1\nPort {port}\nUser {user}\n\
             Group {group}\nRootLogin on\nAuthOrder mod_auth_file.c\nAuthUserFile {here}/passwd\n\
             RequireValidShell off\nDefaultRoot {files}\nAllowOverwrite on\nUseReverseDNS off\n\
             PidFile {here}/pid\nScoreboardFile none\nSystemLog {here}/log\nTransferLog none\n\
             WtmpLog off\nDelayEngine off\n"
        );
        conf.push_str(extra);
        if let Some(options) = tls {
            let args = [
                "req",
                "-x509",
                "-nodes",
                "-days",
                "30",
                "-newkey",
                "rsa:2048",
                "-keyout",
                "server.key",
                "-out",
                "server.pem",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost",
            ];
            good(at, "openssl", &args);
            conf.push_str(&format!(
                "ModulePath /usr/lib/proftpd\nLoadModule mod_tls.c\nTLSEngine on\nTLSRequired on\n\
                 TLSRSACertificateFile {here}/server.pem\nTLSRSACertificateKeyFile {here}/server.key\n\
                 TLSOptions NoSessionReuseRequired {options}\nTLSLog {here}/tls.log\n"
            ));
        }
        fs::write(at.join("conf"), conf).unwrap();
        let mut server = Self {
            dir,
            port,
            process: None,
        };
        server.start();
        server
    }

    pub fn start(&mut self) {
        let process = Command::new("/usr/sbin/proftpd")
            .args(["-n", "-q", "-c"])
            .arg(self.dir.path().join("conf"))
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.dir.path().join("err")).unwrap())
            .spawn()
            .unwrap_or_else(|e| panic!("proftpd: {e} (tests/setup installs it)"));
        self.process = Some(process);
        until_listening(self.port, &self.dir.path().join("err"));
    }

    /// Stops it, with the connections that it has.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let children = process.id().to_string();
            let _ = Command::new("pkill")
                .args(["-KILL", "-P", &children])
                .status();
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    pub fn files(&self, folder: &str) -> PathBuf {
        self.dir.path().join("files").join(folder)
    }

    /// A folder whose client declares through it.
    pub fn client(&self, dir: &Path, extra: &str) {
        let table = format!(
            "[transports.main]\nkind = \"ftp\"\nhost = \"localhost\"\nport = {}\n\
             username = \"partner\"\npassword = \"file:ftp-password\"\npoll_ms = 200\n\
             send = {{ folder = \"/in\" }}\n\
             receive = {{ folder = \"/out\", archive = \"/taken\" }}\n{extra}\n",
            self.port
        );
        declare_by(dir, &table);
        fs::write(dir.join("ftp-password"), "秘密\n").unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
