//! Making credentials.

use zeroize::Zeroizing;

use super::{Admin, AdminError, Known, MAX_LABEL};
use crate::account::{Change, Credential, Kind, Scope, Snapshot, State};
use crate::audit::Reason;
use crate::clock::random;
use crate::credential::oath::{
    Algorithm, DIGITS, Key, MAX_SEED_LENGTH, MIN_SEED_LENGTH, SEED_LENGTH,
};
use crate::credential::totp::{PERIODS, Parameters};
use crate::credential::{alias, app_password, hotp, sheet};
use crate::crypto::{SealContext, Tag, TagPurpose};
use crate::id::CredentialId;
use crate::request::{AccountName, AliasName};
use crate::rfc2289::Challenge;
use crate::site::SiteError;
use crate::store::StoreError;

/// What somebody wants, whatever the kind.
pub struct Wish<'a> {
    /// For whom.
    pub account: &'a AccountName,
    /// The account may be made for it.
    pub new_account: bool,
    /// The label; `None`: one is made.
    pub label: Option<&'a str>,
    /// Where it may be used.
    pub scope: Scope,
    /// Good at once; else it waits to be confirmed.
    pub live: bool,
    /// The credential whose place it takes, as soon as it is used.
    pub replaces: Option<&'a Credential>,
}

impl<'a> Wish<'a> {
    /// The plainest: for a known account, everywhere, for ever, once it is confirmed.
    pub fn new(account: &'a AccountName) -> Wish<'a> {
        Wish {
            account,
            new_account: false,
            label: None,
            scope: Scope::default(),
            live: false,
            replaces: None,
        }
    }
}

/// What was made.
pub struct Added {
    /// The account, as it was before.
    pub known: Known,
    /// The credential.
    pub credential: Credential,
    /// What only its owner gets to see, once.
    pub secrets: Secrets,
}

/// What only the owner gets to see, once.
pub enum Secrets {
    /// An app password, grouped.
    AppPassword(Zeroizing<String>),
    /// A sheet.
    Sheet {
        /// Its codes, number 1 first, grouped.
        codes: Vec<Zeroizing<String>>,
        /// Its kill code, grouped.
        kill: Zeroizing<String>,
    },
    /// A TOTP or HOTP credential as a URI (the "key URI format" of Google Authenticator), to be shown
    /// as a QR code.
    Uri(Zeroizing<String>),
    /// A sequence: its owner holds the pass phrase. The challenge that is due.
    Sequence(Challenge),
    /// One-time user names, number 1 first.
    Aliases(Vec<AliasName>),
}

/// What a digit code moves with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moving {
    /// TOTP: a period in seconds.
    Period(u32),
    /// HOTP: the next counter.
    Counter(u64),
}

/// A TOTP or HOTP credential to be made.
pub struct NewOath {
    /// The hash.
    pub algorithm: Algorithm,
    /// 6 to 8; `None`: as the account's others have, or the configuration says.
    pub digits: Option<u32>,
    /// TOTP or HOTP.
    pub moving: Moving,
    /// A seed that exists already.
    pub seed: Option<Zeroizing<Vec<u8>>>,
    /// What authenticators show beside the account.
    pub issuer: String,
}

/// A credential of some kind, before it has a label, an owner and a seal.
pub(super) struct Draft {
    pub kind: Kind,
    pub secret: Zeroizing<Vec<u8>>,
    pub fingerprint: Option<Tag>,
    /// The tags of names that come with it.
    pub names: Vec<Tag>,
}

impl Draft {
    pub(super) fn new(kind: Kind, secret: Zeroizing<Vec<u8>>) -> Draft {
        Draft {
            kind,
            secret,
            fingerprint: None,
            names: Vec::new(),
        }
    }
}

