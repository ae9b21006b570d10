//! Parts lost, removed, moved, or put among other sounds.

use super::noise::stretch_of_other;
use super::timing::speed;
use super::{Attack, Group, List, Scene};
use crate::audio::sound::Sound;
use crate::error::BenchError;

const fn cut(
    list: List,
    name: &'static str,
    description: &'static str,
    run: super::Operation,
) -> Attack {
    Attack::new(Group::Cut, list, name, description, run)
}

pub(super) const ATTACKS: &[Attack] = &[
    cut(
        List::Standard,
        "dropouts",
        "twice a second 30 ms of silence",
        |sound, scene| Ok(dropouts(sound, scene)),
    ),
    cut(
        List::Extra,
        "slips",
        "ten times a second a sample is lost or doubled",
        |sound, scene| Ok(slips(sound, scene)),
    ),
    cut(
        List::Standard,
        "trim",
        "an odd number of samples, up to half a second, off either end",
        |sound, scene| {
            let mut odd = || 2 * scene.random.below(sound.samples_in(0.25)) + 1;
            let (start, end) = (odd(), odd());
            Ok(sound.part(start, sound.frames().saturating_sub(start + end)))
        },
    ),
    cut(
        List::Standard,
        "excise",
        "every two seconds 0.1 to 0.4 s are taken out",
        |sound, scene| Ok(excise(sound, scene)),
    ),
    cut(
        List::Extra,
        "scramble",
        "pieces of two seconds in random order",
        |sound, scene| Ok(scramble(sound, scene)),
    ),
    cut(
        List::Standard,
        "splice",
        "5 to 10 s of it inside 60 s of another sound",
        |sound, scene| splice(sound, scene, 1.0),
    ),
    cut(
        List::Extra,
        "splice-speed",
        "the same at a random speed of ±10 %",
        |sound, scene| {
            let factor = scene.random.range(0.9, 1.1);
            splice(sound, scene, factor)
        },
    ),
];

fn dropouts(sound: &Sound, scene: &mut Scene<'_>) -> Sound {
    let (half_second, length) = (sound.samples_in(0.5).max(1), sound.samples_in(0.03));
    let starts: Vec<usize> = (0..sound.frames().div_ceil(half_second))
        .map(|index| index * half_second + scene.random.below(half_second.saturating_sub(length)))
        .collect();
    sound.map_channels(|channel| {
        let mut channel = channel.clone();
        for start in &starts {
            channel
                .iter_mut()
                .skip(*start)
                .take(length)
                .for_each(|sample| *sample = 0.0);
        }
        channel
    })
}

fn slips(sound: &Sound, scene: &mut Scene<'_>) -> Sound {
    let pace = (sound.samples_in(0.1)).max(1);
    let copies: Vec<u8> = {
        let mut copies = vec![1_u8; sound.frames()];
        for start in (0..copies.len()).step_by(pace) {
            let place = start + scene.random.below(pace);
            if let Some(count) = copies.get_mut(place) {
                *count = if scene.random.uniform() < 0.5 { 0 } else { 2 };
            }
        }
        copies
    };
    sound.map_channels(|channel| {
        let pairs = channel.iter().zip(&copies);
        pairs
            .flat_map(|(sample, count)| std::iter::repeat_n(*sample, usize::from(*count)))
            .collect()
    })
}

fn excise(sound: &Sound, scene: &mut Scene<'_>) -> Sound {
    let pace = sound.samples_in(2.0).max(1);
    let cuts: Vec<(usize, usize)> = (0..sound.frames().div_ceil(pace))
        .map(|index| {
            let length = sound.samples_in(scene.random.range(0.1, 0.4));
            let start = index * pace + scene.random.below(pace.saturating_sub(length));
            (start, start + length)
        })
        .collect();
    sound.map_channels(|channel| {
        let kept = |index: usize| {
            !cuts
                .iter()
                .any(|(start, end)| (*start..*end).contains(&index))
        };
        channel
            .iter()
            .enumerate()
            .filter(|(index, _)| kept(*index))
            .map(|(_, s)| *s)
            .collect()
    })
}

