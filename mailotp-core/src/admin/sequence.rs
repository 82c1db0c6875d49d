//! RFC 2289 sequences: made, and begun anew, with or without the pass phrase being known here.

use super::enrol::{Draft, in_range};
use super::{Added, Admin, AdminError, Known, Secrets, Wish};
use crate::account::{Change, Credential, Kind};
use crate::audit::Reason;
use crate::credential::sequence::{self, COUNTS};
use crate::crypto::SealContext;
use crate::rfc2289::{Algorithm, Challenge, Reinitialisation, Response, Seed};

impl Admin<'_> {
    /// A new seed, for a challenge that its owner answers before the sequence is made.
    pub fn new_seed(&mut self) -> Result<Seed, AdminError> {
        Ok(sequence::new_seed(self.random)?)
    }

    /// Makes a sequence whose last accepted response is the one to `begin`: the next challenge is one
    /// less.
    pub fn add_sequence(
        &mut self,
        wish: &Wish<'_>,
        begin: &Challenge,
        response: &Response,
    ) -> Result<Added, AdminError> {
        in_range("the sequence integer", begin.count, COUNTS)?;
        let (known, is_new) = self.owner(wish)?;
        refuse_known_seed(&known, begin)?;
        let draft = Draft::new(kind_of(begin), sequence::secret_part(response));
        let credential = self.enrol(wish, &known, is_new, draft)?;
        let due = sequence::due(&credential.kind).ok_or(AdminError::WrongCode)?;
        Ok(Added {
            known,
            credential,
            secrets: Secrets::Sequence(due),
        })
    }

    /// Begins a sequence anew (RFC 2243, section 4: `init-hex`, `init-word`). The response that is due
    /// proves that it is its owner who asks, and is spent by it. Returns the next challenge.
    pub fn renew_sequence(
        &mut self,
        known: &Known,
        credential: &Credential,
        new: &Reinitialisation,
    ) -> Result<Challenge, AdminError> {
        let Kind::Sequence {
            algorithm, count, ..
        } = credential.kind
        else {
            return Err(AdminError::NotASequence(credential.label.clone()));
        };
        in_range("the sequence integer", new.next.count, COUNTS)?;
        refuse_known_seed(known, &new.next)?;
        let context = SealContext {
            account: known.account.id,
            credential: &credential.id,
        };
        let opened = self.site.keys.open(&context, &credential.sealed)?;
        if new.current.step(algorithm) != sequence::last_accepted(&opened)? {
            return Err(AdminError::WrongCode);
        }
        let secret = sequence::secret_part(&new.new);
        let kind = kind_of(&new.next);
        let due = sequence::due(&kind).ok_or(AdminError::WrongCode)?;
        let change = Change::Renew {
            credential: credential.id.clone(),
            was: count,
            kind,
            sealed: self.site.keys.seal(&context, &secret, self.random)?,
        };
        self.change(
            &known.account,
            &[change],
            Reason::Replaced,
            Some(credential),
        )?;
        Ok(due)
    }

    /// The algorithm under which a line of re-initialisation for this sequence is read.
    pub fn algorithm_of(credential: &Credential) -> Result<Algorithm, AdminError> {
        match credential.kind {
            Kind::Sequence { algorithm, .. } => Ok(algorithm),
            _ => Err(AdminError::NotASequence(credential.label.clone())),
        }
    }
}

pub(super) fn kind_of(begin: &Challenge) -> Kind {
    Kind::Sequence {
        algorithm: begin.algorithm,
        seed: begin.seed.clone(),
        count: begin.count,
    }
}

/// A seed that the account has had, with the same pass phrase, makes the same responses again: those
/// that were recorded then too (RFC 2289, section 8.0).
pub(super) fn refuse_known_seed(known: &Known, begin: &Challenge) -> Result<(), AdminError> {
    let had = known
        .snapshot
        .credentials
        .iter()
        .any(|other| matches!(&other.kind, Kind::Sequence { seed, .. } if *seed == begin.seed));
    if had {
        return Err(AdminError::SequenceSeedTaken(begin.seed.to_string()));
    }
    Ok(())
}
