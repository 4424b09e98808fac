//! The report as one page that stands by itself and prints well.

use std::fmt::Write as _;

use crate::check::Outcome;
use crate::report::Report;

pub(crate) fn page(reports: &[Report], made: &str) -> String {
    let mut body = String::new();
    for report in reports {
        let (class, verdict) = match report.ok {
            true => ("good", "符合 Keeps the contract"),
            false => ("bad", "不符合 BREAKS the contract"),
        };
        let t = report.totals;
        // Writing to a string cannot fail; here and below.
        let _ = write!(
            body,
            "<h2>{}</h2>\n<p>{}</p>\n<p class=\"verdict {class}\">{verdict}</p>\n\
             <p>通过 Passed {} · 未通过 Failed {} · 不适用 Does not apply {}</p>\n<table>\n\
             <tr><th>检查 Check</th><th>契约 What the contract says</th><th>结果 Outcome</th></tr>\n",
            escaped(&report.part),
            escaped(&report.what),
            t.passed,
            t.failed,
            t.does_not_apply
        );
        for check in &report.checks {
            let (class, word) = match check.outcome {
                Outcome::Passed(_) => ("good", "通过 passed"),
                Outcome::Failed(_) => ("bad", "未通过 FAILED"),
                Outcome::DoesNotApply(_) => ("open", "不适用 does not apply"),
            };
            let _ = writeln!(
                body,
                "<tr><td><code>{}</code></td><td>{}</td><td class=\"{class}\"><b>{word}</b><br>{}</td></tr>",
                check.id,
                escaped(check.says),
                escaped(check.outcome.told())
            );
        }
        body.push_str("</table>\n");
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>符合性报告 Conformance report</title>\n<style>{STYLE}</style></head>\n<body>\n\
         <h1>符合性报告 <small>Conformance report</small></h1>\n{body}\
         <footer>{}</footer>\n</body></html>\n",
        escaped(made)
    )
}

/// Text as HTML takes it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

const STYLE: &str = "\
body{font:15px/1.5 system-ui,'PingFang SC','Microsoft YaHei',sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}\
h1 small{font-weight:400;color:#667}table{border-collapse:collapse;width:100%}\
td,th{border:1px solid #d5dbe3;padding:.35rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
td.good b{color:#12602c}td.bad b{color:#a3241a}td.open b{color:#667}\
.verdict{font-size:1.2rem;font-weight:600;padding:.4rem .8rem}\
p.good{background:#e3f5e8;color:#12602c}p.bad{background:#fde8e6;color:#8f1d13}\
footer{color:#667;margin:2rem 0}@media print{body{margin:0}tr{break-inside:avoid}}";
