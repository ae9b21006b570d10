//! The one printer: data on standard output, everything else on standard error.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::args::{Global, When};
use crate::exit::Exit;

/// Roles of text that may be coloured. Nothing is told by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Good,
    Caution,
    Bad,
    Strong,
    Faint,
}

impl Role {
    const fn code(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Caution => "33",
            Self::Bad => "31",
            Self::Strong => "1",
            Self::Faint => "2",
        }
    }
}

/// Prints results and notes as the global options ask.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    json: bool,
    quiet: bool,
    color_out: bool,
    color_err: bool,
    progress: bool,
}

impl Printer {
    pub(crate) fn new(global: &Global) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = |terminal: bool| match global.color {
            When::Always => true,
            When::Never => false,
            When::Auto => terminal && !no_color,
        };
        Self {
            json: global.json,
            quiet: global.quiet,
            color_out: color(io::stdout().is_terminal()),
            color_err: color(io::stderr().is_terminal()),
            progress: !global.quiet && io::stderr().is_terminal(),
        }
    }

    /// A worker's: it makes lines for the command to print, and prints nothing.
    pub(crate) const fn of_worker(json: bool, color: bool) -> Self {
        Self {
            json,
            quiet: true,
            color_out: color,
            color_err: false,
            progress: false,
        }
    }

    /// Whether text on standard output may be coloured.
    pub(crate) const fn color(self) -> bool {
        self.color_out
    }

    /// Whether results are JSON Lines.
    pub(crate) const fn json(self) -> bool {
        self.json
    }

    /// The same printer with results for people: where standard output holds a file.
    pub(crate) const fn without_json(self) -> Self {
        Self {
            json: false,
            ..self
        }
    }

    /// Whether a progress bar may be drawn.
    pub(crate) const fn progress(self) -> bool {
        self.progress
    }

    /// Text for standard output in a role's colour, where colour is on.
    pub(crate) fn paint(self, role: Role, text: &str) -> String {
        paint(self.color_out, role, text)
    }

    /// A line of data.
    pub(crate) fn line(self, text: &str) {
        write_out(|out| writeln!(out, "{text}"));
    }

    /// Data as it is, without a line's end.
    pub(crate) fn raw(self, bytes: &[u8]) {
        write_out(|out| out.write_all(bytes));
    }

    /// One JSON object on a line.
    pub(crate) fn object(self, value: &impl Serialize) {
        if let Some(line) = json_line(value) {
            self.line(&line);
        }
    }

    /// A note for people, on standard error; silent when asked.
    pub(crate) fn note(self, text: &str) {
        if !self.quiet {
            write_err(text);
        }
    }

    /// A warning, on standard error; silent when asked.
    pub(crate) fn warning(self, text: &str) {
        if !self.quiet {
            write_err(&format!(
                "{} {text}",
                paint(self.color_err, Role::Caution, "warning:")
            ));
        }
    }

    /// An error with its way out, on standard error.
    pub(crate) fn error(self, text: &str, hint: Option<&str>) {
        write_err(&format!(
            "{} {text}",
            paint(self.color_err, Role::Bad, "error:")
        ));
        if let Some(hint) = hint {
            write_err(&format!(
                "{} {hint}",
                paint(self.color_err, Role::Strong, "hint:")
            ));
        }
    }
}

/// Writes a finished file to standard output.
pub(crate) fn write_data(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

fn paint(color: bool, role: Role, text: &str) -> String {
    if color {
        format!("\u{1b}[{}m{text}\u{1b}[0m", role.code())
    } else {
        text.to_owned()
    }
}

/// A reader that went away (`filigrane … | head`) ends the program quietly.
fn write_out(write: impl FnOnce(&mut io::StdoutLock<'_>) -> io::Result<()>) {
    let mut out = io::stdout().lock();
    if write(&mut out).and_then(|()| out.flush()).is_err() {
        std::process::exit(i32::from(Exit::Error as u8));
    }
}

fn write_err(text: &str) {
    // Nowhere is left to complain to.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A value as one line of JSON that is safe to show on a terminal as it is.
pub(crate) fn json_line(value: &impl Serialize) -> Option<String> {
    let text = serde_json::to_string(value).ok()?;
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if commands_a_terminal(c) {
            // Such characters stand inside strings only, where JSON knows them as UTF-16 too.
            for unit in c.encode_utf16(&mut [0; 2]) {
                line.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            line.push(c);
        }
    }
    Some(line)
}

/// Of a text that came from outside, so many characters are shown: more than any path or honest title has.
const LONGEST_SHOWN: usize = 4096;

/// Text that came from outside, safe to show on a terminal: characters that steer it are escaped, so that a
/// file name or manifest cannot move the cursor or forge a line, and what is too long is cut.
pub(crate) fn shown(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(LONGEST_SHOWN));
    for (position, c) in text.chars().enumerate() {
        if position == LONGEST_SHOWN {
            line.push('…');
            break;
        }
        if commands_a_terminal(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

/// Whether a character does something else than being drawn where it stands: controls (C0, delete, C1), the
/// ends of lines and paragraphs, bidirectional marks, embeddings and isolates (Unicode Standard Annex #9),
/// invisible separators and tags.
fn commands_a_terminal(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_steer_a_terminal_are_escaped() {
        assert_eq!(
            shown("a\u{1b}[2Jb\r\nc\u{202e}é"),
            "a\\u{1b}[2Jb\\r\\nc\\u{202e}é"
        );
        for c in [
            '\0',
            '\u{7f}',
            '\u{9b}',
            '\u{200b}',
            '\u{2028}',
            '\u{2066}',
            '\u{feff}',
            '\u{e0041}',
        ] {
            assert!(!shown(&format!("a{c}b")).contains(c), "{c:?}");
        }
        // Joiners are part of words and emoji in honest text.
        for honest in ["Zoë", "नमस्ते", "👩\u{200d}🎨", "می\u{200c}خواهم", "שלום"]
        {
            assert_eq!(shown(honest), honest);
        }
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(
            shown(&"é".repeat(1_000_000)).chars().count(),
            LONGEST_SHOWN + 1
        );
    }

    #[test]
    fn json_says_the_same_with_escapes() {
        let text = "\u{1b}]0;x\u{7}\u{9b}2J\u{202e}\u{e0041}\u{7f}é\n\"\\";
        let line = json_line(&text).unwrap();
        assert!(!line.chars().any(commands_a_terminal), "{line}");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }
}
