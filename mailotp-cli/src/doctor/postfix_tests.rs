use super::*;

const DOVECOT: &str = "smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_sasl_security_options = noanonymous
smtpd_sasl_tls_security_options = noplaintext, noanonymous
smtpd_tls_auth_only = yes
smtpd_tls_security_level = may
smtpd_tls_wrappermode = no
queue_directory = /var/spool/postfix
";
const LIBRARY: &str = "# x\npwcheck_method: saslauthd\nmech_list: PLAIN login\n";

/// Code and place of what is found where Dovecot and saslauthd ask mailotp.
fn look(main: &str, master: &str, library: &str) -> Vec<(&'static str, String)> {
    let library = |name: &str| {
        let file = (format!("/etc/postfix/sasl/{name}.conf"), library.to_owned());
        Some(file).filter(|_| !library.is_empty())
    };
    let site = Site {
        main,
        master,
        dovecot_asks: true,
        saslauthd_asks: true,
        is_socket: &|path| path == "/var/spool/postfix/private/auth",
        application: &library,
    };
    let mut report = Report::default();
    check(&site, &mut report);
    assert_eq!(report.findings.is_empty(), !report.checked.is_empty());
    let found = report.findings.into_iter();
    found.map(|one| (one.code.as_str(), one.place)).collect()
}

fn cyrus() -> String {
    DOVECOT
        .replace("= dovecot", "= cyrus")
        .replace("= private/auth", "= smtpd")
}

#[test]
fn what_setup_says_is_in_order() {
    assert_eq!(look(DOVECOT, "", ""), []);
    assert_eq!(look(&cyrus(), "", LIBRARY), []);
    let off = DOVECOT.replace("enable = yes", "enable = no");
    assert_eq!(look(&off, "smtp/inet/smtpd_tls_auth_only = no\n", ""), []);
}

#[test]
fn each_parameter_that_stands_in_the_way_is_found() {
    for (old, new, code) in [
        (
            "tls_security_options = noplaintext, noanonymous",
            "tls_security_options =",
            "postfix-anonymous",
        ),
        ("auth_only = yes", "auth_only = no", "postfix-clear"),
        (
            "= private/auth",
            "= /run/dovecot/elsewhere",
            "postfix-socket",
        ),
        ("= private/auth", "= private/other", "postfix-socket"),
    ] {
        let found = look(&DOVECOT.replace(old, new), "", "");
        assert_eq!(found, [(code, "postconf".to_owned())], "{new}");
    }
    let encrypted = DOVECOT
        .replace("auth_only = yes", "auth_only = no")
        .replace("level = may", "level = encrypt");
    assert_eq!(look(&encrypted, "", ""), []);
    let elsewhere = DOVECOT.replace("= private/auth", "= inet:192.0.2.1:12345");
    assert_eq!(look(&elsewhere, "", ""), []);
}

#[test]
fn what_master_cf_says_otherwise_is_looked_at_for_itself() {
    let off = DOVECOT.replace("enable = yes", "enable = no");
    let master = "submission/inet/smtpd_sasl_auth_enable = yes\n\
                  submission/inet/smtpd_tls_auth_only = no\n\
                  smtps/inet/smtpd_sasl_auth_enable = yes\n\
                  smtps/inet/smtpd_tls_wrappermode = yes\n\
                  pickup/unix/content_filter = x\n";
    assert_eq!(
        look(&off, master, ""),
        [("postfix-clear", "postconf -P: submission/inet".to_owned())]
    );
}

#[test]
fn a_library_that_asks_others_than_saslauthd_is_found() {
    for (library, codes) in [
        (
            "pwcheck_method: auxprop saslauthd\nmech_list: PLAIN LOGIN\n",
            &["postfix-library"][..],
        ),
        ("pwcheck_method: saslauthd\n", &["postfix-mechanisms"]),
        (
            "pwcheck_method: saslauthd\nmech_list: PLAIN CRAM-MD5\n",
            &["postfix-mechanisms"],
        ),
        ("", &["postfix-library", "postfix-mechanisms"]),
    ] {
        let found = look(&cyrus(), "", library);
        let found: Vec<_> = found.into_iter().map(|(code, _)| code).collect();
        assert_eq!(found, codes, "{library}");
    }
}

#[test]
fn a_postfix_whose_logins_are_not_mailotps_business_is_left_alone() {
    let site = Site {
        main: &DOVECOT.replace("auth_only = yes", "auth_only = no"),
        master: "",
        dovecot_asks: false,
        saslauthd_asks: true,
        is_socket: &|_| false,
        application: &|_| None,
    };
    let mut report = Report::default();
    check(&site, &mut report);
    assert!(report.findings.is_empty() && report.checked.len() == 1);
}
