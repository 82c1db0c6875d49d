//! syslog: one datagram for each event, from a socket of its own, to authpriv.

use std::fmt;
use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::sync::Once;
use std::time::Duration;

use mailotp_core::audit::{Event, Quoted, Verdict};
use syslog::{Facility, LogFormat, Logger, LoggerBackend, Severity};

const SOCKET: &str = "/dev/log";

/// A reader that has stopped must not stop a login: without this a full socket blocks for ever.
const PATIENCE: Duration = Duration::from_millis(100);

/// RFC 3164 as a local sender writes it: the daemon adds time and host (section 4.1.2), so that no
/// time zone is looked up here.
struct Local;

impl<T: fmt::Display> LogFormat<T> for Local {
    fn format<W: Write>(&self, to: &mut W, severity: Severity, message: T) -> syslog::Result<()> {
        let priority = Facility::LOG_AUTHPRIV as u32 | severity as u32;
        // One write: the backend sends a datagram for each.
        let line = format!("<{priority}>pam_mailotp[{}]: {message}", std::process::id());
        to.write_all(line.as_bytes()).map_err(syslog::Error::Write)
    }
}

fn logger() -> Option<Logger<LoggerBackend, Local>> {
    let socket = UnixDatagram::unbound().ok()?;
    socket.set_write_timeout(Some(PATIENCE)).ok()?;
    socket.connect(SOCKET).ok()?;
    Some(Logger::new(LoggerBackend::Unix(socket), Local))
}

/// Tells of an event. Nobody listening is no reason to refuse.
pub fn event(event: &Event, problem: Option<&str>) {
    let Some(mut logger) = logger() else { return };
    let line = match problem {
        None => event.to_string(),
        Some(problem) => format!("{event} problem={}", Quoted(problem)),
    };
    let _ = match event.result {
        Verdict::Accepted | Verdict::Continued | Verdict::Changed => logger.info(line),
        Verdict::Passed => logger.info(line),
        Verdict::Refused | Verdict::Denied | Verdict::Throttled => logger.notice(line),
        Verdict::Unavailable => logger.err(line),
    };
}

/// Tells of what an administrator must mend.
pub fn error(message: &str) {
    if let Some(mut logger) = logger() {
        let _ = logger.err(format!("problem={}", Quoted(message)));
    }
}

/// Tells of what an administrator should look at.
pub fn warning(message: &str) {
    if let Some(mut logger) = logger() {
        let _ = logger.warning(format!("warning={}", Quoted(message)));
    }
}

/// Tells, for the argument `debug`, what a login is about. No secret ever passes through here.
pub fn debug(message: &str) {
    if let Some(mut logger) = logger() {
        let _ = logger.debug(format!("debug={}", Quoted(message)));
    }
}

/// Says where a panic happened, and never what it said: the default hook prints payload and
/// backtrace to the host's standard error.
pub fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic
                .location()
                .map_or_else(String::new, ToString::to_string);
            error(&format!(
                "a bug in pam_mailotp at {place}; the login was refused"
            ));
        }));
    });
}
