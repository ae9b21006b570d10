//! The result as one HTML page with drawings, without scripts or anything from outside.

use std::fmt::Write as _;

use super::corpus;
use super::report::{Tally, attack_names, markdown, time_rows};
use super::run::{Measurement, Outcome, Subject, Trial};
use crate::page::{
    Recovery, Row, STYLE, bars, base64, escaped, fact_list, line, recovery_chart, svg, text,
};
use crate::statistics::mean;

/// A self-contained page: recovery per attack with 95 % intervals, recovery of each picture against
/// its PSNR, copies and erasures, the p-values of pictures that carry no mark of the key, time,
/// examples, and the tables as text. Light and dark.
#[must_use]
pub fn html(measurement: &Measurement) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = write_page(measurement, &mut page);
    page
}

fn write_page(measurement: &Measurement, page: &mut String) -> std::fmt::Result {
    let title = escaped(&measurement.scheme);
    writeln!(
        page,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>Image watermark: {title}</title><style>{STYLE}</style><h1>{title}</h1>"
    )?;
    facts(measurement, page)?;
    writeln!(page, "<h2>Recovery per attack, with 95 % intervals</h2>")?;
    writeln!(
        page,
        "<p>Bars: share of pictures whose 96 bits were all read. Lines: Wilson's interval. A bar of the \
         other colour had a wrong payload.</p>"
    )?;
    recovery(measurement, page)?;
    forgeries(measurement, page)?;
    if !measurement.embeddings.is_empty() {
        writeln!(page, "<h2>Recovery of each picture against its PSNR</h2>")?;
        against_quality(measurement, page)?;
    }
    negatives(measurement, page)?;
    times(measurement, page)?;
    examples(measurement, page)?;
    let tables = escaped(&markdown(measurement));
    writeln!(page, "<h2>Tables</h2><pre>{tables}</pre></html>")
}

/// Horizontal bars, one per attack.
fn recovery(measurement: &Measurement, page: &mut String) -> std::fmt::Result {
    let trials = measurement.trials.iter();
    let marked: Vec<&Trial> = trials
        .filter(|trial| trial.subject == Subject::Marked)
        .collect();
    let rows: Vec<Recovery<'_>> = attack_names(&marked)
        .into_iter()
        .map(|attack| {
            let own = marked.iter().filter(|trial| trial.attack == attack);
            let own: Vec<&Trial> = own.copied().collect();
            let tally = Tally::of(own.iter());
            Recovery {
                attack,
                recovered: tally.recovered,
                counted: tally.counted,
                wrong: tally.wrong,
            }
        })
        .collect();
    recovery_chart(&rows, page)
}

/// One dot per marked picture.
fn against_quality(measurement: &Measurement, page: &mut String) -> std::fmt::Result {
    let dots: Vec<(f64, f64)> = measurement
        .embeddings
        .iter()
        .filter(|embedding| embedding.psnr.is_finite())
        .filter_map(|embedding| {
            let counted = measurement.trials.iter().filter(|trial| {
                trial.subject == Subject::Marked
                    && trial.outcome != Outcome::Skipped
                    && trial.seed == embedding.seed
                    && trial.picture == embedding.picture
            });
            let outcomes: Vec<Outcome> = counted.map(|trial| trial.outcome).collect();
            let recovered = outcomes
                .iter()
                .filter(|o| **o == Outcome::Recovered)
                .count();
            let rate = recovered as f64 / outcomes.len() as f64;
            (!outcomes.is_empty()).then_some((embedding.psnr, 100.0 * rate))
        })
        .collect();
    let low = dots.iter().map(|dot| dot.0).fold(42.0, f64::min).floor();
    let high = dots.iter().map(|dot| dot.0).fold(50.0, f64::max).ceil();
    let frame = Frame {
        x: (low, high),
        y: (0.0, 100.0),
    };
    frame.open(page, "PSNR in dB", "recovered, %")?;
    for (x, y) in dots {
        let (x, y) = frame.place(x, y);
        writeln!(
            page,
            "<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>"
        )?;
    }
    writeln!(page, "</svg>")
}

