//! How loud a sound is, band by band and moment by moment.

use filigrane_media::Sound;
use realfft::RealFftPlanner;

/// Bands, evenly wide in pitch.
pub(super) const BANDS: usize = 33;
/// From where to where they reach, Hz: what a telephone and coders of low rates leave.
const LOWEST: f64 = 300.0;
const HIGHEST: f64 = 3000.0;
/// Duration of a frame in seconds: long against echoes and lost moments.
const FRAME_S: f64 = 0.372;
/// Sounds are thinned to no fewer samples per second than these.
const LEAST_RATE: u32 = 8000;
/// Energies below this part of the mean are taken as that: nobody hears how silence changes.
const FLOOR: f64 = 1e-4;

/// How a sound is played in comparison to the one that was kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Played {
    /// How fast: 1.05 plays 5 % faster.
    pub speed: f64,
    /// How high: 1.05 is 5 % higher.
    pub pitch: f64,
}

impl Default for Played {
    fn default() -> Self {
        Self {
            speed: 1.0,
            pitch: 1.0,
        }
    }
}

impl Played {
    /// As far as the bands can follow; anything else is no way of playing.
    fn bounded(self) -> Self {
        let bounded = |value: f64| {
            if value.is_finite() {
                value.clamp(0.25, 4.0)
            } else {
                1.0
            }
        };
        Self {
            speed: bounded(self.speed),
            pitch: bounded(self.pitch),
        }
    }
}

/// Logarithms of the energies in all bands, a row every `hop_s` seconds as the kept sound counts them.
pub(super) fn log_energies(sound: &Sound, played: Played, hop_s: f64) -> Vec<[f32; BANDS]> {
    let played = played.bounded();
    let factor = (sound.rate / LEAST_RATE).max(1);
    let rate = f64::from(sound.rate) / f64::from(factor);
    let frame = (FRAME_S / played.speed * rate).round() as usize;
    let hop = hop_s / played.speed * rate;
    let channels: Vec<Vec<f32>> = sound
        .channels
        .iter()
        .map(|channel| thinned(channel, factor as usize))
        .collect();
    let length = channels.first().map_or(0, Vec::len);
    if frame < 2 || length < frame {
        return Vec::new();
    }
    let rows = ((length - frame) as f64 / hop) as usize + 1;
    let mut energies = vec![[0.0; BANDS]; rows];
    let size = frame.next_power_of_two();
    let transform = RealFftPlanner::<f32>::new().plan_fft_forward(size);
    let (mut input, mut output) = (transform.make_input_vec(), transform.make_output_vec());
    let mut scratch = transform.make_scratch_vec();
    let window = hann(frame);
    let edges = edges(played.pitch * size as f64 / rate, output.len());
    for channel in &channels {
        for (number, row) in energies.iter_mut().enumerate() {
            let begin = (number as f64 * hop) as usize;
            let samples = channel.iter().skip(begin).zip(&window);
            input.fill(0.0);
            for (value, (sample, weight)) in input.iter_mut().zip(samples) {
                *value = sample * weight;
            }
            // The buffers are the transform's own: it cannot refuse them.
            if transform
                .process_with_scratch(&mut input, &mut output, &mut scratch)
                .is_err()
            {
                return Vec::new();
            }
            for (energy, edges) in row.iter_mut().zip(edges.windows(2)) {
                let &[from, to] = edges else { continue };
                let bins = output.get(from..to).unwrap_or_default();
                *energy += bins.iter().map(|bin| bin.norm_sqr()).sum::<f32>();
            }
        }
    }
    logarithms(&mut energies);
    energies
}

/// First bins of the bands, and where the last ends; `bins_per_hz` of them lie in a hertz.
fn edges(bins_per_hz: f64, bins: usize) -> Vec<usize> {
    let step = (HIGHEST / LOWEST).powf(1.0 / BANDS as f64);
    (0..=BANDS)
        .map(|edge| (LOWEST * step.powi(edge as i32) * bins_per_hz).round() as usize)
        .map(|bin| bin.min(bins))
        .collect()
}

/// Of energies, above a floor below their mean.
fn logarithms(energies: &mut [[f32; BANDS]]) {
    let sum: f64 = energies.iter().flatten().map(|&e| f64::from(e)).sum();
    let mean = sum / (energies.len() * BANDS) as f64;
    let floor = (mean * FLOOR).max(f64::from(f32::MIN_POSITIVE)) as f32;
    for energy in energies.iter_mut().flatten() {
        *energy = (*energy + floor).ln();
    }
}

/// Every `factor`-th sample of a sound that was smoothed with a triangle first: what would fold onto the bands lies near
/// the triangle's zeros.
fn thinned(samples: &[f32], factor: usize) -> Vec<f32> {
    if factor == 1 {
        return samples.to_vec();
    }
    let weights: Vec<f32> = (1..factor)
        .chain((1..=factor).rev())
        .map(|weight| weight as f32 / (factor * factor) as f32)
        .collect();
    samples
        .windows(weights.len())
        .step_by(factor)
        .map(|window| window.iter().zip(&weights).map(|(s, w)| s * w).sum())
        .collect()
}

fn hann(length: usize) -> Vec<f32> {
    (0..length)
        .map(|i| {
            let phase = std::f32::consts::TAU * (i as f32 + 0.5) / length as f32;
            0.5 - 0.5 * phase.cos()
        })
        .collect()
}
