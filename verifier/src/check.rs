//! Applies the rule tables to a message, unit by unit.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

use tongguan_messages::{
    Content, Element, Message, Node, NodeContent, Parsed, Place, Problem, SimpleType, business_key,
};

use crate::finding::{Finding, Layer, Severity};
use crate::forms::is_guid;
use crate::formula::decimal;
use crate::rule::{Applied, Check, Nature, Rule, Scope, applied};

/// More findings than this in one message are not collected: mend these first.
pub(crate) const MOST: usize = 100;

/// A message's rules at work.
pub(crate) struct Checker<'o> {
    message: &'static Message,
    off: &'o HashSet<String>,
    /// What `unique` rules have met, by their place in the message's rules. Only hashes: the
    /// values may be personal.
    met: HashMap<usize, HashSet<u64>>,
    hasher: RandomState,
    /// Which unit is looked at.
    number: usize,
    found: Vec<Finding>,
}

/// An element that a rule looks at.
struct Spot<'n> {
    node: &'n Node,
    path: String,
}

/// What a finding is about: a field, there or not.
struct Field<'n> {
    element: &'static Element,
    place: Place,
    path: String,
    value: &'n str,
}

impl<'n> Spot<'n> {
    /// The field at that path below the element.
    fn field(&self, field: &str) -> Option<Field<'n>> {
        let mut element = self.node.element;
        for name in field.split('/') {
            element = element.child(name)?;
        }
        let node = self.node.find(field);
        Some(Field {
            element,
            place: node.map_or(self.node.place, |n| n.place),
            path: format!("{}/{field}", self.path),
            value: node
                .and_then(Node::own_text)
                .map(str::trim)
                .unwrap_or_default(),
        })
    }

    fn itself(&self) -> Field<'n> {
        Field {
            element: self.node.element,
            place: self.node.place,
            path: self.path.clone(),
            value: "",
        }
    }

    fn text(&self, field: &str) -> &'n str {
        self.node.text(field).map(str::trim).unwrap_or_default()
    }
}

impl<'o> Checker<'o> {
    pub fn new(message: &'static Message, off: &'o HashSet<String>) -> Self {
        Self {
            message,
            off,
            met: HashMap::new(),
            hasher: RandomState::new(),
            number: 0,
            found: Vec::new(),
        }
    }

    /// What was found, in the order of the message.
    pub fn found(mut self) -> Vec<Finding> {
        self.found.sort_by_key(|f| (f.line, f.column));
        self.found
    }

    /// Looks at one unit, the `number`th of its message.
    pub fn unit(&mut self, unit: &Node, number: usize) {
        self.number = number;
        let base = format!("{}/{}[{number}]", self.message.name, unit.element.name);
        for (index, applied) in applied(self.message).iter().enumerate() {
            let Scope::Unit(below) = applied.scope else {
                continue;
            };
            let due = applied.when.as_ref().is_none_or(|w| w.holds(unit));
            if self.is_on(applied.rule) && due {
                let spots = spots(unit, below, &base);
                self.look(index, applied, unit, &spots);
            }
        }
    }

    /// Looks at what stands beside the units.
    pub fn root(&mut self, parsed: &Parsed) {
        let root = &parsed.root;
        for (index, applied) in applied(self.message).iter().enumerate() {
            if !self.is_on(applied.rule) {
                continue;
            }
            let itself = Spot {
                node: root,
                path: self.message.name.to_owned(),
            };
            match (&applied.rule.check, applied.scope) {
                (Check::Signed, _) if parsed.signature.is_none() => {
                    self.broken(applied.rule, itself.itself(), "", "");
                }
                (Check::Each(nature @ (Nature::Guid | Nature::UpperCase)), _) => {
                    let guid = Field {
                        path: format!("{}/@guid", itself.path),
                        value: root.attribute("guid").unwrap_or_default(),
                        ..itself.itself()
                    };
                    self.each(applied.rule, *nature, guid);
                }
                (_, Scope::Root(below)) => {
                    let spots = spots(root, below, self.message.name);
                    self.look(index, applied, root, &spots);
                }
                _ => {}
            }
        }
    }

    fn is_on(&self, rule: &Rule) -> bool {
        self.found.len() < MOST && !self.off.contains(&rule.id)
    }

