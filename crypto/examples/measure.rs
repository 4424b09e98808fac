//! How fast each library behind the seam is, on one thread, taking turns:
//! `cargo run --release -p tongguan-crypto --all-features --example measure`
#![allow(clippy::print_stdout, reason = "it prints its figures")]

use std::error::Error;
use std::time::{Duration, Instant};

use tongguan_crypto::{Hash, Scheme, TestSubject, provider, providers};

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(400);

fn main() -> Result<(), Box<dyn Error>> {
    let text = vec![b'x'; 700];
    let block = vec![b'x'; 1 << 20];
    for scheme in [Scheme::RsaSha1, Scheme::Sm2Sm3] {
        let subject = TestSubject {
            common_name: "measure".into(),
            days: 1,
            from_days: 0,
        };
        let issued = provider().issue_for_tests(scheme, &subject, None, None)?;
        let mut figures: Vec<(String, Vec<f64>)> = Vec::new();
        for _ in 0..ROUNDS {
            for library in providers() {
                let key = library.key_file(&issued.key_pem, None)?.key;
                let certificate = library.certificate(&issued.certificate_pem)?;
                let value = key.sign(&text)?;
                let name = library.name();
                note(&mut figures, format!("{scheme} sign   {name}"), || {
                    key.sign(&text).map(|_| ())
                })?;
                note(&mut figures, format!("{scheme} verify {name}"), || {
                    certificate.key.verify(&text, &value)
                })?;
            }
        }
        print(figures, "/s");
    }
    let mut figures: Vec<(String, Vec<f64>)> = Vec::new();
    for _ in 0..ROUNDS {
        for library in providers() {
            for hash in [Hash::Sha1, Hash::Sm3] {
                note(&mut figures, format!("{hash:?} {}", library.name()), || {
                    let mut digest = library.digest(hash);
                    digest.update(&block);
                    std::hint::black_box(digest.finish());
                    Ok::<(), Box<dyn Error>>(())
                })?;
            }
        }
    }
    print(figures, " MiB/s");
    Ok(())
}

fn note<E>(
    figures: &mut Vec<(String, Vec<f64>)>,
    name: String,
    mut run: impl FnMut() -> Result<(), E>,
) -> Result<(), E> {
    let begun = Instant::now();
    let mut times = 0_u32;
    while begun.elapsed() < ROUND {
        run()?;
        times += 1;
    }
    let rate = f64::from(times) / begun.elapsed().as_secs_f64();
    match figures.iter_mut().find(|(known, _)| *known == name) {
        Some((_, rates)) => rates.push(rate),
        None => figures.push((name, vec![rate])),
    }
    Ok(())
}

fn print(figures: Vec<(String, Vec<f64>)>, unit: &str) {
    for (name, mut rates) in figures {
        rates.sort_by(f64::total_cmp);
        println!("{name:28} {:9.0}{unit}", rates[rates.len() / 2]);
    }
}
