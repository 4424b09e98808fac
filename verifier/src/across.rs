//! The comparison across documents: order, payment, waybill and inventory of one order agree.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::LazyLock;

use tongguan_messages::{Element, Kind, Message, Node, Place, business_key, message};

use crate::check::{MOST, shortened};
use crate::comparison::{Comparison, DECLARED_AGAIN, Items, Same, Side, comparisons, field};
use crate::finding::{Finding, Layer, Severity};
use crate::formula::decimal;
use crate::report::Report;

pub(crate) use crate::comparison::ids;

/// Personal values are kept only as hashes, which nothing outside this process can compute.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// What the comparison needs of one declaration.
#[derive(Debug, Clone)]
pub(crate) struct Extract {
    message: &'static Message,
    /// Its number in its message.
    pub number: usize,
    place: Place,
    /// The business key and the guid, hashed, where it is declared as new.
    new: Option<(u64, u64)>,
    parts: Vec<Part>,
}

/// One side of one comparison.
#[derive(Debug, Clone)]
struct Part {
    comparison: usize,
    side: Side,
    key: u64,
    values: Vec<Value>,
    items: Vec<Item>,
}

#[derive(Debug, Clone)]
struct Item {
    by: String,
    place: Place,
    values: Vec<Value>,
}

#[derive(Debug, Clone)]
struct Value {
    place: Place,
    text: Text,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Text {
    Absent,
    Plain(String),
    Hidden(u64),
}

/// Takes down what the comparison needs of a message's units.
pub(crate) struct Extractor {
    message: &'static Message,
    sides: Vec<(usize, Side)>,
    extracts: Vec<Extract>,
}

impl Extractor {
    pub fn new(message: &'static Message) -> Self {
        let sides = comparisons().iter().enumerate().flat_map(|(index, c)| {
            [Side::Left, Side::Right]
                .into_iter()
                .filter(|side| side.of(&c.left, &c.right) == message.name)
                .map(move |side| (index, side))
        });
        Self {
            message,
            sides: sides.collect(),
            extracts: Vec::new(),
        }
    }

    pub fn unit(&mut self, unit: &Node, number: usize) {
        let head = unit
            .children()
            .first()
            .filter(|h| h.child("appType").is_some());
        let own = |name: &str| head.unwrap_or(unit).text(name).map(str::trim);
        if self.message.kind != Kind::Declaration || own("appType") == Some("3") {
            return;
        }
        let new = (own("appType") == Some("1"))
            .then(|| business_key(self.message, unit))
            .flatten()
            .map(|key| (HASHER.hash_one(key), HASHER.hash_one(own("guid"))));
        self.extracts.push(Extract {
            message: self.message,
            number,
            place: unit.place,
            new,
            parts: self
                .sides
                .iter()
                .map(|(index, side)| part(*index, *side, unit))
                .collect(),
        });
    }

    pub fn finish(self) -> Vec<Extract> {
        self.extracts
    }
}

fn part(index: usize, side: Side, unit: &Node) -> Part {
    let comparison = &comparisons()[index];
    let join = comparison.join.iter().map(|(left, right)| {
        let text = unit.text(side.of(left, right)).unwrap_or_default();
        text.trim()
    });
    let key = HASHER.hash_one(join.collect::<Vec<_>>());
    let items = comparison.items.iter().flat_map(|items| {
        let name = side.of(&items.left, &items.right);
        let named = unit
            .children()
            .iter()
            .filter(move |c| c.element.name == name);
        named.map(|node| Item {
            by: node.text(&items.by).unwrap_or_default().trim().to_owned(),
            place: node.place,
            values: values(node, &items.same, side),
        })
    });
    Part {
        comparison: index,
        side,
        key,
        values: values(unit, &comparison.same, side),
        items: items.collect(),
    }
}

fn values(node: &Node, same: &[Same], side: Side) -> Vec<Value> {
    let value = |same: &Same| {
        let found = node.find(side.of(&same.left, &same.right));
        let text = found.and_then(Node::own_text).unwrap_or_default().trim();
        Value {
            place: found.map_or(node.place, |f| f.place),
            text: match found {
                _ if text.is_empty() => Text::Absent,
                Some(found) if found.element.personal => Text::Hidden(HASHER.hash_one(text)),
                _ => Text::Plain(text.to_owned()),
            },
        }
    };
    same.iter().map(value).collect()
}

/// Where a declaration stands.
#[derive(Clone, Copy)]
struct At<'r> {
    report: usize,
    file: &'r str,
    extract: &'r Extract,
}

impl At<'_> {
    fn unit_path(&self) -> String {
        let unit = self.extract.message.unit.map_or("", |u| u.name);
        format!(
            "{}/{unit}[{}]",
            self.extract.message.name, self.extract.number
        )
    }
}

