//! A signer that is built in, served as a plugin is: for a client on another machine.

use std::fs::File;
use std::process::ExitCode;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tongguan_contracts::{Algorithm, FailureClass, PartOptions, Signer, SignerBuilder};
use tongguan_plugin_abi as abi;

use super::instance::refused;
use super::serve::tell;
use crate::told::{Info, Kind, Launch, Told};
use crate::wire::{Field, Frame, Verb};

/// Opens the signer, and signs what is asked for until the client ends.
pub(super) fn serve(
    build: SignerBuilder,
    launch: &Launch,
    opening: u64,
    input: &mut File,
) -> ExitCode {
    let say = |mut frame: Frame, id| {
        frame.id = id;
        tell(&frame);
    };
    if launch.kind != Kind::Signer {
        let why = format!("a signer is served here, and no {}", launch.kind.name());
        say(
            refused(&Told::misconfigured(why, "put it under [signers.NAME]")),
            opening,
        );
        return ExitCode::FAILURE;
    }
    let built = build(PartOptions {
        part: launch.part.clone(),
        options: launch.config.clone(),
        base: launch.base.clone(),
    });
    let signer = match built {
        Ok(signer) => signer,
        Err(failure) => {
            say(refused(&Told::of(&failure)), opening);
            return ExitCode::FAILURE;
        }
    };
    let info = info(launch, signer.as_ref());
    tell(&Frame::new(Verb::Loaded).json(Field::Info, &info));
    let identity = signer.identity();
    let opened = Frame::new(Verb::Answer)
        .with(Field::Certificate, identity.certificate.clone())
        .with(Field::KeyName, identity.key_name.clone())
        .json(Field::Info, &info);
    say(opened, opening);
    let (send, queue) = channel::<Frame>();
    let queue = Arc::new(Mutex::new(queue));
    let workers: Vec<_> = (0..signer.concurrency().get().min(64))
        .map(|_| {
            let (signer, queue) = (Arc::clone(&signer), Arc::clone(&queue));
            thread::spawn(move || {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(frame) = next else {
                        return;
                    };
                    let mut answer = signed(signer.as_ref(), &frame);
                    answer.id = frame.id;
                    tell(&answer);
                }
            })
        })
        .collect();
    while let Ok(Some(frame)) = Frame::read(input) {
        if send.send(frame).is_err() {
            break;
        }
    }
    drop(send);
    for worker in workers {
        let _ = worker.join();
    }
    ExitCode::SUCCESS
}

fn signed(signer: &dyn Signer, frame: &Frame) -> Frame {
    let algorithm = match (frame.verb, frame.value(Field::Algorithm)) {
        (Verb::Sign, abi::RSA_SHA1) => Algorithm::RsaSha1,
        (Verb::Sign, abi::SM2_SM3) => Algorithm::Sm2Sm3,
        _ => {
            let why = "no such call is there for a signer";
            return refused(&Told::new(FailureClass::Rejected, why, ""));
        }
    };
    match signer.sign(algorithm, frame.get(Field::Text).unwrap_or_default()) {
        Ok(value) => Frame::new(Verb::Answer).with(Field::Signature, value),
        Err(failure) => refused(&Told::of(&failure)),
    }
}

/// What it says of itself, as a plugin does.
fn info(launch: &Launch, signer: &dyn Signer) -> Info {
    let can = |algorithm| signer.algorithms().contains(&algorithm);
    Info {
        kind: Kind::Signer,
        name: launch.built_in.clone().unwrap_or_default(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        vendor: "built into Tongguan".to_owned(),
        abi: abi::ABI,
        sha256: String::new(),
        rsa_sha1: can(Algorithm::RsaSha1),
        sm2_sm3: can(Algorithm::Sm2Sm3),
        max_concurrency: u32::try_from(signer.concurrency().get()).unwrap_or(u32::MAX),
        thread_affine: false,
        takes_digest: false,
        pin_per_operation: false,
        operations_per_minute: 0,
    }
}
