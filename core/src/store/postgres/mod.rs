//! The database that several nodes share: PostgreSQL, 12 or newer.
//!
//! A few threads, each with a connection of its own, take jobs from one queue; each job is a
//! transaction of its own, and PostgreSQL flushes the disk once for all that commit at the same
//! time. A connection that is lost is opened again for the next job.

mod gather;
mod link;
mod options;
mod schema;
mod trouble;

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

use tongguan_contracts::Failure;

use super::kept::{Job, SqlStore};
use super::sql::Trouble;
use link::Link;

pub use options::Postgres;

/// How often a job is run that others stood in the way of.
const TRIES: u32 = 10;

impl SqlStore {
    /// Opens a PostgreSQL database; makes the tables that are missing.
    ///
    /// # Errors
    /// Transient: the server is away. Misconfigured: it does not let us in, the database or a
    /// right is missing, or its tables are of a newer version.
    pub fn postgres(options: Postgres) -> Result<Self, Failure> {
        let place = options.shown();
        let failed = |trouble: Trouble| {
            let doing = format!("open {place}");
            match trouble {
                Trouble::Again(reason) | Trouble::Refused { reason, .. } => {
                    Failure::transient("store", doing, reason)
                }
                Trouble::Database {
                    class,
                    reason,
                    remedy,
                } => Failure::new(class, "store", doing, reason).remedy(remedy),
            }
        };
        let started = |e: std::io::Error| Failure::transient("store", "start its threads", e);
        let (jobs, queue) = mpsc::channel::<Box<dyn Job>>();
        let (options, queue) = (Arc::new(options), Arc::new(Mutex::new(queue)));
        let (ready, opened) = mpsc::channel();
        for number in 0..options.connections.max(1) {
            let runtime = Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(started)?;
            let mut worker = Worker {
                runtime,
                options: Arc::clone(&options),
                link: None,
            };
            let (queue, ready) = (Arc::clone(&queue), ready.clone());
            std::thread::Builder::new()
                .name("store".to_owned())
                .spawn(move || {
                    if number == 0 {
                        let _ = ready.send(worker.prepare());
                    }
                    worker.work(&queue);
                })
                .map_err(started)?;
        }
        opened
            .recv()
            .unwrap_or_else(|_| Err(Trouble::Again("its thread has ended".to_owned())))
            .map_err(failed)?;
        let looks = jobs.clone();
        Ok(Self::new(place, jobs, looks))
    }
}

/// A thread's connection, while it has one.
struct Worker {
    runtime: Runtime,
    options: Arc<Postgres>,
    link: Option<Link>,
}

impl Worker {
    /// Connects, and brings the tables to this program's version.
    fn prepare(&mut self) -> Result<(), Trouble> {
        let mut link = Link::open(&self.runtime, &self.options)?;
        schema::prepare(&self.runtime, &mut link)?;
        self.link = Some(link);
        Ok(())
    }

    fn work(&mut self, queue: &Mutex<mpsc::Receiver<Box<dyn Job>>>) {
        loop {
            // A receiver is whole between any two calls, even after a panic.
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(mut job) = next else {
                return;
            };
            let outcome = self.run(job.as_mut());
            job.tell(outcome);
        }
    }

    /// Runs a job in a transaction; again where another stood in the way, or the connection was
    /// lost before the commit.
    fn run(&mut self, job: &mut dyn Job) -> Result<(), Trouble> {
        let mut tries = 0;
        loop {
            let outcome = self.once(job);
            match outcome {
                Err(Trouble::Again(_)) if tries < TRIES => {
                    tries += 1;
                    let spread = u64::from(getrandom::u32().unwrap_or(0) % 20);
                    std::thread::sleep(Duration::from_millis(spread * u64::from(tries)));
                }
                outcome => return outcome,
            }
        }
    }

    fn once(&mut self, job: &mut dyn Job) -> Result<(), Trouble> {
        let link = match self.link.take() {
            Some(link) if link.is_up() => self.link.insert(link),
            _ => self.link.insert(Link::open(&self.runtime, &self.options)?),
        };
        link.transaction(&self.runtime, job)
    }
}
