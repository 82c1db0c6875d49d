-- The schema of the store of several machines, version 3: the tables of the embedded store, and what only
-- more than one machine needs. Times are seconds since the epoch, UTC. What is secret stands in `sealed`.
-- Texts are ordered by their bytes, under any locale.

CREATE TABLE store (
  sole        BIGINT PRIMARY KEY DEFAULT 1 CHECK (sole = 1),  -- one row
  version     BIGINT NOT NULL,
  works_since BIGINT NOT NULL,          -- builds go on with it from this version on
  ring        BYTEA NOT NULL,           -- keyed: says which key ring belongs to this store
  generation  BIGINT NOT NULL,          -- grows with every change
  newest      BIGINT NOT NULL,          -- the time of the newest event: a clock behind it was set back
  pin_length  BIGINT,                   -- the site's PIN: how many characters it has
  pin         BYTEA,                    -- its hash, sealed
  maintained  BIGINT NOT NULL DEFAULT 0,  -- when it was looked after last
  timeline    BIGINT NOT NULL,          -- of PostgreSQL, that all hosts have vouched for
  moving      TEXT                      -- why nobody is let in: it moves to another store, or has
);

-- How often something was used up, in as many rows as there are stripes of accounts: a host that has seen
-- more than the database says knows that commits were lost.
CREATE TABLE witness (
  stripe BIGINT PRIMARY KEY,
  count  BIGINT NOT NULL
);
-- They begin where those of no store that was made before can have come to: a host may remember one.
INSERT INTO witness (stripe, count)
  SELECT stripe, CAST(extract(epoch FROM now()) AS BIGINT) * 1000 FROM generate_series(0, 15) AS stripe;

-- The mail hosts that use this store.
CREATE TABLE host (
  id       TEXT PRIMARY KEY,
  name     TEXT NOT NULL,
  timeline BIGINT NOT NULL,             -- of PostgreSQL, that it has vouched for
  seen     BIGINT NOT NULL              -- to the day
);

CREATE TABLE account (
  id         BIGINT PRIMARY KEY,        -- random, never reused
  name       TEXT COLLATE "C" NOT NULL UNIQUE,
  locked     BIGINT NOT NULL,
  expires    BIGINT,
  salt       BYTEA NOT NULL,
  totp_floor BIGINT NOT NULL,           -- the beginning of the highest accepted TOTP step
  created    BIGINT NOT NULL,
  pin_length BIGINT,                    -- the account's own PIN: how many characters it has
  pin        BYTEA                      -- its hash, sealed
);
CREATE INDEX account_with_pin ON account (id) WHERE pin IS NOT NULL;

CREATE TABLE credential (
  account     BIGINT NOT NULL REFERENCES account (id),
  id          TEXT COLLATE "C" NOT NULL UNIQUE,
  seq         BIGINT NOT NULL,          -- counts the account's credentials: the order in which they were made
  kind        TEXT NOT NULL,
  handle      TEXT,                     -- a sheet's two letters, an app password's selector, a sequence's seed
  size        BIGINT,                   -- how many codes or aliases; how many digits of a code
  label       TEXT NOT NULL,
  state       TEXT NOT NULL,
  services    TEXT NOT NULL,            -- separated by blanks; empty: all
  networks    TEXT NOT NULL,            -- likewise
  expires     BIGINT,
  logins_left BIGINT,
  created     BIGINT NOT NULL,
  used_at     BIGINT,
  used_for    TEXT,
  used_from   TEXT,
  fingerprint BYTEA UNIQUE,             -- of a seed, so that none is enrolled twice
  sealed      BYTEA NOT NULL,
  counter     BIGINT,                   -- an HOTP's next counter; the sequence integer of the last response
  resync      BIGINT,                   -- an HOTP's counter that resynchronises
  period      BIGINT,                   -- a TOTP's, in seconds
  algorithm   TEXT,                     -- a sequence's hash
  pinned      TEXT,                     -- the one service that it is for; empty: the first that uses it
  replaces    TEXT,                     -- the credential that is revoked as soon as this one is used
  PRIMARY KEY (account, id)
);

-- Numbers of sheets and aliases that are spent.
CREATE TABLE struck (
  account    BIGINT NOT NULL,
  credential TEXT COLLATE "C" NOT NULL,
  number     BIGINT NOT NULL,
  PRIMARY KEY (account, credential, number)
);

-- One-time user names.
CREATE TABLE alias (
  tag        BYTEA PRIMARY KEY,         -- keyed, of the name
  account    BIGINT NOT NULL,
  credential TEXT COLLATE "C" NOT NULL,
  number     BIGINT NOT NULL
);
CREATE INDEX alias_of_account ON alias (account, credential);

-- Rules that accounts have made for themselves, in their order.
CREATE TABLE own_rule (
  account  BIGINT NOT NULL,
  seq      BIGINT NOT NULL,
  id       TEXT NOT NULL,
  services TEXT,                        -- separated by blanks; NULL: all
  places   TEXT,                        -- likewise: networks, local, unknown
  accept   TEXT NOT NULL,               -- separated by blanks; empty: nothing
  PRIMARY KEY (account, seq)
);

CREATE TABLE grace (
  account    BIGINT NOT NULL,
  id         TEXT COLLATE "C" NOT NULL,
  credential TEXT NOT NULL,
  tag        BYTEA NOT NULL,            -- keyed, of account and code
  policy     BYTEA NOT NULL,            -- keyed, of the rules
  grp        TEXT NOT NULL,
  network    TEXT NOT NULL,
  opened     BIGINT NOT NULL,
  used       BIGINT NOT NULL,
  service    TEXT NOT NULL,
  remote     TEXT NOT NULL,
  PRIMARY KEY (account, id)
);

CREATE TABLE bucket (
  owner       TEXT COLLATE "C" PRIMARY KEY,
  account     BIGINT,                   -- NULL: a slot that unknown names share
  full_at     BIGINT NOT NULL,
  charged     BYTEA NOT NULL,           -- 16-bit tags of charged secrets, each with its time
  forgettable BIGINT NOT NULL,
  holder      BIGINT NOT NULL           -- of a slot: a tag of the name that came last
);
CREATE INDEX bucket_of_account ON bucket (account, forgettable);

-- Networks from which the account really logged in.
CREATE TABLE known (
  account BIGINT NOT NULL,
  network TEXT COLLATE "C" NOT NULL,
  seen    BIGINT NOT NULL,
  PRIMARY KEY (account, network)
);

CREATE TABLE event (
  id         BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  time       BIGINT NOT NULL,
  host       TEXT NOT NULL,
  actor      TEXT,
  account    TEXT COLLATE "C",
  service    TEXT,
  remote     TEXT,
  result     TEXT NOT NULL,
  reason     TEXT NOT NULL,
  would      TEXT,
  rule       TEXT,
  kind       TEXT,
  credential TEXT,
  count      BIGINT NOT NULL
);
CREATE INDEX event_of_account ON event (account, time);
CREATE INDEX event_since ON event (time);

-- Names that no account has, whom a whole PAM stack let in, and enforce mode would not: the last of each.
CREATE TABLE unenrolled (
  account TEXT COLLATE "C" PRIMARY KEY,
  time    BIGINT NOT NULL,
  host    TEXT NOT NULL,
  service TEXT,
  remote  TEXT,
  reason  TEXT NOT NULL,
  would   TEXT NOT NULL,
  rule    TEXT,
  count   BIGINT NOT NULL
);
CREATE INDEX unenrolled_since ON unenrolled (time);
