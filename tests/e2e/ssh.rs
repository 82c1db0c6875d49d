//! Codes at a real sshd, with what `setup sshd` writes, and a real ssh.

use std::net::Ipv4Addr;
use std::process::Command;

use harness::sandbox::{Sandbox, output};
use harness::sshd::{self, Login, Sshd};

use crate::challenge::form;
use crate::enrol::{app_password, due, sheet};
use crate::steps::stage::{run, text};

/// Where somebody logs in.
pub const HERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// Where somebody else does.
const THERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
/// Where a code is good for one login.
const ONCE: Ipv4Addr = Ipv4Addr::new(127, 0, 1, 1);
/// Where the system password is accepted.
const OFFICE: Ipv4Addr = Ipv4Addr::new(127, 0, 2, 1);
/// Where it is, with a code behind it.
const BOTH: Ipv4Addr = Ipv4Addr::new(127, 0, 3, 1);

const SYSTEM_PASSWORD: &str = "alices-system-password";

const CONFIGURATION: &str = r#"mode = "enforce"

[[rule]]
name   = "once"
from   = ["127.0.1.0/24"]
accept = ["otp"]
grace  = "off"

[[rule]]
name   = "office"
from   = ["127.0.2.0/24"]
accept = ["password"]

[[rule]]
name   = "both"
from   = ["127.0.3.0/24"]
accept = ["password+otp"]

[[rule]]
name     = "nobody"
services = ["sshd"]
users    = ["erin"]
accept   = []

[[rule]]
name   = "everywhere else"
accept = ["app-password", "otp"]
"#;

/// A machine with sshd, mailotp, and what an administrator does who follows `setup sshd`.
pub fn with_sshd(play: impl FnOnce(&Sandbox, &Sshd) + Send) {
    with_sshd_that("", play);
}

/// The same, with these lines in a file of the administrator's own.
pub fn with_sshd_that(says: &str, play: impl FnOnce(&Sandbox, &Sshd) + Send) {
    Sandbox::run(|sandbox| {
        sandbox.write("/etc/mailotp/mailotp.toml", 0o644, CONFIGURATION);
        Sshd::install(sandbox);
        sandbox.write("/etc/ssh/sshd_config.d/50-site.conf", 0o644, says);
        let _ = run(&["init"], "").done();
        let plan = run(&["--json", "setup", "sshd", "--apply"], "").json();
        let steps = plan["next"].as_array().expect("a list of steps");
        let step = steps.iter().find_map(|step| {
            let step = step.as_str()?;
            Some(&step[step.find("sed -i")?..])
        });
        let step = step.expect("a step that puts mailotp in front");
        output(Command::new("sh").args(["-c", step]));
        play(sandbox, &Sshd::start());
    });
}

#[track_caller]
pub fn accepted(login: &Login, account: &str) {
    assert!(login.is_in(account), "{login:#?}\n{}", sshd::log());
}

#[track_caller]
pub fn refused(login: &Login) {
    assert!(login.is_refused(), "{login:#?}\n{}", sshd::log());
}

#[test]
fn ssh_shows_the_challenge_and_the_code_lets_in() {
    with_sshd(|sandbox, sshd| {
        let sheet = sheet("alice");
        let login = sshd.login(HERE, "alice", &["wrong"]);
        refused(&login);
        assert_eq!(login.prompts, [format!("Code {} 1: ", sheet.name)]);
        let login = sshd.login(HERE, "alice", &[&sheet.codes[0]]);
        accepted(&login, "alice");
        assert_eq!(login.prompts, [format!("Code {} 1: ", sheet.name)]);
        let line = [
            "result=accepted",
            "account=alice",
            "service=sshd",
            "remote=127.0.0.2",
        ];
        sandbox.syslog().wait_for(&line);
    });
}

#[test]
fn ssh_asks_again_at_the_same_connection_after_a_wrong_answer() {
    with_sshd(|_, sshd| {
        let sheet = sheet("alice");
        let answers = ["wrong", "?", &sheet.codes[0]];
        let patient = ["-o", "NumberOfPasswordPrompts=3"];
        let login = sshd.ssh(HERE, "alice", &answers, &patient);
        accepted(&login, "alice");
        assert_eq!(login.prompts, vec![format!("Code {} 1: ", sheet.name); 3]);
    });
}

#[test]
fn ssh_takes_a_code_again_where_its_window_is_open_and_nowhere_else() {
    with_sshd(|_, sshd| {
        let sheet = sheet("alice");
        accepted(&sshd.login(HERE, "alice", &[&sheet.codes[0]]), "alice");
        // Another process of sshd, and the same address.
        accepted(&sshd.login(HERE, "alice", &[&sheet.codes[0]]), "alice");
        let replay = sshd.login(THERE, "alice", &[&sheet.codes[0]]);
        refused(&replay);
        assert_eq!(replay.prompts, [format!("Code {} 2: ", sheet.name)]);
    });
}

#[test]
fn ssh_takes_a_code_once_where_the_rule_opens_no_window() {
    with_sshd(|_, sshd| {
        let sheet = sheet("alice");
        accepted(&sshd.login(ONCE, "alice", &[&sheet.codes[0]]), "alice");
        refused(&sshd.login(ONCE, "alice", &[&sheet.codes[0]]));
        refused(&sshd.login(HERE, "alice", &[&sheet.codes[0]]));
        accepted(&sshd.login(ONCE, "alice", &[&sheet.codes[1]]), "alice");
    });
}

