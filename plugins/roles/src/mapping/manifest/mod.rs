//! Reads a mapping, and checks every field of it against the standard's tables.

mod steps;

use std::path::Path as Folder;

use serde_json::{Map, Value};
use tongguan_messages::{Content, Element, Message, Place, Problem, check_field};

use super::path::Path;
use super::rule::{Rule, Source};
use super::{Mapping, Mistake, Read, Section, nearest};

/// What a field's table may have.
const KEYS: [&str; 12] = [
    "from", "join", "with", "is", "remove", "split", "part", "chars", "date", "scale", "codes",
    "default",
];

/// Reads `map.MESSAGE`; `base` is where the names of code files start from.
pub(crate) fn read(
    message: &'static Message,
    unit: &'static Element,
    table: &Value,
    base: &Folder,
) -> Read {
    let mut reader = Reader {
        base,
        mistakes: Vec::new(),
        missing: Vec::new(),
    };
    let mapping = reader.mapping(message, unit, table);
    Read {
        mapping,
        mistakes: reader.mistakes,
        missing: reader.missing,
    }
}

struct Reader<'b> {
    base: &'b Folder,
    mistakes: Vec<Mistake>,
    missing: Vec<Mistake>,
}

/// A field, as mistakes name it: `goodsValue (Value of goods 商品价格)`.
fn titled(element: &Element) -> String {
    format!("{} ({} {})", element.name, element.en, element.zh)
}

fn is_text(element: &Element) -> bool {
    matches!(element.content, Content::Text(_))
}

