//! The standard's notation of types and occurrence, as Rust.

pub(crate) fn content(kind: &str, name: &str) -> String {
    match kind {
        "any" => "Content::AnyElement".to_owned(),
        "anytype" => "Content::AnyType".to_owned(),
        "signature" => "Content::Signature".to_owned(),
        "empty" => "Content::Sequence(&[])".to_owned(),
        _ => match simple(kind) {
            Some(simple) => format!("Content::Text({simple})"),
            None => panic!("{name}: unknown type {kind:?}"),
        },
    }
}

/// The standard's own notation, made exact: C36, C1..60, C..1000, N19,5, N9.
pub(crate) fn simple(kind: &str) -> Option<String> {
    let number = |s: &str| s.parse::<u32>().ok();
    Some(match kind {
        "int" => "SimpleType::Int { digits: 0 }".to_owned(),
        "date" => "SimpleType::Date".to_owned(),
        "datetime" => "SimpleType::DateTime".to_owned(),
        "base64" => "SimpleType::Base64".to_owned(),
        "id" => "SimpleType::Id".to_owned(),
        _ if kind.starts_with('C') => match kind[1..].split_once("..") {
            None => {
                let n = number(&kind[1..])?;
                format!("SimpleType::Chars {{ min: {n}, max: {n}, collapse: false }}")
            }
            Some((min, max)) => {
                let min = if min.is_empty() { 0 } else { number(min)? };
                let max = if max.is_empty() {
                    u32::MAX
                } else {
                    number(max)?
                };
                format!("SimpleType::Chars {{ min: {min}, max: {max}, collapse: false }}")
            }
        },
        _ if kind.starts_with('N') => match kind[1..].split_once(',') {
            None => format!("SimpleType::Int {{ digits: {} }}", number(&kind[1..])?),
            Some((total, fraction)) => format!(
                "SimpleType::Decimal {{ total: {}, fraction: {} }}",
                number(total)?,
                number(fraction)?
            ),
        },
        _ => return None,
    })
}

pub(crate) fn occurs_range(occurs: Option<&str>, name: &str) -> (String, String) {
    let Some(text) = occurs else {
        return ("1".to_owned(), "1".to_owned());
    };
    let Some((min, max)) = text.split_once("..") else {
        panic!("{name}: occurs is written MIN..MAX, not {text:?}")
    };
    (
        min.to_owned(),
        if max == "*" {
            "u32::MAX".to_owned()
        } else {
            max.to_owned()
        },
    )
}
