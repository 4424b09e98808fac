//! The tables, and how older ones are brought up to them.
//!
//! Written once, in SQLite's words; another backend translates the types. A step that was
//! released is never changed, whatever its mistakes: the next one mends them.

use super::sql::Trouble;

/// Each step brings a database from the version before it to its own, from empty.
pub(super) const STEPS: &[&str] = &[
    VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5, VERSION_6,
];

const VERSION_1: &str = "
CREATE TABLE carrier (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    message     TEXT NOT NULL,
    guid        TEXT NOT NULL UNIQUE,
    cop_msg_id  TEXT NOT NULL UNIQUE,
    transport   TEXT NOT NULL,
    profile     TEXT NOT NULL,
    certificate TEXT NOT NULL,
    envelope    BLOB NOT NULL,
    made_at     INTEGER NOT NULL,
    open        INTEGER NOT NULL DEFAULT 1,
    attempts    INTEGER NOT NULL DEFAULT 0,
    next_at     INTEGER NOT NULL DEFAULT 0,
    sent_at     INTEGER,
    evidence    TEXT,
    error       TEXT
) STRICT;
CREATE INDEX carrier_open ON carrier (transport, next_at) WHERE open = 1;
CREATE TABLE declaration (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    role         TEXT NOT NULL,
    message      TEXT NOT NULL,
    guid         TEXT NOT NULL UNIQUE,
    business_key TEXT NOT NULL,
    fingerprint  TEXT NOT NULL,
    fragment     BLOB NOT NULL,
    document     TEXT NOT NULL,
    line         INTEGER NOT NULL,
    state        TEXT NOT NULL,
    submitted_at INTEGER NOT NULL,
    carrier      INTEGER REFERENCES carrier (seq),
    position     INTEGER,
    answered     TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX declaration_key ON declaration (message, business_key);
CREATE INDEX declaration_state ON declaration (state, message, seq);
CREATE INDEX declaration_carrier ON declaration (carrier);
CREATE TABLE inbound (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    digest      TEXT NOT NULL UNIQUE,
    octets      BLOB NOT NULL,
    transport   TEXT NOT NULL,
    origin      TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    problem     TEXT,
    matched     INTEGER NOT NULL
) STRICT;
CREATE TABLE status (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    declaration INTEGER NOT NULL REFERENCES declaration (seq),
    at          INTEGER NOT NULL,
    level       TEXT NOT NULL,
    code        TEXT NOT NULL,
    text        TEXT NOT NULL,
    -- The sender's own time; empty for what we say ourselves.
    said_at     TEXT NOT NULL DEFAULT '',
    inbound     INTEGER REFERENCES inbound (seq)
) STRICT;
CREATE INDEX status_declaration ON status (declaration, seq);
";

/// Leases (lease.rs), and how often an envelope may have left. Before, every try counted as one
/// that may have.
const VERSION_2: &str = "
CREATE TABLE lease (
    token INTEGER PRIMARY KEY AUTOINCREMENT,
    owner TEXT NOT NULL,
    until INTEGER NOT NULL
) STRICT;
ALTER TABLE declaration ADD COLUMN lease INTEGER;
CREATE INDEX declaration_lease ON declaration (lease) WHERE lease IS NOT NULL;
ALTER TABLE carrier ADD COLUMN lease INTEGER;
CREATE INDEX carrier_lease ON carrier (lease) WHERE lease IS NOT NULL;
-- In how many tries something of it may have left.
ALTER TABLE carrier ADD COLUMN departures INTEGER NOT NULL DEFAULT 0;
UPDATE carrier SET departures = attempts;
CREATE INDEX inbound_unmatched ON inbound (seq) WHERE matched = 0;
";

/// The audit log (crate::audit), and the salt of what it seals: what happened before is not in it.
/// When personal data was purged, and by which rule.
const VERSION_3: &str = "
CREATE TABLE strand (
    strand INTEGER PRIMARY KEY AUTOINCREMENT,
    number INTEGER NOT NULL,
    hash   TEXT NOT NULL,
    joined INTEGER NOT NULL
) STRICT;
CREATE TABLE audit (
    strand      INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    -- Whose entry it is, for looking it up; the body says it too.
    declaration INTEGER REFERENCES declaration (seq),
    hash        TEXT NOT NULL,
    body        TEXT NOT NULL,
    PRIMARY KEY (strand, number)
) STRICT;
CREATE INDEX audit_declaration ON audit (declaration);
ALTER TABLE declaration ADD COLUMN salt BLOB;
ALTER TABLE declaration ADD COLUMN purged_at INTEGER;
ALTER TABLE declaration ADD COLUMN purged_rule TEXT;
ALTER TABLE carrier ADD COLUMN purged_at INTEGER;
ALTER TABLE inbound ADD COLUMN purged_at INTEGER;
CREATE INDEX declaration_whole ON declaration (submitted_at) WHERE purged_at IS NULL;
CREATE INDEX carrier_whole ON carrier (made_at) WHERE purged_at IS NULL;
CREATE INDEX inbound_whole ON inbound (received_at) WHERE purged_at IS NULL;
CREATE INDEX status_inbound ON status (inbound);
";

/// What a declaration waits for before it is put into a message (crate::precedence).
const VERSION_4: &str = "
-- By which others refer to it, where that is not its business key.
ALTER TABLE declaration ADD COLUMN referred_by TEXT;
CREATE INDEX declaration_referred ON declaration (message, referred_by)
    WHERE referred_by IS NOT NULL;
CREATE TABLE need (
    declaration INTEGER NOT NULL REFERENCES declaration (seq),
    message     TEXT NOT NULL,
    key         TEXT NOT NULL,
    PRIMARY KEY (declaration, message)
) STRICT;
CREATE INDEX need_key ON need (message, key);
";

/// What a person put in the place of what ended badly; what was submitted under a caller's own key;
/// what a role did not hear.
const VERSION_5: &str = "
ALTER TABLE declaration ADD COLUMN replaces INTEGER REFERENCES declaration (seq);
CREATE UNIQUE INDEX declaration_replaces ON declaration (replaces) WHERE replaces IS NOT NULL;
CREATE TABLE submission (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    key         TEXT NOT NULL UNIQUE,
    -- Of all that was in it; empty once that was purged.
    fingerprint TEXT NOT NULL,
    taken_at    INTEGER NOT NULL
) STRICT;
CREATE TABLE submitted (
    submission  INTEGER NOT NULL REFERENCES submission (seq),
    position    INTEGER NOT NULL,
    declaration INTEGER NOT NULL REFERENCES declaration (seq),
    PRIMARY KEY (submission, position)
) STRICT;
CREATE INDEX submitted_declaration ON submitted (declaration);
-- The envelope's own time, milliseconds since 1970.
ALTER TABLE inbound ADD COLUMN made_at INTEGER;
CREATE TABLE unheard (
    inbound     INTEGER NOT NULL REFERENCES inbound (seq),
    declaration INTEGER NOT NULL REFERENCES declaration (seq),
    since       INTEGER NOT NULL,
    PRIMARY KEY (inbound, declaration)
) STRICT;
-- What never changes has tables of its own: a row is written anew at every step of its life.
CREATE TABLE fragment (
    declaration INTEGER PRIMARY KEY REFERENCES declaration (seq),
    octets      BLOB NOT NULL
) STRICT;
INSERT INTO fragment SELECT seq, fragment FROM declaration;
ALTER TABLE declaration DROP COLUMN fragment;
CREATE TABLE envelope (
    carrier INTEGER PRIMARY KEY REFERENCES carrier (seq),
    octets  BLOB NOT NULL
) STRICT;
INSERT INTO envelope SELECT seq, envelope FROM carrier;
ALTER TABLE carrier DROP COLUMN envelope;
DROP INDEX declaration_carrier;
CREATE INDEX declaration_carrier ON declaration (carrier) WHERE carrier IS NOT NULL;
";

/// Numbers that customs gives to declarations, and what notices say of them.
const VERSION_6: &str = "
-- The numbers that customs gave to declarations: notices name them so.
CREATE TABLE given (
    message     TEXT NOT NULL,
    number      TEXT NOT NULL,
    declaration INTEGER NOT NULL REFERENCES declaration (seq),
    PRIMARY KEY (message, number)
) STRICT;
-- What notices say of numbers that no receipt has given yet.
CREATE TABLE unclaimed (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    inbound INTEGER NOT NULL REFERENCES inbound (seq),
    message TEXT NOT NULL,
    number  TEXT NOT NULL,
    level   TEXT NOT NULL,
    code    TEXT NOT NULL,
    text    TEXT NOT NULL,
    said_at TEXT NOT NULL
) STRICT;
CREATE INDEX unclaimed_number ON unclaimed (message, number);
CREATE INDEX unclaimed_inbound ON unclaimed (inbound);
";

/// The steps that a database of `version` lacks, each with its number.
///
/// # Errors
/// It is of a newer version than this program knows.
pub(super) fn missing(version: i64) -> Result<impl Iterator<Item = (i64, &'static str)>, Trouble> {
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    if !(0..=known).contains(&version) {
        return Err(Trouble::Database {
            class: tongguan_contracts::FailureClass::Misconfigured,
            reason: format!(
                "it is of version {version}, made by a newer tongguan; this one knows {known}"
            ),
            remedy: "install the newer tongguan again, or restore the store from before it",
        });
    }
    let done = usize::try_from(version).unwrap_or(0);
    Ok((1..).zip(STEPS.iter().copied()).skip(done))
}
