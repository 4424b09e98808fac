//! What an example is made of.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Extent, example};
use crate::table::{Content, Element, Message, Particle, SimpleType, message};

/// An element of an example.
pub(super) struct Part {
    pub element: &'static Element,
    pub attributes: Vec<(&'static str, String)>,
    pub content: PartContent,
}

pub(super) enum PartContent {
    Text(String),
    Parts(Vec<Part>),
    /// An element that the tables do not look into.
    Custom,
    /// The place of a signature.
    Signature,
}

impl Part {
    pub fn parts(&self) -> &[Part] {
        match &self.content {
            PartContent::Parts(parts) => parts,
            _ => &[],
        }
    }
}

/// Makes the parts.
pub(super) struct Maker {
    pub message: &'static Message,
    pub extent: Extent,
    /// Signatures where they are asked for.
    pub signature: bool,
}

/// Where the maker is.
#[derive(Clone)]
struct Place {
    /// The path below the unit, or below the root.
    path: String,
    /// The number of the unit, from 1.
    unit: usize,
    /// The number of the innermost item of a list, from 1.
    item: usize,
}

impl Maker {
    pub fn root(&self) -> Part {
        let place = Place {
            path: String::new(),
            unit: 1,
            item: 1,
        };
        self.part(&self.message.root, &place)
    }

    fn part(&self, element: &'static Element, place: &Place) -> Part {
        let attributes = element
            .attributes
            .iter()
            .filter(|a| a.required || self.extent == Extent::Full)
            .map(|a| (a.name, said(a.fixed, a.samples, &[], place)))
            .collect();
        let content = match element.content {
            Content::Text(kind) => PartContent::Text(self.text(element, kind, place)),
            Content::AnyType => PartContent::Text(said(None, element.samples, &[], place)),
            Content::AnyElement => PartContent::Custom,
            Content::Signature => PartContent::Signature,
            Content::Sequence(particles) => {
                let parts = particles.iter().flat_map(|p| self.particle(p, place));
                PartContent::Parts(parts.collect())
            }
        };
        Part {
            element,
            attributes,
            content,
        }
    }

    /// The element so often as the example has it.
    fn particle(&self, particle: &'static Particle, place: &Place) -> Vec<Part> {
        let element = particle.element;
        let is_unit = self.message.unit.is_some_and(|u| u.name == element.name);
        let path = match place.path.as_str() {
            "" => element.name.to_owned(),
            path => format!("{path}/{}", element.name),
        };
        let asked = particle.min > 0 || self.is_asked_for(&path);
        let count = match (element.content.is_signature(), self.extent) {
            (true, _) => u32::from(asked && self.signature),
            (false, Extent::Minimal) => u32::from(asked),
            (false, Extent::Full) => particle.max.min(2),
        };
        (1..=count as usize)
            .map(|number| {
                let place = if is_unit {
                    Place {
                        path: String::new(),
                        unit: number,
                        item: 1,
                    }
                } else {
                    Place {
                        path: path.clone(),
                        unit: place.unit,
                        item: if particle.max > 1 { number } else { place.item },
                    }
                };
                self.part(element, &place)
            })
            .collect()
    }

    /// By the specification's text, or because receipts are found by it.
    fn is_asked_for(&self, path: &str) -> bool {
        let mut asked = self.message.minimal.iter().chain(self.message.business_key);
        asked.any(|asked| *asked == path)
    }

    fn text(&self, element: &'static Element, kind: SimpleType, place: &Place) -> String {
        let text = said(element.fixed, element.samples, element.codes, place);
        let within = text.strip_prefix('{').and_then(|t| t.strip_suffix('}'));
        let Some(within) = within.and_then(message) else {
            return text;
        };
        let text = example(within, self.extent);
        match kind {
            SimpleType::Base64 => STANDARD.encode(text),
            _ => text,
        }
    }
}

/// What the tables have the example say.
fn said(
    fixed: Option<&str>,
    samples: &[&str],
    codes: &[(&str, &str, &str)],
    place: &Place,
) -> String {
    let sample = samples.get(place.item - 1).or(samples.last());
    let code = codes.first().map(|(code, ..)| code);
    let text = fixed.or(sample.copied()).or(code.copied());
    text.unwrap_or_default()
        .replace('#', &place.unit.to_string())
}
