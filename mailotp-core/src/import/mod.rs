//! Reading what other programs have kept: one file a kind, each of them pure. Bytes come in, and go out
//! as entries with the lines that they stand on: what can be taken over, and what cannot be, with why.
//!
//! Nothing in a file is trusted: no input makes a reader panic, recurse without end, or take more
//! memory than a small multiple of the input.

mod base64;
mod exports;
mod google_authenticator;
mod json;
mod migration;
mod oath;
mod opie;
#[cfg(any(test, fuzzing))]
pub(crate) mod oracle;
mod otpauth;
mod otpw;
mod postfixadmin;
mod sql;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use zeroize::Zeroizing;

use crate::account::Kind;
use crate::credential::oath::{Algorithm, DIGITS, MAX_SEED_LENGTH, MIN_SEED_LENGTH};
use crate::credential::totp::PERIODS;
use crate::request::{BadPin, Pin};
use crate::rfc2289::{Challenge, Response};

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `~/.google_authenticator` of libpam-google-authenticator.
    GoogleAuthenticator,
    /// The users file of pam_oath.
    Oath,
    /// `~/.otpw` of OTPW.
    Otpw,
    /// `/etc/opiekeys` of OPIE, and those of S/KEY before it.
    Opie,
    /// What authenticators export: URIs, or the JSON of Aegis and FreeOTP+.
    Otpauth,
    /// The tables of PostfixAdmin, as a dump of SQL.
    PostfixAdmin,
}

impl Source {
    /// The longest file that is read, in bytes. A dump holds the other tables too.
    pub fn limit(self) -> usize {
        match self {
            Source::PostfixAdmin => 16 << 20,
            _ => 1 << 20,
        }
    }

    /// Whether the file is about one account, which it does not name, or names as its owner liked to
    /// see it.
    pub fn is_personal(self) -> bool {
        matches!(
            self,
            Source::GoogleAuthenticator | Source::Otpw | Source::Otpauth
        )
    }
}

/// Something that stands in a file.
#[derive(Debug)]
pub struct Entry {
    /// On which line, the first one being 1.
    pub line: usize,
    /// Whose it is, as the file has it.
    pub account: Option<String>,
    /// What it is.
    pub what: What,
    /// How it is called there: the issuer of a token, the description of a password.
    pub name: Option<String>,
    /// What can be made of it, or why nothing can.
    pub item: Result<Item, Obstacle>,
}

/// What stands in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A line that cannot be read.
    Line,
    /// A secret of TOTP, HOTP or something like them.
    Token,
    /// The password or PIN before a code.
    Pin,
    /// A scratch code of Google Authenticator.
    ScratchCode,
    /// The one-time passwords of OTPW that are left; so many.
    OneTimePasswords(usize),
    /// A sequence of S/KEY or OPIE.
    Sequence,
    /// An app password.
    AppPassword,
    /// An address that needs no second factor.
    Exception,
    /// A setting that codes depend on.
    Setting,
    /// One of several QR codes that belong together.
    QrCode,
}

/// What can be taken over.
#[derive(Debug)]
pub enum Item {
    /// A TOTP or HOTP credential.
    Token(Token),
    /// An RFC 2289 sequence: the response to `begin` is the one that was accepted last.
    Sequence {
        /// Where it stands.
        begin: Challenge,
        /// The last accepted response.
        last: Response,
    },
    /// No second factor is asked for at this address.
    Exemption(IpAddr),
}

/// What makes digit codes.
#[derive(Debug)]
pub struct Token {
    /// TOTP or HOTP, and what is public about it.
    pub kind: Kind,
    /// The hash.
    pub algorithm: Algorithm,
    /// The shared secret.
    pub seed: Seed,
    /// The PIN before its codes.
    pub pin: Option<Pin>,
}

/// A shared secret: prints nothing.
pub struct Seed(pub Zeroizing<Vec<u8>>);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Why something cannot be taken over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// The line is none of this kind of file.
    #[error("{0}")]
    Malformed(&'static str),
    /// Rows without a table before them.
    #[error("the dump does not say what its columns are")]
    NoColumns,
    /// Too short or too long.
    #[error(
        "its secret has {0} bytes, and {MIN_SEED_LENGTH} to {MAX_SEED_LENGTH} can be taken over"
    )]
    SeedLength(usize),
    /// A hash that nobody here computes.
    #[error("it is made with {0}, which mailotp does not know")]
    Algorithm(String),
    /// Not 6 to 8 digits.
    #[error("its codes have {0} digits, and mailotp's have 6 to 8")]
    Digits(u64),
    /// A period of no seconds, or of more than a day.
    #[error("its period of {0} seconds is none that mailotp knows")]
    Period(u64),
    /// A counter that no token reaches.
    #[error("its counter is too high")]
    Counter,
    /// Not TOTP and not HOTP.
    #[error("it is of the kind {0}, which mailotp does not know")]
    Kind(String),
    /// Codes of eight digits; those of a sheet have a form of their own.
    #[error(
        "a scratch code has eight digits, and the codes of mailotp's sheets have a form of their own"
    )]
    ScratchCode,
    /// Only a hash is there.
    #[error("the file holds a hash of it, from which nothing can be made")]
    OneWay,
    /// Its owner or an administrator has switched it off.
    #[error("it is switched off")]
    SwitchedOff,
    /// Nothing of it is left.
    #[error("it is used up")]
    UsedUp,
    /// A PIN that is none here; its token would be worth more without it.
    #[error("its PIN cannot be taken over, and without one its codes would be worth more: {0}")]
    Pin(BadPin),
    /// The login password belongs before the code: a rule says that here.
    #[error("the login password belongs before the code, and that is a matter of rules here")]
    LoginPassword,
    /// The clock of the device is wrong by so many periods.
    #[error("the clock of the device was taken to be off by {0} periods")]
    Skew(i64),
    /// It is an administrator's of the other program.
    #[error("it lets an administrator into PostfixAdmin's own pages, and no mailbox")]
    NotAMailbox,
    /// Not an address.
    #[error("its address is no IP address")]
    NoAddress,
    /// The exception is for more than one account: the address, and the domain, or everybody.
    #[error("it is for {}, and accounts can only make rules of their own", .domain.as_deref().map_or("everybody".to_owned(), |domain| format!("all of {domain}")))]
    ForMany {
        /// From where.
        address: IpAddr,
        /// Of whom; `None`: of all.
        domain: Option<String>,
    },
    /// Another QR code of the same export is missing.
    #[error("{missing} of the {of} QR codes of this export are not in the file")]
    Incomplete {
        /// So many.
        missing: u64,
        /// Of so many.
        of: u64,
    },
}

