//! Looking for a mark: the aligned case first, then every geometry.

use filigrane_payload::{Attempts, Decoded};

use crate::accept::{Carriers, Shift};
use crate::embed::pattern_scale;
use crate::filters::shrink;
use crate::fold::{Part, fold};
use crate::fourier::Fourier;
use crate::geometry::Homography;
use crate::pattern::{Pattern, TILE};
use crate::plane::Plane;
use crate::refine::refine;
use crate::residual::{Grain, Scene, residual};
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
/// Rounds of refinement.
const ROUNDS: usize = 3;
/// Scales that people and programs choose; some lie where the spectrum shows little after coding.
const COMMON_SCALES: [f32; 9] = [0.5, 0.75, 0.667, 0.333, 0.6, 1.5, 2.0, 0.8, 0.4];
/// Pictures below this many pixels are searched at one resolution.
const SMALL: usize = 90_000;
/// Scales that are searched, in received pixels per pattern pixel.
const SCALES: (f32, f32) = (0.3, 2.6);
/// The full resolution covers scales up to here; half the resolution covers the larger ones.
const FULL_RESOLUTION: f32 = 1.36;
const HALF_RESOLUTION: f32 = 0.66;
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
}

/// One received picture and the work done on it, shared between keys.
pub(crate) struct Detector {
    scene: Scene,
    /// Pixels of the file per pixel of the scene.
    shrink: f64,
    /// Pixels of the file.
    original: (usize, usize),
    fourier: Fourier,
    spectra: Option<Spectra>,
}

/// The scene's spectrum at full and, for larger pictures, at half resolution.
struct Spectra {
    full: Spectrum,
    half: Option<(Spectrum, [f32; 2])>,
}

impl Detector {
    pub(crate) fn new(luma: Plane) -> Self {
        let original = (luma.width, luma.height);
        let side = (luma.pixels() as f64).sqrt();
        let (luma, shrink) = if luma.pixels() > LARGEST_PIXELS {
            let factor = CANONICAL_SIDE / side;
            let scaled = |length: usize| ((length as f64 * factor).round() as usize).max(1);
            let small = shrink(&luma, scaled(luma.width), scaled(luma.height));
            let factor = luma.width as f64 / small.width as f64;
            (small, factor)
        } else {
            (luma, 1.0)
        };
        Self {
            scene: Scene::new(luma),
            shrink,
            original,
            fourier: Fourier::new(TILE),
            spectra: None,
        }
    }

    /// Pixels of the file per pixel that the mappings speak of.
    pub(crate) const fn shrink(&self) -> f64 {
        self.shrink
    }

