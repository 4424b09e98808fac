//! Builds an element from a document's fields, in any order, filling in what may be left out.

use crate::node::{Node, NodeContent, Place};
use crate::problem::{MOST_PROBLEMS, Problem};
use crate::simple;
use crate::table::{Content, Element, Fill};

/// Gives what a document may leave out.
pub trait Filler {
    /// A new upper-case UUID.
    fn guid(&self) -> String;
    /// Now, China Standard Time, `YYYYMMDDhhmmss`.
    fn now(&self) -> String;
    /// A new serial number of at most 20 letters and digits.
    fn serial(&self) -> String;
}

/// An element in the making.
#[derive(Debug, Clone)]
pub struct Draft {
    element: &'static Element,
    place: Place,
    fields: Vec<(&'static Element, Place, String)>,
    children: Vec<Draft>,
}

impl Draft {
    /// Starts an `element` that a document has at `place`.
    pub fn new(element: &'static Element, place: Place) -> Self {
        Self {
            element,
            place,
            fields: Vec::new(),
            children: Vec::new(),
        }
    }

    /// The element that is being made.
    pub fn element(&self) -> &'static Element {
        self.element
    }

    /// Where it starts.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Puts in a field.
    ///
    /// # Errors
    /// The field is unknown, or is there already.
    pub fn field(&mut self, name: &str, text: &str, place: Place) -> Result<(), Box<Problem>> {
        let Some(element) = self
            .element
            .child(name)
            .filter(|element| matches!(element.content, Content::Text(_)))
        else {
            return Err(Box::new(self.unknown(name, place)));
        };
        if self.fields.iter().any(|(known, ..)| known.name == name) {
            return Err(Box::new(Problem::at(
                element,
                &format!("{}/{name}", self.element.name),
                place,
                "too-many",
                "stands twice",
                "remove one of them",
            )));
        }
        self.fields.push((element, place, text.to_owned()));
        Ok(())
    }

    /// Puts in a child element that has fields of its own.
    pub fn child(&mut self, child: Draft) {
        self.children.push(child);
    }

    /// The text of a field that was put in.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(e, ..)| e.name == name)
            .map(|(_, _, text)| text.as_str())
    }

    /// The problem of a name that is not known here.
    pub fn unknown(&self, name: &str, place: Place) -> Problem {
        let shown = Problem::shown(name);
        let mut problem = Problem::document(
            "unknown-field",
            format!(
                "{shown} is not known in {} ({})",
                self.element.name, self.element.zh
            ),
            Problem::nearest(name, self.element.particles().iter().map(|p| p.element)),
        );
        problem.path = format!("{}/{shown}", self.element.name);
        (problem.line, problem.column) = (place.line, place.column);
        problem
    }

    /// The fields as given, in the schema's order: what identifies a document's content.
    pub fn given(&self) -> Vec<(String, String)> {
        let mut given = Vec::new();
        self.collect("", &mut given);
        given
    }

    fn collect(&self, path: &str, given: &mut Vec<(String, String)>) {
        for particle in self.element.particles() {
            let name = particle.element.name;
            for (_, _, text) in self.fields.iter().filter(|(e, ..)| e.name == name) {
                given.push((format!("{path}/{name}"), text.clone()));
            }
            for child in self.children.iter().filter(|c| c.element.name == name) {
                child.collect(&format!("{path}/{name}"), given);
            }
        }
    }

    /// Completes the element: fills in, orders, checks. `path` is where it stands:
    /// `CEB311Message/Order[2]`.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn finish(&self, path: &str, filler: &dyn Filler) -> Result<Node, Vec<Problem>> {
        let mut problems = Vec::new();
        let node = self.complete(path, 1, filler, &mut problems);
        if problems.is_empty() {
            Ok(node)
        } else {
            Err(problems)
        }
    }

    fn complete(
        &self,
        path: &str,
        position: usize,
        filler: &dyn Filler,
        problems: &mut Vec<Problem>,
    ) -> Node {
        let mut nodes = Vec::with_capacity(self.element.particles().len());
        for particle in self.element.particles() {
            let element = particle.element;
            let child_path = format!("{path}/{}", element.name);
            let before = nodes.len();
            let mut beyond = 0;
            if let Some((_, place, text)) =
                self.fields.iter().find(|(e, ..)| e.name == element.name)
            {
                // An empty optional field is a field left out.
                if !(text.is_empty() && (particle.min == 0 || element.fill.is_some())) {
                    nodes.push(leaf(element, *place, text.clone(), &child_path, problems));
                }
            }
            for (index, child) in self
                .children
                .iter()
                .filter(|c| c.element.name == element.name)
                .enumerate()
            {
                // Of too many only the number is told.
                if index >= particle.max as usize {
                    beyond += 1;
                    continue;
                }
                let child_path = if particle.max > 1 {
                    format!("{child_path}[{}]", index + 1)
                } else {
                    child_path.clone()
                };
                nodes.push(child.complete(&child_path, index + 1, filler, problems));
            }
            if nodes.len() == before
                && let Some(fill) = element.fill
            {
                let text = fill_in(fill, position, filler);
                nodes.push(Node::leaf(element, self.place, text));
            }
            let count = (nodes.len() - before) as u64 + beyond;
            let mut wrong = |rule, text: String, remedy: String| {
                if problems.len() < MOST_PROBLEMS {
                    let problem = Problem::at(element, &child_path, self.place, rule, text, remedy);
                    problems.push(problem);
                }
            };
            if count < u64::from(particle.min) {
                wrong(
                    "missing",
                    format!("is missing in {}", self.element.name),
                    format!("add {} ({})", element.name, element.zh),
                );
            } else if count > u64::from(particle.max) {
                wrong(
                    "too-many",
                    format!("stands {count} times, at most {} allowed", particle.max),
                    "split it".to_owned(),
                );
            }
        }
        Node {
            element: self.element,
            place: self.place,
            attributes: Vec::new(),
            content: NodeContent::Children(nodes),
        }
    }
}

