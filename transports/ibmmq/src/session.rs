//! One connection with one queue open, and so one unit of work.

use tongguan_contracts::Failure;

use crate::codes::{BACKED_OUT, BROKEN, NO_MSG_AVAILABLE, Returned, TRUNCATED_MSG_FAILED};
use crate::mqi::Mqi;
use crate::options::{Format, Options};
use crate::structures::{
    Cd, Cno, Csp, FORMAT_STRING, Gmo, Hconn, Hobj, LARGEST, Long, Md, OPEN_FAIL_IF_QUIESCING,
    OPEN_INPUT_SHARED, OPEN_OUTPUT, Od, PERSISTENT, Pmo, Sco, UTF_8, read, text,
};

/// What is got at once; what is larger is got in a second call.
const BUFFER: usize = 64 << 10;
/// A larger buffer is not kept for the next message.
const KEPT: usize = 1 << 20;

/// Which of the two queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Send,
    Receive,
}

/// A connection. All its calls block; it may go from thread to thread.
pub(crate) struct Session {
    mqi: Mqi,
    hconn: Hconn,
    hobj: Hobj,
    buffer: Vec<u8>,
    ended: bool,
}

/// A message that was put and committed.
pub(crate) struct Committed {
    /// The queue that it came to, as the queue manager resolved it.
    pub queue: String,
    pub queue_manager: String,
    pub msg_id: [u8; 24],
}

/// Why a message was not, or not certainly, put and committed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum NotCommitted {
    /// Nothing can have left.
    Unsent(Returned),
    /// Nobody knows.
    Unknown(Returned),
}

/// A message that was got, and is not committed yet.
pub(crate) struct Got {
    pub octets: Vec<u8>,
    pub msg_id: [u8; 24],
    /// How often it was got and backed out before.
    pub backed_out: Long,
}

impl Session {
    /// Connects, and opens the queue.
    pub(crate) fn open(
        part: &str,
        options: &Options,
        direction: Direction,
    ) -> Result<Self, Failure> {
        let mqi = Mqi::load(part, options.module.as_ref())?;
        let hconn = connect(mqi, options).map_err(|e| e.failed(part, &connecting(options)))?;
        // From here on, dropping it disconnects.
        let mut session = Self {
            mqi,
            hconn,
            hobj: 0,
            buffer: Vec::new(),
            ended: false,
        };
        let (name, od, how, doing) = match direction {
            Direction::Send => {
                let to = &options.to;
                let od = Od::queue(&to.queue, &to.queue_manager);
                (&to.queue, od, OPEN_OUTPUT, "to put (send.queue)")
            }
            Direction::Receive => {
                let od = Od::queue(&options.from, "");
                let how = OPEN_INPUT_SHARED;
                (&options.from, od, how, "to get (receive.queue)")
            }
        };
        let opened = mqi.open(hconn, od, how | OPEN_FAIL_IF_QUIESCING);
        session.hobj = opened.map_err(|e| {
            let manager = match options.queue_manager.as_str() {
                "" => "the queue manager",
                name => name,
            };
            let who = options
                .login
                .as_ref()
                .map(|(user, _)| format!(" as {user}"));
            let who = who.unwrap_or_default();
            e.failed(
                part,
                &format!("open the queue {name} of {manager} {doing}{who}"),
            )
        })?;
        Ok(session)
    }

    /// Puts a message, and commits it.
    pub(crate) fn send(
        &self,
        options: &Options,
        correl_id: [u8; 24],
        octets: &[u8],
    ) -> Result<Committed, NotCommitted> {
        let to = &options.to;
        let mut md = Md::new();
        md.persistence = PERSISTENT;
        md.correl_id = correl_id;
        md.reply_to_q = text(&to.reply_to_queue);
        md.reply_to_q_mgr = text(&to.reply_to_queue_manager);
        if to.format == Format::String {
            md.format = text(FORMAT_STRING);
            md.coded_char_set_id = UTF_8;
        }
        let mut pmo = Pmo::in_a_unit_of_work();
        if let Err(refused) = self
            .mqi
            .put(self.hconn, self.hobj, &mut md, &mut pmo, octets)
        {
            // Where that fails too, the connection's end backs out.
            let backed_out = self.mqi.back_out(self.hconn);
            let cause = backed_out
                .err()
                .filter(|e| e.is_gone() && !refused.is_gone());
            return Err(NotCommitted::Unsent(cause.unwrap_or(refused)));
        }
        match self.mqi.commit(self.hconn) {
            Ok(()) => Ok(Committed {
                queue: read(&pmo.resolved_q_name),
                queue_manager: read(&pmo.resolved_q_mgr_name),
                msg_id: md.msg_id,
            }),
            Err(failed) if failed.reason == BACKED_OUT => Err(NotCommitted::Unsent(failed)),
            // It may be the answer alone that is lost.
            Err(failed) => Err(NotCommitted::Unknown(failed)),
        }
    }

