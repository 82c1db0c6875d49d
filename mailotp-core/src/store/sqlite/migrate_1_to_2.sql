-- PINs, HOTP, sequences, aliases, pinned app passwords, and credentials that take another's place.
ALTER TABLE store ADD COLUMN pin_length INTEGER;
ALTER TABLE store ADD COLUMN pin BLOB;
ALTER TABLE store ADD COLUMN maintained INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN pin_length INTEGER;
ALTER TABLE account ADD COLUMN pin BLOB;
CREATE INDEX account_with_pin ON account (id) WHERE pin IS NOT NULL;
ALTER TABLE credential ADD COLUMN counter INTEGER;
ALTER TABLE credential ADD COLUMN resync INTEGER;
ALTER TABLE credential ADD COLUMN period INTEGER;
ALTER TABLE credential ADD COLUMN algorithm TEXT;
ALTER TABLE credential ADD COLUMN pinned TEXT;
ALTER TABLE credential ADD COLUMN replaces TEXT;
-- Version 1 kept the period in the sealed part alone. What is public only says for how long a wrong code
-- stays wrong, and 30 seconds are the shortest that version 1 knew.
UPDATE credential SET period = 30 WHERE kind = 'totp';
CREATE TABLE alias (
  tag        BLOB PRIMARY KEY,
  account    INTEGER NOT NULL,
  credential TEXT NOT NULL,
  number     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE unenrolled (
  account TEXT PRIMARY KEY,
  time    INTEGER NOT NULL,
  host    TEXT NOT NULL,
  service TEXT,
  remote  TEXT,
  reason  TEXT NOT NULL,
  would   TEXT NOT NULL,
  rule    TEXT,
  count   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX unenrolled_since ON unenrolled (time);
CREATE TABLE own_rule (
  account  INTEGER NOT NULL,
  seq      INTEGER NOT NULL,
  id       TEXT NOT NULL,
  services TEXT,
  places   TEXT,
  accept   TEXT NOT NULL,
  PRIMARY KEY (account, seq)
) STRICT, WITHOUT ROWID;
