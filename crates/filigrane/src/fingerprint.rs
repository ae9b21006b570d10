//! Fingerprints as a layer of evidence: whether a mark is still on the content that it was made for.

use filigrane_fingerprint::{
    Left, PictureFingerprint, PictureQuery, Played, Relation, SoundFingerprint, SoundQuery,
};
use filigrane_registry::Fingerprint;
use serde::Serialize;

use crate::content::Content;
use crate::marks::Place;

/// The scheme of [`PictureFingerprint`].
const PICTURE: u8 = 1;
/// The scheme of [`SoundFingerprint`].
const SOUND: u8 = 2;
/// Bits of the hash that may differ for a search. What is found is compared more closely then.
pub(crate) const SEARCH_BITS: u32 = 60;
/// Pixels of a picture up to which its watermark has its natural size; larger pictures have a larger one.
const NATURAL_PIXELS: f64 = 1024.0 * 1024.0;

/// The fingerprint layer: whether the content is the one that was registered.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FingerprintEvidence {
    /// No fingerprint was compared: none is registered.
    NotAvailable,
    /// The registered content as a whole, perhaps recoded, scaled, toned or filtered.
    Same(Likeness),
    /// A part of the registered content, or one that was changed.
    Derived(Likeness),
    /// Too little of the registered content may be left to tell.
    Unclear(Likeness),
    /// Other content than was registered.
    Different(Likeness),
    /// The medium carries no mark, and the registry knows content that looks or sounds the same.
    Similar {
        /// The identifiers that it is registered under, the nearest first.
        ids: Vec<String>,
    },
}

/// How like the registered medium one is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Likeness {
    /// Bits that differ between the hashes of the whole media, of 256; about 128 for unrelated ones.
    pub bits: u32,
    /// How well it fits its best place in the registered medium; `docs/verification.md` says how well unrelated ones do.
    pub fit: f64,
    /// That place's part of the registered picture's width, or what part of the registered sound is heard.
    pub part: f64,
}

impl From<filigrane_fingerprint::Likeness> for Likeness {
    fn from(likeness: filigrane_fingerprint::Likeness) -> Self {
        Self {
            bits: likeness.bits,
            fit: (likeness.fit * 10.0).round() / 10.0,
            part: (likeness.part * 100.0).round() / 100.0,
        }
    }
}

/// The fingerprint to register.
pub(crate) fn of(content: &Content) -> Fingerprint {
    match content {
        Content::Picture(picture) => {
            let fingerprint = PictureFingerprint::of(picture);
            Fingerprint {
                scheme: PICTURE,
                hash: *fingerprint.hash(),
                detail: fingerprint.detail(),
            }
        }
        Content::Sound(sound) => {
            let fingerprint = SoundFingerprint::of(sound);
            Fingerprint {
                scheme: SOUND,
                hash: *fingerprint.hash(),
                detail: fingerprint.detail(),
            }
        }
    }
}

/// A medium that is compared with registered ones.
#[derive(Debug)]
pub(crate) enum Suspect {
    Picture {
        query: Box<PictureQuery>,
        /// Its width and height, upright, over the scale at which its mark lies.
        natural: Option<(f64, f64)>,
    },
    Sound(SoundQuery),
}

impl Suspect {
    /// Of a medium whose mark lies as `place` says.
    pub(crate) fn new(content: &Content, place: Option<&Place>) -> Self {
        match (content, place) {
            (Content::Picture(picture), Some(Place::Image(geometry))) => {
                let (width, height) = (f64::from(picture.width), f64::from(picture.height));
                let turn = geometry.rotation_deg;
                let lies = (turn / 90.0).round().rem_euclid(2.0) == 1.0;
                let (width, height) = if lies {
                    (height, width)
                } else {
                    (width, height)
                };
                let query = PictureQuery::new(picture, turn, geometry.mirrored);
                Self::Picture {
                    query: Box::new(query),
                    natural: Some((width / geometry.scale, height / geometry.scale)),
                }
            }
            (Content::Picture(picture), _) => Self::Picture {
                query: Box::new(PictureQuery::new(picture, 0.0, false)),
                natural: None,
            },
            (Content::Sound(sound), Some(Place::Audio(place))) => {
                let played = Played {
                    speed: place.speed,
                    pitch: place.pitch,
                };
                let duration = |region: &filigrane_audio::Region| region.end_s - region.start_s;
                let longest = place
                    .regions
                    .iter()
                    .max_by(|a, b| duration(a).total_cmp(&duration(b)));
                let part = longest.map(|region| (region.start_s, region.end_s));
                Self::Sound(SoundQuery::new(sound, played, part))
            }
            (Content::Sound(sound), _) => {
                Self::Sound(SoundQuery::new(sound, Played::default(), None))
            }
        }
    }

    /// Compares with a registered medium: of so many columns and rows where it is a picture.
    pub(crate) fn compare(
        &self,
        registered: Option<&Fingerprint>,
        (width, height): (u64, u64),
    ) -> FingerprintEvidence {
        let Some(registered) = registered else {
            return FingerprintEvidence::NotAvailable;
        };
        match (self, registered.scheme) {
            (Self::Picture { query, natural }, PICTURE) if width > 0 && height > 0 => {
                let known = PictureFingerprint::new(registered.hash, &registered.detail);
                let Some(known) = known else {
                    return FingerprintEvidence::NotAvailable;
                };
                let (width, height) = (width as f64, height as f64);
                let likeness = query.likeness(&known, width / height);
                // What the watermark's scale says is left of the picture that was marked.
                let marked_at = (width * height / NATURAL_PIXELS).sqrt().max(1.0);
                let (across, down) = natural.unwrap_or((f64::INFINITY, f64::INFINITY));
                let left = Left {
                    width: across * marked_at / width,
                    height: down * marked_at / height,
                };
                evidence(query.relation(&likeness, left), likeness)
            }
            (Self::Sound(query), SOUND) => {
                let known = SoundFingerprint::new(registered.hash, &registered.detail);
                let Some(known) = known else {
                    return FingerprintEvidence::NotAvailable;
                };
                let likeness = query.likeness(&known);
                evidence(query.relation(&known, &likeness), likeness)
            }
            _ => FingerprintEvidence::NotAvailable,
        }
    }
}

fn evidence(relation: Relation, likeness: filigrane_fingerprint::Likeness) -> FingerprintEvidence {
    let likeness = Likeness::from(likeness);
    match relation {
        Relation::Same => FingerprintEvidence::Same(likeness),
        Relation::Derived => FingerprintEvidence::Derived(likeness),
        Relation::Unclear => FingerprintEvidence::Unclear(likeness),
        Relation::Different => FingerprintEvidence::Different(likeness),
    }
}

impl FingerprintEvidence {
    /// How much speaks for an entry, for the choice among several.
    pub(crate) const fn rank(&self) -> u8 {
        match self {
            Self::Same(_) => 5,
            Self::Derived(_) => 4,
            Self::NotAvailable => 3,
            Self::Unclear(_) => 2,
            Self::Different(_) => 1,
            Self::Similar { .. } => 0,
        }
    }
}
