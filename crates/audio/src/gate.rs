//! The temporal gate and the peak guard: the change stays below the sound at every moment.
//!
//! A frame lasts 32 ms, so an onset's change would also sound before it (pre-echo). The gate holds
//! the change down wherever, in blocks of 4 ms at the sound's own rate, it is not well below the
//! sound; in digital silence it is 0. The guard lowers the same gain where a sample would be driven
//! over full scale.

use crate::perception::energy;

/// Energy of the change over the sound's in a block, at most: −17 dB. Higher lets pre-echo through
/// (drum loops lose 1 PESQ point without a gate), lower costs robustness.
const GATE_RATIO: f64 = 0.02;
/// Largest sample that the guard lets through, just under the largest of 16 bits.
const FULL_SCALE: f32 = 32_766.0 / 32_768.0;
/// Length of the gate's blocks in seconds: as long as the ear's backward masking is deep.
const GATE_SECONDS: f64 = 0.004;

/// The temporal gate and the peak guard of one channel and its change.
pub(crate) struct Gate {
    /// Samples of a block.
    length: usize,
    /// Largest gain of each block.
    limits: Vec<f32>,
    /// Energy of the change in each block.
    energies: Vec<f64>,
}

impl Gate {
    /// Measures a sound and its change at a sampling rate.
    pub(crate) fn new(rate: u32, sound: &[f32], change: &[f32]) -> Self {
        let length = ((f64::from(rate) * GATE_SECONDS).round() as usize).max(1);
        let energies: Vec<f64> = change.chunks(length).map(energy).collect();
        let limits = sound
            .chunks(length)
            .zip(change.chunks(length))
            .zip(&energies)
            .map(|((sound, change), energy_of_change)| {
                let ratio = GATE_RATIO * energy(sound) / energy_of_change;
                let gate = if ratio.is_finite() {
                    ratio.sqrt() as f32
                } else {
                    0.0
                };
                gate.min(peak_gain(sound, change))
            })
            .collect();
        Self {
            length,
            limits,
            energies,
        }
    }

    /// Energy of the gated change at a strength, to within a few hundredths of a decibel.
    pub(crate) fn energy(&self, strength: f32) -> f64 {
        let gains = self.gains(strength);
        let gained = gains.iter().zip(&self.energies);
        gained
            .map(|(&gain, energy)| f64::from(gain * gain) * energy)
            .sum()
    }

    /// `change` times `strength`, held down where it is not well below `sound` or would clip.
    pub(crate) fn apply(&self, sound: &[f32], change: &[f32], strength: f32) -> Vec<f32> {
        let gains = self.gains(strength);
        let mut gated = vec![0.0; change.len()];
        for (n, (out, change)) in gated.iter_mut().zip(change).enumerate() {
            let place = (n as f32 / self.length as f32 - 0.5).max(0.0);
            let (index, fraction) = (place as usize, place.fract());
            let here = gains.get(index).copied().unwrap_or(0.0);
            let next = gains.get(index + 1).copied().unwrap_or(here);
            *out = change * (here + (next - here) * fraction);
        }
        // Interpolation may leave a little over: what would still clip is cut off.
        for (out, sample) in gated.iter_mut().zip(sound) {
            let peak = FULL_SCALE.max(sample.abs());
            *out = (sample + *out).clamp(-peak, peak) - sample;
        }
        gated
    }

    /// Each block's gain, pulled down to the mean with either neighbour, so that the interpolated gain
    /// is low early enough.
    fn gains(&self, strength: f32) -> Vec<f32> {
        let gain = |block: usize| self.limits[block].min(strength);
        let last = self.limits.len().saturating_sub(1);
        (0..self.limits.len())
            .map(|block| {
                let here = gain(block);
                let before = gain(block.saturating_sub(1));
                let after = gain((block + 1).min(last));
                here.min(0.5 * (before + here)).min(0.5 * (here + after))
            })
            .collect()
    }
}

/// Largest gain under which no sample is driven over full scale.
fn peak_gain(sound: &[f32], change: &[f32]) -> f32 {
    sound
        .iter()
        .zip(change)
        .map(|(sample, change)| {
            let room = (FULL_SCALE - sample * change.signum()).max(0.0);
            room / change.abs().max(f32::MIN_POSITIVE)
        })
        .fold(f32::MAX, f32::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_stays_silent_and_so_does_the_time_before_an_onset() {
        let onset = 8_000;
        let sound: Vec<f32> = (0..16_000)
            .map(|n| {
                if n < onset {
                    0.0
                } else {
                    (n as f32 * 0.3).sin() * 0.5
                }
            })
            .collect();
        let change = vec![0.03; 16_000];
        let gated = Gate::new(16_000, &sound, &change).apply(&sound, &change, 1.0);
        assert!(gated[..onset - 64].iter().all(|&value| value == 0.0));
        assert!(
            gated[onset + 256..15_900]
                .iter()
                .all(|&value| (value - 0.03).abs() < 1e-6)
        );
    }

    #[test]
    fn the_change_stays_below_the_sound_in_every_block() {
        let sound: Vec<f32> = (0..8_000).map(|n| (n as f32 * 0.3).sin() * 0.1).collect();
        let change = vec![0.1; 8_000];
        let gate = Gate::new(8_000, &sound, &change);
        let gated = gate.apply(&sound, &change, 1.0);
        let estimate = 10.0 * (gate.energy(1.0) / energy(&gated)).log10();
        assert!(estimate.abs() < 0.3, "{estimate}");
        for (sound, change) in sound.chunks(32).zip(gated.chunks(32)) {
            assert!(energy(change) <= 1.3 * GATE_RATIO * energy(sound));
        }
    }

    #[test]
    fn nothing_is_driven_over_full_scale() {
        let sound: Vec<f32> = (0..4_000).map(|n| (n as f32 * 0.3).sin() * 1.1).collect();
        let change: Vec<f32> = sound.iter().map(|sample| sample * 0.1).collect();
        let gated = Gate::new(16_000, &sound, &change).apply(&sound, &change, 2.0);
        for (change, sample) in gated.iter().zip(&sound) {
            assert!((sample + change).abs() <= sample.abs().max(FULL_SCALE) + 1e-6);
        }
    }
}
