//! `doctor`: pure analysis of what a machine says of itself. Nothing here reads a file or starts a
//! program; [`crate::commands`] hands it what there is.

pub mod dovecot;
pub mod finding;
pub mod pam;
pub mod saslauthd;
pub mod sshd;
