//! What pictures and sounds look and sound like.
//!
//! - [`PictureFingerprint`] and [`SoundFingerprint`] are kept when a medium is marked. Each is a hash of 256 bits, for
//!   searching, and a map of its content, for comparing parts.
//! - [`PictureQuery`] and [`SoundQuery`] compare a medium that turned up later with what was kept, and say how the two
//!   are [related](Relation).
//! - [`iscc_image`] and [`iscc_audio`] are codes of ISO 24138, for others who look for the same content.
//!
//! Nothing here is secret: who knows a fingerprint can make another medium with the same one. It tells accidents and
//! copied marks from kept content; it proves nothing about who made it. `docs/verification.md` has the measurement that
//! chose the thresholds.

#![forbid(unsafe_code)]

mod hash;
mod image;
mod iscc;
mod relation;
mod sound;

pub use image::{Left, PictureFingerprint, PictureQuery};
pub use iscc::{IsccError, iscc_audio, iscc_image};
pub use relation::{Likeness, Relation};
pub use sound::{Played, SoundFingerprint, SoundQuery};
