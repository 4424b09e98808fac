//! Tax bills, and what a person may buy.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use rust_decimal::Decimal;
use stage::{Declared, said, texts, told};
use tongguan_simulator::{Checks, Options, Scenario, Simulator};

fn inventory(n: u32) -> Declared {
    let number = format!("N{n}");
    Declared::example("CEB621Message")
        .guid(n)
        .with("orderNo", &number)
        .with("logisticsNo", &number)
        .with("copNo", &number)
}

/// One that costs so much, of so many goods.
fn costing(n: u32, price: &str, quantity: &str) -> Declared {
    let each: Decimal = price.parse::<Decimal>().unwrap() / quantity.parse::<Decimal>().unwrap();
    inventory(n)
        .with("qty", quantity)
        .with("totalPrice", price)
        .with("price", &each.normalize().to_string())
}

fn customs(options: Options) -> Simulator {
    Simulator::new(options).unwrap()
}

fn scenario(text: &str) -> Simulator {
    customs(Options {
        scenario: Scenario::parse(text).unwrap(),
        ..Options::default()
    })
}

fn number(customs: &Simulator) -> String {
    let all = customs.declared().into_iter();
    let mut inventories = all.filter(|e| e.message == "CEB621Message");
    inventories.next().unwrap().invt_no
}

fn cancel(n: u32, number: &str) -> Declared {
    let of = format!("N{n}");
    Declared::example("CEB623Message")
        .guid(900 + n)
        .with("orderNo", &of)
        .with("logisticsNo", &of)
        .with("copNo", &format!("C{n}"))
        .with("invtNo", number)
}

#[test]
fn a_released_inventory_gets_its_bill_and_a_cancelled_one_loses_it() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        journal: Some(dir.path().join("journal")),
        ..Options::default()
    };
    let sim = customs(options.clone());
    let bills = told(&sim, &inventory(1));
    let invt_no = number(&sim);
    assert_eq!(bills.len(), 1);
    let (message, bill) = &bills[0];
    assert_eq!((*message, bill.code.as_str()), ("CEB816Message", "1"));
    assert_eq!(bill.number, invt_no);
    // Goods and freight, 146.00, at 9.1%.
    assert!(bill.text.contains(" valueAddedTax=13.29 "), "{}", bill.text);
    // A repeat is answered as before; a restart remembers which bill there is.
    let again = told(&sim, &inventory(1));
    assert_eq!(again[0].1.text, bill.text);
    drop(sim);
    let sim = customs(options);
    let void = told(&sim, &cancel(1, &invt_no));
    let (message, status) = &void[0];
    assert_eq!((*message, status.code.as_str()), ("CEB818Message", "3"));
    assert!(bill.text.contains(&format!("taxNo=T{invt_no}")));
    assert!(status.text.contains(&format!("taxNo=T{invt_no}")));
    assert_eq!(told(&sim, &cancel(1, &invt_no)).len(), 1, "a repeat");
}

/// Guids that are made in one moment begin alike.
#[test]
fn each_inventory_has_a_number_of_its_own() {
    let sim = customs(Options::default());
    for n in 1..=150 {
        said(&sim, &inventory(n));
    }
    let declared = sim.declared();
    let numbers: std::collections::BTreeSet<&str> =
        declared.iter().map(|e| e.invt_no.as_str()).collect();
    assert_eq!(numbers.len(), 150);
}

#[test]
fn what_is_not_released_or_not_taxed_gets_no_bill() {
    let sim = scenario("[[cases]]\nstatuses = [\"2\", \"500\", \"100\"]");
    assert!(told(&sim, &inventory(1)).is_empty());
    let sim = scenario("[tax]\nbills = false");
    assert!(told(&sim, &inventory(1)).is_empty());
    assert!(told(&sim, &cancel(1, &number(&sim))).is_empty());
    let sim = customs(Options::default());
    let export = Declared::example("CEB603Message");
    assert_eq!(said(&sim, &export).last().unwrap(), "800");
    assert!(told(&sim, &export).is_empty());
}

