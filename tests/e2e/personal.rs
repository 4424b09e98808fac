//! Personal data: nothing that a whole run prints or logs has any of it, unless it is asked for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use stage::parts::{database, start};
use stage::{TONGGUAN, good, orders, run};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// The personal values of the documents; each stands for no more than itself.
const PERSONAL: [&str; 7] = [
    "欧阳锋测试人",
    "13811112222",
    "110101199001010015",
    "司徒收货测试",
    "13933334444",
    "北京市朝阳区某某街道九号",
    "buyer-reg-7788",
];

/// Orders of that person.
fn documents() -> String {
    orders(1, 3)
        .replace("\"buyerName\": \"测试\"", "\"buyerName\": \"欧阳锋测试人\"")
        .replace(
            "\"buyerTelephone\": \"13800000000\"",
            "\"buyerTelephone\": \"13811112222\"",
        )
        .replace("\"consignee\": \"测试\"", "\"consignee\": \"司徒收货测试\"")
        .replace(
            "\"consigneeTelephone\": \"13800000000\"",
            "\"consigneeTelephone\": \"13933334444\"",
        )
        .replace("北京市示例街道", "北京市朝阳区某某街道九号")
        .replace("\"u1\"", "\"buyer-reg-7788\"")
}

/// A receipt that repeats what it is about, as the service does in words.
fn receipt(code: &str, n: usize) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
         <CEB312Message xmlns=\"http://www.chinaport.gov.cn/ceb\" \
         guid=\"4CDE1CFD-EDED-46B1-946C-B8022E42FC9{n}\" version=\"1.0\"><OrderReturn>\
         <guid>4CDE1CFD-EDED-46B1-946C-B8022E42FC94</guid><ebpCode>3301960T02</ebpCode>\
         <ebcCode>3301960T01</ebcCode><orderNo>ORDER-00000{n}</orderNo>\
         <returnStatus>{code}</returnStatus><returnTime>20261123103000123</returnTime>\
         <returnInfo>[Code:1;Desc:订购人{}证件{}电话{}地址{}有误]</returnInfo></OrderReturn>\
         </CEB312Message>",
        PERSONAL[0], PERSONAL[2], PERSONAL[1], PERSONAL[5]
    )
}

/// What every command printed, and every log.
#[derive(Default)]
struct Told(String);

impl Told {
    fn run(&mut self, dir: &Path, args: &[&str]) -> String {
        let out = run(dir, TONGGUAN, args);
        let mut text = String::from_utf8_lossy(&out.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&out.stderr));
        self.0.push_str(&format!("$ tongguan {args:?}\n{text}"));
        text
    }

    fn holds_nothing_personal(&self) {
        for line in self.0.lines() {
            for value in PERSONAL {
                assert!(!line.contains(value), "{value} is told: {line}");
            }
        }
    }
}

