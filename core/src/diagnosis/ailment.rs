use serde::Serialize;

/// The kinds of trouble, with what they say in English and Chinese, from one table.
macro_rules! ailments {
    ($($one:ident $name:literal $en:literal $zh:literal,)*) => {
        /// What can be wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Ailment {
            $(#[doc = $en] $one,)*
        }

        impl Ailment {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$one,)*];

            /// Its name, for programs: as in JSON and in metrics.
            pub fn name(self) -> &'static str {
                match self { $(Self::$one => $name,)* }
            }

            /// In English.
            pub fn en(self) -> &'static str {
                match self { $(Self::$one => $en,)* }
            }

            /// In Chinese.
            pub fn zh(self) -> &'static str {
                match self { $(Self::$one => $zh,)* }
            }
        }
    };
}

ailments! {
    NoRoute "no-route" "the manifest has no route for them" "无路由",
    NoTransport "no-transport" "the manifest has no such transport" "无此传输通道",
    Signer "signer" "cannot sign" "无法签名",
    Unassembled "unassembled" "wait to be put into a message" "待组报签名",
    Waiting "waiting" "wait for declarations that go before them" "等待先行单证",
    Unsent "unsent" "signed messages that wait for a transport" "报文待发送",
    LostNode "lost-node" "a node ended in the middle of its work" "节点中断",
    Unknown "unknown" "sent, and nobody knows whether it arrived" "发送结果不明",
    Dead "dead" "dead letters, for a person to decide" "死信待处理",
    Unanswered "unanswered" "sent, and no receipt has come" "未收到回执",
    Unfinished "unfinished" "answered, and no final receipt has come" "未收到最终回执",
    Unheard "unheard" "a role failed at what it was told" "角色处理回执失败",
    Unreadable "unreadable" "came in and cannot be read" "来文无法解析",
    Unmatched "unmatched" "came in, about no declaration here" "来文无对应单证",
    Certificate "certificate" "the certificate expires soon" "证书即将到期",
    Clock "clock" "clocks disagree" "时钟偏差",
}
