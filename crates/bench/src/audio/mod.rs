//! The measurement of audio watermarks.
//!
//! [`measure()`] takes a [`Corpus`] of clips, a [`Scheme`] and [`Settings`]; the [`Measurement`] that
//! comes back holds one [`Trial`] per clip, seed, attack and crop length, and is written as JSON
//! Lines ([`write_json_lines`]), as Markdown ([`markdown`]) and as a page with spectrograms ([`html()`]).
//!
//! Each clip is marked once per seed, as a whole, and rounded to 16 bits. Every attack gets the
//! whole marked clip; the detector gets a crop of what is left, at a random offset.

pub mod attacks;
mod chance;
mod command;
mod copy;
mod corpus;
pub mod dsp;
mod html;
mod json_lines;
mod long;
mod measure;
pub mod quality;
mod report;
mod scheme;
pub mod sound;
mod spectrogram;
#[cfg(test)]
mod testing;

pub use chance::chance;
pub use command::{AudioArguments, attack_files, run};
pub use copy::copy;
pub use corpus::{Clip, Corpus, Kind};
pub use html::html;
pub use json_lines::write_json_lines;
pub use long::long;
pub use measure::{Embedding, Length, Measurement, Outcome, Settings, Subject, Trial, measure};
pub use report::markdown;
pub use scheme::{Filigrane, Look, Scheme};
pub use sound::Sound;
pub use spectrogram::{Example, examples};
