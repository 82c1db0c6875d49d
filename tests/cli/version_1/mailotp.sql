-- A store of version 1 with a sheet, an app password and an authenticator of alice, as the program of
-- that time has made it. Its key lies beside it; both were made for this and guard nothing.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE store (
  ring       BLOB NOT NULL,     -- keyed: says which key ring belongs to this store
  generation INTEGER NOT NULL,  -- grows with every change and with all that is used up
  newest     INTEGER NOT NULL   -- the time of the newest event: a clock behind it was set back
) STRICT;
INSERT INTO store VALUES(X'6b846d68b3cf515a50d98c5024c6368a',5,1735689600);
CREATE TABLE account (
  id         INTEGER PRIMARY KEY,  -- random, never reused
  name       TEXT NOT NULL UNIQUE,
  locked     INTEGER NOT NULL,
  expires    INTEGER,
  salt       BLOB NOT NULL,
  totp_floor INTEGER NOT NULL,     -- the beginning of the highest accepted TOTP step
  created    INTEGER NOT NULL
) STRICT;
INSERT INTO account VALUES(8057979172790013398,'alice',0,NULL,X'd8e42cde4b60ffd81d461048ab21b465',0,1735689600);
CREATE TABLE credential (
  account     INTEGER NOT NULL REFERENCES account (id),
  id          TEXT NOT NULL UNIQUE,
  seq         INTEGER NOT NULL,    -- counts the account's credentials: the order in which they were made
  kind        TEXT NOT NULL,
  handle      TEXT,                -- a sheet's two letters, an app password's selector
  size        INTEGER,             -- a sheet's codes, a TOTP's digits
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
  PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;
INSERT INTO credential VALUES(8057979172790013398,'8204vqrm',1,'app-password','d0sh',NULL,'phone','live','imap','',NULL,NULL,1735689600,NULL,NULL,NULL,NULL,X'018dce1874bfb5e15424da48be7032f28fc61b4756aacd05f909356d4bb477c85a1ca9ad4cb327a0c712e682e07a89bb2f4a984594e3758b944df5beadad2122f2e15dd7a8d3e80645d1bdfc27');
INSERT INTO credential VALUES(8057979172790013398,'jt4z6yyb',0,'sheet','ts',3,'purse','live','','',NULL,NULL,1735689600,NULL,NULL,NULL,NULL,X'018dce18740dd70a8634038ab6206d04d1157759a37d3e7721cb013b832b5493d101c5a5e150fed143964d530f4ced781113ff2660e00d482c06e2210a652167269e92ff6eec30b1e3becdcef03adde0e7e9966022a863e2ed9a7850f2');
INSERT INTO credential VALUES(8057979172790013398,'jvheqmfa',2,'totp',NULL,6,'tablet','live','','',NULL,NULL,1735689600,NULL,NULL,NULL,X'6ff53d899ed5df3a17ca80885ee83967',X'018dce18744d95f78bf09a509a1734db566b1ac8719f2eda6e44f2f89ca76ad6ab699df7a12bbf6b55d90418757804332931a070797f240130342f2b0d48cce2bd11ff8722747f');
CREATE TABLE struck (
  account    INTEGER NOT NULL,
  credential TEXT NOT NULL,
  number     INTEGER NOT NULL,
  PRIMARY KEY (account, credential, number)
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
INSERT INTO event VALUES(1,1735689600,'mail','root','alice',NULL,NULL,'changed','added',NULL,NULL,'sheet','jt4z6yyb',1);
INSERT INTO event VALUES(2,1735689600,'mail','root','alice',NULL,NULL,'changed','confirmed',NULL,NULL,'sheet','jt4z6yyb',1);
INSERT INTO event VALUES(3,1735689600,'mail','root','alice',NULL,NULL,'changed','added',NULL,NULL,'app-password','8204vqrm',1);
INSERT INTO event VALUES(4,1735689600,'mail','root','alice',NULL,NULL,'changed','confirmed',NULL,NULL,'app-password','8204vqrm',1);
INSERT INTO event VALUES(5,1735689600,'mail','root','alice',NULL,NULL,'changed','added',NULL,NULL,'totp','jvheqmfa',1);
CREATE INDEX bucket_of_account ON bucket (account, forgettable);
CREATE INDEX event_of_account ON event (account, time);
COMMIT;
PRAGMA application_id = 1836020848;
PRAGMA user_version = 1;
PRAGMA journal_mode = wal;
