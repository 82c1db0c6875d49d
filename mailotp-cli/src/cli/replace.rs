//! The words of `replace`.

use std::path::PathBuf;

use clap::Args;

use super::{QrFormat, SequenceHash, SheetFormat};

/// What the new credential is to be, where it is not to be as the old one.
#[derive(Clone, Debug, Args)]
pub struct Replacement {
    /// Of a sheet or aliases: how many; of a sequence: the number that it counts down from
    #[arg(long)]
    pub count: Option<u32>,
    /// Of a sheet: how to write it
    #[arg(long, value_enum)]
    pub format: Option<SheetFormat>,
    /// Of an authenticator or a token: how to draw the QR code
    #[arg(long, value_enum)]
    pub qr: Option<QrFormat>,
    /// Into a new file, instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Of an authenticator or a token: live at once, without a code that confirms it
    #[arg(long)]
    pub no_confirm: bool,
    /// Of a sequence: the hash
    #[arg(long, value_enum)]
    pub hash: Option<SequenceHash>,
    /// Of a sequence: the seed; one that it has not had
    #[arg(long)]
    pub seed: Option<String>,
}

impl Replacement {
    /// The first option that was given and is not among `fitting`.
    pub fn misfit(&self, fitting: &[&str]) -> Option<&'static str> {
        [
            ("--count", self.count.is_some()),
            ("--format", self.format.is_some()),
            ("--qr", self.qr.is_some()),
            ("--output", self.output.is_some()),
            ("--no-confirm", self.no_confirm),
            ("--hash", self.hash.is_some()),
            ("--seed", self.seed.is_some()),
        ]
        .into_iter()
        .find(|(name, given)| *given && !fitting.contains(name))
        .map(|(name, _)| name)
    }
}
