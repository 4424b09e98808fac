//! The types that XML Schema itself knows, as libxml2 takes them: a signature's texts have them,
//! and a document can name one where it writes an element of its own (`xsi:type`).

use super::dates::{date, date_time, g_day, g_month, g_month_day, g_year, g_year_month, time};
use super::duration::duration;
use super::id::{is_name, is_nc_name, is_nm_token};
use super::uri::is_any_uri;
use super::{Broken, LONGEST, broken, collapse, decimal, is_space};

/// A type that XML Schema itself knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Builtin {
    AnySimpleType,
    String,
    NormalizedString,
    Token,
    Language,
    NmToken,
    NmTokens,
    Name,
    NcName,
    Id,
    IdRef,
    IdRefs,
    Entity,
    Entities,
    Boolean,
    Decimal,
    Integer,
    NonPositiveInteger,
    NegativeInteger,
    Long,
    Int,
    Short,
    Byte,
    NonNegativeInteger,
    UnsignedLong,
    UnsignedInt,
    UnsignedShort,
    UnsignedByte,
    PositiveInteger,
    Float,
    Double,
    Duration,
    DateTime,
    Time,
    Date,
    GYearMonth,
    GYear,
    GMonthDay,
    GDay,
    GMonth,
    HexBinary,
    Base64Binary,
    AnyUri,
    QName,
    Notation,
}

use Builtin as B;

/// Every type with its name and the type that it is derived from (XML Schema 1.0, part 2,
/// section 3).
const ALL: &[(&str, Builtin, Builtin)] = &[
    ("string", B::String, B::AnySimpleType),
    ("base64Binary", B::Base64Binary, B::AnySimpleType),
    ("anyURI", B::AnyUri, B::AnySimpleType),
    ("ID", B::Id, B::NcName),
    ("integer", B::Integer, B::Decimal),
    ("anySimpleType", B::AnySimpleType, B::AnySimpleType),
    ("normalizedString", B::NormalizedString, B::String),
    ("token", B::Token, B::NormalizedString),
    ("language", B::Language, B::Token),
    ("NMTOKEN", B::NmToken, B::Token),
    ("NMTOKENS", B::NmTokens, B::AnySimpleType),
    ("Name", B::Name, B::Token),
    ("NCName", B::NcName, B::Name),
    ("IDREF", B::IdRef, B::NcName),
    ("IDREFS", B::IdRefs, B::AnySimpleType),
    ("ENTITY", B::Entity, B::NcName),
    ("ENTITIES", B::Entities, B::AnySimpleType),
    ("boolean", B::Boolean, B::AnySimpleType),
    ("decimal", B::Decimal, B::AnySimpleType),
    ("nonPositiveInteger", B::NonPositiveInteger, B::Integer),
    ("negativeInteger", B::NegativeInteger, B::NonPositiveInteger),
    ("long", B::Long, B::Integer),
    ("int", B::Int, B::Long),
    ("short", B::Short, B::Int),
    ("byte", B::Byte, B::Short),
    ("nonNegativeInteger", B::NonNegativeInteger, B::Integer),
    ("unsignedLong", B::UnsignedLong, B::NonNegativeInteger),
    ("unsignedInt", B::UnsignedInt, B::UnsignedLong),
    ("unsignedShort", B::UnsignedShort, B::UnsignedInt),
    ("unsignedByte", B::UnsignedByte, B::UnsignedShort),
    ("positiveInteger", B::PositiveInteger, B::NonNegativeInteger),
    ("float", B::Float, B::AnySimpleType),
    ("double", B::Double, B::AnySimpleType),
    ("duration", B::Duration, B::AnySimpleType),
    ("dateTime", B::DateTime, B::AnySimpleType),
    ("time", B::Time, B::AnySimpleType),
    ("date", B::Date, B::AnySimpleType),
    ("gYearMonth", B::GYearMonth, B::AnySimpleType),
    ("gYear", B::GYear, B::AnySimpleType),
    ("gMonthDay", B::GMonthDay, B::AnySimpleType),
    ("gDay", B::GDay, B::AnySimpleType),
    ("gMonth", B::GMonth, B::AnySimpleType),
    ("hexBinary", B::HexBinary, B::AnySimpleType),
    ("QName", B::QName, B::AnySimpleType),
    ("NOTATION", B::Notation, B::AnySimpleType),
];

impl Builtin {
    /// The type of that name.
    pub fn named(name: &str) -> Option<Self> {
        let found = ALL.iter().find(|(known, ..)| *known == name);
        found.map(|(_, builtin, _)| *builtin)
    }

