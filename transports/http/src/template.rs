//! Texts with places to fill in: `Bearer {token}`, `{envelope:base64}`, `{time:YYYYMMDDhhmmss}`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

/// A text with places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Place(Place),
}

/// `{name}`, `{name?}` (nothing where there is none), `{name:form}`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    name: String,
    optional: bool,
    form: Option<String>,
}

/// What places are filled with.
pub(crate) trait Names {
    /// The octets of that name, written in the form that is asked for where the name has several.
    fn get(&self, name: &str, form: Option<&str>) -> Option<Cow<'_, [u8]>>;
}

/// How what is filled in is protected in its surroundings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// As it is.
    None,
    /// In XML's text and attributes.
    Xml,
    /// In a path, a query or a form.
    Url,
}

/// What RFC 3986 leaves unescaped everywhere.
const UNRESERVED: percent_encoding::AsciiSet = percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

pub(crate) fn url(octets: &[u8]) -> String {
    percent_encoding::percent_encode(octets, &UNRESERVED).to_string()
}

impl Template {
    /// Reads a template; `{{` and `}}` are braces.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..at + 1];
            let after = &rest[at + 1..];
            if let Some(after) = after.strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
                continue;
            }
            let Some((place, after)) = after.split_once('}').filter(|_| brace == "{") else {
                return Err(format!(
                    "{brace} stands alone in {text:?}; a brace itself is written twice"
                ));
            };
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Place(Place::read(place)?));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// The names that it asks for.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Place(place) if !place.optional => Some(place.name.as_str()),
            _ => None,
        })
    }

    /// Whether it asks for that name.
    pub(crate) fn asks(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|piece| matches!(piece, Piece::Place(place) if place.name == name))
    }

    /// Fills it in.
    ///
    /// # Errors
    /// The name that nothing is known of.
    pub(crate) fn fill(&self, names: &dyn Names, guard: Guard) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Place(place) => match place.value(names) {
                    Some(octets) => guard.write(&mut out, &octets),
                    None if place.optional => {}
                    None => return Err(place.name.clone()),
                },
            }
        }
        Ok(out)
    }

    /// Fills it in with text.
    pub(crate) fn text(&self, names: &dyn Names, guard: Guard) -> Result<String, String> {
        let octets = self.fill(names, guard)?;
        Ok(String::from_utf8_lossy(&octets).into_owned())
    }
}

impl Place {
    fn read(text: &str) -> Result<Self, String> {
        let (name, form) = match text.split_once(':') {
            Some((name, form)) => (name, Some(form.to_owned())),
            None => (text, None),
        };
        let (name, optional) = match name.strip_suffix('?') {
            Some(name) => (name, true),
            None => (name, false),
        };
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || !name.chars().all(plain) {
            return Err(format!(
                "{{{text}}} is no name; a brace itself is written twice"
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            optional,
            form,
        })
    }

    fn value<'a>(&self, names: &'a dyn Names) -> Option<Cow<'a, [u8]>> {
        if self.form.as_deref() == Some("base64") {
            let octets = names.get(&self.name, None)?;
            return Some(Cow::Owned(STANDARD.encode(octets).into_bytes()));
        }
        names.get(&self.name, self.form.as_deref())
    }
}

impl Guard {
    fn write(self, out: &mut Vec<u8>, octets: &[u8]) {
        match self {
            Self::None => out.extend_from_slice(octets),
            Self::Url => out.extend_from_slice(url(octets).as_bytes()),
            Self::Xml => {
                for octet in octets {
                    match octet {
                        b'&' => out.extend_from_slice(b"&amp;"),
                        b'<' => out.extend_from_slice(b"&lt;"),
                        b'>' => out.extend_from_slice(b"&gt;"),
                        b'"' => out.extend_from_slice(b"&quot;"),
                        b'\r' => out.extend_from_slice(b"&#13;"),
                        other => out.push(*other),
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    struct One;

    impl Names for One {
        fn get(&self, name: &str, form: Option<&str>) -> Option<Cow<'_, [u8]>> {
            match (name, form) {
                ("a", None) => Some(Cow::Borrowed(b"<&\"1/2".as_slice())),
                ("a", Some(form)) => Some(Cow::Owned(form.as_bytes().to_vec())),
                _ => None,
            }
        }
    }

    #[test]
    fn places_are_filled_and_guarded() {
        let fill = |text: &str, guard| Template::read(text).unwrap().text(&One, guard);
        assert_eq!(fill("x{a}y", Guard::None).unwrap(), "x<&\"1/2y");
        assert_eq!(fill("{a}", Guard::Xml).unwrap(), "&lt;&amp;&quot;1/2");
        assert_eq!(fill("/p/{a}", Guard::Url).unwrap(), "/p/%3C%26%221%2F2");
        assert_eq!(fill("{a:base64}", Guard::None).unwrap(), "PCYiMS8y");
        assert_eq!(fill("{a:hh:mm}", Guard::None).unwrap(), "hh:mm");
        assert_eq!(fill("{{{b?}}}", Guard::None).unwrap(), "{}");
        assert_eq!(fill("{b}", Guard::None).unwrap_err(), "b");
    }

    #[test]
    fn what_is_no_template_is_told() {
        for wrong in ["{", "}", "a{b", "{a b}", "{}"] {
            assert!(Template::read(wrong).is_err(), "{wrong}");
        }
    }
}
