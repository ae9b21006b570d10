use super::*;
use crate::image::attacks::select;
use crate::image::{html, markdown, write_json_lines};

/// Writes the payload's bytes into the first samples: survives nothing but is exact.
struct Plain {
    secret: u8,
}

impl Scheme for Plain {
    fn name(&self) -> String {
        format!("plain {}", self.secret)
    }

    fn embed(&self, picture: &mut Rgb, payload: &Payload) -> Result<(), String> {
        if picture.area() < 100 {
            return Err("too small".to_owned());
        }
        let bytes = payload.to_bytes();
        picture.samples[0] = self.secret;
        picture.samples[1..13].copy_from_slice(&bytes);
        Ok(())
    }

    fn detect(&self, picture: &Rgb) -> Result<Look, String> {
        assert!(picture.width != 64, "a detector's bug");
        let found = picture.samples[0] == self.secret;
        let payload = <[u8; 12]>::try_from(&picture.samples[1..13]).map(Payload::from_bytes);
        Ok(Look {
            payloads: payload.into_iter().filter(|_| found).collect(),
            p_value: Some(if found { 1e-15 } else { 0.5 }),
            ..Look::default()
        })
    }
}

fn corpus() -> (tempfile::TempDir, Corpus) {
    let folder = tempfile::tempdir().unwrap();
    for (name, side) in [("a", 80_usize), ("b", 90), ("small", 9)] {
        let picture = Rgb::from_fn(side, side, |x, y| [x as u8, y as u8, 200]);
        corpus::save(&picture, &folder.path().join(format!("{name}.png"))).unwrap();
    }
    let corpus = Corpus::open(folder.path()).unwrap();
    (folder, corpus)
}

fn settings(attacks: &str) -> Settings {
    Settings {
        attacks: select(attacks).unwrap(),
        seeds: vec![1, 2],
        unmarked: true,
        threads: Some(2),
        dump: None,
        forgeries: Forgeries::default(),
        square: None,
    }
}

fn outcomes(measurement: &Measurement, subject: Subject, attack: &str) -> Vec<Outcome> {
    let trials = measurement.trials.iter();
    trials
        .filter(|trial| trial.subject == subject && trial.attack == attack)
        .map(|trial| trial.outcome)
        .collect()
}

#[test]
fn counts_what_happens() {
    let (_folder, corpus) = corpus();
    let wrong = Plain { secret: 77 };
    let settings = settings("none,flip,aspect-0.8");
    let scheme = Plain { secret: 99 };
    let measurement = measure(&corpus, &scheme, Some(&wrong), &settings, &|_| {}).unwrap();

    assert_eq!(measurement.embeddings.len(), 6);
    let refused = measurement
        .embeddings
        .iter()
        .filter(|e| e.refused.is_some());
    assert_eq!(refused.count(), 2);
    let marked = |attack| outcomes(&measurement, Subject::Marked, attack);
    assert_eq!(marked("none"), [Outcome::Recovered; 4]);
    assert_eq!(marked("flip"), [Outcome::NotFound; 4]);
    // 0.8 of 80 columns are the 64 on which the detector panics.
    let panics = marked("aspect-0.8")
        .iter()
        .filter(|o| **o == Outcome::Panicked)
        .count();
    assert_eq!(panics, 2);
    let unmarked = outcomes(&measurement, Subject::Unmarked, "none");
    assert_eq!(unmarked, [Outcome::NotFound; 6]);
    let other = outcomes(&measurement, Subject::WrongKey, "none");
    assert_eq!(other, [Outcome::NotFound; 4]);

    let report = markdown(&measurement);
    assert!(
        report.contains("| none | coding | 4/4 | 100.0 | 51.0–100.0 | 0 |"),
        "{report}"
    );
    assert!(
        report.contains("| flip | geometry | 0/4 | 0.0 |"),
        "{report}"
    );
    assert!(
        report.contains("- `a` aspect-0.8 detector: a detector's bug"),
        "{report}"
    );
    assert!(report.contains("- `small`: too small"), "{report}");
    assert!(report.contains("Wrong key: 0 accepted of"), "{report}");

    let page = html(&measurement);
    assert!(
        page.contains("<text x=\"726.0\" y=\"12.0\">4/4</text>"),
        "{page}"
    );
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    assert!(!page.contains("NaN\""), "{page}");
}

