//! Electronic tax bills (CEB816) and their statuses (CEB818), spec 3.17 and 3.18.
//!
//! The specification has their fields, and not what an inventory is taxed: here as 财关税〔2016〕18号 and
//! 〔2018〕49号 have it for retail imports. Within the limits no customs duty, and 70% of the value-added tax;
//! a single good above the limit of a transaction, in full. The tariff is not known here: value-added tax
//! is 13% of the dutiable price, and there is neither duty nor consumption tax. The dutiable price is the
//! goods' price with their share of freight and insurance. What is not taxed gets no bill.

use rust_decimal::{Decimal, RoundingStrategy};

use tongguan_messages::envelope::Head;
use tongguan_messages::typed::{Record, ceb816, ceb818};
use tongguan_messages::{Node, Problem, Writer, closing, message, opening};

use crate::limits::{self, SINGLE};
use crate::receipts::{Reply, enclosed, guid, return_time, said};
use crate::unit::own_or_head;

/// 13%, and 70% of that: in hundred thousandths.
const VALUE_ADDED: Decimal = Decimal::from_parts(13_000, 0, 0, false, 5);
const REDUCED: Decimal = Decimal::from_parts(9_100, 0, 0, false, 5);

/// Statuses of tables 3-59 and 3-62.
const MADE: &str = "1";
const SUMMED_UP: &str = "2";
const VOID: &str = "3";

/// A bill's number follows from the inventory's: the same inventory has the same bill.
pub(crate) fn number(invt_no: &str) -> String {
    format!("T{invt_no}")
}

/// The bill of an inventory that was released; nothing where it owes nothing.
pub(crate) fn made(inventory: &Node, invt_no: &str, stage: usize) -> Option<ceb816::Tax> {
    let decimal = |text: Option<&str>| text.and_then(|t| t.trim().parse().ok());
    let money =
        |amount: Decimal| amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    let amount =
        |name: &str| -> Decimal { decimal(own_or_head(inventory, name)).unwrap_or_default() };
    let besides = amount("freight") + amount("insuredFee");
    let goods = limits::price(inventory);
    let rate = match goods > SINGLE {
        true => VALUE_ADDED,
        false => REDUCED,
    };
    let items = inventory.children().iter();
    let items = items.filter(|c| c.element.name == "InventoryList");
    let list: Vec<ceb816::TaxListRd> = items
        .map(|item| {
            let price = decimal(item.text("totalPrice")).unwrap_or_default();
            let share = match goods.is_zero() {
                true => Decimal::ZERO,
                false => besides * price / goods,
            };
            let dutiable = money(price + share);
            ceb816::TaxListRd {
                gnum: item
                    .text("gnum")
                    .and_then(|t| t.trim().parse().ok())
                    .unwrap_or(1),
                gcode: item.text("gcode").unwrap_or_default().to_owned(),
                taxPrice: dutiable,
                customsTax: Decimal::ZERO,
                valueAddedTax: money(dutiable * rate),
                consumptionTax: Decimal::ZERO,
            }
        })
        .collect();
    let total: Decimal = list.iter().map(|item| item.valueAddedTax).sum();
    if total.is_zero() {
        return None;
    }
    let copied = |name: &str| own_or_head(inventory, name).map(str::to_owned);
    Some(ceb816::Tax {
        TaxHeadRd: ceb816::TaxHeadRd {
            guid: guid(),
            returnTime: return_time(stage),
            invtNo: invt_no.to_owned(),
            taxNo: number(invt_no),
            customsTax: Decimal::ZERO,
            valueAddedTax: total,
            consumptionTax: Decimal::ZERO,
            status: MADE.to_owned(),
            entDutyNo: None,
            note: None,
            assureCode: copied("assureCode"),
            ebcCode: copied("ebcCode"),
            logisticsCode: copied("logisticsCode"),
            agentCode: copied("agentCode"),
            customsCode: copied("customsCode"),
        },
        TaxListRd: list,
    })
}

/// The bill is void: its inventory was cancelled.
pub(crate) fn void(invt_no: &str, tax_no: &str, stage: usize) -> ceb818::Tax {
    status(VOID, invt_no, tax_no, None, stage)
}

/// The bill was summed up with others, under a certificate of payment of its own number.
pub(crate) fn summed_up(invt_no: &str, stage: usize) -> ceb818::Tax {
    let certificate = format!("J{invt_no}");
    status(
        SUMMED_UP,
        invt_no,
        &number(invt_no),
        Some(certificate),
        stage,
    )
}

fn status(
    status: &str,
    invt_no: &str,
    tax_no: &str,
    certificate: Option<String>,
    stage: usize,
) -> ceb818::Tax {
    ceb818::Tax {
        TaxHeadStatus: ceb818::TaxHeadStatus {
            guid: guid(),
            returnTime: return_time(stage),
            invtNo: invt_no.to_owned(),
            taxNo: tax_no.to_owned(),
            status: status.to_owned(),
            entDutyNo: certificate,
            assureCode: None,
        },
    }
}

/// Bills, or their statuses, in one message for who declared the inventories.
pub(crate) fn reply<R: Record>(name: &'static str, all: &[R], original: &Head) -> Option<Reply> {
    if all.is_empty() {
        return None;
    }
    let written = write(name, all);
    let written = written.inspect_err(|problem| {
        let problem = said(std::slice::from_ref(problem));
        tracing::error!(problem, "a tax bill could not be written");
    });
    Some(enclosed(name, written.ok()?, original))
}

fn write<R: Record>(name: &'static str, all: &[R]) -> Result<Vec<u8>, Problem> {
    let absent = || Problem::document("unknown", format!("{name} has no table"), "add it");
    let known = message(name).ok_or_else(absent)?;
    let unit = known.unit.ok_or_else(absent)?;
    let mut octets = opening(known, &guid());
    for one in all {
        Writer::element(&mut octets, unit, one)?;
    }
    octets.extend_from_slice(&closing(known));
    Ok(octets)
}
