//! A transport for Tongguan in Rust: two folders. A real one speaks the protocol of a local platform.
//!
//! ```toml
//! [transports.main]
//! library = "libtongguan_example_transport_rust.so"
//! to = "exchange/outbox"
//! from = "exchange/inbox"
//! taken = "exchange/taken"
//! ```

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tongguan_plugin_sdk::{About, Context, Delivery, Failure, Outgoing, Plugin, Transport, export};

/// The part's table in the manifest.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Where envelopes go.
    to: PathBuf,
    /// Where answers come.
    from: PathBuf,
    /// Where answers are kept once they are taken.
    taken: PathBuf,
}

struct Folders {
    config: Config,
    /// What was handed over and is not settled yet.
    open: Mutex<BTreeSet<String>>,
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    let said = format!("{}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory => Failure::misconfigured(said)
            .remedy("check the folder in the manifest, and who may write there"),
        _ => Failure::transient(said),
    }
}

impl Plugin for Folders {
    type Config = Config;

    const ABOUT: About = About {
        max_concurrency: 4,
        ..About::new("example-transport-rust", "1.0.0", "Tongguan examples")
    };

    fn create(config: Config, _: &Context) -> Result<Self, Failure> {
        for folder in [&config.to, &config.from, &config.taken] {
            fs::create_dir_all(folder).map_err(|e| failed(folder, &e))?;
        }
        Ok(Self {
            config,
            open: Mutex::default(),
        })
    }
}

impl Folders {
    /// The next file that is not under way.
    fn next(&self) -> io::Result<Option<Delivery>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in fs::read_dir(&self.config.from)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.ends_with(".xml") || open.contains(&name) {
                continue;
            }
            let octets = fs::read(entry.path())?;
            open.insert(name.clone());
            return Ok(Some(Delivery {
                origin: entry.path().display().to_string(),
                id: name.into_bytes(),
                octets,
            }));
        }
        Ok(None)
    }
}

impl Transport for Folders {
    fn send(&self, _: &Context, outgoing: Outgoing<'_>) -> Result<String, Failure> {
        // The id makes a repeat overwrite itself. Whoever reads the folder sees a whole file or none.
        let name = format!("{}.{}.xml", outgoing.message, outgoing.cop_msg_id);
        let (to, part) = (
            self.config.to.join(&name),
            self.config.to.join(format!(".{name}")),
        );
        let put = || {
            let mut file = fs::File::create(&part)?;
            file.write_all(outgoing.envelope)?;
            file.sync_all()?;
            fs::rename(&part, &to)
        };
        put().map_err(|e| failed(&to, &e))?;
        Ok(to.display().to_string())
    }

    fn receive(&self, context: &Context) -> Result<Option<Delivery>, Failure> {
        loop {
            let next = self.next().map_err(|e| failed(&self.config.from, &e))?;
            if next.is_some() || context.remaining() < Duration::from_millis(200) {
                return Ok(next);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn settle(&self, _: &Context, delivery: &[u8], taken: bool) -> Result<(), Failure> {
        let name = String::from_utf8_lossy(delivery).into_owned();
        if taken {
            let from = self.config.from.join(&name);
            fs::rename(&from, self.config.taken.join(&name)).map_err(|e| failed(&from, &e))?;
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(&name);
        Ok(())
    }

    fn check(&self, _: &Context) -> Result<(), Failure> {
        for folder in [&self.config.to, &self.config.from, &self.config.taken] {
            fs::read_dir(folder).map_err(|e| failed(folder, &e))?;
        }
        Ok(())
    }
}

export!(transport: Folders);
