//! Sounds as the attacks handle them, and their files.

use std::path::Path;

use crate::error::BenchError;

/// Planar samples, full scale ±1, every channel of the same length.
#[derive(Debug, Clone, PartialEq)]
pub struct Sound {
    /// Samples per second.
    pub rate: u32,
    /// One list of samples per channel; at least one.
    pub channels: Vec<Vec<f32>>,
}

impl Sound {
    /// A sound; channels are cut to the shortest one. Without channels it is an empty mono sound.
    #[must_use]
    pub fn new(rate: u32, mut channels: Vec<Vec<f32>>) -> Self {
        let frames = channels.iter().map(Vec::len).min().unwrap_or(0);
        if channels.is_empty() {
            channels.push(Vec::new());
        }
        for channel in &mut channels {
            channel.truncate(frames);
        }
        Self { rate, channels }
    }

    /// Samples of each channel.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.channels.first().map_or(0, Vec::len)
    }

    /// Duration in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.frames() as f64 / f64::from(self.rate)
    }

    /// The number of samples that last `seconds`, rounded.
    #[must_use]
    pub fn samples_in(&self, seconds: f64) -> usize {
        (seconds * f64::from(self.rate)).round().max(0.0) as usize
    }

    /// The same operation on every channel.
    #[must_use]
    pub fn map_channels(&self, operation: impl FnMut(&Vec<f32>) -> Vec<f32>) -> Self {
        Self::new(self.rate, self.channels.iter().map(operation).collect())
    }

    /// The same operation on every sample.
    #[must_use]
    pub fn map_samples(&self, mut operation: impl FnMut(f32) -> f32) -> Self {
        self.map_channels(|channel| channel.iter().map(|sample| operation(*sample)).collect())
    }

    /// `frames` samples from `start` on, as far as there are any.
    #[must_use]
    pub fn part(&self, start: usize, frames: usize) -> Self {
        self.map_channels(|channel| {
            let end = start.saturating_add(frames).min(channel.len());
            channel.get(start..end).unwrap_or_default().to_vec()
        })
    }

    /// The mean of all channels.
    #[must_use]
    pub fn mono(&self) -> Self {
        let scale = 1.0 / self.channels.len() as f32;
        let mut sum = vec![0.0_f32; self.frames()];
        for channel in &self.channels {
            for (total, sample) in sum.iter_mut().zip(channel) {
                *total += sample * scale;
            }
        }
        Self::new(self.rate, vec![sum])
    }

    /// Mean square over all samples and channels; 0 for an empty sound.
    #[must_use]
    pub fn power(&self) -> f64 {
        let count = (self.frames() * self.channels.len()).max(1) as f64;
        let samples = self.channels.iter().flatten();
        samples
            .map(|sample| f64::from(*sample).powi(2))
            .sum::<f64>()
            / count
    }

    /// As a 16-bit file would hold it: rounded to 1/32768 and clipped.
    #[must_use]
    pub fn quantised_16(&self) -> Self {
        self.map_samples(|sample| (sample * 32768.0).round().clamp(-32768.0, 32767.0) / 32768.0)
    }

    /// Samples at or beyond 16-bit full scale, over all channels.
    #[must_use]
    pub fn clipped_samples(&self) -> usize {
        let samples = self.channels.iter().flatten();
        samples
            .filter(|sample| sample.abs() >= 32767.0 / 32768.0)
            .count()
    }

    /// `other` brought to this sound's number of channels: mono is repeated, more is mixed down.
    #[must_use]
    pub fn with_channels_of(&self, other: &Self) -> Self {
        if other.channels.len() == self.channels.len() {
            return self.clone();
        }
        let mono = self.mono();
        let channels = other
            .channels
            .iter()
            .flat_map(|_| mono.channels.iter().cloned());
        Self::new(self.rate, channels.collect())
    }
}

/// Reads a WAV file of any integer depth or 32-bit float.
///
/// # Errors
/// [`BenchError::Decode`] when it cannot be read or has no samples.
pub fn load(path: &Path) -> Result<Sound, BenchError> {
    let failed = |reason: String| BenchError::Decode {
        path: path.to_owned(),
        reason,
    };
    let mut reader = hound::WavReader::open(path).map_err(|error| failed(error.to_string()))?;
    let spec = reader.spec();
    let samples: Result<Vec<f32>, hound::Error> = match spec.sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().collect(),
        hound::SampleFormat::Int => {
            let scale = 2.0_f64.powi(1 - i32::from(spec.bits_per_sample));
            let samples = reader.samples::<i32>();
            samples
                .map(|sample| Ok((f64::from(sample?) * scale) as f32))
                .collect()
        }
    };
    let samples = samples.map_err(|error| failed(error.to_string()))?;
    let count = usize::from(spec.channels.max(1));
    let channels = deinterleave(&samples, count);
    let sound = Sound::new(spec.sample_rate, channels);
    if sound.frames() == 0 {
        return Err(failed("has no samples".to_owned()));
    }
    Ok(sound)
}

/// Writes a sound as a WAV file of 16 bits.
///
/// # Errors
/// [`BenchError::Codec`] when it cannot be written.
pub fn save(sound: &Sound, path: &Path) -> Result<(), BenchError> {
    let spec = hound::WavSpec {
        channels: u16::try_from(sound.channels.len()).unwrap_or(u16::MAX),
        sample_rate: sound.rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let write = || -> Result<(), hound::Error> {
        let mut writer = hound::WavWriter::create(path, spec)?;
        for sample in interleave(&sound.channels) {
            let scaled = (sample * 32768.0).round().clamp(-32768.0, 32767.0);
            writer.write_sample(scaled as i16)?;
        }
        writer.finalize()
    };
    write().map_err(|error| BenchError::Codec {
        codec: "WAV",
        reason: error.to_string(),
    })
}

/// Splits `samples` of `count` interleaved channels.
pub(super) fn deinterleave(samples: &[f32], count: usize) -> Vec<Vec<f32>> {
    let channel = |index: usize| samples.iter().skip(index).step_by(count).copied().collect();
    (0..count).map(channel).collect()
}

/// The samples of all channels, frame by frame.
pub(super) fn interleave(channels: &[Vec<f32>]) -> impl Iterator<Item = f32> + '_ {
    let frames = channels.first().map_or(0, Vec::len);
    (0..frames).flat_map(move |frame| channels.iter().map(move |channel| channel[frame]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_keep_samples() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let sound = Sound::new(22_050, vec![vec![0.0, 0.5, -1.0], vec![0.25, 0.125, 1.0]]);
        save(&sound, &path).unwrap();
        assert_eq!(load(&path).unwrap(), sound.quantised_16());
        std::fs::write(&path, b"RIFF").unwrap();
        assert!(matches!(load(&path), Err(BenchError::Decode { .. })));
    }

    #[test]
    fn shapes() {
        let sound = Sound::new(8_000, vec![vec![1.0, 2.0, 3.0], vec![3.0, 2.0]]);
        assert_eq!(sound.frames(), 2);
        assert_eq!(sound.mono().channels, [[2.0, 2.0]]);
        assert_eq!(sound.part(1, 9).channels, [[2.0], [2.0]]);
        assert_eq!(sound.part(7, 9).frames(), 0);
        assert_eq!(sound.mono().with_channels_of(&sound).channels.len(), 2);
        assert!((sound.power() - 4.5).abs() < 1e-12);
        assert_eq!(Sound::new(8_000, vec![]).frames(), 0);
    }
}
