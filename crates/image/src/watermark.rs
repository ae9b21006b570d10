//! The scheme behind the [`Watermark`] trait.

use std::fmt;
use std::str::FromStr;

use filigrane_payload::{
    Attempts, Detection, FALSE_POSITIVE_BOUND, Key, KeyId, Mark, Payload, Watermark,
};

use crate::detect::{Detector, Hit};
use crate::embed::{self, PSNR_FLOOR_DB};
use crate::error::ImageError;
use crate::geometry::Geometry;
use crate::pattern::Pattern;
use crate::perception;
use crate::pixels::{PixelsMut, PixelsRef};
use crate::plane::Plane;
use crate::trial::Trial;

/// Columns and rows that a picture must have to be marked: one tile.
const LEAST_TO_MARK: usize = 128;
/// Columns and rows below which looking is pointless: a quarter of a tile's area.
const LEAST_TO_LOOK: usize = 64;
/// Strengths that are tried in turn. The first is what the eye lets pass on photographs, found by
/// looking at 1:1 and 2×; the others are for smooth pictures and flat graphics, which would lose the
/// mark in coding. Beyond the last, grain is seen in skies at 2×.
const STRENGTHS: [f32; 5] = [0.42, 0.50, 0.60, 0.71, 0.84];
/// Quality of the lossy coding through which the mark is looked at while its strength is chosen.
const CODED_QUALITY: u32 = 25;
/// Energy over noise that is ample after that coding (some 240 are needed to read the payload; stronger
/// coding leaves a quarter of it), and in a ninth of the picture without coding.
const AMPLE_CODED: f64 = 1000.0;
const AMPLE_IN_PART: f64 = 325.0;
/// Parts along a side of which nearly all must have that: all but two of nine.
const PARTS: usize = 3;
const POOR_PARTS: usize = 2;
/// The first strength is moved towards what is ample within these bounds: what a busy picture has in
/// excess pays for what a smooth one lacks.
const SHARE: (f64, f64) = (0.66, 1.0);
/// Below what is ample after coding the next strength is tried, as long as the mark stays above this PSNR,
/// which only smooth pictures do: in flat areas that is half a grey level.
const SMOOTH_DB: f64 = 49.0;
/// Below this energy after coding, the same as long as it stays above this PSNR.
const WANTED_CODED: f64 = 450.0;
const INVISIBLE_DB: f64 = 46.5;
/// Below this energy the mark would not live through mild coding, and only the floor limits the strength.
const FLAT_CODED: f64 = 240.0;
/// Correlation that it must read back with in any case, without coding: 14 is the bound for acceptance.
const READ_BACK: f64 = 16.0;

/// The image watermark, format version 1.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImageWatermark;

/// How far to look for a mark. Most uploads carry none: what is looked for costs time in each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Search {
    /// Where a mark lies that was not moved but by being cropped; some 5 % of the full search's work. Coding, tone,
    /// noise, blur and overlays are no obstacle; small crops, resizing and turns are.
    InPlace,
    /// Under every scale as well, upright: crops, resizing, borders, screenshots.
    Upright,
    /// Under every turn, mirroring, aspect and mild perspective as well.
    #[default]
    Full,
}

impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InPlace => "in-place",
            Self::Upright => "upright",
            Self::Full => "full",
        })
    }
}

/// A name that is no [`Search`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected `in-place`, `upright` or `full`, found `{found}`")]
pub struct UnknownSearch {
    found: String,
}

impl FromStr for Search {
    type Err = UnknownSearch;