fn fill_in(fill: Fill, position: usize, filler: &dyn Filler) -> String {
    match fill {
        Fill::Guid => filler.guid(),
        Fill::Now => filler.now(),
        Fill::Today => filler.now().chars().take(8).collect(),
        Fill::Serial => filler.serial(),
        Fill::Position => position.to_string(),
        Fill::Constant(text) => text.to_owned(),
    }
}

fn leaf(
    element: &'static Element,
    place: Place,
    text: String,
    path: &str,
    problems: &mut Vec<Problem>,
) -> Node {
    let node = Node::leaf(element, place, text);
    problems.extend(check_leaf(&node, path));
    node
}

/// What is wrong with a field's text by the field's own rules. `path` is where it stands.
pub fn check_field(
    element: &'static Element,
    path: &str,
    place: Place,
    text: &str,
) -> Option<Problem> {
    check_leaf(&Node::leaf(element, place, text), path)
}

/// The rules for a field's text: its type, what XML can carry at all, and the form of a date.
fn check_leaf(node: &Node, path: &str) -> Option<Problem> {
    let (element, place) = (node.element, node.place);
    let text = node.own_text().unwrap_or_default();
    let checked =
        simple::check_characters(text).and_then(|()| simple::check_element(element, text));
    if let Err(broken) = checked {
        return Some(Problem::field(element, path, place, broken));
    }
    let format = element.format?;
    let broken = simple::check_format(format, text).err()?;
    Some(Problem::field(element, path, place, broken))
}

/// Problems that the schema cannot see: dates and times that are not real.
pub fn check_forms(node: &Node, path: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for child in node.children() {
        let name = child.element.name;
        let count = match counts.iter_mut().find(|(n, _)| *n == name) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                counts.push((name, 1));
                1
            }
        };
        let many = node
            .element
            .particles()
            .iter()
            .any(|p| p.element.name == name && p.max > 1);
        let child_path = if many {
            format!("{path}/{name}[{count}]")
        } else {
            format!("{path}/{name}")
        };
        match &child.content {
            NodeContent::Text(_) => problems.extend(check_leaf(child, &child_path)),
            NodeContent::Children(_) => problems.extend(check_forms(child, &child_path)),
            NodeContent::Opaque(_) => {}
        }
        if problems.len() >= MOST_PROBLEMS {
            problems.truncate(MOST_PROBLEMS);
            break;
        }
    }
    problems
}
