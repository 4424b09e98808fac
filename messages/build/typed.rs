//! One serde type for each entity.

use std::fmt::Write as _;

use crate::notation::occurs_range;
use crate::rows::{ChildRow, ElementRow, File};
use crate::tables::Generator;

impl Generator<'_> {
    pub fn typed(&self, out: &mut String, name: &str, row: &ElementRow, file: &File) {
        if row.children.is_empty() {
            return;
        }
        let _ = writeln!(
            out,
            "/// {} ({}).\n#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]\n\
             #[serde(deny_unknown_fields)]\npub struct {name} {{",
            row.en, row.zh
        );
        let mut writes = String::new();
        for (index, child) in row.children.iter().enumerate() {
            let (field_name, kind, occurs, doc) = match child {
                ChildRow::Field(f) => {
                    let kind = match f.kind.as_str() {
                        k if k.starts_with('N') && k.contains(',') => "Decimal",
                        k if k.starts_with('N') || k == "int" => "i32",
                        _ => "String",
                    };
                    let doc = format!("{} ({}), `{}`.", f.en, f.zh, f.kind);
                    (f.name.clone(), kind.to_owned(), f.occurs.as_deref(), doc)
                }
                ChildRow::Ref(r) => {
                    let target = self.find(file, &r.r#ref);
                    if target.kind.as_deref() == Some("signature") {
                        continue;
                    }
                    let doc = format!("{} ({}).", target.en, target.zh);
                    (r.r#ref.clone(), r.r#ref.clone(), r.occurs.as_deref(), doc)
                }
            };
            let (min, max) = occurs_range(occurs, name);
            let (kind, serde) = match (min.as_str(), max.as_str()) {
                ("1", "1") => (kind, ""),
                ("0", "1") => (
                    format!("Option<{kind}>"),
                    "    #[serde(default, skip_serializing_if = \"Option::is_none\")]\n",
                ),
                _ => (
                    format!("Vec<{kind}>"),
                    "    #[serde(default, skip_serializing_if = \"Vec::is_empty\")]\n",
                ),
            };
            let _ = writeln!(out, "    /// {doc}\n{serde}    pub {field_name}: {kind},");
            let _ = writeln!(
                writes,
                "        out.particle({index}, &self.{field_name})?;"
            );
        }
        let _ = writeln!(out, "}}");
        let _ = writeln!(
            out,
            "impl Record for {name} {{\n    const NAME: &'static str = {name:?};\n    \
             fn write(&self, out: &mut Writer<'_>) -> Result<(), Problem> {{\n{writes}        \
             Ok(())\n    }}\n}}"
        );
    }
}
