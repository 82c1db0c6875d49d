//! What a host may be like that is no well-behaved mail server, and what is found in its memory.

use serde::{Deserialize, Serialize};

/// An item of the handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(i32)]
pub enum Item {
    /// `PAM_USER`
    User = 2,
    /// `PAM_TTY`
    Tty = 3,
    /// `PAM_RHOST`
    Rhost = 4,
    /// `PAM_AUTHTOK`, which only modules may set.
    Authtok = 6,
}

/// What becomes of the two when a conversation forks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Child {
    /// The child ends at once, as a program does: it runs what runs at the end.
    Exits,
    /// The child goes on, and has replied before its parent's conversation fails.
    GoesOn,
    /// Both go on; the parent waits for the reply of the child before its own.
    Both,
}

/// How a host is, from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trait {
    /// It has closed its standard descriptors, and something in it writes to them all the time.
    ClosedStandardDescriptors,
    /// It ignores `SIGCHLD`: nobody can wait for a child.
    IgnoresChildren,
}

impl Trait {
    /// The argument that makes a host so.
    #[must_use]
    pub fn argument(self) -> &'static str {
        match self {
            Self::ClosedStandardDescriptors => "--closed-standard-descriptors",
            Self::IgnoresChildren => "--ignores-children",
        }
    }
}

/// A secret that was found where none may be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// Which of [`super::Request::secrets`].
    pub secret: usize,
    /// Where.
    pub place: Place,
    /// How often.
    pub times: usize,
    /// Who gave the memory back, as offsets in what is loaded, where that is known.
    pub by: Vec<String>,
}

/// Where a secret was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Place {
    /// In a block that was given back to the heap, or in a mapping that was given back to the kernel.
    GivenBack,
    /// In memory that can be written to, before `pam_end`.
    Held,
    /// In memory that can be written to, when all was over.
    Left,
    /// On the stack, where the call has worked.
    Stack,
}

/// Makes something of a secret that is not found where the secret is looked for; twice is the secret itself.
#[must_use]
pub fn mask(secret: &[u8]) -> Vec<u8> {
    secret.iter().map(|byte| byte ^ MASK).collect()
}

/// What it is made with. No text has it in it.
pub const MASK: u8 = 0xa5;
