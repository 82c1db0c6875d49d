//! `pam-host`: a PAM application that does what each line of its standard input says, and prints
//! what came of it. It has a folder of service files of its own, so that it needs no root.

mod ffi;

use std::ffi::CString;
use std::fs;
use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::time::ClockId;

use ffi::{Conversation, Handle, Item};
use harness::host::{Reply, Request};

/// No transaction may take longer: the kernel ends the process, and the test reports it.
const SECONDS: u32 = 60;

fn main() {
    ffi::as_in_c();
    let mut stdout = std::io::stdout();
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line.expect("requests can be read");
        let request: Request = serde_json::from_str(&line).expect("a request is JSON");
        nix::unistd::alarm::set(SECONDS);
        let reply = serve(request, number);
        nix::unistd::alarm::cancel();
        let reply = serde_json::to_string(&reply).expect("a reply is JSON");
        writeln!(stdout, "{reply}").expect("the test reads replies");
    }
}

fn serve(request: Request, number: usize) -> Reply {
    let handed_on = request
        .scratch
        .join(format!("{}-{number}", std::process::id()));
    let before = surroundings();
    let (started, worked) = (Instant::now(), processor());
    let mut reply = transact(request, &handed_on);
    let whole = |time: Duration| time.as_micros().try_into().unwrap_or(u64::MAX);
    reply.microseconds = whole(started.elapsed());
    reply.cpu_microseconds = whole(processor() - worked);
    let after = surroundings();
    reply.left_behind = before
        .into_iter()
        .zip(after)
        .filter(|(before, after)| before != after)
        .map(|(before, after)| format!("{before} became {after}"))
        .collect();
    reply.handed_on = fs::read(&handed_on).ok().map(|mut bytes| {
        fs::remove_file(&handed_on).expect("the scratch folder is ours");
        // pam_exec writes the NUL too.
        if bytes.last() == Some(&0) {
            bytes.pop();
        }
        bytes
    });
    reply
}

fn transact(request: Request, handed_on: &Path) -> Reply {
    let mut handle = Handle::start(
        &text(request.confdir.to_str().expect("the folder is UTF-8")),
        &text(request.service),
        request.user.map(text).as_deref(),
        Conversation::new(request.answers),
    )
    .expect("pam_start_confdir");
    if let Some(rhost) = request.rhost {
        handle.set(Item::Rhost, &text(rhost));
    }
    if let Some(tty) = request.tty {
        handle.set(Item::Tty, &text(tty));
    }
    handle.put_env(&text(format!("HANDED_ON={}", handed_on.display())));
    let phases = request
        .phases
        .into_iter()
        .map(|phase| (phase, handle.call(phase)))
        .collect();
    Reply {
        phases,
        prompts: handle.prompts(),
        user: handle.get(Item::User).map(CString::into_bytes),
        handed_on: None,
        left_behind: Vec::new(),
        microseconds: 0,
        cpu_microseconds: 0,
    }
}

/// How much time of processors this process has had.
fn processor() -> Duration {
    ClockId::CLOCK_PROCESS_CPUTIME_ID
        .now()
        .expect("Linux counts it")
        .into()
}

fn text(bytes: impl Into<Vec<u8>>) -> CString {
    CString::new(bytes).expect("a C string holds no NUL")
}

/// What a module must leave as it found it.
fn surroundings() -> Vec<String> {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has /proc");
    let mut lines: Vec<String> = status
        .lines()
        .filter(|line| {
            ["Umask:", "Threads:", "SigBlk:", "SigIgn:", "SigCgt:"]
                .iter()
                .any(|key| line.starts_with(key))
        })
        .map(ToOwned::to_owned)
        .collect();
    let mut descriptors: Vec<String> = fs::read_dir("/proc/self/fd")
        .expect("Linux has /proc")
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .map(|target| target.display().to_string())
        .collect();
    descriptors.sort();
    lines.push(format!("descriptors {descriptors:?}"));
    lines.push(format!("folder {:?}", std::env::current_dir().ok()));
    lines
}
