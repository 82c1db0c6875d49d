//! `setup`: the files that put mailotp in front of a server.

mod dovecot;
mod postfix;
mod saslauthd;
mod sshd;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::{Cli, Server};
use crate::error::{CliError, FAILED, UNUSABLE};
use crate::output::Output;

/// The first line of every file that we write: such a file may be written again.
const MARK: &str = "# Written by: mailotp-cli setup";

/// Where Linux-PAM looks for services.
const PAM_FOLDER: &str = "/etc/pam.d";

/// Everybody may read them: no secret is in them.
const MODE: u32 = 0o644;

/// A file to be written.
struct ConfigFile {
    path: PathBuf,
    content: String,
    /// What of the machine's own it is made from, and takes the place of.
    before: Option<String>,
}

impl ConfigFile {
    /// A file that is ours from its first line on.
    fn new(path: impl Into<PathBuf>, content: String) -> Self {
        Self {
            path: path.into(),
            content,
            before: None,
        }
    }

    /// Where the machine's own goes.
    fn kept(&self) -> PathBuf {
        let mut kept = self.path.clone().into_os_string();
        kept.push(".before-mailotp");
        kept.into()
    }

    /// Whether it takes the place of a file that says something else.
    fn replaces(&self) -> bool {
        self.before
            .as_ref()
            .is_some_and(|before| *before != self.content)
    }
}

/// What there is to do.
struct Plan {
    files: Vec<ConfigFile>,
    /// Folders that the files name: a server does not start where one is missing.
    folders: Vec<PathBuf>,
    next: Vec<String>,
}

pub fn run(cli: &Cli, server: &Server) -> Result<(), CliError> {
    let (plan, apply) = match server {
        Server::Dovecot {
            apply,
            virtual_users,
        } => (dovecot::plan(&cli.config, *virtual_users)?, apply),
        Server::Saslauthd {
            apply,
            virtual_users,
            services,
        } => (
            saslauthd::plan(&cli.config, *virtual_users, services)?,
            apply,
        ),
        Server::Postfix {
            apply,
            virtual_users,
            sasl,
        } => (postfix::plan(&cli.config, *virtual_users, *sasl)?, apply),
        Server::Sshd { apply } => (sshd::plan(&cli.config)?, apply),
    };
    if *apply {
        plan.files
            .iter()
            .try_for_each(|file| check(file, &plan.folders))?;
        plan.files.iter().try_for_each(write)?;
    }
    let files: Vec<Value> = plan
        .files
        .iter()
        .map(|file| json!({ "path": file.path, "content": file.content, "mode": format!("{MODE:04o}") }))
        .collect();
    let document = json!({ "files": files, "next": plan.next, "applied": apply });
    Output::new(cli.json).show(&document, || {
        let mut text = String::new();
        for file in &plan.files {
            if *apply {
                text += &format!("wrote {}\n", file.path.display());
                if file.replaces() {
                    text += &format!("kept the old one as {}\n", file.kept().display());
                }
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

/// Looks before anything is written: whether each file has its folder and those that it names, and no
/// stranger in its place.
fn check(file: &ConfigFile, named: &[PathBuf]) -> Result<(), CliError> {
    let refused = |why: String, remedy: &str| {
        let message = format!("{} was not written: {why}", file.path.display());
        Err(CliError::new(FAILED, message, remedy))
    };
    let own = file.path.parent().unwrap_or(Path::new("/"));
    let mut folders = named.iter().map(PathBuf::as_path).chain([own]);
    if let Some(folder) = folders.find(|folder| !folder.is_dir()) {
        let remedy = "Run the command on the machine of the server, once it is installed.";
        return refused(format!("there is no folder {}", folder.display()), remedy);
    }
    match std::fs::read_to_string(&file.path) {
        Ok(there)
            if there != file.content
                && !there.starts_with(MARK)
                && file.before.as_ref() != Some(&there) =>
        {
            refused(
                "there is another file".into(),
                "Move it away, and run the command again.",
            )
        }
        _ => Ok(()),
    }
}

/// Writes a file, in one step.
fn write(file: &ConfigFile) -> Result<(), CliError> {
    let new = file.path.with_extension("mailotp-new");
    let put = || {
        if file.replaces() {
            std::fs::copy(&file.path, file.kept())?;
        }
        std::fs::write(&new, &file.content)?;
        std::fs::set_permissions(&new, Permissions::from_mode(MODE))?;
        std::fs::rename(&new, &file.path)
    };
    put().map_err(|why: std::io::Error| {
        let _ = std::fs::remove_file(&new);
        let message = format!("{} was not written: {why}", file.path.display());
        CliError::new(FAILED, message, "Run the command as root.")
    })
}

/// The stack that stays closed whatever stands around it, but for its first line.
fn stack(config: &str, virtual_users: bool) -> String {
    let (password, account) = if virtual_users {
        ("", "")
    } else {
        (
            "auth    [success=done default=die]                pam_unix.so use_first_pass\n",
            "account required                                  pam_unix.so\n",
        )
    };
    format!(
        "auth    [success=done ignore=ignore default=die]  pam_mailotp.so{config}\n\
         {password}\
         auth    requisite                                 pam_deny.so\n\
         account required                                  pam_mailotp.so{config}\n\
         {account}"
    )
}

/// The path of a configuration as a module argument: absolute, and nothing where it is the default.
fn config_argument(config: &Path) -> Result<String, CliError> {
    if config == Path::new(mailotp_core::config::DEFAULT_PATH) {
        return Ok(String::new());
    }
    let full = std::path::absolute(config).map_err(|why| {
        CliError::new(
            UNUSABLE,
            why.to_string(),
            "Write --config with its whole path.",
        )
    })?;
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
