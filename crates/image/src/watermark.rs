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
/// looking at 1:1 and 2×; the others are for pictures that would not carry the mark otherwise.
const STRENGTHS: [f32; 4] = [0.40, 0.57, 0.80, 1.13];
/// Correlation that the marked picture must read back with: 14 is the bound for acceptance, and this
/// leaves half of the energy for what happens to the picture later.
const READ_BACK: f64 = 20.0;

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
        let mut best: Option<(Quality, f32)> = None;
        for cap in STRENGTHS {
            let strength = embed::strength(&mut target, &change, cap);
            let psnr_db = embed::apply(&mut target, &change, strength);
            let correlation = read_back(target.as_ref(), plan, payload);
            let quality = Quality {
                psnr_db,
                strength: f64::from(strength),
                correlation,
            };
            if correlation >= READ_BACK {
                return Ok(quality);
            }
            if correlation > best.map_or(0.0, |(best, _)| best.correlation) {
                best = Some((quality, strength));
            }
            target.restore(&original);
            if strength < cap {
                break; // the quality floor: more strength would change nothing
            }
        }
        let (quality, strength) = best.ok_or(ImageError::CannotCarry {
            psnr_floor_db: PSNR_FLOOR_DB,
        })?;
        embed::apply(&mut target, &change, strength);
        Ok(quality)
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
                .map(|plan| detector.blind(&plan.pattern, &mut attempts))
                .collect();
        }
        let mut marks: Vec<Mark<Geometry>> = plans
            .iter()
            .zip(hits)
            .filter_map(|(plan, hit)| {
                let Hit { decoded, mapping } = hit?;
                let place = Geometry::of(&mapping, detector.center(), detector.shrink());
                let (payload, p_value) = (decoded.payload, decoded.p_value);
                Some(Mark {
                    payload,
                    key_id: plan.key_id,
                    p_value,
                    place,
                })
            })
            .collect();
        marks.sort_by(|a, b| a.p_value.total_cmp(&b.p_value));
        let mut marks = marks.into_iter();
        Ok(marks.next().map_or(
            Detection::NotFound {
                p_value: attempts.best_p_value(),
            },
            |mark| Detection::Found {
                mark,
                others: marks.collect(),
            },
        ))
    }
}

/// The correlation with which `payload` is read from the picture as it is; 0 where it is not.
fn read_back(view: PixelsRef<'_>, plan: &ImagePlan, payload: &Payload) -> f64 {
    let mut attempts = Attempts::new(FALSE_POSITIVE_BOUND);
    let hit = Detector::new(view.luma()).aligned(&plan.pattern, &mut attempts);
    hit.filter(|hit| hit.decoded.payload == *payload)
        .map_or(0.0, |hit| hit.decoded.correlation)
}
