//! JSON to write, its names in the order in which they are put in.

use std::fmt::Write as _;

/// A value.
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// A number as it is written.
    Number(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

impl Json {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub fn number(number: impl ToString) -> Self {
        Self::Number(number.to_string())
    }

    /// An array of texts.
    pub fn texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        Self::Array(texts.into_iter().map(Self::text).collect())
    }

    /// A whole document, indented, ended by a line feed.
    pub fn document(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out.push('\n');
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => {
                let _ = write!(out, "{value}");
            }
            Self::Number(digits) => out.push_str(digits),
            Self::Text(text) => quoted(out, text),
            // Short lists of plain values stand on one line.
            Self::Array(values) if values.iter().all(Self::is_plain) => {
                out.push('[');
                for (index, value) in values.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    value.write(out, depth);
                }
                out.push(']');
            }
            Self::Array(values) => {
                lines(out, ('[', ']'), depth, values, |out, value| {
                    value.write(out, depth + 1);
                });
            }
            Self::Object(values) => {
                lines(out, ('{', '}'), depth, values, |out, (name, value)| {
                    quoted(out, name);
                    out.push_str(": ");
                    value.write(out, depth + 1);
                });
            }
        }
    }

    fn is_plain(&self) -> bool {
        !matches!(self, Self::Array(_) | Self::Object(_))
    }
}

fn lines<T>(
    out: &mut String,
    (open, close): (char, char),
    depth: usize,
    values: &[T],
    mut write: impl FnMut(&mut String, &T),
) {
    out.push(open);
    for (index, value) in values.iter().enumerate() {
        out.push_str(if index > 0 { ",\n" } else { "\n" });
        out.push_str(&"  ".repeat(depth + 1));
        write(out, value);
    }
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push(close);
}

fn quoted(out: &mut String, text: &str) {
    let _ = write!(out, "{}", serde_json::Value::from(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_json() {
        let value = Json::Object(vec![
            ("b", Json::text("\"\n茶")),
            ("a", Json::Array(vec![Json::Null, Json::Bool(true)])),
            (
                "c",
                Json::Array(vec![Json::Object(vec![("d", Json::number(1))])]),
            ),
        ]);
        let text = value.document();
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["b"], "\"\n茶");
        assert_eq!(read["c"][0]["d"], 1);
        assert!(text.find("\"b\"") < text.find("\"a\""));
    }
}
