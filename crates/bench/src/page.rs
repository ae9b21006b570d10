//! The parts of the reports that are web pages: style, tables of facts, bars, pictures.

use std::fmt::Write as _;

use crate::statistics::wilson_95;

/// The style sheet of all pages, light and dark.
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

/// What matters most: values, and what they are of.
pub(crate) fn fact_list(facts: &[(String, String)], page: &mut String) -> std::fmt::Result {
    writeln!(page, "<ul class=\"facts\">")?;
    for (value, name) in facts {
        writeln!(page, "<li><b>{}</b>{}</li>", escaped(value), escaped(name))?;
    }
    writeln!(page, "</ul>")
}

/// What was recovered under an attack; nothing counted where it was not run.
pub(crate) struct Recovery<'a> {
    pub(crate) attack: &'a str,
    pub(crate) recovered: usize,
    pub(crate) counted: usize,
    /// Payloads that were read wrong.
    pub(crate) wrong: usize,
}

/// Horizontal bars with 95 % intervals, one per attack.
pub(crate) fn recovery_chart(rows: &[Recovery<'_>], page: &mut String) -> std::fmt::Result {
    const LEFT: f64 = 190.0;
    const WIDTH: f64 = 520.0;
    const ROW: usize = 16;
    let height = (rows.len() + 1) * ROW;
    svg(page, 800, height, "Recovery per attack in per cent")?;
    for tenth in 0..=10 {
        let x = LEFT + WIDTH * f64::from(tenth) / 10.0;
        line(page, "grid", (x, 0.0), (x, (height - ROW) as f64))?;
        let percent = (10 * tenth).to_string();
        text(page, x - 8.0, height as f64 - 4.0, &percent)?;
    }
    for (index, row) in rows.iter().enumerate() {
        let y = (index * ROW) as f64;
        text(page, 4.0, y + 12.0, row.attack)?;
        if row.counted == 0 {
            text(page, LEFT + 4.0, y + 12.0, "not run")?;
            continue;
        }
        let rate = row.recovered as f64 / row.counted as f64;
        let class = if row.wrong == 0 { "bar" } else { "bad" };
        writeln!(
            page,
            "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{}\" width=\"{:.1}\" height=\"8\"/>",
            y + 4.0,
            WIDTH * rate
        )?;
        let (low, high) = wilson_95(row.recovered, row.counted);
        let (from, to) = (LEFT + WIDTH * low, LEFT + WIDTH * high);
        line(page, "line", (from, y + 8.0), (to, y + 8.0))?;
        let count = format!("{}/{}", row.recovered, row.counted);
        text(page, LEFT + WIDTH + 16.0, y + 12.0, &count)?;
    }
    writeln!(page, "</svg>")
}

/// A horizontal bar.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) share: f64,
    pub(crate) label: String,
    pub(crate) is_bad: bool,
}

/// Bars below each other, as long as their shares.
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

/// Begins a drawing of this size that reads as `label` aloud.
pub(crate) fn svg(page: &mut String, width: usize, height: usize, label: &str) -> std::fmt::Result {
    let label = escaped(label);
    writeln!(
        page,
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{label}\">"
    )
}

/// A line of a class of the style sheet.
pub(crate) fn line(
    page: &mut String,
    class: &str,
    from: (f64, f64),
    to: (f64, f64),
) -> std::fmt::Result {
    writeln!(
        page,
        "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
        from.0, from.1, to.0, to.1
    )
}

/// Text that begins at a place.
pub(crate) fn text(page: &mut String, x: f64, y: f64, content: &str) -> std::fmt::Result {
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
