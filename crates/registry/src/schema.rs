//! The database's tables, and how an older file gets them.

use rusqlite::{Connection, params};

/// Steps from an empty file to the current schema; the number of steps taken is `user_version`. Steps are only ever
/// added.
const MIGRATIONS: [&str; 3] = [
    "
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
    ",
    // The log. Entries from before get their leaves right after this step.
    "
    ALTER TABLE entry ADD COLUMN leaf INTEGER;
    ALTER TABLE entry ADD COLUMN salt BLOB CHECK (length(salt) = 32);
    CREATE UNIQUE INDEX entry_by_leaf ON entry (leaf);
    CREATE TABLE tombstone (
        leaf    INTEGER PRIMARY KEY,
        forgets INTEGER NOT NULL UNIQUE,
        at_ms   INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE tile (
        level  INTEGER NOT NULL,
        number INTEGER NOT NULL,
        hashes BLOB NOT NULL,
        PRIMARY KEY (level, number)
    ) STRICT;
    CREATE TABLE log (
        one        INTEGER PRIMARY KEY CHECK (one = 1),
        verifier   TEXT NOT NULL,
        checkpoint TEXT NOT NULL
    ) STRICT;
    ",
    "
    ALTER TABLE entry ADD COLUMN fingerprint BLOB;
    CREATE TABLE hash_page (
        scheme INTEGER NOT NULL,
        number INTEGER NOT NULL,
        hashes BLOB NOT NULL,
        PRIMARY KEY (scheme, number)
    ) STRICT;
    ",
];

/// The current schema's version.
pub(crate) const VERSION: i64 = MIGRATIONS.len() as i64;

/// The version from which on there is a log.
pub(crate) const WITH_LOG: i64 = 2;

/// The version of an opened file; 0 for an empty one.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Takes the steps that are missing from `from` on.
pub(crate) fn migrate(connection: &Connection, from: i64) -> rusqlite::Result<()> {
    for step in MIGRATIONS.iter().skip(usize::try_from(from).unwrap_or(0)) {
        connection.execute_batch(step)?;
    }
    connection.pragma_update(None, "user_version", VERSION)
}

/// The log's key and signed head, where there is a log.
pub(crate) fn log(connection: &Connection) -> rusqlite::Result<Option<(String, String)>> {
    use rusqlite::OptionalExtension as _;
    connection
        .prepare_cached("SELECT verifier, checkpoint FROM log")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// Replaces the log's signed head.
pub(crate) fn set_log(
    connection: &Connection,
    verifier: &str,
    checkpoint: &str,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO log (one, verifier, checkpoint) VALUES (1, ?1, ?2)",
        )?
        .execute(params![verifier, checkpoint])?;
    Ok(())
}
