//! Signers in this process that are wrong. What a plugin's process may do besides, the stress plugin
//! does.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tongguan_conformance::signer::{Effort, Hand, Stand, conformance};
use tongguan_contracts::{Algorithm, Failure, Identity, Signer};
use tongguan_crypto::{PrivateKey, Scheme, TestSubject, provider};

/// What it does otherwise than the contract says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Well,
    /// Has the certificate of another key.
    OtherKey,
    /// Gives DER, as many SDKs do.
    Der,
    /// Signs nothing that is longer than 64 KiB.
    Short,
    /// Signs with every algorithm that it is asked for.
    Obliging,
    /// Is confused by two calls at once.
    Confused,
    /// Is tired after a pause.
    Tired,
    /// Holds on to what it is given.
    Leaks,
    /// Is started again in between.
    Restarts,
    /// Is somebody else the next time.
    Changes,
    /// Rejects what it cannot sign without its device.
    Rejects,
    /// Does not find its device again.
    StaysAway,
    /// Tries a wrong PIN again and again.
    TriesAgain,
}

struct Tried {
    how: How,
    key: Arc<dyn PrivateKey>,
    identity: Identity,
    calls: AtomicUsize,
    last: std::sync::Mutex<std::time::Instant>,
    away: Arc<AtomicBool>,
}

fn gone() -> Failure {
    let class = tongguan_contracts::FailureClass::DeviceGone;
    Failure::new(class, "tried", "sign", "it is pulled out")
}

impl Signer for Tried {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn algorithms(&self) -> &[Algorithm] {
        &[Algorithm::Sm2Sm3]
    }

    fn concurrency(&self) -> NonZeroUsize {
        NonZeroUsize::new(2).unwrap()
    }

    fn sign(&self, algorithm: Algorithm, text: &[u8]) -> Result<Vec<u8>, Failure> {
        if self.how != How::Obliging {
            algorithm.must_be(Algorithm::Sm2Sm3, "tried")?;
        }
        if self.away.load(Ordering::SeqCst) {
            return Err(match self.how {
                How::Rejects => Failure::rejected("tried", "sign", "it is pulled out"),
                _ => gone(),
            });
        }
        let idle = {
            let mut last = self.last.lock().unwrap();
            std::mem::replace(&mut *last, std::time::Instant::now()).elapsed()
        };
        let before = self.calls.fetch_add(1, Ordering::SeqCst);
        if self.how == How::Confused {
            std::thread::sleep(Duration::from_millis(1));
        }
        let value = self.key.sign(text).unwrap();
        let during = self.calls.fetch_sub(1, Ordering::SeqCst);
        match self.how {
            How::Der => Ok(tongguan_crypto::raw_to_der(&value).unwrap()),
            How::Short if text.len() > 65_536 => {
                Err(Failure::rejected("tried", "sign", "the text is too long"))
            }
            How::Confused if before > 0 || during > 1 => Ok(vec![0; 64]),
            How::Tired if idle > Duration::from_millis(150) => {
                Err(Failure::transient("tried", "sign", "the session ran out"))
            }
            _ => Ok(value),
        }
    }
}

struct OnStand {
    how: How,
    away: Arc<AtomicBool>,
    looked: AtomicUsize,
    issued: tongguan_crypto::Issued,
}

fn issue() -> tongguan_crypto::Issued {
    let subject = TestSubject {
        common_name: "tried".into(),
        days: 1,
        from_days: 0,
    };
    let issued = provider().issue_for_tests(Scheme::Sm2Sm3, &subject, None, None);
    issued.unwrap()
}

impl OnStand {
    fn new(how: How) -> Self {
        Self {
            how,
            away: Arc::default(),
            looked: AtomicUsize::new(0),
            issued: issue(),
        }
    }
}

impl Stand for OnStand {
    fn build(&self) -> Result<Arc<dyn Signer>, Failure> {
        let other = matches!(self.how, How::OtherKey | How::Changes).then(issue);
        let (key, certificate) = match (&other, self.how) {
            (Some(other), How::OtherKey) => (&self.issued.key_pem, &other.certificate_pem),
            (Some(other), _) => (&other.key_pem, &other.certificate_pem),
            (None, _) => (&self.issued.key_pem, &self.issued.certificate_pem),
        };
        let certificate = provider().certificate(certificate).unwrap();
        Ok(Arc::new(Tried {
            how: self.how,
            key: provider().key_file(key, None).unwrap().key,
            identity: Identity {
                key_name: certificate.serial,
                certificate: certificate.der,
            },
            calls: AtomicUsize::new(0),
            last: std::sync::Mutex::new(std::time::Instant::now()),
            away: Arc::clone(&self.away),
        }))
    }

    fn build_misspelt(&self) -> Option<Result<Arc<dyn Signer>, Failure>> {
        Some(Err(Failure::misconfigured("tried", "read", "unknown")))
    }

    fn build_with_wrong_pin(&self) -> Option<Result<Arc<dyn Signer>, Failure>> {
        let why = match self.how {
            How::TriesAgain => "the PIN is wrong",
            _ => "the PIN is wrong, and is not tried again",
        };
        Some(Err(Failure::misconfigured("tried", "log in", why)))
    }

    fn hand(&self) -> Option<&dyn Hand> {
        Some(self)
    }

    fn held_kib(&self) -> Option<u64> {
        let looked = self.looked.fetch_add(1, Ordering::SeqCst) as u64;
        Some(match self.how {
            How::Leaks => 10_000 * (looked + 1),
            _ => 10_000,
        })
    }

    fn restarts(&self) -> Option<(u64, String)> {
        Some((u64::from(self.how == How::Restarts), "it ended".to_owned()))
    }
}

impl Hand for OnStand {
    fn pull_out(&self) {
        self.away.store(true, Ordering::SeqCst);
    }

    fn put_back(&self) {
        let away = self.how == How::StaysAway;
        self.away.store(away, Ordering::SeqCst);
    }
}

fn failed(how: How) -> Vec<&'static str> {
    let effort = Effort {
        rounds: NonZeroU32::MIN,
        idle: Duration::from_millis(200),
        patience: Duration::from_millis(300),
    };
    let report = conformance("signer \"tried\"", "on purpose", &OnStand::new(how), effort);
    println!("{report}");
    report.failed()
}

#[test]
fn a_right_one_passes() {
    assert_eq!(failed(How::Well), [] as [&str; 0]);
}

#[test]
fn a_wrong_one_fails_what_it_breaks() {
    let all = [
        (How::OtherKey, "signer.key"),
        (How::Der, "signer.form"),
        (How::Short, "signer.texts"),
        (How::Obliging, "signer.other-algorithm"),
        (How::Confused, "signer.at-once"),
        (How::Tired, "signer.idle"),
        (How::Leaks, "signer.leaks"),
        (How::Restarts, "signer.lives"),
        (How::Changes, "signer.again"),
        (How::Rejects, "signer.unplugged"),
        (How::StaysAway, "signer.unplugged"),
        (How::TriesAgain, "signer.wrong-pin"),
    ];
    // Most of it is waiting.
    std::thread::scope(|scope| {
        for (how, id) in all {
            scope.spawn(move || {
                let failed = failed(how);
                assert!(failed.contains(&id), "{how:?}: {failed:?}");
            });
        }
    });
}
