//! ICC profiles, EXIF, XMP and text beside the pixels, in and out of each container.

use image::ImageDecoder;
use img_parts::{Bytes, ImageEXIF, ImageICC};

use crate::error::{MediaError, one_line};
use crate::format::Format;
use crate::metadata::{Chunk, Metadata};
use crate::picture::{decode, header, tiff};

/// PNG chunks that stay true when the pixels change a little: colour, density, text, time.
const PNG_KEPT: [&[u8; 4]; 11] = [
    b"cHRM", b"gAMA", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"pHYs", b"tEXt", b"zTXt", b"iTXt",
    b"tIME",
];
const XMP_KEYWORD: &[u8] = b"XML:com.adobe.xmp\0";
const EXIF_PREFIX: &[u8] = b"Exif\0\0";
const JPEG_XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// TIFF's tags for XMP (Adobe XMP, part 3, section 3.2.1) and ICC profiles (ICC.1:2022, annex B.4).
pub(super) const TIFF_XMP: u16 = 700;
pub(super) const TIFF_ICC: u16 = 34_675;
/// Bytes of a TIFF value that are read: above the largest printer profiles.
const LARGEST_TIFF_VALUE: usize = 8 << 20;
/// The most that one JPEG segment holds beside its marker and length.
const JPEG_SEGMENT: usize = 65_533;

/// What stands beside the pixels; what cannot be read is not there.
pub(crate) fn read_metadata(bytes: &[u8], format: Format) -> Metadata {
    if format == Format::Tiff {
        return decode::guarded(format, || Ok(tiff_metadata(bytes))).unwrap_or_default();
    }
    if format == Format::WebP {
        return webp_metadata(bytes);
    }
    let read = decode::guarded(format, || {
        let mut decoder = decode::decoder(bytes, format)?;
        let text = |found: Option<Vec<u8>>| found.filter(|content| !content.is_empty());
        Ok(Metadata {
            icc: text(decoder.icc_profile().ok().flatten()),
            exif: text(decoder.exif_metadata().ok().flatten()).map(without_exif_prefix),
            xmp: text(decoder.xmp_metadata().ok().flatten()),
            ..Metadata::default()
        })
    });
    let mut metadata = read.unwrap_or_default();
    if format == Format::Png {
        metadata.chunks = decode::guarded(format, || Ok(png_chunks(bytes))).unwrap_or_default();
    }
    metadata
}

/// The decoder takes as much memory for a chunk as it says that it is long, four gigabytes for a changed byte.
fn webp_metadata(bytes: &[u8]) -> Metadata {
    let value = |id: &[u8; 4]| {
        let (_, content) = header::webp_chunks(bytes).find(|(found, _)| found == id)?;
        (!content.is_empty()).then(|| content.to_vec())
    };
    Metadata {
        icc: value(b"ICCP"),
        exif: value(b"EXIF").map(without_exif_prefix),
        xmp: value(b"XMP "),
        ..Metadata::default()
    }
}

fn tiff_metadata(bytes: &[u8]) -> Metadata {
    let value = |tag| {
        let value = tiff::field(bytes, tag).map(<[u8]>::to_vec);
        value.filter(|value| !value.is_empty() && value.len() <= LARGEST_TIFF_VALUE)
    };
    Metadata {
        icc: value(TIFF_ICC),
        xmp: value(TIFF_XMP),
        ..Metadata::default()
    }
}

/// Some writers put JPEG's prefix before the TIFF structure in PNG and WebP too.
fn without_exif_prefix(exif: Vec<u8>) -> Vec<u8> {
    exif.strip_prefix(EXIF_PREFIX)
        .map(<[u8]>::to_vec)
        .unwrap_or(exif)
}

/// The metadata without a colour profile that does not describe pixels of `space`, such as the profile
/// of a CMYK source whose pixels became RGB. The profile's colour space stands at its byte 16
/// (ICC.1:2022, section 7.2.6).
pub(super) fn with_fitting_profile(metadata: &Metadata, space: &[u8; 4]) -> Metadata {
    let fits = |icc: &Vec<u8>| icc.get(16..20) == Some(space.as_slice());
    Metadata {
        icc: metadata.icc.clone().filter(fits),
        ..metadata.clone()
    }
}

fn png_chunks(bytes: &[u8]) -> Vec<Chunk> {
    let Ok(png) = img_parts::png::Png::from_bytes(Bytes::copy_from_slice(bytes)) else {
        return Vec::new();
    };
    let is_xmp = |chunk: &img_parts::png::PngChunk| {
        chunk.kind() == *b"iTXt" && chunk.contents().starts_with(XMP_KEYWORD)
    };
    png.chunks()
        .iter()
        .filter(|chunk| PNG_KEPT.contains(&&chunk.kind()) && !is_xmp(chunk))
        .map(|chunk| Chunk {
            id: chunk.kind(),
            data: chunk.contents().to_vec(),
        })
        .collect()
}

