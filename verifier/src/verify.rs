//! Looks at one file, layer by layer.

use std::collections::{BTreeSet, HashSet};
use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tongguan_messages::{
    Kind, Limits, Node, Parsed, Problem, message, read_stream, validate, validate_stream,
};
use tongguan_xmldsig::{Policy, Trust, VerifyError, verify};

use crate::across::{self, Extractor};
use crate::check::Checker;
use crate::finding::{Finding, Layer, Severity};
use crate::report::Report;
use crate::rule::rules;

/// What to look at, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The layers that count. What a layer stands on is looked at with it: rules and the
    /// comparison across documents stand on the schema, all on well-formed XML.
    pub layers: BTreeSet<Layer>,
    /// Business rules and comparisons that are switched off, by their ids.
    pub off: HashSet<String>,
    /// Whose signatures are taken.
    pub trust: Trust,
    /// The time at which certificates must be valid, Unix seconds; `None` asks for none.
    pub at: Option<i64>,
    /// How much is held in memory. Larger messages are read through all the same, but for their
    /// signature.
    pub limits: Limits,
}

impl Default for Options {
    /// Every layer, every rule, any certificate, 64 MiB.
    fn default() -> Self {
        Self {
            layers: Layer::ALL.into(),
            off: HashSet::new(),
            trust: Trust::Any,
            at: None,
            limits: Limits::default(),
        }
    }
}

/// A rule to switch off that does not exist.
#[derive(Debug, thiserror::Error)]
#[error("there is no rule {id:?}{}", .nearest.as_ref().map(|n| format!("; did you mean {n:?}?")).unwrap_or_default())]
pub struct UnknownRule {
    /// As it was given.
    pub id: String,
    /// The most similar one.
    pub nearest: Option<String>,
}

/// The verifier.
///
/// ```
/// use tongguan_verifier::{Options, Verifier};
/// let verifier = Verifier::new(Options::default()).unwrap();
/// let report = verifier.verify("order.xml", &mut &b"<Order/>"[..]);
/// assert!(!report.valid);
/// assert_eq!(report.errors[0].code, "unknown-message");
/// ```
#[derive(Debug)]
pub struct Verifier {
    options: Options,
    policy: Policy,
}

impl Verifier {
    /// With these options.
    ///
    /// # Errors
    /// A rule that is to be switched off does not exist.
    pub fn new(options: Options) -> Result<Self, UnknownRule> {
        let known = || {
            let rules = rules().iter().map(|r| r.id.as_str());
            rules.chain(across::ids())
        };
        for id in &options.off {
            if !known().any(|k| k == id) {
                let likeness = |k: &&str| strsim::jaro_winkler(k, id);
                let nearest = known()
                    .filter(|k| likeness(k) > 0.8)
                    .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
                return Err(UnknownRule {
                    id: id.clone(),
                    nearest: nearest.map(str::to_owned),
                });
            }
        }
        let policy = Policy {
            max_octets: options.limits.octets,
            trust: options.trust.clone(),
            at: options.at,
        };
        Ok(Self { options, policy })
    }

    /// Looks at one file. Nothing of it is trusted; what is held in memory is bounded.
    ///
    /// The layer `across` only takes down what [`Verifier::compare`] needs.
    pub fn verify(&self, file: &str, source: &mut dyn Read) -> Report {
        let mut report = Report::of(file);
        let most = self.options.limits.octets;
        let mut octets = Vec::new();
        match source.take(most as u64 + 1).read_to_end(&mut octets) {
            Err(error) => report.add(Finding::document(
                Layer::WellFormed,
                "unreadable",
                format!("cannot be read: {error}"),
                "check the file and its rights",
            )),
            Ok(_) if octets.len() <= most => self.whole(&mut report, &octets),
            Ok(_) => self.large(&mut report, &mut octets.chain(source)),
        }
        report
    }

    /// Looks at a message that was read already: business rules, and what the comparison needs.
    pub fn look(&self, parsed: &Parsed) -> Report {
        let message = parsed.message;
        let mut report = Report::of("");
        report.message = message.name.to_owned();
        if message.kind != Kind::Declaration {
            return report;
        }
        let mut checker = Checker::new(message, &self.options.off);
        let mut extractor = Extractor::new(message);
        let unit = message.unit.map_or("", |unit| unit.name);
        let children = parsed.root.children().iter();
        for (node, number) in children.filter(|c| c.element.name == unit).zip(1..) {
            report.units = number;
            if self.has(Layer::Rules) {
                checker.unit(node, number);
            }
            if self.has(Layer::Across) {
                extractor.unit(node, number);
            }
        }
        if self.has(Layer::Rules) {
            checker.root(parsed);
            for finding in checker.found() {
                report.add(finding);
            }
        }
        report.extracts = extractor.finish();
        report
    }

