//! Borrowed pictures.

use multiversion::multiversion;

use crate::error::ImageError;
use crate::plane::Plane;

/// Which samples a pixel has, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channels {
    /// Grey.
    Gray,
    /// Grey and opacity.
    GrayAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, opacity.
    Rgba,
}

impl Channels {
    /// Samples of a pixel, 1 to 4.
    #[must_use]
    pub const fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    /// Samples of a pixel without opacity: 1 or 3.
    #[must_use]
    pub const fn colors(self) -> usize {
        match self {
            Self::Gray | Self::GrayAlpha => 1,
            Self::Rgb | Self::Rgba => 3,
        }
    }
}

/// Samples row by row, the channels of a pixel side by side, full scale being white.
#[derive(Debug, Clone, Copy)]
pub enum Samples<'a> {
    /// 8 bits.
    U8(&'a [u8]),
    /// 16 bits.
    U16(&'a [u16]),
}

/// Samples that can be changed, as [`Samples`].
#[derive(Debug)]
pub enum SamplesMut<'a> {
    /// 8 bits.
    U8(&'a mut [u8]),
    /// 16 bits.
    U16(&'a mut [u16]),
}

/// A picture to look at.
#[derive(Debug, Clone, Copy)]
pub struct PixelsRef<'a> {
    width: usize,
    height: usize,
    channels: Channels,
    samples: Samples<'a>,
}

/// A picture to mark in place.
#[derive(Debug)]
pub struct PixelsMut<'a> {
    width: usize,
    height: usize,
    channels: Channels,
    samples: SamplesMut<'a>,
}

/// One 8-bit grey level in 16-bit samples: 65535 / 255.
const LEVEL_U16: f32 = 257.0;
/// Luma of ITU-R BT.601, the one that JPEG codes.
pub(crate) const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

impl<'a> PixelsRef<'a> {
    /// A picture of `width` columns and `height` rows.
    ///
    /// # Errors
    /// [`ImageError::Shape`] unless there are `width × height × channels` samples.
    pub fn new(
        width: u32,
        height: u32,
        channels: Channels,
        samples: Samples<'a>,
    ) -> Result<Self, ImageError> {
        let found = match samples {
            Samples::U8(samples) => samples.len(),
            Samples::U16(samples) => samples.len(),
        };
        check(width, height, channels, found)?;
        Ok(Self {
            width: width as usize,
            height: height as usize,
            channels,
            samples,
        })
    }

    pub(crate) const fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    pub(crate) const fn channels(&self) -> Channels {
        self.channels
    }

    /// Whether samples are whole 8-bit grey levels.
    pub(crate) const fn is_of_whole_levels(&self) -> bool {
        matches!(self.samples, Samples::U8(_))
    }

    /// Luma in 8-bit grey levels, 0 to 255.
    pub(crate) fn luma(&self) -> Plane {
        let data = match self.samples {
            Samples::U8(samples) => luma(samples, self.channels, 1.0),
            Samples::U16(samples) => luma(samples, self.channels, 1.0 / LEVEL_U16),
        };
        Plane {
            width: self.width,
            height: self.height,
            data,
        }
    }
}

impl<'a> PixelsMut<'a> {
    /// A picture of `width` columns and `height` rows.
    ///
    /// # Errors
    /// [`ImageError::Shape`] unless there are `width × height × channels` samples.
    pub fn new(
        width: u32,
        height: u32,
        channels: Channels,
        samples: SamplesMut<'a>,
    ) -> Result<Self, ImageError> {
        let found = match &samples {
            SamplesMut::U8(samples) => samples.len(),
            SamplesMut::U16(samples) => samples.len(),
        };
        check(width, height, channels, found)?;
        Ok(Self {
            width: width as usize,
            height: height as usize,
            channels,
            samples,
        })
    }

    /// The same picture, to look at.
    #[must_use]
    pub fn as_ref(&self) -> PixelsRef<'_> {
        let samples = match &self.samples {
            SamplesMut::U8(samples) => Samples::U8(samples),
            SamplesMut::U16(samples) => Samples::U16(samples),
        };
        PixelsRef {
            width: self.width,
            height: self.height,
            channels: self.channels,
            samples,
        }
    }

    /// A copy of the samples, for [`restore`](Self::restore).
    pub(crate) fn to_samples(&self) -> Copied {
        match &self.samples {
            SamplesMut::U8(samples) => Copied::U8(samples.to_vec()),
            SamplesMut::U16(samples) => Copied::U16(samples.to_vec()),
        }
    }

    /// Puts samples back that were copied from this picture.
    pub(crate) fn restore(&mut self, copied: &Copied) {
        match (&mut self.samples, copied) {
            (SamplesMut::U8(samples), Copied::U8(copied)) => samples.copy_from_slice(copied),
            (SamplesMut::U16(samples), Copied::U16(copied)) => samples.copy_from_slice(copied),
            // A picture's depth does not change.
            (SamplesMut::U8(_), Copied::U16(_)) | (SamplesMut::U16(_), Copied::U8(_)) => {}
        }
    }

    pub(crate) const fn channels(&self) -> Channels {
        self.channels
    }

    pub(crate) const fn samples_mut(&mut self) -> &mut SamplesMut<'a> {
        &mut self.samples
    }
}

/// Samples of a picture, kept.
pub(crate) enum Copied {
    U8(Vec<u8>),
    U16(Vec<u16>),
}

fn check(width: u32, height: u32, channels: Channels, found: usize) -> Result<(), ImageError> {
    let pixels = (width as usize).saturating_mul(height as usize);
    let expected = pixels.saturating_mul(channels.count());
    if found == expected && found > 0 {
        Ok(())
    } else {
        Err(ImageError::Shape { expected, found })
    }
}

/// A sample's arithmetic, the same for both depths.
pub(crate) trait Depth: Copy + Into<f32> {
    /// Samples per 8-bit grey level.
    const LEVEL: f32;
    /// The nearest sample to a value, within the scale.
    fn from_value(value: f32) -> Self;
}

impl Depth for u8 {
    const LEVEL: f32 = 1.0;
    fn from_value(value: f32) -> Self {
        (value + 0.5) as Self // `as` saturates
    }
}

impl Depth for u16 {
    const LEVEL: f32 = LEVEL_U16;
    fn from_value(value: f32) -> Self {
        (value + 0.5) as Self
    }
}

fn luma<T: Depth>(samples: &[T], channels: Channels, scale: f32) -> Vec<f32> {
    let weights = LUMA.map(|weight| weight * scale);
    let mut out = vec![0.0; samples.len() / channels.count()];
    match channels {
        Channels::Gray => grays::<T, 1>(samples, scale, &mut out),
        Channels::GrayAlpha => grays::<T, 2>(samples, scale, &mut out),
        Channels::Rgb => colours::<T, 3>(samples, weights, &mut out),
        Channels::Rgba => colours::<T, 4>(samples, weights, &mut out),
    }
    out
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2"))]
fn grays<T: Depth, const COUNT: usize>(samples: &[T], scale: f32, out: &mut [f32]) {
    for (out, pixel) in out.iter_mut().zip(samples.chunks_exact(COUNT)) {
        *out = pixel[0].into() * scale;
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2"))]
fn colours<T: Depth, const COUNT: usize>(samples: &[T], [r, g, b]: [f32; 3], out: &mut [f32]) {
    for (out, pixel) in out.iter_mut().zip(samples.chunks_exact(COUNT)) {
        *out = r * pixel[0].into() + g * pixel[1].into() + b * pixel[2].into();
    }
}