/// A PNG file with metadata between its header and its pixels.
pub(super) fn into_png(bytes: Vec<u8>, metadata: &Metadata) -> Result<Vec<u8>, MediaError> {
    let mut png = img_parts::png::Png::from_bytes(bytes.into())
        .map_err(|error| unwritable(Format::Png, &error))?;
    let mut chunks: Vec<img_parts::png::PngChunk> = metadata
        .chunks
        .iter()
        .filter(|chunk| PNG_KEPT.contains(&&chunk.id))
        // A profile stands instead of the sRGB marker (PNG specification, section 4.3).
        .filter(|chunk| metadata.icc.is_none() || chunk.id != *b"sRGB")
        .map(|chunk| img_parts::png::PngChunk::new(chunk.id, Bytes::copy_from_slice(&chunk.data)))
        .collect();
    if let Some(xmp) = &metadata.xmp {
        // No compression, no language, no translated keyword.
        let content = [XMP_KEYWORD, &[0, 0, 0, 0], xmp].concat();
        chunks.push(img_parts::png::PngChunk::new(*b"iTXt", content.into()));
    }
    png.chunks_mut().splice(1..1, chunks);
    png.set_icc_profile(metadata.icc.clone().map(Bytes::from));
    png.set_exif(metadata.exif.clone().map(Bytes::from));
    Ok(png.encoder().bytes().to_vec())
}

/// The application segments of a JPEG: number, content.
pub(super) fn jpeg_segments(metadata: &Metadata) -> Result<Vec<(u8, Vec<u8>)>, MediaError> {
    let mut segments = Vec::new();
    if let Some(exif) = &metadata.exif {
        segments.push((1, [EXIF_PREFIX, exif].concat()));
    }
    if let Some(xmp) = &metadata.xmp {
        segments.push((1, [JPEG_XMP, xmp].concat()));
    }
    for (_, content) in &segments {
        if content.len() > JPEG_SEGMENT {
            let reason = format!(
                "{} bytes of EXIF or XMP, one segment holds {JPEG_SEGMENT}",
                content.len()
            );
            return Err(MediaError::CannotWrite {
                format: Format::Jpeg,
                reason,
            });
        }
    }
    Ok(segments)
}

/// A WebP file with metadata: an extended file (RFC 9649, section 2.7) around the same pixels.
pub(super) fn into_webp(
    bytes: Vec<u8>,
    metadata: &Metadata,
    width: u32,
    height: u32,
    alpha: bool,
) -> Vec<u8> {
    let extras = [
        (b"EXIF", &metadata.exif, 0x08_u8),
        (b"XMP ", &metadata.xmp, 0x04),
    ];
    if metadata.icc.is_none() && extras.iter().all(|(_, content, _)| content.is_none()) {
        return bytes;
    }
    let mut flags = if alpha { 0x10 } else { 0 };
    if metadata.icc.is_some() {
        flags |= 0x20;
    }
    flags |= extras
        .iter()
        .filter(|(_, content, _)| content.is_some())
        .fold(0, |flags, (_, _, flag)| flags | flag);
    let mut extended = vec![flags, 0, 0, 0];
    for side in [width, height] {
        extended.extend_from_slice(side.saturating_sub(1).to_le_bytes().split_at(3).0);
    }

    let mut body = b"WEBP".to_vec();
    let mut chunk = |id: &[u8; 4], content: &[u8]| {
        body.extend_from_slice(id);
        body.extend_from_slice(&(content.len() as u32).to_le_bytes());
        body.extend_from_slice(content);
        if content.len() % 2 == 1 {
            body.push(0);
        }
    };
    chunk(b"VP8X", &extended);
    if let Some(icc) = &metadata.icc {
        chunk(b"ICCP", icc);
    }
    for (id, content) in
        header::webp_chunks(&bytes).filter(|(id, _)| [b"ALPH", b"VP8 ", b"VP8L"].contains(&id))
    {
        chunk(&id, content);
    }
    for (id, content, _) in extras {
        if let Some(content) = content {
            chunk(id, content);
        }
    }
    let mut out = b"RIFF".to_vec();
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(&body);
    out
}

pub(super) fn unwritable(format: Format, error: &dyn std::fmt::Display) -> MediaError {
    MediaError::CannotWrite {
        format,
        reason: one_line(&error),
    }
}
