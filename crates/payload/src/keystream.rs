//! Keyed pseudo-random numbers, specified so that another language can repeat them.
//!
//! - The generator is ChaCha20 (RFC 8439) with the sub-key, an all-zero 96-bit nonce and the block
//!   counter beginning at 0. Its keystream is read as consecutive little-endian 32-bit words.
//! - [`uniform`](Keystream::uniform) is a word divided by 2³².
//! - [`sign`](Keystream::sign) is −1 where the word's top bit is set, else +1.
//! - [`below`](Keystream::below)`(n)` takes a word `w` and forms the 64-bit product `w · n`; while its
//!   low half is less than `(2³² − n) mod n` it takes another word; the high half is the result
//!   (Lemire, "Fast random integer generation in an interval", 2019).
//! - [`shuffle`](Keystream::shuffle) is Fisher–Yates from the end: for `i` from `len − 1` down to 1,
//!   swap the entries `i` and `below(i + 1)`.
//!
//! `tests/vectors/keystream.json` holds test vectors.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};

use crate::key::SubKey;

/// Words drawn from the cipher at a time: four ChaCha20 blocks.
const BUFFER: usize = 256;

/// An endless sequence of keyed pseudo-random numbers.
pub struct Keystream {
    cipher: ChaCha20,
    buffer: [u8; BUFFER],
    next: usize,
}

impl Keystream {
    /// The sequence of a sub-key.
    #[must_use]
    pub fn new(key: &SubKey) -> Self {
        let cipher = ChaCha20::new(&(*key.bytes()).into(), &[0; 12].into());
        Self {
            cipher,
            buffer: [0; BUFFER],
            next: BUFFER,
        }
    }

    /// The next 32-bit word.
    pub fn next_u32(&mut self) -> u32 {
        if self.next == BUFFER {
            self.buffer = [0; BUFFER];
            self.cipher.apply_keystream(&mut self.buffer);
            self.next = 0;
        }
        let mut word = [0; 4];
        word.copy_from_slice(&self.buffer[self.next..self.next + 4]);
        self.next += 4;
        u32::from_le_bytes(word)
    }

    /// A whole number from 0 to `bound − 1`, each equally likely; 0 where `bound` is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        let Some(threshold) = bound.wrapping_neg().checked_rem(bound) else {
            return 0;
        };
        loop {
            let product = u64::from(self.next_u32()) * u64::from(bound);
            if product as u32 >= threshold {
                return (product >> 32) as u32;
            }
        }
    }

    /// A number in `[0, 1)` with 32 bits of resolution.
    pub fn uniform(&mut self) -> f64 {
        f64::from(self.next_u32()) / 4_294_967_296.0
    }

    /// +1 or −1, each equally likely.
    pub fn sign(&mut self) -> f32 {
        if self.next_u32() >> 31 == 1 {
            -1.0
        } else {
            1.0
        }
    }

    /// Puts `items` (fewer than 2³²) in an order in which each permutation is equally likely.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(u32::try_from(i + 1).unwrap_or(u32::MAX)) as usize;
            items.swap(i, j);
        }
    }
}

impl std::fmt::Debug for Keystream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keystream(..)")
    }
}
