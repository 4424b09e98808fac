use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tongguan_contracts::{
    Declaration, Document, DocumentRefused, Failure, PartOptions, Problem, ReceiptNotice, Role,
    RoleBuilder,
};

use crate::device::Device;
use crate::told::{Kind, Wrong};
use crate::wire::{Field, Frame, Verb};

/// Rules' names that are kept at most; the rest go by one name.
const MOST_RULES: usize = 256;

struct Loaded {
    device: Arc<Device>,
    standard: RoleBuilder,
    /// What it declares, and who reads what it makes of a document; not before it has started.
    begun: OnceLock<(Vec<String>, Arc<dyn Role>)>,
}

/// Builds a role from a library. What it makes of documents is read, checked and completed by the
/// role that `standard` builds, which reads the standard's own forms.
///
/// # Errors
/// The manifest is wrong, or it is required and does not start.
pub fn role(options: PartOptions, standard: RoleBuilder) -> Result<Arc<dyn Role>, Failure> {
    let (device, _) = Device::start(options, Kind::Role)?;
    let role = Loaded {
        device,
        standard,
        begun: OnceLock::new(),
    };
    // One that is not there yet is asked again when it is needed.
    if role.device.opened().is_some() {
        role.begun()?;
    }
    Ok(Arc::new(role))
}

/// Lets others run while this thread waits.
fn waiting<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current() {
        Ok(runtime) if runtime.runtime_flavor() == RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(work)
        }
        _ => work(),
    }
}

/// A plugin's name of a rule, kept for good; there are few.
fn kept(rule: &str) -> &'static str {
    static RULES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut rules = RULES.lock().unwrap_or_else(PoisonError::into_inner);
    match rules.get(rule) {
        Some(known) => known,
        None if rules.len() >= MOST_RULES || rule.is_empty() || rule.len() > 100 => "plugin",
        None => {
            let new: &'static str = Box::leak(rule.to_owned().into_boxed_str());
            rules.insert(new);
            new
        }
    }
}

impl Loaded {
    fn begun(&self) -> Result<&(Vec<String>, Arc<dyn Role>), Failure> {
        if let Some(begun) = self.begun.get() {
            return Ok(begun);
        }
        let Some(opened) = self.device.opened() else {
            return Err(Failure::transient(
                self.device.part(),
                "ask its plugin",
                "it has not started",
            )
            .remedy("tongguan check says why"));
        };
        let all = opened.all(Field::Message);
        let declares: Vec<String> = all
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        let standard = (self.standard)(PartOptions {
            part: self.device.part().to_owned(),
            options: serde_json::json!({ "declares": declares }),
            base: self.device.base().to_owned(),
        })?;
        Ok(self.begun.get_or_init(|| (declares, standard)))
    }

    fn translated(&self, document: Document<'_>) -> Result<Vec<Declaration>, Vec<Problem>> {
        let failed = |failure: &Failure| {
            let remedy = failure.how_to_mend().unwrap_or("submit it again later");
            vec![Problem::document("plugin", failure.to_string(), remedy)]
        };
        // A call first: it waits for a process that is being started.
        let frame = Frame::new(Verb::Read)
            .with(Field::Name, document.name)
            .with(Field::Octets, document.octets)
            .with(Field::Message, document.message.unwrap_or_default());
        let answer = waiting(|| self.device.call("read the document", frame));
        let answer = answer.map_err(|failure| failed(&failure))?;
        let (_, standard) = self.begun().map_err(|failure| failed(&failure))?;
        let wrong: Vec<Problem> = answer
            .frame
            .all(Field::Problem)
            .filter_map(|octets| serde_json::from_slice(octets).ok())
            .map(problem)
            .collect();
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let mut declarations: Vec<Declaration> = Vec::new();
        for octets in answer.frame.all(Field::Document) {
            let made = standard.read(Document { octets, ..document });
            // Places are in what the plugin made of it, not in the document.
            let made = made.map_err(|refused| {
                let all = refused.problems.into_iter();
                all.map(|problem| Problem {
                    line: 0,
                    column: 0,
                    ..problem
                })
                .collect::<Vec<_>>()
            })?;
            declarations.extend(made);
        }
        for (at, one) in declarations.iter().enumerate() {
            let before = declarations.iter().take(at);
            let same =
                |d: &&Declaration| d.message == one.message && d.business_key == one.business_key;
            if let Some(twice) = before.clone().find(same) {
                let key = twice.business_key.replace('\n', " / ");
                return Err(vec![Problem::document(
                    "duplicate",
                    format!("{} {key} is in it twice", one.message),
                    "declare each once",
                )]);
            }
        }
        if declarations.is_empty() {
            return Err(vec![Problem::document(
                "empty",
                "the plugin finds nothing to declare in it",
                "see whether it is the right document for this role",
            )]);
        }
        Ok(declarations)
    }
}

fn problem(wrong: Wrong) -> Problem {
    Problem {
        line: wrong.line,
        column: wrong.column,
        path: wrong.path,
        field_en: wrong.field_en,
        field_zh: wrong.field_zh,
        ..Problem::document(kept(&wrong.rule), wrong.text, wrong.remedy)
    }
}

impl Role for Loaded {
    fn declares(&self) -> &[String] {
        self.begun().map_or(&[], |(declares, _)| declares)
    }

    fn read(&self, document: Document<'_>) -> Result<Vec<Declaration>, DocumentRefused> {
        let read = self.translated(document);
        read.map_err(|problems| DocumentRefused {
            document: document.name.to_owned(),
            problems: problems
                .into_iter()
                .map(|p| p.in_file(document.name))
                .collect(),
        })
    }

    fn on_receipt(&self, notice: ReceiptNotice<'_>) -> Result<(), Failure> {
        let frame = Frame::new(Verb::Receipt)
            .with(Field::Message, notice.message)
            .with(Field::Guid, notice.guid)
            .with(Field::Receipt, notice.receipt)
            .with(Field::Code, notice.code)
            .with(Field::Text, notice.text);
        waiting(|| self.device.call("hear a receipt", frame)).map(drop)
    }
}
