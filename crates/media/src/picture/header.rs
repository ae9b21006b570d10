//! What a file's header says about how its pixels are stored.

use crate::format::Format;
use crate::picture::PictureOrigin;

/// Chroma subsampling of a JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subsampling {
    /// Chroma at full size.
    S444,
    /// Chroma at half the width.
    S422,
    /// Chroma at half the height.
    S440,
    /// Chroma at half the width and height.
    S420,
}

/// How the pixels of `bytes` are stored.
pub(super) fn origin(bytes: &[u8], format: Format) -> PictureOrigin {
    let plain = PictureOrigin { format: Some(format), lossless: true, ..PictureOrigin::default() };
    match format {
        Format::Jpeg => {
            let (quality, subsampling) = jpeg(bytes);
            PictureOrigin { quality, subsampling, lossless: false, ..plain }
        }
        // A lossy WebP has a `VP8 ` chunk, a lossless one `VP8L`; either may stand in an extended file.
        Format::WebP => PictureOrigin { lossless: !webp_chunks(bytes).any(|(id, _)| id == *b"VP8 "), ..plain },
        _ => plain,
    }
}

/// The chunks of a WebP file: their codes and contents. A damaged tail is left out.
pub(super) fn webp_chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes.get(12..).unwrap_or(&[]);
    std::iter::from_fn(move || {
        let (id, after) = rest.split_first_chunk::<4>()?;
        let (size, after) = after.split_first_chunk::<4>()?;
        let size = u32::from_le_bytes(*size) as usize;
        let content = after.get(..size)?;
        rest = after.get(size + size % 2..).unwrap_or(&[]);
        Some((*id, content))
    })
}

/// Quality and subsampling from the markers before the first scan.
fn jpeg(bytes: &[u8]) -> (Option<u8>, Option<Subsampling>) {
    let (mut quality, mut subsampling) = (None, None);
    for (marker, content) in jpeg_segments(bytes) {
        match marker {
            0xdb if quality.is_none() => quality = luma_quality(content),
            0xc0..=0xc2 => subsampling = frame_subsampling(content),
            _ => {}
        }
    }
    (quality, subsampling)
}

/// The marker segments before the first scan: marker and content.
fn jpeg_segments(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = bytes.get(2..).unwrap_or(&[]);
    std::iter::from_fn(move || {
        let start = rest.iter().position(|&byte| byte != 0xff)?;
        let marker = rest.get(start).filter(|_| start > 0).copied()?;
        let length = rest.get(start + 1..start + 3)?;
        let length = length.iter().fold(0, |length, &byte| length << 8 | usize::from(byte));
        let content = rest.get(start + 3..start + 1 + length)?;
        rest = rest.get(start + 1 + length..).unwrap_or(&[]);
        (marker != 0xda).then_some((marker, content))
    })
}

/// Luminance quantisation table of ITU-T T.81, annex K.1, summed: scaling it gives every quality of
/// the Independent JPEG Group's encoder.
const BASE_SUM: f64 = 3688.0;

/// The quality whose scaled table has the same sum as the first 8-bit table.
fn luma_quality(content: &[u8]) -> Option<u8> {
    let (&kind, table) = content.split_first()?;
    let table = table.get(..64).filter(|_| kind == 0)?;
    let sum: u32 = table.iter().map(|&entry| u32::from(entry)).sum();
    let scale = 100.0 * f64::from(sum) / BASE_SUM;
    // scale = 200 − 2 q from quality 50 on, 5000 / q below it.
    let quality = if scale <= 100.0 { (200.0 - scale) / 2.0 } else { 5000.0 / scale };
    Some(quality.round().clamp(1.0, 100.0) as u8)
}

/// Compares the first component's sampling factors with the second's.
fn frame_subsampling(content: &[u8]) -> Option<Subsampling> {
    let (&[_, luma, _], rest) = content.get(6..)?.split_first_chunk::<3>()?;
    let &[_, chroma, ..] = rest.get(..3)? else { return None };
    match ((luma >> 4) / (chroma >> 4).max(1), (luma & 15) / (chroma & 15).max(1)) {
        (1, 1) => Some(Subsampling::S444),
        (2, 1) => Some(Subsampling::S422),
        (1, 2) => Some(Subsampling::S440),
        (2, 2) => Some(Subsampling::S420),
        _ => None,
    }
}
