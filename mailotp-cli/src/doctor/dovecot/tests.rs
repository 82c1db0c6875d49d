//! Each trap of a Dovecot, in the words of 2.3 and, where it differs, of 2.4.

use super::{Site, check};
use crate::doctor::finding::{Finding, Report, Severity};
use crate::doctor::pam::Services;

const PASS: &str = "passdb {\n  args = mailotp-%s\n  driver = pam\n  mechanisms = plain login\n}\n";
const GATE: &str = "passdb {\n  args = failure_show_msg=yes \
    mailotp-%s-challenge\n  deny = yes\n  driver = pam\n  mechanisms = plain login\n}\n";
const SQL: &str =
    "passdb {\n  args = /etc/dovecot/sql.conf\n  driver = sql\n  mechanisms = plain login\n}\n";

fn services() -> Services {
    let mut services = Services::default();
    for service in ["imap", "pop3", "webmail"] {
        let name = format!("mailotp-{service}");
        let stack = "auth [success=done ignore=ignore default=die] pam_mailotp.so\nauth \
            requisite pam_deny.so";
        services.add(&name, &format!("/etc/pam.d/{name}"), stack);
        let name = format!("{name}-challenge");
        let stack = "auth [default=die] pam_mailotp.so challenge";
        services.add(&name, &format!("/etc/pam.d/{name}"), stack);
    }
    services.add("dovecot", "/etc/pam.d/dovecot", "auth required pam_unix.so");
    services
}

fn look_with(services: &Services, text: &str) -> Report {
    let mut report = Report::default();
    let site = Site {
        pam: services,
        key_owner: Some("root"),
    };
    let text = format!(
        "# 2.3.19.1 (9b53102964): /etc/dovecot/dovecot.conf\nprotocols = imap pop3 lmtp\n{text}"
    );
    check(&text, &site, &mut report);
    report
}

#[track_caller]
fn only(text: &str) -> Finding {
    let mut found = look_with(&services(), text).findings;
    assert_eq!(found.len(), 1, "{text}{found:#?}");
    found.remove(0)
}

#[track_caller]
fn assert_is(found: &Finding, code: &str, severity: Severity, line: usize) {
    assert_eq!(
        (found.code.as_str(), found.severity, found.place.as_str()),
        (code, severity, format!("doveconf -n:{line}").as_str()),
        "{found:#?}"
    );
    assert!(!found.remedy.is_empty());
}

#[test]
fn the_two_databases_with_main_passwords_below_are_in_order() {
    for below in ["", SQL, "auth_mechanisms = plain login scram-sha-256\n"] {
        let report = look_with(&services(), &format!("{PASS}{GATE}{below}"));
        assert!(report.findings.is_empty(), "{report:#?}");
        assert_eq!(report.checked.len(), 1);
    }
    let other = "passdb {\n  driver = ldap\n  mechanisms = scram-sha-256\n}\n";
    let deny = "passdb {\n  args = /etc/dovecot/denied\n  deny = yes\n  driver = passwd-file\n}\n";
    let report = look_with(&services(), &format!("{deny}{other}{PASS}{GATE}"));
    assert!(report.findings.is_empty(), "{report:#?}");
}

#[test]
fn a_dovecot_that_does_not_ask_mailotp_is_told_so() {
    let found = only("passdb {\n  driver = pam\n}\n");
    assert_is(&found, "dovecot-unused", Severity::Info, 1);
}

#[test]
fn a_cache_in_front_of_mailotp_is_an_error() {
    let cached = PASS.replace("mailotp-%s", "cache_key=%u%r mailotp-%s");
    let found = only(&format!("auth_cache_size = 10 M\n{cached}{GATE}"));
    assert_is(&found, "dovecot-cache", Severity::Error, 4);
    let found = only(&format!("{cached}{GATE}"));
    assert_is(&found, "dovecot-cache", Severity::Warning, 3);
    // In 2.3 PAM is cached only where a key is given.
    let report = look_with(
        &services(),
        &format!("auth_cache_size = 10 M\n{PASS}{GATE}{SQL}"),
    );
    assert!(report.findings.is_empty(), "{report:#?}");
}

#[test]
fn failure_show_msg_without_a_gate_is_named() {
    let found = only(&PASS.replace("mailotp-%s", "failure_show_msg=yes mailotp-%s"));
    assert_is(&found, "gate-missing", Severity::Warning, 3);
    assert!(found.message.contains("failure_show_msg"), "{found:?}");
    assert_is(&only(PASS), "gate-missing", Severity::Warning, 3);
    let silent = GATE.replace("failure_show_msg=yes ", "");
    let found = only(&format!("{PASS}{silent}"));
    assert_is(&found, "gate-missing", Severity::Warning, 8);
}

