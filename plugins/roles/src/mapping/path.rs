//! Where a value stands in a record of the enterprise.

/// A column of a CSV document, by its whole name; in JSON a place: `buyer.name` from the record, or
/// from the item that is read; `/buyer/name` (a JSON Pointer, RFC 6901) always from the record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Path {
    written: String,
    segments: Vec<String>,
    from_record: bool,
}

impl Path {
    /// As the manifest has it; `None` where it names nothing.
    pub fn read(written: &str) -> Option<Self> {
        let written = written.trim();
        let (from_record, segments): (bool, Vec<String>) = match written.strip_prefix('/') {
            Some(pointer) => {
                let unescaped = |s: &str| s.replace("~1", "/").replace("~0", "~");
                (true, pointer.split('/').map(unescaped).collect())
            }
            None => (false, written.split('.').map(str::to_owned).collect()),
        };
        let whole = !segments.iter().any(String::is_empty);
        whole.then(|| Self {
            written: written.to_owned(),
            segments,
            from_record,
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
        self.from_record
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
        for nothing in ["", " ", "a..b", "/", "a."] {
            assert_eq!(of(nothing), None, "{nothing:?}");
        }
    }
}
