//! The store itself: the rules, handed to the threads that hold the database's connections.

use async_trait::async_trait;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use tokio::sync::oneshot;

use tongguan_contracts::{Declaration, Failure};

use super::lease::{Claim, Fence, Lease, Moment, Owner};
use super::rules::{
    answer, assemble, audit, decide, evidence, leases, look, once, purge, replace, send, submit,
    symptoms, unheard,
};
use super::sql::{Sql, Trouble};
use super::together::Together;
use super::{
    Carrier, Claimed, Decision, Details, Filter, Inbound, Kept, Notice, Purge, Purged, Store,
    Submitted, Summary, Tried, Unmatched, Waiting,
};
use crate::audit::{Anchor, Entry};
use crate::diagnosis::Symptom;
use crate::evidence::Grounds;
use crate::precedence::Waits;
use crate::{Alerts, State};

/// A store in an SQL database.
pub struct SqlStore {
    /// Where it is, for people.
    place: String,
    /// Who uses it, for the log of what people decide.
    user: String,
    waits: Arc<Waits>,
    /// For what changes something.
    jobs: Queue,
    /// For what only looks: a long look keeps nobody from writing.
    looks: Queue,
    /// What happens to each message by itself, and to many at the same time.
    submissions: Arc<Submissions>,
    carries: Arc<Together<assemble::Carry, Fence>>,
    tries: Arc<Together<send::Try, Fence>>,
    deliveries: Arc<Together<Inbound, Vec<Notice>>>,
    failures: AtomicU64,
}

pub(super) type Queue = mpsc::Sender<Box<dyn Job>>;

/// A rule to be run in a transaction, and whom to tell how that ended. It may be run again where
/// its transaction came to nothing.
pub(super) trait Job: Send {
    /// Runs the rule.
    fn run(&mut self, t: &mut dyn Sql) -> Result<(), Trouble>;
    /// Tells the outcome; the transaction is on disk, or nothing of it is.
    fn tell(self: Box<Self>, outcome: Result<(), Trouble>);
}

struct Task<T, F> {
    rule: F,
    result: Option<T>,
    answer: oneshot::Sender<Result<T, Trouble>>,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnMut(&mut dyn Sql) -> Result<T, Trouble> + Send,
{
    fn run(&mut self, t: &mut dyn Sql) -> Result<(), Trouble> {
        self.result = Some((self.rule)(t)?);
        Ok(())
    }

    fn tell(self: Box<Self>, outcome: Result<(), Trouble>) {
        let Self { result, answer, .. } = *self;
        let never = || Trouble::Again("the work did not run".to_owned());
        // Nobody waits any more: the work is done all the same.
        let _ = answer.send(outcome.and_then(|()| result.ok_or_else(never)));
    }
}

type Submissions = Together<submit::Submission, Vec<Submitted>>;

fn submissions(waits: Arc<Waits>) -> Arc<Submissions> {
    Together::new(
        move |t: &mut dyn Sql, all: &[submit::Submission]| submit::submit_all(t, all, &waits),
        submit::touches,
    )
}

impl SqlStore {
    pub(super) fn new(place: String, jobs: Queue, looks: Queue) -> Self {
        Self {
            place,
            user: String::new(),
            waits: Arc::default(),
            jobs,
            looks,
            submissions: submissions(Arc::default()),
            carries: Together::new(assemble::carry, |one| Some(one.declarations.clone())),
            tries: Together::new(send::tried, |one| Some(vec![one.cop_msg_id.clone()])),
            deliveries: Together::new(answer::receive, answer::touches),
            failures: AtomicU64::new(0),
        }
    }

    /// The same, used by that person: what the audit log tells of decisions.
    #[must_use]
    pub fn used_by(self, user: String) -> Self {
        Self { user, ..self }
    }

    /// The same, where declarations wait for others as that says.
    #[must_use]
    pub fn waiting_by(self, waits: Waits) -> Self {
        let waits = Arc::new(waits);
        Self {
            submissions: submissions(Arc::clone(&waits)),
            waits,
            ..self
        }
    }