    /// Compares the documents in reports of this verifier with each other, as customs does: order,
    /// payment, waybill and inventory of one order.
    pub fn compare(&self, reports: &mut [Report]) {
        if self.has(Layer::Across) {
            across::compare(reports, &self.options.off);
        }
    }

    fn has(&self, layer: Layer) -> bool {
        self.options.layers.contains(&layer)
    }

    fn looks_into_units(&self) -> bool {
        self.has(Layer::Rules) || self.has(Layer::Across)
    }

    /// A file that is in memory.
    fn whole(&self, report: &mut Report, octets: &[u8]) {
        let Some(parsed) = self.message(report, &mut &octets[..], Some(octets), "") else {
            return;
        };
        if !self.has(Layer::Envelope) || parsed.message.kind != Kind::Envelope {
            return;
        }
        report.envelope = std::mem::take(&mut report.message);
        let base = match parsed.message.name {
            "DxpMsg" => &parsed.root,
            _ => parsed.root.child("DxpMsg").unwrap_or(&parsed.root),
        };
        let path = match parsed.message.name {
            "DxpMsg" => "DxpMsg/Data".to_owned(),
            name => format!("{name}/DxpMsg/Data"),
        };
        let text = base.text("Data").unwrap_or_default();
        let compact: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        match STANDARD.decode(&compact) {
            Ok(data) => self.enveloped(report, base, &data, &path),
            Err(error) => report.add(Finding {
                path,
                ..Finding::document(
                    Layer::Envelope,
                    "base64",
                    format!("is not base64: {error}"),
                    "encode the message as base64",
                )
            }),
        }
    }

    /// The message in an envelope, and whether the envelope tells the truth about it.
    fn enveloped(&self, report: &mut Report, envelope: &Node, data: &[u8], path: &str) {
        let before = (report.errors.len(), report.warnings.len());
        let parsed = self.message(report, &mut &data[..], Some(data), path);
        let errors = report.errors.iter_mut().skip(before.0);
        for finding in errors.chain(report.warnings.iter_mut().skip(before.1)) {
            finding.path = match finding.path.as_str() {
                "" => path.to_owned(),
                inner => format!("{path}/{inner}"),
            };
        }
        let Some(parsed) = parsed else {
            return;
        };
        let head = |name: &str| envelope.find("TransInfo").and_then(|t| t.child(name));
        let mut say = |field: Option<&Node>, severity, code, text: String, remedy: &str| {
            let place = field.map(|f| f.place).unwrap_or_default();
            let name = field.map_or("", |f| f.element.name);
            report.add(Finding {
                severity,
                line: place.line,
                column: place.column,
                path: format!("{}/TransInfo/{name}", path.trim_end_matches("/Data")),
                field_en: field.map(|f| f.element.en.to_owned()).unwrap_or_default(),
                field_zh: field.map(|f| f.element.zh.to_owned()).unwrap_or_default(),
                ..Finding::document(Layer::Envelope, code, text, remedy)
            });
        };
        if parsed.message.kind == Kind::Envelope {
            let text = format!("holds another envelope, {}", parsed.message.name);
            let remedy = "put the business message into the envelope";
            say(
                envelope.child("Data"),
                Severity::Error,
                "nested-envelope",
                text,
                remedy,
            );
            return;
        }
        let told = head("MsgType").and_then(Node::own_text).unwrap_or_default();
        let name = parsed.message.name;
        if told.trim() != name {
            let text = format!(
                "is {:?}, but the message in it is {name}",
                crate::check::shortened(told)
            );
            let remedy = "give the name of the message's root element";
            say(
                head("MsgType"),
                Severity::Error,
                "message-type",
                text,
                remedy,
            );
        }
        let sender = head("SenderId")
            .and_then(Node::own_text)
            .unwrap_or_default();
        if let Some(dxp_id) = parsed.root.text("BaseTransfer/dxpId")
            && dxp_id.trim() != sender.trim()
        {
            let text = "differs from the message's BaseTransfer/dxpId".to_owned();
            let remedy = "an enterprise that sends for itself gives the same number in both";
            say(head("SenderId"), Severity::Warning, "sender", text, remedy);
        }
    }

    /// A file that is too large to be held.
    fn large(&self, report: &mut Report, source: &mut dyn Read) {
        let parsed = self.message(report, source, None, "");
        let signed = parsed.is_some_and(|p| p.signature.is_some());
        if self.has(Layer::Signature) && signed {
            report.add(Finding::document(
                Layer::Signature,
                "too-large",
                format!(
                    "has more than {} octets: its signature was not verified",
                    self.options.limits.octets
                ),
                "raise the limit (--max-size)",
            ));
        }
    }

