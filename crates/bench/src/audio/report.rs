//! The result as Markdown tables.

use std::fmt::Write as _;

use super::attacks::{Attack, Group};
use super::corpus::Kind;
use super::measure::{Embedding, Length, Measurement, Outcome, Subject, Trial};
use super::quality::Quality;
use crate::statistics::{mean, quantile, wilson_95};

/// The tables: quality per clip, recovery per attack and crop length with 95 % intervals, splices,
/// time, false positives, and everything that went wrong.
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
    writeln!(text, "# Audio watermark: {}\n", measurement.scheme)?;
    quality(measurement, text)?;
    for length in &measurement.settings.lengths {
        recovery(measurement, &marked, *length, text)?;
    }
    splices(&marked, text)?;
    time(measurement, text)?;
    negatives("Unmarked originals", &by(Subject::Unmarked), text)?;
    negatives("Wrong key", &by(Subject::WrongKey), text)?;
    troubles(measurement, text)
}

fn quality(measurement: &Measurement, text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "| clip | s | kHz × channels | SNR dB | segmental SNR dB | NMR dB | NMR 95 % dB | \
         audible frames % | PESQ-WB | new clipped | embed × real time |\n\
         |---|---|---|---|---|---|---|---|---|---|---|"
    )?;
    for embedding in &measurement.embeddings {
        if let Some(quality) = embedding.quality {
            clip_quality(embedding, &quality, text)?;
        }
    }
    writeln!(text)?;
    let kinds = present_kinds(
        measurement
            .embeddings
            .iter()
            .map(|embedding| embedding.kind),
    );
    writeln!(
        text,
        "| quality | clips | SNR mean | SNR min | segmental SNR mean | NMR mean | NMR max | \
         PESQ-WB mean | PESQ-WB min |\n|---|---|---|---|---|---|---|---|---|"
    )?;
    for kind in kinds.iter().copied().map(Some).chain([None]) {
        summary(measurement, kind, text)?;
    }
    writeln!(text)
}

fn clip_quality(embedding: &Embedding, quality: &Quality, text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "| {} | {:.1} | {} × {} | {:.1} | {:.1} | {:.1} | {:.1} | {:.0} | {} | {} | {:.0} |",
        embedding.clip,
        embedding.seconds,
        f64::from(embedding.rate) / 1e3,
        embedding.channels,
        quality.snr_db,
        quality.segmental_snr_db,
        quality.nmr.total_db,
        quality.nmr.high_db,
        100.0 * quality.nmr.audible_frames,
        quality
            .pesq_wb
            .map_or_else(|| "–".to_owned(), |score| format!("{score:.2}")),
        quality.new_clipped,
        1e3 * embedding.seconds / embedding.embed_ms,
    )
}

/// One row: the clips of a kind, or all.
fn summary(measurement: &Measurement, kind: Option<Kind>, text: &mut String) -> std::fmt::Result {
    let qualities: Vec<Quality> = measurement
        .embeddings
        .iter()
        .filter(|embedding| kind.is_none_or(|kind| embedding.kind == kind))
        .filter_map(|embedding| embedding.quality)
        .collect();
    let values = |value: fn(&Quality) -> f64| qualities.iter().map(value).collect::<Vec<f64>>();
    let snr = values(|quality| quality.snr_db);
    let nmr = values(|quality| quality.nmr.total_db);
    let pesq: Vec<f64> = qualities
        .iter()
        .filter_map(|quality| quality.pesq_wb)
        .collect();
    let (pesq_mean, pesq_least) = match pesq.len() {
        0 => ("–".to_owned(), "–".to_owned()),
        _ => (
            format!("{:.3}", mean(&pesq)),
            format!("{:.3}", quantile(&pesq, 0.0)),
        ),
    };
    writeln!(
        text,
        "| {} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {pesq_mean} | {pesq_least} |",
        kind.map_or("**all**", Kind::name),
        qualities.len(),
        mean(&snr),
        quantile(&snr, 0.0),
        mean(&values(|quality| quality.segmental_snr_db)),
        mean(&nmr),
        quantile(&nmr, 1.0),
    )
}

fn present_kinds(kinds: impl Iterator<Item = Kind>) -> Vec<Kind> {
    let kinds: Vec<Kind> = kinds.collect();
    Kind::ALL
        .into_iter()
        .filter(|kind| kinds.contains(kind))
        .collect()
}

/// How many of what happened.
#[derive(Default)]
struct Tally {
    counted: usize,
    recovered: usize,
    wrong: usize,
}

