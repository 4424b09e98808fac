//! What a target begins with, besides its corpus: messages made from the tables, and a dictionary
//! of their names.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use tongguan_messages::{Content, Element, Extent, example, message, messages};

use crate::seeds;

/// Puts everything into the folder that the environment names.
pub fn all(target: &str) {
    let Some(folder) = std::env::var_os("TONGGUAN_FUZZ_PREPARE").map(PathBuf::from) else {
        return;
    };
    let seeds = folder.join("seeds");
    fs::create_dir_all(&seeds).expect("the folder can be made");
    fs::write(folder.join("dictionary"), dictionary()).expect("the dictionary can be written");
    for (name, octets) in begin_with(target) {
        fs::write(seeds.join(name), octets).expect("a seed can be written");
    }
}

/// The octets that a target begins with, each with a name.
pub fn begin_with(target: &str) -> Vec<(String, Vec<u8>)> {
    let standard = seeds::standard();
    let messages = || {
        let all = seeds::all(standard.as_deref()).into_iter();
        all.map(|seed| (seed.name.replace(' ', "-"), seed.octets))
    };
    match target {
        "signature" => originals(),
        "certificate" => certificates(),
        "as2" => by_as2(),
        "answers" => answered(),
        "documents" => quickstart().into_iter().chain(messages()).collect(),
        "verifier" => messages().chain(compared()).collect(),
        "envelope" => messages().chain(enveloped()).collect(),
        _ => messages().collect(),
    }
}

/// The documents of the quickstart.
fn quickstart() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/quickstart");
    let files = fs::read_dir(folder).expect("the quickstart is there");
    let files = files.map(|file| file.expect("a file").path());
    let name = |file: &Path| file.file_name().map(|n| n.to_string_lossy().into_owned());
    files
        .map(|file| {
            (
                name(&file).unwrap_or_default(),
                fs::read(&file).expect("a file"),
            )
        })
        .collect()
}

/// Each way to go by AS2: the first octet says which, as the target reads it.
fn by_as2() -> Vec<(String, Vec<u8>)> {
    const PLAIN: &str = "Content-Type: application/xml\r\n\r\n<DxpMsg/>";
    const BASE64: &str = "Content-Type: application/xml\r\nContent-Transfer-Encoding: base64\r\n\r\n\
                          PER4cE1z\r\nZy8+";
    const NOTIFICATION: &str = "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\
        Content-Type: text/plain\r\n\r\ntaken\r\n--b\r\n\
        Content-Type: message/disposition-notification\r\n\r\nOriginal-Message-ID: <a@b>\r\n\
        Disposition: automatic-action/MDN-sent-automatically; processed/error: decryption-failed\r\n\
        Received-Content-MIC: abc=, sha-256\r\n\r\n--b--\r\n";
    const SIGNED: &str = "Content-Type: multipart/signed; micalg=sha-256; boundary=\"b\"\r\n\r\n\
        --b\r\nContent-Type: multipart/report\r\n\r\n\r\n--b\r\n\
        Content-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\nMAA=\r\n--b--\r\n";
    let of = |name: &str, what: u8, rest: &[u8]| (name.to_owned(), [&[what], rest].concat());
    vec![
        of("stranger", 0, SIGNED.as_bytes()),
        of("partner", 1, PLAIN.as_bytes()),
        of("partner-base64", 1, BASE64.as_bytes()),
        of("notification", 2, NOTIFICATION.as_bytes()),
        of("envelope", 3, "<DxpMsg>报关</DxpMsg>".as_bytes()),
        of("changed", 4, &[0, 200, b'x', 1, 0, b'y']),
    ]
}

/// Answers as platforms write them.
fn answered() -> Vec<(String, Vec<u8>)> {
    let rows = "[{id=1, n=7, guid=a, orderNo=T_1, returnInfo=新增申报成功[A-1], 订单: {T_1}, x; y=z}, \
                {id=2, n=8, orderNo=T_2, returnInfo=null}]";
    let json = r#"[{"id": 1, "n": "20261126100000", "orderNo": "<&>"}, {"id": 2, "n": 8}]"#;
    let list = r#"{"list": [{"id": "a", "n": "20261126100000"}, {"id": "b", "n": ""}]}"#;
    let of = |name: &str, taken: u8, answers: &[&str]| {
        (
            name.to_owned(),
            [&[taken], answers.join("\0").as_bytes()].concat(),
        )
    };
    vec![
        of("rows", 0xFF, &[rows, rows]),
        of("json", 0x5A, &[json, json, list]),
        of("list", 0xFE, &[list, "null", list]),
        of("page", 1, &["<html>502 Bad Gateway</html>", "", "[]"]),
    ]
}

