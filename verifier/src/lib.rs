//! The message verifier (报文验证工具).
//!
//! It looks at a message layer by layer: well-formed and safe, envelope, schema, signature,
//! business rules; then across messages, as customs compares order, payment, waybill and
//! inventory. Rules and comparisons are tables, in `tables/`.
//!
//! ```
//! use tongguan_verifier::{Layer, Options, Verifier};
//!
//! let options = Options { layers: [Layer::Schema].into(), ..Options::default() };
//! let verifier = Verifier::new(options).unwrap();
//! let octets = br#"<CEB900Message xmlns="http://www.chinaport.gov.cn/ceb" guid="1" version="1.0"/>"#;
//! let report = verifier.verify("receipt.xml", &mut &octets[..]);
//! assert_eq!(report.message, "CEB900Message");
//! let error = &report.errors[0];
//! assert_eq!((error.line, error.path.as_str()), (1, "CEB900Message/@guid"));
//! assert_eq!(error.text_zh, "长度不符合规范规定");
//! ```
#![forbid(unsafe_code)]

mod across;
mod check;
mod comparison;
mod finding;
mod folder;
mod forms;
mod formula;
mod html;
mod report;
mod rule;
mod sentences;
mod told;
mod verify;

/// The ids of the comparisons across documents.
pub fn comparison_ids() -> Vec<&'static str> {
    let mut ids: Vec<_> = comparison::ids().collect();
    ids.dedup();
    ids
}

pub use finding::{Finding, Layer, Severity};
pub use folder::{Source, sources};
pub use html::{Page, escaped};
pub use report::{Report, Totals};
pub use rule::{Rule, rules};
pub use told::{Told, ids, told};
pub use verify::{Options, UnknownRule, Verifier};
