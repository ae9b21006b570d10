//! Sounds that are whole, parts, changed, and others.
#![allow(clippy::unwrap_used, reason = "tests")]

use filigrane_fingerprint::{Likeness, Played, Relation, SoundFingerprint, SoundQuery};
use filigrane_media::{SampleDepth, Sound};

const RATE: u32 = 16_000;

/// Notes and noise that follow from a number, so many seconds of them.
fn sound(number: u32, seconds: f64) -> Sound {
    let mut state = number.wrapping_mul(2_654_435_761) | 1;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        f64::from(state) / f64::from(u32::MAX)
    };
    let frames = (seconds * f64::from(RATE)) as usize;
    let mut samples = vec![0.0_f32; frames];
    let mut begin = 0;
    while begin < frames {
        let length = (f64::from(RATE) * (0.1 + 0.4 * random())) as usize;
        let (pitch, loud) = (300.0 * 8.0_f64.powf(random()), 0.05 + 0.3 * random());
        for (at, sample) in samples.iter_mut().skip(begin).take(length).enumerate() {
            let phase = std::f64::consts::TAU * pitch * at as f64 / f64::from(RATE);
            let tone: f64 = (1..4)
                .map(|k| (phase * f64::from(k)).sin() / f64::from(k))
                .sum();
            *sample = (loud * tone + 0.02 * (random() - 0.5)) as f32;
        }
        begin += length;
    }
    made(vec![samples])
}

fn made(channels: Vec<Vec<f32>>) -> Sound {
    Sound::new(RATE, channels, SampleDepth::I16).unwrap()
}

fn changed(sound: &Sound, change: impl Fn(&[f32]) -> Vec<f32>) -> Sound {
    made(
        sound
            .channels
            .iter()
            .map(|channel| change(channel))
            .collect(),
    )
}

fn compared(query: &SoundQuery, registered: &SoundFingerprint) -> (Relation, Likeness) {
    let likeness = query.likeness(registered);
    (query.relation(registered, &likeness), likeness)
}

fn whole(sound: &Sound) -> SoundQuery {
    SoundQuery::new(sound, Played::default(), None)
}

#[test]
fn a_sound_is_itself_however_loud_and_noisy() {
    let original = sound(1, 12.0);
    let registered = SoundFingerprint::of(&original);
    let noise = sound(2, 12.0);
    let noisy = {
        let pairs = original.channels[0].iter().zip(&noise.channels[0]);
        made(vec![pairs.map(|(a, b)| 0.3 * a + 0.02 * b).collect()])
    };
    let both = made(vec![
        original.channels[0].clone(),
        original.channels[0].iter().map(|s| -s).collect(),
    ]);
    for changed in [&original, &noisy, &both] {
        let (relation, likeness) = compared(&whole(changed), &registered);
        assert_eq!(relation, Relation::Same, "{likeness:?}");
        assert!(likeness.part > 0.99 && likeness.bits < 40, "{likeness:?}");
    }
}

#[test]
fn a_part_is_derived_and_another_sound_is_different() {
    let original = sound(1, 30.0);
    let registered = SoundFingerprint::of(&original);
    let part = changed(&original, |samples| samples[150_000..230_000].to_vec());
    let (relation, likeness) = compared(&whole(&part), &registered);
    assert_eq!(relation, Relation::Derived, "{likeness:?}");
    assert!((likeness.part - 1.0 / 6.0).abs() < 0.1, "{likeness:?}");
    // The part among other sounds, where a mark was found.
    let other = sound(3, 20.0);
    let among = changed(&other, |samples| {
        [samples, &part.channels[0], samples].concat()
    });
    let query = SoundQuery::new(&among, Played::default(), Some((20.3, 24.8)));
    assert_eq!(compared(&query, &registered).0, Relation::Derived);
    for number in 4..12 {
        let (relation, likeness) = compared(&whole(&sound(number, 20.0)), &registered);
        assert_eq!(relation, Relation::Different, "{likeness:?}");
    }
}

#[test]
fn playing_faster_is_undone_where_it_is_told() {
    let original = sound(1, 12.0);
    let registered = SoundFingerprint::of(&original);
    // The same samples at another rate: speed and pitch change alike.
    let faster = Sound::new(18_000, original.channels, SampleDepth::I16).unwrap();
    let played = Played {
        speed: 1.125,
        pitch: 1.125,
    };
    let told = SoundQuery::new(&faster, played, None);
    assert_eq!(compared(&told, &registered).0, Relation::Same);
    assert_ne!(compared(&whole(&faster), &registered).0, Relation::Same);
}

#[test]
fn what_says_nothing_is_never_called_different() {
    let registered = SoundFingerprint::of(&sound(1, 12.0));
    let silent = made(vec![vec![0.0; 200_000]]);
    let short = sound(2, 0.2);
    for little in [&silent, &short] {
        let (relation, likeness) = compared(&whole(little), &registered);
        assert_eq!(relation, Relation::Unclear, "{likeness:?}");
        let nothing = SoundFingerprint::of(little);
        let (relation, _) = compared(&whole(&sound(1, 12.0)), &nothing);
        assert_eq!(relation, Relation::Unclear);
    }
    for played in [f64::NAN, f64::INFINITY, 0.0, -1.0] {
        let played = Played {
            speed: played,
            pitch: played,
        };
        let query = SoundQuery::new(&sound(1, 3.0), played, Some((f64::NAN, -1.0)));
        assert_eq!(compared(&query, &registered).0, Relation::Unclear);
    }
}

#[test]
fn what_is_kept_comes_back() {
    let kept = SoundFingerprint::of(&sound(1, 12.0));
    let detail = kept.detail();
    assert_eq!(
        SoundFingerprint::new(*kept.hash(), &detail),
        Some(kept.clone())
    );
    assert_eq!(SoundFingerprint::new(*kept.hash(), &detail[1..]), None);
    assert_eq!(
        SoundFingerprint::new(*kept.hash(), &vec![0; 8 * 20_001]),
        None
    );
}
