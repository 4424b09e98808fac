//! Another machine: here another process, over a real TLS connection on this one.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::parts::start;
use super::{good, plugins};

/// A certificate by a CA, made with the openssl command line.
pub fn issue(dir: &Path, name: &str, by: &str) {
    let (key, request, to) = (
        format!("{name}.key"),
        format!("{name}.csr"),
        format!("{name}.pem"),
    );
    let subject = format!("/CN={name}");
    let mut args = vec!["req", "-newkey", "rsa:2048", "-nodes", "-subj", &subject];
    args.extend(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", &key]);
    if name == by {
        args.extend(["-x509", "-days", "2", "-out", &to]);
        good(dir, "openssl", &args);
        return;
    }
    args.extend(["-out", &request]);
    good(dir, "openssl", &args);
    let (ca, ca_key) = (format!("{by}.pem"), format!("{by}.key"));
    let mut args = vec![
        "x509", "-req", "-in", &request, "-CA", &ca, "-CAkey", &ca_key,
    ];
    args.extend(["-copy_extensions", "copy", "-days", "2", "-CAcreateserial"]);
    args.extend(["-out", &to]);
    good(dir, "openssl", &args);
}

/// Another machine with a device; here another process.
pub struct Desktop {
    pub port: u16,
}

impl Desktop {
    /// A folder with a client in it, and one with a device, each with its certificates.
    pub fn prepare(dir: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let desktop = dir.join("desktop");
        fs::create_dir(&desktop).unwrap();
        for (name, by) in [("own", "own"), ("strange", "strange")] {
            issue(dir, name, by);
        }
        for (name, by) in [
            ("client", "own"),
            ("served", "own"),
            ("stranger", "strange"),
        ] {
            issue(dir, name, by);
        }
        plugins::prepare(
            dir,
            "sm2",
            &format!(
                "remote = \"127.0.0.1:{port}\"\ncertificate = \"client.pem\"\nkey = \"client.key\"\n\
                 ca = \"own.pem\"\ntimeout_seconds = 5\n"
            ),
        );
        for file in ["enterprise.key", "enterprise.pem"] {
            fs::rename(dir.join(file), desktop.join(file)).unwrap();
        }
        fs::remove_file(dir.join("certificates/enterprise.key")).unwrap();
        let config = r#"{"key": "enterprise.key", "certificate": "enterprise.pem"}"#;
        fs::write(desktop.join("c.json"), config).unwrap();
        Self { port }
    }

    /// Serves the example's plugin.
    pub fn serve(&self, dir: &Path) -> Child {
        let library = plugins::rust("signer-rust");
        self.serves(dir, &[library.to_str().unwrap(), "--config", "c.json"])
    }

    /// Serves what those arguments name.
    pub fn serves(&self, dir: &Path, what: &[&str]) -> Child {
        let listen = format!("127.0.0.1:{}", self.port);
        let mut args = [&["plugin", "serve"], what].concat();
        args.extend(["--listen", &listen, "--ca", "../own.pem"]);
        args.extend(["--certificate", "../served.pem", "--key", "../served.key"]);
        let child = start(&dir.join("desktop"), &args, "serve.log");
        let begun = Instant::now();
        while std::net::TcpStream::connect(&listen).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20));
            sleep(Duration::from_millis(50));
        }
        child
    }
}
