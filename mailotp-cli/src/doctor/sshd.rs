//! sshd: whether it asks through PAM, shows the challenge, and gives PAM addresses.

use std::collections::BTreeMap;

use super::finding::{Area, Code, Report};
use super::pam::{Group, Services};

/// Files may include others, and those others.
const MAX_DEPTH: usize = 8;

/// Its settings, by names in lower case.
pub type Settings = BTreeMap<String, String>;

/// Reads what `sshd -T` prints, or a configuration: the first value counts. What stands in a `Match`
/// is for some logins only, and left alone. `files` gives the texts that a pattern includes.
pub fn settings(text: &str, files: &dyn Fn(&str) -> Vec<String>) -> Settings {
    let mut settings = Settings::new();
    read(text, files, 0, &mut settings);
    settings
}

fn read(text: &str, files: &dyn Fn(&str) -> Vec<String>, depth: usize, settings: &mut Settings) {
    for line in text.lines() {
        let line = line.trim();
        let end = line.find(|c: char| c.is_whitespace() || c == '=');
        let (key, value) = line.split_at(end.unwrap_or(line.len()));
        let value = value.trim_start_matches(|c: char| c.is_whitespace() || c == '=');
        let key = match key.to_ascii_lowercase().as_str() {
            "" => continue,
            comment if comment.starts_with('#') => continue,
            "match" => return,
            "include" if depth < MAX_DEPTH => {
                for pattern in value.split_whitespace() {
                    for text in files(pattern.trim_matches('"')) {
                        read(&text, files, depth + 1, settings);
                    }
                }
                continue;
            }
            // The name that it had before.
            "challengeresponseauthentication" => "kbdinteractiveauthentication".to_owned(),
            key => key.to_owned(),
        };
        let value = value.trim_matches('"').to_ascii_lowercase();
        settings.entry(key).or_insert(value);
    }
}

/// Looks at a sshd that asks mailotp. `place` is where the settings come from.
pub fn check(settings: &Settings, place: &str, pam: &Services, report: &mut Report) {
    // What OpenSSH takes where nothing is said.
    let is_on =
        |key: &str, otherwise: bool| settings.get(key).map_or(otherwise, |value| value == "yes");
    let remedy = "Run: mailotp-cli setup sshd --apply && sshd -t && systemctl reload ssh";
    let before = report.findings.len();
    let passwords = is_on("passwordauthentication", true);
    if !is_on("usepam", false) {
        report.error(
            Code::SshdPam,
            place,
            "UsePAM is no: sshd does not ask mailotp, and takes system passwords where \
             PasswordAuthentication is yes",
            remedy,
        );
    }
    if !is_on("kbdinteractiveauthentication", true) {
        report.warning(
            Code::SshdPrompt,
            place,
            "KbdInteractiveAuthentication is no: nobody is shown which code is due",
            remedy,
        );
    }
    if passwords {
        report.warning(
            Code::SshdPassword,
            place,
            "PasswordAuthentication is yes: a client that uses it shows a question of \
             its own, and no challenge",
            remedy,
        );
    }
    if is_on("usedns", false) {
        report.warning(
            Code::SshdNames,
            place,
            "UseDNS is yes: PAM gets names, which are \"unknown\" to rules, and no window opens",
            remedy,
        );
    }
    let auth = pam.stack("sshd", Group::Auth);
    let establishes = |module: &str| {
        !["pam_deny.so", "pam_mailotp.so", "libpam_mailotp.so", ""].contains(&module)
    };
    if !auth.iter().any(|handler| establishes(handler.module())) {
        report.error(
            Code::SshdSetcred,
            pam.path("sshd").unwrap_or("/etc/pam.d/sshd"),
            "sshd establishes credentials in a process where mailotp knows of no login, \
             and no other module says yes there: logins with right codes are ended",
            "Put behind mailotp: auth [success=done default=die] pam_unix.so use_first_pass",
        );
    }
    if report.findings.len() == before {
        report.checked(
            Area::Sshd,
            "it asks PAM, by keyboard-interactive, with addresses",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUARD: &str = "auth [success=done ignore=ignore default=die] pam_mailotp.so\n";
    const UNIX: &str = "auth [success=done default=die] pam_unix.so use_first_pass\n";

    fn look(text: &str, stack: &str) -> Vec<&'static str> {
        let mut pam = Services::default();
        pam.add("sshd", "/etc/pam.d/sshd", stack);
        let mut report = Report::default();
        check(
            &settings(text, &|_| Vec::new()),
            "sshd -T",
            &pam,
            &mut report,
        );
        let found = report.findings.iter().map(|one| one.code.as_str());
        found.collect()
    }

    const GOOD: &str =
        "UsePAM yes\nKbdInteractiveAuthentication yes\nPasswordAuthentication no\nUseDNS no\n";

    #[test]
    fn each_setting_that_stands_in_the_way_is_found() {
        let stack = format!("{GUARD}{UNIX}");
        assert_eq!(look(GOOD, &stack), [] as [&str; 0]);
        for (from, to, code) in [
            ("UsePAM yes", "usepam no", "sshd-pam"),
            (
                "KbdInteractiveAuthentication yes",
                "ChallengeResponseAuthentication no",
                "sshd-prompt",
            ),
            (
                "PasswordAuthentication no",
                "PasswordAuthentication=yes",
                "sshd-password",
            ),
            ("UseDNS no", "UseDNS yes", "sshd-names"),
        ] {
            assert_eq!(look(&GOOD.replace(from, to), &stack), [code]);
        }
        assert_eq!(
            look("", &stack),
            ["sshd-pam", "sshd-password"],
            "what OpenSSH takes"
        );
    }

    #[test]
    fn a_stack_in_which_nobody_establishes_credentials_ends_logins() {
        let alone = format!("{GUARD}auth requisite pam_deny.so\n");
        assert_eq!(look(GOOD, &alone), ["sshd-setcred"]);
    }

    #[test]
    fn the_first_value_counts_in_the_order_of_includes_and_a_match_is_left_alone() {
        let files = |pattern: &str| match pattern {
            "/etc/ssh/sshd_config.d/*.conf" => vec![
                "UsePAM yes\n".to_owned(),
                "UsePAM no\nUseDNS \"no\"\n".to_owned(),
            ],
            _ => Vec::new(),
        };
        let text = "# x\nInclude /etc/ssh/sshd_config.d/*.conf\nUseDNS yes\nMatch User \
            bob\nPasswordAuthentication yes\n";
        let read = settings(text, &files);
        assert_eq!(read.get("usepam").map(String::as_str), Some("yes"));
        assert_eq!(read.get("usedns").map(String::as_str), Some("no"));
        assert_eq!(read.get("passwordauthentication"), None);
    }
}
