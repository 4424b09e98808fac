-- What version 5 added to version 4.
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
