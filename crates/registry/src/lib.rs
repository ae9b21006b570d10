//! What was stamped: identifiers, facts of the files, and the manifests that bring credentials back.
//!
//! [`SqliteStore`] keeps the registry in one file that several processes may use at once. Others
//! implement [`Store`]. No personal data is kept: neither paths nor file names.

mod entry;
mod sqlite;

pub use entry::{Entry, FileFacts, Medium};
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

    /// The entries of an identifier, the newest first; none is an answer, not an error.
    ///
    /// # Errors
    /// [`RegistryError`] when the registry could not be asked.
    fn find(&self, id: MarkId) -> Result<Vec<Entry>, RegistryError>;

    /// Up to `limit` entries, the newest first, leaving out the first `skip`.
    ///
    /// # Errors
    /// [`RegistryError`] when the registry could not be asked.
    fn list(&self, skip: u64, limit: u32) -> Result<Vec<Entry>, RegistryError>;

    /// Removes all entries of an identifier and returns how many there were.
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
}
