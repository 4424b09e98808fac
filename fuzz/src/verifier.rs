//! The verifier: its layers agree with the reader, its reports with themselves, and neither shows
//! personal data or lets markup through.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use tongguan_messages::{Limits, validate};
use tongguan_verifier::{Finding, Layer, Options, Page, Report, Verifier};

use crate::personal;

/// Files stand in one input with this between them: XML cannot hold it.
const BETWEEN: u8 = 0;
/// A file's name, as hostile as what is in it.
const NAME: &str = "<script>\"&'.xml";

static ALL: LazyLock<Verifier> = LazyLock::new(|| of(Layer::ALL.into()));
static SCHEMA: LazyLock<Verifier> = LazyLock::new(|| of([Layer::Schema].into()));
static FORM: LazyLock<Verifier> = LazyLock::new(|| of([Layer::WellFormed].into()));

fn of(layers: BTreeSet<Layer>) -> Verifier {
    Verifier::new(Options {
        layers,
        ..Options::default()
    })
    .expect("nothing is switched off")
}

pub fn target(octets: &[u8]) {
    let files: Vec<&[u8]> = octets.split(|b| *b == BETWEEN).take(8).collect();
    let reports = looked_at(&files);
    for (file, report) in files.iter().zip(&reports) {
        agrees_with_the_reader(file, report);
    }
    page(&reports);
    let marked: Vec<Option<String>> = files.iter().map(|f| personal::marked(f)).collect();
    if marked.iter().all(Option::is_some) {
        let files: Vec<String> = marked.into_iter().flatten().collect();
        let files: Vec<&[u8]> = files.iter().map(String::as_bytes).collect();
        for finding in looked_at(&files).iter().flat_map(findings) {
            for told in sentences(finding) {
                assert!(!told.contains(personal::MARK), "personal data in: {told}");
            }
        }
    }
}

/// Every file by every layer, then compared with each other.
fn looked_at(files: &[&[u8]]) -> Vec<Report> {
    let mut reports: Vec<Report> = files
        .iter()
        .map(|file| ALL.verify(NAME, &mut &file[..]))
        .collect();
    ALL.compare(&mut reports);
    for finding in reports.iter().flat_map(findings) {
        for told in sentences(finding) {
            assert!(!told.chars().any(char::is_control), "{told:?}");
        }
        assert!(!finding.text.is_empty() && !finding.text_zh.is_empty());
    }
    for report in &reports {
        assert_eq!(report.valid, report.errors.is_empty());
        assert!(report.errors.iter().all(|f| f.severity.is_error()));
        assert!(!report.warnings.iter().any(|f| f.severity.is_error()));
        // A hundred of the schema, a hundred of the rules, a few of the rest.
        assert!(findings(report).count() <= 250);
        let json = serde_json::to_value(report).expect("a report is JSON");
        assert_eq!(json["valid"], report.valid);
    }
    reports
}

fn findings(report: &Report) -> impl Iterator<Item = &Finding> {
    report.errors.iter().chain(&report.warnings)
}

fn sentences(finding: &Finding) -> [&str; 5] {
    [
        &finding.path,
        &finding.text,
        &finding.text_zh,
        &finding.remedy,
        &finding.remedy_zh,
    ]
}

fn agrees_with_the_reader(file: &[u8], report: &Report) {
    let problems = validate(file, &Limits::default());
    assert!(problems.is_empty() || !report.valid, "{problems:?}");
    let schema = SCHEMA.verify(NAME, &mut &file[..]);
    assert_eq!(schema.valid, problems.is_empty(), "{problems:?}");
    let ill_formed = problems.iter().any(|p| p.ill_formed);
    let form = FORM.verify(NAME, &mut &file[..]);
    assert_eq!(form.valid, !ill_formed, "{:?}", form.errors);
}

/// Nothing in the page is markup but what the page itself has.
fn page(reports: &[Report]) {
    let mut page = Page::new();
    for report in reports {
        page.add(report);
    }
    let html = page.finish(&Layer::ALL, NAME);
    for (at, _) in html.match_indices('<') {
        let rest = &html[at..];
        let end = rest.find('>').expect("a tag is closed");
        let tag = rest[1..end].trim_start_matches('/');
        assert!(TAGS.contains(&tag), "<{tag}>");
    }
    let entities = ["&lt;", "&gt;", "&amp;", "&quot;", "&#39;"];
    for (at, _) in html.match_indices('&') {
        let rest = &html[at..];
        assert!(entities.iter().any(|e| rest.starts_with(e)));
    }
    let rows = html.matches("<tr class=").count();
    assert_eq!(rows, reports.iter().flat_map(findings).count());
}

/// The tags of a page, with all their attributes.
const TAGS: [&str; 32] = [
    "!DOCTYPE html",
    "html",
    "html lang=\"zh-CN\"",
    "head",
    "meta charset=\"utf-8\"",
    "meta name=\"viewport\" content=\"width=device-width\"",
    "title",
    "style",
    "body",
    "h1",
    "small",
    "p",
    "p class=\"verdict good\"",
    "p class=\"verdict bad\"",
    "p class=\"bad\"",
    "table",
    "table class=\"totals\"",
    "tr",
    "tr class=\"error\"",
    "tr class=\"warning\"",
    "th",
    "td",
    "br",
    "b",
    "span",
    "em",
    "code",
    "details",
    "details open class=\"bad\"",
    "details open class=\"warned\"",
    "summary",
    "footer",
];
