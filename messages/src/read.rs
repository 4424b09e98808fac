//! Reads XML against the tables: any prefix or default namespace, every rule of the schema.
//!
//! Input is hostile: its size and node count are bounded, a document type is refused (so there
//! are no entities to expand), and nothing outside the document is ever read.

use roxmltree::{Document, Node as Xml, ParsingOptions};
use std::ops::Range;

use crate::lines::Lines;
use crate::node::{Node, NodeContent, Place};
use crate::problem::{MOST_PROBLEMS, Problem};
use crate::simple;
use crate::table::{Content, Element, Message, Particle, messages};

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// How much of a hostile input is taken.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Octets of a document.
    pub octets: usize,
    /// Elements, texts, comments and so on in it.
    pub nodes: u32,
}

impl Default for Limits {
    /// 64 MiB and four million nodes: a CEB621 of 100 inventories with 99 items each is a
    /// quarter of that.
    fn default() -> Self {
        Self {
            octets: 64 << 20,
            nodes: 4_000_000,
        }
    }
}

/// A message that keeps the schema.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// Which one.
    pub message: &'static Message,
    /// The tree.
    pub root: Node,
    /// Where its signature stands in the octets, if it has one.
    pub signature: Option<Range<usize>>,
}

/// Reads one message and checks it against its schema.
///
/// ```
/// let octets = br#"<CEB900Message xmlns="http://www.chinaport.gov.cn/ceb" guid="1" version="1.0"/>"#;
/// let problems = tongguan_messages::read(octets, &Default::default()).unwrap_err();
/// assert_eq!(problems[0].rule, "length");
/// assert_eq!(problems[0].path, "CEB900Message/@guid");
/// ```
///
/// # Errors
/// Everything that is wrong, in document order, at most a hundred.
pub fn read(octets: &[u8], limits: &Limits) -> Result<Parsed, Vec<Problem>> {
    read_with(octets, limits, false)
}

/// Reads a message that an enterprise wrote for others to complete: what surrounds the
/// declarations (`BaseTransfer`, `Signature`) may be missing. All else is as [`read`].
///
/// # Errors
/// As [`read`].
pub fn read_unsigned(octets: &[u8], limits: &Limits) -> Result<Parsed, Vec<Problem>> {
    read_with(octets, limits, true)
}

fn read_with(octets: &[u8], limits: &Limits, unsigned: bool) -> Result<Parsed, Vec<Problem>> {
    let text = decode_text(octets, limits).map_err(|p| vec![p])?;
    let skipped = octets.len() - text.len();
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: limits.nodes,
        entity_resolver: None,
    };
    let document =
        Document::parse_with_options(text, options).map_err(|error| vec![ill_formed(&error)])?;
    let root = document.root_element();
    let mut reader = Reader {
        lines: Lines::new(text),
        problems: Vec::new(),
        skipped,
        unsigned,
    };
    let message = messages().iter().copied().find(|m| {
        m.name == root.tag_name().name() && Some(m.namespace) == root.tag_name().namespace()
    });
    let Some(message) = message else {
        return Err(vec![reader.unknown_root(root)]);
    };
    let tree = reader.element(root, &message.root, message.name);
    if !reader.problems.is_empty() {
        return Err(reader.problems);
    }
    let signature = tree
        .children()
        .iter()
        .find(|c| matches!(c.element.content, Content::Signature))
        .and_then(|c| match &c.content {
            NodeContent::Opaque(range) => Some(range.clone()),
            _ => None,
        });
    Ok(Parsed {
        message,
        root: tree,
        signature,
    })
}

/// Everything that is wrong with a message; empty when it keeps its schema.
pub fn validate(octets: &[u8], limits: &Limits) -> Vec<Problem> {
    read(octets, limits).err().unwrap_or_default()
}

/// The text of a document: UTF-8, without byte order mark, within the limits.
///
/// # Errors
/// Too large, or another encoding; the remedy says how to convert it.
pub fn decode<'a>(octets: &'a [u8], limits: &Limits) -> Result<&'a str, Box<Problem>> {
    decode_text(octets, limits).map_err(Box::new)
}

