//! QR codes: for terminals, as PNG and as SVG.

use qrcode::render::svg;
use qrcode::{Color, EcLevel, QrCode};

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
    // The lowest level of correction: a screen has no scratches, and a small code fits a terminal.
    let code = QrCode::with_error_correction_level(text, EcLevel::L).map_err(|why| {
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
