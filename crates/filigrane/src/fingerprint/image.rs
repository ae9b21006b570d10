//! Fingerprints of pictures: a hash for searching, and a map of gradients for comparing crops.
//!
//! The hash has 256 bits: the signs, about their median, of the 16 × 16 lowest frequencies of a 64 × 64 cosine transform,
//! as in PDQ (Facebook, *The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm*, 2019), over box means
//! instead of its filter, so that the two are not interchangeable.
//!
//! The map tells for 64 × 64 cells whether luma grows to the right and downwards, and which of these gradients are among
//! the stronger half. A part of a picture has the map of that part: a crop is slid over it at all sizes and places.

use filigrane_media::Picture;

use super::grid::Grid;

/// Cells along each side of a map, so that a row is a word.
const SIDE: usize = 64;
/// Frequencies along each side of the hash.
const FREQUENCIES: usize = 16;
/// Bytes of the maps: two of signs, two of strength.
const DETAIL: usize = 4 * SIDE * 8;
/// The smallest part of a picture's width or height that is looked for, in cells.
const SMALLEST: usize = 22;
/// Fewer gradients than these say nothing.
const FEWEST: u32 = 150;

/// What is remembered of a picture's content.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ImageFingerprint {
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

/// How far two pictures are from each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Distance {
    /// Bits of the hash that differ, 0 to 256.
    pub(super) bits: u32,
    /// How much better the best place of the one in the other fits than chance, in deviations of as many coins.
    pub(super) fit: f64,
    /// Part of the registered picture's width at that place.
    pub(super) part: f64,
}

/// A picture that is compared with registered ones: its grid, upright.
#[derive(Debug, Clone)]
pub(super) struct Query {
    grid: Grid,
    aspect: f64,
}

impl ImageFingerprint {
    pub(super) fn of(picture: &Picture) -> Self {
        Self::of_grid(&Grid::of(picture))
    }

    fn of_grid(grid: &Grid) -> Self {
        Self {
            hash: hash(grid),
            map: Map::of(grid),
        }
    }

    pub(super) const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// The maps, to be kept beside the hash.
    pub(super) fn detail(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(DETAIL);
        let map = &self.map;
        for rows in [&map.across, &map.down, &map.strong_across, &map.strong_down] {
            bytes.extend(rows.iter().flat_map(|row| row.to_le_bytes()));
        }
        bytes
    }

    /// A fingerprint that was kept.
    pub(super) fn new(hash: [u8; 32], detail: &[u8]) -> Option<Self> {
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

impl Query {
    /// A picture that was turned and mirrored as its watermark tells.
    pub(super) fn new(picture: &Picture, clockwise_deg: f64, mirrored: bool) -> Self {
        let grid = Grid::of(picture);
        let swaps = (clockwise_deg / 90.0).round().rem_euclid(2.0) == 1.0;
        let aspect = f64::from(picture.width.max(1)) / f64::from(picture.height.max(1));
        Self {
            grid: if clockwise_deg.abs() < 0.5 && !mirrored {
                grid
            } else {
                grid.upright(clockwise_deg, mirrored)
            },
            aspect: if swaps { 1.0 / aspect } else { aspect },
        }
    }

    /// Compares with a registered picture of an aspect (width over height).
    pub(super) fn distance(&self, registered: &ImageFingerprint, aspect: f64) -> Distance {
        let own = hash(&self.grid);
        let bits = own
            .iter()
            .zip(&registered.hash)
            .map(|(a, b)| (a ^ b).count_ones())
            .sum();
        // The whole of it, and its middle: what was framed or padded is still there in the middle.
        let whole = self.best(&registered.map, aspect, 0.0);
        let middle = self.best(&registered.map, aspect, 0.25);
        let (fit, part) = if middle.0 > whole.0 { middle } else { whole };
        Distance { bits, fit, part }
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

/// The hash of the module's description.
fn hash(grid: &Grid) -> [u8; 32] {
    let step = 1.0 / SIDE as f64;
    let cell = |x: usize, y: usize| {
        let (left, top) = (x as f64 * step, y as f64 * step);
        grid.mean((left, top), (left + step, top + step))
    };
    // The constant is left out, as in PDQ: frequencies 1 to 16.
    let wave = |frequency: usize, position: usize| {
        let phase = std::f64::consts::PI / SIDE as f64 * (position as f64 + 0.5);
        (phase * (frequency + 1) as f64).cos()
    };
    let waves: Vec<[f64; SIDE]> = (0..FREQUENCIES)
        .map(|frequency| std::array::from_fn(|position| wave(frequency, position)))
        .collect();
    let mut rows = vec![[0.0; FREQUENCIES]; SIDE];
    for (y, row) in rows.iter_mut().enumerate() {
        let lumas: [f64; SIDE] = std::array::from_fn(|x| cell(x, y));
        for (value, wave) in row.iter_mut().zip(&waves) {
            *value = lumas.iter().zip(wave).map(|(luma, wave)| luma * wave).sum();
        }
    }
    let mut values = Vec::with_capacity(FREQUENCIES * FREQUENCIES);
    for wave in &waves {
        for across in 0..FREQUENCIES {
            values.push(
                rows.iter()
                    .zip(wave)
                    .map(|(row, wave)| row[across] * wave)
                    .sum::<f64>(),
            );
        }
    }
    let mut sorted = values.clone();
    let (_, median, _) = sorted.select_nth_unstable_by(values.len() / 2, f64::total_cmp);
    let median = *median;
    let mut hash = [0; 32];
    for (byte, values) in hash.iter_mut().zip(values.chunks_exact(8)) {
        *byte = values
            .iter()
            .enumerate()
            .map(|(bit, value)| u8::from(*value > median) << bit)
            .sum();
    }
    hash
}

impl std::fmt::Debug for ImageFingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImageFingerprint")
            .field("hash", &self.hash)
            .finish_non_exhaustive()
    }
}