#[test]
fn a_gate_before_the_ordinary_database_is_an_error() {
    let found = look_with(&services(), &format!("{GATE}{PASS}")).findings;
    assert_is(&found[0], "gate-order", Severity::Error, 3);
}

#[test]
fn a_gate_that_does_not_deny_or_a_denial_that_is_no_gate_is_an_error() {
    let found = look_with(
        &services(),
        &format!("{PASS}{}", GATE.replace("deny = yes", "deny = no")),
    )
    .findings;
    assert_is(&found[0], "gate-argument", Severity::Error, 8);
    let mut services = services();
    for service in ["imap", "pop3"] {
        let name = format!("mailotp-{service}-deny");
        services.add(&name, "", "auth requisite pam_mailotp.so");
    }
    let no_gate = GATE.replace("%s-challenge", "%s-deny");
    let found = look_with(&services, &format!("{PASS}{no_gate}")).findings;
    assert_is(&found[0], "gate-argument", Severity::Error, 8);
}

#[test]
fn a_database_above_is_not_guarded() {
    let found = only(&format!("{SQL}{PASS}{GATE}"));
    assert_is(&found, "passdb-unguarded", Severity::Error, 3);
    let system = "passdb {\n  driver = pam\n}\n";
    let found = only(&format!("{system}{PASS}{GATE}"));
    assert_is(&found, "passdb-unguarded", Severity::Error, 3);
}

#[test]
fn a_database_below_without_a_gate_is_not_guarded() {
    let found = look_with(&services(), &format!("{PASS}{SQL}")).findings;
    assert_is(&found[0], "passdb-unguarded", Severity::Error, 8);
    let ends = PASS.replace("driver", "result_failure = return-fail\n  driver");
    let found = look_with(&services(), &format!("{ends}{SQL}")).findings;
    assert!(
        found.iter().all(|one| one.severity != Severity::Error),
        "{found:#?}"
    );
}

#[test]
fn a_database_below_takes_other_mechanisms_past_mailotp() {
    let sql = SQL.replace("  mechanisms = plain login\n", "");
    let others = "auth_mechanisms = plain login cram-md5\n";
    let found = only(&format!("{others}{PASS}{GATE}{sql}"));
    assert_is(&found, "passdb-mechanisms", Severity::Error, 15);
    assert!(found.message.contains("cram-md5"), "{found:?}");
    let report = look_with(&services(), &format!("{PASS}{GATE}{sql}"));
    assert!(
        report.findings.is_empty(),
        "there are no others: {report:#?}"
    );
}

#[test]
fn a_gate_for_all_mechanisms_refuses_those_that_are_not_its_business() {
    let gate = GATE.replace("  mechanisms = plain login\n", "");
    let others = "auth_mechanisms = plain scram-sha-256\n";
    let found = only(&format!("{others}{PASS}{gate}"));
    assert_is(&found, "gate-mechanisms", Severity::Warning, 9);
}

#[test]
fn a_protocol_without_its_two_files_falls_to_other() {
    let report = look_with(&services(), &format!("{PASS}{GATE}").replace("%s", "%Ls"));
    assert!(report.findings.is_empty(), "{report:#?}");
    let sieve = format!("protocols = imap sieve\n{PASS}{GATE}");
    let places: Vec<_> = look_with(&services(), &sieve)
        .findings
        .into_iter()
        .map(|found| (found.code.as_str(), found.place))
        .collect();
    assert_eq!(
        places,
        [
            ("pam-missing", "/etc/pam.d/mailotp-sieve".to_owned()),
            (
                "pam-missing",
                "/etc/pam.d/mailotp-sieve-challenge".to_owned()
            ),
        ]
    );
    let postfix = "service auth {\n  unix_listener /var/spool/postfix/private/auth \
        {\n    mode = 0660\n  }\n}\n";
    let found = look_with(&services(), &format!("{PASS}{GATE}{postfix}")).findings;
    assert_eq!(found[0].place, "/etc/pam.d/mailotp-smtp");
}

#[test]
fn a_service_of_mailotp_that_does_not_ask_it_is_an_error() {
    let mut services = services();
    services.add(
        "mailotp-sieve",
        "/etc/pam.d/mailotp-sieve",
        "auth required pam_unix.so",
    );
    services.add(
        "mailotp-sieve-challenge",
        "",
        "auth requisite pam_mailotp.so challenge",
    );
    let report = look_with(&services, &format!("protocols = imap sieve\n{PASS}{GATE}"));
    let found = &report.findings[..];
    assert!(found.len() == 1, "{found:#?}");
    assert_eq!(found[0].code.as_str(), "passdb-unguarded");
    assert_eq!(found[0].place, "/etc/pam.d/mailotp-sieve");
}

