//! The result as one HTML page with drawings, without scripts or anything from outside.

use std::fmt::Write as _;

use super::report::{Tally, markdown};
use super::run::{Measurement, Outcome, Subject, Trial};
use crate::statistics::wilson_95;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;\
padding:0 1rem;color:#1d2430;background:#fff}svg{width:100%;height:auto;font-size:11px}\
.bar{fill:#2b6cb0}.bad{fill:#c05621}.line{stroke:#1d2430;fill:none}.grid{stroke:#d5dae1}\
.dot{fill:#2b6cb0;fill-opacity:.6}pre{overflow-x:auto;background:#f4f6f8;padding:1rem}";

/// A self-contained page: recovery per attack with 95 % intervals, recovery of each picture against
/// its PSNR, the p-values of pictures that carry no mark of the key, and the tables as text.
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
    writeln!(page, "<h2>Recovery per attack, with 95 % intervals</h2>")?;
    recovery(measurement, page)?;
    writeln!(page, "<h2>Recovery of each picture against its PSNR</h2>")?;
    against_quality(measurement, page)?;
    let silent: Vec<f64> = measurement
        .trials
        .iter()
        .filter(|trial| trial.subject != Subject::Marked)
        .filter_map(|trial| trial.p_value)
        .collect();
    if !silent.is_empty() {
        writeln!(page, "<h2>p-values where there is no mark of the key</h2>")?;
        p_values(silent, page)?;
    }
    let tables = escaped(&markdown(measurement));
    writeln!(page, "<h2>Tables</h2><pre>{tables}</pre></html>")
}

/// Horizontal bars, one per attack.
fn recovery(measurement: &Measurement, page: &mut String) -> std::fmt::Result {
    const LEFT: f64 = 190.0;
    const WIDTH: f64 = 520.0;
    const ROW: usize = 16;
    let attacks = &measurement.settings.attacks;
    let height = (attacks.len() + 1) * ROW;
    svg(page, 800, height, "Recovery per attack in per cent")?;
    for tenth in 0..=10 {
        let x = LEFT + WIDTH * f64::from(tenth) / 10.0;
        line(page, "grid", (x, 0.0), (x, (height - ROW) as f64))?;
        text(
            page,
            x - 8.0,
            height as f64 - 4.0,
            &(10 * tenth).to_string(),
        )?;
    }
    for (row, attack) in attacks.iter().enumerate() {
        let trials = measurement.trials.iter();
        let trials: Vec<&Trial> = trials
            .filter(|trial| trial.subject == Subject::Marked && trial.attack == attack.name)
            .collect();
        let tally = Tally::of(trials.iter());
        let y = (row * ROW) as f64;
        text(page, 4.0, y + 12.0, attack.name)?;
        if tally.counted == 0 {
            text(page, LEFT + 4.0, y + 12.0, "not run")?;
            continue;
        }
        let rate = tally.recovered as f64 / tally.counted as f64;
        let class = if tally.wrong == 0 { "bar" } else { "bad" };
        writeln!(
            page,
            "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{}\" width=\"{:.1}\" height=\"8\"/>",
            y + 4.0,
            WIDTH * rate
        )?;
        let (low, high) = wilson_95(tally.recovered, tally.counted);
        let (from, to) = (LEFT + WIDTH * low, LEFT + WIDTH * high);
        line(page, "line", (from, y + 8.0), (to, y + 8.0))?;
        let count = format!("{}/{}", tally.recovered, tally.counted);
        text(page, LEFT + WIDTH + 16.0, y + 12.0, &count)?;
    }
    writeln!(page, "</svg>")
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

/// The share of detections with a p-value up to x, both on logarithmic scales. A valid bound keeps
/// the curve below the diagonal.
fn p_values(mut values: Vec<f64>, page: &mut String) -> std::fmt::Result {
    values.sort_by(f64::total_cmp);
    let count = values.len() as f64;
    let log = |value: f64| value.max(1e-30).log10();
    let lowest = log(values.first().copied().unwrap_or(1.0)).min(-(count.log10()));
    let frame = Frame {
        x: (lowest.floor().min(-1.0), 0.0),
        y: (-(count.log10().ceil().max(1.0)), 0.0),
    };
    frame.open(page, "log10 of the p-value", "log10 of the share up to it")?;
    let start = frame.x.0.max(frame.y.0);
    line(
        page,
        "grid",
        frame.place(start, start),
        frame.place(0.0, 0.0),
    )?;
    write!(page, "<polyline class=\"line\" points=\"")?;
    for (rank, value) in values.iter().enumerate() {
        let (x, y) = frame.place(log(*value), log((rank + 1) as f64 / count));
        write!(page, "{x:.1},{y:.1} ")?;
    }
    writeln!(page, "\"/></svg>")
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

fn svg(page: &mut String, width: usize, height: usize, label: &str) -> std::fmt::Result {
    let label = escaped(label);
    writeln!(
        page,
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{label}\">"
    )
}

fn line(page: &mut String, class: &str, from: (f64, f64), to: (f64, f64)) -> std::fmt::Result {
    writeln!(
        page,
        "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
        from.0, from.1, to.0, to.1
    )
}

fn text(page: &mut String, x: f64, y: f64, content: &str) -> std::fmt::Result {
    writeln!(
        page,
        "<text x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
        escaped(content)
    )
}

/// Text that stays text in HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plots_stay_inside_their_frames() {
        let mut page = String::new();
        p_values(vec![0.5, 1e-40, 0.02, 1.0], &mut page).unwrap();
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

    #[test]
    fn names_cannot_write_html() {
        assert_eq!(escaped("<b a=\"1\">&"), "&lt;b a=&quot;1&quot;&gt;&amp;");
    }
}
