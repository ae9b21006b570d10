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
        if let Ok(text) = serde_json::to_string(value) {
            self.line(&text);
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

/// Text that came from outside, safe to show on a terminal: control characters are escaped, so that a
/// file name or manifest cannot move the cursor or forge a line.
pub(crate) fn shown(text: &str) -> String {
    let unsafe_char = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .flat_map(|c| {
            if unsafe_char(c) {
                c.escape_default().collect::<Vec<_>>()
            } else {
                vec![c]
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            shown("a\u{1b}[2Jb\r\nc\u{202e}é"),
            "a\\u{1b}[2Jb\\r\\nc\\u{202e}é"
        );
    }
}
