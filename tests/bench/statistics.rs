//! What is made of measured values.

/// The one in the middle.
pub fn median(of: &[f64]) -> f64 {
    let mut sorted = of.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// The smallest and the greatest.
pub fn extremes(of: &[f64]) -> [f64; 2] {
    [f64::min, f64::max].map(|which| of.iter().copied().reduce(which).unwrap_or_default())
}
