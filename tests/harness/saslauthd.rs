//! A real saslauthd in a sandbox, started as Debian's init script starts it, and a client of it.

use std::os::unix::net::UnixStream;

use crate::sandbox::{HOME, Sandbox};
use crate::server::Server;
use crate::tool::tool;

/// Debian's, as a machine has it on which it was just installed: with the cache.
const DEFAULTS: &str = "DESC=\"SASL Authentication Daemon\"
NAME=\"saslauthd\"
MECHANISMS=\"pam\"
MECH_OPTIONS=\"\"
THREADS=5
OPTIONS=\"-c -m /var/run/saslauthd\"
";

/// It leaves the foreground, and must not be the first process of its namespace then.
const START: &str = r#"#!/bin/sh
set -eu
. "$1"
run_dir=$(echo "$OPTIONS" | xargs -n 1 echo | sed -n '/^-m$/{n;p}')
install -d --group=sasl --mode=710 --owner=root "$run_dir"
saslauthd -a "$MECHANISMS" $OPTIONS -n "$THREADS"
exec sleep infinity
"#;

const SOCKET: &str = "/run/saslauthd/mux";

/// A running daemon, ended when this is dropped.
pub struct Saslauthd {
    _server: Server,
}

impl Saslauthd {
    /// Writes what a machine has on which it was just installed.
    pub fn install(sandbox: &Sandbox) {
        sandbox.write("/etc/default/saslauthd", 0o644, DEFAULTS);
    }

    /// Starts it with what `/etc/default/saslauthd` says, and waits until it answers.
    #[must_use]
    pub fn start(sandbox: &Sandbox) -> Saslauthd {
        Self::start_one(sandbox, "/etc/default/saslauthd", SOCKET)
    }

    /// The same with another file, and until it answers at that file's socket.
    #[must_use]
    pub fn start_one(sandbox: &Sandbox, defaults: &str, socket: &str) -> Saslauthd {
        let script = format!("{HOME}/saslauthd");
        sandbox.write(&script, 0o755, START);
        let mut server = Server::start(&script, &[defaults]);
        server.wait_until(|| UnixStream::connect(socket).is_ok(), String::new);
        Saslauthd { _server: server }
    }

    /// Whether it lets in.
    ///
    /// # Panics
    /// Where it says neither yes nor no.
    #[track_caller]
    #[must_use]
    pub fn accepts(&self, service: &str, account: &str, secret: &str) -> bool {
        let arguments = ["60", "testsaslauthd", "-f", SOCKET, "-s", service];
        let arguments = [&arguments[..], &["-u", account, "-p", secret]].concat();
        let said = tool("coreutils", "timeout", &arguments);
        match (said.code, said.stdout.contains("OK \"Success.\"")) {
            (0, true) => true,
            (255, false) if said.stdout.contains("NO \"") => false,
            _ => panic!("no answer of saslauthd: {said:?}"),
        }
    }
}