    fn row(self) -> &'static (&'static str, Self, Self) {
        let found = ALL.iter().find(|(_, builtin, _)| *builtin == self);
        // A test sees to it that each has a row.
        found.unwrap_or(&ALL[0])
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// Whether it is `other` or derived from it.
    pub fn is(self, other: Self) -> bool {
        let base = self.row().2;
        self == other || (base != self && base.is(other))
    }

    /// Whether `text` is of the type. What a qualified name's prefix stands for must be looked at
    /// by others: it must be declared.
    pub fn check(self, text: &str) -> Result<(), Broken> {
        if self == Self::Base64Binary {
            return super::base64(text);
        }
        if self.holds(text) {
            return Ok(());
        }
        let (rule, wrong, remedy) = match self {
            Self::AnyUri => (
                "uri",
                "is not a URI",
                "write % only before two hexadecimal digits, and : only after a scheme",
            ),
            Self::Id => (
                "id",
                "is not an XML id",
                "start with a letter, no spaces or colons",
            ),
            Self::Integer => ("whole-number", "is not a whole number", "write digits only"),
            other => {
                let wrong = format!("is not of the type xs:{}", other.name());
                return Err(broken("type", wrong, "write a value of that type"));
            }
        };
        Err(broken(rule, wrong, remedy))
    }

    fn holds(self, text: &str) -> bool {
        let collapsed = collapse(text);
        let after_space = text.trim_start_matches(is_space);
        match self {
            Self::AnySimpleType | Self::String | Self::NormalizedString | Self::Token => true,
            Self::Language => {
                let mut parts = collapsed.split('-');
                let short = |p: &str| (1..=8).contains(&p.len());
                parts
                    .next()
                    .is_some_and(|p| short(p) && p.bytes().all(|b| b.is_ascii_alphabetic()))
                    && parts.all(|p| short(p) && p.bytes().all(|b| b.is_ascii_alphanumeric()))
            }
            Self::NmToken => is_nm_token(collapsed),
            Self::NmTokens => text.split(is_space).all(|t| t.is_empty() || is_nm_token(t)),
            Self::Name => is_name(collapsed),
            Self::NcName | Self::Id | Self::IdRef => is_nc_name(collapsed),
            Self::IdRefs => text.split(is_space).all(|t| t.is_empty() || is_nc_name(t)),
            // There is no document type that could declare one.
            Self::Entity | Self::Notation => false,
            Self::Entities => collapsed.is_empty(),
            Self::Boolean => matches!(collapsed, "true" | "false" | "1" | "0"),
            Self::Decimal => decimal(text, u32::MAX, u32::MAX).is_ok(),
            Self::Integer => whole(collapsed, true).is_some(),
            Self::NonPositiveInteger => whole(collapsed, true).is_some_and(|n| n.at_most_zero()),
            Self::NegativeInteger => {
                whole(collapsed, true).is_some_and(|n| n.negative && !n.digits.is_empty())
            }
            Self::NonNegativeInteger => {
                whole(collapsed, true).is_some_and(|n| !n.negative || n.digits.is_empty())
            }
            Self::PositiveInteger => {
                whole(collapsed, true).is_some_and(|n| !n.negative && !n.digits.is_empty())
            }
            // libxml2 lets no white space stand around these.
            Self::Long => within(text, i64::MIN.into(), i64::MAX.into()),
            Self::Int => within(text, i32::MIN.into(), i32::MAX.into()),
            Self::Short => within(text, i16::MIN.into(), i16::MAX.into()),
            Self::Byte => within(text, i8::MIN.into(), i8::MAX.into()),
            Self::UnsignedLong => below(text, u64::MAX),
            Self::UnsignedInt => below(text, u32::MAX.into()),
            Self::UnsignedShort => below(text, u16::MAX.into()),
            Self::UnsignedByte => below(text, u8::MAX.into()),
            Self::Float | Self::Double => float(text),
            Self::Duration => duration(after_space),
            Self::DateTime => date_time(text).is_some(),
            Self::Time => time(after_space).is_some(),
            Self::Date => date(text).is_some(),
            Self::GYearMonth => g_year_month(text).is_some(),
            Self::GYear => g_year(text).is_some(),
            Self::GMonthDay => g_month_day(after_space).is_some(),
            Self::GDay => g_day(after_space).is_some(),
            Self::GMonth => g_month(after_space).is_some(),
            Self::HexBinary => {
                collapsed.len().is_multiple_of(2)
                    && collapsed.bytes().all(|b| b.is_ascii_hexdigit())
            }
            Self::Base64Binary => super::base64(text).is_ok(),
            Self::AnyUri => is_any_uri(collapsed),
            Self::QName => match collapsed.split_once(':') {
                Some((prefix, local)) => is_nc_name(prefix) && is_nc_name(local),
                None => is_nc_name(collapsed),
            },
        }
    }
}

