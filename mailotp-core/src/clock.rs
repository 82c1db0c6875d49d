//! Time and randomness, always handed in: a decision that reads a clock cannot be tested.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time: whole seconds since the epoch, UTC. There are no time zones in here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The epoch.
    pub const ZERO: Timestamp = Timestamp(0);

    /// `duration` later, as far as it goes.
    pub fn plus(self, duration: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(seconds(duration)))
    }

    /// `duration` earlier, as far as it goes.
    pub fn minus(self, duration: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(seconds(duration)))
    }

    /// When the step of `period` seconds ends that this lies in (RFC 6238, section 4.2).
    pub fn next_step(self, period: u32) -> Timestamp {
        let period = i64::from(period.max(1));
        Timestamp((self.0.div_euclid(period) + 1).saturating_mul(period))
    }

    /// Seconds since the epoch; times before it, which no honest clock shows, count as the epoch.
    pub fn unix(self) -> u64 {
        u64::try_from(self.0).unwrap_or(0)
    }
}

/// What `SystemTime::now()` or a test says it is.
impl From<std::time::SystemTime> for Timestamp {
    fn from(time: std::time::SystemTime) -> Timestamp {
        match time.duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => Timestamp(seconds(since)),
            Err(before) => Timestamp(-seconds(before.duration())),
        }
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// A source of randomness fit for keys.
pub trait Random {
    /// Fills `bytes`; an error means that the system has no randomness to give, and nothing that
    /// depends on it may go on.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness>;
}

/// The system has no randomness to give.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandomness;

/// An array of random bytes.
pub fn random<const N: usize>(source: &mut dyn Random) -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    source.fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(any(test, fuzzing))]
pub(crate) mod testing {
    use super::{NoRandomness, Random};

    /// A counter that looks random enough for tests and is the same in every run.
    pub struct Sequence(pub u64);

    impl Random for Sequence {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
            for byte in bytes {
                // SplitMix64 (Steele, Lea, Flood 2014), one byte a step.
                self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut z = self.0;
                z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                *byte = (z ^ (z >> 31)) as u8;
            }
            Ok(())
        }
    }
}
