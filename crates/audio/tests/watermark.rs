//! Marks go in, survive, and are not seen where there are none.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use filigrane_audio::{
    AudioDetector, AudioError, AudioPlace, AudioPlan, AudioQuality, AudioWatermark, SoundMut,
    SoundRef,
};
use filigrane_payload::{Detection, Key, Mark, MarkId, Origin, Payload, Watermark};

mod sounds;
use sounds::{Channels, faster, noise, quicker, voice};

fn payload(byte: u8) -> Payload {
    Payload::new(Origin::Generated, MarkId::from_bytes([byte; 11]))
}

fn plan() -> AudioPlan {
    AudioPlan::new(&Key::public()).unwrap()
}

fn try_embed(rate: u32, channels: &mut Channels) -> Result<AudioQuality, AudioError> {
    let sound = SoundMut::new(rate, channels.iter_mut().map(Vec::as_mut_slice))?;
    AudioWatermark::new().embed(sound, &plan(), &payload(7))
}

fn embed(rate: u32, channels: &mut Channels) -> AudioQuality {
    try_embed(rate, channels).unwrap()
}

fn detect_with(rate: u32, channels: &Channels, plans: &[&AudioPlan]) -> Detection<AudioPlace> {
    let sound = SoundRef::new(rate, channels.iter().map(Vec::as_slice)).unwrap();
    AudioWatermark::new().detect(sound, plans).unwrap()
}

fn detect(rate: u32, channels: &Channels) -> Detection<AudioPlace> {
    detect_with(rate, channels, &[&plan()])
}

fn found(detection: Detection<AudioPlace>) -> Mark<AudioPlace> {
    match detection {
        Detection::Found { mark, others } if others.is_empty() => {
            assert_eq!(mark.payload, payload(7));
            assert!(mark.p_value <= 1e-12);
            mark
        }
        other => panic!("{other:?}"),
    }
}

fn crop(channels: &Channels, start: usize, length: usize) -> Channels {
    channels
        .iter()
        .map(|channel| channel[start..start + length].to_vec())
        .collect()
}

#[test]
fn every_rate_carries_a_mark_that_a_crop_keeps() {
    for rate in [8_000, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000] {
        let mut channels = vec![voice("rates", rate, 7.0)];
        embed(rate, &mut channels);
        let second = rate as usize;
        let crop = crop(&channels, second / 3 + 17, 5 * second);
        let mark = found(detect(rate, &crop));
        assert_eq!((mark.place.speed, mark.place.pitch), (1.0, 1.0), "{rate}");
        assert!(mark.place.sync_z > 5.0);
        let region = mark.place.regions[0];
        assert!(region.start_s <= 1.0 && region.end_s >= 4.0, "{region:?}");
    }
}

#[test]
fn every_number_of_channels_carries_a_mark() {
    let rate = 16_000;
    for count in [1, 2, 8] {
        let mut channels: Channels = (0..count)
            .map(|i| noise(&format!("channel {i}"), rate, 6.0))
            .collect();
        embed(rate, &mut channels);
        found(detect(rate, &channels));
        // One channel, all of them mixed down, and one inverted.
        found(detect(rate, &vec![channels[count - 1].clone()]));
        let mixed: Vec<f32> = (0..channels[0].len())
            .map(|n| channels.iter().map(|channel| channel[n]).sum::<f32>() / count as f32)
            .collect();
        found(detect(rate, &vec![mixed]));
        channels[0].iter_mut().for_each(|sample| *sample *= -1.0);
        found(detect(rate, &channels));
    }
}

#[test]
fn what_is_alike_in_both_channels_survives_their_difference() {
    let rate = 16_000;
    let (middle, side) = (voice("middle", rate, 6.0), noise("side", rate, 6.0));
    let mut channels: Channels = [0.5_f32, -0.5]
        .iter()
        .map(|sign| {
            middle
                .iter()
                .zip(&side)
                .map(|(m, s)| m + sign * s)
                .collect()
        })
        .collect();
    embed(rate, &mut channels);
    let difference = channels[0].iter().zip(&channels[1]).map(|(a, b)| a - b);
    found(detect(rate, &vec![difference.collect()]));
}

