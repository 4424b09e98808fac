use serde::Serialize;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use tongguan_contracts::Failure;
use tongguan_crypto::{Scheme as CryptoScheme, TestSubject, provider};

use crate::cli::{Init, Scheme};
use crate::output::{GOOD, Output, paint};
use crate::trouble::{Trouble, While};

/// The manifest that `init` writes: runs as it is.
const MANIFEST: &str = include_str!("init.toml");

#[derive(Serialize)]
struct Written<'a> {
    wrote: &'a [String],
}

/// Writes a first manifest and test certificates.
pub fn run(args: &Init, out: &mut Output) -> Result<(), Trouble> {
    let wrote = write(&args.dir, args.scheme)?;
    out.object(&Written { wrote: &wrote })?;
    for file in &wrote {
        out.line(format!("{} {file}", paint(GOOD, "wrote")))?;
    }
    out.line("")?;
    out.line("The certificates are of a test CA: good for rehearsals, never for customs.")?;
    out.line("Next: tongguan check, then tongguan submit FILE and tongguan run")?;
    Ok(())
}

/// Writes the files; refuses to overwrite any.
pub fn write(dir: &Path, scheme: Scheme) -> Result<Vec<String>, Trouble> {
    let scheme = match scheme {
        Scheme::Sm2 => CryptoScheme::Sm2Sm3,
        Scheme::Rsa => CryptoScheme::RsaSha1,
    };
    let issue = |name: &str, days, issuer: Option<&_>, password: Option<&str>| {
        let subject = TestSubject {
            common_name: name.to_owned(),
            days,
            from_days: 0,
        };
        provider()
            .issue_for_tests(scheme, &subject, issuer, password)
            .map_err(|e| Failure::misconfigured("init", "make test certificates", e))
    };
    let password: String = provider_password()?;
    let ca = issue("Tongguan Test CA", 730, None, None)?;
    let enterprise = issue("Test Enterprise", 365, Some(&ca), Some(&password))?;
    let files: [(&str, Vec<u8>, bool); 5] = [
        ("tongguan.toml", MANIFEST.as_bytes().to_vec(), false),
        ("certificates/test-ca.pem", ca.certificate_pem, false),
        (
            "certificates/enterprise.pem",
            enterprise.certificate_pem,
            false,
        ),
        ("certificates/enterprise.key", enterprise.key_pem, true),
        (
            "certificates/password",
            format!("{password}\n").into_bytes(),
            true,
        ),
    ];
    for (name, ..) in &files {
        let path = dir.join(name);
        if path.exists() {
            return Err(Failure::misconfigured(
                "init",
                format!("write {}", path.display()),
                "it exists already, and nothing is overwritten",
            )
            .remedy("choose another folder, or move it away")
            .into());
        }
    }
    let mut wrote = Vec::new();
    for (name, octets, secret) in files {
        let path = dir.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).doing(|| format!("make the folder {}", folder.display()))?;
        }
        create(&path, secret)
            .and_then(|mut file| file.write_all(&octets))
            .doing(|| format!("write {}", path.display()))?;
        wrote.push(path.display().to_string());
    }
    Ok(wrote)
}

fn create(path: &Path, secret: bool) -> std::io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if secret {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = secret;
    options.open(path)
}

/// A new random password, for the test key.
fn provider_password() -> Result<String, Trouble> {
    let subject = TestSubject {
        common_name: "seed".to_owned(),
        days: 1,
        from_days: 0,
    };
    // The library's random numbers, by way of a key that is thrown away.
    let seed = provider()
        .issue_for_tests(CryptoScheme::Sm2Sm3, &subject, None, None)
        .map_err(|e| Failure::misconfigured("init", "draw a password", e))?;
    let digest = tongguan_crypto::digest(tongguan_crypto::Hash::Sm3, &[&seed.key_pem]);
    Ok(digest.iter().take(16).map(|b| format!("{b:02x}")).collect())
}