impl Admin<'_> {
    /// Makes an app password.
    pub fn add_app_password(&mut self, wish: &Wish<'_>) -> Result<Added, AdminError> {
        let (known, is_new) = self.owner(wish)?;
        let is_taken = |wanted: &str| {
            let mut credentials = known.snapshot.credentials.iter();
            credentials.any(|credential| matches!(&credential.kind, Kind::AppPassword { selector } if selector == wanted))
        };
        let password = loop {
            let password = app_password::generate(self.random)?;
            if !is_taken(&password.selector()) {
                break password;
            }
        };
        let kind = Kind::AppPassword {
            selector: password.selector(),
        };
        let draft = Draft::new(kind, app_password::secret_part(&password));
        let credential = self.enrol(wish, &known, is_new, draft)?;
        Ok(Added {
            known,
            credential,
            secrets: Secrets::AppPassword(password.grouped()),
        })
    }

    /// Makes a sheet of `count` codes.
    pub fn add_sheet(
        &mut self,
        wish: &Wish<'_>,
        count: u32,
        progress: impl FnMut(u32),
    ) -> Result<Added, AdminError> {
        in_range("the number of codes", count, 1..=sheet::MAX_CODES)?;
        let (known, is_new) = self.owner(wish)?;
        let new = sheet::generate(
            count,
            &known.account.salt,
            self.random,
            self.arena,
            progress,
        )?;
        let kind = Kind::Sheet {
            name: self.sheet_name(&known)?,
            size: count,
        };
        let credential = self.enrol(wish, &known, is_new, Draft::new(kind, new.secret))?;
        Ok(Added {
            known,
            credential,
            secrets: Secrets::Sheet {
                codes: new.codes,
                kill: new.kill,
            },
        })
    }

    /// Two letters that no other sheet of the account has.
    fn sheet_name(&mut self, known: &Known) -> Result<String, AdminError> {
        let taken: Vec<&String> = known
            .credentials()
            .filter_map(|credential| match &credential.kind {
                Kind::Sheet { name, .. } => Some(name),
                _ => None,
            })
            .collect();
        loop {
            let name = sheet::name_of(random(self.random)?);
            // There are 324 names: with more live sheets than 200, one may come twice.
            if taken.len() > 200 || !taken.contains(&&name) {
                return Ok(name);
            }
        }
    }

    /// Makes a TOTP or HOTP credential.
    pub fn add_oath(&mut self, wish: &Wish<'_>, new: NewOath) -> Result<Added, AdminError> {
        let (known, is_new) = self.owner(wish)?;
        let others = known.snapshot.digits();
        let digits = new
            .digits
            .unwrap_or(others.map_or(self.site.config.digits, |digits| digits as u32));
        in_range("the number of digits", digits, DIGITS)?;
        if let Some(others) = others.filter(|others| *others != digits as usize) {
            return Err(AdminError::OtherDigits(others));
        }
        let seed = match new.seed {
            Some(seed) => seed,
            None => Zeroizing::new(random::<SEED_LENGTH>(self.random)?.to_vec()),
        };
        let lengths = MIN_SEED_LENGTH as u32..=MAX_SEED_LENGTH as u32;
        in_range(
            "the length of the seed in bytes",
            seed.len() as u32,
            lengths,
        )?;
        let fingerprint = self.site.keys.tag(TagPurpose::Seed, &[&seed]);
        let key = Key {
            algorithm: new.algorithm,
            digits,
            seed,
        };
        let account = wish.account.as_str();
        let (kind, secret, uri) = match new.moving {
            Moving::Period(period) => {
                in_range("the period", period, PERIODS)?;
                let parameters = Parameters { key, period };
                let uri = parameters.uri(&new.issuer, account);
                (Kind::Totp { digits, period }, parameters.encode(), uri)
            }
            Moving::Counter(counter) => {
                in_range("the counter", counter, 0..=MAX_COUNTER)?;
                let uri = key.uri("hotp", &new.issuer, account, &format!("counter={counter}"));
                let kind = Kind::Hotp {
                    digits,
                    counter,
                    resync: None,
                };
                (kind, hotp::encode(&key), uri)
            }
        };
        let draft = Draft {
            fingerprint: Some(fingerprint),
            ..Draft::new(kind, secret)
        };
        let credential = self
            .enrol(wish, &known, is_new, draft)
            .map_err(|error| match error {
                AdminError::Site(SiteError::Store(StoreError::Exists)) => AdminError::SeedTaken,
                other => other,
            })?;
        Ok(Added {
            known,
            credential,
            secrets: Secrets::Uri(uri),
        })
    }

    /// Makes one-time user names.
    pub fn add_aliases(&mut self, wish: &Wish<'_>, count: u32) -> Result<Added, AdminError> {
        in_range("the number of aliases", count, 1..=alias::MAX_ALIASES)?;
        let (known, is_new) = self.owner(wish)?;
        let names = alias::generate(count, self.random)?;
        let draft = Draft {
            names: names
                .iter()
                .map(|name| alias::tag(name, &self.site.keys))
                .collect(),
            ..Draft::new(Kind::Alias { size: count }, Zeroizing::default())
        };
        let credential = self.enrol(wish, &known, is_new, draft)?;
        Ok(Added {
            known,
            credential,
            secrets: Secrets::Aliases(names),
        })
    }

    /// The account, made ready where it is new and may be.
    pub(super) fn owner(&mut self, wish: &Wish<'_>) -> Result<(Known, bool), AdminError> {
        match self.find(wish.account)? {
            Some(known) => Ok((known, false)),
            None if wish.new_account => {
                let account = self.new_account(wish.account)?;
                Ok((
                    Known {
                        account,
                        snapshot: Snapshot::default(),
                    },
                    true,
                ))
            }
            None => Err(AdminError::NoAccount(wish.account.to_string())),
        }
    }

    pub(super) fn enrol(
        &mut self,
        wish: &Wish<'_>,
        known: &Known,
        is_new: bool,
        mut draft: Draft,
    ) -> Result<Credential, AdminError> {
        let names = std::mem::take(&mut draft.names);
        let credential = self.seal(wish, known, draft)?;
        let mut changes = Vec::new();
        if is_new {
            changes.push(Change::Create(known.account.clone()));
        }
        if let Some(old) = wish.replaces {
            let label = free_variant(known, &format!("old-{}", old.label));
            changes.push(Change::Rename(old.id.clone(), label));
            // What came back from a backup is good for nothing until somebody has looked at it: this is
            // how somebody does who has lost it.
            if old.state == State::Suspended {
                changes.push(Change::Revoke(vec![old.id.clone()]));
            }
        }
        changes.push(Change::Add(Box::new(credential.clone())));
        if !names.is_empty() {
            changes.push(Change::NameAliases(credential.id.clone(), names));
        }
        let reason = match wish.replaces {
            Some(_) => Reason::Replaced,
            None => Reason::Added,
        };
        self.change(&known.account, &changes, reason, Some(&credential))?;
        Ok(credential)
    }

    /// The credential of a draft, which no store knows yet.
    pub(super) fn seal(
        &mut self,
        wish: &Wish<'_>,
        known: &Known,
        draft: Draft,
    ) -> Result<Credential, AdminError> {
        let label = match (wish.replaces, wish.label) {
            (Some(old), _) => old.label.clone(),
            (None, Some(label)) => self.free_label(known, label)?,
            (None, None) => free_variant(known, draft.kind.as_str()),
        };
        let id = CredentialId::generate(self.random)?;
        let context = SealContext {
            account: known.account.id,
            credential: &id,
        };
        Ok(Credential {
            sealed: self.site.keys.seal(&context, &draft.secret, self.random)?,
            kind: draft.kind,
            label,
            state: if wish.live {
                State::Live
            } else {
                State::Pending
            },
            scope: wish.scope.clone(),
            created: self.now,
            last_used: None,
            struck: Default::default(),
            fingerprint: draft.fingerprint,
            replaces: wish.replaces.map(|old| old.id.clone()),
            id,
        })
    }
}

/// The highest counter of a new HOTP credential; nobody's token has come near it.
const MAX_COUNTER: u64 = i64::MAX as u64 / 2;

/// `sheet`, `sheet-2`, `sheet-3`, …
pub(super) fn free_variant(known: &Known, label: &str) -> String {
    let short: String = label.chars().take(MAX_LABEL - 4).collect();
    (1..)
        .map(|number| {
            if number == 1 {
                short.clone()
            } else {
                format!("{short}-{number}")
            }
        })
        .find(|label| known.is_free(label))
        .unwrap_or_else(|| short.clone())
}

pub(super) fn in_range<T: PartialOrd + Copy + Into<u64>>(
    what: &'static str,
    number: T,
    range: std::ops::RangeInclusive<T>,
) -> Result<(), AdminError> {
    if range.contains(&number) {
        return Ok(());
    }
    Err(AdminError::OutOfRange {
        what,
        least: (*range.start()).into(),
        most: (*range.end()).into(),
    })
}
