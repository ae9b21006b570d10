//! Reading a payload under an alignment.

use std::ops::Range;

use filigrane_payload::{Attempts, Decoded};

use crate::alignment::Alignment;
use crate::format::SYMBOLS;
use crate::map::Views;
use crate::statistic::Grid;
use crate::watermark::AudioPlan;
use crate::weights::{Weights, soft_symbols, sync_z};

/// Alignments whose sync cells stay below this are not decoded: at 5 a decoder has less than half of
/// the energy that it needs, and an unmarked sound costs no decoding.
const LEAST_SYNC_Z: f64 = 3.7;

/// A payload that was read.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) decoded: Decoded,
    pub(crate) alignment: Alignment,
    /// Standard deviations of the sync cells.
    pub(crate) sync_z: f64,
}

/// Reads the rows of all views under an alignment. Accepts within the false-positive bound alone;
/// the sync cells only decide whether to try.
pub(crate) fn read(
    views: &Views,
    rows: &Range<usize>,
    alignment: Alignment,
    plan: &AudioPlan,
    attempts: &mut Attempts,
) -> Option<Reading> {
    let grids = grids(views, rows, &alignment);
    let sync_z = sync_z(&grids, &plan.pattern);
    if sync_z < LEAST_SYNC_Z {
        return None;
    }
    let weighted: Vec<(Grid, Weights)> = grids
        .into_iter()
        .map(|grid| {
            let weights = Weights::train(&grid, &plan.pattern);
            (grid, weights)
        })
        .collect();
    let soft = soft_symbols(&weighted, &plan.pattern, SYMBOLS);
    let decoded = plan.code.decode(&soft, attempts)?;
    Some(Reading {
        decoded,
        alignment,
        sync_z,
    })
}

/// The fine statistics of all views.
pub(crate) fn grids(views: &Views, rows: &Range<usize>, alignment: &Alignment) -> Vec<Grid> {
    views
        .fine
        .iter()
        .map(|map| Grid::new(map, rows, alignment))
        .collect()
}
