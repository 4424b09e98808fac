//! Where every loaded part of this process stands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tongguan_contracts::Standing;
use tongguan_plugin_abi as abi;

use crate::told::Told;

/// Parts come and go as they are built anew; what is known of one stays.
static BOARD: Mutex<BTreeMap<String, Standing>> = Mutex::new(BTreeMap::new());
/// The parts whose PIN was refused: not even one that is built anew tries it again.
static REFUSED: Mutex<BTreeMap<String, Told>> = Mutex::new(BTreeMap::new());

fn board() -> MutexGuard<'static, BTreeMap<String, Standing>> {
    BOARD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where every loaded part stands.
pub fn standings() -> Vec<Standing> {
    board().values().cloned().collect()
}

/// Changes what is known of a part; gives it as it was, if it was known.
pub(crate) fn set(standing: Standing) -> Option<Standing> {
    board().insert(standing.part.clone(), standing)
}

/// The file that keeps others from trying a refused PIN again: the next start, or another command.
fn mark(part: &str, base: &Path) -> PathBuf {
    let words = part.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    base.join(format!("pin-refused-{}", words.join("-")))
}

/// What to do about a refused PIN.
fn remedy(mark: &Path) -> String {
    format!(
        "put the right PIN where the manifest refers to, remove the file {}, and restart tongguan",
        mark.display()
    )
}

/// What a part's PIN was refused with, if it was: by this process, or by one before it.
pub(crate) fn pin_refused(part: &str, base: &Path) -> Option<Told> {
    let mark = mark(part, base);
    let before = {
        let refused = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
        refused.get(part).cloned()
    };
    let told = before.or_else(|| {
        let reason = std::fs::read_to_string(&mark).ok()?;
        Some(Told {
            flags: abi::PIN_REFUSED,
            ..Told::misconfigured(reason.trim(), "")
        })
    })?;
    Some(Told {
        reason: format!("{} (not tried again: it locks the device)", told.reason),
        remedy: remedy(&mark),
        ..told
    })
}

/// Notes that a part's PIN was refused; gives what to do.
pub(crate) fn refuse_pin(part: &str, base: &Path, told: Told) -> String {
    let mark = mark(part, base);
    if let Err(error) = std::fs::write(&mark, format!("{}\n", told.reason)) {
        let file = mark.display();
        tracing::error!(part, %file, %error, "another start would try a refused PIN again");
    }
    let mut refused = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    refused.insert(part.to_owned(), told);
    remedy(&mark)
}
