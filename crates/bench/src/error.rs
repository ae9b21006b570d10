//! What can keep a measurement from being made.

use std::path::PathBuf;

/// Why a bench could not run, or an attack could not be applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// A program that an attack calls is not installed: the attack is skipped.
    #[error("needs the program `{program}`, which does not start here")]
    Unavailable {
        /// The program's name.
        program: &'static str,
    },
    /// An attack makes no sense for this medium: it is skipped.
    #[error("{reason}")]
    NotApplicable {
        /// What the medium is or lacks, such as being mono.
        reason: &'static str,
    },
    /// A codec failed.
    #[error("{codec} failed: {reason}")]
    Codec {
        /// The codec's name.
        codec: &'static str,
        /// What it said.
        reason: String,
    },
    /// No attack, group or list has this name.
    #[error("unknown attack `{name}`; expected `standard`, `quick`, `all`, a group or an attack")]
    UnknownAttack {
        /// What was asked for.
        name: String,
    },
    /// The key of a measurement is of no use.
    #[error("cannot use the key: {reason}")]
    Key {
        /// What is wrong with it.
        reason: String,
    },
    /// The corpus has no file that could be used.
    #[error("no usable files in `{}`", folder.display())]
    EmptyCorpus {
        /// Where they were looked for.
        folder: PathBuf,
    },
    /// A line of a list of files is not understood.
    #[error("`{}`, line {line}: {reason}", path.display())]
    List {
        /// The list.
        path: PathBuf,
        /// Its line, from 1 on.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A file could not be decoded.
    #[error("cannot decode `{}`: {reason}", path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        reason: String,
    },
    /// A file or folder could not be read or written.
    #[error("`{}`: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The threads could not be started.
    #[error("cannot start {threads} threads: {reason}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What went wrong.
        reason: String,
    },
}

impl BenchError {
    /// An input or output error of `path`.
    pub(crate) fn file(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::File {
            path: path.into(),
            source,
        }
    }
}
