//! Codes of ISO 24138 (ISCC), for others who look for the same content.
//!
//! The codes themselves come from `iscc-lib`, the sounds' features from a port of Chromaprint. What the standard leaves to
//! the application is done as its reference implementation does it: pictures over white, without a border of one colour,
//! grey, and scaled with a bicubic filter.

use fast_image_resize::images::Image;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use filigrane_media::{Layout, Picture, PictureSamples, Sound};
use rusty_chromaprint::{Configuration, Fingerprinter};

/// Bits of the codes, the standard's default. Versions of the library agree on these and not on further ones.
const BITS: u32 = 64;
/// Columns and rows that the image code wants.
const SIDE: u32 = 32;

/// Why there is no code.
#[derive(Debug, thiserror::Error)]
#[error("no ISCC can be computed: {reason}")]
pub struct IsccError {
    reason: String,
}

/// The Image-Code of a picture, 64 bits, as in `ISCC:EEA…`.
///
/// The picture is taken as it is stored: an orientation in its metadata does not count.
///
/// # Errors
/// [`IsccError`] for a picture without pixels.
pub fn iscc_image(picture: &Picture) -> Result<String, IsccError> {
    let failed = |reason: String| IsccError { reason };
    let grey = trimmed(Grey::of(picture));
    let source = Image::from_vec_u8(grey.width, grey.height, grey.pixels, PixelType::U8)
        .map_err(|error| failed(error.to_string()))?;
    let mut target = Image::new(SIDE, SIDE, PixelType::U8);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
    Resizer::new()
        .resize(&source, &mut target, &options)
        .map_err(|error| failed(error.to_string()))?;
    let code = iscc_lib::gen_image_code_v0(target.buffer(), BITS);
    Ok(code.map_err(|error| failed(error.to_string()))?.iscc)
}

/// The Audio-Code of a sound, 64 bits, as in `ISCC:EIA…`.
///
/// # Errors
/// [`IsccError`] for a sound that is too short, below about three seconds.
pub fn iscc_audio(sound: &Sound) -> Result<String, IsccError> {
    let failed = |reason: String| IsccError { reason };
    let mut printer = Fingerprinter::new(&Configuration::default());
    printer
        .start(sound.rate, 1)
        .map_err(|error| failed(error.to_string()))?;
    let frames = sound.channels.first().map_or(0, Vec::len);
    let scale = f32::from(i16::MAX) / sound.channels.len().max(1) as f32;
    let mut samples = Vec::with_capacity(1 << 14);
    for begin in (0..frames).step_by(1 << 14) {
        samples.clear();
        for frame in begin..frames.min(begin + (1 << 14)) {
            let sum: f32 = sound
                .channels
                .iter()
                .filter_map(|channel| channel.get(frame))
                .sum();
            samples.push((sum * scale).clamp(-32_768.0, 32_767.0) as i16);
        }
        printer.consume(&samples);
    }
    printer.finish();
    // The standard takes Chromaprint's words as signed.
    let features: Vec<i32> = printer
        .fingerprint()
        .iter()
        .map(|word| word.cast_signed())
        .collect();
    if features.is_empty() {
        return Err(failed("the sound is too short".to_owned()));
    }
    let code = iscc_lib::gen_audio_code_v0(&features, BITS);
    Ok(code.map_err(|error| failed(error.to_string()))?.iscc)
}

/// A grey picture of 8 bits.
struct Grey {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Grey {
    /// Over white, by the weights of Rec. 601.
    fn of(picture: &Picture) -> Self {
        let channels = picture.layout.channels();
        let pixels = match &picture.samples {
            PictureSamples::U8(samples) => samples
                .chunks_exact(channels)
                .map(|pixel| grey(picture.layout, pixel, |sample| *sample))
                .collect(),
            PictureSamples::U16(samples) => samples
                .chunks_exact(channels)
                .map(|pixel| grey(picture.layout, pixel, |sample| (*sample >> 8) as u8))
                .collect(),
        };
        Self {
            width: picture.width,
            height: picture.height,
            pixels,
        }
    }
}

fn grey<T>(layout: Layout, pixel: &[T], byte: impl Fn(&T) -> u8) -> u8 {
    let mut values = [0_u32; 4];
    for (value, sample) in values.iter_mut().zip(pixel) {
        *value = u32::from(byte(sample));
    }
    let [red, green, blue, alpha] = match layout {
        Layout::Gray => [values[0], values[0], values[0], 255],
        Layout::GrayAlpha => [values[0], values[0], values[0], values[1]],
        Layout::Rgb => [values[0], values[1], values[2], 255],
        Layout::Rgba => values,
    };
    let over_white = |value: u32| (value * alpha + 255 * (255 - alpha) + 127) / 255;
    let weighted = 19_595 * over_white(red) + 38_470 * over_white(green) + 7_471 * over_white(blue);
    ((weighted + 0x8000) >> 16).min(255) as u8
}

/// Without the border that has the colour of the top left pixel; as it is where nothing else is there.
fn trimmed(grey: Grey) -> Grey {
    let width = grey.width as usize;
    let Some(&border) = grey.pixels.first() else {
        return grey;
    };
    let (mut left, mut right, mut top, mut bottom) = (width, 0, usize::MAX, 0);
    for (y, row) in grey.pixels.chunks_exact(width.max(1)).enumerate() {
        let mut inner = row
            .iter()
            .enumerate()
            .filter(|(_, pixel)| **pixel != border);
        if let Some((first, _)) = inner.next() {
            let last = inner.next_back().map_or(first, |(last, _)| last);
            (left, right) = (left.min(first), right.max(last));
            (top, bottom) = (top.min(y), y);
        }
    }
    if top == usize::MAX {
        return grey;
    }
    let rows = grey.pixels.chunks_exact(width).take(bottom + 1).skip(top);
    let pixels: Vec<u8> = rows
        .flat_map(|row| row.iter().take(right + 1).skip(left).copied())
        .collect();
    Grey {
        width: (right + 1 - left) as u32,
        height: (bottom + 1 - top) as u32,
        pixels,
    }
}