/// The documents that are signed already: by their numbers, and as they are.
fn originals() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("signed");
    let mut all = Vec::new();
    for (number, profile) in (0..).zip(["rsa-sha1", "sm2-sm3", "sm2-sm3-legacy"]) {
        let file = format!("{profile}.xml");
        let octets = fs::read(folder.join(&file)).expect("a signed document");
        all.push((file, octets));
        all.push((profile.to_owned(), vec![number]));
    }
    all
}

/// The certificates of the documents that are signed already.
fn certificates() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("signed");
    let mut all = Vec::new();
    for profile in ["rsa-sha1", "sm2-sm3"] {
        let pem = fs::read(folder.join(format!("{profile}.pem"))).expect("a certificate");
        let certificate = tongguan_crypto::provider().certificate(&pem);
        let der = certificate.expect("a certificate").der;
        all.push((format!("{profile}.der"), der));
        all.push((format!("{profile}.pem"), pem));
    }
    all
}

/// Files that belong together, in one input.
fn compared() -> Option<(String, Vec<u8>)> {
    let names = [
        "CEB311Message",
        "CEB411Message",
        "CEB511Message",
        "CEB621Message",
    ];
    let files = names.map(|name| message(name).map(|m| example(m, Extent::Full)));
    let files: Option<Vec<String>> = files.into_iter().collect();
    Some(("compared".to_owned(), files?.join("\0").into_bytes()))
}

/// Messages in envelopes.
fn enveloped() -> Vec<(String, Vec<u8>)> {
    use tongguan_messages::envelope::{Envelope, Head};
    let names = [
        "CEB311Message",
        "CEB621Message",
        "CEB513Message",
        "CEB312Message",
    ];
    let envelope = |name: &str| Envelope {
        head: Head {
            cop_msg_id: "0A1B2C3D-0000-4000-8000-000000000001".to_owned(),
            sender_id: "DXPENT0000012345".to_owned(),
            receiver_ids: vec!["DXPEDCCEB0000002".to_owned()],
            creat_time: "2026-11-23T09:30:00".to_owned(),
            msg_type: name.to_owned(),
        },
        data: message(name).map_or_else(Vec::new, |m| example(m, Extent::Minimal).into_bytes()),
    };
    let written = |name: &&str| Some((format!("enveloped-{name}"), envelope(name).write().ok()?));
    names.iter().filter_map(written).collect()
}

/// Names, namespaces and codes of the tables, and XML's own marks, as libFuzzer reads them.
fn dictionary() -> String {
    let mut words: BTreeSet<String> = MARKS.iter().map(|m| (*m).to_owned()).collect();
    for message in messages() {
        words.insert(message.namespace.to_owned());
        collect(&message.root, &mut words);
    }
    let mut text = String::new();
    for word in words {
        text.push('"');
        for octet in word.bytes() {
            match octet {
                b'"' | b'\\' => write!(text, "\\{}", char::from(octet)),
                0x20..=0x7E => write!(text, "{}", char::from(octet)),
                _ => write!(text, "\\x{octet:02X}"),
            }
            .expect("a string takes everything");
        }
        text.push_str("\"\n");
    }
    text
}

const MARKS: [&str; 26] = [
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?xml version=\"1.0\"?>",
    "<?a b?>",
    "<!DOCTYPE a>",
    "&#10;",
    "&#x4E2D;",
    "&amp;",
    "&lt;",
    "xmlns=\"\"",
    "xmlns:a=\"urn:a\"",
    "xml:lang=\"zh\"",
    "xsi:type=\"a\"",
    "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"",
    "\u{FEFF}",
    "\r\n",
    "</",
    "/>",
    "=\"\"",
    "\u{9B}",
    "\u{FFFE}",
    "7Q7Q",
    "null",
    "{\"OrderHead\":{",
];

fn collect(element: &'static Element, words: &mut BTreeSet<String>) {
    words.insert(element.name.to_owned());
    words.insert(element.zh.to_owned());
    words.extend(
        element
            .attributes
            .iter()
            .map(|a| format!("{}=\"\"", a.name)),
    );
    if let Content::Text(_) = element.content {
        words.extend(element.codes.iter().map(|c| c.0.to_owned()));
    }
    for particle in element.particles() {
        collect(particle.element, words);
    }
}
