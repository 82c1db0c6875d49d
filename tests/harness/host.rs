//! The language of `pam-host`, a PAM application without a mind of its own, and its client side.
//!
//! One request and one reply are one line of JSON each. Text travels as bytes: what a module makes
//! of bytes that are no UTF-8 is among the questions.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// One PAM transaction, from `pam_start` to `pam_end`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// The folder of service files.
    pub confdir: PathBuf,
    /// A folder where the host may put what the next module found.
    pub scratch: PathBuf,
    /// `PAM_SERVICE`.
    pub service: String,
    /// `PAM_USER`.
    pub user: Option<Vec<u8>>,
    /// `PAM_RHOST`.
    pub rhost: Option<Vec<u8>>,
    /// `PAM_TTY`.
    pub tty: Option<Vec<u8>>,
    /// What each prompt is answered with in turn; the last one again and again, as mail servers do.
    pub answers: Vec<Answer>,
    /// What is called, in this order, whatever each one returns.
    pub phases: Vec<Phase>,
}

/// What the conversation does when it is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Answer {
    /// It answers.
    Text(Vec<u8>),
    /// It makes the first file, waits for the second, and answers then.
    Between(PathBuf, PathBuf, Vec<u8>),
    /// It returns `PAM_CONV_ERR`.
    Fails,
    /// It returns success, and no array of responses.
    NoResponse,
    /// It returns success, and a response without a text.
    NullText,
}

impl Answer {
    /// What is said where the time for it is waited for.
    ///
    /// # Panics
    /// Where it does not come within half a minute.
    #[must_use]
    pub fn when_it_is_time(self) -> Self {
        let Self::Between(asked, by_now, text) = self else {
            return self;
        };
        fs::write(asked, "").expect("its folder is ours");
        let start = Instant::now();
        while !by_now.exists() {
            assert!(start.elapsed() < Duration::from_secs(30), "nobody goes on");
            sleep(Duration::from_millis(5));
        }
        Self::Text(text)
    }
}

/// A call into the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// `pam_authenticate`
    Authenticate,
    /// `pam_acct_mgmt`
    Account,
    /// `pam_setcred` with `PAM_ESTABLISH_CRED`
    Credentials,
    /// `pam_open_session`
    OpenSession,
    /// `pam_close_session`
    CloseSession,
}

/// How a message wants to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Style {
    /// `PAM_PROMPT_ECHO_OFF`
    Hidden,
    /// `PAM_PROMPT_ECHO_ON`
    Visible,
    /// `PAM_ERROR_MSG`
    Error,
    /// `PAM_TEXT_INFO`
    Info,
    /// Anything else.
    Other(i32),
}

/// One message of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// How it wants to be shown.
    pub style: Style,
    /// What it says.
    pub text: Vec<u8>,
    /// How many messages came in the same call of the conversation.
    pub together: usize,
}

/// What a transaction came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reply {
    /// What each phase returned, by its name in `<security/_pam_types.h>`.
    pub phases: Vec<(Phase, String)>,
    /// Every message, in order.
    pub prompts: Vec<Prompt>,
    /// `PAM_USER` at the end.
    pub user: Option<Vec<u8>>,
    /// What the next module in the stack found in `PAM_AUTHTOK`, where the stack came so far.
    pub handed_on: Option<Vec<u8>>,
    /// What of the process was not as before: descriptors, threads, umask, folder, signals.
    pub left_behind: Vec<String>,
    /// How long it took, from `pam_start` to `pam_end`, in microseconds.
    pub microseconds: u64,
    /// How much of that the host spent on a processor: a disk and a busy machine do not change it.
    pub cpu_microseconds: u64,
}

impl Request {
    /// A login that is authenticated only, with no address and no terminal.
    #[must_use]
    pub fn new(service: &str, user: impl AsRef<[u8]>) -> Self {
        Self {
            confdir: PathBuf::new(),
            scratch: PathBuf::new(),
            service: service.to_owned(),
            user: Some(user.as_ref().to_vec()),
            rhost: None,
            tty: None,
            answers: Vec::new(),
            phases: vec![Phase::Authenticate],
        }
    }

    /// The same from this address, or whatever a server takes for one.
    #[must_use]
    pub fn from(mut self, rhost: impl AsRef<[u8]>) -> Self {
        self.rhost = Some(rhost.as_ref().to_vec());
        self
    }

    /// The same on this terminal.
    #[must_use]
    pub fn on(mut self, tty: &str) -> Self {
        self.tty = Some(tty.into());
        self
    }

    /// The same, and the next prompt is answered with this text.
    #[must_use]
    pub fn answer(self, text: impl AsRef<[u8]>) -> Self {
        self.converse(Answer::Text(text.as_ref().to_vec()))
    }

    /// The same, and the conversation does this at the next prompt.
    #[must_use]
    pub fn converse(mut self, answer: Answer) -> Self {
        self.answers.push(answer);
        self
    }

    /// The same, with these calls.
    #[must_use]
    pub fn phases(mut self, phases: &[Phase]) -> Self {
        self.phases = phases.to_vec();
        self
    }
}

impl Reply {
    /// What the last call of this phase returned.
    ///
    /// # Panics
    /// Where the request did not name the phase.
    #[track_caller]
    #[must_use]
    pub fn of(&self, phase: Phase) -> &str {
        let found = self.phases.iter().rfind(|(called, _)| *called == phase);
        &found.expect("the request names this phase").1
    }

    /// What the module under test returned from `pam_authenticate`, in a stack as
    /// [`crate::site::Site::guard`] writes it: there the next module is reached with `PAM_IGNORE` alone.
    ///
    /// # Panics
    /// Where the next module found nothing, and had to ask by itself.
    #[track_caller]
    #[must_use]
    pub fn verdict(&self) -> &str {
        if self.handed_on.is_some() {
            assert_eq!(self.prompts.len(), 1, "one question is asked: {self:?}");
            return "PAM_IGNORE";
        }
        self.of(Phase::Authenticate)
    }

    /// What the next module found in `PAM_AUTHTOK`, as text.
    #[must_use]
    pub fn handed_on(&self) -> Option<String> {
        let bytes = self.handed_on.as_ref()?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    }

    /// The one message that was shown.
    ///
    /// # Panics
    /// Where there was another number of them.
    #[track_caller]
    #[must_use]
    pub fn prompt(&self) -> String {
        let [prompt] = &self.prompts[..] else {
            panic!("one message was expected: {:?}", self.prompts);
        };
        String::from_utf8_lossy(&prompt.text).into_owned()
    }
}

/// A running `pam-host`, which ends with the value.
pub struct PamHost {
    /// `None` once its end was waited for.
    child: Option<Child>,
}

impl Drop for PamHost {
    fn drop(&mut self) {
        let Some(child) = self.child.take() else {
            return;
        };
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

    fn child(&mut self) -> &mut Child {
        self.child.as_mut().expect("it lives")
    }

    /// Hands over one request, without waiting for the reply.
    ///
    /// # Panics
    /// Where the host is gone.
    pub fn ask(&mut self, request: &Request) {
        let line = serde_json::to_string(request).expect("a request is JSON");
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
