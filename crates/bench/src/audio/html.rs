//! The result as one HTML page with drawings and spectrograms, without scripts or anything from outside.

use std::fmt::Write as _;

use super::measure::{Length, Measurement, Outcome, Subject, Trial};
use super::report::markdown;
use super::spectrogram::Example;
use crate::page::{Recovery, STYLE, base64, escaped, fact_list, recovery_chart};
use crate::statistics::mean;

/// A self-contained page: what matters most, recovery per attack, spectrograms, and the tables as text. Light
/// and dark.
#[must_use]
pub fn html(measurement: &Measurement, examples: &[Example]) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = write_page(measurement, examples, &mut page);
    page
}

fn write_page(
    measurement: &Measurement,
    examples: &[Example],
    page: &mut String,
) -> std::fmt::Result {
    let title = escaped(&measurement.scheme);
    writeln!(
        page,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>Audio watermark: {title}</title><style>{STYLE}</style><h1>{title}</h1>"
    )?;
    facts(measurement, page)?;
    for length in &measurement.settings.lengths {
        recovery(measurement, *length, page)?;
    }
    spectrograms(examples, page)?;
    let tables = escaped(&markdown(measurement));
    writeln!(page, "<h2>Tables</h2><pre>{tables}</pre></html>")
}

/// Trials of marked clips that count, and how many of them were recovered.
fn tally<'a>(trials: impl Iterator<Item = &'a Trial>) -> (usize, usize) {
    let outcomes = trials
        .filter(|trial| trial.subject == Subject::Marked && trial.outcome != Outcome::Skipped)
        .map(|trial| trial.outcome);
    outcomes.fold((0, 0), |(recovered, counted), outcome| {
        let is_recovered = usize::from(outcome == Outcome::Recovered);
        (recovered + is_recovered, counted + 1)
    })
}

fn facts(measurement: &Measurement, page: &mut String) -> std::fmt::Result {
    let mut facts = Vec::new();
    let (recovered, counted) = tally(measurement.trials.iter());
    if counted > 0 {
        let rate = 100.0 * recovered as f64 / counted as f64;
        facts.push((
            format!("{rate:.1} %"),
            format!("recovered, {recovered} of {counted}"),
        ));
    }
    let wrong = measurement.trials.iter();
    let wrong = wrong
        .filter(|trial| trial.outcome == Outcome::Wrong)
        .count();
    facts.push((wrong.to_string(), "wrong payloads".to_owned()));
    let qualities = || {
        measurement
            .embeddings
            .iter()
            .filter_map(|embedding| embedding.quality)
    };
    let snr: Vec<f64> = qualities().map(|quality| quality.snr_db).collect();
    if !snr.is_empty() {
        let least = snr.iter().copied().fold(f64::INFINITY, f64::min);
        facts.push((
            format!("{:.1} dB", mean(&snr)),
            format!("mean signal-to-mark ratio, minimum {least:.1}"),
        ));
    }
    let pesq: Vec<f64> = qualities().filter_map(|quality| quality.pesq_wb).collect();
    if !pesq.is_empty() {
        let least = pesq.iter().copied().fold(f64::INFINITY, f64::min);
        facts.push((
            format!("{:.2}", mean(&pesq)),
            format!("mean PESQ-WB of speech, minimum {least:.2}"),
        ));
    }
    fact_list(&facts, page)
}

/// Horizontal bars, one per attack, of one crop length; what lies among other sounds is looked at as a whole.
fn recovery(measurement: &Measurement, length: Length, page: &mut String) -> std::fmt::Result {
    let mut rows = Vec::new();
    for attack in &measurement.settings.attacks {
        let own = || {
            let trials = measurement.trials.iter();
            trials.filter(move |trial| {
                trial.attack == attack.name
                    && (trial.length == length || trial.length == Length::Full)
            })
        };
        let (recovered, counted) = tally(own());
        if counted > 0 {
            let wrong = own().filter(|trial| trial.outcome == Outcome::Wrong);
            rows.push(Recovery {
                attack: attack.name,
                recovered,
                counted,
                wrong: wrong.count(),
            });
        }
    }
    writeln!(
        page,
        "<h2>Recovery per attack, {length}</h2><p>Share of clips whose 96 bits were all read, in per cent, with 95 % \
         intervals. A bar of the other colour had a wrong payload.</p>"
    )?;
    recovery_chart(&rows, page)
}

/// Original, marked and difference side by side.
fn spectrograms(examples: &[Example], page: &mut String) -> std::fmt::Result {
    if examples.is_empty() {
        return Ok(());
    }
    writeln!(
        page,
        "<h2>Before, after, and the difference</h2><p>Spectrograms of the first 8 s, 0 to 8 kHz, all three from the \
         loudest cell of the original down by 80 dB.</p>"
    )?;
    for example in examples {
        let name = escaped(&example.clip);
        writeln!(page, "<figure>")?;
        for (what, picture) in ["before", "after", "difference"]
            .iter()
            .zip(&example.pictures)
        {
            let data = base64(picture);
            writeln!(
                page,
                "<img alt=\"{name}, {what}\" src=\"data:image/png;base64,{data}\">"
            )?;
        }
        writeln!(page, "<figcaption>{name}</figcaption></figure>")?;
    }
    Ok(())
}
