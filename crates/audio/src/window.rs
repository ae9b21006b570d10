//! A window of a map as the search looks at it: a statistic per cell.
//!
//! The statistic is the amplitude over the mean of its eight neighbours, a frame and a bin away, divided by its own
//! running variance, so that noisy cells count less.

use multiversion::multiversion;

use crate::map::{Map, WIDTH};

/// Rows of the map between rows of the statistic: half a frame.
pub(crate) const COARSE: usize = 2;
/// Bins of a strip.
pub(crate) const STRIP: usize = 16;
/// A row of a strip, on a cache line of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Lanes(pub(crate) [f32; STRIP]);

impl Lanes {
    pub(crate) const ZERO: Self = Self([0.0; STRIP]);
}

/// Strips of a map's row; its last bin carries no mark under any pitch.
const STRIPS: usize = WIDTH / STRIP;

/// A window of a map, prepared for hypotheses.
#[derive(Debug)]
pub(crate) struct Window {
    /// Rows of the map.
    pub(crate) rows: std::ops::Range<usize>,
    /// Strip by strip of bins, row by row: a strip stays near the processor while hypotheses are scored.
    statistic: Vec<Lanes>,
}

impl Window {
    /// Prepares a window.
    pub(crate) fn new(map: &Map, rows: std::ops::Range<usize>) -> Self {
        let floor = noise_floor(map, &rows);
        let statistic = statistic(map, &rows, &floor);
        Self { rows, statistic }
    }

    /// Whether there is nothing to search in.
    pub(crate) fn is_silent(&self) -> bool {
        self.statistic.iter().all(|lanes| *lanes == Lanes::ZERO)
    }

    /// Rows of the statistic.
    pub(crate) fn height(&self) -> usize {
        self.statistic.len() / STRIPS
    }

    /// The strips from the lowest bins up, row by row.
    pub(crate) fn strips(&self) -> impl Iterator<Item = &[Lanes]> {
        self.statistic.chunks_exact(self.height().max(1))
    }
}

/// Noise amplitude per bin: twice the lower seventh over time, smoothed over 17 bins. For Rayleigh
/// amplitudes the lower seventh lies at 0.55 of the quadratic mean.
fn noise_floor(map: &Map, rows: &std::ops::Range<usize>) -> Vec<f32> {
    let mut column: Vec<f32> = Vec::new();
    let quantiles: Vec<f32> = (0..WIDTH)
        .map(|bin| {
            column.clear();
            column.extend(rows.clone().step_by(5).map(|row| map.row(row)[bin]));
            let place = column.len() / 7;
            if column.is_empty() {
                return 0.0;
            }
            *column.select_nth_unstable_by(place, f32::total_cmp).1
        })
        .collect();
    (0..WIDTH)
        .map(|bin| {
            let near = &quantiles[bin.saturating_sub(8)..(bin + 9).min(WIDTH)];
            2.0 * near.iter().sum::<f32>() / near.len() as f32
        })
        .collect()
}

fn statistic(map: &Map, rows: &std::ops::Range<usize>, floor: &[f32]) -> Vec<Lanes> {
    let count = rows.len() / COARSE;
    // Sums over the bin and its neighbours a marked bin away.
    let mut sums = vec![0.0; count * WIDTH];
    let mut total = 0.0;
    for (k, out) in sums.chunks_exact_mut(WIDTH).enumerate() {
        let row = map.row(rows.start + COARSE * k);
        for (out, near) in out[2..].iter_mut().zip(row.windows(5)) {
            *out = near[0] + near[2] + near[4];
        }
        total += f64::from(out.iter().sum::<f32>());
    }
    let silence = (1e-3 * total / sums.len().max(1) as f64) as f32 + 1e-9;
    let mut variance = vec![0.2; WIDTH];
    let mut statistic = vec![Lanes::ZERO; STRIPS * count];
    let mut out = vec![0.0; WIDTH];
    for k in 2..count.saturating_sub(2) {
        let around = [k - 2, k, k + 2].map(|row| &sums[row * WIDTH..(row + 1) * WIDTH]);
        let row = map.row(rows.start + COARSE * k);
        statistic_row(row, around, floor, silence, &mut variance, &mut out);
        let strips = statistic.chunks_exact_mut(count);
        for (strip, values) in strips.zip(out.as_chunks().0) {
            strip[k] = Lanes(*values);
        }
    }
    statistic
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn statistic_row(
    row: &[f32],
    around: [&[f32]; 3],
    floor: &[f32],
    silence: f32,
    variance: &mut [f32],
    out: &mut [f32],
) {
    let [before, here, after] = around.map(|sums| &sums[..WIDTH]);
    let (row, floor) = (&row[..WIDTH], &floor[..WIDTH]);
    let (variance, out) = (&mut variance[..WIDTH], &mut out[..WIDTH]);
    for i in 0..WIDTH {
        let neighbours = before[i] + here[i] + after[i] - row[i] + silence;
        let ratio = (8.0 * row[i] / neighbours - 1.0).clamp(-1.5, 2.0);
        variance[i] = 0.85 * variance[i] + 0.15 * ratio * ratio;
        let noise = 8.0 * floor[i] / neighbours;
        let weight = (1.0 - noise * noise).max(0.12);
        out[i] = ratio * weight / (variance[i] + 0.05);
    }
}
