use std::fs::File;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use tongguan_contracts::SignerBuilder;

use super::instance::{Instance, refused};
use super::{calls, library, memory, streams};
use crate::told::{Kind, Launch, Told};
use crate::wire::{Field, Frame, PROTOCOL, Verb};

/// How long a plugin may take to log out.
const GOODBYE: Duration = Duration::from_secs(3);

static OUTPUT: OnceLock<Mutex<File>> = OnceLock::new();

/// Says something to the client. Where that is gone, this process ends soon.
pub(super) fn tell(frame: &Frame) {
    if let Some(output) = OUTPUT.get() {
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = frame.write(&mut *output);
    }
}

/// What a worker works off: one queue, or one for receiving and one for the rest.
type Queue = Arc<Mutex<Receiver<Frame>>>;

struct Work {
    instance: Instance,
    memory_mib: u64,
    under_way: AtomicUsize,
    leaving: AtomicBool,
}

/// Is the process of a plugin: reads frames, calls the plugin, answers; until the client ends. What is
/// built into this program is looked for in `built_in`, by its kind.
pub fn serve(built_in: fn(&str) -> Option<SignerBuilder>) -> ExitCode {
    let Ok(streams) = streams::take() else {
        return ExitCode::FAILURE;
    };
    let mut input = streams.input;
    // Nothing else sets it.
    let _ = OUTPUT.set(Mutex::new(streams.output));
    let Ok(Some(first)) = Frame::read(&mut input) else {
        return ExitCode::FAILURE;
    };
    let answer = |mut frame: Frame| {
        frame.id = first.id;
        tell(&frame);
    };
    let Some(launch) = first.parsed::<Launch>(Field::Launch) else {
        answer(refused(&Told::misconfigured("nothing to load", "")));
        return ExitCode::FAILURE;
    };
    if launch.protocol != PROTOCOL {
        answer(refused(&Told::misconfigured(
            format!(
                "the client speaks version {} of the protocol, its host version {PROTOCOL}",
                launch.protocol
            ),
            "use one and the same version of Tongguan on both sides",
        )));
        return ExitCode::FAILURE;
    }
    memory::bound(launch.memory_mib);
    if let Some(kind) = &launch.built_in {
        let Some(build) = built_in(kind) else {
            let why = format!("this program has no signer of kind {kind:?}");
            answer(refused(&Told::misconfigured(why, "")));
            return ExitCode::FAILURE;
        };
        return super::built_in::serve(build, &launch, first.id, &mut input);
    }
    calls::placed(launch.part.clone(), launch.base.clone());
    let library = match library::open(&launch.library, launch.sha256.as_deref()) {
        Ok(library) => library,
        Err(told) => {
            answer(refused(&told));
            return ExitCode::FAILURE;
        }
    };
    let info = library.info.clone();
    if first.verb == Verb::Inspect {
        answer(Frame::new(Verb::Answer).json(Field::Info, &info));
        return ExitCode::SUCCESS;
    }
    if info.kind != launch.kind {
        let (is, wanted) = (info.kind.name(), launch.kind.name());
        answer(refused(&Told::misconfigured(
            format!(
                "the library {} is a {is}, not a {wanted}",
                launch.library.display()
            ),
            &format!("put it under [{is}s.NAME]"),
        )));
        return ExitCode::FAILURE;
    }
    tell(&Frame::new(Verb::Loaded).json(Field::Info, &info));

    // The first worker makes the instance: a plugin may belong to the thread that made it.
    let (send, queue) = channel();
    let (send_receiving, receiving) = channel();
    let (queue, receiving) = (Arc::new(Mutex::new(queue)), Arc::new(Mutex::new(receiving)));
    let (made, was_made) = channel::<Option<Arc<Work>>>();
    let memory_mib = launch.memory_mib;
    let own = Arc::clone(&queue);
    let first_id = first.id;
    let main = thread::spawn(move || {
        let (instance, mut frame) = Instance::create(library, &launch);
        frame.id = first_id;
        let failed = frame.get(Field::Failure).is_some();
        frame = frame.json(Field::Info, &info);
        let Some(instance) = instance else {
            tell(&frame);
            let _ = made.send(None);
            return;
        };
        if failed {
            instance.destroy();
            tell(&frame);
            let _ = made.send(None);
            return;
        }
        let work = Arc::new(Work {
            instance,
            memory_mib,
            under_way: AtomicUsize::new(0),
            leaving: AtomicBool::new(false),
        });
        let _ = made.send(Some(Arc::clone(&work)));
        tell(&frame);
        work.work_off(&own);
        // The others end when the queues do.
        while Arc::strong_count(&work) > 1 {
            thread::sleep(Duration::from_millis(5));
        }
        work.instance.destroy();
    });
    let Ok(Some(work)) = was_made.recv() else {
        let _ = main.join();
        return ExitCode::FAILURE;
    };
    let (concurrency, affine, kind) = work.instance.manners();
    for _ in 1..concurrency {
        let (work, queue) = (Arc::clone(&work), Arc::clone(&queue));
        thread::spawn(move || work.work_off(&queue));
    }
    let apart = kind == Kind::Transport && !affine;
    if apart {
        let work = Arc::clone(&work);
        thread::spawn(move || work.work_off(&receiving));
    }
    drop(work);
    read_all(&mut input, &send, apart.then_some(&send_receiving));
    // The client is gone, or wants an end.
    drop((send, send_receiving));
    thread::spawn(|| {
        thread::sleep(GOODBYE);
        // Not `exit`: what a library does at an exit may hang too.
        std::process::abort();
    });
    let _ = main.join();
    ExitCode::SUCCESS
}

fn read_all(input: &mut File, send: &Sender<Frame>, receiving: Option<&Sender<Frame>>) {
    while let Ok(Some(frame)) = Frame::read(input) {
        let to = match (frame.verb, receiving) {
            (Verb::Receive, Some(receiving)) => receiving,
            _ => send,
        };
        if to.send(frame).is_err() {
            return;
        }
    }
}

impl Work {
    fn work_off(&self, queue: &Queue) {
        loop {
            let next = {
                let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
                queue.recv()
            };
            let Ok(frame) = next else {
                return;
            };
            self.under_way.fetch_add(1, Ordering::SeqCst);
            let mut answer = self.instance.call(&frame);
            answer.id = frame.id;
            tell(&answer);
            let held = memory::held_mib();
            if held > self.memory_mib && !self.leaving.swap(true, Ordering::SeqCst) {
                let why = format!(
                    "it leaks: it holds {held} MiB of memory, {} are allowed",
                    self.memory_mib
                );
                tell(&Frame::new(Verb::Leaving).with(Field::Text, why));
            }
            let others = self.under_way.fetch_sub(1, Ordering::SeqCst) > 1;
            if self.leaving.load(Ordering::SeqCst) && !others {
                // What a library does at an exit may hang.
                thread::spawn(|| {
                    thread::sleep(GOODBYE);
                    std::process::abort();
                });
                self.instance.destroy();
                std::process::exit(0);
            }
        }
    }
}
