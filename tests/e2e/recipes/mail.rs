//! Dovecot and Postfix with the recipes as they are shipped.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::chown;
use std::path::Path;

use harness::dovecot::{IMAP, WEBMAIL};
use harness::imap::Imap;
use harness::packaged::{Files, pam_services, recipe};
use harness::postfix::{Postfix, QUEUE};
use harness::sandbox::Sandbox;
use harness::saslauthd::Saslauthd;
use harness::server::Server;
use harness::submission::Submission;
use harness::tool::{feed, tool};
use harness::wire::Wire;

use super::{findings, on_a_machine, write};
use crate::enrol::{app_password, sheet};
use crate::steps::stage::CAFE;

/// Makes a key, and a certificate that nobody trusts, in these files.
fn certificate(sandbox: &Sandbox, key: &str, certificate: &str) {
    sandbox.write(
        "/etc/openssl.cnf",
        0o644,
        "[req]\ndistinguished_name = req\n",
    );
    for path in [key, certificate] {
        sandbox.write(path, 0o600, "");
    }
    let options = "req -x509 -config /etc/openssl.cnf -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
                   -nodes -subj /CN=mail.example.com -keyout";
    let options = options.split_whitespace().chain([key, "-out", certificate]);
    let _ = tool("openssl", "openssl", &options.collect::<Vec<_>>()).done();
}

/// Gives an account a home that it can write to.
fn home(sandbox: &Sandbox, account: &str) {
    let passwd = fs::read_to_string("/etc/passwd").expect("the sandbox has one");
    let line = passwd
        .lines()
        .find(|line| line.starts_with(&format!("{account}:")));
    let line = line.expect("the sandbox has the account");
    let id: u32 = line
        .split(':')
        .nth(2)
        .expect("a number")
        .parse()
        .expect("a number");
    let folder = format!("/run/home/{account}");
    fs::create_dir_all(&folder).expect("/run is ours");
    chown(&folder, Some(id), Some(id)).expect("root may give it away");
    let moved = line.replace("/nonexistent", &folder);
    sandbox.write("/etc/passwd", 0o644, &passwd.replace(line, &moved));
}

/// Dovecot as the recipe has it, with or without a submission service of its own.
fn dovecot(sandbox: &Sandbox, files: &Files, submits: bool) -> Server {
    let protocols = "!include_try /usr/share/dovecot/protocols.d/*.protocol";
    for (path, content) in files {
        let content = if submits {
            content.clone()
        } else {
            content.replace(protocols, "protocols = imap")
        };
        sandbox.write(path, 0o644, &content);
    }
    certificate(
        sandbox,
        "/etc/dovecot/private/dovecot.key",
        "/etc/dovecot/private/dovecot.pem",
    );
    // It keeps there which instances it has had.
    sandbox.empty("/var/lib/dovecot");
    let said = tool("dovecot-core", "doveconf", &["-n"]).done();
    assert_eq!(said.stderr, "", "{said:?}");
    // Its delays are worth having in production and only cost time here.
    let file = "/etc/dovecot/dovecot.conf";
    let shipped = fs::read_to_string(file).expect("it was written");
    let quick = shipped.replace("auth_failure_delay = 2 secs", "auth_failure_delay = 0");
    assert_ne!(shipped, quick);
    let penalty = "service anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}\n";
    sandbox.write(file, 0o644, &format!("{quick}{penalty}"));
    let mut server = Server::start("dovecot", &["-F"]);
    for port in [IMAP, WEBMAIL] {
        let answers = || Wire::connect(Ipv4Addr::LOCALHOST, port).is_ok();
        server.wait_until(answers, || sandbox.syslog().lines().join("\n"));
    }
    server
}

#[test]
fn dovecot_with_the_recipe_judges_webmail_as_its_own_service_by_the_address_of_its_users() {
    let files = [recipe("dovecot-2.3"), pam_services()].concat();
    on_a_machine(|sandbox| {
        home(sandbox, "alice");
        sandbox.set_system_password("alice", "alices-system-password");
        let _dovecot = dovecot(sandbox, &files, true);
        assert_eq!(findings(), [""; 0]);

        let made = sheet("alice");
        let phone = app_password("alice");
        let login = |secret: &str| Imap::connect(Ipv4Addr::LOCALHOST, IMAP).login("alice", secret);
        assert!(login("alices-system-password").is_no());
        assert!(login(&phone).is_ok());
        let webmail = |from: &str, secret: &str| {
            let mut imap = Imap::connect(Ipv4Addr::LOCALHOST, WEBMAIL);
            imap.forward(from);
            imap.login("alice", secret)
        };
        let challenge = webmail("203.0.113.7", "?").text;
        assert!(
            challenge.starts_with(&format!("[ALERT] Code {} 1:", made.name)),
            "{challenge}"
        );
        assert!(
            webmail("203.0.113.7", &phone).is_no(),
            "the rule takes codes"
        );
        for _ in 0..2 {
            assert!(webmail("203.0.113.7", &made.codes[0]).is_ok());
        }
        assert!(webmail("203.0.113.8", &made.codes[0]).is_no());
        sandbox
            .syslog()
            .wait_for(&["result=accepted", "service=webmail", "remote=203.0.113.7"]);
        // TLS or nothing, but for the machine itself.
        let strange = Imap::connect(CAFE, IMAP).login("alice", &phone);
        assert!(strange.is_no(), "{strange:?}");
    });
}

