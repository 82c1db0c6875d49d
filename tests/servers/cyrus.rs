//! Cyrus imapd with saslauthd, which Debian does not install beside Dovecot.

use std::net::Ipv4Addr;

use harness::packaged::{recipe, rules_enforced};
use harness::root::Root;
use harness::server::Server;
use harness::tool::feed;
use harness::wire::Wire;

use crate::{app_password, certificate, last_login, set_up, sheet, shell};

/// As Debian's scripts start them; they leave the foreground.
const START: &str = "#!/bin/sh
set -e
/etc/init.d/saslauthd start
/etc/init.d/cyrus-imapd start
exec sleep infinity
";

/// What it says to a login, over TLS.
fn login(secret: &str) -> String {
    let client = "60 openssl s_client -quiet -crlf -starttls imap -connect 127.0.0.1:143";
    let arguments: Vec<&str> = client.split(' ').collect();
    let lines = format!("a CAPABILITY\nb LOGIN alice {secret}\nc LOGOUT\n");
    feed("openssl", "timeout", &arguments, &lines).stdout
}

#[test]
fn cyrus_with_the_recipe_takes_app_passwords_over_tls_and_no_main_password() {
    let (rules, files) = (rules_enforced(), recipe("cyrus"));
    let packages = [
        "cyrus-imapd",
        "sasl2-bin",
        "libsasl2-modules",
        "netbase",
        "openssl",
        "msmtp-mta",
    ];
    let root = Root::of("cyrus", "bookworm", &packages);
    root.run(|sandbox| {
        set_up(sandbox, &rules, &files);
        certificate("/etc/ssl/private/mail.key", "/etc/ssl/certs/mail.pem");
        shell("chgrp mail /etc/ssl/private /etc/ssl/private/mail.key; chmod g+rx /etc/ssl/private; chmod 640 /etc/ssl/private/mail.key");
        sandbox.write("/start", 0o755, START);
        let mut server = Server::start("/start", &[]);
        let log = || sandbox.syslog().lines().join("\n");
        server.wait_until(|| Wire::connect(Ipv4Addr::LOCALHOST, 143).is_ok(), log);

        let made = sheet("alice");
        let phone = app_password("alice");
        for _ in 0..2 {
            let said = login(&phone);
            assert!(said.contains("b OK "), "{said}\n{}", log());
            assert!(said.contains("AUTH=PLAIN"), "{said}");
            assert!(!said.contains("AUTH=CRAM") && !said.contains("AUTH=SCRAM"), "{said}");
            let event = last_login();
            assert_eq!(event["remote"], "unknown", "{event}");
            assert_eq!(event["service"], "imap", "{event}");
        }
        for wrong in ["alices-system-password", &made.codes[0]] {
            let said = login(wrong);
            assert!(said.contains("b NO "), "{said}\n{}", log());
        }
        // Without TLS it takes no password at all.
        let mut wire = Wire::connect(Ipv4Addr::LOCALHOST, 143).expect("it answers");
        let _ = wire.line();
        wire.send(&format!("a LOGIN alice {phone}"));
        let said = wire.line();
        assert!(said.starts_with("a NO "), "{said}");
        let _ = crate::run(&["--user", "alice", "revoke", "--all"]).done();
        assert!(login(&phone).contains("b NO "), "nothing remembers it: {}", log());
    });
}
