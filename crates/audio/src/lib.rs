//! filigrane's audio watermark: samples in, samples out.

#![forbid(unsafe_code)]

mod accept;
mod alignment;
mod band_gate;
mod change;
mod detect;
mod embed;
mod error;
mod format;
mod gate;
mod localise;
mod map;
mod monitor;
mod pattern;
mod perception;
mod refine;
mod resample;
mod search;
mod sound;
mod statistic;
mod stft;
mod stream;
mod sync;
mod watermark;
mod weights;
mod window;

pub use error::AudioError;
pub use monitor::AudioDetector;
pub use sound::{CHANNELS, RATES, SoundMut, SoundRef};
pub use stream::{AudioEmbedder, StreamSetting};
pub use watermark::{
    AudioPlace, AudioPlan, AudioQuality, AudioStrength, AudioWatermark, Region, UnknownStrength,
};
