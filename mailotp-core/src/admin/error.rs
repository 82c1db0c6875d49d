//! Why what an administrator or an owner wants is not done.

use std::path::PathBuf;

use super::MAX_LABEL;
use crate::clock::NoRandomness;
use crate::credential::Malformed;
use crate::credential::sheet::NewSheetError;
use crate::crypto::{HashError, KeyId, SealError};
use crate::site::SiteError;
use crate::store::StoreError;

/// Why it was not done. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// No such account.
    #[error("there is no account \"{0}\"")]
    NoAccount(String),
    /// No such credential, by id or label.
    #[error("\"{account}\" has no credential \"{name}\"")]
    NoCredential {
        /// Whose.
        account: String,
        /// What was asked for.
        name: String,
    },
    /// The store is there already.
    #[error("the store is there already")]
    MovesNowhere,
    /// No other machine uses the store.
    #[error("{0} is used by this machine alone")]
    OneMachine(String),
    /// No such host.
    #[error("no host \"{0}\" uses the store")]
    NoHost(String),
    /// No such window.
    #[error("\"{account}\" has no open window \"{name}\"")]
    NoWindow {
        /// Whose.
        account: String,
        /// What was asked for.
        name: String,
    },
    /// The name is another account's.
    #[error("there is an account \"{0}\" already")]
    NameTaken(String),
    /// No such rule.
    #[error("\"{account}\" has no rule \"{name}\" of its own")]
    NoRule {
        /// Whose.
        account: String,
        /// What was asked for.
        name: String,
    },
    /// More rules than a login should have to ask.
    #[error("an account has at most {0} rules of its own")]
    TooManyRules(usize),
    /// Two credentials answer to one name.
    #[error("\"{0}\" names more than one credential")]
    Ambiguous(String),
    /// A label that cannot be one.
    #[error("a label has 1 to {MAX_LABEL} characters, none of them a control character")]
    BadLabel,
    /// The label is another credential's name.
    #[error("there is a credential \"{0}\" already")]
    LabelTaken(String),
    /// A number that is out of range.
    #[error("{what} must be from {least} to {most}")]
    OutOfRange {
        /// Of what.
        what: &'static str,
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
    /// All digit codes of an account are of one length.
    #[error("the digit codes of this account have {0} digits")]
    OtherDigits(usize),
    /// The same seed is enrolled.
    #[error("this seed is enrolled already")]
    SeedTaken,
    /// A sequence of this account has, or had, this seed.
    #[error("a sequence of this account has had the seed \"{0}\"")]
    SequenceSeedTaken(String),
    /// Only sequences begin anew.
    #[error("\"{0}\" is no sequence")]
    NotASequence(String),
    /// Only sheets and aliases have numbers.
    #[error("\"{0}\" has no numbers")]
    NoNumbers(String),
    /// A code that does not confirm.
    #[error("this code is not the one that is due")]
    WrongCode,
    /// Confirming something that needs no confirmation.
    #[error("\"{0}\" is live already")]
    AlreadyLive(String),
    /// The key ring has no such key.
    #[error("the key ring has no key \"{0}\"")]
    NoKey(String),
    /// Nobody said which key, and it is not clear.
    #[error("which key is meant?")]
    WhichKey,
    /// A new key waits to be used.
    #[error("the new key {0} is not in use yet")]
    KeyWaits(KeyId),
    /// The key seals.
    #[error("the key {0} seals what is made now")]
    KeySeals(KeyId),
    /// Something is sealed with it.
    #[error("{count} secrets in the store are sealed with the key {id}")]
    KeyInUse {
        /// Which.
        id: KeyId,
        /// How many.
        count: u64,
    },
    /// A restored store would take the place of another file.
    #[error("{} is there already", .0.display())]
    InTheWay(PathBuf),
    /// A backup without a key ring, and no key ring.
    #[error("the backup has no key ring, and {} does not exist", .0.display())]
    NoKeyRing(PathBuf),
    /// A key ring and a store that do not belong together.
    #[error("the key ring is not that of the store in the backup")]
    OtherKeyRing,
    /// The site or its store.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// A secret does not open.
    #[error("the credential cannot be opened: {0}")]
    Seal(#[from] SealError),
    /// No hash.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// Nonsense in the store.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> AdminError {
        AdminError::Site(error.into())
    }
}

impl From<NewSheetError> for AdminError {
    fn from(error: NewSheetError) -> AdminError {
        match error {
            NewSheetError::Random(error) => error.into(),
            NewSheetError::Hash(error) => error.into(),
        }
    }
}
