//! The standard's notation of types and occurrence.

use std::fmt;

use crate::table::{Content, Element, Particle, SimpleType};

/// As the tables write it: `C36`, `C1..60`, `N19,5`.
///
/// ```
/// use tongguan_messages::{Content, message};
/// let head = message("CEB311Message").unwrap().unit.unwrap().child("OrderHead").unwrap();
/// let Content::Text(kind) = head.child("orderNo").unwrap().content else { panic!() };
/// assert_eq!(kind.to_string(), "C1..60");
/// ```
impl fmt::Display for SimpleType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Chars { min, max, .. } if min == max => write!(f, "C{min}"),
            Self::Chars { min, max, .. } => {
                f.write_str("C")?;
                if min > 0 {
                    write!(f, "{min}")?;
                }
                f.write_str("..")?;
                if max < u32::MAX {
                    write!(f, "{max}")?;
                }
                Ok(())
            }
            Self::Decimal { total, fraction } => write!(f, "N{total},{fraction}"),
            Self::Int { digits: 0 } => f.write_str("int"),
            Self::Int { digits } => write!(f, "N{digits}"),
            Self::Date => f.write_str("date"),
            Self::DateTime => f.write_str("datetime"),
            Self::Base64 => f.write_str("base64"),
            Self::Id => f.write_str("ID"),
        }
    }
}

impl Element {
    /// Its type in the standard's notation; for what is no text, what it is in English.
    pub fn notation(&self) -> String {
        match self.content {
            Content::Text(kind) => kind.to_string(),
            Content::Sequence([]) => "empty".to_owned(),
            Content::Sequence(_) => "record".to_owned(),
            Content::Signature => "signature".to_owned(),
            Content::AnyElement | Content::AnyType => "anything".to_owned(),
        }
    }
}

impl Particle {
    /// How often it stands: `1`, `0..1`, `1..99`, `1..*`.
    pub fn occurs(&self) -> String {
        match (self.min, self.max) {
            (min, max) if min == max => min.to_string(),
            (min, u32::MAX) => format!("{min}..*"),
            (min, max) => format!("{min}..{max}"),
        }
    }
}
