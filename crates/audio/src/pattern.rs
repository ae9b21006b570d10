//! The keyed block: which cell carries what, and with which sign.
//!
//! A cell is one bin of one frame. For each bin the [`PERIOD`] frames are shuffled; the first
//! [`SYNC_FRAMES`] of them are sync cells, whose sign alone is the mark, and the others carry coded
//! symbols. The symbols are dealt from shuffled decks of all [`SYMBOLS`], so that each symbol gets
//! about 25 cells, spread evenly over frequency: what a low-pass or a codec takes away, it takes
//! from all symbols alike. Every cell has a keyed sign of its own.

use filigrane_payload::{Keystream, SubKey};

use crate::format::{BINS, PERIOD, SYMBOLS, SYNC_FRAMES};

/// What a cell carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A sign that the detector knows.
    Sync,
    /// A coded symbol, by its index.
    Symbol(u16),
}

/// One cell of the block with a known sign.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SyncCell {
    /// Frame within the block.
    pub(crate) frame: u16,
    /// Marked bin, counted from 0.
    pub(crate) bin: u16,
    /// +1 or −1.
    pub(crate) sign: f32,
}

/// The block of one key.
#[derive(Debug)]
pub(crate) struct Pattern {
    roles: Vec<Role>,
    signs: Vec<f32>,
    sync: Vec<SyncCell>,
    sync_by_frame: Vec<Vec<(u16, f32)>>,
}

impl Pattern {
    /// Draws the block of a sub-key.
    pub(crate) fn new(key: &SubKey) -> Self {
        let mut keystream = Keystream::new(key);
        let mut roles = vec![Role::Sync; PERIOD * BINS];
        let mut signs = vec![0.0; PERIOD * BINS];
        let mut sync = Vec::with_capacity(BINS * SYNC_FRAMES);
        let mut deck: Vec<u16> = Vec::new();
        for bin in 0..BINS {
            let mut frames: Vec<usize> = (0..PERIOD).collect();
            keystream.shuffle(&mut frames);
            for (place, &frame) in frames.iter().enumerate() {
                let sign = keystream.sign();
                let cell = frame * BINS + bin;
                signs[cell] = sign;
                if place < SYNC_FRAMES {
                    sync.push(SyncCell {
                        frame: frame as u16,
                        bin: bin as u16,
                        sign,
                    });
                } else {
                    if deck.is_empty() {
                        deck = (0..SYMBOLS as u16).collect();
                        keystream.shuffle(&mut deck);
                    }
                    roles[cell] = deck.pop().map_or(Role::Sync, Role::Symbol);
                }
            }
        }
        sync.sort_by_key(|cell| (cell.bin, cell.frame));
        let mut sync_by_frame = vec![Vec::new(); PERIOD];
        for cell in &sync {
            sync_by_frame[usize::from(cell.frame)].push((cell.bin, cell.sign));
        }
        Self {
            roles,
            signs,
            sync,
            sync_by_frame,
        }
    }

    /// The roles of a frame's bins; frames count from any block's beginning.
    pub(crate) fn roles(&self, frame: i64) -> &[Role] {
        &self.roles[row(frame)]
    }

    /// The signs of a frame's bins.
    pub(crate) fn signs(&self, frame: i64) -> &[f32] {
        &self.signs[row(frame)]
    }

    /// All sync cells, by bin and then frame.
    pub(crate) fn sync(&self) -> &[SyncCell] {
        &self.sync
    }

    /// Bins and signs of a frame's sync cells.
    pub(crate) fn sync_of(&self, frame: i64) -> &[(u16, f32)] {
        &self.sync_by_frame[frame.rem_euclid(PERIOD as i64) as usize]
    }

    /// The whole mark of a codeword: cell signs with the symbols multiplied in, frame by frame.
    pub(crate) fn with_symbols(&self, symbols: &[f32]) -> Vec<f32> {
        self.cells(symbols, 1.0)
    }

    /// The same without what all marks of the key have in common: sync cells are 0.
    pub(crate) fn data_with_symbols(&self, symbols: &[f32]) -> Vec<f32> {
        self.cells(symbols, 0.0)
    }

    fn cells(&self, symbols: &[f32], sync: f32) -> Vec<f32> {
        self.signs
            .iter()
            .zip(&self.roles)
            .map(|(&sign, role)| match *role {
                Role::Sync => sign * sync,
                Role::Symbol(index) => sign * symbols.get(usize::from(index)).unwrap_or(&1.0),
            })
            .collect()
    }
}

