//! Working under a lease.

use std::future::Future;

use crate::store::{Fence, Lease, Store};

/// Does work, and renews the lease that covers it meanwhile. Work whose lease is lost goes on to
/// its end: the store does not let it count.
pub(super) async fn under<T>(store: &dyn Store, lease: &Lease, work: impl Future<Output = T>) -> T {
    let renewing = async {
        loop {
            tokio::time::sleep(lease.term() / 3).await;
            match store.renew(lease).await {
                Ok(Fence::Held) => {}
                Ok(Fence::Lost) => {
                    tracing::warn!(lease = lease.token(), "the lease was lost: others go on");
                    std::future::pending::<()>().await;
                }
                Err(failure) => tracing::warn!(%failure, "the lease is not renewed yet"),
            }
        }
    };
    tokio::select! {
        result = work => result,
        never = renewing => never,
    }
}
