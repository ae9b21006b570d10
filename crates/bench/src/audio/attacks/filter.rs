//! Bands removed or weighted, and the telephone.

use super::{Attack, Group, List};
use crate::audio::dsp::filter::{Biquad, high_pass, low_pass};
use crate::audio::dsp::interpolate::resample;
use crate::audio::sound::Sound;

const fn filter(
    list: List,
    name: &'static str,
    description: &'static str,
    run: super::Operation,
) -> Attack {
    Attack::new(Group::Filter, list, name, description, run)
}

pub(super) const ATTACKS: &[Attack] = &[
    filter(
        List::Standard,
        "lowpass-4k",
        "Butterworth low-pass at 4 kHz, order 8",
        |sound, _| {
            let rate = f64::from(sound.rate);
            Ok(sound.map_channels(|channel| low_pass(channel, rate, 4_000.0, 8)))
        },
    ),
    filter(
        List::Standard,
        "highpass-1k",
        "Butterworth high-pass at 1 kHz, order 8",
        |sound, _| {
            let rate = f64::from(sound.rate);
            Ok(sound.map_channels(|channel| high_pass(channel, rate, 1_000.0, 8)))
        },
    ),
    filter(
        List::Extra,
        "bandpass-0.5-3k",
        "500 Hz to 3 kHz, orders 4",
        |sound, _| Ok(band_pass(sound, 500.0, 3_000.0, 4)),
    ),
    filter(
        List::Quick,
        "phone",
        "mono, 300 to 3400 Hz, 8 kHz, μ-law (ITU-T G.711)",
        |sound, _| Ok(phone(sound)),
    ),
    filter(
        List::Standard,
        "eq",
        "bells of ±6 dB in turn at 120, 400, 1200, 3500 Hz",
        |sound, _| {
            let gains = [6.0, -6.0, 6.0, -6.0];
            Ok(equalise(sound, &[120.0, 400.0, 1_200.0, 3_500.0], &gains))
        },
    ),
    filter(
        List::Extra,
        "eq-random",
        "ten octave bells with gains drawn from ±6 dB",
        |sound, scene| {
            let centres: Vec<f64> = (0..10)
                .map(|octave| 31.25 * f64::from(1 << octave))
                .collect();
            let gains: Vec<f64> = centres
                .iter()
                .map(|_| scene.random.range(-6.0, 6.0))
                .collect();
            Ok(equalise(sound, &centres, &gains))
        },
    ),
];

fn band_pass(sound: &Sound, low: f64, high: f64, order: usize) -> Sound {
    let rate = f64::from(sound.rate);
    sound.map_channels(|channel| low_pass(&high_pass(channel, rate, low, order), rate, high, order))
}

fn equalise(sound: &Sound, centres: &[f64], gains: &[f64]) -> Sound {
    let rate = f64::from(sound.rate);
    let bells: Vec<Biquad> = centres
        .iter()
        .zip(gains)
        .filter(|(centre, _)| **centre < 0.45 * rate)
        .map(|(centre, gain)| Biquad::peak(rate, *centre, 1.0, *gain))
        .collect();
    sound.map_channels(|channel| {
        bells
            .iter()
            .fold(channel.clone(), |samples, bell| bell.filter(&samples))
    })
}

/// A telephone line: mono, 300–3400 Hz, 8 kHz, logarithmic samples; brought back to the old rate.
pub(super) fn phone(sound: &Sound) -> Sound {
    let rate = f64::from(sound.rate);
    let narrow = band_pass(&sound.mono(), 300.0, 3_400.0, 8);
    narrow.map_channels(|channel| {
        let line = resample(channel, rate, 8_000.0).into_iter().map(mu_law);
        resample(&line.collect::<Vec<f32>>(), 8_000.0, rate)
    })
}

/// A sample after 8-bit μ-law coding: the continuous law of ITU-T G.711 with μ = 255, quantised to
/// 255 levels.
fn mu_law(sample: f32) -> f32 {
    const MU: f32 = 255.0;
    let compressed = (MU * sample.abs().min(1.0)).ln_1p() / MU.ln_1p();
    let level = (compressed * 127.0).round() / 127.0;
    ((level * MU.ln_1p()).exp_m1() / MU).copysign(sample)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::testing::{level_db, tone};

    #[test]
    fn mu_law_has_its_known_ratio_for_a_sine() {
        // About 38 dB over a wide range of levels (Jayant and Noll 1984, section 5.3).
        let input = tone(8_000.0, 333.3, 1.0);
        let error: Vec<f32> = input
            .iter()
            .map(|sample| mu_law(*sample) - sample)
            .collect();
        let ratio = level_db(&input) - level_db(&error);
        assert!((36.0..40.0).contains(&ratio), "{ratio}");
        assert_eq!(mu_law(0.0), 0.0);
        assert!((mu_law(-1.0) + 1.0).abs() < 1e-6);
        assert!(mu_law(3.0) <= 1.0 + 1e-6);
    }

    #[test]
    fn the_phone_keeps_its_band_alone() {
        let loss = |frequency: f64| {
            let input = Sound::new(44_100, vec![tone(44_100.0, frequency, 1.0); 2]);
            let output = phone(&input);
            assert_eq!(output.channels.len(), 1);
            level_db(&output.channels[0][11_025..33_075]) - level_db(&input.channels[0])
        };
        assert!(loss(1_000.0).abs() < 0.3, "{}", loss(1_000.0));
        assert!(loss(100.0) < -30.0);
        assert!(loss(6_000.0) < -30.0);
    }
}
