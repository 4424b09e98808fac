//! What a person may buy by retail import: 5,000 yuan at once, 26,000 a year (财关税〔2018〕49号).
//!
//! An order for one single good may be above the limit of a transaction, and counts to the year's. What
//! was cancelled or given back does not count any more. The year is that of `appTime`.

use rust_decimal::Decimal;
use sha2::{Digest as _, Sha256};

use tongguan_messages::Node;

use crate::codes::Wrong;
use crate::ledger::{Entry, Ledger};
use crate::unit::own_or_head;

/// At once.
pub(crate) const SINGLE: Decimal = Decimal::from_parts(5_000, 0, 0, false, 0);
/// In a year.
const YEARLY: Decimal = Decimal::from_parts(26_000, 0, 0, false, 0);

fn items(inventory: &Node) -> impl Iterator<Item = &Node> {
    let all = inventory.children().iter();
    all.filter(|c| c.element.name == "InventoryList")
}

fn decimal(item: &Node, field: &str) -> Decimal {
    let text = item.text(field).unwrap_or_default();
    text.trim().parse().unwrap_or_default()
}

/// What an inventory's goods cost.
pub(crate) fn price(inventory: &Node) -> Decimal {
    items(inventory)
        .map(|item| decimal(item, "totalPrice"))
        .sum()
}

/// Whose purchases are counted together: the books need not say who it is.
pub(crate) fn buyer(inventory: &Node) -> String {
    let number = own_or_head(inventory, "buyerIdNumber").unwrap_or_default();
    let digest = Sha256::digest(number.trim());
    digest.iter().take(16).map(|o| format!("{o:02x}")).collect()
}

/// Whether an inventory goes beyond what its buyer may have; what is said of it then.
pub(crate) fn exceeded(
    inventory: &Node,
    entry: &Entry,
    ledger: &Ledger,
) -> Option<(Wrong<'static>, String)> {
    let price = entry.amount.unwrap_or_default();
    let which = own_or_head(inventory, "copNo").unwrap_or(&entry.guid);
    let mut goods = items(inventory);
    let one = goods
        .next()
        .is_some_and(|item| decimal(item, "qty") <= Decimal::ONE);
    let single = one && goods.next().is_none();
    if price > SINGLE && !single {
        let said = format!("{which}\n{SINGLE}");
        return Some((Wrong::Rule("single-limit"), said));
    }
    let spent = ledger.spent(entry);
    // The receipt says whose it is by the inventory: it goes through more hands than the buyer's.
    (spent + price > YEARLY).then(|| (Wrong::Yearly, format!("{which}\n订购人\n{spent}\n{YEARLY}")))
}
