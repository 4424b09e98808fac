use serde::{Deserialize, Serialize};
use std::fmt;

/// An enum with its names and meanings, from one table.
macro_rules! table {
    ($(#[$meta:meta])* $enum:ident, $($one:ident $name:literal $meaning:literal,)*) => {
        $(#[$meta])*
        pub enum $enum {
            $(#[doc = $meaning] $one,)*
        }

        impl $enum {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$one,)*];

            /// Its name, as it is stored and shown.
            pub fn name(self) -> &'static str {
                match self { $(Self::$one => $name,)* }
            }

            /// What it means, in words.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$one => $meaning,)* }
            }
        }
    };
}

table! {
    /// Where a declaration stands.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    State,
    Waiting "waiting" "Taken, on disk; it goes after others, which are not settled yet: the manifest's \
        `[waits]`, or what it changes.",
    Submitted "submitted" "Taken, on disk; in no message yet.",
    Signed "signed" "In a signed message, and nothing of it can have left: not tried yet, or the \
        transport could not be reached.",
    Unknown "unknown" "A try to send it ended without an answer: it may or may not have arrived. \
        It is sent again, the same octets.",
    Sent "sent" "The transport took it.",
    Pending "pending" "The platform or the clearance service has answered, and more will follow.",
    Accepted "accepted" "Declared; final.",
    Rejected "rejected" "Refused by the platform or the clearance service; final.",
    Dead "dead" "A dead letter: nothing more happens until a person decides (`tongguan retry`, \
        `tongguan void`). The history says why.",
    Void "void" "A person decided that it is not to be declared, before anything had left; final.",
}

table! {
    /// What moves a declaration on.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    Event,
    Freed "freed" "What it goes after is settled, or a person wants it to go all the same.",
    Carried "carried" "It was put into a signed message.",
    Held "held" "A try to send it ended before anything left.",
    Lost "lost" "A try to send it ended without an answer.",
    Taken "taken" "The transport took it.",
    Refused "refused" "The signer or the transport will never take it as it is.",
    UnderWay "under way" "An answer came: under way.",
    Good "good" "An answer came: good, and final.",
    Bad "bad" "An answer came: bad, and final.",
    Resign "retry, unsigned" "A person wants it tried again; it is in no message.",
    Resend "retry, not left" "A person wants it tried again; nothing has left.",
    Repeat "retry, may have left" "A person wants it tried again; it may have left.",
    Voided "void" "A person does not want it declared.",
    Unbound "unbound" "Another declaration in its message was voided: it goes into a new one.",
}

use Event::{
    Bad, Carried, Freed, Good, Held, Lost, Refused, Repeat, Resend, Resign, Taken, Unbound,
    UnderWay, Voided,
};
use State::{Accepted, Dead, Pending, Rejected, Sent, Signed, Submitted, Unknown, Void, Waiting};

/// Every move there is; what is not here does not happen. An answer can come before our own
/// confirm, so it counts from any state once the message is signed; a final state stays, but for
/// customs, which may refuse what it had accepted (a later 退单).
pub const TRANSITIONS: &[(State, Event, State)] = &[
    (Waiting, Freed, Submitted),
    (Waiting, Voided, Void),
    (Submitted, Carried, Signed),
    (Submitted, Refused, Dead),
    (Submitted, Voided, Void),
    (Signed, Held, Signed),
    (Signed, Lost, Unknown),
    (Signed, Taken, Sent),
    (Signed, Refused, Dead),
    (Signed, UnderWay, Pending),
    (Signed, Good, Accepted),
    (Signed, Bad, Rejected),
    (Signed, Voided, Void),
    (Signed, Unbound, Submitted),
    (Unknown, Held, Unknown),
    (Unknown, Lost, Unknown),
    (Unknown, Taken, Sent),
    (Unknown, Refused, Dead),
    (Unknown, UnderWay, Pending),
    (Unknown, Good, Accepted),
    (Unknown, Bad, Rejected),
    (Sent, UnderWay, Pending),
    (Sent, Good, Accepted),
    (Sent, Bad, Rejected),
    (Sent, Repeat, Unknown),
    (Pending, UnderWay, Pending),
    (Pending, Good, Accepted),
    (Pending, Bad, Rejected),
    (Accepted, Good, Accepted),
    (Accepted, Bad, Rejected),
    (Dead, Resign, Submitted),
    (Dead, Resend, Signed),
    (Dead, Repeat, Unknown),
    (Dead, UnderWay, Pending),
    (Dead, Good, Accepted),
    (Dead, Bad, Rejected),
    (Dead, Voided, Void),
];

impl State {
    /// Where `event` leads; `None` when it changes nothing.
    pub fn after(self, event: Event) -> Option<Self> {
        TRANSITIONS
            .iter()
            .find(|(from, by, _)| *from == self && *by == event)
            .map(|t| t.2)
    }

    /// Nothing more is expected.
    pub fn is_final(self) -> bool {
        matches!(self, Accepted | Rejected | Void)
    }

    /// Nothing more happens by itself: final, or for a person to decide.
    pub fn rests(self) -> bool {
        self.is_final() || self == Dead
    }

    /// The business key is free for another declaration.
    pub fn frees_key(self) -> bool {
        matches!(self, Rejected | Void)
    }

    /// The state of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|s| s.name() == name)
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
        for event in [
            Carried, Held, Lost, Taken, Refused, UnderWay, Repeat, Voided,
        ] {
            assert_eq!(Accepted.after(event), None);
            assert_eq!(Rejected.after(event), None);
            assert_eq!(Void.after(event), None);
        }
        assert_eq!(Rejected.after(Good), None);
        assert_eq!(Void.after(Good), None);
    }

    #[test]
    fn what_may_have_left_is_never_void() {
        for state in [Unknown, Sent, Pending] {
            assert_eq!(state.after(Voided), None);
        }
    }

    #[test]
    fn every_state_can_be_reached_and_named() {
        for &state in State::ALL {
            assert_eq!(State::named(state.name()), Some(state));
            let first = matches!(state, Waiting | Submitted);
            assert!(first || TRANSITIONS.iter().any(|t| t.2 == state));
        }
    }
}