/// What a reader wants to know first.
fn facts(measurement: &Measurement, page: &mut String) -> std::fmt::Result {
    let of = |subject| -> Vec<&Trial> {
        let trials = measurement.trials.iter();
        trials.filter(|trial| trial.subject == subject).collect()
    };
    let marked = Tally::of(of(Subject::Marked).iter());
    let mut facts = Vec::new();
    if marked.counted > 0 {
        let rate = 100.0 * marked.recovered as f64 / marked.counted as f64;
        facts.push((
            format!("{rate:.1} %"),
            format!("recovered, {} of {}", marked.recovered, marked.counted),
        ));
        facts.push((marked.wrong.to_string(), "wrong payloads".to_owned()));
    }
    let done: Vec<_> = measurement
        .embeddings
        .iter()
        .filter(|embedding| embedding.refused.is_none())
        .collect();
    if !done.is_empty() {
        let psnr: Vec<f64> = done.iter().map(|embedding| embedding.psnr).collect();
        let ssim: Vec<f64> = done.iter().map(|embedding| embedding.ssim).collect();
        let least = psnr.iter().copied().fold(f64::INFINITY, f64::min);
        facts.push((
            format!("{:.1} dB", mean(&psnr)),
            format!("mean PSNR, minimum {least:.1}"),
        ));
        facts.push((format!("{:.4}", mean(&ssim)), "mean SSIM".to_owned()));
    }
    let silent: Vec<&Trial> = of(Subject::Unmarked)
        .into_iter()
        .chain(of(Subject::WrongKey))
        .collect();
    if !silent.is_empty() {
        let tally = Tally::of(silent.iter());
        facts.push((
            format!("{} of {}", tally.wrong, tally.counted),
            "accepted without a mark of the key".to_owned(),
        ));
    }
    fact_list(&facts, page)
}

/// Copies that were accepted and marks that were erased, if that was tried.
fn forgeries(measurement: &Measurement, page: &mut String) -> std::fmt::Result {
    for (subject, hit, title, note) in [
        (
            Subject::Forged,
            Outcome::Wrong,
            "Marks copied without the key",
            "Share that was accepted on another picture, by PSNR left in dB. 0 is right.",
        ),
        (
            Subject::Erased,
            Outcome::Recovered,
            "Marks erased without the key",
            "Share that was still found, by PSNR left in dB. 100 is right.",
        ),
    ] {
        let trials = measurement.trials.iter();
        let trials: Vec<&Trial> = trials.filter(|trial| trial.subject == subject).collect();
        if trials.is_empty() {
            continue;
        }
        writeln!(page, "<h2>{title}</h2><p>{note}</p>")?;
        let rows = attack_names(&trials).into_iter().map(|attack| {
            let own = trials.iter().filter(|trial| trial.attack == attack);
            let outcomes: Vec<Outcome> = own.map(|trial| trial.outcome).collect();
            let hits = outcomes.iter().filter(|outcome| **outcome == hit).count();
            Row {
                name: attack.to_owned(),
                share: hits as f64 / outcomes.len() as f64,
                label: format!("{hits}/{}", outcomes.len()),
                is_bad: subject == Subject::Forged,
            }
        });
        bars(&rows.collect::<Vec<_>>(), title, page)?;
    }
    Ok(())
}

/// Processor time per megapixel, means.
fn times(measurement: &Measurement, page: &mut String) -> std::fmt::Result {
    let means: Vec<(&str, f64)> = time_rows(measurement)
        .into_iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(name, values)| (name, mean(&values)))
        .collect();
    let Some(longest) = means.iter().map(|row| row.1).reduce(f64::max) else {
        return Ok(());
    };
    writeln!(
        page,
        "<h2>Time</h2><p>Processor milliseconds per megapixel of one thread, mean.</p>"
    )?;
    let rows = means.into_iter().map(|(name, value)| Row {
        name: name.to_owned(),
        share: value / longest,
        label: format!("{value:.0} ms/MP"),
        is_bad: false,
    });
    bars(&rows.collect::<Vec<_>>(), "Time per megapixel", page)
}

/// Original, marked and enlarged difference side by side.
fn examples(measurement: &Measurement, page: &mut String) -> std::fmt::Result {
    if measurement.examples.is_empty() {
        return Ok(());
    }
    writeln!(
        page,
        "<h2>Before, after, and the difference times 16</h2><p>The middle of the picture, 256 × 256.</p>"
    )?;
    for example in &measurement.examples {
        let name = escaped(&example.picture);
        writeln!(page, "<figure>")?;
        for (what, picture) in [
            ("before", &example.original),
            ("after", &example.marked),
            ("difference times 16", &example.difference),
        ] {
            // A picture that cannot be written leaves its place empty.
            let bytes = corpus::png(picture).unwrap_or_default();
            let data = base64(&bytes);
            writeln!(
                page,
                "<img alt=\"{name}, {what}\" src=\"data:image/png;base64,{data}\">"
            )?;
        }
        writeln!(page, "<figcaption>{name}</figcaption></figure>")?;
    }
    Ok(())
}

