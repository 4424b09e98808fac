//! An OpenSSH server of a test's own, for files alone; who runs the tests logs in, by a key.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::good;
use super::parts::{declare_by, free_port, until_listening};

pub struct Server {
    pub dir: tempfile::TempDir,
    pub port: u16,
    pub user: String,
    process: Option<Child>,
}

impl Server {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path();
        for folder in ["files/in", "files/out", "files/taken"] {
            fs::create_dir_all(at.join(folder)).unwrap();
        }
        let user = good(at, "id", &["-un"]).trim().to_owned();
        for (name, passphrase) in [("host", ""), ("client", "秘密"), ("stranger", "")] {
            let args = ["-q", "-t", "ed25519", "-N", passphrase, "-f", name];
            good(at, "ssh-keygen", &args);
        }
        fs::copy(at.join("client.pub"), at.join("authorized")).unwrap();
        let (here, port) = (at.display(), free_port());
        let conf = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {here}/host\nPidFile {here}/pid\n\
             AuthorizedKeysFile {here}/authorized\nStrictModes no\nUsePAM no\n\
             PermitRootLogin yes\nPasswordAuthentication yes\n\
             Subsystem sftp internal-sftp\nForceCommand internal-sftp\n"
        );
        fs::write(at.join("conf"), conf).unwrap();
        // Where it runs as root, it wants this folder of the system's.
        let _ = fs::create_dir_all("/run/sshd");
        let mut server = Self {
            dir,
            port,
            user,
            process: None,
        };
        server.start();
        server
    }

    pub fn start(&mut self) {
        let at = self.dir.path();
        let process = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(at.join("conf"))
            .stdout(Stdio::null())
            .stderr(fs::File::create(at.join("log")).unwrap())
            .spawn()
            .unwrap_or_else(|e| panic!("sshd: {e} (tests/setup installs it)"));
        self.process = Some(process);
        until_listening(self.port, &at.join("log"));
    }

    /// Stops it, with the connections that it has.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let mut all = vec![process.id().to_string()];
            let mut next = 0;
            // A connection's process has a child of its own.
            while let Some(parent) = all.get(next).cloned() {
                let found = Command::new("pgrep")
                    .args(["-P", &parent])
                    .output()
                    .unwrap();
                let found = String::from_utf8(found.stdout).unwrap();
                all.extend(found.lines().map(str::to_owned));
                next += 1;
            }
            let _ = Command::new("kill").arg("-KILL").args(&all).status();
            process.wait().unwrap();
        }
    }

    pub fn files(&self, folder: &str) -> PathBuf {
        self.dir.path().join("files").join(folder)
    }

    /// The host key's fingerprint, as OpenSSH tells it.
    pub fn fingerprint(&self) -> String {
        let told = good(self.dir.path(), "ssh-keygen", &["-l", "-f", "host.pub"]);
        told.split(' ').nth(1).unwrap().to_owned()
    }

    /// How the client of these tests is known.
    pub fn key(&self) -> String {
        let here = self.dir.path().display();
        format!("key = \"{here}/client\"\npassphrase = \"file:passphrase\"\n")
    }

    /// A folder whose client declares through it.
    pub fn client(&self, dir: &Path, extra: &str) {
        let files = self.dir.path().join("files");
        let files = files.display();
        let table = format!(
            "[transports.main]\nkind = \"sftp\"\nhost = \"127.0.0.1\"\nport = {}\n\
             username = \"{}\"\npoll_ms = 200\nsend = {{ folder = \"{files}/in\" }}\n\
             receive = {{ folder = \"{files}/out\", archive = \"{files}/taken\" }}\n{extra}\n",
            self.port, self.user
        );
        declare_by(dir, &table);
        fs::write(dir.join("passphrase"), "秘密\n").unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
