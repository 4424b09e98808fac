//! Turns offsets into lines and columns.

use crate::node::Place;

/// Counts lines up to an offset. Asking in rising order costs one pass over the input in all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counter {
    /// The offset in the input up to which was counted.
    at: u64,
    /// Its line.
    line: u32,
    /// How many characters stand before it in its line.
    chars: u32,
}

impl Counter {
    pub const START: Self = Self {
        at: 0,
        line: 1,
        chars: 0,
    };

    /// The offset up to which was counted.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Counts on over `octets`, which begin where the last count ended.
    pub fn pass(&mut self, octets: &[u8]) {
        let mut rest = octets;
        if let Some(last) = memchr::memrchr(b'\n', octets) {
            let lines = memchr::memchr_iter(b'\n', octets).count();
            self.line = self
                .line
                .saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
            self.chars = 0;
            rest = &octets[last + 1..];
        }
        // Octets 10xxxxxx continue a character.
        let chars = rest.iter().filter(|b| (**b & 0xC0) != 0x80).count();
        self.chars = self
            .chars
            .saturating_add(u32::try_from(chars).unwrap_or(u32::MAX));
        self.at += octets.len() as u64;
    }

    pub fn place(&self) -> Place {
        Place {
            line: self.line,
            column: self.chars.saturating_add(1),
        }
    }
}