    /// The middle of the picture that the mappings speak of.
    pub(crate) fn center(&self) -> (f64, f64) {
        let luma = self.scene.luma();
        (luma.width as f64 / 2.0, luma.height as f64 / 2.0)
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
            self.candidate(
                pattern,
                mapping,
                scale,
                WORTH_REFINING + ALIGNED_MARGIN,
                false,
                attempts,
            )
        })
    }

    /// Looks under every scale, turn, mirroring and aspect.
    pub(crate) fn blind(&mut self, pattern: &Pattern, attempts: &mut Attempts) -> Option<Hit> {
        let hypotheses = self.hypotheses(pattern);
        let hypotheses = self.tried_on_the_middle(pattern, hypotheses);
        hypotheses.into_iter().find_map(|hypothesis| {
            let mapping = Homography::linear(hypothesis.matrix.map(f64::from));
            let scale = f64::from(hypothesis.scale());
            self.candidate(pattern, mapping, scale, WORTH_REFINING, true, attempts)
        })
    }

    /// Folds the picture under a mapping, finds the shift, decodes, and refines the mapping as long as
    /// there is hope. `either_way` also tries the pattern turned by half a turn.
    fn candidate(
        &mut self,
        pattern: &Pattern,
        mapping: Homography,
        scale: f64,
        least: f32,
        either_way: bool,
        attempts: &mut Attempts,
    ) -> Option<Hit> {
        let residual = self.scene.residual(Grain::for_scale(scale));
        let fourier = &mut self.fourier;
        let tile = fold(residual, Part::whole(residual), &mapping);
        let (carriers, shift, mapping) = oriented(&tile, pattern, mapping, either_way, fourier);
        if shift.z < least {
            return None;
        }
        if let Some(hit) = decode(&carriers, pattern, shift, mapping, attempts) {
            return Some(hit);
        }
        let mut mapping = mapping;
        for _ in 0..ROUNDS {
            mapping = refine(residual, pattern, &mapping, fourier);
        }
        let tile = fold(residual, Part::whole(residual), &mapping);
        let carriers = Carriers::new(&tile, pattern, fourier);
        let shift = carriers.shift(pattern, fourier);
        decode(&carriers, pattern, shift, mapping, attempts)
    }

    fn hypotheses(&mut self, pattern: &Pattern) -> Vec<Hypothesis> {
        let spectra = self.spectra();
        let upper = if spectra.half.is_some() {
            FULL_RESOLUTION
        } else {
            SCALES.1
        };
        let full = search(pattern, &spectra.full, SCALES.0, upper);
        let half = spectra
            .half
            .as_ref()
            .map_or_else(Vec::new, |(spectrum, [across, down])| {
                let mut found = search(pattern, spectrum, HALF_RESOLUTION, 0.5 * SCALES.1);
                for hypothesis in &mut found {
                    let [a, b, c, d] = hypothesis.matrix;
                    hypothesis.matrix = [a * across, b * down, c * across, d * down];
                }
                found
            });
        let mut all: Vec<Hypothesis> = COMMON_SCALES.map(Hypothesis::scaling).into();
        // Two of the full resolution to one of the half: most pictures are not enlarged.
        let (mut full, mut half) = (full.into_iter(), half.into_iter());
        loop {
            let before = all.len();
            all.extend(full.by_ref().take(2));
            all.extend(half.next());
            if all.len() == before {
                return all;
            }
        }
    }

    fn spectra(&mut self) -> &Spectra {
        let scene = &mut self.scene;
        self.spectra.get_or_insert_with(|| {
            let pixels = scene.luma().pixels();
            let grain = if pixels < 200_000 {
                Grain::Fine
            } else {
                Grain::Normal
            };
            let full = Spectrum::new(scene.residual(grain));
            let half = (pixels >= SMALL).then(|| {
                let luma = scene.luma();
                let small = shrink(luma, (luma.width / 2).max(1), (luma.height / 2).max(1));
                let ratio = [
                    small.width as f32 / luma.width as f32,
                    small.height as f32 / luma.height as f32,
                ];
                let mask = crate::perception::mask(&small);
                (
                    Spectrum::new(&residual(&small, &mask, Grain::Normal)),
                    ratio,
                )
            });
            Spectra { full, half }
        })
    }

    /// In a large picture the middle tells which hypotheses are worth folding the whole.
    fn tried_on_the_middle(
        &mut self,
        pattern: &Pattern,
        hypotheses: Vec<Hypothesis>,
    ) -> Vec<Hypothesis> {
        let (width, height) = (self.scene.luma().width, self.scene.luma().height);
        if width * height <= TRIED_ON_THE_MIDDLE {
            return hypotheses;
        }
        let mut middles: Vec<(Grain, Plane)> = Vec::new();
        let mut scored: Vec<(f32, usize)> = Vec::with_capacity(hypotheses.len());
        for (index, hypothesis) in hypotheses.iter().enumerate() {
            let grain = Grain::for_scale(f64::from(hypothesis.scale()));
            if middles.iter().all(|(known, _)| *known != grain) {
                let (x, y) = (
                    width.saturating_sub(MIDDLE) / 2,
                    height.saturating_sub(MIDDLE) / 2,
                );
                middles.push((
                    grain,
                    self.scene.residual(grain).window(x, y, MIDDLE, MIDDLE),
                ));
            }
            let Some((_, middle)) = middles.iter().find(|(known, _)| *known == grain) else {
                continue;
            };
            let mapping = Homography::linear(hypothesis.matrix.map(f64::from));
            let tile = fold(middle, Part::whole(middle), &mapping);
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

fn decode(
    carriers: &Carriers,
    pattern: &Pattern,
    shift: Shift,
    mapping: Homography,
    attempts: &mut Attempts,
) -> Option<Hit> {
    if shift.z < WORTH_DECODING {
        return None;
    }
    let soft = carriers.soft_values(pattern, shift);
    let decoded = pattern.code.decode(&soft, attempts)?;
    Some(Hit {
        decoded,
        mapping: mapping.shifted(f64::from(shift.x), f64::from(shift.y)),
    })
}
