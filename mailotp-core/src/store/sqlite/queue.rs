//! Where those wait who want to write.
//!
//! SQLite has no queue: whoever finds the lock taken asks again. With many that wait, those that ask take the processor from
//! the one who has the lock. A process that can ([`Bell`]) sleeps at the log instead, until whoever has written wakes the
//! one that has slept for longest:
//!
//! ```text
//!  a login      lock ── write ── commit ── unlock ── ring ── sync ── answer
//!  another one           taken ── sleep ……………………………… lock ── write …
//! ```
//!
//! It is a hint and nothing else: who has the lock, SQLite alone says. Whoever is not woken, since the one before was killed
//! or is a program that rings no bell, asks again after a while.

use std::fs::File;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

/// How long somebody sleeps who is not woken.
const PATIENCE: Duration = Duration::from_millis(4);
/// And who was woken, and found that a newcomer was faster: it is their turn, and they ask more often.
const IMPATIENCE: Duration = Duration::from_micros(500);

/// Sleeping at a file that others have open, too, until one of them rings.
pub trait Bell: Sync {
    /// Sleeps for no longer than this; says whether it was woken. `None`: nobody can sleep at this file.
    fn sleep(&self, log: &File, time: Duration) -> Option<bool>;

    /// Wakes the one that has slept for longest.
    fn ring(&self, log: &File);
}

/// The bell of this process.
static BELL: OnceLock<&'static dyn Bell> = OnceLock::new();

/// From now on this process sleeps and rings by this bell.
pub fn wait_by(bell: &'static dyn Bell) {
    let _ = BELL.set(bell);
}

/// One that waits for the lock.
pub(super) struct Waiting {
    bell: Option<&'static dyn Bell>,
    /// Whether it was woken once.
    is_next: bool,
}

impl Waiting {
    pub(super) fn new() -> Waiting {
        Waiting {
            bell: BELL.get().copied(),
            is_next: false,
        }
    }

    /// Waits until it may be worth to ask once more, for no longer than `left`.
    pub(super) fn wait(&mut self, log: Option<&File>, left: Duration) {
        let time = if self.is_next { IMPATIENCE } else { PATIENCE }.min(left);
        let slept = self.bell.zip(log);
        match slept.and_then(|(bell, log)| bell.sleep(log, time)) {
            Some(woken) => self.is_next |= woken,
            None => thread::sleep(IMPATIENCE.min(left)),
        }
    }
}

/// Says that the lock can be had.
pub(super) fn ring(log: &File) {
    if let Some(bell) = BELL.get() {
        bell.ring(log);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Instant;

    use super::*;

    /// Writes down how long it is asked to sleep, and says what it was told to.
    struct Spy {
        says: Option<bool>,
        asked: Mutex<Vec<Duration>>,
    }

    impl Bell for Spy {
        fn sleep(&self, _: &File, time: Duration) -> Option<bool> {
            self.asked.lock().unwrap().push(time);
            self.says
        }

        fn ring(&self, _: &File) {}
    }

    const LONG: Duration = Duration::from_secs(60);

    /// What is asked of a bell that says this, by one that waits twice, and then has little time left.
    fn asked(says: Option<bool>) -> Vec<Duration> {
        let spy: &'static Spy = Box::leak(Box::new(Spy {
            says,
            asked: Mutex::default(),
        }));
        let mut waiting = Waiting {
            bell: Some(spy),
            is_next: false,
        };
        let log = tempfile::tempfile().unwrap();
        for left in [LONG, LONG, Duration::from_micros(1)] {
            waiting.wait(Some(&log), left);
        }
        spy.asked.lock().unwrap().clone()
    }

    #[test]
    fn who_was_woken_and_overtaken_asks_more_often_and_nobody_sleeps_beyond_their_time() {
        let little = Duration::from_micros(1);
        assert_eq!(asked(Some(true)), [PATIENCE, IMPATIENCE, little]);
        assert_eq!(asked(Some(false)), [PATIENCE, PATIENCE, little]);
    }

    #[test]
    fn where_nobody_can_sleep_at_the_log_it_is_asked_again_after_a_moment() {
        let before = Instant::now();
        assert_eq!(asked(None).len(), 3);
        assert!(before.elapsed() >= 2 * IMPATIENCE);
    }
}
