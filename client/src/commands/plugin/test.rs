//! The conformance kit of signers: what the contract says, tried with the device.

use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tongguan_contracts::{Algorithm, Failure, FailureClass, PartOptions, Signer, Stage};
use tongguan_crypto::provider;
use tongguan_plugin_host::{Info, Kind, inspect, signer, standings};

use crate::cli::PluginTest;
use crate::exit::Exit;
use crate::output::{BAD, GOOD, Output, paint};
use crate::trouble::{Trouble, While};

const PART: &str = "signer \"under test\"";
/// How much the process may grow over the search for leaks, in KiB: what caches take.
const GROWTH_KIB: u64 = 4096;
/// Signatures before the first look at its memory: what is loaded late and kept.
const WARM: u32 = 200;

/// One thing that was tried.
#[derive(Serialize)]
struct Tried {
    what: &'static str,
    ok: bool,
    told: String,
}

#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    library: String,
    plugin: &'a Info,
    tried: &'a [Tried],
}

/// What went well, or why not.
type Verdict = Result<String, String>;

/// Tries everything, and reports.
pub fn run(args: &PluginTest, out: &mut Output) -> Result<(), Trouble> {
    let info = inspect(&args.library)?;
    if info.kind != Kind::Signer {
        return Err(Failure::misconfigured(
            "plugin test",
            format!("test {}", args.library.display()),
            format!("it is a {}", info.kind.name()),
        )
        .remedy("the kit is for signers; tongguan check tries a transport or role of the manifest")
        .into());
    }
    let config = read(&args.config)?;
    let wrong = args.wrong_pin.as_deref().map(read).transpose()?;
    let mut tried = vec![Tried {
        what: "is a plugin",
        ok: true,
        told: info.title(),
    }];
    let mut note = |what, verdict: Verdict| {
        let ok = verdict.is_ok();
        let told = verdict.unwrap_or_else(|why| why);
        tried.push(Tried { what, ok, told });
    };
    let begun = Instant::now();
    match signer(options(args, &config, PART)) {
        Err(failure) => note("starts", Err(shown(&failure))),
        Ok(signer) => {
            note(
                "starts",
                Ok(format!("in {} ms", begun.elapsed().as_millis())),
            );
            note("key matches certificate", key(signer.as_ref()));
            note("signs texts of every size", sizes(signer.as_ref()));
            note("refuses the other algorithm", other(signer.as_ref()));
            note("signs at once as much as it says", at_once(&signer, &info));
            note("does not leak", leaks(signer.as_ref(), args.rounds));
            note("lives through it all", lives());
        }
    }
    note(
        "refuses an option that it does not know",
        unknown(args, &config),
    );
    if let Some(wrong) = &wrong {
        note("a wrong PIN is refused for good", pin(args, wrong));
    }
    let ok = tried.iter().all(|one| one.ok);
    for one in &tried {
        let word = match one.ok {
            true => paint(GOOD, "ok  "),
            false => paint(BAD, "FAIL"),
        };
        out.line(format!("{word} {}: {}", one.what, one.told))?;
    }
    out.object(&Report {
        ok,
        library: args.library.display().to_string(),
        plugin: &info,
        tried: &tried,
    })?;
    if ok {
        Ok(())
    } else {
        Err(Trouble::AlreadySaid(Exit::Refused))
    }
}

pub(super) fn read(path: &Path) -> Result<serde_json::Value, Trouble> {
    let text = std::fs::read(path).doing(|| format!("read {}", path.display()))?;
    let value: serde_json::Value = serde_json::from_slice(&text).map_err(|e| {
        let doing = format!("read {}", path.display());
        Failure::misconfigured("plugin", doing, e)
    })?;
    if !value.is_object() {
        let doing = format!("read {}", path.display());
        return Err(Failure::misconfigured("plugin", doing, "it is no JSON object").into());
    }
    Ok(value)
}

fn options(args: &PluginTest, config: &serde_json::Value, part: &str) -> PartOptions {
    let mut options = config.clone();
    options["library"] = serde_json::json!(args.library);
    PartOptions {
        part: part.to_owned(),
        options,
        base: PathBuf::from("."),
    }
}

fn shown(failure: &Failure) -> String {
    match failure.how_to_mend() {
        Some(remedy) => format!("{failure}; {remedy}"),
        None => failure.to_string(),
    }
}

fn sign(signer: &dyn Signer, text: &[u8]) -> Result<Vec<u8>, String> {
    let algorithm = signer.algorithms().first().copied();
    let algorithm = algorithm.ok_or("it signs with nothing")?;
    // The host verifies each value by the certificate's key; what is not good is a failure.
    signer.sign(algorithm, text).map_err(|f| shown(&f))
}

fn key(signer: &dyn Signer) -> Verdict {
    let identity = signer.identity();
    let certificate = provider()
        .certificate(&identity.certificate)
        .map_err(|e| e.to_string())?;
    let value = sign(signer, b"tongguan")?;
    let verified = certificate.key.verify(b"tongguan", &value);
    verified.map_err(|e| e.to_string())?;
    if certificate.key.verify(b"another", &value).is_ok() {
        return Err("its signature is one of any text".to_owned());
    }
    Ok(format!(
        "{} by {}, KeyName {}",
        certificate.key.scheme(),
        certificate.subject,
        identity.key_name
    ))
}

