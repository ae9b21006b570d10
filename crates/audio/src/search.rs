//! Coarse synchronisation: every phase of the block under every speed, tempo and pitch.
//!
//! A hypothesis on the speed folds the rows of a [window](Window)'s statistic to the block's half-frames; a
//! hypothesis on the pitch picks the columns; the sync cells' signs are then correlated with all 300 half-frame
//! phases at a time. All of it is done strip by strip of bins, so that what is added up stays near the processor.

use multiversion::multiversion;

use crate::alignment::{Alignment, BinPlaces};
use crate::format::{BINS, FIRST_BIN, PERIOD, SYNC_FRAMES};
use crate::map::{ROWS_PER_FRAME, WIDTH};
use crate::pattern::{Pattern, SyncCell};
use crate::window::{Lanes, STRIP, Window};

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

/// Scores all phases under each speed and its pitches, and keeps the best.
pub(crate) fn search(
    window: &Window,
    hypotheses: &[(f64, Vec<f64>)],
    pattern: &Pattern,
) -> Vec<Candidate> {
    let mut out = Vec::new();
    score(window, hypotheses, pattern, |score, bins| {
        score.keep_best(bins, window, &mut out);
    });
    out
}

/// The scores of all phases over all bins under an unchanged timing, in standard deviations of an unmarked
/// sound.
pub(crate) fn phase_statistics(window: &Window, pattern: &Pattern) -> Vec<f32> {
    let mut statistics = Vec::new();
    score(window, &[(1.0, vec![1.0])], pattern, |score, bins| {
        if bins == BINS {
            let deviation = score.deviation();
            statistics = score.sums.iter().map(|sum| sum / deviation).collect();
        }
    });
    statistics
}

/// Scores the hypotheses and shows each to `visit` at the end of each band.
fn score(
    window: &Window,
    hypotheses: &[(f64, Vec<f64>)],
    pattern: &Pattern,
    mut visit: impl FnMut(&Score, usize),
) {
    let mut speeds: Vec<(Vec<u16>, Vec<Score>)> = hypotheses
        .iter()
        .map(|(speed, pitches)| {
            let scores = pitches.iter().map(|&pitch| Score::new(*speed, pitch));
            (places(window.height(), *speed), scores.collect())
        })
        .collect();
    let mut fold = Fold::new();
    for (index, strip) in window.strips().enumerate() {
        for (places, scores) in &mut speeds {
            fold.take(index * STRIP, strip, places);
            for score in scores {
                score.add(&mut fold, pattern, &mut visit);
            }
        }
    }
}

/// The place among the phases, the even ones first, of each row under a speed.
fn places(rows: usize, speed: f64) -> Vec<u16> {
    let place = |row: usize| {
        let phase = (row as f64 * speed + 0.5) as usize % PHASES;
        (phase % 2 * PERIOD + phase / 2) as u16
    };
    (0..rows).map(place).collect()
}

/// A strip folded to the phases of the block.
struct Fold {
    /// Bin of the map that the strip begins with.
    first: usize,
    /// Place by place.
    sums: [Lanes; PHASES],
    /// Per bin, the even phases twice and then the odd ones twice; made where a score asks for them.
    columns: Vec<f32>,
    energies: [f32; STRIP],
    ready: [bool; STRIP],
}

impl Fold {
    fn new() -> Self {
        Self {
            first: 0,
            sums: [Lanes::ZERO; PHASES],
            columns: vec![0.0; STRIP * 2 * PHASES],
            energies: [0.0; STRIP],
            ready: [false; STRIP],
        }
    }

    /// Folds another strip.
    fn take(&mut self, first: usize, strip: &[Lanes], places: &[u16]) {
        fold_rows(strip, places, &mut self.sums);
        self.first = first;
        self.ready.fill(false);
    }

    /// Makes a column ready and returns its energy.
    fn prepare(&mut self, column: usize) -> f32 {
        if !std::mem::replace(&mut self.ready[column], true) {
            let out = &mut self.columns[column * 2 * PHASES..(column + 1) * 2 * PHASES];
            self.energies[column] = take_column(&self.sums, column, out);
        }
        self.energies[column]
    }
}

/// Sums the rows of a strip that fall on the same place.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn fold_rows(strip: &[Lanes], places: &[u16], sums: &mut [Lanes; PHASES]) {
    sums.fill(Lanes::ZERO);
    for (row, &place) in strip.iter().zip(places) {
        let sum = &mut sums[usize::from(place)];
        for lane in 0..STRIP {
            sum.0[lane] += row.0[lane];
        }
    }
}

/// Writes a column of sums, each half twice, and returns its energy.
fn take_column(sums: &[Lanes; PHASES], column: usize, out: &mut [f32]) -> f32 {
    let halves = sums.chunks_exact(PERIOD).zip(out.chunks_exact_mut(PHASES));
    let mut energy = 0.0;
    for (sums, out) in halves {
        for (value, sum) in out.iter_mut().zip(sums) {
            *value = sum.0[column % STRIP];
        }
        energy += crate::perception::energy(&out[..PERIOD]) as f32;
        out.copy_within(..PERIOD, PERIOD);
    }
    energy
}

