//! `setup`, as far as it prints.

use harness::site::Site;

#[test]
fn it_prints_the_files_of_this_machine_and_writes_none() {
    let site = Site::new("");
    let said = site.cli(["--json", "setup", "dovecot"]).json();
    let files = said["files"].as_array().expect("a list");
    let mut contents = String::new();
    for file in files {
        let path = file["path"].as_str().expect("a path");
        assert!(path.starts_with('/'), "{path}");
        assert!(!file["mode"].is_null(), "{file}");
        contents += file["content"].as_str().expect("a text");
    }
    for part in [
        "driver = pam",
        "mechanisms = plain login",
        "deny = yes",
        "failure_show_msg=yes",
        "pam_mailotp.so",
        "challenge",
        "success=done ignore=ignore default=die",
        "pam_deny.so",
    ] {
        assert!(contents.contains(part), "{part}: {contents}");
    }
    let config = site.path("mailotp.toml").display().to_string();
    assert!(
        contents.contains(&config),
        "the module must find this configuration: {contents}"
    );
    assert!(
        !said["next"].as_array().expect("a list").is_empty(),
        "{said}"
    );
}

#[test]
fn the_gate_comes_after_the_ordinary_pass() {
    let site = Site::new("");
    let said = site.cli(["--json", "setup", "dovecot"]).json();
    let files = said["files"].as_array().expect("a list").iter();
    let contents = files.map(|file| file["content"].as_str().unwrap_or_default());
    let dovecot = contents
        .into_iter()
        .find(|content| content.contains("passdb"));
    let dovecot = dovecot.expect("a file for Dovecot");
    let ordinary = dovecot.find("driver = pam");
    let gate = dovecot.find("deny = yes");
    assert!(ordinary.is_some() && ordinary < gate, "{dovecot}");
}

#[test]
fn there_is_a_service_file_for_the_pass_and_one_for_the_gate() {
    let site = Site::new("");
    let said = site.cli(["--json", "setup", "dovecot"]).json();
    let files = said["files"].as_array().expect("a list").iter();
    let paths: Vec<&str> = files.filter_map(|file| file["path"].as_str()).collect();
    for service in ["mailotp-imap", "mailotp-imap-challenge"] {
        let end = format!("pam.d/{service}");
        assert!(
            paths.iter().any(|path| path.ends_with(&end)),
            "{service}: {paths:?}"
        );
    }
}

#[test]
fn people_can_read_it() {
    let site = Site::new("");
    let said = site.cli(["setup", "dovecot"]).done().stdout;
    assert!(
        said.contains("pam.d/mailotp-imap") && said.contains("deny = yes"),
        "{said}"
    );
}

#[test]
fn every_server_gets_the_closed_stack_of_this_site_and_what_is_left_to_do() {
    let site = Site::new("");
    let config = format!("config={}", site.path("mailotp.toml").display());
    for server in ["dovecot", "saslauthd", "sshd"] {
        let said = site.cli(["--json", "setup", server]).json();
        let files = said["files"].as_array().expect("a list").iter();
        let contents = files.map(|file| file["content"].as_str().expect("a text"));
        let stack = contents
            .filter(|content| content.contains("ignore=ignore"))
            .inspect(|stack| {
                for part in [
                    "success=done ignore=ignore default=die",
                    "pam_deny.so",
                    &config,
                ] {
                    assert!(stack.contains(part), "{server}: {part} in {stack}");
                }
            });
        assert_ne!(stack.count(), 0, "{server}: {said}");
        assert_ne!(said["next"].as_array().map_or(0, Vec::len), 0, "{said}");
        assert_eq!(said["applied"], false);
    }
}

#[test]
fn what_sshd_needs_is_said_in_its_words() {
    let site = Site::new("");
    let said = site.cli(["setup", "sshd"]).done().stdout;
    for line in [
        "UsePAM yes",
        "KbdInteractiveAuthentication yes",
        "PasswordAuthentication no",
    ] {
        assert!(said.lines().any(|there| there == line), "{line}: {said}");
    }
}

