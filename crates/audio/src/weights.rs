//! Weights that the sync cells teach.
//!
//! Their signs are known, so the statistic's slope (how much of the mark came through) and variance
//! can be estimated from them per frequency group and per class of surroundings. Data
//! cells are weighted by slope over variance, the optimum for a known signal in independent noise.
//! This is what finds out that nothing above 3.4 kHz survived a telephone. The weights depend on the
//! sound and on the pattern's sub-key alone, never on the code's signs: the false-positive bound of
//! [`filigrane_payload::bound`] rests on that.

use crate::format::BINS;
use crate::pattern::{Pattern, Role};
use crate::statistic::{CellClass, Grid, LEVELS, PROMINENCES};

/// Frequency groups of about 12 bins, 370 Hz.
const GROUPS: usize = 18;
/// Classes with fewer sync cells than this are left out.
const FEWEST: f64 = 20.0;

/// Weights by frequency group, level and prominence.
#[derive(Debug, Clone)]
pub(crate) struct Weights {
    groups: [f64; GROUPS],
    levels: [f64; LEVELS],
    prominences: [f64; PROMINENCES],
}

#[derive(Debug, Clone, Copy, Default)]
struct Class {
    sum: f64,
    energy: f64,
    count: f64,
}

impl Weights {
    /// Learns weights from a grid's sync cells: the groups', then the levels' under those, then the
    /// prominences'.
    pub(crate) fn train(grid: &Grid, pattern: &Pattern) -> Self {
        let mut weights = Self {
            groups: [1.0; GROUPS],
            levels: [1.0; LEVELS],
            prominences: [1.0; PROMINENCES],
        };
        weights.groups = weights.learn(grid, pattern, |bin, _| group(bin));
        weights.levels = weights.learn(grid, pattern, |_, class| usize::from(class.level));
        weights.prominences =
            weights.learn(grid, pattern, |_, class| usize::from(class.prominence));
        weights
    }

    /// The weights of one more way to sort the cells, under those that are known.
    fn learn<const N: usize>(
        &self,
        grid: &Grid,
        pattern: &Pattern,
        sort: impl Fn(usize, CellClass) -> usize,
    ) -> [f64; N] {
        let mut classes = [Class::default(); N];
        each_sync_cell(grid, pattern, |bin, class, value, signed| {
            let weight = self.of(bin, class);
            classes[sort(bin, class)].add(value * weight, signed * weight);
        });
        shrunk(&classes)
    }

    /// The weight of a cell.
    pub(crate) fn of(&self, bin: usize, class: CellClass) -> f64 {
        self.groups[group(bin)]
            * self.levels[usize::from(class.level)]
            * self.prominences[usize::from(class.prominence)]
    }
}

impl Class {
    fn add(&mut self, value: f64, signed: f64) {
        self.sum += signed;
        self.energy += value * value;
        self.count += 1.0;
    }
}

/// Slope over variance of each class, normalised to a mean of 1. Slopes are shrunk toward the common
/// one, whose square is their prior variance, and never negative.
fn shrunk<const N: usize>(classes: &[Class; N]) -> [f64; N] {
    let count: f64 = classes.iter().map(|class| class.count).sum();
    let sum: f64 = classes.iter().map(|class| class.sum).sum();
    let common = (sum / count.max(1.0)).max(1e-9);
    let prior = common * common;
    let weights = classes.map(|class| {
        if class.count < FEWEST {
            return 1e-9;
        }
        let variance = class.energy / class.count + 1e-12;
        let of_mean = variance / class.count;
        let slope =
            (class.sum / class.count / of_mean + common / prior) / (1.0 / of_mean + 1.0 / prior);
        slope.max(0.0) / variance
    });
    let total: f64 = weights
        .iter()
        .zip(classes)
        .map(|(weight, class)| weight * class.count)
        .sum();
    let mean = total / count.max(1.0) + 1e-12;
    weights.map(|weight| weight / mean)
}

fn group(bin: usize) -> usize {
    bin * GROUPS / BINS
}

pub(crate) fn each_sync_cell(
    grid: &Grid,
    pattern: &Pattern,
    mut visit: impl FnMut(usize, CellClass, f64, f64),
) {
    for (frame, values, classes) in grid.frames() {
        for &(bin, sign) in pattern.sync_of(frame) {
            let bin = usize::from(bin);
            let value = f64::from(values[bin]);
            if value != 0.0 {
                visit(bin, classes[bin], value, value * f64::from(sign));
            }
        }
    }
}

/// One soft value per coded symbol: the weighted sum over its cells in all grids.
pub(crate) fn soft_symbols(
    grids: &[(Grid, Weights)],
    pattern: &Pattern,
    symbols: usize,
) -> Vec<f32> {
    let mut soft = vec![0.0_f64; symbols];
    for (grid, weights) in grids {
        for (frame, values, classes) in grid.frames() {
            let (roles, signs) = (pattern.roles(frame), pattern.signs(frame));
            for bin in 0..BINS {
                if let Role::Symbol(index) = roles[bin] {
                    let value = f64::from(values[bin] * signs[bin]);
                    soft[usize::from(index)] += value * weights.of(bin, classes[bin]);
                }
            }
        }
    }
    soft.iter().map(|&value| value as f32).collect()
}
