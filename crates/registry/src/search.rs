//! Searching fingerprints: their hashes lie together, so that looking at every one of a million takes milliseconds.
//!
//! A row holds the hashes of 512 leaves in order; zeros stand where a leaf has none.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::entry::Fingerprint;
use crate::log::LogError;
use crate::merkle::Hash;
use crate::tiles::signed;

/// Leaves whose hashes make a row.
const SLOTS: u64 = 512;
const NONE: Hash = [0; 32];

/// Adds the hashes of leaves, with their schemes.
pub(crate) fn add(connection: &Connection, hashes: &[(u8, u64, Hash)]) -> Result<(), LogError> {
    let mut pages: BTreeMap<(u8, u64), Vec<Hash>> = BTreeMap::new();
    for (scheme, leaf, hash) in hashes {
        let page = match pages.entry((*scheme, leaf / SLOTS)) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => {
                new.insert(read(connection, *scheme, leaf / SLOTS)?)
            }
        };
        put(page, leaf % SLOTS, *hash);
    }
    for ((scheme, number), page) in &pages {
        write(connection, *scheme, *number, page)?;
    }
    Ok(())
}

/// Removes the hashes of a leaf.
pub(crate) fn forget(connection: &Connection, leaf: u64) -> Result<(), LogError> {
    let number = leaf / SLOTS;
    let schemes: Vec<u8> = connection
        .prepare_cached("SELECT scheme FROM hash_page WHERE number = ?1")?
        .query_map(params![signed(number)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for scheme in schemes {
        let mut page = read(connection, scheme, number)?;
        put(&mut page, leaf % SLOTS, NONE);
        write(connection, scheme, number, &page)?;
    }
    Ok(())
}

/// The leaves with the nearest hashes of a fingerprint's scheme, the nearest first.
pub(crate) fn nearest(
    connection: &Connection,
    fingerprint: &Fingerprint,
    most_bits: u32,
    limit: usize,
) -> Result<Vec<u64>, LogError> {
    let wanted = words(&fingerprint.hash);
    let mut statement =
        connection.prepare_cached("SELECT number, hashes FROM hash_page WHERE scheme = ?1")?;
    let mut rows = statement.query(params![fingerprint.scheme])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let number = u64::try_from(row.get::<_, i64>(0)?).map_err(|_| LogError::Field("page"))?;
        let bytes = row
            .get_ref(1)?
            .as_blob()
            .map_err(|_| LogError::Field("page"))?;
        let (hashes, _) = bytes.as_chunks::<32>();
        for (slot, hash) in (0..SLOTS).zip(hashes) {
            let words = words(hash);
            let bits: u32 = words
                .iter()
                .zip(&wanted)
                .map(|(a, b)| (a ^ b).count_ones())
                .sum();
            if bits <= most_bits && *hash != NONE {
                found.push((bits, number * SLOTS + slot));
            }
        }
        // What is kept stays small however many are near.
        if found.len() > 16 * limit.max(64) {
            found.sort_unstable();
            found.truncate(limit);
        }
    }
    found.sort_unstable();
    Ok(found
        .into_iter()
        .take(limit)
        .map(|(_, leaf)| leaf)
        .collect())
}

fn words(hash: &Hash) -> [u64; 4] {
    let (words, _) = hash.as_chunks::<8>();
    let mut parts = words.iter().map(|word| u64::from_le_bytes(*word));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

fn read(connection: &Connection, scheme: u8, number: u64) -> Result<Vec<Hash>, LogError> {
    let bytes: Option<Vec<u8>> = connection
        .prepare_cached("SELECT hashes FROM hash_page WHERE scheme = ?1 AND number = ?2")?
        .query_row(params![scheme, signed(number)], |row| row.get(0))
        .optional()?;
    let bytes = bytes.unwrap_or_default();
    let (hashes, _) = bytes.as_chunks::<32>();
    Ok(hashes.to_vec())
}

fn put(page: &mut Vec<Hash>, slot: u64, hash: Hash) {
    let slot = usize::try_from(slot).unwrap_or(0);
    if page.len() <= slot {
        page.resize(slot + 1, NONE);
    }
    if let Some(place) = page.get_mut(slot) {
        *place = hash;
    }
}

fn write(connection: &Connection, scheme: u8, number: u64, page: &[Hash]) -> Result<(), LogError> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO hash_page (scheme, number, hashes) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![scheme, signed(number), page.concat()])?;
    Ok(())
}
