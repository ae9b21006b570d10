//! Signal-to-noise ratios.

use crate::audio::sound::Sound;

/// Energy of `original` over energy of the difference, over all channels, dB. Infinite when there is
/// no difference.
#[must_use]
pub fn snr(original: &Sound, changed: &Sound) -> f64 {
    let pairs = original.channels.iter().zip(&changed.channels);
    let (signal, noise) = pairs
        .map(|(before, after)| energies(before, after))
        .fold((0.0, 0.0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
    if noise == 0.0 {
        return f64::INFINITY;
    }
    10.0 * (signal / noise).log10()
}

/// Mean over frames of 20 ms of the frame's signal-to-noise ratio, dB, each limited to −10…35 dB
/// (Hansen and Pellom, "An effective quality evaluation protocol for speech enhancement
/// algorithms", ICSLP 1998). Frames of digital silence that stay silent count nowhere; NaN when
/// there are no others.
#[must_use]
pub fn segmental_snr(original: &Sound, changed: &Sound) -> f64 {
    let frame = original.samples_in(0.02).max(1);
    let (mut sum, mut count) = (0.0, 0_usize);
    for (before, after) in original.channels.iter().zip(&changed.channels) {
        for (before, after) in before.chunks_exact(frame).zip(after.chunks_exact(frame)) {
            let (signal, noise) = energies(before, after);
            if signal > 0.0 || noise > 0.0 {
                sum += (10.0 * (signal / noise).log10()).clamp(-10.0, 35.0);
                count += 1;
            }
        }
    }
    sum / count as f64
}

/// Energy of the original and of the difference.
fn energies(before: &[f32], after: &[f32]) -> (f64, f64) {
    before
        .iter()
        .zip(after)
        .fold((0.0, 0.0), |(signal, noise), (before, after)| {
            let (before, after) = (f64::from(*before), f64::from(*after));
            (signal + before * before, noise + (after - before).powi(2))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_have_known_values() {
        let original = Sound::new(8_000, vec![vec![0.5; 1_600], vec![0.1; 1_600]]);
        let changed = original.map_samples(|sample| sample * 1.1);
        assert!((snr(&original, &changed) - 20.0).abs() < 1e-4);
        assert!((segmental_snr(&original, &changed) - 20.0).abs() < 1e-4);
        assert_eq!(snr(&original, &original), f64::INFINITY);
        assert_eq!(segmental_snr(&original, &original), 35.0);
    }

    #[test]
    fn segments_are_averaged_in_decibels_and_limited() {
        // Ten frames at 10 dB, ten at 30 dB, ten at 60 dB: (10 + 30 + 35) / 3; then ten silent ones.
        let samples = |ratios: [f32; 3]| -> Vec<f32> {
            let loud = ratios
                .iter()
                .flat_map(|ratio| std::iter::repeat_n(1.0 + 10.0_f32.powf(-ratio / 20.0), 1_600));
            loud.chain(std::iter::repeat_n(0.0, 1_600)).collect()
        };
        let original = Sound::new(8_000, vec![samples([f32::INFINITY; 3])]);
        let changed = Sound::new(8_000, vec![samples([10.0, 30.0, 60.0])]);
        assert!((segmental_snr(&original, &changed) - 25.0).abs() < 0.01);
        let silence = Sound::new(8_000, vec![vec![0.0; 1_600]]);
        assert!(segmental_snr(&silence, &silence).is_nan());
        let hiss = Sound::new(8_000, vec![vec![0.01; 1_600]]);
        assert_eq!(segmental_snr(&silence, &hiss), -10.0);
    }
}
