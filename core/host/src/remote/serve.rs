use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncWriteExt as _, copy, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Semaphore, watch};

use super::first::first;
use super::tls::{Certificates, accept, acceptor};
use crate::process::command;
use crate::told::Launch;
use crate::wire::{Field, Frame, Verb};

/// How many connections may be on their way in at once.
const CONNECTIONS: usize = 8;
/// How long a plugin may take to log out.
const GOODBYE: Duration = Duration::from_secs(4);
/// The longest that a client may let a call take.
const MOST_TIMEOUT_MS: u32 = 3_600_000;

/// What is served, with its options as they are here. A client chooses neither.
#[derive(Debug, Clone)]
pub struct Device {
    /// A plugin, or a signer of this program.
    pub what: Served,
    /// Its options.
    pub config: serde_json::Value,
    /// Where relative paths start.
    pub base: PathBuf,
}

/// What a device is.
#[derive(Debug, Clone)]
pub enum Served {
    /// A plugin.
    Library {
        /// Its file.
        library: PathBuf,
        /// What its SHA-256 must be, in hexadecimal.
        sha256: Option<String>,
    },
    /// A signer that is built in, by its kind: `skf`.
    Signer(String),
}

/// Serves a device to clients on other machines, one at a time: who comes later takes it over, since
/// the one before may be gone without a word. Until it is stopped from outside.
///
/// # Errors
/// The certificates cannot be used.
pub async fn serve_remote(
    listener: TcpListener,
    certificates: &Certificates,
    device: Device,
) -> io::Result<()> {
    let acceptor = Arc::new(acceptor(certificates)?);
    let device = Arc::new(device);
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    // Whose turn it is, and who has the device.
    let (turn, _) = watch::channel(0u64);
    let turn = Arc::new(turn);
    let has = Arc::new(Mutex::new(()));
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot take a connection");
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
            continue;
        };
        let (acceptor, device) = (Arc::clone(&acceptor), Arc::clone(&device));
        let (turn, has) = (Arc::clone(&turn), Arc::clone(&has));
        tokio::spawn(async move {
            let session = session(&acceptor, stream, &device, &turn, &has);
            match session.await {
                Ok(()) => tracing::info!(%peer, "a client is gone"),
                Err(error) => tracing::warn!(%peer, %error, "a client was not served"),
            }
            drop(place);
        });
    }
}

async fn session(
    acceptor: &openssl::ssl::SslAcceptor,
    stream: TcpStream,
    device: &Device,
    turn: &watch::Sender<u64>,
    has: &Mutex<()>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    // Nobody's turn ends before the next one has shown who he is.
    let mut stream = accept(acceptor, stream).await?;
    let open = first(&mut stream).await?;
    let asked: Launch = open
        .parsed(Field::Launch)
        .ok_or_else(|| io::Error::other("its first frame opens nothing"))?;
    let mut mine = 0;
    turn.send_modify(|turn| {
        *turn += 1;
        mine = *turn;
    });
    let mut turns = turn.subscribe();
    let _has = has.lock().await;
    tracing::info!(part = asked.part, "a client has the device");
    let (library, sha256, built_in) = match &device.what {
        Served::Library { library, sha256 } => (device.base.join(library), sha256.clone(), None),
        Served::Signer(kind) => (PathBuf::new(), None, Some(kind.clone())),
    };
    let launch = Launch {
        // Another one than its process speaks, that refuses.
        protocol: asked.protocol,
        library,
        built_in,
        sha256,
        part: asked.part,
        // What it is not, its process refuses.
        kind: asked.kind,
        base: device.base.clone(),
        config: device.config.clone(),
        timeout_ms: asked.timeout_ms.min(MOST_TIMEOUT_MS),
        memory_mib: asked.memory_mib,
    };
    let mut frame = Frame::new(Verb::Open).json(Field::Launch, &launch);
    frame.id = open.id;
    let mut child = tokio::process::Command::from(command("plugin-host")?)
        .current_dir(&device.base)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let (Some(mut input), Some(mut output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("a pipe is missing"));
    };
    input.write_all(&frame.encode()?).await?;
    let (mut from, mut to) = split(stream);
    tokio::select! {
        _ = copy(&mut from, &mut input) => {}
        _ = copy(&mut output, &mut to) => {}
        _ = turns.wait_for(|turn| *turn != mine) => {
            tracing::warn!("another client takes the device over");
        }
    }
    let _ = to.shutdown().await;
    // Its input ends: it logs out.
    drop(input);
    if tokio::time::timeout(GOODBYE, child.wait()).await.is_err() {
        child.kill().await?;
    }
    Ok(())
}
