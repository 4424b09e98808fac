//! Many files: which ones, and all of them at once on every core.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use crate::finding::{Finding, Layer};
use crate::report::Report;
use crate::verify::Verifier;

/// Where a message is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Source {
    /// Its name in reports: the path, `-` for standard input.
    pub fn name(&self) -> String {
        match self {
            Self::Stdin => "-".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

/// The files that paths name: `-` is standard input, a folder stands for the `.xml` files in it
/// and in the folders below it, in the order of their names. Links to folders are not followed.
///
/// # Errors
/// A path that does not exist or a folder that cannot be read, with its path.
pub fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, (PathBuf, io::Error)> {
    let mut found = Vec::new();
    for path in paths {
        if path == Path::new("-") {
            found.push(Source::Stdin);
            continue;
        }
        let kind = std::fs::metadata(path).map_err(|e| (path.clone(), e))?;
        if kind.is_dir() {
            below(path, &mut found)?;
        } else {
            found.push(Source::File(path.clone()));
        }
    }
    Ok(found)
}

fn below(folder: &Path, found: &mut Vec<Source>) -> Result<(), (PathBuf, io::Error)> {
    let fail = |e| (folder.to_owned(), e);
    let mut entries = std::fs::read_dir(folder)
        .map_err(fail)?
        .map(|entry| Ok((entry?.path(), ())))
        .collect::<io::Result<Vec<_>>>()
        .map_err(fail)?;
    entries.sort();
    for (path, ()) in entries {
        let kind = std::fs::symlink_metadata(&path).map_err(|e| (path.clone(), e))?;
        let xml = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("xml"));
        if kind.is_dir() {
            below(&path, found)?;
        } else if xml && path.is_file() {
            found.push(Source::File(path));
        }
    }
    Ok(())
}

impl Verifier {
    /// Looks at many files, on so many threads, and hands over a report of each, in their order.
    /// A file that cannot be read is reported as such.
    pub fn verify_all(&self, sources: &[Source], threads: usize, take: &mut dyn FnMut(Report)) {
        let next = AtomicUsize::new(0);
        // Bounded, so that reports do not pile up behind a slow taker.
        let (send, receive) = mpsc::sync_channel(256);
        std::thread::scope(|scope| {
            for _ in 0..threads.clamp(1, sources.len().max(1)) {
                let (send, next) = (send.clone(), &next);
                scope.spawn(move || {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(source) = sources.get(index) else {
                            return;
                        };
                        if send.send((index, self.verify_source(source))).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(send);
            let mut early = BTreeMap::new();
            let mut due = 0;
            for (index, report) in receive {
                early.insert(index, report);
                while let Some(report) = early.remove(&due) {
                    take(report);
                    due += 1;
                }
            }
        });
    }

    fn verify_source(&self, source: &Source) -> Report {
        let name = source.name();
        let mut reader: Box<dyn Read> = match source {
            Source::Stdin => Box::new(io::stdin().lock()),
            Source::File(path) => match File::open(path) {
                Ok(file) => Box::new(file),
                Err(error) => {
                    let mut report = Report::of(&name);
                    report.add(Finding::document(
                        Layer::WellFormed,
                        "unreadable",
                        format!("cannot be opened: {error}"),
                        "check the file and its rights",
                    ));
                    return report;
                }
            },
        };
        self.verify(&name, &mut reader)
    }
}
