//! What holds for every attack that needs no other program.

use std::collections::HashSet;

use super::*;
use crate::audio::testing::tone;

const OWN: &str = "none,resampling,filter,noise,level,room,cut,channels,speed-1.05,speed-random,\
                   tempo-random,pitch-random,jitter,wow-flutter";

fn clip() -> Sound {
    let left = tone(24_000.0, 441.3, 6.0);
    let right = left
        .iter()
        .zip(tone(24_000.0, 1_234.5, 6.0))
        .map(|(a, b)| 0.6 * a - 0.3 * b);
    let right = right.collect();
    Sound::new(24_000, vec![left, right])
}

#[test]
fn names_are_unique_and_lists_nest() {
    let all = all();
    let names: HashSet<&str> = all.iter().map(|attack| attack.name).collect();
    assert_eq!(names.len(), all.len());
    assert_eq!(select("mild").unwrap().len(), MILD.len());
    let (quick, standard) = (select("quick").unwrap(), select("standard").unwrap());
    assert!(
        quick
            .iter()
            .all(|attack| standard.iter().any(|other| other.name == attack.name))
    );
    assert!(
        select("mild")
            .unwrap()
            .iter()
            .all(|attack| attack.list <= List::Standard)
    );
    assert!((60..=70).contains(&standard.len()), "{}", standard.len());
    assert_eq!(select("mp3-64, opus-*").unwrap().len(), 6);
    assert!(
        matches!(select("mp3-65"), Err(BenchError::UnknownAttack { name }) if name == "mp3-65")
    );
}

#[test]
fn attacks_repeat_and_differ_by_clip() {
    let (clip, other) = (clip(), Sound::new(8_000, vec![tone(8_000.0, 97.0, 1.0)]));
    let run = |attack: &Attack, name: &str| attack.apply(&clip, &other, name, 7).unwrap();
    let mut varied = 0;
    for attack in select(OWN).unwrap() {
        let first = run(&attack, "a");
        assert!(first == run(&attack, "a"), "{}", attack.name);
        let samples = || first.0.channels.iter().flatten();
        assert!(
            samples().all(|sample| (-1.0..=1.0).contains(sample)),
            "{}",
            attack.name
        );
        assert!(first.0.power() > 1e-4, "{}", attack.name);
        if attack.name == "none" {
            assert_eq!(first.0, clip.quantised_16());
        } else {
            assert!(first.0 != clip.quantised_16(), "{}", attack.name);
        }
        varied += usize::from(run(&attack, "b") != first);
    }
    assert!(varied >= 15, "{varied}");
}

#[test]
fn attacks_take_short_and_silent_sounds() {
    let other = Sound::new(8_000, vec![vec![0.1; 10]]);
    for sound in [
        Sound::new(8_000, vec![]),
        Sound::new(8_000, vec![vec![0.5]]),
        Sound::new(44_100, vec![vec![0.0; 5_000]; 2]),
    ] {
        for attack in select(OWN).unwrap() {
            match attack.apply(&sound, &other, "short", 1) {
                Ok((attacked, _)) => {
                    let mut samples = attacked.channels.iter().flatten();
                    assert!(samples.all(|sample| sample.is_finite()), "{}", attack.name);
                }
                Err(BenchError::NotApplicable { .. }) => {}
                Err(error) => panic!("{}: {error}", attack.name),
            }
        }
    }
}
