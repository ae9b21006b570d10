//! Audits: whether the log holds, computed again from the entries.

use filigrane_payload::MarkId;
use rusqlite::{Connection, params};

use crate::RegistryError;
use crate::entry::{Salt, Tombstone};
use crate::log::{LogError, Problem, head};
use crate::merkle::{self, Hash, RootBuilder, is_consistent, is_included};
use crate::note::{Checkpoint, VerifierKey};
use crate::sqlite::{COLUMNS, SqliteStore, entry};
use crate::tiles::{self, signed};

/// Problems that an audit lists; more are only counted.
const MOST_PROBLEMS: usize = 100;
/// Leaves looked at together: a tile's.
const STEP: u64 = 256;

/// What an audit came to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Audit {
    /// The log's key.
    pub verifier: VerifierKey,
    /// The signed head, as it can be kept.
    pub note: String,
    /// The same, read.
    pub checkpoint: Checkpoint,
    /// Leaves that hold an entry.
    pub entries: u64,
    /// Leaves whose entry was forgotten.
    pub forgotten: u64,
    /// What does not hold; the first of them.
    pub problems: Vec<Problem>,
    /// How many there are in all.
    pub problem_count: u64,
}

impl Audit {
    /// Whether everything holds.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.problem_count == 0
    }

    fn problem(&mut self, problem: Problem) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        }
        self.problem_count += 1;
    }
}

/// What became of a log since an earlier head.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Since {
    /// The earlier head.
    pub earlier: Checkpoint,
    /// The head now.
    pub now: Checkpoint,
    /// Hashes that show that the one continues the other (RFC 9162, section 2.1.4).
    pub proof: Vec<Hash>,
}

/// That an entry is in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proof {
    /// The leaf's number, from 0.
    pub leaf: u64,
    /// The leaf's hash.
    pub hash: Hash,
    /// Leaves of the tree.
    pub size: u64,
    /// Hashes from the leaf to the root (RFC 9162, section 2.1.3).
    pub path: Vec<Hash>,
}

impl Proof {
    /// Whether it leads to the root of a checkpoint.
    #[must_use]
    pub fn holds(&self, checkpoint: &Checkpoint) -> bool {
        self.size == checkpoint.size
            && is_included(
                self.leaf,
                &self.hash,
                self.size,
                &self.path,
                &checkpoint.root,
            )
    }
}

impl SqliteStore {
    /// The log's key and its signed head.
    ///
    /// # Errors
    /// [`RegistryError`] when there is none, or its signature does not hold.
    pub fn checkpoint(&self) -> Result<(VerifierKey, String), RegistryError> {
        self.reading(|connection| head(connection).map(|(verifier, note, _)| (verifier, note)))
    }

    /// Computes the whole log again from the entries and compares it with the signed head.
    ///
    /// # Errors
    /// [`RegistryError`] when it cannot be read, or its head's signature does not hold. What else does not hold is
    /// told in the audit.
    pub fn audit(&self) -> Result<Audit, RegistryError> {
        self.reading(|connection| {
            let (verifier, note, checkpoint) = head(connection)?;
            let mut audit = Audit {
                verifier,
                note,
                checkpoint,
                entries: 0,
                forgotten: 0,
                problems: Vec::new(),
                problem_count: 0,
            };
            audit_leaves(connection, &mut audit)?;
            let unlogged: i64 = connection.query_row(
                "SELECT count(*) FROM entry WHERE leaf IS NULL OR leaf >= ?1 OR leaf < 0",
                params![signed(audit.checkpoint.size)],
                |row| row.get(0),
            )?;
            if unlogged != 0 {
                audit.problem(Problem::Unlogged {
                    count: unlogged.unsigned_abs(),
                });
            }
            Ok(audit)
        })
    }

    /// Proves that the log continues an earlier head, a signed note that was kept.
    ///
    /// # Errors
    /// [`RegistryError::Log`] with [`Problem::Rewritten`] when it does not; others when either cannot be read.
    pub fn audit_since(&self, earlier: &str) -> Result<Since, RegistryError> {
        self.reading(|connection| {
            let (verifier, _, now) = head(connection)?;
            let earlier = Checkpoint::open(earlier, &verifier).map_err(Problem::Head)?;
            let rewritten = Problem::Rewritten { size: earlier.size };
            if earlier.size > now.size {
                return Err(rewritten.into());
            }
            let proof = if earlier.size == 0 {
                Vec::new()
            } else {
                merkle::consistency(earlier.size, now.size, |level, index| {
                    tiles::node(connection, level, index)
                })?
            };
            let (old, new) = ((earlier.size, &earlier.root), (now.size, &now.root));
            if !is_consistent(old, new, &proof) {
                return Err(rewritten.into());
            }
            Ok(Since {
                earlier,
                now,
                proof,
            })
        })
    }

    /// Proofs that the entries of an identifier are in the log, checked against the signed head, the newest first.
    ///
    /// # Errors
    /// [`RegistryError::Log`] when one is not; others when the registry cannot be read.
    pub fn proofs(&self, id: MarkId) -> Result<Vec<Proof>, RegistryError> {
        self.reading(|connection| {
            let (_, _, checkpoint) = head(connection)?;
            let sql = format!(
                "SELECT {COLUMNS}, leaf, salt FROM entry WHERE id = ?1 ORDER BY stamped_at_ms DESC, rowid DESC"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![id.to_bytes()])?;
            let mut proofs = Vec::new();
            while let Some(row) = rows.next()? {
                let (leaf, hash) = leaf(row)?;
                if leaf >= checkpoint.size {
                    return Err(Problem::Unlogged { count: 1 }.into());
                }
                let path = merkle::inclusion(leaf, checkpoint.size, |level, index| {
                    tiles::node(connection, level, index)
                })?;
                let proof = Proof {
                    leaf,
                    hash,
                    size: checkpoint.size,
                    path,
                };
                if !proof.holds(&checkpoint) {
                    return Err(Problem::Changed { leaf }.into());
                }
                proofs.push(proof);
            }
            Ok(proofs)
        })
    }

