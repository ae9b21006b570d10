//! Looking for a mark: the aligned case first, then every geometry.

use filigrane_payload::{Attempts, Decoded};

use crate::accept::{Carriers, Purity, Shift};
use crate::binding::Bond;
use crate::embed::pattern_scale;
use crate::filters::shrink;
use crate::fold::{Part, fold};
use crate::fourier::Fourier;
use crate::geometry::Homography;
use crate::pattern::{Pattern, TILE};
use crate::plane::Plane;
use crate::pyramid::Pyramid;
use crate::refine::{Reach, refine};
use crate::residual::{Grain, Scene};
use crate::search::{Hypothesis, search};
use crate::spectrum::Spectrum;

/// Larger pictures are first scaled down to a megapixel: the mark of a larger picture is made for it.
const LARGEST_PIXELS: usize = 1_180_000;
const CANONICAL_SIDE: f64 = 1024.0;
/// Correlation of the synchronisation carriers, in deviations, below which a hypothesis is dropped,
/// and from which decoding is worth its place in the false-positive budget.
const WORTH_REFINING: f32 = 4.3;
const WORTH_DECODING: f32 = 4.9;
/// The aligned case needs no refining when it is absent: its threshold is higher.
const ALIGNED_MARGIN: f32 = 0.5;
/// Regions, as shares of the sides, that refinement fits one after the other: the whole from the start
/// where its shift is clear, else from the middle outwards, as perspective demands.
const WHOLE: [f64; 3] = [1.0, 1.0, 1.0];
const OUTWARDS: [f64; 7] = [0.4, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0];
/// Side of the places where a fit may start, in pattern pixels, how many of them along a side are tried, and
/// of how many the fit is carried on. Their correlation must stand out from the best of all their shifts.
const ANCHOR: f64 = 176.0;
const ANCHORS: usize = 5;
const BEST_ANCHORS: usize = 4;
/// Stretches along x and y under which a place is looked at: perspective makes one side longer and the
/// opposite one shorter.
const STRETCHES: [(f64, f64); 9] = [
    (1.0, 1.0),
    (0.965, 1.0),
    (1.035, 1.0),
    (1.0, 0.965),
    (1.0, 1.035),
    (0.965, 0.965),
    (1.035, 1.035),
    (0.965, 1.035),
    (1.035, 0.965),
];
const WORTH_ANCHORING: f32 = 5.4;
/// Factor by which the fitted region grows.
const GROWTH: f64 = 1.2;
/// From this correlation on the mark is there, and is worth a second look through other residuals.
const CERTAIN: f32 = 6.0;
/// Scales that people and programs choose; some lie where the spectrum shows little after coding.
const COMMON_SCALES: [f32; 9] = [0.5, 0.75, 0.667, 0.333, 0.6, 1.5, 2.0, 0.8, 0.4];
/// Pictures below this many pixels are searched at one resolution.
const SMALL: usize = 90_000;
/// Scales that are searched in pictures below that size, in received pixels per pattern pixel.
const SCALES: (f32, f32) = (0.3, 2.6);
/// Scales that the spectra of the full, half and quarter size are searched for, in pixels of that size:
/// together 0.3 to 4.25.
const SCALES_BY_LEVEL: [(f32, f32); 3] = [(SCALES.0, 1.36), (0.66, 1.3), (0.64, 1.06)];
/// Scales that are swept upright, and the step of their logarithm: half of it moves the outermost carriers
/// at the border of the swept part by a quarter of a cycle.
const SWEPT: (f64, f64) = (0.3, 4.5);
const SWEEP_STEP: f64 = 0.024;
/// Side of the part that is swept, in pattern pixels.
const SWEPT_SIDE: f64 = 256.0;
/// Scales of the sweep that are looked at closely.
const BEST_SWEPT: usize = 6;
/// In pictures above this many pixels the hypotheses are first tried on the middle only.
const TRIED_ON_THE_MIDDLE: usize = 400_000;
const MIDDLE: usize = 512;
/// Hypotheses tried on the whole picture after that: the best by the middle, and by the spectrum.
const BEST_BY_MIDDLE: usize = 10;
const BEST_BY_SPECTRUM: usize = 5;

/// A mark in a scene.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit {
    pub(crate) decoded: Decoded,
    pub(crate) mapping: Homography,
    /// Whether the mark was made for this picture.
    pub(crate) bond: Bond,
    /// Whether it is one mark rather than the sum of many.
    pub(crate) purity: Purity,
}

