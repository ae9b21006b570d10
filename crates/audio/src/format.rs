//! The numbers that make up format version 1 of the mark.
//!
//! Embedder and detector must agree on every one of them: a change here is another format.

/// Internal sampling rate in hertz. The mark lives below 7 kHz, which wide-band speech keeps.
pub(crate) const RATE: u32 = 16_000;
/// Samples of one analysis frame: 32 ms. Twice as long costs audible pre-echo, half as long a third
/// of the detector's statistic.
pub(crate) const FRAME: usize = 512;
/// Samples between frames: 16 ms.
pub(crate) const HOP: usize = 256;
/// First marked bin: 10 · 31.25 Hz = 312.5 Hz.
pub(crate) const FIRST_BIN: usize = 10;
/// Marked bins per frame, up to 6969 Hz.
pub(crate) const BINS: usize = 214;
/// Frames of the cyclic block: 2.4 s, so that any 2.4 s hold every coded symbol.
pub(crate) const PERIOD: usize = 150;
/// Frames of the block in which a bin carries a known sign; the others carry coded symbols.
pub(crate) const SYNC_FRAMES: usize = 30;
/// Coded symbols per block.
pub(crate) const SYMBOLS: usize = 1024;
/// Check bits of a payload. They do not guard against sounds that carry no mark, which the false-positive bound
/// does alone, but against reading a damaged mark as another one: with 12 of them, one of 835 attacked
/// sounds was.
pub(crate) const CHECK_BITS: usize = 20;
/// Shortest sound that a mark fits in: one block.
pub(crate) const SHORTEST_SECONDS: f64 = (PERIOD * HOP) as f64 / RATE as f64;
/// The C2PA soft-binding algorithm name.
pub(crate) const SOFT_BINDING: &str = "org.filigrane.audio.1";
/// Domain of the payload code's sub-keys.
pub(crate) const CODE_DOMAIN: &str = "audio v1";
/// Context of the pattern's sub-key.
pub(crate) const PATTERN_CONTEXT: &str = "filigrane audio v1 pattern";
