//! What is asked, parsed once at the door: no raw string travels further.

mod alphabet;
mod app_password;
mod name;
mod remote;
mod secret;
mod service;

pub use alphabet::{check_value, symbol, value};
pub use app_password::{APP_PASSWORD_LENGTH, AppPassword, SELECTOR_LENGTH};
pub use name::{AccountName, BadName, Case, Naming};
pub use remote::{Network, Remote};
pub use secret::{Readings, SHEET_CODE_LENGTH, Secret, SecretProblem, Split, Typed};
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
    /// A module before has judged the password: the code alone is asked for.
    pub second_step: bool,
}
