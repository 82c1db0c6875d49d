//! Taking over what other programs have kept: first a plan, which changes nothing, then all of it as one
//! change of the store, or none.

mod plan;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::own_rule::MOST_RULES;
use super::{Admin, AdminError, Known};
use crate::account::{Change, Credential, OwnRule, PinOwner};
use crate::audit::{Event, Reason};
use crate::import::{Entry, Obstacle, What};
use crate::request::{AccountName, BadName, Pin};
use crate::store::Part;

/// How a file is taken over.
pub struct ImportWish<'a> {
    /// Whose it is, or whose part of it is wanted.
    pub account: Option<&'a AccountName>,
    /// The file is about one account, however that is called in it.
    pub personal: bool,
    /// Accounts may be made.
    pub new_accounts: bool,
}

/// What would be made of a file, and what would not.
#[derive(Default)]
pub struct ImportPlan {
    /// What would be made, in the order of the file.
    pub taken: Vec<Taken>,
    /// What would not.
    pub left: Vec<Left>,
    /// Accounts that do not exist, with their lines, where none may be made: nothing can be imported.
    pub nobody: Vec<(usize, AccountName)>,
    owners: BTreeMap<AccountName, Owner>,
}

/// Something that is made of an entry.
pub struct Taken {
    /// On which line that stands.
    pub line: usize,
    /// For whom.
    pub account: AccountName,
    /// What.
    pub made: Made,
}

/// What is made.
pub enum Made {
    /// A credential.
    Credential(Box<Credential>),
    /// The account's own PIN.
    Pin(Pin),
    /// A rule of the account's own.
    Rule(Box<OwnRule>),
}

/// Something that is not taken over.
pub struct Left {
    /// On which line it stands.
    pub line: usize,
    /// Whose it is, as the file has it.
    pub account: Option<String>,
    /// What it is.
    pub what: What,
    /// How the file calls it.
    pub name: Option<String>,
    /// Why not.
    pub why: Why,
}

/// Why an entry is not taken over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Because of what it is.
    #[error(transparent)]
    Entry(#[from] Obstacle),
    /// No account can have this name.
    #[error(transparent)]
    BadName(#[from] BadName),
    /// The file does not say whose it is.
    #[error("the file does not say whose it is")]
    NoName,
    /// The file is about several accounts, and this is not the one that was meant.
    #[error("it is another account's")]
    OtherAccount,
    /// The same seed is enrolled, here or for somebody else.
    #[error("its secret is enrolled already, or stands on a line before")]
    SeedTaken,
    /// A sequence of the account has, or had, this seed.
    #[error("the account has had this sequence already")]
    SequenceTaken,
    /// All digit codes of an account are of one length.
    #[error("the digit codes of the account have {0} digits")]
    OtherDigits(usize),
    /// The account has a PIN of its own already.
    #[error("the account has a PIN already, which stays")]
    PinStays,
    /// Another line gave it another PIN.
    #[error("an account has one PIN, and another line has another one")]
    OtherPin,
    /// The same rule is there.
    #[error("the account has this rule already")]
    RuleTaken,
    /// It has as many rules as it can have.
    #[error("an account has at most {MOST_RULES} rules of its own")]
    TooManyRules,
    /// Own rules cannot leave out the second factor here.
    #[error("users.may_exempt is not set: accounts cannot leave out the second factor")]
    MayNotExempt {
        /// From where.
        address: IpAddr,
        /// Whom.
        account: AccountName,
    },
}

impl Why {
    /// Whether it was taken over before.
    pub fn is_done(&self) -> bool {
        matches!(self, Why::SeedTaken | Why::SequenceTaken | Why::RuleTaken)
    }
}

/// An account as it will be.
struct Owner {
    known: Known,
    is_new: bool,
    /// The PIN that the file has given it.
    pin: Option<Pin>,
}

impl Admin<'_> {
    /// Says what would be made of entries. Changes nothing. `progress` is told of each account that was
    /// looked at: a seed is looked for in all of them.
    pub fn plan_import(
        &mut self,
        entries: Vec<Entry>,
        wish: &ImportWish<'_>,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<ImportPlan, AdminError> {
        plan::plan(self, entries, wish, progress)
    }

    /// Makes what a plan says, all of it or nothing. `progress` is told of each thing that is ready.
    pub fn import(
        &mut self,
        plan: &ImportPlan,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<(), AdminError> {
        let mut parts = Vec::with_capacity(plan.taken.len());
        let mut begun = BTreeSet::new();
        for (at, taken) in plan.taken.iter().enumerate() {
            let Some(owner) = plan.owners.get(&taken.account) else {
                continue;
            };
            let account = &owner.known.account;
            let mut changes = Vec::new();
            if owner.is_new && begun.insert(&taken.account) {
                changes.push(Change::Create(account.clone()));
            }
            let (reason, credential) = match &taken.made {
                Made::Credential(credential) => {
                    changes.push(Change::Add(credential.clone()));
                    (Reason::Added, Some(credential))
                }
                Made::Pin(pin) => {
                    let whose = PinOwner::Account(account.id);
                    let sealed = self.sealed(whose, &account.salt, Some(pin))?;
                    changes.push(Change::SetPin(sealed));
                    (Reason::PinSet, None)
                }
                Made::Rule(rule) => {
                    changes.push(Change::AddRule(rule.clone()));
                    (Reason::RuleAdded, None)
                }
            };
            let event = Event {
                account: Some(account.name.to_string()),
                kind: credential.map(|credential| credential.kind.as_str().to_owned()),
                credential: credential.map(|credential| credential.id.to_string()),
                ..self.event(reason)
            };
            parts.push(Part {
                account: account.id,
                changes,
                event,
            });
            progress(at + 1, plan.taken.len());
        }
        self.generation = Some(self.store.change_all(&parts)?);
        Ok(())
    }
}
