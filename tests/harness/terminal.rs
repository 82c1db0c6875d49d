//! A program at a terminal that somebody types at.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::output::Output;

/// A running program, and what stands on its screen.
pub struct Terminal {
    child: Child,
    keys: Option<ChildStdin>,
    screen: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    /// How much of the screen was looked at.
    seen: usize,
}

impl Terminal {
    /// Runs these words at a terminal of their own; `script` is the program of this name from
    /// bsdutils, as the user who is to run them.
    ///
    /// # Panics
    /// Where it cannot be run.
    #[must_use]
    pub fn start(mut script: Command, words: &[String]) -> Self {
        let quoted: Vec<String> = words
            .iter()
            .map(|word| format!("'{}'", word.replace('\'', r"'\''")))
            .collect();
        let command = format!("stty cols 132 rows 60; exec {}", quoted.join(" "));
        let mut child = script
            .args(["-q", "-e", "-f", "-c", &command, "/dev/null"])
            .env("TERM", "xterm")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{script:?} cannot be run: {error}"));
        let mut output = child.stdout.take().expect("it was asked for");
        let screen = Arc::new(Mutex::new(String::new()));
        let reader = {
            let screen = Arc::clone(&screen);
            thread::spawn(move || {
                let (mut buffer, mut rest) = ([0; 4096], Vec::new());
                while let Ok(count @ 1..) = output.read(&mut buffer) {
                    rest.extend_from_slice(&buffer[..count]);
                    // A character may arrive in two pieces.
                    let whole = match std::str::from_utf8(&rest) {
                        Ok(text) => text.len(),
                        Err(error) => error.valid_up_to(),
                    };
                    let text: Vec<u8> = rest.drain(..whole).collect();
                    let text = String::from_utf8(text).expect("it was looked at");
                    screen.lock().expect("no reader panics").push_str(&text);
                }
            })
        };
        Self {
            keys: child.stdin.take(),
            child,
            screen,
            reader: Some(reader),
            seen: 0,
        }
    }

    /// Waits until this stands on the screen, behind what was waited for before.
    ///
    /// # Panics
    /// Where it does not come within half a minute.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        let start = Instant::now();
        loop {
            let screen = self.screen.lock().expect("no reader panics").clone();
            if let Some(at) = screen[self.seen..].find(text) {
                self.seen += at + text.len();
                return;
            }
            assert!(
                start.elapsed() < Duration::from_secs(30),
                "\"{text}\" does not come: {screen}"
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Types a line.
    ///
    /// # Panics
    /// Where nobody reads it.
    pub fn type_line(&mut self, line: &str) {
        let keys = self.keys.as_mut().expect("somebody types");
        // Whoever asks without echo throws away what was typed before it has asked.
        thread::sleep(Duration::from_millis(50));
        writeln!(keys, "{line}").expect("the terminal takes keys");
    }

    /// What stands on the screen.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn screen(&self) -> String {
        let screen = self.screen.lock().expect("no reader panics");
        screen.replace('\r', "")
    }

    /// Waits until the program has ended.
    ///
    /// # Panics
    /// Where it cannot be waited for.
    #[must_use]
    pub fn finish(mut self) -> Output {
        let status = self.child.wait().expect("it is a child");
        self.join();
        Output {
            code: status.code().unwrap_or(-1),
            stdout: self.screen(),
            stderr: String::new(),
        }
    }

    fn join(&mut self) {
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Closing its keyboard ends `script`, and with it what runs there.
        drop(self.keys.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.join();
    }
}
