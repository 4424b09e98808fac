//! Independent programs judge what we write: xmllint the form, xmlsec1 and openssl the signature.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

mod stage;

use stage::{
    TONGGUAN, export_schemas, files, good, openssl_verifies, refused, run, standard, valid,
};
use std::fs;
use std::path::Path;

fn demo(dir: &Path, scheme: &str) {
    good(dir, TONGGUAN, &["demo", "--scheme", scheme]);
}

#[test]
fn everything_emitted_keeps_the_schemas() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    demo(dir, "sm2");
    export_schemas(dir);
    let customs = dir.join("tongguan-demo/customs");
    let mut ceb = files(&customs, ".received.message.xml");
    assert_eq!(ceb.len(), 5, "one message of each kind");
    ceb.extend(files(&customs, ".answer."));
    let mut dxp = files(&dir.join("tongguan-demo/exchange/archive"), ".xml");
    dxp.extend(files(
        &dir.join("tongguan-demo/exchange/archive-platform"),
        ".xml",
    ));
    assert_eq!(dxp.len(), 5 + 12, "a tax bill among the answers");
    valid(dir, &dir.join("ceb-import.xsd"), &ceb);
    valid(dir, &dir.join("dxp-terminal.xsd"), &dxp);
    if let Some(standard) = standard() {
        valid(dir, &standard.join("xsd/ceb-import-202205.xsd"), &ceb);
        valid(dir, &standard.join("xsd/dxp-terminal-202205.xsd"), &dxp);
    }
    // The parts of an envelope that we do not write, but take.
    let envelope = r#"<dxp:DxpMsg xmlns:dxp="http://www.chinaport.gov.cn/dxp" ver="1.0" Id="a1">
<dxp:TransInfo><dxp:CopMsgId>1</dxp:CopMsgId><dxp:SenderId>1</dxp:SenderId><dxp:ReceiverIds>
<dxp:ReceiverId>1</dxp:ReceiverId></dxp:ReceiverIds><dxp:CreatTime>2026-01-01T00:00:00</dxp:CreatTime>
<dxp:MsgType>x</dxp:MsgType></dxp:TransInfo><dxp:Data>QQ==</dxp:Data><dxp:AddInfo><dxp:BizKey>
<dxp:Key name="a">b</dxp:Key></dxp:BizKey><dxp:IsText Encode="UTF-8"/></dxp:AddInfo></dxp:DxpMsg>"#;
    fs::write(dir.join("full.xml"), envelope).unwrap();
    assert!(tongguan_messages::read(envelope.as_bytes(), &Default::default()).is_ok());
    valid(dir, &dir.join("dxp-terminal.xsd"), &[dir.join("full.xml")]);
    // What we write is canonical already, but for the XML declaration.
    for file in files(&customs, ".received.message.xml") {
        let octets = fs::read(&file).unwrap();
        let start = octets.windows(2).position(|w| w == b"?>").unwrap() + 3;
        let canonical = good(dir, "xmllint", &["--c14n", file.to_str().unwrap()]);
        assert_eq!(canonical.as_bytes(), &octets[start..], "{}", file.display());
    }
}

#[test]
fn xmlsec1_verifies_what_we_sign_and_we_what_it_signs() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    demo(dir, "rsa");
    let certificates = dir.join("tongguan-demo/certificates");
    let ca = certificates.join("test-ca.pem");
    let messages = files(&dir.join("tongguan-demo/customs"), ".received.message.xml");
    assert_eq!(messages.len(), 5);
    for file in &messages {
        let name = file.to_str().unwrap();
        let verify = ["--verify", "--enabled-key-data", "x509", "--trusted-pem"];
        let args: Vec<&str> = verify
            .into_iter()
            .chain([ca.to_str().unwrap(), name])
            .collect();
        good(dir, "xmlsec1", &args);
        good(
            dir,
            TONGGUAN,
            &["verify", "--trust", ca.to_str().unwrap(), name],
        );
        // Changed anywhere that the signature covers, neither takes it.
        let text = fs::read_to_string(file).unwrap().replace("示例", "示倒");
        let changed = dir.join("changed.xml");
        fs::write(&changed, text).unwrap();
        let args: Vec<&str> = verify
            .into_iter()
            .chain([ca.to_str().unwrap(), "changed.xml"])
            .collect();
        assert!(!run(dir, "xmlsec1", &args).status.success());
        let told = refused(dir, &["verify", "changed.xml"], 1);
        assert!(told.contains("changed after signing"), "{told}");
    }
    // The other way: xmlsec1 signs, in forms that are legal and not ours.
    let password = fs::read_to_string(certificates.join("password")).unwrap();
    let key = format!(
        "{},{}",
        certificates.join("enterprise.key").display(),
        certificates.join("enterprise.pem").display()
    );
    for (old, new) in [
        ("<ceb:OrderHead>", "<ceb:OrderHead><!-- 注释 -->"),
        ("<ceb:Order>", "<ceb:Order>\r\n\t"),
        ("示例电商平台", "<![CDATA[示例&电商]]>"),
        (
            "version=\"1.0\">",
            "version = '1.0'\n xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">",
        ),
    ] {
        let text = fs::read_to_string(&messages[0])
            .unwrap()
            .replacen(old, new, 2);
        let template = emptied(&text);
        fs::write(dir.join("template.xml"), template).unwrap();
        good(
            dir,
            "xmlsec1",
            &[
                "--sign",
                "--pwd",
                password.trim(),
                "--privkey-pem",
                &key,
                "--output",
                "signed.xml",
                "template.xml",
            ],
        );
        let told = good(dir, TONGGUAN, &["verify", "--json", "signed.xml"]);
        assert!(
            told.contains("\"valid\":true") && told.contains("rsa-sha1"),
            "{told}"
        );
    }
}

