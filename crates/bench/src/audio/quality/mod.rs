//! What marking cost.

pub mod bark;
mod pesq;
mod ratio;

use std::path::Path;

use serde::Serialize;

use super::sound::Sound;
pub use bark::{Disturbance, noise_to_mask};
pub use pesq::{find_python, pesq_wide_band};
pub use ratio::{segmental_snr, snr};

/// Quality of a marked clip against its original.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quality {
    /// Energy of the original over energy of the change, over the whole file and all channels, dB.
    pub snr_db: f64,
    /// The same per 20 ms, averaged; see [`segmental_snr`].
    pub segmental_snr_db: f64,
    /// See [`noise_to_mask`].
    pub nmr: Disturbance,
    /// Wide-band PESQ (ITU-T P.862.2) of the first 12 s; only for speech, and where the Python
    /// package `pesq` is at hand.
    pub pesq_wb: Option<f64>,
    /// Samples at full scale that were not there in the original.
    pub new_clipped: usize,
}

/// Compares a marked clip with its original. With `python`, also by PESQ.
#[must_use]
pub fn compare(original: &Sound, marked: &Sound, python: Option<&Path>) -> Quality {
    Quality {
        snr_db: snr(original, marked),
        segmental_snr_db: segmental_snr(original, marked),
        nmr: noise_to_mask(original, marked),
        pesq_wb: python.and_then(|python| pesq_wide_band(original, marked, python)),
        new_clipped: marked
            .clipped_samples()
            .saturating_sub(original.clipped_samples()),
    }
}
