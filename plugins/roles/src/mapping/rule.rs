//! How one field of the standard is made from what an enterprise has.

use std::borrow::Cow;

use tongguan_messages::{Element, Format, Problem};

use super::codes::Codes;
use super::date::DateForm;
use super::decimal::shifted;
use super::path::Path;

/// A field and where its text comes from.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub field: &'static Element,
    pub source: Source,
    /// What is done with the text, in this order.
    pub steps: Vec<Step>,
    /// What the field gets where the source has nothing.
    pub default: Option<String>,
    /// Personal data comes from the same source: its text is shown to nobody.
    pub private: bool,
}

/// Where a text comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// Always this.
    Is(String),
    /// A place in the record.
    From(Path),
    /// Several places, with something between them.
    Join(Vec<Path>, String),
}

impl Source {
    /// The places that it reads.
    pub fn paths(&self) -> &[Path] {
        match self {
            Self::Is(_) => &[],
            Self::From(path) => std::slice::from_ref(path),
            Self::Join(paths, _) => paths,
        }
    }

    /// For people: `goods_cents`, `province + city`; empty for a constant.
    pub fn shown(&self) -> String {
        let names: Vec<&str> = self.paths().iter().map(Path::written).collect();
        names.join(" + ")
    }
}

/// One thing that is done with a text.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// These characters are left out.
    Remove(String),
    /// The text is cut at each separator; the part of that number, from 1, or from the end, from -1.
    Split(String, i32),
    /// The characters from the first to the last, counted from 1.
    Chars(usize, Option<usize>),
    /// A date or time in another form.
    Date(String, DateForm, Format),
    /// The decimal point moves: times ten to that power.
    Scale(i32),
    /// An own code becomes the standard's.
    Codes(Codes),
}

/// Why a text could not be made.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    pub rule: &'static str,
    pub text: String,
    pub remedy: String,
}

impl Step {
    /// The step as the manifest has it: `scale = -2`.
    pub fn shown(&self) -> String {
        match self {
            Self::Remove(what) => format!("remove = {what:?}"),
            Self::Split(by, part) => format!("split = {by:?}, part = {part}"),
            Self::Chars(first, None) => format!("chars = \"{first}-\""),
            Self::Chars(first, Some(last)) => format!("chars = \"{first}-{last}\""),
            Self::Date(form, ..) => format!("date = {form:?}"),
            Self::Scale(by) => format!("scale = {by}"),
            Self::Codes(codes) => format!("codes = {}", codes.name),
        }
    }

    fn apply<'t>(&self, text: Cow<'t, str>, shown: &str) -> Result<Cow<'t, str>, Broken> {
        let broken = |rule, text: String, remedy: String| Broken { rule, text, remedy };
        Ok(match self {
            Self::Remove(what) if text.contains(|c| what.contains(c)) => {
                let left: String = text.chars().filter(|c| !what.contains(*c)).collect();
                Cow::Owned(left.trim().to_owned())
            }
            Self::Remove(_) => text,
            Self::Split(by, part) => {
                let index = usize::try_from(part.unsigned_abs()).unwrap_or(usize::MAX);
                let found = if *part > 0 {
                    text.split(by.as_str()).nth(index - 1)
                } else {
                    text.rsplit(by.as_str()).nth(index - 1)
                };
                let part = found.ok_or_else(|| {
                    let count = text.split(by.as_str()).count();
                    broken(
                        "split",
                        format!("{shown} has {count} parts between {by:?}: there is no part {part}"),
                        "mend the value, choose another part, or give a default".to_owned(),
                    )
                })?;
                Cow::Owned(part.trim().to_owned())
            }
            Self::Chars(first, last) => {
                let count = last.map_or(usize::MAX, |last| last + 1 - first);
                let part: String = text.chars().skip(first - 1).take(count).collect();
                Cow::Owned(part.trim().to_owned())
            }
            Self::Date(written, form, target) => {
                let made = form.apply(&text, *target).ok_or_else(|| {
                    broken(
                        "date-form",
                        format!("{shown} is no real date of the form {written:?}"),
                        "mend the value, or the form in the mapping".to_owned(),
                    )
                })?;
                Cow::Owned(made)
            }
            Self::Scale(by) => Cow::Owned(shifted(&text, *by).ok_or_else(|| {
                broken(
                    "decimal",
                    format!("{shown} is no plain number, so its decimal point cannot move"),
                    "write digits with at most one point; remove = \",\" takes out what stands between them"
                        .to_owned(),
                )
            })?),
            Self::Codes(codes) => match codes.get(&text) {
                Some(code) => Cow::Owned(code.to_owned()),
                None => {
                    let near = codes.nearest(&text).filter(|_| shown.starts_with('"'));
                    let near = near.map_or(String::new(), |near| format!("did you mean {near:?}? "));
                    return Err(broken(
                        "codes",
                        format!("{} has no code for {shown}", codes.name),
                        format!("{near}add it to {}, or mend the value", codes.name),
                    ));
                }
            },
        })
    }
}

impl Rule {
    /// A value for people; of personal data nothing.
    fn shown(&self, text: &str) -> String {
        if self.private {
            "the value".to_owned()
        } else {
            format!("{:?}", Problem::shown(text))
        }
    }

    /// Makes the field's text from the source's; `told` hears of every step. `None` where there is
    /// nothing, and no default.
    pub fn apply(
        &self,
        raw: Option<Cow<'_, str>>,
        told: &mut dyn FnMut(String, &str),
    ) -> Result<Option<String>, Broken> {
        let mut text = raw.unwrap_or_default();
        for step in &self.steps {
            if text.is_empty() {
                break;
            }
            let shown = self.shown(&text);
            text = match (step.apply(text, &shown), &self.default) {
                (Ok(made), _) => made,
                // A part that is not there is a source that has nothing.
                (Err(broken), Some(_)) if broken.rule == "split" => Cow::Borrowed(""),
                (Err(broken), _) => return Err(broken),
            };
            told(step.shown(), &text);
        }
        if !text.is_empty() {
            return Ok(Some(text.into_owned()));
        }
        if let Some(default) = &self.default {
            told(format!("default = {default:?}"), default);
        }
        Ok(self.default.clone())
    }
}
