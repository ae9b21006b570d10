//! What holds for every rate, number of channels, length, level and strength.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use filigrane_audio::{
    AudioError, AudioPlan, AudioQuality, AudioStrength, AudioWatermark, SoundMut, SoundRef,
};
use filigrane_payload::{Detection, Key, MarkId, Origin, Payload, Watermark};
use proptest::prelude::*;
use std::sync::LazyLock;

#[allow(dead_code, reason = "other tests use the rest")]
mod sounds;
use sounds::{Channels, noise, voice};

static PLAN: LazyLock<AudioPlan> = LazyLock::new(|| AudioPlan::new(&Key::public()).unwrap());

/// The loudest sample that 16 bits hold on both sides of 0.
const FULL_SCALE: f32 = 32_767.0 / 32_768.0;
/// The block of the mark, below which nothing can be marked.
const BLOCK_S: f64 = 2.4;

fn payload() -> Payload {
    Payload::new(Origin::Captured, MarkId::from_bytes([0xa5; 11]))
}

/// Channels that differ, so loud that the limit cuts into them where `gain` is high.
fn sound(rate: u32, channels: usize, seconds: f64, gain: f32) -> Channels {
    let channel = |i: usize| {
        let mut samples = match i % 2 {
            0 => noise(&format!("channel {i}"), rate, seconds),
            _ => voice(&format!("channel {i}"), rate, seconds),
        };
        let limited = |sample: &mut f32| *sample = (*sample * gain).clamp(-1.0, FULL_SCALE);
        samples.iter_mut().for_each(limited);
        samples
    };
    (0..channels).map(channel).collect()
}

fn marked(
    rate: u32,
    sound: &Channels,
    strength: AudioStrength,
) -> Result<(Channels, AudioQuality), AudioError> {
    let mut marked = sound.clone();
    let target = SoundMut::new(rate, marked.iter_mut().map(Vec::as_mut_slice))?;
    let quality = AudioWatermark::with_strength(strength).embed(target, &PLAN, &payload())?;
    Ok((marked, quality))
}

/// Energy of a sound over that of its change, in decibels.
fn snr_db(sound: &Channels, marked: &Channels) -> f64 {
    let square = |value: f32| f64::from(value).powi(2);
    let signal: f64 = sound.iter().flatten().map(|&sample| square(sample)).sum();
    let pairs = sound.iter().flatten().zip(marked.iter().flatten());
    let change: f64 = pairs.map(|(before, after)| square(after - before)).sum();
    10.0 * (signal / change).log10()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..Default::default() })]

    #[test]
    fn marks_are_bounded_repeatable_and_found(
        rate in prop_oneof![
            prop::sample::select(vec![8_000_u32, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000]),
            8_000..60_000_u32,
        ],
        channels in 1..=4_usize,
        seconds in 4.0..9.0_f64,
        gain in prop::sample::select(vec![0.05_f32, 1.0, 4.0]),
        strength in prop::sample::select(AudioStrength::ALL.to_vec()),
    ) {
        let sound = sound(rate, channels, seconds, gain);
        let (first, quality) = marked(rate, &sound, strength).unwrap();
        for (channel, samples) in sound.iter().zip(&first) {
            prop_assert_eq!(channel.len(), samples.len());
            for (before, after) in channel.iter().zip(samples) {
                prop_assert!(after.is_finite());
                prop_assert!(after.abs() <= before.abs().max(FULL_SCALE), "{before} became {after}");
            }
        }
        // The floor of the weakest mark is 25 dB, that of the strongest 19; a decibel less where the mark
        // would not be read back.
        let snr_db = snr_db(&sound, &first);
        prop_assert!((snr_db - quality.snr_db).abs() < 0.2, "{snr_db} {quality:?}");
        prop_assert!(snr_db >= 17.9, "{snr_db}");
        let (second, again) = marked(rate, &sound, strength).unwrap();
        prop_assert!(first == second && quality == again);
        let view = SoundRef::new(rate, first.iter().map(Vec::as_slice)).unwrap();
        match AudioWatermark::new().detect(view, &[&PLAN]).unwrap() {
            Detection::Found { mark, others } => {
                prop_assert_eq!(mark.payload, payload());
                prop_assert!(others.is_empty());
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn what_is_too_short_is_refused_and_left_alone(
        rate in 8_000..60_000_u32,
        channels in 1..=3_usize,
        seconds in 0.0..3.0_f64,
    ) {
        let sound = sound(rate, channels, seconds, 1.0);
        let frames = sound[0].len() as f64;
        let mut target = sound.clone();
        let view = SoundMut::new(rate, target.iter_mut().map(Vec::as_mut_slice)).unwrap();
        match AudioWatermark::new().embed(view, &PLAN, &payload()) {
            Ok(_) => {
                prop_assert!(frames / f64::from(rate) >= BLOCK_S);
                prop_assert!(target != sound);
            }
            Err(AudioError::TooShort { found_s, needed_s }) => {
                prop_assert!(found_s < needed_s && (needed_s - BLOCK_S).abs() < 1e-9);
                prop_assert!(target == sound);
            }
            // Between one block and a few, narrow-band sounds may have too little room.
            Err(AudioError::CannotCarry { .. }) => prop_assert!(seconds >= BLOCK_S && target == sound),
            Err(other) => prop_assert!(false, "{:?}", other),
        }
    }
}
