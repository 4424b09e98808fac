use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use tongguan_contracts::{Accepted, Failure};

use crate::failure;

/// Writes a file so that it is there whole, or not at all, whatever happens.
pub(crate) fn put(
    part: &str,
    folder: &Path,
    name: &str,
    octets: &[u8],
) -> Result<Accepted, Failure> {
    let path = folder.join(name);
    let temporary = folder.join(format!(".{name}.{}", std::process::id()));
    let write = || {
        let mut file = File::create(&temporary)?;
        file.write_all(octets)?;
        file.sync_all()?;
        fs::rename(&temporary, &path)
    };
    write().map_err(|e| {
        let _ = fs::remove_file(&temporary);
        // Nobody reads a file under a temporary name.
        failure(part, "write", &path, &e).unsent()
    })?;
    // The rename itself must survive a power cut too. Windows opens no folder to flush it: NTFS
    // keeps a log of renames.
    #[cfg(unix)]
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| failure(part, "keep", &path, &e))?;
    Ok(Accepted {
        evidence: path.display().to_string(),
    })
}
