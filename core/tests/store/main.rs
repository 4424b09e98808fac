//! What every store must do: one suite over `dyn Store`, passed by each of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod audit;
mod contract;
mod decisions;
mod leases;
mod opening;
#[cfg(feature = "postgres")]
mod postgres;
mod precedence;
#[cfg(feature = "postgres")]
#[path = "../../../tests/faults/proxy.rs"]
#[expect(dead_code, reason = "only some of what a network does is used here")]
mod proxy;
mod purge;
mod receipts;
mod repeats;
mod replacing;
mod symptoms;
mod things;
mod together;
mod versions;

use std::sync::Arc;
#[cfg(feature = "postgres")]
use tongguan_contracts::SecretRef;
use tongguan_core::Waits;
use tongguan_core::store::{SqlStore, Store};

/// A database of a test's own. Every opening is a node.
pub trait Place: Send + Sync {
    /// One more node on it.
    fn open(&self) -> Arc<dyn Store> {
        self.open_with(Waits::default())
    }

    /// One more, whose declarations wait as that says.
    fn open_with(&self, waits: Waits) -> Arc<dyn Store>;

    /// Does to it what no program of ours does.
    fn tamper(&self, sql: &str);
}

struct SqliteFile(tempfile::TempDir);

impl Place for SqliteFile {
    fn open_with(&self, waits: Waits) -> Arc<dyn Store> {
        let store = SqlStore::sqlite(&self.0.path().join("t.db")).unwrap();
        Arc::new(store.waiting_by(waits))
    }

    fn tamper(&self, sql: &str) {
        let db = rusqlite::Connection::open(self.0.path().join("t.db")).unwrap();
        db.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
        db.execute_batch(sql).unwrap();
    }
}

/// A PostgreSQL database of a test's own.
#[cfg(feature = "postgres")]
struct Database {
    url: String,
    password: tempfile::NamedTempFile,
}

#[cfg(feature = "postgres")]
impl Database {
    /// An empty one, where there is a server.
    fn new(name: &str) -> Option<Self> {
        let Ok(server) = std::env::var("TONGGUAN_TEST_POSTGRES") else {
            assert!(
                std::env::var_os("TONGGUAN_REQUIRE_PARTS").is_none(),
                "TONGGUAN_TEST_POSTGRES is not set"
            );
            println!("skipped: no PostgreSQL (run tests/run, or set TONGGUAN_TEST_POSTGRES)");
            return None;
        };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/postgres");
        let made = std::process::Command::new(script)
            .args(["database", name])
            .status();
        assert!(made.unwrap().success(), "{script} database {name}");
        let password = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&password, "tongguan\n").unwrap();
        Some(Self {
            url: format!("{server}/{name}"),
            password,
        })
    }

    fn options(&self) -> tongguan_core::store::Postgres {
        let password = SecretRef::File(self.password.path().to_owned());
        let base = std::path::Path::new("/");
        tongguan_core::store::Postgres::new(&self.url, Some(&password), None, None, base).unwrap()
    }
}

#[cfg(feature = "postgres")]
impl Place for Database {
    fn open_with(&self, waits: Waits) -> Arc<dyn Store> {
        let store = SqlStore::postgres(self.options()).unwrap();
        Arc::new(store.waiting_by(waits))
    }

    fn tamper(&self, sql: &str) {
        postgres::psql(self, sql);
    }
}

/// Every test of the suite, for every store.
macro_rules! suite {
    ($($file:ident :: $test:ident,)*) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $test() {
                    let place = super::SqliteFile(tempfile::tempdir().unwrap());
                    super::$file::$test(&place).await;
                }
            )*
        }

        #[cfg(feature = "postgres")]
        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $test() {
                    if let Some(place) = super::Database::new(stringify!($test)) {
                        super::$file::$test(&place).await;
                    }
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
    receipts::a_late_decision_still_decides,
    receipts::at_once_from_several_nodes,
    receipts::before_our_own_confirm,
    receipts::already_declared_answers_a_repeat_only,
    receipts::about_nothing_here_are_kept_and_shown,
    receipts::a_refused_envelope_refuses_all_in_it,
    receipts::what_a_role_did_not_hear_is_kept_until_it_has,
    receipts::notices_find_their_declaration_by_the_number_that_customs_gave,
    receipts::notices_and_numbers_at_once,
    together::each_is_told_its_own,
    together::one_that_fails_fails_alone,
    together::receipts_of_one_declaration_stay_apart,
    decisions::a_dead_letter_waits_for_a_person,
    decisions::unsigned_dead_letters_go_back_to_the_queue,
    decisions::void_only_before_anything_left,
    decisions::void_takes_a_declaration_out_of_its_message,
    decisions::void_fences_who_is_signing,
    decisions::rejected_is_never_retried,
    decisions::sent_without_an_answer_may_be_repeated,
    repeats::a_key_is_for_one_document,
    repeats::the_same_key_at_once_is_one_submission,
    repeats::a_purge_leaves_no_fingerprint_under_a_key,
    replacing::what_ended_badly_is_replaced_once,
    replacing::what_may_still_count_is_not_replaced,
    replacing::at_once_from_several_nodes_one_takes_the_place,
    precedence::an_inventory_waits_for_all_three,
    precedence::without_the_manifests_word_nothing_waits,
    precedence::a_change_waits_for_what_it_changes,
    precedence::a_person_lets_it_go_or_voids_it,
    precedence::none_is_forgotten_that_is_submitted_meanwhile,
    audit::every_event_has_an_entry,
    audit::at_once_from_several_nodes_it_holds,
    audit::no_change_of_it_is_unseen,
    purge::what_is_over_goes_and_the_log_holds,
    purge::what_is_not_over_stays,
    purge::several_nodes_purge_at_once,
    symptoms::what_is_stuck_is_told_in_every_state,
    symptoms::dead_letters_and_strays_are_told_at_once,
    symptoms::a_node_that_ended_is_told_until_another_takes_over,
    symptoms::clocks_that_disagree_are_told,
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
