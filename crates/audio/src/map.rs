//! The detector's view: amplitudes on a dense grid of time and frequency.
//!
//! A frame of 32 ms every 4 ms, zero-padded to twice its length, so that bins lie 15.6 Hz apart. A
//! mark that was sped up by some factor is read from the same map at other places; nothing is ever
//! resampled per hypothesis.
//!
//! Channels are looked at as their sum and as what is left of them beside it: the sum by the first
//! row of an orthonormal (Helmert) transform, the rest as the energy of its other rows. For two
//! channels these are mid and side. A mark that sits in all channels alike is in both, whichever
//! channels were dropped, inverted or mixed.

use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};

use crate::format::{FRAME, HOP, RATE};
use crate::resample::Resampler;
use crate::sound::SoundRef;
use crate::stft::{hann, load_frame};

/// Samples between rows: 4 ms.
pub(crate) const STEP: usize = 64;
/// Rows per frame of an unchanged mark.
pub(crate) const ROWS_PER_FRAME: f64 = 4.0;
/// Rows per second.
pub(crate) const ROWS_PER_SECOND: f64 = RATE as f64 / STEP as f64;
/// Bins of a row.
pub(crate) const WIDTH: usize = FRAME + 1;
/// A view with less of the energy than this carries nothing but rounding.
const FAINT: f64 = 1e-2;

/// Amplitudes, row by row of [`WIDTH`] bins.
#[derive(Debug, Clone)]
pub(crate) struct Map {
    amplitudes: Vec<f32>,
}

impl Map {
    /// Rows of the map.
    pub(crate) fn rows(&self) -> usize {
        self.amplitudes.len() / WIDTH
    }

    /// The amplitudes of a row.
    pub(crate) fn row(&self, row: usize) -> &[f32] {
        &self.amplitudes[row * WIDTH..(row + 1) * WIDTH]
    }
}

/// A sound as the detector sees it.
#[derive(Debug)]
pub(crate) struct Views {
    /// Views that are read separately and added up: the sum of the channels, the rest, or both.
    pub(crate) fine: Vec<Map>,
    /// Energy sum of the views where there are several.
    combined: Option<Map>,
}

impl Views {
    /// Maps a sound.
    pub(crate) fn new(sound: &SoundRef<'_>) -> Self {
        Self::with_step(sound, STEP)
    }

    /// Maps a sound with a row per frame, for a mark that is known to begin with the sound.
    pub(crate) fn aligned(sound: &SoundRef<'_>) -> Self {
        Self::with_step(sound, HOP)
    }

    fn with_step(sound: &SoundRef<'_>, step: usize) -> Self {
        let channels = contrasts(inner_channels(sound));
        let energies: Vec<f64> = channels
            .iter()
            .map(|channel| crate::perception::energy(channel))
            .collect();
        let total: f64 = energies.iter().sum();
        let mapper = Mapper::new();
        let rest: f64 = energies.iter().skip(1).sum();
        let mut fine = Vec::new();
        let sum_counts = energies.first().is_some_and(|&sum| sum >= FAINT * total);
        if sum_counts || channels.len() == 1 {
            fine.extend(channels.first().map(|sum| mapper.map(&[sum], step)));
        }
        if rest > FAINT * total {
            let rest: Vec<&[f32]> = channels.iter().skip(1).map(Vec::as_slice).collect();
            fine.push(mapper.map(&rest, step));
        }
        let combined = (fine.len() > 1).then(|| energy_sum(&fine));
        Self { fine, combined }
    }

    /// The view that synchronisation is searched in.
    pub(crate) fn search(&self) -> &Map {
        self.combined.as_ref().unwrap_or(&self.fine[0])
    }

    /// Rows of every view.
    pub(crate) fn rows(&self) -> usize {
        self.search().rows()
    }
}

/// The channels at the internal rate, scaled to a peak of 1 and without what is not finite.
fn inner_channels(sound: &SoundRef<'_>) -> Vec<Vec<f32>> {
    let finite = |sample: f32| if sample.is_finite() { sample } else { 0.0 };
    let peak = sound
        .channels()
        .iter()
        .flat_map(|channel| channel.iter())
        .fold(0.0_f32, |peak, &sample| peak.max(finite(sample).abs()));
    let scale = if peak > 0.0 { 1.0 / peak } else { 0.0 };
    let scale = if scale.is_finite() { scale } else { 0.0 };
    let resampler = Resampler::new(sound.rate(), RATE);
    sound
        .channels()
        .iter()
        .map(|channel| {
            let clean: Vec<f32> = channel.iter().map(|&s| finite(s) * scale).collect();
            resampler.run(&clean)
        })
        .collect()
}

/// The Helmert transform over channels: their sum first, then differences, orthonormal.
fn contrasts(channels: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
    if channels.len() == 1 {
        return channels;
    }
    let mut sums = channels[0].clone();
    let mut out = Vec::with_capacity(channels.len());
    for (j, channel) in channels.iter().enumerate().skip(1) {
        let scale = 1.0 / ((j * (j + 1)) as f32).sqrt();
        let difference = sums.iter().zip(channel);
        out.push(
            difference
                .map(|(sum, sample)| (sum - j as f32 * sample) * scale)
                .collect(),
        );
        for (sum, sample) in sums.iter_mut().zip(channel) {
            *sum += sample;
        }
    }
    let scale = 1.0 / (channels.len() as f32).sqrt();
    sums.iter_mut().for_each(|sum| *sum *= scale);
    out.insert(0, sums);
    out
}

fn energy_sum(maps: &[Map]) -> Map {
    let mut amplitudes = vec![0.0_f32; maps[0].amplitudes.len()];
    for map in maps {
        for (sum, a) in amplitudes.iter_mut().zip(&map.amplitudes) {
            *sum += a * a;
        }
    }
    amplitudes.iter_mut().for_each(|sum| *sum = sum.sqrt());
    Map { amplitudes }
}

/// Makes maps.
struct Mapper {
    transform: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
}

impl Mapper {
    fn new() -> Self {
        Self {
            transform: RealFftPlanner::new().plan_fft_forward(2 * FRAME),
            window: hann(FRAME),
        }
    }

    /// Amplitude of the channels' energy sum.
    fn map(&self, channels: &[&[f32]], step: usize) -> Map {
        let samples = channels.first().map_or(0, |channel| channel.len());
        let rows = samples / step + 1;
        let mut amplitudes = vec![0.0; rows * WIDTH];
        let mut buffer = vec![0.0; 2 * FRAME];
        let mut spectrum = self.transform.make_output_vec();
        let mut scratch = self.transform.make_scratch_vec();
        for channel in channels {
            for (row, out) in amplitudes.chunks_exact_mut(WIDTH).enumerate() {
                let (frame, padding) = buffer.split_at_mut(FRAME);
                load_frame(channel, row * step, frame);
                for (sample, window) in frame.iter_mut().zip(&self.window) {
                    *sample *= window;
                }
                padding.fill(0.0);
                // Only wrong lengths fail, and the lengths are the plan's.
                let done =
                    self.transform
                        .process_with_scratch(&mut buffer, &mut spectrum, &mut scratch);
                debug_assert!(done.is_ok());
                for (sum, bin) in out.iter_mut().zip(&spectrum) {
                    *sum += bin.norm_sqr();
                }
            }
        }
        amplitudes.iter_mut().for_each(|sum| *sum = sum.sqrt());
        Map { amplitudes }
    }
}
