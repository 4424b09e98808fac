//! What the clearance service looks for in declarations that keep their schema and are signed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use stage::{Declared, said, send, texts};
use tongguan_messages::{Kind, messages};
use tongguan_simulator::{Checks, Options, Scenario, Simulator};

const RELEASED: [&str; 3] = ["2", "120", "800"];
const STORED: [&str; 2] = ["2", "120"];
const RETURNED: [&str; 3] = ["2", "120", "100"];

fn order() -> Declared {
    Declared::example("CEB311Message")
}

fn inventory() -> Declared {
    Declared::example("CEB621Message").guid(2)
}

fn customs() -> Simulator {
    Simulator::new(Options::default()).unwrap()
}

fn strict() -> Simulator {
    Simulator::new(Options {
        checks: Checks::Whole,
        ..Options::default()
    })
    .unwrap()
}

/// The number that customs gave to an inventory, from its receipts.
fn number(customs: &Simulator) -> String {
    let declared = customs.declared().into_iter();
    let mut inventories = declared.filter(|e| e.message == "CEB621Message");
    inventories.next().unwrap().invt_no
}

#[test]
fn a_broken_rule_has_its_code_and_says_which_field() {
    for (declared, code, part) in [
        (
            order().with("acturalPaid", "1.00"),
            "-301008",
            "实际支付金额",
        ),
        (
            order()
                .twice("OrderList")
                .with("goodsValue", "272.00")
                .with("acturalPaid", "295.29"),
            "-301002",
            "序号",
        ),
        (inventory().with("netWeight", "9"), "-621001", "净重"),
        (inventory().twice("InventoryList"), "-621027", "序号"),
        (
            Declared::example("CEB411Message").with("payerIdNumber", "110101199001010016"),
            "-401009",
            "支付人证件号码",
        ),
    ] {
        let customs = customs();
        let told = texts(&customs, &declared);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].0 == code && told[0].1.contains(part), "{told:?}");
        assert!(customs.declared().is_empty());
        // Mended, it is taken: what was refused is not in the books.
        let mended = Declared::example(declared.message).guid(7);
        assert_ne!(said(&customs, &mended)[0], code);
    }
    // The form alone was asked for.
    let customs = Simulator::new(Options {
        checks: Checks::Form,
        ..Options::default()
    })
    .unwrap();
    let wrong = order().with("acturalPaid", "1.00");
    assert_eq!(said(&customs, &wrong), STORED);
}

#[test]
fn order_payment_waybill_and_inventory_are_compared() {
    let customs = customs();
    assert_eq!(said(&customs, &order()), STORED);
    let payment = Declared::example("CEB411Message").guid(3);
    let told = texts(&customs, &payment.clone().with("amountPaid", "1.00"));
    assert_eq!(told.last().unwrap().0, "100", "{told:?}");
    assert!(told.last().unwrap().1.contains("支付金额"), "{told:?}");
    assert_eq!(said(&customs, &payment), STORED);
    let told = texts(&customs, &inventory().with("buyerName", "测试乙"));
    let codes: Vec<&str> = told.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, RETURNED);
    assert!(
        told[2].1.contains("订购人姓名") && !told[2].1.contains("测试"),
        "{told:?}"
    );
    assert_eq!(said(&customs, &inventory()), RELEASED);
}

#[test]
fn what_an_inventory_stands_on_must_be_there_where_that_is_asked_for() {
    let customs = strict();
    let told = texts(&customs, &inventory());
    assert!(told[2].1.contains("未收到电子订单"), "{told:?}");
    for message in ["CEB311Message", "CEB411Message", "CEB511Message"] {
        assert_eq!(said(&customs, &inventory()), RETURNED);
        assert_eq!(said(&customs, &Declared::example(message)), STORED);
    }
    assert_eq!(said(&customs, &inventory()), RELEASED);
}

#[test]
fn changes_and_deletions_are_held_against_the_books() {
    let customs = customs();
    let change = |kind: &str| order().with("appType", kind);
    assert_eq!(said(&customs, &change("2")), ["-301009"]);
    assert_eq!(said(&customs, &order()), STORED);
    let older = change("2").guid(4).with("appTime", "20251123093000");
    assert_eq!(said(&customs, &older), ["-301014"]);
    assert_eq!(said(&customs, &change("2").guid(5)), STORED);
    assert_eq!(said(&customs, &change("3").guid(6)), STORED);
    assert!(customs.declared().is_empty(), "deleted");
    assert_eq!(said(&customs, &change("3").guid(7)), ["-301009"]);
    // As new, and then an inventory stands on it.
    assert_eq!(said(&customs, &order().guid(8)), STORED);
    assert_eq!(said(&customs, &inventory()), RELEASED);
    assert_eq!(said(&customs, &change("2").guid(9)), ["-301011"]);
}

