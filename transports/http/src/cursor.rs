//! What of a platform's receipts was had, so that a restart loses none.
//!
//! A platform that is asked from a cursor on gives what comes after it, again and again. The cursor
//! that is kept, and asked from, leads past what was acknowledged, and past nothing else.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Instant;
use time::OffsetDateTime;
use time::macros::offset;

use crate::items::Item;
use crate::names::written;
use crate::options::Cursor;

/// What is kept on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    /// All up to it was acknowledged; nothing yet where there is none.
    cursor: Option<String>,
    /// What was acknowledged and may come again, with its position: a time is asked from with an
    /// overlap.
    #[serde(default)]
    had: BTreeMap<String, String>,
}

impl Kept {
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        match fs::read(path) {
            Ok(octets) => serde_json::from_slice(&octets).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Puts it on disk, whole or not at all.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let part = path.with_extension("json.part");
        let mut file = File::create(&part)?;
        file.write_all(&serde_json::to_vec(self).map_err(io::Error::other)?)?;
        file.sync_all()?;
        fs::rename(&part, path)?;
        // The name, too, is to survive.
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        Ok(())
    }
}

/// How far a receipt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Handed to the core.
    Out,
    /// Given back: it is handed out again when it comes again.
    Back,
    /// Acknowledged.
    Had,
}

/// The receipts after the cursor that were seen, in order.
#[derive(Debug, Default)]
pub(crate) struct Window {
    kept: Kept,
    /// How often what is kept has changed.
    changes: u64,
    /// Ids with their positions, where there is a cursor.
    order: VecDeque<(String, String)>,
    stages: HashMap<String, Stage>,
    /// Done with, and when: an answer that was asked for before may hold them still.
    past: HashMap<String, Instant>,
}

impl Window {
    pub(crate) fn new(kept: Kept) -> Self {
        Self {
            kept,
            ..Self::default()
        }
    }

    /// From where to ask.
    pub(crate) fn from(&self, cursor: Option<&Cursor>) -> String {
        let Some(cursor) = cursor else {
            return String::new();
        };
        let Some(by) = &cursor.time else {
            return self
                .kept
                .cursor
                .clone()
                .unwrap_or_else(|| cursor.start.clone());
        };
        let asked = match &self.kept.cursor {
            Some(position) => earlier(position, &by.pattern, by.overlap),
            None if !cursor.start.is_empty() => Some(cursor.start.clone()),
            None => None,
        };
        asked.unwrap_or_else(|| written(now() - by.first, &by.pattern))
    }

    /// Whether a receipt that is named is to be had: it is neither handed out nor done with.
    pub(crate) fn wants(&self, id: &str) -> bool {
        !self.kept.had.contains_key(id)
            && !self.past.contains_key(id)
            && self
                .stages
                .get(id)
                .is_none_or(|stage| *stage == Stage::Back)
    }

    /// Takes in what was given to a question asked `then`; gives what is to be handed out. Questions
    /// are asked one after the other.
    pub(crate) fn saw(
        &mut self,
        mut items: Vec<Item>,
        cursor: Option<&Cursor>,
        then: Instant,
    ) -> Vec<Item> {
        self.past.retain(|_, when| *when >= then);
        if let Some(by) = cursor.and_then(|cursor| cursor.time.as_ref()) {
            // What tells no time is taken for as new as the newest: else it would come again for ever.
            let told = |item: &&Item| earlier(&item.position, &by.pattern, by.overlap).is_some();
            let newest = items.iter().filter(told).map(|item| item.position.clone());
            let newest = newest.chain(self.kept.cursor.clone()).max();
            let newest = newest.unwrap_or_else(|| written(now(), &by.pattern));
            for item in &mut items {
                if !told(&&*item) {
                    item.position.clone_from(&newest);
                }
            }
            items.sort_by(|a, b| a.position.cmp(&b.position));
        }
        items.retain(|item| {
            if self.kept.had.contains_key(&item.id) || self.past.contains_key(&item.id) {
                return false;
            }
            match self.stages.get_mut(&item.id) {
                Some(stage @ Stage::Back) => *stage = Stage::Out,
                Some(Stage::Out | Stage::Had) => return false,
                None => {
                    self.stages.insert(item.id.clone(), Stage::Out);
                    if cursor.is_some() {
                        let seen = (item.id.clone(), item.position.clone());
                        self.order.push_back(seen);
                    }
                }
            }
            true
        });
        items
    }

