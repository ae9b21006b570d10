//! The result as one HTML page with drawings, without scripts or anything from outside.

use std::fmt::Write as _;

use super::corpus;
use super::report::{Tally, attack_names, markdown, time_rows};
use super::run::{Measurement, Outcome, Subject, Trial};
use crate::statistics::{mean, wilson_95};

pub(crate) const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1d2430;--soft:#5b6675;--paper:#fff;--panel:#f4f6f8;--rule:#d5dae1;\
--good:#2b6cb0;--bad:#c05621;--third:#2f855a}\
@media(prefers-color-scheme:dark){:root{--ink:#e3e8ef;--soft:#98a4b5;--paper:#14181f;--panel:#1d232d;\
--rule:#38414f;--good:#63a4e8;--bad:#ed8950;--third:#68c08f}}\
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
color:var(--ink);background:var(--paper)}h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2.5rem}\
p,figcaption{color:var(--soft)}svg{width:100%;height:auto;font-size:11px}text{fill:var(--ink)}\
.bar{fill:var(--good)}.bad{fill:var(--bad)}.line{stroke:var(--ink);fill:none}\
.second{stroke:var(--bad);fill:none}.third{stroke:var(--third);fill:none}\
.grid{stroke:var(--rule)}.theory{stroke:var(--soft);stroke-dasharray:4 3}\
.dot{fill:var(--good);fill-opacity:.6}pre{overflow-x:auto;background:var(--panel);padding:1rem;font-size:12px}\
figure{margin:1rem 0;display:grid;grid-template-columns:repeat(3,1fr);gap:.5rem}\
figure img{width:100%;image-rendering:pixelated}figcaption{grid-column:1/-1}\
.facts{display:flex;flex-wrap:wrap;gap:.5rem 2rem;padding:0;list-style:none}.facts b{display:block;font-size:1.5rem}";

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
    const LEFT: f64 = 190.0;
    const WIDTH: f64 = 520.0;
    const ROW: usize = 16;
    let marked: Vec<&Trial> = measurement
        .trials
        .iter()
        .filter(|trial| trial.subject == Subject::Marked)
        .collect();
    let attacks = attack_names(&marked);
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
    for (row, attack) in attacks.into_iter().enumerate() {
        let trials = marked.iter().filter(|trial| trial.attack == attack);
        let trials: Vec<&Trial> = trials.copied().collect();
        let tally = Tally::of(trials.iter());
        let y = (row * ROW) as f64;
        text(page, 4.0, y + 12.0, attack)?;
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

/// What matters most: values, and what they are of.
pub(crate) fn fact_list(facts: &[(String, String)], page: &mut String) -> std::fmt::Result {
    writeln!(page, "<ul class=\"facts\">")?;
    for (value, name) in facts {
        writeln!(page, "<li><b>{}</b>{}</li>", escaped(value), escaped(name))?;
    }
    writeln!(page, "</ul>")
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

/// A horizontal bar.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) share: f64,
    pub(crate) label: String,
    pub(crate) is_bad: bool,
}

pub(crate) fn bars(rows: &[Row], label: &str, page: &mut String) -> std::fmt::Result {
    svg(page, 800, rows.len() * 18 + 4, label)?;
    for (index, row) in rows.iter().enumerate() {
        let y = (index * 18) as f64;
        text(page, 4.0, y + 13.0, &row.name)?;
        let class = if row.is_bad { "bad" } else { "bar" };
        let width = 420.0 * row.share.clamp(0.0, 1.0);
        writeln!(
            page,
            "<rect class=\"{class}\" x=\"200\" y=\"{}\" width=\"{width:.1}\" height=\"10\"/>",
            y + 4.0
        )?;
        text(page, 208.0 + width, y + 13.0, &row.label)?;
    }
    writeln!(page, "</svg>")
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

/// Base64 of RFC 4648, section 4.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word = (0..3).fold(0_usize, |word, at| {
            word << 8 | usize::from(group.get(at).copied().unwrap_or(0))
        });
        for digit in 0..4 {
            if digit <= group.len() {
                text.push(char::from(ALPHABET[word >> (18 - 6 * digit) & 63]));
            } else {
                text.push('=');
            }
        }
    }
    text
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
pub(crate) fn escaped(text: &str) -> String {
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

    #[test]
    fn base64_is_that_of_the_standard() {
        // RFC 4648, section 10.
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn names_cannot_write_html() {
        assert_eq!(escaped("<b a=\"1\">&"), "&lt;b a=&quot;1&quot;&gt;&amp;");
    }
}
