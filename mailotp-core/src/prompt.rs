//! The challenge: which code is due. It travels back through the PAM conversation, so it is one
//! line of printable ASCII, and it has the same parts for everybody: what an account does not have
//! is made up, from a secret that never changes.

use crate::account::{Credential, Kind, Snapshot};
use crate::clock::Timestamp;
use crate::config::{ChallengePart, Config};
use crate::credential::{sequence, sheet};
use crate::crypto::{KeyRing, TagPurpose};
use crate::request::{AccountName, Remote, Service};
use crate::rfc2289;
use crate::rule::{Accept, Means};

/// The prompt where no code is of any use.
pub const PASSWORD: &str = "Password: ";

/// How many sheets a challenge names.
const MOST_SHEETS: usize = 3;

/// Which codes are due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// Sheets, oldest first.
    pub sheets: Vec<SheetDue>,
    /// The RFC 2289 challenge, verbatim.
    pub sequence: Option<String>,
}

/// The next code of a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetDue {
    /// The sheet's two letters.
    pub name: String,
    /// The next number.
    pub number: u32,
}

/// Where a challenge is asked for; sheets that are no good there are not named.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The service.
    pub service: &'a Service,
    /// Its group.
    pub group: &'a str,
    /// The remote.
    pub remote: Remote,
}

/// What is really due; without a place, everywhere.
pub fn due(snapshot: &Snapshot, place: Option<Place<'_>>, now: Timestamp) -> Challenge {
    let in_scope = |credential: &&Credential| {
        place.is_none_or(|at| credential.scope.reaches(at.service, at.group, at.remote))
    };
    let in_use = || {
        snapshot
            .credentials
            .iter()
            .filter(|credential| credential.is_live(now))
            .filter(in_scope)
    };
    let sheets = in_use().filter_map(|credential| match &credential.kind {
        Kind::Sheet { name, .. } => {
            let number = credential.unspent().next()?;
            Some(SheetDue {
                name: name.clone(),
                number,
            })
        }
        _ => None,
    });
    Challenge {
        sheets: sheets.take(MOST_SHEETS).collect(),
        sequence: in_use()
            .find_map(|credential| sequence::due(&credential.kind))
            .map(|due| due.to_string()),
    }
}

/// What is shown: `real`, with every part that the configuration names and the account lacks made up.
pub fn shown(real: Challenge, account: &AccountName, config: &Config, keys: &KeyRing) -> Challenge {
    let wants = |part| config.challenge.contains(&part);
    let made_up = |what: &str| {
        keys.tag(
            TagPurpose::Decoy,
            &[what.as_bytes(), account.as_str().as_bytes()],
        )
        .0
    };
    let sheets = match real.sheets {
        _ if !wants(ChallengePart::Sheet) => Vec::new(),
        sheets if sheets.is_empty() => {
            let bytes = made_up("sheet");
            let number = 1 + u32::from(bytes[2]) % 50;
            vec![SheetDue {
                name: sheet::name_of([bytes[0], bytes[1]]),
                number,
            }]
        }
        sheets => sheets,
    };
    let sequence = wants(ChallengePart::Sequence).then(|| {
        real.sequence.unwrap_or_else(|| {
            let bytes = made_up("sequence");
            let due = rfc2289::Challenge {
                algorithm: rfc2289::Algorithm::Sha1,
                count: 50 + u32::from(bytes[0]) * 449 / 255,
                seed: sequence::seed_of([bytes[1], bytes[2], bytes[3], bytes[4]]),
            };
            due.to_string()
        })
    });
    Challenge { sheets, sequence }
}

/// The prompt: one line, at most 200 bytes. Behind an RFC 2289 challenge stands a blank: that is where
/// calculators see its end (RFC 2289, section 6.0). It is not followed by `ext` (RFC 2243): a response
/// that begins a new sequence would let a machine that has recorded one code take over all that follow.
pub fn text(challenge: &Challenge, accept: &Accept) -> String {
    if !accept.takes_codes() {
        return PASSWORD.to_owned();
    }
    let sheets = challenge
        .sheets
        .iter()
        .map(|due| format!("{} {}", due.name, due.number));
    let parts: Vec<String> = sheets.chain(challenge.sequence.clone()).collect();
    let asked = if accept.has(Means::Password) {
        "Password or code"
    } else if accept.has(Means::Otp) {
        "Code"
    } else {
        "Password and code"
    };
    if parts.is_empty() {
        format!("{asked}: ")
    } else if challenge.sequence.is_some() {
        format!("{asked} {} : ", parts.join(" or "))
    } else {
        format!("{asked} {}: ", parts.join(" or "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::testing::Sequence;
    use crate::request::Naming;
    use std::path::Path;

    fn made_up(account: &str, parts: &str) -> Challenge {
        let config = Config::parse(
            Path::new("/m.toml"),
            format!("[otp]\nchallenge = {parts}"),
            &|| Ok(String::new()),
        )
        .unwrap();
        let keys = KeyRing::generate(&mut Sequence(1)).unwrap();
        let account = Naming::default().account(account.as_bytes()).unwrap();
        shown(Challenge::default(), &account, &config, &keys)
    }

    /// CVE-2007-2243 OPIE, CVE-2007-2768 S/KEY: the challenge tells which accounts exist.
    #[test]
    fn cve_2007_2243_what_is_made_up_is_stable_and_of_the_same_form() {
        let one = made_up("nobody", r#"["sheet", "sequence"]"#);
        assert_eq!(one, made_up("nobody", r#"["sheet", "sequence"]"#));
        assert_ne!(one, made_up("somebody", r#"["sheet", "sequence"]"#));
        assert_eq!(one.sheets.len(), 1);
        assert_eq!(one.sheets[0].name.len(), 2);
        assert!((1..=50).contains(&one.sheets[0].number));
        let sequence = one.sequence.unwrap();
        let words: Vec<&str> = sequence.split(' ').collect();
        assert!(matches!(words[..], ["otp-sha1", _, _]), "{sequence}");
        assert_eq!(made_up("nobody", "[]"), Challenge::default());
    }

    #[test]
    fn the_prompt_says_what_the_rule_takes() {
        let due = |name: &str, number| SheetDue {
            name: name.into(),
            number,
        };
        let two = Challenge {
            sheets: vec![due("kd", 7), due("mn", 12)],
            sequence: Some("otp-sha1 97 ma1234".into()),
        };
        let text = |means: &[Means]| text(&two, &Accept(means.iter().copied().collect()));
        assert_eq!(
            text(&[Means::Otp]),
            "Code kd 7 or mn 12 or otp-sha1 97 ma1234 : "
        );
        assert_eq!(
            text(&[Means::Password, Means::Otp]),
            "Password or code kd 7 or mn 12 or otp-sha1 97 ma1234 : "
        );
        assert_eq!(
            text(&[Means::PasswordOtp]),
            "Password and code kd 7 or mn 12 or otp-sha1 97 ma1234 : "
        );
        assert_eq!(text(&[Means::AppPassword]), "Password: ");
        assert_eq!(
            super::text(&Challenge::default(), &Accept::by_default()),
            "Code: "
        );
    }
}