    /// Reads in one transaction: all of it sees the same moment.
    pub(crate) fn reading<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, LogError>,
    ) -> Result<T, RegistryError> {
        let mut connection = self.connection();
        let run = || work(&*connection.transaction()?);
        run().map_err(|error| error.at(self.place()))
    }
}

/// The number and hash of an entry's leaf; the columns behind the entry's are `leaf` and `salt`.
pub(crate) fn leaf(row: &rusqlite::Row<'_>) -> Result<(u64, Hash), LogError> {
    let entry = entry(row).map_err(LogError::Field)?;
    let leaf: i64 = row.get("leaf").map_err(|_| LogError::Field("leaf"))?;
    let salt: Salt = row.get("salt").map_err(|_| LogError::Field("salt"))?;
    let leaf = u64::try_from(leaf).map_err(|_| LogError::Field("leaf"))?;
    Ok((leaf, entry.leaf_hash(&salt)))
}

/// Compares every leaf with what it was made of, and the root with the signed one.
fn audit_leaves(connection: &Connection, audit: &mut Audit) -> Result<(), LogError> {
    let size = audit.checkpoint.size;
    let sql = format!(
        "SELECT {COLUMNS}, leaf, salt FROM entry WHERE leaf >= ?1 AND leaf < ?2 ORDER BY leaf"
    );
    let mut entries = connection.prepare(&sql)?;
    let mut tombstones = connection
        .prepare("SELECT leaf, forgets, at_ms FROM tombstone WHERE leaf >= ?1 AND leaf < ?2")?;
    let mut forgotten =
        // A tombstone beyond the signed leaves says nothing.
        connection.prepare("SELECT forgets FROM tombstone WHERE forgets >= ?1 AND forgets < ?2 AND leaf < ?3")?;
    let mut builder = RootBuilder::default();
    let mut begin = 0;
    while begin < size {
        let end = (begin + STEP).min(size);
        let range = (signed(begin), signed(end));
        let mut kinds = vec![Leaf::Missing; usize::try_from(end - begin).unwrap_or(0)];
        let mut set = |leaf: u64, kind: Leaf| {
            let place = leaf
                .checked_sub(begin)
                .and_then(|place| usize::try_from(place).ok());
            if let Some(slot) = place.and_then(|place| kinds.get_mut(place)) {
                *slot = match (*slot, kind) {
                    // Both cannot be: a tombstone was laid over an entry's leaf, or the other way round.
                    (Leaf::Tombstone(_), Leaf::Entry(_)) => Leaf::Entry(Hash::default()),
                    _ => kind,
                };
            }
        };
        let mut rows = forgotten.query((range.0, range.1, signed(size)))?;
        while let Some(row) = rows.next()? {
            set(
                u64::try_from(row.get::<_, i64>(0)?).unwrap_or(u64::MAX),
                Leaf::Forgotten,
            );
        }
        let mut rows = tombstones.query(range)?;
        while let Some(row) = rows.next()? {
            let tombstone = Tombstone {
                forgets: u64::try_from(row.get::<_, i64>(1)?).unwrap_or(u64::MAX),
                at_ms: row.get(2)?,
            };
            let leaf = u64::try_from(row.get::<_, i64>(0)?).unwrap_or(u64::MAX);
            set(leaf, Leaf::Tombstone(tombstone.leaf_hash()));
        }
        let mut rows = entries.query(range)?;
        while let Some(row) = rows.next()? {
            match leaf(row) {
                Ok((number, hash)) => set(number, Leaf::Entry(hash)),
                // It cannot be read, so it is not what was written.
                Err(LogError::Field(_)) => {
                    let number: i64 = row.get("leaf")?;
                    set(
                        u64::try_from(number).unwrap_or(u64::MAX),
                        Leaf::Entry(Hash::default()),
                    );
                }
                Err(other) => return Err(other),
            }
        }
        let hashes = tiles::leaves(connection, begin / STEP)?;
        for (number, kind) in (begin..end).zip(&kinds) {
            let known = usize::try_from(number - begin)
                .ok()
                .and_then(|place| hashes.get(place));
            let known = *known.ok_or(Problem::Tree)?;
            match kind {
                Leaf::Entry(hash) => {
                    audit.entries += 1;
                    if *hash != known {
                        audit.problem(Problem::Changed { leaf: number });
                    }
                }
                Leaf::Tombstone(hash) if *hash != known => {
                    audit.problem(Problem::Changed { leaf: number });
                }
                Leaf::Tombstone(_) => {}
                Leaf::Forgotten => audit.forgotten += 1,
                Leaf::Missing => audit.problem(Problem::Missing { leaf: number }),
            }
            builder.push(known);
        }
        begin = end;
    }
    let from_tiles = merkle::root(size, |level, index| tiles::node(connection, level, index))?;
    if builder.root() != audit.checkpoint.root || from_tiles != audit.checkpoint.root {
        audit.problem(Problem::Root);
    }
    Ok(())
}

/// What a leaf is.
#[derive(Debug, Clone, Copy)]
enum Leaf {
    Entry(Hash),
    Tombstone(Hash),
    Forgotten,
    Missing,
}
