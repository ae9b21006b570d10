//! The fine statistic: how much louder each cell is than its neighbours say, on the aligned grid.
//!
//! Three ratios of a cell's amplitude to its neighbours' mean (the frames before and after, the bins
//! beside, all eight) are each divided by their own local variance and added. Where a sound is
//! tonal, the neighbours in time predict it well and count most; where it is noisy, all eight do.

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

/// The statistic of a run of frames.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    /// Number of the first frame.
    pub(crate) first: i64,
    /// Statistic, frame by frame of [`BINS`].
    pub(crate) values: Vec<f32>,
    /// Class of level above the noise floor of each.
    pub(crate) levels: Vec<u8>,
}

impl Grid {
    /// Reads the frames in `rows` of a map under an alignment; fewer than five frames give nothing.
    pub(crate) fn new(map: &Map, rows: &std::ops::Range<usize>, alignment: &Alignment) -> Self {
        let frames = alignment.frames(rows);
        let first = frames.start;
        if frames.end - frames.start < 5 {
            let (values, levels) = (Vec::new(), Vec::new());
            return Self {
                first,
                values,
                levels,
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
        let levels = levels(&ratios.local);
        Self {
            first,
            values,
            levels,
        }
    }

    /// The frames with their numbers, statistics and levels.
    pub(crate) fn frames(&self) -> impl Iterator<Item = (i64, &[f32], &[u8])> {
        self.values
            .chunks_exact(BINS)
            .zip(self.levels.chunks_exact(BINS))
            .enumerate()
            .map(|(k, (values, levels))| (self.first + k as i64, values, levels))
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
        let ratio = |a: f32, sum: f32, count: f32| {
            (count * (a + silence) / (sum + count * silence) - 1.0).clamp(CLIP.0, CLIP.1)
        };
        for k in 0..frames {
            let row = |k: usize| &amplitudes[k * width..(k + 1) * width];
            let (before, here, after) = (
                row(k.saturating_sub(1)),
                row(k),
                row((k + 1).min(frames - 1)),
            );
            for bin in 0..BINS {
                let a = here[bin + 1];
                let time = before[bin + 1] + after[bin + 1];
                let frequency = here[bin] + here[bin + 2];
                let corners = before[bin] + before[bin + 2] + after[bin] + after[bin + 2];
                let around = time + frequency + corners;
                let i = k * BINS + bin;
                in_time[i] = ratio(a, time, 2.0);
                in_frequency[i] = ratio(a, frequency, 2.0);
                all[i] = ratio(a, around, 8.0);
                local[i] = 0.7 * around / 8.0 + 0.3 * a;
            }
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
            let variances = local_mean_square(ratios);
            for ((sum, ratio), variance) in sum.iter_mut().zip(ratios).zip(&variances) {
                *sum += ratio / (variance + VARIANCE_FLOOR);
            }
        }
        sum
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
        for (window, out) in row.windows(5).zip(&mut out[2..]) {
            *out = window.iter().map(|value| value * value).sum();
        }
        out[0] = out[2];
        out[1] = out[2];
        out[BINS - 1] = out[BINS - 3];
        out[BINS - 2] = out[BINS - 3];
    }
    let mut mean = vec![0.0; values.len()];
    for (k, out) in mean.chunks_exact_mut(BINS).enumerate() {
        for offset in 0..5 {
            let near = (k + offset).saturating_sub(2).min(frames - 1);
            for (out, value) in out.iter_mut().zip(&over_bins[near * BINS..]) {
                *out += value * 0.04;
            }
        }
    }
    mean
}

/// Classes of level above the noise floor, which is the lower seventh over time, smoothed over nine
/// bins.
fn levels(local: &[f32]) -> Vec<u8> {
    let mut column = Vec::new();
    let quantiles: Vec<f32> = (0..BINS)
        .map(|bin| {
            column.clear();
            column.extend(local.iter().skip(bin).step_by(BINS).copied());
            let place = column.len() / 7;
            *column.select_nth_unstable_by(place, f32::total_cmp).1
        })
        .collect();
    let floors: Vec<f32> = (0..BINS)
        .map(|bin| {
            let near = &quantiles[bin.saturating_sub(4)..(bin + 5).min(BINS)];
            near.iter().sum::<f32>() / near.len() as f32 + 1e-9
        })
        .collect();
    local
        .chunks_exact(BINS)
        .flat_map(|row| row.iter().zip(&floors))
        .map(|(amplitude, floor)| {
            let level = amplitude / floor;
            LEVEL_LIMITS
                .iter()
                .take_while(|&&limit| level >= limit)
                .count() as u8
        })
        .collect()
}