/// A signed message as a template for xmlsec1: without the values.
fn emptied(text: &str) -> String {
    let mut text = text.to_owned();
    for element in ["DigestValue", "SignatureValue", "X509Certificate"] {
        let (open, close) = (format!("<ds:{element}>"), format!("</ds:{element}>"));
        let start = text.find(&open).unwrap() + open.len();
        let end = text.find(&close).unwrap();
        text.replace_range(start..end, "");
    }
    text
}

#[test]
fn openssl_verifies_an_sm2_message_of_every_kind() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    demo(dir, "sm2");
    let certificate = dir.join("tongguan-demo/certificates/enterprise.pem");
    good(
        dir,
        "openssl",
        &[
            "x509",
            "-in",
            certificate.to_str().unwrap(),
            "-pubkey",
            "-noout",
            "-out",
            "sm2.pub",
        ],
    );
    let messages = files(&dir.join("tongguan-demo/customs"), ".received.message.xml");
    assert_eq!(messages.len(), 5);
    for message in &messages {
        openssl_verifies(dir, message, "sm2.pub", "raw");
    }
}

#[test]
fn openssl_verifies_every_sm2_signature_value() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    // Certificates by the openssl command line, not ours.
    good(dir, TONGGUAN, &["init", "--scheme", "sm2", "."]);
    let id = "distid:1234567812345678";
    good(
        dir,
        "openssl",
        &["genpkey", "-algorithm", "SM2", "-out", "sm2.key"],
    );
    good(
        dir,
        "openssl",
        &[
            "req",
            "-x509",
            "-new",
            "-sm3",
            "-sigopt",
            id,
            "-key",
            "sm2.key",
            "-subj",
            "/CN=judge",
            "-days",
            "2",
            "-out",
            "sm2.pem",
        ],
    );
    good(
        dir,
        "openssl",
        &[
            "x509", "-in", "sm2.pem", "-pubkey", "-noout", "-out", "sm2.pub",
        ],
    );
    for (profile, encoding) in [
        ("sm2-sm3", "raw"),
        ("sm2-sm3", "der"),
        ("sm2-sm3-legacy", "raw"),
    ] {
        let manifest = fs::read_to_string(dir.join("tongguan.toml"))
            .unwrap()
            .replace("certificates/enterprise.key", "sm2.key")
            .replace("certificates/enterprise.pem", "sm2.pem")
            .replace("password = \"file", "# password = \"file")
            .replace(
                "# profile = \"sm2-sm3\"  ",
                &format!("profile = \"{profile}\" "),
            )
            .replace(
                "# sm2_encoding = \"raw\"",
                &format!("sm2_encoding = \"{encoding}\""),
            )
            .replace("tongguan.db", &format!("{profile}-{encoding}.db"));
        fs::write(dir.join("t.toml"), manifest).unwrap();
        fs::write(dir.join("orders.json"), stage::orders(1, 3)).unwrap();
        good(dir, TONGGUAN, &["-m", "t.toml", "submit", "orders.json"]);
        refused(
            dir,
            &["-m", "t.toml", "run", "--until-final", "--within", "2"],
            4,
        );
        let envelope = files(&dir.join("exchange/outbox"), "CEB311").pop().unwrap();
        good(
            dir,
            TONGGUAN,
            &["-m", "t.toml", "show", "ORDER-000001", "--export", "out"],
        );
        let message = files(&dir.join("out"), ".message.xml").pop().unwrap();
        openssl_verifies(dir, &message, "sm2.pub", encoding);
        good(dir, TONGGUAN, &["verify", envelope.to_str().unwrap()]);
        for file in files(&dir.join("exchange/outbox"), "CEB")
            .iter()
            .chain(&files(&dir.join("out"), ""))
        {
            fs::remove_file(file).unwrap();
        }
    }
}