#[test]
fn ssh_takes_an_app_password_as_often_as_it_is_used() {
    with_sshd(|_, sshd| {
        let secret = app_password("alice");
        for from in [HERE, THERE, HERE] {
            accepted(&sshd.login(from, "alice", &[&secret]), "alice");
        }
    });
}

#[test]
fn ssh_leaves_the_system_password_to_pam_unix_where_a_rule_accepts_it() {
    with_sshd(|sandbox, sshd| {
        sandbox.set_system_password("alice", SYSTEM_PASSWORD);
        let sheet = sheet("alice");
        accepted(&sshd.login(OFFICE, "alice", &[SYSTEM_PASSWORD]), "alice");
        refused(&sshd.login(OFFICE, "alice", &["wrong"]));
        refused(&sshd.login(HERE, "alice", &[SYSTEM_PASSWORD]));
        let both = |code| format!("{SYSTEM_PASSWORD}{code}");
        refused(&sshd.login(BOTH, "alice", &[SYSTEM_PASSWORD]));
        refused(&sshd.login(BOTH, "alice", &[&sheet.codes[0]]));
        accepted(
            &sshd.login(BOTH, "alice", &[&both(&sheet.codes[0])]),
            "alice",
        );
    });
}

/// sshd asks PAM about names that no system account has, and answers itself, with a password that
/// nobody can type.
#[test]
fn ssh_challenges_who_does_not_exist_in_the_same_form_and_spends_nothing() {
    with_sshd(|sandbox, sshd| {
        sheet("alice");
        let asked = sshd.login(HERE, "alice", &["wrong"]).prompts.concat();
        // This one mailotp knows, and the system does not.
        let elsewhere = sheet("frank");
        for account in ["nobody-here", "frank", "bob"] {
            let login = sshd.login(HERE, account, &[&elsewhere.codes[0]]);
            refused(&login);
            let [prompt] = &login.prompts[..] else {
                panic!("one question is asked: {login:?}");
            };
            assert_eq!(form(prompt), form(&asked), "{account}");
            let again = sshd.login(THERE, account, &["something else"]);
            assert_eq!(again.prompts, login.prompts, "{account}");
        }
        for account in ["nobody-here", "frank"] {
            let line = [
                "result=refused",
                "reason=malformed",
                &format!("account={account}"),
            ];
            sandbox.syslog().wait_for(&line);
        }
        assert_eq!(due("frank"), 1);
    });
}

#[test]
fn ssh_asks_for_the_password_and_then_for_the_code_where_mailotp_is_the_second_step() {
    with_sshd(|sandbox, sshd| {
        sandbox.set_system_password("alice", SYSTEM_PASSWORD);
        let sheet = sheet("alice");
        // The stack of the manual.
        let stack = "auth    required pam_unix.so\nauth    required pam_mailotp.so second_step\n\
                     account required pam_mailotp.so\naccount required pam_unix.so\n\
                     session required pam_unix.so\n";
        sandbox.write("/etc/pam.d/sshd", 0o644, stack);
        let code = &sheet.codes[0];
        let both = sshd.login(HERE, "alice", &[SYSTEM_PASSWORD, code]);
        accepted(&both, "alice");
        let questions = ["Password: ".to_owned(), format!("Code {} 1: ", sheet.name)];
        assert_eq!(both.prompts, questions);
        for answers in [["wrong", &sheet.codes[1]], [SYSTEM_PASSWORD, "wrong"]] {
            let login = sshd.login(HERE, "alice", &answers);
            refused(&login);
            assert_eq!(login.prompts.len(), 2, "{login:?}");
        }
    });
}

/// sshd establishes credentials in another process than it has asked in. There mailotp knows of no login,
/// and leaves it to the next module: this is why `setup sshd` always writes one that says yes.
#[test]
fn sshd_ends_an_accepted_login_where_only_pam_deny_stands_behind_mailotp() {
    with_sshd(|sandbox, sshd| {
        let sheet = sheet("alice");
        let stack = "auth    [success=done ignore=ignore default=die] pam_mailotp.so\n\
                     auth    requisite pam_deny.so\naccount required pam_mailotp.so\n\
                     session required pam_unix.so\n";
        sandbox.write("/etc/pam.d/sshd", 0o644, stack);
        let login = sshd.login(HERE, "alice", &[&sheet.codes[0]]);
        assert_eq!(
            (login.output.code, &*login.output.stdout),
            (255, ""),
            "{login:?}"
        );
        let log = sshd::log();
        assert!(
            log.contains("Accepted keyboard-interactive/pam for alice"),
            "{log}"
        );
        assert!(
            log.contains("PAM: pam_setcred(): Failure setting user credentials"),
            "{log}"
        );
    });
}

#[test]
fn sshd_goes_by_what_setup_writes_whatever_its_own_file_says() {
    with_sshd(|_, sshd| {
        let settings = sshd.settings();
        for line in [
            "usepam yes",
            "kbdinteractiveauthentication yes",
            "passwordauthentication no",
            "usedns no",
        ] {
            assert!(
                settings.lines().any(|there| there == line),
                "{line}: {settings}"
            );
        }
        let plan = run(&["--json", "setup", "sshd"], "").json();
        for file in plan["files"].as_array().expect("a list of files") {
            let path = text(&file["path"]);
            let written = std::fs::read_to_string(&path).expect("it was written");
            assert_eq!(written, text(&file["content"]), "{path}");
        }
    });
}