impl Reader<'_> {
    fn wrong(&mut self, at: &str, text: impl Into<String>, remedy: impl Into<String>) {
        self.mistakes.push(Mistake {
            at: at.to_owned(),
            text: text.into(),
            remedy: remedy.into(),
        });
    }

    fn mapping(
        &mut self,
        message: &'static Message,
        unit: &'static Element,
        table: &Value,
    ) -> Mapping {
        let mut mapping = Mapping {
            message,
            unit,
            records: None,
            group: Vec::new(),
            sections: Vec::new(),
        };
        let at = format!("map.{}", message.name);
        let none = Map::new();
        let table = table.as_object().unwrap_or_else(|| {
            self.wrong(
                &at,
                "is no table",
                format!("write [roles.NAME.{at}] and the fields below it"),
            );
            &none
        });
        let mut own = Section {
            entity: unit,
            list: false,
            optional: false,
            each: None,
            rules: Vec::new(),
        };
        for (key, value) in table {
            let at = format!("{at}.{}", Problem::shown(key));
            match (key.as_str(), unit.child(key)) {
                ("records", _) => mapping.records = self.path(&at, value),
                ("group", _) => mapping.group = self.paths(&at, value),
                (_, Some(field)) if is_text(field) => {
                    own.rules.extend(self.rule(&at, field, value))
                }
                (_, Some(entity)) => {
                    let particle = unit
                        .particles()
                        .iter()
                        .find(|p| p.element.name == entity.name);
                    let mut section = Section {
                        entity,
                        list: particle.is_some_and(|p| p.max > 1),
                        optional: particle.is_some_and(|p| p.min == 0),
                        each: None,
                        rules: Vec::new(),
                    };
                    self.section(&at, &mut section, value);
                    mapping.sections.push(section);
                }
                (key, None) => self.unknown(&at, key, unit),
            }
        }
        if unit.particles().iter().any(|p| is_text(p.element)) {
            mapping.sections.insert(0, own);
        }
        // As the standard has them: a TOML table keeps no order.
        let place = |within: &Element, one: &Element| {
            within
                .particles()
                .iter()
                .position(|p| p.element.name == one.name)
        };
        mapping.sections.sort_by_key(|s| place(unit, s.entity));
        for section in &mut mapping.sections {
            let entity = section.entity;
            section.rules.sort_by_key(|r| place(entity, r.field));
        }
        if !mapping.group.is_empty() && unit.particles().iter().all(|p| p.max <= 1) {
            let text = format!(
                "{} has no items that rows could be grouped into",
                message.name
            );
            self.wrong(
                &format!("{at}.group"),
                text,
                "remove it: every row is a declaration",
            );
        }
        self.needed(&at, &mapping);
        mapping.guard();
        mapping
    }

    /// A name that the unit does not have; it may be a field of its head or its items.
    fn unknown(&mut self, at: &str, key: &str, unit: &'static Element) {
        let within = unit
            .particles()
            .iter()
            .find_map(|p| Some((p.element, p.element.child(key)?)));
        let entities = unit.particles().iter().map(|p| p.element);
        let shown = Problem::shown(key);
        match within {
            Some((entity, field)) => self.wrong(
                at,
                format!(
                    "{} stands in {} ({})",
                    titled(field),
                    entity.name,
                    entity.zh
                ),
                format!("write it below [… .{}]", entity.name),
            ),
            None => {
                let remedy = match nearest(key, ["records", "group"].into_iter()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => Problem::nearest(key, entities),
                };
                let text = format!("{shown} is not known in {} ({})", unit.name, unit.zh);
                self.wrong(at, text, remedy);
            }
        }
    }

    fn section(&mut self, at: &str, section: &mut Section, value: &Value) {
        let (entity, list) = (section.entity, section.list);
        let Some(table) = value.as_object() else {
            let text = format!("{} ({}) has fields of its own", entity.name, entity.zh);
            self.wrong(
                at,
                text,
                format!("write [roles.NAME.{at}] and the fields below it"),
            );
            return;
        };
        for (key, value) in table {
            let at = format!("{at}.{}", Problem::shown(key));
            match entity.child(key) {
                Some(field) => section.rules.extend(self.rule(&at, field, value)),
                None if key == "each" && list => section.each = self.path(&at, value),
                None if key == "each" => {
                    let text = format!("{} ({}) stands once", entity.name, entity.zh);
                    self.wrong(
                        &at,
                        text,
                        "remove it; records says where the declarations are",
                    );
                }
                None => {
                    let shown = Problem::shown(key);
                    let fields = entity.particles().iter().map(|p| p.element);
                    let text = format!("{shown} is not known in {} ({})", entity.name, entity.zh);
                    self.wrong(&at, text, Problem::nearest(key, fields));
                }
            }
        }
    }

    fn path(&mut self, at: &str, value: &Value) -> Option<Path> {
        let path = value.as_str().and_then(Path::read);
        if path.is_none() {
            self.wrong(
                at,
                "names no source",
                "write a column's name, or a place such as \"buyer.name\"",
            );
        }
        path
    }

    /// One place, or a list of them.
    fn paths(&mut self, at: &str, value: &Value) -> Vec<Path> {
        match value {
            Value::Array(all) if !all.is_empty() => {
                all.iter().filter_map(|one| self.path(at, one)).collect()
            }
            one => self.path(at, one).into_iter().collect(),
        }
    }

    fn rule(&mut self, at: &str, field: &'static Element, value: &Value) -> Option<Rule> {
        let before = self.mistakes.len();
        let rule = match value {
            Value::String(_) => Some(Rule {
                field,
                source: Source::From(self.path(at, value)?),
                steps: Vec::new(),
                default: None,
                private: field.personal,
            }),
            Value::Object(table) => self.spec(at, field, table),
            _ => {
                let remedy = "for a source write \"its name\", for a constant { is = \"…\" }";
                self.wrong(at, format!("{} needs a source", titled(field)), remedy);
                None
            }
        };
        rule.filter(|_| self.mistakes.len() == before)
    }

    fn spec(
        &mut self,
        at: &str,
        field: &'static Element,
        table: &Map<String, Value>,
    ) -> Option<Rule> {
        for key in table.keys().filter(|k| !KEYS.contains(&k.as_str())) {
            let shown = Problem::shown(key);
            let remedy = match nearest(key, KEYS.into_iter()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("choose from {}", KEYS.join(", ")),
            };
            self.wrong(
                at,
                format!("{} has the unknown key {shown}", titled(field)),
                remedy,
            );
        }
        let default = table
            .get("default")
            .and_then(|v| self.text(at, "default", v));
        let is = table.get("is").and_then(|v| self.text(at, "is", v));
        for (key, text) in [("default", &default), ("is", &is)] {
            if let Some(text) = text {
                self.fits(at, field, key, text);
            }
        }
        let sources = ["from", "join", "is"]
            .iter()
            .filter(|k| table.contains_key(**k));
        if sources.count() != 1 {
            let text = format!("{} needs one source", titled(field));
            self.wrong(
                at,
                text,
                "give one of from = \"…\", join = [\"…\", \"…\"], is = \"…\"",
            );
            return None;
        }
        let source = if let Some(text) = is {
            if let Some(other) = table.keys().find(|k| *k != "is") {
                let text = format!(
                    "{} is a constant, of which {other} makes nothing",
                    titled(field)
                );
                self.wrong(at, text, format!("remove {}", Problem::shown(other)));
            }
            Source::Is(text)
        } else if let Some(value) = table.get("from") {
            Source::From(self.path(at, value)?)
        } else {
            let paths = self.paths(at, table.get("join")?);
            let with = table.get("with").and_then(|v| self.text(at, "with", v));
            Source::Join(paths, with.unwrap_or_default())
        };
        if table.contains_key("with") && !table.contains_key("join") {
            self.wrong(
                at,
                "with stands without join",
                "with is what join puts between its parts",
            );
        }
        Some(Rule {
            field,
            source,
            steps: self.steps(at, field, table),
            default,
            private: field.personal,
        })
    }

    fn text(&mut self, at: &str, key: &str, value: &Value) -> Option<String> {
        let text = value.as_str().map(str::to_owned);
        if text.is_none() {
            self.wrong(
                at,
                format!("{key} is no text"),
                format!("write {key} = \"…\""),
            );
        }
        text
    }

    /// What the mapping itself puts into a field keeps the field's rules.
    fn fits(&mut self, at: &str, field: &'static Element, what: &str, text: &str) {
        if let Some(problem) = check_field(field, at, Place::default(), text) {
            let shown = Problem::shown(text);
            let told = format!(
                "{what} gives {shown:?} to {}, which {}",
                titled(field),
                problem.text
            );
            self.wrong(at, told, problem.remedy);
        }
    }

    /// The fields without which no declaration is valid.
    fn needed(&mut self, at: &str, mapping: &Mapping) {
        let unit = mapping.unit;
        let mut entities = vec![(unit, at.to_owned())];
        for particle in unit.particles().iter().filter(|p| !is_text(p.element)) {
            let name = particle.element.name;
            if particle.min > 0 || mapping.sections.iter().any(|s| s.entity.name == name) {
                entities.push((particle.element, format!("{at}.{name}")));
            }
        }
        for (entity, at) in entities {
            let section = mapping
                .sections
                .iter()
                .find(|s| s.entity.name == entity.name);
            for particle in entity.particles() {
                let field = particle.element;
                let given =
                    section.is_some_and(|s| s.rules.iter().any(|r| r.field.name == field.name));
                // A mistake in its rule is told by itself.
                let told = self
                    .mistakes
                    .iter()
                    .any(|m| m.at == format!("{at}.{}", field.name));
                if is_text(field) && particle.min > 0 && field.fill.is_none() && !given && !told {
                    self.missing.push(Mistake {
                        at: format!("{at}.{}", field.name),
                        text: format!("{} is needed, and nothing gives it", titled(field)),
                        remedy: format!("add {} = \"its source\", or a constant", field.name),
                    });
                }
            }
        }
    }
}
