//! Looking for marks: search, refine, read, localise.

use std::ops::Range;

use filigrane_payload::{Attempts, Decoded, Detection, FALSE_POSITIVE_BOUND, Mark};

use crate::alignment::Alignment;
use crate::error::AudioError;
use crate::format::{PERIOD, SHORTEST_SECONDS, SYMBOLS};
use crate::localise::regions;
use crate::map::{ROWS_PER_SECOND, Views};
use crate::refine::{refine, sync_score};
use crate::search::{Candidate, Window, factors};
use crate::sound::SoundRef;
use crate::statistic::Grid;
use crate::watermark::{AudioPlace, AudioPlan};
use crate::weights::{Weights, soft_symbols, sync_z};

/// Length of a search window and distance between windows.
const WINDOW_S: f64 = 10.0;
const WINDOW_HOP_S: f64 = 5.0;
/// Candidates below this are not refined.
const COARSE_Z: f32 = 3.6;
/// Candidates below this after refinement are not decoded.
const FINE_Z: f64 = 3.7;

/// A mark that was read.
struct Reading {
    decoded: Decoded,
    alignment: Alignment,
    sync_z: f64,
}

pub(crate) fn detect(
    sound: &SoundRef<'_>,
    plans: &[&AudioPlan],
) -> Result<Detection<AudioPlace>, AudioError> {
    let seconds = sound.seconds();
    if seconds < SHORTEST_SECONDS / 2.0 {
        return Ok(Detection::Inconclusive {
            reason: format!(
                "too short: {seconds:.2} s, needs {:.2} s",
                SHORTEST_SECONDS / 2.0
            ),
        });
    }
    let views = Views::new(sound);
    let mut attempts = Attempts::new(FALSE_POSITIVE_BOUND);
    let mut marks: Vec<Mark<AudioPlace>> = Vec::new();
    let windows = windows(views.rows());
    let prepared: Vec<Window> = windows
        .iter()
        .map(|rows| Window::new(views.search(), rows.clone()))
        .collect();
    for plan in plans {
        let found = search_aligned(&prepared, &views, plan, &mut attempts)
            .or_else(|| search_retimed(&prepared, &views, plan, &mut attempts));
        if let Some(reading) = found {
            marks.push(mark(&reading, &views, plan, seconds));
        }
    }
    marks.sort_by(|a, b| a.p_value.total_cmp(&b.p_value));
    let mut marks = marks.into_iter();
    Ok(match marks.next() {
        Some(mark) => Detection::Found {
            mark,
            others: marks.collect(),
        },
        None => Detection::NotFound {
            p_value: attempts.best_p_value(),
        },
    })
}

/// The search windows: the whole of a short sound, else overlapping ones to the end.
fn windows(rows: usize) -> Vec<Range<usize>> {
    let length = (WINDOW_S * ROWS_PER_SECOND) as usize;
    let hop = (WINDOW_HOP_S * ROWS_PER_SECOND) as usize;
    if rows <= length + length / 4 {
        return std::iter::once(0..rows).collect();
    }
    let mut windows: Vec<Range<usize>> = (0..)
        .map(|i| i * hop..i * hop + length)
        .take_while(|window| window.end <= rows)
        .collect();
    if windows
        .last()
        .is_some_and(|last| last.end + length / 4 < rows)
    {
        windows.push(rows - length..rows);
    }
    windows
}

fn search_aligned(
    windows: &[Window],
    views: &Views,
    plan: &AudioPlan,
    attempts: &mut Attempts,
) -> Option<Reading> {
    let mut candidates = Vec::new();
    for window in windows {
        window.fold(1.0).score(&plan.pattern, 1.0, &mut candidates);
    }
    try_candidates(candidates, 6, views, plan, attempts)
}