/// What Postfix says to a login at its submission service, which wants TLS first.
fn submit(secret: &str) -> String {
    let client = [
        "60",
        "openssl",
        "s_client",
        "-quiet",
        "-crlf",
        "-starttls",
        "smtp",
    ];
    let arguments = [&client[..], &["-connect", "127.0.0.1:587"]].concat();
    let login = format!(
        "EHLO x\nAUTH PLAIN {}\nQUIT\n",
        Submission::plain("alice", secret)
    );
    feed("openssl", "timeout", &arguments, &login).stdout
}

/// Postfix with the recipe's own main.cf and master.cf.
fn postfix(sandbox: &Sandbox, files: &Files) -> Server {
    write(sandbox, files);
    let services = "smtp 25/tcp\nsubmission 587/tcp\nsubmissions 465/tcp\n";
    sandbox.write("/etc/services", 0o644, services);
    let own = "default_privs=vmail inet_interfaces=127.0.0.1 inet_protocols=ipv4";
    for setting in own.split(' ') {
        let _ = tool("postfix", "postconf", &["-e", setting]).done();
    }
    let mut complaints = Postfix::check(sandbox);
    // Dovecot goes on writing its log.
    complaints.retain(|line| !line.contains("dovecot"));
    assert!(complaints.is_empty(), "{complaints:#?}");
    let said = tool("postfix", "postconf", &["-n"]).done();
    assert_eq!(said.stderr, "", "{said:?}");
    let mut server = Server::start("postfix", &["start-fg"]);
    for port in [25, 587, 465] {
        let answers = || Wire::connect(Ipv4Addr::LOCALHOST, port).is_ok();
        server.wait_until(answers, || sandbox.syslog().lines().join("\n"));
    }
    server
}

/// Nobody logs in at port 25, and the submission service takes app passwords.
fn try_postfix(sandbox: &Sandbox, remote: &str) {
    let offers = Submission::connect(Ipv4Addr::LOCALHOST, 25);
    assert!(
        !offers
            .offers()
            .iter()
            .any(|offer| offer.starts_with("AUTH"))
    );
    let phone = app_password("alice");
    let log = || sandbox.syslog().lines().join("\n");
    let said = submit(&phone);
    assert!(said.contains("235 "), "{said}\n{}", log());
    assert!(submit("wrong").contains("535 "), "{}", log());
    let remote = format!("remote={remote}");
    sandbox
        .syslog()
        .wait_for(&["result=accepted", "service=smtp", &remote]);
}

#[test]
fn postfix_with_the_recipe_for_dovecot_takes_app_passwords_at_submission_alone() {
    let server = [recipe("dovecot-2.3"), pam_services()].concat();
    let files = recipe("postfix-dovecot");
    on_a_machine(|sandbox| {
        Postfix::install(sandbox);
        home(sandbox, "alice");
        write(sandbox, &files);
        let _dovecot = dovecot(sandbox, &server, false);
        assert!(Path::new(QUEUE).join("private/auth").exists());
        let _postfix = postfix(sandbox, &files);
        assert_eq!(findings(), [""; 0]);
        try_postfix(sandbox, "127.0.0.1");
    });
}

#[test]
fn postfix_with_the_recipe_for_saslauthd_takes_app_passwords_at_submission_alone() {
    let files = recipe("postfix-saslauthd");
    on_a_machine(|sandbox| {
        Postfix::install(sandbox);
        write(sandbox, &files);
        let group = fs::read_to_string("/etc/group").expect("the sandbox has one");
        let sasl = group
            .lines()
            .find(|line| line.starts_with("sasl:"))
            .expect("it has");
        sandbox.write(
            "/etc/group",
            0o644,
            &group.replace(sasl, &format!("{sasl}postfix")),
        );
        let socket = format!("{QUEUE}/var/run/saslauthd/mux");
        let _saslauthd = Saslauthd::start_one(sandbox, "/etc/default/saslauthd-postfix", &socket);
        let _postfix = postfix(sandbox, &files);
        assert_eq!(findings(), [""; 0]);
        try_postfix(sandbox, "unknown");
    });
}
