//! A disk that takes no more, and then does again.

use crate::stage::good;
use crate::world::Fault;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

pub const FULL: Fault = Fault {
    name: "disks filled",
    breaks: Some("disk"),
    strike: |world| {
        let ballast = world.first().join("ballast");
        fill(&ballast);
        let time = Duration::from_millis(300 + world.dice.below(2500));
        world.later(time, move |world| {
            fs::remove_file(&ballast).unwrap();
            world.is_whole("disk");
        });
    },
};

/// Writes until nothing more goes in.
fn fill(ballast: &Path) {
    let mut file = fs::File::create(ballast).unwrap();
    for size in [1 << 16, 1 << 10, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

/// A small disk of its own, for as long as this lives.
pub struct Small(PathBuf);

impl Small {
    /// Where a disk may be mounted; that needs root.
    pub fn mount(at: &Path) -> Option<Self> {
        fs::create_dir(at).unwrap();
        let args = ["-t", "tmpfs", "-o", "size=64m", "tmpfs"];
        let mounted = Command::new("mount").args(args).arg(at).output();
        if mounted.is_ok_and(|done| done.status.success()) {
            return Some(Self(at.to_owned()));
        }
        println!("skipped: no disk can be mounted here (that needs root)");
        None
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let at = self.0.to_str().unwrap();
        good(Path::new("/"), "umount", &["--lazy", at]);
    }
}
