//! What the standard's tables say, as static data. The build generates it from `tables/`.

/// One message of the standard.
#[derive(Debug)]
pub struct Message {
    /// The root element's name: `CEB311Message`.
    pub name: &'static str,
    /// Official Chinese name.
    pub zh: &'static str,
    /// English name.
    pub en: &'static str,
    /// Section of the specification: `3.1`.
    pub section: &'static str,
    /// The usual prefix of its namespace: `ceb`.
    pub prefix: &'static str,
    /// The namespace.
    pub namespace: &'static str,
    /// The standard's schema file that declares it: `ceb-import`.
    pub schema: &'static str,
    /// Import or export.
    pub direction: Direction,
    /// What it is for.
    pub kind: Kind,
    /// Who sends it: `ecommerce`, `payment` … Empty for receipts.
    pub senders: &'static [&'static str],
    /// The root element.
    pub root: Element,
    /// The element that stands once for each thing declared or answered: `Order`, `OrderReturn`.
    pub unit: Option<&'static Element>,
    /// The fields, as paths below the unit, that tell one declaration from another and that the
    /// receipt repeats.
    pub business_key: &'static [&'static str],
    /// The fields by which other declarations refer to it, where that is not the business key.
    pub referred_by: &'static [&'static str],
    /// The declarations that customs wants before this one, to compare it with them.
    pub follows: &'static [Follows],
    /// The receipts that answer this declaration.
    pub answered_by: &'static [&'static str],
    /// The declarations that this receipt answers.
    pub answers: &'static [&'static str],
    /// The field by which this receipt gives a number to what it answers: notices name it by that.
    pub gives: Option<&'static str>,
    /// The declarations that this notice is about; its business key is the number that their receipt
    /// gave.
    pub about: &'static [&'static str],
    /// The values of `returnStatus`.
    pub statuses: &'static [Status],
    /// What a minimal example has besides what the schema asks for, as paths below the unit, or
    /// below the root: the specification's text asks for it.
    pub minimal: &'static [&'static str],
}

/// A declaration that goes before another.
#[derive(Debug)]
pub struct Follows {
    /// Its message: `CEB311Message`.
    pub message: &'static str,
    /// The fields, as paths below the unit that follows, which name it: in the order of its
    /// [`Message::referred_by`] or, where that is empty, [`Message::business_key`].
    pub by: &'static [&'static str],
}

/// Who sends declarations.
#[derive(Debug)]
pub struct Role {
    /// Its name in the tables: `ecommerce`.
    pub name: &'static str,
    /// English name.
    pub en: &'static str,
    /// Chinese name.
    pub zh: &'static str,
}

/// Where the specification describes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The section: `3.1.4`.
    pub section: &'static str,
    /// The table there: `3-3`, by the number that the section's text gives it. A few captions have
    /// another.
    pub table: &'static str,
}

/// Import or export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Into China.
    Import,
    /// Out of China.
    Export,
    /// Either.
    Both,
}

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An enterprise declares.
    Declaration,
    /// The clearance service answers declarations one by one.
    Receipt,
    /// Carries another message.
    Envelope,
    /// The platform answers a whole message by its form (CEB900, DxpRep).
    PlatformReceipt,
    /// The clearance service tells of its own accord (CEB816, CEB818, CEB792).
    Notice,
}

/// A value of `returnStatus`.
#[derive(Debug)]
pub struct Status {
    /// `120`
    pub code: &'static str,
    /// Official Chinese text.
    pub zh: &'static str,
    /// English text.
    pub en: &'static str,
    /// What it means for the declaration.
    pub outcome: Outcome,
}

/// What an answer means for a declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// More answers follow.
    Pending,
    /// Final, and good.
    Accepted,
    /// Final, and not good.
    Rejected,
}

/// A range of error codes of chapter 7.
#[derive(Debug)]
pub struct ErrorGroup {
    /// The first code of the range.
    pub first: &'static str,
    /// The last one.
    pub last: &'static str,
    /// Who says them.
    pub level: Level,
    /// What they are about, as the standard says it.
    pub zh: &'static str,
    /// The same in English.
    pub en: &'static str,
    /// The declarations that they are about; empty where it may be any.
    pub messages: &'static [&'static str],
    /// The codes of the range that the standard explains.
    pub codes: &'static [ErrorCode],
}

