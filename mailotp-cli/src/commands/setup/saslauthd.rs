//! `setup saslauthd`: PAM services of the names that its clients ask for, and its own options.

use std::io::ErrorKind;
use std::path::Path;

use mailotp_core::request::Service;

use super::{ConfigFile, MARK, PAM_FOLDER, Plan, config_argument, stack};
use crate::error::{CliError, FAILED};

/// What Postfix and Cyrus call theirs.
const SERVICES: [&str; 4] = ["smtp", "imap", "pop", "sieve"];

pub const DEFAULTS_FILE: &str = "/etc/default/saslauthd";

/// Where there is no such file.
const DEFAULTS: &str = "DESC=\"SASL Authentication Daemon\"\nNAME=\"saslauthd\"\nTHREADS=5\n";

/// What stands above a line that we have set.
pub const WHY_PAM: &str = "# mailotp: nobody else than PAM asks it.";
pub const WHY_NO_CACHE: &str = "# mailotp: without -c. With it saslauthd accepts a spent code again for 8 \
                            hours, and does not ask PAM.";

pub fn plan(config: &Path, virtual_users: bool, services: &[String]) -> Result<Plan, CliError> {
    let config = config_argument(config)?;
    let mut files = vec![defaults()?];
    let names: Vec<&str> = if services.is_empty() {
        SERVICES.to_vec()
    } else {
        services.iter().map(String::as_str).collect()
    };
    for name in names {
        let service = Service::new(name).map_err(|why| {
            CliError::usage(why.to_string(), "Write a service as PAM knows it: smtp")
        })?;
        files.push(asked_for(service.as_str(), &config, virtual_users));
    }
    let next = [
        "Write rules for these services. Their logins come without an address: a rule of networks \
         does not match them, and no window opens, so that a code is good for one login. Best is \
         from = [\"unknown\"] with accept = [\"app-password\"].",
        "A service without its file is judged by /etc/pam.d/other. For one that is not among these: \
         --service NAME",
        "Take -c out of every other /etc/default/saslauthd-*, too.",
        "Restart, and look that it runs without -c: systemctl restart saslauthd; ps -o args= -C saslauthd",
        "Try it with an app password that is made for this and revoked then, because others see it \
         in the list of processes: testsaslauthd -s smtp -u alice -p SECRET (and -f FOLDER/mux \
         where OPTIONS says another -m FOLDER)",
    ];
    let next = next.into_iter().map(str::to_owned).collect();
    Ok(Plan {
        files,
        folders: Vec::new(),
        next,
    })
}

/// The PAM service that it asks for under this name.
pub fn asked_for(name: &str, config: &str, virtual_users: bool) -> ConfigFile {
    let content = format!(
        "{MARK} saslauthd\n\
         # No address comes with these logins, so no rule of networks matches: from = [\"unknown\"] does.\n\
         # Nobody sees a prompt.\n{}",
        stack(config, virtual_users)
    );
    ConfigFile::new(Path::new(PAM_FOLDER).join(name), content)
}

/// The options that this machine has, with PAM as the one mechanism and without the cache.
fn defaults() -> Result<ConfigFile, CliError> {
    let before = match std::fs::read_to_string(DEFAULTS_FILE) {
        Ok(there) => Some(there),
        Err(why) if why.kind() == ErrorKind::NotFound => None,
        Err(why) => {
            let message = format!("{DEFAULTS_FILE}: {why}");
            return Err(CliError::new(FAILED, message, "Make it readable."));
        }
    };
    let content = corrected(before.as_deref().unwrap_or(DEFAULTS));
    Ok(ConfigFile {
        before,
        ..ConfigFile::new(DEFAULTS_FILE, content)
    })
}

