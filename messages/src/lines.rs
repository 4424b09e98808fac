use crate::node::Place;
use crate::xml::Counter;

/// Turns offsets in a text into places. Asking in rising order costs one pass over the text in
/// all: a document may be one long line.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a str,
    last: Counter,
}

impl<'a> Lines<'a> {
    /// At the start of `text`.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            last: Counter::START,
        }
    }

    /// The place of an octet of the text.
    pub fn place(&mut self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        let counted = usize::try_from(self.last.at()).unwrap_or(usize::MAX);
        let from = if counted <= offset {
            counted
        } else {
            self.last = Counter::START;
            0
        };
        self.last.pass(&self.text.as_bytes()[from..offset]);
        self.last.place()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_in_any_order() {
        let text = "ab\n税c\n\nd";
        let mut lines = Lines::new(text);
        for (offset, line, column) in [
            (0, 1, 1),
            (2, 1, 3),
            (3, 2, 1),
            (6, 2, 2),
            (8, 3, 1),
            (9, 4, 1),
            (1, 1, 2),
            (6, 2, 2),
            (10, 4, 2),
            (99, 4, 2),
        ] {
            assert_eq!(lines.place(offset), Place { line, column }, "{offset}");
        }
    }
}
