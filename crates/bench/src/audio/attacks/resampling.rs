//! To another sampling rate and back.

use super::{Attack, Group, List};
use crate::audio::dsp::interpolate::resample;
use crate::audio::sound::Sound;

const fn rate(name: &'static str, description: &'static str, run: super::Operation) -> Attack {
    Attack::new(Group::Resampling, List::Standard, name, description, run)
}

pub(super) const ATTACKS: &[Attack] = &[
    rate("resample-8k", "to 8 kHz and back", |sound, _| {
        Ok(by_way_of(sound, 8_000.0))
    }),
    rate("resample-16k", "to 16 kHz and back", |sound, _| {
        Ok(by_way_of(sound, 16_000.0))
    }),
    rate("resample-22.05k", "to 22.05 kHz and back", |sound, _| {
        Ok(by_way_of(sound, 22_050.0))
    }),
    rate(
        "resample-48k",
        "to 48 kHz, or 44.1 kHz if it is 48 kHz, and stays there",
        |sound, _| {
            let target = if sound.rate == 48_000 { 44_100 } else { 48_000 };
            let (from, to) = (f64::from(sound.rate), f64::from(target));
            let channels = sound
                .channels
                .iter()
                .map(|channel| resample(channel, from, to));
            Ok(Sound::new(target, channels.collect()))
        },
    ),
];

/// Resamples to `rate` hertz and back.
pub(super) fn by_way_of(sound: &Sound, rate: f64) -> Sound {
    let own = f64::from(sound.rate);
    sound.map_channels(|channel| resample(&resample(channel, own, rate), rate, own))
}
