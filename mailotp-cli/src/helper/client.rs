//! The user's side: does what the helper's command asks of its terminal.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::SystemTime;

use mailotp_core::config::Config;
use mailotp_core::helper::Hello;
use mailotp_core::helper::client::{self, ClientError, PATIENCE};
use mailotp_core::helper::wire::{self, Bytes};
use zeroize::Zeroizing;

use super::{Caller, End, FromUser, Run, ToUser};
use crate::cli::Cli;
use crate::error::{CliError, UNUSABLE};
use crate::terminal::{self, Terminal};

/// The longest file that is sent to the helper: a seed in base32 has some 200 bytes.
const FILE: u64 = 64 * 1024;

/// Has the helper of this site run the command line of this process.
pub fn run(cli: &Cli, config: &Config) -> Result<(), CliError> {
    let wire = client::connect(&config.helper.socket, &cli.config, PATIENCE)
        .map_err(|error| unreachable(cli, config, &error))?;
    let arguments = std::env::args_os().skip(1);
    let arguments: Option<Vec<String>> = arguments.map(|word| word.into_string().ok()).collect();
    let arguments =
        arguments.ok_or_else(|| CliError::usage("an argument is not UTF-8", "Correct it."))?;
    let hello = Hello::Run(Run {
        arguments,
        can_ask: terminal::can_ask(),
        is_read: terminal::is_read(),
        is_coloured: terminal::is_coloured(),
        zone: terminal::with(|terminal| terminal.zone().iana_name().map(str::to_owned)),
    });
    let gone = |error: wire::WireError| {
        CliError::new(
            UNUSABLE,
            format!("the helper broke off: {error}"),
            "Run the command again; `show` says what was done.",
        )
    };
    wire.send(&hello, PATIENCE).map_err(gone)?;
    loop {
        // What the command takes its time for, as the hashes of a sheet, is not to be cut off.
        let said: ToUser = wire.receive(wire::FROM_HELPER, None).map_err(gone)?;
        let answer = match said {
            ToUser::End(End { exit: 0, .. }) => return Ok(()),
            ToUser::End(end) => return Err(CliError::new(end.exit, end.message, end.remedy)),
            ToUser::Note(text) => {
                // What the helper says is for a terminal; what is typed there is not its business.
                let _ = io::stderr().write_all(text.as_bytes());
                continue;
            }
            other => terminal::with(|terminal| answer(terminal, other)),
        };
        wire.send(&answer, PATIENCE).map_err(gone)?;
    }
}

fn answer(terminal: &mut dyn Terminal, said: ToUser) -> FromUser {
    let done = |result: io::Result<()>| match result {
        Ok(()) => FromUser::Done,
        Err(why) => FromUser::Failed(why.to_string()),
    };
    match said {
        ToUser::Ask(prompt) => match terminal.secret(&prompt) {
            Ok(typed) => FromUser::Typed(Bytes::copy(typed.as_bytes())),
            Err(why) => FromUser::Failed(why.to_string()),
        },
        ToUser::Line(prompt) => match terminal.line(&prompt) {
            Ok(typed) => FromUser::Typed(Bytes::copy(typed.as_bytes())),
            Err(why) => FromUser::Failed(why.to_string()),
        },
        ToUser::Print(bytes) => done(terminal.print(&bytes.0)),
        ToUser::Write(path, content) => done(terminal.write_new(Path::new(&path), &content.0)),
        ToUser::Read(path) => match read(Path::new(&path)) {
            Ok(content) => FromUser::Content(Bytes(content)),
            Err(why) => FromUser::Failed(why.to_string()),
        },
        ToUser::Note(_) | ToUser::End(_) => FromUser::Done,
    }
}

/// Reads a file that fits into a message, whatever is named.
fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut content = Zeroizing::new(Vec::with_capacity(FILE as usize + 1));
    File::open(path)?.take(FILE + 1).read_to_end(&mut content)?;
    if content.len() as u64 > FILE {
        let message = format!("it is larger than {} KiB", FILE / 1024);
        return Err(io::Error::other(message));
    }
    Ok(content)
}

/// The site's files belong to somebody else, and so the helper would have to do it, if it may.
fn unreachable(cli: &Cli, config: &Config, error: &ClientError) -> CliError {
    let me = Caller::ordinary(nix::unistd::geteuid());
    if let Err(refusal) = me.permit(cli, config, SystemTime::now().into()) {
        return refusal;
    }
    CliError::new(
        UNUSABLE,
        format!("{error}, and the store is not {}'s", me.name),
        "Ask an administrator to start it: systemctl enable --now mailotp-helper.socket, or without systemd: mailotp-cli helper",
    )
}
