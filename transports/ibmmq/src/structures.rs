//! The structures of the MQI, as IBM's reference lists their fields ("Developing applications
//! reference", Data types used in the MQI). Each is declared up to the version that is used here;
//! a queue manager's client reads none beyond the version that a structure says.
//!
//! Text has no end mark: it is filled up with blanks.

use std::ffi::{c_char, c_void};

/// A number, 32 bits wide on every platform of the client.
pub(crate) type Long = i32;
/// A connection.
pub(crate) type Hconn = Long;
/// A queue that is open.
pub(crate) type Hobj = Long;

pub(crate) const UNUSABLE_HCONN: Hconn = -1;
pub(crate) const UNUSABLE_HOBJ: Hobj = -1;

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

/// MQCSP, version 1: who connects.
#[repr(C)]
pub(crate) struct Csp {
    struc_id: Text<4>,
    version: Long,
    authentication_type: Long,
    reserved1: [u8; 4],
    csp_user_id_ptr: *const c_char,
    csp_user_id_offset: Long,
    csp_user_id_length: Long,
    reserved2: [u8; 8],
    csp_password_ptr: *const c_char,
    csp_password_offset: Long,
    csp_password_length: Long,
}

/// The length of a text that an option gave, all of which are bounded.
fn length(text: &str) -> Long {
    Long::try_from(text.len()).unwrap_or(Long::MAX)
}

impl Csp {
    /// Points into both texts, which must stay.
    pub(crate) fn user_and_password(user: &str, password: &str) -> Self {
        Self {
            struc_id: *b"CSP ",
            version: 1,
            authentication_type: 1,
            reserved1: [0; 4],
            csp_user_id_ptr: user.as_ptr().cast(),
            csp_user_id_offset: 0,
            csp_user_id_length: length(user),
            reserved2: [0; 8],
            csp_password_ptr: password.as_ptr().cast(),
            csp_password_offset: 0,
            csp_password_length: length(password),
        }
    }
}

/// MQSCO, version 6: what TLS asks for.
#[repr(C)]
pub(crate) struct Sco {
    struc_id: Text<4>,
    version: Long,
    key_repository: Text<256>,
    crypto_hardware: Text<256>,
    auth_info_rec_count: Long,
    auth_info_rec_offset: Long,
    auth_info_rec_ptr: *const c_void,
    key_reset_count: Long,
    fips_required: Long,
    encryption_policy_suite_b: [Long; 4],
    certificate_val_policy: Long,
    certificate_label: Text<64>,
    key_repo_password_ptr: *const c_char,
    key_repo_password_offset: Long,
    key_repo_password_length: Long,
}

impl Sco {
    /// Points into the password, which must stay. Of the lowest version that tells all: an older
    /// client refuses a newer one.
    pub(crate) fn new(repository: &str, label: Option<&str>, password: Option<&str>) -> Self {
        const SUITE_B_NONE: Long = 1;
        let version = match (label, password) {
            (_, Some(_)) => 6,
            (Some(_), None) => 5,
            (None, None) => 1,
        };
        Self {
            struc_id: *b"SCO ",
            version,
            key_repository: text(repository),
            crypto_hardware: text(""),
            auth_info_rec_count: 0,
            auth_info_rec_offset: 0,
            auth_info_rec_ptr: std::ptr::null(),
            key_reset_count: 0,
            fips_required: 0,
            encryption_policy_suite_b: [SUITE_B_NONE, 0, 0, 0],
            certificate_val_policy: 0,
            certificate_label: text(label.unwrap_or_default()),
            key_repo_password_ptr: password.map_or(std::ptr::null(), |p| p.as_ptr().cast()),
            key_repo_password_offset: 0,
            key_repo_password_length: password.map_or(0, length),
        }
    }
}

