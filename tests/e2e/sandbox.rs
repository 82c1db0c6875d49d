//! The sandbox of these tests keeps to itself.

use std::fs;
use std::net::Ipv4Addr;
use std::panic;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use harness::dovecot::{Dovecot, IMAP};
use harness::sandbox::Sandbox;
use harness::wire::Wire;

/// Where a server or mailotp would leave traces.
const TRACES: [&str; 6] = [
    "/etc/pam.d/sandbox-trace",
    "/etc/mailotp/sandbox-trace",
    "/var/lib/mailotp/sandbox-trace",
    "/run/mailotp/sandbox-trace",
    "/var/log/sandbox-trace",
    "/etc/hosts",
];

fn leave_traces(sandbox: &Sandbox) {
    for path in TRACES {
        sandbox.write(path, 0o644, "sandbox-trace");
    }
}

/// What of the machine a sandbox must leave as it is.
fn machine() -> Vec<Option<String>> {
    let folders = TRACES.map(|path| {
        Path::new(path)
            .parent()
            .map(|folder| folder.exists().to_string())
    });
    let files = TRACES.map(|path| fs::read_to_string(path).ok());
    let mounts = fs::read_to_string("/proc/thread-self/mountinfo").expect("there is a /proc");
    let ours = mounts
        .lines()
        .filter(|line| line.contains("sandbox"))
        .collect();
    folders
        .into_iter()
        .chain(files)
        .chain([Some(ours)])
        .collect()
}

#[test]
fn nothing_of_a_sandbox_is_left_on_the_machine() {
    let before = machine();
    Sandbox::run(|sandbox| {
        leave_traces(sandbox);
        let _dovecot = Dovecot::start(sandbox, &[]);
    });
    assert_eq!(machine(), before);
}

#[test]
fn nothing_of_a_sandbox_is_left_after_a_panic() {
    let before = machine();
    let dovecot = panic::catch_unwind(|| {
        Sandbox::run(|sandbox| {
            leave_traces(sandbox);
            let dovecot = Dovecot::start(sandbox, &[]);
            panic::panic_any(dovecot.process_id());
        })
    });
    let process = *dovecot
        .expect_err("it panics")
        .downcast::<u32>()
        .expect("a process ID");
    assert_eq!(machine(), before);
    assert!(
        !Path::new("/proc").join(process.to_string()).exists(),
        "{process} is still there"
    );
}

#[test]
fn two_sandboxes_have_the_same_ports_and_servers_of_their_own() {
    let (tell_one, hear_two) = channel();
    let (tell_two, hear_one) = channel();
    // Each says that its server runs, and waits for the other's: for a while both run.
    let run = |tell: Sender<()>, hear: Receiver<()>| {
        Sandbox::run(move |sandbox| {
            assert!(Wire::connect(Ipv4Addr::LOCALHOST, IMAP).is_err());
            let _dovecot = Dovecot::start(sandbox, &[]);
            tell.send(()).expect("the other sandbox is there");
            hear.recv_timeout(Duration::from_secs(60))
                .expect("the other sandbox has a server");
            assert!(Wire::connect(Ipv4Addr::LOCALHOST, IMAP).is_ok());
        });
    };
    thread::scope(|scope| {
        scope.spawn(|| run(tell_one, hear_one));
        scope.spawn(|| run(tell_two, hear_two));
    });
}
