//! Reading a payload under an alignment.

use std::ops::Range;

use filigrane_payload::{Attempts, Decoded};

use crate::alignment::Alignment;
use crate::format::SYMBOLS;
use crate::map::Views;
use crate::statistic::Grid;
use crate::sync::Sync;
use crate::watermark::AudioPlan;
use crate::weights::{Weights, soft_symbols};

/// Alignments whose sync cells stay below this are not decoded: at 5 a decoder has less than half of
/// the energy that it needs, and an unmarked sound costs no decoding.
const LEAST_SYNC_Z: f64 = 3.7;

/// Evidence from which on a mark is so likely that a wider list is worth its time.
const WIDE_LN_EVIDENCE: f64 = -8.0;

/// Place among a decoder's candidates down to which one is believed. A damaged mark's payload is nearly always the
/// first of them; further down one passes the check by chance as often as any other.
const LAST_RANK: usize = 15;

/// A payload that was read.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) decoded: Decoded,
    pub(crate) alignment: Alignment,
    /// Standard deviations of the sync cells.
    pub(crate) sync_z: f64,
}

/// Reads the rows of all views under an alignment, which was chosen among `choices` by the sync cells.
/// Accepts within the false-positive bound; there the sync cells count as evidence.
pub(crate) fn read(
    views: &Views,
    rows: &Range<usize>,
    alignment: Alignment,
    choices: f64,
    plan: &AudioPlan,
    attempts: &mut Attempts,
) -> Option<Reading> {
    let grids = grids(views, rows, &alignment);
    let sync = Sync::new(&grids, &plan.pattern);
    if sync.z < LEAST_SYNC_Z {
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
    let ln_evidence = (sync.ln_p + choices.ln()).min(0.0);
    let decoded = plan
        .code
        .decode_with_evidence(&soft, ln_evidence, attempts)
        .or_else(|| {
            let worth_it = ln_evidence < WIDE_LN_EVIDENCE;
            let wide = worth_it.then_some(&plan.wide_code)?;
            wide.decode_with_evidence(&soft, ln_evidence, attempts)
        })
        .filter(|decoded| decoded.rank <= LAST_RANK)?;
    Some(Reading {
        decoded,
        alignment,
        sync_z: sync.z,
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
