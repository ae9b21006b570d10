//! The scheme behind the [`Watermark`] trait.

use filigrane_payload::{
    Attempts, Detection, FALSE_POSITIVE_BOUND, Key, KeyId, Mark, Payload, Watermark,
};

use crate::detect::{Detector, Hit};
use crate::embed::{self, PSNR_FLOOR_DB};
use crate::error::ImageError;
use crate::geometry::Geometry;
use crate::pattern::Pattern;
use crate::pixels::{PixelsMut, PixelsRef};

/// Columns and rows that a picture must have to be marked: one tile.
const LEAST_TO_MARK: usize = 128;
/// Columns and rows below which looking is pointless: a quarter of a tile's area.
const LEAST_TO_LOOK: usize = 64;
/// Strengths that are tried in turn. The first is what the eye lets pass on photographs, found by
/// looking at 1:1 and 2×; the others are for flat graphics, which would lose the mark in any coding.
const STRENGTHS: [f32; 3] = [0.40, 0.57, 0.80];
/// Quality of the lossy coding through which the mark must read back before a strength is enough.
const CODED_QUALITY: u32 = 40;
/// Correlation that it must read back with then: 14 is the bound for acceptance, and this leaves some of
/// the energy for what else happens to the picture.
const CODED_READ_BACK: f64 = 18.0;
/// Where it reads back with more than this after coding, the strength is lowered towards it: what is
/// ample in a busy picture is better spent on quality.
const CODED_AMPLE: f64 = 26.0;
/// But not below this share, 1.2 dB: crops leave little of even a busy picture.
const LOWEST_SHARE: f64 = 0.87;
/// Correlation that it must read back with in any case, without coding: 14 is the bound for acceptance.
const READ_BACK: f64 = 16.0;

/// The image watermark, format version 1.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImageWatermark;

/// What a key's marks need, computed once; share it between threads.
#[derive(Debug)]
pub struct ImagePlan {
    key_id: KeyId,
    pattern: Pattern,
}

/// What embedding cost, and how well the mark reads back.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Quality {
    /// Peak signal-to-noise ratio over all colour samples, dB; at least 42.
    pub psnr_db: f64,
    /// Strength relative to the perceptual mask; 0.4 is the limit of visibility on photographs.
    pub strength: f64,
    /// Correlation with which the mark reads back, in standard deviations of an unmarked picture.
    pub correlation: f64,
}

impl Watermark for ImageWatermark {
    type View<'a> = PixelsRef<'a>;
    type ViewMut<'a> = PixelsMut<'a>;
    type Plan = ImagePlan;
    type Place = Geometry;
    type Quality = Quality;
    type Error = ImageError;

