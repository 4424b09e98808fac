//! What a mapping makes of a sample, field by field.

use serde::Serialize;
use tongguan_contracts::Document;
use tongguan_messages::{
    Content, Element, Limits, Lines, Place, Problem, check_field, decode, mask,
};

use super::draw::Drawing;
use super::rule::{Rule, Source};
use super::{Mapping, Mistake, objects, rows};
use crate::documents::{declare_mapped, json, table};

/// What a mapping makes of a sample.
#[derive(Debug, Serialize)]
pub struct Trial {
    /// `CEB311Message`
    pub message: &'static str,
    /// Its Chinese name.
    pub zh: &'static str,
    /// `JSON` or `CSV`.
    pub form: &'static str,
    /// Which declaration of the sample the fields are of, from 1.
    pub declaration: usize,
    /// How many declarations the sample makes; 0 where something is wrong with it.
    pub declarations: usize,
    /// The fields in the mapping's order.
    pub fields: Vec<Tried>,
    /// Fields that every declaration needs, and that nothing gives.
    pub missing: Vec<Needed>,
    /// Fields that nothing gives and that are filled in: guid, times, fixed values.
    pub filled_in: Vec<Needed>,
    /// Names of the sample that the mapping does not use.
    pub unused: Vec<String>,
    /// All that is wrong with the sample.
    pub problems: Vec<Problem>,
}

/// A field that the mapping does not give.
#[derive(Debug, Serialize)]
pub struct Needed {
    /// `OrderHead/buyerName`
    pub path: String,
    /// Its English name.
    pub en: &'static str,
    /// Its Chinese name.
    pub zh: &'static str,
}

/// One field, from its source to what is declared.
#[derive(Debug, Serialize)]
pub struct Tried {
    /// `CEB311Message/Order[1]/OrderHead/orderNo`
    pub path: String,
    /// Its English name.
    pub en: &'static str,
    /// Its Chinese name.
    pub zh: &'static str,
    /// Where it comes from: `order_no`, `province + city`; empty for a constant.
    pub source: String,
    /// The line in the sample.
    pub line: u32,
    /// The column there.
    pub column: u32,
    /// What the source has.
    pub raw: Option<String>,
    /// What was done, and what it gave.
    pub steps: Vec<(String, String)>,
    /// What the field gets.
    pub result: Option<String>,
    /// Whether that is well.
    pub verdict: Verdict,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// It is, or shares its source with, personal data.
    pub personal: bool,
}

/// What is to be said of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It keeps the field's rules.
    Good,
    /// The source has nothing, and the field may be left out.
    LeftOut,
    /// The source has nothing, and the field is needed.
    Missing,
    /// It breaks a rule.
    Wrong,
}

impl Tried {
    pub(super) fn new(
        rule: &Rule,
        path: String,
        place: Place,
        raw: Option<String>,
        steps: Vec<(String, String)>,
        result: Option<String>,
        problem: Option<Problem>,
    ) -> Self {
        let problem = problem.or_else(|| check_field(rule.field, &path, place, result.as_deref()?));
        let verdict = match (&problem, &result) {
            (Some(_), _) => Verdict::Wrong,
            (None, Some(_)) => Verdict::Good,
            (None, None) => Verdict::LeftOut,
        };
        let constant = matches!(rule.source, Source::Is(_));
        Self {
            path,
            en: rule.field.en,
            zh: rule.field.zh,
            source: rule.source.shown(),
            line: place.line,
            column: place.column,
            raw,
            steps,
            result,
            verdict,
            problem,
            personal: rule.private && !constant,
        }
    }

    fn mask(&mut self) {
        let texts = self.raw.iter_mut().chain(&mut self.result);
        for text in texts.chain(self.steps.iter_mut().map(|(_, text)| text)) {
            *text = mask(text);
        }
    }
}

impl Trial {
    /// Masks personal data.
    pub fn mask(&mut self) {
        self.fields
            .iter_mut()
            .filter(|f| f.personal)
            .for_each(Tried::mask);
    }

    /// Every declaration of the sample would be taken.
    pub fn good(&self) -> bool {
        self.missing.is_empty() && self.problems.is_empty()
    }
}

/// Tries a mapping on a sample; `declaration` is the one whose fields are shown.
pub(crate) fn run(
    mapping: &Mapping,
    missing: &[Mistake],
    document: Document<'_>,
    declaration: usize,
    limits: &Limits,
) -> Result<Trial, Vec<Problem>> {
    let text = decode(document.octets, limits).map_err(|p| vec![*p])?;
    let mut drawing = Drawing::showing(declaration);
    let (form, unused, units) = match text.trim_start().chars().next() {
        Some('<') | None => {
            let text = "a sample is JSON, or CSV with a header";
            return Err(vec![Problem::document(
                "form",
                text,
                "take a document of your own system",
            )]);
        }
        Some('{' | '[') => {
            let value = json::parse(text)?;
            let units = objects::read(Lines::new(text), &value, mapping, &mut drawing);
            ("JSON", objects::unused(&value, mapping), units)
        }
        Some(_) => {
            let table = table::Rows::new(text)?;
            let unused = rows::unused(&table.header, mapping);
            ("CSV", unused, rows::read(table, mapping, &mut drawing))
        }
    };
    let declared = units.and_then(|units| declare_mapped(units, document.name, mapping));
    let (declarations, mut problems) = match declared {
        Ok(declared) => (declared.len(), Vec::new()),
        Err(problems) => (0, problems),
    };
    let mut fields = drawing.shown;
    for field in fields.iter_mut().filter(|f| f.verdict == Verdict::LeftOut) {
        if let Some(problem) = problems.iter().find(|p| p.path == field.path) {
            field.verdict = Verdict::Missing;
            field.problem = Some(problem.clone());
        }
    }
    let needed = not_given(mapping);
    let (filled_in, missing): (Vec<_>, Vec<_>) = needed
        .into_iter()
        .filter(|(path, element)| {
            element.fill.is_some() || missing.iter().any(|m| m.at.ends_with(&at(mapping, path)))
        })
        .partition(|(_, element)| element.fill.is_some());
    let told = |all: Vec<(String, &'static Element)>| {
        let needed = all.into_iter().map(|(path, e)| Needed {
            path,
            en: e.en,
            zh: e.zh,
        });
        needed.collect::<Vec<_>>()
    };
    for problem in &mut problems {
        *problem = problem.clone().in_file(document.name);
    }
    Ok(Trial {
        message: mapping.message.name,
        zh: mapping.message.zh,
        form,
        declaration,
        declarations,
        fields,
        missing: told(missing),
        filled_in: told(filled_in),
        unused,
        problems,
    })
}

/// How the manifest names a field.
fn at(mapping: &Mapping, path: &str) -> String {
    format!("map.{}.{}", mapping.message.name, path.replace('/', "."))
}

/// The fields without a rule, with their paths below the unit.
fn not_given(mapping: &Mapping) -> Vec<(String, &'static Element)> {
    let given = |path: &str| {
        let (entity, field) = path.split_once('/').unwrap_or((mapping.unit.name, path));
        let section = mapping.sections.iter().find(|s| s.entity.name == entity);
        section.is_some_and(|s| s.rules.iter().any(|r| r.field.name == field))
    };
    let fields = mapping.unit.fields().into_iter();
    fields
        .filter(|(path, e)| matches!(e.content, Content::Text(_)) && !given(path))
        .collect()
}
