//! A site with somebody who has one of everything.

use zeroize::Zeroizing;

use super::{Binding, Budget, Time, Typed};
use crate::account::Scope;
use crate::admin::{Admin, Moving, NewOath, Secrets, Wish};
use crate::budget::Owner;
use crate::clock::Timestamp;
use crate::clock::testing::Sequence;
use crate::config::Config;
use crate::credential::oath;
use crate::crypto::{HeapArena, KeyRing};
use crate::id::AccountId;
use crate::request::{AccountName, Naming, Remote};
use crate::rfc2289::{self, PassPhrase};
use crate::site::Site;
use crate::store::Store;

/// Codes of eight digits: no two of those that are typed here are the same by chance.
const DIGITS: u32 = 8;
const HOTP_SEED: [u8; 20] = *b"12345678901234567890";
const TOTP_SEED: [u8; 20] = [1; 20];
/// When alice is enrolled.
pub(crate) const BORN: Time = 1_800_000_000;
pub(crate) const SHEET: usize = 4;
pub(crate) const SEQUENCE: u32 = 12;
pub(crate) const PHONE: u32 = 3;

/// A site with alice, and what she holds.
pub(crate) struct Stage {
    pub site: Site,
    codes: Vec<String>,
    sequence: rfc2289::Challenge,
    alice: AccountId,
}

pub(crate) fn name(user: &str) -> AccountName {
    Naming::default().account(user.as_bytes()).expect("a name")
}

fn pass_phrase() -> PassPhrase {
    PassPhrase::new(b"This is a test.").expect("long enough")
}

impl Stage {
    /// Enrols alice in an empty store: with a sheet, where there is time for its hashes.
    pub fn new(store: &mut dyn Store, with_sheet: bool) -> Stage {
        let site = Site {
            config: configuration(Binding::Address, false),
            keys: KeyRing::generate(&mut Sequence(1)).expect("a ring"),
        };
        let sequence = rfc2289::Challenge {
            algorithm: rfc2289::Algorithm::Sha1,
            count: SEQUENCE,
            seed: rfc2289::Seed::new("ma1234").expect("a seed"),
        };
        let (mut random, account) = (Sequence(2), name("alice"));
        let mut admin = Admin {
            site: &site,
            store,
            random: &mut random,
            arena: &mut HeapArena,
            now: Timestamp(BORN),
            actor: "root".into(),
            host: "host".into(),
            generation: None,
        };
        let wish = |logins_left| Wish {
            new_account: true,
            live: true,
            scope: Scope {
                logins_left,
                ..Scope::default()
            },
            ..Wish::new(&account)
        };
        let mut codes = Vec::new();
        let phone = admin.add_app_password(&wish(Some(PHONE))).expect("a phone");
        if let Secrets::AppPassword(password) = phone.secrets {
            codes.push(password.to_string());
        }
        if with_sheet {
            let sheet = admin.add_sheet(&wish(None), SHEET as u32, |_| ());
            if let Secrets::Sheet { codes: sheet, .. } = sheet.expect("a sheet").secrets {
                codes.extend(sheet.iter().map(|code| code.to_string()));
            }
        }
        let response = sequence.compute(&pass_phrase());
        admin
            .add_sequence(&wish(None), &sequence, &response)
            .expect("a sequence");
        for (moving, seed) in [
            (Moving::Counter(0), HOTP_SEED),
            (Moving::Period(30), TOTP_SEED),
        ] {
            let new = NewOath {
                algorithm: oath::Algorithm::Sha1,
                digits: Some(DIGITS),
                moving,
                seed: Some(Zeroizing::new(seed.to_vec())),
                issuer: "x".into(),
            };
            admin.add_oath(&wish(None), new).expect("a token");
        }
        let alice = store.read(&account, None).expect("it was made");
        Stage {
            site,
            codes,
            sequence,
            alice: alice.account.expect("it was made").id,
        }
    }

    /// The same with other rules.
    pub fn under(&mut self, binding: Binding, any_order: bool) {
        self.site.config = configuration(binding, any_order);
    }

    /// What a user types.
    pub fn text(&self, typed: Typed) -> String {
        let digits = |seed: [u8; 20], factor: u64| {
            let totp = totp_rs::Builder::new()
                .with_secret(seed.to_vec())
                .with_digits(DIGITS as u8)
                .with_step_duration(1)
                .build_noncompliant();
            totp.generate(factor).to_string()
        };
        match typed {
            Typed::Question => "?".to_owned(),
            Typed::Phone => self.codes[0].clone(),
            Typed::Sheet(at) => self.codes[1 + at].clone(),
            Typed::Response(count) => {
                let due = rfc2289::Challenge {
                    count,
                    ..self.sequence.clone()
                };
                due.compute(&pass_phrase()).words().to_string()
            }
            Typed::Hotp(counter) => digits(HOTP_SEED, counter),
            Typed::Totp(start) => digits(TOTP_SEED, start.div_euclid(30) as u64),
            Typed::WrongDigits(number) => format!("1{number:07}"),
            Typed::WrongResponse(number) => format!("{number:015x}f"),
            Typed::WrongSheet(number) => format!("zzzzz-{number:04}z"),
        }
    }

    /// Whose bucket it is; strangers have slots instead.
    pub fn owner(&self, budget: &Budget) -> Option<Owner> {
        let network = |place: &str| Remote::parse(place).expect("a place").network();
        Some(match budget {
            Budget::Network(place) => Owner::Network(self.alice, network(place)),
            Budget::Account | Budget::Reserve => Owner::Account(self.alice),
            Budget::Known(place) => Owner::Known(self.alice, network(place)),
            Budget::WindowsOfStrangers | Budget::Windows => Owner::Windows(self.alice),
            Budget::WindowsAt(place) => Owner::WindowsAt(self.alice, network(place)),
            Budget::NobodysNetwork(_) | Budget::Nobodys => return None,
        })
    }
}

fn configuration(binding: Binding, any_order: bool) -> Config {
    let grace = match binding {
        Binding::Address => "address",
        Binding::Secret => "secret",
        Binding::Off => "off",
    };
    let order = if any_order { "any" } else { "next" };
    let text = format!(
        "[services]\nmail = [\"imap\", \"pop3\"]\n[otp]\nsheet_accept = \"{order}\"\ndigits = {DIGITS}\n\
         [[rule]]\nname = \"r\"\naccept = [\"otp\", \"app-password\"]\ngrace = \"{grace}\"\n"
    );
    Config::parse("/m.toml".as_ref(), text, &|| Ok(String::new())).expect("it is sound")
}
