//! What was stamped: identifiers, facts of the files, and the manifests that bring credentials back.
//!
//! [`SqliteStore`] keeps the registry in one file that several processes may use at once. Others
//! implement [`Store`]. No personal data is kept: neither paths nor file names.
//!
//! # The log
//!
//! Every entry is a leaf of a Merkle tree ([`merkle`]) whose head is signed ([`note`]) with the registry's own key. Whoever
//! kept an earlier head can tell whether anything was changed or left out since:
//! [`audit`](SqliteStore::audit) computes the tree again from the entries, and [`audit_since`](SqliteStore::audit_since)
//! proves that it continues the earlier one. An entry that is [forgotten](Store::forget) leaves its salted hash, and a
//! tombstone says that it was; nothing else vanishes unseen.

mod audit;
mod entry;
mod exchange;
mod key_file;
mod log;
pub mod merkle;
pub mod note;
mod schema;
mod search;
mod sqlite;
mod tiles;

pub use audit::{Audit, Proof, Since};
pub use entry::{Entry, FileFacts, Fingerprint, Medium};
pub use exchange::Imported;
pub use key_file::KeyFileError;
pub use log::Problem;
pub use sqlite::{SqliteStore, default_path};

use filigrane_payload::MarkId;

/// A place that remembers what was stamped.
pub trait Store: Send + Sync {
    /// Adds an entry. An identifier may have several entries (renditions of one asset); adding one
    /// with the same identifier and file hash again changes nothing.
    ///
    /// # Errors
    /// [`RegistryError`] when the entry is not safely stored.
    fn append(&self, entry: &Entry) -> Result<(), RegistryError>;

    /// Adds entries as [`append`](Self::append) does, together where the store can; returns how many were new.
    ///
    /// # Errors
    /// [`RegistryError`] when not all are safely stored.
    fn append_all(&self, entries: &[Entry]) -> Result<usize, RegistryError>;

    /// The entries of an identifier, the newest first; none is an answer, not an error.
    ///
    /// # Errors
    /// [`RegistryError`] when the registry could not be asked.
    fn find(&self, id: MarkId) -> Result<Vec<Entry>, RegistryError>;

    /// Up to `limit` entries whose fingerprint's hash differs from this one's in at most `most_bits` bits, the nearest
    /// first.
    ///
    /// # Errors
    /// [`RegistryError`] when the registry could not be asked.
    fn similar(
        &self,
        fingerprint: &Fingerprint,
        most_bits: u32,
        limit: usize,
    ) -> Result<Vec<Entry>, RegistryError>;

    /// Up to `limit` entries, the newest first, leaving out the first `skip`.
    ///
    /// # Errors
    /// [`RegistryError`] when the registry could not be asked.
    fn list(&self, skip: u64, limit: u32) -> Result<Vec<Entry>, RegistryError>;

    /// Removes all entries of an identifier and returns how many there were. What a log shows of them must not tell
    /// what they were.
    ///
    /// # Errors
    /// [`RegistryError`] when nothing could be removed.
    fn forget(&self, id: MarkId) -> Result<usize, RegistryError>;
}

/// Why the registry did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The database refused.
    #[error("registry `{place}`: {source}")]
    Database {
        /// The registry's place.
        place: String,
        /// Why.
        source: rusqlite::Error,
    },
    /// The folder of a registry could not be made.
    #[error("registry `{place}`: {source}")]
    Folder {
        /// The registry's place.
        place: String,
        /// Why.
        source: std::io::Error,
    },
    /// The registry was written by a later version.
    #[error(
        "registry `{place}`: expected schema version {expected} or earlier, found {found}; a later filigrane wrote it"
    )]
    Newer {
        /// The registry's place.
        place: String,
        /// The latest version that is known here.
        expected: i64,
        /// The version that was found.
        found: i64,
    },
    /// An entry in the registry cannot be read.
    #[error("registry `{place}`: an entry's {field} cannot be read")]
    Entry {
        /// The registry's place.
        place: String,
        /// The field.
        field: &'static str,
    },
    /// The log's key cannot be used.
    #[error("registry `{place}`: the log's key: {source}")]
    LogKey {
        /// The registry's place.
        place: String,
        /// Why.
        source: KeyFileError,
    },
    /// The log does not hold.
    #[error("registry `{place}`: {problem}")]
    Log {
        /// The registry's place.
        place: String,
        /// What is wrong.
        problem: Problem,
    },
    /// An export cannot be read or written.
    #[error("the export: {source}")]
    Io {
        /// Why.
        source: std::io::Error,
    },
    /// An export is not what it says.
    #[error("the export, line {line}: {reason}; nothing was imported")]
    Export {
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
}
