//! Speed, tempo, pitch, and clocks that do not run steadily.
//!
//! *Speed* f plays the samples f times as fast, which moves pitch and tempo; *tempo* f keeps the
//! pitch; *pitch* in semitones keeps the tempo.

use std::f64::consts::TAU;

use super::external::filter;
use super::{Attack, Group, List, Scene};
use crate::audio::dsp::interpolate::{Interpolator, resample};
use crate::audio::dsp::stretch::{change_pitch, change_tempo};
use crate::audio::sound::Sound;

const fn timing(
    list: List,
    name: &'static str,
    description: &'static str,
    run: super::Operation,
) -> Attack {
    Attack::new(Group::Timing, list, name, description, run)
}

use List::{Extra, Quick, Standard};

pub(super) const ATTACKS: &[Attack] = &[
    timing(Standard, "speed-0.75", "25 % slower", |s, _| {
        Ok(speed(s, 0.75))
    }),
    timing(Standard, "speed-0.9", "10 % slower", |s, _| {
        Ok(speed(s, 0.9))
    }),
    timing(Extra, "speed-0.95", "5 % slower", |s, _| Ok(speed(s, 0.95))),
    timing(Quick, "speed-1.05", "5 % faster", |s, _| Ok(speed(s, 1.05))),
    timing(Standard, "speed-1.1", "10 % faster", |s, _| {
        Ok(speed(s, 1.1))
    }),
    timing(Standard, "speed-1.25", "25 % faster", |s, _| {
        Ok(speed(s, 1.25))
    }),
    timing(
        Standard,
        "speed-random",
        "speed drawn from ±25 %",
        |sound, scene| Ok(speed(sound, scene.random.range(0.75, 1.25))),
    ),
    timing(Extra, "tempo-0.85", "WSOLA, 15 % slower", |s, _| {
        Ok(tempo(s, 0.85))
    }),
    timing(Extra, "tempo-0.9", "WSOLA, 10 % slower", |s, _| {
        Ok(tempo(s, 0.9))
    }),
    timing(Quick, "tempo-0.95", "WSOLA, 5 % slower", |s, _| {
        Ok(tempo(s, 0.95))
    }),
    timing(Standard, "tempo-1.05", "WSOLA, 5 % faster", |s, _| {
        Ok(tempo(s, 1.05))
    }),
    timing(Extra, "tempo-1.1", "WSOLA, 10 % faster", |s, _| {
        Ok(tempo(s, 1.1))
    }),
    timing(Extra, "tempo-1.15", "WSOLA, 15 % faster", |s, _| {
        Ok(tempo(s, 1.15))
    }),
    timing(
        Standard,
        "tempo-random",
        "WSOLA, tempo drawn from ±10 %",
        |sound, scene| Ok(tempo(sound, scene.random.range(0.9, 1.1))),
    ),
    timing(
        Standard,
        "atempo-1.1",
        "ffmpeg's `atempo`, 10 % faster",
        |sound, _| filter(sound, "atempo", "atempo=1.1"),
    ),
    timing(
        Standard,
        "rubberband-0.9",
        "Rubber Band, 10 % slower",
        |sound, _| filter(sound, "rubberband", "rubberband=tempo=0.9"),
    ),
    timing(
        Extra,
        "rubberband-pitch-1",
        "Rubber Band, a semitone up",
        |sound, _| filter(sound, "rubberband", "rubberband=pitch=1.059463094"),
    ),
    timing(
        Standard,
        "pitch-minus-2",
        "WSOLA, two semitones down",
        |s, _| Ok(pitch(s, -2.0)),
    ),
    timing(
        Standard,
        "pitch-minus-1",
        "WSOLA, a semitone down",
        |s, _| Ok(pitch(s, -1.0)),
    ),
    timing(Quick, "pitch-plus-1", "WSOLA, a semitone up", |s, _| {
        Ok(pitch(s, 1.0))
    }),
    timing(
        Standard,
        "pitch-plus-2",
        "WSOLA, two semitones up",
        |s, _| Ok(pitch(s, 2.0)),
    ),
    timing(
        Extra,
        "pitch-random",
        "WSOLA, pitch drawn from ±1 semitone",
        |sound, scene| Ok(pitch(sound, scene.random.range(-1.0, 1.0))),
    ),
    timing(
        Standard,
        "jitter",
        "every sample is read at a time that errs by 5 μs (standard deviation)",
        |sound, scene| Ok(jitter(sound, scene)),
    ),
    timing(
        Standard,
        "wow-flutter",
        "speed wavers by ±0.3 % at 0.7 Hz and ±0.1 % at 7 Hz",
        |sound, scene| Ok(wow_and_flutter(sound, scene)),
    ),
];

