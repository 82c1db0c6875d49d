//! Programs of others that tell whether what we made is what the world understands.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::output::Output;

/// Runs a program of this Debian package.
///
/// # Panics
/// Where it is missing, with the command that installs it.
#[must_use]
pub fn tool(package: &str, program: &str, arguments: &[&str]) -> Output {
    feed(package, program, arguments, "")
}

/// The same, with a standard input.
///
/// # Panics
/// Where it is missing, with the command that installs it.
#[must_use]
pub fn feed(package: &str, program: &str, arguments: &[&str], stdin: &str) -> Output {
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap_or_else(|error| {
        panic!("{program}: {error}. It is needed here: apt-get install {package}")
    });
    let mut pipe = child.stdin.take().expect("it was asked for");
    pipe.write_all(stdin.as_bytes())
        .expect("it reads its input");
    drop(pipe);
    child.wait_with_output().expect("it is a child").into()
}
