//! `setup sshd`: a file to be included into sshd's PAM service, and one for sshd itself.

use std::path::Path;

use super::{ConfigFile, MARK, PAM_FOLDER, Plan, config_argument, stack};
use crate::error::CliError;

/// Read before the rest: sshd takes the first value that it finds.
const SSHD_FILE: &str = "/etc/ssh/sshd_config.d/00-mailotp.conf";

const SSHD: &str = "\
# sshd takes the first value that it finds. Of several files in this folder, this must be the first.

# Without PAM nobody asks mailotp: not for codes, and not whether a key may be used.
UsePAM yes

# The login that shows which code is due: \"Code dx 7:\".
KbdInteractiveAuthentication yes

# The one that does not: its question is the client's own, and knows of no code.
PasswordAuthentication no

# Rules go by addresses. A name in the place of one is \"unknown\" to them.
UseDNS no
";

pub fn plan(config: &Path) -> Result<Plan, CliError> {
    let config = config_argument(config)?;
    // There is always a system account behind a login to sshd, and so a pam_unix. It is needed, also
    // where no main password is accepted: sshd establishes credentials in another process than it has
    // authenticated in, there mailotp knows of nothing, and pam_deny alone would end a login that was
    // accepted.
    let pam = format!(
        "{MARK} sshd\n\
         # To be included at the place of common-auth; common-account stays where it is.\n{}",
        stack(&config, false)
            .lines()
            .filter(|line| !(line.starts_with("account") && line.ends_with("pam_unix.so")))
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    );
    let files = vec![
        ConfigFile::new(Path::new(PAM_FOLDER).join("mailotp-sshd"), pam),
        ConfigFile::new(SSHD_FILE, format!("{MARK} sshd\n{SSHD}")),
    ];
    let next = [
        "Stay logged in as root, here, until a login at another terminal has shown that all is well.",
        "Look whether sshd reads the file: sshd -t && sshd -T | grep -Ei \
         '^(usepam|kbdinteractiveauthentication|passwordauthentication|usedns) '. If it does not, \
         write as first line into /etc/ssh/sshd_config: Include /etc/ssh/sshd_config.d/*.conf",
        "Reload: systemctl reload ssh",
        "Put mailotp in front; from here on it judges: \
         sed -i.before-mailotp 's/^@include common-auth$/@include mailotp-sshd/' /etc/pam.d/sshd",
        "Log in: ssh -o PubkeyAuthentication=no alice@localhost",
    ];
    let next = next.into_iter().map(str::to_owned).collect();
    Ok(Plan {
        files,
        folders: Vec::new(),
        next,
    })
}
