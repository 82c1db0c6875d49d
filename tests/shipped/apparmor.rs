//! The profiles of AppArmor: compiled by its own parser, and held against what the real module and the
//! real helper were seen to open. Kernels without AppArmor have no say in it.

use std::fs;
use std::path::Path;
use std::process::Command;

use harness::helper::Helper;
use harness::host::{PamHost, Phase, Request};
use harness::output::Output;
use harness::packaged::{pam_services, rules_enforced, source, text_of};
use harness::products::{Build, HOST, Products};
use harness::sandbox::Sandbox;
use harness::tool::{feed, tool};

/// A server of PAM that is confined: what the profiles of such servers have, and ours.
const SERVER: &str = "abi <abi/3.0>,
include <tunables/global>
profile server /run/server {
  include <abstractions/base>
  include <abstractions/authentication>
  include <abstractions/nameservice>
  include <abstractions/mailotp>
}
";

/// Programs that the sandbox has elsewhere, and how the host looks at itself. A profile names the process.
const NOT_OURS: [&str; 5] = [
    "/run/sandbox/mailotp-cli x",
    "/pam-host x",
    "/proc/self/fd r",
    "/proc/self/maps r",
    "/proc/self/status r",
];

fn parser(arguments: &[&str], profile: &str) -> Output {
    let ours = source("packaging/apparmor").display().to_string();
    let arguments = [arguments, &["-I", &ours]].concat();
    feed("apparmor", "apparmor_parser", &arguments, profile)
}

/// The profile with all that it includes.
fn whole(profile: &str) -> String {
    parser(&["-p"], profile).done().stdout
}

/// What the programs of these traces did and the profile does not allow.
#[track_caller]
fn missing(profile: &str, traces: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut paths = vec![source("tests/shipped/apparmor.py").display().to_string()];
    for (number, text) in [profile].iter().chain(traces).enumerate() {
        let path = folder.path().join(number.to_string());
        fs::write(&path, text).expect("it is ours");
        paths.push(path.display().to_string());
    }
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let said = tool("python3", "python3", &paths).done().stdout;
    let mut lines = said.lines();
    let seen = lines.next().and_then(|line| line.strip_suffix(" seen"));
    let seen: u32 = seen.expect("a number").parse().expect("a number");
    assert!(seen > 10, "strace has seen {seen} accesses");
    lines
        .filter(|line| !line.is_empty() && !NOT_OURS.iter().any(|not| line.ends_with(not)))
        .map(str::to_owned)
        .collect()
}

fn strace(trace: &Path) -> Command {
    let mut command = Command::new("strace");
    // The one who was started is the program, and strace looks on from the side.
    command
        .args(["-D", "-f", "-s", "4096", "-e", "trace=%file,connect", "-o"])
        .arg(trace);
    command
}