    /// A receipt was not taken after all.
    pub(crate) fn back(&mut self, id: &str) {
        if let Some(stage @ Stage::Out) = self.stages.get_mut(id) {
            *stage = Stage::Back;
        }
    }

    /// What is to be kept, and how often that has changed.
    pub(crate) fn kept(&self) -> (u64, Kept) {
        (self.changes, self.kept.clone())
    }

    /// A receipt is acknowledged.
    pub(crate) fn had(&mut self, id: &str, cursor: Option<&Cursor>) {
        let Some(cursor) = cursor else {
            self.past(id);
            return;
        };
        self.stages.insert(id.to_owned(), Stage::Had);
        while let Some((id, _)) = self.order.front()
            && self.stages.get(id) == Some(&Stage::Had)
            && let Some((id, position)) = self.order.pop_front()
        {
            if position.is_empty() {
                // It leads past nothing: it is known for as long as this lives.
                continue;
            }
            self.past(&id);
            self.changes += 1;
            if let Some(by) = &cursor.time {
                self.kept.had.insert(id, position.clone());
                // A receipt from the future would lead past all that come until then.
                let position = position.min(written(now(), &by.pattern));
                let newest = self.kept.cursor.get_or_insert_default();
                if position > *newest {
                    *newest = position;
                }
            } else {
                self.kept.cursor = Some(position);
            }
        }
        if let Some(by) = &cursor.time
            && let Some(newest) = &self.kept.cursor
            && let Some(asked) = earlier(newest, &by.pattern, by.overlap)
        {
            self.kept.had.retain(|_, position| *position >= asked);
        }
    }

    fn past(&mut self, id: &str) {
        self.stages.remove(id);
        self.past.insert(id.to_owned(), Instant::now());
    }
}

/// The time in China.
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc().to_offset(offset!(+8))
}

