use std::process::ExitCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, Stdout, copy, split, stdin, stdout};
use tongguan_contracts::FailureClass;

use super::first::first;
use super::tls::{Certificates, connect};
use crate::told::Told;
use crate::wire::{Field, Frame, Verb};

/// Is the process that stands in a remote plugin's place: carries frames between standard input and
/// output and the other machine, until either ends.
pub fn relay(address: &str, certificates: &Certificates) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        return ExitCode::FAILURE;
    };
    runtime.block_on(carry(address, certificates));
    // A thread may still wait for standard input.
    std::process::exit(0);
}

/// Answers in the place of the plugin: it cannot be opened, and why.
async fn refuse(output: &mut Stdout, open: &Frame, told: &Told) {
    let mut answer = Frame::new(Verb::Answer).json(Field::Failure, told);
    answer.id = open.id;
    if let Ok(octets) = answer.encode() {
        // Whoever waited learns it, or is gone.
        let _ = output.write_all(&octets).await;
        let _ = output.flush().await;
    }
}

fn gone(address: &str, error: &std::io::Error) -> Told {
    let (class, remedy) = match error.kind() {
        std::io::ErrorKind::InvalidInput => (
            FailureClass::Misconfigured,
            "check ca, certificate and key in the manifest",
        ),
        _ => (
            FailureClass::DeviceGone,
            "see that tongguan plugin serve runs there, and that both sides' certificates are of the CA \
             that the other one names",
        ),
    };
    let why = format!("{address} cannot be reached: {error}");
    Told::new(class, why, remedy)
}

async fn carry(address: &str, certificates: &Certificates) {
    let (mut input, mut output) = (stdin(), stdout());
    let Ok(open) = first(&mut input).await else {
        return;
    };
    let stream = match connect(address, certificates).await {
        Ok(stream) => stream,
        Err(error) => return refuse(&mut output, &open, &gone(address, &error)).await,
    };
    let (mut from, mut to) = split(stream);
    let Ok(octets) = open.encode() else {
        return;
    };
    if let Err(error) = to.write_all(&octets).await {
        return refuse(&mut output, &open, &gone(address, &error)).await;
    }
    let back = async {
        // One who does not like our certificate says so only now.
        let mut begin = vec![0; 4096];
        match from.read(&mut begin).await {
            Ok(count) if count > 0 => {
                begin.truncate(count);
                output.write_all(&begin).await?;
                output.flush().await?;
                copy(&mut from, &mut output).await.map(drop)
            }
            ended => {
                let closed = || std::io::Error::other("it closed the connection");
                let error = ended.err().unwrap_or_else(closed);
                refuse(&mut output, &open, &gone(address, &error)).await;
                Ok(())
            }
        }
    };
    tokio::select! {
        _ = copy(&mut input, &mut to) => {}
        _ = back => {}
    }
    // The other side ends its plugin in good order.
    let _ = to.shutdown().await;
}
