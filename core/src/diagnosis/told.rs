//! How a plain fact is told: how much it matters, why it is so, what to do.

use super::{Ailment, Finding, Severity, Symptom, clocks};
use crate::manifest::{Alerts, Manifest};

/// What the store tells.
pub(super) fn told(symptom: Symptom, manifest: &Manifest, now: i64) -> Finding {
    let Symptom {
        ailment,
        subject,
        count,
        since,
        said,
        tries,
        example,
    } = symptom;
    let what = match ailment {
        Ailment::Unassembled if manifest.route(&subject).is_none() => Ailment::NoRoute,
        Ailment::Unsent if !manifest.transports().any(|name| name == subject) => {
            Ailment::NoTransport
        }
        other => other,
    };
    let waited = now.saturating_sub(since) / 1000;
    let long = waited >= i64::try_from(manifest.alerts.send_seconds).unwrap_or(i64::MAX);
    let severity = match what {
        Ailment::Unsent if !long => Severity::Note,
        Ailment::NoRoute | Ailment::NoTransport | Ailment::Unassembled | Ailment::Unsent => {
            Severity::Urgent
        }
        Ailment::Unmatched => Severity::Note,
        _ => Severity::Warning,
    };
    let said = if said.is_empty() { None } else { Some(said) };
    let (why, remedy) = explained(what, &subject, said, tries);
    Finding {
        what,
        zh: what.zh(),
        severity,
        // What cannot be read at all has no kind.
        subject: match subject.as_str() {
            "" => "?".to_owned(),
            _ => subject,
        },
        count,
        since: Some(since),
        why,
        remedy,
        example,
    }
}

fn explained(what: Ailment, subject: &str, said: Option<String>, tries: u32) -> (String, String) {
    let known = |otherwise: &str| said.clone().unwrap_or_else(|| otherwise.to_owned());
    match what {
        Ailment::NoRoute => (
            "no [[routes]] of the manifest takes this message".to_owned(),
            format!("add {subject} to the messages of a route, then start tongguan run again"),
        ),
        Ailment::NoTransport => (
            format!("signed for it while there was a [transports.{subject}]"),
            format!(
                "put [transports.{subject}] back and start tongguan run again: what may have left \
                 goes by no other way; or tongguan void what has not left, and submit it again"
            ),
        ),
        Ailment::Unassembled => (
            "no running node has signed them: tongguan run does not run, or cannot sign, or \
             cannot keep up"
                .to_owned(),
            "see that tongguan run runs, and what it logs; tongguan check tries the signers"
                .to_owned(),
        ),
        Ailment::Waiting => (
            known("what they go after is not settled"),
            "tongguan show ID says what it waits for, and where that stands: submit or mend that; or \
             tongguan retry ID lets it go without, tongguan void ID gives it up"
                .to_owned(),
        ),
        Ailment::Unsent => (
            match &said {
                Some(said) => format!("{said} ({tries} tries)"),
                None => "no running node has tried: tongguan run does not run, or cannot keep up"
                    .to_owned(),
            },
            "mend what it says (tongguan check tries it): they then go by themselves; a route with \
             a second transport would have let them go another way"
                .to_owned(),
        ),
        Ailment::LostNode => (
            "it ended without word, and no node that runs has taken over".to_owned(),
            "start tongguan run, there or on another node: it goes on where that one stopped"
                .to_owned(),
        ),
        Ailment::Unknown => (
            format!("{} ({tries} tries)", known("the try had no answer")),
            "nothing while tongguan run runs: the same octets are sent again until they are \
             taken, and customs knows a repeat by its guid"
                .to_owned(),
        ),
        Ailment::Dead => (
            known("it was refused"),
            "tongguan show ID says why; mend that, then tongguan retry ID; or mend the document, then \
             tongguan resubmit ID DOCUMENT; or tongguan void ID; \
             tongguan status --state dead lists them"
                .to_owned(),
        ),
        Ailment::Unanswered => (
            format!("{}, taken there, and nothing came back", known("sent")),
            "see that the receiving queue or folder is the right one and is read; ask the \
             platform with CopMsgId and guid (tongguan show ID); tongguan retry ID sends the \
             same octets again"
                .to_owned(),
        ),
        Ailment::Unfinished => (
            format!("the last that was said: {}", known("nothing")),
            "ask customs, with the numbers that tongguan show ID gives".to_owned(),
        ),
        Ailment::Unheard => (
            "the role panicked each time that it was told of the receipt; the receipt is kept".to_owned(),
            format!(
                "mend the role {subject} (the log has its panic), then start tongguan run again: it \
                 is told then of all that it missed"
            ),
        ),
        Ailment::Unreadable => (
            known("it is none of the standard's messages"),
            "tongguan show DIGEST --export DIR writes it to a file: send that to the platform; \
             it is kept here"
                .to_owned(),
        ),
        Ailment::Unmatched => (
            "no declaration of this store has its guid or number".to_owned(),
            "if another system declares under the same dxp_id, nothing; otherwise see tongguan \
             status --unmatched"
                .to_owned(),
        ),
        Ailment::Clock => (
            match subject {
                "platform" => format!("times in envelopes (CreatTime) are {}", known("off")),
                _ => format!("times in receipts are {}", known("off")),
            },
            "set this machine's clock by NTP; if it is right, tell the platform".to_owned(),
        ),
        // Parts tell these themselves.
        Ailment::Signer | Ailment::Certificate => (known(""), String::new()),
    }
}

/// The store's clock, asked between two looks at ours.
pub(super) fn store_clock(
    asked: i64,
    theirs: i64,
    answered: i64,
    alerts: &Alerts,
) -> Option<Finding> {
    let off = if theirs > answered {
        theirs - answered
    } else {
        (theirs - asked).min(0)
    };
    let bearable = i64::try_from(alerts.clock_seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
    (off.abs() > bearable).then(|| Finding {
        what: Ailment::Clock,
        zh: Ailment::Clock.zh(),
        severity: Severity::Warning,
        subject: "store".to_owned(),
        count: 1,
        since: None,
        why: format!("the store's clock is {}", clocks::told(off)),
        remedy: "set both machines' clocks by NTP; until then times in histories are the \
                 store's, and leases, which go by its clock alone, hold"
            .to_owned(),
        example: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::store_clock;
    use crate::Alerts;

    #[test]
    fn the_stores_clock_is_told_when_no_moment_of_ours_explains_it() {
        let alerts = Alerts {
            clock_seconds: 10,
            ..Alerts::default()
        };
        // Asked at 100 s, answered at 160 s: anywhere between is well.
        let told = |theirs| store_clock(100_000, theirs, 160_000, &alerts).map(|f| f.why);
        for well in [90_000, 100_000, 130_000, 160_000, 170_000] {
            assert_eq!(told(well), None);
        }
        let ahead = told(190_000).unwrap();
        assert!(ahead.contains("30 s ahead"), "{ahead}");
        let behind = told(70_000).unwrap();
        assert!(behind.contains("30 s behind"), "{behind}");
    }
}
