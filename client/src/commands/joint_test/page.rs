//! The report as one page that prints well, with places to sign.

use std::fmt::Write as _;

use tongguan_verifier::escaped;

use super::cases::Expected;
use super::report::{Declared, Outcome, Report};

const STYLE: &str = "\
body{font:14px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}\
table{border-collapse:collapse;width:100%;margin:.5em 0 1.5em}\
td,th{border:1px solid #bbb;padding:.3em .6em;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
th{background:#f2f2f2}\
code{font-size:12px}\
.passed{color:#06702c}.failed{color:#b00020;font-weight:bold}\
section{break-inside:avoid}\
.sign td{height:5em;width:33%}\
@media print{body{margin:0;max-width:none}a{color:inherit;text-decoration:none}}";

/// The whole page; it needs nothing else.
pub fn of(report: &Report) -> String {
    let mut page = String::new();
    let passed = report.cases.iter().filter(|case| case.passed).count();
    let title = "联调测试报告 Joint test report";
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"zh\"><meta charset=\"utf-8\"><title>{title}</title>\
         <style>{STYLE}</style>\n<h1>{title}</h1>\n<p class=\"{}\">{passed} / {} 用例通过 cases passed</p>\n",
        class(report.passed),
        report.cases.len()
    );
    if report.interrupted {
        page.push_str("<p class=\"failed\">运行被中断 the run was interrupted</p>\n");
    }
    let enterprise = &report.enterprise;
    let side = match report.simulated {
        true => "模拟端（演练） a stand-in (rehearsal)",
        false => "测试环境 the test environment",
    };
    let rows = [
        (
            "企业 Enterprise",
            format!("{} {}", enterprise.cop_code, enterprise.cop_name),
        ),
        ("dxpId", enterprise.dxp_id.clone()),
        (
            "SenderId → ReceiverId",
            format!("{} → {}", enterprise.sender_id, enterprise.receiver_id),
        ),
        ("对端 Other side", side.to_owned()),
        ("运行 Run", report.run.clone()),
        ("时间 Time", format!("{} – {}", report.began, report.ended)),
        (
            "程序 Program",
            format!(
                "Tongguan {}, {}, 规范 edition {}",
                report.version, report.system, report.edition
            ),
        ),
        (
            "证书 Certificates (SHA-256)",
            certificates(report).join(", "),
        ),
    ];
    page.push_str("<table>");
    for (name, value) in rows {
        let _ = write!(page, "<tr><th>{}<td>{}", escaped(name), escaped(&value));
    }
    page.push_str("</table>\n<table><tr><th>用例 Case<th>预期 Expected<th>结果 Result\n");
    for case in &report.cases {
        let _ = writeln!(
            page,
            "<tr><td><a href=\"#{id}\">{}</a><br>{}<td>{}<td class=\"{}\">{}",
            escaped(&case.case.zh),
            escaped(&case.case.en),
            expected(case.case.expect),
            class(case.passed),
            result(case),
            id = escaped(&case.case.id),
        );
    }
    page.push_str("</table>\n");
    for case in &report.cases {
        section(&mut page, case);
    }
    page.push_str(
        "<section><h2>签字 Signatures</h2><table class=\"sign\"><tr><th>企业 Enterprise<th>数据分中心 \
         Data sub-centre<th>海关 Customs<tr><td><td><td></table></section>\n</html>\n",
    );
    page
}

fn section(page: &mut String, case: &Outcome) {
    let _ = writeln!(
        page,
        "<section id=\"{id}\"><h2>{id} <span class=\"{}\">{}</span></h2><p>{}<br>{}</p>\
         <p>文件 document <code>{}</code> SHA-256 <code>{}</code></p>",
        class(case.passed),
        result(case),
        escaped(&case.case.zh),
        escaped(&case.case.en),
        escaped(&case.case.document),
        escaped(&case.document_sha256),
        id = escaped(&case.case.id),
    );
    if !case.why.is_empty() {
        let _ = writeln!(page, "<p class=\"failed\">{}</p>", escaped(&case.why));
    }
    for declared in &case.declarations {
        declaration(page, declared);
    }
    page.push_str("</section>\n");
}

fn declaration(page: &mut String, declared: &Declared) {
    page.push_str("<table>");
    for (name, value) in [
        ("业务主键 Key", &declared.key),
        ("guid", &declared.guid),
        ("报文 Message guid", &declared.message_guid),
        ("CopMsgId", &declared.cop_msg_id),
        ("信封 Envelope SHA-256", &declared.envelope_sha256),
        ("签名 Signature", &declared.profile),
        ("送达 Taken", &declared.evidence),
    ] {
        let _ = write!(
            page,
            "<tr><th>{name}<td colspan=\"3\"><code>{}</code>",
            escaped(value)
        );
    }
    page.push_str("<tr><th>回执 Receipts<th>代码 Code<th>内容 Text<th>SHA-256");
    for status in declared
        .history
        .iter()
        .filter(|status| status.inbound.is_some())
    {
        let _ = write!(
            page,
            "<tr><td>{}<td>{}<td>{}<td><code>{}</code>",
            escaped(&status.level),
            escaped(&status.code),
            escaped(&status.text),
            escaped(status.inbound.as_deref().unwrap_or_default())
        );
    }
    page.push_str("</table>\n");
}

fn certificates(report: &Report) -> Vec<&str> {
    let declared = report.cases.iter().flat_map(|case| &case.declarations);
    let mut all: Vec<&str> = declared.map(|d| d.certificate_sha256.as_str()).collect();
    all.retain(|certificate| !certificate.is_empty());
    all.sort_unstable();
    all.dedup();
    all
}

fn class(passed: bool) -> &'static str {
    if passed { "passed" } else { "failed" }
}

fn result(case: &Outcome) -> &'static str {
    match case.passed {
        true => "通过 passed",
        false => "未通过 failed",
    }
}

fn expected(expected: Expected) -> &'static str {
    match expected {
        Expected::Accepted => "接受 accepted",
        Expected::Rejected => "退回 rejected",
    }
}