#[test]
fn cancellations_and_returns_are_about_an_inventory() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        checks: Checks::Whole,
        journal: Some(dir.path().join("journal")),
        ..Options::default()
    };
    let customs = Simulator::new(options.clone()).unwrap();
    for message in ["CEB311Message", "CEB411Message", "CEB511Message"] {
        said(&customs, &Declared::example(message));
    }
    let cancel = |number: &str| {
        Declared::example("CEB623Message")
            .guid(10)
            .with("invtNo", number)
    };
    let give_back = |number: &str| {
        Declared::example("CEB625Message")
            .guid(11)
            .with("invtNo", number)
    };
    assert_eq!(said(&customs, &cancel("29012026I000000001")), ["-623003"]);
    assert_eq!(said(&customs, &inventory()), RELEASED);
    let number = number(&customs);
    assert_eq!(number.len(), 18);
    assert_eq!(said(&customs, &cancel("29012026I000000001")), ["-623003"]);
    assert_eq!(
        said(&customs, &give_back("29012026I000000001")),
        ["-625016"]
    );
    let another = give_back(&number).with("gcode", "0902301099");
    assert_eq!(said(&customs, &another), ["2", "120", "100"]);
    let more = give_back(&number).with("gnum", "9");
    assert_eq!(said(&customs, &more), ["-625209"]);
    // A restart remembers what it compares with.
    drop(customs);
    let customs = Simulator::new(options.clone()).unwrap();
    assert_eq!(said(&customs, &more), ["-625209"]);
    assert_eq!(said(&customs, &give_back(&number)), ["2", "120", "399"]);
    let other = cancel(&number).with("buyerName", "测试乙");
    assert_eq!(said(&customs, &other), RETURNED);
    assert_eq!(said(&customs, &cancel(&number)), ["2", "120", "399"]);
    // It is taken back, for good.
    drop(customs);
    let customs = Simulator::new(options).unwrap();
    let again = cancel(&number).guid(12).with("copNo", "COP2");
    assert_eq!(said(&customs, &again), ["-623005"]);
    let changed = inventory().guid(13).with("appType", "2");
    assert_eq!(said(&customs, &changed), ["-621012"]);
}

#[test]
fn a_cancellation_or_return_agrees_with_the_inventory_that_it_names() {
    let customs = customs();
    assert_eq!(said(&customs, &inventory()), RELEASED);
    let number = number(&customs);
    let about = |message: &str| Declared::example(message).with("invtNo", &number);
    // Another order's, under the number of this one: by default that order may be known elsewhere.
    for (field, value, zh) in [
        ("orderNo", "TG202600019999", "订单编号"),
        ("logisticsNo", "YD9999", "物流运单编号"),
        ("ebpCode", "3301960T99", "电商平台代码"),
        ("logisticsCode", "3301960T99", "物流企业代码"),
        ("ebcCode", "3301960T99", "电商企业代码"),
        ("customsCode", "2900", "申报海关代码"),
    ] {
        for (message, code) in [("CEB623Message", "-623001"), ("CEB625Message", "-625001")] {
            let told = texts(&customs, &about(message).guid(20).with(field, value));
            assert_eq!(told.len(), 1, "{field} {told:?}");
            assert!(told[0].0 == code && told[0].1.contains(zh), "{told:?}");
            assert!(told[0].1.contains(&number), "{told:?}");
        }
    }
    let first = about("CEB623Message").guid(21);
    assert_eq!(said(&customs, &first), ["2", "120", "399"]);
    let second = about("CEB623Message").guid(22).with("copNo", "COP2");
    let other = second.clone().with("orderNo", "TG202600019999");
    assert_eq!(said(&customs, &other), ["-623001"]);
    assert_eq!(said(&customs, &second), ["-623005"]);
    // An export's says no order: the enterprise tells.
    let export = Declared::example("CEB603Message").guid(30);
    assert_eq!(said(&customs, &export).last().unwrap(), "800");
    let declared = customs.declared();
    let export = declared.iter().find(|e| e.message == "CEB603Message");
    let number = &export.unwrap().invt_no;
    let cancel = Declared::example("CEB605Message")
        .guid(31)
        .with("invtNo", number);
    let other = cancel.clone().with("ebcCode", "3301960T99");
    assert_eq!(said(&customs, &other), ["-623001"]);
    assert_ne!(said(&customs, &cancel), ["-623001"]);
    let again = cancel.guid(32).with("copNo", "COP3");
    assert_eq!(said(&customs, &again), ["-623005"], "taken back");
}

