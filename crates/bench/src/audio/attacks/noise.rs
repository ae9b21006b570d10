//! Added noise, at a signal-to-noise ratio over the whole file, and other sounds behind the clip.

use super::{Attack, Group, List, Scene};
use crate::audio::dsp::fourier::pink_noise;
use crate::audio::dsp::interpolate::resample;
use crate::audio::sound::Sound;

const fn noise(
    list: List,
    name: &'static str,
    description: &'static str,
    run: super::Operation,
) -> Attack {
    Attack::new(Group::Noise, list, name, description, run)
}

pub(super) const ATTACKS: &[Attack] = &[
    noise(List::Extra, "white-40", "white noise, 40 dB SNR", |s, c| {
        Ok(white(s, c, 40.0))
    }),
    noise(
        List::Standard,
        "white-30",
        "white noise, 30 dB SNR",
        |s, c| Ok(white(s, c, 30.0)),
    ),
    noise(List::Quick, "white-20", "white noise, 20 dB SNR", |s, c| {
        Ok(white(s, c, 20.0))
    }),
    noise(
        List::Standard,
        "white-10",
        "white noise, 10 dB SNR",
        |s, c| Ok(white(s, c, 10.0)),
    ),
    noise(List::Extra, "pink-40", "pink noise, 40 dB SNR", |s, c| {
        Ok(pink(s, c, 40.0))
    }),
    noise(List::Extra, "pink-30", "pink noise, 30 dB SNR", |s, c| {
        Ok(pink(s, c, 30.0))
    }),
    noise(
        List::Standard,
        "pink-20",
        "pink noise, 20 dB SNR",
        |s, c| Ok(pink(s, c, 20.0)),
    ),
    noise(List::Extra, "pink-10", "pink noise, 10 dB SNR", |s, c| {
        Ok(pink(s, c, 10.0))
    }),
    noise(
        List::Quick,
        "background-10",
        "another sound, 10 dB below the clip",
        |sound, scene| {
            let frames = sound.frames();
            let other = stretch_of_other(sound, scene, frames);
            Ok(mixed(sound, &other, 10.0))
        },
    ),
];

/// Adds white Gaussian noise, independent in each channel.
pub(super) fn white(sound: &Sound, scene: &mut Scene<'_>, ratio_db: f64) -> Sound {
    let normal = |_: &f32| scene.random.normal() as f32;
    let mut normal = normal;
    let noise = sound.map_channels(|channel| channel.iter().map(&mut normal).collect());
    mixed(sound, &noise, ratio_db)
}

fn pink(sound: &Sound, scene: &mut Scene<'_>, ratio_db: f64) -> Sound {
    let rate = f64::from(sound.rate);
    let noise = sound.map_channels(|channel| pink_noise(channel.len(), rate, &mut scene.random));
    mixed(sound, &noise, ratio_db)
}

/// `sound` and, `ratio_db` below it in mean power, `other`.
fn mixed(sound: &Sound, other: &Sound, ratio_db: f64) -> Sound {
    let target = sound.power() / 10.0_f64.powf(ratio_db / 10.0);
    let power = other.power();
    // Silence stays silence, however much of it is added.
    let gain = if power > 0.0 {
        (target / power).sqrt() as f32
    } else {
        0.0
    };
    let pairs = sound.channels.iter().zip(&other.channels);
    let channels = pairs.map(|(own, added)| {
        own.iter()
            .zip(added)
            .map(|(sample, noise)| sample + gain * noise)
            .collect()
    });
    Sound::new(sound.rate, channels.collect())
}

/// `frames` samples of the other sound from a random place on, repeated where it is shorter, with
/// the rate and channels of `sound`.
pub(super) fn stretch_of_other(sound: &Sound, scene: &mut Scene<'_>, frames: usize) -> Sound {
    let (from, to) = (f64::from(scene.other.rate), f64::from(sound.rate));
    let start = scene.random.below(scene.other.frames());
    // Resample what is needed and no more, with something to spare for the filter's ends.
    let needed = (frames as f64 * from / to).ceil() as usize + 64;
    let other = scene.other.with_channels_of(sound);
    let channels = other.channels.iter().map(|channel| {
        let looped = channel.iter().cycle().skip(start).take(needed).copied();
        let mut samples = resample(&looped.collect::<Vec<f32>>(), from, to);
        samples.resize(frames, 0.0);
        samples
    });
    Sound::new(sound.rate, channels.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::testing::{level_db, tone};
    use crate::random::Random;

    fn scene(other: &Sound) -> Scene<'_> {
        Scene {
            random: Random::new(1, &["noise"]),
            other,
            region: None,
        }
    }

    fn added(before: &Sound, after: &Sound) -> Vec<f32> {
        let pairs = before
            .channels
            .iter()
            .flatten()
            .zip(after.channels.iter().flatten());
        pairs.map(|(before, after)| after - before).collect()
    }

    #[test]
    fn ratios_are_exact() {
        let sound = Sound::new(16_000, vec![tone(16_000.0, 440.0, 1.0), vec![0.0; 16_000]]);
        let other = Sound::new(44_100, vec![tone(44_100.0, 100.0, 0.3)]);
        let level = 10.0 * sound.power().log10();
        for (ratio, attacked) in [
            (20.0, white(&sound, &mut scene(&other), 20.0)),
            (30.0, pink(&sound, &mut scene(&other), 30.0)),
            (10.0, {
                let background = stretch_of_other(&sound, &mut scene(&other), 16_000);
                mixed(&sound, &background, 10.0)
            }),
        ] {
            let found = level - level_db(&added(&sound, &attacked));
            assert!((found - ratio).abs() < 0.01, "{found} {ratio}");
        }
    }

    #[test]
    fn silence_stays_finite() {
        let sound = Sound::new(8_000, vec![vec![0.0; 800]]);
        let attacked = white(&sound, &mut scene(&sound), 20.0);
        assert!(
            attacked
                .channels
                .iter()
                .flatten()
                .all(|sample| sample.is_finite())
        );
        let empty = Sound::new(8_000, vec![]);
        assert_eq!(
            stretch_of_other(&sound, &mut scene(&empty), 10).frames(),
            10
        );
    }
}
