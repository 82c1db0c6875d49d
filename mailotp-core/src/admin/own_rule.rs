//! Rules that an account makes for itself: they narrow what the administrator's give.

use super::{Admin, AdminError, Known};
use crate::account::{Change, OwnRule};
use crate::audit::Reason;
use crate::id::CredentialId;
use crate::rule;

/// How many of them an account can have: each login asks them in turn.
pub(super) const MOST_RULES: usize = 64;

impl Admin<'_> {
    /// Adds a rule behind those that the account has. Returns its id.
    pub fn add_rule(&mut self, known: &Known, rule: rule::Own) -> Result<CredentialId, AdminError> {
        if known.snapshot.rules.len() >= MOST_RULES {
            return Err(AdminError::TooManyRules(MOST_RULES));
        }
        let id = CredentialId::generate(self.random)?;
        let own = OwnRule {
            id: id.clone(),
            rule,
        };
        let change = [Change::AddRule(Box::new(own))];
        self.change(&known.account, &change, Reason::RuleAdded, None)?;
        Ok(id)
    }

    /// Takes rules away.
    pub fn remove_rules(
        &mut self,
        known: &Known,
        names: &[String],
    ) -> Result<Vec<CredentialId>, AdminError> {
        let mut ids: Vec<CredentialId> = Vec::new();
        for name in names {
            let rules = &known.snapshot.rules;
            let found = rules.iter().find(|own| own.id.as_str() == name);
            let Some(own) = found else {
                return Err(AdminError::NoRule {
                    account: known.account.name.to_string(),
                    name: name.clone(),
                });
            };
            if !ids.contains(&own.id) {
                ids.push(own.id.clone());
            }
        }
        let change = [Change::RemoveRules(ids.clone())];
        self.change(&known.account, &change, Reason::RuleRemoved, None)?;
        Ok(ids)
    }
}