/// Compares the declarations of all reports with each other.
pub(crate) fn compare(reports: &mut [Report], off: &HashSet<String>) {
    let mut found: Vec<(usize, Finding)> = Vec::new();
    let all = || {
        reports.iter().enumerate().flat_map(|(report, r)| {
            r.extracts.iter().map(move |extract| At {
                report,
                file: &r.file,
                extract,
            })
        })
    };
    for (index, comparison) in comparisons().iter().enumerate() {
        let sides = |side| {
            all().flat_map(move |at| {
                let parts = at.extract.parts.iter();
                parts
                    .filter(move |p| p.comparison == index && p.side == side)
                    .map(move |p| (at, p))
            })
        };
        let rights: HashMap<u64, (At<'_>, &Part)> =
            sides(Side::Right).map(|(at, p)| (p.key, (at, p))).collect();
        if rights.is_empty() {
            continue;
        }
        for (at, left) in sides(Side::Left) {
            match rights.get(&left.key) {
                Some((other, right)) => Pair {
                    comparison,
                    at,
                    other: *other,
                    off,
                }
                .compare(left, right, &mut found),
                None => found.extend(missing(comparison, at, off).map(|f| (at.report, f))),
            }
        }
    }
    if !off.contains(DECLARED_AGAIN) {
        let mut first: HashMap<(&str, u64), (At<'_>, u64)> = HashMap::new();
        for at in all() {
            let Some((key, guid)) = at.extract.new else {
                continue;
            };
            let (earlier, same) = first
                .entry((at.extract.message.name, key))
                .or_insert((at, guid));
            // The same guid is the same declaration, sent or kept again.
            if *same != guid {
                found.push((at.report, again(at, *earlier)));
            }
        }
    }
    for (report, finding) in found {
        let report = &mut reports[report];
        if report.errors.len() + report.warnings.len() < MOST {
            report.add(finding);
        }
    }
}

/// Two declarations that belong together.
struct Pair<'r> {
    comparison: &'static Comparison,
    at: At<'r>,
    other: At<'r>,
    off: &'r HashSet<String>,
}

impl Pair<'_> {
    fn compare(&self, left: &Part, right: &Part, found: &mut Vec<(usize, Finding)>) {
        let base = self.at.unit_path();
        let units = (
            self.at.extract.message.unit,
            self.other.extract.message.unit,
        );
        let (Some(left_unit), Some(right_unit)) = units else {
            return;
        };
        let values = left.values.iter().zip(&right.values);
        for (same, (left, right)) in self.comparison.same.iter().zip(values) {
            found.extend(self.differ(same, left_unit, right_unit, &base, left, right));
        }
        let Some(items) = &self.comparison.items else {
            return;
        };
        let elements = (
            field(left_unit, &items.left),
            field(right_unit, &items.right),
        );
        let (Some(left_item), Some(right_item)) = elements else {
            return;
        };
        for (index, item) in left.items.iter().enumerate() {
            let path = format!("{base}/{}[{}]", items.left, index + 1);
            let Some(other) = right.items.iter().find(|i| alike(&i.by, &item.by)) else {
                found
                    .extend(self.no_item(items, left_item, item.place, path, &item.by, self.other));
                continue;
            };
            let values = item.values.iter().zip(&other.values);
            for (same, (left, right)) in items.same.iter().zip(values) {
                found.extend(self.differ(same, left_item, right_item, &path, left, right));
            }
        }
        if items.all {
            for item in &right.items {
                if !left.items.iter().any(|i| alike(&i.by, &item.by)) {
                    let place = self.at.extract.place;
                    let path = base.clone();
                    found.extend(self.no_item(items, left_unit, place, path, &item.by, self.at));
                }
            }
        }
    }

    fn differ(
        &self,
        same: &'static Same,
        left_in: &'static Element,
        right_in: &'static Element,
        base: &str,
        left: &Value,
        right: &Value,
    ) -> Option<(usize, Finding)> {
        if self.off.contains(&same.id) || agree(same, &left.text, &right.text) {
            return None;
        }
        let element = field(left_in, &same.left)?;
        let other = field(right_in, &same.right)?;
        let message = self.other.extract.message;
        let where_en = format!("{}:{}", self.other.file, right.place.line);
        let where_zh = format!("{}第{}行", self.other.file, right.place.line);
        let (text, text_zh) = match (&left.text, &right.text) {
            (Text::Plain(left), Text::Plain(right)) => {
                let (more, more_zh) = match same.at_most {
                    true => ("is more than", "大于"),
                    false => ("differs from", "不同于"),
                };
                let (left, right) = (shortened(left), shortened(right));
                (
                    format!(
                        "{more} {} of the {} ({where_en}): {left} here, {right} there",
                        other.name,
                        message.en.to_lowercase()
                    ),
                    format!(
                        "{more_zh}{}（{where_zh}）的{}：此处为“{left}”，彼处为“{right}”",
                        message.zh, other.zh
                    ),
                )
            }
            _ => (
                format!(
                    "differs from {} of the {} ({where_en}); personal data is not shown",
                    other.name,
                    message.en.to_lowercase()
                ),
                format!(
                    "与{}（{where_zh}）的{}不一致；个人信息不予显示",
                    message.zh, other.zh
                ),
            ),
        };
        Some((
            self.at.report,
            Finding {
                layer: Layer::Across,
                severity: same.severity,
                line: left.place.line,
                column: left.place.column,
                path: format!("{base}/{}", same.left),
                code: &same.id,
                section: self.at.extract.message.section,
                field_en: element.en.to_owned(),
                field_zh: element.zh.to_owned(),
                text,
                text_zh,
                remedy: "make both say the same: customs compares them".to_owned(),
                remedy_zh: "请核对两份单证，海关将对其进行比对".to_owned(),
            },
        ))
    }

    fn no_item(
        &self,
        items: &'static Items,
        element: &'static Element,
        place: Place,
        path: String,
        by: &str,
        missing_in: At<'_>,
    ) -> Option<(usize, Finding)> {
        if self.off.contains(&items.id) {
            return None;
        }
        let message = missing_in.extract.message;
        let by = shortened(by);
        Some((
            self.at.report,
            Finding {
                layer: Layer::Across,
                severity: Severity::Error,
                line: place.line,
                column: place.column,
                path,
                code: &items.id,
                section: self.at.extract.message.section,
                field_en: element.en.to_owned(),
                field_zh: element.zh.to_owned(),
                text: format!(
                    "item {by} is not in the {} ({}:{})",
                    message.en.to_lowercase(),
                    missing_in.file,
                    missing_in.extract.place.line
                ),
                text_zh: format!(
                    "{}（{}第{}行）中没有序号为{by}的商品项",
                    message.zh, missing_in.file, missing_in.extract.place.line
                ),
                remedy: "give both the same items with the same numbers".to_owned(),
                remedy_zh: "两份单证的商品项与序号应一一对应".to_owned(),
            },
        ))
    }
}

