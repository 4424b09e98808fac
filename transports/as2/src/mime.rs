//! MIME entities (RFC 2045, 2046), octet by octet: what was signed stays as it came.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::HeaderMap;
use memchr::memmem;

/// An entity has no more header fields, a header no more octets, and a multipart no more parts.
const FIELDS: usize = 100;
const HEADER: usize = 32 << 10;
const PARTS: usize = 16;

/// Header fields and a body.
#[derive(Debug, Clone)]
pub(crate) struct Entity {
    fields: Vec<(String, String)>,
    pub body: Bytes,
}

/// What `Content-Type` says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Kind {
    /// In small letters: `multipart/signed`.
    pub name: String,
    parameters: Vec<(String, String)>,
}

impl Entity {
    /// An entity that is written field by field.
    pub(crate) fn new(fields: Vec<(String, String)>, body: impl Into<Bytes>) -> Self {
        Self {
            fields,
            body: body.into(),
        }
    }

    /// The entity that an HTTP message carries.
    pub(crate) fn of_http(headers: &HeaderMap, body: Bytes) -> Self {
        let field = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        };
        Self {
            fields: headers.iter().map(field).collect(),
            body,
        }
    }

    /// Reads an entity: fields up to an empty line, then the body.
    pub(crate) fn parse(octets: &Bytes) -> Result<Self, String> {
        let mut fields: Vec<(String, String)> = Vec::new();
        let mut at = 0;
        loop {
            let header = octets.get(..HEADER).unwrap_or(octets);
            let rest = header.get(at..).unwrap_or_default();
            let end = memchr::memchr(b'\n', rest).ok_or_else(|| match octets.len() > HEADER {
                true => "its header is too long",
                false => "its header has no end",
            })?;
            let line = rest.get(..end).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            at += end + 1;
            if line.is_empty() {
                break;
            }
            let line = String::from_utf8_lossy(line);
            if line.starts_with([' ', '\t']) {
                // Folded (RFC 5322, 2.2.3).
                let (_, value) = fields.last_mut().ok_or("its header begins folded")?;
                value.push(' ');
                value.push_str(line.trim());
                continue;
            }
            let (name, value) = line.split_once(':').ok_or("its header is broken")?;
            if fields.len() == FIELDS {
                return Err("it has too many header fields".to_owned());
            }
            fields.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        Ok(Self {
            fields,
            body: octets.slice(at.min(octets.len())..),
        })
    }

    /// The first field of that name.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let (_, value) = fields.find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    pub(crate) fn fields(&self) -> &[(String, String)] {
        &self.fields
    }

    pub(crate) fn kind(&self) -> Kind {
        self.field("Content-Type")
            .map(Kind::read)
            .unwrap_or_default()
    }

    /// The body without its transfer encoding (RFC 2045, 6).
    pub(crate) fn content(&self) -> Result<Bytes, String> {
        let encoding = self.field("Content-Transfer-Encoding").unwrap_or("binary");
        match encoding.to_ascii_lowercase().as_str() {
            "7bit" | "8bit" | "binary" => Ok(self.body.clone()),
            "base64" => {
                let plain: Vec<u8> = self
                    .body
                    .iter()
                    .copied()
                    .filter(|o| !o.is_ascii_whitespace())
                    .collect();
                let octets = STANDARD.decode(plain);
                Ok(octets.map_err(|e| format!("its base64: {e}"))?.into())
            }
            other => Err(format!("it is encoded as {other:?}, which is not known")),
        }
    }

    /// The parts of a multipart, each as it stands between its delimiters (RFC 2046, 5.1.1).
    pub(crate) fn parts(&self) -> Result<Vec<Bytes>, String> {
        let kind = self.kind();
        let boundary = kind.parameter("boundary").filter(|b| !b.is_empty());
        let delimiter = format!("--{}", boundary.ok_or("it names no boundary")?);
        let mut parts = Vec::new();
        let mut start = None;
        for at in memmem::find_iter(&self.body, delimiter.as_bytes()) {
            let before = self.body.get(..at).unwrap_or_default();
            // First of all: else each of many on one line would have its end looked for.
            if !(at == 0 || before.ends_with(b"\n")) {
                continue;
            }
            let after = self.body.get(at + delimiter.len()..).unwrap_or_default();
            let last = after.starts_with(b"--");
            let line = memchr::memchr(b'\n', after).map_or(after.len(), |n| n + 1);
            let blank = |o: &u8| matches!(o, b' ' | b'\t' | b'\r' | b'\n');
            let tail = after.get(..line).unwrap_or_default();
            if !(last || tail.iter().all(blank)) {
                continue;
            }
            if let Some(start) = start {
                // The line break before a delimiter is the delimiter's.
                let end = at - if before.ends_with(b"\r\n") { 2 } else { 1 };
                if parts.len() == PARTS || end < start {
                    return Err("its parts are broken".to_owned());
                }
                parts.push(self.body.slice(start..end));
            }
            if last {
                return Ok(parts);
            }
            start = Some(at + delimiter.len() + line);
        }
        Err("it breaks off before its last delimiter".to_owned())
    }

    /// The entity as octets.
    pub(crate) fn octets(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(self.body.len() + 1024);
        for (name, value) in &self.fields {
            octets.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        octets.extend_from_slice(b"\r\n");
        octets.extend_from_slice(&self.body);
        octets
    }
}