    fn look(&mut self, index: usize, applied: &'static Applied, unit: &Node, spots: &[Spot<'_>]) {
        let rule = applied.rule;
        let mut due = 1_u64;
        for spot in spots {
            if self.found.len() >= MOST {
                return;
            }
            match &rule.check {
                Check::Each(nature) => self.each_below(rule, *nature, spot),
                Check::Formula { tolerance, .. } => self.formula(applied, spot, *tolerance),
                Check::Required(fields) => {
                    for field in fields.iter().filter_map(|f| spot.field(f)) {
                        if field.value.is_empty() {
                            self.broken(rule, field, "", "");
                        }
                    }
                }
                Check::Together(fields) => {
                    if fields.iter().any(|f| !spot.text(f).is_empty()) {
                        for field in fields.iter().filter_map(|f| spot.field(f)) {
                            if field.value.is_empty() {
                                self.broken(rule, field, "", "");
                            }
                        }
                    }
                }
                Check::OneOf(of) => {
                    let value = spot.text(&of.field);
                    if !value.is_empty() && !of.values.iter().any(|v| v == value) {
                        self.broken_field(rule, spot, &of.field, &of.values.join(", "));
                    }
                }
                Check::NoneOf(of) => {
                    if of.values.iter().any(|v| v == spot.text(&of.field)) {
                        self.broken_field(rule, spot, &of.field, "");
                    }
                }
                Check::SameAsOne { field, fields } => {
                    let value = spot.text(field);
                    if !value.is_empty() && !fields.iter().any(|f| spot.text(f) == value) {
                        self.broken_field(rule, spot, field, "");
                    }
                }
                Check::Rising(field) | Check::Consecutive(field) => {
                    let Ok(number) = spot.text(field).parse::<u64>() else {
                        continue;
                    };
                    let gap = number > due && due > 1;
                    let allowed = gap && matches!(rule.check, Check::Rising(_));
                    if number != due && !allowed {
                        self.broken_field(rule, spot, field, &due.to_string());
                    }
                    due = number.saturating_add(1);
                }
                Check::Form { fields, form } => {
                    for field in fields.iter().filter_map(|f| spot.field(f)) {
                        if let (false, Err((en, zh))) =
                            (field.value.is_empty(), form.check(field.value))
                        {
                            self.broken(rule, field, en, zh);
                        }
                    }
                }
                Check::Unique(fields) => self.unique(index, rule, unit, spot, fields),
                Check::Signed => {}
            }
        }
    }

    fn formula(&mut self, applied: &Applied, spot: &Spot<'_>, tolerance: rust_decimal::Decimal) {
        let Some(formula) = &applied.formula else {
            return;
        };
        let Some(judged) = formula.judge(spot.node, tolerance) else {
            return;
        };
        if judged.holds {
            return;
        }
        let left = judged.left.normalize().to_string();
        let right = judged.right.normalize().to_string();
        let field = formula.field().and_then(|f| spot.field(f));
        let field = Field {
            value: &left,
            ..field.unwrap_or_else(|| spot.itself())
        };
        self.broken(applied.rule, field, &right, &right);
    }

    fn unique(
        &mut self,
        index: usize,
        rule: &'static Rule,
        unit: &Node,
        spot: &Spot<'_>,
        fields: &[String],
    ) {
        let value = if fields.is_empty() {
            business_key(self.message, unit).map(|key| key.replace('\n', " / "))
        } else {
            let values: Vec<&str> = fields.iter().map(|f| spot.text(f)).collect();
            let some = values.iter().any(|v| !v.is_empty());
            some.then(|| values.join(" / "))
        };
        let Some(value) = value else {
            return;
        };
        // Items are told apart within their unit, units within their message.
        let item = is_many(unit, spot.node.element.name);
        let within = if item { self.number } else { 0 };
        let hash = self.hasher.hash_one((within, &value));
        if !self.met.entry(index).or_default().insert(hash) {
            let field = fields.first().and_then(|f| spot.field(f));
            let field = Field {
                value: &value,
                ..field.unwrap_or_else(|| spot.itself())
            };
            self.broken(rule, field, "", "");
        }
    }

    fn each_below(&mut self, rule: &'static Rule, nature: Nature, spot: &Spot<'_>) {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for child in spot.node.children() {
            if self.found.len() >= MOST {
                return;
            }
            let path = below(spot, child, &mut counts);
            match &child.content {
                NodeContent::Text(text) => {
                    let field = Field {
                        element: child.element,
                        place: child.place,
                        path,
                        value: text.trim(),
                    };
                    self.each(rule, nature, field);
                }
                NodeContent::Children(_) => {
                    self.each_below(rule, nature, &Spot { node: child, path });
                }
                NodeContent::Opaque(_) => {}
            }
        }
    }

    fn each(&mut self, rule: &'static Rule, nature: Nature, field: Field<'_>) {
        let (element, value) = (field.element, field.value);
        if value.is_empty() {
            return;
        }
        let guid = element.name == "guid" || field.path.ends_with("/@guid");
        match nature {
            Nature::Codes => {
                let known = element.codes.iter().any(|(code, ..)| *code == value);
                if !known && !element.codes.is_empty() {
                    let (en, zh) = listed(element.codes);
                    self.broken(rule, field, &en, &zh);
                }
            }
            Nature::Date => {
                if let Some(format) = element.format
                    && !format.holds(value)
                {
                    self.broken(rule, field, format.form(), format.form());
                }
            }
            Nature::UpperCase if guid && value.bytes().any(|b| b.is_ascii_lowercase()) => {
                let upper = shortened(&value.to_ascii_uppercase());
                self.broken(rule, field, &upper, &upper);
            }
            Nature::Guid if guid && !is_guid(&value.to_ascii_uppercase()) => {
                let example = "4CDE1CFD-EDED-46B1-946C-B8022E42FC94";
                self.broken(rule, field, example, example);
            }
            Nature::NotNegative => {
                let number = matches!(
                    element.content,
                    Content::Text(SimpleType::Decimal { .. } | SimpleType::Int { .. })
                );
                if number && decimal(value).is_some_and(|n| n.is_sign_negative() && !n.is_zero()) {
                    self.broken(rule, field, "", "");
                }
            }
            _ => {}
        }
    }

    fn broken_field(&mut self, rule: &'static Rule, spot: &Spot<'_>, field: &str, expected: &str) {
        if let Some(field) = spot.field(field) {
            self.broken(rule, field, expected, expected);
        }
    }

    fn broken(&mut self, rule: &'static Rule, field: Field<'_>, en: &str, zh: &str) {
        // Personal data is never shown; it is where the path says.
        let (value_en, value_zh) = if field.element.personal {
            ("(not shown)", "（不显示）")
        } else {
            (field.value, field.value)
        };
        let fill = |text: &str, value: &str, expected: &str| {
            text.replace("{value}", &shortened(value))
                .replace("{expected}", expected)
        };
        self.found.push(Finding {
            layer: Layer::Rules,
            severity: rule.severity,
            line: field.place.line,
            column: field.place.column,
            field_en: field.element.en.to_owned(),
            field_zh: field.element.zh.to_owned(),
            path: field.path,
            code: &rule.id,
            section: match rule.source.as_str() {
                "" => self.message.section,
                source => source,
            },
            text: fill(&rule.en, value_en, en),
            text_zh: fill(&rule.zh, value_zh, zh),
            remedy: fill(&rule.remedy_en, value_en, en),
            remedy_zh: fill(&rule.remedy_zh, value_zh, zh),
        });
    }
}

