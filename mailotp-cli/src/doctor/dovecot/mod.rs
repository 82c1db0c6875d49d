//! Dovecot: its password databases and what stands around them, as `doveconf -n` prints it.

mod check;
mod passdb;
mod service_name;
#[cfg(test)]
mod tests;
mod tree;

pub use check::{Site, check};
