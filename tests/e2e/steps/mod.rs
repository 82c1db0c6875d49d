//! The ten steps of the demonstration. The demo prints them, the tests hold them: they are the same.
//!
//! Each uses accounts and addresses of its own, so that any of them can be done alone; the first five are
//! one story, and hand on the code it is about.

pub mod app_password;
pub mod log;
pub mod rules;
pub mod sheet;
pub mod stage;
pub mod totp;
pub mod webmail;
