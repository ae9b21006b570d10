//! Reading JPEG with `jpeg-decoder`. The decoder behind the `image` crate (`zune-jpeg` 0.5.15) turns
//! flat areas of files with optimised Huffman tables into other colours without an error, which a test
//! here would show.

use jpeg_decoder::{Decoder, Error, PixelFormat};

use crate::error::{MediaError, one_line};
use crate::format::Format;
use crate::picture::{Layout, Picture, PictureSamples, header};

/// Decodes a JPEG whose number of pixels is already known to be within the limits.
pub(super) fn decode(bytes: &[u8]) -> Result<Picture, MediaError> {
    let mut decoder = Decoder::new(bytes);
    let samples = decoder.decode().map_err(|error| failure(&error))?;
    let info = decoder
        .info()
        .ok_or_else(|| damaged("it has no frame".to_owned()))?;
    let (layout, samples) = match info.pixel_format {
        PixelFormat::L8 => (Layout::Gray, samples),
        PixelFormat::RGB24 => (Layout::Rgb, samples),
        PixelFormat::CMYK32 => (
            Layout::Rgb,
            rgb_of_inks(&samples, header::has_adobe_segment(bytes)),
        ),
        PixelFormat::L16 => return Err(unsupported("lossless JPEG of 16 bits".to_owned())),
    };
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    let picture = Picture::new(width, height, layout, PictureSamples::U8(samples));
    picture.ok_or_else(|| damaged(format!("its data do not fill {width}×{height} pixels")))
}

/// Light that is left by four inks. Files with Adobe's segment store the inks inverted; the decoder
/// inverts them for every file alike.
fn rgb_of_inks(cmyk: &[u8], inverted: bool) -> Vec<u8> {
    let light = |ink: u8| u32::from(if inverted { 255 - ink } else { ink });
    let pixel = |&[cyan, magenta, yellow, key]: &[u8; 4]| {
        [cyan, magenta, yellow].map(|ink| ((light(ink) * light(key) + 127) / 255) as u8)
    };
    cmyk.as_chunks::<4>().0.iter().flat_map(pixel).collect()
}

fn failure(error: &Error) -> MediaError {
    match error {
        Error::Unsupported(what) => unsupported(format!("{what:?}")),
        other => damaged(one_line(other)),
    }
}

fn damaged(reason: String) -> MediaError {
    MediaError::Damaged {
        format: Format::Jpeg,
        reason,
    }
}

fn unsupported(what: String) -> MediaError {
    MediaError::Unsupported {
        format: Format::Jpeg,
        what,
    }
}