impl Hit {
    /// Whether somebody without the key put the mark here.
    pub(crate) fn is_copied(&self) -> bool {
        self.bond.is_broken() || self.purity.is_mixture()
    }
}

/// Where a mapping comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// It is one of those at which a mark lies that was not moved: exact or wrong.
    Known,
    /// A scale of the sweep: exact to a hundredth.
    Swept,
    /// The spectrum, which cannot tell a mark from one turned by half a turn.
    Spectrum,
}

impl Source {
    const fn least(self) -> f32 {
        match self {
            // Such a mapping needs no refining when it is wrong: its threshold is higher.
            Self::Known => WORTH_REFINING + ALIGNED_MARGIN,
            Self::Swept | Self::Spectrum => WORTH_REFINING,
        }
    }
}

/// One received picture and the work done on it, shared between keys.
pub(crate) struct Detector {
    pyramid: Pyramid,
    /// Pixels of the file per pixel of the pyramid's full size.
    shrink: f64,
    /// Pixels of the file.
    original: (usize, usize),
    fourier: Fourier,
    spectra: Vec<LevelSpectrum>,
}

/// The spectrum of one level.
struct LevelSpectrum {
    spectrum: Spectrum,
    /// Pixels of the level per pixel of the full size.
    ratio: (f64, f64),
    scales: (f32, f32),
}

/// The size at which a larger picture is looked at; nothing where it is looked at as it is.
pub(crate) fn canonical_size(luma: &Plane) -> Option<(usize, usize)> {
    let factor = CANONICAL_SIDE / (luma.pixels() as f64).sqrt();
    let scaled = |length: usize| ((length as f64 * factor).round() as usize).max(1);
    (luma.pixels() > LARGEST_PIXELS).then(|| (scaled(luma.width), scaled(luma.height)))
}

impl Detector {
    pub(crate) fn new(luma: Plane) -> Self {
        let original = (luma.width, luma.height);
        let (luma, shrink) = match canonical_size(&luma) {
            Some((width, height)) => {
                let small = shrink(&luma, width, height);
                let factor = luma.width as f64 / small.width as f64;
                (small, factor)
            }
            None => (luma, 1.0),
        };
        Self {
            pyramid: Pyramid::new(luma),
            shrink,
            original,
            fourier: Fourier::new(TILE),
            spectra: Vec::new(),
        }
    }

    /// Pixels of the file per pixel that the mappings speak of.
    pub(crate) const fn shrink(&self) -> f64 {
        self.shrink
    }

    /// The middle of the picture that the mappings speak of.
    pub(crate) fn center(&self) -> (f64, f64) {
        let (width, height) = self.pyramid.size();
        (width as f64 / 2.0, height as f64 / 2.0)
    }

    /// Looks where a mark lies that was not moved: not scaled at all, or a whole picture scaled.
    pub(crate) fn aligned(&mut self, pattern: &Pattern, attempts: &mut Attempts) -> Option<Hit> {
        let (width, height) = self.original;
        let side = (width as f64 * height as f64).sqrt();
        let mut scales = vec![pattern_scale(width, height) / self.shrink];
        for scale in [side / CANONICAL_SIDE / self.shrink, 1.0 / self.shrink] {
            if scales.iter().all(|known| (known - scale).abs() > 0.004) {
                scales.push(scale);
            }
        }
        scales.into_iter().find_map(|scale| {
            let mapping = Homography::linear([1.0 / scale, 0.0, 0.0, 1.0 / scale]);
            self.candidate(pattern, mapping, scale, Source::Known, attempts)
        })
    }

