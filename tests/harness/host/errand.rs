//! What a host is sent to do: one transaction, many at once, or very many.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Request;

/// One line of a host's standard input.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Errand {
    /// One transaction, and one [`super::Reply`].
    One(Request),
    /// Each in a thread of its own, all at once, and a reply to each, in this order. What was left behind stands
    /// in every one of them.
    AtOnce(Vec<Request>, Threads),
    /// These in turn, until there were so many, by so many threads: [`Endurance`].
    Again {
        /// Each thread begins with another one.
        requests: Vec<Request>,
        /// How many transactions, of all threads together.
        times: usize,
        /// How many threads; one is the host's own.
        threads: usize,
    },
}

/// When the threads of [`Errand::AtOnce`] end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Threads {
    /// With their transactions.
    End,
    /// Not before the host.
    Stay,
}

/// What very many transactions came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Endurance {
    /// How many came to what: what the last call of each returned.
    pub verdicts: BTreeMap<String, usize>,
    /// How large the host was after a tenth of them, when all that is kept was loaded.
    pub early: Footprint,
    /// How large it was after the last.
    pub late: Footprint,
}

/// How much of the machine a process has.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Footprint {
    /// Open descriptors.
    pub descriptors: usize,
    /// Threads.
    pub threads: usize,
    /// Lines of `/proc/self/maps`.
    pub mappings: usize,
    /// KiB that are in memory and of no file.
    pub resident: usize,
}
