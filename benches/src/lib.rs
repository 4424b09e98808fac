//! Contenders in one run, on one thread: they take short turns, so that what the machine does
//! meanwhile meets all alike. A rate is the median of the rounds, and so is a ratio: the median of
//! the ratios within each round, not the ratio of the rates. Quote the ratios.

use std::error::Error;
use std::time::{Duration, Instant};

const ROUNDS: usize = 41;
const ROUND: Duration = Duration::from_millis(100);

/// What a bench comes to.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// A piece of work that is done over and over.
pub type Work<'w> = Box<dyn FnMut() -> Outcome<()> + 'w>;

/// Those who are compared.
#[derive(Default)]
pub struct Contenders<'w>(Vec<(&'static str, Work<'w>)>);

/// How they are compared, for the head of a report.
pub fn how() -> String {
    format!("medians of {ROUNDS} rounds of {ROUND:?} each, taking turns, one thread")
}

impl<'w> Contenders<'w> {
    /// One more; the first is ours.
    pub fn add(&mut self, name: &'static str, work: impl FnMut() -> Outcome<()> + 'w) {
        self.0.push((name, Box::new(work)));
    }

    /// Lets them take turns. A line for each: how often in a second it did its work, how much of
    /// the `octets` of a piece of work that is, and the ratio of ours to it.
    ///
    /// # Errors
    /// What a contender's work says.
    pub fn compare(mut self, octets: usize) -> Outcome<Vec<String>> {
        let mut rates = vec![Vec::new(); self.0.len()];
        for _ in 0..ROUNDS {
            for ((_, work), rates) in self.0.iter_mut().zip(&mut rates) {
                let begun = Instant::now();
                let mut times = 0_u32;
                while begun.elapsed() < ROUND {
                    work()?;
                    times += 1;
                }
                rates.push(f64::from(times) / begun.elapsed().as_secs_f64());
            }
        }
        let ours = rates[0].clone();
        let lines = self.0.iter().zip(rates).map(|((name, _), rates)| {
            let ratio = median(ours.iter().zip(&rates).map(|(ours, it)| ours / it));
            let rate = median(rates.into_iter());
            format!(
                "  {name:38} {rate:9.0}/s {:7.0} MB/s   ours is {ratio:6.2} of it",
                rate * octets as f64 / 1e6,
            )
        });
        Ok(lines.collect())
    }
}

fn median(all: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = all.collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}
