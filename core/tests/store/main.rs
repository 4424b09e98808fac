//! What every store must do: one suite over `dyn Store`, passed by each of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod contract;
mod decisions;
mod leases;
mod receipts;
mod things;
mod versions;

use std::sync::Arc;
use tongguan_core::store::{SqlStore, Store};

/// A database of a test's own. Every opening is a node.
pub trait Place: Send + Sync {
    /// One more node on it.
    fn open(&self) -> Arc<dyn Store>;
}

struct SqliteFile(tempfile::TempDir);

impl Place for SqliteFile {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(SqlStore::sqlite(&self.0.path().join("t.db")).unwrap())
    }
}

/// Every test of the suite, for every store.
macro_rules! suite {
    ($($file:ident :: $test:ident,)*) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $test() {
                    let place = super::SqliteFile(tempfile::tempdir().unwrap());
                    super::$file::$test(&place).await;
                }
            )*
        }
    };
}

suite! {
    contract::all_or_none_and_never_twice,
    contract::carried_once_sent_until_taken,
    contract::what_never_left_is_not_of_unknown_outcome,
    contract::what_is_there_stays_there,
    contract::the_same_number_at_once_makes_one_declaration,
    contract::many_submit_at_once,
    leases::claimers_never_get_the_same_declaration,
    leases::senders_never_get_the_same_envelope,
    leases::an_expired_lease_is_taken_over_and_fences_the_first,
    leases::a_senders_death_leaves_an_unknown_outcome,
    leases::a_renewed_lease_lasts,
    leases::what_is_released_is_free_and_untouched,
    leases::a_node_that_starts_ends_its_former_lifes_leases,
    receipts::any_order_and_twice,
    receipts::at_once_from_several_nodes,
    receipts::before_our_own_confirm,
    receipts::already_declared_answers_a_repeat_only,
    receipts::about_nothing_here_are_kept_and_shown,
    receipts::a_refused_envelope_refuses_all_in_it,
    decisions::a_dead_letter_waits_for_a_person,
    decisions::unsigned_dead_letters_go_back_to_the_queue,
    decisions::void_only_before_anything_left,
    decisions::void_takes_a_declaration_out_of_its_message,
    decisions::void_fences_who_is_signing,
    decisions::rejected_is_never_retried,
    decisions::sent_without_an_answer_may_be_repeated,
}

#[test]
fn what_is_no_store_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    let Err(failure) = SqlStore::sqlite(&dir.path().join("none/t.db")) else {
        panic!("opened")
    };
    assert!(failure.to_string().contains("none/t.db"));
    drop(SqlStore::sqlite(&path).unwrap());
    let db = rusqlite::Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let Err(failure) = SqlStore::sqlite(&path) else {
        panic!("opened")
    };
    assert!(failure.to_string().contains("newer tongguan"), "{failure}");
}
