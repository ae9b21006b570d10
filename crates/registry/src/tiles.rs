//! The tree's hashes in the database, 256 to a row: tiles as of [tlog-tiles](https://c2sp.org/tlog-tiles).
//!
//! Level 0 holds the leaves' hashes; level `t` the roots of complete subtrees of `256^t` leaves. A million leaves make
//! 4,000 rows, and a proof reads a few of them.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::merkle::{Hash, node_hash};

/// Tree levels in a tile.
const HEIGHT: u32 = 8;
/// Hashes in a full tile.
const WIDTH: usize = 1 << HEIGHT;

/// Why the tiles gave no hash.
#[derive(Debug)]
pub(crate) enum TileError {
    Database(rusqlite::Error),
    /// A hash that must be there is not.
    Missing,
}

impl From<rusqlite::Error> for TileError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

/// The hash of a complete subtree of `2^level` leaves.
pub(crate) fn node(connection: &Connection, level: u32, index: u64) -> Result<Hash, TileError> {
    let (tile_level, within) = (level / HEIGHT, level % HEIGHT);
    let first = index << within;
    let tile = read(connection, tile_level, first / WIDTH as u64)?;
    let begin = usize::try_from(first % WIDTH as u64).map_err(|_| TileError::Missing)?;
    let hashes = tile.get(begin..begin + (1 << within));
    fold(hashes.ok_or(TileError::Missing)?).ok_or(TileError::Missing)
}

/// The leaves' hashes of one tile of level 0.
pub(crate) fn leaves(connection: &Connection, number: u64) -> Result<Vec<Hash>, TileError> {
    read(connection, 0, number)
}

/// Adds leaves behind the first `size`.
pub(crate) fn append(connection: &Connection, size: u64, leaves: &[Hash]) -> Result<(), TileError> {
    let mut changed: BTreeMap<(u32, u64), Vec<Hash>> = BTreeMap::new();
    for (position, leaf) in (size..).zip(leaves) {
        push(connection, &mut changed, 0, position, *leaf)?;
    }
    let mut write = connection.prepare_cached(
        "INSERT OR REPLACE INTO tile (level, number, hashes) VALUES (?1, ?2, ?3)",
    )?;
    for ((level, number), hashes) in &changed {
        write.execute(params![level, signed(*number), hashes.concat()])?;
    }
    Ok(())
}

/// Puts a hash at its place in a level, and the root of a tile that this fills into the level above.
fn push(
    connection: &Connection,
    changed: &mut BTreeMap<(u32, u64), Vec<Hash>>,
    level: u32,
    position: u64,
    hash: Hash,
) -> Result<(), TileError> {
    let number = position / WIDTH as u64;
    let place = usize::try_from(position % WIDTH as u64).map_err(|_| TileError::Missing)?;
    let tile = match changed.entry((level, number)) {
        std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
        std::collections::btree_map::Entry::Vacant(new) if place == 0 => new.insert(Vec::new()),
        std::collections::btree_map::Entry::Vacant(new) => {
            new.insert(read(connection, level, number)?)
        }
    };
    if tile.len() != place {
        return Err(TileError::Missing);
    }
    tile.push(hash);
    if tile.len() < WIDTH {
        return Ok(());
    }
    let root = fold(tile).ok_or(TileError::Missing)?;
    push(connection, changed, level + 1, number, root)
}

fn read(connection: &Connection, level: u32, number: u64) -> Result<Vec<Hash>, TileError> {
    let bytes: Option<Vec<u8>> = connection
        .prepare_cached("SELECT hashes FROM tile WHERE level = ?1 AND number = ?2")?
        .query_row(params![level, signed(number)], |row| row.get(0))
        .optional()?;
    let (hashes, rest) = bytes.as_ref().ok_or(TileError::Missing)?.as_chunks();
    if rest.is_empty() && hashes.len() <= WIDTH {
        Ok(hashes.to_vec())
    } else {
        Err(TileError::Missing)
    }
}

/// The root over so many hashes as a power of two.
fn fold(hashes: &[Hash]) -> Option<Hash> {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        let (pairs, _) = level.as_chunks::<2>();
        level = pairs
            .iter()
            .map(|[left, right]| node_hash(left, right))
            .collect();
    }
    level.first().copied()
}

pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
