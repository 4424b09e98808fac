//! Who may declare what, by the senders that the standard's tables name.

use tongguan_contracts::Failure;
use tongguan_messages::{Direction, Kind, Message, Problem, Role, message, messages, role};

/// An enterprise, as what it is registered: the role's kind first, then what it is besides.
pub(crate) struct Registered {
    senders: Vec<&'static Role>,
}

impl Registered {
    /// The kind of a role, and the others that the manifest names in `also`.
    pub fn new(part: &str, kind: &'static str, also: &[String]) -> Result<Self, Failure> {
        let names = std::iter::once(kind).chain(also.iter().map(String::as_str));
        let senders = names.map(|name| {
            role(name).ok_or_else(|| {
                let senders = all_senders();
                let all: Vec<&str> = senders.iter().map(|r| r.name).collect();
                Failure::misconfigured(
                    part,
                    "read also",
                    format!("{:?} is no kind of enterprise", Problem::shown(name)),
                )
                .remedy(format!("choose from {}", all.join(", ")))
            })
        });
        Ok(Self {
            senders: senders.collect::<Result<_, _>>()?,
        })
    }

    fn may(&self, message: &Message) -> bool {
        message.kind == Kind::Declaration
            && self
                .senders
                .iter()
                .any(|s| message.senders.contains(&s.name))
    }

    /// All that it may declare.
    pub fn all(&self) -> impl Iterator<Item = &'static Message> {
        messages().iter().copied().filter(|m| self.may(m))
    }

    /// What it declares unless the manifest names it: the imports. An export and an import look
    /// alike, so that an export is declared only where it was asked for.
    pub fn usual(&self) -> Vec<&'static Message> {
        let imports = self.all().filter(|m| m.direction == Direction::Import);
        imports.collect()
    }

    /// The messages that the manifest names.
    pub fn named(&self, part: &str, names: &[String]) -> Result<Vec<&'static Message>, Failure> {
        let mut declares: Vec<&'static Message> = Vec::new();
        for name in names {
            let known = message(name).filter(|m| m.kind == Kind::Declaration);
            let Some(known) = known else {
                let shown = Problem::shown(name);
                let reason = format!("{shown:?} is no message that is declared");
                return Err(Failure::misconfigured(part, "read declares", reason)
                    .remedy(format!("choose from {}", listed(self.all()))));
            };
            if !self.may(known) {
                return Err(
                    Failure::misconfigured(part, "read declares", self.refusal(known))
                        .remedy(self.remedy(known)),
                );
            }
            if !declares.iter().any(|m| m.name == known.name) {
                declares.push(known);
            }
        }
        Ok(declares)
    }

    /// Why a message is not among those that it declares, and what to do.
    pub fn not_declared(&self, asked: &str, declares: &[&'static Message]) -> Problem {
        let shown = Problem::shown(asked);
        let chosen = listed(declares.iter().copied());
        match message(asked) {
            Some(known) if self.may(known) => Problem::document(
                "not-declared",
                format!("{shown} is not among the messages that this role declares"),
                format!("choose from {chosen}, or add it to declares"),
            ),
            Some(known) if known.kind == Kind::Declaration => {
                Problem::document("not-declared", self.refusal(known), self.remedy(known))
            }
            _ => Problem::document(
                "not-declared",
                format!("{shown} is no message that is declared"),
                format!("choose from {chosen}"),
            ),
        }
    }

    fn refusal(&self, message: &Message) -> String {
        let who: Vec<String> = self.senders.iter().map(|s| titled(s)).collect();
        format!(
            "{} ({}) is not for this role to declare: it is that of {}",
            message.name,
            message.zh,
            who.join(" and ")
        )
    }

    fn remedy(&self, message: &Message) -> String {
        let senders = message.senders.iter().filter_map(|name| role(name));
        let who: Vec<String> = senders.map(titled).collect();
        format!(
            "{} may declare it: where the enterprise is registered as that too, add it to also; \
             this role may declare {}",
            who.join(" or "),
            listed(self.all())
        )
    }
}

/// `ecommerce (E-commerce enterprise 电商企业)`
fn titled(role: &Role) -> String {
    format!("{} ({} {})", role.name, role.en, role.zh)
}

fn listed(messages: impl Iterator<Item = &'static Message>) -> String {
    let names: Vec<&str> = messages.map(|m| m.name).collect();
    names.join(", ")
}

/// The names of all who send something.
pub(crate) fn every_sender() -> Vec<&'static str> {
    all_senders().iter().map(|s| s.name).collect()
}

/// Every sender that a message has.
fn all_senders() -> Vec<&'static Role> {
    let mut senders: Vec<&'static Role> = Vec::new();
    for name in messages().iter().flat_map(|m| m.senders) {
        if !senders.iter().any(|s| s.name == *name) {
            senders.extend(role(name));
        }
    }
    senders
}
