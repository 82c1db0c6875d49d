//! Errors at the edge: words, remedies and exit codes.

use mailotp_core::admin::AdminError;
use mailotp_core::site::SiteError;

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
            AdminError::Seal(_) | AdminError::Malformed(_) => (
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