/// The scores of a hypothesis, as far as it is summed up.
struct Score {
    speed: f64,
    pitch: f64,
    /// Bin of the map for each marked bin that lies within it.
    columns: Vec<u16>,
    /// Marked bins that are summed up.
    bins: usize,
    /// Score of each phase, the even ones first.
    sums: [f32; PHASES],
    energy: f32,
}

impl Score {
    fn new(speed: f64, pitch: f64) -> Self {
        let column = |bin: usize| ((bin + FIRST_BIN) as f64 * 2.0 * pitch).round() as u16;
        Self {
            speed,
            pitch,
            columns: (0..BinPlaces::new(pitch).within).map(column).collect(),
            bins: 0,
            sums: [0.0; PHASES],
            energy: 1e-9,
        }
    }

    /// Adds the bins that lie in a strip; `visit` sees the scores at the end of each band.
    fn add(&mut self, fold: &mut Fold, pattern: &Pattern, visit: &mut impl FnMut(&Self, usize)) {
        let end = fold.first + STRIP;
        let inside = self.columns[self.bins..].iter();
        let last = self.bins
            + inside
                .take_while(|&&column| usize::from(column) < end)
                .count();
        while self.bins < last {
            let next = |band: usize| band.min(self.columns.len());
            let band = BANDS.into_iter().map(next).find(|&band| band > self.bins);
            let Some(band) = band else { return };
            let bins = self.bins..last.min(band);
            let columns = &self.columns[bins.clone()];
            for &column in columns {
                self.energy += fold.prepare(usize::from(column) - fold.first);
            }
            let cells = &pattern.sync()[bins.start * SYNC_FRAMES..bins.end * SYNC_FRAMES];
            correlate(&fold.columns, fold.first, columns, cells, &mut self.sums);
            self.bins = bins.end;
            if self.bins == band {
                visit(self, band);
            }
        }
    }

    /// Standard deviation of the sums in an unmarked sound.
    fn deviation(&self) -> f32 {
        (self.energy * SYNC_FRAMES as f32 / PHASES as f32).sqrt()
    }

    /// Keeps the best phases.
    fn keep_best(&self, bins: usize, window: &Window, out: &mut Vec<Candidate>) {
        let deviation = self.deviation();
        let mut scores = self.sums;
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
            let start = window.rows.start as f64;
            out.push(Candidate {
                z: score / deviation,
                alignment: Alignment {
                    speed: self.speed,
                    pitch: self.pitch,
                    origin: start + phase as f64 * 0.5 * ROWS_PER_FRAME / self.speed,
                },
                bins,
                rows: window.rows.clone(),
            });
            // Phases beside a peak are the same peak.
            for near in [phase + PHASES - 1, phase, phase + 1] {
                let near = near % PHASES;
                scores[near % 2 * PERIOD + near / 2] = f32::MIN;
            }
        }
    }
}

/// Phases that are summed at a time, in registers.
const CHUNK: usize = 80;
/// Where the chunks of the block's phases begin; they overlap, and what both sum is the same.
const CHUNKS: [usize; 2] = [0, PERIOD - CHUNK];

/// Adds the cells' signed columns to the scores of all phases, the even ones first.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn correlate(
    folded: &[f32],
    first_column: usize,
    columns: &[u16],
    cells: &[SyncCell],
    scores: &mut [f32; PHASES],
) {
    for half in 0..2 {
        let mut chunks = [[0.0_f32; CHUNK]; 2];
        for (first, sums) in CHUNKS.into_iter().zip(&mut chunks) {
            let mut registers = [[0.0_f32; 16]; CHUNK / 16];
            for (&column, cells) in columns.iter().zip(cells.chunks_exact(SYNC_FRAMES)) {
                let column = usize::from(column) - first_column;
                let phases = &folded[(2 * column + half) * PHASES..][..PHASES];
                for cell in cells {
                    let start = usize::from(cell.frame) + first;
                    let phases = phases[start..start + CHUNK].as_chunks::<16>().0;
                    for (register, phases) in registers.iter_mut().zip(phases) {
                        for lane in 0..16 {
                            register[lane] += cell.sign * phases[lane];
                        }
                    }
                }
            }
            sums.copy_from_slice(registers.as_flattened());
        }
        let scores = &mut scores[half * PERIOD..(half + 1) * PERIOD];
        let [low, high] = chunks;
        for (score, sum) in scores[..CHUNK].iter_mut().zip(&low) {
            *score += sum;
        }
        for (score, sum) in scores[CHUNK..].iter_mut().zip(&high[2 * CHUNK - PERIOD..]) {
            *score += sum;
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
