//! Sheets of codes for a wallet: what is on one, and how each format draws it. Everything here is
//! pure; what is drawn wipes itself.

mod buffer;
mod card;
mod cover;
mod csv;
mod fit;
mod html;
mod latin;
mod markup;
mod pages;
mod pdf;
mod scene;
mod svg;
mod text;
mod words;

use mailotp_core::clock::Timestamp;
use zeroize::Zeroizing;

use crate::cli::SheetFormat;

/// What is on a sheet.
#[derive(Clone, Copy)]
pub struct SheetView<'a> {
    /// Whose it is.
    pub account: &'a str,
    /// The name of the site; may be empty.
    pub issuer: &'a str,
    /// The two letters that a prompt names it by.
    pub name: &'a str,
    /// The user's name for it.
    pub label: &'a str,
    /// When it was made.
    pub made: Timestamp,
    /// The first second in which it is good no more.
    pub expires: Option<Timestamp>,
    /// The services that it is good for; empty for all.
    pub services: &'a [String],
    /// The networks that it is good from; empty for all.
    pub from: &'a [String],
    /// How many logins it is good for; `None` for as many as it has codes.
    pub logins: Option<u32>,
    /// The codes, number 1 first, as they are printed: `abcde-fghjk`.
    pub codes: &'a [Zeroizing<String>],
    /// The code that revokes it.
    pub kill: Option<&'a str>,
}

/// Draws a sheet.
pub fn draw(format: SheetFormat, view: &SheetView<'_>) -> Zeroizing<Vec<u8>> {
    match format {
        SheetFormat::Text => bytes(text::draw(view)),
        SheetFormat::Csv => bytes(csv::draw(view)),
        SheetFormat::Html => bytes(html::draw(view)),
        SheetFormat::Pdf => pdf::draw(view),
        SheetFormat::Svg => bytes(svg::draw(view)),
    }
}

/// The same buffer, so that no copy stays behind.
fn bytes(mut text: Zeroizing<String>) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(std::mem::take(&mut *text).into_bytes())
}

#[cfg(test)]
mod sample {
    use super::*;

    /// As many codes, each another.
    pub fn codes(count: usize) -> Vec<Zeroizing<String>> {
        (1..=count)
            .map(|number| Zeroizing::new(format!("k{number:04}-c{number:04}")))
            .collect()
    }

    /// A sheet with nothing special about it.
    pub fn view(codes: &[Zeroizing<String>]) -> SheetView<'_> {
        SheetView {
            account: "alice@example.com",
            issuer: "mail.example.com",
            name: "kd",
            label: "holiday",
            made: Timestamp(1_795_305_600),
            expires: None,
            services: &[],
            from: &[],
            logins: None,
            codes,
            kill: None,
        }
    }

    /// A kill code.
    pub const KILL: &str = "end0-abcd-efgh-jkmn-pqrs";
}
