//! Whether a mark belongs to the picture that it is found in.
//!
//! A periodic pattern can be estimated from one marked picture without any key, by folding, and be added
//! to another. So a small part of the mark depends on the picture itself: in every cell of the pattern,
//! eight keyed features of the coarse luma (signs of linear combinations of low cosines) switch the signs
//! of eight groups of carriers. Folding without the key averages this *bound part* away; a copy of all
//! pixels' changes brings signs that disagree with its new picture. Once a payload is read, the bound
//! part is demodulated with the features of the picture at hand and compared with what the periodic part
//! promises. Marks are read without it: it costs its share of the power and nothing else.
//!
//! Copying: Kutter, Voloshynovskiy and Herrigel, "The watermark copy attack", 2000.

use filigrane_payload::{Key, Keystream};
use multiversion::multiversion;
use rustfft::num_complex::Complex32;

use crate::filters::shrink;
use crate::fold::{Line, RUN, WHOLE};
use crate::fourier::Fourier;
use crate::geometry::Homography;
use crate::pattern::{Carrier, TILE};
use crate::plane::Plane;

/// Side of a cell in pattern pixels: small enough that a crop keeps whole ones, large enough that lossy
/// coding leaves its coarse luma alone.
pub(crate) const CELL: usize = 32;
/// Features per cell, each of which switches one group of carriers.
pub(crate) const FEATURES: usize = 8;
/// Cosines per axis: constant, half a period, one period, one and a half.
const ORDER: usize = 4;
const TERMS: usize = ORDER * ORDER;
/// Points at which the cosines are tabulated.
const POINTS: usize = 64;
/// Samples along a cell's side that are enough for its features.
const SAMPLES: f64 = 8.0;
/// Share of a cell that must lie inside the picture for its features to count.
const LEAST_COVER: f32 = 0.85;
/// Features of this many grey levels count in full, smaller ones in proportion: lossy coding moves them.
const FULL_LEVELS: f32 = 1.5;
/// Or, where the picture has stronger ones, this share of their mean size.
const FULL_SHARE: f32 = 0.5;
/// No picture has more cells along a side than this (pictures are looked at below 1.2 megapixels, at no
/// less than three tenths of a pixel per pattern pixel, with sides of up to a few hundred tiles).
const MOST_CELLS: i64 = 1 << 20;

/// The keyed rules of the bound part.
#[derive(Debug)]
pub(crate) struct Binding {
    weights: [[f32; TERMS]; FEATURES],
    /// Per message carrier: which feature switches it.
    feature: Vec<usize>,
    /// Per message carrier: its value in the bound part, of magnitude 1.
    values: Vec<Complex32>,
}

/// How the bound part compares with what the periodic part promises.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bond {
    /// About 1 where the mark was made for this picture, about 0 where it was copied onto it.
    pub(crate) ratio: f32,
    /// Standard deviation of that.
    pub(crate) deviation: f32,
}

impl Bond {
    /// Whether the mark was made for another picture. Where the picture says too little, it was not.
    pub(crate) fn is_broken(&self) -> bool {
        self.ratio < BROKEN_BELOW && self.ratio + SURE * self.deviation < 1.0
    }
}

/// Ratio below which a bond is broken. Copies have less than a tenth (measured: 36 of 36, at 38 to 44 dB);
/// genuine marks have more than a quarter after everything that they survive.
const BROKEN_BELOW: f32 = 0.2;
/// Deviations that a broken bond must lie below 1.
const SURE: f32 = 2.2;

