use jsonc_parser::ast::{Array, Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use std::collections::HashSet;

use tongguan_messages::{Content, Draft, Element, Lines, Message, Place, Problem};

use crate::documents::ambiguous;
use crate::documents::declare::Unit;
use crate::documents::table::habits;

/// JSON and nothing more.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// So many values are read: the parser takes thirty times the room of the shortest ones. 64 MiB of
/// orders have half as many.
const MOST_VALUES: usize = 4 << 20;

/// Before each value but the first stands one of these; in texts they may stand too.
fn too_many(text: &str) -> bool {
    let marks = text.bytes().filter(|b| matches!(b, b',' | b'[' | b'{'));
    marks.count() > MOST_VALUES
}

/// Parses a document.
pub(crate) fn parse(text: &str) -> Result<Value<'_>, Vec<Problem>> {
    if too_many(text) {
        return Err(vec![Problem::document(
            "too-large",
            format!("the document has more than {MOST_VALUES} values"),
            "split it",
        )]);
    }
    let parsed = parse_to_ast(text, &CollectOptions::default(), &STRICT).map_err(|error| {
        let end = error.range().start >= text.trim_end().len()
            || error.kind().to_string().starts_with("Unterminated");
        let (rule, what, remedy) = if end {
            (
                "truncated",
                "ends too early",
                "it is cut off: write or transfer it again",
            )
        } else {
            ("ill-formed", "is not JSON", "mend the JSON at this place")
        };
        let problem = Problem::document(
            rule,
            format!("the document {what}: {}", error.kind()),
            remedy,
        );
        vec![at(problem, Lines::new(text).place(error.range().start))]
    })?;
    parsed.value.ok_or_else(|| vec![nothing()])
}

/// The document declares nothing.
pub(crate) fn nothing() -> Problem {
    Problem::document(
        "empty",
        "the document declares nothing",
        "give at least one object",
    )
}

/// Reads one object, or an array of objects.
pub(crate) fn read(
    text: &str,
    value: &Value<'_>,
    wanted: &[&'static Message],
) -> Result<Vec<Unit>, Vec<Problem>> {
    let objects: Vec<&Value<'_>> = match value {
        Value::Array(Array { elements, .. }) => elements.iter().collect(),
        value => vec![value],
    };
    if objects.is_empty() {
        return Err(vec![nothing()]);
    }
    let mut reader = Reader {
        lines: Lines::new(text),
        problems: Vec::new(),
    };
    let mut units = Vec::new();
    for value in objects {
        if reader.full() {
            break;
        }
        units.extend(reader.unit(value, wanted));
    }
    if reader.problems.is_empty() {
        Ok(units)
    } else {
        Err(reader.problems)
    }
}

fn at(mut problem: Problem, place: Place) -> Problem {
    (problem.line, problem.column) = (place.line, place.column);
    problem
}

struct Reader<'t> {
    lines: Lines<'t>,
    problems: Vec<Problem>,
}

/// More problems than this are not told: mend these first.
const MOST: usize = 100;

