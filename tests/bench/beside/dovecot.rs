//! What part of a login at a real Dovecot is mailotp's.

use std::time::Instant;

use harness::dovecot::{Dovecot, IMAP, deliver};
use harness::imap::Imap;
use harness::sandbox::Sandbox;
use harness::tool::feed;

use super::Effort;
use crate::statistics::median;

/// Microseconds of `LOGIN` with a module in the auth worker, and with another.
pub struct Share {
    pub mailotp: f64,
    pub permit: f64,
}

impl Share {
    /// Of a login by mailotp, what is not there with pam_permit.
    pub fn percent(&self) -> f64 {
        100.0 * (self.mailotp - self.permit) / self.mailotp
    }
}

/// An app password each time.
pub fn share(sandbox: &Sandbox, effort: Effort) -> Share {
    sandbox.write("/etc/mailotp/mailotp.toml", 0o644, "mode = \"enforce\"\n");
    let command = Sandbox::command_path();
    let run = |words: &[&str]| feed("mailotp", command.to_str().expect("UTF-8"), words, "").done();
    run(&["init"]);
    let made = run(&["--json", "--user", "alice", "--new", "add", "app-password"]).json();
    let secret = made["secret"].as_str().expect("a secret");
    for (service, module) in [
        ("bench-mailotp", "pam_mailotp.so service=imap"),
        ("bench-permit", "pam_permit.so"),
    ] {
        let text = format!("auth required {module}\naccount required pam_permit.so\n");
        sandbox.write(&format!("/etc/pam.d/{service}"), 0o644, &text);
    }
    let logins = |service: &str| {
        let database = format!("passdb {{\n  driver = pam\n  args = {service}\n}}\n");
        let _dovecot = Dovecot::start_with(sandbox, &database, &[]);
        deliver("alice", "Bench");
        let mut times = Vec::new();
        for at in 0..effort.logins + 5 {
            let mut imap = Imap::quiet(IMAP);
            let start = Instant::now();
            let reply = imap.login("alice", secret);
            let took = start.elapsed().as_secs_f64() * 1e6;
            assert!(reply.is_ok(), "{reply:?}");
            // The first ones start its processes.
            if at >= 5 {
                times.push(took);
            }
        }
        median(&times)
    };
    Share {
        mailotp: logins("bench-mailotp"),
        permit: logins("bench-permit"),
    }
}