    /// Looks under every scale, upright: what most programs do to a picture. Here the carriers' phases help,
    /// and small crops are found whose spectrum shows nothing.
    pub(crate) fn upright(&mut self, pattern: &Pattern, attempts: &mut Attempts) -> Option<Hit> {
        let steps = ((SWEPT.1 / SWEPT.0).ln() / SWEEP_STEP).ceil() as i32;
        let mut scored: Vec<(f32, f64)> = Vec::with_capacity(steps as usize + 1);
        for step in 0..=steps {
            let scale = SWEPT.0 * (f64::from(step) * SWEEP_STEP).exp();
            let (level, here) = self.pyramid.for_scale(scale);
            let residual = level.scene.residual(Grain::for_scale(here));
            let middle = Part::around_middle(residual, (SWEPT_SIDE * here) as usize);
            let mapping = Homography::linear([1.0 / scale, 0.0, 0.0, 1.0 / scale])
                .with_pixels_of(1.0 / level.ratio.0, 1.0 / level.ratio.1);
            let tile = fold(residual, middle, &mapping);
            let carriers = Carriers::new(&tile, pattern, &mut self.fourier);
            scored.push((carriers.shift(pattern, &mut self.fourier).z, scale));
        }
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored.truncate(BEST_SWEPT);
        scored.into_iter().find_map(|(_, scale)| {
            let mapping = Homography::linear([1.0 / scale, 0.0, 0.0, 1.0 / scale]);
            self.candidate(pattern, mapping, scale, Source::Swept, attempts)
        })
    }

    /// Looks under every scale, turn, mirroring and aspect.
    pub(crate) fn blind(&mut self, pattern: &Pattern, attempts: &mut Attempts) -> Option<Hit> {
        let hypotheses = self.hypotheses(pattern);
        let hypotheses = self.tried_on_the_middle(pattern, hypotheses);
        hypotheses.into_iter().find_map(|hypothesis| {
            let mapping = Homography::linear(hypothesis.matrix.map(f64::from));
            let scale = f64::from(hypothesis.scale());
            self.candidate(pattern, mapping, scale, Source::Spectrum, attempts)
        })
    }

    /// Folds the picture under a mapping, finds the shift, decodes, and refines the mapping as long as
    /// there is hope.
    fn candidate(
        &mut self,
        pattern: &Pattern,
        mapping: Homography,
        scale: f64,
        source: Source,
        attempts: &mut Attempts,
    ) -> Option<Hit> {
        let (level, scale) = self.pyramid.for_scale(scale);
        let (across, down) = level.ratio;
        let mut look = Look {
            scene: &mut level.scene,
            grain: Grain::for_scale(scale),
            pattern,
            fourier: &mut self.fourier,
        };
        let mapping = mapping.with_pixels_of(1.0 / across, 1.0 / down);
        let hit = look.candidate(mapping, source, attempts)?;
        Some(Hit {
            mapping: hit.mapping.with_pixels_of(across, down),
            ..hit
        })
    }

    fn hypotheses(&mut self, pattern: &Pattern) -> Vec<Hypothesis> {
        let found = self.spectra().iter().map(|level| {
            let (across, down) = (level.ratio.0 as f32, level.ratio.1 as f32);
            let mut found = search(pattern, &level.spectrum, level.scales.0, level.scales.1);
            for hypothesis in &mut found {
                let [a, b, c, d] = hypothesis.matrix;
                hypothesis.matrix = [a * across, b * down, c * across, d * down];
            }
            found.into_iter()
        });
        let mut found: Vec<_> = found.collect();
        let mut all: Vec<Hypothesis> = COMMON_SCALES.map(Hypothesis::scaling).into();
        // Two of the full resolution to one of the smaller ones: most pictures are not enlarged.
        loop {
            let before = all.len();
            for (level, hypotheses) in found.iter_mut().enumerate() {
                all.extend(hypotheses.by_ref().take(if level == 0 { 2 } else { 1 }));
            }
            if all.len() == before {
                return all;
            }
        }
    }

    fn spectra(&mut self) -> &[LevelSpectrum] {
        if self.spectra.is_empty() {
            let (width, height) = self.pyramid.size();
            let pixels = width * height;
            let levels = if pixels < SMALL {
                1
            } else {
                SCALES_BY_LEVEL.len()
            };
            for (index, scales) in SCALES_BY_LEVEL.into_iter().take(levels).enumerate() {
                let Some(level) = self.pyramid.level(index) else {
                    break;
                };
                // Small pictures were more often shrunk than not.
                let grain = if index == 0 && pixels < 200_000 {
                    Grain::Fine
                } else {
                    Grain::Normal
                };
                self.spectra.push(LevelSpectrum {
                    spectrum: Spectrum::new(level.scene.residual(grain)),
                    ratio: level.ratio,
                    scales: if levels == 1 { SCALES } else { scales },
                });
            }
        }
        &self.spectra
    }