impl Tally {
    fn of<'a>(trials: impl Iterator<Item = &'a &'a Trial>) -> Self {
        let mut tally = Self::default();
        for trial in trials {
            match trial.outcome {
                Outcome::Skipped => continue,
                Outcome::Recovered => tally.recovered += 1,
                Outcome::Wrong => tally.wrong += 1,
                _ => {}
            }
            tally.counted += 1;
        }
        tally
    }

    /// Recovered of counted.
    fn cell(&self) -> String {
        match self.counted {
            0 => "–".to_owned(),
            counted => format!("{}/{counted}", self.recovered),
        }
    }

    /// Four cells: recovered of counted, per cent, interval, wrong.
    fn cells(&self) -> String {
        if self.counted == 0 {
            return "– | – | – | –".to_owned();
        }
        let (low, high) = wilson_95(self.recovered, self.counted);
        let rate = self.recovered as f64 / self.counted as f64;
        format!(
            "{} | {:.1} | {:.1}–{:.1} | {}",
            self.cell(),
            100.0 * rate,
            100.0 * low,
            100.0 * high,
            self.wrong
        )
    }
}

/// The table of one crop length.
fn recovery(
    measurement: &Measurement,
    marked: &[&Trial],
    length: Length,
    text: &mut String,
) -> std::fmt::Result {
    let trials: Vec<&Trial> = marked
        .iter()
        .filter(|trial| trial.length == length && !is_splice(trial))
        .copied()
        .collect();
    if trials.is_empty() {
        return Ok(());
    }
    let kinds = present_kinds(trials.iter().map(|trial| trial.kind));
    let names: String = kinds
        .iter()
        .map(|kind| format!(" {} |", kind.name()))
        .collect();
    let rules = "---|".repeat(kinds.len());
    writeln!(text, "## {length}: exact payload recovered\n")?;
    writeln!(
        text,
        "| attack |{names} all | % | 95 % interval | wrong payload | missed |\n\
         |---|{rules}---|---|---|---|---|"
    )?;
    let mut row = |name: &str, chosen: &dyn Fn(&Trial) -> bool, show_missed: bool| {
        let chosen: Vec<&Trial> = trials
            .iter()
            .filter(|trial| chosen(trial))
            .copied()
            .collect();
        if chosen.is_empty() {
            return Ok(());
        }
        let cells: String = kinds
            .iter()
            .map(|kind| {
                let of_kind = chosen.iter().filter(|trial| trial.kind == *kind);
                format!(" {} |", Tally::of(of_kind).cell())
            })
            .collect();
        let all = Tally::of(chosen.iter()).cells();
        let missed = if show_missed {
            missed(&chosen)
        } else {
            String::new()
        };
        writeln!(text, "| {name} |{cells} {all} | {missed} |")
    };
    for attack in &measurement.settings.attacks {
        row(attack.name, &|trial| trial.attack == attack.name, true)?;
    }
    for group in Group::ALL {
        let name = format!("*{}*", group.name());
        row(&name, &|trial| trial.group == group.name(), false)?;
    }
    let attacks = &measurement.settings.attacks;
    let mild = |trial: &Trial| {
        let mut mild = attacks.iter().filter(|attack| attack.is_mild());
        mild.any(|attack: &Attack| attack.name == trial.attack)
    };
    row("**mild**", &mild, false)?;
    row("**total**", &|_| true, false)?;
    writeln!(text)
}

/// Clips that were not recovered: the first names, and how many more there are.
fn missed(trials: &[&Trial]) -> String {
    const SHOWN: usize = 4;
    let names: Vec<&str> = trials
        .iter()
        .filter(|trial| !matches!(trial.outcome, Outcome::Recovered | Outcome::Skipped))
        .map(|trial| trial.clip.as_str())
        .collect();
    let shown = names[..names.len().min(SHOWN)].join(" ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} +{more}"),
    }
}

fn is_splice(trial: &Trial) -> bool {
    trial.attack.starts_with("splice")
}

