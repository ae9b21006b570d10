//! Borrowed sounds: a sampling rate and one slice of samples per channel.

use std::ops::RangeInclusive;

use crate::error::AudioError;

/// Sampling rates that can be marked and searched, in hertz.
pub const RATES: RangeInclusive<u32> = 8_000..=192_000;
/// Numbers of channels that can be marked and searched.
pub const CHANNELS: RangeInclusive<usize> = 1..=8;

/// A sound to look at: 1 to 8 channels of equal length at 8 to 192 kHz.
///
/// Full scale is ±1, but any scale is read. Samples that are not finite count as 0: a damaged file
/// can still be searched.
#[derive(Debug, Clone)]
pub struct SoundRef<'a> {
    rate: u32,
    channels: Vec<&'a [f32]>,
}

impl<'a> SoundRef<'a> {
    /// Checks the shape of a sound and borrows it.
    ///
    /// # Errors
    /// [`AudioError::Rate`], [`AudioError::Channels`] or [`AudioError::Lengths`].
    pub fn new(
        rate: u32,
        channels: impl IntoIterator<Item = &'a [f32]>,
    ) -> Result<Self, AudioError> {
        let channels: Vec<&[f32]> = channels.into_iter().collect();
        check_shape(rate, channels.iter().map(|channel| channel.len()))?;
        Ok(Self { rate, channels })
    }

    /// Samples per second.
    #[must_use]
    pub const fn rate(&self) -> u32 {
        self.rate
    }

    /// The channels' samples.
    #[must_use]
    pub fn channels(&self) -> &[&'a [f32]] {
        &self.channels
    }

    /// Samples of each channel.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.channels.first().map_or(0, |channel| channel.len())
    }

    /// A part of the sound; what lies outside it is left out.
    pub(crate) fn slice(&self, frames: std::ops::Range<usize>) -> Self {
        let end = frames.end.min(self.frames());
        let start = frames.start.min(end);
        Self {
            rate: self.rate,
            channels: self.channels.iter().map(|c| &c[start..end]).collect(),
        }
    }

    /// Duration in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.frames() as f64 / f64::from(self.rate)
    }
}

/// A sound to be marked in place: 1 to 8 channels of equal length at 8 to 192 kHz, full scale ±1,
/// every sample finite.
#[derive(Debug)]
pub struct SoundMut<'a> {
    rate: u32,
    channels: Vec<&'a mut [f32]>,
}

impl<'a> SoundMut<'a> {
    /// Checks a sound's shape and samples and borrows it.
    ///
    /// # Errors
    /// [`AudioError::Rate`], [`AudioError::Channels`], [`AudioError::Lengths`] or
    /// [`AudioError::NotFinite`].
    pub fn new(
        rate: u32,
        channels: impl IntoIterator<Item = &'a mut [f32]>,
    ) -> Result<Self, AudioError> {
        let channels: Vec<&mut [f32]> = channels.into_iter().collect();
        check_shape(rate, channels.iter().map(|channel| channel.len()))?;
        for (channel, samples) in channels.iter().enumerate() {
            if let Some(index) = samples.iter().position(|sample| !sample.is_finite()) {
                let value = samples[index];
                return Err(AudioError::NotFinite {
                    channel,
                    index,
                    value,
                });
            }
        }
        Ok(Self { rate, channels })
    }

    /// Samples per second.
    #[must_use]
    pub const fn rate(&self) -> u32 {
        self.rate
    }

    /// The channels' samples.
    pub fn channels_mut(&mut self) -> &mut [&'a mut [f32]] {
        &mut self.channels
    }

    /// The same sound to look at.
    #[must_use]
    pub fn as_sound_ref(&self) -> SoundRef<'_> {
        SoundRef {
            rate: self.rate,
            channels: self.channels.iter().map(|channel| &**channel).collect(),
        }
    }
}

pub(crate) fn check_shape(
    rate: u32,
    lengths: impl Iterator<Item = usize>,
) -> Result<(), AudioError> {
    if !RATES.contains(&rate) {
        return Err(AudioError::Rate { found: rate });
    }
    let lengths: Vec<usize> = lengths.collect();
    if !CHANNELS.contains(&lengths.len()) {
        return Err(AudioError::Channels {
            found: lengths.len(),
        });
    }
    let expected = lengths.first().copied().unwrap_or(0);
    match lengths.iter().position(|&length| length != expected) {
        Some(channel) => Err(AudioError::Lengths {
            channel,
            expected,
            found: lengths[channel],
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_checked() {
        let short = [0.0_f32; 3];
        let long = [0.0_f32; 4];
        let new =
            |rate, channels: &[&'static [f32]]| SoundRef::new(rate, channels.iter().copied()).err();
        assert_eq!(new(7_999, &[&[]]), Some(AudioError::Rate { found: 7_999 }));
        assert_eq!(new(8_000, &[]), Some(AudioError::Channels { found: 0 }));
        assert_eq!(
            new(8_000, &[&[][..]; 9]),
            Some(AudioError::Channels { found: 9 })
        );
        assert_eq!(new(192_000, &[&[][..]; 8]), None);
        assert_eq!(
            SoundRef::new(8_000, [&short[..], &long[..]]).err(),
            Some(AudioError::Lengths {
                channel: 1,
                expected: 3,
                found: 4
            })
        );
    }

    #[test]
    fn only_what_is_marked_must_be_finite() {
        let mut samples = [0.0, f32::NAN];
        assert!(SoundRef::new(8_000, [&samples[..]]).is_ok());
        assert!(matches!(
            SoundMut::new(8_000, [&mut samples[..]]).err(),
            Some(AudioError::NotFinite {
                channel: 0,
                index: 1,
                ..
            })
        ));
    }
}
