//! Tokens of a document, each checked to be XML.

use std::io;
use std::ops::Range;

use super::chars::{
    Cut, begins, first_char, foreign_char, is_space, plain_chinese, plain_text, split_name,
};
use super::markup::{
    Cursor, Flaw, Markup, RawAttribute, Stop, checked_references, checked_text, declared_prefix,
    flaw, ill,
};
use super::place::Counter;
use super::prolog::prolog;
use super::reference::normalize;
use super::scope::Scope;
use super::window::{More, Window};
use crate::node::Place;

/// Elements nest no deeper than this (libxml2's bound too); ours need six.
const DEEPEST: usize = 257;

/// A document that is not XML: what, and where.
#[derive(Debug)]
pub(crate) struct Fault {
    pub rule: &'static str,
    pub text: String,
    pub place: Place,
}

/// A piece of a document. Ranges are of the window, and hold until the next token is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// A start tag, or an empty element's tag: then its end follows as a token of its own.
    Start {
        name: Range<usize>,
        tag: Range<usize>,
    },
    /// An end tag.
    End { tag: Range<usize> },
    /// White space between markup.
    Space(Range<usize>),
    /// Other text as it stands, between markup.
    Text(Range<usize>),
    /// What is in a CDATA section.
    CData(Range<usize>),
    /// The document is at its end.
    Done,
}

/// What [`Scanner::leaf`] found.
#[derive(Debug)]
pub(crate) struct Leaf {
    /// Where its start tag begins.
    pub start: usize,
    /// Its text, without references, all of it fit for XML.
    pub text: Range<usize>,
    /// Whether the text is ASCII.
    pub ascii: bool,
}

/// Gives the tokens of a document.
pub(crate) struct Scanner<'a> {
    window: Window<'a>,
    at: usize,
    stage: Stage,
    /// The names of the open elements, end to end, and where each begins.
    names: Vec<u8>,
    starts: Vec<usize>,
    /// An empty element's tag was given; its end is due.
    due: Option<Range<usize>>,
    attributes: Vec<RawAttribute>,
    declares: bool,
    scope: Scope,
    /// The namespace of the element that the last start tag opened, as the scope numbers it.
    namespace: usize,
    /// Lines up to the start of the window, and up to the last place asked for.
    base: Counter,
    last: Counter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Start,
    BeforeRoot,
    Inside,
    AfterRoot,
}

impl<'a> Scanner<'a> {
    pub fn new(window: Window<'a>) -> Self {
        Self {
            window,
            at: 0,
            stage: Stage::Start,
            names: Vec::with_capacity(256),
            starts: Vec::with_capacity(16),
            due: None,
            attributes: Vec::new(),
            declares: false,
            scope: Scope::default(),
            namespace: 0,
            base: Counter::START,
            last: Counter::START,
        }
    }

    /// Octets of the window.
    #[inline]
    pub fn octets(&self, range: Range<usize>) -> &[u8] {
        &self.window.octets()[range]
    }

    /// Octets that a token has found to be text.
    pub fn str(&self, range: Range<usize>) -> &str {
        std::str::from_utf8(self.octets(range)).unwrap_or_default()
    }

    /// Where something of the window stands in the input.
    pub fn offset(&self, at: usize) -> u64 {
        self.window.start() + at as u64
    }

    /// How deep the last token is: the number of open elements.
    pub fn depth(&self) -> usize {
        self.starts.len()
    }

    /// The attributes of the last start tag, namespace declarations excepted: name and value as
    /// they stand.
    pub fn attributes(&self) -> &[RawAttribute] {
        &self.attributes
    }

    /// Whether the last start tag declares namespaces.
    pub fn declares(&self) -> bool {
        self.declares
    }

    /// The namespace of a prefix where the last token stands.
    pub fn namespace(&self, prefix: &str) -> Option<&str> {
        self.scope.find(prefix.as_bytes())
    }

    /// The namespace and local name of the element of the last start tag.
    pub fn expanded(&self, name: Range<usize>) -> (&str, &str) {
        let (_, local) = split_name(self.str(name));
        (self.scope.numbered(self.namespace), local)
    }

