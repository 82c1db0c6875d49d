//! The filter of fail2ban on lines that the module has written, and the jail.

use std::fs;
use std::path::Path;
use std::process::Command;

use harness::host::Request;
use harness::output::Output;
use harness::packaged::{source, text_of};
use harness::sandbox::Sandbox;
use harness::site::Site;
use harness::tool::tool;

const CONFIGURATION: &str = r#"mode = "enforce"

[[rule]]
name   = "only observed"
users  = ["olga"]
mode   = "observe"
accept = ["otp"]

[[rule]]
name     = "phones"
services = ["submission"]
accept   = ["app-password"]

[[rule]]
name     = "passwords"
services = ["pop3"]
accept   = ["password"]

[[rule]]
name   = "nobody"
from   = ["203.0.113.0/24"]
accept = []

[[rule]]
name     = "no \" windows = remote=192.0.2.99 "
services = ["sieve"]
accept   = ["otp"]
grace    = "off"

[[rule]]
services = ["imap", "webmail"]
accept   = ["app-password", "otp"]
"#;

/// The lines that a play has left in the log, as a syslog daemon writes them into its file.
fn log_of(play: impl FnOnce(&Site) + Send) -> String {
    Sandbox::run(|sandbox| {
        let site = Site::new(CONFIGURATION);
        play(&site);
        let end = "the play is over";
        let log = std::os::unix::net::UnixDatagram::unbound().expect("a socket");
        log.send_to(end.as_bytes(), "/dev/log").expect("a log");
        sandbox.syslog().wait_for(&[end]);
        let lines = sandbox.syslog().lines();
        let written = lines.iter().filter_map(|line| line.split_once('>'));
        written
            .map(|(_, line)| format!("Nov 26 10:00:00 mail {line}\n"))
            .collect()
    })
}

/// The addresses that the filter finds in a log, one for each line that it takes, sorted.
#[track_caller]
fn found(mode: &str, log: &str) -> Vec<String> {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    fs::write(file.path(), log).expect("it is ours");
    let filter = source("packaging/fail2ban/filter.d/mailotp.conf");
    let filter = format!("{}[mode={mode}]", filter.display());
    let path = file.path().display().to_string();
    let said = tool("fail2ban", "fail2ban-regex", &["-o", "ip", &path, &filter]);
    let said = said.done().stdout;
    let mut addresses: Vec<String> = said.lines().map(str::to_owned).collect();
    addresses.sort();
    addresses
}

