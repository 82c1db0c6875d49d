//! Errors at the edge: words, remedies and exit codes.

use mailotp_core::admin::AdminError;
use mailotp_core::site::SiteError;

use crate::sealed::SealedError;

/// Exit codes, as the manual has them.
pub const FAILED: u8 = 1;
/// Wrong usage.
pub const USAGE: u8 = 2;
/// Not permitted.
pub const NOT_PERMITTED: u8 = 3;
/// No such thing.
pub const NOT_FOUND: u8 = 4;
/// The store, key, configuration or helper cannot be used.
pub const UNUSABLE: u8 = 5;

/// What went wrong, and what mends it.
#[derive(Debug)]
pub struct CliError {
    /// The exit code.
    pub exit: u8,
    /// One sentence.
    pub message: String,
    /// The next step; empty where there is none.
    pub remedy: String,
}

impl CliError {
    /// An error of any code.
    pub fn new(exit: u8, message: impl Into<String>, remedy: impl Into<String>) -> CliError {
        CliError {
            exit,
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// The command was called wrongly.
    pub fn usage(message: impl Into<String>, remedy: impl Into<String>) -> CliError {
        CliError::new(USAGE, message, remedy)
    }

    /// What went wrong stands in the result already.
    pub fn silent(exit: u8) -> CliError {
        CliError::new(exit, "", "")
    }

    fn code(&self) -> &'static str {
        match self.exit {
            USAGE => "usage",
            NOT_PERMITTED => "not-permitted",
            NOT_FOUND => "not-found",
            UNUSABLE => "unusable",
            _ => "failed",
        }
    }

    /// Prints it to standard error.
    pub fn print(&self, json: bool) {
        if self.message.is_empty() {
            return;
        }
        if json {
            let error = serde_json::json!({
                "error": { "code": self.code(), "message": self.message, "remedy": self.remedy }
            });
            eprintln!("{error}");
        } else {
            eprintln!("mailotp-cli: {}", self.message);
            if !self.remedy.is_empty() {
                eprintln!("  {}", self.remedy);
            }
        }
    }
}

impl From<SiteError> for CliError {
    fn from(error: SiteError) -> CliError {
        CliError::new(UNUSABLE, error.to_string(), error.remedy())
    }
}

impl From<AdminError> for CliError {
    fn from(error: AdminError) -> CliError {
        let message = error.to_string();
        let (exit, remedy) = match error {
            AdminError::Site(error) => return error.into(),
            AdminError::NoCredential { account, .. } => {
                let remedy = format!("Look for it with: mailotp-cli --user {account} show");
                return CliError::new(NOT_FOUND, message, remedy);
            }
            AdminError::NoWindow { account, .. } => {
                let remedy = format!("Look for it with: mailotp-cli --user {account} grace list");
                return CliError::new(NOT_FOUND, message, remedy);
            }
            AdminError::NoRule { account, .. } => {
                let remedy = format!("Look for it with: mailotp-cli --user {account} rule list");
                return CliError::new(NOT_FOUND, message, remedy);
            }
            AdminError::NameTaken(_) => {
                (FAILED, "Choose another name, or remove that account first.")
            }
            AdminError::MovesNowhere => (USAGE, "Name another place."),
            AdminError::OneMachine(_) => (FAILED, "Nothing is to be done."),
            AdminError::NoHost(_) => (NOT_FOUND, "See: mailotp-cli store hosts"),
            AdminError::TooManyRules(_) => (FAILED, "Remove one, or write it into fewer."),
            AdminError::NoAccount(_) => (
                NOT_FOUND,
                "Check the name; to make a new account, add its first credential with --new.",
            ),
            AdminError::Ambiguous(_) => (FAILED, "Name it by its ID, as `show` has it."),
            AdminError::BadLabel => (USAGE, "Write a shorter label, in plain characters."),
            AdminError::OutOfRange { .. } => (USAGE, "Write a number of that range."),
            AdminError::LabelTaken(_) => (
                FAILED,
                "Choose another label, or revoke the other credential first.",
            ),
            AdminError::OtherDigits(_) => (
                FAILED,
                "Leave --digits out; all codes of one account have one length.",
            ),
            AdminError::SeedTaken => (FAILED, "Make a new seed: leave --secret-file out."),
            AdminError::SequenceSeedTaken(_) => (
                FAILED,
                "Choose another seed: the same one would make codes again that others have seen.",
            ),
            AdminError::NotASequence(_) => (FAILED, "Name a sequence, as `show` has it."),
            AdminError::WrongCode => (
                FAILED,
                "Wait for the next code, and check the clock of the device.",
            ),
            AdminError::AlreadyLive(_) => (FAILED, "There is nothing to confirm."),
            AdminError::Seal(why) => (UNUSABLE, why.remedy()),
            AdminError::NoNumbers(_) => (USAGE, "Leave --next out: it is for sheets and aliases."),
            AdminError::NoKey(_) | AdminError::WhichKey => {
                (NOT_FOUND, "Name one of: mailotp-cli key list")
            }
            AdminError::KeyWaits(_) => (
                FAILED,
                "Use it, with: mailotp-cli key use; or do without it: mailotp-cli key retire ID",
            ),
            AdminError::KeySeals(_) => (FAILED, "Use another one first: mailotp-cli key use"),
            AdminError::KeyInUse { .. } => (
                FAILED,
                "Seal them again with the current key: mailotp-cli key use. If it comes back, another host still seals with it: copy the key file there.",
            ),
            AdminError::InTheWay(_) => (
                FAILED,
                "Add --force to move it aside, and what is beside it.",
            ),
            AdminError::NoKeyRing(_) => (
                UNUSABLE,
                "Put the key file there from its copy, and run restore again.",
            ),
            AdminError::OtherKeyRing => (
                UNUSABLE,
                "Put the key file there that the backup's store was used with.",
            ),
            AdminError::Malformed(_) => (
                UNUSABLE,
                "Put back the key file that the store was used with.",
            ),
            AdminError::Hash(_) | AdminError::Random(_) => {
                (UNUSABLE, "Try again when the machine has room.")
            }
        };
        CliError::new(exit, message, remedy)
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> CliError {
        CliError::new(
            FAILED,
            format!("the output could not be written: {error}"),
            "Look at where it goes.",
        )
    }
}

impl From<SealedError> for CliError {
    fn from(error: SealedError) -> CliError {
        let (exit, message, remedy) = match error {
            SealedError::Io(error) => {
                let message = format!("the backup could not be read or written: {error}");
                return CliError::new(
                    FAILED,
                    message,
                    "Look at where it is, and at the room there.",
                );
            }
            SealedError::NotSealed => (
                UNUSABLE,
                "it is no sealed file",
                "Name a file that mailotp-cli backup has made.",
            ),
            SealedError::WrongKey => (
                FAILED,
                "this does not open the backup",
                "Use its pass phrase, or the key that it was sealed for.",
            ),
            SealedError::OtherLock => (
                USAGE,
                "the backup does not open with that",
                "Leave --identity out for one with a pass phrase; add it for one that was sealed for a key.",
            ),
            SealedError::Altered => (
                UNUSABLE,
                "the backup is damaged, or was cut off",
                "Use another copy of it.",
            ),
            SealedError::TooDear => (
                UNUSABLE,
                "the backup asks for more memory than a pass phrase may cost",
                "Use another copy of it.",
            ),
            SealedError::Poor => (
                UNUSABLE,
                "the machine has no memory or no randomness to give",
                "Try again when it has.",
            ),
        };
        CliError::new(exit, message, remedy)
    }
}
