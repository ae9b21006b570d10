//! Sounds that the tests make, and what they do to them.

use filigrane_payload::{Key, Keystream};

/// Samples of one sound: channels of samples.
pub(crate) type Channels = Vec<Vec<f32>>;

fn random(seed: &str) -> Keystream {
    Keystream::new(&Key::public().derive(seed))
}

/// Noise with a falling spectrum and slow changes of level, peak about .5.
pub(crate) fn noise(seed: &str, rate: u32, seconds: f64) -> Vec<f32> {
    let mut random = random(seed);
    let mut slow = 0.0_f64;
    (0..(f64::from(rate) * seconds) as usize)
        .map(|n| {
            let time = n as f64 / f64::from(rate);
            let white = 2.0 * random.uniform() - 1.0;
            slow += 0.3 * (white - slow);
            let level = 0.5 + 0.4 * (time * 2.1).sin() * (time * 0.7).cos();
            (0.5 * level * (slow + 0.2 * white)) as f32
        })
        .collect()
}

/// Something like speech: harmonics of a wandering pitch under moving formants, with hiss, in
/// syllables and pauses.
pub(crate) fn voice(seed: &str, rate: u32, seconds: f64) -> Vec<f32> {
    let mut random = random(seed);
    let rate = f64::from(rate);
    let mut phase = 0.0_f64;
    (0..(rate * seconds) as usize)
        .map(|n| {
            let time = n as f64 / rate;
            let pitch = 120.0 + 25.0 * (time * 1.7).sin() + 10.0 * (time * 4.3).sin();
            phase = (phase + pitch / rate).fract();
            let formants = [
                500.0 + 200.0 * (time * 5.0).sin(),
                1_500.0 + 500.0 * (time * 3.7).sin(),
                2_600.0,
                3_600.0,
            ];
            let mut sample = 0.0;
            for harmonic in 1..40 {
                let frequency = pitch * f64::from(harmonic);
                if frequency > 0.45 * rate {
                    break;
                }
                let gain: f64 = formants
                    .iter()
                    .map(|formant| 1.0 / (1.0 + ((frequency - formant) / 150.0).powi(2)))
                    .sum();
                let angle = std::f64::consts::TAU * phase * f64::from(harmonic);
                sample += gain / f64::from(harmonic).sqrt() * angle.sin();
            }
            let syllable = (time * std::f64::consts::TAU * 2.2).sin().max(0.0);
            let hiss = (2.0 * random.uniform() - 1.0) * 0.12 * (1.2 - syllable);
            let pause = if (time * 0.4).fract() > 0.9 {
                0.02
            } else {
                1.0
            };
            (0.1 * pause * (sample * syllable + hiss)) as f32
        })
        .collect()
}

/// `samples` read `factor` times as fast, by a windowed sinc of 16 zero crossings.
pub(crate) fn faster(samples: &[f32], factor: f64) -> Vec<f32> {
    let cut = (1.0 / factor).min(1.0);
    let half = (16.0 / cut).ceil() as i64;
    let count = (samples.len() as f64 / factor) as usize;
    (0..count)
        .map(|n| {
            let place = n as f64 * factor;
            let centre = place.floor() as i64;
            (centre - half + 1..=centre + half)
                .map(|i| {
                    let distance = i as f64 - place;
                    let window = 0.5 + 0.5 * (std::f64::consts::PI * distance / half as f64).cos();
                    let angle = std::f64::consts::PI * distance * cut;
                    let sinc = if angle.abs() < 1e-9 {
                        1.0
                    } else {
                        angle.sin() / angle
                    };
                    let sample = usize::try_from(i).ok().and_then(|i| samples.get(i));
                    f64::from(*sample.unwrap_or(&0.0)) * sinc * window * cut
                })
                .sum::<f64>() as f32
        })
        .collect()
}

/// `samples` at `factor` times the tempo and the same pitch: overlapping pieces of 40 ms, each placed
/// where it continues the last one best (WSOLA; Verhelst and Roelands 1993).
pub(crate) fn quicker(samples: &[f32], rate: u32, factor: f64) -> Vec<f32> {
    let (piece, slack) = (rate as usize / 25, rate as usize / 100);
    let hop = piece / 2;
    let count = (samples.len() as f64 / factor) as usize;
    let mut out = vec![0.0; count + piece];
    let mut expected: Option<usize> = None;
    for k in 0..count / hop {
        let ideal = (k as f64 * hop as f64 * factor) as usize;
        let last = samples.len().saturating_sub(2 * piece);
        let start = match expected {
            None => ideal,
            Some(expected) => (ideal.saturating_sub(slack)..ideal + slack)
                .step_by(4)
                .filter(|&start| start < last)
                .max_by(|&a, &b| {
                    let likeness = |start: usize| -> f32 {
                        let (a, b) = (&samples[start..start + hop], &samples[expected..]);
                        a.iter().zip(b).step_by(4).map(|(a, b)| a * b).sum()
                    };
                    likeness(a).total_cmp(&likeness(b))
                })
                .unwrap_or(ideal),
        };
        if start >= last {
            break;
        }
        expected = Some(start + hop);
        for i in 0..piece {
            let window = 0.5 - 0.5 * (std::f32::consts::TAU * i as f32 / piece as f32).cos();
            out[k * hop + i] += samples[start + i] * window;
        }
    }
    out.truncate(count);
    out
}