/// The trace, once strace has written all of it.
fn finished(trace: &Path) -> String {
    for _ in 0..500 {
        let text = fs::read_to_string(trace).unwrap_or_default();
        let first = text.split(' ').next().unwrap_or_default();
        let ended = |line: &str| line.starts_with(first) && line.contains(" +++ ");
        if !first.is_empty() && text.lines().any(ended) {
            return text;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("strace has not come to an end: {}", trace.display());
}

fn cli(words: &[&str]) -> Output {
    let command = Sandbox::command_path();
    tool("coreutils", command.to_str().expect("a plain path"), words)
}

/// A machine with a site of root, and the PAM services of a Dovecot.
fn on_a_machine<T: Send>(play: impl FnOnce(&Sandbox) -> T + Send) -> T {
    let (rules, pam) = (rules_enforced(), pam_services());
    Sandbox::run(|sandbox| {
        sandbox.write("/etc/mailotp/mailotp.toml", 0o644, &rules);
        for (path, content) in &pam {
            sandbox.write(path, 0o644, content);
        }
        let _ = cli(&["init"]).done();
        play(sandbox)
    })
}

#[test]
fn apparmor_compiles_the_profile_of_the_helper_and_a_server_with_ours() {
    for profile in [&text_of("packaging/apparmor/mailotp-helper"), SERVER] {
        let said = parser(&["-Q", "-K"], profile);
        assert_eq!(said.code, 0, "{said:?}");
        let broken = profile.replace("abstractions/mailotp", "abstractions/no-such");
        assert_ne!(parser(&["-Q", "-K"], &broken).code, 0);
    }
}

#[test]
fn a_server_with_our_lines_may_do_all_that_the_module_does_and_needs_each_of_them() {
    let products = Products::shared(Build::Plain);
    let host = products.path(HOST);
    let trace = on_a_machine(|_| {
        let words = [
            "--json", "--user", "alice", "--new", "add", "sheet", "--count", "2",
        ];
        let made = cli(&words).json();
        let code = made["codes"][0]["code"]
            .as_str()
            .expect("a text")
            .to_owned();
        let trace = Path::new("/run/trace");
        let mut command = strace(trace);
        command.arg(&host);
        let mut host = PamHost::start(command);
        for secret in ["wrzng-00001", "?", &code, &code] {
            let request = Request {
                confdir: "/etc/pam.d".into(),
                scratch: "/run".into(),
                ..Request::new("mailotp-imap", "alice")
                    .from("192.0.2.7")
                    .answer(secret)
            };
            host.ask(&request.phases(&[Phase::Authenticate, Phase::Account]));
        }
        let replies = host.finish();
        let verdicts: Vec<&str> = replies
            .iter()
            .map(|reply| reply.of(Phase::Authenticate))
            .collect();
        assert_eq!(verdicts[2..], ["PAM_SUCCESS"; 2], "{verdicts:?}");
        finished(trace)
    });
    let profile = whole(SERVER);
    assert_eq!(missing(&profile, &[&trace]), [""; 0]);
    for line in [
        "mailotp.toml r",
        "mailotp.key r",
        "mailotp.db rwk",
        "mailotp.db-{wal",
        "generation-*",
    ] {
        let without: String = profile
            .lines()
            .filter(|rule| !rule.contains(line))
            .collect::<Vec<_>>()
            .join("\n");
        assert_ne!(without.len(), profile.len(), "{line}");
        assert_ne!(missing(&without, &[&trace]), [""; 0], "{line}");
    }
}

#[test]
fn the_profile_of_the_helper_allows_what_it_does_with_its_hook_and_what_maintain_does() {
    let hook = text_of("packaging/hooks/mail-owner");
    let traces = on_a_machine(|sandbox| {
        sandbox.write("/etc/mailotp/hooks.d/mail-owner", 0o755, &hook);
        let trace = Path::new("/run/trace");
        let mut command = strace(trace);
        command.arg(Sandbox::command_path()).arg("helper");
        let helper = Helper::of(command, "/run/mailotp/helper.sock".into());
        let command = Sandbox::command_path();
        let command = command.to_str().expect("a plain path");
        let alice = [
            "--reuid",
            "alice",
            "--regid",
            "alice",
            "--clear-groups",
            command,
        ];
        for words in [
            &["add", "app-password"][..],
            &["show"],
            &["revoke", "--all"],
        ] {
            let _ = tool("util-linux", "setpriv", &[&alice[..], words].concat()).done();
        }
        let _ = helper.end();
        let helper = finished(trace);
        let trace = Path::new("/run/trace-of-maintain");
        let maintain = strace(trace).arg(command).arg("maintain").output();
        let maintain: Output = maintain.expect("there is a strace").into();
        let _ = maintain.done();
        [helper, finished(trace)]
    });
    assert!(traces[0].contains("execve(\"/etc/mailotp/hooks.d/mail-owner\""));
    let profile = whole(&text_of("packaging/apparmor/mailotp-helper"));
    for trace in &traces {
        assert_eq!(missing(&profile, &[trace]), [""; 0]);
    }
    let without: String = profile
        .lines()
        .filter(|rule| !rule.contains("key{,.new}"))
        .collect::<Vec<_>>()
        .join("\n");
    assert_ne!(missing(&without, &[&traces[0]]), [""; 0]);
}
