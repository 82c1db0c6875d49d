-- What a login may do, as the role that store.url names (here "%LOGIN%"): no more than it needs. It makes no
-- account and no credential, changes no label and no scope, and reads neither who has changed what nor
-- anything else of the log than what it counts equal events by.

GRANT USAGE ON SCHEMA mailotp TO "%LOGIN%";

GRANT SELECT ON store, witness, host, account, credential, struck, alias, own_rule, grace, bucket, known
  TO "%LOGIN%";
GRANT SELECT ON unenrolled TO "%LOGIN%";
GRANT SELECT (id, time, host, actor, account, service, remote, result, reason, would, rule, credential, count)
  ON event TO "%LOGIN%";

GRANT INSERT ON host, struck, grace, bucket, known, event, unenrolled TO "%LOGIN%";
GRANT DELETE ON alias, grace, bucket, known, event, unenrolled TO "%LOGIN%";

GRANT UPDATE (newest, timeline, generation) ON store TO "%LOGIN%";
GRANT UPDATE (count) ON witness TO "%LOGIN%";
GRANT UPDATE (timeline, seen) ON host TO "%LOGIN%";
GRANT UPDATE (totp_floor) ON account TO "%LOGIN%";
GRANT UPDATE (state, logins_left, used_at, used_for, used_from, fingerprint, sealed, counter, resync, pinned,
  replaces) ON credential TO "%LOGIN%";
GRANT UPDATE (used) ON grace TO "%LOGIN%";
GRANT UPDATE ON bucket, known, unenrolled TO "%LOGIN%";
GRANT UPDATE (time, count) ON event TO "%LOGIN%";
