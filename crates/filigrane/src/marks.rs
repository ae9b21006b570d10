//! Both watermarks behind one front.

use filigrane_audio::{AudioPlace, AudioPlan, AudioStrength, AudioWatermark};
use filigrane_image::{Geometry, ImagePlan, ImageWatermark, Search};
use filigrane_media::Medium;
use filigrane_payload::{Detection, Key, KeyId, Mark, Payload, Watermark};
use serde::{Serialize, Serializer};

use crate::content::{Content, pixels, pixels_mut, samples, samples_mut};
use crate::error::Error;

/// What a key's marks need in both media, computed once.
#[derive(Debug)]
pub(crate) struct Plans {
    image: ImagePlan,
    audio: AudioPlan,
    pub(crate) key_id: KeyId,
    pub(crate) name: String,
}

/// What embedding cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Quality {
    /// Of a picture.
    Image {
        /// Peak signal-to-noise ratio in dB; at least 42.
        psnr_db: f64,
    },
    /// Of a sound.
    Audio {
        /// Signal-to-noise ratio in dB.
        snr_db: f64,
    },
}

/// Where a mark was found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Place {
    /// In a picture.
    Image(Geometry),
    /// In a sound.
    Audio(AudioPlace),
}

/// One mark that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundMark {
    /// What it says.
    pub payload: Payload,
    /// The key that it was made with.
    pub key_id: KeyId,
    /// That key's name.
    pub key_name: String,
    /// Upper bound on the probability of such a detection in a medium that is independent of the key.
    pub p_value: f64,
    /// Where and how.
    pub place: Place,
}

/// What looking for marks came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// At least one mark is there.
    Found {
        /// The strongest.
        #[serde(flatten)]
        mark: FoundMark,
        /// The others, strongest first.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        others: Vec<FoundMark>,
    },
    /// A mark is there that was made for another medium: somebody copied it onto this one.
    Copied {
        /// The strongest.
        #[serde(flatten)]
        mark: FoundMark,
    },
    /// We looked and found none.
    NotFound {
        /// The smallest bound among what was rejected.
        p_value: f64,
    },
    /// We could not look well enough to say.
    Inconclusive {
        /// Why.
        reason: String,
    },
}

impl Outcome {
    /// The strongest mark that was made for this medium, where there is one.
    #[must_use]
    pub const fn mark(&self) -> Option<&FoundMark> {
        match self {
            Self::Found { mark, .. } => Some(mark),
            _ => None,
        }
    }
}

impl Plans {
    pub(crate) fn new(key: &Key) -> Result<Self, Error> {
        Ok(Self {
            image: ImageWatermark.plan(key)?,
            audio: AudioWatermark::new().plan(key)?,
            key_id: key.id(),
            name: key.name().to_owned(),
        })
    }
}

/// The soft-binding name of a medium's watermark.
pub(crate) fn soft_binding(medium: Medium) -> &'static str {
    match medium {
        Medium::Image => ImageWatermark.soft_binding(),
        Medium::Audio => AudioWatermark::new().soft_binding(),
    }
}

/// Marks the content in place.
pub(crate) fn embed(
    content: &mut Content,
    plans: &Plans,
    payload: &Payload,
    audio_strength: AudioStrength,
) -> Result<Quality, Error> {
    Ok(match content {
        Content::Picture(picture) => {
            let quality = ImageWatermark.embed(pixels_mut(picture)?, &plans.image, payload)?;
            Quality::Image {
                psnr_db: quality.psnr_db,
            }
        }
        Content::Sound(sound) => {
            let scheme = AudioWatermark::with_strength(audio_strength);
            let quality = scheme.embed(samples_mut(sound)?, &plans.audio, payload)?;
            Quality::Audio {
                snr_db: quality.snr_db,
            }
        }
    })
}

/// Looks for marks of any of the keys; in pictures no further than `search`.
pub(crate) fn detect(
    content: &Content,
    plans: &[&Plans],
    search: Search,
) -> Result<Outcome, Error> {
    Ok(match content {
        Content::Picture(picture) => {
            let own: Vec<&ImagePlan> = plans.iter().map(|plans| &plans.image).collect();
            outcome(
                ImageWatermark.search(pixels(picture)?, &own, search)?,
                plans,
                Place::Image,
            )
        }
        Content::Sound(sound) => {
            let own: Vec<&AudioPlan> = plans.iter().map(|plans| &plans.audio).collect();
            outcome(
                AudioWatermark::new().detect(samples(sound)?, &own)?,
                plans,
                Place::Audio,
            )
        }
    })
}

fn outcome<P>(detection: Detection<P>, plans: &[&Plans], place: impl Fn(P) -> Place) -> Outcome {
    let found = |mark: Mark<P>| {
        let plan = plans.iter().find(|plan| plan.key_id == mark.key_id);
        FoundMark {
            payload: mark.payload,
            key_id: mark.key_id,
            key_name: plan.map_or_else(String::new, |plan| plan.name.clone()),
            p_value: mark.p_value,
            place: place(mark.place),
        }
    };
    match detection {
        Detection::Found { mark, others } => Outcome::Found {
            mark: found(mark),
            others: others.into_iter().map(found).collect(),
        },
        Detection::Copied { marks } => match marks.into_iter().next() {
            Some(mark) => Outcome::Copied { mark: found(mark) },
            None => Outcome::NotFound { p_value: 1.0 },
        },
        Detection::NotFound { p_value } => Outcome::NotFound { p_value },
        Detection::Inconclusive { reason } => Outcome::Inconclusive { reason },
    }
}

impl Serialize for FoundMark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        let payload = serde_json::json!({
            "version": self.payload.version(),
            "origin": self.payload.origin.to_string(),
            "id": self.payload.id.to_string(),
        });
        map.serialize_entry("payload", &payload)?;
        map.serialize_entry("key_id", &self.key_id.to_string())?;
        map.serialize_entry("key_name", &self.key_name)?;
        map.serialize_entry("p_value", &self.p_value)?;
        match &self.place {
            Place::Image(geometry) => {
                let geometry = serde_json::json!({
                    "scale": rounded(geometry.scale),
                    "rotation_deg": rounded(geometry.rotation_deg),
                    "mirrored": geometry.mirrored,
                    "aspect": rounded(geometry.aspect),
                });
                map.serialize_entry("geometry", &geometry)?;
            }
            Place::Audio(place) => {
                let regions: Vec<_> = place
                    .regions
                    .iter()
                    .map(|region| serde_json::json!({"start_s": rounded(region.start_s), "end_s": rounded(region.end_s)}))
                    .collect();
                map.serialize_entry("regions", &regions)?;
                map.serialize_entry("speed", &rounded(place.speed))?;
                map.serialize_entry("pitch", &rounded(place.pitch))?;
            }
        }
        map.end()
    }
}

/// Four decimals: finer than what can be measured.
fn rounded(value: f64) -> f64 {
    let rounded = (value * 1e4).round() / 1e4;
    if rounded == 0.0 { 0.0 } else { rounded }
}
