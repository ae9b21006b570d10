//! What a file shows or sounds like, to tell whether two files hold the same.

use filigrane::{Format, Limits, Medium};
use filigrane_media::{PictureSamples, decode_picture, decode_sound};

/// A hash over all pixels or samples, and their shape.
pub(crate) type Digest = [u8; 32];

/// The digest of a file's content, where it can be decoded.
pub(crate) fn digest(file: &[u8]) -> Option<Digest> {
    let format = Format::probe(file)?;
    let limits = Limits {
        max_pixels: 1 << 20,
        max_duration_s: 30.0,
        ..Limits::default()
    };
    let mut hasher = blake3::Hasher::new();
    match format.medium() {
        Medium::Image => {
            let picture = decode_picture(file, format, &limits).ok()?;
            hasher.update(&picture.width.to_le_bytes());
            hasher.update(&picture.height.to_le_bytes());
            match picture.samples {
                PictureSamples::U8(samples) => hasher.update(&samples),
                PictureSamples::U16(samples) => hasher.update(
                    &samples
                        .iter()
                        .flat_map(|s| s.to_le_bytes())
                        .collect::<Vec<_>>(),
                ),
            };
        }
        Medium::Audio => {
            let sound = decode_sound(file, format, &limits).ok()?;
            hasher.update(&sound.rate.to_le_bytes());
            for channel in &sound.channels {
                hasher.update(
                    &channel
                        .iter()
                        .flat_map(|s| s.to_le_bytes())
                        .collect::<Vec<_>>(),
                );
            }
        }
    }
    Some(*hasher.finalize().as_bytes())
}