/// Marks among other sounds: found, and where.
fn splices(marked: &[&Trial], text: &mut String) -> std::fmt::Result {
    let trials: Vec<&Trial> = marked
        .iter()
        .filter(|trial| is_splice(trial))
        .copied()
        .collect();
    if trials.is_empty() {
        return Ok(());
    }
    writeln!(
        text,
        "## Inside 60 s of other audio\n\n\
         | attack | recovered | % | 95 % interval | wrong payload | borders within 1 s | \
         median border error s | missed |\n|---|---|---|---|---|---|---|---|"
    )?;
    let mut names: Vec<&str> = trials.iter().map(|trial| trial.attack).collect();
    names.dedup();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let chosen: Vec<&Trial> = trials
            .iter()
            .filter(|trial| trial.attack == name)
            .copied()
            .collect();
        let errors: Vec<f64> = chosen
            .iter()
            .filter_map(|trial| trial.border_error_s)
            .collect();
        let close = errors.iter().filter(|error| **error <= 1.0).count();
        writeln!(
            text,
            "| {name} | {} | {close}/{} | {:.2} | {} |",
            Tally::of(chosen.iter()).cells(),
            errors.len(),
            quantile(&errors, 0.5),
            missed(&chosen)
        )?;
    }
    writeln!(text)
}

fn time(measurement: &Measurement, text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "| processor time, × real time | of all together | median | slowest |\n|---|---|---|---|"
    )?;
    let marked = measurement
        .embeddings
        .iter()
        .filter(|embedding| embedding.quality.is_some());
    let embed = marked
        .map(|embedding| (embedding.seconds, embedding.embed_ms))
        .collect();
    pace("embed", embed, text)?;
    let detect = |wanted: &dyn Fn(&Trial) -> bool| -> Vec<(f64, f64)> {
        let trials = measurement.trials.iter();
        let trials = trials.filter(|trial| trial.detect_ms > 0.0 && wanted(trial));
        trials
            .map(|trial| (trial.seconds, trial.detect_ms))
            .collect()
    };
    let found = |trial: &Trial| trial.outcome == Outcome::Recovered;
    let own = |trial: &Trial| trial.subject == Subject::Marked;
    pace(
        "detect, marked, not attacked",
        detect(&|trial| own(trial) && trial.attack == "none"),
        text,
    )?;
    pace(
        "detect, found",
        detect(&|trial| own(trial) && found(trial)),
        text,
    )?;
    pace(
        "detect, marked but not found",
        detect(&|trial| own(trial) && !found(trial)),
        text,
    )?;
    pace(
        "detect, unmarked",
        detect(&|trial| trial.subject == Subject::Unmarked),
        text,
    )?;
    writeln!(text)
}

/// A row from pairs of seconds of sound and milliseconds of work.
fn pace(name: &str, pairs: Vec<(f64, f64)>, text: &mut String) -> std::fmt::Result {
    if pairs.is_empty() {
        return Ok(());
    }
    let (seconds, milliseconds) = pairs
        .iter()
        .fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
    let paces: Vec<f64> = pairs
        .into_iter()
        .map(|(seconds, ms)| 1e3 * seconds / ms)
        .collect();
    writeln!(
        text,
        "| {name} | {:.0} | {:.0} | {:.0} |",
        1e3 * seconds / milliseconds,
        quantile(&paces, 0.5),
        quantile(&paces, 0.0)
    )
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

/// What a reader must know before believing the tables.
fn troubles(measurement: &Measurement, text: &mut String) -> std::fmt::Result {
    for embedding in &measurement.embeddings {
        if let Some(reason) = &embedding.refused {
            writeln!(text, "- refused: `{}`: {reason}", embedding.clip)?;
        }
    }
    for trial in &measurement.trials {
        let word = match (trial.outcome, trial.subject) {
            (Outcome::Wrong, Subject::Marked) => "wrong payload",
            (Outcome::Wrong, Subject::Unmarked) => "false positive",
            (Outcome::Wrong, Subject::WrongKey) => "accepted under a wrong key",
            (Outcome::Failed, _) => "failed",
            (Outcome::Panicked, _) => "panicked",
            _ => continue,
        };
        let detail = trial.detail.as_deref().unwrap_or("");
        let (clip, attack, length) = (&trial.clip, trial.attack, trial.length);
        writeln!(text, "- {word}: `{clip}` {attack} {length} {detail}")?;
    }
    skipped(measurement, text)
}

/// Each attack that was skipped, why, and for how many clips.
fn skipped(measurement: &Measurement, text: &mut String) -> std::fmt::Result {
    for attack in &measurement.settings.attacks {
        let mut clips: Vec<&str> = Vec::new();
        let mut reason = "";
        for trial in &measurement.trials {
            if trial.outcome == Outcome::Skipped && trial.attack == attack.name {
                clips.push(&trial.clip);
                reason = trial.detail.as_deref().unwrap_or("");
            }
        }
        clips.sort_unstable();
        clips.dedup();
        if !clips.is_empty() {
            writeln!(
                text,
                "- skipped: {} for {} clips: {reason}",
                attack.name,
                clips.len()
            )?;
        }
    }
    Ok(())
}
