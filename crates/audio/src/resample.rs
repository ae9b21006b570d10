//! Sampling-rate conversion by a polyphase windowed-sinc filter.
//!
//! Output sample `n` lies at input position `n · from / to`, computed in integers, so there is no
//! drift however long the sound is. The filter is a sinc of [`ZERO_CROSSINGS`] zero crossings each
//! side under a Hann window, cut at [`CUTOFF`] of the lower Nyquist frequency (Smith, "Digital Audio
//! Resampling", CCRMA; Crochiere and Rabiner, *Multirate Digital Signal Processing*, 1983).

use multiversion::multiversion;

/// Zero crossings on each side of the filter's centre.
const ZERO_CROSSINGS: f64 = 20.0;
/// Cut-off over the lower Nyquist frequency: half of the transition band of a Hann window of that
/// length lies above.
const CUTOFF: f64 = 0.97;
/// Phases that are tabulated at most. Ratios with more phases take the nearest tabulated one: an error
/// of 1/8192 sample, below −70 dB at half the Nyquist frequency.
const MOST_PHASES: usize = 4096;
/// Partial sums of an inner product.
const LANES: usize = 16;

/// A converter between two sampling rates.
#[derive(Debug)]
pub(crate) struct Resampler {
    from: u64,
    to: u64,
    /// Taps before the output position, which is also the padding.
    half: usize,
    taps: usize,
    phases: usize,
    table: Vec<f32>,
}

impl Resampler {
    /// A converter from one rate to another, both in hertz and not 0.
    pub(crate) fn new(from: u32, to: u32) -> Self {
        let divisor = gcd(u64::from(from), u64::from(to)).max(1);
        let (from, to) = (u64::from(from) / divisor, u64::from(to) / divisor);
        if from == to {
            let (half, taps, phases) = (0, 1, 1);
            let table = vec![1.0];
            return Self {
                from,
                to,
                half,
                taps,
                phases,
                table,
            };
        }
        let cut = (to as f64 / from as f64).min(1.0) * CUTOFF;
        let half = (ZERO_CROSSINGS / cut).ceil() as usize;
        // A multiple of the lanes lets the inner product run in full vectors; the extra taps are 0.
        let taps = (2 * half).next_multiple_of(LANES);
        let phases = (to as usize).min(MOST_PHASES);
        let mut table = vec![0.0; phases * taps];
        for (phase, row) in table.chunks_exact_mut(taps).enumerate() {
            fill_phase(row, phase as f64 / phases as f64, half, cut);
        }
        Self {
            from,
            to,
            half,
            taps,
            phases,
            table,
        }
    }

    /// Samples that come out of `frames` samples: as long a time, rounded up.
    pub(crate) fn length(&self, frames: usize) -> usize {
        (frames as u128 * u128::from(self.to)).div_ceil(u128::from(self.from)) as usize
    }

    /// Input samples after which the filter's phases begin anew.
    pub(crate) const fn period(&self) -> usize {
        self.from as usize
    }

    /// Converts a whole sound. Beyond its ends it counts as 0.
    pub(crate) fn run(&self, input: &[f32]) -> Vec<f32> {
        if self.from == self.to {
            return input.to_vec();
        }
        let mut padded = vec![0.0; self.half];
        padded.extend_from_slice(input);
        padded.resize(self.half + input.len() + self.taps + 1, 0.0);
        let mut output = vec![0.0; self.length(input.len())];
        convolve(self, &padded, &mut output);
        output
    }

    /// The tabulated phase of an output position that lies `rest / to` after an input sample.
    #[inline(always)]
    fn phase(&self, rest: u64) -> usize {
        if self.phases as u64 == self.to {
            rest as usize
        } else {
            (rest * self.phases as u64 / self.to) as usize
        }
    }
}

/// Output samples that are computed at a time.
const BLOCK: usize = 64;

#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn convolve(resampler: &Resampler, padded: &[f32], output: &mut [f32]) {
    let taps = resampler.taps;
    // The output position in whole input samples and `to`-ths of one, counted along: a division per sample
    // would take longer than the inner product.
    let (step, step_rest) = (
        (resampler.from / resampler.to) as usize,
        resampler.from % resampler.to,
    );
    let (mut start, mut rest) = (0, 0);
    let mut partial = [[0.0_f32; LANES]; BLOCK];
    for output in output.chunks_mut(BLOCK) {
        for sums in &mut partial[..output.len()] {
            let phase = resampler.phase(rest);
            let samples = &padded[start + 1..start + 1 + taps];
            let filter = &resampler.table[phase * taps..(phase + 1) * taps];
            *sums = inner_product(samples, filter);
            start += step;
            rest += step_rest;
            if rest >= resampler.to {
                rest -= resampler.to;
                start += 1;
            }
        }
        add_lanes(&partial, output);
    }
}