fn sizes(signer: &dyn Signer) -> Verdict {
    // Around the block of SHA-1 and SM3, and what a buffer may be too small for.
    let sizes = [0, 1, 55, 56, 63, 64, 65, 1000, 4096, 65_537, 1 << 20];
    for size in sizes {
        let text: Vec<u8> = (0..=255u8).cycle().take(size).collect();
        sign(signer, &text).map_err(|why| format!("a text of {size} octets: {why}"))?;
    }
    Ok(format!("{} of them, 0 to 1 MiB", sizes.len()))
}

fn other(signer: &dyn Signer) -> Verdict {
    let other = match signer.algorithms().first() {
        Some(Algorithm::RsaSha1) => Algorithm::Sm2Sm3,
        _ => Algorithm::RsaSha1,
    };
    match signer.sign(other, b"tongguan") {
        Ok(_) => Err(format!("it signs with {other:?}, which its key is not for")),
        Err(_) => Ok(format!("{other:?}")),
    }
}

fn at_once(signer: &Arc<dyn Signer>, info: &Info) -> Verdict {
    // More than it takes at once: the host holds the rest back.
    let threads = info.max_concurrency.min(16) * 2;
    let begun = Instant::now();
    let all: Vec<_> = (0..threads)
        .map(|n| {
            let signer = Arc::clone(signer);
            thread::spawn(move || {
                let mut rounds = 0..10;
                rounds.try_for_each(|r| {
                    let text = format!("text {n} {r}");
                    sign(signer.as_ref(), text.as_bytes()).map(drop)
                })
            })
        })
        .collect();
    for one in all {
        one.join()
            .map_err(|_| "a thread of the kit ended".to_owned())??;
    }
    let took = begun.elapsed().as_secs_f64();
    Ok(format!(
        "{} signatures from {threads} threads, {:.0} a second",
        threads * 10,
        f64::from(threads * 10) / took
    ))
}

/// What its process holds, in KiB.
fn held() -> Option<u64> {
    let process = standings().iter().find(|s| s.part == PART)?.process;
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn leaks(signer: &dyn Signer, rounds: u32) -> Verdict {
    let text = [b'x'; 500];
    for _ in 0..WARM {
        sign(signer, &text)?;
    }
    let before = held();
    let begun = Instant::now();
    for round in 0..rounds {
        sign(signer, &text).map_err(|why| format!("signature {round}: {why}"))?;
    }
    let pace = f64::from(rounds) / begun.elapsed().as_secs_f64();
    let (Some(before), Some(after)) = (before, held()) else {
        return Ok("not known: this system does not tell what a process holds".to_owned());
    };
    let grown = after.saturating_sub(before);
    let told = format!("{grown} KiB more after {rounds} signatures ({pace:.0} a second)");
    if grown > GROWTH_KIB {
        return Err(format!("its process grew by {told}"));
    }
    Ok(told)
}

fn lives() -> Verdict {
    let standing = standings().into_iter().find(|s| s.part == PART);
    match standing {
        Some(one) if one.stage == Stage::Started && one.restarts == 0 => {
            Ok("its process was never started again".to_owned())
        }
        Some(one) => Err(format!(
            "its process was started again {} time(s): {}",
            one.restarts, one.why
        )),
        None => Err("nothing is known of it".to_owned()),
    }
}

fn unknown(args: &PluginTest, config: &serde_json::Value) -> Verdict {
    let mut config = config.clone();
    config["no_plugin_has_this_option"] = serde_json::json!(1);
    let part = "signer \"with an unknown option\"";
    match signer(options(args, &config, part)) {
        Err(failure) if failure.class() == FailureClass::Misconfigured => Ok(failure.to_string()),
        Err(failure) => Err(format!("not as misconfigured: {failure}")),
        // A vendor's plugin may be lenient; whoever misspells an option then learns nothing.
        Ok(_) => Ok("no, it ignores it: a misspelt option goes unnoticed (allowed)".to_owned()),
    }
}

fn pin(args: &PluginTest, wrong: &serde_json::Value) -> Verdict {
    let part = "signer \"with a wrong PIN\"";
    // The kit is the person who acts: each run of it may try once.
    let mark = Path::new("pin-refused-signer-with-a-wrong-PIN");
    let _ = std::fs::remove_file(mark);
    let verdict = pin_twice(args, wrong, part);
    let _ = std::fs::remove_file(mark);
    verdict
}

fn pin_twice(args: &PluginTest, wrong: &serde_json::Value, part: &str) -> Verdict {
    let refused = |try_: &str| match signer(options(args, wrong, part)) {
        Ok(signer) => match sign(signer.as_ref(), b"tongguan") {
            Ok(_) => Err(format!("{try_}: it signs")),
            Err(why) => Ok(why),
        },
        Err(failure) if failure.class() == FailureClass::Misconfigured => Ok(failure.to_string()),
        Err(failure) => Err(format!("{try_}: not as misconfigured: {failure}")),
    };
    let told = refused("the first try")?;
    // What the plugin calls a refused PIN is not tried again, even by one that is built anew.
    thread::sleep(Duration::from_millis(300));
    let again = refused("the second try")?;
    if again.contains("not tried again") {
        Ok(told)
    } else {
        Err(format!(
            "it fails, but is not told as a refused PIN (TONGGUAN_PIN_REFUSED), so it would be \
             tried again, and lock the device: {told}"
        ))
    }
}