    /// In a large picture the middle tells which hypotheses are worth folding the whole.
    fn tried_on_the_middle(
        &mut self,
        pattern: &Pattern,
        hypotheses: Vec<Hypothesis>,
    ) -> Vec<Hypothesis> {
        let (width, height) = self.pyramid.size();
        if width * height <= TRIED_ON_THE_MIDDLE {
            return hypotheses;
        }
        let mut scored: Vec<(f32, usize)> = Vec::with_capacity(hypotheses.len());
        for (index, hypothesis) in hypotheses.iter().enumerate() {
            let (level, scale) = self.pyramid.for_scale(f64::from(hypothesis.scale()));
            let (across, down) = level.ratio;
            let residual = level.scene.residual(Grain::for_scale(scale));
            let share = MIDDLE as f64 / residual.width.max(residual.height) as f64;
            let middle = Part::middle(residual, share.min(1.0));
            let mapping = Homography::linear(hypothesis.matrix.map(f64::from))
                .with_pixels_of(1.0 / across, 1.0 / down);
            let tile = fold(residual, middle, &mapping);
            let (_, shift, _) = oriented(&tile, pattern, mapping, true, &mut self.fourier);
            scored.push((shift.z, index));
        }
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        let by_spectrum =
            COMMON_SCALES.len()..(COMMON_SCALES.len() + BEST_BY_SPECTRUM).min(hypotheses.len());
        let mut order: Vec<usize> = scored
            .iter()
            .take(BEST_BY_MIDDLE)
            .map(|&(_, index)| index)
            .collect();
        order.extend(by_spectrum.filter(|index| {
            !scored
                .iter()
                .take(BEST_BY_MIDDLE)
                .any(|(_, known)| known == index)
        }));
        order.into_iter().map(|index| hypotheses[index]).collect()
    }
}

/// One size of a picture seen through one residual, and one key's pattern to look for in it.
struct Look<'a> {
    scene: &'a mut Scene,
    grain: Grain,
    pattern: &'a Pattern,
    fourier: &'a mut Fourier,
}

