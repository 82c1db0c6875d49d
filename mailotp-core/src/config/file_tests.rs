use super::*;
use crate::config::Enrolment;
use crate::config::StoreLocation;
use crate::request::{Remote, Service};
use crate::rule::{Means, Mode};

fn parse_text(text: &str) -> Result<Config, ConfigError> {
    parse(Path::new("/site/mailotp.toml"), text.into(), &|| {
        Ok("vpn:x:7:carol\nsysgroup:x:8:grace,heidi\n".into())
    })
}

fn accepts(
    config: &Config,
    account: &str,
    service: &str,
    remote: &str,
) -> (Option<String>, Vec<&'static str>) {
    let account = config.naming.account(account.as_bytes()).unwrap();
    let judged = config.judge(
        &account,
        &Service::new(service).unwrap(),
        Remote::parse(remote).unwrap(),
    );
    let accept = judged
        .accept
        .unwrap_or_default()
        .0
        .into_iter()
        .map(Means::as_str)
        .collect();
    (judged.rule, accept)
}

#[test]
fn an_empty_file_has_the_defaults_of_the_manual() {
    let config = parse_text("").unwrap();
    assert_eq!(config.mode, Mode::Enforce);
    assert_eq!(
        config.store,
        StoreLocation::Sqlite("/var/lib/mailotp/mailotp.db".into())
    );
    assert_eq!(config.key, Path::new("/etc/mailotp/mailotp.key"));
    assert_eq!(config.timeout.as_secs(), 5);
    assert_eq!(config.enrolment, Enrolment::Required);
    assert_eq!((config.digits, config.otp.window), (6, 1));
    assert_eq!(
        (config.grace.idle.as_secs(), config.grace.lifetime.as_secs()),
        (600, 7200)
    );
    assert_eq!(config.group_of("imap"), "mail");
    assert_eq!(config.group_of("sshd"), "sshd");
    assert_eq!(
        accepts(&config, "a", "x", "unknown"),
        (None, vec!["app-password", "otp", "password+otp"])
    );
}

#[test]
fn relative_paths_are_relative_to_the_files_folder() {
    let config = parse_text("[store]\nurl = \"sqlite:store/m.db\"\nkey = \"m.key\"").unwrap();
    assert_eq!(
        config.store,
        StoreLocation::Sqlite("/site/store/m.db".into())
    );
    assert_eq!(config.key, Path::new("/site/m.key"));
}

#[test]
fn the_first_rule_that_matches_decides_and_where_none_does_nothing_is_accepted() {
    let config = parse_text(
        r#"
        [groups]
        staff = ["alice"]
        [[rule]]
        name = "office"
        services = ["mail"]
        from = ["192.0.2.0/24"]
        users = ["@staff", "@vpn"]
        accept = ["password"]
        [[rule]]
        name = "mail"
        services = ["mail"]
        accept = ["otp"]
        "#,
    )
    .unwrap();
    assert_eq!(
        accepts(&config, "alice", "imap", "192.0.2.9").0.as_deref(),
        Some("office")
    );
    assert_eq!(
        accepts(&config, "carol", "pop3", "192.0.2.9").0.as_deref(),
        Some("office")
    );
    assert_eq!(
        accepts(&config, "bob", "imap", "192.0.2.9").0.as_deref(),
        Some("mail")
    );
    assert_eq!(
        accepts(&config, "alice", "imap", "unknown").0.as_deref(),
        Some("mail")
    );
    assert_eq!(
        accepts(&config, "alice", "sshd", "192.0.2.9"),
        (None, vec![])
    );
}

/// Each line is wrong in one way; the error names the line and has a remedy.
#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (text, line, what) in [
        ("modus = \"enforce\"", 1, "unknown field `modus`"),
        ("\nmode = \"strict\"", 2, "unknown variant `strict`"),
        ("[store]\nurl = \"mysql:x\"", 2, "no store"),
        ("[store]\nurl = \"sqlite:\"", 2, "names no file"),
        (
            "[store]\nurl = \"postgresql://x/y\"",
            2,
            if cfg!(feature = "postgres") {
                "names no user"
            } else {
                "does not speak PostgreSQL"
            },
        ),
        ("[store]\ntimeout = \"5\"", 2, "no duration"),
        ("[store]\ntimeout = \"0s\"", 2, "timeout"),
        (
            "[users]\n\nenrolement = \"optional\"",
            3,
            "unknown field `enrolement`",
        ),
        ("[users]\nexempt = [\"@nobody\"]", 2, "no group \"nobody\""),
        ("[otp]\ndigits = 9", 2, "from 6 to 8"),
        ("[otp]\nwindow = 11", 2, "from 0 to 10"),
        ("[otp]\nchallenge = [\"poem\"]", 2, "unknown variant `poem`"),
        ("[limits]\nnetwork = 0", 2, "from 1 to 1000"),
        ("[limits]\naccount_refill = \"0s\"", 2, "no limit"),
        ("[services]\nold = [\"imap\"]", 2, "two groups"),
        ("[[rule]]\nname = \"a\"", 1, "missing field `accept`"),
        (
            "[[rule]]\nname = \"a\"\naccept = [\"pasword\"]",
            3,
            "unknown variant `pasword`",
        ),
        (
            "[[rule]]\nname = \"a\"\naccept = [\"password\", \"password+otp\"]",
            3,
            "always do",
        ),
        (
            "[[rule]]\nname = \"a\"\nfrom = [\"example.com\"]\naccept = []",
            3,
            "no network",
        ),
        (
            "[[rule]]\nname = \"a\"\nusers = [\"a/b\"]\naccept = []",
            3,
            "slashes",
        ),
        (
            "[[rule]]\nname = \"a\"\naccept = []\n[[rule]]\nname = \"a\"\naccept = []",
            4,
            "two rules",
        ),
        ("mode = enforce", 1, ""),
        ("x", 1, ""),
    ] {
        let error = parse_text(text).expect_err(text);
        assert_eq!(error.line, Some(line), "{text}\n{error}");
        assert!(error.message.contains(what), "{text}\n{error}");
        assert!(!error.remedy.is_empty());
        assert!(
            error
                .to_string()
                .starts_with(&format!("/site/mailotp.toml:{line}: ")),
            "{error}"
        );
    }
}

