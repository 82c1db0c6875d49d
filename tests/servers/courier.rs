//! Courier, which Debian does not install beside Dovecot.

use std::net::Ipv4Addr;

use harness::imap::Imap;
use harness::packaged::{recipe, rules_enforced};
use harness::root::Root;
use harness::server::Server;
use harness::wire::Wire;

use crate::{app_password, last_login, set_up, sheet, shell};

/// As Debian's scripts start it; they leave the foreground.
const START: &str = "#!/bin/sh
set -e
mkdir -p /run/courier
/etc/init.d/courier-authdaemon start
/etc/init.d/courier-imap start
/etc/init.d/courier-pop start
exec sleep infinity
";

const HERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 71);

fn pop3(secret: &str) -> String {
    let mut wire = Wire::connect(HERE, 110).expect("it answers");
    let _ = wire.line();
    wire.send("USER alice");
    let _ = wire.line();
    wire.send(&format!("PASS {secret}"));
    wire.line()
}

#[test]
fn courier_with_the_recipe_takes_a_code_once_and_from_one_address_and_no_main_password() {
    let (rules, files) = (rules_enforced(), recipe("courier"));
    let packages = [
        "courier-imap",
        "courier-pop",
        "courier-authdaemon",
        "msmtp-mta",
    ];
    let root = Root::of("courier", "bookworm", &packages);
    root.run(|sandbox| {
        set_up(sandbox, &rules, &files);
        for account in ["alice", "bob"] {
            shell(&format!("su {account} -c 'maildirmake ~/Maildir'"));
        }
        sandbox.write("/start", 0o755, START);
        let mut server = Server::start("/start", &[]);
        let log = || sandbox.syslog().lines().join("\n");
        for port in [143, 110] {
            server.wait_until(|| Wire::connect(HERE, port).is_ok(), log);
        }
        let made = sheet("alice");
        let phone = app_password("alice");
        let login = |from, secret: &str| Imap::connect(from, 143).login("alice", secret);
        for _ in 0..2 {
            assert!(login(HERE, &made.codes[0]).is_ok(), "{}", log());
            let event = last_login();
            // Courier says ::ffff:127.0.0.71.
            assert_eq!(event["remote"], "127.0.0.71", "{event}");
            assert_eq!(event["service"], "imap", "{event}");
        }
        let elsewhere = Ipv4Addr::new(127, 0, 0, 72);
        assert!(login(elsewhere, &made.codes[0]).is_no(), "{}", log());
        assert_eq!(last_login()["reason"], "replay");
        assert!(login(HERE, "alices-system-password").is_no());
        assert!(login(elsewhere, &phone).is_ok(), "{}", log());
        assert!(pop3(&phone).starts_with("+OK"), "{}", log());
        assert_eq!(last_login()["service"], "pop3");
        assert!(pop3("alices-system-password").starts_with("-ERR"));
        let capabilities = Imap::connect(HERE, 143).command("CAPABILITY");
        assert!(
            !format!("{capabilities:?}").contains("CRAM"),
            "{capabilities:?}"
        );
    });
}
