//! Coarse synchronisation: every phase of the block under every speed, tempo and pitch.
//!
//! A window's map becomes, once, a statistic per cell: the amplitude over the mean of its eight
//! neighbours, a frame and a bin away, divided by its own running variance, so that noisy cells
//! count less. A hypothesis on the speed folds the statistic's rows to the block's half-frames; a
//! hypothesis on the pitch picks the columns; the sync cells' signs are then correlated with all
//! 300 half-frame phases at a time.

use multiversion::multiversion;

use crate::alignment::{Alignment, BinPlaces};
use crate::format::{BINS, FIRST_BIN, PERIOD, SYNC_FRAMES};
use crate::map::{Map, ROWS_PER_FRAME, WIDTH};
use crate::pattern::{Pattern, SyncCell};

/// Rows of the map between rows of the statistic: half a frame.
const COARSE: usize = 2;
/// Half-frame phases of the block.
const PHASES: usize = 2 * PERIOD;
/// Best phases that are kept of each hypothesis and band.
const KEPT: usize = 3;
/// Marked bins below which a hypothesis is scored: up to 2.2 kHz, which is all that a telephone's codec
/// keeps of a mark, up to 4 kHz, and all. Every band is a part of the next, so that the narrow ones come for
/// nothing.
pub(crate) const BANDS: [usize; 3] = [60, 120, BINS];

/// A hypothesis with its score.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    /// Standard deviations of an unmarked sound.
    pub(crate) z: f32,
    pub(crate) alignment: Alignment,
    /// Marked bins that were looked at, from the first.
    pub(crate) bins: usize,
    /// Rows of the map that were searched.
    pub(crate) rows: std::ops::Range<usize>,
}

