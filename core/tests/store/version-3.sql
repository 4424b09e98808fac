-- What version 3 added to version 2.
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