/// An error code of chapter 7.
#[derive(Debug)]
pub struct ErrorCode {
    /// `0002`, `-621004`
    pub code: &'static str,
    /// Who says it.
    pub level: Level,
    /// The standard's text; `[*]` and `*` stand for what the service puts in.
    pub zh: &'static str,
    /// The same in English.
    pub en: &'static str,
    /// What to do, in English; empty where the standard gives nothing to go by.
    pub remedy_en: &'static str,
    /// The same in Chinese.
    pub remedy_zh: &'static str,
    /// What was sent is there already: after a repeat, that is success.
    pub already_declared: bool,
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The exchange platform (table 7-1).
    Platform,
    /// The clearance service (table 7-2).
    Clearance,
}

/// One element of a message.
#[derive(Debug)]
pub struct Element {
    /// The standard's own name.
    pub name: &'static str,
    /// Its start tag, with the usual prefix and no attributes.
    pub open: &'static str,
    /// Its end tag.
    pub close: &'static str,
    /// The namespace's usual prefix: `ceb`, `dxp`, `ds`.
    pub prefix: &'static str,
    /// The official schema declares it by itself, so that it is known wherever anything may stand.
    pub global: bool,
    /// What the official schema calls its type, if it has a name; of an element with text and
    /// attributes, the text's.
    pub type_name: Option<&'static str>,
    /// Official Chinese name.
    pub zh: &'static str,
    /// English name.
    pub en: &'static str,
    /// The standard's explanation (Chinese); empty where it only says the name again.
    pub meaning: &'static str,
    /// The same in English.
    pub meaning_en: &'static str,
    /// Where the specification describes it; `None` where only the schema has it.
    pub source: Option<Source>,
    /// What is in it.
    pub content: Content,
    /// Its attributes.
    pub attributes: &'static [Attribute],
    /// It holds personal data: never shown in errors or logs.
    pub personal: bool,
    /// What to put in where an enterprise's document leaves it out.
    pub fill: Option<Fill>,
    /// The form of a date or time that the schema knows only by its length.
    pub format: Option<Format>,
    /// The only value that the schema takes; an empty element stands for it.
    pub fixed: Option<&'static str>,
    /// The value that an empty element stands for.
    pub default: Option<&'static str>,
    /// The values that the standard fixes: code, English, Chinese. The schema does not check them.
    pub codes: &'static [(&'static str, &'static str, &'static str)],
    /// What examples say in it: one text, or one for each item of a list. `#` stands for the
    /// number of the unit.
    pub samples: &'static [&'static str],
}

/// An attribute.
#[derive(Debug)]
pub struct Attribute {
    /// Name.
    pub name: &'static str,
    /// Official Chinese name.
    pub zh: &'static str,
    /// English name.
    pub en: &'static str,
    /// The standard's explanation (Chinese), may be empty.
    pub meaning: &'static str,
    /// The same in English.
    pub meaning_en: &'static str,
    /// Where the specification describes it.
    pub source: Option<Source>,
    /// Type.
    pub kind: SimpleType,
    /// Whether it must be there.
    pub required: bool,
    /// The only value allowed.
    pub fixed: Option<&'static str>,
    /// What examples say in it.
    pub samples: &'static [&'static str],
}

/// What is in an element.
#[derive(Debug)]
pub enum Content {
    /// Text of a simple type.
    Text(SimpleType),
    /// These elements in this order.
    Sequence(&'static [Particle]),
    /// At most one element of any name; what is in it is not looked at.
    AnyElement,
    /// Anything.
    AnyType,
    /// An XML signature.
    Signature,
}

impl Content {
    /// Whether it is an XML signature.
    pub fn is_signature(&self) -> bool {
        matches!(self, Self::Signature)
    }
}

/// An element's place in a sequence.
#[derive(Debug)]
pub struct Particle {
    /// The element.
    pub element: &'static Element,
    /// At least so often.
    pub min: u32,
    /// At most so often; `u32::MAX` is unbounded.
    pub max: u32,
}

/// A type of text. The names are the standard's notation; lengths count characters (Unicode
/// code points), as XML Schema does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimpleType {
    /// `C36`, `C1..60`: text from `min` to `max` characters.
    Chars {
        /// At least.
        min: u32,
        /// At most; `u32::MAX` is unbounded.
        max: u32,
        /// White space is collapsed before characters are counted.
        collapse: bool,
    },
    /// `N19,5`: a decimal number of at most `total` digits, `fraction` of them after the point.
    Decimal {
        /// `totalDigits`.
        total: u32,
        /// `fractionDigits`.
        fraction: u32,
    },
    /// `N9`, `int`: a 32-bit whole number of at most `digits` digits (0: no limit).
    Int {
        /// `totalDigits`.
        digits: u32,
    },
    /// `xs:date`.
    Date,
    /// `xs:dateTime`.
    DateTime,
    /// `xs:base64Binary`.
    Base64,
    /// `xs:ID`.
    Id,
}

