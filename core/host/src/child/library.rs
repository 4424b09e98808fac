//! A library: loaded, and looked at before anything of it is called.
#![allow(unsafe_code, reason = "the host's side of the C ABI")]

use sha2::{Digest as _, Sha256};
use std::path::Path;
use tongguan_plugin_abi as abi;

use crate::told::{Info, Kind, Told};

/// Far more than any library has.
const MOST_OCTETS: u64 = 1 << 30;
/// A descriptor cannot be longer than this, whatever it says.
const MOST_DESCRIPTOR: u32 = 4096;
/// How long a text in [`abi::Info`] may be.
const MOST_TEXT: usize = 100;

/// A plugin that can be used.
pub(super) struct Library {
    pub info: Info,
    pub plugin: abi::Plugin,
    /// The calls of its kind.
    pub calls: Calls,
}

/// The calls of each kind; each function is there.
#[derive(Clone, Copy)]
pub(super) enum Calls {
    Signer(abi::Signer),
    Transport(abi::Transport),
    Role(abi::Role),
}

// SAFETY: the structures hold addresses of functions and constants of a library that is never
// closed; which thread calls is decided by serve.rs.
unsafe impl Send for Library {}
// SAFETY: as above.
unsafe impl Sync for Library {}

/// Loads a library and looks at it. It is never closed: what it started may live on.
pub(super) fn open(path: &Path, sha256: Option<&str>) -> Result<Library, Told> {
    let shown = path.display();
    let unreadable = |e: std::io::Error| {
        Told::misconfigured(
            format!("the library {shown} cannot be read: {e}"),
            "library must name the plugin's file; relative paths start at the manifest's folder",
        )
    };
    if std::fs::metadata(path).map_err(unreadable)?.len() > MOST_OCTETS {
        let why = format!("the library {shown} is larger than any can be");
        return Err(Told::misconfigured(why, ""));
    }
    let octets = std::fs::read(path).map_err(unreadable)?;
    let is = hex::encode(Sha256::digest(&octets));
    drop(octets);
    if let Some(wanted) = sha256
        && !wanted.eq_ignore_ascii_case(&is)
    {
        return Err(Told::misconfigured(
            format!(
                "the library {shown} is not the one that was pinned: its SHA-256 is {is}, the manifest says {wanted}"
            ),
            "if you replaced it on purpose, tongguan plugin check prints what to write as sha256; otherwise find out who did",
        ));
    }
    let library = load(path).map_err(|e| {
        let said = std::error::Error::source(&e).map_or_else(|| e.to_string(), |s| s.to_string());
        Told::misconfigured(
            format!("the library {shown} cannot be loaded: {said}"),
            "it must be built for this system, with all libraries that it needs beside it",
        )
    })?;
    // SAFETY: the symbol's type is the ABI's; a library that exports another thing by this name
    // breaks only this process.
    let entry = unsafe { library.get::<abi::Entry>(abi::ENTRY.as_bytes()) };
    let entry = entry.map(|symbol| *symbol).map_err(|_| {
        Told::misconfigured(
            format!("the library {shown} is no plugin: it exports no {}", abi::ENTRY),
            "name the plugin itself, not a library that it needs; docs/plugins.md tells how one is made",
        )
    })?;
    std::mem::forget(library);
    // SAFETY: the ABI's promise: it takes nothing and gives a descriptor.
    let descriptor = unsafe { entry() };
    let plugin = described(descriptor, path)?;
    let broken = |what: &str| {
        Told::misconfigured(
            format!("the library {shown} breaks the plugin ABI: {what}"),
            "ask its vendor for one that passes tongguan plugin check",
        )
    };
    let info = informed(&plugin, is).map_err(|what| broken(&what))?;
    let calls = calls(&plugin, info.kind).map_err(broken)?;
    if plugin.create.is_none() || plugin.destroy.is_none() {
        return Err(broken("it has no create or no destroy"));
    }
    Ok(Library {
        info,
        plugin,
        calls,
    })
}

#[cfg(unix)]
fn load(path: &Path) -> Result<libloading::Library, libloading::Error> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    // At once: a function that is missing is told now, not in the middle of a signature.
    // SAFETY: what a library does when it is loaded can break this process, and nothing else.
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map(Into::into)
}

#[cfg(windows)]
fn load(path: &Path) -> Result<libloading::Library, libloading::Error> {
    // SAFETY: what a library does when it is loaded can break this process, and nothing else.
    unsafe { libloading::Library::new(path) }
}

/// The descriptor, after a look at its version: the first two fields are the same in every one.
fn described(descriptor: *const abi::Plugin, path: &Path) -> Result<abi::Plugin, Told> {
    let shown = path.display();
    let broken = |what: String| {
        Told::misconfigured(
            format!("the library {shown} breaks the plugin ABI: {what}"),
            "ask its vendor for one that passes tongguan plugin check",
        )
    };
    if descriptor.is_null() || !descriptor.is_aligned() {
        return Err(broken(format!("{} gives no descriptor", abi::ENTRY)));
    }
    // SAFETY: the ABI's promise: a descriptor has these two in every version. One that lies breaks
    // only this process.
    let (size, version) = unsafe { ((*descriptor).size, (*descriptor).abi) };
    if version != abi::ABI {
        let fix = if version > abi::ABI {
            "update Tongguan to a version with that ABI, or take the vendor's plugin for this one"
        } else {
            "ask the vendor for a plugin of this ABI, or keep the Tongguan that it was made for"
        };
        return Err(Told::misconfigured(
            format!(
                "the library {shown} is made for version {version} of the plugin ABI, and this \
                 Tongguan has version {}",
                abi::ABI
            ),
            fix,
        ));
    }
    let least = abi::size_of::<abi::Plugin>();
    if !(least..=MOST_DESCRIPTOR).contains(&size) {
        return Err(broken(format!(
            "it says that it is of version {version}, but its descriptor has {size} octets, where \
             that version has {least}"
        )));
    }
    // SAFETY: it is as long as that, or says so.
    Ok(unsafe { *descriptor })
}

