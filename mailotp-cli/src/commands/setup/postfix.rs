//! `setup postfix`: what connects Postfix, which asks no PAM itself, to a Dovecot or a saslauthd that does.
//!
//! main.cf stays the administrator's. Each new smtpd reads it, without a reload, and one that is told
//! of a socket which is not there yet ends with every connection over TLS, also of those who only bring
//! mail.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::saslauthd::{DEFAULTS_FILE, WHY_NO_CACHE, WHY_PAM, asked_for};
use super::{ConfigFile, MARK, Plan, config_argument};
use crate::cli::Sasl;
use crate::error::CliError;

const QUEUE: &str = "/var/spool/postfix";

/// Debian's dovecot.conf includes all `*.conf` of this folder.
const DOVECOT_FOLDER: &str = "/etc/dovecot/conf.d";
const DOVECOT_FILE: &str = "90-mailotp-postfix.conf";

/// Where Debian's Postfix looks for it, and another's is told to.
const SASL_FOLDER: &str = "/etc/postfix/sasl";
/// Debian's init script starts one for each file of such a name.
const INSTANCE_FILE: &str = "/etc/default/saslauthd-postfix";

/// The name that Postfix gives all its logins, by whatever port they come.
const SERVICE: &str = "smtp";

/// What is the same for both, the switch last.
const PARAMETERS: [&str; 5] = [
    "smtpd_sasl_security_options = noanonymous",
    "smtpd_sasl_tls_security_options = noanonymous",
    "smtpd_sasl_mechanism_filter = plain, login",
    "smtpd_tls_auth_only = yes",
    "smtpd_sasl_auth_enable = yes",
];

pub fn plan(config: &Path, virtual_users: bool, sasl: Option<Sasl>) -> Result<Plan, CliError> {
    let config = config_argument(config)?;
    let queue = queue();
    Ok(match sasl.unwrap_or_else(at_hand) {
        Sasl::Dovecot => by_dovecot(&queue, virtual_users),
        Sasl::Saslauthd => by_saslauthd(&queue, &config, virtual_users),
    })
}

/// Dovecot, which tells PAM where a login comes from, unless it is not here and saslauthd is.
fn at_hand() -> Sasl {
    if !Path::new(DOVECOT_FOLDER).is_dir() && Path::new(DEFAULTS_FILE).exists() {
        Sasl::Saslauthd
    } else {
        Sasl::Dovecot
    }
}

/// Where Postfix has its queue, which is its root folder too where it runs in a chroot.
fn queue() -> PathBuf {
    let asked = Command::new("postconf")
        .args(["-h", "queue_directory"])
        .stderr(Stdio::null())
        .output();
    let said = asked.ok().filter(|output| output.status.success());
    let path = said.and_then(|output| String::from_utf8(output.stdout).ok());
    let is_plain = |path: &&str| {
        let other = |c: char| !c.is_ascii_alphanumeric() && !"/._-".contains(c);
        path.starts_with('/') && !path.contains(other)
    };
    let path = path.as_deref().map(str::trim).filter(is_plain);
    path.unwrap_or(QUEUE).into()
}

fn by_dovecot(queue: &Path, virtual_users: bool) -> Plan {
    let folder = queue.join("private");
    let socket = folder.join("auth").display().to_string();
    let listener = format!(
        "{MARK} postfix\n\
         # Postfix asks here about its logins, with the client's address. Its service is {SERVICE}: the\n\
         # databases of auth-mailotp.conf.ext make PAM's mailotp-{SERVICE} of it.\n\
         service auth {{\n  unix_listener {socket} {{\n    mode = 0660\n    user = postfix\n    \
         group = postfix\n  }}\n}}\n"
    );
    let mut next = vec![
        format!(
            "Let Dovecot ask mailotp, if it does not yet: mailotp-cli setup dovecot{} --apply, and \
             what that says. Without /etc/pam.d/mailotp-{SERVICE} the logins to Postfix are judged by \
             /etc/pam.d/other.",
            with_users(virtual_users)
        ),
        "Let Dovecot know no other mechanisms, in /etc/dovecot/conf.d/10-auth.conf: auth_mechanisms = \
         plain login. CRAM-MD5 and SCRAM logins pass mailotp by, and Postfix can only hide them: it \
         takes one that is asked for all the same."
            .into(),
        format!(
            "Have the socket made, and look: doveadm reload; ls -l {socket}. If it is not there, \
             /etc/dovecot/dovecot.conf lacks: !include conf.d/*.conf"
        ),
    ];
    next.extend(to_postfix(&[
        "smtpd_sasl_type = dovecot",
        "smtpd_sasl_path = private/auth",
    ]));
    next.push(format!(
        "Write rules for the service {SERVICE}, which is in the group mail. They see the client's \
         address, and not that of a proxy in front of Postfix which does not tell it (XCLIENT, PROXY)."
    ));
    Plan {
        files: vec![ConfigFile::new(
            Path::new(DOVECOT_FOLDER).join(DOVECOT_FILE),
            listener,
        )],
        folders: vec![folder],
        next,
    }
}

