//! What must hold before production.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tongguan_contracts::Failure;
use tongguan_core::{Environment, Manifest};

use crate::registry::built_in;
use crate::trouble::Trouble;

/// The certificates of `tongguan init` say so of themselves.
const TEST_ONLY: &str = "TEST ONLY";

/// One gate.
#[derive(Debug, Serialize)]
pub struct Gate {
    pub id: &'static str,
    pub open: bool,
    pub says: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remedy: String,
}

impl Gate {
    /// `says` tells what was found, whether that opens it or not.
    fn of(id: &'static str, open: bool, says: impl Into<String>, remedy: &str) -> Self {
        let remedy = if open { "" } else { remedy };
        Self {
            id,
            open,
            says: says.into(),
            remedy: remedy.to_owned(),
        }
    }
}

/// What is needed of a joint test's report.
#[derive(Debug, Deserialize)]
struct Tested {
    passed: bool,
    run: String,
    simulated: bool,
    ended: String,
    enterprise: Enterprise,
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
struct Enterprise {
    cop_code: String,
    dxp_id: String,
}

#[derive(Debug, Deserialize)]
struct Case {
    message: String,
    passed: bool,
}

/// A manifest, and the file that it is read from.
pub struct Named<'m> {
    pub file: &'m Path,
    pub manifest: &'m Manifest,
}

impl Named<'_> {
    /// Whether it is of that environment, and what it says of it.
    fn is(&self, wanted: Environment) -> (bool, String) {
        let said = match self.manifest.node.environment {
            Some(Environment::Test) => "says environment = \"test\"",
            Some(Environment::Production) => "says environment = \"production\"",
            None => "does not say which environment it is of",
        };
        let file = self.file.display();
        let is = self.manifest.node.environment == Some(wanted);
        (is, format!("{file} {said} in its [node]"))
    }
}

/// The gates, but for what the doctor finds.
pub fn of(from: &Named, to: &Named, report: &Path) -> Result<Vec<Gate>, Trouble> {
    let (test, production) = (from.manifest, to.manifest);
    let (of_test, says_test) = from.is(Environment::Test);
    let (of_production, says_production) = to.is(Environment::Production);
    let apart = test.store_place() != production.store_place();
    let (one, other) = (&test.enterprise.cop_code, &production.enterprise.cop_code);
    let mut gates = vec![
        Gate::of(
            "manifest.test",
            of_test,
            says_test,
            "write environment = \"test\" into its [node], or name the right one: --from",
        ),
        Gate::of(
            "manifest.production",
            of_production,
            says_production,
            "write environment = \"production\" into its [node], or name the right one: -m",
        ),
        Gate::of(
            "manifest.store",
            apart,
            match apart {
                true => "production has a store of its own",
                false => "both manifests name the same store",
            },
            "give production another [store]: what was tested would be declared",
        ),
        Gate::of(
            "manifest.enterprise",
            one == other,
            match one == other {
                true => format!("both manifests are of one enterprise, cop_code {one}"),
                false => format!("the test is of cop_code {one}, production of {other}"),
            },
            "the joint test shows what that enterprise can: [enterprise] cop_code must be the same",
        ),
    ];
    gates.push(certificates(production)?);
    gates.extend(tested(production, report)?);
    Ok(gates)
}

fn certificates(production: &Manifest) -> Result<Gate, Trouble> {
    let registry = built_in();
    let routes = production.routes.iter();
    let names: BTreeSet<&String> = routes.flat_map(|route| &route.signers).collect();
    let (mut of_tests, mut unseen) = (Vec::new(), Vec::new());
    for name in names {
        let (kind, options) = production.signer(name)?;
        // What cannot be opened is told by the doctor.
        let Ok(signer) = registry
            .find_signer(&options.part, &kind)
            .and_then(|build| build(options))
        else {
            unseen.push(name.clone());
            continue;
        };
        let certificate = tongguan_crypto::provider().certificate(&signer.identity().certificate);
        if let Ok(certificate) = certificate
            && (certificate.subject.contains(TEST_ONLY) || certificate.issuer.contains(TEST_ONLY))
        {
            of_tests.push(name.clone());
        }
    }
    let mut says = match of_tests.is_empty() {
        true => "no certificate is of a test CA".to_owned(),
        false => format!(
            "signers with certificates of a test CA: {}",
            of_tests.join(", ")
        ),
    };
    if !unseen.is_empty() {
        let unseen = unseen.join(", ");
        says = format!("{says}; not looked at, as they cannot be opened: {unseen}");
    }
    let remedy = "put the certificate that customs knows in its place";
    Ok(Gate::of(
        "signer.test-only",
        of_tests.is_empty(),
        says,
        remedy,
    ))
}

