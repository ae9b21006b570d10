//! Fingerprints of pictures: a hash for searching, and a map of gradients for comparing crops.
//!
//! The hash is over box means of 64 × 64 cells, where PDQ has a filter.
//!
//! The map tells for 64 × 64 cells whether luma grows to the right and downwards, and which of these gradients are among
//! the stronger half. A part of a picture has the map of that part: a crop is slid over it at all sizes and places.

mod grid;

use filigrane_media::Picture;

use crate::hash::{distance, hash};
use crate::relation::{Likeness, Relation};
use grid::Grid;

/// Cells along each side of a map, so that a row is a word.
const SIDE: usize = 64;
/// Bytes of the maps: two of signs, two of strength.
const DETAIL: usize = 4 * SIDE * 8;
/// The smallest part of a picture's width or height that is looked for, in cells.
const SMALLEST: usize = 22;
/// Fewer gradients than these say nothing.
const FEWEST: u32 = 150;
/// At most so many bits of the hash differ where a picture is still whole: recoded, scaled, its tones changed.
const SAME_BITS: u32 = 40;
/// A whole picture fits its own map at least so well.
const SAME_FIT: f64 = 50.0;
/// Unrelated pictures never came near so few bits.
const DERIVED_BITS: u32 = 70;
/// A part of a picture fits the picture's map at least so well.
const DERIVED_FIT: f64 = 24.0;
/// Nearly all unrelated pictures fit each other less than this; what lies between is left open.
const DIFFERENT_FIT: f64 = 16.0;
/// Where less of the registered width or height than this is left, related pictures no longer fit reliably.
const SMALLEST_PART: f64 = 0.6;

/// What is remembered of a picture's content.
#[derive(Clone, PartialEq, Eq)]
pub struct PictureFingerprint {
    hash: [u8; 32],
    map: Map,
}

/// Signs of gradients and which of them count, a word for each row of cells.
#[derive(Clone, PartialEq, Eq)]
struct Map {
    across: [u64; SIDE],
    down: [u64; SIDE],
    strong_across: [u64; SIDE],
    strong_down: [u64; SIDE],
}

/// What other evidence says is left of the registered picture's width and height, 1 being all of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Left {
    /// Of the width.
    pub width: f64,
    /// Of the height.
    pub height: f64,
}

/// A picture that is compared with registered ones: its grid, upright.
#[derive(Debug, Clone)]
pub struct PictureQuery {
    grid: Grid,
    aspect: f64,
    /// How much of the picture's sides is compared.
    filled: f64,
}

impl PictureFingerprint {
    /// Of a picture, as it is stored.
    #[must_use]
    pub fn of(picture: &Picture) -> Self {
        Self::of_grid(&Grid::of(picture))
    }

    fn of_grid(grid: &Grid) -> Self {
        Self {
            hash: hash_of(grid),
            map: Map::of(grid),
        }
    }

    /// The hash, for searching.
    #[must_use]
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// The maps, to be kept beside the hash: 2 KiB.
    #[must_use]
    pub fn detail(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(DETAIL);
        let map = &self.map;
        for rows in [&map.across, &map.down, &map.strong_across, &map.strong_down] {
            bytes.extend(rows.iter().flat_map(|row| row.to_le_bytes()));
        }
        bytes
    }

    /// A fingerprint that was kept; nothing where the maps are none.
    #[must_use]
    pub fn new(hash: [u8; 32], detail: &[u8]) -> Option<Self> {
        if detail.len() != DETAIL {
            return None;
        }
        let (words, _) = detail.as_chunks::<8>();
        let rows = |number: usize| {
            let mut rows = [0; SIDE];
            for (row, word) in rows.iter_mut().zip(words.iter().skip(number * SIDE)) {
                *row = u64::from_le_bytes(*word);
            }
            rows
        };
        Some(Self {
            hash,
            map: Map {
                across: rows(0),
                down: rows(1),
                strong_across: rows(2),
                strong_down: rows(3),
            },
        })
    }
}

