//! `setup`: the files that put mailotp in front of a server.

mod dovecot;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::{Cli, Server};
use crate::error::{CliError, FAILED, UNUSABLE};
use crate::output::Output;

/// The first line of every file that we write: such a file may be written again.
const MARK: &str = "# Written by: mailotp-cli setup";

/// A file to be written.
struct ConfigFile {
    path: PathBuf,
    content: String,
}

/// What there is to do.
struct Plan {
    files: Vec<ConfigFile>,
    next: Vec<String>,
}

pub fn run(cli: &Cli, server: &Server) -> Result<(), CliError> {
    let Server::Dovecot {
        apply,
        virtual_users,
    } = server;
    let plan = dovecot::plan(&cli.config, *virtual_users)?;
    if *apply {
        for file in &plan.files {
            write(file)?;
        }
    }
    let files: Vec<Value> = plan
        .files
        .iter()
        .map(|file| json!({ "path": file.path, "content": file.content, "mode": "0644" }))
        .collect();
    let document = json!({ "files": files, "next": plan.next, "applied": apply });
    Output::new(cli.json).show(&document, || {
        let mut text = String::new();
        for file in &plan.files {
            if *apply {
                text += &format!("wrote {}\n", file.path.display());
            } else {
                text += &format!("==> {} <==\n{}\n", file.path.display(), file.content);
            }
        }
        let steps = plan
            .next
            .iter()
            .zip(1..)
            .map(|(step, at): (_, u32)| format!("{at}. {step}\n"));
        text + "\nNext:\n" + &steps.collect::<String>()
    })?;
    Ok(())
}

/// Writes a file, in one step, unless somebody else's is in its place.
fn write(file: &ConfigFile) -> Result<(), CliError> {
    let failed = |why: &dyn std::fmt::Display, remedy: &str| {
        CliError::new(
            FAILED,
            format!("{} was not written: {why}", file.path.display()),
            remedy,
        )
    };
    match std::fs::read_to_string(&file.path) {
        Ok(there) if there == file.content => return Ok(()),
        Ok(there) if !there.starts_with(MARK) => {
            return Err(failed(
                &"there is another file",
                "Move it away, and run the command again.",
            ));
        }
        _ => {}
    }
    let new = file.path.with_extension("mailotp-new");
    let put = || {
        std::fs::write(&new, &file.content)?;
        std::fs::rename(&new, &file.path)
    };
    put().map_err(|why| {
        let _ = std::fs::remove_file(&new);
        failed(
            &why,
            "Run the command as root, on the machine of the server.",
        )
    })
}

/// The path of a configuration as a module argument: absolute, and nothing where it is the default.
fn config_argument(config: &Path) -> Result<String, CliError> {
    if config == Path::new(mailotp_core::config::DEFAULT_PATH) {
        return Ok(String::new());
    }
    let full =
        std::path::absolute(config).map_err(|why| CliError::new(UNUSABLE, why.to_string(), ""))?;
    let text = full
        .to_str()
        .filter(|text| !text.contains(|c: char| c.is_whitespace() || "[]#\\".contains(c)));
    let text = text.ok_or_else(|| {
        CliError::usage(
            "the path of the configuration does not fit a PAM file",
            "Choose one without blanks.",
        )
    })?;
    Ok(format!(" config={text}"))
}
