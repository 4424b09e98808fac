use serde_json::Value;
use std::path::PathBuf;
use tongguan_contracts::{Failure, PartOptions, Standing};
pub use tongguan_plugin_host::Kind;
use tongguan_plugin_host::{inspect, standings};

use crate::cli::{Global, PluginTest};
use crate::commands::plugin::config::read;
use crate::trouble::Trouble;
use tongguan_core::{LIBRARY, Manifest};

/// A part that is put onto a stand.
pub struct Part {
    pub kind: Kind,
    /// Its `kind` in the manifest.
    pub built_by: String,
    pub options: PartOptions,
    /// What it is, for the report.
    pub what: String,
    /// The manifest that it is from, and its name there.
    pub from: Option<(Manifest, String)>,
}

/// What is to be tried.
pub fn chosen(args: &PluginTest, global: &Global) -> Result<Vec<Part>, Trouble> {
    match (&args.library, &args.config) {
        (Some(library), Some(config)) => {
            let info = inspect(library)?;
            let mut options = read(config)?;
            options["library"] = serde_json::json!(library);
            Ok(vec![Part {
                kind: info.kind,
                built_by: LIBRARY.to_owned(),
                options: PartOptions {
                    part: format!("{} \"under test\"", info.kind.name()),
                    options,
                    base: PathBuf::from("."),
                },
                what: format!(
                    "{}, for version {} of the plugin ABI, SHA-256 {}",
                    info.title(),
                    info.abi,
                    info.sha256
                ),
                from: None,
            }])
        }
        _ => of_manifest(args, global),
    }
}

fn of_manifest(args: &PluginTest, global: &Global) -> Result<Vec<Part>, Trouble> {
    let load = || Manifest::load(&global.manifest);
    let manifest = load()?;
    let mut names = args.part.clone();
    if names.is_empty() {
        names.extend(manifest.signers().map(|name| format!("signers.{name}")));
        names.extend(
            manifest
                .transports()
                .map(|name| format!("transports.{name}")),
        );
        names.extend(manifest.roles().map(|name| format!("roles.{name}")));
    }
    let mut parts = Vec::new();
    for table in names {
        let (kind, name) = match table.split_once('.') {
            Some(("signers", name)) => (Kind::Signer, name),
            Some(("transports", name)) => (Kind::Transport, name),
            Some(("roles", name)) => (Kind::Role, name),
            _ => {
                let doing = format!("find the part {table:?}");
                let why = "it is no table of signers, transports or roles";
                return Err(Failure::misconfigured("plugin test", doing, why)
                    .remedy("write --part signers.main, as the manifest has it in brackets")
                    .into());
            }
        };
        let (built_by, options) = match kind {
            Kind::Signer => manifest.signer(name)?,
            Kind::Transport => manifest.transport(name)?,
            Kind::Role => manifest.role(name)?,
        };
        let what = match (&options.options["library"], &options.options["remote"]) {
            (Value::String(library), _) => {
                let info = inspect(&options.base.join(library))?;
                format!("{}, SHA-256 {}", info.title(), info.sha256)
            }
            (_, Value::String(remote)) => format!("on another machine, {remote}"),
            _ => format!("kind {built_by:?}, built in"),
        };
        parts.push(Part {
            kind,
            built_by,
            options,
            what,
            from: Some((load()?, name.to_owned())),
        });
    }
    Ok(parts)
}

impl Part {
    /// Its options, for a part of another name, with these in the place of its own.
    pub fn changed(&self, how: &str, over: &Value) -> PartOptions {
        let mut changed = self.options.clone();
        changed.part = format!("{} {how}", self.options.part);
        if let (Value::Object(table), Value::Object(over)) = (&mut changed.options, over) {
            table.extend(over.clone());
        }
        changed
    }

    /// Its options, and one besides that no part has.
    pub fn misspelt(&self) -> PartOptions {
        let unknown = serde_json::json!({ "no_part_has_this_option": 1 });
        self.changed("with an unknown option", &unknown)
    }

    /// Where its plugin stands, if it is one.
    pub fn standing(&self) -> Option<Standing> {
        let all = standings();
        all.into_iter().find(|s| s.part == self.options.part)
    }

    /// Whether it runs on another machine.
    pub fn is_remote(&self) -> bool {
        self.options.options.get("remote").is_some()
    }
}
