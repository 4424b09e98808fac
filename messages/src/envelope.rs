//! The terminal node's envelope: `DxpMsg` and the platform's answer, `DxpRep` (spec ch. 4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Write as _;

use crate::node::Node;
use crate::problem::Problem;
use crate::read::{Limits, Parsed, read};
use crate::table::namespace_of;
use crate::write::{escape, escape_attribute};

/// An envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Its head.
    pub head: Head,
    /// The octets of the message in it.
    pub data: Vec<u8>,
}

/// `TransInfo`: who sends what to whom.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// `CopMsgId`: the sender's own id of the envelope.
    pub cop_msg_id: String,
    /// `SenderId`
    pub sender_id: String,
    /// `ReceiverId`, one to five.
    pub receiver_ids: Vec<String>,
    /// `CreatTime`, `yyyy-mm-ddThh:mm:ss`, China Standard Time.
    pub creat_time: String,
    /// `MsgType`: the message's name.
    pub msg_type: String,
}

/// `DxpRep`: the platform's answer to envelopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// `RecevierId` (the standard's spelling): whom it answers.
    pub receiver_id: String,
    /// One for each envelope answered.
    pub responses: Vec<Response>,
}

/// The platform's answer to one envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// `ResponseCode`, table 7-1.
    pub code: String,
    /// `ResponseInfo`
    pub info: String,
    /// `NoticeTime`, a date `yyyy-mm-dd`.
    pub notice_time: String,
    /// `Results`: the receivers that it is about; empty where it is about all of them.
    pub results: Vec<ReceiverResult>,
    /// `OriHead`: the head of the envelope that it answers.
    pub original: Head,
}

/// `Result`: what became of an envelope for one receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiverResult {
    /// `RecId`
    pub receiver_id: String,
    /// `Code`, table 7-1.
    pub code: String,
    /// `Info`
    pub info: String,
}

/// What came in.
#[derive(Debug, Clone)]
pub enum Opened {
    /// An envelope; what is in it is not looked at yet.
    Envelope(Envelope),
    /// The platform's answer.
    Report(Report),
    /// A message without an envelope.
    Message(Box<Parsed>),
}

/// Opens what came in: an envelope (of a terminal or of a transport node), the platform's answer, or a bare message.
///
/// # Errors
/// What is wrong with it.
pub fn open(octets: &[u8], limits: &Limits) -> Result<Opened, Vec<Problem>> {
    let parsed = read(octets, limits)?;
    match parsed.message.name {
        // A transport node's envelope holds a terminal node's (spec ch. 5).
        "DxpMsg" | "DxpMsgSv" => {
            let envelope = parsed.root.child("DxpMsg").unwrap_or(&parsed.root);
            let text = envelope.text("Data").unwrap_or_default();
            let compact: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
            let data = STANDARD.decode(&compact).map_err(|e| {
                vec![Problem::document(
                    "base64",
                    format!("Data is not base64: {e}"),
                    "encode it",
                )]
            })?;
            let head = envelope.child("TransInfo").map(head).unwrap_or_default();
            Ok(Opened::Envelope(Envelope { head, data }))
        }
        "DxpRep" => Ok(Opened::Report(Report {
            receiver_id: text(&parsed.root, "RecevierId"),
            responses: parsed
                .root
                .children()
                .iter()
                .filter(|c| c.element.name == "Response")
                .map(|r| Response {
                    code: text(r, "ResponseCode"),
                    info: text(r, "ResponseInfo"),
                    notice_time: text(r, "NoticeTime"),
                    results: r
                        .child("Results")
                        .map(Node::children)
                        .unwrap_or_default()
                        .iter()
                        .map(|one| ReceiverResult {
                            receiver_id: text(one, "RecId"),
                            code: text(one, "Code"),
                            info: text(one, "Info"),
                        })
                        .collect(),
                    original: r.child("OriHead").map(head).unwrap_or_default(),
                })
                .collect(),
        })),
        _ => Ok(Opened::Message(Box::new(parsed))),
    }
}

fn text(node: &Node, path: &str) -> String {
    node.text(path).unwrap_or_default().to_owned()
}

fn head(node: &Node) -> Head {
    Head {
        cop_msg_id: text(node, "CopMsgId"),
        sender_id: text(node, "SenderId"),
        receiver_ids: node
            .child("ReceiverIds")
            .map(Node::children)
            .unwrap_or_default()
            .iter()
            .filter_map(|r| r.own_text().map(str::to_owned))
            .collect(),
        creat_time: text(node, "CreatTime"),
        msg_type: text(node, "MsgType"),
    }
}

impl Envelope {
    /// The envelope's octets, with an XML declaration.
    ///
    /// # Errors
    /// The fields of the head that break their rules.
    pub fn write(&self) -> Result<Vec<u8>, Vec<Problem>> {
        let mut out = start("DxpMsg", self.data.len() / 3 * 4 + 1024);
        write_head(&mut out, "TransInfo", &self.head);
        out.extend_from_slice(b"<dxp:Data>");
        let at = out.len();
        checked(&out, "DxpMsg")?;
        out.resize(at + self.data.len().div_ceil(3) * 4, b'=');
        // The room is exact, so encoding cannot fail.
        let _ = STANDARD.encode_slice(&self.data, &mut out[at..]);
        out.extend_from_slice(b"</dxp:Data></dxp:DxpMsg>");
        Ok(out)
    }
}