fn decode_text<'a>(octets: &'a [u8], limits: &Limits) -> Result<&'a str, Problem> {
    if octets.len() > limits.octets {
        return Err(Problem::document(
            "too-large",
            format!(
                "has {} octets, at most {} are taken",
                octets.len(),
                limits.octets
            ),
            "split it, or raise the limit in the manifest ([limits])",
        ));
    }
    let body = octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(octets);
    if octets.starts_with(b"\xFF\xFE") || octets.starts_with(b"\xFE\xFF") {
        return Err(Problem::document(
            "encoding",
            "is UTF-16, not UTF-8",
            "save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8",
        ));
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        let before = &body[..error.valid_up_to()];
        let line = before.iter().filter(|b| **b == b'\n').count() as u32 + 1;
        let mut problem = Problem::document(
            "encoding",
            "is not UTF-8 (it may be GBK)",
            "save it as UTF-8, or convert it: iconv -f GBK -t UTF-8",
        );
        problem.line = line;
        problem.column = last_line_chars(before) + 1;
        problem
    })?;
    if let Some(declared) = declared_encoding(text)
        && !declared.eq_ignore_ascii_case("utf-8")
        && !declared.eq_ignore_ascii_case("us-ascii")
    {
        let shown: String = declared.chars().take(20).collect();
        let mut problem = Problem::document(
            "encoding",
            format!("declares the encoding {shown:?}, but only UTF-8 is taken"),
            "convert it to UTF-8 and declare encoding=\"UTF-8\"",
        );
        problem.line = 1;
        problem.column = 1;
        return Err(problem);
    }
    Ok(text)
}

fn last_line_chars(octets: &[u8]) -> u32 {
    let start = octets
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |i| i + 1);
    String::from_utf8_lossy(&octets[start..]).chars().count() as u32
}

fn declared_encoding(text: &str) -> Option<&str> {
    let head = text.strip_prefix("<?xml")?;
    let head = &head[..head.find("?>")?];
    let rest = head[head.find("encoding")? + 8..]
        .trim_start()
        .strip_prefix('=')?
        .trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest[1..].split(quote).next()
}

fn ill_formed(error: &roxmltree::Error) -> Problem {
    use roxmltree::Error as E;
    let (rule, text, remedy) = match error {
        E::DtdDetected => (
            "dtd",
            "has a document type declaration (<!DOCTYPE), which is never taken".to_owned(),
            "remove it; entities are not expanded",
        ),
        E::NodesLimitReached => (
            "too-large",
            "has too many elements".to_owned(),
            "split it into smaller messages",
        ),
        E::UnclosedRootNode | E::UnexpectedEndOfStream => (
            "truncated",
            "ends before its root element is closed".to_owned(),
            "it is cut off: write or transfer it again",
        ),
        E::NoRootNode => ("empty", "has no root element".to_owned(), "give a message"),
        other => (
            "ill-formed",
            format!("is not well-formed XML: {other}"),
            "mend the XML at this place",
        ),
    };
    let mut problem = Problem::document(rule, text, remedy);
    let at = error.pos();
    // roxmltree gives 1:1 where it has no place.
    (problem.line, problem.column) = (at.row, at.col);
    problem
}

struct Reader<'a> {
    lines: Lines<'a>,
    problems: Vec<Problem>,
    /// Octets before the text: the byte order mark.
    skipped: usize,
    /// `BaseTransfer` and `Signature` may be missing.
    unsigned: bool,
}

