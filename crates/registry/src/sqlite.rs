//! The registry in one SQLite file.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use filigrane_payload::{KeyId, MarkId, Origin};
use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, Row, Transaction, TransactionBehavior,
    params,
};

use crate::entry::{Entry, FileFacts, Fingerprint, Medium, Salt, Tombstone};
use crate::key_file;
use crate::log::{LogError, Writer};
use crate::note::LogKey;
use crate::schema;
use crate::search;
use crate::tiles::signed;
use crate::{RegistryError, Store};

/// What an entry is read from, and in which order.
pub(crate) const COLUMNS: &str = "id, hash, key_id, origin, stamped_at_ms, medium, mime, bytes, width, height, generator, manifest, fingerprint";
/// How long a writer waits for another process before it gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A registry in a SQLite file, or in memory for tests.
///
/// The log's private key lies beside the file, as `FILE.log-key`; without it nothing can be added.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Mutex<Connection>,
    key: Option<LogKey>,
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

/// Tries again while other connections are in the way. SQLite waits by itself for most locks, but not where a lock that
/// is held grows, as in the change to a write-ahead log: it says "busy" at once there.
fn patiently<T>(attempt: impl Fn() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let result = attempt();
        let code = result
            .as_ref()
            .err()
            .and_then(rusqlite::Error::sqlite_error_code);
        let is_busy = matches!(
            code,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
        );
        if !is_busy || Instant::now() >= deadline {
            return result;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
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
        let error = |source| RegistryError::Database {
            place: place.clone(),
            source,
        };
        let connection = Connection::open(path).map_err(error)?;
        connection.busy_timeout(PATIENCE).map_err(error)?;
        let found = patiently(|| schema::version(&connection)).map_err(error)?;
        if found > schema::VERSION {
            return Err(RegistryError::Newer {
                place,
                expected: schema::VERSION,
                found,
            });
        }
        // A registry that has a log and lost its key is still read.
        let has_log =
            found >= schema::WITH_LOG && schema::log(&connection).map_err(error)?.is_some();
        let key = key_file::load(path, !has_log).map_err(|source| RegistryError::LogKey {
            place: place.clone(),
            source,
        })?;
        Self::prepare(connection, key, place)
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
            let version = patiently(|| schema::version(&connection))?;
            Ok((connection, version))
        });
        let (connection, found) = opened.map_err(|source| RegistryError::Database {
            place: place.clone(),
            source,
        })?;
        let expected = schema::VERSION;
        if found > expected {
            return Err(RegistryError::Newer {
                place,
                expected,
                found,
            });
        }
        Ok(Self {
            connection: Mutex::new(connection),
            key: None,
            place,
        })
    }

    /// A registry that is gone when it is dropped.
    ///
    /// # Errors
    /// [`RegistryError::Database`] when there is no memory for it.
    pub fn open_in_memory() -> Result<Self, RegistryError> {
        let place = "in memory".to_owned();
        let connection =
            Connection::open_in_memory().map_err(|source| RegistryError::Database {
                place: place.clone(),
                source,
            })?;
        let key = LogKey::generate().map_err(|error| RegistryError::LogKey {
            place: place.clone(),
            source: error.into(),
        })?;
        Self::prepare(connection, Some(key), place)
    }

    fn prepare(
        mut connection: Connection,
        key: Option<LogKey>,
        place: String,
    ) -> Result<Self, RegistryError> {
        let error = |source| RegistryError::Database {
            place: place.clone(),
            source,
        };
        connection.busy_timeout(PATIENCE).map_err(error)?;
        // Readers and one writer at a time, across processes; FULL: what was acknowledged survives a crash;
        // secure_delete: what is forgotten is overwritten.
        for (pragma, value) in [
            ("journal_mode", "WAL"),
            ("synchronous", "FULL"),
            ("secure_delete", "ON"),
        ] {
            patiently(|| connection.pragma_update(None, pragma, value)).map_err(error)?;
        }
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(error)?;
        let found = schema::version(&transaction).map_err(error)?;
        if found > schema::VERSION {
            return Err(RegistryError::Newer {
                place,
                expected: schema::VERSION,
                found,
            });
        }
        schema::migrate(&transaction, found).map_err(error)?;
        let begin = || -> Result<(), LogError> {
            let Some(key) = &key else { return Ok(()) };
            if schema::log(&transaction)?.is_none() {
                Writer::begin_empty(&transaction, key)?.add_old_entries()?;
            }
            Ok(())
        };
        begin().map_err(|problem| problem.at(&place))?;
        transaction.commit().map_err(error)?;
        Ok(Self {
            connection: Mutex::new(connection),
            key,
            place,
        })
    }

    /// The connection; a thread that panicked while holding it has left no open transaction behind.
    pub(crate) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The registry's place, for messages.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Does something to the log in one transaction: all of it is there afterwards, signed, or nothing.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>, &mut Writer<'_>) -> Result<T, LogError>,
    ) -> Result<T, RegistryError> {
        let key = self.key.as_ref().ok_or_else(|| RegistryError::LogKey {
            place: self.place.clone(),
            source: key_file::KeyFileError::Missing,
        })?;
        let mut connection = self.connection();
        let run = || -> Result<T, LogError> {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut writer = Writer::begin(&transaction, key)?;
            let result = work(&transaction, &mut writer)?;
            writer.finish()?;
            transaction.commit()?;
            Ok(result)
        };
        run().map_err(|problem| problem.at(&self.place))
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
        self.append_all(std::slice::from_ref(entry)).map(|_| ())
    }

    fn append_all(&self, entries: &[Entry]) -> Result<usize, RegistryError> {
        self.write(|transaction, writer| {
            let mut added = 0;
            for entry in entries {
                added += usize::from(insert(transaction, writer, entry, &salt()?)?);
            }
            Ok(added)
        })
    }

    fn find(&self, id: MarkId) -> Result<Vec<Entry>, RegistryError> {
        self.query(
            "WHERE id = ?1 ORDER BY stamped_at_ms DESC, rowid DESC",
            params![id.to_bytes()],
        )
    }

    fn similar(
        &self,
        fingerprint: &Fingerprint,
        most_bits: u32,
        limit: usize,
    ) -> Result<Vec<Entry>, RegistryError> {
        self.reading(|connection| {
            let leaves = search::nearest(connection, fingerprint, most_bits, limit)?;
            let sql = format!("SELECT {COLUMNS} FROM entry WHERE leaf = ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut entries = Vec::new();
            for leaf in leaves {
                let found = statement
                    .query_row(params![signed(leaf)], |row| Ok(entry(row)))
                    .optional()?;
                if let Some(found) = found {
                    entries.push(found.map_err(LogError::Field)?);
                }
            }
            Ok(entries)
        })
    }

    fn list(&self, skip: u64, limit: u32) -> Result<Vec<Entry>, RegistryError> {
        let skip = i64::try_from(skip).unwrap_or(i64::MAX);
        self.query(
            "ORDER BY stamped_at_ms DESC, rowid DESC LIMIT ?1 OFFSET ?2",
            params![limit, skip],
        )
    }

    fn forget(&self, id: MarkId) -> Result<usize, RegistryError> {
        let at_ms = now_ms();
        let forgotten = self.write(|transaction, writer| {
            let leaves: Vec<u64> = transaction
                .prepare_cached("DELETE FROM entry WHERE id = ?1 RETURNING leaf")?
                .query_map(params![id.to_bytes()], |row| row.get::<_, i64>(0))?
                .map(|leaf| Ok(u64::try_from(leaf?).unwrap_or(u64::MAX)))
                .collect::<Result<_, LogError>>()?;
            for forgets in &leaves {
                bury(
                    transaction,
                    writer,
                    Tombstone {
                        forgets: *forgets,
                        at_ms,
                    },
                )?;
            }
            Ok(leaves.len())
        })?;
        // The write-ahead log still holds what the pages held; emptied, nothing does. Another process that reads
        // at this moment keeps it until the next checkpoint.
        let _ = self
            .connection()
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .optional();
        Ok(forgotten)
    }
}