impl Binding {
    pub(crate) fn new(key: &Key, domain: &str, message: &[Carrier]) -> Self {
        let mut keystream = Keystream::new(&key.derive(&format!("filigrane {domain} binding")));
        let mut weights = [[0.0; TERMS]; FEATURES];
        for weights in &mut weights {
            for (term, weight) in weights.iter_mut().enumerate().skip(1) {
                // Natural pictures have amplitudes that fall with frequency: this makes all terms count.
                let frequency = ((term % ORDER).pow(2) + (term / ORDER).pow(2)) as f64;
                *weight = ((2.0 * keystream.uniform() - 1.0) * frequency.sqrt()) as f32;
            }
            let norm: f32 = weights.iter().map(|weight| weight * weight).sum();
            weights
                .iter_mut()
                .for_each(|weight| *weight *= norm.max(1e-9).sqrt().recip());
        }
        let mut feature: Vec<usize> = (0..message.len()).map(|i| i % FEATURES).collect();
        keystream.shuffle(&mut feature);
        let values = message
            .iter()
            .map(|_| {
                Complex32::from_polar(1.0, (keystream.uniform() * std::f64::consts::TAU) as f32)
            })
            .collect();
        Self {
            weights,
            feature,
            values,
        }
    }

    #[cfg(test)]
    pub(crate) fn rules(&self) -> (&[[f32; TERMS]; FEATURES], &[usize], &[Complex32]) {
        (&self.weights, &self.feature, &self.values)
    }

    /// Value of every message carrier in the bound part that `feature` switches.
    pub(crate) fn part(&self, feature: usize) -> impl Iterator<Item = Complex32> + '_ {
        self.feature
            .iter()
            .zip(&self.values)
            .map(move |(&own, &value)| {
                if own == feature {
                    value
                } else {
                    Complex32::default()
                }
            })
    }

    /// The features of all cells of a picture under a mapping to the pattern.
    pub(crate) fn features(&self, luma: &Plane, mapping: &Homography) -> Cells {
        let center = (luma.width as f64 / 2.0, luma.height as f64 / 2.0);
        let [a, b, c, d] = mapping.jacobian(center.0, center.1);
        let pixels_per_cell = CELL as f64 / (a * d - b * c).abs().sqrt().max(1e-6);
        let factor = (pixels_per_cell / SAMPLES).floor().clamp(1.0, 8.0);
        let side = |length: usize| ((length as f64 / factor).round() as usize).max(1);
        let (small, mapping) = if factor > 1.0 {
            let small = shrink(luma, side(luma.width), side(luma.height));
            let (across, down) = (
                luma.width as f64 / small.width as f64,
                luma.height as f64 / small.height as f64,
            );
            // The middle of a small pixel is the middle of those that it covers.
            let mapping = mapping.moved(0.5 * (across - 1.0), 0.5 * (down - 1.0));
            (small, mapping.with_pixels_of(across, down))
        } else {
            (luma.clone(), *mapping)
        };
        let mut cells = Cells::over(&small, &mapping);
        let full = (pixels_per_cell / factor).powi(2) as f32;
        let sums = cells.sums(&small, &mapping);
        for (soft, sums) in cells.soft.iter_mut().zip(&sums) {
            if sums.count >= LEAST_COVER * full {
                *soft = sums.features(&self.weights);
            }
        }
        cells.soften();
        cells
    }

    /// Compares the bound part with the periodic one. `mapping` includes the shift; `values` are the
    /// message carriers of the payload that was read, `gain` weighs a carrier, `share` is the bound part's
    /// amplitude over the message's.
    pub(crate) fn bond(
        &self,
        (luma, residual): (&Plane, &Plane),
        mapping: &Homography,
        message: &[Carrier],
        values: &[Complex32],
        gain: impl Fn(&Carrier) -> f32,
        share: f32,
        fourier: &mut Fourier,
    ) -> Bond {
        let cells = self.features(luma, mapping);
        let mut tiles = demodulated(residual, mapping, &cells);
        let (mut bound, mut noise, mut promised) = (0.0_f32, 0.0_f32, 0.0_f32);
        for (feature, tile) in tiles.iter_mut().enumerate() {
            fourier.forward(tile);
            let at = |kx: i32, ky: i32| {
                let wrap = |k: i32| k.rem_euclid(TILE as i32) as usize;
                tile[wrap(ky) * TILE + wrap(kx)]
            };
            // The real part of the tile holds the demodulated picture, the imaginary part the promise.
            let parts = |carrier: &Carrier| {
                let (here, there) = (
                    at(carrier.kx, carrier.ky),
                    at(-carrier.kx, -carrier.ky).conj(),
                );
                let turn = Complex32::from_polar(gain(carrier), -carrier.phase);
                let difference = here - there;
                (
                    0.5 * (here + there) * turn,
                    0.5 * Complex32::new(difference.im, -difference.re) * turn,
                )
            };
            // Where features lean to one side, the periodic part shows through: it is known, and goes.
            let (mut leak, mut energy) = (0.0, 0.0);
            for (carrier, value) in message.iter().zip(values) {
                leak += (parts(carrier).0 * value.conj()).re;
                energy += value.norm_sqr();
            }
            let leak = leak / energy.max(1e-9);
            for (index, (carrier, value)) in message.iter().zip(values).enumerate() {
                if self.feature.get(index) != Some(&feature) {
                    continue;
                }
                let (demodulated, promise) = parts(carrier);
                let own = self.values.get(index).copied().unwrap_or_default();
                let agreement = (demodulated - leak * value) * own.conj();
                bound += agreement.re;
                noise += agreement.im * agreement.im;
                promised += (promise * value.conj()).re;
            }
        }
        let promised = share * promised.abs().max(1e-9);
        Bond {
            ratio: bound / promised,
            deviation: noise.sqrt() / promised,
        }
    }
}

