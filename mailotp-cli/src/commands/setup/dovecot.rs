//! `setup dovecot`: PAM services for each protocol, and the pair of databases that uses them.

use std::path::Path;
use std::process::{Command, Stdio};

use super::{ConfigFile, MARK, PAM_FOLDER, Plan, config_argument, stack};
use crate::error::{CliError, FAILED};

/// The services that a Dovecot asks PAM for: the protocol (`%s`), `doveadm` of `doveadm auth test`,
/// and `webmail` for a listener of its own. One without its file is judged by `/etc/pam.d/other`,
/// which on Debian takes main passwords.
const SERVICES: [&str; 7] = [
    "imap",
    "pop3",
    "submission",
    "sieve",
    "smtp",
    "doveadm",
    "webmail",
];

const DOVECOT_FILE: &str = "/etc/dovecot/conf.d/auth-mailotp.conf.ext";

pub fn plan(config: &Path, virtual_users: bool) -> Result<Plan, CliError> {
    if let Some(version) = version().filter(|version| !version.starts_with("2.3.")) {
        return Err(CliError::new(
            FAILED,
            format!("this is Dovecot {version}; setup knows 2.3"),
            "Take the files of packaging/recipes/dovecot-2.4, which packages have in share/doc.",
        ));
    }
    let config = config_argument(config)?;
    let mut files = Vec::new();
    for service in SERVICES {
        let path = Path::new(PAM_FOLDER).join(format!("mailotp-{service}"));
        let content = format!("{MARK} dovecot\n{}", stack(&config, virtual_users));
        files.push(ConfigFile::new(path, content));
        let path = Path::new(PAM_FOLDER).join(format!("mailotp-{service}-challenge"));
        files.push(ConfigFile::new(path, gate(&config)));
    }
    files.push(ConfigFile::new(DOVECOT_FILE, databases(virtual_users)));
    let mut next = vec![
        "In /etc/dovecot/conf.d/10-auth.conf, put in place of `!include auth-system.conf.ext`: \
         `!include auth-mailotp.conf.ext`. Databases of main passwords go below it, each with \
         `mechanisms = plain login`: CRAM-MD5 and SCRAM logins pass mailotp by.",
        "Look at the outcome: doveconf -n",
        "Reload: doveadm reload",
        "Webmail gets a listener of its own, on a port that only the webmail host reaches. Copy \
         auth-mailotp.conf.ext under another name, include that, and write in both databases, in \
         place of mailotp-%s: %{if;%a;==;10143;mailotp-webmail;mailotp-%s} (-challenge behind it \
         in the second).",
    ];
    if virtual_users {
        next.push(
            "Write the rules with accept = [\"app-password\", \"otp\"]: \"password+otp\" needs a \
             module behind mailotp that judges the password, and there is none here.",
        );
    }
    let next = next.into_iter().map(str::to_owned).collect();
    Ok(Plan {
        files,
        folders: Vec::new(),
        next,
    })
}

fn version() -> Option<String> {
    let output = Command::new("dovecot")
        .arg("--version")
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.split_whitespace().next().map(str::to_owned)
}

/// The gate never lets anybody in: it shows the challenge, or lets Dovecot ask the next database.
fn gate(config: &str) -> String {
    format!(
        "{MARK} dovecot\n\
         auth    [default=die]                             pam_mailotp.so challenge{config}\n\
         auth    requisite                                 pam_deny.so\n\
         account requisite                                 pam_deny.so\n"
    )
}

fn databases(virtual_users: bool) -> String {
    let users = if virtual_users {
        ""
    } else {
        "\n# Where the mail of system users is.\nuserdb {\n  driver = passwd\n}\n"
    };
    format!(
        "{MARK} dovecot\n\
         # One-time codes and app passwords. Both databases take plain and login only: the second\n\
         # would refuse every SCRAM login.\n\
         passdb {{\n  driver = pam\n  mechanisms = plain login\n  args = mailotp-%s\n}}\n\n\
         # The gate: shows which code is due in the reply to a failed login, and keeps the databases\n\
         # below it closed where mailotp does not accept the main password.\n\
         passdb {{\n  driver = pam\n  mechanisms = plain login\n  deny = yes\n  \
         args = failure_show_msg=yes mailotp-%s-challenge\n}}\n\n\
         # A spent code must reach PAM each time: no cache_key= above, and passdb results of PAM are\n\
         # cached only where one is given.\n{users}"
    )
}
