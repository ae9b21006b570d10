//! Where a mark lies: with the payload known, every cell's sign is.

use crate::alignment::Alignment;
use crate::format::{BINS, PERIOD};
use crate::map::ROWS_PER_SECOND;
use crate::pattern::Pattern;
use crate::statistic::Grid;
use crate::watermark::Region;

/// Half-seconds whose surroundings (a second) reach this carry the mark.
const THRESHOLD: f64 = 4.0;
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
    regions
        .into_iter()
        .map(|range| Region {
            start_s: range.start as f64 * PIECE_S,
            end_s: (range.end as f64 * PIECE_S).min(end_s),
            z: z(range),
        })
        .collect()
}
