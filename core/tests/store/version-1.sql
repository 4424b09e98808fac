-- The tables of version 1, as they were released. Never changed.
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