impl Reader<'_> {
    fn element(&mut self, xml: Xml<'_, '_>, element: &'static Element, path: &str) -> Node {
        let place = self.lines.place(xml.range().start);
        let attributes = self.attributes(xml, element, path);
        let content = match element.content {
            Content::Text(_) => {
                let mut text = self.text(xml, element, path);
                // XML Schema 1.0, 3.3.4: an empty element stands for its fixed value.
                if let (true, Some(fixed)) = (text.is_empty(), element.fixed) {
                    fixed.clone_into(&mut text);
                }
                if let Err(broken) = simple::check_element(element, &text) {
                    self.push(Problem::field(element, path, place, broken));
                }
                NodeContent::Text(text)
            }
            Content::Sequence(particles) => {
                NodeContent::Children(self.sequence(xml, element, particles, path))
            }
            Content::AnyElement => {
                if xml.children().filter(Xml::is_element).count() > 1 {
                    self.push(Problem::at(
                        element,
                        path,
                        place,
                        "too-many",
                        "holds more than one element",
                        "put one element around them",
                    ));
                }
                self.no_text(xml, element, path);
                NodeContent::Opaque(self.range(xml))
            }
            Content::AnyType => NodeContent::Opaque(self.range(xml)),
            Content::Signature => {
                self.signature(xml, element, path);
                NodeContent::Opaque(self.range(xml))
            }
        };
        Node {
            element,
            place,
            attributes,
            content,
        }
    }

    fn range(&self, xml: Xml<'_, '_>) -> Range<usize> {
        let range = xml.range();
        range.start + self.skipped..range.end + self.skipped
    }

    fn push(&mut self, problem: Problem) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        }
    }

    fn attributes(
        &mut self,
        xml: Xml<'_, '_>,
        element: &'static Element,
        path: &str,
    ) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        if matches!(element.content, Content::Signature | Content::AnyType) {
            return found;
        }
        for attribute in xml.attributes() {
            let place = self.lines.place(attribute.range().start);
            let name = attribute.name();
            match attribute.namespace() {
                Some(XSI) if matches!(name, "schemaLocation" | "noNamespaceSchemaLocation") => {}
                Some(XSI) if name == "nil" || name == "type" => self.push(Problem::at(
                    element,
                    &format!("{path}/@xsi:{name}"),
                    place,
                    "unknown-attribute",
                    format!("xsi:{name} is not allowed here"),
                    "remove it",
                )),
                None if element.attributes.iter().any(|a| a.name == name) => {
                    let known = element.attributes.iter().find(|a| a.name == name);
                    let Some(known) = known else { continue };
                    let value = attribute.value();
                    let path = format!("{path}/@{name}");
                    if let Err(broken) = simple::check(known.kind, value) {
                        self.push(Problem::attribute(known, &path, place, broken));
                    } else if let Some(fixed) = known.fixed.filter(|f| *f != value) {
                        let broken = simple::Broken {
                            rule: "fixed",
                            text: format!("must be {fixed:?}"),
                            remedy: format!("write {name}=\"{fixed}\""),
                        };
                        self.push(Problem::attribute(known, &path, place, broken));
                    }
                    found.push((known.name, value.to_owned()));
                }
                namespace => {
                    let shown = match namespace {
                        Some(XML) => format!("xml:{name}"),
                        _ => name.to_owned(),
                    };
                    self.push(Problem::at(
                        element,
                        &format!("{path}/@{shown}"),
                        place,
                        "unknown-attribute",
                        format!("the attribute {shown} is not allowed here"),
                        "remove it",
                    ));
                }
            }
        }
        for known in element.attributes {
            if known.required && !found.iter().any(|(name, _)| *name == known.name) {
                let place = self.lines.place(xml.range().start);
                let broken = simple::Broken {
                    rule: "missing",
                    text: "is missing".to_owned(),
                    remedy: format!("add the attribute {}", known.name),
                };
                let path = format!("{path}/@{}", known.name);
                self.push(Problem::attribute(known, &path, place, broken));
            }
        }
        found
    }

    fn text(&mut self, xml: Xml<'_, '_>, element: &'static Element, path: &str) -> String {
        let mut text = String::new();
        for child in xml.children() {
            if child.is_text() {
                text.push_str(child.text().unwrap_or_default());
            } else if child.is_element() {
                let place = self.lines.place(child.range().start);
                self.push(Problem::at(
                    element,
                    path,
                    place,
                    "not-text",
                    format!("holds the element {}, but takes only text", shown(child)),
                    "write the value as text",
                ));
            }
        }
        text
    }

    fn no_text(&mut self, xml: Xml<'_, '_>, element: &'static Element, path: &str) {
        for child in xml.children().filter(Xml::is_text) {
            let text = child.text().unwrap_or_default();
            if !text
                .bytes()
                .all(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
            {
                let place = self.lines.place(child.range().start);
                self.push(Problem::at(
                    element,
                    path,
                    place,
                    "stray-text",
                    "holds text between its elements",
                    "remove the text",
                ));
                return;
            }
        }
    }

    fn sequence(
        &mut self,
        xml: Xml<'_, '_>,
        element: &'static Element,
        particles: &'static [Particle],
        path: &str,
    ) -> Vec<Node> {
        self.no_text(xml, element, path);
        let namespace = |e: &Element| match e.prefix {
            "ds" => DS,
            prefix => namespace_of(prefix),
        };
        let matches = |child: &Xml<'_, '_>, p: &Particle| {
            child.tag_name().name() == p.element.name
                && child.tag_name().namespace() == Some(namespace(p.element))
        };
        let mut nodes: Vec<Node> = Vec::with_capacity(particles.len());
        let mut at = 0;
        let mut count = 0_u32;
        for child in xml.children().filter(Xml::is_element) {
            let place = self.lines.place(child.range().start);
            let next = (at..particles.len()).find(|i| {
                matches(&child, &particles[*i]) && (*i > at || count < particles[at].max)
            });
            let Some(next) = next else {
                self.misplaced(child, element, particles, path, place, &matches);
                continue;
            };
            if next > at {
                self.missing(element, &particles[at..next], count, path, place);
                (at, count) = (next, 0);
            }
            count += 1;
            let particle = &particles[at];
            let child_path = if particle.max > 1 {
                format!("{path}/{}[{count}]", particle.element.name)
            } else {
                format!("{path}/{}", particle.element.name)
            };
            let node = self.element(child, particle.element, &child_path);
            nodes.push(node);
        }
        let end = self.lines.place(xml.range().start);
        self.missing(
            element,
            &particles[at.min(particles.len())..],
            count,
            path,
            end,
        );
        nodes
    }

    /// Reports the particles that came too seldom; `count` belongs to the first.
    fn missing(
        &mut self,
        parent: &'static Element,
        particles: &'static [Particle],
        count: u32,
        path: &str,
        place: Place,
    ) {
        for (index, particle) in particles.iter().enumerate() {
            let had = if index == 0 { count } else { 0 };
            let element = particle.element;
            let later = matches!(element.name, "BaseTransfer" | "Signature");
            if had < particle.min && !(self.unsigned && later) {
                self.push(Problem::at(
                    element,
                    &format!("{path}/{}", element.name),
                    place,
                    "missing",
                    format!("is missing in {}", parent.name),
                    format!("add {} ({})", element.name, element.zh),
                ));
            }
        }
    }

    fn misplaced(
        &mut self,
        child: Xml<'_, '_>,
        parent: &'static Element,
        particles: &'static [Particle],
        path: &str,
        place: Place,
        matches: &dyn Fn(&Xml<'_, '_>, &Particle) -> bool,
    ) {
        let name = child.tag_name().name();
        if let Some(index) = particles.iter().position(|p| matches(&child, p)) {
            let particle = &particles[index];
            let element = particle.element;
            let seen = child
                .prev_siblings()
                .skip(1)
                .filter(|s| matches(s, particle))
                .count();
            let path = format!("{path}/{}", element.name);
            let problem = if seen as u64 >= u64::from(particle.max) {
                let (text, remedy) = if particle.max == 1 {
                    ("stands twice".to_owned(), "remove one of them".to_owned())
                } else {
                    (
                        format!("stands more than {} times", particle.max),
                        format!("at most {} fit in one message: split it", particle.max),
                    )
                };
                Problem::at(element, &path, place, "too-many", text, remedy)
            } else {
                let after = index.checked_sub(1).map(|i| particles[i].element.name);
                let remedy = match after {
                    Some(after) => format!("put it after {after}"),
                    None => format!("put it first in {}", parent.name),
                };
                Problem::at(
                    element,
                    &path,
                    place,
                    "misplaced",
                    "stands in the wrong place",
                    remedy,
                )
            };
            self.push(problem);
            return;
        }
        let foreign = particles.iter().any(|p| p.element.name == name);
        let mut problem = Problem::document(
            "unknown-field",
            format!(
                "{} is not known in {} ({})",
                shown(child),
                parent.name,
                parent.zh
            ),
            "",
        );
        problem.path = format!("{path}/{}", shown(child));
        (problem.line, problem.column) = (place.line, place.column);
        problem.remedy = if foreign {
            format!(
                "its namespace is wrong: use {}",
                namespace_of(parent.prefix)
            )
        } else {
            Problem::nearest(name, particles.iter().map(|p| p.element))
        };
        self.push(problem);
    }

    fn signature(&mut self, xml: Xml<'_, '_>, element: &'static Element, path: &str) {
        // The order that xmldsig-core-schema.xsd gives; what is in KeyInfo and Object is open.
        let mut expected = 0;
        for child in xml.children().filter(Xml::is_element) {
            let place = self.lines.place(child.range().start);
            let name = child.tag_name().name();
            let step = match (child.tag_name().namespace(), name) {
                (Some(DS), "SignedInfo") if expected == 0 => 1,
                (Some(DS), "SignatureValue") if expected == 1 => {
                    let text = self.text(child, element, path);
                    if let Err(broken) = simple::check(crate::SimpleType::Base64, &text) {
                        let path = format!("{path}/SignatureValue");
                        self.push(Problem::field(element, &path, place, broken));
                    }
                    2
                }
                (Some(DS), "KeyInfo") if expected == 2 => 3,
                (Some(DS), "Object") if expected >= 2 => 3,
                _ => {
                    self.push(Problem::at(
                        element,
                        &format!("{path}/{}", shown(child)),
                        place,
                        "misplaced",
                        format!("{} does not belong here", shown(child)),
                        "a signature holds SignedInfo, SignatureValue, KeyInfo, in this order",
                    ));
                    return;
                }
            };
            expected = step;
        }
        if expected < 2 {
            let place = self.lines.place(xml.range().start);
            self.push(Problem::at(
                element,
                path,
                place,
                "missing",
                "lacks SignedInfo or SignatureValue",
                "sign the message",
            ));
        }
        self.no_text(xml, element, path);
    }

    fn unknown_root(&self, root: Xml<'_, '_>) -> Problem {
        let name = shown(root);
        let mut problem = Problem::document(
            "unknown-message",
            format!("{name} is not a message of edition {}", crate::edition()),
            "",
        );
        problem.path = name;
        let place = self.lines.place(root.range().start);
        (problem.line, problem.column) = (place.line, place.column);
        let known = messages().iter().find(|m| m.name == root.tag_name().name());
        problem.remedy = match known {
            Some(message) => format!("its namespace must be {}", message.namespace),
            None => Problem::nearest(root.tag_name().name(), messages().iter().map(|m| &m.root)),
        };
        problem
    }
}

/// An element's name for people; what a hostile input makes too long is cut.
fn shown(xml: Xml<'_, '_>) -> String {
    xml.tag_name().name().chars().take(60).collect()
}

/// The namespace of a usual prefix.
pub(crate) fn namespace_of(prefix: &str) -> &'static str {
    if prefix == "ds" {
        return DS;
    }
    messages()
        .iter()
        .find(|m| m.prefix == prefix)
        .map_or("", |m| m.namespace)
}
