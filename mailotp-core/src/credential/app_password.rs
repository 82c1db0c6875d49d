//! App passwords: one for each device, found by their selector.
//!
//! The secret part is SHA-256 of the 20 secret characters' values: of 100 random bits no guess can
//! be slowed down enough to matter, or needs to be.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Circumstances, Code, Judge, Malformed, Match};
use crate::account::{Credential, Kind, Use};
use crate::clock::{NoRandomness, Random, random};
use crate::request::{AppPassword, SELECTOR_LENGTH};

/// Judges app passwords.
pub struct AppPasswords;

impl Judge for AppPasswords {
    fn judge(
        &self,
        code: &Code<'_>,
        credential: &Credential,
        opened: &[u8],
        _: &Circumstances<'_>,
    ) -> Result<Match, Malformed> {
        let (Code::AppPassword(typed), Kind::AppPassword { selector }) = (code, &credential.kind)
        else {
            return Ok(Match::No);
        };
        if opened.len() != 32 {
            return Err(Malformed("app-password"));
        }
        let same = bool::from(digest(typed).ct_eq(opened)) && typed.selector() == *selector;
        Ok(if same {
            Match::right(Use::Login)
        } else {
            Match::No
        })
    }
}

/// A new app password.
pub fn generate(source: &mut dyn Random) -> Result<AppPassword, NoRandomness> {
    let selector: [u8; SELECTOR_LENGTH] = random(source)?;
    let secret = Zeroizing::new(random(source)?);
    Ok(AppPassword::new(selector, &secret))
}

/// The secret part of an app password.
pub fn secret_part(password: &AppPassword) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(digest(password).to_vec())
}

fn digest(password: &AppPassword) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(Sha256::digest(password.secret()).into())
}
