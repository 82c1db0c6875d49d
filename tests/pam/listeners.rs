//! Whoever listens in the helper's place: not root, silent, hung, or talking nonsense. The login is
//! refused in time, and the host goes on.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use harness::host::{Phase, Request};
use harness::peer::frame;
use harness::site::Site;

use crate::HOME;

const TIMEOUT: Duration = Duration::from_secs(1);

/// A site of root that waits a second; nobody listens yet.
fn site() -> Site {
    let site = Site::of_root(
        "[store]\nurl = \"sqlite:store/mailotp.db\"\nkey = \"mailotp.key\"\ntimeout = \"1s\"\n\
         [helper]\nsocket = \"run/helper.sock\"\n",
    );
    std::fs::create_dir_all(site.path("run")).expect("the folder is ours");
    site
}

fn listen(site: &Site) -> UnixListener {
    let path = site.path("run/helper.sock");
    let listener = UnixListener::bind(&path).expect("nobody listens");
    site.chmod("run/helper.sock", 0o666);
    listener
}

/// Logs in as `daemon` twice in one process: refused, in time, and nothing stays behind.
fn is_refused(site: &Site, what: &str) {
    let mut host = site.user("daemon").host();
    let request = Request::new("imap", "daemon")
        .from(HOME)
        .answer("app5-whatever");
    let phases = [Phase::Authenticate, Phase::Account];
    for _ in 0..2 {
        host.ask(&site.here(request.clone().phases(&phases)));
    }
    for reply in host.finish() {
        for phase in phases {
            let code = reply.of(phase);
            let refused = ["PAM_AUTHINFO_UNAVAIL", "PAM_AUTH_ERR"].contains(&code);
            assert!(refused, "{what}: {phase:?} {code}");
        }
        assert_eq!(
            reply.of(Phase::Authenticate),
            "PAM_AUTHINFO_UNAVAIL",
            "{what}"
        );
        assert_eq!(reply.left_behind, Vec::<String>::new(), "{what}");
        let took = Duration::from_micros(reply.microseconds);
        assert!(took < TIMEOUT * 2, "{what}: {took:?}");
    }
}

#[test]
fn who_is_silent_is_waited_for_no_longer_than_for_the_store() {
    let site = site();
    let _listener = listen(&site);
    is_refused(&site, "nobody accepts");
}

#[test]
fn a_full_queue_is_waited_for_no_longer_either() {
    let site = site();
    let listener = listen(&site);
    nix::sys::socket::listen(
        &listener,
        nix::sys::socket::Backlog::new(0).expect("a number"),
    )
    .expect("it listens");
    let path = site.path("run/helper.sock");
    // One is queued, and there the queue ends.
    let _queued = UnixStream::connect(&path).expect("there is room for one");
    is_refused(&site, "a full queue");
}

/// What is said to each who connects.
fn talker(site: &Site, say: impl Fn(&mut UnixStream) + Send + 'static) {
    let listener = listen(site);
    // It ends with the process of the tests, or when its socket is gone.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            say(&mut stream);
        }
    });
}

#[test]
fn who_talks_nonsense_is_not_believed() {
    let huge = [&[0xff; 4][..], &[b'x'; 4096]].concat();
    let answers: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", vec![]),
        ("half a length", vec![0, 0]),
        ("a huge length", huge),
        ("a length and no more", vec![0, 0, 1, 0]),
        ("no JSON", frame(b"{{{")),
        ("another type", frame(b"[1, 2, 3]")),
        ("an unknown answer", frame(b"{\"success\": true}")),
        ("what fits another question", frame(b"\"clear\"")),
        ("a gate where none is", frame(b"{\"gate\": true}")),
        (
            "half a report",
            frame(b"{\"report\": {\"answer\": \"accept\"}}"),
        ),
        ("not yours", frame(b"\"not-yours\"")),
    ];
    for (what, answer) in answers {
        let site = site();
        talker(&site, move |stream| {
            let _ = stream.read(&mut [0; 1000]);
            let _ = stream.write_all(&answer);
        });
        // `clear` answers the account phase, but `auth` has refused before.
        is_refused(&site, what);
    }
}

#[test]
fn who_hangs_up_at_once_does_not_end_the_host() {
    let site = site();
    talker(&site, |_| {});
    is_refused(&site, "hung up");
}

#[test]
fn who_drips_gains_no_time_by_it() {
    let site = site();
    talker(&site, |stream| {
        let _ = stream.write_all(&[0, 0, 0, 200]);
        while stream.write_all(b" ").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    is_refused(&site, "a drip");
}

/// A socket that somebody else has made, in their own name.
struct Impostor(Child);

impl Drop for Impostor {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Says that everybody is let in, and notes what it heard before.
const IMPOSTOR: &str = r#"
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
print("listening", flush=True)
while True:
    peer, _ = listener.accept()
    print(len(peer.recv(10000)), flush=True)
    peer.close()
"#;

#[test]
fn a_listener_that_is_not_root_gets_no_secret_and_is_not_believed() {
    let site = site();
    let news = site.user("news");
    let path = news.path("helper.sock");
    site.configure(&format!("[helper]\nsocket = \"{}\"\n", path.display()));
    let mut command = news.child("/usr/bin/python3".as_ref());
    command
        .args(["-c", IMPOSTOR])
        .arg(&path)
        .stdout(Stdio::piped());
    let mut impostor = Impostor(
        command
            .spawn()
            .expect("python3 is needed here: tests/install-dependencies"),
    );
    let mut said = BufReader::new(impostor.0.stdout.take().expect("it was asked for"));
    let mut line = String::new();
    said.read_line(&mut line).expect("it says so");
    assert_eq!(line, "listening\n");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o666))
        .expect("root may");
    is_refused(&site, "an impostor");
    drop(impostor);
    let mut heard = String::new();
    said.read_to_string(&mut heard).expect("it is text");
    assert!(
        heard.lines().all(|line| line == "0"),
        "it heard something: {heard}"
    );
    let failure = site.user("daemon").cli(&["--json", "show"]).error(5);
    assert!(!failure.remedy.is_empty());
}
