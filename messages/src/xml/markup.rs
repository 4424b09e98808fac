//! Markup: tags, comments, processing instructions, CDATA sections, names.

use std::ops::Range;

use super::chars::{
    Cut, begins_name, continues_name, first_char, foreign_char, is_name, is_name_start, is_space,
};
use super::reference::normalize;
use super::scope::{XML, XMLNS};
use crate::simple::uri::is_reference;

/// Why a token did not come out.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It goes on beyond the window.
    More,
    /// It is not XML.
    Fault(Flaw),
}

/// What is not XML, and where in the window.
#[derive(Debug)]
pub(crate) struct Flaw {
    pub at: usize,
    pub rule: &'static str,
    pub text: String,
}

pub(crate) fn flaw<T>(at: usize, rule: &'static str, text: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Fault(Flaw {
        at,
        rule,
        text: text.into(),
    }))
}

pub(crate) fn ill<T>(at: usize, text: impl Into<String>) -> Result<T, Stop> {
    flaw(at, "ill-formed", text)
}

/// An attribute as it stands: its name, and its value between the quotes.
#[derive(Debug, Clone)]
pub(crate) struct RawAttribute {
    pub name: Range<usize>,
    pub value: Range<usize>,
}

/// So many attributes may stand in a tag: each is compared with all others.
const MOST_ATTRIBUTES: usize = 1000;

/// A name is no longer than this, in octets (libxml2's bound too).
const LONGEST_NAME: usize = 50_000;

/// What stands at `<`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Markup {
    Start { name: Range<usize>, empty: bool },
    End { name: Range<usize> },
    Comment,
    Instruction { target: Range<usize> },
    CData { text: Range<usize> },
    DocType,
}

