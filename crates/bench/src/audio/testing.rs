//! Signals that the tests measure.

/// A sine of amplitude 0.5.
pub(crate) fn tone(rate: f64, frequency: f64, seconds: f64) -> Vec<f32> {
    let step = std::f64::consts::TAU * frequency / rate;
    let count = (rate * seconds).round() as usize;
    (0..count)
        .map(|index| (0.5 * (step * index as f64).sin()) as f32)
        .collect()
}

/// Mean square in decibels relative to 1.
pub(crate) fn level_db(samples: &[f32]) -> f64 {
    let power: f64 = samples
        .iter()
        .map(|sample| f64::from(*sample).powi(2))
        .sum();
    10.0 * (power / samples.len() as f64).log10()
}

/// Frequency of a tone by its rising zero crossings.
pub(crate) fn frequency(samples: &[f32], rate: f64) -> f64 {
    let crossings: Vec<f64> = samples
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| pair[0] < 0.0 && pair[1] >= 0.0)
        .map(|(index, pair)| index as f64 + f64::from(-pair[0] / (pair[1] - pair[0])))
        .collect();
    let span = crossings.last().unwrap() - crossings.first().unwrap();
    rate * (crossings.len() - 1) as f64 / span
}
