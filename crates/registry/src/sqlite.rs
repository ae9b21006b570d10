//! The registry in one SQLite file.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use filigrane_payload::{KeyId, MarkId, Origin};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, TransactionBehavior, params};

use crate::entry::{Entry, FileFacts, Medium};
use crate::{RegistryError, Store};

/// Steps from an empty file to the current schema; the number of steps taken is `user_version`.
/// Steps are only ever added.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE entry (
        id            BLOB NOT NULL CHECK (length(id) = 11),
        hash          BLOB NOT NULL CHECK (length(hash) = 32),
        key_id        TEXT NOT NULL,
        origin        INTEGER NOT NULL,
        stamped_at_ms INTEGER NOT NULL,
        medium        TEXT NOT NULL,
        mime          TEXT NOT NULL,
        bytes         INTEGER NOT NULL,
        width         INTEGER NOT NULL,
        height        INTEGER NOT NULL,
        generator     TEXT NOT NULL,
        manifest      BLOB NOT NULL,
        PRIMARY KEY (id, hash)
    ) STRICT;
    CREATE INDEX entry_by_time ON entry (stamped_at_ms);
"];
const COLUMNS: &str = "id, hash, key_id, origin, stamped_at_ms, medium, mime, bytes, width, height, generator, manifest";
/// How long a writer waits for another process before it gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A registry in a SQLite file, or in memory for tests.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Mutex<Connection>,
    place: String,
}

/// Where the registry lies unless told otherwise: `filigrane/registry.sqlite3` in `$XDG_DATA_HOME` or
/// `~/.local/share`; nothing where neither is known.
#[must_use]
pub fn default_path() -> Option<PathBuf> {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let data =
        absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")))?;
    Some(data.join("filigrane/registry.sqlite3"))
}

impl SqliteStore {
    /// Opens a registry and makes it where it is missing, with the last folder of its path (readable by
    /// its owner only).
    ///
    /// # Errors
    /// [`RegistryError`] when the file cannot be opened, is no registry or comes from a later version.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RegistryError> {
        let path = path.as_ref();
        let place = path.display().to_string();
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            make_folder(folder).map_err(|source| RegistryError::Folder {
                place: place.clone(),
                source,
            })?;
        }
        let connection = Connection::open(path);
        Self::prepare(
            connection.map_err(|source| RegistryError::Database {
                place: place.clone(),
                source,
            })?,
            place,
        )
    }

    /// Opens an existing registry of the current schema for looking things up: nothing is written to it.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`RegistryError::Database`] when it is not there.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, RegistryError> {
        let path = path.as_ref();
        let place = path.display().to_string();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(path, flags).and_then(|connection| {
            connection.busy_timeout(PATIENCE)?;
            let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            Ok((connection, version))
        });
        let (connection, found) = opened.map_err(|source| RegistryError::Database {
            place: place.clone(),
            source,
        })?;
        let expected = MIGRATIONS.len() as i64;
        if found > expected {
            return Err(RegistryError::Newer {
                place,
                expected,
                found,
            });
        }
        Ok(Self {
            connection: Mutex::new(connection),
            place,
        })
    }

    /// A registry that is gone when it is dropped.
    ///
    /// # Errors
    /// [`RegistryError::Database`] when there is no memory for it.
    pub fn open_in_memory() -> Result<Self, RegistryError> {
        let place = "in memory".to_owned();
        let connection = Connection::open_in_memory();
        Self::prepare(
            connection.map_err(|source| RegistryError::Database {
                place: place.clone(),
                source,
            })?,
            place,
        )
    }

    fn prepare(mut connection: Connection, place: String) -> Result<Self, RegistryError> {
        let error = |source| RegistryError::Database {
            place: place.clone(),
            source,
        };
        connection.busy_timeout(PATIENCE).map_err(error)?;
        // Readers and one writer at a time, across processes; FULL: what was acknowledged survives a crash.
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(error)?;
        connection
            .pragma_update(None, "synchronous", "FULL")
            .map_err(error)?;
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(error)?;
        let version: i64 = transaction
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(error)?;
        let expected = MIGRATIONS.len() as i64;
        if version > expected {
            return Err(RegistryError::Newer {
                place,
                expected,
                found: version,
            });
        }
        for step in MIGRATIONS
            .iter()
            .skip(usize::try_from(version).unwrap_or(0))
        {
            transaction.execute_batch(step).map_err(error)?;
        }
        transaction
            .pragma_update(None, "user_version", expected)
            .map_err(error)?;
        transaction.commit().map_err(error)?;
        Ok(Self {
            connection: Mutex::new(connection),
            place,
        })
    }

    /// The connection; a thread that panicked while holding it has left no open transaction behind.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn database(&self, source: rusqlite::Error) -> RegistryError {
        RegistryError::Database {
            place: self.place.clone(),
            source,
        }
    }

    fn query(
        &self,
        tail: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<Vec<Entry>, RegistryError> {
        let connection = self.connection();
        let sql = format!("SELECT {COLUMNS} FROM entry {tail}");
        let mut statement = connection
            .prepare_cached(&sql)
            .map_err(|source| self.database(source))?;
        let rows = statement
            .query_map(parameters, |row| Ok(entry(row)))
            .map_err(|source| self.database(source))?;
        let mut entries = Vec::new();
        for row in rows {
            let row = row.map_err(|source| self.database(source))?;
            entries.push(row.map_err(|field| RegistryError::Entry {
                place: self.place.clone(),
                field,
            })?);
        }
        Ok(entries)
    }
}

