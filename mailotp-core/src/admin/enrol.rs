//! Making credentials.

use zeroize::Zeroizing;

use super::{Admin, AdminError, Known};
use crate::account::{Change, Credential, Kind, Scope, Snapshot, State};
use crate::audit::Reason;
use crate::clock::random;
use crate::credential::totp::{
    Algorithm, DIGITS, MAX_SEED_LENGTH, MIN_SEED_LENGTH, PERIODS, Parameters, SEED_LENGTH,
};
use crate::credential::{app_password, sheet};
use crate::crypto::{SealContext, Tag, TagPurpose};
use crate::id::CredentialId;
use crate::request::AccountName;
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
    /// The codes of a sheet, number 1 first, grouped.
    Sheet(Vec<Zeroizing<String>>),
    /// A TOTP credential as a URI (the "key URI format" of Google Authenticator), to be shown as a
    /// QR code.
    Totp(Zeroizing<String>),
}

/// A TOTP credential to be made.
pub struct NewTotp {
    /// The hash.
    pub algorithm: Algorithm,
    /// 6 to 8; `None`: as the account's others have, or the configuration says.
    pub digits: Option<u32>,
    /// Seconds.
    pub period: u32,
    /// A seed that exists already.
    pub seed: Option<Zeroizing<Vec<u8>>>,
    /// What authenticators show beside the account.
    pub issuer: String,
}

/// A credential of some kind, before it has a label, an owner and a seal.
struct Draft {
    kind: Kind,
    secret: Zeroizing<Vec<u8>>,
    fingerprint: Option<Tag>,
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
        let draft = Draft {
            kind: Kind::AppPassword {
                selector: password.selector(),
            },
            secret: app_password::secret_part(&password),
            fingerprint: None,
        };
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
        in_range("the number of codes", count, 1, sheet::MAX_CODES)?;
        let (known, is_new) = self.owner(wish)?;
        let new = sheet::generate(
            count,
            &known.account.salt,
            self.random,
            self.arena,
            progress,
        )?;
        let draft = Draft {
            kind: Kind::Sheet {
                name: self.sheet_name(&known)?,
                size: count,
            },
            secret: new.secret,
            fingerprint: None,
        };
        let credential = self.enrol(wish, &known, is_new, draft)?;
        Ok(Added {
            known,
            credential,
            secrets: Secrets::Sheet(new.codes),
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

    /// Makes a TOTP credential.
    pub fn add_totp(&mut self, wish: &Wish<'_>, new: NewTotp) -> Result<Added, AdminError> {
        let (known, is_new) = self.owner(wish)?;
        let others = known.snapshot.digits();
        let digits = new
            .digits
            .unwrap_or(others.map_or(self.site.config.digits, |digits| digits as u32));
        in_range(
            "the number of digits",
            digits,
            *DIGITS.start(),
            *DIGITS.end(),
        )?;
        in_range("the period", new.period, *PERIODS.start(), *PERIODS.end())?;
        if let Some(others) = others.filter(|others| *others != digits as usize) {
            return Err(AdminError::OtherDigits(others));
        }
        let seed = match new.seed {
            Some(seed) => seed,
            None => Zeroizing::new(random::<SEED_LENGTH>(self.random)?.to_vec()),
        };
        in_range(
            "the length of the seed in bytes",
            seed.len() as u32,
            MIN_SEED_LENGTH as u32,
            MAX_SEED_LENGTH as u32,
        )?;
        let fingerprint = self.site.keys.tag(TagPurpose::Seed, &[&seed]);
        let parameters = Parameters {
            algorithm: new.algorithm,
            digits,
            period: new.period,
            seed,
        };
        let uri = parameters.uri(&new.issuer, wish.account.as_str());
        let draft = Draft {
            kind: Kind::Totp { digits },
            secret: parameters.encode(),
            fingerprint: Some(fingerprint),
        };
        let credential = self
            .enrol(wish, &known, is_new, draft)
            .map_err(|error| match error {
                AdminError::Site(crate::site::SiteError::Store(StoreError::Exists)) => {
                    AdminError::SeedTaken
                }
                other => other,
            })?;
        Ok(Added {
            known,
            credential,
            secrets: Secrets::Totp(uri),
        })
    }

    /// The account, made ready where it is new and may be.
    fn owner(&mut self, wish: &Wish<'_>) -> Result<(Known, bool), AdminError> {
        match self.lookup(wish.account)? {
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

    fn enrol(
        &mut self,
        wish: &Wish<'_>,
        known: &Known,
        is_new: bool,
        draft: Draft,
    ) -> Result<Credential, AdminError> {
        let label = match wish.label {
            Some(label) => self.free_label(known, label)?,
            None => default_label(known, draft.kind.as_str()),
        };
        let id = CredentialId::generate(self.random)?;
        let context = SealContext {
            account: known.account.id,
            credential: &id,
        };
        let credential = Credential {
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
            id,
        };
        let create = is_new.then(|| Change::Create(known.account.clone()));
        let changes: Vec<Change> = create
            .into_iter()
            .chain([Change::Add(Box::new(credential.clone()))])
            .collect();
        self.change(&known.account, &changes, Reason::Added, Some(&credential))?;
        Ok(credential)
    }
}

/// `sheet`, `sheet-2`, `sheet-3`, …
fn default_label(known: &Known, kind: &str) -> String {
    (1..)
        .map(|number| {
            if number == 1 {
                kind.to_owned()
            } else {
                format!("{kind}-{number}")
            }
        })
        .find(|label| known.is_free(label))
        .unwrap_or_else(|| kind.to_owned())
}

fn in_range(what: &'static str, number: u32, least: u32, most: u32) -> Result<(), AdminError> {
    if (least..=most).contains(&number) {
        Ok(())
    } else {
        Err(AdminError::OutOfRange { what, least, most })
    }
}
