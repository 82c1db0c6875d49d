//! The module as every PAM application sees it: through libpam, in a private folder of services, as
//! an ordinary user.

#![forbid(unsafe_code)]

mod account;
mod aliases;
mod answers;
mod app_passwords;
mod arguments;
mod bad_files;
mod bad_input;
mod budgets;
mod challenges;
mod closed_stack;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod crashes;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod crowds;
mod equal;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod faults;
mod gate;
mod guest;
mod helper;
mod hosts;
mod import;
mod kill_codes;
mod listeners;
mod loading;
mod memcheck;
mod networks;
mod newer_store;
mod observe;
mod pins;
mod postgres;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod power;
mod prompt;
mod races;
mod races_of_kinds;
mod replacements;
mod rules;
mod secrets;
mod sequences;
mod sheets;
mod split;
mod stack;
mod tokens;
mod totp;
mod unavailable;
mod windows;

/// Where the account's owner sits.
const HOME: &str = "192.0.2.7";
/// Where somebody else sits.
const ELSEWHERE: &str = "198.51.100.9";

/// Everybody may try the main password, and codes.
const PASSWORD_TOO: &str = "[[rule]]\naccept = [\"password\", \"otp\", \"app-password\"]\n";
/// The main password and a code, together.
const BOTH: &str = "[[rule]]\naccept = [\"password+otp\"]\n";
/// Services of one group.
const MAIL: &str = "[services]\nmail = [\"imap\", \"pop3\", \"submission\"]\n";

/// How often something is tried: a few times, or as often as the long forms of the `Makefile` say.
fn rounds(few: usize) -> usize {
    let rounds = std::env::var("MAILOTP_ROUNDS").ok();
    rounds.map_or(few, |rounds| {
        rounds.parse().expect("MAILOTP_ROUNDS is a number")
    })
}
