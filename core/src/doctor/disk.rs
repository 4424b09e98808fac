//! Whether what must be kept can be.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tongguan_contracts::Failure;

use super::Examined;
use crate::manifest::Manifest;

/// Less than this is soon full: a day of a busy enterprise.
#[cfg(unix)]
const LITTLE: u64 = 2 << 30;

pub(super) fn examined(manifest: &Manifest) -> Vec<Examined> {
    let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
    if let Some(file) = manifest.store_file() {
        folders.insert(file.parent().unwrap_or(Path::new(".")).to_owned());
    }
    let mut all = Vec::new();
    for folder in folders {
        let name = match folder.as_os_str().is_empty() {
            true => ".".to_owned(),
            false => folder.display().to_string(),
        };
        let folder = if name == "." {
            PathBuf::from(".")
        } else {
            folder
        };
        all.push(match written(&folder) {
            Ok(()) => Examined::well("disk.writes", &name, "takes files, and flushes them"),
            Err(error) => {
                let doing = format!("write into {name}");
                let failure = Failure::misconfigured("store", doing, error)
                    .remedy("check the path, who may write there, and that the disk is not full");
                Examined::ill("disk.writes", &name, &failure)
            }
        });
        all.extend(room(&folder, &name));
    }
    all
}

/// Writes, flushes and removes a file.
fn written(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(format!(".doctor-{}", std::process::id()));
    let written = std::fs::File::create(&path).and_then(|mut file| {
        file.write_all(&[0; 4096])?;
        file.sync_all()
    });
    let removed = std::fs::remove_file(&path);
    written.and(removed)
}

#[cfg(unix)]
fn room(folder: &Path, name: &str) -> Option<Examined> {
    const ID: &str = "disk.room";
    let told = rustix::fs::statvfs(folder).ok()?;
    let free = told.f_bavail.saturating_mul(told.f_frsize);
    let says = format!("{:.1} GB are free", free as f64 / 1e9);
    Some(if free < LITTLE {
        let remedy = "free space on that disk, or put [store] path on another: while it is full \
                      nothing is taken, and nothing is lost";
        Examined::concern(ID, name, says, remedy)
    } else {
        Examined::well(ID, name, says)
    })
}

/// Not known on other systems.
#[cfg(not(unix))]
fn room(_: &Path, _: &str) -> Option<Examined> {
    None
}
