//! Reading pixels.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::{ColorType, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};

use crate::error::{MediaError, one_line};
use crate::format::Format;
use crate::limits::Limits;
use crate::picture::{Layout, Picture, PictureSamples, header, jpeg, tiff};

/// Memory that a decoder may use beside the pixels: rows, tables, palettes.
const DECODER_OVERHEAD: u64 = 64 << 20;

/// Reads a picture. Palettes and CMYK become RGB, bits below 8 become 8, and an animation gives its
/// first frame. The EXIF orientation is not applied.
///
/// # Errors
/// [`MediaError::Limit`] before anything large is allocated, [`MediaError::Unsupported`] for sounds and
/// floating-point pictures, [`MediaError::Damaged`] for content that contradicts its format, also where
/// a decoder panics on it.
pub fn decode_picture(
    bytes: &[u8],
    format: Format,
    limits: &Limits,
) -> Result<Picture, MediaError> {
    let length = bytes.len() as u64;
    if length > limits.max_bytes {
        return Err(MediaError::Limit {
            what: "bytes",
            limit: limits.max_bytes,
            found: length,
        });
    }
    guarded(format, || {
        let mut decoder = decoder(bytes, format)?;
        check_pixels(decoder.dimensions(), limits)?;
        if format == Format::WebP {
            check_frames(bytes, decoder.dimensions())?;
        }
        if format == Format::Jpeg {
            let origin = header::origin(bytes, format);
            return jpeg::decode(bytes).map(|picture| Picture { origin, ..picture });
        }
        let mut own = image::Limits::no_limits();
        own.max_alloc = Some(
            decoder
                .total_bytes()
                .saturating_mul(2)
                .saturating_add(DECODER_OVERHEAD),
        );
        decoder
            .set_limits(own)
            .map_err(|error| failure(format, &error))?;
        let color = decoder.color_type();
        if matches!(color, ColorType::Rgb32F | ColorType::Rgba32F) {
            return Err(MediaError::Unsupported {
                format,
                what: "floating-point pixels".to_owned(),
            });
        }
        let decoded =
            DynamicImage::from_decoder(decoder).map_err(|error| failure(format, &error))?;
        picture(decoded, bytes, format)
    })
}

/// Width and height from the header alone.
///
/// # Errors
/// As [`decode_picture`].
pub fn picture_dimensions(bytes: &[u8], format: Format) -> Result<(u32, u32), MediaError> {
    guarded(format, || Ok(decoder(bytes, format)?.dimensions()))
}

/// A panic inside a decoder is the file's fault, and becomes an error.
pub(super) fn guarded<T>(
    format: Format,
    decode: impl FnOnce() -> Result<T, MediaError>,
) -> Result<T, MediaError> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|_| {
        let reason = "its decoder stopped on an inconsistency".to_owned();
        Err(MediaError::Damaged { format, reason })
    })
}

pub(super) fn decoder(bytes: &[u8], format: Format) -> Result<impl ImageDecoder + '_, MediaError> {
    let kind = match format {
        Format::Png => ImageFormat::Png,
        Format::Jpeg => ImageFormat::Jpeg,
        Format::WebP => ImageFormat::WebP,
        Format::Gif => ImageFormat::Gif,
        Format::Tiff => ImageFormat::Tiff,
        Format::Bmp => ImageFormat::Bmp,
        other => {
            return Err(MediaError::Unsupported {
                format: other,
                what: "reading it as a picture".to_owned(),
            });
        }
    };
    if format == Format::Tiff {
        tiff::check(bytes)?;
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), kind);
    // The dimensions are checked first; the true limits follow before any pixel is decoded. PNG inflates
    // its profile and text with the header, and so needs a bound at once.
    let mut bound = image::Limits::no_limits();
    if format == Format::Png {
        bound.max_alloc = Some(DECODER_OVERHEAD + 2 * bytes.len() as u64);
    }
    reader.limits(bound);
    reader
        .into_decoder()
        .map_err(|error| failure(format, &error))
}