/// Every case has an address of its own.
#[test]
fn of_real_lines_those_of_guesses_match_with_their_address_and_no_others_do() {
    let log = log_of(|site| {
        let codes = site.sheet("alice").codes;
        let phone = site.app_password("alice", &[]).secret;
        // Guesses: a wrong code, a wrong password, an unknown account, a name that nobody types, IPv6.
        let _ = site.login("imap", "alice", "198.51.100.1", "wrzng-00001");
        let _ = site.login("imap", "alice", "198.51.100.2", "hunter2");
        let _ = site.login("imap", "nobody-here", "::ffff:198.51.100.3", "hunter2");
        let _ = site.login("imap", "alice", "198.51.100.4", b"\x01");
        let _ = site.login("imap", "alice", "2001:db8::5", "wrzng-00001");
        // Eleven: the last are refused unread.
        let guesses = (0..12).map(|number| format!("wrzng-{number:05}"));
        let guess = |code: String| {
            Request::new("webmail", "bob")
                .from("198.51.100.6")
                .answer(code)
        };
        let replies = site.ask_in_turn(guesses.map(guess));
        let last = replies.last().expect("twelve of them").verdict();
        assert_eq!(last, "PAM_MAXTRIES", "the budget is used up");
        // Who knows the code, or asks for it.
        for _ in 0..2 {
            assert_eq!(
                site.verdict("imap", "alice", "192.0.2.1", &codes[0]),
                "PAM_SUCCESS"
            );
        }
        assert_eq!(
            site.verdict("imap", "alice", "192.0.2.2", &phone),
            "PAM_SUCCESS"
        );
        let _ = site.login("imap", "alice", "192.0.2.3", "?");
        let _ = site.login("imap", "alice", "192.0.2.4", "");
        // A code whose window is open elsewhere, one that was spent, and a typing error.
        let _ = site.login("imap", "alice", "192.0.2.5", &codes[0]);
        for _ in 0..2 {
            let _ = site.login("sieve", "alice", "192.0.2.6", &codes[1]);
        }
        let mistyped = format!("{}x", &phone[..phone.len() - 1]);
        let _ = site.login("imap", "alice", "192.0.2.7", mistyped);
        // What the next module judges, and who is only observed.
        let _ = site.login("pop3", "alice", "192.0.2.8", "hunter2");
        let _ = site.login("imap", "olga", "192.0.2.9", "wrzng-00001");
        // A main password where none is accepted, and a place where nothing is.
        let _ = site.login("submission", "alice", "192.0.2.10", "hunter2");
        let _ = site.login("imap", "alice", "203.0.113.1", &codes[2]);
        // No address, and one that is none.
        let _ = site.ask(Request::new("imap", "alice").answer("hunter2"));
        let _ = site.login("imap", "alice", "library.example.com", "hunter2");
        site.cli(["--user", "alice", "revoke", "--all"]).done();
        let _ = site.login("imap", "alice", "192.0.2.11", &phone);
        site.cli(["user", "lock", "alice"]).done();
        let _ = site.login("imap", "alice", "192.0.2.12", &codes[2]);
        site.chmod("mailotp.key", 0o644);
        let _ = site.login("imap", "alice", "192.0.2.13", &codes[2]);
    });
    // Each of them is what it was meant to be.
    for (reason, address) in [
        ("refused reason=malformed", "198.51.100.4"),
        ("throttled reason=budget", "198.51.100.6"),
        ("accepted reason=code", "192.0.2.1"),
        ("continued reason=window", "192.0.2.1"),
        ("accepted reason=app-password", "192.0.2.2"),
        ("refused reason=question", "192.0.2.3"),
        ("refused reason=question", "192.0.2.4"),
        ("refused reason=replay", "192.0.2.5"),
        ("refused reason=spent", "192.0.2.6"),
        ("refused reason=mistyped", "192.0.2.7"),
        ("passed reason=password", "192.0.2.8"),
        ("passed reason=wrong would=refused", "192.0.2.9"),
        ("refused reason=not-accepted", "192.0.2.10"),
        ("denied reason=rule", "203.0.113.1"),
        ("refused reason=wrong", "unknown"),
        ("refused reason=revoked", "192.0.2.11"),
        ("refused reason=closed", "192.0.2.12"),
        ("unavailable reason=configuration", "192.0.2.13"),
    ] {
        let is_it = |line: &str| {
            line.contains(&format!("result={reason} "))
                && line
                    .split(' ')
                    .any(|word| word == format!("remote={address}"))
        };
        assert!(log.lines().any(is_it), "no {reason} of {address}: {log}");
    }

    let once = ["1", "2", "3", "4"].map(|last| format!("198.51.100.{last}"));
    let mut guesses = once.to_vec();
    guesses.extend(vec!["198.51.100.6".to_owned(); 12]);
    guesses.push("2001:db8::5".to_owned());
    assert_eq!(found("normal", &log), guesses, "{log}");
    let mut more = guesses.clone();
    more.extend(["192.0.2.10", "203.0.113.1"].map(str::to_owned));
    more.sort();
    assert_eq!(found("aggressive", &log), more, "{log}");
}

/// The reasons of the manual that let somebody in, leave it to others, or are no login at all.
const NO_REFUSALS: &str = "code code-and-password app-password window password not-enrolled exempt \
    second-step verified store configuration added confirmed replaced renamed pin-set pin-cleared \
    rule-added rule-removed grace-ended locked unlocked forgiven account-renamed account-removed \
    clock-accepted key-changed backed-up restored commits-lost \
    store-moved";

#[test]
fn the_filter_says_of_every_reason_for_a_refusal_whether_it_is_a_guess() {
    let manual = text_of("packaging/man/pam_mailotp.8");
    let (_, reasons) = manual
        .split_once(".It Cm code\n")
        .expect("the list of reasons");
    let reasons = reasons.split(".El\n").next().expect("its end");
    let words = reasons
        .lines()
        .filter_map(|line| line.strip_prefix(".It Cm "));
    let words = words.flat_map(|line| line.split(" , "));
    let filter = text_of("packaging/fail2ban/filter.d/mailotp.conf");
    let lines = filter
        .lines()
        .filter(|line| line.starts_with("guess-") || line.starts_with("# never: "));
    let lines: Vec<&str> = lines.collect();
    assert_eq!(lines.len(), 3);
    let known: Vec<&str> = lines
        .iter()
        .flat_map(|line| line.split(|c: char| !c.is_ascii_lowercase() && c != '-'))
        .chain(NO_REFUSALS.split(' '))
        .collect();
    let missing: Vec<&str> = words.filter(|word| !known.contains(word)).collect();
    assert_eq!(missing, [""; 0], "a guess, or not?");
}