fn with_users(virtual_users: bool) -> &'static str {
    if virtual_users {
        " --virtual-users"
    } else {
        ""
    }
}

fn by_saslauthd(queue: &Path, config: &str, virtual_users: bool) -> Plan {
    let run = queue.join("var/run/saslauthd").display().to_string();
    let mut files = vec![
        asked_for(SERVICE, config, virtual_users),
        ConfigFile::new(Path::new(SASL_FOLDER).join("smtpd.conf"), smtpd_conf()),
    ];
    // One that is in the chroot already stays the only one: two would fight for the socket.
    let there = std::fs::read_to_string(DEFAULTS_FILE).unwrap_or_default();
    let options = there.lines().filter(|line| line.starts_with("OPTIONS="));
    let is_there = options.into_iter().any(|line| line.contains(&run));
    let other = if is_there {
        let whole_name = if virtual_users {
            " Give it -r in its OPTIONS: without it nothing is left of alice@example.com but alice."
        } else {
            ""
        };
        format!(" It serves {run} already, and Postfix gets none of its own.{whole_name}")
    } else {
        files.push(ConfigFile::new(
            INSTANCE_FILE,
            instance(&run, virtual_users),
        ));
        String::new()
    };
    let mut next = vec![
        "Let Postfix at the socket: usermod -aG sasl postfix. The next postfix reload counts it in.".into(),
        format!(
            "Take the cache out of the saslauthd of {DEFAULTS_FILE}, too: mailotp-cli setup \
             saslauthd{} --service {SERVICE} --apply.{other}",
            with_users(virtual_users)
        ),
        "Restart, and look that none runs with -c: systemctl restart saslauthd; ps -o args= -C saslauthd"
            .into(),
        "Look for libsasl2-modules, without which there is no PLAIN and no LOGIN: dpkg -s libsasl2-modules"
            .into(),
        format!("Look for the socket: ls -l {run}/mux"),
    ];
    let path = format!("cyrus_sasl_config_path = {SASL_FOLDER}");
    next.extend(to_postfix(&[
        "smtpd_sasl_type = cyrus",
        "smtpd_sasl_path = smtpd",
        &path,
    ]));
    next.push(format!(
        "Write a rule for the service {SERVICE}. saslauthd is told no address: a rule of networks \
         does not match these logins, and no window opens, so that a code is good for one login. \
         Best is from = [\"unknown\"] with accept = [\"app-password\"]. Dovecot is told the address: \
         --sasl dovecot"
    ));
    Plan {
        files,
        folders: vec![queue.to_path_buf()],
        next,
    }
}

/// What Postfix's SASL library reads, before the chroot.
fn smtpd_conf() -> String {
    format!(
        "{MARK} postfix\n\
         pwcheck_method: saslauthd\n\
         # Others pass saslauthd by, and mailotp with it.\n\
         mech_list: PLAIN LOGIN\n\
         # From the queue's folder on, where smtpd stands with and without a chroot.\n\
         saslauthd_path: var/run/saslauthd/mux\n"
    )
}

/// A saslauthd for Postfix alone: others look for theirs where the chroot does not reach.
fn instance(run: &str, virtual_users: bool) -> String {
    // Without -r nothing is left of alice@example.com but alice.
    let whole_name = if virtual_users { "-r " } else { "" };
    format!(
        "{MARK} postfix\n\
         # One of Postfix's own, whose socket stands in its chroot.\n\
         START=yes\n\
         DESC=\"SASL Authentication Daemon for Postfix\"\n\
         NAME=\"saslauthd-postf\"\n\
         {WHY_PAM}\n\
         MECHANISMS=\"pam\"\n\
         MECH_OPTIONS=\"\"\n\
         THREADS=5\n\
         {WHY_NO_CACHE}\n\
         OPTIONS=\"{whole_name}-m {run}\"\n"
    )
}

/// The steps from the socket on.
fn to_postfix(own: &[&str]) -> Vec<String> {
    let quoted = own
        .iter()
        .chain(&PARAMETERS)
        .map(|line| format!(" '{line}'"));
    let set = quoted.collect::<String>();
    vec![
        "Only then tell Postfix. main.cf is yours, and --apply leaves it alone: it counts without a \
         reload, and without Dovecot's socket no mail comes in over TLS any more. Keep the old one: \
         cp -p /etc/postfix/main.cf /etc/postfix/main.cf.before-mailotp"
            .into(),
        format!("Set all of it at once: postconf -e{set}"),
        "Look at the outcome, and at what master.cf says otherwise, which is stronger: \
         postfix check; postconf -n | grep _sasl_; postconf -P | grep _sasl_"
            .into(),
        "Logins are taken over TLS only. It must say may or encrypt: postconf smtpd_tls_security_level"
            .into(),
        "Where nobody should log in at port 25, and master.cf has a submission: postconf -e smtpd_sasl_auth_enable=no; \
         postconf -P submission/inet/smtpd_sasl_auth_enable=yes"
            .into(),
        "Reload: postfix reload".into(),
    ]
}
