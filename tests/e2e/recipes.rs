//! The recipes of `packaging/`: what `setup` writes, and what real servers start and judge with.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

use harness::dovecot::{IMAP, WEBMAIL};
use harness::imap::Imap;
use harness::output::Output;
use harness::packaged::{Files, pam_services, recipe, rules_enforced, text_of};
use harness::postfix::{Postfix, QUEUE};
use harness::sandbox::{Sandbox, output};
use harness::saslauthd::Saslauthd;
use harness::server::Server;
use harness::sshd::Sshd;
use harness::submission::Submission;
use harness::tool::{feed, tool};
use harness::wire::Wire;
use serde_json::Value;

use crate::enrol::{app_password, sheet};
use crate::steps::stage::{CAFE, run, text};

fn write(sandbox: &Sandbox, files: &Files) {
    for (path, content) in files {
        let mode = if path.contains("sudoers") {
            0o440
        } else {
            0o644
        };
        sandbox.write(path, mode, content);
    }
}

/// A machine with the site of the recipes.
fn on_a_machine(play: impl FnOnce(&Sandbox) + Send) {
    let rules = rules_enforced();
    Sandbox::run(|sandbox| {
        sandbox.write("/etc/mailotp/mailotp.toml", 0o644, &rules);
        let _ = run(&["init"], "").done();
        play(sandbox);
    });
}

/// What `setup` prints for a machine on which nothing was set up.
fn printed(arguments: &[&str]) -> Value {
    run(&[&["--json", "setup"], arguments].concat(), "").json()
}

fn files_of(plan: &Value) -> Files {
    let files = plan["files"].as_array().expect("a list").iter();
    let mut files: Files = files
        .map(|file| (text(&file["path"]), text(&file["content"])))
        .collect();
    files.sort();
    files
}

/// The files of a recipe without those that an administrator writes.
fn without(mut files: Files, own: &[&str]) -> Files {
    files.retain(|(path, _)| !own.contains(&path.as_str()));
    files
}

/// What the README does with the file that `setup dovecot` writes, where there is a webmail.
const FOR_WEBMAIL: &str = r"sed -e 1d -e 's/mailotp-%s/%{if;%a;*;10*;mailotp-webmail;mailotp-%s}/'";

#[test]
fn the_recipes_are_what_setup_prints() {
    let (dovecot, pam) = (recipe("dovecot-2.3"), pam_services());
    let (cyrus, ssh) = (recipe("cyrus"), recipe("openssh"));
    let postfix = ["dovecot", "saslauthd"].map(|sasl| (sasl, recipe(&format!("postfix-{sasl}"))));
    let readme = text_of("README.md");
    assert!(
        readme.contains(&FOR_WEBMAIL.replace(" -e 's", " \\\n        -e 's"))
            || readme.contains(FOR_WEBMAIL),
        "{FOR_WEBMAIL}"
    );
    Sandbox::run(|_| {
        let mut files = files_of(&printed(&["dovecot"]));
        let databases = files.remove(0);
        assert!(
            databases.0.ends_with("/auth-mailotp.conf.ext"),
            "{databases:?}"
        );
        assert_eq!(files, pam);
        let webmail = output(Command::new("sh").args([
            "-c",
            "printf %s \"$1\" | eval \"$0\"",
            FOR_WEBMAIL,
            &databases.1,
        ]));
        let place = "/etc/dovecot/conf.d/auth-mailotp-webmail.conf.ext";
        assert!(dovecot.contains(&(place.to_owned(), webmail)), "{place}");

        let services = [
            "--service",
            "imap",
            "--service",
            "pop",
            "--service",
            "sieve",
        ];
        let files = files_of(&printed(&[&["saslauthd"][..], &services].concat()));
        assert_eq!(
            files,
            without(cyrus, &["/etc/cyrus.conf", "/etc/imapd.conf"])
        );
        let files = files_of(&printed(&["sshd"]));
        assert_eq!(files, without(ssh, &["/etc/pam.d/sshd"]));
        for (sasl, recipe) in postfix {
            let plan = printed(&["postfix", "--sasl", sasl]);
            let main = recipe.iter().find(|(path, _)| path.ends_with("/main.cf"));
            let main = main.expect("it has one").1.clone();
            let own = ["/etc/postfix/main.cf", "/etc/postfix/master.cf"];
            assert_eq!(files_of(&plan), without(recipe, &own));
            // What `setup` tells Postfix, but for the switch, which stands in master.cf.
            let steps = plan["next"].as_array().expect("a list").iter().map(text);
            let steps: Vec<String> = steps.collect();
            let set = steps
                .iter()
                .find_map(|step| step.split_once("postconf -e "));
            let settings = set.expect("a step").1.trim_matches('\'').split("' '");
            let settings: Vec<&str> = settings.collect();
            let (switch, settings) = settings.split_last().expect("some");
            assert_eq!(*switch, "smtpd_sasl_auth_enable = yes");
            for line in settings {
                assert!(main.lines().any(|is| is == *line), "{sasl}: {line}");
            }
        }
    });
}

