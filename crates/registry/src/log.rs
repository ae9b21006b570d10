//! The log in the database: leaves are added and the head is signed within one transaction.

use rusqlite::{Connection, params};

use crate::RegistryError;
use crate::entry::{Entry, Fingerprint, Salt};
use crate::merkle::{self, Hash};
use crate::note::{Checkpoint, LogKey, NoteError, VerifierKey};
use crate::sqlite::{COLUMNS, entry, salt};
use crate::tiles::{self, TileError, signed};
use crate::{KeyFileError, schema, search};

/// What is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// There is no log yet.
    #[error("it has no log yet; opening it for writing begins one")]
    NoLog,
    /// The signed head does not hold.
    #[error("the log's signed head: {0}")]
    Head(NoteError),
    /// The tree over the leaves is not the one that was signed.
    #[error("the tree over the log's leaves is not the one that was signed")]
    Root,
    /// A hash of the tree is not there.
    #[error("the tree over the log's leaves is incomplete")]
    Tree,
    /// A leaf has neither an entry nor a tombstone that says that it was forgotten.
    #[error("the entry of leaf {leaf} is missing, and was not forgotten")]
    Missing {
        /// The leaf's number, from 0.
        leaf: u64,
    },
    /// A leaf's entry is not what was registered.
    #[error("the entry of leaf {leaf} is not the one that was registered")]
    Changed {
        /// The leaf's number, from 0.
        leaf: u64,
    },
    /// An entry is not in the log.
    #[error("{count} entries are not in the log")]
    Unlogged {
        /// How many.
        count: u64,
    },
    /// The log does not continue an earlier head.
    #[error(
        "the log does not continue the earlier head of {size} leaves: what was there then was changed"
    )]
    Rewritten {
        /// Leaves of the earlier head.
        size: u64,
    },
}

/// Why something in the log failed, without the registry's place.
#[derive(Debug)]
pub(crate) enum LogError {
    Database(rusqlite::Error),
    Problem(Problem),
    Note(NoteError),
    OtherKey { expected: String, found: String },
    Field(&'static str),
    Io(std::io::Error),
    Export { line: u64, reason: String },
}

impl From<rusqlite::Error> for LogError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<TileError> for LogError {
    fn from(error: TileError) -> Self {
        match error {
            TileError::Database(error) => Self::Database(error),
            TileError::Missing => Self::Problem(Problem::Tree),
        }
    }
}

impl From<Problem> for LogError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<std::io::Error> for LogError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl LogError {
    /// The same, said of a registry.
    pub(crate) fn at(self, place: &str) -> RegistryError {
        let place = place.to_owned();
        match self {
            Self::Database(source) => RegistryError::Database { place, source },
            Self::Problem(problem) => RegistryError::Log { place, problem },
            Self::Note(error) => RegistryError::LogKey {
                place,
                source: error.into(),
            },
            Self::OtherKey { expected, found } => RegistryError::LogKey {
                place,
                source: KeyFileError::Other { expected, found },
            },
            Self::Field(field) => RegistryError::Entry { place, field },
            Self::Io(source) => RegistryError::Io { source },
            Self::Export { line, reason } => RegistryError::Export { line, reason },
        }
    }
}

/// The log's key and its head, whose signature holds.
pub(crate) fn head(connection: &Connection) -> Result<(VerifierKey, String, Checkpoint), LogError> {
    let (verifier, note) = schema::log(connection)?.ok_or(Problem::NoLog)?;
    let verifier: VerifierKey = verifier.parse().map_err(Problem::Head)?;
    let checkpoint = Checkpoint::open(&note, &verifier).map_err(Problem::Head)?;
    Ok((verifier, note, checkpoint))
}

/// Adds leaves within an open transaction, and signs the new head.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    connection: &'a Connection,
    key: &'a LogKey,
    size: u64,
    leaves: Vec<Hash>,
    /// Hashes of fingerprints for the search, with their scheme and leaf.
    hashes: Vec<(u8, u64, Hash)>,
}

impl<'a> Writer<'a> {
    /// Begins a log.
    pub(crate) fn begin_empty(
        connection: &'a Connection,
        key: &'a LogKey,
    ) -> Result<Self, LogError> {
        let writer = Self {
            connection,
            key,
            size: 0,
            leaves: Vec::new(),
            hashes: Vec::new(),
        };
        writer.sign(0)?;
        Ok(writer)
    }

    /// Continues the log. A log whose tree is not the signed one is not built upon: that would hide what happened.
    pub(crate) fn begin(connection: &'a Connection, key: &'a LogKey) -> Result<Self, LogError> {
        let (verifier, _, head) = head(connection)?;
        if verifier != key.verifier() {
            return Err(LogError::OtherKey {
                expected: verifier.name().to_owned(),
                found: key.verifier().name().to_owned(),
            });
        }
        if root(connection, head.size)? != head.root {
            return Err(Problem::Root.into());
        }
        Ok(Self {
            connection,
            key,
            size: head.size,
            leaves: Vec::new(),
            hashes: Vec::new(),
        })
    }

    /// The number of the next leaf.
    pub(crate) fn next(&self) -> u64 {
        self.size + self.leaves.len() as u64
    }

    /// Makes the fingerprint of the next leaf's entry known to the search.
    pub(crate) fn index(&mut self, fingerprint: &Fingerprint) {
        self.hashes
            .push((fingerprint.scheme, self.next(), fingerprint.hash));
    }

    /// Adds a leaf.
    pub(crate) fn push(&mut self, leaf: Hash) {
        self.leaves.push(leaf);
    }

    /// Gives the entries of a registry from before there was a log their leaves, in the order of time.
    pub(crate) fn add_old_entries(mut self) -> Result<(), LogError> {
        // Numbers first: rows must not change while they are read.
        let numbers: Vec<i64> = self
            .connection
            .prepare("SELECT rowid FROM entry WHERE leaf IS NULL ORDER BY stamped_at_ms, rowid")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut update = self
            .connection
            .prepare("UPDATE entry SET leaf = ?1, salt = ?2 WHERE rowid = ?3")?;
        let mut one = self
            .connection
            .prepare(&format!("SELECT {COLUMNS} FROM entry WHERE rowid = ?1"))?;
        for number in numbers {
            let entry = one.query_row(params![number], |row| Ok(entry(row)))?;
            let entry: Entry = entry.map_err(LogError::Field)?;
            let salt: Salt = salt()?;
            update.execute(params![signed(self.next()), salt, number])?;
            self.push(entry.leaf_hash(&salt));
        }
        drop((update, one));
        self.finish()
    }

    /// Writes the leaves and the new head, where there is something new.
    pub(crate) fn finish(&self) -> Result<(), LogError> {
        if self.leaves.is_empty() {
            return Ok(());
        }
        tiles::append(self.connection, self.size, &self.leaves)?;
        search::add(self.connection, &self.hashes)?;
        self.sign(self.next())
    }

    fn sign(&self, size: u64) -> Result<(), LogError> {
        let verifier = self.key.verifier();
        let note = self.key.sign(&Checkpoint {
            origin: verifier.name().to_owned(),
            size,
            root: root(self.connection, size)?,
        });
        Ok(schema::set_log(
            self.connection,
            &verifier.to_string(),
            &note,
        )?)
    }
}

/// The root over the first `size` leaves, from the tiles.
pub(crate) fn root(connection: &Connection, size: u64) -> Result<Hash, LogError> {
    Ok(merkle::root(size, |level, index| {
        tiles::node(connection, level, index)
    })?)
}
