//! What something in a file is, and what to do where it cannot be taken over.

use std::net::IpAddr;

use mailotp_core::admin::{Left, Why};
use mailotp_core::config::Config;
use mailotp_core::import::{Obstacle, What};
use mailotp_core::request::AccountName;

/// What it is. Names of the file are shown with nothing in them that a terminal obeys.
pub fn what(left: &Left) -> String {
    let kind = match left.what {
        What::Line => "line".to_owned(),
        What::Token => "token".to_owned(),
        What::Pin => "PIN".to_owned(),
        What::ScratchCode => "scratch code".to_owned(),
        What::OneTimePasswords(count) => format!("{count} one-time passwords"),
        What::Sequence => "sequence".to_owned(),
        What::AppPassword => "app password".to_owned(),
        What::Exception => "exception".to_owned(),
        What::Setting => "setting".to_owned(),
        What::QrCode => "QR code".to_owned(),
    };
    match &left.name {
        Some(name) => format!("{kind} \"{}\"", name.escape_debug()),
        None => kind,
    }
}

/// The same, with whose it is.
pub fn what_of(left: &Left) -> String {
    let what = what(left);
    match &left.account {
        Some(account) => format!("{what} of {}", account.escape_debug()),
        None => what,
    }
}

/// What to do; empty where nothing is to be done.
pub fn remedy(left: &Left, account: Option<&AccountName>, config: &Config) -> String {
    let whose = match (account, &left.account) {
        (Some(account), _) => account.to_string(),
        (None, Some(account)) => account.escape_debug().to_string(),
        (None, None) => "NAME".to_owned(),
    };
    let command = |rest: &str| format!("mailotp-cli --user {whose} {rest}");
    match &left.why {
        Why::Entry(obstacle) => of_entry(obstacle, left.what, &command, config),
        Why::BadName(_) => "Correct the name in the file.".to_owned(),
        Why::NoName => "Say whose it is: --user NAME".to_owned(),
        Why::OtherAccount => {
            "To take it over for this account nevertheless, put it into a file of its own."
                .to_owned()
        }
        Why::SeedTaken | Why::SequenceTaken | Why::RuleTaken => {
            "If it was imported before, nothing is to be done.".to_owned()
        }
        Why::OtherDigits(digits) => format!(
            "Make a new one: {}",
            command(&format!("add totp --digits {digits}"))
        ),
        Why::PinStays => format!("To choose another one: {}", command("pin set")),
        Why::OtherPin => "Give both lines the same PIN.".to_owned(),
        Why::TooManyRules => format!("Remove some: {}", command("rule remove")),
        Why::MayNotExempt { address, account } => {
            let name = account.as_str();
            let rule = rule_of(*address, Some(name));
            format!("Say may_exempt = true in [users] of mailotp.toml, or write there:\n{rule}")
        }
    }
}

fn of_entry(
    obstacle: &Obstacle,
    what: What,
    command: &dyn Fn(&str) -> String,
    config: &Config,
) -> String {
    let sheet = || format!("Make a sheet: {}", command("add sheet"));
    match obstacle {
        Obstacle::Malformed(_) | Obstacle::NoAddress => "Correct it in the file.".to_owned(),
        Obstacle::NoColumns => {
            "Dump the table with its definition, or with --complete-insert.".to_owned()
        }
        Obstacle::SeedLength(_)
        | Obstacle::Algorithm(_)
        | Obstacle::Digits(_)
        | Obstacle::Period(_)
        | Obstacle::Counter
        | Obstacle::Kind(_) => match what {
            What::Sequence => format!("Begin a new one: {}", command("add sequence")),
            _ => format!("Make a new one: {}", command("add totp")),
        },
        Obstacle::ScratchCode => sheet(),
        Obstacle::OneWay if what == What::AppPassword => {
            format!("Make a new one: {}", command("add app-password"))
        }
        Obstacle::OneWay => format!(
            "{}\nThe prefix password is in the hashes too. A PIN takes its place: {}",
            sheet(),
            command("pin set")
        ),
        Obstacle::UsedUp if what == What::Sequence => {
            format!("Begin a new one: {}", command("add sequence"))
        }
        Obstacle::UsedUp => sheet(),
        Obstacle::SwitchedOff => {
            "If it is needed, switch it on there, and import again.".to_owned()
        }
        Obstacle::Pin(_) => "Write another PIN into the file, or \"-\" for none.".to_owned(),
        Obstacle::LoginPassword => {
            "Where both are to be typed, let a rule say: accept = [\"password+otp\"]".to_owned()
        }
        Obstacle::Skew(_) => "Set the clock of the device right.".to_owned(),
        Obstacle::NotAMailbox => String::new(),
        Obstacle::ForMany { address, domain } => for_many(*address, domain.as_deref(), config),
        Obstacle::Incomplete { .. } => {
            "Read the other QR codes into the same file: zbarimg --raw -q *.png".to_owned()
        }
    }
}

/// An exception for many is a rule of the administrator's.
fn for_many(address: IpAddr, domain: Option<&str>, config: &Config) -> String {
    let own = &config.naming.domain;
    let (users, note) = match domain {
        // The accounts of this domain are known without it.
        Some(domain) if domain.eq_ignore_ascii_case(own) => {
            (None, ", with its users where there are other domains")
        }
        Some(domain) => (Some(format!("*@{domain}")), ""),
        None => (None, ""),
    };
    let rule = rule_of(address, users.as_deref());
    format!("Write into mailotp.toml, above the other rules{note}:\n{rule}")
}

fn rule_of(address: IpAddr, users: Option<&str>) -> String {
    // What JSON escapes in a text, TOML reads.
    let users = users.map(|users| format!("users  = [{}]\n", serde_json::json!(users)));
    let users = users.unwrap_or_default();
    format!(
        "[[rule]]\nfrom   = [\"{address}\"]\n{users}accept = [\"password\", \"app-password\", \"otp\"]"
    )
}
