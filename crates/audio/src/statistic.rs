//! The fine statistic: how much louder each cell is than its neighbours say, on the aligned grid.
//!
//! Three ratios of a cell's amplitude to its neighbours' mean (the frames before and after, the bins
//! beside, all eight) are each divided by their own local variance and added. Where a sound is
//! tonal, the neighbours in time predict it well and count most; where it is noisy, all eight do.

use multiversion::multiversion;

use crate::alignment::Alignment;
use crate::format::BINS;
use crate::map::Map;

/// Ratios are clipped here: beyond, a cell says nothing about the mark.
const CLIP: (f32, f32) = (-1.5, 2.0);
/// Added to a ratio's local variance.
const VARIANCE_FLOOR: f32 = 0.02;
/// Upper limits of the classes of level above the noise floor; the last class is open.
const LEVEL_LIMITS: [f32; LEVELS - 1] = [1.5, 2.2, 3.5, 6.0, 12.0, 30.0];
/// Classes of level.
pub(crate) const LEVELS: usize = 7;
/// Upper limits of the classes of prominence, energies over the mean of the surrounding bins.
const PROMINENCE_LIMITS: [f32; PROMINENCES - 1] = [0.125, 0.25, 0.5, 0.8, 1.25, 2.0];
/// Classes of prominence.
pub(crate) const PROMINENCES: usize = 7;
/// Bins on either side that a cell's prominence is measured against: 400 Hz, some critical bands.
const PROMINENCE_REACH: usize = 12;

/// What a cell's surroundings are like, which says how much of the mark may be left there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CellClass {
    /// Level above the noise floor: noise covers what is low.
    pub(crate) level: u8,
    /// Energy over that of the same frame's bins around: codecs keep what stands out.
    pub(crate) prominence: u8,
}

/// The statistic of a run of frames.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    /// Number of the first frame.
    pub(crate) first: i64,
    /// Statistic, frame by frame of [`BINS`].
    pub(crate) values: Vec<f32>,
    /// The class of each.
    pub(crate) classes: Vec<CellClass>,
}

impl Grid {
    /// Reads the frames in `rows` of a map under an alignment; fewer than five frames give nothing.
    pub(crate) fn new(map: &Map, rows: &std::ops::Range<usize>, alignment: &Alignment) -> Self {
        let frames = alignment.frames(rows);
        let first = frames.start;
        if frames.end - frames.start < 5 {
            let (values, classes) = (Vec::new(), Vec::new());
            return Self {
                first,
                values,
                classes,
            };
        }
        let places = alignment.bins();
        let width = BINS + 2;
        let mut amplitudes = vec![0.0; (frames.end - frames.start) as usize * width];
        for (frame, out) in frames.zip(amplitudes.chunks_exact_mut(width)) {
            let row = alignment.row(frame).round().max(0.0) as usize;
            places.read(map.row(row.min(map.rows() - 1)), out);
        }
        let ratios = Ratios::new(&amplitudes);
        let mut values = ratios.combine();
        for row in values.chunks_exact_mut(BINS) {
            row[places.within..].fill(0.0);
        }
        Self {
            first,
            values,
            classes: classes(&ratios.local),
        }
    }

    /// The frames with their numbers, statistics and classes.
    pub(crate) fn frames(&self) -> impl Iterator<Item = (i64, &[f32], &[CellClass])> {
        self.values
            .chunks_exact(BINS)
            .zip(self.classes.chunks_exact(BINS))
            .enumerate()
            .map(|(k, (values, classes))| (self.first + k as i64, values, classes))
    }
}

struct Ratios {
    in_time: Vec<f32>,
    in_frequency: Vec<f32>,
    all: Vec<f32>,
    /// Smoothed amplitude around each cell.
    local: Vec<f32>,
}

impl Ratios {
    fn new(amplitudes: &[f32]) -> Self {
        let width = BINS + 2;
        let frames = amplitudes.len() / width;
        let mean = amplitudes.iter().map(|&a| f64::from(a)).sum::<f64>() / amplitudes.len() as f64;
        let silence = (1e-3 * mean) as f32 + 1e-9;
        let cells = frames * BINS;
        let [mut in_time, mut in_frequency, mut all, mut local] =
            std::array::from_fn(|_| vec![0.0; cells]);
        for k in 0..frames {
            let row = |k: usize| &amplitudes[k * width..(k + 1) * width];
            let around = [
                row(k.saturating_sub(1)),
                row(k),
                row((k + 1).min(frames - 1)),
            ];
            let cells = k * BINS..(k + 1) * BINS;
            ratios_of_frame(
                around,
                silence,
                [
                    &mut in_time[cells.clone()],
                    &mut in_frequency[cells.clone()],
                    &mut all[cells.clone()],
                    &mut local[cells],
                ],
            );
        }
        Self {
            in_time,
            in_frequency,
            all,
            local,
        }
    }

    fn combine(&self) -> Vec<f32> {
        let mut sum = vec![0.0; self.all.len()];
        for ratios in [&self.in_time, &self.in_frequency, &self.all] {
            add_normalised(ratios, &local_mean_square(ratios), &mut sum);
        }
        sum
    }
}

