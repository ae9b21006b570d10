//! Signal processing that the attacks and the quality measures share.

pub mod filter;
pub mod fourier;
pub mod interpolate;
pub mod stretch;