/// A whole number: its sign, and its digits without leading zeros.
struct Whole<'t> {
    negative: bool,
    digits: &'t str,
}

impl Whole<'_> {
    fn at_most_zero(&self) -> bool {
        self.negative || self.digits.is_empty()
    }
}

fn whole(text: &str, signed: bool) -> Option<Whole<'_>> {
    let unsigned = match text.strip_prefix(['+', '-']) {
        Some(rest) if signed => rest,
        _ => text,
    };
    let digits = unsigned.trim_start_matches('0');
    let all = !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit());
    (all && digits.len() <= LONGEST).then_some(Whole {
        negative: text.starts_with('-'),
        digits,
    })
}

fn within(text: &str, least: i128, most: i128) -> bool {
    let number = whole(text, true).and_then(|n| {
        let value: i128 = format!("0{}", n.digits).parse().ok()?;
        Some(if n.negative { -value } else { value })
    });
    number.is_some_and(|n| (least..=most).contains(&n))
}

fn below(text: &str, most: u64) -> bool {
    whole(text, false).is_some_and(|n| {
        format!("0{}", n.digits)
            .parse()
            .is_ok_and(|v: u64| v <= most)
    })
}

fn float(text: &str) -> bool {
    let text = text.trim_start_matches(is_space);
    if matches!(text, "NaN" | "INF" | "-INF") {
        return true;
    }
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let whole = digits(unsigned);
    let mut rest = &unsigned[whole..];
    let mut part = 0;
    if let Some(after) = rest.strip_prefix('.') {
        part = digits(after);
        rest = &after[part..];
    }
    if whole + part == 0 {
        return false;
    }
    // libxml2 asks for no digit after the e.
    if let Some(after) = rest.strip_prefix(['e', 'E']) {
        let power = after.strip_prefix(['+', '-']).unwrap_or(after);
        rest = &power[digits(power)..];
    }
    rest.chars().all(is_space)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_row() {
        for (name, builtin, base) in ALL {
            assert_eq!(builtin.name(), *name);
            assert_eq!(Builtin::named(name), Some(*builtin));
            assert_eq!(base.row().1, *base);
        }
        assert_eq!(ALL.len(), B::Notation as usize + 1);
    }

    #[test]
    fn derivation_goes_up_to_any_simple_type() {
        assert!(B::Id.is(B::String) && B::Byte.is(B::Integer) && B::Byte.is(B::Decimal));
        assert!(!B::String.is(B::Token) && !B::NmTokens.is(B::String));
        assert!(B::UnsignedByte.is(B::NonNegativeInteger) && B::QName.is(B::AnySimpleType));
    }

    #[test]
    fn values_are_of_their_types() {
        let good = [
            ("language", " zh-Hans-CN "),
            ("NMTOKEN", "-1.a:b"),
            ("NMTOKENS", " a 1 "),
            ("Name", ":a"),
            ("boolean", " true"),
            ("integer", " -1 "),
            ("negativeInteger", "-1"),
            ("nonPositiveInteger", "0"),
            ("byte", "-128"),
            ("unsignedByte", "0255"),
            ("float", " -1.5e-3 "),
            ("float", "1e"),
            ("double", "-INF"),
            ("duration", " -P1Y2M3DT4H5M.5S"),
            ("time", " 24:00:00.0Z"),
            ("gYear", "-2026+08:00"),
            ("gYearMonth", "2026-11"),
            ("gMonthDay", "--02-29"),
            ("gDay", "---31Z"),
            ("gMonth", "--11"),
            ("hexBinary", " 0aB1 "),
            ("QName", "a:b"),
        ];
        for (name, text) in good {
            assert!(
                Builtin::named(name).unwrap().check(text).is_ok(),
                "{name} {text}"
            );
        }
        let bad = [
            ("language", "en_US"),
            ("NCName", "a:b"),
            ("ENTITY", "a"),
            ("boolean", "TRUE"),
            ("short", " 1"),
            ("byte", "128"),
            ("unsignedByte", "+1"),
            ("positiveInteger", "0"),
            ("float", "+INF"),
            ("float", "NaN "),
            ("duration", "P1Y "),
            ("duration", "P1M1Y"),
            ("duration", "P1DT"),
            ("time", "24:00:01"),
            ("gYear", " 2026"),
            ("gMonthDay", "--02-30"),
            ("gDay", "---00"),
            ("gMonth", "--11--"),
            ("hexBinary", "0"),
            ("QName", "a:"),
        ];
        for (name, text) in bad {
            assert!(
                Builtin::named(name).unwrap().check(text).is_err(),
                "{name} {text}"
            );
        }
    }
}