#[test]
fn speed_tempo_and_pitch_are_found_with_their_values() {
    let rate = 16_000;
    let mut channels = vec![voice("retimed", rate, 9.0)];
    embed(rate, &mut channels);
    let marked = &channels[0];
    let shifted = faster(&quicker(marked, rate, 1.0 / 1.06), 1.06);
    for (sound, speed, pitch) in [
        (faster(marked, 1.083), 1.083, 1.083),
        (faster(marked, 0.79), 0.79, 0.79),
        (quicker(marked, rate, 0.93), 0.93, 1.0),
        (shifted, 1.0, 1.06),
    ] {
        let mark = found(detect(rate, &vec![sound]));
        assert!((mark.place.speed - speed).abs() < 0.002, "{:?}", mark.place);
        assert!((mark.place.pitch - pitch).abs() < 0.004, "{:?}", mark.place);
    }
}

#[test]
fn a_splice_is_located_within_a_second() {
    let rate = 16_000;
    let mut marked = vec![voice("spliced", rate, 8.0)];
    embed(rate, &mut marked);
    let mut sound = noise("around", rate, 30.0);
    let start = 11 * rate as usize + 1_234;
    sound[start..start + marked[0].len()].copy_from_slice(&marked[0]);
    let mark = found(detect(rate, &vec![sound]));
    let start_s = start as f64 / f64::from(rate);
    assert_eq!(mark.place.regions.len(), 1, "{:?}", mark.place);
    let region = mark.place.regions[0];
    assert!((region.start_s - start_s).abs() <= 1.0, "{region:?}");
    assert!((region.end_s - start_s - 8.0).abs() <= 1.0, "{region:?}");
}

