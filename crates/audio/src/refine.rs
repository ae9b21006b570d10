//! Fine synchronisation: hill climbing over origin, speed and pitch.

use std::ops::Range;

use multiversion::multiversion;

use crate::alignment::{Alignment, BinPlaces};
use crate::format::BINS;
use crate::map::Map;
use crate::pattern::Pattern;
use crate::search::Candidate;

/// Steps of speed and pitch, and of the origin in rows, from coarse to fine.
const STEPS: [(f64, f64); 3] = [(1e-3, 1.0), (5e-4, 0.5), (2.5e-4, 0.5)];

/// Frames that are looked at under all speeds before the next ones.
const FRAMES: i64 = 64;

/// How well the sync cells in the first bins alone agree with their signs: the amplitude's ratios to its neighbours
/// in time and in frequency are added up, times the signs.
struct SyncScore<'a> {
    map: &'a Map,
    rows: &'a Range<usize>,
    bins: usize,
    pattern: &'a Pattern,
}

impl SyncScore<'_> {
    /// The agreement under an alignment, in standard deviations.
    fn of(&self, alignment: &Alignment) -> f32 {
        let places = alignment.bins();
        let frames = self.inner_frames(alignment);
        let (sum, energy) = self.sums(alignment, frames, |row| self.read(row, &places));
        sum / (energy + 1e-9).sqrt()
    }

    /// The agreement under each of several alignments of nearly the same speed, with the same places of bins: most
    /// rows are those of all of them.
    fn of_each(&self, alignments: &[Alignment], places: &BinPlaces) -> Vec<f32> {
        let frames: Vec<Range<i64>> = alignments.iter().map(|a| self.inner_frames(a)).collect();
        let most = frames.iter().map(|frames| frames.end - frames.start).max();
        let mut sums = vec![(0.0_f32, 1e-9_f32); alignments.len()];
        for first in (0..most.unwrap_or(0)).step_by(FRAMES as usize) {
            let part = |frames: &Range<i64>| {
                frames.start + first..frames.end.min(frames.start + first + FRAMES)
            };
            let ends = alignments
                .iter()
                .zip(&frames)
                .flat_map(|(alignment, frames)| {
                    let part = part(frames);
                    [part.start - 1, part.end].map(|frame| self.row(alignment, frame))
                });
            let (low, high) = ends.fold((usize::MAX, 0), |(low, high), row| {
                (low.min(row), high.max(row))
            });
            let rows: Vec<Amplitudes> = (low..=high).map(|row| self.read(row, places)).collect();
            for ((alignment, frames), (sum, energy)) in
                alignments.iter().zip(&frames).zip(&mut sums)
            {
                let (s, e) = self.sums(alignment, part(frames), |row| rows[row - low]);
                *sum += s;
                *energy += e;
            }
        }
        sums.into_iter()
            .map(|(sum, energy)| sum / energy.sqrt())
            .collect()
    }

    /// The frames within the rows that have neighbours there.
    fn inner_frames(&self, alignment: &Alignment) -> Range<i64> {
        let frames = alignment.frames(self.rows);
        frames.start + 1..frames.end - 1
    }

    fn row(&self, alignment: &Alignment, frame: i64) -> usize {
        let row = alignment.row(frame).round().max(0.0) as usize;
        row.min(self.map.rows() - 1)
    }

    fn read(&self, row: usize, places: &BinPlaces) -> Amplitudes {
        let mut out: Amplitudes = [0.0; BINS + 2];
        places.read(self.map.row(row), &mut out[..self.bins + 2]);
        out
    }

    /// Sum of the signed ratios of some frames, and their energy; `read` gives the amplitudes of a row.
    fn sums(
        &self,
        alignment: &Alignment,
        frames: Range<i64>,
        read: impl Fn(usize) -> Amplitudes,
    ) -> (f32, f32) {
        let (mut sum, mut energy) = (0.0, 0.0);
        if frames.is_empty() {
            return (sum, energy);
        }
        let read = |frame: i64| read(self.row(alignment, frame));
        let (mut here, mut after) = (read(frames.start - 1), read(frames.start));
        for frame in frames {
            let before = std::mem::replace(&mut here, after);
            after = read(frame + 1);
            let cells = self.pattern.sync_of(frame);
            let cells = &cells[..cells.partition_point(|cell| usize::from(cell.0) < self.bins)];
            let (s, e) = agreement(&before, &here, &after, cells);
            sum += s;
            energy += e;
        }
        (sum, energy)
    }
}

