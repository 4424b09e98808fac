//! The reason codes of the MQI that a client meets, and what can be done.

use tongguan_contracts::Failure;
use tongguan_contracts::FailureClass::{self, Misconfigured, Rejected, Transient};

/// What a call answered, where that is not success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Returned {
    /// The function, as IBM names it.
    pub function: &'static str,
    /// The reason code.
    pub reason: i32,
}

/// The unit of work was backed out.
pub(crate) const BACKED_OUT: i32 = 2003;
/// The connection is no more, and the queue manager has backed out what was open.
pub(crate) const BROKEN: [i32; 2] = [2009, 2018];
pub(crate) const NO_MSG_AVAILABLE: i32 = 2033;
pub(crate) const TRUNCATED_MSG_FAILED: i32 = 2080;

struct Reason {
    value: i32,
    name: &'static str,
    class: FailureClass,
    /// What is left of the connection after it.
    connection: Connection,
    en: &'static str,
    zh: &'static str,
    remedy: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Connection {
    Kept,
    Gone,
}
use Connection::{Gone, Kept};

const fn reason(
    value: i32,
    name: &'static str,
    class: FailureClass,
    connection: Connection,
    en: &'static str,
    zh: &'static str,
    remedy: &'static str,
) -> Reason {
    Reason {
        value,
        name,
        class,
        connection,
        en,
        zh,
        remedy,
    }
}

// Remedies that several share.
const NETWORK: &str =
    "check connection, the network, and that the queue manager and its listener run";
const WAITS: &str = "it is tried again; the queue manager's owner knows when it is back";
const RIGHTS: &str = "check username and password; the queue manager's owner sees in its error log which right is missing \
                      (setmqaut, CHLAUTH, CONNAUTH)";
const QUEUE: &str =
    "check the queue's name, case and all, and that it is defined on this queue manager";
const CHANNEL: &str =
    "check channel: a server-connection channel (SVRCONN) of that name must be defined there";
const TLS: &str = "check cipher_spec (as the channel's SSLCIPH), key_repository and its password, and that the repository \
                   trusts who issued the queue manager's certificate";
const LARGE: &str =
    "make limits.batch smaller, or have MAXMSGL of queue, channel and queue manager raised";
const FULL: &str = "see that somebody reads the queue, or have MAXDEPTH raised";
const SERVER: &str = "see the queue manager's error log (AMQERR01.LOG) at that time";
const OURS: &str = "this is a fault between this program and the client library: report it, with the library's version (dspmqver)";

#[rustfmt::skip]
const ALL: &[Reason] = &[
    reason(2001, "MQRC_ALIAS_BASE_Q_TYPE_ERROR", Misconfigured, Kept, "the alias leads to what is no queue of the right type", "别名所指队列类型不对", QUEUE),
    reason(BACKED_OUT, "MQRC_BACKED_OUT", Transient, Kept, "the unit of work was backed out", "工作单元已回滚", WAITS),
    reason(2009, "MQRC_CONNECTION_BROKEN", Transient, Gone, "the connection to the queue manager broke", "与队列管理器的连接中断", NETWORK),
    reason(2011, "MQRC_DYNAMIC_Q_NAME_ERROR", Misconfigured, Kept, "the dynamic queue's name is not valid", "动态队列名无效", QUEUE),
    reason(2012, "MQRC_ENVIRONMENT_ERROR", Misconfigured, Kept, "the call is not valid in this environment", "此环境中不能使用该调用", OURS),
    reason(2016, "MQRC_GET_INHIBITED", Transient, Kept, "getting from the queue is inhibited", "队列禁止读取", "have the queue's GET(ENABLED) set"),
    reason(2017, "MQRC_HANDLE_NOT_AVAILABLE", Transient, Gone, "there are no more handles", "句柄已用完", "have MAXHANDS raised, or make units_of_work smaller"),
    reason(2018, "MQRC_HCONN_ERROR", Transient, Gone, "the connection handle is not valid any more", "连接句柄无效", WAITS),
    reason(2019, "MQRC_HOBJ_ERROR", Transient, Gone, "the queue's handle is not valid any more", "对象句柄无效", WAITS),
    reason(2024, "MQRC_SYNCPOINT_LIMIT_REACHED", Transient, Gone, "the unit of work holds too many messages", "工作单元内消息过多", "have MAXUMSGS raised"),
    reason(2025, "MQRC_MAX_CONNS_LIMIT_REACHED", Transient, Gone, "there are too many connections", "连接数已达上限", "have MAXINST or MAXINSTC of the channel raised, or make units_of_work smaller"),
    reason(2026, "MQRC_MD_ERROR", Misconfigured, Kept, "the message descriptor is not valid", "消息描述符 MQMD 无效", OURS),
    reason(2027, "MQRC_MISSING_REPLY_TO_Q", Misconfigured, Kept, "there is no reply-to queue", "缺少应答队列", "give send.reply_to_queue"),
    reason(2029, "MQRC_MSG_TYPE_ERROR", Misconfigured, Kept, "the message's type is not valid", "消息类型无效", OURS),
    reason(2030, "MQRC_MSG_TOO_BIG_FOR_Q", Rejected, Kept, "the message is larger than the queue takes", "消息超过队列允许的长度", LARGE),
    reason(2031, "MQRC_MSG_TOO_BIG_FOR_Q_MGR", Rejected, Kept, "the message is larger than the queue manager takes", "消息超过队列管理器允许的长度", LARGE),
    reason(NO_MSG_AVAILABLE, "MQRC_NO_MSG_AVAILABLE", Transient, Kept, "there is no message", "没有消息", WAITS),
    reason(2035, "MQRC_NOT_AUTHORIZED", Misconfigured, Kept, "the user is not let in, or lacks a right", "未授权", RIGHTS),
    reason(2037, "MQRC_NOT_OPEN_FOR_INPUT", Misconfigured, Kept, "the queue is not open for getting", "队列未以读取方式打开", OURS),
    reason(2039, "MQRC_NOT_OPEN_FOR_OUTPUT", Misconfigured, Kept, "the queue is not open for putting", "队列未以写入方式打开", OURS),
    reason(2041, "MQRC_OBJECT_CHANGED", Transient, Gone, "the queue's definition was changed", "队列定义已更改", WAITS),
    reason(2042, "MQRC_OBJECT_IN_USE", Transient, Kept, "somebody else has the queue for himself", "队列被独占使用", "see who has it open (DISPLAY QSTATUS TYPE(HANDLE)); it must be SHARE"),
    reason(2043, "MQRC_OBJECT_TYPE_ERROR", Misconfigured, Kept, "what has that name is no queue", "对象类型不对", QUEUE),
    reason(2044, "MQRC_OD_ERROR", Misconfigured, Kept, "the object descriptor is not valid", "对象描述符 MQOD 无效", OURS),
    reason(2045, "MQRC_OPTION_NOT_VALID_FOR_TYPE", Misconfigured, Kept, "the queue's type does not allow this: from a remote queue nothing can be got", "该类型的队列不能这样打开", "receive.queue must be a local queue, or an alias of one"),
    reason(2046, "MQRC_OPTIONS_ERROR", Misconfigured, Kept, "the options are not valid", "选项无效", OURS),
    reason(2047, "MQRC_PERSISTENCE_ERROR", Misconfigured, Kept, "the persistence is not valid", "持久性值无效", OURS),
    reason(2048, "MQRC_PERSISTENT_NOT_ALLOWED", Misconfigured, Kept, "the queue takes no persistent messages: it is a temporary one", "临时队列不接受持久消息", "send.queue must be a predefined or permanent queue"),
    reason(2051, "MQRC_PUT_INHIBITED", Transient, Kept, "putting to the queue is inhibited", "队列禁止写入", "have the queue's PUT(ENABLED) set, also where an alias, a remote or a transmission queue leads to"),
    reason(2052, "MQRC_Q_DELETED", Misconfigured, Gone, "the queue was deleted", "队列已被删除", QUEUE),
    reason(2053, "MQRC_Q_FULL", Transient, Kept, "the queue is full", "队列已满", FULL),
    reason(2056, "MQRC_Q_SPACE_NOT_AVAILABLE", Transient, Kept, "the queue manager has no disk left for the queue", "队列磁盘空间不足", "the queue manager's owner frees disk space"),
    reason(2057, "MQRC_Q_TYPE_ERROR", Misconfigured, Kept, "the queue's type is not valid", "队列类型无效", QUEUE),
    reason(2058, "MQRC_Q_MGR_NAME_ERROR", Misconfigured, Gone, "no queue manager of that name answers there", "队列管理器名称不对", "check queue_manager, case and all, and where connection leads; *NAME takes any of a group"),
    reason(2059, "MQRC_Q_MGR_NOT_AVAILABLE", Transient, Gone, "the queue manager is not available", "队列管理器不可用", NETWORK),
    reason(2063, "MQRC_SECURITY_ERROR", Misconfigured, Gone, "the queue manager could not check who connects", "安全检查出错", RIGHTS),
    reason(2067, "MQRC_SELECTOR_ERROR", Misconfigured, Kept, "a selector is not valid", "选择符无效", OURS),
    reason(2071, "MQRC_STORAGE_NOT_AVAILABLE", Transient, Gone, "there is not enough memory", "内存不足", SERVER),
    reason(2072, "MQRC_SYNCPOINT_NOT_AVAILABLE", Misconfigured, Kept, "there are no units of work there", "不支持同步点", "ask the queue manager's owner: units of work are needed"),
    reason(2079, "MQRC_TRUNCATED_MSG_ACCEPTED", Transient, Kept, "a message came cut off", "消息被截断", OURS),
    reason(TRUNCATED_MSG_FAILED, "MQRC_TRUNCATED_MSG_FAILED", Transient, Kept, "the message is larger than the buffer", "消息大于缓冲区", OURS),
    reason(2082, "MQRC_UNKNOWN_ALIAS_BASE_Q", Misconfigured, Kept, "the alias leads to a queue that is not there", "别名所指的队列不存在", QUEUE),
    reason(2085, "MQRC_UNKNOWN_OBJECT_NAME", Misconfigured, Kept, "there is no queue of that name", "队列不存在", QUEUE),
    reason(2086, "MQRC_UNKNOWN_OBJECT_Q_MGR", Misconfigured, Kept, "there is no way to the queue's queue manager", "目标队列管理器不存在", "check send.queue_manager; leave it out for a queue of the queue manager that is connected to"),
    reason(2087, "MQRC_UNKNOWN_REMOTE_Q_MGR", Misconfigured, Kept, "there is no way to the remote queue manager", "找不到远程队列管理器", "have the remote queue and its transmission queue defined"),
    reason(2090, "MQRC_WAIT_INTERVAL_ERROR", Misconfigured, Kept, "the wait is not valid", "等待时间无效", OURS),
    reason(2091, "MQRC_XMIT_Q_TYPE_ERROR", Misconfigured, Kept, "the transmission queue is no local queue", "传输队列类型不对", "have the remote queue's XMITQ mended"),
    reason(2092, "MQRC_XMIT_Q_USAGE_ERROR", Misconfigured, Kept, "the transmission queue is none", "传输队列用途不对", "have the queue's USAGE(XMITQ) set"),
    reason(2100, "MQRC_OBJECT_ALREADY_EXISTS", Misconfigured, Kept, "there is such an object already", "对象已存在", QUEUE),
    reason(2101, "MQRC_OBJECT_DAMAGED", Transient, Gone, "the queue is damaged", "队列已损坏", SERVER),
    reason(2102, "MQRC_RESOURCE_PROBLEM", Transient, Gone, "the queue manager has too little of something", "资源不足", SERVER),
    reason(2103, "MQRC_ANOTHER_Q_MGR_CONNECTED", Misconfigured, Gone, "this process is connected to another queue manager, in bindings mode", "已连接到其他队列管理器", "give channel and connection"),
    reason(2109, "MQRC_SUPPRESSED_BY_EXIT", Misconfigured, Kept, "an exit program of the channel refuses it", "被出口程序拒绝", SERVER),
    reason(2110, "MQRC_FORMAT_ERROR", Misconfigured, Kept, "the message's format is not valid", "消息格式无效", "check send.format"),
    reason(2119, "MQRC_NOT_CONVERTED", Transient, Kept, "the message was not converted", "消息未转换", OURS),
    reason(2123, "MQRC_OUTCOME_MIXED", Transient, Gone, "a part of the unit of work was committed, a part backed out", "工作单元部分提交、部分回滚", SERVER),
    reason(2124, "MQRC_OUTCOME_PENDING", Transient, Gone, "what becomes of the unit of work is not certain yet", "工作单元结果未定", SERVER),
    reason(2130, "MQRC_ADAPTER_SERV_LOAD_ERROR", Misconfigured, Gone, "the client's installation is not whole", "客户端安装不完整", "install IBM's client again"),
    reason(2139, "MQRC_CNO_ERROR", Misconfigured, Gone, "the connect options are not valid", "连接选项 MQCNO 无效", OURS),
    reason(2152, "MQRC_OBJECT_NAME_ERROR", Misconfigured, Kept, "the queue's name is not valid", "队列名无效", QUEUE),
    reason(2153, "MQRC_OBJECT_Q_MGR_NAME_ERROR", Misconfigured, Kept, "the queue manager's name is not valid", "队列管理器名无效", "check send.queue_manager"),
    reason(2161, "MQRC_Q_MGR_QUIESCING", Transient, Gone, "the queue manager is being ended", "队列管理器正在停顿", WAITS),
    reason(2162, "MQRC_Q_MGR_STOPPING", Transient, Gone, "the queue manager is being stopped", "队列管理器正在停止", WAITS),
    reason(2173, "MQRC_PMO_ERROR", Misconfigured, Kept, "the put options are not valid", "写入选项 MQPMO 无效", OURS),
    reason(2184, "MQRC_REMOTE_Q_NAME_ERROR", Misconfigured, Kept, "the remote queue's name is not valid", "远程队列名无效", "have the remote queue's RNAME mended"),
    reason(2186, "MQRC_GMO_ERROR", Misconfigured, Kept, "the get options are not valid", "读取选项 MQGMO 无效", OURS),
    reason(2188, "MQRC_STOPPED_BY_CLUSTER_EXIT", Misconfigured, Kept, "the cluster's workload exit refuses it", "被集群出口拒绝", SERVER),
    reason(2189, "MQRC_CLUSTER_RESOLUTION_ERROR", Transient, Kept, "the cluster does not know yet where the queue is", "集群队列尚未解析", WAITS),
    reason(2192, "MQRC_STORAGE_MEDIUM_FULL", Transient, Kept, "the queue manager's disk is full", "存储介质已满", "the queue manager's owner frees disk space"),
    reason(2195, "MQRC_UNEXPECTED_ERROR", Transient, Gone, "an unexpected error", "意外错误", SERVER),
    reason(2196, "MQRC_UNKNOWN_XMIT_Q", Misconfigured, Kept, "there is no such transmission queue", "传输队列不存在", "have the remote queue's XMITQ defined"),
    reason(2197, "MQRC_UNKNOWN_DEF_XMIT_Q", Misconfigured, Kept, "the default transmission queue is not there", "默认传输队列不存在", "have the queue manager's DEFXMITQ mended"),
    reason(2202, "MQRC_CONNECTION_QUIESCING", Transient, Gone, "the connection is being ended", "连接正在停顿", WAITS),
    reason(2203, "MQRC_CONNECTION_STOPPING", Transient, Gone, "the connection is being stopped", "连接正在停止", WAITS),
    reason(2217, "MQRC_CONNECTION_NOT_AUTHORIZED", Misconfigured, Gone, "the user may not connect", "无连接权限", RIGHTS),
    reason(2218, "MQRC_MSG_TOO_BIG_FOR_CHANNEL", Rejected, Kept, "the message is larger than the channel takes", "消息超过通道允许的长度", LARGE),
    reason(2219, "MQRC_CALL_IN_PROGRESS", Transient, Kept, "another call is under way on the connection", "另一调用正在进行", OURS),
    reason(2223, "MQRC_Q_MGR_NOT_ACTIVE", Transient, Gone, "the queue manager does not run", "队列管理器未运行", WAITS),
    reason(2232, "MQRC_UNIT_OF_WORK_NOT_STARTED", Transient, Gone, "there is no unit of work", "工作单元未启动", OURS),
    reason(2255, "MQRC_UOW_NOT_AVAILABLE", Transient, Gone, "no unit of work can be begun", "工作单元不可用", WAITS),
    reason(2256, "MQRC_WRONG_GMO_VERSION", Misconfigured, Kept, "the get options are of a wrong version", "MQGMO 版本不对", OURS),
    reason(2257, "MQRC_WRONG_MD_VERSION", Misconfigured, Kept, "the message descriptor is of a wrong version", "MQMD 版本不对", OURS),
    reason(2268, "MQRC_CLUSTER_PUT_INHIBITED", Transient, Kept, "putting is inhibited on all queues of the cluster", "集群队列均禁止写入", "have PUT(ENABLED) set"),
    reason(2269, "MQRC_CLUSTER_RESOURCE_ERROR", Transient, Kept, "the cluster has too little of something", "集群资源错误", SERVER),
    reason(2270, "MQRC_NO_DESTINATIONS_AVAILABLE", Transient, Kept, "no queue of the cluster can be reached", "集群中无可用目标", WAITS),
    reason(2273, "MQRC_CONNECTION_ERROR", Transient, Gone, "the connection failed", "连接出错", NETWORK),
    reason(2277, "MQRC_CD_ERROR", Misconfigured, Gone, "the channel definition is not valid", "通道定义 MQCD 无效", OURS),
    reason(2278, "MQRC_CLIENT_CONN_ERROR", Misconfigured, Gone, "the client's connection data is not valid", "客户端连接参数无效", "check channel and connection"),
    reason(2279, "MQRC_CHANNEL_STOPPED_BY_USER", Transient, Gone, "the channel was stopped by somebody", "通道被人停止", "have the channel started"),
    reason(2283, "MQRC_CHANNEL_STOPPED", Transient, Gone, "the channel was stopped", "通道已停止", "have the channel started"),
    reason(2298, "MQRC_FUNCTION_NOT_SUPPORTED", Misconfigured, Kept, "the function is not there", "不支持该功能", OURS),
    reason(2380, "MQRC_SCO_ERROR", Misconfigured, Gone, "the TLS options are not valid: the client library may be too old for key_repository_password (9.3) or certificate_label (8.0)", "TLS 选项 MQSCO 无效", TLS),
    reason(2381, "MQRC_KEY_REPOSITORY_ERROR", Misconfigured, Gone, "the key repository cannot be used", "密钥库无法使用", TLS),
    reason(2382, "MQRC_CRYPTO_HARDWARE_ERROR", Misconfigured, Gone, "the cryptographic hardware cannot be used", "加密硬件出错", TLS),
    reason(2391, "MQRC_SSL_ALREADY_INITIALIZED", Misconfigured, Gone, "this process has set up TLS otherwise before", "TLS 已以其他参数初始化", "transports of one process share key_repository: give all the same, or run two processes"),
    reason(2392, "MQRC_SSL_CONFIG_ERROR", Misconfigured, Gone, "the TLS options do not go together", "TLS 配置错误", TLS),
    reason(2393, "MQRC_SSL_INITIALIZATION_ERROR", Misconfigured, Gone, "TLS was not agreed on", "TLS 初始化失败", TLS),
    reason(2396, "MQRC_SSL_NOT_ALLOWED", Misconfigured, Gone, "TLS is not possible on this connection", "不允许使用 TLS", TLS),
    reason(2397, "MQRC_JSSE_ERROR", Misconfigured, Gone, "TLS failed", "TLS 出错", TLS),
    reason(2398, "MQRC_SSL_PEER_NAME_MISMATCH", Misconfigured, Gone, "the queue manager's certificate is not of peer_name", "对方证书名称不符", "check peer_name; it may be that somebody else answers there"),
    reason(2399, "MQRC_SSL_PEER_NAME_ERROR", Misconfigured, Gone, "peer_name is not valid", "peer_name 无效", "write peer_name as a distinguished name: CN=QM1,O=…"),
    reason(2400, "MQRC_UNSUPPORTED_CIPHER_SUITE", Misconfigured, Gone, "the cipher is not known", "不支持的加密套件", TLS),
    reason(2401, "MQRC_SSL_CERTIFICATE_REVOKED", Misconfigured, Gone, "a certificate was revoked", "证书已吊销", "have a new certificate issued"),
    reason(2402, "MQRC_SSL_CERT_STORE_ERROR", Misconfigured, Gone, "the certificates' revocation cannot be looked up", "证书库查询失败", TLS),
    reason(2406, "MQRC_CLIENT_EXIT_LOAD_ERROR", Misconfigured, Gone, "an exit of the client cannot be loaded", "客户端出口无法加载", "check the client's mqclient.ini"),
    reason(2409, "MQRC_SSL_KEY_RESET_ERROR", Misconfigured, Gone, "TLS keys could not be renewed", "TLS 密钥重置出错", TLS),
    reason(2495, "MQRC_MODULE_NOT_FOUND", Misconfigured, Gone, "a library of the client is missing", "缺少客户端库", "install IBM's client again, and check LD_LIBRARY_PATH or PATH"),
    reason(2496, "MQRC_MODULE_INVALID", Misconfigured, Gone, "a library of the client is not valid", "客户端库无效", "install a client of this program's architecture"),
    reason(2537, "MQRC_CHANNEL_NOT_AVAILABLE", Transient, Gone, "the channel is stopped, or full", "通道不可用", "have the channel started, or its MAXINST raised"),
    reason(2538, "MQRC_HOST_NOT_AVAILABLE", Transient, Gone, "no host of connection is reached", "主机不可达", NETWORK),
    reason(2539, "MQRC_CHANNEL_CONFIG_ERROR", Misconfigured, Gone, "the two ends of the channel do not agree", "通道配置不一致", "check cipher_spec against the channel's SSLCIPH, and that the channel is a SVRCONN"),
    reason(2540, "MQRC_UNKNOWN_CHANNEL_NAME", Misconfigured, Gone, "there is no channel of that name", "通道不存在", CHANNEL),
    reason(2543, "MQRC_STANDBY_Q_MGR", Transient, Gone, "it is the standby of the queue manager", "备用队列管理器", "name both hosts in connection"),
    reason(2545, "MQRC_RECONNECTED", Transient, Gone, "the library came back by itself", "已自动重连", WAITS),
    reason(2548, "MQRC_RECONNECT_FAILED", Transient, Gone, "the library did not come back", "自动重连失败", NETWORK),
    reason(2549, "MQRC_CALL_INTERRUPTED", Transient, Gone, "the connection broke in the middle of the call", "调用中断", NETWORK),
    reason(2552, "MQRC_CHANNEL_SSL_WARNING", Misconfigured, Gone, "the channel warns of TLS", "通道 TLS 警告", TLS),
    reason(2569, "MQRC_SYNCPOINT_NOT_ALLOWED", Misconfigured, Kept, "the queue allows no units of work", "不允许同步点", QUEUE),
    reason(2577, "MQRC_CHANNEL_BLOCKED", Misconfigured, Gone, "a rule of the queue manager blocks the channel", "通道被阻止", RIGHTS),
    reason(2583, "MQRC_INSTALLATION_MISMATCH", Misconfigured, Gone, "the library belongs to another installation than the queue manager", "安装版本不匹配", "name the library of the queue manager's own installation as module"),
    reason(2589, "MQRC_INSTALLATION_MISSING", Misconfigured, Gone, "the installation is not there", "找不到安装", "install IBM's client again"),
    reason(2594, "MQRC_PASSWORD_PROTECTION_ERROR", Misconfigured, Gone, "the two sides do not agree on how the password is protected", "密码保护方式不一致", "use TLS (cipher_spec), or have PasswordProtection of both sides agree"),
    reason(2595, "MQRC_CSP_ERROR", Misconfigured, Gone, "username or password is not valid", "安全参数 MQCSP 无效", RIGHTS),
    reason(2596, "MQRC_CERT_LABEL_NOT_ALLOWED", Misconfigured, Gone, "a certificate may not be chosen there", "不允许指定证书标签", "leave certificate_label out"),
    reason(2603, "MQRC_OUTBOUND_SNI_NOT_VALID", Misconfigured, Gone, "the client's OutboundSNI is not valid", "SNI 设置无效", "check the client's mqclient.ini"),
];

impl Returned {
    fn known(self) -> Option<&'static Reason> {
        ALL.iter().find(|known| known.value == self.reason)
    }