#[test]
fn what_was_never_embedded_is_wrong() {
    let payload = Payload::new(Origin::Other, MarkId::from_bytes([1; 11]));
    let other = Payload::new(Origin::Generated, MarkId::from_bytes([1; 11]));
    let look = |payloads: &[Payload]| Look {
        payloads: payloads.to_vec(),
        ..Look::default()
    };
    let is = |payload: Payload| move |found: &Payload| *found == payload;
    assert_eq!(judge(&look(&[payload]), is(payload)), Outcome::Recovered);
    assert_eq!(judge(&look(&[other]), is(payload)), Outcome::Wrong);
    assert_eq!(judge(&look(&[payload, other]), is(payload)), Outcome::Wrong);
    assert_eq!(judge(&look(&[payload]), |_| false), Outcome::Wrong);
    assert_eq!(judge(&look(&[]), is(payload)), Outcome::NotFound);
    let unsure = Look {
        inconclusive: Some("too small".to_owned()),
        ..Look::default()
    };
    assert_eq!(judge(&unsure, is(payload)), Outcome::Inconclusive);
}

#[test]
fn runs_repeat_and_write_one_line_per_trial() {
    let (_folder, corpus) = corpus();
    let scheme = Plain { secret: 99 };
    let settings = settings("none,crop-50,noise-15");
    let lines = || {
        let mut measurement = measure(&corpus, &scheme, None, &settings, &|_| {}).unwrap();
        measurement
            .trials
            .iter_mut()
            .for_each(|trial| trial.detect_ms = 0.0);
        measurement
            .embeddings
            .iter_mut()
            .for_each(|embedding| embedding.embed_ms = 0.0);
        let mut bytes = Vec::new();
        write_json_lines(&measurement, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let text = lines();
    assert_eq!(text, lines());
    // The run, 6 embeddings, 2 pictures marked and 3 unmarked under 2 seeds and 3 attacks.
    assert_eq!(text.lines().count(), 1 + 6 + (2 + 3) * 2 * 3);
    for line in text.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["schema"], 1);
        assert!(value["type"].is_string());
    }
}

#[test]
fn dumps_attacked_pictures() {
    let (folder, corpus) = corpus();
    let mut settings = settings("none,flip");
    settings.dump = Some(folder.path().join("dump"));
    measure(
        &corpus.limit(1),
        &Plain { secret: 9 },
        None,
        &settings,
        &|_| {},
    )
    .unwrap();
    let picture = corpus::load(&folder.path().join("dump/a--flip.png")).unwrap();
    assert_eq!((picture.width, picture.height), (80, 80));
}

#[test]
fn forgeries_are_trials_of_their_own() {
    let (_folder, corpus) = corpus();
    let settings = Settings {
        seeds: vec![1],
        unmarked: false,
        forgeries: Forgeries {
            copy: true,
            erase: true,
            average: 4,
        },
        ..settings("none")
    };
    let measurement = measure(&corpus, &Plain { secret: 99 }, None, &settings, &|_| {}).unwrap();
    let count = |subject| {
        let trials = measurement.trials.iter();
        trials.filter(|trial| trial.subject == subject).count()
    };
    // Two pictures can be marked; estimates from many are added to the third's neighbour as well.
    assert_eq!(count(Subject::Forged), 3 * (2 + 3 * 3));
    assert_eq!(count(Subject::Erased), 7 * (2 + 3 * 2));
    // The scheme's mark is no periodic pattern: it is not copied.
    let copied = outcomes(&measurement, Subject::Forged, "copy-38");
    assert_eq!(copied, [Outcome::NotFound; 2]);
    let report = markdown(&measurement);
    assert!(
        report.contains("| copy-average-same-41 | 0/3 |"),
        "{report}"
    );

    let one = corpus.limit(1);
    let refused = measure(&one, &Plain { secret: 99 }, None, &settings, &|_| {});
    assert!(matches!(refused, Err(BenchError::NotApplicable { .. })));
}

#[test]
fn listed_files_are_judged_by_their_identifier() {
    let (folder, corpus) = corpus();
    let scheme = Plain { secret: 99 };
    let mut picture = corpus::load(&corpus.files()[0]).unwrap();
    let unmarked = Listed {
        file: corpus.files()[1].clone(),
        id: None,
        attack: "given".to_owned(),
    };
    let payload = payload(1, "a");
    scheme.embed(&mut picture, &payload).unwrap();
    let file = folder.path().join("marked.png");
    corpus::save(&picture, &file).unwrap();
    let listed = |id| Listed {
        file: file.clone(),
        id,
        attack: "tool".to_owned(),
    };
    let other = MarkId::from_bytes([1; 11]);
    let files = [
        listed(Some(payload.id)),
        listed(Some(other)),
        listed(None),
        unmarked,
    ];
    let measurement = look_at(&files, &scheme, Some(1), &|_| {}).unwrap();
    let found: Vec<Outcome> = measurement.trials.iter().map(|t| t.outcome).collect();
    use Outcome::{NotFound, Recovered, Wrong};
    assert_eq!(found, [Recovered, Wrong, Wrong, NotFound]);
    let report = markdown(&measurement);
    assert!(report.contains("| tool | given | 1/2 |"), "{report}");
}