impl PictureQuery {
    /// A picture that was turned and mirrored as its watermark tells.
    #[must_use]
    pub fn new(picture: &Picture, clockwise_deg: f64, mirrored: bool) -> Self {
        let grid = Grid::of(picture);
        let swaps = (clockwise_deg / 90.0).round().rem_euclid(2.0) == 1.0;
        let aspect = f64::from(picture.width.max(1)) / f64::from(picture.height.max(1));
        Self {
            grid: if clockwise_deg.abs() < 0.5 && !mirrored {
                grid
            } else {
                grid.upright(clockwise_deg, mirrored, aspect)
            },
            aspect: if swaps { 1.0 / aspect } else { aspect },
            filled: Grid::filled(clockwise_deg, aspect),
        }
    }

    /// How like a registered picture of an aspect (width over height) this one is.
    #[must_use]
    pub fn likeness(&self, registered: &PictureFingerprint, aspect: f64) -> Likeness {
        // The whole of it, and its middle: what was framed or padded is still there in the middle.
        let whole = self.best(&registered.map, aspect, 0.0);
        let middle = self.best(&registered.map, aspect, 0.25);
        let (fit, part) = if middle.0 > whole.0 { middle } else { whole };
        Likeness {
            bits: distance(&hash_of(&self.grid), &registered.hash),
            fit,
            part,
        }
    }

    /// How a picture of that likeness is related to the registered one, of which at least `left` should be there.
    #[must_use]
    pub fn relation(&self, likeness: &Likeness, left: Left) -> Relation {
        let compared = left.width.min(left.height) * self.filled;
        if likeness.bits <= SAME_BITS && likeness.fit >= SAME_FIT {
            Relation::Same
        } else if likeness.bits <= DERIVED_BITS || likeness.fit >= DERIVED_FIT {
            Relation::Derived
        } else if likeness.fit >= DIFFERENT_FIT || likeness.fit <= 0.0 || compared < SMALLEST_PART {
            // A fit of 0 comes of a picture with too few gradients to say anything.
            Relation::Unclear
        } else {
            Relation::Different
        }
    }

    /// The best fit in a registered map, leaving out `margin` of each side; and its part of the registered width.
    fn best(&self, map: &Map, aspect: f64, margin: f64) -> (f64, f64) {
        let mut best = (0.0, 0.0);
        for columns in SMALLEST..=SIDE {
            // Pixels stay square: a part's height follows from its width.
            let rows = (columns as f64 * aspect / self.aspect).round();
            if !(SMALLEST as f64..=SIDE as f64 + 1.0).contains(&rows) {
                continue;
            }
            let rows = (rows as usize).min(SIDE);
            let part = Map::of_part(&self.grid, columns, rows, margin);
            for top in 0..=SIDE - rows {
                for left in 0..=SIDE - columns {
                    let fit = part.fit(map, left, top, columns, rows);
                    if fit > best.0 {
                        best = (fit, columns as f64 / SIDE as f64);
                    }
                }
            }
        }
        best
    }
}

impl Map {
    fn of(grid: &Grid) -> Self {
        Self::of_part(grid, SIDE, SIDE, 0.0)
    }