impl Reader<'_> {
    /// Nothing more would be told.
    fn full(&self) -> bool {
        self.problems.len() >= MOST
    }

    fn push(&mut self, problem: Problem, place: Place) {
        if !self.full() {
            self.problems.push(at(problem, place));
        }
    }

    fn unit(&mut self, value: &Value<'_>, wanted: &[&'static Message]) -> Option<Unit> {
        let place = self.lines.place(value.range().start);
        let Value::Object(object) = value else {
            let problem = Problem::document(
                "form",
                "an object is needed here",
                "write { \"OrderHead\": … }",
            );
            self.push(problem, place);
            return None;
        };
        let Some(message) = which(object, wanted) else {
            let forms: Vec<String> = wanted.iter().filter_map(|m| shape(m)).collect();
            let problem = Problem::document(
                "unknown-message",
                "the object's names are those of no message that this role declares",
                format!("write one of {}", forms.join(", ")),
            );
            self.push(problem, place);
            return None;
        };
        let message = match message {
            Ok(message) => message,
            Err(problem) => {
                self.push(problem, place);
                return None;
            }
        };
        let draft = self.draft(object, message.unit?)?;
        Some(Unit::Draft(message, draft))
    }

    fn draft(&mut self, object: &Object<'_>, element: &'static Element) -> Option<Draft> {
        let mut draft = Draft::new(element, self.lines.place(object.range.start));
        let mut seen: HashSet<&str> = HashSet::new();
        for ObjectProp { name, value, range } in &object.properties {
            if self.full() {
                break;
            }
            let place = self.lines.place(range.start);
            let name = name.as_str();
            if !seen.insert(name) {
                let problem = Problem {
                    path: format!("{}/{}", element.name, Problem::shown(name)),
                    ..Problem::document("too-many", "the name stands twice", "remove one of them")
                };
                self.push(problem, place);
                continue;
            }
            let child = element.child(name);
            match child.filter(|c| matches!(c.content, Content::Sequence(_))) {
                Some(child) => self.children(&mut draft, value, child),
                None => self.field(&mut draft, name, value, child),
            }
        }
        Some(draft)
    }

    fn children(&mut self, draft: &mut Draft, value: &Value<'_>, child: &'static Element) {
        let values: Vec<&Value<'_>> = match value {
            Value::Array(array) => array.elements.iter().collect(),
            Value::NullKeyword(_) => Vec::new(),
            one => vec![one],
        };
        for value in values {
            if self.full() {
                break;
            }
            if let Value::Object(object) = value {
                if let Some(part) = self.draft(object, child) {
                    draft.child(part);
                }
            } else {
                let place = self.lines.place(value.range().start);
                let problem = Problem::at(
                    child,
                    child.name,
                    place,
                    "form",
                    "an object is needed here",
                    "write { … } with the fields",
                );
                self.push(problem, place);
            }
        }
    }

    fn field(
        &mut self,
        draft: &mut Draft,
        name: &str,
        value: &Value<'_>,
        known: Option<&'static Element>,
    ) {
        let place = self.lines.place(value.range().start);
        let text = match value {
            Value::StringLit(text) => text.value.as_ref(),
            Value::NumberLit(number) => number.value,
            Value::NullKeyword(_) => return,
            Value::BooleanLit(_) | Value::Object(_) | Value::Array(_) => {
                let problem = match known {
                    Some(element) => Problem::at(
                        element,
                        &format!("{}/{name}", draft.element().name),
                        place,
                        "form",
                        "a text or a number is needed here",
                        "write \"…\" or digits",
                    ),
                    None => draft.unknown(name, place),
                };
                self.push(problem, place);
                return;
            }
        };
        if let Some(problem) = known.and_then(|e| habits(e, text, place)) {
            self.push(problem, place);
        } else if let Err(problem) = draft.field(name, text, place) {
            self.push(*problem, place);
        }
    }
}

/// The message whose entities, or fields, the object names; of those that name as many at first
/// sight, the one that knows most of the names in the entities.
fn which(
    object: &Object<'_>,
    wanted: &[&'static Message],
) -> Option<Result<&'static Message, Problem>> {
    // No unit has so many names; in more of them there is nothing to recognise.
    let names = &object.properties[..object.properties.len().min(200)];
    let score = |message: &Message| {
        let unit = message.unit?;
        let known = || {
            names
                .iter()
                .filter_map(|p| Some((unit.child(p.name.as_str())?, &p.value)))
        };
        let entity = known().any(|(e, _)| matches!(e.content, Content::Sequence(_)));
        let within = known().map(|(e, value)| known_in(e, value)).sum::<usize>();
        let count = known().count();
        Some((entity, count, within)).filter(|(entity, count, _)| *entity || *count > 2)
    };
    let mut scores: Vec<_> = wanted
        .iter()
        .filter_map(|m| Some((score(m)?, *m)))
        .collect();
    scores.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    match scores.as_slice() {
        [(first, one), (second, other), ..] if first == second => {
            Some(Err(ambiguous("the object", one, other)))
        }
        [(_, one), ..] => Some(Ok(one)),
        [] => None,
    }
}

/// How many of an entity's names are known.
fn known_in(entity: &Element, value: &Value<'_>) -> usize {
    let object = match value {
        Value::Object(object) => Some(object),
        Value::Array(Array { elements, .. }) => match elements.first() {
            Some(Value::Object(object)) => Some(object),
            _ => None,
        },
        _ => None,
    };
    let names = object.map_or(&[][..], |o| &o.properties[..o.properties.len().min(200)]);
    names
        .iter()
        .filter(|p| entity.child(p.name.as_str()).is_some())
        .count()
}

/// How an object of that message looks: `{"OrderHead": …, "OrderList": …}`.
fn shape(message: &Message) -> Option<String> {
    let names: Vec<String> = message
        .unit?
        .particles()
        .iter()
        .take(2)
        .map(|p| format!("\"{}\": …", p.element.name))
        .collect();
    Some(format!("{{{}}}", names.join(", ")))
}