#[test]
fn a_bill_is_summed_up_where_the_scenario_says_so() {
    let sim = scenario("[tax]\nsummed_up_ms = 70");
    let all = told(&sim, &inventory(1));
    let codes: Vec<&str> = all.iter().map(|(_, one)| one.code.as_str()).collect();
    assert_eq!(codes, ["1", "2"]);
    assert!(all[1].1.text.contains("entDutyNo=J"), "{all:?}");
    let replies = stage::send(&sim, &inventory(1));
    assert_eq!(replies.last().unwrap().after.as_millis(), 70);
}

#[test]
fn a_person_buys_so_much_at_once_and_in_a_year() {
    let sim = customs(Options::default());
    assert_eq!(said(&sim, &costing(1, "5000.01", "2")), ["-621005"]);
    let told = texts(&sim, &costing(1, "5000.01", "2"));
    assert!(
        told[0].1.contains("[N1]") && told[0].1.contains("[5000]"),
        "{told:?}"
    );
    // One single good may be above, is taxed in full (with 10 of freight), and counts.
    let bill = stage::told(&sim, &costing(2, "20000", "1"));
    assert!(bill[0].1.text.contains("valueAddedTax=2601.30"), "{bill:?}");
    assert_eq!(said(&sim, &costing(3, "4000", "2")).last().unwrap(), "800");
    let over = texts(&sim, &costing(4, "2000.01", "2"));
    assert_eq!(over[0].0, "-621018");
    assert!(
        over[0].1.contains("已用购买额度为[24000]") && over[0].1.contains("[26000]"),
        "{over:?}"
    );
    assert_eq!(said(&sim, &costing(4, "2000", "2")).last().unwrap(), "800");
    // A repeat does not count twice; another person and another year count apart.
    assert_eq!(said(&sim, &costing(4, "2000", "2")).last().unwrap(), "800");
    let other = costing(5, "100", "2").with("buyerIdNumber", "110101199003077774");
    assert_eq!(said(&sim, &other).last().unwrap(), "800");
    let before = costing(6, "100", "2").with("appTime", "20251231235959");
    assert_eq!(said(&sim, &before).last().unwrap(), "800");
    assert_eq!(said(&sim, &costing(7, "1", "1")), ["-621018"]);
    // What is cancelled frees its part.
    let all = sim.declared().into_iter();
    let third = all
        .clone()
        .find(|e| e.guid.ends_with("000000000003"))
        .unwrap();
    assert_eq!(
        said(&sim, &cancel(3, &third.invt_no)).last().unwrap(),
        "399"
    );
    assert_eq!(said(&sim, &costing(7, "1", "1")).last().unwrap(), "800");
}

#[test]
fn what_is_refused_or_passed_on_by_a_change_does_not_count() {
    let sim = scenario("[[cases]]\ntimes = 1\nkey = \"N1\"\nstatuses = [\"2\", \"100\"]");
    assert_eq!(said(&sim, &costing(1, "26000", "1")), ["2", "100"]);
    assert_eq!(said(&sim, &costing(2, "26000", "1")).last().unwrap(), "800");
    assert_eq!(said(&sim, &costing(3, "1", "1")), ["-621018"]);
    let other = costing(2, "26000", "1").with("buyerIdNumber", "110101199003077774");
    let change = other.guid(9).with("appType", "2");
    assert_eq!(said(&sim, &change).last().unwrap(), "800");
    assert_eq!(said(&sim, &costing(3, "1", "1")).last().unwrap(), "800");
}

#[test]
fn the_years_sum_survives_a_restart_and_may_be_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        journal: Some(dir.path().join("journal")),
        ..Options::default()
    };
    let sim = customs(options.clone());
    assert_eq!(said(&sim, &costing(1, "26000", "1")).last().unwrap(), "800");
    drop(sim);
    let sim = customs(options.clone());
    assert_eq!(said(&sim, &costing(2, "1", "1")), ["-621018"]);
    let text = std::fs::read_to_string(dir.path().join("journal")).unwrap();
    assert!(
        !text.contains("110101"),
        "whose it is is not in the books: {text}"
    );
    let form = customs(Options {
        checks: Checks::Form,
        ..options
    });
    assert_eq!(said(&form, &costing(2, "1", "1")).last().unwrap(), "800");
}
