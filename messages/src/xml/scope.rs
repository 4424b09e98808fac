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
    declared: Vec<Declaration>,
    /// Their prefixes and namespaces, end to end.
    text: String,
}

#[derive(Debug)]
struct Declaration {
    /// The depth of the element that declares it.
    depth: usize,
    /// Where its prefix, then its namespace, stand in the text.
    prefix: usize,
    namespace: usize,
    end: usize,
}

impl Scope {
    /// Puts a declaration in force, unless there are too many.
    pub fn declare(&mut self, depth: usize, prefix: &str, namespace: &str) -> bool {
        if self.declared.is_empty() {
            // The usual ones fit.
            self.text.reserve(128);
        }
        let begin = self.text.len();
        self.text.push_str(prefix);
        self.text.push_str(namespace);
        self.declared.push(Declaration {
            depth,
            prefix: begin,
            namespace: begin + prefix.len(),
            end: self.text.len(),
        });
        self.declared.len() <= MOST
    }

    /// Forgets what the elements at `depth` and deeper declared.
    #[inline]
    pub fn leave(&mut self, depth: usize) {
        while let Some(last) = self.declared.last().filter(|d| d.depth >= depth) {
            self.text.truncate(last.prefix);
            self.declared.pop();
        }
    }

    /// The namespace of a prefix, as a number that holds while the scope stays; `None`: not
    /// declared.
    pub fn number(&self, prefix: &[u8]) -> Option<usize> {
        let text = self.text.as_bytes();
        let is_it = |d: &Declaration| text[d.prefix..d.namespace] == *prefix;
        let found = self.declared.iter().rposition(is_it);
        match found {
            Some(index) => Some(index),
            None if prefix.is_empty() => Some(NO_NAMESPACE),
            None if prefix == b"xml" => Some(XML_NAMESPACE),
            None => None,
        }
    }

    /// The namespace of that number.
    pub fn numbered(&self, number: usize) -> &str {
        match number {
            XML_NAMESPACE => XML,
            number => self
                .declared
                .get(number)
                .map_or("", |d| &self.text[d.namespace..d.end]),
        }
    }

    /// The namespace of a prefix; the default namespace for an empty one. `None`: not declared.
    pub fn find(&self, prefix: &[u8]) -> Option<&str> {
        self.number(prefix).map(|number| self.numbered(number))
    }
}
