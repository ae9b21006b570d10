//! The measurement itself, on a scheme that hides its payload where it is easy to follow.

use super::*;
use crate::audio::attacks::select;
use crate::audio::testing::tone;

/// Writes the payload into the first samples, and calls anything else unmarked.
struct Plain {
    honest: bool,
}

const LEVEL: f32 = 1.0 / 256.0;

impl Scheme for Plain {
    fn name(&self) -> String {
        "plain".to_owned()
    }

    fn embed(&self, sound: &mut Sound, payload: &Payload) -> Result<(), String> {
        if sound.frames() < 100 {
            return Err("too short".to_owned());
        }
        for (sample, byte) in sound.channels[0].iter_mut().zip(header(payload)) {
            *sample = f32::from(byte) * LEVEL - 0.5;
        }
        Ok(())
    }

    fn detect(&self, sound: &Sound) -> Result<Look, String> {
        let samples = sound.channels[0].iter().take(14);
        let bytes: Vec<u8> = samples
            .map(|sample| ((sample + 0.5) / LEVEL) as u8)
            .collect();
        let [0xf1, 0x19, payload @ ..] = bytes.as_slice() else {
            return Ok(Look::default());
        };
        let mut payload: [u8; 12] = payload.try_into().map_err(|_| "short".to_owned())?;
        payload[11] ^= u8::from(!self.honest);
        Ok(Look {
            payloads: vec![Payload::from_bytes(payload)],
            regions: vec![(0.25, 2.0)],
            ..Look::default()
        })
    }
}

fn header(payload: &Payload) -> Vec<u8> {
    [0xf1, 0x19].into_iter().chain(payload.to_bytes()).collect()
}

fn corpus() -> Corpus {
    let clip = |name: &str, seconds: f64| Clip {
        name: name.to_owned(),
        kind: Kind::of(name),
        sound: Sound::new(8_000, vec![tone(8_000.0, 440.0, seconds)]),
    };
    Corpus::new(vec![
        clip("sp_a", 4.0),
        clip("mu_b", 1.0),
        clip("env_c", 0.01),
    ])
    .unwrap()
}

fn settings(attacks: &str) -> Settings {
    Settings {
        attacks: select(attacks).unwrap(),
        lengths: vec![Length::Seconds(3.0), Length::Full],
        seeds: vec![1, 2],
        unmarked: true,
        threads: Some(1),
        python: None,
        dump: None,
    }
}

fn outcomes(measurement: &Measurement, attack: &str, length: Length) -> Vec<Outcome> {
    let trials = measurement.trials.iter();
    trials
        .filter(|trial| trial.attack == attack && trial.subject == Subject::Marked)
        .filter(|trial| trial.length == length)
        .map(|trial| trial.outcome)
        .collect()
}

#[test]
fn outcomes_are_what_happened() {
    let settings = settings("none,white-10,mono");
    let scheme = Plain { honest: true };
    let measurement = measure(&corpus(), &scheme, None, &settings, &|_| {}).unwrap();
    assert_eq!(measurement.embeddings.len(), 6);
    let refused = measurement
        .embeddings
        .iter()
        .filter(|e| e.refused.is_some())
        .count();
    assert_eq!(refused, 2);
    assert_eq!(
        outcomes(&measurement, "none", Length::Full),
        [Outcome::Recovered; 4]
    );
    // Only `sp_a` has 3 s, and a crop loses what stands at the beginning.
    let cropped = outcomes(&measurement, "none", Length::Seconds(3.0));
    assert_eq!(cropped, [Outcome::NotFound; 2]);
    assert_eq!(
        outcomes(&measurement, "mono", Length::Full),
        [Outcome::Skipped; 4]
    );
    let unmarked: Vec<&Trial> = measurement
        .trials
        .iter()
        .filter(|t| t.subject == Subject::Unmarked)
        .collect();
    assert!(unmarked.iter().all(|trial| trial.outcome != Outcome::Wrong));
    assert_eq!(
        unmarked
            .iter()
            .filter(|trial| trial.attack == "none")
            .count(),
        8
    );
    let quality = measurement.embeddings[0].quality.unwrap();
    assert!(quality.snr_db > 10.0 && quality.new_clipped == 0);
}

#[test]
fn wrong_payloads_and_wrong_keys_are_counted_apart() {
    let (liar, honest) = (Plain { honest: false }, Plain { honest: true });
    let measurement = measure(&corpus(), &liar, Some(&honest), &settings("none"), &|_| {}).unwrap();
    assert_eq!(
        outcomes(&measurement, "none", Length::Full),
        [Outcome::Wrong; 4]
    );
    let wrong_key = measurement
        .trials
        .iter()
        .filter(|t| t.subject == Subject::WrongKey);
    assert_eq!(
        wrong_key
            .filter(|trial| trial.outcome == Outcome::Wrong)
            .count(),
        4
    );
}

#[test]
fn runs_repeat_and_are_written() {
    let settings = settings("none,noise,dropouts");
    let scheme = Plain { honest: true };
    let run = || measure(&corpus(), &scheme, None, &settings, &|_| {}).unwrap();
    let (first, second) = (run(), run());
    let facts = |measurement: &Measurement| -> Vec<(Outcome, u64)> {
        let trials = measurement.trials.iter();
        trials
            .map(|trial| (trial.outcome, trial.offset_s.to_bits()))
            .collect()
    };
    assert_eq!(facts(&first), facts(&second));
    let mut lines = Vec::new();
    crate::audio::write_json_lines(&first, &mut lines).unwrap();
    let lines = String::from_utf8(lines).unwrap();
    assert_eq!(
        lines.lines().count(),
        1 + first.embeddings.len() + first.trials.len()
    );
    for line in lines.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["schema"], 1);
    }
    let report = crate::audio::markdown(&first);
    assert!(report.contains("| none |") && report.contains("- refused: `env_c`: too short"));
}

#[test]
fn lengths_and_borders() {
    assert_eq!(Length::parse("full"), Some(Length::Full));
    assert_eq!(Length::parse("2.5"), Some(Length::Seconds(2.5)));
    assert!(
        ["0", "-1", "inf", "nan", "x"]
            .iter()
            .all(|text| Length::parse(text).is_none())
    );
    let look = Look {
        regions: vec![(1.0, 2.0), (3.0, 4.5)],
        ..Look::default()
    };
    assert_eq!(border_error(&look, (1.25, 4.0)), Some(0.5));
    assert_eq!(border_error(&Look::default(), (0.0, 1.0)), None);
}

#[test]
fn splices_are_looked_at_as_a_whole() {
    let long = Clip {
        name: "sp_long".to_owned(),
        kind: Kind::Speech,
        sound: Sound::new(8_000, vec![tone(8_000.0, 440.0, 12.0)]),
    };
    let corpus = Corpus::new(vec![long]).unwrap();
    let scheme = Plain { honest: true };
    let measurement = measure(&corpus, &scheme, None, &settings("splice"), &|_| {}).unwrap();
    let marked = measurement
        .trials
        .iter()
        .filter(|t| t.subject == Subject::Marked);
    let seen: Vec<(Length, f64)> = marked.map(|t| (t.length, t.seconds)).collect();
    assert_eq!(seen, [(Length::Full, 60.0); 2]);
}
