//! Merkle trees of RFC 6962 (section 2.1) and RFC 9162 (section 2.1): roots, proofs and their checks.
//!
//! Nothing here knows where hashes are kept: roots and proofs are computed from *nodes*, the hashes of complete
//! subtrees. The node of level `l` and index `i` covers the leaves from `i · 2^l` to `(i + 1) · 2^l`.

use sha2::{Digest, Sha256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// The hash of a leaf: SHA-256 of a zero byte and its data.
#[must_use]
pub fn leaf_hash(data: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(data)
        .finalize()
        .into()
}

/// The hash over two subtrees: SHA-256 of a one and both hashes.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new()
        .chain_update([1])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// The root of a tree of `size` leaves; that of an empty tree is the hash of nothing.
pub(crate) fn root<E>(
    size: u64,
    mut node: impl FnMut(u32, u64) -> Result<Hash, E>,
) -> Result<Hash, E> {
    if size == 0 {
        return Ok(Sha256::digest([]).into());
    }
    subtree(0, size, &mut node)
}

/// The hashes that lead from leaf `leaf` to the root of a tree of `size` leaves, from the bottom (RFC 9162,
/// section 2.1.3.1); `leaf` must be below `size`.
pub(crate) fn inclusion<E>(
    leaf: u64,
    size: u64,
    mut node: impl FnMut(u32, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let (mut begin, mut end) = (0, size);
    let mut path = Vec::new();
    while end - begin > 1 {
        let middle = begin + split(end - begin);
        if leaf < middle {
            path.push(subtree(middle, end, &mut node)?);
            end = middle;
        } else {
            path.push(subtree(begin, middle, &mut node)?);
            begin = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The hashes that show that a tree of `size` leaves continues its first `old` leaves (RFC 9162, section
/// 2.1.4.1); `old` must be from 1 to `size`.
pub(crate) fn consistency<E>(
    old: u64,
    size: u64,
    mut node: impl FnMut(u32, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let (mut begin, mut end) = (0, size);
    let mut proof = Vec::new();
    // Until the subtree ends where the old tree does; the verifier knows its hash only if it is the whole old tree.
    while old != end {
        let middle = begin + split(end - begin);
        if old <= middle {
            proof.push(subtree(middle, end, &mut node)?);
            end = middle;
        } else {
            proof.push(subtree(begin, middle, &mut node)?);
            begin = middle;
        }
    }
    if begin > 0 {
        proof.push(subtree(begin, end, &mut node)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Whether a path leads from a leaf's hash to a root (RFC 9162, section 2.1.3.2).
#[must_use]
pub fn is_included(leaf: u64, hash: &Hash, size: u64, path: &[Hash], root: &Hash) -> bool {
    if leaf >= size {
        return false;
    }
    let (mut position, mut last, mut hash) = (leaf, size - 1, *hash);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if position & 1 == 1 || position == last {
            hash = node_hash(sibling, &hash);
            while position & 1 == 0 && position != 0 {
                position >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        position >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether a proof shows that the tree of `new` leaves continues that of `old` leaves (RFC 9162, section 2.1.4.2).
/// Every tree continues the empty one.
#[must_use]
pub fn is_consistent(
    (old, old_root): (u64, &Hash),
    (new, new_root): (u64, &Hash),
    proof: &[Hash],
) -> bool {
    if old > new {
        return false;
    }
    if old == 0 || old == new {
        return proof.is_empty() && (old == 0 || old_root == new_root);
    }
    let mut hashes = proof.iter();
    // A complete old tree is a node of the new one, and the proof leaves it out.
    let first = if old.is_power_of_two() {
        Some(old_root)
    } else {
        hashes.next()
    };
    let Some(&first) = first else { return false };
    let (mut position, mut last) = (old - 1, new - 1);
    while position & 1 == 1 {
        position >>= 1;
        last >>= 1;
    }
    let (mut to_old, mut to_new) = (first, first);
    for hash in hashes {
        if last == 0 {
            return false;
        }
        if position & 1 == 1 || position == last {
            to_old = node_hash(hash, &to_old);
            to_new = node_hash(hash, &to_new);
            while position & 1 == 0 && position != 0 {
                position >>= 1;
                last >>= 1;
            }
        } else {
            to_new = node_hash(&to_new, hash);
        }
        position >>= 1;
        last >>= 1;
    }
    last == 0 && to_old == *old_root && to_new == *new_root
}

/// A root computed leaf by leaf, in memory that grows with the logarithm of their number.
#[derive(Debug, Clone, Default)]
pub struct RootBuilder {
    size: u64,
    /// Complete subtrees from left to right, each smaller than the one before.
    subtrees: Vec<Hash>,
}

impl RootBuilder {
    /// Adds the next leaf's hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Every one at the low end of the size is a complete subtree that the new leaf completes further.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.subtrees.push(hash);
        self.size += 1;
    }

    /// How many leaves were added.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root over the leaves so far.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut right_to_left = self.subtrees.iter().rev();
        let Some(&last) = right_to_left.next() else {
            return Sha256::digest([]).into();
        };
        right_to_left.fold(last, |right, left| node_hash(left, &right))
    }
}

/// The hash over the leaves from `begin` to `end`, as the recursion of RFC 6962 divides them: `begin` is a multiple
/// of the least power of two that is not below their number.
fn subtree<E>(
    begin: u64,
    end: u64,
    node: &mut impl FnMut(u32, u64) -> Result<Hash, E>,
) -> Result<Hash, E> {
    let size = end - begin;
    if size.is_power_of_two() {
        let level = size.trailing_zeros();
        return node(level, begin >> level);
    }
    let middle = begin + split(size);
    let left = subtree(begin, middle, node)?;
    let right = subtree(middle, end, node)?;
    Ok(node_hash(&left, &right))
}

/// The largest power of two below `size`, which is 2 or more.
const fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    /// The definition of RFC 6962, section 2.1, word by word.
    fn reference(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [leaf] => *leaf,
            _ => {
                let mut k = 1;
                while k * 2 < leaves.len() {
                    k *= 2;
                }
                node_hash(&reference(&leaves[..k]), &reference(&leaves[k..]))
            }
        }
    }

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count)
            .map(|number| leaf_hash(&number.to_le_bytes()))
            .collect()
    }

    fn nodes(leaves: &[Hash]) -> impl Fn(u32, u64) -> Result<Hash, Infallible> + '_ {
        |level, index| {
            let width = 1_usize << level;
            let begin = usize::try_from(index).unwrap() * width;
            Ok(reference(&leaves[begin..begin + width]))
        }
    }

    #[test]
    fn known_answers() {
        // Test data of the Certificate Transparency project: eight leaves and their roots.
        let inputs: [&[u8]; 8] = [
            &[],
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[
                0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
                0x6e, 0x6f,
            ],
        ];
        let roots = [
            (
                0,
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                1,
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            ),
            (
                8,
                "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
            ),
        ];
        for (size, expected) in roots {
            let mut builder = RootBuilder::default();
            for input in &inputs[..size] {
                builder.push(leaf_hash(input));
            }
            let hex: String = builder.root().iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(hex, expected);
        }
    }

    #[test]
    fn roots_are_those_of_the_definition() {
        let leaves = leaves(70);
        let mut builder = RootBuilder::default();
        for size in 0..=70_u64 {
            let part = &leaves[..usize::try_from(size).unwrap()];
            let expected = reference(part);
            assert_eq!(root(size, nodes(part)).unwrap(), expected, "{size}");
            assert_eq!(builder.root(), expected, "{size}");
            if let Some(leaf) = leaves.get(part.len()) {
                builder.push(*leaf);
            }
        }
    }

    #[test]
    fn inclusion_proofs_hold_and_others_do_not() {
        let all = leaves(40);
        for size in 1..=40_u64 {
            let part = &all[..usize::try_from(size).unwrap()];
            let root = reference(part);
            for (leaf, hash) in (0_u64..).zip(part) {
                let path = inclusion(leaf, size, nodes(part)).unwrap();
                assert!(is_included(leaf, hash, size, &path, &root));
                assert!(!is_included(leaf, &[7; 32], size, &path, &root));
                assert!(!is_included(leaf + size, hash, size, &path, &root));
                assert!(!is_included(leaf, hash, size, &path, &[7; 32]));
                if let Some((_, shorter)) = path.split_last() {
                    assert!(!is_included(leaf, hash, size, shorter, &root));
                    let mut changed = path.clone();
                    changed[0][0] ^= 1;
                    assert!(!is_included(leaf, hash, size, &changed, &root));
                }
                let longer = [path.as_slice(), &[[0; 32]]].concat();
                assert!(!is_included(leaf, hash, size, &longer, &root));
            }
        }
    }

    #[test]
    fn consistency_proofs_hold_and_others_do_not() {
        let all = leaves(40);
        let mut forged = all.clone();
        forged[0][0] ^= 1;
        for new in 1..=40_u64 {
            let part = &all[..usize::try_from(new).unwrap()];
            let new_root = reference(part);
            for old in 1..=new {
                let end = usize::try_from(old).unwrap();
                let old_root = reference(&all[..end]);
                let proof = consistency(old, new, nodes(part)).unwrap();
                let check = |old_root: &Hash, proof: &[Hash]| {
                    is_consistent((old, old_root), (new, &new_root), proof)
                };
                assert!(check(&old_root, &proof), "{old} {new}");
                assert!(!check(&reference(&forged[..end]), &proof), "{old} {new}");
                assert!(!is_consistent((new, &new_root), (old, &old_root), &proof) || old == new);
                for position in 0..proof.len() {
                    let mut changed = proof.clone();
                    changed[position][5] ^= 1;
                    assert!(!check(&old_root, &changed), "{old} {new} {position}");
                    changed.remove(position);
                    assert!(!check(&old_root, &changed), "{old} {new} {position}");
                }
                let longer = [proof.as_slice(), &[[0; 32]]].concat();
                assert!(!check(&old_root, &longer), "{old} {new}");
            }
            assert!(is_consistent((0, &[0; 32]), (new, &new_root), &[]));
        }
    }
}
