//! Fine synchronisation: hill climbing over origin, speed and pitch.

use crate::alignment::{Alignment, BinPlaces};
use crate::map::Map;
use crate::pattern::Pattern;
use crate::search::Candidate;

/// Steps of speed and pitch, and of the origin in rows, from coarse to fine.
const STEPS: [(f64, f64); 3] = [(1e-3, 1.0), (5e-4, 0.5), (2.5e-4, 0.5)];

/// Score of the sync cells in the first `bins` alone: the sum of the amplitude's ratios to its neighbours in
/// time and in frequency, times the signs, in standard deviations.
pub(crate) fn sync_score(
    map: &Map,
    rows: &std::ops::Range<usize>,
    alignment: &Alignment,
    places: &BinPlaces,
    bins: usize,
    pattern: &Pattern,
) -> f32 {
    let frames = alignment.frames(rows);
    let (mut sum, mut energy) = (0.0_f32, 1e-9_f32);
    let row_at = |frame: i64| {
        let row = alignment.row(frame).round().max(0.0) as usize;
        map.row(row.min(map.rows() - 1))
    };
    for frame in frames.start + 1..frames.end - 1 {
        let [before, here, after] = [frame - 1, frame, frame + 1].map(row_at);
        for &(bin, sign) in pattern.sync_of(frame) {
            let bin = usize::from(bin);
            if bin >= bins {
                break;
            }
            let a = places.amplitude(here, bin + 1);
            let in_time = places.amplitude(before, bin + 1) + places.amplitude(after, bin + 1);
            let in_frequency = places.amplitude(here, bin) + places.amplitude(here, bin + 2);
            let ratio = ratio(a, in_time) + ratio(a, in_frequency);
            sum += ratio * sign;
            energy += ratio * ratio;
        }
    }
    sum / energy.sqrt()
}

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
    let score = |alignment: &Alignment| {
        sync_score(
            map,
            rows,
            alignment,
            &alignment.bins(),
            candidate.bins,
            pattern,
        )
    };
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
    rows: &std::ops::Range<usize>,
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
    let places = start.bins();
    (-8..=8)
        .map(|i| {
            let speed = start.speed + f64::from(i) * 1.25e-4;
            let mut other = start.with_speed_about(speed, middle);
            if tied {
                other.pitch = speed;
            }
            (
                sync_score(map, &whole, &other, &places, bins, pattern),
                other,
            )
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(start, |best| best.1)
}
