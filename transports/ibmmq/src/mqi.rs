//! The calls of the MQI, in IBM's client library.
#![allow(unsafe_code, reason = "IBM's library is loaded, and called")]

use std::ffi::{c_char, c_void};
use std::path::PathBuf;

use tongguan_contracts::Failure;
use tongguan_loading::Library;

use crate::codes::Returned;
use crate::structures::{
    Cno, Gmo, Hconn, Hobj, Long, Md, Od, Pmo, UNUSABLE_HCONN, UNUSABLE_HOBJ, text,
};

/// What the interface is called in messages.
const INTERFACE: &str = "IBM MQ's MQI";
const REMEDY: &str = "install IBM's MQ client (the redistributable client is enough), and name its \
                      library as module: libmqic_r.so, libmqic_r.dylib or mqic.dll, of this \
                      program's architecture";

type Connect = unsafe extern "C" fn(*const c_char, *mut Cno, *mut Hconn, *mut Long, *mut Long);
type Disconnect = unsafe extern "C" fn(*mut Hconn, *mut Long, *mut Long);
type Open = unsafe extern "C" fn(Hconn, *mut Od, Long, *mut Hobj, *mut Long, *mut Long);
type Close = unsafe extern "C" fn(Hconn, *mut Hobj, Long, *mut Long, *mut Long);
type Put =
    unsafe extern "C" fn(Hconn, Hobj, *mut Md, *mut Pmo, Long, *const c_void, *mut Long, *mut Long);
type Get = unsafe extern "C" fn(
    Hconn,
    Hobj,
    *mut Md,
    *mut Gmo,
    Long,
    *mut c_void,
    *mut Long,
    *mut Long,
    *mut Long,
);
type End = unsafe extern "C" fn(Hconn, *mut Long, *mut Long);

/// IBM's library. Its functions may be called from any thread; a connection is one thread's at a time.
#[derive(Clone, Copy)]
pub(crate) struct Mqi {
    connect: Connect,
    disconnect: Disconnect,
    open: Open,
    close: Close,
    put: Put,
    get: Get,
    commit: End,
    back_out: End,
}

/// How a call ends.
struct Ended {
    completion: Long,
    reason: Long,
}

impl Ended {
    fn new() -> Self {
        // What a function that writes nothing would leave counts as failed.
        Self {
            completion: 2,
            reason: 2195,
        }
    }

    /// MQCC_OK and MQCC_WARNING are success; some warnings are not, and their callers see to that.
    fn result(self, function: &'static str) -> Result<Long, Returned> {
        match self.completion {
            0 | 1 => Ok(self.reason),
            _ => Err(Returned {
                function,
                reason: self.reason,
            }),
        }
    }
}

/// Where IBM installs it, and the names that the system's own search finds it by.
fn usual() -> Vec<PathBuf> {
    let all: &[&str] = if cfg!(windows) {
        &[
            "mqic.dll",
            r"C:\Program Files\IBM\MQ\bin64\mqic.dll",
            r"C:\Program Files\IBM\MQ\bin\mqic.dll",
        ]
    } else if cfg!(target_os = "macos") {
        &["/opt/mqm/lib64/libmqic_r.dylib", "libmqic_r.dylib"]
    } else {
        &[
            "/opt/mqm/lib64/libmqic_r.so",
            "libmqic_r.so",
            "/opt/mqm/lib64/libmqm_r.so",
        ]
    };
    all.iter().map(PathBuf::from).collect()
}

impl Mqi {
    /// The library that is named, or the first of the usual ones that is there.
    pub(crate) fn load(part: &str, module: Option<&PathBuf>) -> Result<Self, Failure> {
        let library = match module {
            Some(path) => Library::load(part, INTERFACE, path).map_err(|f| f.remedy(REMEDY))?,
            None => {
                let all = usual();
                let found = all
                    .iter()
                    .find_map(|path| Library::load(part, INTERFACE, path).ok());
                found.ok_or_else(|| {
                    let names: Vec<String> = all.iter().map(|p| p.display().to_string()).collect();
                    let why = format!("there is none of {}", names.join(", "));
                    Failure::misconfigured(part, "load IBM MQ's client library", why).remedy(REMEDY)
                })?
            }
        };
        macro_rules! function {
            ($name:literal) => {
                // SAFETY: the type is that of the function's prototype in IBM's reference.
                unsafe { library.function(part, INTERFACE, $name) }.map_err(|f| f.remedy(REMEDY))?
            };
        }
        Ok(Self {
            connect: function!("MQCONNX"),
            disconnect: function!("MQDISC"),
            open: function!("MQOPEN"),
            close: function!("MQCLOSE"),
            put: function!("MQPUT"),
            get: function!("MQGET"),
            commit: function!("MQCMIT"),
            back_out: function!("MQBACK"),
        })
    }