    /// Waits for a message; `None` where none came. It is to be committed or backed out.
    pub(crate) fn get(&mut self, wait_ms: Long) -> Result<Option<Got>, Returned> {
        if self.buffer.len() < BUFFER {
            self.buffer.resize(BUFFER, 0);
        }
        loop {
            let (mut md, mut gmo) = (Md::new(), Gmo::in_a_unit_of_work(wait_ms));
            let got = self
                .mqi
                .get(self.hconn, self.hobj, &mut md, &mut gmo, &mut self.buffer);
            match got {
                Err(none) if none.reason == NO_MSG_AVAILABLE => return Ok(None),
                Err(failed) => return Err(failed),
                // It is still on the queue; somebody else may get it first.
                Ok((length, TRUNCATED_MSG_FAILED)) if self.buffer.len() < length.min(LARGEST) => {
                    self.buffer.resize(length.min(LARGEST), 0);
                }
                Ok((length, reason)) if length > self.buffer.len() => {
                    return Err(Returned {
                        function: "MQGET",
                        reason,
                    });
                }
                Ok((length, _)) => {
                    let octets = self.buffer[..length].to_vec();
                    if self.buffer.len() > KEPT {
                        self.buffer = Vec::new();
                    }
                    return Ok(Some(Got {
                        octets,
                        msg_id: md.msg_id,
                        backed_out: md.backout_count,
                    }));
                }
            }
        }
    }

    pub(crate) fn commit(&self) -> Result<(), Returned> {
        self.mqi.commit(self.hconn)
    }

    pub(crate) fn back_out(&self) -> Result<(), Returned> {
        self.mqi.back_out(self.hconn)
    }

    /// Ends it here and now. What is not committed is backed out.
    pub(crate) fn end(mut self) {
        self.ended = true;
        end(self.mqi, self.hconn, self.hobj);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let (mqi, hconn, hobj) = (self.mqi, self.hconn, self.hobj);
        // The calls block. Where there is no runtime any more, nobody minds.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || end(mqi, hconn, hobj))),
            Err(_) => end(mqi, hconn, hobj),
        }
    }
}

/// Disconnecting commits what is open (MQDISC, usage notes): so it is backed out before, and where that
/// fails of a connection that still lives, it is left to the end of this process.
fn end(mqi: Mqi, hconn: Hconn, hobj: Hobj) {
    if let Err(error) = mqi.back_out(hconn)
        && !BROKEN.contains(&error.reason)
    {
        tracing::warn!(
            told = error.told(),
            "cannot back out: the connection is left"
        );
        return;
    }
    if hobj != 0 {
        let _closed = mqi.close(hconn, hobj);
    }
    if let Err(error) = mqi.disconnect(hconn) {
        tracing::debug!(told = error.told(), "the connection was gone already");
    }
}

fn connecting(options: &Options) -> String {
    let manager = match options.queue_manager.as_str() {
        "" => "the default queue manager",
        name => name,
    };
    let place = match &options.channel {
        Some((channel, connection)) => format!(" at {connection} by the channel {channel}"),
        None => String::new(),
    };
    let who = options.login.as_ref().map_or("nobody", |(user, _)| user);
    format!("connect to the queue manager {manager}{place} as {who}")
}

/// All that the options point to lives until the call is over.
fn connect(mqi: Mqi, options: &Options) -> Result<Hconn, Returned> {
    let tls = options.tls.as_ref();
    let channel = options.channel.as_ref().map(|(channel, connection)| {
        let cipher = tls.map_or("", |tls| &tls.cipher_spec);
        let peer_name = tls.map_or("", |tls| &tls.peer_name);
        let beat = options.heartbeat_seconds;
        Cd::client(channel, connection, cipher, peer_name, beat)
    });
    let sco = tls.map(|tls| {
        let password = tls.repository_password.as_ref();
        let password = password.map(|password| password.as_str());
        Sco::new(&tls.repository, tls.label.as_deref(), password)
    });
    let login = options.login.as_ref();
    let csp = login.map(|(user, password)| Csp::user_and_password(user, password));
    let mut how = Cno::new(channel.as_ref(), sco.as_ref(), csp.as_ref());
    mqi.connect(&options.queue_manager, &mut how)
}
