//! Small versions of pictures.

use fast_image_resize::images::Image;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::encode::encode_picture;
use super::{Layout, Picture, PictureEncoding, PictureSamples};
use crate::error::MediaError;
use crate::format::Format;
use crate::metadata::Metadata;

/// JPEG quality: nobody prints a thumbnail.
const QUALITY: u8 = 80;

/// A JPEG of a picture, over white, at most `longest` pixels wide and high and never larger than the picture.
///
/// Pixels are as stored: an orientation in the metadata is not applied.
///
/// # Errors
/// [`MediaError::CannotWrite`] where the picture cannot be scaled or coded.
pub fn thumbnail(picture: &Picture, longest: u32) -> Result<Vec<u8>, MediaError> {
    let failed = |reason: String| MediaError::CannotWrite {
        format: Format::Jpeg,
        reason,
    };
    let side = picture.width.max(picture.height).max(1);
    let scale = (f64::from(longest.max(1)) / f64::from(side)).min(1.0);
    let scaled = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    let (width, height) = (scaled(picture.width), scaled(picture.height));
    let source = Image::from_vec_u8(
        picture.width,
        picture.height,
        over_white(picture),
        PixelType::U8x3,
    )
    .map_err(|error| failed(error.to_string()))?;
    let mut target = Image::new(width, height, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
    Resizer::new()
        .resize(&source, &mut target, &options)
        .map_err(|error| failed(error.to_string()))?;
    let samples = PictureSamples::U8(target.into_vec());
    let small = Picture::new(width, height, Layout::Rgb, samples)
        .ok_or_else(|| failed("its size does not fit its samples".to_owned()))?;
    let encoding = PictureEncoding {
        quality: Some(QUALITY),
        ..PictureEncoding::default()
    };
    encode_picture(&small, Format::Jpeg, &encoding, &Metadata::default())
}

/// Red, green and blue of 8 bits.
fn over_white(picture: &Picture) -> Vec<u8> {
    let channels = picture.layout.channels();
    match &picture.samples {
        PictureSamples::U8(samples) => samples
            .chunks_exact(channels)
            .flat_map(|pixel| rgb(picture.layout, pixel, |sample| *sample))
            .collect(),
        PictureSamples::U16(samples) => samples
            .chunks_exact(channels)
            .flat_map(|pixel| rgb(picture.layout, pixel, |sample| (*sample >> 8) as u8))
            .collect(),
    }
}

fn rgb<T>(layout: Layout, pixel: &[T], byte: impl Fn(&T) -> u8) -> [u8; 3] {
    let mut values = [0_u8; 4];
    for (value, sample) in values.iter_mut().zip(pixel) {
        *value = byte(sample);
    }
    let [red, green, blue, alpha] = match layout {
        Layout::Gray => [values[0], values[0], values[0], 255],
        Layout::GrayAlpha => [values[0], values[0], values[0], values[1]],
        Layout::Rgb => [values[0], values[1], values[2], 255],
        Layout::Rgba => values,
    };
    [red, green, blue].map(|value| {
        let (value, alpha) = (u32::from(value), u32::from(alpha));
        ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    })
}