/// MQCD, version 9: the channel.
#[repr(C)]
pub(crate) struct Cd {
    channel_name: Text<20>,
    version: Long,
    channel_type: Long,
    transport_type: Long,
    desc: Text<64>,
    q_mgr_name: Text<48>,
    xmit_q_name: Text<48>,
    short_connection_name: Text<20>,
    mca_name: Text<20>,
    mode_name: Text<8>,
    tp_name: Text<64>,
    batch_size: Long,
    disc_interval: Long,
    short_retry_count: Long,
    short_retry_interval: Long,
    long_retry_count: Long,
    long_retry_interval: Long,
    security_exit: Text<128>,
    msg_exit: Text<128>,
    send_exit: Text<128>,
    receive_exit: Text<128>,
    seq_number_wrap: Long,
    max_msg_length: Long,
    put_authority: Long,
    data_conversion: Long,
    security_user_data: Text<32>,
    msg_user_data: Text<32>,
    send_user_data: Text<32>,
    receive_user_data: Text<32>,
    user_identifier: Text<12>,
    password: Text<12>,
    mca_user_identifier: Text<12>,
    mca_type: Long,
    connection_name: Text<264>,
    remote_user_identifier: Text<12>,
    remote_password: Text<12>,
    msg_retry_exit: Text<128>,
    msg_retry_user_data: Text<32>,
    msg_retry_count: Long,
    msg_retry_interval: Long,
    heartbeat_interval: Long,
    batch_interval: Long,
    non_persistent_msg_speed: Long,
    struc_length: Long,
    exit_name_length: Long,
    exit_data_length: Long,
    msg_exits_defined: Long,
    send_exits_defined: Long,
    receive_exits_defined: Long,
    msg_exit_ptr: *const c_void,
    msg_user_data_ptr: *const c_void,
    send_exit_ptr: *const c_void,
    send_user_data_ptr: *const c_void,
    receive_exit_ptr: *const c_void,
    receive_user_data_ptr: *const c_void,
    cluster_ptr: *const c_void,
    clusters_defined: Long,
    network_priority: Long,
    long_mca_user_id_length: Long,
    long_remote_user_id_length: Long,
    long_mca_user_id_ptr: *const c_void,
    long_remote_user_id_ptr: *const c_void,
    mca_security_id: [u8; 40],
    remote_security_id: [u8; 40],
    ssl_cipher_spec: Text<32>,
    ssl_peer_name_ptr: *const c_char,
    ssl_peer_name_length: Long,
    ssl_client_auth: Long,
    keep_alive_interval: Long,
    local_address: Text<48>,
    batch_heartbeat: Long,
    hdr_comp_list: [Long; 2],
    msg_comp_list: [Long; 16],
    clwl_channel_rank: Long,
    clwl_channel_priority: Long,
    clwl_channel_weight: Long,
    channel_monitoring: Long,
    channel_statistics: Long,
    sharing_conversations: Long,
    property_control: Long,
    max_instances: Long,
    max_instances_per_client: Long,
    client_channel_weight: Long,
    connection_affinity: Long,
}

/// The largest message that the MQI knows.
pub(crate) const LARGEST: usize = 104_857_600;

impl Cd {
    /// A client's channel by TCP; what has no say there has the value that IBM's reference gives for
    /// MQCONNX. Points into the peer's name, which must stay.
    pub(crate) fn client(
        channel: &str,
        connection: &str,
        cipher: &str,
        peer_name: &str,
        heartbeat_seconds: Long,
    ) -> Self {
        const CLIENT_CONNECTION: Long = 6;
        const TCP: Long = 2;
        const NOT_AVAILABLE: Long = -1;
        const MANY: Long = 999_999_999;
        let none = std::ptr::null();
        Self {
            channel_name: text(channel),
            version: 9,
            channel_type: CLIENT_CONNECTION,
            transport_type: TCP,
            desc: text(""),
            q_mgr_name: text(""),
            xmit_q_name: text(""),
            short_connection_name: text(""),
            mca_name: text(""),
            mode_name: text(""),
            tp_name: text(""),
            batch_size: 50,
            disc_interval: 6000,
            short_retry_count: 10,
            short_retry_interval: 60,
            long_retry_count: MANY,
            long_retry_interval: 1200,
            security_exit: text(""),
            msg_exit: text(""),
            send_exit: text(""),
            receive_exit: text(""),
            seq_number_wrap: MANY,
            max_msg_length: LARGEST as Long,
            put_authority: 1,
            data_conversion: 0,
            security_user_data: text(""),
            msg_user_data: text(""),
            send_user_data: text(""),
            receive_user_data: text(""),
            user_identifier: text(""),
            password: text(""),
            mca_user_identifier: text(""),
            mca_type: 1,
            connection_name: text(connection),
            remote_user_identifier: text(""),
            remote_password: text(""),
            msg_retry_exit: text(""),
            msg_retry_user_data: text(""),
            msg_retry_count: 10,
            msg_retry_interval: 1000,
            heartbeat_interval: heartbeat_seconds,
            batch_interval: 0,
            non_persistent_msg_speed: 2,
            struc_length: size_of::<Self>() as Long,
            exit_name_length: 128,
            exit_data_length: 32,
            msg_exits_defined: 0,
            send_exits_defined: 0,
            receive_exits_defined: 0,
            msg_exit_ptr: none,
            msg_user_data_ptr: none,
            send_exit_ptr: none,
            send_user_data_ptr: none,
            receive_exit_ptr: none,
            receive_user_data_ptr: none,
            cluster_ptr: none,
            clusters_defined: 0,
            network_priority: 0,
            long_mca_user_id_length: 0,
            long_remote_user_id_length: 0,
            long_mca_user_id_ptr: none,
            long_remote_user_id_ptr: none,
            mca_security_id: [0; 40],
            remote_security_id: [0; 40],
            ssl_cipher_spec: text(cipher),
            ssl_peer_name_ptr: match peer_name {
                "" => std::ptr::null(),
                name => name.as_ptr().cast(),
            },
            ssl_peer_name_length: length(peer_name),
            ssl_client_auth: 0,
            keep_alive_interval: -1,
            local_address: text(""),
            batch_heartbeat: 0,
            hdr_comp_list: [0, NOT_AVAILABLE],
            msg_comp_list: [
                0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
            ],
            clwl_channel_rank: 0,
            clwl_channel_priority: 0,
            clwl_channel_weight: 50,
            channel_monitoring: 0,
            channel_statistics: 0,
            sharing_conversations: 10,
            property_control: 0,
            max_instances: MANY,
            max_instances_per_client: MANY,
            client_channel_weight: 0,
            connection_affinity: 1,
        }
    }
}