/// The same, with PAM as the one mechanism, without the cache, and switched on.
fn corrected(defaults: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut missing = vec!["START", "MECHANISMS", "OPTIONS"];
    let known = |line: &&str| ![WHY_PAM, WHY_NO_CACHE].contains(line);
    for line in defaults.lines().filter(known) {
        match line.split_once('=') {
            Some((key @ ("START" | "MECHANISMS" | "OPTIONS"), value)) => {
                missing.retain(|other| *other != key);
                lines.extend(setting(key, unquoted(value)));
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines.extend(missing.into_iter().flat_map(|key| setting(key, "")));
    lines.join("\n") + "\n"
}

/// A setting as it must be, and why.
fn setting(key: &str, value: &str) -> Vec<String> {
    match key {
        "START" => vec!["START=yes".into()],
        "MECHANISMS" => vec![WHY_PAM.into(), "MECHANISMS=\"pam\"".into()],
        _ => {
            let mut options = without_cache(value);
            if options.is_empty() {
                // Else the init script takes its own, and those have the cache.
                options = "-m /var/run/saslauthd".into();
            }
            vec![WHY_NO_CACHE.into(), format!("OPTIONS=\"{options}\"")]
        }
    }
}

fn unquoted(value: &str) -> &str {
    let quote = value.chars().next().filter(|first| "\"'".contains(*first));
    let Some(quote) = quote else {
        return value.split_whitespace().next().unwrap_or_default();
    };
    let inner = &value[1..];
    inner.split(quote).next().unwrap_or(inner)
}

/// Options as getopt reads them, without `-c`: it may stand among others, `-rc`, and is no option in
/// the argument of one, `-m/run/c`.
fn without_cache(options: &str) -> String {
    let mut kept = Vec::new();
    let mut words = options.split_whitespace();
    while let Some(word) = words.next() {
        let Some(letters) = word.strip_prefix('-') else {
            kept.push(word.to_owned());
            continue;
        };
        let argument = letters.find(|letter| "aOmnst".contains(letter));
        let (flags, rest) = letters.split_at(argument.unwrap_or(letters.len()));
        let left = flags.replace('c', "") + rest;
        if !left.is_empty() {
            kept.push(format!("-{left}"));
        }
        if rest.len() == 1 {
            kept.extend(words.next().map(str::to_owned));
        }
    }
    kept.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_taken_out_however_it_is_asked_for() {
        for (options, expected) in [
            ("-c -m /var/run/saslauthd", "-m /var/run/saslauthd"),
            ("-m /run/c -c", "-m /run/c"),
            ("-rc -m /run/x", "-r -m /run/x"),
            ("-cm /run/x", "-m /run/x"),
            ("-m/run/c -t 60", "-m/run/c -t 60"),
            ("-m -c", "-m -c"),
            ("-c", ""),
        ] {
            assert_eq!(without_cache(options), expected, "{options}");
        }
    }

    #[test]
    fn options_that_are_missing_or_empty_do_not_fall_back_to_the_cache() {
        for defaults in ["", "OPTIONS=\n", "OPTIONS=\"\"\n", "OPTIONS='-c'\n"] {
            let corrected = corrected(defaults);
            assert!(
                corrected.contains("\nOPTIONS=\"-m /var/run/saslauthd\"\n"),
                "{corrected}"
            );
        }
    }

    #[test]
    fn what_else_is_said_stays_and_a_second_time_changes_nothing() {
        let defaults = "# ours\nNAME=\"saslauthd\"\nSTART=no\nMECHANISMS=\"shadow\"\nTHREADS=0\n\
                        OPTIONS=\"-c -m /var/spool/postfix/var/run/saslauthd\" # chroot\n";
        let once = corrected(defaults);
        assert_eq!(
            once,
            format!(
                "# ours\nNAME=\"saslauthd\"\nSTART=yes\n{WHY_PAM}\nMECHANISMS=\"pam\"\nTHREADS=0\n\
                 {WHY_NO_CACHE}\nOPTIONS=\"-m /var/spool/postfix/var/run/saslauthd\"\n"
            )
        );
        assert_eq!(corrected(&once), once);
    }
}
