//! Pictures: pixels as they are stored, and what is needed to write them back alike.

mod decode;
mod encode;
mod header;
mod jpeg;
mod metadata;
mod thumbnail;
mod tiff;

use crate::format::Format;

pub use decode::{decode_picture, picture_dimensions};
pub use encode::{PictureEncoding, encode_picture};
pub use header::Subsampling;
pub(crate) use metadata::read_metadata;
pub use thumbnail::thumbnail;

/// Which channels a pixel has, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Grey.
    Gray,
    /// Grey and opacity.
    GrayAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, opacity.
    Rgba,
}

impl Layout {
    /// Samples of a pixel, 1 to 4.
    #[must_use]
    pub const fn channels(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    /// Whether the last channel is opacity.
    #[must_use]
    pub const fn has_alpha(self) -> bool {
        matches!(self, Self::GrayAlpha | Self::Rgba)
    }
}

/// The samples of a picture, row by row, the channels of a pixel side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PictureSamples {
    /// 8 bits a sample.
    U8(Vec<u8>),
    /// 16 bits a sample.
    U16(Vec<u16>),
}

impl PictureSamples {
    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::U8(samples) => samples.len(),
            Self::U16(samples) => samples.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bits of a sample, 8 or 16.
    #[must_use]
    pub const fn bits(&self) -> u8 {
        match self {
            Self::U8(_) => 8,
            Self::U16(_) => 16,
        }
    }
}

/// How a picture was stored, so that it can be written back alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PictureOrigin {
    /// The container; nothing for pixels that were made in memory.
    pub format: Option<Format>,
    /// The JPEG quality that the quantisation tables come nearest to, 1 to 100.
    pub quality: Option<u8>,
    /// Chroma subsampling of a JPEG.
    pub subsampling: Option<Subsampling>,
    /// Whether the pixels were stored without loss.
    pub lossless: bool,
}

/// A decoded picture. The EXIF orientation is not applied: pixels are as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Channels of a pixel.
    pub layout: Layout,
    /// `width × height × channels` samples.
    pub samples: PictureSamples,
    /// How it was stored.
    pub origin: PictureOrigin,
}

impl Picture {
    /// A picture from pixels in memory; nothing unless there are `width × height × channels` samples
    /// and at least one pixel.
    #[must_use]
    pub fn new(width: u32, height: u32, layout: Layout, samples: PictureSamples) -> Option<Self> {
        let pixels = (width as usize).checked_mul(height as usize)?;
        let expected = pixels.checked_mul(layout.channels())?;
        let fits = expected > 0 && samples.len() == expected;
        fits.then_some(Self {
            width,
            height,
            layout,
            samples,
            origin: PictureOrigin::default(),
        })
    }

    /// Width times height.
    #[must_use]
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}
