use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use tongguan_contracts::{Accepted, Failure};

use crate::failure;

/// `CEB311Message_<CopMsgId>.xml`: a repeat has the same name. Characters that could leave the
/// folder become `_`.
pub(crate) fn file_name(message: &str, cop_msg_id: &str) -> String {
    let safe = |text: &str| -> String {
        let keep = |c: char| c.is_ascii_alphanumeric() || c == '-';
        text.chars()
            .take(100)
            .map(|c| if keep(c) { c } else { '_' })
            .collect()
    };
    format!("{}_{}.xml", safe(message), safe(cop_msg_id))
}

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
    // The rename itself must survive a power cut too.
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| failure(part, "keep", &path, &e))?;
    Ok(Accepted {
        evidence: path.display().to_string(),
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_stay_in_the_folder() {
        assert_eq!(
            super::file_name("CEB311Message", "A-1"),
            "CEB311Message_A-1.xml"
        );
        assert_eq!(
            super::file_name("x", "../../etc/passwd"),
            "x_______etc_passwd.xml"
        );
    }
}