impl Store for SqliteStore {
    fn append(&self, entry: &Entry) -> Result<(), RegistryError> {
        let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let sql = format!(
            "INSERT INTO entry ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
             ON CONFLICT (id, hash) DO NOTHING"
        );
        let connection = self.connection();
        let inserted = connection.prepare_cached(&sql).and_then(|mut statement| {
            statement.execute(params![
                entry.id.to_bytes(),
                entry.file.hash,
                entry.key_id.to_string(),
                entry.origin.code(),
                entry.stamped_at_ms,
                entry.file.medium.as_str(),
                entry.file.mime,
                signed(entry.file.bytes),
                signed(entry.file.width),
                signed(entry.file.height),
                entry.generator,
                entry.manifest,
            ])
        });
        inserted.map(|_| ()).map_err(|source| self.database(source))
    }

    fn find(&self, id: MarkId) -> Result<Vec<Entry>, RegistryError> {
        self.query(
            "WHERE id = ?1 ORDER BY stamped_at_ms DESC, rowid DESC",
            params![id.to_bytes()],
        )
    }

    fn list(&self, skip: u64, limit: u32) -> Result<Vec<Entry>, RegistryError> {
        let skip = i64::try_from(skip).unwrap_or(i64::MAX);
        self.query(
            "ORDER BY stamped_at_ms DESC, rowid DESC LIMIT ?1 OFFSET ?2",
            params![limit, skip],
        )
    }

    fn forget(&self, id: MarkId) -> Result<usize, RegistryError> {
        let connection = self.connection();
        let removed = connection.execute("DELETE FROM entry WHERE id = ?1", params![id.to_bytes()]);
        removed.map_err(|source| self.database(source))
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // Folds the write-ahead log back when this was the last user; no harm where it was not.
        let connection = self
            .connection
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let _ = connection
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
            .optional();
    }
}

/// An entry of a row, or the field that cannot be read.
fn entry(row: &Row<'_>) -> Result<Entry, &'static str> {
    let number = |index: usize| {
        row.get::<_, i64>(index)
            .ok()
            .and_then(|value| u64::try_from(value).ok())
    };
    Ok(Entry {
        id: MarkId::from_bytes(row.get(0).map_err(|_| "identifier")?),
        key_id: row
            .get::<_, String>(2)
            .ok()
            .and_then(|text| KeyId::parse(&text))
            .ok_or("key")?,
        origin: Origin::from_code(row.get(3).map_err(|_| "origin")?),
        stamped_at_ms: row.get(4).map_err(|_| "time")?,
        file: FileFacts {
            hash: row.get(1).map_err(|_| "hash")?,
            medium: row
                .get::<_, String>(5)
                .ok()
                .and_then(|text| Medium::parse(&text))
                .ok_or("medium")?,
            mime: row.get(6).map_err(|_| "type")?,
            bytes: number(7).ok_or("length")?,
            width: number(8).ok_or("width")?,
            height: number(9).ok_or("height")?,
        },
        generator: row.get(10).map_err(|_| "generator")?,
        manifest: row.get(11).map_err(|_| "manifest")?,
    })
}

/// Makes the folder, for its owner only; the folders above it must exist or be the user's own.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
