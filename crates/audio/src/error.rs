//! What can go wrong.

use filigrane_payload::CodeError;

/// Why a sound could not be looked at or could not be marked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AudioError {
    /// The sampling rate is outside the supported range.
    #[error("expected a sampling rate of 8000 to 192000 Hz, found {found} Hz")]
    Rate {
        /// The rate that was given, in hertz.
        found: u32,
    },
    /// There are no channels, or too many.
    #[error("expected 1 to 8 channels, found {found}")]
    Channels {
        /// How many channels were given.
        found: usize,
    },
    /// The channels have different lengths.
    #[error("expected {expected} samples in channel {channel} as in the first, found {found}")]
    Lengths {
        /// The channel that differs, counted from 0.
        channel: usize,
        /// Samples of the first channel.
        expected: usize,
        /// Samples of this channel.
        found: usize,
    },
    /// A sample to be marked is not a number.
    #[error("expected finite samples, found `{value}` in channel {channel} at sample {index}")]
    NotFinite {
        /// The channel, counted from 0.
        channel: usize,
        /// The sample, counted from 0.
        index: usize,
        /// What was found there.
        value: f32,
    },
    /// The sound is shorter than one block of the mark.
    #[error("expected at least {needed_s:.2} s of sound, found {found_s:.2} s")]
    TooShort {
        /// Duration that was given, in seconds.
        found_s: f64,
        /// Shortest duration that carries a mark, in seconds.
        needed_s: f64,
    },
    /// The mark could not be read back from the marked sound, at any strength that the quality
    /// floor allows: silence, or next to nothing between 312 and 6969 Hz.
    #[error(
        "the sound cannot carry a mark: nothing read back at {snr_db:.1} dB signal-to-noise ratio"
    )]
    CannotCarry {
        /// Signal-to-mark ratio of the last try, in decibels; infinite where nothing could change.
        snr_db: f64,
    },
    /// No code could be made for the key.
    #[error(transparent)]
    Code(#[from] CodeError),
}
