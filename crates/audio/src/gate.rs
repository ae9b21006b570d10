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

/// Samples of a block at a sampling rate.
fn block_length(rate: u32) -> usize {
    ((f64::from(rate) * GATE_SECONDS).round() as usize).max(1)
}

/// The temporal gate and the peak guard of one channel and its change.
pub(crate) struct Gate {
    length: usize,
    /// Largest gain of each block.
    limits: Vec<f32>,
    /// Energy of the change in each block.
    energies: Vec<f64>,
}

impl Gate {
    /// Measures a sound and its change at a sampling rate.
    pub(crate) fn new(rate: u32, sound: &[f32], change: &[f32]) -> Self {
        let length = block_length(rate);
        let energies: Vec<f64> = change.chunks(length).map(energy).collect();
        let blocks = sound.chunks(length).zip(change.chunks(length));
        let limits = blocks
            .zip(&energies)
            .map(|((sound, change), &energy)| limit_of(sound, change, energy));
        Self {
            length,
            limits: limits.collect(),
            energies,
        }
    }

    /// Energy of the gated change at a strength, to within a few hundredths of a decibel.
    pub(crate) fn energy(&self, strength: f32) -> f64 {
        let gains = (0..self.limits.len()).map(|block| gain(&self.limits, block, strength));
        let gained = gains.zip(&self.energies);
        gained
            .map(|(gain, energy)| f64::from(gain * gain) * energy)
            .sum()
    }

    /// `change` times `strength`, held down where it is not well below `sound` or would clip.
    pub(crate) fn apply(&self, sound: &[f32], change: &[f32], strength: f32) -> Vec<f32> {
        let mut gated = Vec::with_capacity(change.len());
        let blocks = sound.chunks(self.length).zip(change.chunks(self.length));
        for (block, (sound, change)) in blocks.enumerate() {
            let gains = gains_around(&self.limits, block, strength);
            gated.extend(shape(self.length, gains, sound, change));
        }
        gated
    }
}

/// The same for a sound that arrives piece by piece.
pub(crate) struct GateStream {
    length: usize,
    strength: f32,
    /// Limits of the known blocks, from two before the first that is still here.
    limits: Vec<f32>,
    /// How many limits belong to blocks that are gone.
    gone: usize,
    sound: Vec<f32>,
    change: Vec<f32>,
}

impl GateStream {
    /// Blocks after a block that must be known before it can go.
    pub(crate) const LOOK_AHEAD: usize = 2;

    /// A gate at a sampling rate.
    pub(crate) fn new(rate: u32, strength: f32) -> Self {
        Self {
            length: block_length(rate),
            strength,
            limits: Vec::new(),
            gone: 0,
            sound: Vec::new(),
            change: Vec::new(),
        }
    }

    /// Samples that are held back at most.
    pub(crate) const fn delay(&self) -> usize {
        (Self::LOOK_AHEAD + 1) * self.length
    }

    /// Takes more of the sound and its change and adds what can go, marked, to `out`.
    pub(crate) fn push(&mut self, sound: &[f32], change: &[f32], out: &mut Vec<f32>) {
        self.sound.extend_from_slice(sound);
        self.change.extend_from_slice(change);
        let known = self.limits.len() - self.gone;
        let blocks = self.sound.chunks_exact(self.length);
        let blocks = blocks
            .zip(self.change.chunks_exact(self.length))
            .skip(known);
        self.limits
            .extend(blocks.map(|(sound, change)| limit(sound, change)));
        let ready = (self.limits.len() - self.gone).saturating_sub(Self::LOOK_AHEAD);
        self.emit(ready, out);
    }

    /// Adds the rest to `out`.
    pub(crate) fn finish(mut self, out: &mut Vec<f32>) {
        let known = self.limits.len() - self.gone;
        let blocks = self
            .sound
            .chunks(self.length)
            .zip(self.change.chunks(self.length));
        let rest: Vec<f32> = blocks
            .skip(known)
            .map(|(sound, change)| limit(sound, change))
            .collect();
        self.limits.extend(rest);
        self.emit(self.limits.len() - self.gone, out);
    }