/// Plays at `factor` times the speed.
pub(in crate::audio) fn speed(sound: &Sound, factor: f64) -> Sound {
    sound.map_channels(|channel| resample(channel, factor, 1.0))
}

pub(super) fn tempo(sound: &Sound, factor: f64) -> Sound {
    let rate = f64::from(sound.rate);
    Sound::new(sound.rate, change_tempo(&sound.channels, rate, factor))
}

pub(super) fn pitch(sound: &Sound, semitones: f64) -> Sound {
    let rate = f64::from(sound.rate);
    Sound::new(sound.rate, change_pitch(&sound.channels, rate, semitones))
}

fn jitter(sound: &Sound, scene: &mut Scene<'_>) -> Sound {
    const DEVIATION_S: f64 = 5e-6;
    let deviation = DEVIATION_S * f64::from(sound.rate);
    let positions: Vec<f64> = (0..sound.frames())
        .map(|frame| frame as f64 + deviation * scene.random.normal())
        .collect();
    read_at(sound, &positions)
}

/// Depths as on a cheap cassette deck; IEC 60386 weights wow below and flutter above 4 Hz.
fn wow_and_flutter(sound: &Sound, scene: &mut Scene<'_>) -> Sound {
    let rate = f64::from(sound.rate);
    let waves = [(0.003, 0.7), (0.001, 7.0)]
        .map(|(depth, hertz)| (depth, TAU * hertz / rate, TAU * scene.random.uniform()));
    // The position is the integral of the speed 1 + Σ depth·cos(step·n + phase).
    let position = |frame: usize| {
        let time = frame as f64;
        let moved = waves
            .iter()
            .map(|(depth, step, phase)| depth / step * ((step * time + phase).sin() - phase.sin()));
        time + moved.sum::<f64>()
    };
    let positions: Vec<f64> = (0..sound.frames()).map(position).collect();
    read_at(sound, &positions)
}

fn read_at(sound: &Sound, positions: &[f64]) -> Sound {
    let interpolator = Interpolator::new(1.0);
    sound.map_channels(|channel| {
        positions
            .iter()
            .map(|position| interpolator.at(channel, *position))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::testing::{frequency, level_db, tone};
    use crate::random::Random;

    #[test]
    fn speed_moves_length_and_pitch() {
        let sound = Sound::new(16_000, vec![tone(16_000.0, 440.0, 1.0)]);
        for factor in [0.75, 1.05, 1.25] {
            let played = speed(&sound, factor);
            assert!(played.frames().abs_diff((16_000.0 / factor) as usize) <= 1);
            let found = frequency(&played.channels[0][1_000..9_000], 16_000.0);
            assert!((found - 440.0 * factor).abs() < 0.5, "{found}");
        }
    }

    #[test]
    fn unsteady_clocks_err_as_much_as_they_say() {
        let sound = Sound::new(16_000, vec![tone(16_000.0, 1_000.0, 1.0)]);
        let mut scene = Scene {
            random: Random::new(2, &["timing"]),
            other: &sound,
            region: None,
        };
        let shaken = jitter(&sound, &mut scene);
        let error: Vec<f32> = shaken.channels[0][500..15_500]
            .iter()
            .zip(&sound.channels[0][500..15_500])
            .map(|(a, b)| a - b)
            .collect();
        // A sine of 1 kHz read 5 μs wrong errs by 2π·0.005 of itself.
        let expected = 20.0 * (TAU * 0.005).log10();
        let found = level_db(&error) - level_db(&sound.channels[0]);
        assert!((found - expected).abs() < 0.3, "{found} {expected}");
        let wavering = wow_and_flutter(&sound, &mut scene);
        let found = level_db(&wavering.channels[0]) - level_db(&sound.channels[0]);
        assert!(found.abs() < 0.1);
        assert_ne!(wavering, sound);
    }
}