fn check_pixels((width, height): (u32, u32), limits: &Limits) -> Result<(), MediaError> {
    let found = u64::from(width) * u64::from(height);
    if found > limits.max_pixels {
        return Err(MediaError::Limit {
            what: "pixels",
            limit: limits.max_pixels,
            found,
        });
    }
    Ok(())
}

/// Frames are allocated before they are found not to fit the canvas: 60 bytes would take a gigabyte.
fn check_frames(bytes: &[u8], (width, height): (u32, u32)) -> Result<(), MediaError> {
    let larger = |&(columns, rows): &(u32, u32)| columns > width || rows > height;
    match header::webp_frames(bytes).into_iter().find(larger) {
        Some((columns, rows)) => Err(MediaError::Damaged {
            format: Format::WebP,
            reason: format!("a frame of {columns}×{rows} pixels in a canvas of {width}×{height}"),
        }),
        None => Ok(()),
    }
}

fn failure(format: Format, error: &ImageError) -> MediaError {
    match error {
        ImageError::Unsupported(what) => MediaError::Unsupported {
            format,
            what: one_line(what),
        },
        other => MediaError::Damaged {
            format,
            reason: one_line(other),
        },
    }
}

fn picture(decoded: DynamicImage, bytes: &[u8], format: Format) -> Result<Picture, MediaError> {
    let (width, height) = (decoded.width(), decoded.height());
    let (layout, samples) = match decoded {
        DynamicImage::ImageLuma8(pixels) => (Layout::Gray, PictureSamples::U8(pixels.into_raw())),
        DynamicImage::ImageLumaA8(pixels) => {
            (Layout::GrayAlpha, PictureSamples::U8(pixels.into_raw()))
        }
        DynamicImage::ImageRgb8(pixels) => (Layout::Rgb, PictureSamples::U8(pixels.into_raw())),
        DynamicImage::ImageRgba8(pixels) => (Layout::Rgba, PictureSamples::U8(pixels.into_raw())),
        DynamicImage::ImageLuma16(pixels) => (Layout::Gray, PictureSamples::U16(pixels.into_raw())),
        DynamicImage::ImageLumaA16(pixels) => {
            (Layout::GrayAlpha, PictureSamples::U16(pixels.into_raw()))
        }
        DynamicImage::ImageRgb16(pixels) => (Layout::Rgb, PictureSamples::U16(pixels.into_raw())),
        DynamicImage::ImageRgba16(pixels) => (Layout::Rgba, PictureSamples::U16(pixels.into_raw())),
        other => {
            let what = format!("pixels of the kind {:?}", other.color());
            return Err(MediaError::Unsupported { format, what });
        }
    };
    let (layout, samples) = without_needless_alpha(layout, samples, format);
    let origin = header::origin(bytes, format);
    let empty = || MediaError::Damaged {
        format,
        reason: format!("{width}×{height} pixels"),
    };
    Picture::new(width, height, layout, samples)
        .map(|picture| Picture { origin, ..picture })
        .ok_or_else(empty)
}

/// GIF frames always come with opacity; where every pixel is opaque there is none.
fn without_needless_alpha(
    layout: Layout,
    samples: PictureSamples,
    format: Format,
) -> (Layout, PictureSamples) {
    match (format, layout, samples) {
        (Format::Gif, Layout::Rgba, PictureSamples::U8(rgba))
            if rgba.chunks_exact(4).all(|p| p.ends_with(&[255])) =>
        {
            let rgb = rgba
                .chunks_exact(4)
                .filter_map(|pixel| pixel.first_chunk::<3>())
                .flatten()
                .copied()
                .collect();
            (Layout::Rgb, PictureSamples::U8(rgb))
        }
        (_, layout, samples) => (layout, samples),
    }
}