impl Look<'_> {
    fn candidate(
        &mut self,
        mapping: Homography,
        source: Source,
        attempts: &mut Attempts,
    ) -> Option<Hit> {
        let hit = self.found(mapping, source, attempts)?;
        Some(if hit.bond.is_broken() {
            self.judged_again(hit)
        } else {
            hit
        })
    }

    /// A payload is read under mappings that lie beside it in parts of the picture, such as the middle's
    /// under a perspective. There its cells are others, and the bond seems broken: a mapping that fits the
    /// whole decides.
    fn judged_again(&mut self, hit: Hit) -> Hit {
        let mut mapping = hit.mapping;
        for share in OUTWARDS {
            let reach = if share < 1.0 { Reach::Far } else { Reach::Near };
            let residual = self.scene.residual(self.grain);
            let region = Part::middle(residual, share);
            let (pattern, fourier) = (self.pattern, &mut *self.fourier);
            mapping = refine(residual, region, reach, pattern, &mapping, fourier);
        }
        let (carriers, shift, _) = self.fold(mapping, 1.0, false);
        if shift.z < WORTH_DECODING {
            return hit;
        }
        let again = self.hit(hit.decoded, &carriers, shift, mapping);
        if again.bond.ratio > hit.bond.ratio {
            again
        } else {
            hit
        }
    }

    fn found(
        &mut self,
        mapping: Homography,
        source: Source,
        attempts: &mut Attempts,
    ) -> Option<Hit> {
        let (least, either_way) = (source.least(), source == Source::Spectrum);
        let (carriers, shift, whole) = self.fold(mapping, 1.0, either_way);
        if shift.z >= least {
            let evidence = carriers.ln_evidence(self.pattern, shift);
            let hit = self.decode(&carriers, shift, whole, evidence, attempts);
            let hit = hit.or_else(|| {
                (shift.z >= CERTAIN)
                    .then(|| self.second_look(whole, &carriers, shift, evidence, attempts))
                    .flatten()
            });
            let hit = hit.or_else(|| self.refined(whole, &WHOLE, attempts));
            if let Some(hit) = hit {
                return Some(match source {
                    Source::Known => hit,
                    _ => self.better_placed(hit, shift),
                });
            }
        }
        let (_, shift, middle) = self.fold(mapping, OUTWARDS[0], either_way);
        if shift.z >= least {
            let hit = self.refined(middle, &OUTWARDS, attempts);
            if hit.is_some() {
                return hit;
            }
        }
        match source {
            Source::Known => self
                .fit_outwards(mapping, attempts)
                .or_else(|| self.without_sync(mapping, attempts)),
            _ => None,
        }
    }

    /// Reads a picture that lies exactly as it was marked without synchronisation, which is the same in all
    /// pictures of a key: who averages many can take it away.
    fn without_sync(&mut self, mapping: Homography, attempts: &mut Attempts) -> Option<Hit> {
        let (carriers, _, _) = self.fold(mapping, 1.0, false);
        let soft = carriers.soft_values_without_sync(self.pattern, Shift::NONE);
        let decoded = self.pattern.code.decode(&soft, attempts)?;
        Some(self.hit(decoded, &carriers, Shift::NONE, mapping))
    }

    /// Starts from the places where the pattern is seen best and fits outwards from there: a mild
    /// perspective leaves every small place nearly as it was.
    fn fit_outwards(&mut self, mapping: Homography, attempts: &mut Attempts) -> Option<Hit> {
        let residual = self.scene.residual(self.grain);
        let [a, b, c, d] = mapping.jacobian(0.0, 0.0);
        let side = (ANCHOR / (a * d - b * c).abs().sqrt().max(1e-6)) as usize;
        let windows = Part::whole(residual).windows(side, ANCHORS);
        let mut anchors: Vec<(f32, Part, Homography)> = Vec::new();
        for (across, down) in STRETCHES {
            let stretched = mapping.with_pixels_of(across, down);
            for &part in &windows {
                let tile = fold(residual, part, &stretched);
                let carriers = Carriers::new(&tile, self.pattern, self.fourier);
                let z = carriers.shift(self.pattern, self.fourier).z;
                if z >= WORTH_ANCHORING {
                    anchors.push((z, part, stretched));
                }
            }
        }
        anchors.sort_by(|a, b| b.0.total_cmp(&a.0));
        anchors.truncate(BEST_ANCHORS);
        anchors.into_iter().find_map(|(_, part, stretched)| {
            let residual = self.scene.residual(self.grain);
            let whole = Part::whole(residual);
            let (mut region, mut fitted) = (part, stretched);
            loop {
                let is_whole = region == whole;
                let reach = if is_whole { Reach::Near } else { Reach::Far };
                let residual = self.scene.residual(self.grain);
                let (pattern, fourier) = (self.pattern, &mut *self.fourier);
                fitted = refine(residual, region, reach, pattern, &fitted, fourier);
                if is_whole {
                    break;
                }
                region = region.grown(GROWTH, &whole);
            }
            self.refined(fitted, &WHOLE, attempts)
        })
    }

    /// Carriers and shift of the middle part with `share` of the sides.
    fn fold(
        &mut self,
        mapping: Homography,
        share: f64,
        either_way: bool,
    ) -> (Carriers, Shift, Homography) {
        let residual = self.scene.residual(self.grain);
        let tile = fold(residual, Part::middle(residual, share), &mapping);
        oriented(&tile, self.pattern, mapping, either_way, self.fourier)
    }

    /// The same hit under a mapping that fits better, where there is one: what was swept or came from the
    /// spectrum is rarely exact.
    fn better_placed(&mut self, hit: Hit, shift: Shift) -> Hit {
        let residual = self.scene.residual(self.grain);
        let region = Part::whole(residual);
        let (pattern, fourier) = (self.pattern, &mut *self.fourier);
        let mapping = refine(
            residual,
            region,
            Reach::Near,
            pattern,
            &hit.mapping,
            fourier,
        );
        let (carriers, better, _) = self.fold(mapping, 1.0, false);
        if better.z > shift.z {
            self.hit(hit.decoded, &carriers, better, mapping)
        } else {
            hit
        }
    }

    fn refined(
        &mut self,
        mut mapping: Homography,
        shares: &[f64],
        attempts: &mut Attempts,
    ) -> Option<Hit> {
        let residual = self.scene.residual(self.grain);
        for &share in shares {
            let region = Part::middle(residual, share);
            let reach = if share < 1.0 { Reach::Far } else { Reach::Near };
            let (pattern, fourier) = (self.pattern, &mut *self.fourier);
            mapping = refine(residual, region, reach, pattern, &mapping, fourier);
        }
        let (carriers, shift, _) = self.fold(mapping, 1.0, false);
        // The refined mapping was chosen by the phases of synchronisation: they are no evidence any more.
        let hit = self.decode(&carriers, shift, mapping, 0.0, attempts);
        if hit.is_some() || shift.z < CERTAIN {
            return hit;
        }
        self.second_look(mapping, &carriers, shift, 0.0, attempts)
    }

    /// Adds the soft values of other residuals: what disturbs one disturbs another less.
    fn second_look(
        &mut self,
        mapping: Homography,
        carriers: &Carriers,
        shift: Shift,
        ln_evidence: f64,
        attempts: &mut Attempts,
    ) -> Option<Hit> {
        let mut soft = carriers.soft_values(self.pattern, shift);
        for other in self.grain.others() {
            let residual = self.scene.residual(other);
            let tile = fold(residual, Part::whole(residual), &mapping);
            let carriers = Carriers::new(&tile, self.pattern, self.fourier);
            let more = carriers.soft_values(self.pattern, shift);
            soft.iter_mut()
                .zip(&more)
                .for_each(|(sum, more)| *sum += more);
        }
        let code = &self.pattern.code;
        let decoded = code.decode_with_evidence(&soft, ln_evidence, attempts)?;
        Some(self.hit(decoded, carriers, shift, mapping))
    }

    fn decode(
        &mut self,
        carriers: &Carriers,
        shift: Shift,
        mapping: Homography,
        ln_evidence: f64,
        attempts: &mut Attempts,
    ) -> Option<Hit> {
        if shift.z < WORTH_DECODING {
            return None;
        }
        let soft = carriers.soft_values(self.pattern, shift);
        let code = &self.pattern.code;
        let decoded = code.decode_with_evidence(&soft, ln_evidence, attempts)?;
        Some(self.hit(decoded, carriers, shift, mapping))
    }

    /// What was read, and whether it belongs here.
    fn hit(
        &mut self,
        decoded: Decoded,
        carriers: &Carriers,
        shift: Shift,
        mapping: Homography,
    ) -> Hit {
        let mapping = mapping.shifted(f64::from(shift.x), f64::from(shift.y));
        let values = Pattern::values(&self.pattern.code.symbols(&decoded.payload));
        let bond = self.pattern.binding.bond(
            self.scene.luma_and_residual(self.grain),
            &mapping,
            &self.pattern.message,
            &values,
            carriers.weights(self.pattern, shift),
            Pattern::bound_share(),
            self.fourier,
        );
        Hit {
            decoded,
            mapping,
            bond,
            purity: carriers.purity(self.pattern, shift, &values),
        }
    }
}

