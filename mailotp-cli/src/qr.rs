//! QR codes: for terminals, as PNG and as SVG.

use qrcode::render::{svg, unicode};
use qrcode::{Color, EcLevel, QrCode};

use crate::cli::QrFormat;
use crate::error::{CliError, FAILED};

/// Pixels of a module of a PNG.
const SCALE: usize = 8;
/// The light border that readers need, in modules (ISO/IEC 18004, section 5.3.8).
const QUIET: usize = 4;

/// Draws `text`.
pub fn draw(text: &str, format: QrFormat) -> Result<Vec<u8>, CliError> {
    // The lowest level of correction: a screen has no scratches, and a small code fits a terminal.
    let code = QrCode::with_error_correction_level(text, EcLevel::L).map_err(|why| {
        CliError::new(
            FAILED,
            format!("no QR code can hold this: {why}"),
            "Shorten issuer or label.",
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

/// Dark on light whatever the colours of the terminal: two modules to a character.
fn terminal(code: &QrCode) -> String {
    code.render::<unicode::Dense1x2>()
        .dark_color(unicode::Dense1x2::Light)
        .light_color(unicode::Dense1x2::Dark)
        .build()
        + "\n"
}

fn png(code: &QrCode) -> Result<Vec<u8>, CliError> {
    let failed =
        |why: png::EncodingError| CliError::new(FAILED, why.to_string(), "Choose another --qr.");
    let modules = code.width() + 2 * QUIET;
    let side = modules * SCALE;
    let mut pixels = vec![255; side * side];
    for (y, row) in pixels.chunks_exact_mut(side).enumerate() {
        for (x, pixel) in row.iter_mut().enumerate() {
            let module = |at: usize| {
                (at / SCALE)
                    .checked_sub(QUIET)
                    .filter(|at| *at < code.width())
            };
            if let (Some(x), Some(y)) = (module(x), module(y))
                && code[(x, y)] == Color::Dark
            {
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
