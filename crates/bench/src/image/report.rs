//! The result as Markdown tables.

use std::fmt::Write as _;

use super::run::{Embedding, Measurement, Outcome, Subject, Trial};
use crate::statistics::{mean, quantile, wilson_95};

/// The tables: quality, recovery per attack, per group and in total with 95 % intervals, time,
/// false positives, and everything that went wrong.
#[must_use]
pub fn markdown(measurement: &Measurement) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(measurement, &mut text);
    text
}

fn write_all(measurement: &Measurement, text: &mut String) -> std::fmt::Result {
    let by = |subject: Subject| -> Vec<&Trial> {
        let trials = measurement.trials.iter();
        trials.filter(|trial| trial.subject == subject).collect()
    };
    let marked = by(Subject::Marked);
    writeln!(text, "# Image watermark: {}\n", measurement.scheme)?;
    quality(measurement, text)?;
    groups(&marked, text)?;
    attacks(&marked, text)?;
    time(measurement, text)?;
    forgeries(measurement, text)?;
    negatives("Unmarked originals", &by(Subject::Unmarked), text)?;
    negatives("Wrong key", &by(Subject::WrongKey), text)?;
    troubles(measurement, text)
}

fn quality(measurement: &Measurement, text: &mut String) -> std::fmt::Result {
    if measurement.embeddings.is_empty() {
        return Ok(());
    }
    let done: Vec<&Embedding> = measurement
        .embeddings
        .iter()
        .filter(|embedding| embedding.refused.is_none())
        .collect();
    let values = |value: fn(&Embedding) -> f64| -> Vec<f64> {
        done.iter().map(|embedding| value(embedding)).collect()
    };
    let refused = measurement.embeddings.len() - done.len();
    writeln!(
        text,
        "{} pictures marked, {refused} refused, seeds {:?}.\n",
        done.len(),
        measurement.settings.seeds
    )?;
    writeln!(
        text,
        "| quality | mean | 5 % | minimum |\n|---|---|---|---|"
    )?;
    for (name, values, digits) in [
        ("PSNR, RGB, dB", values(|e| e.psnr), 2),
        ("SSIM, RGB", values(|e| e.ssim), 4),
    ] {
        let low = quantile(&values, 0.05);
        let minimum = quantile(&values, 0.0);
        let mean = mean(&values);
        writeln!(
            text,
            "| {name} | {mean:.digits$} | {low:.digits$} | {minimum:.digits$} |"
        )?;
    }
    writeln!(text)
}

/// How many of what happened.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) counted: usize,
    pub(super) recovered: usize,
    pub(super) wrong: usize,
    pub(super) skipped: usize,
}

impl Tally {
    pub(super) fn of<'a>(trials: impl Iterator<Item = &'a &'a Trial>) -> Self {
        let mut tally = Self::default();
        for trial in trials {
            match trial.outcome {
                Outcome::Skipped => {
                    tally.skipped += 1;
                    continue;
                }
                Outcome::Recovered => tally.recovered += 1,
                Outcome::Wrong => tally.wrong += 1,
                _ => {}
            }
            tally.counted += 1;
        }
        tally
    }

    /// Four cells: recovered of counted, per cent, interval, wrong.
    fn cells(&self) -> String {
        if self.counted == 0 {
            return match self.skipped {
                0 => "– | – | – | –".to_owned(),
                skipped => format!("{skipped} skipped | – | – | –"),
            };
        }
        let (low, high) = wilson_95(self.recovered, self.counted);
        let rate = self.recovered as f64 / self.counted as f64;
        format!(
            "{}/{} | {:.1} | {:.1}–{:.1} | {}",
            self.recovered,
            self.counted,
            100.0 * rate,
            100.0 * low,
            100.0 * high,
            self.wrong
        )
    }
}

const HEADER: &str = "recovered | % | 95 % interval | wrong payload";

fn groups(marked: &[&Trial], text: &mut String) -> std::fmt::Result {
    writeln!(text, "| group | {HEADER} |\n|---|---|---|---|---|")?;
    let mut names: Vec<&str> = Vec::new();
    for trial in marked {
        if !names.contains(&trial.group) {
            names.push(trial.group);
        }
    }
    for name in names {
        let trials = marked.iter().filter(|trial| trial.group == name);
        writeln!(text, "| {name} | {} |", Tally::of(trials).cells())?;
    }
    let total = Tally::of(marked.iter());
    writeln!(text, "| **total** | {} |\n", total.cells())
}