/// CVE-2008-1218 Dovecot: a TAB in a password put fields into a protocol. A name is the guesser's to choose.
#[test]
fn cve_2008_1218_no_name_brings_another_address_into_the_filter_or_keeps_the_true_one_out() {
    let innocent = "192.0.2.99";
    // No blank among them: a name with one is refused unread.
    let names = [
        "x\"remote=192.0.2.99",
        "x\\\"remote=192.0.2.99\\",
        "x\\",
        "\"",
        "\"\"\\",
        "x=192.0.2.99",
        "pam_mailotp[1]:result=refused,remote=192.0.2.99",
        "x'remote=192.0.2.99'",
        "(?P<ip4>192.0.2.99)",
        "192.0.2.99",
        "remote=192.0.2.99",
        "übung\u{5e9}192.0.2.99",
    ];
    let log = log_of(|site| {
        let login = |name: &&str| {
            Request::new("imap", name)
                .from("198.51.100.7")
                .answer("wrzng-00001")
        };
        let _ = site.ask_in_turn(names.iter().map(login));
        // In the rule's name, and so behind the address, stands one too.
        let _ = site.login("sieve", "alice", "198.51.100.7", "wrzng-00001");
        // These names are refused unread, with no address that could be told.
        for name in [
            "x\nresult=refused reason=wrong account=x service=imap remote=192.0.2.99",
            "x\r\tx",
        ] {
            let _ = site.login("imap", name, "198.51.100.7", "wrzng-00001");
        }
    });
    for mode in ["normal", "aggressive"] {
        let found = found(mode, &log);
        assert!(!found.iter().any(|address| address == innocent), "{log}");
        let told = log
            .lines()
            .filter(|line| line.contains("]: result=refused reason=wrong "));
        assert_eq!(found, vec!["198.51.100.7"; told.count()], "{log}");
        assert!(found.len() > 10, "most names can be judged: {log}");
    }
}

/// Others log what strangers type; what they say begins with their own name.
#[test]
fn what_another_program_logs_about_a_line_of_ours_does_not_match() {
    let ours =
        "pam_mailotp[1]: result=refused reason=wrong account=x service=imap remote=192.0.2.99";
    let quoted = ours.replace("pam_mailotp[1]: ", "");
    let others = [
        format!("mail sshd[7]: Invalid user {ours} from 198.51.100.1 port 4"),
        format!("mail sshd[7]: {ours}"),
        format!("mail sshd: {ours}"),
        format!("mail dovecot: auth: {ours}"),
        format!("mail su: pam_unix: {ours}"),
        format!("mail pam_mailotp[1]: debug=\"{quoted}\""),
        format!("mail {ours} something else"),
        format!("mail {quoted}"),
    ];
    let log: String = others
        .iter()
        .map(|line| format!("Nov 26 10:00:00 {line}\n"))
        .collect();
    assert_eq!(found("aggressive", &log), [""; 0], "{log}");
    let log = format!(
        "Nov 26 10:00:00 mail {ours}\n2026-11-26T10:00:00.123456+00:00 mail.example.com {ours}\n"
    );
    assert_eq!(found("normal", &log), ["192.0.2.99"; 2], "{log}");
}

/// fail2ban's own configuration with our two files in it, as the server would read them.
fn server(jail: &str) -> Output {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let copy = folder.path().join("fail2ban");
    let done = Command::new("cp")
        .args(["-r", "/etc/fail2ban"])
        .arg(&copy)
        .status();
    assert!(
        done.expect("there is a cp").success(),
        "no fail2ban: tests/install-dependencies"
    );
    let filter = source("packaging/fail2ban/filter.d/mailotp.conf");
    fs::copy(filter, copy.join("filter.d/mailotp.conf")).expect("the folder is ours");
    let clear = |name: &str| {
        for entry in fs::read_dir(copy.join(name)).expect("it was copied") {
            fs::remove_file(entry.expect("it was copied").path()).expect("it is ours");
        }
    };
    // The machine's own jails are not in question.
    clear("jail.d");
    fs::write(copy.join("jail.d/mailotp.conf"), jail).expect("the folder is ours");
    dump(&copy)
}

fn dump(folder: &Path) -> Output {
    let folder = folder.display().to_string();
    tool("fail2ban", "fail2ban-client", &["-c", &folder, "-d"])
}

#[test]
fn the_jail_is_off_until_it_is_switched_on_and_fail2ban_reads_it_then() {
    let jail = text_of("packaging/fail2ban/jail.d/mailotp.conf");
    let said = server(&jail).done().stdout;
    assert!(!said.contains("'mailotp'"), "{said}");

    let on = jail.replace("\nenabled = false\n", "\nenabled = true\n");
    assert_ne!(jail, on);
    let said = server(&on).done();
    let (complaint, said) = (said.stderr, said.stdout);
    assert!(!complaint.contains("ERROR"), "{complaint}");
    assert!(!complaint.contains("mailotp"), "{complaint}");
    for part in [
        "['add', 'mailotp', 'systemd']",
        "['set', 'mailotp', 'maxretry', 10]",
        "['set', 'mailotp', 'addjournalmatch', 'SYSLOG_IDENTIFIER=pam_mailotp', '_UID=0']",
        "result=(?:refused reason=(?:wrong|malformed)|throttled reason=budget)",
        "imap,imaps,pop3,pop3s,submission,submissions,sieve",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}
