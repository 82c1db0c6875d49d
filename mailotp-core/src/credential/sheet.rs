//! Sheets: numbered one-time codes on paper.
//!
//! The secret part is the codes' hashes, one after the other, number 1 first, and SHA-256 of the kill
//! code's secret characters: of 80 random bits no guess need be slowed down. Sheets of version 1 have
//! no kill code.

use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Circumstances, Code, Judge, Malformed, Match};
use crate::account::{Credential, Kind, Use};
use crate::clock::{NoRandomness, Random, random};
use crate::crypto::{Arena, CODE_HASH_LENGTH, HashError, Salt, hash_code};
use crate::id::random_symbols;
use crate::request::{KillCode, SHEET_CODE_LENGTH, is_sheet_code};

/// The most codes that a sheet can have.
pub const MAX_CODES: u32 = 500;

/// Which codes of a sheet are good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Accept {
    /// The lowest number that is not spent.
    #[default]
    Next,
    /// Any that is not spent.
    Any,
}

/// Judges sheet codes.
pub struct Sheet;

impl Judge for Sheet {
    fn judge(
        &self,
        code: &Code<'_>,
        credential: &Credential,
        opened: &[u8],
        circumstances: &Circumstances<'_>,
    ) -> Result<Match, Malformed> {
        let Code::Sheet(hash) = code else {
            return Ok(Match::No);
        };
        let (hashes, _) = parts(credential, opened)?;
        let mut found = None;
        for (number, stored) in (1..).zip(hashes.chunks_exact(CODE_HASH_LENGTH)) {
            if hash.matches(stored) {
                found = Some(number);
            }
        }
        let due = |number: u32| match circumstances.otp.sheet_accept {
            Accept::Any => true,
            Accept::Next => credential.unspent().next() == Some(number),
        };
        Ok(match found {
            None => Match::No,
            Some(number) if credential.struck.contains(&number) => Match::Spent,
            Some(number) if due(number) => Match::right(Use::Strike(number)),
            Some(_) => Match::No,
        })
    }
}

/// Hashes of the codes, and digest of the kill code.
fn parts<'a>(credential: &Credential, opened: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), Malformed> {
    let Kind::Sheet { size, .. } = credential.kind else {
        return Err(Malformed("sheet"));
    };
    opened
        .split_at_checked(size as usize * CODE_HASH_LENGTH)
        .filter(|(_, kill)| [0, KILL_DIGEST_LENGTH].contains(&kill.len()))
        .ok_or(Malformed("sheet"))
}

/// Whether this is the kill code of a sheet.
pub fn is_killed_by(
    code: &KillCode,
    credential: &Credential,
    opened: &[u8],
) -> Result<bool, Malformed> {
    let (_, kill) = parts(credential, opened)?;
    Ok(kill_digest(code).ct_eq(kill).into())
}

const KILL_DIGEST_LENGTH: usize = 32;

fn kill_digest(code: &KillCode) -> Zeroizing<[u8; KILL_DIGEST_LENGTH]> {
    Zeroizing::new(Sha256::digest(code.secret()).into())
}

/// A new sheet: what is printed, and what is kept.
pub struct NewSheet {
    /// The codes, number 1 first, as they are printed: `abcde-fghjk`.
    pub codes: Vec<Zeroizing<String>>,
    /// The kill code, as it is printed.
    pub kill: Zeroizing<String>,
    /// The secret part.
    pub secret: Zeroizing<Vec<u8>>,
}

/// Why there is no new sheet.
#[derive(Debug, thiserror::Error)]
pub enum NewSheetError {
    /// No randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// No hash.
    #[error(transparent)]
    Hash(#[from] HashError),
}

/// Makes `count` codes. `progress` is told after each, since each costs a hash.
pub fn generate(
    count: u32,
    salt: &Salt,
    source: &mut dyn Random,
    arena: &mut dyn Arena,
    mut progress: impl FnMut(u32),
) -> Result<NewSheet, NewSheetError> {
    let mut codes = Vec::with_capacity(count as usize);
    let length = count as usize * CODE_HASH_LENGTH + KILL_DIGEST_LENGTH;
    let mut secret = Zeroizing::new(Vec::with_capacity(length));
    for number in 1..=count {
        let code = new_code(source)?;
        secret.extend_from_slice(&hash_code(&code, salt, arena)?.0);
        let (left, right) = code.split_at(SHEET_CODE_LENGTH / 2);
        let mut printed = Zeroizing::new(String::with_capacity(SHEET_CODE_LENGTH + 1));
        printed.push_str(left);
        printed.push('-');
        printed.push_str(right);
        codes.push(printed);
        progress(number);
    }
    let kill = KillCode::new(&Zeroizing::new(random(source)?));
    secret.extend_from_slice(&*kill_digest(&kill));
    Ok(NewSheet {
        codes,
        kill: kill.grouped(),
        secret,
    })
}

/// A code that cannot be taken for one of another form: of a thousand, two are thrown away.
fn new_code(source: &mut dyn Random) -> Result<Zeroizing<String>, NoRandomness> {
    loop {
        let code = Zeroizing::new(random_symbols::<SHEET_CODE_LENGTH>(source)?);
        if is_sheet_code(&code) {
            return Ok(code);
        }
    }
}

/// The letters of which sheet names are made: none looks or sounds like another.
const NAME_LETTERS: &[u8] = b"abcdefghkmnprstwxy";

/// A sheet's name, of two letters, out of two random bytes.
pub fn name_of(bytes: [u8; 2]) -> String {
    bytes
        .iter()
        .map(|byte| char::from(NAME_LETTERS[usize::from(*byte) % NAME_LETTERS.len()]))
        .collect()
}

#[cfg(test)]
#[path = "sheet_tests.rs"]
mod tests;
