//! `key`: one is added, every host gets it, it is used, the old one goes; no credential is lost.

use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use harness::host::Request;
use harness::products;
use harness::site::Site;
use serde_json::Value;

use crate::HOME;

fn keys(site: &Site) -> Vec<(String, String, u64)> {
    let keys = site.cli(["--json", "key", "list"]).json();
    let one = |key: &Value| {
        let text = |name: &str| key[name].as_str().unwrap_or("").to_owned();
        (
            text("id"),
            text("standing"),
            key["sealed"].as_u64().unwrap_or(0),
        )
    };
    keys.as_array().expect("a list").iter().map(one).collect()
}

fn add(site: &Site) -> String {
    let added = site.cli(["--json", "key", "add"]).json();
    added["id"].as_str().expect("an id").to_owned()
}

fn verdict(site: &Site, user: &str, secret: &str) -> String {
    site.verdict("imap", user, HOME, secret)
}

#[test]
fn every_credential_works_under_the_new_key_and_the_old_one_goes() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let phone = site.app_password("alice", &[]);
    let totp = site.totp("bob");
    site.cli_reading("1357\n", ["--user", "bob", "pin", "set"])
        .done();
    site.sheet("carol");
    let carol = site.sheet("carol");
    site.cli_reading("2468\n", ["pin", "set", "--site"]).done();
    let with_pin = |code: &str| format!("2468 {code}");
    assert_eq!(
        verdict(&site, "alice", &with_pin(&sheet.codes[0])),
        "PAM_SUCCESS"
    );
    let stranger = || site.login("imap", "nobody-here", HOME, "?").prompt();
    let made_up = stranger();

    let old = keys(&site)[0].0.clone();
    assert_eq!(keys(&site), [(old.clone(), "seals".into(), 7)]);
    let new = add(&site);
    assert_eq!(
        keys(&site),
        [
            (old.clone(), "seals".into(), 7),
            (new.clone(), "new".into(), 0)
        ]
    );
    let again = site.cli(["--json", "key", "add"]).error(1);
    assert!(again.message.contains(&new), "{again:?}");
    for (retire, code) in [(&old, 1), (&"00000000".to_owned(), 4), (&"x".to_owned(), 4)] {
        site.cli(["key", "retire", retire]).exits(code);
    }
    // Nothing uses it yet, and windows stay open.
    assert_eq!(
        verdict(&site, "alice", &with_pin(&sheet.codes[0])),
        "PAM_SUCCESS"
    );

    let used = site.cli(["--json", "key", "use"]).json();
    assert_eq!(
        (used["id"].as_str(), used["sealed"].as_u64()),
        (Some(&new[..]), Some(7))
    );
    assert_eq!(
        keys(&site),
        [
            (new.clone(), "seals".into(), 7),
            (old.clone(), "opens".into(), 0)
        ]
    );
    assert_eq!(site.mode("mailotp.key"), 0o600);
    assert_eq!(
        verdict(&site, "alice", &with_pin(&sheet.codes[0])),
        "PAM_AUTH_ERR",
        "windows are closed"
    );
    site.cli(["key", "retire", &new]).exits(1);
    let retired = site.cli(["--json", "key", "retire"]).json();
    assert_eq!(retired["retired"].as_str(), Some(&old[..]));
    assert_eq!(keys(&site), [(new, "seals".into(), 7)]);

    assert_eq!(
        verdict(&site, "alice", &with_pin(&sheet.codes[1])),
        "PAM_SUCCESS"
    );
    assert_eq!(verdict(&site, "alice", &phone.secret), "PAM_SUCCESS");
    assert_eq!(
        verdict(&site, "carol", &carol.codes[0]),
        "PAM_AUTH_ERR",
        "the PIN is asked for"
    );
    assert_eq!(
        verdict(&site, "carol", &with_pin(&carol.codes[0])),
        "PAM_SUCCESS"
    );
    assert_eq!(
        verdict(&site, "bob", &format!("1357{}", totp.code(0))),
        "PAM_SUCCESS"
    );
    assert_eq!(stranger(), made_up, "what is made up stays the same");
    let reasons = site.events();
    let changed = reasons
        .iter()
        .filter(|event| event["reason"] == "key-changed");
    assert_eq!(changed.count(), 1);
}

