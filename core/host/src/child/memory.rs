//! What a library may take of the machine.

/// How many MiB the process holds; 0 where that cannot be told.
#[cfg(target_os = "linux")]
pub(super) fn held_mib() -> u64 {
    let told = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = told.split(' ').nth(1).and_then(|n| n.parse::<u64>().ok());
    (pages.unwrap_or(0) * rustix::param::page_size() as u64) >> 20
}

/// How many MiB the process holds; 0 where that cannot be told.
#[cfg(not(target_os = "linux"))]
pub(super) fn held_mib() -> u64 {
    0
}

/// Bounds what one call alone could take, and leaves no memory image behind a crash: keys may be in
/// it.
#[cfg(unix)]
pub(super) fn bound(memory_mib: u64) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let bound = |octets: u64| Rlimit {
        current: Some(octets),
        maximum: Some(octets),
    };
    // A system that does not let us has its own bounds.
    let _ = setrlimit(Resource::Core, bound(0));
    let _ = setrlimit(
        Resource::Data,
        bound(memory_mib.saturating_mul(2).saturating_add(256) << 20),
    );
}

/// Nothing to bound with.
#[cfg(not(unix))]
pub(super) fn bound(_: u64) {}
