//! `doctor`: pure analysis of what a machine says of itself. Nothing here reads a file or starts a
//! program; [`crate::commands`] hands it what there is.

pub mod clock;
pub mod dovecot;
pub mod files;
pub mod finding;
pub mod pam;
pub mod postfix;
pub mod rules;
pub mod saslauthd;
pub mod sshd;
pub mod store;