    /// Of a grid as `columns` × `rows` cells, without `margin` of each side.
    fn of_part(grid: &Grid, columns: usize, rows: usize, margin: f64) -> Self {
        let size = 1.0 - 2.0 * margin;
        let (dx, dy) = (size / columns as f64, size / rows as f64);
        // Means over two cells each way: a place between two cells is still near both.
        let luma = |x: usize, y: usize| {
            let (left, top) = (
                margin + (x as f64 - 0.5) * dx,
                margin + (y as f64 - 0.5) * dy,
            );
            grid.mean((left, top), (left + 2.0 * dx, top + 2.0 * dy))
        };
        let cells: Vec<f64> = (0..rows)
            .flat_map(|y| (0..columns).map(move |x| (x, y)))
            .map(|(x, y)| luma(x, y))
            .collect();
        let at = |x: usize, y: usize| cells[y * columns + x];
        let (mut across, mut strong_across) =
            gradients(columns - 1, rows, |x, y| at(x + 1, y) - at(x, y));
        let (mut down, mut strong_down) =
            gradients(columns, rows - 1, |x, y| at(x, y + 1) - at(x, y));
        // Where the next cell is outside there is no gradient.
        let clear = |rows: &mut [u64; SIDE], mask: u64, count: usize| {
            for (y, row) in rows.iter_mut().enumerate() {
                *row &= if y < count { mask } else { 0 };
            }
        };
        for map in [&mut across, &mut strong_across] {
            clear(map, ones(columns - 1), rows);
        }
        for map in [&mut down, &mut strong_down] {
            clear(map, ones(columns), rows - 1);
        }
        Self {
            across,
            down,
            strong_across,
            strong_down,
        }
    }

    /// How well this part fits a registered map at a place, over the gradients that are strong in both.
    fn fit(&self, whole: &Self, left: usize, top: usize, columns: usize, rows: usize) -> f64 {
        let mask = ones(columns);
        let (mut count, mut wrong) = (0, 0);
        for y in 0..rows {
            for (own, own_strong, registered, registered_strong) in [
                (
                    &self.across,
                    &self.strong_across,
                    &whole.across,
                    &whole.strong_across,
                ),
                (
                    &self.down,
                    &self.strong_down,
                    &whole.down,
                    &whole.strong_down,
                ),
            ] {
                let strong = own_strong[y] & (registered_strong[top + y] >> left) & mask;
                count += strong.count_ones();
                wrong += ((own[y] ^ (registered[top + y] >> left)) & strong).count_ones();
            }
        }
        if count < FEWEST {
            return 0.0;
        }
        let (count, wrong) = (f64::from(count), f64::from(wrong));
        (count - 2.0 * wrong) / count.sqrt()
    }
}

/// Signs of gradients, and which are at least as strong as their median.
fn gradients(
    columns: usize,
    rows: usize,
    gradient: impl Fn(usize, usize) -> f64,
) -> ([u64; SIDE], [u64; SIDE]) {
    let values: Vec<f64> = (0..rows)
        .flat_map(|y| (0..columns).map(move |x| (x, y)))
        .map(|(x, y)| gradient(x, y))
        .collect();
    let mut sizes: Vec<f64> = values.iter().map(|value| value.abs()).collect();
    let middle = sizes.len() / 2;
    let (_, median, _) = sizes.select_nth_unstable_by(middle, f64::total_cmp);
    // In a flat picture nothing is strong.
    let least = median.max(1e-3);
    let (mut signs, mut strong) = ([0; SIDE], [0; SIDE]);
    for (number, value) in values.iter().enumerate() {
        let (x, y) = (number % columns, number / columns);
        signs[y] |= u64::from(*value > 0.0) << x;
        strong[y] |= u64::from(value.abs() >= least) << x;
    }
    (signs, strong)
}

const fn ones(count: usize) -> u64 {
    if count >= 64 {
        u64::MAX
    } else {
        (1 << count) - 1
    }
}

/// The hash of a grid's 64 × 64 cells.
fn hash_of(grid: &Grid) -> [u8; 32] {
    let step = 1.0 / SIDE as f64;
    let cells: Vec<f64> = (0..SIDE * SIDE)
        .map(|cell| {
            let (left, top) = ((cell % SIDE) as f64 * step, (cell / SIDE) as f64 * step);
            grid.mean((left, top), (left + step, top + step))
        })
        .collect();
    hash(&cells, SIDE, SIDE)
}

impl std::fmt::Debug for PictureFingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PictureFingerprint")
            .field("hash", &self.hash)
            .finish_non_exhaustive()
    }
}
