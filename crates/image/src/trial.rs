//! What a mark of some strength would look like to the detector, before it is made.
//!
//! The luma that the marked picture will have follows from the original's and the change, with the
//! samples' rounding and without the samples. The mask is the original's: the mark changes it little.

use multiversion::multiversion;

use crate::accept::{Carriers, Shift};
use crate::coding::{coded, nearest_whole};
use crate::detect::canonical_size;
use crate::embed::{color_direction, pattern_scale};
use crate::filters::shrink;
use crate::fold::{Part, fold};
use crate::fourier::Fourier;
use crate::geometry::Homography;
use crate::pattern::{Pattern, TILE};
use crate::perception;
use crate::pixels::{LUMA, PixelsRef};
use crate::plane::Plane;
use crate::residual::{Grain, residual};

/// A picture to mark, and how to change it.
pub(crate) struct Trial<'a> {
    luma: &'a Plane,
    change: &'a Plane,
    /// Change of each colour per change of luma, and its share in the luma.
    colors: Vec<(f32, f32)>,
    /// Whether samples are whole grey levels.
    is_rounded: bool,
    /// The mask at the size at which pictures are looked at.
    mask: Plane,
    fourier: Fourier,
}

impl<'a> Trial<'a> {
    /// A trial of changing `luma`, of which `mask` is the mask.
    pub(crate) fn new(
        luma: &'a Plane,
        change: &'a Plane,
        mask: Plane,
        picture: PixelsRef<'_>,
    ) -> Self {
        let colors = picture.channels().colors();
        let shares = if colors == 1 { [1.0; 3] } else { LUMA };
        let directions = color_direction(colors).into_iter().zip(shares);
        let mask = match canonical_size(luma) {
            Some((width, height)) => perception::mask(&shrink(luma, width, height)),
            None => mask,
        };
        Self {
            luma,
            change,
            colors: directions.take(colors).collect(),
            is_rounded: picture.is_of_whole_levels(),
            mask,
            fourier: Fourier::new(TILE),
        }
    }

    /// The marked picture's luma at a strength, at the size at which pictures are looked at.
    pub(crate) fn marked(&self, strength: f32) -> Plane {
        let mut marked = self.luma.clone();
        let rows = marked.data.chunks_mut(self.luma.width.max(1));
        for (row, change) in rows.zip(self.change.data.chunks(self.luma.width.max(1))) {
            if self.is_rounded {
                change_rounded(row, change, strength, &self.colors);
            } else {
                change_exactly(row, change, strength);
            }
        }
        match canonical_size(&marked) {
            Some((width, height)) => shrink(&marked, width, height),
            None => marked,
        }
    }

    /// The energy over noise with which known symbols are seen in a marked picture, after lossy coding of a
    /// quality where one is given, in each part of a grid of `side × side`: `n t² / (n − t²)` for `n` soft
    /// values that correlate with `t`.
    pub(crate) fn energies(
        &mut self,
        marked: &Plane,
        quality: Option<u32>,
        pattern: &Pattern,
        symbols: &[f32],
        side: usize,
    ) -> Vec<f64> {
        let coded = quality.map(|quality| coded(marked, quality));
        let luma = coded.as_ref().unwrap_or(marked);
        let shrunk = self.luma.width as f64 / luma.width as f64;
        let scale = pattern_scale(self.luma.width, self.luma.height) / shrunk;
        let residual = residual(luma, &self.mask, Grain::for_scale(scale));
        let mapping = Homography::linear([1.0 / scale, 0.0, 0.0, 1.0 / scale]);
        let parts = Part::whole(&residual).grid(side, side);
        let energy = |part| {
            let tile = fold(&residual, part, &mapping);
            let carriers = Carriers::new(&tile, pattern, &mut self.fourier);
            let soft = carriers.soft_values(pattern, Shift::NONE);
            let (mut agreement, mut energy) = (0.0, f64::MIN_POSITIVE);
            for (&value, &symbol) in soft.iter().zip(symbols) {
                agreement += f64::from(value * symbol);
                energy += f64::from(value * value);
            }
            let (squared, count) = (agreement.max(0.0).powi(2) / energy, soft.len() as f64);
            count * squared / (count - squared).max(1.0)
        };
        parts.into_iter().map(energy).collect()
    }
}

/// Every colour moves by whole grey levels: what rounds to nothing changes nothing.
#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2"))]
fn change_rounded(luma: &mut [f32], change: &[f32], strength: f32, colors: &[(f32, f32)]) {
    for (luma, change) in luma.iter_mut().zip(change) {
        let mut sum = *luma;
        for &(direction, share) in colors {
            sum += share * nearest_whole(strength * change * direction);
        }
        *luma = sum.clamp(0.0, 255.0);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2"))]
fn change_exactly(luma: &mut [f32], change: &[f32], strength: f32) {
    for (luma, change) in luma.iter_mut().zip(change) {
        *luma = (*luma + strength * change).clamp(0.0, 255.0);
    }
}
