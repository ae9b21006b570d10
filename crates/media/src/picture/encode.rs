//! Writing pixels.

use image::ExtendedColorType;
use image::ImageEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};

use crate::error::MediaError;
use crate::format::Format;
use crate::metadata::Metadata;
use crate::picture::header::Subsampling;
use crate::picture::metadata::{
    TIFF_ICC, TIFF_XMP, into_png, into_webp, jpeg_segments, unwritable, with_fitting_profile,
};
use crate::picture::{Layout, Picture, PictureSamples};

/// Quality of a lossy file where the source has none of its own: above the point at which its
/// artefacts are seen, at a third of a lossless file's size.
const DEFAULT_QUALITY: u8 = 92;
/// Effort of PNG's deflate, 1 to 9. Measured on a photo of 768 × 512 and a picture of 1024 × 715: 4 and 7
/// times the speed of the default 6 for 4 and 9 % more bytes; stamping stands in a request's path.
const PNG_EFFORT: CompressionType = CompressionType::Level(2);
/// The largest side of a WebP file (RFC 9649, section 2.6).
const WEBP_SIDE: u32 = 16_383;

/// How to write a picture; what is not said stays as in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PictureEncoding {
    /// Quality of lossy formats, 1 to 100.
    pub quality: Option<u8>,
    /// For WebP: without loss or not.
    pub lossless: Option<bool>,
    /// For JPEG: chroma subsampling.
    pub subsampling: Option<Subsampling>,
}

/// Writes a picture with its metadata.
///
/// 16 bits are kept by PNG and TIFF, and rounded to 8 by the others. BMP holds no metadata, TIFF only
/// the colour profile and XMP. A colour profile of another kind of pixels, such as CMYK, is left out.
///
/// # Errors
/// [`MediaError::CannotWrite`] for formats that are only read, for sides or metadata that the format
/// cannot hold, and for a JPEG of a picture that is not opaque.
pub fn encode_picture(
    picture: &Picture,
    format: Format,
    encoding: &PictureEncoding,
    metadata: &Metadata,
) -> Result<Vec<u8>, MediaError> {
    let metadata = &with_fitting_profile(metadata, stored_space(picture.layout, format));
    match format {
        Format::Png => png(picture, metadata),
        Format::Jpeg => jpeg(picture, encoding, metadata),
        Format::WebP => webp(picture, encoding, metadata),
        Format::Tiff => tiff(picture, metadata),
        Format::Bmp => bmp(picture),
        other => {
            let reason = "it is only read; PNG keeps every pixel".to_owned();
            Err(MediaError::CannotWrite {
                format: other,
                reason,
            })
        }
    }
}

/// The ICC name of the colour space in which a format stores a layout.
const fn stored_space(layout: Layout, format: Format) -> &'static [u8; 4] {
    match (layout, format) {
        (Layout::Gray, Format::Png | Format::Jpeg | Format::Tiff) => b"GRAY",
        (Layout::GrayAlpha, Format::Png | Format::Jpeg) => b"GRAY",
        _ => b"RGB ",
    }
}

fn png(picture: &Picture, metadata: &Metadata) -> Result<Vec<u8>, MediaError> {
    let mut out = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut out, PNG_EFFORT, FilterType::Adaptive);
    let samples: std::borrow::Cow<'_, [u8]> = match &picture.samples {
        PictureSamples::U8(samples) => samples.into(),
        PictureSamples::U16(samples) => samples
            .iter()
            .flat_map(|sample| sample.to_ne_bytes())
            .collect(),
    };
    encoder
        .write_image(
            &samples,
            picture.width,
            picture.height,
            color(picture.layout, picture.samples.bits()),
        )
        .map_err(|error| unwritable(Format::Png, &error))?;
    into_png(out, metadata)
}

fn bmp(picture: &Picture) -> Result<Vec<u8>, MediaError> {
    let (layout, samples) = match picture.layout {
        Layout::GrayAlpha => (Layout::Rgba, spread(&eight_bits(&picture.samples), true)),
        layout => (layout, eight_bits(&picture.samples).into_owned()),
    };
    let mut out = Vec::new();
    image::codecs::bmp::BmpEncoder::new(&mut out)
        .write_image(&samples, picture.width, picture.height, color(layout, 8))
        .map_err(|error| unwritable(Format::Bmp, &error))?;
    Ok(out)
}