/// The p-values of detections that should find nothing, one curve per kind.
fn negatives(measurement: &Measurement, page: &mut String) -> std::fmt::Result {
    let of = |subject| -> Vec<f64> {
        let trials = measurement.trials.iter();
        let trials = trials.filter(|trial| trial.subject == subject);
        trials.filter_map(|trial| trial.p_value).collect()
    };
    let curves = [
        ("line", "unmarked", of(Subject::Unmarked)),
        ("second", "wrong key", of(Subject::WrongKey)),
    ];
    let curves: Vec<_> = curves
        .into_iter()
        .filter(|(.., values)| !values.is_empty())
        .collect();
    if curves.is_empty() {
        return Ok(());
    }
    writeln!(
        page,
        "<h2>p-values where there is no mark of the key</h2><p>Share of detections whose p-value is at \
         most x. The detector's p-value is an upper bound: a valid one stays on or below the dashed \
         diagonal, on which exact p-values would lie.</p>"
    )?;
    p_values(curves, page)
}

/// The share of detections with a p-value up to x, both on logarithmic scales. A valid bound keeps
/// the curves below the diagonal.
fn p_values(curves: Vec<(&str, &str, Vec<f64>)>, page: &mut String) -> std::fmt::Result {
    let count = curves.iter().map(|curve| curve.2.len()).max().unwrap_or(1) as f64;
    let log = |value: f64| value.max(1e-30).log10();
    let values = curves.iter().flat_map(|curve| &curve.2);
    let lowest = values
        .map(|value| log(*value))
        .fold(-count.log10(), f64::min);
    let frame = Frame {
        x: (lowest.floor().min(-1.0), 0.0),
        y: (-(count.log10().ceil().max(1.0)), 0.0),
    };
    frame.open(page, "log10 of the p-value", "log10 of the share up to it")?;
    let start = frame.x.0.max(frame.y.0);
    line(
        page,
        "theory",
        frame.place(start, start),
        frame.place(0.0, 0.0),
    )?;
    for (index, (class, name, mut values)) in curves.into_iter().enumerate() {
        values.sort_by(f64::total_cmp);
        let count = values.len() as f64;
        write!(page, "<polyline class=\"{class}\" points=\"")?;
        for (rank, value) in values.iter().enumerate() {
            let (x, y) = frame.place(log(*value), log((rank + 1) as f64 / count));
            write!(page, "{x:.1},{y:.1} ")?;
        }
        writeln!(page, "\"/>")?;
        let y = 40.0 + 16.0 * index as f64;
        line(page, class, (70.0, y - 4.0), (90.0, y - 4.0))?;
        text(page, 96.0, y, &format!("{name}, {count}"))?;
    }
    writeln!(page, "</svg>")
}

/// The area of a plot and what its sides stand for.
struct Frame {
    x: (f64, f64),
    y: (f64, f64),
}

impl Frame {
    const LEFT: f64 = 60.0;
    const TOP: f64 = 10.0;
    const WIDTH: f64 = 700.0;
    const HEIGHT: f64 = 300.0;

    fn open(&self, page: &mut String, across: &str, up: &str) -> std::fmt::Result {
        let (bottom, right) = (Self::TOP + Self::HEIGHT, Self::LEFT + Self::WIDTH);
        svg(page, 800, 360, &format!("{up} against {across}"))?;
        for step in 0..=5 {
            let share = f64::from(step) / 5.0;
            let (x, y) = (
                Self::LEFT + share * Self::WIDTH,
                bottom - share * Self::HEIGHT,
            );
            line(page, "grid", (x, Self::TOP), (x, bottom))?;
            line(page, "grid", (Self::LEFT, y), (right, y))?;
            let at = |(low, high): (f64, f64)| format!("{:.1}", low + share * (high - low));
            text(page, x - 10.0, bottom + 16.0, &at(self.x))?;
            text(page, 24.0, y + 4.0, &at(self.y))?;
        }
        text(page, Self::LEFT + 0.4 * Self::WIDTH, bottom + 34.0, across)?;
        text(page, Self::LEFT + 6.0, Self::TOP + 12.0, up)
    }

    fn place(&self, x: f64, y: f64) -> (f64, f64) {
        let share =
            |value: f64, (low, high): (f64, f64)| ((value - low) / (high - low)).clamp(0.0, 1.0);
        (
            Self::LEFT + Self::WIDTH * share(x, self.x),
            Self::TOP + Self::HEIGHT * (1.0 - share(y, self.y)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plots_stay_inside_their_frames() {
        let mut page = String::new();
        let curve = ("line", "unmarked", vec![0.5, 1e-40, 0.02, 1.0]);
        p_values(vec![curve], &mut page).unwrap();
        assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
        assert_eq!(page.matches("<polyline").count(), 1);
        let frame = Frame {
            x: (0.0, 1.0),
            y: (0.0, 2.0),
        };
        assert_eq!(frame.place(0.0, 0.0), (60.0, 310.0));
        assert_eq!(frame.place(1.0, 2.0), (760.0, 10.0));
        assert_eq!(frame.place(7.0, -3.0), (760.0, 310.0));
    }
}
