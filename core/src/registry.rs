use std::collections::{BTreeMap, BTreeSet};

use tongguan_contracts::{Failure, RoleBuilder, SignerBuilder, Standing, TransportBuilder};

/// The parts that are known, by the `kind` that a manifest names them with. Whoever embeds the
/// core fills it.
#[derive(Clone, Default)]
pub struct Registry {
    roles: BTreeMap<&'static str, RoleBuilder>,
    signers: BTreeMap<&'static str, SignerBuilder>,
    devices: BTreeSet<&'static str>,
    transports: BTreeMap<&'static str, TransportBuilder>,
    standings: Option<fn() -> Vec<Standing>>,
}

impl Registry {
    /// Adds a role.
    pub fn role(&mut self, kind: &'static str, builder: RoleBuilder) {
        self.roles.insert(kind, builder);
    }

    /// Adds a signer.
    pub fn signer(&mut self, kind: &'static str, builder: SignerBuilder) {
        self.signers.insert(kind, builder);
    }

    /// Adds a signer that stands on a device, which only a run and a check open: each opening tries
    /// its PIN.
    pub fn device(&mut self, kind: &'static str, builder: SignerBuilder) {
        self.devices.insert(kind);
        self.signer(kind, builder);
    }

    pub(crate) fn is_device(&self, kind: &str) -> bool {
        self.devices.contains(kind)
    }

    /// Adds a transport.
    pub fn transport(&mut self, kind: &'static str, builder: TransportBuilder) {
        self.transports.insert(kind, builder);
    }

    /// Adds what tells of the parts that are loaded at run time.
    pub fn standings(&mut self, tell: fn() -> Vec<Standing>) {
        self.standings = Some(tell);
    }

    /// Where the parts stand that are loaded at run time.
    pub(crate) fn stand(&self) -> Vec<Standing> {
        self.standings.map(|tell| tell()).unwrap_or_default()
    }

    /// What builds roles of that kind; `part` names the one that asks.
    ///
    /// # Errors
    /// None is known, and which are.
    pub fn find_role(&self, part: &str, kind: &str) -> Result<RoleBuilder, Failure> {
        find(&self.roles, part, kind)
    }

    /// What builds signers of that kind; `part` names the one that asks.
    ///
    /// # Errors
    /// None is known, and which are.
    pub fn find_signer(&self, part: &str, kind: &str) -> Result<SignerBuilder, Failure> {
        find(&self.signers, part, kind)
    }

    /// What builds transports of that kind; `part` names the one that asks.
    ///
    /// # Errors
    /// None is known, and which are.
    pub fn find_transport(&self, part: &str, kind: &str) -> Result<TransportBuilder, Failure> {
        find(&self.transports, part, kind)
    }
}

fn find<T: Copy>(known: &BTreeMap<&'static str, T>, part: &str, kind: &str) -> Result<T, Failure> {
    known.get(kind).copied().ok_or_else(|| {
        let all: Vec<&str> = known.keys().copied().collect();
        Failure::misconfigured(
            part,
            format!("find its kind {kind:?}"),
            "no such part is built in",
        )
        .remedy(format!("kind must be one of {}", all.join(", ")))
    })
}