/// Waits until the store says so.
fn until(dir: &Path, told: &mut Told, wanted: &str) {
    for _ in 0..200 {
        if told.run(dir, &["status", "--json"]).contains(wanted) {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("never: {wanted}\n{}", told.0);
}

fn a_run_tells_nothing(dir: &Path) {
    let mut told = Told::default();
    fs::write(dir.join("orders.json"), documents()).unwrap();
    // Each personal field is wrong in a document of its own.
    for (index, value) in PERSONAL.iter().enumerate() {
        let long = format!("{value}{}", "长".repeat(300));
        let name = format!("bad-{index}.json");
        fs::write(dir.join(&name), documents().replace(value, &long)).unwrap();
        assert!(told.run(dir, &["submit", &name]).contains("[too-long]"));
    }
    let shuffled = documents().replace("\"buyerIdNumber\":", "\"buyerIdNumbr\":");
    fs::write(dir.join("bad-name.json"), shuffled).unwrap();
    told.run(dir, &["submit", "bad-name.json"]);
    told.run(dir, &["check", "--offline"]);
    told.run(dir, &["--log", "trace", "submit", "orders.json"]);
    let conflict = documents().replace("红茶", "绿茶");
    fs::write(dir.join("conflict.json"), conflict).unwrap();
    assert!(
        told.run(dir, &["submit", "conflict.json"])
            .contains("declared already")
    );
    let mut running = start(dir, &["--log", "trace", "run"], "run.log");
    until(dir, &mut told, "\"sent\":3");
    for (n, code) in [(1, "-301002"), (2, "120")] {
        let inbox = dir.join("exchange/inbox");
        let hidden = inbox.join(format!(".{n}"));
        fs::write(&hidden, receipt(code, n)).unwrap();
        fs::rename(hidden, inbox.join(format!("{n}.xml"))).unwrap();
    }
    // One cannot be read, and one is about nothing here.
    let broken = receipt("120", 3).replace(
        "<returnStatus>120",
        "<returnStatus>很长很长很长很长很长很长",
    );
    fs::write(dir.join("exchange/inbox/broken.xml"), broken).unwrap();
    fs::write(dir.join("exchange/inbox/stray.xml"), receipt("120", 9)).unwrap();
    until(dir, &mut told, "\"unmatched\":2");
    until(dir, &mut told, "\"rejected\":1");
    until(dir, &mut told, "\"accepted\":1");
    told.run(dir, &["retry", "ORDER-000003"]);
    until(dir, &mut told, "\"sent\":1");
    running.kill().unwrap();
    running.wait().unwrap();
    told.0
        .push_str(&fs::read_to_string(dir.join("run.log")).unwrap());

    for args in [
        &["status"][..],
        &["status", "--list"],
        &["status", "--list", "--json"],
        &["status", "--unmatched"],
        &["show", "ORDER-000001"],
        &["show", "ORDER-000001", "--json"],
        &["void", "ORDER-000002"],
        &["retry", "ORDER-000001"],
        &["audit", "export"],
        &["audit", "verify"],
        &["evidence", "export", "ORDER-000001", "--out", "e.zip"],
        &["evidence", "verify", "e.zip"],
        &["verify", "exchange/outbox"],
        &["purge", "--before", "2020-01-01"],
    ] {
        let text = told.run(dir, &[&["--log", "trace"], args].concat());
        assert!(!text.is_empty(), "{args:?}");
    }
    told.holds_nothing_personal();
    // What is masked is known again.
    let text = told.run(dir, &["show", "ORDER-000001"]);
    assert!(text.contains("buyerName 订购人姓名: 欧***"), "{text}");
    assert!(text.contains("订购人欧***证件1***电话1***"), "{text}");
    // Who asks for it sees it, and that is logged.
    assert!(!told.0.contains("show --personal"));
    let text = good(dir, TONGGUAN, &["show", "ORDER-000001", "--personal"]);
    for value in PERSONAL {
        assert!(text.contains(value), "{value} is not shown:\n{text}");
    }
    let log = told.run(dir, &["audit", "export"]);
    assert!(
        log.contains("show --personal") && log.contains("\\\"event\\\":\\\"shown"),
        "{log}"
    );
    told.holds_nothing_personal();
}

#[test]
fn a_run_on_sqlite_tells_nothing() {
    let dir = tempfile::tempdir().unwrap();
    good(dir.path(), TONGGUAN, &["init", "."]);
    a_run_tells_nothing(dir.path());
}

#[test]
fn a_run_on_postgres_tells_nothing() {
    let Some(url) = database("personal") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["init", "."]);
    let manifest = fs::read_to_string(dir.join("tongguan.toml")).unwrap();
    let store = format!("kind = \"postgres\"\nurl = \"{url}\"\npassword = \"file:db-password\"");
    let manifest = manifest.replace("kind = \"sqlite\"\npath = \"tongguan.db\"", &store);
    fs::write(dir.join("tongguan.toml"), manifest).unwrap();
    fs::write(dir.join("db-password"), "tongguan\n").unwrap();
    a_run_tells_nothing(dir);
}
