-- What version 4 added to version 3.
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