    /// The line and column of something in the window.
    pub fn place(&mut self, at: usize) -> Place {
        let offset = self.offset(at);
        let mut counter = if self.last.at() <= offset {
            self.last
        } else {
            self.base
        };
        let from = (counter.at() - self.window.start()) as usize;
        counter.pass(&self.window.octets()[from..at]);
        self.last = counter;
        counter.place()
    }

    /// The place that stands for an element: its line is the one in which its start tag ends.
    pub fn tag_place(&mut self, tag: &Range<usize>) -> Place {
        let inside = &self.window.octets()[tag.clone()];
        if memchr::memchr(b'\n', inside).is_none() {
            return self.place(tag.start);
        }
        let close = if inside.ends_with(b"/>") { 2 } else { 1 };
        self.place(tag.end - close)
    }

    /// Whether what was read may have been let go.
    pub fn moves(&self) -> bool {
        self.window.is_stream()
    }

    /// The place that stands for the element that begins at that offset of a document in memory.
    pub fn start_place(&mut self, offset: u64) -> Place {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let octets = self.window.octets();
        let rest = octets.get(start..).unwrap_or_default();
        let mut attributes = Vec::new();
        let mut cursor = Cursor {
            octets: rest,
            at: 0,
        };
        // It was read as a tag before.
        let tag = match cursor.markup(&mut attributes) {
            Ok(_) => start..start + cursor.at,
            Err(_) => start..start,
        };
        self.tag_place(&tag)
    }

    /// Lets go of what has been read and reads on. `Ok(false)` at the end of the input.
    fn more(&mut self) -> Result<bool, Fault> {
        if self.window.ended() {
            return Ok(false);
        }
        self.base.pass(&self.window.octets()[..self.at]);
        if self.last.at() < self.base.at() {
            self.last = self.base;
        }
        let used = std::mem::take(&mut self.at);
        match self.window.advance(used) {
            Ok(More::Longer) => Ok(true),
            Ok(More::Ended) => Ok(false),
            Ok(More::Full) => Err(self.fault(Flaw {
                at: 0,
                rule: "too-large",
                text: "has a single text, comment or tag beyond the limit".to_owned(),
            })),
            Err(error) => Err(self.unreadable(&error)),
        }
    }

    fn unreadable(&mut self, error: &io::Error) -> Fault {
        self.fault(Flaw {
            at: 0,
            rule: "unreadable",
            text: format!("cannot be read on: {error}"),
        })
    }

    fn fault(&mut self, flaw: Flaw) -> Fault {
        let at = flaw.at.min(self.window.octets().len());
        Fault {
            rule: flaw.rule,
            text: flaw.text,
            place: self.place(at),
        }
    }

    /// The next token.
    pub fn next(&mut self) -> Result<Token, Fault> {
        loop {
            match self.attempt() {
                Ok(Some(token)) => return Ok(token),
                Ok(None) => {}
                Err(Stop::Fault(flaw)) => return Err(self.fault(flaw)),
                Err(Stop::More) => {
                    // That nothing follows is known only when it was asked for: the same octets
                    // may be a whole document then.
                    let last = self.window.ended();
                    if !self.more()? && last {
                        return Err(self.cut_off());
                    }
                }
            }
        }
    }

    /// The document ends inside something.
    fn cut_off(&mut self) -> Fault {
        let at = self.window.octets().len();
        // What is wrong in it comes before its missing end.
        let octets = self.window.octets();
        let flawed = match octets.get(self.at) {
            Some(b'<') | None => checked_text(octets, self.at..at).map(drop),
            Some(_) => checked_content(octets, self.at..at).map(drop),
        };
        match flawed {
            Err(Stop::Fault(flaw)) if flaw.at < at && !self.ends_within_character(flaw.at) => {
                return self.fault(flaw);
            }
            _ => {}
        }
        let text = match self.stage {
            Stage::Start | Stage::BeforeRoot if self.at == at => {
                return self.fault(Flaw {
                    at,
                    rule: "empty",
                    text: "has no root element".to_owned(),
                });
            }
            _ => "ends before its root element is closed",
        };
        self.fault(Flaw {
            at,
            rule: "truncated",
            text: text.to_owned(),
        })
    }

    /// Whether the input ends inside the character that begins at `at`.
    fn ends_within_character(&self, at: usize) -> bool {
        first_char(&self.window.octets()[at..]) == Err(Cut::Short)
    }

