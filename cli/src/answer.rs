//! What looking at one file came to, ready to be printed: the same from this process and from a worker.

use filigrane::{Error, MediaError};
use serde::{Deserialize, Serialize};

use crate::exit::Exit;

/// What looking at one file came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// There is a report.
    Judged {
        /// The verdict's name, for the summary.
        verdict: String,
        /// The exit status.
        status: Exit,
        /// Lines for standard output.
        lines: Vec<String>,
    },
    /// There is none.
    Failed(FileError),
}

/// Why there is nothing to say about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileError {
    /// What went wrong.
    pub(crate) text: String,
    /// A way out.
    pub(crate) hint: Option<String>,
    /// The limit that was exceeded, where it was one.
    pub(crate) limit: Option<String>,
    /// Whether the file is no picture or sound, which is nothing to mention in a folder.
    pub(crate) no_medium: bool,
    /// Whether it was refused rather than failed.
    pub(crate) refused: bool,
}

impl FileError {
    /// An error without further facts.
    pub(crate) const fn plain(text: String) -> Self {
        Self {
            text,
            hint: None,
            limit: None,
            no_medium: false,
            refused: false,
        }
    }

    /// A limit that was exceeded.
    pub(crate) fn limit(limit: &str, text: &str, hint: &str) -> Self {
        Self {
            hint: Some(hint.to_owned()),
            limit: Some(limit.to_owned()),
            ..Self::plain(format!("limit exceeded: {text}"))
        }
    }
}

impl From<&Error> for FileError {
    fn from(error: &Error) -> Self {
        let inner = match error {
            Error::File { source, .. } => source,
            other => other,
        };
        let (limit, no_medium) = match inner {
            Error::Media(MediaError::Limit { what, .. }) => (Some((*what).to_owned()), false),
            Error::Empty | Error::Media(MediaError::Unrecognised { .. }) => (None, true),
            _ => (None, false),
        };
        Self {
            hint: error.hint(),
            limit,
            no_medium,
            refused: error.is_refusal(),
            ..Self::plain(error.to_string())
        }
    }
}
