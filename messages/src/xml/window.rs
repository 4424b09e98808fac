//! The part of the input that is in memory.

use std::io::{self, Read};

/// So much is read at once, where the window may grow so far.
const STEP: usize = 256 << 10;

/// A window is never smaller: the XML declaration fits into it.
const LEAST: usize = 64;

/// The octets at hand: all of them, or a window that moves over a stream.
pub(crate) struct Window<'a> {
    held: Held<'a>,
    /// Where the octets at hand begin in the input.
    start: u64,
    /// A window grows no further than this: so long may a single token be.
    most: usize,
}

enum Held<'a> {
    All(&'a [u8]),
    Some {
        octets: Vec<u8>,
        source: &'a mut dyn Read,
        ended: bool,
    },
}

/// What came of asking for more.
pub(crate) enum More {
    /// The window is longer now.
    Longer,
    /// The input is at its end.
    Ended,
    /// The window may not grow any more.
    Full,
}

impl<'a> Window<'a> {
    /// A document in memory.
    pub fn all(octets: &'a [u8]) -> Self {
        Self {
            held: Held::All(octets),
            start: 0,
            most: usize::MAX,
        }
    }

    /// A document that is read step by step; at most `most` octets of it are held at a time.
    pub fn over(source: &'a mut dyn Read, most: usize) -> Self {
        Self {
            held: Held::Some {
                octets: Vec::new(),
                source,
                ended: false,
            },
            start: 0,
            most: most.max(LEAST),
        }
    }

    /// The octets at hand.
    #[inline]
    pub fn octets(&self) -> &[u8] {
        match &self.held {
            Held::All(octets) => octets,
            Held::Some { octets, .. } => octets,
        }
    }

    /// Where the octets at hand begin in the input.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Whether nothing will follow the octets at hand.
    pub fn ended(&self) -> bool {
        match &self.held {
            Held::All(_) => true,
            Held::Some { ended, .. } => *ended,
        }
    }

    /// How many octets may be let go in one go, at least; below it, letting go is not worth it.
    pub fn is_stream(&self) -> bool {
        matches!(self.held, Held::Some { .. })
    }

    /// Lets go of the first `used` octets and reads on.
    pub fn advance(&mut self, used: usize) -> io::Result<More> {
        let Held::Some {
            octets,
            source,
            ended,
        } = &mut self.held
        else {
            return Ok(More::Ended);
        };
        if *ended {
            return Ok(More::Ended);
        }
        octets.drain(..used);
        self.start += used as u64;
        let before = octets.len();
        if before >= self.most {
            // The input may end just here.
            let mut more = Vec::new();
            *ended = source.by_ref().take(1).read_to_end(&mut more)? == 0;
            return Ok(if *ended { More::Ended } else { More::Full });
        }
        // A long token doubles the window, so that its octets are looked at a few times only.
        let want = before.max(STEP).min(self.most - before) as u64;
        let read = source.by_ref().take(want).read_to_end(octets)?;
        if read == 0 {
            *ended = true;
            return Ok(More::Ended);
        }
        *ended = (read as u64) < want;
        Ok(More::Longer)
    }
}