/// The ratios of a frame's cells in time, in frequency and to all neighbours, and their smoothed amplitude; the
/// rows have one bin more on each side.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn ratios_of_frame(around: [&[f32]; 3], silence: f32, out: [&mut [f32]; 4]) {
    let [before, here, after] = around.map(|row| &row[..BINS + 2]);
    let [in_time, in_frequency, all, local] = out.map(|row| &mut row[..BINS]);
    let ratio = |a: f32, sum: f32, count: f32| {
        (count * (a + silence) / (sum + count * silence) - 1.0).clamp(CLIP.0, CLIP.1)
    };
    for bin in 0..BINS {
        let a = here[bin + 1];
        let time = before[bin + 1] + after[bin + 1];
        let frequency = here[bin] + here[bin + 2];
        let corners = before[bin] + before[bin + 2] + after[bin] + after[bin + 2];
        let around = time + frequency + corners;
        in_time[bin] = ratio(a, time, 2.0);
        in_frequency[bin] = ratio(a, frequency, 2.0);
        all[bin] = ratio(a, around, 8.0);
        local[bin] = 0.7 * around / 8.0 + 0.3 * a;
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn add_normalised(ratios: &[f32], variances: &[f32], sum: &mut [f32]) {
    for ((sum, ratio), variance) in sum.iter_mut().zip(ratios).zip(variances) {
        *sum += ratio / (variance + VARIANCE_FLOOR);
    }
}

/// Mean square over five frames and five bins; at the edges the nearest full box counts.
fn local_mean_square(values: &[f32]) -> Vec<f32> {
    let frames = values.len() / BINS;
    let mut over_bins = vec![0.0; values.len()];
    for (row, out) in values
        .chunks_exact(BINS)
        .zip(over_bins.chunks_exact_mut(BINS))
    {
        squares_over_bins(row, out);
    }
    let mut mean = vec![0.0; values.len()];
    for (k, out) in mean.chunks_exact_mut(BINS).enumerate() {
        let near = std::array::from_fn(|offset| {
            let near = (k + offset).saturating_sub(2).min(frames - 1);
            &over_bins[near * BINS..(near + 1) * BINS]
        });
        mean_of_rows(near, out);
    }
    mean
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn squares_over_bins(row: &[f32], out: &mut [f32]) {
    let (row, out) = (&row[..BINS], &mut out[..BINS]);
    for i in 2..BINS - 2 {
        let square = |k: usize| row[k] * row[k];
        out[i] = square(i - 2) + square(i - 1) + square(i) + square(i + 1) + square(i + 2);
    }
    out[0] = out[2];
    out[1] = out[2];
    out[BINS - 1] = out[BINS - 3];
    out[BINS - 2] = out[BINS - 3];
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn mean_of_rows(rows: [&[f32]; 5], out: &mut [f32]) {
    let [a, b, c, d, e] = rows.map(|row| &row[..BINS]);
    let out = &mut out[..BINS];
    for i in 0..BINS {
        out[i] = (a[i] + b[i] + c[i] + d[i] + e[i]) * 0.04;
    }
}

fn classes(local: &[f32]) -> Vec<CellClass> {
    let floors = noise_floors(local);
    let mut sums = [0.0; BINS + 1];
    let mut classes = Vec::with_capacity(local.len());
    for row in local.chunks_exact(BINS) {
        for (bin, amplitude) in row.iter().enumerate() {
            sums[bin + 1] = sums[bin] + amplitude * amplitude;
        }
        for (bin, (amplitude, floor)) in row.iter().zip(&floors).enumerate() {
            let near = bin.saturating_sub(PROMINENCE_REACH)..(bin + PROMINENCE_REACH + 1).min(BINS);
            let mean = (sums[near.end] - sums[near.start]) / near.len() as f32;
            let prominence = amplitude * amplitude / mean.max(f32::MIN_POSITIVE);
            classes.push(CellClass {
                level: class(amplitude / floor, &LEVEL_LIMITS),
                prominence: class(prominence, &PROMINENCE_LIMITS),
            });
        }
    }
    classes
}

fn class(value: f32, limits: &[f32]) -> u8 {
    limits.iter().map(|&limit| u8::from(value >= limit)).sum()
}

/// Noise floor of each bin: the lower seventh over time, smoothed over nine bins.
fn noise_floors(local: &[f32]) -> Vec<f32> {
    let mut column = Vec::new();
    let quantiles: Vec<f32> = (0..BINS)
        .map(|bin| {
            column.clear();
            column.extend(local.iter().skip(bin).step_by(BINS).copied());
            let place = column.len() / 7;
            *column.select_nth_unstable_by(place, f32::total_cmp).1
        })
        .collect();
    (0..BINS)
        .map(|bin| {
            let near = &quantiles[bin.saturating_sub(4)..(bin + 5).min(BINS)];
            near.iter().sum::<f32>() / near.len() as f32 + 1e-9
        })
        .collect()
}