    /// Schema, signature and rules of one document. What it returns keeps the schema.
    fn message(
        &self,
        report: &mut Report,
        source: &mut dyn Read,
        octets: Option<&[u8]>,
        within: &str,
    ) -> Option<Parsed> {
        let (schema, signature) = (self.has(Layer::Schema), self.has(Layer::Signature));
        let tree = self.looks_into_units() || self.has(Layer::Envelope) || schema && signature;
        if !tree {
            let problems = match octets {
                Some(octets) => validate(octets, &self.options.limits),
                None => validate_stream(source, &self.options.limits),
            };
            let ill_formed = problems.iter().any(|p| p.ill_formed);
            if let Some(octets) = octets {
                report.message = root_of(octets).to_owned();
            }
            problems_into(report, problems, schema);
            if let (false, true, Some(octets)) = (ill_formed, signature, octets) {
                self.signature(report, octets, within);
            }
            return None;
        }
        let mut units = 0;
        let mut checker: Option<Checker<'_>> = None;
        let mut extractor: Option<Extractor> = None;
        let read = read_stream(
            source,
            &self.options.limits,
            &mut |message, node, number| {
                units = number;
                if self.has(Layer::Rules) && message.kind == Kind::Declaration {
                    checker
                        .get_or_insert_with(|| Checker::new(message, &self.options.off))
                        .unit(&node, number);
                }
                if self.has(Layer::Across) {
                    extractor
                        .get_or_insert_with(|| Extractor::new(message))
                        .unit(&node, number);
                }
            },
        );
        let parsed = match read {
            Ok(parsed) => parsed,
            Err(problems) => {
                if let Some(octets) = octets {
                    report.message = root_of(octets).to_owned();
                }
                problems_into(report, problems, true);
                return None;
            }
        };
        report.message = parsed.message.name.to_owned();
        report.units = units;
        if let (true, Some(octets)) = (signature, octets) {
            match (&parsed.signature, parsed.message.kind) {
                (Some(_), _) => self.signature(report, octets, within),
                (None, Kind::Declaration) => report.add(Finding {
                    severity: Severity::Warning,
                    path: parsed.message.name.to_owned(),
                    ..Finding::document(
                        Layer::Signature,
                        "unsigned",
                        "is not signed: its schema allows that, customs may not",
                        "have it signed",
                    )
                }),
                _ => {}
            }
        }
        if let Some(mut checker) = checker {
            checker.root(&parsed);
            for finding in checker.found() {
                report.add(finding);
            }
        }
        if report.valid {
            report
                .extracts
                .extend(extractor.map(Extractor::finish).unwrap_or_default());
        }
        Some(parsed)
    }

    fn signature(&self, report: &mut Report, octets: &[u8], within: &str) {
        let envelope = message(&report.message).is_some_and(|m| m.kind == Kind::Envelope);
        let error = match verify(octets, &self.policy) {
            Ok(verified) => {
                let who = &verified.certificate.subject;
                report.signature = Some(format!("{}, {who}", verified.profile));
                return;
            }
            Err(error) => error,
        };
        let remedy = match &error {
            VerifyError::DigestMismatch => "it was changed after signing: sign it again",
            VerifyError::Untrusted { .. } => "check who signed it, or --trust its issuer",
            VerifyError::OutsideValidity { .. } => "have it signed with a certificate in force",
            _ => "have it signed again",
        };
        // How an envelope is signed, the specification leaves open.
        let severity = match &error {
            VerifyError::Form(_) if envelope && within.is_empty() => Severity::Warning,
            _ => Severity::Error,
        };
        let code = match &error {
            VerifyError::Unsigned => "unsigned",
            _ => "signature",
        };
        report.add(Finding {
            severity,
            path: format!("{}/Signature", report.message),
            field_en: "Signature".to_owned(),
            field_zh: "签名节点".to_owned(),
            ..Finding::document(Layer::Signature, code, error.to_string(), remedy)
        });
    }
}

/// Turns the reader's problems into findings; of the schema's only where they count.
fn problems_into(report: &mut Report, problems: Vec<Problem>, schema: bool) {
    for problem in problems {
        let layer = match problem.rule {
            _ if problem.ill_formed => Layer::WellFormed,
            "unit-too-large" => Layer::Rules,
            _ => Layer::Schema,
        };
        if schema || layer == Layer::WellFormed {
            report.add(Finding::of(layer, problem));
        }
    }
}

/// The name of the message that a document starts with, for reports of documents that keep no
/// schema; empty when there is none.
fn root_of(octets: &[u8]) -> &'static str {
    let start = String::from_utf8_lossy(&octets[..octets.len().min(4096)]);
    let mut rest = start.as_ref();
    // Past the XML declaration, comments and processing instructions.
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.starts_with(['?', '!']) {
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '>' || c == '/');
        let name = &rest[..end.unwrap_or(rest.len())];
        let local = name.rsplit(':').next().unwrap_or(name);
        return message(local).map_or("", |m| m.name);
    }
    ""
}