#[test]
fn a_dead_rule_is_a_warning_with_its_line() {
    let text = "[[rule]]\nname = \"all\"\naccept = [\"otp\"]\n[[rule]]\nname = \"late\"\nservices = [\"imap\"]\naccept = []";
    let config = parse_text(text).unwrap();
    assert_eq!(config.warnings().len(), 1);
    assert_eq!(config.warnings()[0].line, Some(4));
    assert!(config.warnings()[0].message.contains("\"all\" before it"));
}

/// What belongs to a database stands beside a file until the store moves there.
#[cfg(feature = "postgres")]
#[test]
fn a_database_has_files_beside_the_configuration_and_is_not_reached_without_tls_elsewhere() {
    let text = |url: &str, more: &str| {
        format!(
            "[store]\nurl = \"{url}\"\npassword_file = \"p\"\nowner = \"o\"\naccept_loss = true\n{more}"
        )
    };
    let there = "postgresql://m@192.0.2.1/db";
    let store = |text: String| parse_text(&text).map(|config| config.store);
    let Ok(StoreLocation::Postgres(location)) = store(text(there, "ca_file = \"/ca.pem\"")) else {
        panic!("a database");
    };
    assert_eq!(location.password_file, Some("/site/p".into()));
    assert_eq!(location.ca_file, Some("/ca.pem".into()));
    assert_eq!(location.owner.as_deref(), Some("o"));
    assert!(location.accept_loss);
    let exposed = store(text(there, "")).unwrap_err();
    assert_eq!(exposed.line, Some(2));
    assert!(exposed.remedy.contains("ca_file"), "{}", exposed.remedy);
    let file = StoreLocation::Sqlite("/site/m.db".into());
    assert_eq!(store(text("sqlite:m.db", "")).unwrap(), file);
}

/// Each value is wrong in the third line of the rule that it is put in, alone and in a list of many
/// lines: what reads plain rules fast must not take for good what the library refuses.
#[test]
fn a_value_that_looks_right_and_is_not_is_named_with_its_line() {
    for (key, value, what) in [
        // RFC 6943, section 3.1.1: to half of the world this is 8.0.0.1.
        ("from", "010.0.0.1", "no network"),
        ("from", "192.0.2.0/08", "no network"),
        ("from", "192.0.2.0/33", "no network"),
        ("from", "2001:db8::/129", "no network"),
        ("from", "::ffff:192.0.2.0/129", "no network"),
        // RFC 4007, section 11: a zone means something on one machine only.
        ("from", "fe80::1%eth0", "no network"),
        ("from", "fe80::%1/64", "no network"),
        ("from", "192.0.2.1 ", "no network"),
        ("from", "192.0.2.0/255.255.255.0", "no network"),
        ("from", "Local", "no network"),
        ("from", "", "no network"),
        ("users", "@", "no group \"\""),
        ("users", "*@", "no pattern"),
        ("users", "*@*.example.com", "no pattern"),
        ("users", "al*", "stands only for everybody of a domain"),
        ("users", "", "empty"),
        ("users", "a\\tb", "control"),
        ("services", "", "\"\""),
        ("services", "im ap", "\"im ap\""),
        ("services", "../imap", "\"../imap\""),
        ("services", "imap\\u0007", "\"imap\\u{7}\""),
    ] {
        for list in [format!("[\"{value}\"]"), format!("[\"{value}\",\n]")] {
            let text = format!("[[rule]]\nname = \"a\"\n{key} = {list}\naccept = []\n");
            let error = parse_text(&text).expect_err(&text);
            assert_eq!(error.line, Some(3), "{text}\n{error}");
            assert!(error.message.contains(what), "{text}\n{error}");
            assert!(!error.remedy.is_empty(), "{text}");
        }
    }
    for (name, seen) in [
        ("a\\nb", "a\\nb"),
        ("\\u0085", "\\u{85}"),
        ("\\u007f", "\\u{7f}"),
    ] {
        let text = format!("[[rule]]\naccept = []\nname = \"{name}\"\n");
        let error = parse_text(&text).expect_err(&text);
        assert_eq!(error.line, Some(3), "{error}");
        let message = format!("\"{seen}\" holds a control character");
        assert_eq!(error.message, message);
    }
}

