//! The file that is read. Root reads it, and it may lie where somebody else decides what it is.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use mailotp_core::import::{Source, Unreadable};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use zeroize::Zeroizing;

use crate::error::{CliError, FAILED};

/// Reads a plain file. A link is not followed: in somebody's home it would name a file that they cannot
/// read, and whose secrets would become theirs. What is no file would be waited for, or does something
/// when it is opened.
pub fn read(path: &Path, source: Source) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let refused = |why: &str, remedy: &str| {
        CliError::new(FAILED, format!("{}: {why}", path.display()), remedy)
    };
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open(path);
    let unread = |error: io::Error| match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ELOOP) => refused("it is a symbolic link", "Name the file itself."),
        _ => refused(&error.to_string(), "Check the name."),
    };
    let file = file.map_err(unread)?;
    let metadata = file.metadata().map_err(unread)?;
    if !metadata.is_file() {
        return Err(refused("it is no plain file", "Copy it into one."));
    }
    let limit = source.limit() as u64;
    if metadata.len() > limit {
        return Err(unreadable(path, source, Unreadable::TooLarge));
    }
    // Room for all of it from the start: what grows leaves copies of secrets behind.
    let mut text = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 64));
    let read = file.take(metadata.len()).read_to_end(&mut text);
    read.map_err(unread)?;
    Ok(text)
}

/// Why a file is not what it was said to be.
pub fn unreadable(path: &Path, source: Source, why: Unreadable) -> CliError {
    let remedy = match (why, source) {
        (Unreadable::TooLarge, Source::PostfixAdmin) => {
            "Dump three tables alone: mailbox, mailbox_app_password, totp_exception_address."
        }
        (Unreadable::TooLarge | Unreadable::OtherKind, _) => {
            "Check the name and the kind: mailotp-cli import --help"
        }
        (Unreadable::BreaksOff(_), _) => "Make the file again.",
        (Unreadable::Encrypted, _) => {
            "Export once more without encryption, and remove that file afterwards."
        }
    };
    CliError::new(FAILED, format!("{}: {why}", path.display()), remedy)
}
