//! Writes the plan: `plan.toml`, and a document for each case.

use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

use tongguan_core::Manifest;
use tongguan_messages::message;

use super::cases::{self, Case, Made};
use super::{command, failed, folder_of_now};
use crate::cli::{Global, JointTestPlan};
use crate::output::{GOOD, Output, paint};
use crate::registry::built_in;
use crate::trouble::Trouble;

const HEAD: &str = "\
# What is shown in the joint test. Take cases out, add your own, edit their documents: what they say of
# goods and partners is made up, but for your own codes. In documents, @RUN becomes a number of the run's
# own, so that each run declares something new; @INVTNO:CASE the number that customs gave in that case.
# 联调测试的用例。可删减、增加，文件内容可改：@RUN 由每次运行换成自己的编号，@INVTNO:用例 换成海关在该用例
# 中给出的清单编号。

";

/// A plan.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Whose documents they are.
    pub enterprise: Whose,
    pub cases: Vec<Case>,
}

/// The enterprise that a plan was made for.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Whose {
    pub cop_code: String,
    pub dxp_id: String,
}

impl Whose {
    fn of(manifest: &Manifest) -> Self {
        Self {
            cop_code: manifest.enterprise.cop_code.clone(),
            dxp_id: manifest.enterprise.dxp_id.clone(),
        }
    }
}

impl Plan {
    /// Reads one, which has to be of the manifest's enterprise.
    pub fn read(dir: &Path, manifest: &Manifest, global: &Global) -> Result<Self, Trouble> {
        let path = dir.join("plan.toml");
        let text = fs::read_to_string(&path).map_err(|e| {
            let plan = command("plan", dir, global);
            failed("read", &path, e).remedy(format!("write one first: {plan}"))
        })?;
        let anew = command("plan --anew", dir, global);
        let plan: Self = toml::from_str(&text).map_err(|e| {
            let remedy = format!("mend it, or make it anew (yours is moved aside): {anew}");
            failed("use", &path, e).remedy(remedy)
        })?;
        let ours = Whose::of(manifest);
        if plan.enterprise != ours {
            let theirs = &plan.enterprise;
            let why = format!(
                "its documents are of cop_code {}, dxp_id {}, and the manifest is of cop_code {}, dxp_id {}",
                theirs.cop_code, theirs.dxp_id, ours.cop_code, ours.dxp_id
            );
            let remedy = format!(
                "make it anew (yours is moved aside): {anew}; or name the manifest that it was made for: -m"
            );
            return Err(failed("use", &path, why).remedy(remedy).into());
        }
        Ok(plan)
    }
}

/// Moves what is there to `plans`, by the time; says where it is.
fn aside(dir: &Path) -> Result<Option<PathBuf>, Trouble> {
    let there = ["plan.toml", "documents"].map(|name| (name, dir.join(name)));
    if there.iter().all(|(_, path)| !path.exists()) {
        return Ok(None);
    }
    let plans = dir.join("plans");
    let plans = plans.join(folder_of_now(&plans)?);
    for (name, path) in there.iter().filter(|(_, path)| path.exists()) {
        fs::rename(path, plans.join(name)).map_err(|e| failed("move", path, e))?;
    }
    Ok(Some(plans))
}

/// Writes the plan of a manifest's roles; overwrites nothing.
pub fn write(
    manifest: &Manifest,
    args: &JointTestPlan,
    global: &Global,
    out: &mut Output,
) -> Result<(), Trouble> {
    let dir = &args.dir;
    let registry = built_in();
    let mut declared: Vec<(String, String)> = Vec::new();
    for name in manifest.roles() {
        let (kind, options) = manifest.role(name)?;
        let role = registry.find_role(&options.part, &kind)?(options)?;
        for message in role.declares() {
            // Two roles may declare the same.
            if !declared.iter().any(|(_, known)| known == message) {
                declared.push((name.to_owned(), message.clone()));
            }
        }
    }
    // What others stand on goes first.
    declared.sort_by_key(|(_, name)| {
        let follows = message(name).map_or(0, |m| m.follows.len());
        (follows, name.clone())
    });
    let names: Vec<String> = declared.iter().map(|(_, name)| name.clone()).collect();
    let made: Vec<Made> = declared
        .iter()
        .filter_map(|(role, name)| Some((role, message(name)?)))
        .flat_map(|(role, message)| cases::of(role, message, &names))
        .collect();
    if args.anew
        && let Some(plans) = aside(dir)?
    {
        out.line(format!("moved what was there to {}\n", plans.display()))?;
    }
    let plan_file = dir.join("plan.toml");
    if plan_file.exists() {
        let failure = failed("write", &plan_file, "it exists already, and may be yours");
        let remedy = format!(
            "have it moved aside: {}; or choose another folder: --dir",
            command("plan --anew", dir, global)
        );
        return Err(failure.remedy(remedy).into());
    }
    let folder = dir.join("documents");
    fs::create_dir_all(&folder).map_err(|e| failed("make", &folder, e))?;
    for Made { case, document } in &made {
        let path = dir.join(&case.document);
        let text = serde_json::to_string_pretty(document)
            .map_err(|e| failed("write", &path, e))?
            // The manifest's own enterprise declares.
            .replace("3301960T01", &manifest.enterprise.cop_code)
            .replace("示例跨境电商有限公司(测试)", &manifest.enterprise.cop_name);
        fs::write(&path, text + "\n").map_err(|e| failed("write", &path, e))?;
    }
    let plan = Plan {
        enterprise: Whose::of(manifest),
        cases: made.into_iter().map(|made| made.case).collect(),
    };
    let text = toml::to_string(&plan).map_err(|e| failed("write", &plan_file, e))?;
    fs::write(&plan_file, format!("{HEAD}{text}")).map_err(|e| failed("write", &plan_file, e))?;
    for case in &plan.cases {
        out.object(case)?;
        out.line(format!("{:28} {} {}", case.id, case.zh, case.en))?;
    }
    out.line(format!(
        "\n{} {}: {} cases. Look through them, then rehearse, with a stand-in for the other side:\n  {}\n\
         and then, with the test environment:\n  {}",
        paint(GOOD, "wrote"),
        plan_file.display(),
        plan.cases.len(),
        command("run --simulate", dir, global),
        command("run", dir, global),
    ))?;
    Ok(())
}
