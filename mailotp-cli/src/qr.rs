//! QR codes: for terminals, as PNG and as SVG.

use qrcode::bits::Bits;
use qrcode::optimize::Segment;
use qrcode::render::svg;
use qrcode::types::{Mode, QrResult};
use qrcode::{Color, EcLevel, QrCode, Version};

use crate::cli::QrFormat;
use crate::error::{CliError, FAILED};

/// Pixels of a module of a PNG.
const SCALE: usize = 8;
/// The light border that readers need, in modules (ISO/IEC 18004, section 5.3.8).
const QUIET: usize = 4;
/// The lines of a terminal, without the one that the cursor is on.
const LINES: usize = 23;

/// Draws `text`.
pub fn draw(text: &str, format: QrFormat) -> Result<Vec<u8>, CliError> {
    let code = encode(text).map_err(|why| {
        CliError::new(
            FAILED,
            format!("no QR code can hold this: {why}"),
            "Shorten issuer, account or address.",
        )
    })?;
    match format {
        QrFormat::Terminal => Ok(terminal(&code).into_bytes()),
        QrFormat::Svg => Ok(code
            .render::<svg::Color<'_>>()
            .min_dimensions(240, 240)
            .build()
            .into_bytes()),
        QrFormat::Png => png(&code),
    }
}

/// The lowest level of correction: a screen has no scratches, and a small code fits a terminal.
const LEVEL: EcLevel = EcLevel::L;

/// The smaller one of two codes: digits in a seed may lead the library to more segments than pay off.
fn encode(text: &str) -> QrResult<QrCode> {
    let own = QrCode::with_error_correction_level(text, LEVEL)?;
    Ok(match in_three(text) {
        Some(three) if three.width() < own.width() => three,
        _ => own,
    })
}

/// The longest run of capitals and digits, a seed in base32, as one segment, and what stands around it as
/// bytes (ISO/IEC 18004, section 7.4).
fn in_three(text: &str) -> Option<QrCode> {
    let is_of_seed = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let (mut begin, mut end, mut next) = (0, 0, 0);
    for run in text.as_bytes().split(|byte| !is_of_seed(byte)) {
        if run.len() > end - begin {
            (begin, end) = (next, next + run.len());
        }
        next += run.len() + 1;
    }
    let segment = |mode, begin, end| Segment { mode, begin, end };
    let segments = [
        segment(Mode::Byte, 0, begin),
        segment(Mode::Alphanumeric, begin, end),
        segment(Mode::Byte, end, text.len()),
    ];
    let filled = |segment: &Segment| segment.begin < segment.end;
    (1..=40).find_map(|version| {
        let mut bits = Bits::new(Version::Normal(version));
        let segments = segments.into_iter().filter(filled);
        bits.push_segments(text.as_bytes(), segments).ok()?;
        bits.push_terminator(LEVEL).ok()?;
        QrCode::with_bits(bits, LEVEL).ok()
    })
}

/// Dark on light whatever the colours of the terminal: two modules to a character. Where only the
/// light border makes it too high, the border is halved: readers get along with that on a screen.
fn terminal(code: &QrCode) -> String {
    let lines = |quiet: usize| (code.width() + 2 * quiet).div_ceil(2);
    let is_in_need = lines(QUIET) > LINES && lines(QUIET / 2) <= LINES;
    let quiet = if is_in_need { QUIET / 2 } else { QUIET };
    let side = code.width() + 2 * quiet;
    let mut text = String::with_capacity(lines(quiet) * (3 * side + 1));
    for y in (0..side).step_by(2) {
        for x in 0..side {
            text.push(
                match (is_dark(code, quiet, x, y), is_dark(code, quiet, x, y + 1)) {
                    (false, false) => '█',
                    (false, true) => '▀',
                    (true, false) => '▄',
                    (true, true) => ' ',
                },
            );
        }
        text.push('\n');
    }
    text
}

/// The colour of a module, counted from the corner of the border; what lies beyond is light.
fn is_dark(code: &QrCode, quiet: usize, x: usize, y: usize) -> bool {
    let inside = |at: usize| at.checked_sub(quiet).filter(|at| *at < code.width());
    matches!((inside(x), inside(y)), (Some(x), Some(y)) if code[(x, y)] == Color::Dark)
}

fn png(code: &QrCode) -> Result<Vec<u8>, CliError> {
    let failed =
        |why: png::EncodingError| CliError::new(FAILED, why.to_string(), "Choose another --qr.");
    let modules = code.width() + 2 * QUIET;
    let side = modules * SCALE;
    let mut pixels = vec![255; side * side];
    for (y, row) in pixels.chunks_exact_mut(side).enumerate() {
        for (x, pixel) in row.iter_mut().enumerate() {
            if is_dark(code, QUIET, x / SCALE, y / SCALE) {
                *pixel = 0;
            }
        }
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side as u32, side as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the seed: 23 lines of a terminal, with a border of two modules.
    #[test]
    fn seeds_of_one_length_make_codes_of_one_size() {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mut state = 1_u64;
        for _ in 0..100 {
            let mut letter = || {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                char::from(alphabet[(state >> 59) as usize])
            };
            let seed: String = (0..32).map(|_| letter()).collect();
            let text = format!(
                "otpauth://totp/mail.example.com:alice?secret={seed}&issuer=mail.example.com\
                 &algorithm=SHA1&digits=6&period=30"
            );
            assert_eq!(encode(&text).unwrap().width(), 41, "{seed}");
        }
    }
}