    /// One step: a token, or something that gives none.
    fn attempt(&mut self) -> Result<Option<Token>, Stop> {
        if let Some(tag) = self.due.take() {
            self.close();
            return Ok(Some(Token::End { tag }));
        }
        let octets = self.window.octets();
        match self.stage {
            Stage::Start => {
                if octets.len() < 4 && !self.window.ended() {
                    return Err(Stop::More);
                }
                self.at = prolog(octets)?;
                self.stage = Stage::BeforeRoot;
                return Ok(None);
            }
            Stage::BeforeRoot | Stage::AfterRoot => {
                let mut cursor = Cursor {
                    octets,
                    at: self.at,
                };
                cursor.skip_space();
                self.at = cursor.at;
                match self.window.octets().get(self.at) {
                    None if self.stage == Stage::AfterRoot && self.window.ended() => {
                        return Ok(Some(Token::Done));
                    }
                    None => return Err(Stop::More),
                    Some(b'<') if self.stage == Stage::AfterRoot => {
                        let rest = &self.window.octets()[self.at..];
                        let may = |what: &[u8]| match what.get(..rest.len()) {
                            Some(part) => part == rest && !self.window.ended(),
                            None => rest.starts_with(what),
                        };
                        if !may(b"<?") && !may(b"<!--") {
                            return ill(self.at, "has more after its root element");
                        }
                    }
                    Some(b'<') => {
                        let rest = &self.window.octets()[self.at..];
                        if rest.starts_with(b"<![CDATA[") {
                            return ill(self.at, "has a CDATA section outside its root element");
                        }
                        if rest.starts_with(b"</") {
                            return ill(self.at, "closes an element that was not opened");
                        }
                    }
                    Some(_) if self.stage == Stage::AfterRoot => {
                        return ill(self.at, "has text after its root element");
                    }
                    Some(_) => return ill(self.at, "has text before its root element"),
                }
            }
            Stage::Inside => {
                if octets.get(self.at) != Some(&b'<') {
                    return self.text().map(Some);
                }
            }
        }
        self.markup()
    }

    fn text(&mut self) -> Result<Token, Stop> {
        let octets = self.window.octets();
        let rest = &octets[self.at..];
        let end = memchr::memchr(b'<', rest).ok_or(Stop::More)?;
        let range = self.at..self.at + end;
        self.at = range.end;
        if rest[..end].iter().all(|b| is_space(*b)) {
            return Ok(Token::Space(range));
        }
        checked_content(octets, range.clone())?;
        Ok(Token::Text(range))
    }

    fn markup(&mut self) -> Result<Option<Token>, Stop> {
        let start = self.at;
        let mut cursor = Cursor {
            octets: self.window.octets(),
            at: start,
        };
        let markup = cursor.markup(&mut self.attributes);
        let end = cursor.at;
        match markup? {
            Markup::Start { name, empty } => {
                if self.starts.len() >= DEEPEST {
                    return flaw(start, "too-large", "has elements nested too deep");
                }
                self.starts.push(self.names.len());
                let octets = self.window.octets();
                self.names.extend_from_slice(&octets[name.clone()]);
                self.declare(&name, end)?;
                self.stage = Stage::Inside;
                self.at = end;
                if empty {
                    self.due = Some(start..end);
                }
                Ok(Some(Token::Start {
                    name,
                    tag: start..end,
                }))
            }
            Markup::End { name } => {
                let octets = self.window.octets();
                let open = self.starts.last().map_or(0, |start| *start);
                let open = &self.names[open..];
                if *open != octets[name.clone()] {
                    let open = String::from_utf8_lossy(open);
                    let open: String = open.chars().take(60).collect();
                    return ill(end - 1, format!("closes another element than {open}"));
                }
                self.at = end;
                self.close();
                Ok(Some(Token::End { tag: start..end }))
            }
            Markup::CData { text } if self.stage == Stage::Inside => {
                self.at = end;
                Ok(Some(Token::CData(text)))
            }
            Markup::CData { .. } => ill(start, "has a CDATA section outside its root element"),
            Markup::DocType => flaw(
                start,
                "dtd",
                "has a document type declaration (<!DOCTYPE), which is never taken",
            ),
            Markup::Comment | Markup::Instruction { .. } => {
                self.at = end;
                Ok(None)
            }
        }
    }

