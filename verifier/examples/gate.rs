//! A gate in one's own program: what a system is about to send is looked at first.
//!
//! ```sh
//! cargo run -p tongguan-verifier --example gate -- order.xml inventory.xml
//! ```
#![allow(clippy::print_stdout, reason = "an example")]

use std::fs::File;
use std::process::ExitCode;
use tongguan_verifier::{Options, Verifier};

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    // An enterprise of one's own may see a rule differently: it is switched off by its id.
    let verifier = Verifier::new(Options {
        off: ["single-limit".to_owned()].into(),
        ..Options::default()
    })?;
    let mut reports = Vec::new();
    for name in std::env::args().skip(1) {
        reports.push(verifier.verify(&name, &mut File::open(&name)?));
    }
    // Order, payment, waybill and inventory of one order, as customs compares them.
    verifier.compare(&mut reports);
    for report in &reports {
        for finding in report.errors.iter().chain(&report.warnings) {
            println!(
                "{}:{} {} {}（{}）",
                report.file, finding.line, finding.path, finding.text_zh, finding.remedy_zh
            );
        }
    }
    Ok(match reports.iter().all(|report| report.valid) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