/// The newest run after that one that did not pass with the test environment: a report that passed is
/// not overwritten by it, and a person should know.
fn later_failed(report: &Path, run: &str) -> Option<String> {
    let runs = fs::read_dir(report.parent()?.join("runs")).ok()?;
    let failed = runs.flatten().filter_map(|folder| {
        let text = fs::read_to_string(folder.path().join("report.json")).ok()?;
        let tested: Tested = serde_json::from_str(&text).ok()?;
        (tested.run.as_str() > run && !tested.passed && !tested.simulated).then_some(tested.run)
    });
    failed.max()
}

/// What is looked at in a report.
const OF_REPORT: [&str; 4] = [
    "joint-test.passed",
    "joint-test.real",
    "joint-test.enterprise",
    "joint-test.messages",
];

/// What the joint test showed.
fn tested(production: &Manifest, report: &Path) -> Result<Vec<Gate>, Trouble> {
    let remedy = "run it with the test environment: tongguan joint-test run";
    let Ok(text) = fs::read_to_string(report) else {
        let says = format!(
            "there is no {}; so these were not looked at: {}",
            report.display(),
            OF_REPORT.join(", ")
        );
        return Ok(vec![Gate::of("joint-test.report", false, says, remedy)]);
    };
    let tested: Tested = serde_json::from_str(&text).map_err(|e| {
        let doing = format!("read {}", report.display());
        Failure::misconfigured("promote", doing, e).remedy("name the report.json of a joint test")
    })?;
    let enterprise = &production.enterprise;
    let same = tested.enterprise.cop_code == enterprise.cop_code
        && tested.enterprise.dxp_id == enterprise.dxp_id;
    let shown: BTreeSet<&str> = tested
        .cases
        .iter()
        .filter(|case| case.passed)
        .map(|case| case.message.as_str())
        .collect();
    let registry = built_in();
    let mut missing = Vec::new();
    for name in production.roles() {
        let (kind, options) = production.role(name)?;
        let role = registry.find_role(&options.part, &kind)?(options)?;
        let declares = role.declares().iter();
        missing.extend(declares.filter(|m| !shown.contains(m.as_str())).cloned());
    }
    let says = match missing.is_empty() {
        true => "every message that the roles declare was shown".to_owned(),
        false => format!("not shown: {}", missing.join(", ")),
    };
    let [passed, real, enterprise_of, messages] = OF_REPORT;
    let (ended, run) = (&tested.ended, &tested.run);
    let good = tested.cases.iter().filter(|case| case.passed).count();
    let all = tested.cases.len();
    let later = match later_failed(report, run) {
        Some(later) => format!("; the later run {later} with the test environment did not pass"),
        None => String::new(),
    };
    Ok(vec![
        Gate::of(
            passed,
            tested.passed,
            format!("{good} of {all} cases passed, in run {run}, which ended {ended}{later}"),
            "mend what failed (its report says what), and run it again",
        ),
        Gate::of(
            real,
            !tested.simulated,
            match tested.simulated {
                true => "it was a rehearsal, with a stand-in for the other side",
                false => "it was with the test environment",
            },
            remedy,
        ),
        Gate::of(
            enterprise_of,
            same,
            format!(
                "it was of copCode {}, dxpId {}, and production is of {}, {}",
                tested.enterprise.cop_code,
                tested.enterprise.dxp_id,
                enterprise.cop_code,
                enterprise.dxp_id
            ),
            "run it with the codes that production has",
        ),
        Gate::of(
            messages,
            missing.is_empty(),
            says,
            "add them to the test's manifest, or take them out of the role: declares = [...]",
        ),
    ])
}
