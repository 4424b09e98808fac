//! What a person does about a state, in both languages.

use super::State;

/// What is said of a state, besides its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advice {
    /// Its meaning, in Chinese.
    pub zh: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// The same in Chinese.
    pub remedy_zh: &'static str,
}

impl State {
    /// What to do about it.
    pub fn advice(self) -> Advice {
        let (zh, remedy, remedy_zh) = match self {
            Self::Waiting => (
                "已接收并落盘；须等其所依据的其他申报有结果后再发（清单文件的 [waits]，或其所改的申报）",
                "tongguan show ID says what it waits for: submit or mend that; tongguan retry ID lets it go \
                 without, tongguan void ID gives it up",
                "tongguan show 编号 说明在等什么：提交或改正之；tongguan retry 编号 不再等待，tongguan void 编号 放弃",
            ),
            Self::Submitted => (
                "已接收并落盘；尚未编入任何报文",
                "nothing while tongguan run runs: it is signed and sent; where it stays so, tongguan status says why",
                "tongguan run 运行时无需处理：随后签名并发送；长时间不变时，tongguan status 说明原因",
            ),
            Self::Signed => (
                "已编入签名的报文，确定未发出：尚未尝试，或连不上传输方式",
                "nothing while the transport can be reached: it goes by itself; tongguan check tries the transport; \
                 tongguan void ID still gives it up",
                "传输方式可用时无需处理，会自动发出；tongguan check 检查传输方式；此时仍可 tongguan void 编号 放弃",
            ),
            Self::Unknown => (
                "一次发送没有得到应答：可能已到达，也可能没有；将以同样的字节重发",
                "nothing: it is sent again, and customs knows a repeat by its guid; tongguan show ID tells the tries",
                "无需处理：将自动重发，海关凭 guid 识别重复；tongguan show 编号 列出各次尝试",
            ),
            Self::Sent => (
                "传输方式已收下",
                "wait for the receipt; where none comes, see that the receiving queue or folder is the right one and \
                 is read, then ask the platform; tongguan retry ID sends the same octets again",
                "等待回执；长时间没有时，核对接收队列或目录是否正确并有程序读取，再询问平台；tongguan retry 编号 以同样的字节重发",
            ),
            Self::Pending => (
                "平台或通关服务系统已有应答，还会有后续",
                "wait: more receipts follow; where none comes, ask customs with the numbers of tongguan show ID",
                "等待后续回执；长时间没有时，凭 tongguan show 编号 列出的各编号询问海关",
            ),
            Self::Accepted => (
                "最终：已申报成功",
                "nothing; tongguan evidence export ID puts what proves it into a file",
                "无需处理；tongguan evidence export 编号 导出凭据",
            ),
            Self::Rejected => (
                "最终：被平台或通关服务系统拒绝",
                "tongguan show ID says with which code, tongguan explain CODE what that means; mend the document, then \
                 tongguan resubmit ID DOCUMENT",
                "tongguan show 编号 给出代码，tongguan explain 代码 说明含义；改正单证后 tongguan resubmit 编号 单证",
            ),
            Self::Dead => (
                "死信：在有人决定之前不再有任何动作；历史中记有原因",
                "tongguan show ID says why; mend that, then tongguan retry ID; or mend the document, then tongguan \
                 resubmit ID DOCUMENT; or tongguan void ID",
                "tongguan show 编号 说明原因；排除后 tongguan retry 编号；或改正单证后 tongguan resubmit 编号 单证；\
                 或 tongguan void 编号",
            ),
            Self::Void => (
                "最终：在任何内容发出之前，有人决定不再申报",
                "nothing; tongguan resubmit ID DOCUMENT declares another in its place",
                "无需处理；如仍要申报，tongguan resubmit 编号 单证",
            ),
        };
        Advice {
            zh,
            remedy,
            remedy_zh,
        }
    }
}
