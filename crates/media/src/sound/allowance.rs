//! How much one sound may take, decided before memory is asked for.

use super::damaged;
use crate::error::MediaError;
use crate::format::Format;
use crate::limits::Limits;

/// The highest rate taken for real, in Hz: four times the highest that recorders offer. A header
/// with a greater number is damaged, and FLAC and WAV tools agree on refusing it.
const MAX_RATE: u32 = 768_000;

/// Rate times channels of an ordinary sound, 48 kHz stereo. A sound at the duration limit may have
/// as many samples as this gives; a denser one (8 channels at 192 kHz) must be shorter, because
/// memory is spent on samples and not on seconds.
const ORDINARY_SAMPLES_PER_SECOND: f64 = 96_000.0;

/// So many samples (256 MiB as `f32`) are always allowed, so that a limit of a few seconds does
/// not turn away short sounds of many channels.
const ALWAYS_ALLOWED_SAMPLES: f64 = 67_108_864.0;

/// The frames (one sample of every channel) that a sound of a given rate and width may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    rate: u32,
    channels: u64,
    frames: u64,
    by_duration: f64,
}

impl Allowance {
    /// Checks rate and channel count, and works out how many frames `limits` leave for them.
    ///
    /// # Errors
    ///
    /// [`MediaError::Damaged`] for a rate or a channel count of zero or a rate beyond belief,
    /// [`MediaError::Limit`] for too many channels.
    pub(super) fn new(
        format: Format,
        rate: u32,
        channels: usize,
        limits: &Limits,
    ) -> Result<Self, MediaError> {
        if rate == 0 || rate > MAX_RATE {
            return Err(damaged(format, format!("a sampling rate of {rate} Hz")));
        }
        if channels == 0 {
            return Err(damaged(format, "no channels"));
        }
        if channels > usize::from(limits.max_channels) {
            return Err(MediaError::Limit {
                what: "channels",
                limit: u64::from(limits.max_channels),
                found: channels as u64,
            });
        }
        // A limit that is negative or not a number allows nothing.
        let seconds = limits.max_duration_s.max(0.0);
        let by_duration = seconds * f64::from(rate);
        let samples = (seconds * ORDINARY_SAMPLES_PER_SECOND).max(ALWAYS_ALLOWED_SAMPLES);
        let frames = by_duration.min(samples / channels as f64) as u64;
        Ok(Self {
            rate,
            channels: channels as u64,
            frames,
            by_duration,
        })
    }

    /// Whether a sound may have `frames` frames.
    ///
    /// # Errors
    ///
    /// [`MediaError::Limit`] where it may not.
    pub(super) fn check(&self, frames: u64) -> Result<(), MediaError> {
        if frames <= self.frames {
            return Ok(());
        }
        if frames as f64 > self.by_duration {
            return Err(MediaError::Limit {
                what: "seconds of sound",
                limit: (self.by_duration / f64::from(self.rate)) as u64,
                found: frames.div_ceil(u64::from(self.rate)),
            });
        }
        Err(MediaError::Limit {
            what: "samples",
            limit: self.frames.saturating_mul(self.channels),
            found: frames.saturating_mul(self.channels),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(rate: u32, channels: usize, limits: &Limits) -> Allowance {
        Allowance::new(Format::Wav, rate, channels, limits).unwrap()
    }

    #[test]
    fn an_ordinary_sound_may_reach_the_duration_limit() {
        let limits = Limits::default();
        assert!(allowed(48_000, 2, &limits).check(4 * 3600 * 48_000).is_ok());
        let error = allowed(48_000, 2, &limits)
            .check(4 * 3600 * 48_000 + 1)
            .unwrap_err();
        assert!(
            matches!(
                error,
                MediaError::Limit {
                    what: "seconds of sound",
                    limit: 14_400,
                    ..
                }
            ),
            "{error:?}"
        );
    }

    #[test]
    fn a_dense_sound_is_bounded_by_its_samples() {
        let limits = Limits::default();
        let error = allowed(192_000, 8, &limits)
            .check(3600 * 192_000)
            .unwrap_err();
        assert!(
            matches!(
                error,
                MediaError::Limit {
                    what: "samples",
                    ..
                }
            ),
            "{error:?}"
        );
        // A short limit does not hit a short sound of many channels.
        let limits = Limits {
            max_duration_s: 30.0,
            ..limits
        };
        assert!(allowed(192_000, 8, &limits).check(29 * 192_000).is_ok());
    }

    #[test]
    fn senseless_headers_are_refused() {
        let limits = Limits::default();
        for (rate, channels) in [(0, 2), (48_000, 0), (u32::MAX, 1)] {
            let error = Allowance::new(Format::Wav, rate, channels, &limits).unwrap_err();
            assert!(matches!(error, MediaError::Damaged { .. }), "{error:?}");
        }
        let error = Allowance::new(Format::Wav, 48_000, 9, &limits).unwrap_err();
        let expected = MediaError::Limit {
            what: "channels",
            limit: 8,
            found: 9,
        };
        assert_eq!(error, expected);
        let nothing = Limits {
            max_duration_s: f64::NAN,
            ..limits
        };
        assert!(allowed(48_000, 1, &nothing).check(1).is_err());
    }
}
