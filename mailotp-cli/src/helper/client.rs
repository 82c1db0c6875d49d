//! The user's side: does what the helper's command asks of its terminal.

use std::io::Write;
use std::path::Path;

use mailotp_core::helper::client::{self, ClientError};
use mailotp_core::helper::{Hello, wire};

use super::{Bytes, End, FromUser, Run, ToUser};
use crate::cli::Cli;
use crate::error::{CliError, NOT_PERMITTED, UNUSABLE};
use crate::terminal::{self, Terminal};

/// Has the helper at `socket` run the command line of this process.
pub fn run(cli: &Cli, socket: &Path) -> Result<(), CliError> {
    let mut stream = client::connect(socket, &cli.config, client::PATIENCE)
        .map_err(|error| unreachable(cli, &error))?;
    // What the command takes its time for, as the hashes of a sheet, is not to be cut off.
    let _ = stream.set_read_timeout(None);
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
    wire::send(&mut stream, &hello).map_err(gone)?;
    loop {
        let said: ToUser = wire::receive(&mut stream, wire::FROM_HELPER).map_err(gone)?;
        let answer = match said {
            ToUser::End(End { exit: 0, .. }) => return Ok(()),
            ToUser::End(end) => return Err(CliError::new(end.exit, end.message, end.remedy)),
            ToUser::Note(text) => {
                // What the helper says is for a terminal; what is typed there is not its business.
                let _ = std::io::stderr().write_all(text.as_bytes());
                continue;
            }
            other => terminal::with(|terminal| answer(terminal, other)),
        };
        wire::send(&mut stream, &answer).map_err(gone)?;
    }
}

fn answer(terminal: &mut dyn Terminal, said: ToUser) -> FromUser {
    let done = |result: std::io::Result<()>| match result {
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
        ToUser::Read(path) => match terminal.read(Path::new(&path)) {
            Ok(content) => FromUser::Content(Bytes(content)),
            Err(why) => FromUser::Failed(why.to_string()),
        },
        ToUser::Note(_) | ToUser::End(_) => FromUser::Done,
    }
}

/// The site's files belong to somebody else, and so the helper would have to do it.
fn unreachable(cli: &Cli, error: &ClientError) -> CliError {
    let me = crate::context::actor();
    match &cli.user {
        Some(user) if *user != me => CliError::new(
            NOT_PERMITTED,
            format!("{me} may not act for \"{}\"", user.escape_debug()),
            "Ask an administrator, or run the command as root.",
        ),
        _ => CliError::new(
            UNUSABLE,
            format!("{error}, and the store is not {me}'s"),
            "Ask an administrator to start it: systemctl enable --now mailotp-helper.socket",
        ),
    }
}