/// What a scenario says of a declaration stands, whatever the checks find; a bad form is told before.
#[test]
fn a_scenario_goes_before_the_checks_of_business() {
    let told = |checks, text: &str| {
        Simulator::new(Options {
            checks,
            scenario: Scenario::parse(text).unwrap(),
            ..Options::default()
        })
        .unwrap()
    };
    let cases = "[[cases]]\nstatuses = [\"2\", \"120\", \"800\"]";
    let customs = told(Checks::Whole, cases);
    assert_eq!(said(&customs, &inventory()), RELEASED, "nothing beside it");
    assert_eq!(customs.declared().len(), 1, "and booked");
    let customs = told(Checks::Business, "[[cases]]\nstatuses = [\"2\", \"120\"]");
    let wrong = order().with("acturalPaid", "1.00");
    assert_eq!(said(&customs, &wrong), STORED);
    let deletes = order().guid(3).with("orderNo", "N3").with("appType", "3");
    assert_eq!(said(&customs, &deletes), STORED);
    let ill = order().guid(4).with("goodsValue", "much");
    assert_eq!(send(&customs, &ill)[0].message, "CEB900Message");
    // A cancellation that it refuses takes nothing back.
    let refuses = "[[cases]]\nmessage = \"CEB623Message\"\ntimes = 1\nkey = \"COP2\"\n\
                   statuses = [\"2\", \"100\"]";
    let customs = told(Checks::Business, refuses);
    assert_eq!(said(&customs, &inventory()), RELEASED);
    let cancel = Declared::example("CEB623Message").with("invtNo", &number(&customs));
    let refused = cancel.clone().guid(5).with("copNo", "COP2");
    assert_eq!(said(&customs, &refused), ["2", "100"]);
    assert_eq!(said(&customs, &cancel.guid(6)), ["2", "120", "399"]);
}

#[test]
fn a_report_is_of_the_whole_envelope() {
    let customs = Simulator::new(Options {
        scenario: Scenario::parse("[[cases]]\nkey = \"N2\"\nreport = \"3001\"").unwrap(),
        ..Options::default()
    })
    .unwrap();
    let both = order().and(&order().guid(2).with("orderNo", "N2"));
    let replies = send(&customs, &both);
    assert!(replies.len() == 1 && replies[0].message == "DxpRep");
    assert!(customs.declared().is_empty(), "its neighbour neither");
}

#[test]
fn a_scenario_says_what_goes_otherwise() {
    let scenario = |text: &str| {
        Simulator::new(Options {
            scenario: Scenario::parse(text).unwrap(),
            ..Options::default()
        })
        .unwrap()
    };
    let customs = scenario(
        "[[cases]]\nmessage = \"CEB621Message\"\nstatuses = [\"2\", \"500\", \"-621018\"]",
    );
    assert_eq!(said(&customs, &order()), STORED);
    assert_eq!(said(&customs, &inventory()), ["2", "500", "-621018"]);
    assert_eq!(customs.declared().len(), 2);
    let customs = scenario("[[cases]]\nkey = \"TG*0001\"\nlose = true\ntimes = 1");
    assert!(said(&customs, &order()).is_empty());
    assert_eq!(customs.declared().len(), 1);
    assert_eq!(said(&customs, &order()), STORED, "a repeat is answered");
    let customs = scenario("[[cases]]\nforget = true\ntimes = 1");
    assert!(said(&customs, &order()).is_empty() && customs.declared().is_empty());
    assert_eq!(said(&customs, &order()), STORED);
    let customs = scenario("[[cases]]\ntwice = true\ndelay_ms = [10, 20]");
    assert_eq!(said(&customs, &order()), ["2", "2", "120", "120"]);
    let replies = send(&customs, &order());
    let after = |at: usize| replies[at].after.as_millis();
    assert!((10..=20).contains(&after(0)) && after(0) == after(1));
    assert_eq!(replies[0].octets, replies[1].octets);
    let customs = scenario("seed = 5\n[[cases]]\nshuffle = true");
    let orders = (1..40).map(|n| order().guid(n).with("orderNo", &format!("N{n}")));
    let turned = orders.filter(|o| said(&customs, o) == ["120", "2"]).count();
    assert!((5..35).contains(&turned), "{turned}");
    let customs = scenario("[[cases]]\nreport = \"3001\"");
    let replies = send(&customs, &order());
    assert_eq!(replies[0].message, "DxpRep");
    let customs = scenario("[[cases]]\nmalformed = true");
    assert_eq!(send(&customs, &order())[0].message, "CEB900Message");
}

/// What agrees is taken, whatever kind it is: import and export.
#[test]
fn every_example_that_is_signed_is_taken_by_the_business_checks() {
    for known in messages().iter().filter(|m| m.kind == Kind::Declaration) {
        // An arrival with no more than it must have cannot be answered.
        if known.name == "CEB507Message" {
            continue;
        }
        let customs = customs();
        let told = texts(&customs, &Declared::example(known.name));
        let last = &told.last().unwrap().0;
        assert!(
            !last.starts_with('-') && last != "100",
            "{}: {told:?}",
            known.name
        );
    }
}