/// Reads from a place in the window.
pub(crate) struct Cursor<'w> {
    pub octets: &'w [u8],
    pub at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Result<u8, Stop> {
        self.octets.get(self.at).copied().ok_or(Stop::More)
    }

    pub fn skip_space(&mut self) {
        while self.octets.get(self.at).is_some_and(|b| is_space(*b)) {
            self.at += 1;
        }
    }

    /// Whether `what` stands here; steps over it.
    fn eat(&mut self, what: &[u8]) -> Result<bool, Stop> {
        let rest = &self.octets[self.at..];
        if rest.starts_with(what) {
            self.at += what.len();
            return Ok(true);
        }
        if rest.len() < what.len() && what.starts_with(rest) {
            return Err(Stop::More);
        }
        Ok(false)
    }

    /// A name, colons included.
    pub fn name(&mut self) -> Result<Range<usize>, Stop> {
        let start = self.at;
        let rest = self.octets.get(start..).unwrap_or_default();
        if rest.first().is_some_and(|b| is_name_start(*b)) {
            self.at += rest.iter().take_while(|b| is_name(**b)).count();
        }
        loop {
            let b = self.peek()?;
            let first = self.at == start;
            if is_name_start(b) || b == b':' || (!first && is_name(b)) {
                self.at += 1;
            } else if b >= 0x80 {
                let c = match first_char(&self.octets[self.at..]) {
                    Ok(c) => c,
                    Err(Cut::Short) => return Err(Stop::More),
                    Err(Cut::Wrong) => return not_utf8(self.at),
                };
                if begins_name(c) || (!first && continues_name(c)) {
                    self.at += c.len_utf8();
                } else {
                    break;
                }
            } else {
                break;
            }
        }
        if self.at == start {
            return ill(start, "has no name where one must be");
        }
        let parts = self.octets[start..self.at].split(|b| *b == b':');
        if self.at - start > LONGEST_NAME && parts.map(<[u8]>::len).any(|l| l > LONGEST_NAME) {
            return flaw(self.at, "too-large", "has a name beyond the limit");
        }
        Ok(start..self.at)
    }

    /// A name with at most one colon, and names on both sides of it (Namespaces in XML 1.0, 4).
    fn qualified_name(&mut self) -> Result<Range<usize>, Stop> {
        let name = self.name()?;
        let octets = &self.octets[name.clone()];
        let Some(colon) = memchr::memchr(b':', octets) else {
            return Ok(name);
        };
        let local = std::str::from_utf8(&octets[colon + 1..]).unwrap_or_default();
        let begins = |c: char| c.is_ascii_alphabetic() || c == '_' || begins_name(c);
        if colon == 0 || local.contains(':') || !local.starts_with(begins) {
            let shown: String = String::from_utf8_lossy(octets).chars().take(60).collect();
            let text = format!("has the name {shown}, with a colon astray");
            return ill(name.start, text);
        }
        Ok(name)
    }

    /// The markup at `<`.
    pub fn markup(&mut self, attributes: &mut Vec<RawAttribute>) -> Result<Markup, Stop> {
        self.at += 1;
        match self.peek()? {
            b'/' => {
                self.at += 1;
                // White space may not stand here; what follows it says so in its line.
                self.skip_space();
                let spaced = self.octets[self.at - 1] != b'/';
                let name = self.name()?;
                if spaced {
                    return ill(name.start, "has an end tag that begins with a space");
                }
                self.skip_space();
                if self.peek()? != b'>' {
                    return ill(self.at, "has an end tag without >");
                }
                self.at += 1;
                Ok(Markup::End { name })
            }
            b'!' => {
                if self.eat(b"!--")? {
                    self.comment()
                } else if self.eat(b"![CDATA[")? {
                    self.cdata()
                } else if self.eat(b"!DOCTYPE")? {
                    Ok(Markup::DocType)
                } else {
                    ill(self.at, "has markup that is not XML")
                }
            }
            b'?' => {
                self.at += 1;
                self.instruction()
            }
            _ => self.start_tag(attributes),
        }
    }

    fn start_tag(&mut self, attributes: &mut Vec<RawAttribute>) -> Result<Markup, Stop> {
        attributes.clear();
        let name = self.qualified_name()?;
        loop {
            let before = self.at;
            self.skip_space();
            match self.peek()? {
                b'>' => {
                    self.at += 1;
                    return Ok(Markup::Start { name, empty: false });
                }
                b'/' => {
                    self.at += 1;
                    if self.peek()? != b'>' {
                        return ill(self.at, "has a start tag without >");
                    }
                    self.at += 1;
                    return Ok(Markup::Start { name, empty: true });
                }
                _ if before == self.at => {
                    return ill(self.at, "has a start tag that is not closed by >");
                }
                _ => {}
            }
            let name = self.qualified_name()?;
            self.skip_space();
            if self.peek()? != b'=' {
                return ill(self.at, "has an attribute without a value");
            }
            self.at += 1;
            self.skip_space();
            let quote = self.peek()?;
            if quote != b'"' && quote != b'\'' {
                return ill(self.at, "has an attribute value without quotes");
            }
            self.at += 1;
            let start = self.at;
            let rest = &self.octets[start..];
            let Some(end) = memchr::memchr2(quote, b'<', rest) else {
                return Err(Stop::More);
            };
            let value = start..start + end;
            if !is_plain(&rest[..end]) {
                checked_references(self.octets, value.clone())?;
            }
            if rest[end] == b'<' {
                return ill(start + end, "has a < in an attribute value");
            }
            self.at = value.end;
            self.at += 1;
            if attributes.len() >= MOST_ATTRIBUTES {
                return flaw(start, "too-large", "has too many attributes in one tag");
            }
            let own = &self.octets[name.clone()];
            if let Some(prefix) = declared_prefix(own) {
                let uri = std::str::from_utf8(&self.octets[value.clone()]).unwrap_or_default();
                let uri = normalize(uri).unwrap_or_default();
                // Other attributes are compared only when the tag has been read.
                let twice = || {
                    attributes
                        .iter()
                        .any(|a| self.octets[a.name.clone()] == *own)
                };
                let wrong = wrong_namespace(prefix, &uri)
                    .or_else(|| twice().then_some("it stands twice in one tag"));
                if let Some(wrong) = wrong {
                    let text = format!("has a wrong namespace declaration: {wrong}");
                    return ill(value.end, text);
                }
            }
            attributes.push(RawAttribute { name, value });
        }
    }

    fn comment(&mut self) -> Result<Markup, Stop> {
        let start = self.at;
        let rest = &self.octets[start..];
        let end = memchr::memmem::find(rest, b"--").ok_or(Stop::More)?;
        self.at = start + end + 2;
        let after = self.peek()?;
        checked_text(self.octets, start..start + end)?;
        if after != b'>' {
            return ill(start + end, "has -- inside a comment");
        }
        self.at += 1;
        Ok(Markup::Comment)
    }

    fn cdata(&mut self) -> Result<Markup, Stop> {
        let start = self.at;
        let end = memchr::memmem::find(&self.octets[start..], b"]]>").ok_or(Stop::More)?;
        let text = start..start + end;
        checked_text(self.octets, text.clone())?;
        self.at = text.end + 3;
        Ok(Markup::CData { text })
    }

    fn instruction(&mut self) -> Result<Markup, Stop> {
        let target = self.name()?;
        let name = &self.octets[target.clone()];
        if name.eq_ignore_ascii_case(b"xml") {
            return ill(
                target.start,
                "has an XML declaration (<?xml …?>) elsewhere than at its very start",
            );
        }
        if name.contains(&b':') {
            return ill(
                target.start,
                "has a colon in a processing instruction's name",
            );
        }
        let start = self.at;
        if self.eat(b"?>")? {
            return Ok(Markup::Instruction { target });
        }
        if !is_space(self.peek()?) {
            return ill(self.at, "has a processing instruction without ?>");
        }
        let end = memchr::memmem::find(&self.octets[start..], b"?>").ok_or(Stop::More)?;
        checked_text(self.octets, start..start + end)?;
        self.at = start + end + 2;
        Ok(Markup::Instruction { target })
    }
}