const fn color(layout: Layout, bits: u8) -> ExtendedColorType {
    match (layout, bits) {
        (Layout::Gray, 16) => ExtendedColorType::L16,
        (Layout::GrayAlpha, 16) => ExtendedColorType::La16,
        (Layout::Rgb, 16) => ExtendedColorType::Rgb16,
        (Layout::Rgba, 16) => ExtendedColorType::Rgba16,
        (Layout::Gray, _) => ExtendedColorType::L8,
        (Layout::GrayAlpha, _) => ExtendedColorType::La8,
        (Layout::Rgb, _) => ExtendedColorType::Rgb8,
        (Layout::Rgba, _) => ExtendedColorType::Rgba8,
    }
}

fn jpeg(
    picture: &Picture,
    encoding: &PictureEncoding,
    metadata: &Metadata,
) -> Result<Vec<u8>, MediaError> {
    let reason = |reason: &str| MediaError::CannotWrite {
        format: Format::Jpeg,
        reason: reason.to_owned(),
    };
    let (Ok(width), Ok(height)) = (u16::try_from(picture.width), u16::try_from(picture.height))
    else {
        return Err(reason("a side is longer than 65535 pixels"));
    };
    let samples = eight_bits(&picture.samples);
    let channels = picture.layout.channels();
    if picture.layout.has_alpha()
        && samples
            .chunks_exact(channels)
            .any(|pixel| !pixel.ends_with(&[255]))
    {
        return Err(reason(
            "the picture is not opaque, and JPEG has no opacity; PNG and WebP have",
        ));
    }
    let quality = encoding
        .quality
        .or(picture.origin.quality)
        .unwrap_or(DEFAULT_QUALITY);
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, quality);
    // Not the smaller optimised tables: with those, a common decoder misreads flat areas (see `jpeg`).
    encoder.set_optimized_huffman_tables(false);
    // Averaging is what every common decoder's upsampling expects; dropping pixels would alias.
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    let subsampling = encoding
        .subsampling
        .or(picture.origin.subsampling)
        .unwrap_or(Subsampling::S444);
    encoder.set_sampling_factor(match subsampling {
        Subsampling::S444 => SamplingFactor::R_4_4_4,
        Subsampling::S422 => SamplingFactor::R_4_2_2,
        Subsampling::S440 => SamplingFactor::R_4_4_0,
        Subsampling::S420 => SamplingFactor::R_4_2_0,
    });
    for (number, content) in jpeg_segments(metadata)? {
        encoder
            .add_app_segment(number, content)
            .map_err(|error| unwritable(Format::Jpeg, &error))?;
    }
    if let Some(icc) = &metadata.icc {
        encoder
            .add_icc_profile(icc)
            .map_err(|error| unwritable(Format::Jpeg, &error))?;
    }
    let opaque: Vec<u8>;
    let (samples, kind) = match picture.layout {
        Layout::Gray => (&*samples, ColorType::Luma),
        Layout::Rgb => (&*samples, ColorType::Rgb),
        Layout::Rgba => (&*samples, ColorType::Rgba),
        Layout::GrayAlpha => {
            opaque = samples
                .chunks_exact(2)
                .filter_map(|pixel| pixel.first())
                .copied()
                .collect();
            (opaque.as_slice(), ColorType::Luma)
        }
    };
    encoder
        .encode(samples, width, height, kind)
        .map_err(|error| unwritable(Format::Jpeg, &error))?;
    Ok(out)
}

