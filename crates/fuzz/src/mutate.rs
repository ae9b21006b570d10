//! Mutations of real files, the same for a seed every time.

use crate::repair;

/// Numbers that parsers trip over: the ends of every width and their neighbours.
const INTERESTING: [u64; 14] = [
    0,
    1,
    2,
    7,
    8,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x00ff_ffff,
    0x7fff_ffff,
    0xffff_fff0,
    0xffff_ffff,
    u64::MAX,
];

/// Beginnings by which formats are known; noise behind one goes to its parser.
const MAGIC: [&[u8]; 19] = [
    b"\x89PNG\r\n\x1a\n",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    b"\xff\xd8\xff\xe0\0\x10JFIF\0",
    b"\xff\xd8\xff\xdb",
    b"RIFF\x40\0\0\0WEBPVP8 ",
    b"RIFF\x40\0\0\0WEBPVP8L",
    b"RIFF\x40\0\0\0WEBPVP8X",
    b"GIF89a",
    b"II*\0\x08\0\0\0",
    b"MM\0*\0\0\0\x08",
    b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
    b"RIFF\x40\0\0\0WAVEfmt \x10\0\0\0",
    b"RF64\xff\xff\xff\xffWAVEds64",
    b"fLaC\0\0\0\x22",
    b"ID3\x04\0\0\0\0\0\x10",
    b"\xff\xfb\x90\x64",
    b"\xff\xf1\x50\x80",
    b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead",
    b"\0\0\0\x14ftypM4A \0\0\0\0M4A ",
];

/// Nothing that is made is longer.
pub const LONGEST: usize = 512 << 10;

/// SplitMix64 (Steele, Lea and Flood 2014, <https://doi.org/10.1145/2660193.2660195>): small, and good enough to choose
/// places.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The sequence of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `bound`; 0 where there is none.
    pub const fn below(&mut self, bound: usize) -> usize {
        if bound == 0 {
            0
        } else {
            (self.next() % bound as u64) as usize
        }
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

/// An endless row of changed files.
#[derive(Debug)]
pub struct Mutations<'a> {
    seeds: &'a [Vec<u8>],
    random: Random,
}

impl<'a> Mutations<'a> {
    /// Changes of these files.
    #[must_use]
    pub const fn new(seeds: &'a [Vec<u8>], seed: u64) -> Self {
        Self {
            seeds,
            random: Random::new(seed),
        }
    }

    fn one(&mut self) -> Vec<u8> {
        if self.random.below(16) == 0 {
            let magic = MAGIC[self.random.below(MAGIC.len())];
            let length = self.random.below(600);
            return [magic, &self.random.bytes(length)].concat();
        }
        let mut bytes = self.seeds[self.random.below(self.seeds.len())].clone();
        // One change comes far into a parser; several find what depends on each other.
        let changes = 1 << self.random.below(4);
        for _ in 0..changes {
            self.change(&mut bytes);
        }
        bytes.truncate(LONGEST);
        // Checksums would stop most of the changes at the door.
        if self.random.below(4) != 0 {
            repair::checksums(&mut bytes);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let random = &mut self.random;
        let place = random.below(bytes.len());
        // Half of the changes fall into the first kilobyte: headers stand there.
        let place = if random.below(2) == 0 {
            place % 1024
        } else {
            place
        };
        match random.below(11) {
            0 => {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= 1 << random.below(8);
                }
            }
            1 => {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte = random.next() as u8;
                }
            }
            2 => bytes.truncate(place),
            3 => {
                let end = (place + 1 + random.below(64)).min(bytes.len());
                bytes.drain(place.min(end)..end);
            }
            4 => {
                let length = random.below(32);
                let noise = random.bytes(length);
                bytes.splice(place..place, noise);
            }
            5 | 6 => number(bytes, place, random),
            7 => nudge(bytes, place, random),
            8 => duplicate(bytes, place, random),
            9 => chunk(bytes, place, random),
            _ => {
                let other = &self.seeds[random.below(self.seeds.len())];
                let from = random.below(other.len());
                let length = random.below(4096).min(other.len() - from);
                let end = if random.below(2) == 0 {
                    place
                } else {
                    (place + length).min(bytes.len())
                };
                bytes.splice(place..end, other[from..from + length].iter().copied());
            }
        }
    }
}

