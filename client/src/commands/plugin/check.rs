use tongguan_plugin_host::{Info, Kind, inspect};

use crate::cli::PluginLibrary;
use crate::output::{GOOD, Output, paint};
use crate::trouble::Trouble;

/// Says what a library is.
pub fn run(args: &PluginLibrary, out: &mut Output) -> Result<(), Trouble> {
    let info = inspect(&args.library)?;
    out.object(&info)?;
    out.line(format!(
        "{} {} for version {} of the plugin ABI: {}",
        paint(GOOD, "ok"),
        info.kind.name(),
        info.abi,
        info.title()
    ))?;
    for line in capabilities(&info) {
        out.line(format!("   {line}"))?;
    }
    out.line("")?;
    out.line("in the manifest:")?;
    out.line(format!("   [{}s.NAME]", info.kind.name()))?;
    out.line(format!("   library = {:?}", args.library))?;
    out.line(format!("   sha256 = \"{}\"", info.sha256))?;
    Ok(())
}

/// What it says that it can, and how it wants to be called.
fn capabilities(info: &Info) -> Vec<String> {
    let mut all = Vec::new();
    if info.kind == Kind::Signer {
        let names = [(info.rsa_sha1, "rsa-sha1"), (info.sm2_sm3, "sm2-sm3")];
        let names: Vec<&str> = names.iter().filter(|(is, _)| *is).map(|n| n.1).collect();
        all.push(format!("signs with {}", names.join(", ")));
    }
    all.push(match info.max_concurrency {
        1 => "one call at a time".to_owned(),
        many => format!("up to {many} calls at once"),
    });
    if info.operations_per_minute > 0 {
        let pace = info.operations_per_minute;
        all.push(format!("no more than {pace} calls a minute"));
    }
    for (is, text) in [
        (info.thread_affine, "every call on one and the same thread"),
        (info.takes_digest, "signs digests"),
        (
            info.pin_per_operation,
            "wants the PIN again for each signature",
        ),
    ] {
        all.extend(is.then(|| text.to_owned()));
    }
    all
}
