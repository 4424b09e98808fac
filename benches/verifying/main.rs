//! How fast messages are checked against their schema, beside libxml2 (parse + validate, its
//! schema compiled once), in process, in one run on one core.
//!
//! Both must give the same verdict on what they check. libxml2 takes the official schema where
//! it is at hand (`TONGGUAN_SPEC`), else ours.
#![allow(clippy::print_stdout, reason = "it prints its figures")]
#![allow(missing_docs, reason = "a program")]

mod documents;
#[cfg(feature = "libxml2")]
mod peer;

use tongguan_benches::{Contenders, Outcome, how};
use tongguan_messages::{Limits, read, validate};

fn main() -> Outcome<()> {
    println!("{}", how());
    #[cfg(feature = "libxml2")]
    let schema = schema()?;
    let limits = Limits::default();
    // `verifying CEB311`: only samples with that in their name.
    let chosen = std::env::args().nth(1).unwrap_or_default();
    for sample in documents::all()? {
        if !sample.name.contains(&chosen) {
            continue;
        }
        let octets = sample.octets.as_slice();
        println!("\n{}, {:.1} KB", sample.name, octets.len() as f64 / 1e3);
        let verdict = validate(octets, &limits).is_empty();
        let mut contenders = Contenders::default();
        contenders.add("check", || match validate(octets, &limits).is_empty() {
            now if now == verdict => Ok(()),
            _ => Err("another verdict".into()),
        });
        #[cfg(feature = "libxml2")]
        contenders.add("libxml2: parse + xmlSchemaValidateDoc", || {
            match schema.validate(octets)? {
                theirs if theirs == verdict => Ok(()),
                _ => Err("libxml2 has another verdict".into()),
            }
        });
        if verdict {
            contenders.add("check and read into a tree", || {
                read(octets, &limits)
                    .map(drop)
                    .map_err(|p| p[0].to_string().into())
            });
        }
        for line in contenders.compare(octets.len())? {
            println!("{line}");
        }
    }
    Ok(())
}

/// The peer's schema: the official one, or ours.
#[cfg(feature = "libxml2")]
fn schema() -> Outcome<peer::Schema> {
    if let Some(standard) = documents::standard() {
        println!("libxml2 has the official schema");
        return Ok(peer::Schema::compile(
            &standard.join("xsd/ceb-import-202205.xsd"),
        )?);
    }
    println!("libxml2 has our schema: the official one is not at hand (TONGGUAN_SPEC)");
    let folder = tempfile::tempdir()?;
    for name in tongguan_messages::schemas() {
        let xsd = tongguan_messages::xsd(name).ok_or("no such schema")?;
        std::fs::write(folder.path().join(format!("{name}.xsd")), xsd)?;
    }
    Ok(peer::Schema::compile(
        &folder.path().join("ceb-import.xsd"),
    )?)
}
