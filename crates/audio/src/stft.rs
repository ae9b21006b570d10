//! Short-time Fourier transform for the embedder.
//!
//! Frames of [`FRAME`] samples every [`HOP`], centred on multiples of [`HOP`], with the square root of
//! a Hann window for analysis and again for synthesis: the windows' products sum to 1 at half
//! overlap, so an unchanged spectrum gives the sound back (Griffin and Lim, "Signal estimation from
//! modified short-time Fourier transform", 1984).

use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use crate::format::{FRAME, HOP};

/// Bins of a frame's spectrum.
pub(crate) const SPECTRUM: usize = FRAME / 2 + 1;

/// Plans and windows.
pub(crate) struct Stft {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    window: Vec<f32>,
}

impl Stft {
    /// Makes the plans.
    pub(crate) fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        Self {
            forward: planner.plan_fft_forward(FRAME),
            inverse: planner.plan_fft_inverse(FRAME),
            window: hann(FRAME).iter().map(|value| value.sqrt()).collect(),
        }
    }

    /// Frames that cover a sound of so many samples.
    pub(crate) fn frames(samples: usize) -> usize {
        samples.div_ceil(HOP) + 1
    }

    /// Spectra of a sound, frame by frame, [`SPECTRUM`] bins each.
    pub(crate) fn analyse(&self, sound: &[f32]) -> Vec<Complex32> {
        let frames = Self::frames(sound.len());
        let mut spectra = vec![Complex32::default(); frames * SPECTRUM];
        let mut scratch = self.forward.make_scratch_vec();
        let mut buffer = vec![0.0; FRAME];
        for (k, spectrum) in spectra.chunks_exact_mut(SPECTRUM).enumerate() {
            load_frame(sound, k * HOP, &mut buffer);
            for (sample, window) in buffer.iter_mut().zip(&self.window) {
                *sample *= window;
            }
            // Only wrong lengths fail, and the lengths are the plan's.
            let done = self
                .forward
                .process_with_scratch(&mut buffer, spectrum, &mut scratch);
            debug_assert!(done.is_ok());
        }
        spectra
    }

    /// The sound of `samples` samples that the spectra make; the spectra are used up.
    pub(crate) fn synthesise(&self, spectra: &mut [Complex32], samples: usize) -> Vec<f32> {
        let frames = Self::frames(samples);
        let mut padded = vec![0.0; frames * HOP + FRAME];
        let mut scratch = self.inverse.make_scratch_vec();
        let mut buffer = vec![0.0; FRAME];
        let scale = 1.0 / FRAME as f32;
        for (k, spectrum) in spectra.chunks_exact_mut(SPECTRUM).enumerate().take(frames) {
            let done = self
                .inverse
                .process_with_scratch(spectrum, &mut buffer, &mut scratch);
            debug_assert!(done.is_ok());
            let place = &mut padded[k * HOP..k * HOP + FRAME];
            for ((sum, sample), window) in place.iter_mut().zip(&buffer).zip(&self.window) {
                *sum += sample * window * scale;
            }
        }
        padded[FRAME / 2..FRAME / 2 + samples].to_vec()
    }
}

/// Copies the samples around `centre` into a frame; beyond the sound's ends there are zeros.
pub(crate) fn load_frame(sound: &[f32], centre: usize, frame: &mut [f32]) {
    let half = frame.len() / 2;
    if let Some(start) = centre.checked_sub(half)
        && let Some(samples) = sound.get(start..start + frame.len())
    {
        frame.copy_from_slice(samples);
        return;
    }
    for (i, value) in frame.iter_mut().enumerate() {
        *value = (centre + i)
            .checked_sub(half)
            .and_then(|place| sound.get(place))
            .copied()
            .unwrap_or(0.0);
    }
}

/// Periodic Hann window.
pub(crate) fn hann(length: usize) -> Vec<f32> {
    (0..length)
        .map(|i| {
            let angle = std::f64::consts::TAU * i as f64 / length as f64;
            (0.5 - 0.5 * angle.cos()) as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unchanged_spectra_give_the_sound_back() {
        let stft = Stft::new();
        for samples in [0, 1, 255, 256, 257, 5_000] {
            let sound: Vec<f32> = (0..samples)
                .map(|n| ((n * n) as f32 * 0.01).sin())
                .collect();
            let mut spectra = stft.analyse(&sound);
            let back = stft.synthesise(&mut spectra, samples);
            assert_eq!(back.len(), samples);
            for (a, b) in sound.iter().zip(&back) {
                assert!((a - b).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn a_tone_lies_in_its_bin() {
        let stft = Stft::new();
        let bin = 40;
        let sound: Vec<f32> = (0..4 * FRAME)
            .map(|n| (std::f32::consts::TAU * bin as f32 * n as f32 / FRAME as f32).sin())
            .collect();
        let spectra = stft.analyse(&sound);
        let frame = &spectra[4 * SPECTRUM..5 * SPECTRUM];
        let loudest = (0..SPECTRUM).max_by(|&a, &b| frame[a].norm().total_cmp(&frame[b].norm()));
        assert_eq!(loudest, Some(bin));
    }
}