/// The cells that a picture covers, and the soft signs of their features.
pub(crate) struct Cells {
    origin: (i64, i64),
    columns: usize,
    soft: Vec<[f32; FEATURES]>,
}

impl Cells {
    fn over(plane: &Plane, mapping: &Homography) -> Self {
        let (right, bottom) = (plane.width as f64 - 1.0, plane.height as f64 - 1.0);
        let corners = [(0.0, 0.0), (right, 0.0), (0.0, bottom), (right, bottom)];
        let places = corners.map(|(x, y)| mapping.apply(x, y));
        let span = |values: [f64; 4]| -> (i64, usize) {
            let cell =
                |value: f64| ((value / CELL as f64).floor() as i64).clamp(-MOST_CELLS, MOST_CELLS);
            let (least, most) = (
                values.iter().copied().fold(f64::MAX, f64::min),
                values.iter().copied().fold(f64::MIN, f64::max),
            );
            (cell(least), (cell(most) - cell(least) + 1).max(1) as usize)
        };
        let (left, columns) = span(places.map(|place| place.0));
        let (top, rows) = span(places.map(|place| place.1));
        // A mapping that tears the picture over more cells than it has pixels has no cells worth reading.
        let columns = columns.min(plane.pixels());
        let rows = rows.min((plane.pixels() / columns.max(1)).max(1));
        Self {
            origin: (left, top),
            columns,
            soft: vec![[0.0; FEATURES]; columns * rows],
        }
    }

    /// The cell of a place in the pattern and the place within it, 0 to 1.
    fn at(&self, (u, v): (f64, f64)) -> Option<(usize, (f64, f64))> {
        let (u, v) = (u / CELL as f64, v / CELL as f64);
        let (column, row) = (
            u.floor() as i64 - self.origin.0,
            v.floor() as i64 - self.origin.1,
        );
        let column = usize::try_from(column).ok().filter(|&c| c < self.columns)?;
        let row = usize::try_from(row).ok()?;
        let index = row.checked_mul(self.columns)?.checked_add(column)?;
        (index < self.soft.len()).then_some((index, (u - u.floor(), v - v.floor())))
    }

    /// The soft signs of the cell at a place of the pattern; zeros outside.
    pub(crate) fn signs(&self, place: (f64, f64)) -> [f32; FEATURES] {
        self.at(place)
            .and_then(|(index, _)| self.soft.get(index))
            .copied()
            .unwrap_or([0.0; FEATURES])
    }

    /// The signs alone, as they are embedded: what a detector weighs how is its own affair.
    pub(crate) fn hardened(mut self) -> Self {
        for value in self.soft.iter_mut().flatten() {
            if *value != 0.0 {
                *value = value.signum();
            }
        }
        self
    }

