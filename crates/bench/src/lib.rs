//! Measures filigrane's watermarks: robustness, quality, false positives, speed.
//!
//! - [`image`]: marks pictures, attacks them, looks for the marks, and writes what came of it.
//! - [`audio`]: the same for sounds.
//! - [`fingerprints`]: how related and unrelated media compare.
//! - [`statistics`], [`random`], [`clock`]: what the measurements share.
//!
//! A measurement is repeatable: every random choice comes from a seed mixed with the names of the
//! file and the attack. A payload counts as recovered when all 96 bits are right and nothing else
//! was accepted; a wrong payload that was accepted is counted apart from one that was not found.

#![forbid(unsafe_code)]

pub mod audio;
pub mod clock;
mod error;
pub mod fingerprints;
pub mod image;
mod keys;
mod page;
pub mod random;
pub mod statistics;

pub use error::BenchError;
