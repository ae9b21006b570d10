//! What the sync cells say: how clearly a mark lies under an alignment, and how unlikely that is by chance.

use filigrane_payload::bound::ln_sign_sum_tail;

use crate::format::{BINS, PERIOD};
use crate::pattern::Pattern;
use crate::search::BANDS;
use crate::statistic::Grid;

/// The sync cells' agreement with their signs, in the band where it is clearest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sync {
    /// Standard deviations of an unmarked sound.
    pub(crate) z: f64,
    /// Natural logarithm of a bound on the probability of as much agreement by chance, for an alignment
    /// that was chosen without looking at the signs.
    ///
    /// The signs are independent of the sound and of where the sync cells lie, so the agreement is a sum of
    /// random signs with known weights, each the cell's statistic summed over all repetitions of the
    /// block; the bands are counted in.
    pub(crate) ln_p: f64,
}

impl Sync {
    /// Looks at the sync cells of all grids.
    pub(crate) fn new(grids: &[Grid], pattern: &Pattern) -> Self {
        let mut folded = vec![0.0_f32; PERIOD * BINS];
        for grid in grids {
            for (frame, values, _) in grid.frames() {
                let start = frame.rem_euclid(PERIOD as i64) as usize * BINS;
                for (sum, value) in folded[start..start + BINS].iter_mut().zip(values) {
                    *sum += value;
                }
            }
        }
        // By bin, so that a band is a beginning.
        let mut weights = Vec::with_capacity(pattern.sync().len());
        let (mut sum, mut energy) = (0.0_f64, 1e-12_f64);
        let mut best = Self {
            z: f64::MIN,
            ln_p: 0.0,
        };
        let mut cells = pattern.sync();
        for bins in BANDS {
            let (band, rest) =
                cells.split_at(cells.partition_point(|cell| usize::from(cell.bin) < bins));
            cells = rest;
            for cell in band {
                let value = folded[usize::from(cell.frame) * BINS + usize::from(cell.bin)];
                sum += f64::from(value * cell.sign);
                energy += f64::from(value * value);
                weights.push(value);
            }
            let z = sum / energy.sqrt();
            if z > best.z {
                let ln_p = ln_sign_sum_tail(&weights, sum) + (BANDS.len() as f64).ln();
                best = Self { z, ln_p };
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistic::CellClass;
    use filigrane_payload::{Key, Keystream};

    /// Two blocks of values around 0, with `strength` times the pattern's signs in the first `bins`.
    fn grid(pattern: &Pattern, strength: f32, bins: usize, seed: &str) -> Grid {
        let mut random = Keystream::new(&Key::public().derive(seed));
        let mut values = Vec::new();
        for frame in 0..2 * PERIOD as i64 {
            for (bin, sign) in pattern.signs(frame).iter().enumerate() {
                let mark = if bin < bins { strength * sign } else { 0.0 };
                values.push(random.uniform() as f32 - 0.5 + mark);
            }
        }
        let class = CellClass {
            level: 0,
            prominence: 0,
        };
        Grid {
            first: 0,
            classes: vec![class; values.len()],
            values,
        }
    }

    #[test]
    fn the_bound_holds_without_a_mark_and_tells_one() {
        let pattern = Pattern::new(&Key::public().derive("test sync"));
        for seed in ["one", "two", "three", "four"] {
            let sync = Sync::new(&[grid(&pattern, 0.0, 0, seed)], &pattern);
            // The best of three bands: 3.5 deviations come once in a thousand.
            assert!(sync.z < 3.5, "{sync:?}");
            assert!(sync.ln_p > -7.0, "{sync:?}");
        }
        let sync = Sync::new(&[grid(&pattern, 0.05, BINS, "five")], &pattern);
        assert!(sync.z > 10.0 && sync.ln_p < -40.0, "{sync:?}");
    }

    #[test]
    fn a_mark_in_a_narrow_band_is_not_drowned_by_the_rest() {
        let pattern = Pattern::new(&Key::public().derive("test sync"));
        let sync = Sync::new(&[grid(&pattern, 0.06, BANDS[0], "six")], &pattern);
        assert!(sync.z > 6.0, "{sync:?}");
    }
}
