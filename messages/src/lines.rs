use crate::node::Place;
use crate::xml::Counter;

/// Turns offsets in a text into places. Asking in rising order costs one pass over the text in
/// all; going back, little more than the step to the next count that was kept: a document may be
/// one long line.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a str,
    last: Counter,
    /// The counts at every [`STEP`] octets, as far as was counted.
    kept: Vec<Counter>,
}

/// So far apart are the counts that are kept: a tenth of the text's own room.
const STEP: usize = 256;

impl<'a> Lines<'a> {
    /// At the start of `text`.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            last: Counter::START,
            kept: Vec::new(),
        }
    }

    /// The place of an octet of the text.
    pub fn place(&mut self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        if counted(&self.last) > offset {
            let before = self.kept.partition_point(|k| counted(k) <= offset);
            let nearest = before.checked_sub(1).map(|at| self.kept[at]);
            self.last = nearest.unwrap_or(Counter::START);
        }
        loop {
            let from = counted(&self.last);
            let step = (self.kept.len() + 1) * STEP;
            let to = if from < step {
                step.min(offset)
            } else {
                offset
            };
            self.last.pass(&self.text.as_bytes()[from..to]);
            if to == step {
                self.kept.push(self.last);
            }
            if to == offset {
                return self.last.place();
            }
        }
    }
}

fn counted(counter: &Counter) -> usize {
    usize::try_from(counter.at()).unwrap_or(usize::MAX)
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
    #[test]
    fn going_back_finds_the_same_places() {
        let text = "税ab\nc".repeat(500);
        let place = |offset| Lines::new(&text).place(offset);
        let mut lines = Lines::new(&text);
        for offset in [3000, 0, 255, 256, 257, 511, 512, 1500, 1024, 2999, 3, 3000] {
            assert_eq!(lines.place(offset), place(offset), "{offset}");
        }
        let mut plain = (1, 1);
        for (offset, c) in text.char_indices() {
            let Place { line, column } = lines.place(offset);
            assert_eq!((line, column), plain, "{offset}");
            plain = if c == '\n' {
                (plain.0 + 1, 1)
            } else {
                (plain.0, plain.1 + 1)
            };
        }
    }
}
