//! Why a file could not be read or written.

use crate::format::Format;

/// Why a file could not be read or written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MediaError {
    /// The content belongs to no format that is known.
    #[error("the content is no recognised picture or sound ({found})")]
    Unrecognised {
        /// What is there instead, such as `empty` or the first bytes.
        found: String,
    },
    /// A known format uses something that is not supported.
    #[error("{format}: {what} is not supported")]
    Unsupported {
        /// The format.
        format: Format,
        /// What it uses.
        what: String,
    },
    /// A limit is exceeded; nothing was allocated for it.
    #[error("{found} {what} exceed the limit of {limit}")]
    Limit {
        /// What is limited, such as `pixels`.
        what: &'static str,
        /// The most that is allowed.
        limit: u64,
        /// What was found.
        found: u64,
    },
    /// The content contradicts its format.
    #[error("the {format} content is damaged: {reason}")]
    Damaged {
        /// The format.
        format: Format,
        /// What is wrong.
        reason: String,
    },
    /// The format cannot be written, or not with this content.
    #[error("{format} cannot be written: {reason}")]
    CannotWrite {
        /// The format.
        format: Format,
        /// Why not.
        reason: String,
    },
}

/// What a decoder says, in one line that steers no terminal: it may quote the file.
pub(crate) fn one_line(message: &impl ToString) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    message.to_string().trim().chars().map(plain).collect()
}