/// Fields, as they are written.
pub(crate) fn fields(given: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    given.iter().map(own).collect()
}

/// A multipart's type and body. The boundary is drawn so that no part holds it.
pub(crate) fn multipart(kind: &str, parts: &[&[u8]]) -> (String, Vec<u8>) {
    let boundary = format!("----{}", uuid::Uuid::new_v4().simple());
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        body.extend_from_slice(part);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("{kind}; boundary=\"{boundary}\""), body)
}

/// Octets as base64 in lines of 76 characters (RFC 2045, 6.8).
pub(crate) fn base64_lines(octets: &[u8]) -> String {
    let text = STANDARD.encode(octets);
    let mut lines = String::with_capacity(text.len() + text.len() / 38);
    for (n, c) in text.chars().enumerate() {
        if n > 0 && n % 76 == 0 {
            lines.push_str("\r\n");
        }
        lines.push(c);
    }
    lines
}

impl Kind {
    /// `application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"`
    fn read(text: &str) -> Self {
        let mut pieces = split(text).into_iter();
        let name = pieces.next().unwrap_or_default();
        let parameters = pieces.filter_map(|piece| {
            let (name, value) = piece.split_once('=')?;
            Some((name.trim().to_ascii_lowercase(), unquoted(value)))
        });
        Self {
            name: name.trim().to_ascii_lowercase(),
            parameters: parameters.collect(),
        }
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        let (_, value) = parameters.find(|(n, _)| n == name)?;
        Some(value)
    }
}

/// Splits at semicolons outside quotes.
fn split(text: &str) -> Vec<String> {
    let (mut pieces, mut quoted, mut escaped) = (vec![String::new()], false, false);
    for c in text.chars() {
        match c {
            ';' if !quoted => {
                pieces.push(String::new());
                continue;
            }
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = c == '\\' && quoted && !escaped;
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
    }
    pieces
}

/// A word, or what a quoted string says (RFC 5322, 3.2.4).
pub(crate) fn unquoted(text: &str) -> String {
    let text = text.trim();
    let inner = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    let Some(inner) = inner else {
        return text.to_owned();
    };
    let (mut out, mut escaped) = (String::new(), false);
    for c in inner.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            out.push(c);
            escaped = false;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Entity, HEADER, Kind, multipart, unquoted};
    use bytes::Bytes;

    #[test]
    fn a_type_has_parameters() {
        let kind = Kind::read("Multipart/Signed; micalg=SHA-256 ;Boundary=\"a;b\\\"c\"");
        assert_eq!(kind.name, "multipart/signed");
        assert_eq!(kind.parameter("micalg"), Some("SHA-256"));
        assert_eq!(kind.parameter("boundary"), Some("a;b\"c"));
        assert_eq!(unquoted(" \"A \\\\ B\" "), "A \\ B");
    }

    #[test]
    fn parts_stay_as_they_are() {
        let parts: [&[u8]; 3] = [b"A: b\r\n\r\none\r\n", b"\r\n\r\n\x00\xff--x", b""];
        let (kind, body) = multipart("multipart/mixed", &parts);
        let fields = vec![("Content-Type".to_owned(), kind)];
        let entity = Entity::new(fields, body);
        assert_eq!(entity.parts().unwrap(), parts);
        let again = Entity::parse(&Bytes::from(entity.octets())).unwrap();
        assert_eq!(again.parts().unwrap(), parts);
        let first = Entity::parse(&again.parts().unwrap()[0]).unwrap();
        assert_eq!(first.field("a"), Some("b"));
        assert_eq!(&first.body[..], b"one\r\n");
    }

    #[test]
    fn what_is_broken_is_told_and_breaks_nothing() {
        let parse = |text: &'static [u8]| Entity::parse(&Bytes::from_static(text));
        for text in [
            &b""[..],
            b"A: b",
            b"A: b\r\n",
            b" x\r\n\r\n",
            b"no colon\r\n\r\n",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        let of = |body: &'static [u8]| {
            let kind = "multipart/x; boundary=b".to_owned();
            Entity::new(vec![("Content-Type".to_owned(), kind)], body).parts()
        };
        for body in [
            &b""[..],
            b"--b",
            b"--b\r\nx\r\n--b",
            b"--b\r\n--bb--",
            b"--b\r\n--b--",
        ] {
            assert!(of(body).is_err(), "{body:?}");
        }
        assert_eq!(of(b"--b\n\r\n--b--").unwrap(), [&b""[..]]);
        // What a stranger may send of 64 MB is read in the time of 64 MB, and in no more memory.
        let long = [&b"Content-Type: a"[..], &b";".repeat(HEADER), b"\r\n\r\n"].concat();
        assert_eq!(
            Entity::parse(&long.into()).unwrap_err(),
            "its header is too long"
        );
        let kind = "multipart/x; boundary=b".to_owned();
        let fields = vec![("Content-Type".to_owned(), kind)];
        let crowded = Entity::new(fields, b"--b ".repeat(1 << 23));
        assert!(crowded.parts().is_err());
        assert_eq!(parse(b"\r\nbody").unwrap().body, "body");
        assert_eq!(parse(b"A: b\n c\n\nbody").unwrap().field("a"), Some("b c"));
    }
}
