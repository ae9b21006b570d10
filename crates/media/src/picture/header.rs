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
    let plain = PictureOrigin {
        format: Some(format),
        lossless: true,
        ..PictureOrigin::default()
    };
    match format {
        Format::Jpeg => {
            let (quality, subsampling) = jpeg(bytes);
            PictureOrigin {
                quality,
                subsampling,
                lossless: false,
                ..plain
            }
        }
        // A lossy WebP has a `VP8 ` chunk, a lossless one `VP8L`; either may stand in an extended file.
        Format::WebP => PictureOrigin {
            lossless: !webp_chunks(bytes).any(|(id, _)| id == *b"VP8 "),
            ..plain
        },
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

/// Columns and rows of the lossy frames of a WebP file, of an animation's too (RFC 9649, sections 2.5 and 2.7; RFC 6386,
/// section 9.1). They are what the decoder allocates, whatever the file says of its canvas.
pub(super) fn webp_frames(bytes: &[u8]) -> Vec<(u32, u32)> {
    /// Place, size, duration and flags of an animation's frame stand before its chunks.
    const FRAME_HEADER: usize = 16;
    let frame = |(id, content): ([u8; 4], &[u8])| {
        let &[_, _, _, 0x9d, 0x01, 0x2a, a, b, c, d] = content.first_chunk::<10>()? else {
            return None;
        };
        let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
        (id == *b"VP8 ").then_some((side(a, b), side(c, d)))
    };
    let inner = |(id, content): ([u8; 4], _)| {
        let content: &[u8] = content;
        let chunks = content.get(FRAME_HEADER..).filter(|_| id == *b"ANMF");
        chunks.map_or_else(Vec::new, |chunks| {
            all_chunks(chunks).filter_map(frame).collect()
        })
    };
    let rest = bytes.get(12..).unwrap_or(&[]);
    let animated = all_chunks(rest).flat_map(inner);
    all_chunks(rest).filter_map(frame).chain(animated).collect()
}

/// Chunks one after the other; of a cut last one, what is there.
fn all_chunks(mut rest: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (id, after) = rest.split_first_chunk::<4>()?;
        let (size, after) = after.split_first_chunk::<4>()?;
        let size = u32::from_le_bytes(*size) as usize;
        rest = after.get(size + size % 2..).unwrap_or(&[]);
        Some((*id, after.get(..size).unwrap_or(after)))
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

/// Whether Adobe's segment stands before the first scan; it says that inks are stored inverted.
pub(super) fn has_adobe_segment(bytes: &[u8]) -> bool {
    jpeg_segments(bytes).any(|(marker, content)| marker == 0xee && content.starts_with(b"Adobe"))
}

/// The marker segments before the first scan: marker and content.
fn jpeg_segments(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = bytes.get(2..).unwrap_or(&[]);
    std::iter::from_fn(move || {
        let start = rest.iter().position(|&byte| byte != 0xff)?;
        let marker = rest.get(start).filter(|_| start > 0).copied()?;
        let length = rest.get(start + 1..start + 3)?;
        let length = length
            .iter()
            .fold(0, |length, &byte| length << 8 | usize::from(byte));
        let content = rest.get(start + 3..start + 1 + length)?;
        rest = rest.get(start + 1 + length..).unwrap_or(&[]);
        (marker != 0xda).then_some((marker, content))
    })
}

/// Luminance quantisation table of ITU-T T.81, annex K.1, which the Independent JPEG Group's encoder
/// scales by its quality.
#[rustfmt::skip]
const LUMA_TABLE: [u32; 64] = [
    16, 11, 10, 16,  24,  40,  51,  61,
    12, 12, 14, 19,  26,  58,  60,  55,
    14, 13, 16, 24,  40,  57,  69,  56,
    14, 17, 22, 29,  51,  87,  80,  62,
    18, 22, 37, 56,  68, 109, 103,  77,
    24, 35, 55, 64,  81, 104, 113,  92,
    49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103,  99,
];

/// The quality whose table has the sum nearest to the first 8-bit table's. Sums fall strictly with the
/// quality and do not depend on the order in which a file stores a table.
fn luma_quality(content: &[u8]) -> Option<u8> {
    let (&kind, table) = content.split_first()?;
    let table = table.get(..64).filter(|_| kind == 0)?;
    let sum: u32 = table.iter().map(|&entry| u32::from(entry)).sum();
    (1..=100).min_by_key(|&quality| table_sum(quality).abs_diff(sum))
}

/// Sum of the luminance table at a quality of 1 to 100.
fn table_sum(quality: u8) -> u32 {
    let quality = u32::from(quality);
    let percent = if quality < 50 {
        5000 / quality
    } else {
        200 - 2 * quality
    };
    LUMA_TABLE
        .iter()
        .map(|entry| ((entry * percent + 50) / 100).clamp(1, 255))
        .sum()
}

/// Compares the first component's sampling factors with the second's.
fn frame_subsampling(content: &[u8]) -> Option<Subsampling> {
    let (&[_, luma, _], rest) = content.get(6..)?.split_first_chunk::<3>()?;
    let &[_, chroma, ..] = rest.get(..3)? else {
        return None;
    };
    match (
        (luma >> 4) / (chroma >> 4).max(1),
        (luma & 15) / (chroma & 15).max(1),
    ) {
        (1, 1) => Some(Subsampling::S444),
        (2, 1) => Some(Subsampling::S422),
        (1, 2) => Some(Subsampling::S440),
        (2, 2) => Some(Subsampling::S420),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_tables_tell_qualities_apart() {
        // Below 3 every entry but a few is at its bound of 255.
        for quality in 3..=100 {
            assert!(table_sum(quality) < table_sum(quality - 1), "{quality}");
        }
    }

    #[test]
    fn a_cut_header_says_nothing() {
        assert_eq!(jpeg(b"\xff\xd8\xff\xdb\0\x43\0\x10"), (None, None));
        assert_eq!(jpeg(b"\xff\xd8\xff\xc0\0\x05\x08\0\x10"), (None, None));
        assert_eq!(
            webp_chunks(b"RIFF\xff\0\0\0WEBPVP8 \xff\xff\xff\xff\0").count(),
            0
        );
    }
}
