//! filigrane's audio watermark: samples in, samples out.

#![forbid(unsafe_code)]

mod detect;
mod embed;
mod error;
mod format;
mod map;
mod pattern;
mod perception;
mod resample;
mod sound;
mod stft;
mod watermark;

pub use error::AudioError;
pub use sound::{CHANNELS, RATES, SoundMut, SoundRef};
pub use watermark::{AudioPlace, AudioPlan, AudioQuality, AudioWatermark, Region};
