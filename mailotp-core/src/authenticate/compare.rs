//! What a login comes to, and what it costs until that is known.

use super::Door;
use super::report::Failure;
use crate::budget::{Charge, Charged};
use crate::decide::{self, Case, Guess, Pending, Ruling};
use crate::request::KillCode;
use crate::store::Ledger;

impl Door<'_> {
    /// form → window → budget, charge → compare. What was charged is added to `paid`.
    pub(super) fn decide<'c>(
        &mut self,
        case: &Case<'c>,
        kill: Option<&KillCode>,
        ledger: &mut dyn Ledger,
        paid: &mut Vec<Charge>,
    ) -> Result<Ruling<'c>, Failure> {
        if let Some(code) = kill
            && let Some(ruling) = decide::by_kill_code(case, code)?
        {
            return Ok(ruling);
        }
        // The account's own rules may deny what the administrator's do not.
        if let Some(ruling) = decide::by_rule(case.judgement) {
            return Ok(ruling);
        }
        let guess = match decide::by_form(case) {
            Ok(ruling) => return Ok(case.unless_closed(ruling)),
            Err(Pending::Codes(guess)) => guess,
            Err(pending) => {
                let ruling = decide::by_code(case, &pending, self.arena)?;
                return Ok(case.unless_closed(ruling));
            }
        };
        if let Some(ruling) = self.by_window(case, &guess, ledger, paid)? {
            return Ok(ruling);
        }
        let Some(guess) = self.take_charge(case, guess, ledger, paid)? else {
            return Ok(case.throttle());
        };
        let pin = self.charge_of_pin(case, &guess);
        let ruling = decide::by_code(case, &Pending::Codes(guess), self.arena)?;
        let may_answer = match pin.filter(|_| ruling.judges_pin) {
            Some(due) => self.pays(due, ledger, paid)?,
            None => true,
        };
        let ruling = if may_answer {
            ruling
        } else {
            case.closed_pin(ruling)
        };
        Ok(case.unless_closed(ruling))
    }

    /// Whether a window answers for what was typed: an alias that is spent counts there alone.
    pub(super) fn continues(
        &self,
        case: &Case<'_>,
        ledger: &mut dyn Ledger,
        paid: &mut Vec<Charge>,
    ) -> Result<bool, Failure> {
        match decide::by_form(case) {
            Err(Pending::Codes(guess)) => Ok(self.by_window(case, &guess, ledger, paid)?.is_some()),
            _ => Ok(false),
        }
    }

    /// Looks into the windows. Where chance may find the code of one, the look is charged.
    fn by_window<'c>(
        &self,
        case: &Case<'c>,
        guess: &Guess<'c>,
        ledger: &mut dyn Ledger,
        paid: &mut Vec<Charge>,
    ) -> Result<Option<Ruling<'c>>, Failure> {
        // Who came with an alias has paid for the look that found the window.
        let with_chance = match decide::at_risk(case, guess).filter(|_| paid.is_empty()) {
            Some(risk) => match self.charge_of_window(case, guess, &risk) {
                Some(due) => self.pays(due, ledger, paid)?,
                None => false,
            },
            None => true,
        };
        Ok(decide::by_window(case, &guess.candidates, with_chance))
    }

    /// Charges a guess: what may be compared. Where the budget for digits is used up, a sheet code may
    /// still be. `None`: nothing may.
    fn take_charge<'c>(
        &self,
        case: &Case<'c>,
        guess: Guess<'c>,
        ledger: &mut dyn Ledger,
        paid: &mut Vec<Charge>,
    ) -> Result<Option<Guess<'c>>, Failure> {
        let mut guess = guess;
        loop {
            if self.pays(self.charge(case, &guess), ledger, paid)? {
                return Ok(Some(guess));
            }
            match guess.beyond_chance() {
                Some(rest) => guess = rest,
                None => return Ok(None),
            }
        }
    }

    /// Charges. No: there is nothing left to pay with.
    fn pays(
        &self,
        due: Charge,
        ledger: &mut dyn Ledger,
        paid: &mut Vec<Charge>,
    ) -> Result<bool, Failure> {
        match ledger.charge(&due)? {
            Charged::Taken => paid.push(due),
            Charged::Before => {}
            Charged::Exhausted => return Ok(false),
        }
        Ok(true)
    }
}