/// Amplitudes of the marked bins of a frame and of one on each side.
type Amplitudes = [f32; BINS + 2];

/// Sum of a frame's signed ratios, and their energy.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn agreement(
    before: &Amplitudes,
    here: &Amplitudes,
    after: &Amplitudes,
    cells: &[(u16, f32)],
) -> (f32, f32) {
    let mut ratios = [0.0_f32; BINS];
    for bin in 0..BINS {
        let in_time = before[bin + 1] + after[bin + 1];
        let in_frequency = here[bin] + here[bin + 2];
        ratios[bin] = ratio(here[bin + 1], in_time) + ratio(here[bin + 1], in_frequency);
    }
    let (mut sum, mut energy) = (0.0, 0.0);
    for &(bin, sign) in cells {
        let ratio = ratios[usize::from(bin)];
        sum += ratio * sign;
        energy += ratio * ratio;
    }
    (sum, energy)
}

#[inline(always)]
fn ratio(amplitude: f32, two_neighbours: f32) -> f32 {
    (2.0 * amplitude / (two_neighbours + 1e-6) - 1.0).clamp(-1.0, 1.5)
}

/// Climbs from a candidate to the best alignment near it.
pub(crate) fn refine(map: &Map, candidate: &Candidate, pattern: &Pattern) -> Alignment {
    let rows = &candidate.rows;
    let middle = 0.5 * (rows.start + rows.end) as f64;
    let start = candidate.alignment;
    let (retimed, shifted) = (start.speed != 1.0, start.pitch != 1.0);
    let tied = (start.speed - start.pitch).abs() < 1e-9;
    let score = SyncScore {
        map,
        rows,
        bins: candidate.bins,
        pattern,
    };
    let score = |alignment: &Alignment| score.of(alignment);
    let (mut best, mut best_score) = (start, score(&start));
    for (factor_step, origin_step) in STEPS {
        for _ in 0..2 {
            let mut neighbours: Vec<Box<dyn Fn(Alignment) -> Alignment>> = Vec::new();
            for step in [-2.0, -1.0, 1.0, 2.0] {
                neighbours.push(Box::new(move |mut alignment| {
                    alignment.origin += step * origin_step;
                    alignment
                }));
            }
            for step in [-factor_step, factor_step] {
                if retimed {
                    neighbours.push(Box::new(move |alignment| {
                        let speed = alignment.speed + step;
                        let mut other = alignment.with_speed_about(speed, middle);
                        if tied {
                            other.pitch = speed;
                        }
                        other
                    }));
                }
                if shifted && !tied {
                    neighbours.push(Box::new(move |mut alignment| {
                        alignment.pitch += step;
                        alignment
                    }));
                }
            }
            let before = best_score;
            for neighbour in &neighbours {
                let other = neighbour(best);
                let other_score = score(&other);
                if other_score > best_score {
                    (best, best_score) = (other, other_score);
                }
            }
            if best_score <= before {
                break;
            }
        }
    }
    best
}

/// Sharpens the speed, found in `rows`, for the whole map.
pub(crate) fn extend(
    map: &Map,
    rows: &Range<usize>,
    start: Alignment,
    bins: usize,
    pattern: &Pattern,
) -> Alignment {
    if start.speed == 1.0 {
        return start;
    }
    let whole = 0..map.rows();
    let middle = 0.5 * (rows.start + rows.end) as f64;
    let tied = (start.speed - start.pitch).abs() < 1e-9;
    let alignments: Vec<Alignment> = (-8..=8)
        .map(|i| {
            let speed = start.speed + f64::from(i) * 1.25e-4;
            let mut other = start.with_speed_about(speed, middle);
            if tied {
                other.pitch = speed;
            }
            other
        })
        .collect();
    let score = SyncScore {
        map,
        rows: &whole,
        bins,
        pattern,
    };
    let scores = score.of_each(&alignments, &start.bins());
    let best = scores.iter().zip(&alignments);
    best.max_by(|a, b| a.0.total_cmp(b.0))
        .map_or(start, |best| *best.1)
}