#[test]
fn saslauthd_is_set_up_without_its_cache_for_the_services_that_are_named() {
    let site = Site::new("");
    let named = [
        "setup",
        "saslauthd",
        "--service",
        "smtp",
        "--service",
        "xmpp",
    ];
    let said = site.cli(named).done().stdout;
    let options = said.lines().filter(|line| line.starts_with("OPTIONS="));
    for line in options {
        assert!(!line.contains("-c"), "{line}");
    }
    assert!(said.contains("\nMECHANISMS=\"pam\"\n"), "{said}");
    assert!(
        said.contains("/pam.d/xmpp") && !said.contains("/pam.d/imap"),
        "{said}"
    );
    let path = ["--json", "setup", "saslauthd", "--service", "../shadow"];
    site.cli(path).error(2);
}

/// What is printed for Postfix with Dovecot or saslauthd behind it: the files, and the steps.
fn for_postfix(arguments: &[&str]) -> (String, String) {
    let site = Site::new("");
    let command = [&["--json", "setup", "postfix"][..], arguments].concat();
    let said = site.cli(command).json();
    assert_eq!(said["applied"], false);
    let files = said["files"].as_array().expect("a list").iter();
    let texts = files.flat_map(|file| [&file["path"], &file["content"]]);
    let texts: Vec<&str> = texts.filter_map(|text| text.as_str()).collect();
    let steps = said["next"].as_array().expect("a list").iter();
    let steps: Vec<&str> = steps.filter_map(|step| step.as_str()).collect();
    (texts.join("\n"), steps.join("\n"))
}

#[test]
fn postfix_is_told_by_one_postconf_and_by_no_file_of_ours() {
    for sasl in ["dovecot", "saslauthd"] {
        let (files, steps) = for_postfix(&["--sasl", sasl]);
        assert!(!files.contains("main.cf"), "{files}");
        let command = steps
            .lines()
            .find_map(|step| step.split_once("postconf -e '"));
        let (_, command) = command.unwrap_or_else(|| panic!("no command in {steps}"));
        for parameter in [
            "smtpd_sasl_security_options = noanonymous",
            "smtpd_sasl_tls_security_options = noanonymous",
            "smtpd_tls_auth_only = yes",
            "smtpd_sasl_auth_enable = yes",
        ] {
            assert!(command.contains(&format!("'{parameter}'")), "{command}");
        }
    }
}

#[test]
fn postfix_with_dovecot_gets_a_socket_that_postfix_alone_reaches() {
    let (files, steps) = for_postfix(&["--sasl", "dovecot"]);
    for part in ["/private/auth {", "mode = 0660", "user = postfix"] {
        assert!(files.contains(part), "{part}: {files}");
    }
    assert!(steps.contains("'smtpd_sasl_type = dovecot'"), "{steps}");
    assert!(
        steps.contains("'smtpd_sasl_path = private/auth'"),
        "{steps}"
    );
    assert!(steps.contains("setup dovecot --apply"), "{steps}");
    let (_, steps) = for_postfix(&["--sasl", "dovecot", "--virtual-users"]);
    assert!(
        steps.contains("setup dovecot --virtual-users --apply"),
        "{steps}"
    );
}

#[test]
fn postfix_with_saslauthd_gets_the_service_smtp_and_is_told_that_no_address_comes_along() {
    let (files, steps) = for_postfix(&["--sasl", "saslauthd"]);
    for part in [
        "/etc/pam.d/smtp\n",
        "/etc/postfix/sasl/smtpd.conf\n",
        "\npwcheck_method: saslauthd\n",
        "\nmech_list: PLAIN LOGIN\n",
    ] {
        assert!(files.contains(part), "{part}: {files}");
    }
    for part in [
        "usermod -aG sasl postfix",
        "from = [\"unknown\"]",
        "no address",
    ] {
        assert!(steps.contains(part), "{part}: {steps}");
    }
}

#[test]
fn the_pam_service_of_postfix_with_saslauthd_is_the_one_that_saslauthd_is_set_up_with() {
    let site = Site::new("");
    let service = |server: &[&str]| {
        let said = site.cli([&["--json", "setup"][..], server].concat()).json();
        let files = said["files"].as_array().expect("a list").clone();
        let service = files
            .into_iter()
            .find(|file| file["path"] == "/etc/pam.d/smtp");
        service.expect("a service for smtp")
    };
    assert_eq!(
        service(&["postfix", "--sasl", "saslauthd"]),
        service(&["saslauthd"])
    );
}

#[test]
fn a_server_that_is_unknown_is_wrong_usage() {
    let site = Site::new("");
    site.cli(["--json", "setup", "fax"]).error(2);
}
