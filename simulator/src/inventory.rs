//! What cancellations (CEB605, CEB623) and returns (CEB625) say of the inventory that they are about.

use std::collections::BTreeMap;

use tongguan_messages::Message;

use crate::ledger::{Entry, Key};
use crate::unit::Unit;

/// What both say, beside the inventory's number. `copNo` is each one's own; buyer and goods are the comparison's.
const KNOWN_BY: &[(&str, &str)] = &[
    ("orderNo", "订单编号"),
    ("logisticsNo", "物流运单编号"),
    ("ebpCode", "电商平台代码"),
    ("logisticsCode", "物流企业代码"),
    ("ebcCode", "电商企业代码"),
    ("customsCode", "申报海关代码"),
];

/// What an inventory is known by; nothing of other declarations.
pub(crate) fn known_by(receipt: &Message, unit: &Unit<'_>) -> BTreeMap<String, String> {
    if !matches!(receipt.name, "CEB604Message" | "CEB622Message") {
        return BTreeMap::new();
    }
    let of = |(field, _): &(&str, &str)| Some(((*field).to_owned(), unit.text(field)?.to_owned()));
    KNOWN_BY.iter().filter_map(of).collect()
}

/// A cancellation or a return, with the inventory that it is about.
pub(crate) fn tied(entry: Entry, about: Option<Key>) -> Entry {
    let (takes_back, gives_back) =
        match matches!(entry.message.as_str(), "CEB623Message" | "CEB605Message") {
            true => (about, None),
            false => (None, about),
        };
    Entry {
        takes_back,
        gives_back,
        ..entry
    }
}

/// The field in which a cancellation or a return differs from its inventory.
pub(crate) fn differing(unit: &Unit<'_>, inventory: &Entry) -> Option<&'static str> {
    let differs = |field: &str| {
        let both = unit.text(field).zip(inventory.known_by.get(field));
        both.is_some_and(|(own, its)| own != its)
    };
    let field = KNOWN_BY.iter().find(|(field, _)| differs(field));
    field.map(|(_, zh)| *zh)
}
