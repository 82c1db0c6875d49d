-- The schema of the embedded store, version 3. Times are seconds since the epoch, UTC.
-- What is secret stands in `sealed`; nothing else here helps anybody to log in.

-- One row.
CREATE TABLE store (
  ring       BLOB NOT NULL,     -- keyed: says which key ring belongs to this store
  generation INTEGER NOT NULL,  -- grows with every change and with all that is used up
  newest     INTEGER NOT NULL,  -- the time of the newest event: a clock behind it was set back
  pin_length INTEGER,           -- the site's PIN: how many characters it has
  pin        BLOB,              -- its hash, sealed
  maintained INTEGER NOT NULL DEFAULT 0,  -- when it was looked after last
  moving     TEXT               -- why nobody is let in: it moves to another store, or has
) STRICT;

CREATE TABLE account (
  id         INTEGER PRIMARY KEY,  -- random, never reused
  name       TEXT NOT NULL UNIQUE,
  locked     INTEGER NOT NULL,
  expires    INTEGER,
  salt       BLOB NOT NULL,
  totp_floor INTEGER NOT NULL,     -- the beginning of the highest accepted TOTP step
  created    INTEGER NOT NULL,
  pin_length INTEGER,              -- the account's own PIN: how many characters it has
  pin        BLOB                  -- its hash, sealed
) STRICT;
CREATE INDEX account_with_pin ON account (id) WHERE pin IS NOT NULL;

CREATE TABLE credential (
  account     INTEGER NOT NULL REFERENCES account (id),
  id          TEXT NOT NULL UNIQUE,
  seq         INTEGER NOT NULL,    -- counts the account's credentials: the order in which they were made
  kind        TEXT NOT NULL,
  handle      TEXT,                -- a sheet's two letters, an app password's selector, a sequence's seed
  size        INTEGER,             -- how many codes or aliases; how many digits of a code
  label       TEXT NOT NULL,
  state       TEXT NOT NULL,
  services    TEXT NOT NULL,       -- separated by blanks; empty: all
  networks    TEXT NOT NULL,       -- likewise
  expires     INTEGER,
  logins_left INTEGER,
  created     INTEGER NOT NULL,
  used_at     INTEGER,
  used_for    TEXT,
  used_from   TEXT,
  fingerprint BLOB UNIQUE,         -- of a seed, so that none is enrolled twice
  sealed      BLOB NOT NULL,
  counter     INTEGER,             -- an HOTP's next counter; the sequence integer of the last response
  resync      INTEGER,             -- an HOTP's counter that resynchronises
  period      INTEGER,             -- a TOTP's, in seconds
  algorithm   TEXT,                -- a sequence's hash
  pinned      TEXT,                -- the one service that it is for; empty: the first that uses it
  replaces    TEXT,                -- the credential that is revoked as soon as this one is used
  PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

-- Numbers of sheets and aliases that are spent.
CREATE TABLE struck (
  account    INTEGER NOT NULL,
  credential TEXT NOT NULL,
  number     INTEGER NOT NULL,
  PRIMARY KEY (account, credential, number)
) STRICT, WITHOUT ROWID;

-- One-time user names.
CREATE TABLE alias (
  tag        BLOB PRIMARY KEY,     -- keyed, of the name
  account    INTEGER NOT NULL,
  credential TEXT NOT NULL,
  number     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Rules that accounts have made for themselves, in their order.
CREATE TABLE own_rule (
  account  INTEGER NOT NULL,
  seq      INTEGER NOT NULL,
  id       TEXT NOT NULL,
  services TEXT,                   -- separated by blanks; NULL: all
  places   TEXT,                   -- likewise: networks, local, unknown
  accept   TEXT NOT NULL,          -- separated by blanks; empty: nothing
  PRIMARY KEY (account, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE grace (
  account    INTEGER NOT NULL,
  id         TEXT NOT NULL,
  credential TEXT NOT NULL,
  tag        BLOB NOT NULL,        -- keyed, of account and code
  policy     BLOB NOT NULL,        -- keyed, of the rules
  grp        TEXT NOT NULL,
  network    TEXT NOT NULL,
  opened     INTEGER NOT NULL,
  used       INTEGER NOT NULL,
  service    TEXT NOT NULL,
  remote     TEXT NOT NULL,
  PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE bucket (
  owner       TEXT PRIMARY KEY,
  account     INTEGER,             -- NULL: a slot that unknown names share
  full_at     INTEGER NOT NULL,
  charged     BLOB NOT NULL,       -- 16-bit tags of charged secrets, each with its time
  forgettable INTEGER NOT NULL,
  holder      INTEGER NOT NULL     -- of a slot: a tag of the name that came last
) STRICT, WITHOUT ROWID;
CREATE INDEX bucket_of_account ON bucket (account, forgettable);

-- Networks from which the account really logged in.
CREATE TABLE known (
  account INTEGER NOT NULL,
  network TEXT NOT NULL,
  seen    INTEGER NOT NULL,
  PRIMARY KEY (account, network)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  id         INTEGER PRIMARY KEY,
  time       INTEGER NOT NULL,
  host       TEXT NOT NULL,
  actor      TEXT,
  account    TEXT,
  service    TEXT,
  remote     TEXT,
  result     TEXT NOT NULL,
  reason     TEXT NOT NULL,
  would      TEXT,
  rule       TEXT,
  kind       TEXT,
  credential TEXT,
  count      INTEGER NOT NULL
) STRICT;
CREATE INDEX event_of_account ON event (account, time);

-- Names that no account has, whom a whole PAM stack let in, and enforce mode would not: the last of each.
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
