//! What the client and a plugin's process say to each other: frames over two pipes, or over
//! anything else that carries octets in order.
//!
//! A frame is its length (4 octets, little-endian, without themselves), a number by which an answer
//! is known (8), a verb (1), a count of fields (4), and the fields: what it is (2), length (4),
//! octets. Either side may be broken or hostile: nothing is taken that is longer than [`MOST`], and
//! no memory is kept for what has not come.

use std::io::{self, Read, Write};

/// How long a frame may be. The largest envelope or document and as much again.
pub(crate) const MOST: usize = 160 << 20;
/// How many fields a frame may have.
const MOST_FIELDS: u32 = 100_000;

/// The version of the protocol; both sides are usually the same program.
pub(crate) const PROTOCOL: u32 = 1;

/// Names with their numbers.
macro_rules! numbers {
    ($(#[$meta:meta])* $enum:ident: $type:ty, $($(#[doc = $doc:literal])* $name:ident = $value:literal,)*) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $enum { $($(#[doc = $doc])* $name = $value,)* }

        impl $enum {
            fn of(number: $type) -> Option<Self> {
                match number { $($value => Some(Self::$name),)* _ => None }
            }
        }
    };
}

numbers! {
    /// What a frame wants, or is.
    Verb: u8,
    /// Load a library and say what it is.
    Inspect = 1,
    /// Load a library and make an instance.
    Open = 2,
    Sign = 10,
    Send = 20,
    Receive = 21,
    Settle = 22,
    Check = 23,
    Read = 30,
    Receipt = 31,
    /// The answer to the frame of that number.
    Answer = 100,
    /// The library is loaded.
    Loaded = 101,
    /// A line for the log.
    Log = 102,
    /// The process ends when what is under way has ended.
    Leaving = 103,
}

numbers! {
    /// What a field is.
    Field: u16,
    // What a plugin puts: as the ABI numbers it.
    KeyName = 1,
    Certificate = 2,
    Signature = 3,
    Evidence = 4,
    Origin = 5,
    Delivery = 6,
    Octets = 7,
    Message = 8,
    Document = 9,
    // What only the two processes know.
    Launch = 256,
    Failure = 257,
    Problem = 258,
    Info = 259,
    TimeoutMs = 260,
    Algorithm = 261,
    Text = 262,
    Name = 263,
    CopMsgId = 264,
    Taken = 265,
    Guid = 266,
    Code = 267,
    Receipt = 268,
    Level = 269,
}

impl Field {
    /// The field that a plugin's `put` names.
    pub(crate) fn put(number: u32) -> Option<Self> {
        u16::try_from(number)
            .ok()
            .filter(|n| *n < 256)
            .and_then(Self::of)
    }
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub id: u64,
    pub verb: Verb,
    pub fields: Vec<(Field, Vec<u8>)>,
}

impl Frame {
    pub(crate) fn new(verb: Verb) -> Self {
        Self {
            id: 0,
            verb,
            fields: Vec::new(),
        }
    }

    /// With one more field.
    pub(crate) fn with(mut self, field: Field, octets: impl Into<Vec<u8>>) -> Self {
        self.fields.push((field, octets.into()));
        self
    }

    /// With one more field, as JSON.
    pub(crate) fn json(self, field: Field, value: &impl serde::Serialize) -> Self {
        // Only maps with keys that are no text fail, and none is sent.
        let octets = serde_json::to_vec(value).unwrap_or_default();
        self.with(field, octets)
    }

    /// With one more field, a number.
    pub(crate) fn number(self, field: Field, value: u32) -> Self {
        self.with(field, value.to_le_bytes())
    }

    /// The first field of that kind.
    pub(crate) fn get(&self, field: Field) -> Option<&[u8]> {
        self.all(field).next()
    }

    /// Every field of that kind.
    pub(crate) fn all(&self, field: Field) -> impl Iterator<Item = &[u8]> {
        let of = move |one: &&(Field, Vec<u8>)| one.0 == field;
        self.fields.iter().filter(of).map(|one| one.1.as_slice())
    }

    /// The first field of that kind as text.
    pub(crate) fn text(&self, field: Field) -> String {
        String::from_utf8_lossy(self.get(field).unwrap_or_default()).into_owned()
    }

    /// The first field of that kind as a number.
    pub(crate) fn value(&self, field: Field) -> u32 {
        let octets = self.get(field).and_then(|o| <[u8; 4]>::try_from(o).ok());
        octets.map_or(0, u32::from_le_bytes)
    }

    /// The first field of that kind, from JSON.
    pub(crate) fn parsed<T: serde::de::DeserializeOwned>(&self, field: Field) -> Option<T> {
        serde_json::from_slice(self.get(field)?).ok()
    }

    /// Its octets.
    ///
    /// # Errors
    /// It is longer than a frame may be.
    pub(crate) fn encode(&self) -> io::Result<Vec<u8>> {
        let room: usize = self.fields.iter().map(|(_, octets)| octets.len() + 6).sum();
        let length = room + 13;
        let too_long = || io::Error::new(io::ErrorKind::InvalidInput, "a frame is too long");
        if length > MOST || self.fields.len() > MOST_FIELDS as usize {
            return Err(too_long());
        }
        let short = |n: usize| u32::try_from(n).map_err(|_| too_long());
        let mut all = Vec::with_capacity(length + 4);
        all.extend(short(length)?.to_le_bytes());
        all.extend(self.id.to_le_bytes());
        all.push(self.verb as u8);
        all.extend(short(self.fields.len())?.to_le_bytes());
        for (field, octets) in &self.fields {
            all.extend((*field as u16).to_le_bytes());
            all.extend(short(octets.len())?.to_le_bytes());
            all.extend_from_slice(octets);
        }
        Ok(all)
    }

    /// Writes it in one go.
    ///
    /// # Errors
    /// The other side is gone.
    pub(crate) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        to.write_all(&self.encode()?)?;
        to.flush()
    }

    /// Reads the next one; `None` at the end.
    ///
    /// # Errors
    /// What came is no frame, or ends in the middle of one.
    pub(crate) fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut length = [0; 4];
        loop {
            match from.read(&mut length) {
                Ok(0) => return Ok(None),
                Ok(n) => break from.read_exact(length.get_mut(n..).unwrap_or_default())?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let length = u32::from_le_bytes(length) as usize;
        if !(13..=MOST).contains(&length) {
            return Err(broken("a frame cannot have that length"));
        }
        let mut body = Vec::new();
        from.take(length as u64).read_to_end(&mut body)?;
        if body.len() < length {
            return Err(broken("it ends in the middle of a frame"));
        }
        Self::decode(&body).map(Some)
    }

    fn decode(body: &[u8]) -> io::Result<Self> {
        let mut rest = body;
        let mut next = |n: usize| {
            let (one, after) = rest
                .split_at_checked(n)
                .ok_or_else(|| broken("a frame ends in a field"))?;
            rest = after;
            Ok::<&[u8], io::Error>(one)
        };
        let number = |octets: &[u8]| {
            let folded = octets.iter().rev();
            folded.fold(0u64, |all, octet| all << 8 | u64::from(*octet))
        };
        let id = number(next(8)?);
        let verb = next(1)?.first().copied().and_then(Verb::of);
        let verb = verb.ok_or_else(|| broken("a frame has an unknown verb"))?;
        let count = number(next(4)?);
        if count > u64::from(MOST_FIELDS) {
            return Err(broken("a frame has too many fields"));
        }
        let mut fields = Vec::new();
        for _ in 0..count {
            let field = u16::try_from(number(next(2)?)).ok().and_then(Field::of);
            let field = field.ok_or_else(|| broken("a frame has an unknown field"))?;
            let length = usize::try_from(number(next(4)?)).unwrap_or(usize::MAX);
            fields.push((field, next(length)?.to_vec()));
        }
        if !rest.is_empty() {
            return Err(broken("a frame is longer than its fields"));
        }
        Ok(Self { id, verb, fields })
    }
}

fn broken(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> Frame {
        let mut frame = Frame::new(Verb::Sign)
            .with(Field::Text, *b"<a/>")
            .number(Field::Algorithm, 2)
            .with(Field::Text, *b"");
        frame.id = 0x0102_0304_0506_0708;
        frame
    }

    #[test]
    fn what_is_written_is_read() {
        let mut octets = Vec::new();
        one().write(&mut octets).unwrap();
        one().write(&mut octets).unwrap();
        let mut from = octets.as_slice();
        for _ in 0..2 {
            let read = Frame::read(&mut from).unwrap().unwrap();
            assert_eq!(read, one());
            assert_eq!(read.value(Field::Algorithm), 2);
            assert_eq!(read.all(Field::Text).count(), 2);
        }
        assert_eq!(Frame::read(&mut from).unwrap(), None);
    }

    #[test]
    fn what_is_broken_anywhere_is_refused_without_a_panic() {
        let good = one().encode().unwrap();
        for end in 1..good.len() {
            assert!(Frame::read(&mut &good[..end]).is_err(), "cut at {end}");
        }
        for at in 0..good.len() {
            for value in [0, 1, 0x7F, 0xFF] {
                let mut spoiled = good.clone();
                spoiled[at] = value;
                // Any verdict, but one.
                let _ = Frame::read(&mut spoiled.as_slice());
            }
        }
        // No memory is kept for what a length only promises.
        let mut lie = u32::MAX.to_le_bytes().to_vec();
        lie.extend([0; 20]);
        assert!(Frame::read(&mut lie.as_slice()).is_err());
        let mut lie = u32::try_from(MOST).unwrap().to_le_bytes().to_vec();
        lie.extend([0; 20]);
        assert!(Frame::read(&mut lie.as_slice()).is_err());
    }
}
