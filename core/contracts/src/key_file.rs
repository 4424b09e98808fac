use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use zeroize::Zeroizing;

use crate::Failure;

/// Far more than any key, certificate or list of CAs has, in octets.
const MOST: u64 = 1 << 20;

/// What is in a file of keys or certificates that the manifest names by `key`; wiped from memory when
/// dropped.
///
/// # Errors
/// [`Failure`] of class misconfigured: the file cannot be read, or is far too large.
pub fn key_file(part: &str, key: &str, path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let wrong = |why: String| {
        let doing = format!("read {key} {}", path.display());
        Failure::misconfigured(part, doing, why)
            .remedy("check the path in the manifest, and who may read the file")
    };
    let file = File::open(path).map_err(|e| wrong(e.to_string()))?;
    let size = file.metadata().map_or(0, |file| file.len()).min(MOST);
    // Whole from the start: what grows leaves copies behind that nobody wipes.
    let mut octets = Zeroizing::new(Vec::with_capacity(size as usize + 1));
    let read = file.take(MOST + 1).read_to_end(&mut octets);
    read.map_err(|e| wrong(e.to_string()))?;
    if octets.len() as u64 > MOST {
        return Err(wrong(format!(
            "it has more than {MOST} octets, which no key or certificate has"
        )));
    }
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::{MOST, key_file};

    #[test]
    fn a_file_is_read_whole_or_refused() {
        let dir = std::env::temp_dir().join(format!("tongguan-key-file-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("a.pem");
        let most = usize::try_from(MOST).unwrap();
        std::fs::write(&path, vec![b'a'; most]).unwrap();
        assert_eq!(key_file("t", "key", &path).unwrap().len(), most);
        std::fs::write(&path, vec![b'a'; most + 1]).unwrap();
        let refused = key_file("t", "tls.key", &path).unwrap_err().to_string();
        assert!(
            refused.contains("tls.key") && refused.contains("octets"),
            "{refused}"
        );
        std::fs::remove_dir_all(dir).unwrap();
        assert!(key_file("t", "key", &path).is_err());
    }
}