/// The stack is the same everywhere, whatever stands around it.
#[test]
fn the_stack_of_courier_and_sudo_is_that_of_the_others() {
    let lines = |text: &str| -> Vec<String> {
        let all = text
            .lines()
            .filter(|line| line.starts_with("auth") || line.starts_with("account"));
        all.map(str::to_owned).collect()
    };
    let (_, imap) = &pam_services()[2];
    let stack = lines(imap);
    assert_eq!(stack.len(), 5, "{imap}");
    for (path, content) in recipe("courier") {
        if path.contains("/pam.d/") {
            assert_eq!(lines(&content), stack, "{path}");
        }
    }
    let sudo = recipe("sudo");
    let (_, sudo) = sudo
        .iter()
        .find(|(path, _)| path.contains("/pam.d/"))
        .expect("a file");
    assert_eq!(lines(sudo), stack[..4], "pam_unix is in common-account");
    let masters = ["dovecot", "saslauthd"].map(|sasl| {
        let files = recipe(&format!("postfix-{sasl}"));
        files
            .into_iter()
            .find(|(path, _)| path.ends_with("/master.cf"))
    });
    assert_eq!(masters[0], masters[1]);
}

/// Errors and warnings of `doctor`. The clock is the machine's, and no test's.
fn findings() -> Vec<String> {
    let said: Output = run(&["--json", "doctor"], "");
    let report: Value = serde_json::from_str(&said.stdout).expect("one JSON document");
    let all = report["findings"].as_array().expect("a list").iter();
    all.filter(|one| one["severity"] != "info" && one["code"] != "clock-unsynchronised")
        .map(Value::to_string)
        .collect()
}

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

#[test]
fn sshd_with_the_recipe_asks_for_the_code_that_is_due() {
    let files = recipe("openssh");
    on_a_machine(|sandbox| {
        Sshd::install(sandbox);
        // Of the session, what needs a whole machine is left out.
        let whole = [
            "pam_selinux",
            "pam_loginuid",
            "pam_motd",
            "pam_mail.so",
            "pam_env",
        ];
        for (path, content) in &files {
            let lines = content
                .lines()
                .filter(|line| !whole.iter().any(|module| line.contains(module)));
            let content: String = lines.map(|line| format!("{line}\n")).collect();
            sandbox.write(path, 0o644, &content);
        }
        sandbox.write(
            "/etc/pam.d/common-password",
            0o644,
            "password requisite pam_deny.so\n",
        );
        let sshd = Sshd::start();
        assert_eq!(findings(), [""; 0]);
        let made = sheet("alice");
        let login = sshd.login(CAFE, "alice", &[&made.codes[0]]);
        assert!(login.is_in("alice"), "{login:?}");
        assert_eq!(login.prompts, [format!("Code {} 1: ", made.name)]);
        assert!(
            sshd.login(CAFE, "alice", &[made.codes[0].as_str(); 3])
                .is_refused(),
            "no window"
        );
    });
}

#[test]
fn sudo_with_the_recipe_wants_the_password_with_a_code_behind_it() {
    let files = recipe("sudo");
    on_a_machine(|sandbox| {
        Sshd::install(sandbox);
        sandbox.write(
            "/etc/pam.d/common-session-noninteractive",
            0o644,
            "session required pam_permit.so\n",
        );
        sandbox.write(
            "/etc/sudoers",
            0o440,
            "ALL ALL = (ALL) ALL\n@includedir /etc/sudoers.d\n",
        );
        write(sandbox, &files);
        let said = tool("sudo", "visudo", &["-c"]).done();
        assert!(
            said.stdout.contains("/etc/sudoers.d/mailotp: parsed OK"),
            "{said:?}"
        );
        sandbox.set_system_password("alice", "sesame");
        let made = sheet("alice");
        let sudo = |typed: &str| {
            let who = [
                "60",
                "setpriv",
                "--reuid",
                "alice",
                "--regid",
                "alice",
                "--clear-groups",
            ];
            let what = ["sudo", "-S", "-k", "id", "-un"];
            feed(
                "sudo",
                "timeout",
                &[&who[..], &what].concat(),
                &format!("{typed}\n"),
            )
        };
        let _ = sudo(&made.codes[0]).exits(1);
        let _ = sudo("sesame").exits(1);
        let said = sudo(&format!("sesame{}", made.codes[0])).done();
        assert_eq!(said.stdout, "root\n", "{said:?}");
        assert!(
            said.stderr
                .contains(&format!("Password and code {} 1: ", made.name)),
            "{said:?}"
        );
        let _ = sudo(&format!("sesame{}", made.codes[0])).exits(1);
        let _ = run(&["user", "lock", "alice"], "").done();
        let _ = sudo(&format!("sesame{}", made.codes[1])).exits(1);
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
