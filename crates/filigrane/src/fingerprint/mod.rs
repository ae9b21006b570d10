//! Fingerprints: what a medium looks like, to tell whether a mark is still on the content that it was made for.
//!
//! They are computed for pictures. `docs/verification.md` has the measurement that chose the thresholds.

mod grid;
mod image;
#[cfg(test)]
mod measure;

use filigrane_image::Geometry;
use filigrane_registry::Fingerprint;
use serde::Serialize;

use crate::content::Content;
use image::{ImageFingerprint, Query};

/// The scheme of [`image`].
const IMAGE: u8 = 1;
/// At most so many bits of the hash differ where a picture is still whole: recoded, scaled, its tones changed.
const SAME_BITS: u32 = 40;
/// A whole picture fits its own map at least so well.
const SAME_FIT: f64 = 50.0;
/// Unrelated pictures never came near so few bits.
const DERIVED_BITS: u32 = 70;
/// A part of a picture fits the picture's map at least so well.
const DERIVED_FIT: f64 = 24.0;
/// Unrelated pictures fit each other less than this, with few exceptions; what lies between is left open.
const DIFFERENT_FIT: f64 = 20.0;
/// Where less of the registered width or height than this is left, related pictures no longer fit reliably.
const SMALLEST_PART: f64 = 0.45;
/// Bits of the hash that may differ for a search: as many as PDQ's authors recommend.
pub(crate) const SEARCH_BITS: u32 = 31;
/// Pixels of a picture up to which its watermark has its natural size; larger pictures have a larger one.
const NATURAL_PIXELS: f64 = 1024.0 * 1024.0;

/// The fingerprint layer: whether the content is the one that was registered.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FingerprintEvidence {
    /// No fingerprint was compared: none is registered, or the medium is a sound.
    NotAvailable,
    /// The registered content as a whole, perhaps recoded, scaled or toned.
    Same(Likeness),
    /// A part of the registered content, or one that was changed.
    Derived(Likeness),
    /// Too little of the registered content may be left to tell.
    Unclear(Likeness),
    /// Other content than was registered.
    Different(Likeness),
    /// The medium carries no mark, and the registry knows content that looks the same.
    Similar {
        /// The identifiers that it is registered under, the nearest first.
        ids: Vec<String>,
    },
}

/// How like the registered picture one is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Likeness {
    /// Bits that differ between the hashes of the whole pictures, of 256; about 128 for unrelated ones.
    pub bits: u32,
    /// How well it fits its best place in the registered picture; unrelated pictures stay below 22.
    pub fit: f64,
    /// That place's part of the registered picture's width.
    pub part: f64,
}

/// The fingerprint to register.
pub(crate) fn of(content: &Content) -> Option<Fingerprint> {
    let Content::Picture(picture) = content else {
        return None;
    };
    let fingerprint = ImageFingerprint::of(picture);
    Some(Fingerprint {
        scheme: IMAGE,
        hash: *fingerprint.hash(),
        detail: fingerprint.detail(),
    })
}

/// A picture that is compared with registered ones.
#[derive(Debug)]
pub(crate) struct Suspect {
    query: Query,
    /// Its width and height, upright, over the scale at which its mark lies.
    natural: Option<(f64, f64)>,
}

impl Suspect {
    /// Of a medium whose mark lies as `geometry` says; nothing for a sound.
    pub(crate) fn new(content: &Content, geometry: Option<&Geometry>) -> Option<Self> {
        let Content::Picture(picture) = content else {
            return None;
        };
        let (turn, mirrored) = geometry.map_or((0.0, false), |geometry| {
            (geometry.rotation_deg, geometry.mirrored)
        });
        let natural = geometry.map(|geometry| {
            let (width, height) = (f64::from(picture.width), f64::from(picture.height));
            let lies = (turn / 90.0).round().rem_euclid(2.0) == 1.0;
            let (width, height) = if lies {
                (height, width)
            } else {
                (width, height)
            };
            (width / geometry.scale, height / geometry.scale)
        });
        Some(Self {
            query: Query::new(picture, turn, mirrored),
            natural,
        })
    }

    /// Compares with a registered picture of so many columns and rows.
    pub(crate) fn compare(
        &self,
        registered: Option<&Fingerprint>,
        (width, height): (u64, u64),
    ) -> FingerprintEvidence {
        let known = registered
            .filter(|registered| registered.scheme == IMAGE)
            .and_then(|registered| ImageFingerprint::new(registered.hash, &registered.detail));
        let (Some(known), true) = (known, width > 0 && height > 0) else {
            return FingerprintEvidence::NotAvailable;
        };
        let (width, height) = (width as f64, height as f64);
        let distance = self.query.distance(&known, width / height);
        let likeness = Likeness {
            bits: distance.bits,
            fit: (distance.fit * 10.0).round() / 10.0,
            part: (distance.part * 100.0).round() / 100.0,
        };
        // What the watermark's scale says is left of the picture that was marked.
        let marked_at = (width * height / NATURAL_PIXELS).sqrt().max(1.0);
        let left = self.natural.map_or(1.0, |(across, down)| {
            (across * marked_at / width).min(down * marked_at / height)
        });
        if distance.bits <= SAME_BITS && distance.fit >= SAME_FIT {
            FingerprintEvidence::Same(likeness)
        } else if distance.bits <= DERIVED_BITS || distance.fit >= DERIVED_FIT {
            FingerprintEvidence::Derived(likeness)
        } else if distance.fit >= DIFFERENT_FIT || left < SMALLEST_PART {
            FingerprintEvidence::Unclear(likeness)
        } else {
            FingerprintEvidence::Different(likeness)
        }
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
