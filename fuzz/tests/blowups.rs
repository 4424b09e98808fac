//! Shapes of input that cost an unwary reader far more time or memory than their length. Each goes
//! through everything that reads what others wrote.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use tongguan_contracts::{Document, PartOptions};
use tongguan_messages::envelope::open;
use tongguan_messages::{Kind, Limits, messages, read, validate, validate_stream};
use tongguan_verifier::{Options, Verifier};
use tongguan_xmldsig::{Policy, canonicalize, verify};

/// A shape: its name, and octets of it, about so many.
type Shape = (&'static str, fn(usize) -> Vec<u8>);

/// Octets that repeat a piece, which may depend on its number.
fn repeated(head: &str, piece: impl Fn(usize) -> String, tail: &str, length: usize) -> Vec<u8> {
    let mut text = head.to_owned();
    let mut number = 0;
    while text.len() < length {
        text.push_str(&piece(number));
        number += 1;
    }
    text.push_str(tail);
    text.into_bytes()
}

const CEB: &str = "<m xmlns='http://www.chinaport.gov.cn/ceb'>";
/// Up to where an envelope takes anything; and on from there.
const ANYTHING: &str = "<DxpMsg xmlns='http://www.chinaport.gov.cn/dxp' ver='1.0'><TransInfo/><AddInfo>\
    <RecMapId>";
const TO_THE_END: &str = "</RecMapId></AddInfo></DxpMsg>";

const SHAPES: &[Shape] = &[
    ("attributes", |n| {
        repeated("<a", |i| format!(" a{i}=''"), "/>", n)
    }),
    ("many attributes, many elements", |n| {
        let mut tag = String::from("<b");
        for i in 0..199 {
            let _ = write!(tag, " a{i}=''");
        }
        tag.push_str("/>");
        repeated("<a>", |_| tag.clone(), "</a>", n)
    }),
    ("attributes of one name by many prefixes", |n| {
        let mut head = String::from("<a");
        for i in 0..99 {
            let _ = write!(head, " xmlns:p{i}='urn:{i}'");
        }
        head.push('>');
        let mut tag = String::from("<b");
        for i in 0..99 {
            let _ = write!(tag, " p{i}:a=''");
        }
        tag.push_str("/>");
        repeated(&head, |_| tag.clone(), "</a>", n)
    }),
    ("prefixes in one tag", |n| {
        repeated("<a", |i| format!(" xmlns:p{i}='urn:{i}'"), "/>", n)
    }),
    ("prefixes in force, one more in each element", |n| {
        let mut head = String::from("<a");
        for i in 0..99 {
            let _ = write!(head, " xmlns:p{i}='urn:{i}'");
        }
        head.push('>');
        repeated(&head, |_| "<b xmlns:x='u'/>".to_owned(), "</a>", n)
    }),
    ("60000 prefixes, one more in each element", |n| {
        let mut head = String::from("<a");
        let many = n / 100;
        for i in 0..many {
            let _ = write!(head, " xmlns:p{i}='u'");
        }
        head.push('>');
        repeated(&head, |_| "<b xmlns:x='u'/>".to_owned(), "</a>", n)
    }),
    ("namespaces, a new one in each element", |n| {
        repeated("<a>", |i| format!("<b xmlns='urn:{i}'/>"), "</a>", n)
    }),
    ("prefixes in force, looked up by each element", |n| {
        let mut head = String::from("<a xmlns:first='u'");
        for i in 0..99 {
            let _ = write!(head, " xmlns:p{i}='urn:{i}'");
        }
        head.push('>');
        repeated(&head, |_| "<first:b/>".to_owned(), "</a>", n)
    }),
    ("deep", |n| b"<a>".repeat(n / 3)),
    ("deep and declared", |n| {
        repeated("", |i| format!("<a xmlns:p{i}='u'>"), "", n)
    }),
    ("deep, to the bound, again and again", |n| {
        let down = "<a>".repeat(250);
        let up = "</a>".repeat(250);
        repeated("<a>", |_| format!("{down}{up}"), "</a>", n)
    }),
    ("long name", |n| {
        format!("<{}/>", "a".repeat(n)).into_bytes()
    }),
    ("long prefix", |n| {
        format!("<{}:a/>", "a".repeat(n)).into_bytes()
    }),
    ("long attribute", |n| {
        format!("<a b='{}'/>", "&#65;".repeat(n / 5)).into_bytes()
    }),
    ("long namespace", |n| {
        format!("<a xmlns='urn:{}'/>", "a".repeat(n)).into_bytes()
    }),
    ("references", |n| {
        format!("<a>{}</a>", "&#65;".repeat(n / 5)).into_bytes()
    }),
    ("ampersands", |n| {
        format!("<a>{}</a>", "&".repeat(n)).into_bytes()
    }),
    ("CDATA sections", |n| {
        format!("<a>{}</a>", "<![CDATA[]]>".repeat(n / 12)).into_bytes()
    }),
    ("comments in a text", |n| {
        repeated(CEB, |_| "x<!---->".to_owned(), "</m>", n)
    }),
    ("open comment", |n| {
        format!("<a><!--{}", "- ".repeat(n / 2)).into_bytes()
    }),
    ("open CDATA section", |n| {
        format!("<a><![CDATA[{}", "]] ".repeat(n / 3)).into_bytes()
    }),
    ("open instruction", |n| {
        format!("<a><?b {}", "? ".repeat(n / 2)).into_bytes()
    }),
    ("open attribute", |n| {
        format!("<a b='{}", "' c='".repeat(n / 5)).into_bytes()
    }),
    ("open tags", |n| "<".repeat(n).into_bytes()),
    ("line feeds", |n| {
        format!("<a>{}", "\n".repeat(n)).into_bytes()
    }),
    ("unknown elements", |n| {
        repeated(CEB, |_| "<a/>".to_owned(), "</m>", n)
    }),
    ("unknown elements where anything may stand", |n| {
        repeated(ANYTHING, |_| "<a/>".to_owned(), TO_THE_END, n)
    }),
    ("unknown elements over several lines", |n| {
        repeated(ANYTHING, |_| "<a\n/>".to_owned(), TO_THE_END, n)
    }),
    ("wrong attributes where anything may stand", |n| {
        let wrong = "<a xmlns:x='http://www.w3.org/2001/XMLSchema-instance' x:type='\n'/>";
        repeated(ANYTHING, |_| wrong.to_owned(), TO_THE_END, n)
    }),
    ("every field wrong", |n| {
        let wrong = "<Order><OrderHead><guid>1</guid><appType>\n</appType><appTime/><appStatus>12345</appStatus></OrderHead><OrderList><gnum>x</gnum></OrderList></Order>";
        let head = "<CEB311Message xmlns='http://www.chinaport.gov.cn/ceb'>";
        repeated(head, |_| wrong.to_owned(), "</CEB311Message>", n)
    }),
    ("ids", |n| {
        let head = "<DxpMsg xmlns='http://www.chinaport.gov.cn/dxp'><Signature xmlns='http://www.w3.org/2000/09/xmldsig#'>";
        repeated(
            head,
            |i| format!("<Object Id='a{i}'/>"),
            "</Signature></DxpMsg>",
            n,
        )
    }),
    ("signatures", |n| {
        repeated(
            ANYTHING,
            |_| "<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'/>".to_owned(),
            TO_THE_END,
            n,
        )
    }),
    ("answers without end", |n| {
        let head = "<CEB312Message xmlns='http://www.chinaport.gov.cn/ceb' guid='4CDE1CFD-EDED-46B1-946C-B8022E42FC94' version='1.0'>";
        repeated(
            head,
            |_| {
                "<OrderReturn><guid>4CDE1CFD-EDED-46B1-946C-B8022E42FC94</guid><ebpCode>1</ebpCode><ebcCode>1</ebcCode><orderNo>1</orderNo><returnStatus>2</returnStatus><returnTime>20261123093000000</returnTime><returnInfo/></OrderReturn>".to_owned()
            },
            "</CEB312Message>",
            n,
        )
    }),
    ("JSON: deep", |n| b"[".repeat(n)),
    ("JSON: objects in one line", |n| {
        repeated(
            "[",
            |i| format!("{{\"OrderHead\":{{\"orderNo\":\"{i}\"}}}},"),
            "{}]",
            n,
        )
    }),
    ("JSON: nothing", |n| {
        format!("[1{}]", ",1".repeat(n / 2)).into_bytes()
    }),
    ("JSON: names in one object", |n| {
        repeated(
            "{\"OrderHead\":{",
            |i| format!("\"a{i}\":1,"),
            "\"a\":1}}",
            n,
        )
    }),
    ("JSON: one name, again and again", |n| {
        repeated(
            "{\"OrderHead\":{",
            |_| "\"orderNo\":1,".to_owned(),
            "\"a\":1}}",
            n,
        )
    }),
    ("JSON: items", |n| {
        repeated(
            "{\"OrderHead\":{},\"OrderList\":[",
            |_| "{},".to_owned(),
            "{}]}",
            n,
        )
    }),
    ("JSON: open text", |n| {
        format!("{{\"{}", "\\u0041".repeat(n / 6)).into_bytes()
    }),
    ("CSV: columns", |n| {
        repeated("orderNo", |i| format!(",a{i}"), "\n1\n", n)
    }),
    ("CSV: one column, again and again", |n| {
        repeated("orderNo", |_| ",orderNo".to_owned(), "\n1\n", n)
    }),
    ("CSV: rows", |n| {
        repeated(
            "orderNo,ebpCode,ebcCode,goodsValue\n",
            |i| format!("{i},,,\n"),
            "",
            n,
        )
    }),
    ("CSV: rows of one order", |n| {
        repeated(
            "orderNo,ebpCode,ebcCode,goodsValue,itemName\n",
            |i| format!(",,,,{i}\n"),
            "",
            n,
        )
    }),
    ("CSV: short rows", |n| {
        repeated("orderNo,ebpCode\n", |_| "1\n".to_owned(), "", n)
    }),
    ("CSV: open quote", |n| {
        format!("orderNo\n\"{}", "\"\"".repeat(n / 2)).into_bytes()
    }),
];

/// What reads, and the octets that it says of what it read.
type Reading = (&'static str, fn(&[u8]) -> usize);

const READINGS: &[Reading] = &[
    ("validate", |octets| {
        format!("{:?}", validate(octets, &Limits::default())).len()
    }),
    ("validate_stream", |octets| {
        let problems = validate_stream(&mut &octets[..], &Limits::default());
        format!("{problems:?}").len()
    }),
    ("read", |octets| match read(octets, &Limits::default()) {
        Ok(_) => 0,
        Err(problems) => format!("{problems:?}").len(),
    }),
    ("open", |octets| match open(octets, &Limits::default()) {
        Ok(_) => 0,
        Err(problems) => format!("{problems:?}").len(),
    }),
    ("canonicalize", |octets| {
        canonicalize(octets, 64 << 20)
            .err()
            .map_or(0, |e| e.to_string().len())
    }),
    ("verify", |octets| {
        verify(octets, &Policy::default())
            .unwrap_err()
            .to_string()
            .len()
    }),
    ("the verifier", |octets| {
        let verifier = Verifier::new(Options::default()).unwrap();
        let report = verifier.verify("a", &mut &octets[..]);
        format!("{:?}{:?}", report.errors, report.warnings).len()
    }),
    ("the role", |octets| {
        let declared = messages().iter().filter(|m| m.kind == Kind::Declaration);
        let names: Vec<&str> = declared.map(|m| m.name).collect();
        let role = tongguan_roles::build("ecommerce", PartOptions {
            part: "role".to_owned(),
            options: serde_json::json!({ "also": ["platform", "payment", "logistics", "warehouse", "agent"], "declares": names }),
            base: ".".into(),
        })
        .unwrap();
        let document = Document {
            name: "a",
            octets,
            message: None,
        };
        role.read(document)
            .map_or_else(|r| format!("{:?}", r.problems).len(), |_| 0)
    }),
];

fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name).map_or(usual, |value| value.parse().unwrap())
}

