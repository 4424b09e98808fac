//! A queue manager, which is a double (tests/doubles/mqi.c), and the library that leads to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::parts::declare_by;
use super::plugins;

/// The queue manager QM1 in a folder, with the queues TO.CUSTOMS and FROM.CUSTOMS, behind the channel
/// CUSTOMS.SVRCONN at localhost(1414).
pub struct QueueManager {
    pub folder: PathBuf,
    generation: AtomicU64,
}

impl QueueManager {
    pub fn new(dir: &Path) -> Self {
        let folder = dir.join("mq");
        fs::create_dir_all(&folder).unwrap();
        let args = ["-fvisibility=default", "-ldl", "-lpthread"];
        plugins::c(dir, "tests/doubles/mqi.c", "mq/libmqic_r.so", &args);
        let it = Self {
            folder,
            generation: AtomicU64::new(0),
        };
        it.put("../hosts/localhost(1414)", "QM1");
        it.put(
            "channels/CUSTOMS.SVRCONN",
            "user enterprise\npassword 秘密\n",
        );
        for queue in ["TO.CUSTOMS", "FROM.CUSTOMS"] {
            it.put(&format!("queues/{queue}/attributes"), "");
        }
        it.start();
        it
    }

    /// Writes a file of the queue manager's: its configuration, or how it is to behave.
    pub fn put(&self, name: &str, text: &str) {
        let path = self.folder.join("QM1").join(name);
        fs::create_dir_all(self.folder.join("QM1")).unwrap();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.folder.join("QM1").join(name)).unwrap();
    }

    /// Breaks all connections.
    pub fn stop(&self) {
        self.remove("running");
    }

    pub fn start(&self) {
        let generation = self.generation.fetch_add(1, Ordering::Relaxed) + 1;
        self.put("running", &generation.to_string());
    }

    /// How often a function was called.
    pub fn calls(&self, function: &str) -> usize {
        let calls = fs::read_to_string(self.folder.join("QM1/calls")).unwrap_or_default();
        calls.lines().filter(|line| *line == function).count()
    }

    /// The folder's client goes by it.
    pub fn client(&self, dir: &Path) {
        fs::write(dir.join("mq-password"), "秘密\n").unwrap();
        declare_by(
            dir,
            "[transports.main]\nkind = \"ibmmq\"\nmodule = \"mq/libmqic_r.so\"\n\
             queue_manager = \"QM1\"\nchannel = \"CUSTOMS.SVRCONN\"\n\
             connection = \"localhost(1414)\"\nusername = \"enterprise\"\n\
             password = \"file:mq-password\"\nsend = { queue = \"TO.CUSTOMS\" }\n\
             receive = { queue = \"FROM.CUSTOMS\" }\n",
        );
    }
}