    fn emit(&mut self, blocks: usize, out: &mut Vec<f32>) {
        let samples = (blocks * self.length).min(self.sound.len());
        let pairs = self.sound[..samples].chunks(self.length);
        for (block, (sound, change)) in pairs.zip(self.change.chunks(self.length)).enumerate() {
            let gains = gains_around(&self.limits, self.gone + block, self.strength);
            let shaped = shape(self.length, gains, sound, change);
            out.extend(shaped.zip(sound).map(|(change, sample)| change + sample));
        }
        self.sound.drain(..samples);
        self.change.drain(..samples);
        // A gain reaches one block back, and its limit one more; the sound's first block stays first.
        let drop = (self.gone + blocks).saturating_sub(2);
        self.limits.drain(..drop);
        self.gone = self.gone + blocks - drop;
    }
}

/// Largest gain of a block.
fn limit(sound: &[f32], change: &[f32]) -> f32 {
    limit_of(sound, change, energy(change))
}

/// The same, of a change of known energy.
fn limit_of(sound: &[f32], change: &[f32], change_energy: f64) -> f32 {
    let ratio = GATE_RATIO * energy(sound) / change_energy;
    let gate = if ratio.is_finite() {
        ratio.sqrt() as f32
    } else {
        0.0
    };
    gate.min(peak_gain(sound, change))
}

/// A block's gain, pulled down to the mean with either neighbour, so that the interpolated gain is low early
/// enough.
fn gain(limits: &[f32], block: usize, strength: f32) -> f32 {
    let last = limits.len().saturating_sub(1);
    let limit = |block: usize| limits[block.min(last)].min(strength);
    let here = limit(block);
    let (before, after) = (limit(block.saturating_sub(1)), limit(block + 1));
    here.min(0.5 * (before + here)).min(0.5 * (here + after))
}

/// The gains of a block and its neighbours; where there is none, the block's own.
fn gains_around(limits: &[f32], block: usize, strength: f32) -> [f32; 3] {
    let last = limits.len().saturating_sub(1);
    [block.saturating_sub(1), block, (block + 1).min(last)]
        .map(|block| gain(limits, block, strength))
}

/// The change of a block under its gains, which hold in the blocks' middles and are interpolated between them.
fn shape<'a>(
    length: usize,
    [before, here, after]: [f32; 3],
    sound: &'a [f32],
    change: &'a [f32],
) -> impl Iterator<Item = f32> + use<'a> {
    let gain = move |place: usize| {
        let distance = place as f32 / length as f32 - 0.5;
        if distance < 0.0 {
            here + (before - here) * -distance
        } else {
            here + (after - here) * distance
        }
    };
    sound
        .iter()
        .zip(change)
        .enumerate()
        .map(move |(place, (sample, change))| {
            // Interpolation may leave a little over full scale: what would still clip is cut off.
            let peak = FULL_SCALE.max(sample.abs());
            (sample + change * gain(place)).clamp(-peak, peak) - sample
        })
}

/// Largest gain under which no sample is driven over full scale; where that is far above any strength, a lower
/// bound on it.
fn peak_gain(sound: &[f32], change: &[f32]) -> f32 {
    const FAR: f32 = 8.0;
    let bound = (FULL_SCALE - peak(sound)) / peak(change).max(f32::MIN_POSITIVE);
    if bound >= FAR {
        return bound;
    }
    sound
        .iter()
        .zip(change)
        .map(|(sample, change)| {
            let room = (FULL_SCALE - sample * change.signum()).max(0.0);
            room / change.abs().max(f32::MIN_POSITIVE)
        })
        .fold(f32::MAX, f32::min)
}

/// Largest magnitude.
fn peak(samples: &[f32]) -> f32 {
    let mut peaks = [0.0_f32; 16];
    for chunk in samples.chunks(16) {
        for (peak, sample) in peaks.iter_mut().zip(chunk) {
            *peak = if sample.abs() > *peak {
                sample.abs()
            } else {
                *peak
            };
        }
    }
    peaks.into_iter().fold(0.0, f32::max)
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