    fn sums(&self, plane: &Plane, mapping: &Homography) -> Vec<Sums> {
        let cosines: Vec<[f32; ORDER]> = (0..POINTS)
            .map(|point| {
                let place = (point as f32 + 0.5) / POINTS as f32 * std::f32::consts::PI;
                std::array::from_fn(|order| (place * order as f32).cos())
            })
            .collect();
        let mut sums = vec![Sums::default(); self.soft.len()];
        self.visit(plane, mapping, |value, cell, (u, v)| {
            let table = |place: f32| {
                let share = (place / CELL as f32).fract();
                cosines.get((share * POINTS as f32) as usize)
            };
            if let (Some(sums), Some(across), Some(down)) = (sums.get_mut(cell), table(u), table(v))
            {
                sums.add(value, across, down);
            }
        });
        sums
    }

    /// Shows every value of a plane with its cell and its place in the pattern, counted from the first cell's
    /// corner. Places are stepped along rows in single precision from starts in double precision.
    #[inline(always)]
    fn visit(
        &self,
        plane: &Plane,
        mapping: &Homography,
        mut visitor: impl FnMut(f32, usize, (f32, f32)),
    ) {
        let corner = |cell: i64| -(cell * CELL as i64) as f64;
        let [a, b, c, d, e, f, g, h] = mapping
            .shifted(corner(self.origin.0), corner(self.origin.1))
            .0;
        let rows = self.soft.len() / self.columns.max(1);
        let is_affine = mapping.is_affine();
        let (across, down, tilt) = (a as f32, d as f32, g as f32);
        for y in 0..plane.height {
            let fy = y as f64;
            let (u0, v0) = ((b * fy + c) as f32, (e * fy + f) as f32);
            let w0 = (h * fy + 1.0) as f32;
            for (x, &value) in plane.row(y).iter().enumerate() {
                let fx = x as f32;
                let (mut u, mut v) = (across * fx + u0, down * fx + v0);
                if !is_affine {
                    let w = 1.0 / (tilt * fx + w0);
                    (u, v) = (u * w, v * w);
                }
                // Casts saturate: what is not a number or lies before the first cell is none.
                if !(u >= 0.0 && v >= 0.0) {
                    continue;
                }
                let (column, row) = (u as usize / CELL, v as usize / CELL);
                if column < self.columns && row < rows {
                    visitor(value, row * self.columns + column, (u, v));
                }
            }
        }
    }

    /// Coordinates along a row of pixels in cells, counted from the first cell's corner.
    fn line(&self, mapping: &Homography, y: usize) -> Line {
        let corner = |cell: i64| -(cell * CELL as i64) as f64;
        let [a, b, c, d, e, f, g, h] = mapping
            .shifted(corner(self.origin.0), corner(self.origin.1))
            .0;
        let (y, side) = (y as f64, CELL as f64);
        Line {
            u: ((a / side) as f32, ((b * y + c) / side) as f32),
            v: ((d / side) as f32, ((e * y + f) / side) as f32),
            w: (g as f32, (h * y + 1.0) as f32),
        }
    }

    fn owners(&self, line: &Line, first: usize, out: &mut [u32]) {
        let rows = self.soft.len() / self.columns.max(1);
        owners(line, first as f32, self.columns as u32, rows as u32, out);
    }

    /// Features in grey levels become soft signs.
    fn soften(&mut self) {
        let (mut sum, mut count) = (0.0_f32, 0.0_f32);
        for value in self.soft.iter().flatten() {
            sum += value.abs();
            count += f32::from(u8::from(*value != 0.0));
        }
        let full = (FULL_SHARE * sum / count.max(1.0)).max(FULL_LEVELS);
        for value in self.soft.iter_mut().flatten() {
            *value = (*value / full).clamp(-1.0, 1.0);
        }
    }
}

/// A cell's sums over its pixels.
#[derive(Debug, Clone, Default)]
struct Sums {
    count: f32,
    luma: [f32; TERMS],
    cosines: [f32; TERMS],
}