/// The elements of that name in `parent`, or itself.
fn spots<'n>(parent: &'n Node, below: Option<&str>, base: &str) -> Vec<Spot<'n>> {
    let Some(name) = below else {
        let path = base.to_owned();
        return vec![Spot { node: parent, path }];
    };
    let many = is_many(parent, name);
    let named = parent.children().iter().filter(|c| c.element.name == name);
    named
        .enumerate()
        .map(|(index, node)| Spot {
            node,
            path: if many {
                format!("{base}/{name}[{}]", index + 1)
            } else {
                format!("{base}/{name}")
            },
        })
        .collect()
}

fn below<'n>(spot: &Spot<'n>, child: &'n Node, counts: &mut HashMap<&'n str, usize>) -> String {
    let name = child.element.name;
    if is_many(spot.node, name) {
        let count = counts.entry(name).or_default();
        *count += 1;
        format!("{}/{name}[{count}]", spot.path)
    } else {
        format!("{}/{name}", spot.path)
    }
}

fn is_many(parent: &Node, name: &str) -> bool {
    let mut particles = parent.element.particles().iter();
    particles.any(|p| p.element.name == name && p.max > 1)
}

/// Codes with what they stand for, in English and in Chinese.
fn listed(codes: &[(&str, &str, &str)]) -> (String, String) {
    let list = |each: &dyn Fn(&(&str, &str, &str)) -> String| {
        codes.iter().map(each).collect::<Vec<_>>().join(", ")
    };
    (
        list(&|(code, en, _)| format!("{code} ({en})")),
        list(&|(code, _, zh)| format!("{code}（{zh}）")),
    )
}

/// A value for people: what is long is cut.
pub(crate) fn shortened(value: &str) -> String {
    let mut shown = Problem::shown(value);
    if value.chars().nth(60).is_some() {
        shown.push('…');
    }
    shown
}

impl Severity {
    /// Whether the clearance service will not take it.
    pub fn is_error(self) -> bool {
        self == Self::Error
    }
}
