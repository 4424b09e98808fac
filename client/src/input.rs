//! What commands read: documents of bounded size, certificates.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use tongguan_contracts::Failure;
use tongguan_crypto::{Certificate, provider};
use tongguan_xmldsig::Trust;

use crate::trouble::{Trouble, While};

/// Whose signatures are taken: anyone's, unless certificates to trust are named.
pub fn trust(files: &[PathBuf]) -> Result<Trust, Trouble> {
    Ok(match certificates(files)? {
        anchors if anchors.is_empty() => Trust::Any,
        anchors => Trust::Anchors(anchors),
    })
}

/// Reads certificates to trust.
pub fn certificates(files: &[PathBuf]) -> Result<Vec<Certificate>, Trouble> {
    files
        .iter()
        .map(|path| {
            let octets = std::fs::read(path).map_err(|e| {
                Failure::misconfigured("--trust", format!("read {}", path.display()), e).remedy(
                    "name a certificate's file (PEM or DER); that of the test certificates is \
                     certificates/test-ca.pem beside the manifest",
                )
            })?;
            let certificate = provider().certificate(&octets).map_err(|e| {
                Failure::misconfigured("--trust", format!("use {}", path.display()), e).remedy(
                    "give the issuer's certificate, in PEM or DER; a key or a request is none",
                )
            })?;
            Ok(certificate)
        })
        .collect()
}

/// A file's octets; `None` when it is larger than allowed, of which no more is read than that.
pub fn take(path: &Path, most: usize) -> Result<Option<Vec<u8>>, Trouble> {
    let mut octets = Vec::new();
    let bound = most as u64 + 1;
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(bound).read_to_end(&mut octets)
    } else {
        File::open(path).and_then(|file| file.take(bound).read_to_end(&mut octets))
    };
    read.doing(|| format!("read {}", path.display()))?;
    Ok((octets.len() <= most).then_some(octets))
}
