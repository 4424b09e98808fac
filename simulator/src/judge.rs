//! What the clearance service says of declarations.

use time::OffsetDateTime;

use tongguan_crypto::Certificate;
use tongguan_messages::envelope::{Envelope, write_receipt};
use tongguan_messages::typed::{ceb816, ceb818};
use tongguan_messages::{Limits, Message, Outcome, Parsed, meaning, message, read};
use tongguan_verifier::{Finding, Layer, Report, Verifier};
use tongguan_xmldsig::{Policy, Trust, VerifyError, verify};

use crate::codes::{Wrong, code};
use crate::inventory::{differing, known_by, tied};
use crate::ledger::{Entry, Key, Known, Ledger, Verdict};
use crate::limits;
use crate::receipts::{
    Reply, course, enclose, guid, inventory_number, malformed, report, said, unit_of,
};
use crate::scenario::{Arrivals, Scenario};
use crate::tax;
use crate::unit::{Unit, units};

/// Customs stored it, compared it, and returned it (海关退单).
const RETURNED: &str = "100";
/// What is taxed, and counts to its buyer's limits.
const INVENTORY: &str = "CEB621Message";

/// What a judgement rests on.
pub(crate) struct Judge<'s> {
    pub ledger: &'s mut Ledger,
    pub arrivals: &'s mut Arrivals,
    pub trust: &'s [Certificate],
    /// The business rules and the comparison; only the form counts without.
    pub verifier: Option<&'s Verifier>,
    /// What an inventory stands on must be there.
    pub whole: bool,
    pub scenario: &'s Scenario,
}

/// What is said of one declaration.
struct Said {
    /// A status or a code, and what is said besides.
    stages: Vec<(String, String)>,
    /// What is written into the books, with what it takes to compare others with it.
    entry: Option<Entry>,
}

impl Said {
    /// It is refused, and not booked.
    fn refused(code: &str, why: impl Into<String>) -> Self {
        Self {
            stages: vec![(code.to_owned(), why.into())],
            entry: None,
        }
    }
}