/// Whether two values agree. A field that one side leaves out is not compared.
fn agree(same: &Same, left: &Text, right: &Text) -> bool {
    match (left, right) {
        (Text::Absent, _) | (_, Text::Absent) => true,
        (Text::Plain(left), Text::Plain(right)) if same.at_most => {
            match (decimal(left), decimal(right)) {
                (Some(left), Some(right)) => left <= right,
                _ => true,
            }
        }
        (Text::Plain(left), Text::Plain(right)) => alike(left, right),
        (left, right) => left == right,
    }
}

/// The same text, or the same number: 10 and 10.00.
fn alike(left: &str, right: &str) -> bool {
    left == right
        || matches!((decimal(left), decimal(right)), (Some(l), Some(r)) if l == r && numeric(left, right))
}

/// A code such as 0035 is no number: only what a decimal point or its absence makes different is
/// taken for the same.
fn numeric(left: &str, right: &str) -> bool {
    let plain = |t: &str| !t.starts_with('0') || t == "0" || t.starts_with("0.");
    plain(left) && plain(right)
}

fn missing(comparison: &'static Comparison, at: At<'_>, off: &HashSet<String>) -> Option<Finding> {
    let id = comparison
        .missing
        .as_ref()
        .filter(|id| !off.contains(*id))?;
    let other = message(&comparison.right)?;
    let unit = at.extract.message.unit?;
    let fields = |side: Side| {
        let names = comparison.join.iter().map(|(l, r)| {
            let path = side.of(l, r);
            path.rsplit('/').next().unwrap_or(path)
        });
        names.collect::<Vec<_>>().join(", ")
    };
    let by = fields(Side::Left);
    Some(Finding {
        layer: Layer::Across,
        severity: Severity::Warning,
        line: at.extract.place.line,
        column: at.extract.place.column,
        path: at.unit_path(),
        code: id,
        section: at.extract.message.section,
        field_en: unit.en.to_owned(),
        field_zh: unit.zh.to_owned(),
        text: format!(
            "has no {} with the same {by} among these documents",
            other.en.to_lowercase()
        ),
        text_zh: format!("在所核验的单证中没有 {by} 相同的{}", other.zh),
        remedy: "declare it too, or verify it together with this one".to_owned(),
        remedy_zh: "请一并申报，或一并核验".to_owned(),
    })
}

fn again(at: At<'_>, earlier: At<'_>) -> Finding {
    let message = at.extract.message;
    let keys: Vec<&str> = message
        .business_key
        .iter()
        .map(|k| k.rsplit('/').next().unwrap_or(k))
        .collect();
    let (keys, line) = (keys.join(", "), earlier.extract.place.line);
    Finding {
        layer: Layer::Across,
        severity: Severity::Error,
        line: at.extract.place.line,
        column: at.extract.place.column,
        path: at.unit_path(),
        code: DECLARED_AGAIN,
        section: message.section,
        field_en: message.unit.map_or("", |u| u.en).to_owned(),
        field_zh: message.unit.map_or("", |u| u.zh).to_owned(),
        text: format!(
            "is declared as new a second time under another guid: {keys} are those of {}:{line}",
            earlier.file
        ),
        text_zh: format!(
            "以不同的 guid 重复新增申报：{keys} 与{}第{line}行相同",
            earlier.file
        ),
        remedy: "declare it once; repeat a message with the same guid; change it with appType 2"
            .to_owned(),
        remedy_zh: "只应新增申报一次；重发须保持 guid 不变，变更应使用报送类型2".to_owned(),
    }
}