fn search_retimed(
    windows: &[Window],
    views: &Views,
    plan: &AudioPlan,
    attempts: &mut Attempts,
) -> Option<Reading> {
    let mut candidates = Vec::new();
    for window in windows.iter() {
        for speed in factors(0.26, 0.002) {
            let fold = window.fold(speed);
            fold.score(&plan.pattern, speed, &mut candidates);
            if (speed - 1.0).abs() < 0.16 {
                fold.score(&plan.pattern, 1.0, &mut candidates);
            }
        }
        let fold = window.fold(1.0);
        for pitch in factors(0.13, 0.002) {
            fold.score(&plan.pattern, pitch, &mut candidates);
        }
    }
    try_candidates(candidates, 24, views, plan, attempts)
}

fn try_candidates(
    mut candidates: Vec<Candidate>,
    most: usize,
    views: &Views,
    plan: &AudioPlan,
    attempts: &mut Attempts,
) -> Option<Reading> {
    candidates.sort_by(|a, b| b.z.total_cmp(&a.z));
    let mut tried: Vec<Alignment> = Vec::new();
    for candidate in candidates.iter().take(most) {
        if candidate.z < COARSE_Z {
            break;
        }
        let alignment = refine(views.search(), candidate, &plan.pattern);
        if tried.iter().any(|other| same(other, &alignment)) {
            continue;
        }
        tried.push(alignment);
        if let Some(reading) = read(views, &candidate.rows, alignment, plan, attempts) {
            return Some(reading);
        }
        if candidate.rows.len() < views.rows() {
            let whole = 0..views.rows();
            let alignment = extend(views, &candidate.rows, alignment, plan);
            if let Some(reading) = read(views, &whole, alignment, plan, attempts) {
                return Some(reading);
            }
        }
    }
    None
}

fn same(a: &Alignment, b: &Alignment) -> bool {
    let phase = (a.phase() - b.phase()).rem_euclid(PERIOD as f64);
    (a.speed - b.speed).abs() < 4e-4
        && (a.pitch - b.pitch).abs() < 1e-3
        && phase.min(PERIOD as f64 - phase) < 0.4
}

/// Sharpens the speed for the whole sound.
fn extend(views: &Views, rows: &Range<usize>, start: Alignment, plan: &AudioPlan) -> Alignment {
    if start.speed == 1.0 {
        return start;
    }
    let whole = 0..views.rows();
    let middle = 0.5 * (rows.start + rows.end) as f64;
    let tied = (start.speed - start.pitch).abs() < 1e-9;
    let map = views.search();
    let places = start.bins();
    (-8..=8)
        .map(|i| {
            let speed = start.speed + f64::from(i) * 1.25e-4;
            let mut other = start.with_speed_about(speed, middle);
            if tied {
                other.pitch = speed;
            }
            (
                sync_score(map, &whole, &other, &places, &plan.pattern),
                other,
            )
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(start, |best| best.1)
}

fn read(
    views: &Views,
    rows: &Range<usize>,
    alignment: Alignment,
    plan: &AudioPlan,
    attempts: &mut Attempts,
) -> Option<Reading> {
    let grids: Vec<Grid> = views
        .fine
        .iter()
        .map(|map| Grid::new(map, rows, &alignment))
        .collect();
    let sync_z = sync_z(&grids, &plan.pattern);
    if sync_z < FINE_Z {
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

fn mark(reading: &Reading, views: &Views, plan: &AudioPlan, seconds: f64) -> Mark<AudioPlace> {
    let symbols = plan.code.symbols(&reading.decoded.payload);
    let marks = plan.pattern.with_symbols(&symbols);
    let whole = 0..views.rows();
    let grids: Vec<Grid> = views
        .fine
        .iter()
        .map(|map| Grid::new(map, &whole, &reading.alignment))
        .collect();
    Mark {
        payload: reading.decoded.payload,
        key_id: plan.key_id(),
        p_value: reading.decoded.p_value,
        place: AudioPlace {
            regions: regions(&grids, &reading.alignment, &marks, seconds),
            speed: reading.alignment.speed,
            pitch: reading.alignment.pitch,
            sync_z: reading.sync_z,
        },
    }
}