#[test]
fn two_marks_of_one_key_and_a_third_of_another_are_all_reported() {
    let rate = 16_000;
    let other = Key::generate("other", "2026-11-23".parse().unwrap()).unwrap();
    let other = AudioPlan::new(&other).unwrap();
    let public = plan();
    let mut sound = Vec::new();
    for (i, plan) in [&public, &public, &other].into_iter().enumerate() {
        let mut part = voice(&format!("part {i}"), rate, 12.0);
        let target = SoundMut::new(rate, [part.as_mut_slice()]).unwrap();
        let payload = payload(i as u8);
        AudioWatermark::new().embed(target, plan, &payload).unwrap();
        sound.extend(part);
    }
    match detect_with(rate, &vec![sound], &[&public, &other]) {
        Detection::Found { mark, others } => {
            let mut all = vec![mark];
            all.extend(others);
            all.sort_by_key(|mark| mark.payload.to_bytes());
            let ids: Vec<Payload> = all.iter().map(|mark| mark.payload).collect();
            assert_eq!(ids, [payload(0), payload(1), payload(2)]);
            assert_eq!(all[2].key_id, other.key_id());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn long_sounds_are_searched_in_sections() {
    let rate = 8_000;
    let mut channels = vec![noise("long", rate, 150.0)];
    embed(rate, &mut channels);
    let mark = found(detect(rate, &channels));
    let regions = &mark.place.regions;
    assert_eq!(regions.len(), 1, "{regions:?}");
    assert!(regions[0].start_s <= 1.0 && regions[0].end_s >= 149.0);
}

#[test]
fn a_sound_in_chunks_gives_what_the_whole_gives() {
    let rate = 8_000;
    let mut channels = vec![noise("chunks", rate, 140.0)];
    let mut part = vec![noise("chunks, marked", rate, 30.0)];
    embed(rate, &mut part);
    channels[0][500_000..740_000].copy_from_slice(&part[0]);
    let whole = found(detect(rate, &channels));
    let plan = plan();
    for size in [70_001, 2_000_000] {
        let mut detector = AudioDetector::new(rate, 1, &[&plan]).unwrap();
        for chunk in channels[0].chunks(size) {
            detector.push(&[chunk]).unwrap();
        }
        let mark = found(detector.finish());
        assert_eq!(mark.payload, whole.payload);
        assert_eq!(mark.place, whole.place);
    }
    let mut detector = AudioDetector::new(rate, 1, &[&plan]).unwrap();
    assert!(detector.push(&[]).is_err());
    assert!(detector.push(&[&[0.0], &[0.0]]).is_err());
    assert!(detector.marks().is_empty());
    assert!(matches!(detector.finish(), Detection::Inconclusive { .. }));
}

#[test]
fn unmarked_sounds_and_wrong_keys_give_nothing() {
    let rate = 16_000;
    let mut channels = vec![voice("wrong key", rate, 8.0)];
    let unmarked = channels.clone();
    embed(rate, &mut channels);
    let other = Key::generate("other", "2026-11-23".parse().unwrap()).unwrap();
    let other = AudioPlan::new(&other).unwrap();
    for detection in [
        detect(rate, &unmarked),
        detect_with(rate, &channels, &[&other]),
        detect_with(rate, &channels, &[]),
    ] {
        match detection {
            Detection::NotFound { p_value } => assert!(p_value > 1e-12),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn quality_is_as_reported_and_within_the_floor() {
    let rate = 44_100;
    for original in [voice("quality", rate, 6.0), noise("quality", rate, 6.0)] {
        let mut channels = vec![original.clone()];
        let quality = embed(rate, &mut channels);
        let energy = |samples: &mut dyn Iterator<Item = f32>| -> f64 {
            samples.map(|sample| f64::from(sample).powi(2)).sum()
        };
        let signal = energy(&mut original.iter().copied());
        let change = energy(&mut original.iter().zip(&channels[0]).map(|(a, b)| b - a));
        let snr_db = 10.0 * (signal / change).log10();
        assert!(
            (snr_db - quality.snr_db).abs() < 0.1,
            "{snr_db} {quality:?}"
        );
        assert!(snr_db >= 21.0, "{snr_db}");
        assert!(quality.strength > 0.0);
    }
}

#[test]
fn silence_inside_a_sound_stays_silent_and_nothing_clips() {
    let rate = 44_100;
    let mut original = voice("silence", rate, 8.0);
    let peak = original.iter().fold(0.0_f32, |peak, s| peak.max(s.abs()));
    original.iter_mut().for_each(|sample| *sample /= peak);
    original[100_000..140_000].fill(0.0);
    let mut channels = vec![original.clone()];
    embed(rate, &mut channels);
    // Half a step of 24 bits: what the gate lets through is silence in any file.
    let loudest = channels[0][100_200..139_800]
        .iter()
        .fold(0.0_f32, |loudest, sample| loudest.max(sample.abs()));
    assert!(loudest < 0.5 / 8_388_608.0, "{loudest}");
    assert!(channels[0].iter().all(|sample| sample.abs() <= 1.0));
}

#[test]
fn what_cannot_carry_a_mark_is_a_typed_error() {
    let rate = 16_000;
    let silence = try_embed(rate, &mut vec![vec![0.0; 80_000]]);
    assert!(
        matches!(silence, Err(AudioError::CannotCarry { .. })),
        "{silence:?}"
    );
    let short = try_embed(rate, &mut vec![voice("short", rate, 2.3)]);
    assert!(
        matches!(short, Err(AudioError::TooShort { .. })),
        "{short:?}"
    );
    match detect(rate, &vec![vec![0.1; 16_000]]) {
        Detection::Inconclusive { reason } => assert!(reason.starts_with("too short")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_shortest_sound_is_read_back() {
    let rate = 16_000;
    let mut channels = vec![voice("shortest", rate, 2.5)];
    embed(rate, &mut channels);
    found(detect(rate, &channels));
}

#[test]
fn embedding_is_deterministic() {
    let rate = 44_100;
    let marked = || {
        let mut channels = vec![voice("same", rate, 3.0), noise("same", rate, 3.0)];
        embed(rate, &mut channels);
        channels
    };
    assert_eq!(marked(), marked());
}

#[test]
fn damaged_samples_are_searched_as_silence() {
    let rate = 16_000;
    let mut channels = vec![voice("damaged", rate, 7.0)];
    embed(rate, &mut channels);
    for (n, value) in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY]
        .into_iter()
        .enumerate()
    {
        channels[0][30_000 + n] = value;
    }
    found(detect(rate, &channels));
    match detect(rate, &vec![vec![f32::NAN; 80_000]]) {
        Detection::NotFound { .. } => {}
        other => panic!("{other:?}"),
    }
}