    /// Where it is, for people.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The bug of that name.
    #[cfg(feature = "sabotage")]
    async fn submit_early(
        &self,
        role: String,
        declarations: Vec<Declaration>,
    ) -> Result<Vec<Submitted>, Failure> {
        let (early, told) = oneshot::channel();
        let mut early = Some(early);
        let waits = Arc::clone(&self.waits);
        let work = self.run("take declarations", move |t| {
            let taken = submit::submit(t, &role, &declarations, &waits)?;
            if let Some(early) = early.take() {
                let _ = early.send(taken.clone());
                std::thread::sleep(crate::sabotage::SLOW);
            }
            Ok(taken)
        });
        tokio::select! {
            Ok(taken) = told => Ok(taken),
            result = work => result,
        }
    }

    /// Runs a rule in a transaction; returns once that is on disk.
    async fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        rule: impl FnMut(&mut dyn Sql) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Failure> {
        self.ask(&self.jobs, doing, rule).await
    }

    /// Runs a rule that changes nothing.
    async fn look<T: Send + 'static>(
        &self,
        doing: &'static str,
        rule: impl FnMut(&mut dyn Sql) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Failure> {
        self.ask(&self.looks, doing, rule).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        queue: &Queue,
        doing: &'static str,
        rule: impl FnMut(&mut dyn Sql) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Failure> {
        let (answer, done) = oneshot::channel();
        let job = Box::new(Task {
            rule,
            result: None,
            answer,
        });
        // What cannot be posted is dropped, and its answer with it.
        let _ = queue.send(job);
        self.hear(doing, done).await
    }

    /// Runs a rule with others of its kind that wait; returns once that is on disk.
    async fn with_others<I: Send + 'static, T: Send + 'static>(
        &self,
        doing: &'static str,
        rule: &Arc<Together<I, T>>,
        item: I,
    ) -> Result<T, Failure> {
        self.hear(doing, rule.call(&self.jobs, item)).await
    }

    async fn hear<T>(
        &self,
        doing: &'static str,
        done: oneshot::Receiver<Result<T, Trouble>>,
    ) -> Result<T, Failure> {
        let gone = |_| Err(Trouble::Again("the store's thread has ended".to_owned()));
        let result = done.await.unwrap_or_else(gone);
        if !matches!(result, Ok(_) | Err(Trouble::Refused { .. })) {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        result.map_err(|trouble| {
            let doing_here = format!("{doing} in {}", self.place);
            match trouble {
                Trouble::Again(reason) => Failure::transient("store", doing_here, reason),
                Trouble::Database {
                    class,
                    reason,
                    remedy,
                } => Failure::new(class, "store", doing_here, reason).remedy(remedy),
                Trouble::Refused { reason, remedy } => {
                    Failure::rejected("store", doing, reason).remedy(remedy)
                }
            }
        })
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn submit(
        &self,
        role: &str,
        declarations: Vec<Declaration>,
    ) -> Result<Vec<Submitted>, Failure> {
        let role = role.to_owned();
        #[cfg(feature = "sabotage")]
        if crate::sabotage::Bug::Submit.is_wanted() && crate::sabotage::is_one_of_two(&declarations)
        {
            return self.submit_early(role, declarations).await;
        }
        let submission = submit::Submission { role, declarations };
        self.with_others("take declarations", &self.submissions, submission)
            .await
    }

    async fn submit_once(
        &self,
        key: &str,
        role: &str,
        declarations: Vec<Declaration>,
    ) -> Result<Vec<Submitted>, Failure> {
        let (key, role, waits) = (key.to_owned(), role.to_owned(), Arc::clone(&self.waits));
        self.run("take declarations", move |t| {
            once::submit_once(t, &key, &role, &declarations, &waits)
        })
        .await
    }

    async fn replace(
        &self,
        text: &str,
        role: &str,
        declaration: Declaration,
    ) -> Result<Submitted, Failure> {
        let (text, role, by) = (text.to_owned(), role.to_owned(), self.user.clone());
        let waits = Arc::clone(&self.waits);
        self.run("replace a declaration", move |t| {
            replace::replace(t, &text, &role, &declaration, &waits, &by)
        })
        .await
    }

    async fn waiting(&self, most: usize) -> Result<Vec<Waiting>, Failure> {
        self.run("see what waits", move |t| assemble::waiting(t, most))
            .await
    }

    async fn claim(
        &self,
        owner: &Owner,
        message: &str,
        most: usize,
    ) -> Result<Option<Claim<Claimed>>, Failure> {
        let asked = Moment::now();
        let (by, message) = (owner.clone(), message.to_owned());
        let granted = self
            .run("claim declarations", move |t| {
                assemble::claim(t, &by, &message, most)
            })
            .await?;
        Ok(granted.map(|(token, work)| claim(owner, asked, token, work)))
    }

    async fn carry(
        &self,
        lease: &Lease,
        carrier: Carrier,
        declarations: Vec<String>,
    ) -> Result<Fence, Failure> {
        let carry = assemble::Carry {
            token: lease.token(),
            carrier,
            declarations,
        };
        self.with_others("keep a signed message", &self.carries, carry)
            .await
    }

    async fn give_up(
        &self,
        lease: &Lease,
        declarations: Vec<String>,
        error: &str,
    ) -> Result<(), Failure> {
        let (token, error) = (lease.token(), error.to_owned());
        self.run("make dead letters", move |t| {
            assemble::give_up(t, token, &declarations, &error)
        })
        .await
    }

    async fn due(
        &self,
        owner: &Owner,
        transport: &str,
        most: usize,
    ) -> Result<Option<Claim<Carrier>>, Failure> {
        let asked = Moment::now();
        let (by, transport) = (owner.clone(), transport.to_owned());
        let granted = self
            .run("see what is to be sent", move |t| {
                send::due(t, &by, &transport, most)
            })
            .await?;
        Ok(granted.map(|(token, work)| claim(owner, asked, token, work)))
    }

    async fn tried(&self, lease: &Lease, cop_msg_id: &str, tried: Tried) -> Result<Fence, Failure> {
        let tried = send::Try {
            token: lease.token(),
            cop_msg_id: cop_msg_id.to_owned(),
            tried,
        };
        self.with_others("note a try to send", &self.tries, tried)
            .await
    }

    async fn reroute(&self, messages: &[&str], from: &str, to: &str) -> Result<usize, Failure> {
        let messages: Vec<String> = messages.iter().map(|m| (*m).to_owned()).collect();
        let (from, to) = (from.to_owned(), to.to_owned());
        self.run("send another way", move |t| {
            send::reroute(t, &messages, &from, &to)
        })
        .await
    }

    async fn renew(&self, lease: &Lease) -> Result<Fence, Failure> {
        let asked = Moment::now();
        let (token, term) = (lease.token(), lease.term());
        let term = i64::try_from(term.as_millis()).unwrap_or(i64::MAX);
        let fence = self
            .run("renew a lease", move |t| leases::renew(t, token, term))
            .await?;
        if fence == Fence::Held {
            lease.renewed(asked);
        }
        Ok(fence)
    }

    async fn release(&self, lease: &Lease) -> Result<(), Failure> {
        let token = lease.token();
        self.run("release a lease", move |t| leases::release(t, token))
            .await
    }

    async fn take_over(&self, owner: &Owner) -> Result<(), Failure> {
        let name = owner.name.clone();
        self.run("end the leases of a former life", move |t| {
            leases::take_over(t, &name)
        })
        .await
    }

    async fn receive(&self, inbound: Inbound) -> Result<Vec<Notice>, Failure> {
        self.with_others("keep what came in", &self.deliveries, inbound)
            .await
    }

    async fn unheard(&self, digest: &str, guid: &str) -> Result<(), Failure> {
        let (digest, guid) = (digest.to_owned(), guid.to_owned());
        self.run("keep what a role did not hear", move |t| {
            unheard::unheard(t, &digest, &guid)
        })
        .await
    }

    async fn heard(&self, digest: &str, guid: &str) -> Result<(), Failure> {
        let (digest, guid) = (digest.to_owned(), guid.to_owned());
        self.run("note that a role has heard", move |t| {
            unheard::heard(t, &digest, &guid)
        })
        .await
    }

    async fn to_tell(&self, most: usize) -> Result<Vec<Notice>, Failure> {
        self.look("see what roles did not hear", move |t| {
            unheard::to_tell(t, most)
        })
        .await
    }

    async fn decide(&self, text: &str, decision: Decision) -> Result<(String, State), Failure> {
        let (text, by) = (text.to_owned(), self.user.clone());
        let doing = match decision {
            Decision::Retry => "retry a declaration",
            Decision::Void => "void a declaration",
        };
        self.run(doing, move |t| decide::decide(t, &text, decision, &by))
            .await
    }

    async fn find(&self, text: &str) -> Result<Option<Details>, Failure> {
        let text = text.to_owned();
        self.look("find a declaration", move |t| look::find(t, &text))
            .await
    }

    async fn list(&self, filter: Filter) -> Result<Vec<Summary>, Failure> {
        self.look("list declarations", move |t| look::list(t, &filter))
            .await
    }

    async fn counts(&self) -> Result<Vec<(String, State, u64)>, Failure> {
        self.look("count declarations", look::counts).await
    }

    async fn replaced(&self) -> Result<Vec<(String, State, u64)>, Failure> {
        self.look("count what was replaced", look::replaced).await
    }

    async fn symptoms(&self, alerts: &Alerts) -> Result<Vec<Symptom>, Failure> {
        let alerts = alerts.clone();
        self.look("see what is stuck", move |t| symptoms::symptoms(t, &alerts))
            .await
    }

    async fn oldest_open(&self) -> Result<Option<i64>, Failure> {
        self.look("find the oldest", look::oldest_open).await
    }

    fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    async fn clock(&self) -> Result<i64, Failure> {
        self.run("ask for the time", |t| Ok(t.now())).await
    }

    async fn unmatched(&self, most: usize) -> Result<Unmatched, Failure> {
        self.look("see what matched nothing", move |t| {
            look::unmatched(t, most)
        })
        .await
    }

    async fn came_in(&self, digest: &str) -> Result<Option<(Kept, Vec<u8>)>, Failure> {
        let digest = digest.to_owned();
        self.look("find what came in", move |t| look::came_in(t, &digest))
            .await
    }

    async fn evidence(&self, text: &str, anchors: &[Anchor]) -> Result<Option<Grounds>, Failure> {
        let (text, anchors, by) = (text.to_owned(), anchors.to_vec(), self.user.clone());
        self.run("collect evidence", move |t| {
            evidence::evidence(t, &text, &anchors, &by)
        })
        .await
    }

    async fn disclosed(&self, what: &str, how: &str) -> Result<(), Failure> {
        let (what, how, by) = (what.to_owned(), how.to_owned(), self.user.clone());
        self.run("log what is shown", move |t| {
            audit::disclosed(t, &what, &how, &by)
        })
        .await
    }

    async fn purgeable(&self, purge: &Purge) -> Result<Purged, Failure> {
        let before = purge.before;
        self.look("see what is to be purged", move |t| {
            purge::purgeable(t, before)
        })
        .await
    }

    async fn purge(&self, purge: &Purge) -> Result<Purged, Failure> {
        let (purge, by) = (purge.clone(), self.user.clone());
        self.run("purge personal data", move |t| purge::purge(t, &purge, &by))
            .await
    }

    async fn strands(&self) -> Result<Vec<Anchor>, Failure> {
        self.look("see the audit log's ends", audit::strands).await
    }

    async fn entries(&self, strand: i64, after: i64, most: usize) -> Result<Vec<Entry>, Failure> {
        self.look("read the audit log", move |t| {
            audit::entries(t, strand, after, most)
        })
        .await
    }
}

fn claim<T>(owner: &Owner, asked: Moment, token: i64, work: Vec<T>) -> Claim<T> {
    Claim {
        lease: Lease::new(token, owner.term, asked),
        work,
    }
}
