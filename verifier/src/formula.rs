//! Formulas of the rule tables: `acturalPaid = goodsValue + freight - discount`.

use rust_decimal::Decimal;
use tongguan_messages::Node;

/// `left relation right`, over the fields below an element.
#[derive(Debug, Clone)]
pub(crate) struct Formula {
    left: Sum,
    relation: Relation,
    right: Sum,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Equal,
    AtMost,
    AtLeast,
    MoreThan,
}

/// Terms, each added or taken away.
#[derive(Debug, Clone)]
struct Sum(Vec<(bool, Vec<Factor>)>);

#[derive(Debug, Clone)]
enum Factor {
    Number(Decimal),
    Field(String),
    /// Over all elements at that path.
    Total(String),
}

/// What a formula comes to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judged {
    pub holds: bool,
    pub left: Decimal,
    pub right: Decimal,
}

impl Formula {
    /// Reads a formula.
    pub fn parse(text: &str) -> Result<Self, String> {
        // The longer signs first: "<=" holds "=".
        let signs = [
            ("<=", Relation::AtMost),
            (">=", Relation::AtLeast),
            (">", Relation::MoreThan),
            ("=", Relation::Equal),
        ];
        let (left, relation, right) = signs
            .iter()
            .find_map(|(sign, relation)| {
                let (left, right) = text.split_once(sign)?;
                Some((left, *relation, right))
            })
            .ok_or_else(|| format!("{text:?} compares nothing"))?;
        Ok(Self {
            left: Sum::parse(left)?,
            relation,
            right: Sum::parse(right)?,
        })
    }

    /// The field that is at fault when it does not hold: the first one.
    pub fn field(&self) -> Option<&str> {
        self.left.0.first()?.1.iter().find_map(|f| match f {
            Factor::Field(path) => Some(path.as_str()),
            Factor::Total(_) | Factor::Number(_) => None,
        })
    }

    /// Every path that it names, below the element that it is applied to.
    #[cfg(test)]
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let terms = self.left.0.iter().chain(&self.right.0);
        terms.flat_map(|(_, f)| f).filter_map(|f| match f {
            Factor::Field(path) | Factor::Total(path) => Some(path.as_str()),
            Factor::Number(_) => None,
        })
    }

    /// Judges the fields below `node`; `None` where one is absent, or too large to reckon with.
    pub fn judge(&self, node: &Node, tolerance: Decimal) -> Option<Judged> {
        let (left, right) = (self.left.value(node)?, self.right.value(node)?);
        let holds = match self.relation {
            Relation::Equal => left.checked_sub(right)?.abs() <= tolerance,
            Relation::AtMost => left <= right,
            Relation::AtLeast => left >= right,
            Relation::MoreThan => left > right,
        };
        Some(Judged { holds, left, right })
    }
}

impl Sum {
    fn parse(text: &str) -> Result<Self, String> {
        let mut terms = Vec::new();
        let mut plus = true;
        let mut rest = text;
        loop {
            let end = rest.find(['+', '-']).unwrap_or(rest.len());
            let factors: Result<Vec<Factor>, String> =
                rest[..end].split('*').map(Factor::parse).collect();
            terms.push((plus, factors?));
            let Some(sign) = rest[end..].chars().next() else {
                return Ok(Self(terms));
            };
            plus = sign == '+';
            rest = &rest[end + 1..];
        }
    }

    fn value(&self, node: &Node) -> Option<Decimal> {
        let mut sum = Decimal::ZERO;
        for (plus, factors) in &self.0 {
            let mut product = Decimal::ONE;
            for factor in factors {
                product = product.checked_mul(factor.value(node)?)?;
            }
            sum = if *plus {
                sum.checked_add(product)?
            } else {
                sum.checked_sub(product)?
            };
        }
        Some(sum)
    }
}

impl Factor {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(path) = text.strip_prefix("sum(").and_then(|t| t.strip_suffix(')')) {
            return Ok(Self::Total(path.to_owned()));
        }
        if let Some(number) = decimal(text) {
            return Ok(Self::Number(number));
        }
        let name = |c: char| c.is_ascii_alphanumeric() || c == '/';
        if text.is_empty() || !text.chars().all(name) {
            return Err(format!("{text:?} is no field"));
        }
        Ok(Self::Field(text.to_owned()))
    }

    fn value(&self, node: &Node) -> Option<Decimal> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Field(path) => decimal(node.text(path)?),
            Self::Total(path) => {
                let (items, field) = path.split_once('/')?;
                node.children()
                    .iter()
                    .filter(|c| c.element.name == items)
                    .try_fold(Decimal::ZERO, |sum, item| {
                        sum.checked_add(decimal(item.text(field)?)?)
                    })
            }
        }
    }
}

/// A number as XML Schema writes decimals; `None` when it is none, or too long to reckon with.
pub(crate) fn decimal(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let text = text.strip_prefix('+').unwrap_or(text);
    let digits = text.bytes().any(|b| b.is_ascii_digit());
    let only = |b: u8| b.is_ascii_digit() || b == b'.' || b == b'-';
    if !digits || !text.bytes().all(only) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tongguan_messages::{NodeContent, message};

    #[test]
    fn signs_are_told_apart() {
        for (text, relation) in [
            ("a = b", Relation::Equal),
            ("a <= b", Relation::AtMost),
            ("a >= b", Relation::AtLeast),
            ("a > 0", Relation::MoreThan),
        ] {
            assert_eq!(Formula::parse(text).unwrap().relation, relation, "{text}");
        }
        assert!(Formula::parse("a").is_err());
        assert!(Formula::parse("a = b c").is_err());
        assert!(Formula::parse("a = ").is_err());
    }

    #[test]
    fn numbers_of_the_schema_are_read() {
        for (text, value) in [
            ("1.50", "1.5"),
            ("+.5", "0.5"),
            ("-3.", "-3"),
            (" 007 ", "7"),
        ] {
            assert_eq!(decimal(text), Some(value.parse().unwrap()), "{text:?}");
        }
        for text in ["", ".", "1e3", "INF", "1,5", "１"] {
            assert_eq!(decimal(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_absent_field_is_not_judged() {
        let unit = message("CEB513Message").unwrap().unit.unwrap();
        let node = Node {
            element: unit,
            place: Default::default(),
            attributes: Vec::new(),
            content: NodeContent::Children(Vec::new()),
        };
        let formula = Formula::parse("logisticsNo = 1").unwrap();
        assert!(formula.judge(&node, Decimal::ZERO).is_none());
    }
}