impl Sums {
    fn add(&mut self, value: f32, across: &[f32; ORDER], down: &[f32; ORDER]) {
        self.count += 1.0;
        for (q, down) in down.iter().enumerate() {
            for (p, across) in across.iter().enumerate() {
                let cosine = across * down;
                self.cosines[q * ORDER + p] += cosine;
                self.luma[q * ORDER + p] += value * cosine;
            }
        }
    }

    /// The features in grey levels.
    fn features(&self, weights: &[[f32; TERMS]; FEATURES]) -> [f32; FEATURES] {
        let mean = self.luma[0] / self.count.max(1.0);
        // Pixels do not fall evenly into cells: the mean must not leak into the cosines.
        let terms: [f32; TERMS] = std::array::from_fn(|term| {
            2.0 * (self.luma[term] - mean * self.cosines[term]) / self.count.max(1.0)
        });
        weights.map(|weights| weights.iter().zip(&terms).map(|(a, b)| a * b).sum())
    }
}

/// One tile per feature: in the real parts the residual times the feature's soft sign, in the imaginary
/// parts the residual times its size, which says how much of the mark that demodulation should bring.
fn demodulated(residual: &Plane, mapping: &Homography, cells: &Cells) -> Vec<Vec<Complex32>> {
    let factors: Vec<[f32; 2 * FEATURES]> = cells
        .soft
        .iter()
        .map(|signs| {
            std::array::from_fn(|i| {
                if i < FEATURES {
                    signs[i]
                } else {
                    signs[i - FEATURES].abs()
                }
            })
        })
        .collect();
    let mut sums = vec![[0.0_f32; 2 * FEATURES]; TILE * TILE];
    let (mut places, mut owners) = ([0_u32; RUN], [0_u32; RUN]);
    for y in 0..residual.height {
        let line = Line::new(mapping, y);
        let own = cells.line(mapping, y);
        for (index, run) in residual.row(y).chunks(RUN).enumerate() {
            let (places, owners) = (&mut places[..run.len()], &mut owners[..run.len()]);
            line.cells(index * RUN, places);
            cells.owners(&own, index * RUN, owners);
            demodulate(run, places, owners, &factors, &mut sums);
        }
    }
    (0..FEATURES)
        .map(|feature| {
            sums.iter()
                .map(|sums| Complex32::new(sums[feature], sums[FEATURES + feature]))
                .collect()
        })
        .collect()
}

#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2"))]
fn demodulate(
    values: &[f32],
    places: &[u32],
    owners: &[u32],
    factors: &[[f32; 2 * FEATURES]],
    sums: &mut [[f32; 2 * FEATURES]],
) {
    for ((&value, &place), &owner) in values.iter().zip(places).zip(owners) {
        // Outside the cells there is no owner.
        if let (Some(sums), Some(factors)) =
            (sums.get_mut(place as usize), factors.get(owner as usize))
        {
            for (sum, factor) in sums.iter_mut().zip(factors) {
                *sum += value * factor;
            }
        }
    }
}

/// The cells of the pixels from column `first` on, `u32::MAX` outside.
#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2"))]
fn owners(line: &Line, first: f32, columns: u32, rows: u32, out: &mut [u32]) {
    let (u, v, w) = (line.u, line.v, line.w);
    // The nearest whole number to half a cell less is the cell.
    let cell = |place: f32| {
        (place - 0.5 + WHOLE)
            .to_bits()
            .wrapping_sub(WHOLE.to_bits())
    };
    for (i, out) in out.iter_mut().enumerate() {
        let x = first + i as i32 as f32;
        let scale = 1.0 / (w.0 * x + w.1);
        let (column, row) = (cell((u.0 * x + u.1) * scale), cell((v.0 * x + v.1) * scale));
        // Negative ones wrap to large ones.
        let is_inside = column < columns && row < rows;
        let index = row.wrapping_mul(columns).wrapping_add(column);
        *out = if is_inside { index } else { u32::MAX };
    }
}