fn scramble(sound: &Sound, scene: &mut Scene<'_>) -> Sound {
    let length = sound.samples_in(2.0).max(1);
    let mut order: Vec<usize> = (0..sound.frames().div_ceil(length)).collect();
    for last in (1..order.len()).rev() {
        // Sattolo 1986: no piece stays where it is.
        order.swap(last, scene.random.below(last));
    }
    sound.map_channels(|channel| {
        let pieces: Vec<&[f32]> = channel.chunks(length).collect();
        order
            .iter()
            .filter_map(|index| pieces.get(*index))
            .copied()
            .flatten()
            .copied()
            .collect()
    })
}

/// Puts 5 to 10 s of the sound, played at `factor` times its speed, inside 60 s of the other sound.
fn splice(sound: &Sound, scene: &mut Scene<'_>, factor: f64) -> Result<Sound, BenchError> {
    let wanted = sound.samples_in(scene.random.range(5.0, 10.0) * factor);
    let length = wanted.min(sound.frames());
    if length < sound.samples_in(5.0 * factor) {
        return Err(BenchError::NotApplicable {
            reason: "shorter than 5 s",
        });
    }
    let start = scene.random.below(sound.frames() - length + 1);
    let piece = speed(&sound.part(start, length), factor);
    let total = sound.samples_in(60.0);
    let mut result = stretch_of_other(sound, scene, total);
    let place = scene.random.below(total - piece.frames());
    for (channel, inserted) in result.channels.iter_mut().zip(&piece.channels) {
        channel.splice(place..place + inserted.len(), inserted.iter().copied());
    }
    let rate = f64::from(sound.rate);
    let end = place + piece.frames();
    scene.region = Some((place as f64 / rate, end as f64 / rate));
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn ramp(frames: usize) -> Sound {
        let samples = (1..=frames).map(|index| index as f32).collect();
        Sound::new(1_000, vec![samples])
    }

    fn scene(other: &Sound) -> Scene<'_> {
        Scene {
            random: Random::new(5, &["cut"]),
            other,
            region: None,
        }
    }

    #[test]
    fn parts_go_where_they_should() {
        let sound = ramp(10_000);
        let zeros = |sound: &Sound| sound.channels[0].iter().filter(|s| **s == 0.0).count();
        assert_eq!(zeros(&dropouts(&sound, &mut scene(&sound))), 20 * 30);
        let slipped = slips(&sound, &mut scene(&sound));
        assert!(slipped.frames().abs_diff(10_000) < 60);
        assert_ne!(slipped, sound);
        let excised = excise(&sound, &mut scene(&sound));
        assert!((8_000..9_500).contains(&excised.frames()));
        let scrambled = scramble(&sound, &mut scene(&sound));
        assert_ne!(scrambled, sound);
        let sum = |sound: &Sound| -> f64 { sound.channels[0].iter().map(|s| f64::from(*s)).sum() };
        assert_eq!(sum(&scrambled), sum(&sound));
    }

    #[test]
    fn a_splice_says_where_it_is() {
        let (sound, other) = (ramp(12_000), Sound::new(1_000, vec![vec![-1.0; 500]]));
        let mut scene = scene(&other);
        let spliced = splice(&sound, &mut scene, 1.0).unwrap();
        let (start, end) = scene.region.unwrap();
        assert_eq!(spliced.frames(), 60_000);
        assert!((5.0..=10.0).contains(&(end - start)));
        let inside = spliced.part(spliced.samples_in(start), spliced.samples_in(end - start));
        assert!(inside.channels[0].iter().all(|sample| *sample > 0.0));
        let count = spliced.channels[0]
            .iter()
            .filter(|sample| **sample > 0.0)
            .count();
        assert_eq!(count, inside.frames());
        let short = splice(&ramp(4_000), &mut scene, 1.0);
        assert!(matches!(short, Err(BenchError::NotApplicable { .. })));
    }
}