/// MQCNO, version 5: how to connect.
#[repr(C)]
pub(crate) struct Cno {
    struc_id: Text<4>,
    version: Long,
    options: Long,
    client_conn_offset: Long,
    client_conn_ptr: *const Cd,
    conn_tag: [u8; 128],
    ssl_config_ptr: *const Sco,
    ssl_config_offset: Long,
    connection_id: [u8; 24],
    security_parms_offset: Long,
    security_parms_ptr: *const Csp,
}

/// Any thread may use the connection, one at a time.
const HANDLE_SHARE_BLOCK: Long = 0x40;
/// Not by a queue manager of this machine.
const CLIENT_BINDING: Long = 0x800;
/// A library that came back by itself would leave open what became of a unit of work.
const RECONNECT_DISABLED: Long = 0x200_0000;

impl Cno {
    /// Points to all three, which must stay.
    pub(crate) fn new(channel: Option<&Cd>, tls: Option<&Sco>, login: Option<&Csp>) -> Self {
        let mut options = HANDLE_SHARE_BLOCK | RECONNECT_DISABLED;
        if channel.is_some() {
            options |= CLIENT_BINDING;
        }
        Self {
            struc_id: *b"CNO ",
            version: 5,
            options,
            client_conn_offset: 0,
            client_conn_ptr: channel.map_or(std::ptr::null(), std::ptr::from_ref),
            conn_tag: [0; 128],
            ssl_config_ptr: tls.map_or(std::ptr::null(), std::ptr::from_ref),
            ssl_config_offset: 0,
            connection_id: [0; 24],
            security_parms_offset: 0,
            security_parms_ptr: login.map_or(std::ptr::null(), std::ptr::from_ref),
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
    #[cfg(target_pointer_width = "64")]
    fn structures_with_pointers_have_the_documented_lengths() {
        assert_eq!(size_of::<Csp>(), 56);
        assert_eq!(size_of::<Sco>(), 648);
        assert_eq!(size_of::<Cno>(), 200);
        assert_eq!(size_of::<Cd>(), 1912);
        // Where a version ends, the next one's first field begins, unless it had to be filled up.
        assert_eq!(offset_of!(Sco, key_reset_count), 536);
        assert_eq!(offset_of!(Sco, encryption_policy_suite_b), 544);
        assert_eq!(offset_of!(Sco, certificate_val_policy), 560);
        assert_eq!(offset_of!(Sco, key_repo_password_ptr), 632);
        assert_eq!(offset_of!(Cno, conn_tag), 24);
        assert_eq!(offset_of!(Cno, ssl_config_ptr), 152);
        assert_eq!(offset_of!(Cno, connection_id), 164);
    }

    /// MQCD's fields before its first pointer, and after version 4 (MQCD_LENGTH_1 to _9).
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn the_channels_versions_begin_where_they_should() {
        assert_eq!(offset_of!(Cd, user_identifier), 984);
        assert_eq!(offset_of!(Cd, msg_retry_exit), 1312);
        assert_eq!(offset_of!(Cd, heartbeat_interval), 1480);
        assert_eq!(offset_of!(Cd, cluster_ptr), 1568);
        assert_eq!(offset_of!(Cd, long_mca_user_id_length), 1584);
        assert_eq!(offset_of!(Cd, ssl_cipher_spec), 1688);
        assert_eq!(offset_of!(Cd, hdr_comp_list), 1792);
        assert_eq!(offset_of!(Cd, sharing_conversations), 1884);
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
