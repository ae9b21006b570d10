//! Where a mark lies: with the payload known, every cell's sign is.

use crate::alignment::Alignment;
use crate::format::{BINS, PERIOD};
use crate::map::ROWS_PER_SECOND;
use crate::pattern::Pattern;
use crate::statistic::Grid;
use crate::watermark::Region;

/// Half-seconds whose surroundings (a second) reach this carry the mark.
const THRESHOLD: f64 = 4.0;
/// A region below this is left out where there is a clearer one: in an hour of sound some second reaches
/// [`THRESHOLD`] by chance.
const CLEAR: f64 = 5.5;
/// Length of a piece in seconds.
const PIECE_S: f64 = 0.5;
/// Gaps up to this are closed: speech pauses carry nothing.
const GAP_S: f64 = 2.0;

/// The regions that carry the mark with these symbols.
///
/// The sync cells do not count: they are the same in every mark of the key, and a neighbour's mark would
/// be taken for this one.
pub(crate) fn regions(
    grids: &[Grid],
    alignment: &Alignment,
    pattern: &Pattern,
    symbols: &[f32],
    end_s: f64,
) -> Vec<Region> {
    let pieces = ((end_s / PIECE_S).ceil() as usize).max(1);
    let mut sums = vec![0.0; pieces];
    let mut energies = vec![1e-9; pieces];
    let marks = pattern.data_with_symbols(symbols);
    for grid in grids {
        for (frame, values, _) in grid.frames() {
            let second = alignment.row(frame) / ROWS_PER_SECOND;
            let piece = ((second / PIECE_S).max(0.0) as usize).min(pieces - 1);
            let signs = &marks[frame.rem_euclid(PERIOD as i64) as usize * BINS..];
            for (value, sign) in values.iter().zip(signs) {
                sums[piece] += f64::from(value * sign);
                energies[piece] += f64::from(value * value * sign.abs());
            }
        }
    }
    let z = |range: std::ops::Range<usize>| {
        let energy: f64 = energies[range.clone()].iter().sum();
        sums[range].iter().sum::<f64>() / energy.sqrt()
    };
    let marked: Vec<bool> = (0..pieces)
        .map(|i| {
            let near = z(i.saturating_sub(1)..i + 1).max(z(i..(i + 2).min(pieces)));
            z(i..i + 1) > 1.5 && near >= THRESHOLD
        })
        .collect();
    let mut regions: Vec<std::ops::Range<usize>> = Vec::new();
    for i in (0..pieces).filter(|&i| marked[i]) {
        match regions.last_mut() {
            Some(last) if ((i - last.end) as f64) * PIECE_S <= GAP_S => last.end = i + 1,
            _ => regions.push(i..i + 1),
        }
    }
    let mut regions: Vec<Region> = regions
        .into_iter()
        .map(|range| Region {
            start_s: range.start as f64 * PIECE_S,
            end_s: (range.end as f64 * PIECE_S).min(end_s),
            z: z(range),
        })
        .collect();
    if regions.iter().any(|region| region.z >= CLEAR) {
        regions.retain(|region| region.z >= CLEAR);
    }
    regions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistic::CellClass;
    use filigrane_payload::{Key, Keystream};

    /// Frames of noise with the pattern in it at some strength in each second.
    fn grid(pattern: &Pattern, seconds: &[f32]) -> Grid {
        let mut random = Keystream::new(&Key::public().derive("test localise"));
        let frames = (seconds.len() as f64 * 62.5) as i64;
        let mut values = Vec::new();
        for frame in 0..frames {
            let strength = seconds[(frame as f64 / 62.5) as usize];
            for sign in pattern.signs(frame) {
                values.push(random.uniform() as f32 - 0.5 + strength * sign);
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

    fn regions_of(seconds: &[f32]) -> Vec<(f64, f64)> {
        let pattern = Pattern::new(&Key::public().derive("test localise"));
        let alignment = Alignment {
            speed: 1.0,
            pitch: 1.0,
            origin: 0.0,
        };
        let symbols = vec![1.0; crate::format::SYMBOLS];
        let end = seconds.len() as f64;
        let grids = [grid(&pattern, seconds)];
        let found = regions(&grids, &alignment, &pattern, &symbols, end);
        found
            .iter()
            .map(|region| (region.start_s, region.end_s))
            .collect()
    }

    #[test]
    fn a_faint_second_far_away_is_left_out_beside_a_clear_region_and_kept_alone() {
        // A strength of .014 is about five standard deviations of a second's cells.
        let mut seconds = [0.0; 40];
        seconds[30] = 0.014;
        let alone = regions_of(&seconds);
        assert_eq!(alone.len(), 1, "{alone:?}");
        seconds[5..10].fill(0.1);
        let beside = regions_of(&seconds);
        assert_eq!(beside.len(), 1, "{beside:?}");
        let (start, end) = beside[0];
        assert!(
            (start - 5.0).abs() <= 0.5 && (end - 10.0).abs() <= 0.5,
            "{beside:?}"
        );
    }

    #[test]
    fn short_gaps_are_closed_and_long_ones_are_not() {
        let mut seconds = [0.1; 20];
        seconds[4] = 0.0;
        seconds[10..15].fill(0.0);
        let found = regions_of(&seconds);
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