/// A time that is so much earlier, written alike; none where it is not written by the pattern.
fn earlier(text: &str, pattern: &str, by: time::Duration) -> Option<String> {
    let part = |word: &str| {
        text.get(pattern.find(word)?..)?
            .get(..word.len())?
            .parse()
            .ok()
    };
    let small = |word: &str| part(word).unwrap_or(0u16).try_into().ok();
    let month = time::Month::try_from(u8::try_from(part("MM")?).ok()?).ok()?;
    let date = time::Date::from_calendar_date(part("YYYY")?.into(), month, small("DD")?).ok()?;
    let clock = time::Time::from_hms(small("hh")?, small("mm")?, small("ss")?).ok()?;
    let at = OffsetDateTime::new_in_offset(date, clock, offset!(+8));
    Some(written(at - by, pattern))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::options::ByTime;
    use crate::template::Template;

    fn cursor(time: bool) -> Cursor {
        let by = ByTime {
            pattern: "YYYYMMDDhhmmss".into(),
            overlap: time::Duration::minutes(5),
            first: time::Duration::hours(24),
        };
        Cursor {
            from: Template::read("{n}").unwrap(),
            start: String::new(),
            time: time.then_some(by),
            path: "unused".into(),
        }
    }

    fn item(id: &str, position: &str) -> Item {
        Item {
            id: id.into(),
            position: position.into(),
            octets: Vec::new(),
        }
    }

    fn ids(items: &[Item]) -> Vec<&str> {
        items.iter().map(|item| item.id.as_str()).collect()
    }

    fn saw(window: &mut Window, items: &[Item], cursor: Option<&Cursor>) -> Vec<Item> {
        window.saw(items.to_vec(), cursor, Instant::now())
    }

    /// What is to be kept of it, if anything.
    fn had(window: &mut Window, id: &str, cursor: &Cursor) -> Option<Kept> {
        let before = window.changes;
        window.had(id, Some(cursor));
        let (changes, kept) = window.kept();
        (changes != before).then_some(kept)
    }

    #[test]
    fn an_answer_from_before_brings_nothing_back() {
        let mut window = Window::default();
        let (then, page) = (Instant::now(), [item("a", ""), item("b", "")]);
        assert_eq!(ids(&saw(&mut window, &page, None)), ["a", "b"]);
        window.had("a", None);
        window.back("b");
        assert_eq!(ids(&window.saw(page.to_vec(), None, then)), ["b"]);
        // A platform that gives it again afterwards has not let go of it.
        assert_eq!(ids(&saw(&mut window, &page, None)), ["a"]);
    }

    #[test]
    fn the_cursor_passes_nothing_that_is_not_acknowledged() {
        let cursor = cursor(false);
        let mut window = Window::default();
        let page = vec![item("a", "1"), item("b", "2"), item("c", "3")];
        assert_eq!(window.from(Some(&cursor)), "");
        assert_eq!(
            ids(&saw(&mut window, &page, Some(&cursor))),
            ["a", "b", "c"]
        );
        // Under way, they are not handed out twice.
        assert!(saw(&mut window, &page, Some(&cursor)).is_empty());
        assert!(had(&mut window, "c", &cursor).is_none());
        window.back("b");
        assert_eq!(had(&mut window, "a", &cursor).unwrap().cursor.unwrap(), "1");
        assert_eq!(window.from(Some(&cursor)), "1");
        // What was given back comes again; what was acknowledged before it does not.
        assert_eq!(ids(&saw(&mut window, &page[1..], Some(&cursor))), ["b"]);
        assert_eq!(had(&mut window, "b", &cursor).unwrap().cursor.unwrap(), "3");
        assert!(window.order.is_empty() && window.stages.is_empty());
    }

    #[test]
    fn a_time_is_asked_from_with_an_overlap_and_nothing_comes_twice() {
        let cursor = cursor(true);
        let mut window = Window::default();
        assert_eq!(window.from(Some(&cursor)).len(), 14);
        // Rows of one second, and not in order.
        let (b, a) = (item("b", "20261126100000"), item("a", "20261126095900"));
        let c = item("c", "20261126100000");
        assert_eq!(
            ids(&saw(&mut window, &[b.clone(), a.clone()], Some(&cursor))),
            ["a", "b"]
        );
        had(&mut window, "b", &cursor);
        let kept = had(&mut window, "a", &cursor).unwrap();
        assert_eq!(kept.cursor.as_deref(), Some("20261126100000"));
        let mut window = Window::new(kept);
        assert_eq!(window.from(Some(&cursor)), "20261126095500");
        // After a restart, too: the late one of that second is new, the others are not.
        assert_eq!(ids(&saw(&mut window, &[a, b, c], Some(&cursor))), ["c"]);
        let kept = had(&mut window, "c", &cursor).unwrap();
        assert_eq!(kept.had.len(), 3);
        // What can come no more is forgotten.
        let d = item("d", "20261126120000");
        saw(&mut window, &[d], Some(&cursor));
        assert_eq!(had(&mut window, "d", &cursor).unwrap().had.len(), 1);
    }

    #[test]
    fn a_receipt_from_the_future_leads_past_nothing() {
        let cursor = cursor(true);
        let mut window = Window::default();
        saw(&mut window, &[item("a", "20991231000000")], Some(&cursor));
        let kept = had(&mut window, "a", &cursor).unwrap();
        assert!(*kept.cursor.as_ref().unwrap() <= written(now(), "YYYYMMDDhhmmss"));
        assert!(kept.had.contains_key("a"), "and it does not come again");
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/main.orders.json");
        assert_eq!(Kept::read(&path).unwrap(), Kept::default());
        let kept = Kept {
            cursor: Some("7".into()),
            had: BTreeMap::from([("a".into(), "7".into())]),
        };
        kept.write(&path).unwrap();
        assert_eq!(Kept::read(&path).unwrap(), kept);
        fs::write(&path, "{").unwrap();
        assert!(Kept::read(&path).is_err());
    }
}