    fn close(&mut self) {
        self.scope.leave(self.starts.len());
        if let Some(start) = self.starts.pop() {
            self.names.truncate(start);
        }
        if self.starts.is_empty() {
            self.stage = Stage::AfterRoot;
        }
    }

    /// Puts the namespaces that the start tag declares in force, takes them out of its
    /// attributes, and checks the names (Namespaces in XML 1.0, 3–6).
    fn declare(&mut self, name: &Range<usize>, end: usize) -> Result<(), Stop> {
        let depth = self.starts.len();
        let octets = self.window.octets();
        let raw = |range: &Range<usize>| &octets[range.clone()];
        let text = |range: &Range<usize>| std::str::from_utf8(raw(range)).unwrap_or_default();
        self.declares = false;
        let mut prefixed = false;
        for (index, attribute) in self.attributes.iter().enumerate() {
            let own = raw(&attribute.name);
            let earlier = &self.attributes[..index];
            if earlier.iter().any(|a| raw(&a.name) == own) {
                let close = if octets[..end].ends_with(b"/>") { 2 } else { 1 };
                let own = cut(text(&attribute.name));
                return ill(end - close, format!("has the attribute {own} twice"));
            }
            let Some(prefix) = declared_prefix(own) else {
                prefixed |= own.contains(&b':');
                continue;
            };
            self.declares = true;
            if prefix == b"xml" {
                continue;
            }
            let prefix = std::str::from_utf8(prefix).unwrap_or_default();
            let value = normalize(text(&attribute.value)).unwrap_or_default();
            if !self.scope.declare(depth, prefix, &value) {
                return flaw(end, "too-large", "declares too many namespaces");
            }
        }
        let prefix_of = |range: &Range<usize>| {
            let name = raw(range);
            let colon = name.iter().position(|b| *b == b':');
            &name[..colon.unwrap_or_default()]
        };
        let number = |range: &Range<usize>| {
            let prefix = prefix_of(range);
            self.scope.number(prefix).ok_or_else(|| {
                let prefix = cut(&String::from_utf8_lossy(prefix));
                Stop::Fault(Flaw {
                    at: end,
                    rule: "ill-formed",
                    text: format!("uses the prefix {prefix}, which is not declared"),
                })
            })
        };
        self.namespace = number(name)?;
        if prefixed {
            let mut expanded = Vec::new();
            for attribute in &self.attributes {
                let name = raw(&attribute.name);
                if declared_prefix(name).is_some() || !name.contains(&b':') {
                    continue;
                }
                expanded.push((number(&attribute.name)?, attribute));
            }
            // Two prefixes for one namespace can name one attribute twice.
            for (index, (number, attribute)) in expanded.iter().enumerate() {
                let (_, local) = split_name(text(&attribute.name));
                let is_it = |(other, a): &(usize, &RawAttribute)| {
                    self.scope.numbered(*other) == self.scope.numbered(*number)
                        && split_name(text(&a.name)).1 == local
                };
                if expanded[..index].iter().any(is_it) {
                    return ill(end, format!("has the attribute {} twice", cut(local)));
                }
            }
        }
        if self.declares {
            let mut kept = std::mem::take(&mut self.attributes);
            kept.retain(|a| declared_prefix(raw(&a.name)).is_none());
            self.attributes = kept;
        }
        Ok(())
    }

    /// Steps over white space, then takes an element of exactly this start and end tag with plain
    /// text between them, if that is what stands here. The short way for what nearly all of a
    /// message is; whatever else stands here is left for [`Self::next`].
    #[inline(always)]
    pub fn leaf(&mut self, open: &str, close: &str) -> Option<Leaf> {
        let leaf = self.peek_leaf(open, close)?;
        self.at = leaf.text.end + close.len();
        Some(leaf)
    }

    /// As [`Self::leaf`], for an element whose text passes a check, which takes ASCII without
    /// markup only.
    pub fn leaf_that(&mut self, open: &str, close: &str, good: impl Fn(&[u8]) -> bool) -> bool {
        let Some(start) = self.after_space() else {
            return false;
        };
        let rest = &self.window.octets()[start..];
        if !begins(rest, open.as_bytes()) {
            return false;
        }
        let rest = &rest[open.len()..];
        let Some(length) = memchr::memchr(b'<', rest) else {
            return false;
        };
        let taken = begins(&rest[length..], close.as_bytes()) && good(&rest[..length]);
        if taken {
            self.at = start + open.len() + length + close.len();
        }
        taken
    }

