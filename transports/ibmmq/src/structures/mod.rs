//! The structures of the MQI, as IBM's reference lists their fields ("Developing applications
//! reference", Data types used in the MQI). Each is declared up to the version that is used here;
//! a queue manager's client reads none beyond the version that a structure says.
//!
//! Text has no end mark: it is filled up with blanks.

mod connecting;

pub(crate) use connecting::{Cd, Cno, Csp, Sco};

/// A number, 32 bits wide on every platform of the client.
pub(crate) type Long = i32;
/// A connection.
pub(crate) type Hconn = Long;
/// A queue that is open.
pub(crate) type Hobj = Long;

pub(crate) const UNUSABLE_HCONN: Hconn = -1;
pub(crate) const UNUSABLE_HOBJ: Hobj = -1;

/// The largest message that the MQI knows.
pub(crate) const LARGEST: usize = 104_857_600;

type Text<const N: usize> = [u8; N];

/// Text in a field of its own length; too long a text is a fault of whoever checked the options, and cut.
pub(crate) fn text<const N: usize>(text: &str) -> Text<N> {
    let mut field = [b' '; N];
    for (to, from) in field.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    field
}

/// The text in a field, without what fills it up.
pub(crate) fn read(field: &[u8]) -> String {
    let end = field.iter().position(|octet| *octet == 0);
    let text = String::from_utf8_lossy(&field[..end.unwrap_or(field.len())]);
    text.trim_end().to_owned()
}

/// MQMD, version 1: what a message is.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Md {
    struc_id: Text<4>,
    version: Long,
    report: Long,
    msg_type: Long,
    expiry: Long,
    feedback: Long,
    encoding: Long,
    pub coded_char_set_id: Long,
    pub format: Text<8>,
    priority: Long,
    pub persistence: Long,
    pub msg_id: [u8; 24],
    pub correl_id: [u8; 24],
    pub backout_count: Long,
    pub reply_to_q: Text<48>,
    pub reply_to_q_mgr: Text<48>,
    user_identifier: Text<12>,
    accounting_token: [u8; 32],
    appl_identity_data: Text<32>,
    put_appl_type: Long,
    put_appl_name: Text<28>,
    put_date: Text<8>,
    put_time: Text<8>,
    appl_origin_data: Text<4>,
}

const DATAGRAM: Long = 8;
const UNLIMITED: Long = -1;
const PRIORITY_AS_Q_DEF: Long = -1;
const PERSISTENCE_AS_Q_DEF: Long = 2;
pub(crate) const PERSISTENT: Long = 1;
/// Numbers as this processor has them.
const NATIVE: Long = if cfg!(target_endian = "little") {
    0x222
} else {
    0x111
};
/// Octets; nobody converts them.
pub(crate) const FORMAT_NONE: &str = "";
/// Text, which a receiver may have converted.
pub(crate) const FORMAT_STRING: &str = "MQSTR";
/// UTF-8, as IBM numbers it.
pub(crate) const UTF_8: Long = 1208;

impl Md {
    pub(crate) fn new() -> Self {
        Self {
            struc_id: *b"MD  ",
            version: 1,
            report: 0,
            msg_type: DATAGRAM,
            expiry: UNLIMITED,
            feedback: 0,
            encoding: NATIVE,
            coded_char_set_id: 0,
            format: text(FORMAT_NONE),
            priority: PRIORITY_AS_Q_DEF,
            persistence: PERSISTENCE_AS_Q_DEF,
            msg_id: [0; 24],
            correl_id: [0; 24],
            backout_count: 0,
            reply_to_q: text(""),
            reply_to_q_mgr: text(""),
            user_identifier: text(""),
            accounting_token: [0; 32],
            appl_identity_data: text(""),
            put_appl_type: 0,
            put_appl_name: text(""),
            put_date: text(""),
            put_time: text(""),
            appl_origin_data: text(""),
        }
    }
}

/// MQOD, version 1: what is to be opened.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Od {
    struc_id: Text<4>,
    version: Long,
    object_type: Long,
    object_name: Text<48>,
    object_q_mgr_name: Text<48>,
    dynamic_q_name: Text<48>,
    alternate_user_id: Text<12>,
}

impl Od {
    /// A queue; of another queue manager than the connection's where one is named.
    pub(crate) fn queue(name: &str, queue_manager: &str) -> Self {
        Self {
            struc_id: *b"OD  ",
            version: 1,
            object_type: 1,
            object_name: text(name),
            object_q_mgr_name: text(queue_manager),
            dynamic_q_name: text("AMQ.*"),
            alternate_user_id: text(""),
        }
    }
}

