//! The client side: a host that is started, sent on errands, and listened to.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Output, Stdio};

use serde::de::DeserializeOwned;

use super::{Endurance, Errand, Reply, Request};

/// A running `pam-host`, which ends with the value.
pub struct PamHost {
    /// `None` once its end was waited for.
    child: Option<Child>,
}

impl Drop for PamHost {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        if std::thread::panicking() {
            // It may stand still under a tracer, and would never end by itself.
            let _ = child.kill();
        }
        let output = child.wait_with_output().expect("the host is a child");
        if !std::thread::panicking() {
            ended_well(&output);
        }
    }
}

/// The host lived, and nobody in its process wrote to its standard error.
#[track_caller]
fn ended_well(output: &Output) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && stderr.is_empty(),
        "the host ended with {} and said: {stderr}",
        output.status
    );
}

impl PamHost {
    /// Starts one from a command that names it.
    ///
    /// # Panics
    /// Where it cannot be run.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
        Self { child: Some(child) }
    }

    /// For whoever has waited for its end already: nothing is left to be waited for.
    pub(crate) fn gone<T>(mut self) -> Option<T> {
        drop(self.child.take());
        None
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        self.child.as_mut().expect("it lives")
    }

    /// Hands over one request, without waiting for the reply.
    ///
    /// # Panics
    /// Where the host is gone.
    pub fn ask(&mut self, request: &Request) {
        self.send(&Errand::One(request.clone()));
    }

    /// Sends it on an errand, without waiting for what comes of it.
    ///
    /// # Panics
    /// Where the host is gone.
    pub fn send(&mut self, errand: &Errand) {
        let line = serde_json::to_string(errand).expect("an errand is JSON");
        let stdin = self
            .child()
            .stdin
            .as_mut()
            .expect("the host reads requests");
        writeln!(stdin, "{line}").expect("the host reads requests");
    }

    /// Waits for the reply to the request that was handed over before all others whose replies were not
    /// waited for.
    ///
    /// # Panics
    /// Where the host died.
    #[track_caller]
    #[must_use]
    pub fn reply(&mut self) -> Reply {
        self.hear()
    }

    /// Waits for what has come of [`Errand::Again`].
    ///
    /// # Panics
    /// Where the host died.
    #[track_caller]
    #[must_use]
    pub fn endurance(&mut self) -> Endurance {
        self.hear()
    }

    #[track_caller]
    fn hear<T: DeserializeOwned>(&mut self) -> T {
        let stdout = self.child().stdout.as_mut().expect("the host replies");
        let mut line = Vec::new();
        let mut byte = [0];
        // Not one byte too many is taken: `finish` reads the rest.
        while stdout.read_exact(&mut byte).is_ok() && byte != *b"\n" {
            line.push(byte[0]);
        }
        serde_json::from_slice(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Waits until all requests are done: their replies.
    ///
    /// # Panics
    /// Where the host died, or somebody in its process wrote to its standard error.
    #[track_caller]
    #[must_use]
    pub fn finish(mut self) -> Vec<Reply> {
        let child = self.child.take().expect("it lives");
        let output = child.wait_with_output().expect("the host is a child");
        ended_well(&output);
        replies(&output.stdout)
    }

    /// Kills the host where it stands: the replies that it had given.
    ///
    /// # Panics
    /// Where it cannot be killed.
    #[must_use]
    pub fn kill(mut self) -> Vec<Reply> {
        let mut child = self.child.take().expect("it lives");
        child.kill().expect("the host is a child");
        let output = child.wait_with_output().expect("the host is a child");
        replies(&output.stdout)
    }
}

fn replies(stdout: &[u8]) -> Vec<Reply> {
    let text = std::str::from_utf8(stdout).expect("replies are JSON");
    text.split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}