    /// Steps over white space and into an element of exactly this start tag, if it stands here.
    pub fn enter(&mut self, open: &str) -> Option<Range<usize>> {
        let start = self.after_space()?;
        let octets = self.window.octets();
        if !begins(&octets[start..], open.as_bytes()) || self.starts.len() >= DEEPEST {
            return None;
        }
        self.attributes.clear();
        self.declares = false;
        self.starts.push(self.names.len());
        self.names
            .extend_from_slice(&open.as_bytes()[1..open.len() - 1]);
        self.at = start + open.len();
        Some(start..self.at)
    }

    /// Steps over white space and out of the innermost open element, if its end tag stands here
    /// in its plain form.
    pub fn leave(&mut self) -> Option<Range<usize>> {
        let start = self.after_space()?;
        let name = &self.names[*self.starts.last()?..];
        let rest = self.window.octets()[start..].strip_prefix(b"</")?;
        if !(rest.get(name.len()) == Some(&b'>') && begins(rest, name)) {
            return None;
        }
        self.at = start + name.len() + 3;
        self.close();
        Some(start..self.at)
    }

    /// Steps over white space and an element that has nothing but one attribute, whose value
    /// passes a check, which takes ASCII without markup only: `open` goes up to the value's quote,
    /// `close` is its end tag.
    pub fn empty_that(&mut self, open: &str, close: &str, good: impl Fn(&[u8]) -> bool) -> bool {
        let Some(start) = self.after_space() else {
            return false;
        };
        let rest = &self.window.octets()[start..];
        if !begins(rest, open.as_bytes()) {
            return false;
        }
        let value = &rest[open.len()..];
        let Some(end) = memchr::memchr(b'"', value) else {
            return false;
        };
        let (value, tail) = (&value[..end], &value[end + 1..]);
        let length = if tail.starts_with(b"/>") {
            2
        } else if tail.starts_with(b">") && begins(&tail[1..], close.as_bytes()) {
            1 + close.len()
        } else {
            return false;
        };
        let taken = good(value);
        if taken {
            self.at = start + open.len() + end + 1 + length;
        }
        taken
    }

    /// Where the white space ends that stands here; nothing where an end tag is due.
    #[inline]
    fn after_space(&self) -> Option<usize> {
        if self.due.is_some() || self.stage != Stage::Inside {
            return None;
        }
        let octets = self.window.octets();
        let mut start = self.at;
        while octets.get(start).is_some_and(|b| is_space(*b)) {
            start += 1;
        }
        (start < octets.len()).then_some(start)
    }

    #[inline(always)]
    fn peek_leaf(&self, open: &str, close: &str) -> Option<Leaf> {
        let start = self.after_space()?;
        let rest = &self.window.octets()[start..];
        if !begins(rest, open.as_bytes()) {
            return None;
        }
        let rest = &rest[open.len()..];
        let (length, ascii) = plain_text(rest);
        if !begins(&rest[length..], close.as_bytes()) {
            return None;
        }
        if !ascii && !plain_chinese(&rest[..length]) {
            let text = std::str::from_utf8(&rest[..length]).ok()?;
            // Of what XML cannot carry, only U+FFFE and U+FFFF are left: they begin with EF.
            if memchr::memchr(0xEF, text.as_bytes()).is_some() && foreign_char(text).is_some() {
                return None;
            }
        }
        let from = start + open.len();
        let text = from..from + length;
        Some(Leaf { start, text, ascii })
    }
}

/// Text between markup that is as XML wants it.
fn checked_content(octets: &[u8], range: Range<usize>) -> Result<&str, Stop> {
    let inside = &octets[range.clone()];
    let Some(at) = memchr::memmem::find(inside, b"]]>") else {
        return checked_references(octets, range);
    };
    let at = range.start + at;
    checked_references(octets, range.start..at)?;
    ill(at, "has ]]> in its text")
}

/// A name for people; what a hostile input makes too long is cut.
fn cut(name: &str) -> String {
    name.chars().take(60).collect()
}
