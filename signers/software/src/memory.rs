//! Keeps keys out of swap and out of core dumps.
//!
//! Libraries copy a key as they use it, so it is not one page that has to be locked: all memory of
//! the process is, and no dump of it is written. That takes a right (`CAP_IPC_LOCK`) or a limit
//! (`LimitMEMLOCK=infinity` in a systemd unit); without, the client works on and says so.

/// Locks what the process has in memory, for as long as it runs.
#[cfg(target_os = "linux")]
pub(crate) fn keep() {
    use rustix::mm::{MlockAllFlags, mlockall};
    use rustix::process::{DumpableBehavior, Resource, getrlimit, set_dumpable_behavior};

    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::info!(%error, "a core dump of this process would hold the private key");
    }
    // Pages are locked when they are used: what is only reserved takes no memory.
    let now = MlockAllFlags::CURRENT | MlockAllFlags::ONFAULT;
    // With a limit, memory that comes later would be refused once it is reached.
    let flags = match getrlimit(Resource::Memlock).current {
        None => now | MlockAllFlags::FUTURE,
        Some(_) => now,
    };
    if let Err(error) = mlockall(flags) {
        tracing::info!(
            %error,
            remedy = "LimitMEMLOCK=infinity in the systemd unit, or encrypt the swap",
            "the private key's memory is not locked: it may come to be in the swap"
        );
    }
}

/// Other systems are left as they are.
#[cfg(not(target_os = "linux"))]
pub(crate) fn keep() {}