fn attacks(marked: &[&Trial], text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "| attack | group | {HEADER} | detect ms/MP | missed |\n|---|---|---|---|---|---|---|---|"
    )?;
    for attack in attack_names(marked) {
        let trials = marked.iter().filter(|trial| trial.attack == attack);
        let trials: Vec<&Trial> = trials.copied().collect();
        let group = trials.first().map_or("", |trial| trial.group);
        let tally = Tally::of(trials.iter());
        let missed: Vec<&str> = trials
            .iter()
            .filter(|trial| !matches!(trial.outcome, Outcome::Recovered | Outcome::Skipped))
            .map(|trial| trial.picture.as_str())
            .collect();
        writeln!(
            text,
            "| {attack} | {group} | {} | {:.0} | {} |",
            tally.cells(),
            mean(&per_megapixel(&trials)),
            shortened(&missed)
        )?;
    }
    writeln!(text)
}

/// The first names, and how many more there are.
fn shortened(names: &[&str]) -> String {
    const SHOWN: usize = 4;
    let shown = names[..names.len().min(SHOWN)].join(" ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} +{more}"),
    }
}

fn per_megapixel(trials: &[&Trial]) -> Vec<f64> {
    let measured = trials.iter().filter(|trial| trial.detect_ms > 0.0);
    measured
        .map(|trial| trial.detect_ms / (trial.width * trial.height) as f64 * 1e6)
        .collect()
}

/// What took how long: processor milliseconds per megapixel.
pub(super) fn time_rows(measurement: &Measurement) -> [(&'static str, Vec<f64>); 4] {
    let embed: Vec<f64> = measurement
        .embeddings
        .iter()
        .filter(|embedding| embedding.refused.is_none())
        .map(|embedding| embedding.embed_ms / (embedding.width * embedding.height) as f64 * 1e6)
        .collect();
    let detect = |wanted: fn(&Trial) -> bool| -> Vec<f64> {
        let trials = measurement.trials.iter().filter(|trial| wanted(trial));
        per_megapixel(&trials.collect::<Vec<_>>())
    };
    [
        ("embed", embed),
        (
            "detect, marked, not attacked",
            detect(|t| t.subject == Subject::Marked && t.attack == "none"),
        ),
        (
            "detect, marked, all attacks",
            detect(|t| t.subject == Subject::Marked),
        ),
        (
            "detect, unmarked",
            detect(|t| t.subject == Subject::Unmarked),
        ),
    ]
}

fn time(measurement: &Measurement, text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "| processor time, ms per megapixel | mean | median | 95 % |\n|---|---|---|---|"
    )?;
    for (name, values) in time_rows(measurement) {
        if !values.is_empty() {
            let (middle, high) = (quantile(&values, 0.5), quantile(&values, 0.95));
            let mean = mean(&values);
            writeln!(text, "| {name} | {mean:.1} | {middle:.1} | {high:.1} |")?;
        }
    }
    writeln!(text)
}

/// What came of copying and erasing without the key, by attack in the order of the trials.
fn forgeries(measurement: &Measurement, text: &mut String) -> std::fmt::Result {
    for (title, subject, found) in [
        ("copied without the key", Subject::Forged, Outcome::Wrong),
        (
            "erased without the key",
            Subject::Erased,
            Outcome::Recovered,
        ),
    ] {
        let trials = measurement.trials.iter();
        let trials: Vec<&Trial> = trials.filter(|trial| trial.subject == subject).collect();
        if trials.is_empty() {
            continue;
        }
        let verb = if found == Outcome::Wrong {
            "accepted"
        } else {
            "still found"
        };
        writeln!(
            text,
            "| {title} | {verb} | % | 95 % interval | told to be a copy | PSNR to the unmarked, dB |\n\
             |---|---|---|---|---|---|"
        )?;
        for attack in attack_names(&trials) {
            let trials = trials.iter().filter(|trial| trial.attack == attack);
            let trials: Vec<&Trial> = trials.copied().collect();
            let count = |outcome| trials.iter().filter(|t| t.outcome == outcome).count();
            let (hits, all) = (count(found), trials.len());
            let (low, high) = wilson_95(hits, all);
            let psnr: Vec<f64> = trials.iter().filter_map(|trial| trial.psnr).collect();
            writeln!(
                text,
                "| {attack} | {hits}/{all} | {:.1} | {:.1}–{:.1} | {} | {:.1} |",
                100.0 * hits as f64 / all as f64,
                100.0 * low,
                100.0 * high,
                count(Outcome::Copied),
                mean(&psnr)
            )?;
        }
        if subject == Subject::Erased {
            writeln!(text, "\n{}", erased_at_any(&trials))?;
        }
        writeln!(text)?;
    }
    Ok(())
}