/// The inner product in partial sums.
#[inline(always)]
fn inner_product(samples: &[f32], filter: &[f32]) -> [f32; LANES] {
    let mut sums = [0.0_f32; LANES];
    let pairs = samples.as_chunks().0.iter().zip(filter.as_chunks().0);
    for (a, b) in pairs {
        let (a, b): (&[f32; LANES], &[f32; LANES]) = (a, b);
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums
}

/// Sums of all lanes. Apart from the products: together, compilers give up whole vectors for the sake of this.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn add_lanes(partial: &[[f32; LANES]; BLOCK], output: &mut [f32]) {
    for (out, sums) in output.iter_mut().zip(partial) {
        let eight: [f32; 8] = std::array::from_fn(|i| sums[i] + sums[i + 8]);
        let four: [f32; 4] = std::array::from_fn(|i| eight[i] + eight[i + 4]);
        *out = (four[0] + four[2]) + (four[1] + four[3]);
    }
}

/// The filter for an output position `fraction` after an input sample, of unit sum so that a
/// constant stays a constant at every phase.
fn fill_phase(row: &mut [f32], fraction: f64, half: usize, cut: f64) {
    let value = |tap: usize| {
        let distance = tap as f64 - (half as f64 - 1.0) - fraction;
        let place = distance / half as f64;
        if place.abs() >= 1.0 {
            return 0.0;
        }
        let window = 0.5 + 0.5 * (std::f64::consts::PI * place).cos();
        let angle = std::f64::consts::PI * distance * cut;
        let sinc = if angle.abs() < 1e-9 {
            1.0
        } else {
            angle.sin() / angle
        };
        sinc * window
    };
    let values: Vec<f64> = (0..row.len()).map(value).collect();
    let sum: f64 = values.iter().sum();
    for (tap, value) in row.iter_mut().zip(values) {
        *tap = (value / sum) as f32;
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(frequency: f64, rate: u32, frames: usize) -> Vec<f32> {
        (0..frames)
            .map(|n| (std::f64::consts::TAU * frequency * n as f64 / f64::from(rate)).sin() as f32)
            .collect()
    }

    #[test]
    fn tones_keep_level_frequency_and_place() {
        for from in [
            8_000, 11_025, 16_000, 22_050, 44_100, 44_101, 48_000, 96_000, 192_000,
        ] {
            let input = tone(1_000.0, from, from as usize / 2);
            let output = Resampler::new(from, 16_000).run(&input);
            let expected = tone(1_000.0, 16_000, output.len());
            let inside = 400..output.len() - 400;
            let error = output[inside.clone()]
                .iter()
                .zip(&expected[inside])
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            assert!(error < 2e-3, "{from}: {error}");
        }
    }

    #[test]
    fn what_lies_above_the_new_nyquist_goes() {
        let output = Resampler::new(44_100, 16_000).run(&tone(9_500.0, 44_100, 44_100));
        let peak = output[400..output.len() - 400]
            .iter()
            .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        assert!(peak < 1e-2, "{peak}");
    }

    #[test]
    fn constants_stay_and_lengths_follow_time() {
        for (from, to) in [(44_100, 16_000), (16_000, 44_100), (16_000, 47_999)] {
            let resampler = Resampler::new(from, to);
            let output = resampler.run(&vec![0.5; from as usize]);
            assert_eq!(output.len(), to as usize);
            assert!(
                output[1_000..to as usize - 1_000]
                    .iter()
                    .all(|sample| (sample - 0.5).abs() < 1e-5)
            );
        }
    }

    #[test]
    fn conversion_is_linear_and_empty_stays_empty() {
        let resampler = Resampler::new(48_000, 16_000);
        let (a, b) = (tone(700.0, 48_000, 9_000), tone(5_100.0, 48_000, 9_000));
        let sum: Vec<f32> = a.iter().zip(&b).map(|(a, b)| 2.0 * a - b).collect();
        let (ra, rb) = (resampler.run(&a), resampler.run(&b));
        for ((sum, a), b) in resampler.run(&sum).iter().zip(&ra).zip(&rb) {
            assert!((sum - (2.0 * a - b)).abs() < 1e-4);
        }
        assert!(resampler.run(&[]).is_empty());
    }
}