/// Carriers and shift of a tile, as it is or turned by half a turn, whichever agrees better.
fn oriented(
    tile: &[f32],
    pattern: &Pattern,
    mapping: Homography,
    either_way: bool,
    fourier: &mut Fourier,
) -> (Carriers, Shift, Homography) {
    let carriers = Carriers::new(tile, pattern, fourier);
    let shift = carriers.shift(pattern, fourier);
    if either_way {
        let turned = carriers.turned();
        let turned_shift = turned.shift(pattern, fourier);
        if turned_shift.z > shift.z {
            return (turned, turned_shift, mapping.turned());
        }
    }
    (carriers, shift, mapping)
}

#[cfg(test)]
mod tests {
    use super::*;
    use filigrane_payload::{FALSE_POSITIVE_BOUND, Key, Keystream, MarkId, Origin, Payload};

    #[test]
    fn a_picture_in_place_is_read_without_synchronisation() {
        let mut stripped = Pattern::new(&Key::public()).unwrap();
        stripped.sync.clear();
        let pattern = Pattern::new(&Key::public()).unwrap();
        let payload = Payload::new(Origin::Generated, MarkId::from_bytes([9; 11]));
        let tile = stripped.tile(&pattern.code.symbols(&payload), 1);
        let (width, height) = (4 * TILE, 3 * TILE);
        let mut random = Keystream::new(&Key::public().derive("test noise"));
        let mut luma = Plane::zeros(width, height);
        for (i, value) in luma.data.iter_mut().enumerate() {
            let place = i / width % TILE * TILE + i % TILE;
            *value = 128.0 + 20.0 * (random.uniform() as f32 - 0.5) + 2.0 * tile[place];
        }
        let mut attempts = Attempts::new(FALSE_POSITIVE_BOUND);
        let hit = Detector::new(luma).aligned(&pattern, &mut attempts);
        assert_eq!(hit.map(|hit| hit.decoded.payload), Some(payload));
    }
}