fn webp(
    picture: &Picture,
    encoding: &PictureEncoding,
    metadata: &Metadata,
) -> Result<Vec<u8>, MediaError> {
    let failed = |reason: String| MediaError::CannotWrite {
        format: Format::WebP,
        reason,
    };
    if picture.width.max(picture.height) > WEBP_SIDE {
        return Err(failed(format!("a side is longer than {WEBP_SIDE} pixels")));
    }
    let alpha = picture.layout.has_alpha();
    let samples = eight_bits(&picture.samples);
    let samples = match picture.layout {
        Layout::Gray => spread(&samples, false),
        Layout::GrayAlpha => spread(&samples, true),
        Layout::Rgb | Layout::Rgba => samples.into_owned(),
    };
    let layout = if alpha {
        webp::PixelLayout::Rgba
    } else {
        webp::PixelLayout::Rgb
    };
    let encoder = webp::Encoder::new(&samples, layout, picture.width, picture.height);
    let mut config = webp::WebPConfig::new()
        .map_err(|()| failed("the encoder has another version".to_owned()))?;
    let lossless = encoding
        .lossless
        .unwrap_or(encoding.quality.is_none() && picture.origin.lossless);
    config.lossless = i32::from(lossless);
    // Pixels under full transparency are part of the picture: nothing is lost without being asked.
    config.exact = 1;
    config.quality = if lossless {
        75.0 // effort, not quality
    } else {
        f32::from(
            encoding
                .quality
                .or(picture.origin.quality)
                .unwrap_or(DEFAULT_QUALITY),
        )
    };
    let encoded = encoder
        .encode_advanced(&config)
        .map_err(|error| failed(format!("{error:?}")))?;
    Ok(into_webp(
        encoded.to_vec(),
        metadata,
        picture.width,
        picture.height,
        alpha,
    ))
}

fn tiff(picture: &Picture, metadata: &Metadata) -> Result<Vec<u8>, MediaError> {
    use tiff::encoder::colortype::{Gray8, Gray16, RGB8, RGB16, RGBA8, RGBA16};
    match (&picture.samples, picture.layout) {
        (PictureSamples::U8(samples), Layout::Gray) => tiff_of::<Gray8>(picture, samples, metadata),
        (PictureSamples::U8(samples), Layout::Rgb) => tiff_of::<RGB8>(picture, samples, metadata),
        (PictureSamples::U8(samples), Layout::Rgba) => tiff_of::<RGBA8>(picture, samples, metadata),
        (PictureSamples::U8(samples), Layout::GrayAlpha) => {
            tiff_of::<RGBA8>(picture, &spread(samples, true), metadata)
        }
        (PictureSamples::U16(samples), Layout::Gray) => {
            tiff_of::<Gray16>(picture, samples, metadata)
        }
        (PictureSamples::U16(samples), Layout::Rgb) => tiff_of::<RGB16>(picture, samples, metadata),
        (PictureSamples::U16(samples), Layout::Rgba) => {
            tiff_of::<RGBA16>(picture, samples, metadata)
        }
        (PictureSamples::U16(samples), Layout::GrayAlpha) => {
            tiff_of::<RGBA16>(picture, &spread(samples, true), metadata)
        }
    }
}

fn tiff_of<C: tiff::encoder::colortype::ColorType>(
    picture: &Picture,
    samples: &[C::Inner],
    metadata: &Metadata,
) -> Result<Vec<u8>, MediaError>
where
    [C::Inner]: tiff::encoder::TiffValue,
{
    let mut out = std::io::Cursor::new(Vec::new());
    let mut write = || -> tiff::TiffResult<()> {
        let mut file = tiff::encoder::TiffEncoder::new(&mut out)?
            .with_compression(tiff::encoder::Compression::Lzw);
        let mut image = file.new_image::<C>(picture.width, picture.height)?;
        for (tag, content) in [(TIFF_XMP, &metadata.xmp), (TIFF_ICC, &metadata.icc)] {
            if let Some(content) = content {
                image.encoder().write_tag(
                    tiff::tags::Tag::from_u16_exhaustive(tag),
                    content.as_slice(),
                )?;
            }
        }
        image.write_data(samples)
    };
    write().map_err(|error| unwritable(Format::Tiff, &error))?;
    Ok(out.into_inner())
}

/// Samples of 8 bits: 16-bit ones are rounded.
fn eight_bits(samples: &PictureSamples) -> std::borrow::Cow<'_, [u8]> {
    match samples {
        PictureSamples::U8(samples) => samples.into(),
        // 65535 / 255 = 257.
        PictureSamples::U16(samples) => samples
            .iter()
            .map(|&sample| ((u32::from(sample) + 128) / 257) as u8)
            .collect(),
    }
}

/// Grey, with or without opacity, as RGB or RGBA.
fn spread<T: Copy>(samples: &[T], alpha: bool) -> Vec<T> {
    let pixel = if alpha { 2 } else { 1 };
    let wide = |pixel: &[T]| -> Vec<T> {
        let grey = pixel.iter().take(1).cycle().take(3);
        grey.chain(pixel.get(1..).unwrap_or(&[])).copied().collect()
    };
    samples.chunks_exact(pixel).flat_map(wide).collect()
}
