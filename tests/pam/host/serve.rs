//! What comes in by line, and the reply to it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, Write as _};
use std::sync::{Barrier, Mutex, mpsc};
use std::thread;

use harness::host::{Endurance, Errand, Reply, Request, Threads};
use serde::Serialize;

use crate::footprint::{difference, footprint, surroundings};
use crate::manners::Channels;
use crate::transaction::{Eyes, transact};
use crate::{ffi, manners};

/// No transaction may take longer: the kernel ends the process, and the test reports it.
const SECONDS: u32 = 60;
/// Very many of them may, and everything that somebody looks at instruction by instruction.
const MANY_SECONDS: u32 = 3600;

/// Does what every line says, until there are no more.
pub fn run(eyes: &dyn Eyes) {
    ffi::as_in_c();
    let patient = std::env::args().any(|argument| argument == "--patient");
    let Channels { lines, mut replies } = manners::take_on();
    for (number, line) in lines.lines().enumerate() {
        let line = line.expect("errands can be read");
        let errand: Errand = serde_json::from_str(&line).expect("an errand is JSON");
        drop(line);
        let seconds = match errand {
            Errand::Again { .. } => MANY_SECONDS,
            _ if patient => MANY_SECONDS,
            _ => SECONDS,
        };
        nix::unistd::alarm::set(seconds);
        match errand {
            Errand::One(request) => {
                let (reply, is_child) = serve(request, number, eyes);
                say(&mut replies, &reply);
                if is_child {
                    std::process::exit(0);
                }
            }
            Errand::AtOnce(requests, threads) => {
                for reply in at_once(requests, threads) {
                    say(&mut replies, &reply);
                }
            }
            Errand::Again {
                requests,
                times,
                threads,
            } => say(&mut replies, &again(&requests, times, threads)),
        }
        nix::unistd::alarm::cancel();
    }
}

/// In one write, and with nothing left in a buffer: a child may say something in between.
fn say(replies: &mut fs::File, reply: &impl Serialize) {
    let line = serde_json::to_string(reply).expect("a reply is JSON") + "\n";
    replies
        .write_all(line.as_bytes())
        .expect("the test reads replies");
}

/// The reply, and whether this is the child of a conversation that has forked.
fn serve(request: Request, number: usize, eyes: &dyn Eyes) -> (Reply, bool) {
    let handed_on = request
        .scratch
        .join(format!("{}-{number}", std::process::id()));
    let before = surroundings();
    let (mut reply, forked) = transact(request, &handed_on, eyes);
    reply.left_behind = difference(&before, &surroundings());
    let is_child = forked.wait();
    reply.handed_on = fs::read(&handed_on).ok().map(|mut bytes| {
        fs::remove_file(&handed_on).expect("the scratch folder is ours");
        // pam_exec writes the NUL too.
        if bytes.last() == Some(&0) {
            bytes.pop();
        }
        bytes
    });
    (reply, is_child)
}

fn at_once(requests: Vec<Request>, threads: Threads) -> Vec<Reply> {
    // The C library has a signal of its own from the first thread on.
    thread::spawn(|| ()).join().expect("it does nothing");
    let before = surroundings();
    let start = std::sync::Arc::new(Barrier::new(requests.len()));
    let (tell, told) = mpsc::channel();
    let started: Vec<_> = (requests.into_iter().enumerate())
        .map(|(number, request)| {
            let (start, tell) = (start.clone(), tell.clone());
            thread::spawn(move || {
                start.wait();
                let nowhere = request.scratch.join(format!("{number}"));
                let (reply, _) = transact(request, &nowhere, &crate::transaction::Blind);
                tell.send((number, reply)).expect("somebody waits for it");
                drop(tell);
                if threads == Threads::Stay {
                    loop {
                        thread::park();
                    }
                }
            })
        })
        .collect();
    drop(tell);
    let mut replies = BTreeMap::new();
    replies.extend(told.iter().take(started.len()));
    if threads == Threads::End {
        for thread in started {
            thread.join().expect("a login panics nobody");
        }
    }
    let mut left_behind = difference(&before, &surroundings());
    if threads == Threads::Stay {
        left_behind.retain(|line| !line.starts_with("Threads:"));
    }
    replies
        .into_values()
        .map(|reply| Reply {
            left_behind: left_behind.clone(),
            ..reply
        })
        .collect()
}

/// How many transactions make a tenth of what is measured.
const WARM: usize = 10;

fn again(requests: &[Request], times: usize, threads: usize) -> Endurance {
    let verdicts = Mutex::new(BTreeMap::new());
    let some = |from: usize, to: usize| {
        let work = |first: usize| {
            for number in (from + first..to).step_by(threads) {
                let request = requests[number % requests.len()].clone();
                let nowhere = request.scratch.join("nobody");
                let (reply, _) = transact(request, &nowhere, &crate::transaction::Blind);
                let last = reply.phases.last().map(|(_, code)| code.clone());
                let mut verdicts = verdicts.lock().expect("nobody panics in here");
                *verdicts.entry(last.unwrap_or_default()).or_insert(0) += 1;
            }
        };
        if threads == 1 {
            work(0);
        } else {
            thread::scope(|scope| {
                let started: Vec<_> = (0..threads)
                    .map(|first| scope.spawn(move || work(first)))
                    .collect();
                // The end of the scope waits for their work, and not for their end.
                for thread in started {
                    thread.join().expect("a login panics nobody");
                }
            });
        }
        footprint()
    };
    let early = some(0, times / WARM);
    let late = some(times / WARM, times);
    Endurance {
        verdicts: verdicts.into_inner().expect("nobody panics in here"),
        early,
        late,
    }
}
