//! `setup dovecot`

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

#[test]
fn a_server_that_is_unknown_is_wrong_usage() {
    let site = Site::new("");
    site.cli(["--json", "setup", "fax"]).error(2);
}
