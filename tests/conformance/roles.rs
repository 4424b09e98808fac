//! Every role: the six that are built in, and a loaded one.

use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use tongguan_conformance::role::{Sample, Stand, conformance};
use tongguan_contracts::{Failure, PartOptions, Role, RoleBuilder};
use tongguan_messages::{Extent, example_json, message, unsigned_example};

use crate::keeps;
use crate::stage::{TONGGUAN, plugins};

struct OnStand<'a> {
    build: RoleBuilder,
    base: &'a Path,
    options: Value,
    samples: Vec<Sample>,
}

impl OnStand<'_> {
    fn built(&self, options: Value) -> Result<Arc<dyn Role>, Failure> {
        (self.build)(PartOptions {
            part: "role \"tried\"".into(),
            options,
            base: self.base.to_owned(),
        })
    }
}

impl Stand for OnStand<'_> {
    fn build(&self) -> Result<Arc<dyn Role>, Failure> {
        self.built(self.options.clone())
    }

    fn build_misspelt(&self) -> Option<Result<Arc<dyn Role>, Failure>> {
        let mut options = self.options.clone();
        options["no_role_has_this"] = json!(1);
        Some(self.built(options))
    }

    fn samples(&self) -> &[Sample] {
        &self.samples
    }
}

/// The standard's own examples of all that a role declares, in JSON and XML.
fn examples(build: RoleBuilder, base: &Path) -> Vec<Sample> {
    let role = build(PartOptions {
        part: "role \"asked\"".into(),
        options: json!({}),
        base: base.to_owned(),
    });
    let role = role.unwrap();
    let mut samples = Vec::new();
    for name in role.declares() {
        let of = message(name).unwrap();
        let json = example_json(of, Extent::Full).unwrap();
        let xml = unsigned_example(of, Extent::Minimal);
        for (ending, text, message) in [("json", json, Some(name.clone())), ("xml", xml, None)] {
            samples.push(Sample {
                name: format!("{name}.{ending}"),
                octets: text.into_bytes(),
                message,
            });
        }
    }
    samples
}

#[test]
fn built_in() {
    let dir = tempfile::tempdir().unwrap();
    for (kind, build) in tongguan_roles::all() {
        let stand = OnStand {
            build,
            base: dir.path(),
            options: json!({ "receipts": "receipts.jsonl" }),
            samples: examples(build, dir.path()),
        };
        let report = conformance(&format!("role {kind:?}"), "built in", &stand);
        keeps(&report, &[]);
    }
}

#[test]
fn loaded() {
    tongguan_plugin_host::set_program(TONGGUAN.into());
    let dir = tempfile::tempdir().unwrap();
    let stand = OnStand {
        build: |options| tongguan_plugin_host::role(options, tongguan_roles::standard),
        base: dir.path(),
        options: json!({
            "library": plugins::rust("role-rust"),
            "platform_code": "3301960T02", "platform_name": "示例平台",
            "enterprise_code": "3301960T01", "enterprise_name": "示例企业", "log": "receipts.txt",
        }),
        samples: vec![Sample {
            name: "orders.txt".into(),
            octets: "S-1|测试|110101199001010015|13800000000|北京市示例街道|红茶|2|10.00|1.82\n"
                .as_bytes()
                .to_vec(),
            message: None,
        }],
    };
    let report = conformance("role \"loaded\"", "examples/plugins", &stand);
    keeps(&report, &[]);
}
