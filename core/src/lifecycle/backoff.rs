//! How long to wait before the next try.

use std::future::Future;
use std::time::Duration;

use tongguan_contracts::{Failure, FailureClass};

/// The longest first wait, and the longest of all, by what is wrong. What an operator must mend
/// is tried slowly.
fn bounds(class: FailureClass) -> (Duration, Duration) {
    match class {
        FailureClass::Misconfigured => (Duration::from_secs(15), Duration::from_secs(300)),
        FailureClass::DeviceGone => (Duration::from_secs(1), Duration::from_secs(60)),
        _ => (Duration::from_millis(250), Duration::from_secs(30)),
    }
}

/// A random time up to a bound that doubles with every try (full jitter): those who failed
/// together do not come back together.
pub(super) fn pause(class: FailureClass, tries: u32) -> Duration {
    let (first, most) = bounds(class);
    let bound = first.saturating_mul(1 << tries.min(16)).min(most);
    bound.mul_f64(f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX))
}

/// Asks the store until it answers: while its server is away, work waits, and does not end.
pub(super) async fn insist<T, F>(mut ask: impl FnMut() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let mut tries = 0;
    loop {
        match ask().await {
            Err(failure) if failure.class() == FailureClass::Transient => {
                let wait = pause(FailureClass::Transient, tries);
                let remedy = failure.how_to_mend().unwrap_or_default();
                tracing::warn!(%failure, remedy, again_ms = %wait.as_millis(), "the store waits");
                tokio::time::sleep(wait).await;
                tries += 1;
            }
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::pause;
    use std::time::Duration;
    use tongguan_contracts::FailureClass;

    #[test]
    fn waits_grow_spread_and_stay_bounded() {
        let mean = |tries| -> Duration {
            let all = (0..200).map(|_| pause(FailureClass::Transient, tries));
            all.sum::<Duration>() / 200
        };
        assert!(mean(0) < Duration::from_millis(200));
        assert!(mean(4) > mean(0) * 4);
        for tries in [0, 10, 1000, u32::MAX] {
            assert!(pause(FailureClass::Transient, tries) <= Duration::from_secs(30));
            assert!(pause(FailureClass::Misconfigured, tries) <= Duration::from_secs(300));
        }
        let few: std::collections::BTreeSet<Duration> =
            (0..20).map(|_| pause(FailureClass::Transient, 5)).collect();
        assert!(few.len() > 10, "they spread");
    }
}
