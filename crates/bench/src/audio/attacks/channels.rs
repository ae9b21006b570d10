//! Channels mixed, dropped and inverted.

use super::{Attack, Group, List};
use crate::audio::sound::Sound;
use crate::error::BenchError;

const fn channels(
    list: List,
    name: &'static str,
    description: &'static str,
    run: super::Operation,
) -> Attack {
    Attack::new(Group::Channels, list, name, description, run)
}

pub(super) const ATTACKS: &[Attack] = &[
    channels(
        List::Standard,
        "mono",
        "the mean of all channels",
        |sound, _| {
            two_or_more(sound)?;
            Ok(sound.mono())
        },
    ),
    channels(
        List::Standard,
        "one-channel",
        "one channel alone, at random",
        |sound, scene| {
            two_or_more(sound)?;
            let kept = scene.random.below(sound.channels.len());
            let channels = sound.channels.iter().skip(kept).take(1).cloned();
            Ok(Sound::new(sound.rate, channels.collect()))
        },
    ),
    channels(
        List::Extra,
        "wide",
        "mid/side with the side 6 dB up",
        |sound, _| mid_side(sound, |mid, side| (mid + 2.0 * side, mid - 2.0 * side)),
    ),
    channels(List::Extra, "side", "the side alone, mono", |sound, _| {
        let sided = mid_side(sound, |_, side| (side, side))?;
        Ok(Sound::new(
            sound.rate,
            sided.channels.into_iter().take(1).collect(),
        ))
    }),
    channels(
        List::Standard,
        "polarity",
        "all samples negated",
        |sound, _| Ok(sound.map_samples(|sample| -sample)),
    ),
    channels(
        List::Extra,
        "polarity-one",
        "the first channel's samples negated",
        |sound, _| {
            two_or_more(sound)?;
            let mut sound = sound.clone();
            let first = sound.channels.first_mut();
            first
                .into_iter()
                .flatten()
                .for_each(|sample| *sample = -*sample);
            Ok(sound)
        },
    ),
    channels(
        List::Extra,
        "delay-one",
        "the first channel 0.5 ms late",
        |sound, _| {
            two_or_more(sound)?;
            let mut sound = sound.clone();
            let (delay, frames) = (sound.samples_in(5e-4), sound.frames());
            if let Some(first) = sound.channels.first_mut() {
                first.splice(..0, std::iter::repeat_n(0.0, delay));
                first.truncate(frames);
            }
            Ok(sound)
        },
    ),
];

fn two_or_more(sound: &Sound) -> Result<(), BenchError> {
    if sound.channels.len() > 1 {
        return Ok(());
    }
    Err(BenchError::NotApplicable {
        reason: "has one channel",
    })
}

/// Makes left and right of mid (L+R)/2 and side (L−R)/2.
fn mid_side(sound: &Sound, make: impl Fn(f32, f32) -> (f32, f32)) -> Result<Sound, BenchError> {
    let [left, right] = sound.channels.as_slice() else {
        return Err(BenchError::NotApplicable {
            reason: "is not stereo",
        });
    };
    let pairs = left.iter().zip(right);
    let (left, right) = pairs
        .map(|(l, r)| make((l + r) / 2.0, (l - r) / 2.0))
        .unzip();
    Ok(Sound::new(sound.rate, vec![left, right]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mid_and_side_make_left_and_right() {
        let stereo = Sound::new(8_000, vec![vec![0.5, 0.25], vec![-0.25, 0.0]]);
        let same = mid_side(&stereo, |mid, side| (mid + side, mid - side)).unwrap();
        assert_eq!(same, stereo);
        assert!(mid_side(&stereo.mono(), |mid, side| (mid, side)).is_err());
        assert!(two_or_more(&stereo.mono()).is_err());
    }
}