/// What it says of itself.
fn informed(plugin: &abi::Plugin, sha256: String) -> Result<Info, String> {
    let tell = plugin.info.ok_or("it has no info")?;
    let mut info = abi::Info {
        size: abi::size_of::<abi::Info>(),
        kind: 0,
        name: abi::Bytes::NONE,
        version: abi::Bytes::NONE,
        vendor: abi::Bytes::NONE,
        algorithms: 0,
        flags: 0,
        max_concurrency: 0,
        operations_per_minute: 0,
    };
    // SAFETY: the ABI's promise: it writes no more than `size` octets.
    let answer = unsafe { tell(&raw mut info) };
    if answer != abi::OK {
        return Err(format!("info answers {answer}"));
    }
    let kind = match info.kind {
        abi::SIGNER => Kind::Signer,
        abi::TRANSPORT => Kind::Transport,
        abi::ROLE => Kind::Role,
        other => return Err(format!("it is of kind {other}, which there is not")),
    };
    let known = abi::THREAD_AFFINE | abi::TAKES_DIGEST | abi::PIN_PER_OPERATION;
    if info.flags & !known != 0 {
        let flags = info.flags & !known;
        return Err(format!(
            "it asks for what this Tongguan does not know (flags {flags:#x})"
        ));
    }
    let flag = |bit: u32| info.flags & bit != 0;
    if !(1..=1024).contains(&info.max_concurrency) {
        let told = info.max_concurrency;
        return Err(format!("max_concurrency is {told}, which 1 to 1024 may be"));
    }
    let one_at_a_time = flag(abi::THREAD_AFFINE) || flag(abi::PIN_PER_OPERATION);
    if one_at_a_time && info.max_concurrency != 1 {
        return Err(
            "max_concurrency must be 1 where it is thread-affine or wants a PIN each time"
                .to_owned(),
        );
    }
    let both = abi::RSA_SHA1 | abi::SM2_SM3;
    if kind == Kind::Signer && (info.algorithms == 0 || info.algorithms & !both != 0) {
        let told = info.algorithms;
        return Err(format!(
            "algorithms is {told:#x}, which a signer's cannot be"
        ));
    }
    Ok(Info {
        kind,
        name: text("name", info.name)?,
        version: text("version", info.version)?,
        vendor: text("vendor", info.vendor)?,
        abi: plugin.abi,
        sha256,
        rsa_sha1: info.algorithms & abi::RSA_SHA1 != 0,
        sm2_sm3: info.algorithms & abi::SM2_SM3 != 0,
        max_concurrency: info.max_concurrency,
        thread_affine: flag(abi::THREAD_AFFINE),
        takes_digest: flag(abi::TAKES_DIGEST),
        pin_per_operation: flag(abi::PIN_PER_OPERATION),
        operations_per_minute: info.operations_per_minute,
    })
}

fn text(what: &str, bytes: abi::Bytes) -> Result<String, String> {
    if bytes.data.is_null() || !(1..=MOST_TEXT).contains(&bytes.size) {
        return Err(format!("its {what} is not 1 to {MOST_TEXT} octets long"));
    }
    // SAFETY: the ABI's promise: the text is that long, and lives as long as the library.
    let octets = unsafe { std::slice::from_raw_parts(bytes.data, bytes.size) };
    let text = std::str::from_utf8(octets).map_err(|_| format!("its {what} is no UTF-8"))?;
    if text.chars().any(char::is_control) {
        return Err(format!("its {what} holds control characters"));
    }
    Ok(text.to_owned())
}

fn calls(plugin: &abi::Plugin, kind: Kind) -> Result<Calls, &'static str> {
    /// A table of calls, if it is as long as it must be.
    fn table<T: Copy>(table: *const T) -> Option<T> {
        if table.is_null() || !table.is_aligned() {
            return None;
        }
        // SAFETY: each table begins with its size; it lives as long as the library.
        let size = unsafe { *table.cast::<u32>() };
        // SAFETY: it is as long as that, or says so.
        (size >= abi::size_of::<T>()).then(|| unsafe { *table })
    }
    match kind {
        Kind::Signer => {
            let of = table(plugin.signer).filter(|t| t.identity.is_some() && t.sign.is_some());
            of.map(Calls::Signer)
                .ok_or("its table of a signer's calls is not whole")
        }
        Kind::Transport => {
            let whole = |t: &abi::Transport| {
                t.send.is_some() && t.receive.is_some() && t.settle.is_some() && t.check.is_some()
            };
            let of = table(plugin.transport).filter(whole);
            of.map(Calls::Transport)
                .ok_or("its table of a transport's calls is not whole")
        }
        Kind::Role => {
            let whole =
                |t: &abi::Role| t.declares.is_some() && t.read.is_some() && t.on_receipt.is_some();
            let of = table(plugin.role).filter(whole);
            of.map(Calls::Role)
                .ok_or("its table of a role's calls is not whole")
        }
    }
}
