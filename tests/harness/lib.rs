//! What the tests share: a site of its own for each test, a PAM host, servers, and clients of them.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod disk;
pub mod dovecot;
pub mod enrol;
pub mod helper;
pub mod host;
pub mod hosts;
pub mod imap;
pub mod output;
pub mod packaged;
pub mod peer;
pub mod plist;
pub mod postfix;
pub mod postgres;
pub mod products;
pub mod proxy;
pub mod qr;
pub mod root;
pub mod sandbox;
pub mod saslauthd;
pub mod sequence;
pub mod server;
pub mod shared_site;
pub mod site;
pub mod sshd;
pub mod standby;
pub mod submission;
pub mod syslog;
pub mod terminal;
pub mod tool;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod trace;
pub mod wire;
