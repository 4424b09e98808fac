//! The transport node's envelope: `DxpMsgSv` (spec ch. 5), a terminal node's in another one that says
//! from which node to which it goes.

use std::io::Write as _;

use crate::envelope::leaf;
use crate::node::Node;
use crate::problem::Problem;
use crate::read::{Limits, read};
use crate::table::namespace_of;

/// `SvNo`: where an envelope goes between transport nodes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SvNo {
    /// `MsgId`: 8 digits of the node, `yyyymmddhh24mmss`, 10 digits of a sequence.
    pub msg_id: String,
    /// `SubMsgId`: which part it is of one that was split for its receivers, from 1.
    pub sub_msg_id: Option<String>,
    /// `SendTime`, `yyyy-mm-ddThh:mm:ss`, China Standard Time.
    pub send_time: String,
    /// `EndNode`: the node that it goes to.
    pub end_node: String,
    /// `StaNode`: the node that took it from the terminal node.
    pub sta_node: String,
}

impl SvNo {
    /// That of a `DxpMsgSv`; nothing of anything else.
    pub fn of(root: &Node) -> Option<Self> {
        let head = root.child("SvNo")?;
        let text = |name: &str| head.text(name).map(str::to_owned);
        Some(Self {
            msg_id: text("MsgId")?,
            sub_msg_id: text("SubMsgId"),
            send_time: text("SendTime")?,
            end_node: text("EndNode")?,
            sta_node: text("StaNode")?,
        })
    }

    /// Puts a terminal node's envelope, as [`crate::envelope::Envelope::write`] gives it, into this one.
    ///
    /// # Errors
    /// What breaks its rules.
    pub fn wrap(&self, envelope: &[u8]) -> Result<Vec<u8>, Vec<Problem>> {
        let start = envelope.windows(11).position(|part| part == b"<dxp:DxpMsg");
        let own = start.map_or(envelope, |start| &envelope[start..]);
        let mut out = Vec::with_capacity(own.len() + 512);
        // Writing to a vector never fails.
        let _ = write!(
            out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<dxp:DxpMsgSv xmlns:dxp=\"{}\" ver=\"1.0\"><dxp:SvNo Ver=\"1.0\">",
            namespace_of("dxp")
        );
        leaf(&mut out, "MsgId", &self.msg_id);
        if let Some(part) = &self.sub_msg_id {
            leaf(&mut out, "SubMsgId", part);
        }
        leaf(&mut out, "SendTime", &self.send_time);
        leaf(&mut out, "EndNode", &self.end_node);
        leaf(&mut out, "StaNode", &self.sta_node);
        out.extend_from_slice(b"</dxp:SvNo>");
        out.extend_from_slice(own);
        out.extend_from_slice(b"</dxp:DxpMsgSv>");
        read(&out, &Limits::default())?;
        Ok(out)
    }
}