impl Report {
    /// The report's octets, with an XML declaration.
    ///
    /// # Errors
    /// The fields that break their rules.
    pub fn write(&self) -> Result<Vec<u8>, Vec<Problem>> {
        let mut out = start("DxpRep", 1024);
        leaf(&mut out, "RecevierId", &self.receiver_id);
        for response in &self.responses {
            out.extend_from_slice(b"<dxp:Response>");
            leaf(&mut out, "ResponseCode", &response.code);
            let info: String = response.info.chars().take(300).collect();
            leaf(&mut out, "ResponseInfo", &info);
            if !response.results.is_empty() {
                out.extend_from_slice(b"<dxp:Results>");
                for one in &response.results {
                    out.extend_from_slice(b"<dxp:Result>");
                    leaf(&mut out, "RecId", &one.receiver_id);
                    leaf(&mut out, "Code", &one.code);
                    leaf(&mut out, "Info", &one.info);
                    out.extend_from_slice(b"</dxp:Result>");
                }
                out.extend_from_slice(b"</dxp:Results>");
            }
            leaf(&mut out, "NoticeTime", &response.notice_time);
            write_head(&mut out, "OriHead", &response.original);
            out.extend_from_slice(b"</dxp:Response>");
        }
        out.extend_from_slice(b"</dxp:DxpRep>");
        read(&out, &Limits::default())?;
        Ok(out)
    }
}

/// Checks an envelope's head without its data: as a whole envelope with none.
fn checked(out: &[u8], name: &str) -> Result<(), Vec<Problem>> {
    let mut whole = out.to_vec();
    let _ = write!(whole, "</dxp:Data></dxp:{name}>");
    read(&whole, &Limits::default()).map(|_| ())
}

fn start(name: &str, capacity: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(capacity);
    let _ = write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<dxp:{name} xmlns:dxp=\"{}\" ver=\"1.0\">",
        namespace_of("dxp")
    );
    out
}

pub(crate) fn leaf(out: &mut Vec<u8>, name: &str, text: &str) {
    let _ = write!(out, "<dxp:{name}>");
    escape(out, text);
    let _ = write!(out, "</dxp:{name}>");
}

fn write_head(out: &mut Vec<u8>, name: &str, head: &Head) {
    let _ = write!(out, "<dxp:{name}>");
    leaf(out, "CopMsgId", &head.cop_msg_id);
    leaf(out, "SenderId", &head.sender_id);
    out.extend_from_slice(b"<dxp:ReceiverIds>");
    for receiver in &head.receiver_ids {
        leaf(out, "ReceiverId", receiver);
    }
    out.extend_from_slice(b"</dxp:ReceiverIds>");
    leaf(out, "CreatTime", &head.creat_time);
    leaf(out, "MsgType", &head.msg_type);
    let _ = write!(out, "</dxp:{name}>");
}

/// Writes a receipt as the clearance service does: the default namespace, an XML declaration
/// with `standalone`. For stand-ins of that service.
pub fn write_receipt(
    message: &crate::Message,
    guid: &str,
    units: &[Vec<(&str, String)>],
) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    let unit = message.unit.map_or("", |u| u.name);
    let _ = write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<{} xmlns=\"{}\" guid=\"",
        message.name, message.namespace
    );
    escape_attribute(&mut out, guid);
    out.extend_from_slice(b"\" version=\"1.0\">");
    for fields in units {
        let _ = write!(out, "<{unit}>");
        for (name, text) in fields {
            let _ = write!(out, "<{name}>");
            escape(&mut out, text);
            let _ = write!(out, "</{name}>");
        }
        let _ = write!(out, "</{unit}>");
    }
    let _ = write!(out, "</{}>", message.name);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample_head() -> Head {
        Head {
            cop_msg_id: "0A1B2C3D-0000-4000-8000-000000000001".into(),
            sender_id: "DXPENT0000012345".into(),
            receiver_ids: vec!["DXPEDCCEB0000002".into()],
            creat_time: "2026-11-23T09:30:00".into(),
            msg_type: "CEB311Message".into(),
        }
    }

    #[test]
    fn an_envelope_comes_back_as_it_went() {
        let envelope = Envelope {
            head: sample_head(),
            data: "<a>税</a>".as_bytes().to_vec(),
        };
        let octets = envelope.write().unwrap();
        match open(&octets, &Limits::default()).unwrap() {
            Opened::Envelope(opened) => assert_eq!(opened, envelope),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_report_comes_back_as_it_went() {
        let report = Report {
            receiver_id: "DXPENT0000012345".into(),
            responses: vec![Response {
                code: "0002".into(),
                info: "数据包不能通过 schema 验证".into(),
                notice_time: "2026-11-23".into(),
                results: vec![ReceiverResult {
                    receiver_id: "DXPNOBODY".into(),
                    code: "2001".into(),
                    info: "指定的接收方不存在".into(),
                }],
                original: sample_head(),
            }],
        };
        match open(&report.write().unwrap(), &Limits::default()).unwrap() {
            Opened::Report(opened) => assert_eq!(opened, report),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_bad_head_is_refused() {
        let mut envelope = Envelope {
            head: sample_head(),
            data: Vec::new(),
        };
        envelope.head.sender_id = "DXPENT00000123456".into();
        let problems = envelope.write().unwrap_err();
        assert_eq!(problems[0].rule, "too-long");
        assert_eq!(problems[0].field_zh, "发送方id");
    }
}
