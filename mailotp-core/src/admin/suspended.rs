//! What came back from a backup goes on, once somebody has looked at it.

use super::enrol::in_range;
use super::{Admin, AdminError, Known};
use crate::account::{Change, Credential, Kind, State};
use crate::audit::Reason;

impl Admin<'_> {
    /// Makes suspended credentials live: somebody has looked at them.
    pub fn let_go_on(
        &mut self,
        known: &Known,
        credentials: &[&Credential],
    ) -> Result<(), AdminError> {
        for credential in credentials {
            let change = Change::Confirm(credential.id.clone(), None);
            self.change(
                &known.account,
                &[change],
                Reason::Confirmed,
                Some(credential),
            )?;
        }
        Ok(())
    }

    /// The same for a sheet or aliases, of which the numbers below `next` are spent.
    pub fn let_go_on_from(
        &mut self,
        known: &Known,
        credential: &Credential,
        next: u32,
    ) -> Result<(), AdminError> {
        let (Kind::Sheet { size, .. } | Kind::Alias { size }) = credential.kind else {
            return Err(AdminError::NoNumbers(credential.label.clone()));
        };
        in_range("the next number", next, 1..=size)?;
        if credential.state == State::Live {
            return Err(AdminError::AlreadyLive(credential.label.clone()));
        }
        let id = &credential.id;
        let changes = [
            Change::Strike(id.clone(), next),
            Change::Confirm(id.clone(), None),
        ];
        self.change(
            &known.account,
            &changes,
            Reason::Confirmed,
            Some(credential),
        )
    }
}
