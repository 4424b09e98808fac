//! Where a value stands in a record of the enterprise.

/// A column of a CSV document, by its whole name; in JSON a place: `buyer.name` from the record, or
/// from the item that is read; `/buyer/name` (a JSON Pointer, RFC 6901) always from the record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Path {
    written: String,
    segments: Vec<String>,
    is_from_record: bool,
}

impl Path {
    /// As the manifest has it; `None` where it names nothing. What is no way through names (`No.`) is
    /// one name.
    pub fn read(written: &str) -> Option<Self> {
        let written = written.trim();
        let (is_from_record, segments): (bool, Vec<String>) = match written.strip_prefix('/') {
            Some(pointer) => {
                let unescaped = |s: &str| s.replace("~1", "/").replace("~0", "~");
                (true, pointer.split('/').map(unescaped).collect())
            }
            None => (false, written.split('.').map(str::to_owned).collect()),
        };
        let one_name = segments.iter().any(String::is_empty);
        (!written.is_empty()).then(|| Self {
            written: written.to_owned(),
            segments: if one_name {
                vec![written.to_owned()]
            } else {
                segments
            },
            is_from_record: is_from_record && !one_name,
        })
    }

    /// As the manifest has it: the column's name.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The names and numbers from one JSON value to the next.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// It starts at the record, even for an item.
    pub fn is_from_record(&self) -> bool {
        self.is_from_record
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_and_pointers() {
        let of =
            |written| Path::read(written).map(|p| (p.is_from_record(), p.segments().join("|")));
        assert_eq!(of("buyer.name"), Some((false, "buyer|name".to_owned())));
        assert_eq!(of("/a.b/c~1d/~01"), Some((true, "a.b|c/d|~1".to_owned())));
        for name in ["No.", "a..b", "/", "."] {
            assert_eq!(of(name), Some((false, name.to_owned())));
        }
        for nothing in ["", " "] {
            assert_eq!(of(nothing), None, "{nothing:?}");
        }
    }
}
