//! The report as one self-contained page, for people to forward.

use std::fmt::Write as _;

use crate::finding::{Finding, Layer};
use crate::report::{Report, Totals};

/// Files with findings that a page shows; of more, it tells how many there are.
const MOST_FILES: usize = 2_000;

/// A page in the making. Personal data is not in it, as in no report.
#[derive(Debug, Default)]
pub struct Page {
    totals: Totals,
    shown: usize,
    left_out: usize,
    body: String,
}

impl Page {
    /// With nothing on it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a report on it.
    pub fn add(&mut self, report: &Report) {
        self.totals.count(report);
        if report.errors.is_empty() && report.warnings.is_empty() {
            return;
        }
        if self.shown == MOST_FILES {
            self.left_out += 1;
            return;
        }
        self.shown += 1;
        let (class, verdict) = match report.valid {
            true => ("warned", "有提示 valid, with warnings"),
            false => ("bad", "未通过 INVALID"),
        };
        // Writing to a string cannot fail; here and below.
        let _ = write!(
            self.body,
            "<details open class=\"{class}\"><summary><b>{}</b> <span>{}</span> <em>{verdict}</em></summary>\n<table>\n\
             <tr><th>行:列<br>Line</th><th>位置 Place</th><th>问题 What is wrong</th><th>处理 What to do</th></tr>\n",
            escaped(&report.file),
            message_name(report)
        );
        for finding in report.errors.iter().chain(&report.warnings) {
            self.finding(finding);
        }
        self.body.push_str("</table></details>\n");
    }

    fn finding(&mut self, finding: &Finding) {
        let place = match finding.line {
            0 => String::new(),
            line => format!("{line}:{}", finding.column),
        };
        let field = match finding.field_zh.as_str() {
            "" => String::new(),
            zh => format!("<b>{}</b> {}<br>", escaped(zh), escaped(&finding.field_en)),
        };
        let section = match finding.section {
            "" => String::new(),
            section => format!(" · {}", escaped(section)),
        };
        let class = if finding.severity.is_error() {
            "error"
        } else {
            "warning"
        };
        let _ = writeln!(
            self.body,
            "<tr class=\"{class}\"><td>{place}</td><td>{field}<code>{}</code></td>\
             <td>{}<br>{}<br><small>{} {} · {}{section}</small></td><td>{}<br>{}</td></tr>",
            escaped(&finding.path),
            escaped(&finding.text_zh),
            escaped(&finding.text),
            finding.layer.chinese(),
            finding.layer.name(),
            escaped(finding.code),
            escaped(&finding.remedy_zh),
            escaped(&finding.remedy),
        );
    }

    /// The page. `made` says when and by what, for its foot.
    pub fn finish(self, layers: &[Layer], made: &str) -> String {
        let t = self.totals;
        let bad = t.files - t.valid;
        let (class, verdict) = match bad {
            0 => ("good", "全部通过 All valid".to_owned()),
            bad => (
                "bad",
                format!("{bad} 个文件未通过 {bad} of {} invalid", t.files),
            ),
        };
        let layers: Vec<String> = layers
            .iter()
            .map(|l| format!("{} {}", l.chinese(), l.name()))
            .collect();
        let left_out = match self.left_out {
            0 => String::new(),
            n => format!(
                "<p class=\"bad\">另有 {n} 个文件有问题，未在此列出 · {n} more files have findings; they are not listed here</p>"
            ),
        };
        format!(
            "<!DOCTYPE html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n\
             <title>报文验证报告 Verification report</title>\n<style>{STYLE}</style></head>\n<body>\n\
             <h1>报文验证报告 <small>Verification report</small></h1>\n\
             <p class=\"verdict {class}\">{verdict}</p>\n\
             <table class=\"totals\"><tr><td>文件 Files<td>{}<tr><td>通过 Valid<td>{}<tr><td>未通过 Invalid<td>{bad}\
             <tr><td>单证 Declarations and answers<td>{}<tr><td>错误 Errors<td>{}<tr><td>提示 Warnings<td>{}\
             <tr><td>检查内容 Looked at<td>{}</table>\n{}{left_out}\
             <footer>规范版本 Edition {} · {}</footer>\n</body></html>\n",
            t.files,
            t.valid,
            t.units,
            t.errors,
            t.warnings,
            layers.join(" · "),
            self.body,
            tongguan_messages::edition(),
            escaped(made),
        )
    }
}

fn message_name(report: &Report) -> String {
    let zh = tongguan_messages::message(&report.message).map_or("", |m| m.zh);
    let envelope = match report.envelope.as_str() {
        "" => String::new(),
        envelope => format!("{} › ", escaped(envelope)),
    };
    format!("{envelope}{} {zh}", escaped(&report.message))
}

/// Text as HTML takes it, in elements and attributes.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

const STYLE: &str = "\
body{font:15px/1.5 system-ui,'PingFang SC','Microsoft YaHei',sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;color:#1c2530;background:#fff}\
h1 small{font-weight:400;color:#667}table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}\
td,th{border:1px solid #d5dbe3;padding:.35rem .6rem;text-align:left;vertical-align:top}th{background:#f3f5f8;font-weight:600}\
.totals{width:auto}.verdict{font-size:1.3rem;font-weight:600;padding:.5rem .8rem;border-radius:.3rem}\
.good{background:#e3f5e8;color:#12602c}.verdict.bad{background:#fde8e6;color:#8f1d13}\
summary{cursor:pointer;padding:.3rem 0;overflow-wrap:anywhere}summary em{font-style:normal;float:right}\
.bad summary em,p.bad{color:#a3241a}.warned summary em{color:#8a5a00}\
tr.error td:first-child{border-left:4px solid #c8372d}tr.warning td:first-child{border-left:4px solid #d99a1c}\
code{font-size:.85em;overflow-wrap:anywhere}small,footer{color:#667}footer{margin:2rem 0}";
