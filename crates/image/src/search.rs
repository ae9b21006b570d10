//! Hypotheses of scale, turn, mirroring and aspect from the magnitudes of the synchronisation carriers.

use std::f32::consts::PI;

use crate::pattern::{Pattern, SYNC_BAND};
use crate::spectrum::{BINS_PER_CYCLE, Spectrum, is_outside, received};

/// A linear hypothesis: the matrix `[[a, b], [c, d]]` from received pixels to pattern pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hypothesis {
    pub(crate) matrix: [f32; 4],
    /// Sum of powers in standard deviations of an unmarked spectrum.
    pub(crate) score: f32,
}

impl Hypothesis {
    /// A pure scaling by `scale` received pixels per pattern pixel.
    pub(crate) fn scaling(scale: f32) -> Self {
        Self {
            matrix: [1.0 / scale, 0.0, 0.0, 1.0 / scale],
            score: 0.0,
        }
    }

    /// Received pixels per pattern pixel.
    pub(crate) fn scale(&self) -> f32 {
        let [a, b, c, d] = self.matrix;
        (a * d - b * c).abs().sqrt().recip()
    }
}

/// Step of the grid in bins at the outermost carriers: a line is about a bin and a half wide.
const STEP: f32 = 0.8;
/// Steps never exceed this ratio.
const LARGEST_STEP: f32 = 0.02;
/// Ratio of the axes' scales that the aspect search covers: 0.65 to 1.55.
const ASPECT: (f32, f32) = (0.65, 1.55);
/// Hypotheses that survive the grid, and those that are kept after refinement.
const SURVIVORS: usize = 300;
const KEPT: usize = 40;
/// After this share of the carriers a hopeless hypothesis is given up.
const EARLY: usize = 4;
const HOPELESS: f32 = 0.3;
const LEAST_SCORE: f32 = 3.0;

/// The best hypotheses for scales from `smallest` to `largest`, best first.
pub(crate) fn search(
    pattern: &Pattern,
    spectrum: &Spectrum,
    smallest: f32,
    largest: f32,
) -> Vec<Hypothesis> {
    let mut grid = Grid::new(pattern, spectrum);
    let outer = SYNC_BAND.1 * BINS_PER_CYCLE as f32;
    let step = |scale: f32| (STEP * scale / outer).min(LARGEST_STEP);
    let mut scale = smallest;
    while scale < largest {
        let turns = (PI / step(scale)).ceil() as usize;
        for i in 0..turns {
            let (sin, cos) = (i as f32 * PI / turns as f32).sin_cos();
            for mirror in [1.0, -1.0] {
                grid.try_matrix([
                    mirror * cos / scale,
                    sin / scale,
                    -mirror * sin / scale,
                    cos / scale,
                ]);
            }
        }
        scale *= 1.0 + step(scale);
    }
    let mut across = smallest;
    while across < largest {
        let mut down = (across * ASPECT.0).max(smallest);
        while down < (across * ASPECT.1).min(largest) {
            for mirror in [1.0, -1.0] {
                grid.try_matrix([mirror / across, 0.0, 0.0, 1.0 / down]);
            }
            down *= 1.0 + step(down);
        }
        across *= 1.0 + step(across);
    }
    grid.finish(outer)
}

/// The grid search's state.
struct Grid<'a> {
    spectrum: &'a Spectrum,
    /// The carriers' frequencies in bins at scale one.
    carriers: Vec<(f32, f32)>,
    /// Mean and deviation of the sums over the first carriers and over all.
    early: (f32, f32),
    all: (f32, f32),
    best: Vec<Hypothesis>,
    threshold: f32,
}

impl<'a> Grid<'a> {
    fn new(pattern: &Pattern, spectrum: &'a Spectrum) -> Self {
        let bins = BINS_PER_CYCLE as f32;
        let carriers: Vec<_> = pattern
            .sync
            .iter()
            .map(|c| (c.kx as f32 * bins, c.ky as f32 * bins))
            .collect();
        let moments = |n: usize| {
            (
                spectrum.mean * n as f32,
                (spectrum.variance * n as f32).sqrt().max(1e-6),
            )
        };
        let (early, all) = (moments(carriers.len() / EARLY), moments(carriers.len()));
        Self {
            spectrum,
            carriers,
            early,
            all,
            best: Vec::new(),
            threshold: LEAST_SCORE,
        }
    }

    fn try_matrix(&mut self, matrix: [f32; 4]) {
        let spectrum = self.spectrum;
        let (first, rest) = self.carriers.split_at(self.carriers.len() / EARLY);
        let mut sum = spectrum.sum(matrix, first);
        if sum < self.early.0 + HOPELESS * self.early.1 {
            return;
        }
        sum += spectrum.sum(matrix, rest);
        let score = (sum - self.all.0) / self.all.1;
        if score > self.threshold {
            self.best.push(Hypothesis { matrix, score });
            if self.best.len() >= 2 * SURVIVORS {
                self.prune();
                self.threshold = self.best.last().map_or(LEAST_SCORE, |worst| worst.score);
            }
        }
    }

    fn prune(&mut self) {
        self.best.sort_by(|a, b| b.score.total_cmp(&a.score));
        self.best.truncate(SURVIVORS);
    }

    /// Keeps one hypothesis per neighbourhood, moves each to its top and keeps one per top.
    fn finish(mut self, outer: f32) -> Vec<Hypothesis> {
        self.prune();
        let mut distinct: Vec<Hypothesis> = Vec::new();
        for hypothesis in &self.best {
            if distinct.len() < KEPT
                && distinct
                    .iter()
                    .all(|known| distance(known, hypothesis) * outer >= 2.5)
            {
                distinct.push(*hypothesis);
            }
        }
        for hypothesis in &mut distinct {
            self.climb(hypothesis, outer);
        }
        distinct.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut tops: Vec<Hypothesis> = Vec::new();
        for hypothesis in distinct {
            if tops
                .iter()
                .all(|known| distance(known, &hypothesis) * outer >= 1.0)
            {
                tops.push(hypothesis);
            }
        }
        tops
    }

    /// Coordinate ascent over the four entries of the matrix.
    fn climb(&self, hypothesis: &mut Hypothesis, outer: f32) {
        let mut best = self.fine_score(hypothesis.matrix);
        for step in [0.5, 0.25, 0.12] {
            for _ in 0..4 {
                let before = best;
                for entry in 0..4 {
                    for sign in [-1.0, 1.0] {
                        let mut matrix = hypothesis.matrix;
                        matrix[entry] += sign * step / outer;
                        let score = self.fine_score(matrix);
                        if score > best {
                            (best, hypothesis.matrix) = (score, matrix);
                        }
                    }
                }
                if best <= before {
                    break;
                }
            }
        }
        hypothesis.score = best;
    }

    fn fine_score(&self, matrix: [f32; 4]) -> f32 {
        let power = |&carrier: &(f32, f32)| {
            let (fx, fy) = received(matrix, carrier);
            if is_outside(fx, fy) {
                self.spectrum.mean
            } else {
                self.spectrum.interpolated(fx, fy)
            }
        };
        (self.carriers.iter().map(power).sum::<f32>() - self.all.0) / self.all.1
    }
}

/// Largest difference of entries; a hypothesis and its half turn are the same.
fn distance(a: &Hypothesis, b: &Hypothesis) -> f32 {
    let largest = |sign: f32| {
        a.matrix
            .iter()
            .zip(&b.matrix)
            .map(|(a, b)| (a - sign * b).abs())
            .fold(0.0, f32::max)
    };
    largest(1.0).min(largest(-1.0))
}