fn row(frame: i64) -> std::ops::Range<usize> {
    let start = frame.rem_euclid(PERIOD as i64) as usize * BINS;
    start..start + BINS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{FIRST_BIN, FRAME, HOP, RATE};
    use crate::watermark::AudioPlan;
    use filigrane_payload::{Key, Origin, Payload};

    fn pattern(context: &str) -> Pattern {
        Pattern::new(&Key::public().derive(context))
    }

    #[test]
    fn a_fifth_of_each_bin_is_sync_and_symbols_share_the_rest_evenly() {
        let pattern = pattern("test pattern");
        assert_eq!(pattern.sync().len(), BINS * SYNC_FRAMES);
        let mut per_symbol = vec![0; SYMBOLS];
        let mut per_bin = vec![0; BINS];
        for frame in 0..PERIOD as i64 {
            for (bin, role) in pattern.roles(frame).iter().enumerate() {
                match role {
                    Role::Sync => per_bin[bin] += 1,
                    Role::Symbol(index) => per_symbol[usize::from(*index)] += 1,
                }
            }
        }
        assert!(per_bin.iter().all(|&count| count == SYNC_FRAMES));
        // 25 680 cells dealt from decks of 1024: 25 rounds and a remainder.
        assert!(per_symbol.iter().all(|&count| count == 25 || count == 26));
    }

    #[test]
    fn signs_are_balanced_and_keys_are_unrelated() {
        let (one, other) = (pattern("test one"), pattern("test other"));
        let n = (PERIOD * BINS) as f32;
        let mean: f32 = one.signs.iter().sum::<f32>() / n;
        let agreement: f32 = one
            .signs
            .iter()
            .zip(&other.signs)
            .map(|(a, b)| a * b)
            .sum::<f32>()
            / n;
        // Five standard deviations of a fair coin.
        assert!(mean.abs() < 5.0 / n.sqrt(), "{mean}");
        assert!(agreement.abs() < 5.0 / n.sqrt(), "{agreement}");
        assert_eq!(one.signs, pattern("test one").signs);
    }

    #[test]
    fn frames_wrap_around() {
        let pattern = pattern("test wrap");
        assert_eq!(pattern.signs(-1), pattern.signs(PERIOD as i64 - 1));
        assert_eq!(pattern.roles(3), pattern.roles(3 + 4 * PERIOD as i64));
        for &(bin, sign) in pattern.sync_of(7) {
            assert_eq!(pattern.roles(7)[usize::from(bin)], Role::Sync);
            assert_eq!(pattern.signs(7)[usize::from(bin)], sign);
        }
    }

    #[test]
    fn symbols_turn_data_cells_alone() {
        let pattern = pattern("test symbols");
        let marked = pattern.with_symbols(&vec![-1.0; SYMBOLS]);
        for ((marked, sign), role) in marked.iter().zip(&pattern.signs).zip(&pattern.roles) {
            let expected = if *role == Role::Sync { *sign } else { -sign };
            assert_eq!(*marked, expected);
        }
    }

    /// A bit per bin of each frame, the first one highest, as the reference writes them.
    fn hexadecimal(flags: &[bool]) -> String {
        let byte = |bits: &[bool]| {
            let set = bits.iter().enumerate().filter(|(_, bit)| **bit);
            set.map(|(i, _)| 0x80_u8 >> i).sum::<u8>()
        };
        flags
            .chunks(8)
            .map(|bits| format!("{:02x}", byte(bits)))
            .collect()
    }

    /// `tests/vectors/reference.py` computes them from the documentation alone, in another language. Format
    /// version 1 is frozen: this test stays, and so do the vectors.
    #[test]
    fn the_block_is_that_of_version_1() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../tests/vectors/vectors.json")).unwrap();
        let geometry = [
            RATE as usize,
            FRAME,
            HOP,
            FIRST_BIN,
            BINS,
            PERIOD,
            SYNC_FRAMES,
            SYMBOLS,
        ];
        assert_eq!(vectors["geometry"], serde_json::json!(geometry));
        assert_eq!(vectors["payload"], "1100c0ffee00c0ffee00c0ff");
        let plan = AudioPlan::new(&Key::public()).unwrap();
        let payload = Payload::new(Origin::Generated, "00c0ffee00c0ffee00c0ff".parse().unwrap());
        let mark = plan.pattern.with_symbols(&plan.code.symbols(&payload));
        for frame in 0..PERIOD {
            let roles = plan.pattern.roles(frame as i64);
            let sync: Vec<bool> = roles.iter().map(|role| *role == Role::Sync).collect();
            assert_eq!(vectors["sync"][frame], hexadecimal(&sync), "frame {frame}");
            let cells = &mark[frame * BINS..(frame + 1) * BINS];
            let lowered: Vec<bool> = cells.iter().map(|&sign| sign < 0.0).collect();
            assert_eq!(
                vectors["lowered"][frame],
                hexadecimal(&lowered),
                "frame {frame}"
            );
        }
        for (frame, symbols) in [(0, &vectors["symbols"][0]), (-1, &vectors["symbols"][1])] {
            let indices = plan.pattern.roles(frame).iter().map(|role| match *role {
                Role::Sync => -1,
                Role::Symbol(index) => i64::from(index),
            });
            assert_eq!(*symbols, serde_json::json!(indices.collect::<Vec<_>>()));
        }
    }
}