/// Why a cancellation or a return cannot be about its inventory.
enum Unfit {
    Wrong(Wrong<'static>),
    /// That field is not as the inventory has it.
    Differs(&'static str),
}

/// The receipts of declarations that meet the same case.
struct Group {
    case: Option<usize>,
    key: String,
    stages: Vec<Vec<Vec<(&'static str, String)>>>,
    bills: Vec<ceb816::Tax>,
    summed_up: Vec<ceb818::Tax>,
    void: Vec<ceb818::Tax>,
}

/// How signatures are verified: by anybody's certificate where none is trusted, as of now.
pub(crate) fn policy(trust: &[Certificate]) -> Policy {
    let trust = match trust {
        [] => Trust::Any,
        some => Trust::Anchors(some.to_vec()),
    };
    Policy {
        trust,
        at: Some(OffsetDateTime::now_utc().unix_timestamp()),
        ..Policy::default()
    }
}

impl Judge<'_> {
    /// Answers a message that keeps its schema.
    pub fn declared(&mut self, envelope: &Envelope, parsed: &Parsed) -> Vec<Reply> {
        let receipt = parsed.message.answered_by.first();
        let Some(receipt) = receipt.and_then(|name| message(name)) else {
            return Vec::new();
        };
        // A declaration may keep its schema and have no receipt that keeps its own: copNo may be
        // missing in the one and not in the other. The specification is silent; nothing is booked.
        for unit in units(parsed) {
            let tried = unit_of(receipt, unit.node, 0, "-1", "", "");
            let tried = write_receipt(receipt, &guid(), &[tried]);
            if let Err(problems) = read(&tried, &Limits::default()) {
                let text = format!("it cannot be answered: in its receipt, {}", said(&problems));
                return vec![malformed(envelope, &text)];
            }
        }
        let signature = self.signature(envelope, parsed);
        let mut reports = match self.verifier {
            Some(verifier) => verifier.look(parsed).apart(),
            None => Vec::new(),
        };
        let scenario = self.scenario;
        let mut all = Vec::new();
        for unit in units(parsed) {
            let key = unit.key(parsed);
            let numbers: Vec<String> = unit.numbers().collect();
            let before = self.arrivals.another(unit.field("guid"));
            let case = scenario.case(parsed.message, &key, &numbers, before);
            all.push((unit, key, numbers, case));
        }
        // The envelope is refused whole, before any of it is booked.
        for (_, case) in all.iter().filter_map(|(.., case)| *case) {
            if let Some(code) = &case.report {
                return report(code, "scenario", &envelope.head, &[]);
            }
            if case.malformed {
                return vec![malformed(envelope, "scenario")];
            }
        }
        let mut groups: Vec<Group> = Vec::new();
        let mut kept = false;
        for (unit, key, numbers, case) in all {
            let met = case.map(|(number, _)| number);
            if case.is_some_and(|(_, case)| case.forget) {
                continue;
            }
            let told = case.is_some_and(|(_, case)| !case.statuses.is_empty());
            let own = reports.get_mut(unit.number - 1).map(std::mem::take);
            let judged = match &signature {
                Err(why) => Said::refused(code(parsed.message.name, Wrong::Signature), why),
                Ok(()) => self.judge(envelope, parsed, receipt, &unit, own.as_ref(), told),
            };
            let stages = match case {
                Some((_, case)) if !case.statuses.is_empty() && judged.entry.is_some() => {
                    let said = |code: &String| (code.clone(), "[scenario]".to_owned());
                    case.statuses.iter().map(said).collect()
                }
                _ => judged.stages,
            };
            let (mut bill, mut void, mut number) = (None, None, String::new());
            if let Some(mut entry) = judged.entry {
                number.clone_from(&entry.invt_no);
                let said = |code: &str| stages.iter().any(|(said, _)| said == code);
                if said("800") && !entry.deletes {
                    bill = self.bill(&unit, &entry, stages.len());
                    entry.tax_no = bill
                        .as_ref()
                        .map_or_else(String::new, |b| b.TaxHeadRd.taxNo.clone());
                }
                // What a scenario refuses in the end is not bought.
                let last = stages
                    .last()
                    .map(|(code, _)| meaning(receipt, code).outcome);
                if last == Some(Outcome::Rejected) {
                    entry.amount = None;
                    (entry.takes_back, entry.gives_back) = (None, None);
                }
                if said("399") {
                    void = self.void(&entry, stages.len());
                }
                if !kept && !entry.repeat && !entry.refused {
                    self.ledger.keep(&envelope.head.cop_msg_id, &envelope.data);
                    kept = true;
                }
                self.ledger.note(entry, own, numbers);
            }
            let group = match groups.iter().position(|group| group.case == met) {
                Some(at) => &mut groups[at],
                None => {
                    groups.push(Group {
                        case: met,
                        key,
                        stages: Vec::new(),
                        bills: Vec::new(),
                        summed_up: Vec::new(),
                        void: Vec::new(),
                    });
                    let last = groups.len() - 1;
                    &mut groups[last]
                }
            };
            if let Some(bill) = bill {
                let head = &bill.TaxHeadRd;
                if scenario.tax.summed_up().is_some() {
                    let later = tax::summed_up(&head.invtNo, stages.len() + 1);
                    group.summed_up.push(later);
                }
                group.bills.push(bill);
            }
            group.void.extend(void);
            for (stage, (code, detail)) in stages.iter().enumerate() {
                if group.stages.len() <= stage {
                    group.stages.push(Vec::new());
                }
                group.stages[stage].push(unit_of(receipt, unit.node, stage, code, detail, &number));
            }
        }
        let mut replies = Vec::new();
        for group in &groups {
            replies.append(&mut self.replies(envelope, receipt, group));
        }
        replies
    }

    /// The number that customs gives to an inventory: one that no other has, and again the same.
    fn number(&self, parsed: &Parsed, receipt: &Message, unit: &Unit<'_>) -> String {
        let (name, key) = (parsed.message.name, unit.key(parsed));
        if let Some(known) = self.ledger.known(name, &key)
            && known.entry.guid == unit.field("guid")
        {
            return known.entry.invt_no.clone();
        }
        let numbers = (0..).map(|attempt| inventory_number(receipt, unit.node, attempt));
        let mut free = numbers.filter(|number| !self.ledger.is_given(number));
        free.next().unwrap_or_default()
    }

    /// The tax bill of an inventory that is released.
    fn bill(&self, unit: &Unit<'_>, entry: &Entry, stage: usize) -> Option<ceb816::Tax> {
        let taxed = entry.message == INVENTORY && self.scenario.tax.bills;
        taxed.then(|| tax::made(unit.node, &entry.invt_no, stage))?
    }

    /// What becomes of the bill of the inventory that is cancelled.
    fn void(&self, entry: &Entry, stage: usize) -> Option<ceb818::Tax> {
        let (message, key) = entry.takes_back.as_ref()?;
        let inventory = &self.ledger.known(message, key)?.entry;
        let billed = !inventory.tax_no.is_empty();
        billed.then(|| tax::void(&inventory.invt_no, &inventory.tax_no, stage))
    }

    fn signature(&self, envelope: &Envelope, parsed: &Parsed) -> Result<(), String> {
        match verify(&envelope.data, &policy(self.trust)) {
            Ok(_) => Ok(()),
            // Where the schema lets a message go unsigned, it may.
            Err(VerifyError::Unsigned) if parsed.signature.is_none() => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// What is said of a declaration whose signature holds. Where a scenario tells its statuses, the books
    /// alone are asked.
    fn judge(
        &self,
        envelope: &Envelope,
        parsed: &Parsed,
        receipt: &'static Message,
        unit: &Unit<'_>,
        report: Option<&Report>,
        told: bool,
    ) -> Said {
        let name = parsed.message.name;
        let refused = |wrong: Wrong<'_>, why: String| Said::refused(code(name, wrong), why);
        let inventory = match receipt.name {
            "CEB604Message" | "CEB622Message" => self.number(parsed, receipt, unit),
            _ => String::new(),
        };
        let bought = (name == INVENTORY).then_some(unit.node);
        let entry = Entry {
            message: name.to_owned(),
            key: unit.key(parsed),
            guid: unit.field("guid").to_owned(),
            cop_msg_id: envelope.head.cop_msg_id.clone(),
            deletes: unit.deletes(),
            app_time: unit.field("appTime").to_owned(),
            invt_no: inventory,
            buyer: bought.map_or_else(String::new, limits::buyer),
            amount: bought.map(limits::price),
            known_by: known_by(receipt, unit),
            ..Entry::default()
        };
        let good = |entry| Said {
            stages: course(receipt)
                .into_iter()
                .map(|code| (code.to_owned(), format!("[{}]", unit.field("guid"))))
                .collect(),
            entry: Some(entry),
        };
        let shown = format!("[{}]", entry.key.replace('\n', " "));
        let rules = report.and_then(|r| r.errors.iter().find(|f| f.layer == Layer::Rules));
        match self.ledger.judge(&entry, unit.amends()) {
            Verdict::Repeat => {
                let before = self.ledger.known(name, &entry.key);
                return good(Entry {
                    repeat: true,
                    takes_back: before.and_then(|known| known.entry.takes_back.clone()),
                    ..entry
                });
            }
            Verdict::New | Verdict::NotThere | Verdict::Old if told => {
                let about = self.about(parsed.message, unit, &[]);
                return good(tied(entry, about.unwrap_or_default()));
            }
            _ if rules.is_some() => {
                // It is some: the guard says so.
                let (rule, text) = rules.map(broken).unwrap_or_default();
                return refused(Wrong::Rule(rule), text);
            }
            Verdict::There => {
                return Said {
                    stages: vec![(code(name, Wrong::There).to_owned(), shown)],
                    entry: Some(Entry {
                        refused: true,
                        ..entry
                    }),
                };
            }
            Verdict::NotThere => return refused(Wrong::NotThere, shown),
            Verdict::Old => return refused(Wrong::Old, shown),
            Verdict::New => {}
        }
        if self.verifier.is_none() {
            return good(entry);
        }
        let own = self.ledger.known(name, &entry.key);
        if unit.amends() && own.is_some_and(|known| known.taken_back) {
            return refused(Wrong::Status, shown);
        }
        let beside = self.ledger.beside(unit.numbers());
        if unit.amends() && beside.iter().any(|other| stands_on(other, name)) {
            return refused(Wrong::Bound, shown);
        }
        match self.about(parsed.message, unit, &beside) {
            Err(Unfit::Wrong(wrong)) => refused(wrong, format!("[{}]", unit.field("invtNo"))),
            // Table 7-2 has no code for it but the check's.
            Err(Unfit::Differs(field)) => refused(
                Wrong::Rule(""),
                format!("[{field}与清单{}不一致]", unit.field("invtNo")),
            ),
            Ok(about) => match self.differs(parsed.message, &beside, report) {
                Some((rule, text)) => match code(name, Wrong::Rule(&rule)) {
                    // A rule with a code of its own is not the comparison's to return.
                    own if own != code(name, Wrong::Rule("")) => Said::refused(own, text),
                    _ => returned(receipt, &text),
                },
                None => {
                    let beyond = bought.filter(|_| !entry.deletes);
                    let beyond = beyond.and_then(|i| limits::exceeded(i, &entry, self.ledger));
                    if let Some((wrong, why)) = beyond {
                        return refused(wrong, why);
                    }
                    good(tied(entry, about))
                }
            },
        }
    }

    /// The inventory that a cancellation or a return is about, where it was declared here.
    fn about(
        &self,
        declaration: &Message,
        unit: &Unit<'_>,
        beside: &[&Known],
    ) -> Result<Option<Key>, Unfit> {
        let about = match declaration.name {
            "CEB623Message" | "CEB625Message" => INVENTORY,
            "CEB605Message" => "CEB603Message",
            _ => return Ok(None),
        };
        let any = beside.iter().any(|known| known.entry.message == about);
        let inventory = self.ledger.inventory(unit.field("invtNo"));
        let Some(inventory) = inventory.filter(|known| known.entry.message == about) else {
            return match any || self.whole {
                true => Err(Unfit::Wrong(Wrong::Away)),
                // Another enterprise may have declared it, and elsewhere.
                false => Ok(None),
            };
        };
        if let Some(field) = differing(unit, &inventory.entry) {
            return Err(Unfit::Differs(field));
        }
        if inventory.taken_back {
            return Err(Unfit::Wrong(Wrong::Status));
        }
        Ok(Some((about.to_owned(), inventory.entry.key.clone())))
    }

    /// What differs from what was declared of the same order, or is not there though it must be.
    fn differs(
        &self,
        declaration: &Message,
        beside: &[&Known],
        report: Option<&Report>,
    ) -> Option<(String, String)> {
        if self.whole {
            for before in declaration.follows.iter().filter_map(|f| f.before()) {
                if !beside.iter().any(|k| k.entry.message == before.name) {
                    return Some((String::new(), format!("未收到{}", before.zh)));
                }
            }
        }
        let (verifier, own) = (self.verifier?, report?);
        let others = beside.iter().filter_map(|known| known.report.clone());
        let mut reports: Vec<Report> = others.collect();
        reports.push(own.clone());
        verifier.compare(&mut reports);
        let own = reports.pop()?;
        let finding = own.errors.iter().find(|f| f.layer == Layer::Across)?;
        let (rule, text) = broken(finding);
        Some((rule.to_owned(), text))
    }

    /// The receipts of a group, as its case lets them come.
    fn replies(&self, envelope: &Envelope, receipt: &'static Message, group: &Group) -> Vec<Reply> {
        let head = &envelope.head;
        let all = group.stages.iter();
        let mut all: Vec<Reply> = all
            .map(|units| enclose(receipt.name, units, head))
            .collect();
        all.extend(tax::reply("CEB816Message", &group.bills, head));
        all.extend(tax::reply("CEB818Message", &group.void, head));
        if let Some(mut later) = tax::reply("CEB818Message", &group.summed_up, head) {
            later.after = self.scenario.tax.summed_up().unwrap_or_default();
            all.push(later);
        }
        let Some((number, case)) = self.scenario.numbered(group.case) else {
            return all;
        };
        if case.lose {
            return Vec::new();
        }
        let mut replies = Vec::new();
        for (stage, mut reply) in all.into_iter().enumerate() {
            reply.after += self.scenario.delay(number, stage, &group.key);
            if case.twice {
                replies.push(reply.clone());
            }
            replies.push(reply);
        }
        if case.shuffle {
            let mut numbered: Vec<(usize, Reply)> = replies.into_iter().enumerate().collect();
            let chance = |at: usize| {
                let of = format!("place {at}");
                self.scenario.chance(number, &of, &group.key)
            };
            numbered.sort_by(|(a, _), (b, _)| chance(*a).total_cmp(&chance(*b)));
            replies = numbered.into_iter().map(|(_, reply)| reply).collect();
        }
        replies
    }
}

/// The rule that is broken, and the text that a receipt tells it with.
fn broken(finding: &Finding) -> (&'static str, String) {
    let Finding {
        code,
        field_zh,
        text_zh,
        ..
    } = finding;
    (code, format!("{field_zh}{text_zh}"))
}

/// Whether an inventory that customs has rests on declarations of that message.
fn stands_on(known: &Known, name: &str) -> bool {
    let other = message(&known.entry.message);
    let follows = other.is_some_and(|m| m.follows.iter().any(|f| f.message == name));
    // A waybill's status follows the waybill, and is no inventory.
    follows && !known.entry.invt_no.is_empty() && !known.taken_back
}

/// Declared, stored where the receipt has that, and returned: it may be declared again.
fn returned(receipt: &Message, why: &str) -> Said {
    let first = ["2", "120"].into_iter();
    let has = |code: &&str| receipt.statuses.iter().any(|s| s.code == *code);
    let mut stages: Vec<(String, String)> = first
        .filter(has)
        .map(|code| (code.to_owned(), String::new()))
        .collect();
    stages.push((RETURNED.to_owned(), format!("：{why}")));
    Said {
        stages,
        entry: None,
    }
}