pub(crate) const OPEN_INPUT_SHARED: Long = 0x2;
pub(crate) const OPEN_OUTPUT: Long = 0x10;
pub(crate) const OPEN_FAIL_IF_QUIESCING: Long = 0x2000;

/// MQPMO, version 1: how a message is put.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Pmo {
    struc_id: Text<4>,
    version: Long,
    options: Long,
    timeout: Long,
    context: Hobj,
    known_dest_count: Long,
    unknown_dest_count: Long,
    invalid_dest_count: Long,
    pub resolved_q_name: Text<48>,
    pub resolved_q_mgr_name: Text<48>,
}

const PUT_SYNCPOINT: Long = 0x2;
const PUT_NEW_MSG_ID: Long = 0x40;
const PUT_FAIL_IF_QUIESCING: Long = 0x2000;
/// The answer is waited for, whatever the queue's own word is (DEFPRESP).
const PUT_SYNC_RESPONSE: Long = 0x2_0000;

impl Pmo {
    pub(crate) fn in_a_unit_of_work() -> Self {
        Self {
            struc_id: *b"PMO ",
            version: 1,
            options: PUT_SYNCPOINT | PUT_NEW_MSG_ID | PUT_FAIL_IF_QUIESCING | PUT_SYNC_RESPONSE,
            timeout: -1,
            context: 0,
            known_dest_count: 0,
            unknown_dest_count: 0,
            invalid_dest_count: 0,
            resolved_q_name: text(""),
            resolved_q_mgr_name: text(""),
        }
    }
}

/// MQGMO, version 2: how a message is got.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Gmo {
    struc_id: Text<4>,
    version: Long,
    options: Long,
    wait_interval: Long,
    signal1: Long,
    signal2: Long,
    pub resolved_q_name: Text<48>,
    match_options: Long,
    group_status: u8,
    segment_status: u8,
    segmentation: u8,
    reserved1: u8,
}

const GET_WAIT: Long = 0x1;
const GET_SYNCPOINT: Long = 0x2;
const GET_FAIL_IF_QUIESCING: Long = 0x2000;
/// A JMS sender's properties are not put before the octets (MQRFH2).
const GET_NO_PROPERTIES: Long = 0x400_0000;
const MATCH_NONE: Long = 0;

impl Gmo {
    /// The next message, whichever it is, under syncpoint, waited for so many milliseconds.
    pub(crate) fn in_a_unit_of_work(wait_ms: Long) -> Self {
        Self {
            struc_id: *b"GMO ",
            version: 2,
            options: GET_WAIT | GET_SYNCPOINT | GET_FAIL_IF_QUIESCING | GET_NO_PROPERTIES,
            wait_interval: wait_ms,
            signal1: 0,
            signal2: 0,
            resolved_q_name: text(""),
            match_options: MATCH_NONE,
            group_status: b' ',
            segment_status: b' ',
            segmentation: b' ',
            reserved1: b' ',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem::offset_of;

    /// The lengths that IBM's headers name (MQMD_LENGTH_1 …). Where there are pointers, those of 64
    /// bits.
    #[test]
    fn structures_have_the_documented_lengths() {
        assert_eq!(size_of::<Md>(), 324);
        assert_eq!(size_of::<Od>(), 168);
        assert_eq!(size_of::<Pmo>(), 128);
        assert_eq!(size_of::<Gmo>(), 80);
    }

    #[test]
    fn the_messages_fields_are_where_they_should_be() {
        assert_eq!(offset_of!(Md, format), 32);
        assert_eq!(offset_of!(Md, persistence), 44);
        assert_eq!(offset_of!(Md, msg_id), 48);
        assert_eq!(offset_of!(Md, correl_id), 72);
        assert_eq!(offset_of!(Md, backout_count), 96);
        assert_eq!(offset_of!(Md, reply_to_q), 100);
        assert_eq!(offset_of!(Md, put_date), 304);
        assert_eq!(offset_of!(Gmo, match_options), 72);
        assert_eq!(offset_of!(Pmo, resolved_q_mgr_name), 80);
    }

    #[test]
    fn text_is_filled_up_with_blanks() {
        assert_eq!(&text::<8>("MQSTR"), b"MQSTR   ");
        assert_eq!(read(b"QM1     "), "QM1");
        assert_eq!(read(b"QM1\0   "), "QM1");
    }
}
