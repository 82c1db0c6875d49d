//! What a login would meet: the rule that decides, what it accepts, and what of the account's is any good
//! there. Changes nothing.

use super::{Admin, AdminError};
use crate::account::{Credential, Kind};
use crate::config::Judgement;
use crate::decide;
use crate::request::{AccountName, Remote, Service};
use crate::rule::Means;

/// What a login would meet.
pub struct Explanation {
    /// What the rules say, the account's own included.
    pub judgement: Judgement,
    /// What of the account's would let it in there.
    pub usable: Vec<Credential>,
    /// The account is locked or has expired.
    pub closed: bool,
}

impl Admin<'_> {
    /// What a login of `account` to `service` from `remote` would meet.
    pub fn explain(
        &mut self,
        account: &AccountName,
        service: &Service,
        remote: Remote,
    ) -> Result<Explanation, AdminError> {
        let snapshot = self.store.read(account, None)?;
        let config = &self.site.config;
        let judgement = decide::judge(config, &snapshot, account, service, remote);
        let closed = snapshot
            .account
            .as_ref()
            .is_some_and(|account| account.is_closed(self.now));
        let behind = decide::clock_is_behind(&snapshot, self.now);
        let is_usable = |credential: &Credential| {
            let accepted = match credential.kind {
                Kind::AppPassword { .. } => judgement.accepts(Means::AppPassword),
                _ => judgement.takes_codes(),
            };
            accepted
                && !(closed || judgement.exempt)
                && credential.is_live(self.now)
                && credential.scope.reaches(service, &judgement.group, remote)
                && !(behind && matches!(credential.kind, Kind::Totp { .. }))
        };
        Ok(Explanation {
            usable: snapshot
                .credentials
                .iter()
                .filter(|credential| is_usable(credential))
                .cloned()
                .collect(),
            judgement,
            closed,
        })
    }
}
