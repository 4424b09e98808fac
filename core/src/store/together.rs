//! Calls of one rule that wait at the same time run as one: a database does a thing to thirty rows
//! for less than thirty times to one, and a transaction has its price.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

use super::kept::{Job, Queue};
use super::sql::{Sql, Trouble};

/// So many declarations are touched in one transaction, unless one call touches more.
const MOST: usize = 100;

/// What a rule does to each of some items; a result for each, in order.
type Rule<I, O> = dyn Fn(&mut dyn Sql, &[I]) -> Result<Vec<O>, Trouble> + Send + Sync;

/// A rule, and the calls of it that wait for a connection.
pub(super) struct Together<I, O> {
    rule: Box<Rule<I, O>>,
    /// What a call touches: of two that touch the same, the later one waits for its own round.
    /// Nothing, where it is to have a round for itself.
    touches: fn(&I) -> Option<Vec<String>>,
    waiting: Mutex<VecDeque<Call<I, O>>>,
}

struct Call<I, O> {
    item: I,
    answer: oneshot::Sender<Result<O, Trouble>>,
}

impl<I: Send + 'static, O: Send + 'static> Together<I, O> {
    pub(super) fn new(
        rule: impl Fn(&mut dyn Sql, &[I]) -> Result<Vec<O>, Trouble> + Send + Sync + 'static,
        touches: fn(&I) -> Option<Vec<String>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            rule: Box::new(rule),
            touches,
            waiting: Mutex::default(),
        })
    }

    /// The receiver of a call's result; it fails where the store's threads have ended.
    pub(super) fn call(
        self: &Arc<Self>,
        queue: &Queue,
        item: I,
    ) -> oneshot::Receiver<Result<O, Trouble>> {
        let (answer, done) = oneshot::channel();
        let mut waiting = self.waiting();
        // Where others wait, a round that takes this one too is in the queue.
        let is_first = waiting.is_empty();
        waiting.push_back(Call { item, answer });
        drop(waiting);
        if is_first {
            self.post(queue);
        }
        done
    }

    fn post(self: &Arc<Self>, queue: &Queue) {
        let round = Round {
            together: Arc::clone(self),
            queue: queue.clone(),
            taken: false,
            items: Vec::new(),
            answers: Vec::new(),
            results: Vec::new(),
        };
        // A round that cannot be posted is dropped, and that tells those who wait.
        let _ = queue.send(Box::new(round));
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Call<I, O>>> {
        // The calls are whole between any two lines.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Some calls, run in one transaction.
struct Round<I: Send + 'static, O: Send + 'static> {
    together: Arc<Together<I, O>>,
    queue: Queue,
    taken: bool,
    items: Vec<I>,
    answers: Vec<oneshot::Sender<Result<O, Trouble>>>,
    results: Vec<O>,
}

impl<I: Send + 'static, O: Send + 'static> Round<I, O> {
    /// Takes the calls that wait by now, as far as they go together.
    fn take(&mut self) {
        self.taken = true;
        let mut waiting = self.together.waiting();
        let mut left = VecDeque::new();
        let mut touched = HashSet::new();
        while let Some(next) = waiting.pop_front() {
            let touches = (self.together.touches)(&next.item);
            let alone = touches.is_none();
            let touches = touches.unwrap_or_default();
            let is_first = self.items.is_empty() && left.is_empty();
            if !is_first && (alone || touched.len() + touches.len() > MOST) {
                left.push_back(next);
                break;
            }
            let is_free = touches.iter().all(|one| !touched.contains(one));
            // What is left holds back what touches the same and came later.
            touched.extend(touches);
            if is_free {
                self.items.push(next.item);
                self.answers.push(next.answer);
            } else {
                left.push_back(next);
            }
            if alone {
                break;
            }
        }
        left.append(&mut waiting);
        *waiting = left;
        let more = !waiting.is_empty();
        drop(waiting);
        if more {
            self.together.post(&self.queue);
        }
    }

    /// One of them may have been the cause: each fails, or not, by itself.
    fn apart(&mut self, answers: Vec<oneshot::Sender<Result<O, Trouble>>>) {
        for (item, answer) in self.items.drain(..).zip(answers) {
            let _ = self.queue.send(Box::new(Self {
                together: Arc::clone(&self.together),
                queue: self.queue.clone(),
                taken: true,
                items: vec![item],
                answers: vec![answer],
                results: Vec::new(),
            }));
        }
    }
}

impl<I: Send + 'static, O: Send + 'static> Job for Round<I, O> {
    fn run(&mut self, t: &mut dyn Sql) -> Result<(), Trouble> {
        if !self.taken {
            self.take();
        }
        self.results = (self.together.rule)(t, &self.items)?;
        Ok(())
    }

    fn tell(mut self: Box<Self>, outcome: Result<(), Trouble>) {
        let answers = std::mem::take(&mut self.answers);
        match outcome {
            Ok(()) => {
                for (answer, result) in answers.into_iter().zip(self.results.drain(..)) {
                    // Nobody waits any more: the work is done all the same.
                    let _ = answer.send(Ok(result));
                }
            }
            Err(_) if answers.len() > 1 => self.apart(answers),
            Err(trouble) => {
                let _ = answers.into_iter().next().map(|one| one.send(Err(trouble)));
            }
        }
    }
}

impl<I: Send + 'static, O: Send + 'static> Drop for Round<I, O> {
    fn drop(&mut self) {
        if !self.taken {
            // The store's threads have ended: nobody comes for those who wait.
            self.together.waiting().clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sql::{Row, Value};
    use std::sync::mpsc::{Receiver, channel};

    /// A database of which the rules of these tests ask nothing.
    struct Nothing;

    impl Sql for Nothing {
        fn now(&self) -> i64 {
            0
        }
        fn each(&mut self, _: &'static str, _: &[Vec<Value>]) -> Result<Vec<Vec<Row>>, Trouble> {
            Ok(Vec::new())
        }
        fn lock_keys(&mut self, _: &[String]) -> Result<(), Trouble> {
            Ok(())
        }
    }

    /// Each is told who was in its round; nobody, where one of them is "bad".
    fn rule(_: &mut dyn Sql, items: &[&str]) -> Result<Vec<String>, Trouble> {
        match items.contains(&"bad") {
            true => Err(Trouble::Again("bad".to_owned())),
            false => Ok(vec![items.concat(); items.len()]),
        }
    }

    /// Touches what its first letter says; an exclamation mark is alone.
    fn touches(item: &&'static str) -> Option<Vec<String>> {
        (*item != "!").then(|| item.chars().take(1).map(String::from).collect())
    }

    fn told(items: &[&'static str]) -> Vec<Result<String, String>> {
        let together = Together::new(rule, touches);
        let (queue, jobs): (_, Receiver<Box<dyn Job>>) = channel();
        let calls: Vec<_> = items.iter().map(|i| together.call(&queue, *i)).collect();
        while let Ok(mut job) = jobs.try_recv() {
            let outcome = job.run(&mut Nothing);
            job.tell(outcome);
        }
        let hear = |call: oneshot::Receiver<Result<String, Trouble>>| {
            let answer = call.blocking_recv().expect("it is told");
            answer.map_err(|trouble| format!("{trouble:?}"))
        };
        calls.into_iter().map(hear).collect()
    }

    fn well(rounds: &[&str]) -> Vec<Result<String, String>> {
        rounds.iter().map(|r| Ok((*r).to_owned())).collect()
    }

    #[test]
    fn those_that_wait_share_a_round_where_they_can() {
        assert_eq!(told(&["a", "b", "c"]), well(&["abc", "abc", "abc"]));
        let told_apart = told(&["a1", "b", "a2", "a3", "c"]);
        assert_eq!(told_apart, well(&["a1bc", "a1bc", "a2", "a3", "a1bc"]));
        // What is alone overtakes nobody, and nobody overtakes it.
        assert_eq!(told(&["a", "!", "b"]), well(&["a", "!", "b"]));
        assert_eq!(told(&["!", "a", "b"]), well(&["!", "ab", "ab"]));
    }

    #[test]
    fn one_that_fails_fails_alone() {
        let mut told = told(&["a", "bad", "c"]);
        assert!(told.remove(1).is_err());
        assert_eq!(told, well(&["a", "c"]));
    }

    #[test]
    fn who_waits_for_a_store_that_has_ended_is_told() {
        let together = Together::new(rule, touches);
        let (queue, jobs) = channel();
        let before = together.call(&queue, "a");
        drop(jobs);
        assert!(before.blocking_recv().is_err());
        assert!(together.call(&queue, "b").blocking_recv().is_err());
    }

    #[test]
    fn a_round_is_no_larger_than_its_bound() {
        let many: Vec<&'static str> = (0..2 * MOST)
            .map(|n| {
                &*Box::leak(
                    char::from_u32(n as u32 + 0x4e00)
                        .map_or_else(String::new, String::from)
                        .into_boxed_str(),
                )
            })
            .collect();
        let sizes: Vec<usize> = told(&many)
            .into_iter()
            .map(|round| round.map_or(0, |round| round.chars().count()))
            .collect();
        assert_eq!(sizes, vec![MOST; 2 * MOST]);
    }
}
