//! Which prefix stands for which namespace.

pub(crate) const XML: &str = "http://www.w3.org/XML/1998/namespace";
pub(crate) const XMLNS: &str = "http://www.w3.org/2000/xmlns/";
pub(crate) const XS: &str = "http://www.w3.org/2001/XMLSchema";
pub(crate) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// So many declarations may be in force at once: finding one takes a walk over all.
const MOST: usize = 500;

const NO_NAMESPACE: usize = usize::MAX;
const XML_NAMESPACE: usize = usize::MAX - 1;

/// The namespace declarations in force.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// The depth of the element that declares it, the prefix, the namespace.
    declared: Vec<(usize, Box<str>, Box<str>)>,
}

impl Scope {
    /// Puts a declaration in force, unless there are too many.
    pub fn declare(&mut self, depth: usize, prefix: &str, namespace: &str) -> bool {
        self.declared.push((depth, prefix.into(), namespace.into()));
        self.declared.len() <= MOST
    }

    /// Forgets what the elements at `depth` and deeper declared.
    #[inline]
    pub fn leave(&mut self, depth: usize) {
        while self.declared.last().is_some_and(|(d, ..)| *d >= depth) {
            self.declared.pop();
        }
    }

    /// The namespace of a prefix, as a number that holds while the scope stays; `None`: not
    /// declared.
    pub fn number(&self, prefix: &str) -> Option<usize> {
        let found = self.declared.iter().rposition(|(_, p, _)| **p == *prefix);
        match found {
            Some(index) => Some(index),
            None if prefix.is_empty() => Some(NO_NAMESPACE),
            None if prefix == "xml" => Some(XML_NAMESPACE),
            None => None,
        }
    }

    /// The namespace of that number.
    pub fn numbered(&self, number: usize) -> &str {
        match number {
            XML_NAMESPACE => XML,
            number => self.declared.get(number).map_or("", |(_, _, n)| n),
        }
    }

    /// The namespace of a prefix; the default namespace for an empty one. `None`: not declared.
    pub fn find(&self, prefix: &str) -> Option<&str> {
        self.number(prefix).map(|number| self.numbered(number))
    }
}