/// A window of a map, prepared for hypotheses.
pub(crate) struct Window {
    /// Rows of the map.
    pub(crate) rows: std::ops::Range<usize>,
    statistic: Vec<f32>,
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
        self.statistic.iter().all(|&value| value == 0.0)
    }

    /// Folds the window to the block's phases under a speed.
    pub(crate) fn fold(&self, speed: f64) -> Fold {
        let mut sums = vec![0.0; PHASES * WIDTH];
        fold_rows(&self.statistic, speed, &mut sums);
        Fold::new(&sums, speed, self.rows.clone())
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

fn statistic(map: &Map, rows: &std::ops::Range<usize>, floor: &[f32]) -> Vec<f32> {
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
    let mut statistic = vec![0.0; count * WIDTH];
    for k in 2..count.saturating_sub(2) {
        let around = [k - 2, k, k + 2].map(|row| &sums[row * WIDTH..(row + 1) * WIDTH]);
        let row = map.row(rows.start + COARSE * k);
        let out = &mut statistic[k * WIDTH..(k + 1) * WIDTH];
        statistic_row(row, around, floor, silence, &mut variance, out);
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

#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn fold_rows(statistic: &[f32], speed: f64, sums: &mut [f32]) {
    for (k, row) in statistic.chunks_exact(WIDTH).enumerate() {
        let phase = (k as f64 * speed + 0.5) as usize % PHASES;
        let out = &mut sums[phase * WIDTH..(phase + 1) * WIDTH];
        for i in 0..WIDTH {
            out[i] += row[i];
        }
    }
}

/// Rows of phases to columns of bins, each with the even phases twice and then the odd ones twice.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn transpose(sums: &[f32], columns: &mut [f32], energies: &mut [f32]) {
    // A cache line of bins at a time.
    const TILE: usize = 16;
    for row in sums.chunks_exact(WIDTH) {
        for (energy, value) in energies.iter_mut().zip(row) {
            *energy += value * value;
        }
    }
    for (tile, columns) in columns.chunks_mut(TILE * 2 * PHASES).enumerate() {
        for (phase, row) in sums.chunks_exact(WIDTH).enumerate() {
            let place = phase % 2 * PHASES + phase / 2;
            let row = &row[tile * TILE..];
            for (column, value) in columns.chunks_exact_mut(2 * PHASES).zip(row) {
                column[place] = *value;
            }
        }
        for half in columns.chunks_exact_mut(PHASES) {
            half.copy_within(..PERIOD, PERIOD);
        }
    }
}

/// A window folded to the phases of the block.
pub(crate) struct Fold {
    speed: f64,
    rows: std::ops::Range<usize>,
    /// Per bin of the map, the even phases twice and then the odd ones twice.
    columns: Vec<f32>,
    energies: Vec<f32>,
}

impl Fold {
    fn new(sums: &[f32], speed: f64, rows: std::ops::Range<usize>) -> Self {
        let mut columns = vec![0.0; WIDTH * 2 * PHASES];
        let mut energies = vec![0.0; WIDTH];
        transpose(sums, &mut columns, &mut energies);
        Self {
            speed,
            rows,
            columns,
            energies,
        }
    }

    /// Scores all phases under a pitch and keeps the best.
    pub(crate) fn score(&self, pattern: &Pattern, pitch: f64, out: &mut Vec<Candidate>) {
        let within = BinPlaces::new(pitch).within;
        let columns: Vec<usize> = (0..within)
            .map(|bin| ((bin + FIRST_BIN) as f64 * 2.0 * pitch).round() as usize)
            .collect();
        let mut sums = [0.0_f32; PHASES];
        let (mut cells, mut energy) = (pattern.sync(), 1e-9_f32);
        let mut first = 0;
        for bins in BANDS.map(|bins| bins.min(within)) {
            let (band, rest) =
                cells.split_at(cells.partition_point(|cell| usize::from(cell.bin) < bins));
            cells = rest;
            if band.is_empty() {
                continue;
            }
            correlate(&self.columns, &columns, band, &mut sums);
            let columns = columns[first..bins].iter();
            energy += columns.map(|&column| self.energies[column]).sum::<f32>();
            first = bins;
            let deviation = (energy * SYNC_FRAMES as f32 / PHASES as f32).sqrt();
            self.keep_best(sums, deviation, pitch, bins, out);
        }
    }

    /// The scores of all phases over all bins at an unchanged pitch, in standard deviations of an unmarked
    /// sound.
    pub(crate) fn statistics(&self, pattern: &Pattern) -> Vec<f32> {
        let columns: Vec<usize> = (FIRST_BIN..FIRST_BIN + BINS).map(|bin| 2 * bin).collect();
        let mut sums = [0.0_f32; PHASES];
        correlate(&self.columns, &columns, pattern.sync(), &mut sums);
        let energy: f32 = columns.iter().map(|&column| self.energies[column]).sum();
        let deviation = (energy * SYNC_FRAMES as f32 / PHASES as f32 + 1e-9).sqrt();
        sums.iter().map(|sum| sum / deviation).collect()
    }

    /// Keeps the best phases of scores that have this standard deviation in an unmarked sound.
    fn keep_best(
        &self,
        mut scores: [f32; PHASES],
        deviation: f32,
        pitch: f64,
        bins: usize,
        out: &mut Vec<Candidate>,
    ) {
        for _ in 0..KEPT {
            let Some((place, score)) = scores
                .iter()
                .copied()
                .enumerate()
                .max_by(|a, b| a.1.total_cmp(&b.1))
            else {
                return;
            };
            // Even phases come first; `phase` is that of a block's first frame.
            let phase = 2 * (place % PERIOD) + place / PERIOD;
            let origin = self.rows.start as f64 + phase as f64 * 0.5 * ROWS_PER_FRAME / self.speed;
            out.push(Candidate {
                z: score / deviation,
                alignment: Alignment {
                    speed: self.speed,
                    pitch,
                    origin,
                },
                bins,
                rows: self.rows.clone(),
            });
            // Phases beside a peak are the same peak.
            for near in [phase + PHASES - 1, phase, phase + 1] {
                let near = near % PHASES;
                scores[near % 2 * PERIOD + near / 2] = f32::MIN;
            }
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn correlate(folded: &[f32], columns: &[usize], cells: &[SyncCell], scores: &mut [f32; PHASES]) {
    let (even, odd) = scores.split_at_mut(PERIOD);
    for cell in cells {
        let Some(&column) = columns.get(usize::from(cell.bin)) else {
            break;
        };
        let phases = &folded[column * 2 * PHASES..(column + 1) * 2 * PHASES];
        let start = usize::from(cell.frame);
        let (even_phases, odd_phases) = phases.split_at(PHASES);
        let even_phases = &even_phases[start..start + PERIOD];
        let odd_phases = &odd_phases[start..start + PERIOD];
        for i in 0..PERIOD {
            even[i] += cell.sign * even_phases[i];
            odd[i] += cell.sign * odd_phases[i];
        }
    }
}

/// The speeds or pitches of a family's hypotheses, ±`range` in steps of `step`, without 1.
pub(crate) fn factors(range: f64, step: f64) -> impl Iterator<Item = f64> {
    let count = (range / step).round() as i32;
    (-count..=count)
        .filter(|&k| k != 0)
        .map(move |k| 1.0 + f64::from(k) * step)
}

const _: () = assert!(BINS + FIRST_BIN < WIDTH / 2);
