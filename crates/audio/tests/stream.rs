//! Streams give what marking the whole sound at once gives, to the last bit.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use filigrane_audio::{
    AudioEmbedder, AudioError, AudioPlan, AudioQuality, AudioStrength, AudioWatermark, SoundMut,
    SoundRef, StreamSetting,
};
use filigrane_payload::{Detection, Key, MarkId, Origin, Payload, Watermark};
use proptest::prelude::*;

#[allow(dead_code, reason = "other tests use the rest")]
mod sounds;
use sounds::{Channels, noise, voice};

fn plan() -> AudioPlan {
    AudioPlan::new(&Key::public()).unwrap()
}

fn payload() -> Payload {
    Payload::new(Origin::Generated, MarkId::from_bytes([9; 11]))
}

fn sound(rate: u32, channels: usize, seconds: f64) -> Channels {
    let channel = |i: usize| match i {
        0 => voice("stream", rate, seconds),
        _ => noise("stream", rate, seconds),
    };
    (0..channels).map(channel).collect()
}

fn marked_at_once(
    sound: &Channels,
    rate: u32,
    strength: AudioStrength,
) -> (Channels, AudioQuality) {
    let mut marked = sound.clone();
    let target = SoundMut::new(rate, marked.iter_mut().map(Vec::as_mut_slice)).unwrap();
    let scheme = AudioWatermark::with_strength(strength);
    let quality = scheme.embed(target, &plan(), &payload()).unwrap();
    (marked, quality)
}

/// Streams a sound in chunks of these sizes in turn; also the most samples that were held back.
fn streamed(
    sound: &Channels,
    rate: u32,
    setting: StreamSetting,
    sizes: &[usize],
) -> (Channels, usize) {
    let plan = plan();
    let mut stream = AudioEmbedder::new(rate, sound.len(), &plan, &payload(), setting).unwrap();
    let mut out: Channels = vec![Vec::new(); sound.len()];
    let (mut start, mut behind) = (0, 0);
    for size in sizes.iter().cycle() {
        if start == sound[0].len() {
            break;
        }
        let end = (start + size).min(sound[0].len());
        let chunk: Vec<&[f32]> = sound.iter().map(|channel| &channel[start..end]).collect();
        for (out, ready) in out.iter_mut().zip(stream.push(&chunk).unwrap()) {
            out.extend(ready);
        }
        start = end;
        behind = behind.max(start - out[0].len());
    }
    for (out, rest) in out.iter_mut().zip(stream.finish()) {
        out.extend(rest);
    }
    (out, behind)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn any_chunks_give_the_same_samples(
        rate in prop::sample::select(vec![8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000]),
        channels in 1..=3_usize,
        seconds in 2.5..6.0_f64,
        sizes in prop::collection::vec(1..40_000_usize, 1..5),
    ) {
        let sound = sound(rate, channels, seconds);
        let (expected, quality) = marked_at_once(&sound, rate, AudioStrength::Usual);
        let (marked, _) = streamed(&sound, rate, quality.into(), &sizes);
        prop_assert!(marked == expected, "{rate} Hz, {channels} channels, chunks of {sizes:?}");
    }
}

#[test]
fn an_odd_rate_and_single_samples_are_no_exception() {
    let sound = sound(8_001, 1, 9.3);
    let (expected, quality) = marked_at_once(&sound, 8_001, AudioStrength::Usual);
    assert!(streamed(&sound, 8_001, quality.into(), &[1, 7]).0 == expected);
}

#[test]
fn the_latency_is_as_stated() {
    for rate in [16_000, 44_100, 48_000] {
        let sound = sound(rate, 1, 3.0);
        let setting = StreamSetting {
            level_db: 20.0,
            strength: 1.0,
        };
        let plan = plan();
        let stream = AudioEmbedder::new(rate, 1, &plan, &payload(), setting).unwrap();
        let latency = stream.latency();
        assert!(latency as f64 / f64::from(rate) < 0.35, "{rate}: {latency}");
        let (marked, behind) = streamed(&sound, rate, setting, &[64]);
        assert!(behind <= latency + 64, "{behind} > {latency}");
        assert_eq!(marked[0].len(), sound[0].len());
    }
}

#[test]
fn strengths_are_in_order_and_all_are_found() {
    let sound = sound(16_000, 1, 6.0);
    let snrs = AudioStrength::ALL.map(|strength| {
        assert_eq!(strength.to_string().parse(), Ok(strength));
        let (marked, quality) = marked_at_once(&sound, 16_000, strength);
        let view = SoundRef::new(16_000, marked.iter().map(Vec::as_slice)).unwrap();
        let plan = plan();
        let found = AudioWatermark::new().detect(view, &[&plan]).unwrap();
        assert!(matches!(found, Detection::Found { mark, .. } if mark.payload == payload()));
        quality.snr_db
    });
    assert!(
        snrs[0] > snrs[1] + 1.0 && snrs[1] > snrs[2] + 1.0,
        "{snrs:?}"
    );
}

#[test]
fn nothing_new_clips() {
    let mut sound = sound(44_100, 2, 4.0);
    let loud = |sample: &mut f32| *sample = (*sample * 3.0).clamp(-1.0, 0.9999);
    sound.iter_mut().flatten().for_each(loud);
    let (marked, _) = marked_at_once(&sound, 44_100, AudioStrength::Strong);
    for (before, after) in sound.iter().flatten().zip(marked.iter().flatten()) {
        assert!(after.abs() <= before.abs().max(32_767.0 / 32_768.0));
    }
}

#[test]
fn wrong_shapes_are_refused_and_nothing_is_taken() {
    let setting = StreamSetting {
        level_db: 20.0,
        strength: 1.0,
    };
    let new = |rate, channels| {
        AudioEmbedder::new(rate, channels, &plan(), &payload(), setting).map(|_| ())
    };
    assert_eq!(new(7_000, 1), Err(AudioError::Rate { found: 7_000 }));
    assert_eq!(new(8_000, 0), Err(AudioError::Channels { found: 0 }));
    assert_eq!(new(8_000, 9), Err(AudioError::Channels { found: 9 }));
    let mut stream = AudioEmbedder::new(8_000, 2, &plan(), &payload(), setting).unwrap();
    let (short, long) = ([0.0; 3], [0.0; 4]);
    let one = stream.push(&[&short[..]]).unwrap_err();
    assert_eq!(one, AudioError::Channels { found: 1 });
    let uneven = stream.push(&[&short[..], &long[..]]).unwrap_err();
    let expected = AudioError::Lengths {
        channel: 1,
        expected: 3,
        found: 4,
    };
    assert_eq!(uneven, expected);
    assert_eq!(stream.finish(), vec![Vec::<f32>::new(); 2]);
}