/// The prefix that an attribute of that name declares; the empty one for `xmlns`.
pub(crate) fn declared_prefix(name: &[u8]) -> Option<&[u8]> {
    match name.strip_prefix(b"xmlns")? {
        [] => Some(&[]),
        [b':', prefix @ ..] => Some(prefix),
        _ => None,
    }
}

/// What is wrong with a prefix that stands for a namespace (Namespaces in XML 1.0, 3).
fn wrong_namespace(prefix: &[u8], uri: &str) -> Option<&'static str> {
    match (prefix, uri) {
        (b"xml", XML) => None,
        (b"xml", _) | (_, XML) => Some("xml stands for another namespace"),
        (b"xmlns", _) | (_, XMLNS) => Some("xmlns cannot be declared"),
        ([], "") => None,
        (_, "") => Some("a prefix stands for no namespace"),
        (_, uri) if !is_namespace(uri) => Some("a namespace is no URI"),
        _ => None,
    }
}

fn is_namespace(uri: &str) -> bool {
    if memchr::memchr(b'&', uri.as_bytes()).is_none() {
        return is_reference(uri.as_bytes());
    }
    // libxml2 looks at it as it would stand in an entity.
    is_reference(uri.replace('&', "&#38;").as_bytes())
}

/// Whether the octets are ASCII without control characters and references.
fn is_plain(octets: &[u8]) -> bool {
    // No early end: so the loop looks at many octets at once.
    let special = |b: u8| u8::from(b.wrapping_sub(0x20) >= 0x5F) | u8::from(b == b'&');
    octets.iter().fold(0, |found, b| found | special(*b)) == 0
}

const NOT_UTF8: &str = "is not UTF-8 (it may be GBK)";

fn not_utf8<T>(at: usize) -> Result<T, Stop> {
    flaw(at, "encoding", NOT_UTF8)
}

/// The octets as text of which XML can carry every character.
pub(crate) fn checked_text(octets: &[u8], range: Range<usize>) -> Result<&str, Stop> {
    match sound_text(octets, range) {
        (text, None) => Ok(text),
        (_, Some(flaw)) => Err(Stop::Fault(flaw)),
    }
}

/// The octets as text of which XML can carry every character and expand every reference.
pub(crate) fn checked_references(octets: &[u8], range: Range<usize>) -> Result<&str, Stop> {
    let start = range.start;
    let (text, flaw) = sound_text(octets, range);
    // What is wrong is told in the order in which it stands.
    if memchr::memchr(b'&', text.as_bytes()).is_some()
        && let Err(bad) = normalize(text)
    {
        return ill(start + bad.at, bad.text);
    }
    flaw.map_or(Ok(text), |flaw| Err(Stop::Fault(flaw)))
}

/// The text at the start of the octets of which XML can carry every character, and why it ends
/// before they do.
fn sound_text(octets: &[u8], range: Range<usize>) -> (&str, Option<Flaw>) {
    let octets = &octets[range.clone()];
    let (text, mut flaw) = match std::str::from_utf8(octets) {
        Ok(text) => (text, None),
        Err(error) => {
            let (sound, _) = octets.split_at(error.valid_up_to());
            let flaw = Flaw {
                at: range.start + sound.len(),
                rule: "encoding",
                text: NOT_UTF8.to_owned(),
            };
            (std::str::from_utf8(sound).unwrap_or_default(), Some(flaw))
        }
    };
    let Some((at, c)) = foreign_char(text) else {
        return (text, flaw);
    };
    flaw = Some(Flaw {
        at: range.start + at,
        rule: "ill-formed",
        text: format!(
            "holds the character U+{:04X}, which XML cannot carry",
            u32::from(c)
        ),
    });
    (&text[..at], flaw)
}
