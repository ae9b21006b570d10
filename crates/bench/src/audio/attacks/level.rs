//! Gain, clipping, coarse samples, compression.

use super::{Attack, Group, List};
use crate::audio::sound::Sound;
use crate::statistics::quantile;

const fn level(name: &'static str, description: &'static str, run: super::Operation) -> Attack {
    Attack::new(Group::Level, List::Standard, name, description, run)
}

pub(super) const ATTACKS: &[Attack] = &[
    level("gain-minus-12", "12 dB quieter", |sound, _| {
        Ok(gain(sound, -12.0))
    }),
    level(
        "gain-plus-6",
        "6 dB louder, clipped at full scale",
        |sound, _| Ok(gain(sound, 6.0)),
    ),
    level(
        "clip-3",
        "the loudest 3 % of the samples are clipped",
        |sound, _| Ok(clip(sound, 0.03)),
    ),
    level("bits-8", "8 bits per sample, without dither", |sound, _| {
        Ok(sound.map_samples(|sample| (sample * 128.0).round().clamp(-128.0, 127.0) / 128.0))
    }),
    level(
        "compress",
        "compressor: 4:1 above 12 dB below the loudest 5 %, 5 ms attack, 100 ms release",
        |sound, _| Ok(compress(sound)),
    ),
];

fn gain(sound: &Sound, decibels: f64) -> Sound {
    let factor = 10.0_f64.powf(decibels / 20.0) as f32;
    sound.map_samples(|sample| (sample * factor).clamp(-1.0, 1.0))
}

fn clip(sound: &Sound, part: f64) -> Sound {
    let limit = loudness_quantile(sound, 1.0 - part);
    sound.map_samples(|sample| sample.clamp(-limit, limit))
}

/// The magnitude that `fraction` of all samples stay below.
fn loudness_quantile(sound: &Sound, fraction: f64) -> f32 {
    let samples = sound.channels.iter().flatten();
    let magnitudes: Vec<f64> = samples.map(|sample| f64::from(sample.abs())).collect();
    let value = quantile(&magnitudes, fraction);
    if value.is_finite() { value as f32 } else { 1.0 }
}

/// A feed-forward compressor whose smoothed gain is common to all channels (Giannoulis, Massberg
/// and Reiss, "Digital dynamic range compressor design", JAES 60(6), 2012: log domain, smooth
/// branching detector, hard knee).
fn compress(sound: &Sound) -> Sound {
    const RATIO: f64 = 4.0;
    const BELOW_LOUD_DB: f64 = 12.0;
    let loud = f64::from(loudness_quantile(sound, 0.95)).max(1e-6);
    let threshold = 20.0 * loud.log10() - BELOW_LOUD_DB;
    let rate = f64::from(sound.rate);
    let (attack, release) = ((-1.0 / (0.005 * rate)).exp(), (-1.0 / (0.1 * rate)).exp());
    let mut reduction = 0.0;
    let gains: Vec<f32> = (0..sound.frames())
        .map(|frame| {
            let peaks = sound.channels.iter().map(|channel| channel[frame].abs());
            let level = 20.0 * f64::from(peaks.fold(1e-6, f32::max)).log10();
            let wanted = (level - threshold).max(0.0) * (1.0 - 1.0 / RATIO);
            let inertia = if wanted > reduction { attack } else { release };
            reduction = inertia * reduction + (1.0 - inertia) * wanted;
            10.0_f64.powf(-reduction / 20.0) as f32
        })
        .collect();
    sound.map_channels(|channel| channel.iter().zip(&gains).map(|(s, g)| s * g).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::testing::{level_db, tone};

    #[test]
    fn clipping_takes_its_share() {
        let ramp: Vec<f32> = (0..1_000).map(|index| index as f32 / 1_000.0).collect();
        let clipped = clip(&Sound::new(8_000, vec![ramp.clone()]), 0.03);
        let changed = clipped.channels[0]
            .iter()
            .zip(&ramp)
            .filter(|(a, b)| a != b)
            .count();
        assert!((28..=31).contains(&changed), "{changed}");
        assert_eq!(clip(&Sound::new(8_000, vec![]), 0.03).frames(), 0);
    }

    #[test]
    fn gains_are_decibels() {
        let sound = Sound::new(8_000, vec![tone(8_000.0, 100.0, 1.0)]);
        let quieter = gain(&sound, -12.0);
        let change = level_db(&quieter.channels[0]) - level_db(&sound.channels[0]);
        assert!((change + 12.0).abs() < 1e-3);
        assert!(
            gain(&sound, 12.0).channels[0]
                .iter()
                .all(|sample| sample.abs() <= 1.0)
        );
    }

    #[test]
    fn compression_narrows_the_range() {
        let mut samples = tone(16_000.0, 500.0, 2.0);
        samples[..16_000]
            .iter_mut()
            .for_each(|sample| *sample *= 0.1);
        let sound = Sound::new(16_000, vec![samples]);
        let range = |sound: &Sound| {
            let samples = &sound.channels[0];
            level_db(&samples[24_000..]) - level_db(&samples[8_000..16_000])
        };
        assert!((range(&sound) - 20.0).abs() < 0.1);
        // The loud half stands 12 dB above the threshold: nearly 12 × 3/4 dB go.
        let narrowed = range(&compress(&sound));
        assert!((11.0..13.0).contains(&narrowed), "{narrowed}");
    }
}
