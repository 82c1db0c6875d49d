-- What a login may do, as the role that store.url names (here :"login"): no more than it needs. It makes no
-- account and no credential, changes no label and no scope, and reads no more of the log than what it
-- counts equal events by. With psql: -v login=mailotp

GRANT USAGE ON SCHEMA mailotp TO :"login";

GRANT SELECT ON store, witness, host, account, credential, struck, alias, own_rule, grace, bucket, known
  TO :"login";
GRANT SELECT ON unenrolled TO :"login";
GRANT SELECT (id, time, host, actor, account, service, remote, result, reason, would, rule, credential, count)
  ON event TO :"login";

GRANT INSERT ON host, struck, grace, bucket, known, event, unenrolled TO :"login";
GRANT DELETE ON alias, grace, bucket, known, event, unenrolled TO :"login";

GRANT UPDATE (newest, timeline, generation) ON store TO :"login";
GRANT UPDATE (count) ON witness TO :"login";
GRANT UPDATE (timeline, seen) ON host TO :"login";
GRANT UPDATE (totp_floor) ON account TO :"login";
GRANT UPDATE (state, logins_left, used_at, used_for, used_from, fingerprint, sealed, counter, resync, pinned,
  replaces) ON credential TO :"login";
GRANT UPDATE (used) ON grace TO :"login";
GRANT UPDATE ON bucket, known, unenrolled TO :"login";
GRANT UPDATE (time, count) ON event TO :"login";
