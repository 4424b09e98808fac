use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::wire::{Frame, Verb};

/// How long a first frame may be: it holds no more than what to load.
const MOST: u32 = 1 << 20;
/// How long it may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// The first frame of a connection: what to open.
pub(super) async fn first(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Frame> {
    let reading = async {
        let mut octets = vec![0; 4];
        from.read_exact(&mut octets).await?;
        let length = octets.iter().rev();
        let length = length.fold(0u32, |all, octet| all << 8 | u32::from(*octet));
        if length > MOST {
            return Err(io::Error::other("its first frame is too long"));
        }
        octets.resize(4 + length as usize, 0);
        from.read_exact(octets.get_mut(4..).unwrap_or_default())
            .await?;
        let frame = Frame::read(&mut octets.as_slice())?;
        frame
            .filter(|frame| frame.verb == Verb::Open)
            .ok_or_else(|| io::Error::other("its first frame opens nothing"))
    };
    match tokio::time::timeout(PATIENCE, reading).await {
        Ok(read) => read,
        Err(_) => Err(io::Error::other("its first frame did not come in time")),
    }
}