#[test]
fn using_the_current_key_again_changes_nothing() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    assert_eq!(verdict(&site, "alice", &sheet.codes[0]), "PAM_SUCCESS");
    for _ in 0..2 {
        let used = site.cli(["--json", "key", "use"]).json();
        assert_eq!(used["sealed"].as_u64(), Some(0));
    }
    assert_eq!(
        verdict(&site, "alice", &sheet.codes[0]),
        "PAM_SUCCESS",
        "its window is open"
    );
    site.cli(["key", "retire"]).exits(2);
    site.cli(["key", "use", "00000000"]).exits(4);
}

/// Two hosts with configurations and key files of their own use one store.
#[test]
fn a_host_without_the_new_key_works_until_it_is_used_and_says_which_one_it_lacks() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let phone = site.app_password("alice", &[]);
    let module = site.product(products::MODULE);
    site.write(
        "b.toml",
        "[store]\nurl = \"sqlite:store/mailotp.db\"\nkey = \"b.key\"\n",
    );
    site.shell("cp -p mailotp.key b.key").done();
    let config = site.path("b.toml");
    let line = format!(
        "auth required {} config={}",
        module.display(),
        config.display()
    );
    site.stack("imap-b", &[&line]);
    let at_b = |secret: &str| {
        let reply = site.ask(Request::new("imap-b", "alice").from(HOME).answer(secret));
        reply.of(harness::host::Phase::Authenticate).to_owned()
    };
    let b = |words: &str| site.shell(&format!(r#""$1" --config b.toml {words}"#));

    let old = keys(&site)[0].0.clone();
    let new = add(&site);
    assert_eq!(
        at_b(&sheet.codes[0]),
        "PAM_SUCCESS",
        "it knows nothing of it"
    );
    assert_eq!(at_b(&phone.secret), "PAM_SUCCESS");
    site.cli(["key", "use"]).done();
    assert_eq!(at_b(&phone.secret), "PAM_AUTHINFO_UNAVAIL");
    let verify = site.shell(&format!(
        r#"echo '{}' | "$1" --config b.toml --user alice verify --service imap --from {HOME}"#,
        phone.secret
    ));
    assert!(
        verify.code != 0 && format!("{verify:?}").contains(&new),
        "{verify:?}"
    );
    let listed = b("key list").done().stdout;
    let missing = listed
        .lines()
        .any(|line| line.contains(&new) && line.contains("missing"));
    assert!(missing, "{listed}");
    let backup =
        b("backup gone --recipient age10v5u5tx7tfgd8xteftl4jt03myvgxnr7lcnakwv307uztvj0fu0sv8m45n")
            .exits(5);
    assert!(
        backup.stderr.contains(&new) && !site.path("gone").exists(),
        "{backup:?}"
    );

    // Distributed late: all is well again. What it seals meanwhile keeps the old key alive.
    site.shell("cp -p mailotp.key b.key").done();
    assert_eq!(at_b(&phone.secret), "PAM_SUCCESS");
    assert_eq!(at_b(&sheet.codes[1]), "PAM_SUCCESS");
    b(&format!("key use {old}")).done();
    b("--user alice add app-password made-at-b").done();
    let failed = site.cli(["--json", "key", "retire", &old]).error(1);
    assert!(failed.message.contains("3 secrets"), "{failed:?}");
    site.cli(["key", "use"]).done();
    site.cli(["key", "retire", &old]).done();
    site.shell("cp -p mailotp.key b.key").done();
    assert_eq!(at_b(&phone.secret), "PAM_SUCCESS");
    assert_eq!(verdict(&site, "alice", &sheet.codes[2]), "PAM_SUCCESS");
}

#[test]
fn no_login_is_lost_and_no_code_good_twice_while_the_store_is_sealed_again() {
    let site = Site::new("[otp]\nsheet_accept = \"any\"\n");
    let sheet = site.sheet_with("alice", &["--count", "12"]);
    let phone = site.app_password("bob", &["--max-logins", "1000"]);
    let phrase = "a pass phrase";
    let words = [
        "--json", "--user", "carol", "--new", "add", "sequence", "--count", "30",
    ];
    let due = site.cli_reading(&format!("{phrase}\n"), words).json()["challenge"].clone();
    let due = due.as_str().expect("a challenge").to_owned();
    let seed = due.rsplit(' ').next().expect("a seed").to_owned();
    let responses: Vec<String> = (18..30)
        .rev()
        .map(|count| {
            let challenge = format!("otp-sha1 {count} {seed}");
            let made = site
                .cli_reading(&format!("{phrase}\n"), ["--json", "compute", &challenge])
                .json();
            made["hex"].as_str().expect("a response").to_owned()
        })
        .collect();
    let old = keys(&site)[0].0.clone();
    add(&site);
    let mut hosts: Vec<_> = (0..3).map(|_| site.host()).collect();
    for (at, response) in responses.iter().enumerate() {
        let logins = [
            ("alice", &sheet.codes[at]),
            ("bob", &phone.secret),
            ("carol", response),
        ];
        for (host, (user, secret)) in hosts.iter_mut().zip(logins) {
            host.ask(&site.here(Request::new("imap", user).from(HOME).answer(secret)));
        }
    }
    site.cli(["key", "use"]).done();
    let replies: Vec<_> = hosts.into_iter().flat_map(|host| host.finish()).collect();
    assert_eq!(replies.len(), 36);
    for reply in &replies {
        assert_eq!(reply.verdict(), "PAM_SUCCESS", "{reply:?}");
    }
    // A login that had begun before may have sealed with the old key.
    site.cli(["key", "use"]).done();
    site.cli(["key", "retire", &old]).done();
    let elsewhere = |user: &str, secret: &str| site.verdict("imap", user, "198.51.100.9", secret);
    for at in [0, 5, 11] {
        assert_eq!(elsewhere("alice", &sheet.codes[at]), "PAM_AUTH_ERR");
        assert_eq!(elsewhere("carol", &responses[at]), "PAM_AUTH_ERR");
    }
    assert_eq!(elsewhere("bob", &phone.secret), "PAM_SUCCESS");
}

#[test]
fn sealing_again_goes_on_where_it_was_killed() {
    let site = Site::new("");
    let phone = site.app_password("alice", &[]);
    site.shell(
        r#"for at in $(seq 150); do "$@" --user alice add app-password >/dev/null || exit 1; done"#,
    )
    .done();
    let all = 151;
    let old = keys(&site)[0].0.clone();
    let new = add(&site);
    for delay in (0..40).step_by(4) {
        let mut command = site.program(&site.product(products::COMMAND));
        let mut child = command
            .args(site.config())
            .args(["key", "use"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it can be run");
        sleep(Duration::from_millis(delay));
        child.kill().expect("it is a child");
        child.wait().expect("it is a child");
        let sealed: u64 = keys(&site).iter().map(|(_, _, sealed)| sealed).sum();
        assert_eq!(sealed, all);
        assert_eq!(verdict(&site, "alice", &phone.secret), "PAM_SUCCESS");
    }
    site.cli(["key", "use"]).done();
    assert_eq!(
        keys(&site),
        [(new, "seals".into(), all), (old, "opens".into(), 0)]
    );
    site.cli(["key", "retire"]).done();
    assert_eq!(verdict(&site, "alice", &phone.secret), "PAM_SUCCESS");
    let left = site.shell("ls -A . store").done().stdout;
    assert!(!left.contains(".new"), "{left}");
}

#[test]
fn a_backup_from_before_a_change_of_keys_opens_beside_the_new_ones() {
    let site = Site::new("");
    let phone = site.app_password("alice", &[]);
    let old = keys(&site)[0].0.clone();
    site.write("phrase", "four words of a book\n");
    site.cli(["backup", "backup", "--secret-file", "phrase"])
        .done();
    let new = add(&site);
    site.cli(["key", "use"]).done();
    site.cli(["key", "retire", &old]).done();
    let words = ["restore", "backup", "--secret-file", "phrase", "--force"];
    site.cli(words).done();
    assert_eq!(
        keys(&site),
        [(new, "seals".into(), 0), (old.clone(), "opens".into(), 1)]
    );
    site.cli(["confirm", "--all"]).done();
    assert_eq!(verdict(&site, "alice", &phone.secret), "PAM_SUCCESS");
    site.cli(["key", "use"]).done();
    site.cli(["key", "retire", &old]).done();
    assert_eq!(verdict(&site, "alice", &phone.secret), "PAM_SUCCESS");
}