impl Iterator for Mutations<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        Some(self.one())
    }
}

/// An interesting number over what is there, in any width and order.
fn number(bytes: &mut [u8], place: usize, random: &mut Random) {
    let width = [1, 2, 4, 8][random.below(4)];
    let value = INTERESTING[random.below(INTERESTING.len())];
    overwrite(bytes, place, width, value, random);
}

/// What is there as a number, a little larger or smaller, or doubled: lengths that almost fit.
fn nudge(bytes: &mut [u8], place: usize, random: &mut Random) {
    let Some(field) = bytes.get(place..place + 4) else {
        return;
    };
    let little = u32::from_le_bytes([field[0], field[1], field[2], field[3]]);
    let is_little = random.below(2) == 0;
    let value = if is_little {
        little
    } else {
        little.swap_bytes()
    };
    let value = match random.below(4) {
        0 => value.wrapping_add(1 + random.below(16) as u32),
        1 => value.wrapping_sub(1 + random.below(16) as u32),
        2 => value.wrapping_mul(2),
        _ => value / 2,
    };
    let field = if is_little {
        value.to_le_bytes()
    } else {
        value.to_be_bytes()
    };
    bytes[place..place + 4].copy_from_slice(&field);
}

fn overwrite(bytes: &mut [u8], place: usize, width: usize, value: u64, random: &mut Random) {
    let big = &value.to_be_bytes()[8 - width..];
    let little = &value.to_le_bytes()[..width];
    let field = if random.below(2) == 0 { big } else { little };
    if let Some(target) = bytes.get_mut(place..place + width) {
        target.copy_from_slice(field);
    }
}

fn duplicate(bytes: &mut Vec<u8>, place: usize, random: &mut Random) {
    let end = (place + 1 + random.below(512)).min(bytes.len());
    let part = bytes[place.min(end)..end].to_vec();
    for _ in 0..=random.below(4) {
        bytes.splice(place.min(bytes.len())..place.min(bytes.len()), part.clone());
    }
}

/// Repeats, removes or moves a chunk: something with a four-letter name and its length before (PNG, MP4, JUMBF) or behind
/// it (RIFF), from `place` on.
fn chunk(bytes: &mut Vec<u8>, place: usize, random: &mut Random) {
    let is_name = |name: &[u8]| name.iter().all(u8::is_ascii_alphanumeric);
    let Some(name) =
        (place.max(4)..bytes.len().saturating_sub(8)).find(|&at| is_name(&bytes[at..at + 4]))
    else {
        return;
    };
    let number = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    let before = u32::from_be_bytes(number(name - 4)) as usize;
    let behind = u32::from_le_bytes(number(name + 4)) as usize;
    // A PNG chunk's length is that of its data; a box's is that of all of it.
    let (start, length) = match random.below(3) {
        0 => (name - 4, before.saturating_add(12)),
        1 => (name - 4, before),
        _ => (name, behind.saturating_add(8)),
    };
    let end = start.saturating_add(length).min(bytes.len());
    let part = bytes[start..end].to_vec();
    match random.below(3) {
        0 => {
            bytes.drain(start..end);
        }
        1 => {
            bytes.splice(end..end, part);
        }
        _ => {
            bytes.drain(start..end);
            let target = random.below(bytes.len());
            bytes.splice(target..target, part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_files_every_time_and_others_than_another() {
        let seeds = [b"abcdefghij".repeat(30), vec![7; 90]];
        let take = |seed| Mutations::new(&seeds, seed).take(200).collect::<Vec<_>>();
        assert_eq!(take(1), take(1));
        assert_ne!(take(1), take(2));
        let unchanged = take(1).iter().filter(|file| seeds.contains(file)).count();
        assert!(unchanged < 60, "{unchanged} of 200 are unchanged");
    }

    #[test]
    fn nothing_is_too_short_to_be_changed() {
        let seeds = [Vec::new(), vec![1], vec![2; 5]];
        for file in Mutations::new(&seeds, 3).take(5000) {
            assert!(file.len() <= LONGEST);
        }
    }
}