/// Adds an entry and its leaf unless the file is registered under the identifier already; whether it was added.
pub(crate) fn insert(
    connection: &Connection,
    writer: &mut Writer<'_>,
    entry: &Entry,
    salt: &Salt,
) -> Result<bool, LogError> {
    let sql = format!(
        "INSERT INTO entry ({COLUMNS}, leaf, salt) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) \
         ON CONFLICT (id, hash) DO NOTHING"
    );
    let inserted = connection.prepare_cached(&sql)?.execute(params![
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
        entry.fingerprint.as_ref().map(Fingerprint::to_bytes),
        signed(writer.next()),
        salt,
    ])?;
    if inserted == 0 {
        return Ok(false);
    }
    if let Some(fingerprint) = &entry.fingerprint {
        writer.index(fingerprint);
    }
    writer.push(entry.leaf_hash(salt));
    Ok(true)
}

/// Adds a tombstone and its leaf.
pub(crate) fn bury(
    connection: &Connection,
    writer: &mut Writer<'_>,
    tombstone: Tombstone,
) -> Result<(), LogError> {
    connection
        .prepare_cached("INSERT INTO tombstone (leaf, forgets, at_ms) VALUES (?1, ?2, ?3)")?
        .execute(params![
            signed(writer.next()),
            signed(tombstone.forgets),
            tombstone.at_ms
        ])?;
    search::forget(connection, tombstone.forgets)?;
    writer.push(tombstone.leaf_hash());
    Ok(())
}

/// A new salt.
pub(crate) fn salt() -> Result<Salt, LogError> {
    let mut salt = Salt::default();
    getrandom::fill(&mut salt).map_err(|_| LogError::Note(crate::note::NoteError::Random))?;
    Ok(salt)
}

fn now_ms() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |time| {
            i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
        })
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
pub(crate) fn entry(row: &Row<'_>) -> Result<Entry, &'static str> {
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
        fingerprint: row
            .get::<_, Option<Vec<u8>>>(12)
            .map_err(|_| "fingerprint")?
            .map(|bytes| Fingerprint::from_bytes(&bytes).ok_or("fingerprint"))
            .transpose()?,
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
