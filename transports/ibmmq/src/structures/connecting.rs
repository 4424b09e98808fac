//! What a connection is made with.

use std::ffi::{c_char, c_void};

use super::{LARGEST, Long, Text, text};

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
}
