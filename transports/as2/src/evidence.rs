//! Keeps the partner's MDNs as files, as they came: `openssl smime -verify` reads them years later.

use openssl::sha::sha256;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use tongguan_contracts::Failure;

use crate::mime::Entity;
use crate::options::Options;

/// Writes an MDN to `DATE/MESSAGE-ID-DIGEST.mdn`, by its own date. The same one again is the same file.
pub(crate) fn keep(options: &Options, message_id: &str, mdn: &Entity) -> Result<PathBuf, Failure> {
    let (part, folder) = (options.part.as_str(), options.evidence.as_path());
    let octets = mdn.octets();
    let digest = hex::encode(sha256(&octets));
    let date = mdn.field("Date").unwrap_or_default();
    let date = OffsetDateTime::parse(date, &Rfc2822).unwrap_or_else(|_| OffsetDateTime::now_utc());
    let day = folder.join(date.date().to_string());
    // Only of a Message-ID that is ours, which has no other characters; `@` is for mail programs.
    let name = message_id.replace('@', "-");
    let short = digest.get(..16).unwrap_or_default();
    let path = day.join(format!("{name}-{short}.mdn"));
    write(&day, &path, &octets).map_err(|e| {
        Failure::transient(part, format!("keep the MDN as {}", path.display()), e)
            .remedy("evidence names a folder that tongguan may write, with room on its disk")
    })?;
    Ok(path)
}

fn write(day: &Path, path: &Path, octets: &[u8]) -> io::Result<()> {
    fs::create_dir_all(day)?;
    let temporary = path.with_extension(format!("{}.part", uuid::Uuid::new_v4().simple()));
    let mut file = fs::File::create(&temporary)?;
    file.write_all(octets)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}