    pub(crate) fn connect(self, queue_manager: &str, how: &mut Cno) -> Result<Hconn, Returned> {
        let name: [u8; 48] = text(queue_manager);
        let (mut hconn, mut ended) = (UNUSABLE_HCONN, Ended::new());
        // SAFETY: the name has the 48 octets that the call reads; what `how` points to lives as long
        // as it (Cno::new's callers see to that); the rest is written within its types.
        unsafe {
            (self.connect)(
                name.as_ptr().cast(),
                how,
                &raw mut hconn,
                &raw mut ended.completion,
                &raw mut ended.reason,
            );
        }
        ended.result("MQCONNX").map(|_| hconn)
    }

    pub(crate) fn disconnect(self, mut hconn: Hconn) -> Result<(), Returned> {
        let mut ended = Ended::new();
        // SAFETY: all three are written within their types.
        unsafe {
            (self.disconnect)(
                &raw mut hconn,
                &raw mut ended.completion,
                &raw mut ended.reason,
            );
        }
        ended.result("MQDISC").map(drop)
    }

    pub(crate) fn open(self, hconn: Hconn, mut od: Od, options: Long) -> Result<Hobj, Returned> {
        let (mut hobj, mut ended) = (UNUSABLE_HOBJ, Ended::new());
        // SAFETY: `od` is a whole MQOD of the version that it says.
        unsafe {
            (self.open)(
                hconn,
                &raw mut od,
                options,
                &raw mut hobj,
                &raw mut ended.completion,
                &raw mut ended.reason,
            );
        }
        ended.result("MQOPEN").map(|_| hobj)
    }

    pub(crate) fn close(self, hconn: Hconn, mut hobj: Hobj) -> Result<(), Returned> {
        let mut ended = Ended::new();
        // SAFETY: all three are written within their types.
        unsafe {
            (self.close)(
                hconn,
                &raw mut hobj,
                0,
                &raw mut ended.completion,
                &raw mut ended.reason,
            );
        }
        ended.result("MQCLOSE").map(drop)
    }

    /// Puts octets, of which there are no more than the MQI can count.
    pub(crate) fn put(
        self,
        hconn: Hconn,
        hobj: Hobj,
        md: &mut Md,
        pmo: &mut Pmo,
        octets: &[u8],
    ) -> Result<(), Returned> {
        const TOO_BIG: Returned = Returned {
            function: "MQPUT",
            reason: 2031,
        };
        let length = Long::try_from(octets.len()).map_err(|_| TOO_BIG)?;
        let mut ended = Ended::new();
        // SAFETY: both structures are whole, of the versions that they say; of the octets, `length`
        // are read.
        unsafe {
            (self.put)(
                hconn,
                hobj,
                md,
                pmo,
                length,
                octets.as_ptr().cast(),
                &raw mut ended.completion,
                &raw mut ended.reason,
            );
        }
        ended.result("MQPUT").map(drop)
    }

    /// Gets a message into the buffer. Gives the message's whole length, and the reason of a warning.
    pub(crate) fn get(
        self,
        hconn: Hconn,
        hobj: Hobj,
        md: &mut Md,
        gmo: &mut Gmo,
        buffer: &mut [u8],
    ) -> Result<(usize, Long), Returned> {
        let room = Long::try_from(buffer.len()).unwrap_or(Long::MAX);
        let (mut length, mut ended) = (0, Ended::new());
        // SAFETY: both structures are whole, of the versions that they say; no more than `room`
        // octets are written to the buffer, which has them.
        unsafe {
            (self.get)(
                hconn,
                hobj,
                md,
                gmo,
                room,
                buffer.as_mut_ptr().cast(),
                &raw mut length,
                &raw mut ended.completion,
                &raw mut ended.reason,
            );
        }
        let reason = ended.result("MQGET")?;
        Ok((usize::try_from(length).unwrap_or_default(), reason))
    }

    pub(crate) fn commit(self, hconn: Hconn) -> Result<(), Returned> {
        Self::end(self.commit, "MQCMIT", hconn)
    }

    pub(crate) fn back_out(self, hconn: Hconn) -> Result<(), Returned> {
        Self::end(self.back_out, "MQBACK", hconn)
    }

    fn end(call: End, function: &'static str, hconn: Hconn) -> Result<(), Returned> {
        let mut ended = Ended::new();
        // SAFETY: both are written within their types.
        unsafe { call(hconn, &raw mut ended.completion, &raw mut ended.reason) };
        match ended.result(function)? {
            0 => Ok(()),
            // A warning of these two says that what became of the unit of work is not certain
            // (MQRC_BACKED_OUT, MQRC_OUTCOME_PENDING).
            reason => Err(Returned { function, reason }),
        }
    }
}