#[test]
fn a_worker_that_is_not_root_may_not_open_the_key() {
    let worker = "service auth-worker {\n  user = $default_internal_user\n}\n";
    let found = only(&format!("{PASS}{GATE}{worker}"));
    assert_is(&found, "worker-user", Severity::Error, 14);
    let root = worker.replace("$default_internal_user", "root");
    assert!(
        look_with(&services(), &format!("{PASS}{GATE}{root}"))
            .findings
            .is_empty()
    );
}

#[test]
fn a_webmail_listener_wants_somebody_who_may_forward_addresses() {
    let template = "%{if;%a;==;10143;mailotp-webmail;mailotp-%s}";
    let [pass, gate] = [PASS, GATE].map(|one| one.replace("mailotp-%s", template));
    let found = only(&format!("{pass}{gate}"));
    assert_is(&found, "forwarding-missing", Severity::Warning, 3);
    let listener = "service imap-login {\n  inet_listener webmail {\n    port = 10143\n  }\n}\n";
    let found = only(&format!("{PASS}{GATE}{listener}"));
    assert_is(&found, "forwarding-missing", Severity::Warning, 15);
    let trusted = "login_trusted_networks = 127.0.0.2/32\n";
    let report = look_with(&services(), &format!("{trusted}{pass}{gate}{listener}"));
    assert!(report.findings.is_empty(), "{report:#?}");
}

/// The same in the words of 2.4.
#[test]
fn the_words_of_2_4_are_understood() {
    let look = |text: &str| {
        let mut report = Report::default();
        let services = services();
        let site = Site {
            pam: &services,
            key_owner: None,
        };
        let text = format!(
            "# 2.4.1-4 (7d8c0e5759): /etc/dovecot/dovecot.conf\ndovecot_config_version \
             = 2.4.0\nprotocols {{\n  imap = yes\n}}\n{text}"
        );
        check(&text, &site, &mut report);
        let codes = report.findings.iter().map(|found| found.code.as_str());
        codes.collect::<Vec<_>>()
    };
    let pass = "passdb pam {\n  mechanisms_filter = plain login\n  service_name = \
        mailotp-%{protocol}\n  use_cache = no\n}\n";
    let gate = "passdb gate {\n  driver = pam\n  deny = yes\n  passdb_mechanisms_filter = \
        plain login\n  passdb_pam_failure_show_msg = yes\n  passdb_pam_service_name = \
        mailotp-%{protocol}-challenge\n  passdb_use_cache = no\n}\n";
    assert_eq!(
        look(&format!("auth_cache_size = 1M\n{pass}{gate}")),
        [] as [&str; 0]
    );
    let cached = pass.replace("  use_cache = no\n", "");
    assert_eq!(
        look(&format!("auth_cache_size = 1M\n{cached}{gate}")),
        ["dovecot-cache"]
    );
    assert_eq!(
        look(&format!("{cached}{gate}")),
        [] as [&str; 0],
        "there is no cache"
    );
    assert_eq!(
        look(&format!("passdb sql {{\n}}\n{pass}{gate}")),
        ["passdb-unguarded"]
    );
    let silent = gate.replace("failure_show_msg = yes", "failure_show_msg = no");
    assert_eq!(look(&format!("{pass}{silent}")), ["gate-missing"]);
    // The word of 2.3, which 2.4 does not know: all mechanisms ask the database.
    let every = pass.replace("mechanisms_filter", "mechanisms");
    let scram = "auth_mechanisms = plain login scram-sha-256\n";
    assert_eq!(look(&format!("{scram}{pass}{gate}")), [] as [&str; 0]);
    assert_ne!(look(&format!("{scram}{every}{gate}")), [] as [&str; 0]);
    // What is shipped for a webmail with a listener of its own.
    let shipped = include_str!(
        "../../../../packaging/recipes/dovecot-2.4/etc/dovecot/conf.d/auth-mailotp-webmail.conf.ext"
    );
    let webmail = "login_trusted_networks = 127.0.0.1/32\nservice imap-login {\n  inet_listener \
        webmail {\n    port = 10143\n  }\n}\n";
    assert_eq!(look(&format!("{webmail}{shipped}")), [] as [&str; 0]);
}
