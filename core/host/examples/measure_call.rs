//! What a call of a plugin costs beside the work that the plugin does: checks of a loaded transport,
//! one after the other.
//!
//! ```sh
//! cargo build --release -p tongguan-example-transport-rust
//! cargo run --release -p tongguan-plugin-host --example measure_call -- \
//!     target/release/libtongguan_example_transport_rust.so
//! ```
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measurement"
)]

use std::process::ExitCode;
use std::time::{Duration, Instant};
use tongguan_contracts::{Outgoing, PartOptions};

const CALLS: u32 = 5000;

fn main() -> ExitCode {
    let library = std::env::args().nth(1).expect("name the library");
    if library == "plugin-host" {
        return tongguan_plugin_host::serve(|_| None);
    }
    let library = std::fs::canonicalize(library).unwrap();
    let folder = std::env::temp_dir().join(format!("tongguan-measure-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let transport = tongguan_plugin_host::transport(PartOptions {
        part: "transport \"measured\"".to_owned(),
        options: serde_json::json!({
            "library": library, "to": "to", "from": "from", "taken": "taken",
        }),
        base: folder.clone(),
    })
    .unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for _ in 0..100 {
            transport.check().await.unwrap();
        }
        let begun = Instant::now();
        for _ in 0..CALLS {
            transport.check().await.unwrap();
        }
        told("a check", begun.elapsed() / CALLS);
        let envelope = vec![b'x'; 200_000];
        let begun = Instant::now();
        for n in 0..500 {
            let cop_msg_id = format!("m{}", n % 10);
            let outgoing = Outgoing {
                cop_msg_id: &cop_msg_id,
                message: "CEB311Message",
                envelope: &envelope,
            };
            transport.send(outgoing).await.unwrap();
        }
        told(
            "handing over 200,000 octets, to the disk",
            begun.elapsed() / 500,
        );
        transport.close().await;
    });
    drop(runtime);
    std::fs::remove_dir_all(folder).unwrap();
    ExitCode::SUCCESS
}

fn told(what: &str, each: Duration) {
    println!("{what}: {:.3} ms", each.as_secs_f64() * 1000.0);
}