/// Who erases may try all strengths: how many pictures lost their mark at one of them.
fn erased_at_any(trials: &[&Trial]) -> String {
    let mut pictures: Vec<(&str, u64)> = trials
        .iter()
        .map(|trial| (trial.picture.as_str(), trial.seed))
        .collect();
    pictures.sort_unstable();
    pictures.dedup();
    let mut sources: Vec<&str> = Vec::new();
    for name in attack_names(trials) {
        let source = name.rsplit_once('-').map_or(name, |(source, _)| source);
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    let counts = sources.iter().map(|source| {
        let lost = pictures.iter().filter(|(picture, seed)| {
            trials.iter().any(|trial| {
                let from = trial.attack.rsplit_once('-').map(|(source, _)| source);
                (trial.picture.as_str(), trial.seed) == (*picture, *seed)
                    && from == Some(source)
                    && trial.psnr.is_some_and(|psnr| psnr >= ERASED_ABOVE)
                    && trial.outcome != Outcome::Recovered
            })
        });
        format!("`{source}` {}/{}", lost.count(), pictures.len())
    });
    let counts: Vec<String> = counts.collect();
    format!(
        "Erased at any of these strengths with {ERASED_ABOVE} dB or more left: {}.",
        counts.join(", ")
    )
}

/// PSNR to the unmarked picture from which erasing counts as cheap.
const ERASED_ABOVE: f64 = 38.0;

/// The attacks of these trials in the order of their first appearance.
pub(super) fn attack_names<'a>(trials: &[&'a Trial]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for trial in trials {
        if !names.contains(&trial.attack.as_str()) {
            names.push(&trial.attack);
        }
    }
    names
}

/// Detections that should find nothing.
fn negatives(title: &str, trials: &[&Trial], text: &mut String) -> std::fmt::Result {
    if trials.is_empty() {
        return Ok(());
    }
    let tally = Tally::of(trials.iter());
    let (_, high) = wilson_95(tally.wrong, tally.counted);
    let p_values: Vec<f64> = trials.iter().filter_map(|trial| trial.p_value).collect();
    writeln!(
        text,
        "{title}: {} accepted of {} (rate below {:.4} at 95 %); p-values: smallest {:.2e}, \
         1 % quantile {:.2e}, median {:.2e}.\n",
        tally.wrong,
        tally.counted,
        high,
        quantile(&p_values, 0.0),
        quantile(&p_values, 0.01),
        quantile(&p_values, 0.5),
    )
}

/// What a reader must know before believing the tables: refusals, wrong payloads, failures, skips.
fn troubles(measurement: &Measurement, text: &mut String) -> std::fmt::Result {
    let refused = measurement.embeddings.iter().filter_map(|embedding| {
        let reason = embedding.refused.as_deref()?;
        Some(format!("`{}`: {reason}", embedding.picture))
    });
    list("refused", &refused.collect::<Vec<_>>(), text)?;
    for (title, subject, outcome) in [
        ("wrong payload", Some(Subject::Marked), Outcome::Wrong),
        ("false positive", Some(Subject::Unmarked), Outcome::Wrong),
        (
            "accepted under a wrong key",
            Some(Subject::WrongKey),
            Outcome::Wrong,
        ),
        (
            "genuine mark taken for a copy",
            Some(Subject::Marked),
            Outcome::Copied,
        ),
        (
            "copied mark accepted",
            Some(Subject::Forged),
            Outcome::Wrong,
        ),
        ("panicked", None, Outcome::Panicked),
        ("failed", None, Outcome::Failed),
        ("skipped", None, Outcome::Skipped),
    ] {
        let trials = measurement.trials.iter();
        let trials = trials.filter(|trial| {
            trial.outcome == outcome && subject.is_none_or(|subject| subject == trial.subject)
        });
        let lines = trials.map(|trial| {
            let detail = trial.detail.as_deref().unwrap_or("");
            format!("`{}` {} {detail}", trial.picture, trial.attack)
        });
        list(title, &lines.collect::<Vec<_>>(), text)?;
    }
    Ok(())
}

/// The first lines under a title, and how many more there are.
fn list(title: &str, lines: &[String], text: &mut String) -> std::fmt::Result {
    const SHOWN: usize = 20;
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(text, "{title}, {}:\n", lines.len())?;
    for line in lines.iter().take(SHOWN) {
        writeln!(text, "- {}", line.trim_end())?;
    }
    if lines.len() > SHOWN {
        writeln!(text, "- and {} more", lines.len() - SHOWN)?;
    }
    writeln!(text)
}