/// Why nothing of a file can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Larger than anything that people have.
    #[error("the file is too large")]
    TooLarge,
    /// Nothing in it is of this kind.
    #[error("nothing in the file is of this kind")]
    OtherKind,
    /// The file breaks off.
    #[error("line {0}: the file breaks off, or is not what it seems to be")]
    BreaksOff(usize),
    /// An export that is encrypted.
    #[error("the export is encrypted")]
    Encrypted,
}

/// Reads a file.
pub fn parse(source: Source, text: &[u8]) -> Result<Vec<Entry>, Unreadable> {
    if text.len() > source.limit() {
        return Err(Unreadable::TooLarge);
    }
    match source {
        Source::GoogleAuthenticator => google_authenticator::parse(text),
        Source::Oath => oath::parse(text),
        Source::Otpw => otpw::parse(text),
        Source::Opie => opie::parse(text),
        Source::Otpauth => otpauth::parse(text),
        Source::PostfixAdmin => postfixadmin::parse(text),
    }
}

impl Entry {
    fn new(line: usize, what: What, item: Result<Item, Obstacle>) -> Entry {
        Entry {
            line,
            account: None,
            what,
            name: None,
            item,
        }
    }

    fn of(self, account: &str) -> Entry {
        let account = Some(account.to_owned());
        Entry { account, ..self }
    }

    fn named(self, name: &str) -> Entry {
        let name = (!name.is_empty()).then(|| name.to_owned());
        Entry { name, ..self }
    }
}

impl Token {
    /// A token without a PIN, if it lies in the ranges that there are here.
    fn new(kind: Kind, algorithm: Algorithm, seed: Zeroizing<Vec<u8>>) -> Result<Token, Obstacle> {
        if !(MIN_SEED_LENGTH..=MAX_SEED_LENGTH).contains(&seed.len()) {
            return Err(Obstacle::SeedLength(seed.len()));
        }
        match kind {
            Kind::Totp { digits, .. } | Kind::Hotp { digits, .. } if !DIGITS.contains(&digits) => {
                Err(Obstacle::Digits(digits.into()))
            }
            Kind::Totp { period, .. } if !PERIODS.contains(&period) => {
                Err(Obstacle::Period(period.into()))
            }
            Kind::Hotp { counter, .. } if counter > MAX_COUNTER => Err(Obstacle::Counter),
            _ => Ok(Token {
                kind,
                algorithm,
                seed: Seed(seed),
                pin: None,
            }),
        }
    }
}

/// The highest counter that is taken over: a store keeps signed numbers, and counts on from it.
const MAX_COUNTER: u64 = i64::MAX as u64 / 2;

fn totp(digits: u64, period: u64) -> Result<Kind, Obstacle> {
    Ok(Kind::Totp {
        digits: u32::try_from(digits).map_err(|_| Obstacle::Digits(digits))?,
        period: u32::try_from(period).map_err(|_| Obstacle::Period(period))?,
    })
}

fn hotp(digits: u64, counter: u64) -> Result<Kind, Obstacle> {
    Ok(Kind::Hotp {
        digits: u32::try_from(digits).map_err(|_| Obstacle::Digits(digits))?,
        counter,
        resync: None,
    })
}

/// The hash of a name, as `SHA1`, `sha-256` or `HmacSHA512`.
fn algorithm(name: &str) -> Result<Algorithm, Obstacle> {
    let plain = name.to_ascii_lowercase().replace('-', "");
    match plain.strip_prefix("hmac").unwrap_or(&plain) {
        "sha1" => Ok(Algorithm::Sha1),
        "sha256" => Ok(Algorithm::Sha256),
        "sha512" => Ok(Algorithm::Sha512),
        _ => Err(Obstacle::Algorithm(name.to_owned())),
    }
}

/// Digits and nothing else: `parse` of a number takes a sign.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// The lines of a file with their numbers, the first being 1. `None` for one that is no text.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, Option<&str>)> {
    let lines = (1..).zip(text.split(|byte| *byte == b'\n'));
    lines.map(|(number, line)| {
        let text = std::str::from_utf8(line).ok();
        (number, text.map(|text| text.trim_end_matches('\r')))
    })
}