    fn from_str(name: &str) -> Result<Self, UnknownSearch> {
        let all = [Self::InPlace, Self::Upright, Self::Full];
        let named = all.into_iter().find(|search| search.to_string() == name);
        named.ok_or_else(|| UnknownSearch {
            found: name.to_owned(),
        })
    }
}

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
    /// Strength relative to the perceptual mask; 0.42 is the limit of visibility on photographs.
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
        let symbols = plan.pattern.code.symbols(payload);
        let mask = perception::mask(&luma);
        let change = embed::change(&luma, &mask, &plan.pattern, &symbols);
        let trial = Trial::new(&luma, &change, mask, target.as_ref());
        let strength = chosen_strength(&mut target, trial, &change, plan, &symbols);
        drop(luma);
        let original = target.to_samples();
        let psnr_db = embed::apply(&mut target, &change, strength);
        drop(change);
        let correlation = read_back(target.as_ref(), plan, payload);
        if correlation >= READ_BACK {
            return Ok(Quality {
                psnr_db,
                strength: f64::from(strength),
                correlation,
            });
        }
        target.restore(&original);
        Err(ImageError::CannotCarry {
            correlation,
            needed: READ_BACK,
            psnr_floor_db: PSNR_FLOOR_DB,
        })
    }

    fn detect(
        &self,
        view: PixelsRef<'_>,
        plans: &[&ImagePlan],
    ) -> Result<Detection<Geometry>, ImageError> {
        self.search(view, plans, Search::Full)
    }
}

impl ImageWatermark {
    /// [`detect`](Watermark::detect), no further than `search`. What is found is found with the same certainty;
    /// "not found" says less.
    ///
    /// # Errors
    /// As `detect`.
    pub fn search(
        &self,
        view: PixelsRef<'_>,
        plans: &[&ImagePlan],
        search: Search,
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
        if search != Search::InPlace && hits.iter().all(Option::is_none) {
            hits = plans
                .iter()
                .map(|plan| detector.upright(&plan.pattern, &mut attempts))
                .collect();
        }
        if search == Search::Full && hits.iter().all(Option::is_none) {
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
            let list = if hit.is_copied() {
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

/// The share of a strength that makes these energies ample. Energies grow with its square at least.
fn ample_share(coded: f64, in_part: f64) -> f64 {
    let wanted = (AMPLE_CODED / coded.max(1.0)).max(AMPLE_IN_PART / in_part.max(1.0));
    wanted.sqrt().clamp(SHARE.0, SHARE.1)
}

/// The strength that this picture needs, of those that the eye lets pass.
fn chosen_strength(
    target: &mut PixelsMut<'_>,
    mut trial: Trial<'_>,
    change: &Plane,
    plan: &ImagePlan,
    symbols: &[f32],
) -> f32 {
    let pattern = &plan.pattern;
    let mut worst_but = |strength: f32, quality, side, poor: usize| {
        let marked = trial.marked(strength);
        let mut energies = trial.energies(&marked, quality, pattern, symbols, side);
        energies.sort_by(f64::total_cmp);
        energies.get(poor).copied().unwrap_or(0.0)
    };
    let [first, more @ ..] = STRENGTHS;
    let mut chosen = embed::strength(target, change, first, PSNR_FLOOR_DB);
    let mut coded = worst_but(chosen, Some(CODED_QUALITY), 1, 0);
    if coded >= AMPLE_CODED || chosen < first {
        let in_part = worst_but(chosen, None, PARTS, POOR_PARTS);
        return chosen * ample_share(coded, in_part) as f32;
    }
    for cap in more {
        let floor = match coded {
            AMPLE_CODED.. => break,
            WANTED_CODED..AMPLE_CODED => SMOOTH_DB,
            FLAT_CODED..WANTED_CODED => INVISIBLE_DB,
            _ => PSNR_FLOOR_DB,
        };
        let strength = embed::strength(target, change, cap, floor);
        if strength <= chosen {
            break;
        }
        (chosen, coded) = (strength, worst_but(strength, Some(CODED_QUALITY), 1, 0));
        // Below the cap, the quality floor decides: a higher cap would change nothing.
        if strength < cap {
            break;
        }
    }
    chosen
}

/// The correlation with which `payload` is read from the picture; 0 where it is not.
fn read_back(view: PixelsRef<'_>, plan: &ImagePlan, payload: &Payload) -> f64 {
    let mut attempts = Attempts::new(FALSE_POSITIVE_BOUND);
    let hit = Detector::new(view.luma()).aligned(&plan.pattern, &mut attempts);
    hit.filter(|hit| hit.decoded.payload == *payload && !hit.is_copied())
        .map_or(0.0, |hit| hit.decoded.correlation)
}
