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

/// The temporal gate and the peak guard of one channel.
pub(crate) struct Gate {
    block: usize,
}

impl Gate {
    /// The gate at a sampling rate.
    pub(crate) fn new(rate: u32) -> Self {
        Self {
            block: ((f64::from(rate) * GATE_SECONDS).round() as usize).max(1),
        }
    }

    /// `change` times `strength`, held down where it is not well below `sound` or would clip.
    pub(crate) fn apply(&self, sound: &[f32], change: &[f32], strength: f32) -> Vec<f32> {
        let gains = smooth_down(&self.block_gains(sound, change, strength));
        let mut gated = vec![0.0; change.len()];
        for (n, (out, change)) in gated.iter_mut().zip(change).enumerate() {
            let place = (n as f32 / self.block as f32 - 0.5).max(0.0);
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

    fn block_gains(&self, sound: &[f32], change: &[f32], strength: f32) -> Vec<f32> {
        sound
            .chunks(self.block)
            .zip(change.chunks(self.block))
            .map(|(sound, change)| {
                let ratio = GATE_RATIO * energy(sound) / energy(change);
                let gate = if ratio.is_finite() {
                    ratio.sqrt() as f32
                } else {
                    0.0
                };
                gate.min(strength).min(peak_gain(sound, change))
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

/// Pulls each gain down to the mean with either neighbour, so that the interpolated gain is low
/// early enough.
fn smooth_down(gains: &[f32]) -> Vec<f32> {
    (0..gains.len())
        .map(|i| {
            let here = gains[i];
            let before = if i > 0 { gains[i - 1] } else { here };
            let after = gains.get(i + 1).copied().unwrap_or(here);
            here.min(0.5 * (before + here)).min(0.5 * (here + after))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_stays_silent_and_so_does_the_time_before_an_onset() {
        let gate = Gate::new(16_000);
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
        let gated = gate.apply(&sound, &change, 1.0);
        assert!(gated[..onset - 64].iter().all(|&value| value == 0.0));
        assert!(
            gated[onset + 256..15_900]
                .iter()
                .all(|&value| (value - 0.03).abs() < 1e-6)
        );
    }

    #[test]
    fn the_change_stays_below_the_sound_in_every_block() {
        let gate = Gate::new(8_000);
        let sound: Vec<f32> = (0..8_000).map(|n| (n as f32 * 0.3).sin() * 0.1).collect();
        let gated = gate.apply(&sound, &vec![0.1; 8_000], 1.0);
        for (sound, change) in sound.chunks(32).zip(gated.chunks(32)) {
            assert!(energy(change) <= 1.3 * GATE_RATIO * energy(sound));
        }
    }

    #[test]
    fn nothing_is_driven_over_full_scale() {
        let gate = Gate::new(16_000);
        let sound: Vec<f32> = (0..4_000).map(|n| (n as f32 * 0.3).sin() * 1.1).collect();
        let change: Vec<f32> = sound.iter().map(|sample| sample * 0.1).collect();
        for (change, sample) in gate.apply(&sound, &change, 2.0).iter().zip(&sound) {
            assert!((sample + change).abs() <= sample.abs().max(FULL_SCALE) + 1e-6);
        }
    }
}