#[test]
fn the_official_receipts_find_the_declarations_that_they_answer() {
    let Some(standard) = standard() else { return };
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["init", "."]);
    // For each official receipt, a declaration of ours with the key that it answers.
    for (receipt, declaration, template) in [
        ("CEB312Message", "CEB311Message", "orders.json"),
        ("CEB412Message", "CEB411Message", "payments.csv"),
        ("CEB512Message", "CEB511Message", "waybills.csv"),
        ("CEB514Message", "CEB513Message", "waybill-status.csv"),
        ("CEB622Message", "CEB621Message", "inventories.json"),
    ] {
        let octets = fs::read(standard.join(format!("samples/import/{receipt}.xml"))).unwrap();
        let parsed =
            tongguan_messages::read(&octets, &tongguan_messages::Limits::default()).unwrap();
        let answer = &tongguan_messages::answers(&parsed)[0];
        let known = tongguan_messages::message(declaration).unwrap();
        let key = answer.key.clone().unwrap();
        let role_options = tongguan_contracts::PartOptions {
            part: "test".into(),
            options: serde_json::json!({ "also": ["payment", "logistics"], "declares": [declaration] }),
            base: dir.into(),
        };
        let role = tongguan_roles::build("ecommerce", role_options).unwrap();
        let quickstart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/quickstart");
        let document = fs::read(quickstart.join(template)).unwrap();
        let declared = role
            .read(tongguan_contracts::Document {
                name: template,
                octets: &document,
                message: None,
            })
            .unwrap();
        // The same declaration as XML, under the official receipt's key.
        let first = String::from_utf8(declared[0].fragment.clone()).unwrap();
        let mut text = first;
        for (path, value) in known.business_key.iter().zip(key.split('\n')) {
            let field = path.rsplit('/').next().unwrap();
            let (open, close) = (format!("<ceb:{field}>"), format!("</ceb:{field}>"));
            let start = text.find(&open).unwrap() + open.len();
            let end = text.find(&close).unwrap();
            text.replace_range(start..end, value);
        }
        let guid = "4CDE1CFD-EDED-46B1-946C-B8022E42FC95";
        let xml = [
            tongguan_messages::opening(known, guid),
            text.into_bytes(),
            tongguan_messages::closing(known),
        ]
        .concat();
        fs::write(dir.join("one.xml"), xml).unwrap();
        good(dir, TONGGUAN, &["submit", "one.xml"]);
        refused(dir, &["run", "--until-final", "--within", "1"], 4);
        fs::copy(
            standard.join(format!("samples/import/{receipt}.xml")),
            dir.join("exchange/inbox").join(format!("{receipt}.xml")),
        )
        .unwrap();
        run(dir, TONGGUAN, &["run", "--until-final", "--within", "2"]);
        let number = key.rsplit('\n').next().unwrap();
        let told = good(dir, TONGGUAN, &["show", "--json", number]);
        assert!(
            told.contains(&format!("\"code\":\"{}\"", answer.code)),
            "{receipt}: {told}"
        );
        assert!(
            told.contains("\"level\":\"clearance\""),
            "{receipt}: {told}"
        );
    }
}

#[test]
fn answers_to_bad_envelopes_keep_the_schemas_too() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    good(dir, TONGGUAN, &["init", "."]);
    let outbox = dir.join("exchange/outbox");
    fs::create_dir_all(&outbox).unwrap();
    let head = |receiver: &str, data: &str| {
        format!(
            "<DxpMsg xmlns=\"http://www.chinaport.gov.cn/dxp\" ver=\"1.0\"><TransInfo>\
             <CopMsgId>1</CopMsgId><SenderId>DXPENT0000012345</SenderId><ReceiverIds>\
             <ReceiverId>{receiver}</ReceiverId></ReceiverIds><CreatTime>2026-11-23T09:30:00\
             </CreatTime><MsgType>CEB311Message</MsgType></TransInfo><Data>{data}</Data></DxpMsg>"
        )
    };
    fs::write(
        outbox.join("1.xml"),
        head("DXPEDCCEB0000002", "bm90IFhNTA=="),
    )
    .unwrap();
    fs::write(outbox.join("2.xml"), head("DXPNOBODY", "bm90IFhNTA==")).unwrap();
    fs::write(outbox.join("3.xml"), "no envelope").unwrap();
    let mut side = std::process::Command::new(TONGGUAN)
        .args(["simulate"])
        .current_dir(dir)
        .spawn()
        .unwrap();
    let inbox = dir.join("exchange/inbox");
    let begun = std::time::Instant::now();
    while !inbox.is_dir() || files(&inbox, "xml").len() < 3 {
        assert!(begun.elapsed().as_secs() < 20, "three answers are expected");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    side.kill().unwrap();
    side.wait().unwrap();
    let answers = files(&inbox, ".xml");
    assert_eq!(files(&inbox, "CEB900Message").len(), 1);
    assert_eq!(files(&inbox, "DxpRep").len(), 2);
    export_schemas(dir);
    valid(dir, &dir.join("dxp-terminal.xsd"), &answers);
    let envelope = fs::read(&files(&inbox, "CEB900Message")[0]).unwrap();
    let opened = tongguan_messages::envelope::open(&envelope, &Default::default()).unwrap();
    let tongguan_messages::envelope::Opened::Envelope(opened) = opened else {
        panic!("{opened:?}")
    };
    fs::write(dir.join("900.xml"), opened.data).unwrap();
    valid(dir, &dir.join("ceb-import.xsd"), &[dir.join("900.xml")]);
    if let Some(standard) = standard() {
        valid(dir, &standard.join("xsd/dxp-terminal-202205.xsd"), &answers);
        let ceb = standard.join("xsd/ceb-import-202205.xsd");
        valid(dir, &ceb, &[dir.join("900.xml")]);
    }
}