    fn soft_binding(&self) -> &'static str {
        "org.filigrane.image.1"
    }

    fn plan(&self, key: &Key) -> Result<ImagePlan, ImageError> {
        Ok(ImagePlan {
            key_id: key.id(),
            pattern: Pattern::new(key)?,
        })
    }

    fn embed(
        &self,
        mut target: PixelsMut<'_>,
        plan: &ImagePlan,
        payload: &Payload,
    ) -> Result<Quality, ImageError> {
        let (width, height) = target.as_ref().size();
        if width.min(height) < LEAST_TO_MARK {
            return Err(ImageError::TooSmall {
                width,
                height,
                needed: LEAST_TO_MARK,
            });
        }
        let luma = target.as_ref().luma();
        let change = embed::change(&luma, &plan.pattern, &plan.pattern.code.symbols(payload));
        drop(luma);
        let original = target.to_samples();
        let mut marked = None;
        for cap in STRENGTHS {
            if marked.is_some() {
                target.restore(&original);
            }
            let strength = embed::strength(&mut target, &change, cap);
            let psnr_db = embed::apply(&mut target, &change, strength);
            marked = Some((psnr_db, strength));
            let coded = Some(CODED_QUALITY);
            let reads_back = read_back(target.as_ref(), plan, payload, coded);
            if reads_back > CODED_AMPLE {
                target.restore(&original);
                let lower = strength * ample_share(reads_back, plan.pattern.code.length()) as f32;
                marked = Some((embed::apply(&mut target, &change, lower), lower));
            }
            // Below the cap, the quality floor decides: a higher cap would change nothing.
            if reads_back >= CODED_READ_BACK || strength < cap {
                break;
            }
        }
        let correlation = read_back(target.as_ref(), plan, payload, None);
        match marked {
            Some((psnr_db, strength)) if correlation >= READ_BACK => Ok(Quality {
                psnr_db,
                strength: f64::from(strength),
                correlation,
            }),
            _ => {
                target.restore(&original);
                Err(ImageError::CannotCarry {
                    correlation,
                    needed: READ_BACK,
                    psnr_floor_db: PSNR_FLOOR_DB,
                })
            }
        }
    }

    fn detect(
        &self,
        view: PixelsRef<'_>,
        plans: &[&ImagePlan],
    ) -> Result<Detection<Geometry>, ImageError> {
        let (width, height) = view.size();
        if width.min(height) < LEAST_TO_LOOK {
            let reason =
                format!("too small: {width}×{height}, needs {LEAST_TO_LOOK}×{LEAST_TO_LOOK}");
            return Ok(Detection::Inconclusive { reason });
        }
        let mut detector = Detector::new(view.luma());
        let mut attempts = Attempts::new(FALSE_POSITIVE_BOUND);
        let mut hits: Vec<Option<Hit>> = plans
            .iter()
            .map(|plan| detector.aligned(&plan.pattern, &mut attempts))
            .collect();
        // A mark of one key found in place makes a search for others pointless: they were made in place too.
        if hits.iter().all(Option::is_none) {
            hits = plans
                .iter()
                .map(|plan| detector.upright(&plan.pattern, &mut attempts))
                .collect();
        }
        if hits.iter().all(Option::is_none) {
            hits = plans
                .iter()
                .map(|plan| detector.blind(&plan.pattern, &mut attempts))
                .collect();
        }
        let mark = |plan: &ImagePlan, hit: &Hit| Mark {
            payload: hit.decoded.payload,
            key_id: plan.key_id,
            p_value: hit.decoded.p_value,
            place: Geometry::of(&hit.mapping, detector.center(), detector.shrink()),
        };
        let (mut own, mut copied) = (Vec::new(), Vec::new());
        for (plan, hit) in plans.iter().zip(&hits) {
            let Some(hit) = hit else { continue };
            let list = if hit.bond.is_broken() {
                &mut copied
            } else {
                &mut own
            };
            list.push(mark(plan, hit));
        }
        for marks in [&mut own, &mut copied] {
            marks.sort_by(|a, b| a.p_value.total_cmp(&b.p_value));
        }
        let mut own = own.into_iter();
        Ok(match own.next() {
            Some(mark) => Detection::Found {
                mark,
                others: own.collect(),
            },
            None if !copied.is_empty() => Detection::Copied { marks: copied },
            None => Detection::NotFound {
                p_value: attempts.best_p_value(),
            },
        })
    }
}

/// The share of the strength at which a correlation would come down to [`CODED_AMPLE`]: of `n` soft values,
/// a mark of the energy `e` over noise of unit variance reads back with `t² = n e / (n + e)`.
fn ample_share(correlation: f64, length: usize) -> f64 {
    let energy = |t: f64| t * t / (1.0 - t * t / length as f64).max(1e-3);
    (energy(CODED_AMPLE) / energy(correlation))
        .sqrt()
        .max(LOWEST_SHARE)
}

/// The correlation with which `payload` is read from the picture, as it is or after lossy coding of some
/// quality; 0 where it is not.
fn read_back(
    view: PixelsRef<'_>,
    plan: &ImagePlan,
    payload: &Payload,
    quality: Option<u32>,
) -> f64 {
    let mut attempts = Attempts::new(FALSE_POSITIVE_BOUND);
    let mut detector = Detector::new(view.luma());
    if let Some(quality) = quality {
        detector = detector.coded(quality);
    }
    let hit = detector.aligned(&plan.pattern, &mut attempts);
    hit.filter(|hit| hit.decoded.payload == *payload && !hit.bond.is_broken())
        .map_or(0.0, |hit| hit.decoded.correlation)
}
