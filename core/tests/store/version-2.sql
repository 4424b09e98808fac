-- What version 2 added to version 1.
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
CREATE INDEX inbound_unmatched ON inbound (seq) WHERE matched = 0;