/// What to put in where an enterprise's document leaves a field out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// A new upper-case UUID.
    Guid,
    /// Now, China Standard Time, `YYYYMMDDhhmmss`.
    Now,
    /// Today, China Standard Time, `YYYYMMDD`.
    Today,
    /// A new serial of 20 letters and digits: the enterprise's own number of the document.
    Serial,
    /// The item's place in its list, from 1.
    Position,
    /// Always this.
    Constant(&'static str),
}

/// The form of a date or time in a text field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `YYYYMMDD`
    Date8,
    /// `YYYYMMDDhhmmss`
    DateTime14,
    /// `YYYYMMDDhhmmssSSS`
    DateTime17,
}

impl Content {
    /// The type of XML Schema itself that it has in the official schema, without any facet.
    pub(crate) fn plain_type(&self) -> Option<&'static str> {
        match self {
            Self::Text(SimpleType::Int { digits: 0 }) => Some("int"),
            Self::Text(SimpleType::Date) => Some("date"),
            Self::Text(SimpleType::DateTime) => Some("dateTime"),
            Self::Text(SimpleType::Base64) => Some("base64Binary"),
            Self::Text(SimpleType::Id) => Some("ID"),
            Self::AnyType => Some("anyType"),
            _ => None,
        }
    }
}

impl Message {
    /// How many units it holds at most.
    ///
    /// ```
    /// use tongguan_messages::message;
    /// assert_eq!(message("CEB311Message").unwrap().most(), 100);
    /// assert_eq!(message("CEB711Message").unwrap().most(), 1);
    /// ```
    pub fn most(&self) -> usize {
        let name = self.unit.map(|unit| unit.name);
        let particles = self.root.particles().iter();
        let mut units = particles.filter(|particle| Some(particle.element.name) == name);
        units.next().map_or(0, |unit| unit.max as usize)
    }
}

impl Element {
    /// The elements that may stand in it.
    pub fn particles(&self) -> &'static [Particle] {
        match self.content {
            Content::Sequence(particles) => particles,
            _ => &[],
        }
    }

    /// The child element of that name.
    pub fn child(&self, name: &str) -> Option<&'static Element> {
        self.particles()
            .iter()
            .map(|p| p.element)
            .find(|e| e.name == name)
    }

    /// The elements with text below this one, with the path to each.
    pub fn fields(&self) -> Vec<(String, &'static Element)> {
        let mut fields = Vec::new();
        for particle in self.particles() {
            let element = particle.element;
            if matches!(element.content, Content::Text(_)) {
                fields.push((element.name.to_owned(), element));
            }
            for (path, field) in element.fields() {
                fields.push((format!("{}/{path}", element.name), field));
            }
        }
        fields
    }
}

include!(concat!(env!("OUT_DIR"), "/tables.rs"));

/// The edition of the standard that is built in: `202205`.
pub fn edition() -> &'static str {
    EDITION
}

/// All messages of the edition.
pub fn messages() -> &'static [&'static Message] {
    MESSAGES
}

/// The message of that name: `CEB311Message`.
pub fn message(name: &str) -> Option<&'static Message> {
    // They stand in the order of their names.
    let found = MESSAGES.binary_search_by(|m| m.name.cmp(name));
    found.ok().map(|at| MESSAGES[at])
}

/// The schema files that this one includes.
pub(crate) fn included(schema: &str) -> &'static [&'static str] {
    let known = SCHEMAS.iter().find(|(name, _)| *name == schema);
    known.map_or(&[], |(_, included)| included)
}

/// The role of that name.
pub fn role(name: &str) -> Option<&'static Role> {
    ROLES.iter().find(|r| r.name == name)
}

/// The error codes of chapter 7, by group.
pub fn error_groups() -> &'static [ErrorGroup] {
    ERRORS
}

/// The error codes of chapter 7.
pub fn error_codes() -> impl Iterator<Item = &'static ErrorCode> {
    ERRORS.iter().flat_map(|group| group.codes)
}
