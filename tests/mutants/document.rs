//! A document as places in its octets: enough to know where to cut and what stands there.
//! It is lenient, so that what one mutation broke can be mutated again.

use std::ops::Range;

use tongguan_messages::{Element as Field, SimpleType, message};

/// A document and where its elements stand.
pub struct Document {
    pub octets: Vec<u8>,
    /// In document order, the root first.
    pub elements: Vec<Element>,
}

/// An element: ranges of the document's octets.
pub struct Element {
    pub start_tag: Range<usize>,
    /// The name in the start tag, prefix included.
    pub name: Range<usize>,
    /// What is between the tags; empty for `<a/>`.
    pub inner: Range<usize>,
    /// From its start tag to its end tag.
    pub whole: Range<usize>,
    pub parent: Option<usize>,
    pub children: usize,
    /// What the tables say of it.
    pub field: Option<&'static Field>,
}

/// An attribute: ranges of the document's octets.
pub struct Attribute {
    pub name: Range<usize>,
    /// Between the quotes.
    pub value: Range<usize>,
    /// With the white space before it and the closing quote.
    pub whole: Range<usize>,
}

impl Document {
    pub fn new(octets: Vec<u8>) -> Self {
        let mut document = Self {
            octets,
            elements: Vec::new(),
        };
        document.find_elements();
        document
    }

    fn find_elements(&mut self) {
        let mut open: Vec<usize> = Vec::new();
        let mut found: Vec<Option<Element>> = Vec::new();
        let mut at = 0;
        while let Some(start) = find(&self.octets, at, b"<") {
            let rest = &self.octets[start..];
            let until = |end: &[u8]| find(&self.octets, start, end).map(|e| e + end.len());
            let end = if rest.starts_with(b"<!--") {
                until(b"-->")
            } else if rest.starts_with(b"<![CDATA[") {
                until(b"]]>")
            } else if rest.starts_with(b"<?") {
                until(b"?>")
            } else {
                until(b">")
            };
            let Some(end) = end else { break };
            at = end;
            if rest.starts_with(b"<!") || rest.starts_with(b"<?") {
                continue;
            }
            if rest.starts_with(b"</") {
                if let Some(last) = open.pop()
                    && let Some(element) = &mut found[last]
                {
                    element.inner.end = start;
                    element.whole.end = end;
                }
                continue;
            }
            let is_end = |b: &u8| b" \t\r\n/>".contains(b);
            let length = rest[1..].iter().position(is_end).unwrap_or(0);
            let name = start + 1..start + 1 + length;
            let parent = open.last().copied();
            let field = self.field(parent.map(|p| found[p].as_ref()), name.clone());
            if let Some(Some(parent)) = parent.map(|p| found[p].as_mut()) {
                parent.children += 1;
            }
            let empty = self.octets[end - 2] == b'/';
            if !empty {
                open.push(found.len());
            }
            found.push(Some(Element {
                start_tag: start..end,
                name,
                inner: end..end,
                whole: start..end,
                parent,
                children: 0,
                field,
            }));
        }
        // What was not closed goes to the end of the document.
        for index in open {
            if let Some(element) = &mut found[index] {
                element.inner.end = self.octets.len();
                element.whole.end = self.octets.len();
            }
        }
        self.elements = found.into_iter().flatten().collect();
    }

    fn field(
        &self,
        parent: Option<Option<&Element>>,
        name: Range<usize>,
    ) -> Option<&'static Field> {
        let name = std::str::from_utf8(&self.octets[name]).ok()?;
        let local = name.rsplit(':').next().unwrap_or(name);
        match parent {
            None => message(local).map(|m| &m.root),
            Some(parent) => parent?.field?.child(local),
        }
    }

    pub fn text(&self, range: &Range<usize>) -> String {
        String::from_utf8_lossy(&self.octets[range.clone()]).into_owned()
    }

    /// The element's name without its prefix.
    pub fn local(&self, element: &Element) -> String {
        let name = self.text(&element.name);
        name.rsplit(':').next().unwrap_or_default().to_owned()
    }

    /// The element's prefix, colon included.
    pub fn prefix(&self, element: &Element) -> String {
        let name = self.text(&element.name);
        name.rfind(':')
            .map_or_else(String::new, |at| name[..=at].to_owned())
    }

    /// The names in its start and its end tag.
    pub fn names(&self, element: &Element) -> Vec<Range<usize>> {
        let mut names = vec![element.name.clone()];
        let end_tag = element.inner.end..element.whole.end;
        if self.octets[end_tag.clone()].starts_with(b"</") {
            let start = end_tag.start + 2;
            names.push(start..(start + element.name.len()).min(end_tag.end));
        }
        names
    }

    /// The attributes, namespace declarations included.
    pub fn attributes(&self, element: &Element) -> Vec<Attribute> {
        let mut attributes = Vec::new();
        let mut at = element.name.end;
        let end = element.start_tag.end;
        let tag = &self.octets[..end];
        while let Some(equals) = find(tag, at, b"=") {
            let Some(quote) = (equals + 1..end).find(|i| matches!(tag[*i], b'"' | b'\'')) else {
                break;
            };
            let Some(close) = find(tag, quote + 1, &tag[quote..=quote]) else {
                break;
            };
            let before = self.octets[at..equals].iter();
            let space = before.take_while(|b| b.is_ascii_whitespace()).count();
            attributes.push(Attribute {
                name: at + space..equals,
                value: quote + 1..close,
                whole: at..close + 1,
            });
            at = close + 1;
        }
        attributes
    }

    /// The indices of the elements that `suits` takes.
    pub fn all(&self, suits: impl Fn(&Element) -> bool) -> Vec<usize> {
        let indices = 0..self.elements.len();
        indices.filter(|i| suits(&self.elements[*i])).collect()
    }

    /// The indices of an element's children.
    pub fn children(&self, parent: usize) -> Vec<usize> {
        self.all(|e| e.parent == Some(parent))
    }

    /// Its octets with `range` replaced.
    pub fn with(&self, range: Range<usize>, new: impl AsRef<[u8]>) -> Vec<u8> {
        self.edited(vec![(range, new.as_ref().to_vec())])
    }

    /// Its octets with `new` put in at a place.
    pub fn inserted(&self, at: usize, new: impl AsRef<[u8]>) -> Vec<u8> {
        self.with(at..at, new)
    }

    /// Its octets with several ranges replaced; those that overlap an earlier one are left.
    pub fn edited(&self, mut edits: Vec<(Range<usize>, Vec<u8>)>) -> Vec<u8> {
        edits.sort_by_key(|(range, _)| (range.start, range.end));
        let mut out = Vec::with_capacity(self.octets.len() + 100);
        let mut at = 0;
        for (range, new) in edits {
            if range.start < at {
                continue;
            }
            out.extend_from_slice(&self.octets[at..range.start]);
            out.extend_from_slice(&new);
            at = range.end;
        }
        out.extend_from_slice(&self.octets[at..]);
        out
    }
}

impl Element {
    /// It holds no element.
    pub fn is_leaf(&self) -> bool {
        self.children == 0
    }

    /// The type of its text, if the tables give one.
    pub fn simple(&self) -> Option<SimpleType> {
        match self.field?.content {
            tongguan_messages::Content::Text(simple) => Some(simple),
            _ => None,
        }
    }
}

/// Where `what` stands next.
pub fn find(octets: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    let rest = octets.get(from..)?;
    rest.windows(what.len())
        .position(|w| w == what)
        .map(|at| from + at)
}
