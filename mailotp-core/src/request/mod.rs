//! What is asked, parsed once at the door: no raw string travels further.

mod alias;
mod alphabet;
mod app_password;
mod kill_code;
mod marked;
mod name;
#[cfg(any(test, fuzzing))]
pub(crate) mod oracle;
mod pin;
#[cfg(test)]
mod property_tests;
mod reading;
mod remote;
mod secret;
mod service;
#[cfg(test)]
mod typing_tests;

pub use alias::{ALIAS_BODY, AliasName};
pub use alphabet::{check_value, is_blank, symbol, value};
pub use app_password::{APP_PASSWORD_LENGTH, AppPassword, SELECTOR_LENGTH};
pub use kill_code::{KILL_CODE_LENGTH, KillCode};
pub use name::{AccountName, BadName, Case, Naming};
pub use pin::{BadPin, Pin};
pub use reading::{Form, Reading, SHEET_CODE_LENGTH, is_sheet_code};
pub use remote::{Network, Remote};
pub use secret::{Secret, SecretProblem, Typed};
pub use service::{BadService, Service};

/// The longest name or secret that is looked at, in bytes; what is longer is refused unread.
pub const MAX_INPUT: usize = 1024;

/// One login, as the host asks for it.
#[derive(Debug)]
pub struct Request {
    /// Who wants in.
    pub account: AccountName,
    /// To what.
    pub service: Service,
    /// From where.
    pub remote: Remote,
    /// With what.
    pub secret: Secret,
    /// The one-time user name that was typed for the account.
    pub alias: Option<AliasName>,
    /// A module before has judged the password: the code alone is asked for.
    pub second_step: bool,
}