#[test]
fn a_rule_matches_whatever_way_its_words_and_the_logins_are_written() {
    let config = parse_text(
        r#"
        [users]
        domain = "example.com"
        [groups]
        staff = ["Alice", "bob@EXAMPLE.com", "*@Sales.Example.com"]
        vpn = ["dave"]
        [services]
        Mail = ["IMAP", "pop3"]
        [[rule]]
        name = "mapped"
        from = ["::ffff:192.0.2.0/120"]
        accept = ["password"]
        [[rule]]
        name = "mapped host"
        from = ["::FFFF:198.51.100.7"]
        accept = ["password"]
        [[rule]]
        name = "all of IPv4"
        services = ["sieve"]
        from = ["0.0.0.0/0"]
        accept = ["otp"]
        [[rule]]
        name = "all of IPv6"
        services = ["sieve"]
        from = ["::/0"]
        accept = ["otp"]
        [[rule]]
        name = "the file's group"
        services = ["MAIL"]
        users = ["@staff", "@vpn"]
        accept = ["otp"]
        [[rule]]
        name = "the system's group"
        services = ["mail"]
        users = ["@sysgroup"]
        accept = ["otp"]
        [[rule]]
        name = "own domain"
        services = ["SSHD"]
        users = ["Erin@Example.COM", "frank@example.org"]
        accept = ["otp"]
        [[rule]]
        name = "a terminal"
        from = ["local"]
        accept = ["password"]
        [[rule]]
        name = "nowhere"
        from = ["unknown"]
        accept = []
        "#,
    )
    .unwrap();
    const AWAY: &str = "203.0.113.1";
    for (account, service, remote, rule) in [
        ("zoe", "x", "192.0.2.255", "mapped"),
        ("zoe", "x", "::ffff:192.0.2.0", "mapped"),
        ("zoe", "x", "192.0.3.0", ""),
        ("zoe", "x", "198.51.100.7", "mapped host"),
        ("zoe", "x", "198.51.100.8", ""),
        ("zoe", "sieve", AWAY, "all of IPv4"),
        ("zoe", "Sieve", "::ffff:203.0.113.1", "all of IPv4"),
        ("zoe", "sieve", "2001:db8::1", "all of IPv6"),
        ("zoe", "sieve", "unknown", "nowhere"),
        ("alice", "imap", AWAY, "the file's group"),
        ("ALICE@example.com", "Pop3", AWAY, "the file's group"),
        ("alice@example.org", "imap", AWAY, ""),
        ("bob", "imap", AWAY, "the file's group"),
        ("carl@sales.example.com", "imap", AWAY, "the file's group"),
        ("carl@more.sales.example.com", "imap", AWAY, ""),
        // Of two groups with one name the file's counts alone.
        ("dave", "imap", AWAY, "the file's group"),
        ("carol", "imap", AWAY, ""),
        ("grace", "imap", AWAY, "the system's group"),
        ("alice", "submission", AWAY, ""),
        ("erin", "sshd", AWAY, "own domain"),
        ("frank@example.org", "sshd", AWAY, "own domain"),
        ("frank", "sshd", AWAY, ""),
        ("zoe", "x", "local", "a terminal"),
        ("zoe", "x", "unknown", "nowhere"),
        ("zoe", "x", AWAY, ""),
    ] {
        let found = accepts(&config, account, service, remote).0;
        assert_eq!(
            found.unwrap_or_default(),
            rule,
            "{account} {service} {remote}"
        );
    }
}

/// Hosts that share a store have the same rules, and their files where they like.
#[test]
fn where_things_are_ends_no_windows_and_every_other_word_does() {
    let text = "mode = \"enforce\"\n[store]\nkey = \"a\"\n[helper]\nsocket = \"b\"\n\n[otp]\nissuer = \"c\"\n\n\
                [[rule]]\nfrom = [\"192.0.2.0/24\"]\naccept = [\"otp\"]\n";
    let of = Config::fingerprint_of;
    for (was, becomes) in [("\"a\"", "\"other\""), ("\"b\"", "\"other\"")] {
        assert_eq!(of(text), of(&text.replace(was, becomes)), "{was}");
    }
    for (was, becomes) in [
        ("enforce", "observe"),
        ("\"c\"", "\"other\""),
        ("192.0.2.0", "192.0.3.0"),
        ("[\"otp\"]", "[]"),
        ("[[rule]]", "# a comment\n[[rule]]"),
        ("[otp]", "[grace]"),
    ] {
        assert_ne!(of(text), of(&text.replace(was, becomes)), "{was}");
    }
    let store_last = "mode = \"enforce\"\n[store]\nkey = \"a\"\n";
    assert_eq!(of(store_last), of(&store_last.replace("\"a\"", "\"b\"")));
}
