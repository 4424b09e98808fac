use serde::Serialize;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use tongguan_contracts::Failure;
use tongguan_crypto::{Certificate, provider};
use tongguan_messages::envelope::{Opened, open};
use tongguan_messages::{Limits, Parsed, Problem, read};
use tongguan_xmldsig::{Policy, Trust, VerifyError, verify};

use crate::cli::Verify;
use crate::exit::Exit;
use crate::output::{BAD, GOOD, Output, paint};
use crate::trouble::{Trouble, While};

#[derive(Serialize)]
struct Report {
    file: String,
    /// The message's name; empty when it could not be read.
    message: String,
    valid: bool,
    /// Who signed, by which profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    errors: Vec<Problem>,
}

/// Verifies files.
pub fn run(args: &Verify, out: &mut Output) -> Result<(), Trouble> {
    let anchors = certificates(&args.trust)?;
    let limits = Limits {
        octets: args.max_size.saturating_mul(1 << 20),
    };
    let trust = if anchors.is_empty() {
        Trust::Any
    } else {
        Trust::Anchors(anchors)
    };
    let policy = Policy {
        max_octets: limits.octets,
        trust,
        at: None,
    };
    let mut good = true;
    for file in &args.files {
        let name = file.display().to_string();
        let report = match take(file, limits.octets)? {
            Some(octets) => examine(&name, &octets, &limits, &policy),
            None => Report {
                file: name.clone(),
                message: String::new(),
                valid: false,
                signature: None,
                errors: vec![Problem::document(
                    "too-large",
                    format!("is larger than {} MiB", args.max_size),
                    "raise --max-size, or split it",
                )],
            },
        };
        good &= report.valid;
        out.object(&report)?;
        tell(out, &report)?;
    }
    if good {
        Ok(())
    } else {
        Err(Trouble::AlreadySaid(Exit::Refused))
    }
}

/// Reads certificates to trust.
pub fn certificates(files: &[std::path::PathBuf]) -> Result<Vec<Certificate>, Trouble> {
    files
        .iter()
        .map(|path| {
            let octets = std::fs::read(path).doing(|| format!("read {}", path.display()))?;
            let certificate = provider().certificate(&octets).map_err(|e| {
                Failure::misconfigured("--trust", format!("use {}", path.display()), e)
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

fn examine(file: &str, octets: &[u8], limits: &Limits, policy: &Policy) -> Report {
    let mut report = Report {
        file: file.to_owned(),
        message: String::new(),
        valid: false,
        signature: None,
        errors: Vec::new(),
    };
    match open(octets, limits) {
        Err(problems) => report.errors = problems,
        Ok(Opened::Report(_)) => report.message = "DxpRep".to_owned(),
        Ok(Opened::Message(parsed)) => message(&mut report, octets, &parsed, policy),
        Ok(Opened::Envelope(envelope)) => {
            report.message = "DxpMsg".to_owned();
            match read(&envelope.data, limits) {
                Err(problems) => {
                    report.errors = problems;
                    for problem in &mut report.errors {
                        problem.path = format!("DxpMsg/Data/{}", problem.path);
                    }
                }
                Ok(parsed) => message(&mut report, &envelope.data, &parsed, policy),
            }
        }
    }
    report.valid = report.errors.is_empty();
    report
}

fn message(report: &mut Report, octets: &[u8], parsed: &Parsed, policy: &Policy) {
    report.message = parsed.message.name.to_owned();
    if parsed.signature.is_none() {
        return;
    }
    match verify(octets, policy) {
        Ok(verified) => {
            report.signature = Some(format!(
                "{}, {}",
                verified.profile, verified.certificate.subject
            ));
        }
        Err(error) => {
            let remedy = match &error {
                VerifyError::DigestMismatch => "it was changed after signing: sign it again",
                VerifyError::Untrusted { .. } => "check who signed it, or --trust its issuer",
                _ => "have it signed again",
            };
            let mut problem = Problem::document("signature", error.to_string(), remedy);
            problem.path = format!("{}/Signature", parsed.message.name);
            "Signature".clone_into(&mut problem.field_en);
            "签名节点".clone_into(&mut problem.field_zh);
            report.errors.push(problem);
        }
    }
}

fn tell(out: &mut Output, report: &Report) -> Result<(), Trouble> {
    if report.valid {
        let signed = report.signature.as_ref().map(|s| format!(", signed: {s}"));
        out.line(format!(
            "{} {}: {}{}",
            paint(GOOD, "valid  "),
            report.file,
            report.message,
            signed.unwrap_or_default()
        ))?;
    } else {
        out.line(format!(
            "{} {}: {}",
            paint(BAD, "INVALID"),
            report.file,
            report.message
        ))?;
        for problem in &report.errors {
            out.line(format!("  {problem}"))?;
        }
    }
    Ok(())
}
