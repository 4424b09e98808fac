use std::fs;
use std::sync::Arc;
use tongguan_conformance::Report;
use tongguan_conformance::role::{Sample, Stand, conformance};
use tongguan_contracts::{Failure, Role, RoleBuilder};

use super::Part;
use crate::cli::PluginTest;
use crate::registry::built_in;
use crate::trouble::{Trouble, While};

struct OnStand<'a> {
    part: &'a Part,
    build: RoleBuilder,
    samples: Vec<Sample>,
    tells: bool,
}

/// Tries a role.
pub fn run(part: &Part, args: &PluginTest) -> Result<Report, Trouble> {
    let mut samples = Vec::new();
    for path in &args.sample {
        samples.push(Sample {
            name: path.display().to_string(),
            octets: fs::read(path).doing(|| format!("read {}", path.display()))?,
            message: args.message.clone(),
        });
    }
    let stand = OnStand {
        build: built_in().find_role(&part.options.part, &part.built_by)?,
        part,
        samples,
        tells: args.receipts,
    };
    Ok(conformance(&part.options.part, &part.what, &stand))
}

impl Stand for OnStand<'_> {
    fn build(&self) -> Result<Arc<dyn Role>, Failure> {
        (self.build)(self.part.options.clone())
    }

    fn build_misspelt(&self) -> Option<Result<Arc<dyn Role>, Failure>> {
        Some((self.build)(self.part.misspelt()))
    }

    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn tells(&self) -> bool {
        self.tells
    }
}