/// The most memory that this process had, in MiB; begins anew.
fn peak() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM"))?;
    let kib: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    Some(kib >> 10)
}

/// The processor time that this thread has had: a busy machine does not change it.
fn used() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = stat.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// What it costs to read.
struct Cost {
    time: Duration,
    /// MiB
    memory: usize,
    /// Octets that were said of it.
    said: usize,
}

fn cost(reading: fn(&[u8]) -> usize, octets: &[u8]) -> Cost {
    let _ = peak();
    let (memory, time, clock) = (peak(), used(), Instant::now());
    let said = reading(octets);
    let clock = clock.elapsed();
    let memory = peak().zip(memory).map_or(0, |(p, b)| p.saturating_sub(b));
    let time = used().zip(time).map_or(clock, |(u, b)| u.saturating_sub(b));
    Cost { time, memory, said }
}

/// TONGGUAN_BLOWUP_OCTETS: how long the shapes are, 256 KiB unless given; TONGGUAN_BLOWUP_ONLY: a
/// part of a shape's name.
#[test]
fn time_and_memory_follow_the_length_of_the_input() {
    let length = setting("TONGGUAN_BLOWUP_OCTETS", 256 << 10);
    let only = std::env::var("TONGGUAN_BLOWUP_ONLY").unwrap_or_default();
    let mut failed = Vec::new();
    for (shape, make) in SHAPES.iter().filter(|s| s.0.contains(&only)) {
        let (quarter, whole) = (make(length / 4), make(length));
        for (name, reading) in READINGS {
            let before = cost(*reading, &quarter);
            let Cost { time, memory, said } = cost(*reading, &whole);
            let told = format!("{time:>9.1?} {memory:>5} MiB {said:>8} said  {name:<16} {shape}");
            println!("{told}");
            // Four times the length takes four times as long; its square would be sixteen.
            let measurable = time > Duration::from_millis(200);
            let grows = measurable && time > before.time * 8;
            let slow = time > Duration::from_secs(20);
            let greedy = memory > 64 + (length >> 20) * 40;
            if grows || slow || greedy || said > 1 << 20 {
                failed.push(format!("{told}; a quarter took {:?}", before.time));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
