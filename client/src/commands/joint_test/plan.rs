//! Writes the plan: `plan.toml`, and a document for each case.

use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

use tongguan_core::Manifest;
use tongguan_messages::message;

use super::cases::{self, Case, Made};
use super::failed;
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
    pub cases: Vec<Case>,
}

impl Plan {
    /// Reads one.
    pub fn read(dir: &Path) -> Result<Self, Trouble> {
        let path = dir.join("plan.toml");
        let text = fs::read_to_string(&path).map_err(|e| {
            failed("read", &path, e).remedy("write one first: tongguan joint-test plan")
        })?;
        let plan: Self = toml::from_str(&text)
            .map_err(|e| failed("use", &path, e).remedy("mend it, or write it anew"))?;
        Ok(plan)
    }
}

/// Writes the plan of a manifest's roles; overwrites nothing.
pub fn write(manifest: &Manifest, dir: &Path, out: &mut Output) -> Result<(), Trouble> {
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
    let folder = dir.join("documents");
    fs::create_dir_all(&folder).map_err(|e| failed("make", &folder, e))?;
    let plan_file = dir.join("plan.toml");
    if plan_file.exists() {
        let failure = failed("write", &plan_file, "it exists already, and may be yours");
        return Err(failure
            .remedy("move it away, or choose another folder: --dir")
            .into());
    }
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
        cases: made.into_iter().map(|made| made.case).collect(),
    };
    let text = toml::to_string(&plan).map_err(|e| failed("write", &plan_file, e))?;
    fs::write(&plan_file, format!("{HEAD}{text}")).map_err(|e| failed("write", &plan_file, e))?;
    for case in &plan.cases {
        out.object(case)?;
        out.line(format!("{:28} {} {}", case.id, case.zh, case.en))?;
    }
    out.line(format!(
        "\n{} {}: {} cases. Look through them, then: tongguan joint-test run",
        paint(GOOD, "wrote"),
        plan_file.display(),
        plan.cases.len()
    ))?;
    Ok(())
}
