use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a declaration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Taken, on disk; in no message yet.
    Submitted,
    /// In a signed message, not sent yet.
    Signed,
    /// A try to send it ended without an answer: it may or may not have arrived. It is sent again,
    /// the same octets.
    Unknown,
    /// The transport took it.
    Sent,
    /// The platform or the clearance service has answered, and more will follow.
    Pending,
    /// Final: declared.
    Accepted,
    /// Final: refused, by the transport, the platform or the clearance service.
    Rejected,
}

/// What moves a declaration on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It was put into a signed message.
    Carried,
    /// A try to send it ended without an answer.
    Lost,
    /// The transport took it.
    Taken,
    /// The transport will never take it.
    Refused,
    /// An answer came: under way.
    UnderWay,
    /// An answer came: good, and final.
    Good,
    /// An answer came: bad, and final.
    Bad,
}

use Event::{Bad, Carried, Good, Lost, Refused, Taken, UnderWay};
use State::{Accepted, Pending, Rejected, Sent, Signed, Submitted, Unknown};

/// Every move there is; what is not here does not happen. An answer can come before our own
/// confirm, so it counts from any state once the message is signed; a final state stays, but for
/// customs, which may refuse what it had accepted (a later 退单).
pub const TRANSITIONS: &[(State, Event, State)] = &[
    (Submitted, Carried, Signed),
    (Signed, Lost, Unknown),
    (Signed, Taken, Sent),
    (Signed, Refused, Rejected),
    (Signed, UnderWay, Pending),
    (Signed, Good, Accepted),
    (Signed, Bad, Rejected),
    (Unknown, Lost, Unknown),
    (Unknown, Taken, Sent),
    (Unknown, Refused, Rejected),
    (Unknown, UnderWay, Pending),
    (Unknown, Good, Accepted),
    (Unknown, Bad, Rejected),
    (Sent, UnderWay, Pending),
    (Sent, Good, Accepted),
    (Sent, Bad, Rejected),
    (Pending, UnderWay, Pending),
    (Pending, Good, Accepted),
    (Pending, Bad, Rejected),
    (Accepted, Good, Accepted),
    (Accepted, Bad, Rejected),
];

impl State {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Submitted, Signed, Unknown, Sent, Pending, Accepted, Rejected,
    ];

    /// Where `event` leads; `None` when it changes nothing.
    pub fn after(self, event: Event) -> Option<Self> {
        TRANSITIONS
            .iter()
            .find(|(from, by, _)| *from == self && *by == event)
            .map(|t| t.2)
    }

    /// Nothing more is expected.
    pub fn is_final(self) -> bool {
        matches!(self, Accepted | Rejected)
    }

    /// Its name, as it is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Submitted => "submitted",
            Signed => "signed",
            Unknown => "unknown",
            Sent => "sent",
            Pending => "pending",
            Accepted => "accepted",
            Rejected => "rejected",
        }
    }

    /// The state of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_states_do_not_go_back() {
        for event in [Carried, Lost, Taken, Refused, UnderWay] {
            assert_eq!(Accepted.after(event), None);
            assert_eq!(Rejected.after(event), None);
        }
        assert_eq!(Rejected.after(Good), None);
    }

    #[test]
    fn every_state_can_be_reached_and_named() {
        for state in State::ALL {
            assert_eq!(State::named(state.name()), Some(state));
            assert!(state == Submitted || TRANSITIONS.iter().any(|t| t.2 == state));
        }
    }
}
