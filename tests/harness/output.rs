//! What a command left: its exit code and what it wrote.

use std::process;

use serde_json::Value;

/// A command that has ended.
#[derive(Clone, Debug)]
pub struct Output {
    /// The exit code; 128 and the signal where one ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// The same, of a command that must have succeeded.
    ///
    /// # Panics
    /// Where it has not.
    #[track_caller]
    pub fn done(self) -> Self {
        self.exits(0)
    }

    /// The same, of a command that must have ended with this code.
    ///
    /// # Panics
    /// Where it has not.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// The one JSON document of a command that succeeded.
    ///
    /// # Panics
    /// Where it failed, or wrote anything else.
    #[track_caller]
    pub fn json(self) -> Value {
        let output = self.done();
        serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:#?}"))
    }

    /// The documents of a command that prints one a line.
    ///
    /// # Panics
    /// Where it failed, or wrote anything else.
    #[track_caller]
    pub fn json_lines(self) -> Vec<Value> {
        let output = self.done();
        output
            .stdout
            .lines()
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect()
    }

    /// The error that a command with `--json` wrote when it failed with this code: it has all its parts.
    ///
    /// # Panics
    /// Where it ended otherwise, or a part is missing.
    #[track_caller]
    pub fn error(self, code: i32) -> Failure {
        let output = self.exits(code);
        let document: Value = serde_json::from_str(&output.stderr)
            .unwrap_or_else(|error| panic!("{error}: {output:#?}"));
        assert_eq!(output.stdout, "", "an error prints no result");
        let part = |name: &str| {
            let part = document["error"][name].as_str().unwrap_or_default();
            assert!(!part.is_empty(), "no {name}: {output:#?}");
            part.to_owned()
        };
        Failure {
            code: part("code"),
            message: part("message"),
            remedy: part("remedy"),
        }
    }
}

impl From<process::Output> for Output {
    fn from(output: process::Output) -> Self {
        use std::os::unix::process::ExitStatusExt as _;
        let signal = output.status.signal().unwrap_or_default();
        Self {
            code: output.status.code().unwrap_or(128 + signal),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The parts of an error in JSON.
#[derive(Clone, Debug)]
pub struct Failure {
    /// A word for programs.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What mends it.
    pub remedy: String,
}
