use serde::Serialize;
use std::fs;
use tongguan_contracts::Failure;

use crate::cli::{PluginKind, PluginLanguage, PluginNew};
use crate::output::{GOOD, Output, paint};
use crate::trouble::{Trouble, While};

// The examples are what is written: they are built and loaded by the tests.
const SIGNER_C: &str = include_str!("../../../../examples/plugins/signer-c/signer.c");
const TRANSPORT_C: &str = include_str!("../../../../examples/plugins/transport-c/transport.c");
const SIGNER: &str = include_str!("signer.rs.txt");
const TRANSPORT: &str = include_str!("../../../../examples/plugins/transport-rust/src/lib.rs");
const ROLE: &str = include_str!("../../../../examples/plugins/role-rust/src/lib.rs");

/// A Makefile for that source, with the library that stands in the device's place.
fn makefile(source: &str, library: &str, why: &str) -> String {
    format!(
        "# {why}\nplugin.so: {source} tongguan_plugin.h\n\
         \tcc -shared -fPIC -fvisibility=hidden -O2 -Wall -Wextra -I . -o $@ {source} {library}\n"
    )
}

#[derive(Serialize)]
struct Written<'a> {
    wrote: &'a [String],
}

/// Writes a folder to start from.
pub fn run(args: &PluginNew, out: &mut Output) -> Result<(), Trouble> {
    let name = args.dir.file_name().map(|name| name.to_string_lossy());
    let name = name.unwrap_or_default().into_owned();
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(good) || !name.starts_with(char::is_alphabetic) {
        let doing = format!("call a plugin {name:?}");
        return Err(Failure::misconfigured("plugin new", doing, "it is no name")
            .remedy("use small letters, digits and hyphens: my-signer")
            .into());
    }
    let (files, built): (Vec<(&str, String)>, String) = match args.language {
        PluginLanguage::C => {
            let (source, code, example, makefile) = match args.kind {
                PluginKind::Signer => {
                    let why = "The device's library in place of -lcrypto.";
                    let makefile = makefile("signer.c", "-lcrypto", why);
                    ("signer.c", SIGNER_C, "example-signer-c", makefile)
                }
                PluginKind::Transport => {
                    let why = "The platform's library beside -lpthread.";
                    let makefile = makefile("transport.c", "-lpthread", why);
                    ("transport.c", TRANSPORT_C, "example-transport-c", makefile)
                }
                PluginKind::Role => {
                    let doing = "write a role in C";
                    return Err(
                        Failure::misconfigured("plugin new", doing, "there is no example of one")
                            .remedy(
                                "a mapping in the manifest may do without one (docs/mapping.md); or \
                                 take --language rust, or write it against the header: --kind signer",
                            )
                            .into(),
                    );
                }
            };
            (
                vec![
                    ("tongguan_plugin.h", tongguan_plugin_abi::HEADER.to_owned()),
                    (source, code.replace(example, &name)),
                    ("Makefile", makefile),
                ],
                format!("make -C {}", args.dir.display()),
            )
        }
        PluginLanguage::Rust => {
            let Some(sdk) = &args.sdk else {
                let why = "its SDK is not named";
                return Err(
                    Failure::misconfigured("plugin new", "write one in Rust", why)
                        .remedy("add --sdk DIR, the folder plugins/sdk of Tongguan's source")
                        .into(),
                );
            };
            let sdk = fs::canonicalize(sdk).doing(|| format!("find {}", sdk.display()))?;
            let (code, example) = match args.kind {
                PluginKind::Signer => (SIGNER, "example-signer"),
                PluginKind::Transport => (TRANSPORT, "example-transport-rust"),
                PluginKind::Role => (ROLE, "example-role-rust"),
            };
            let manifest = format!(
                "[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                 [lib]\ncrate-type = [\"cdylib\"]\n\n[dependencies]\n\
                 serde = {{ version = \"1\", features = [\"derive\"] }}\nserde_json = \"1\"\n\
                 tongguan-plugin-sdk = {{ path = {sdk:?} }}\n\n[workspace]\n"
            );
            let build = args.dir.join("Cargo.toml");
            (
                vec![
                    ("Cargo.toml", manifest),
                    ("src/lib.rs", code.replace(example, &name)),
                ],
                format!("cargo build --manifest-path {}", build.display()),
            )
        }
    };
    let mut wrote = Vec::new();
    for (file, text) in files {
        let path = args.dir.join(file);
        if path.exists() {
            let doing = format!("write {}", path.display());
            let why = "it exists already, and nothing is overwritten";
            return Err(Failure::misconfigured("plugin new", doing, why)
                .remedy("choose another folder, or move it away")
                .into());
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).doing(|| format!("make the folder {}", folder.display()))?;
        }
        fs::write(&path, text).doing(|| format!("write {}", path.display()))?;
        wrote.push(path.display().to_string());
    }
    out.object(&Written { wrote: &wrote })?;
    for file in &wrote {
        out.line(format!("{} {file}", paint(GOOD, "wrote")))?;
    }
    out.line("")?;
    out.line(format!(
        "Next: {built}, then tongguan plugin check and tongguan plugin test on what it builds"
    ))?;
    Ok(())
}