    /// `MQOPEN: 2085 MQRC_UNKNOWN_OBJECT_NAME (there is no queue of that name; 队列不存在)`
    pub(crate) fn told(self) -> String {
        let Self { function, reason } = self;
        match self.known() {
            Some(Reason { name, en, zh, .. }) => {
                format!("{function}: {reason} {name} ({en}; {zh})")
            }
            None => format!("{function}: reason code {reason} (mqrc {reason} tells its name)"),
        }
    }

    /// Whether the connection is of no use after it.
    pub(crate) fn is_gone(self) -> bool {
        self.known().is_none_or(|known| known.connection == Gone)
    }

    pub(crate) fn failed(self, part: &str, doing: &str) -> Failure {
        let (class, remedy) = match self.known() {
            Some(known) => (known.class, known.remedy),
            None => (Transient, SERVER),
        };
        Failure::new(class, part, doing, self.told()).remedy(remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told_with_function_number_name_and_meaning() {
        let failure = Returned {
            function: "MQOPEN",
            reason: 2085,
        }
        .failed("transport \"main\"", "open the queue TO.CUSTOMS");
        assert_eq!(failure.class(), Misconfigured);
        assert_eq!(
            failure.to_string(),
            "transport \"main\": cannot open the queue TO.CUSTOMS: MQOPEN: 2085 \
             MQRC_UNKNOWN_OBJECT_NAME (there is no queue of that name; 队列不存在)"
        );
        let other = Returned {
            function: "MQPUT",
            reason: 2999,
        };
        assert!(other.told().contains("2999") && other.is_gone());
        assert_eq!(other.failed("x", "y").class(), Transient);
    }

    #[test]
    fn the_table_is_in_order_and_whole() {
        assert!(ALL.windows(2).all(|two| two[0].value < two[1].value));
        assert!(ALL.len() > 100);
        for row in ALL {
            assert!(row.name.starts_with("MQRC_"), "{}", row.name);
            assert!(!row.en.is_empty() && !row.zh.is_ascii() && !row.remedy.is_empty());
        }
    }

    #[test]
    fn what_no_repeat_of_the_same_message_mends_is_refused() {
        for reason in [2030, 2031, 2218] {
            let returned = Returned {
                function: "MQPUT",
                reason,
            };
            assert_eq!(returned.failed("x", "y").class(), Rejected);
        }
    }
}
