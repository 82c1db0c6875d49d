//! Dovecot 2.4, which Debian has from 13 on.

use std::net::Ipv4Addr;

use harness::imap::Imap;
use harness::packaged::{Files, pam_services, recipe, rules_enforced};
use harness::root::Root;
use harness::server::Server;
use harness::tool::tool;
use harness::wire::Wire;

use crate::{app_password, certificate, findings, last_login, run, set_up, sheet};

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;

fn machine() -> Files {
    [recipe("dovecot-2.4"), pam_services()].concat()
}

fn root() -> Root {
    let packages = ["dovecot-imapd", "dovecot-submissiond", "openssl"];
    Root::of("dovecot-2.4", "trixie", &packages)
}

#[test]
fn dovecot_2_4_with_the_recipe_shows_the_challenge_and_takes_codes_and_app_passwords() {
    let (rules, files) = (rules_enforced(), machine());
    let root = root();
    root.run(|sandbox| {
        set_up(sandbox, &rules, &files);
        certificate(
            "/etc/dovecot/private/dovecot.key",
            "/etc/dovecot/private/dovecot.pem",
        );
        let said = tool("dovecot-core", "doveconf", &["-n"]).done();
        assert_eq!(said.stderr, "", "{said:?}");
        let version = tool("dovecot-core", "dovecot", &["--version"])
            .done()
            .stdout;
        assert!(version.starts_with("2.4."), "{version}");
        let refused = run(&["--json", "setup", "dovecot"]).error(1);
        assert!(
            refused.remedy.contains("packaging/recipes/dovecot-2.4"),
            "{refused:?}"
        );

        let mut server = Server::start("dovecot", &["-F"]);
        let log = || sandbox.syslog().lines().join("\n");
        for port in [143, 10143, 10587] {
            server.wait_until(|| Wire::connect(HERE, port).is_ok(), log);
        }
        assert_eq!(findings(), [""; 0]);

        let made = sheet("alice");
        let phone = app_password("alice");
        let login = |secret: &str| Imap::connect(HERE, 143).login("alice", secret);
        assert!(login(&phone).is_ok(), "{}", log());
        assert!(login("alices-system-password").is_no());
        let webmail = |from: &str, secret: &str| {
            let mut imap = Imap::connect(HERE, 10143);
            imap.forward(from);
            imap.login("alice", secret)
        };
        let challenge = webmail("203.0.113.7", "?").text;
        let due = format!("[ALERT] Code {} 1:", made.name);
        assert!(challenge.starts_with(&due), "{challenge}");
        assert!(
            webmail("203.0.113.7", &phone).is_no(),
            "the rule takes codes"
        );
        for _ in 0..2 {
            assert!(webmail("203.0.113.7", &made.codes[0]).is_ok());
        }
        assert!(webmail("203.0.113.8", &made.codes[0]).is_no());
        let event = last_login();
        assert_eq!(event["service"], "webmail", "{event}");
        assert_eq!(event["remote"], "203.0.113.8", "{event}");
    });
}

/// CVE-2026-27855: with a cache, and without `use_cache = no`, 2.4 lets a spent code in by itself. If this
/// fails one day, Dovecot has become better, and the recipe says too much.
#[test]
fn cve_2026_27855_the_line_that_keeps_the_cache_away_is_needed() {
    let (rules, files) = (rules_enforced(), machine());
    let rules = rules.replace("grace    = \"off\"\n", "").replace(
        "name     = \"webmail\"\n",
        "name     = \"webmail\"\ngrace    = \"off\"\n",
    );
    let root = root();
    for (line, cached) in [("use_cache = no", false), ("use_cache = yes", true)] {
        let mut files = files.clone();
        for (_, content) in &mut files {
            *content = content
                .replace("auth_cache_size = 0", "auth_cache_size = 1M")
                .replace("use_cache = no", line);
        }
        root.run(|sandbox| {
            set_up(sandbox, &rules, &files);
            certificate(
                "/etc/dovecot/private/dovecot.key",
                "/etc/dovecot/private/dovecot.pem",
            );
            let mut server = Server::start("dovecot", &["-F"]);
            let log = || sandbox.syslog().lines().join("\n");
            server.wait_until(|| Wire::connect(HERE, 10143).is_ok(), log);
            let code = &sheet("alice").codes[0];
            let login = || Imap::connect(HERE, 10143).login("alice", code);
            assert!(login().is_ok(), "{}", log());
            assert_eq!(login().is_ok(), cached, "{line}: {}", log());
            let found = findings().iter().any(|one| one.contains("dovecot-cache"));
            assert_eq!(found, cached, "{line}");
        });
    }
}
