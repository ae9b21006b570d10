//! Marking a sound that arrives piece by piece.

use filigrane_payload::Payload;

use crate::change::{Marker, Piece};
use crate::error::AudioError;
use crate::gate::GateStream;
use crate::perception::from_decibels;
use crate::sound::check_shape;
use crate::watermark::{AudioPlan, AudioQuality};

/// Seconds that are computed at a time: what the stream lags behind, but for its context.
const PIECE_S: f64 = 0.15;

/// What a stream must know of the sound that is to come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StreamSetting {
    /// Mean energy of the marked cells as in [`AudioQuality::level_db`]: of an earlier sound from the same
    /// source at the same gain, or of this one.
    pub level_db: f64,
    /// As in [`AudioQuality::strength`]; 1 is usual.
    pub strength: f64,
}

impl From<AudioQuality> for StreamSetting {
    fn from(quality: AudioQuality) -> Self {
        Self {
            level_db: quality.level_db,
            strength: quality.strength,
        }
    }
}

/// Marks a sound that arrives in chunks of any size, for speech synthesis and live use.
///
/// With the level and strength that marking the whole sound at once came to, the samples that come out are the
/// same to the last bit, on the same machine, however the sound is cut into chunks. What a stream does
/// not do is to look whether the mark can be read back, which takes 2.4 s of sound at least.
pub struct AudioEmbedder {
    marker: Marker,
    mean: f32,
    piece: usize,
    channels: Vec<Channel>,
}

impl std::fmt::Debug for AudioEmbedder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("AudioEmbedder")
            .field("channels", &self.channels.len())
            .field("latency", &self.latency())
            .finish_non_exhaustive()
    }
}

struct Channel {
    /// What is not marked yet, after its context.
    held: Vec<f32>,
    /// Units before `held`.
    first_unit: u64,
    /// Samples of context at the beginning of `held`.
    context: usize,
    gate: GateStream,
}

impl AudioEmbedder {
    /// A stream of so many samples per second and channels.
    ///
    /// # Errors
    /// [`AudioError::Rate`] or [`AudioError::Channels`].
    pub fn new(
        rate: u32,
        channels: usize,
        plan: &AudioPlan,
        payload: &Payload,
        setting: StreamSetting,
    ) -> Result<Self, AudioError> {
        check_shape(rate, (0..channels.min(usize::from(u16::MAX))).map(|_| 0))?;
        let marker = Marker::new(rate, plan, payload);
        let channel = || Channel {
            held: Vec::new(),
            first_unit: 0,
            context: 0,
            gate: GateStream::new(rate, setting.strength as f32),
        };
        Ok(Self {
            mean: from_decibels(setting.level_db),
            piece: marker.piece(PIECE_S),
            channels: (0..channels).map(|_| channel()).collect(),
            marker,
        })
    }

    /// By how many samples what comes out lags behind what went in, at most: about a quarter of a second
    /// at the usual rates, and 4 s at rates that have no common measure with 16 kHz.
    #[must_use]
    pub fn latency(&self) -> usize {
        let gate = self
            .channels
            .first()
            .map_or(0, |channel| channel.gate.delay());
        self.piece + self.marker.margin() + gate
    }

    /// Takes the next samples of every channel and returns the marked samples that are ready, as many of
    /// every channel. Samples that are not finite count as 0.
    ///
    /// # Errors
    /// [`AudioError::Channels`] or [`AudioError::Lengths`]; nothing is taken then.
    pub fn push(&mut self, input: &[&[f32]]) -> Result<Vec<Vec<f32>>, AudioError> {
        if input.len() != self.channels.len() {
            return Err(AudioError::Channels { found: input.len() });
        }
        let expected = input.first().map_or(0, |samples| samples.len());
        if let Some(channel) = input.iter().position(|samples| samples.len() != expected) {
            let found = input[channel].len();
            return Err(AudioError::Lengths {
                channel,
                expected,
                found,
            });
        }
        let (marker, piece, mean) = (&self.marker, self.piece, self.mean);
        let pairs = self.channels.iter_mut().zip(input);
        Ok(pairs
            .map(|(channel, samples)| channel.push(samples, marker, piece, mean))
            .collect())
    }

    /// The rest of every channel, where the sound ends.
    #[must_use]
    pub fn finish(self) -> Vec<Vec<f32>> {
        let (marker, mean) = (&self.marker, self.mean);
        let channels = self.channels.into_iter();
        channels
            .map(|channel| channel.finish(marker, mean))
            .collect()
    }
}

impl Channel {
    fn push(&mut self, samples: &[f32], marker: &Marker, piece: usize, mean: f32) -> Vec<f32> {
        let finite = |&sample: &f32| if sample.is_finite() { sample } else { 0.0 };
        self.held.extend(samples.iter().map(finite));
        let mut out = Vec::new();
        while self.held.len() >= self.context + piece + marker.margin() {
            let end = self.context + piece + marker.margin();
            self.mark(end, piece, marker, mean, &mut out);
            let context = (self.context + piece).min(marker.margin());
            let gone = self.context + piece - context;
            self.held.drain(..gone);
            self.first_unit += (gone / marker.unit()) as u64;
            self.context = context;
        }
        out
    }

    fn finish(mut self, marker: &Marker, mean: f32) -> Vec<f32> {
        let mut out = Vec::new();
        let rest = self.held.len() - self.context;
        if rest > 0 {
            self.mark(self.held.len(), rest, marker, mean, &mut out);
        }
        self.gate.finish(&mut out);
        out
    }

    /// Marks `length` samples after the context, in the light of all up to `end`.
    fn mark(&mut self, end: usize, length: usize, marker: &Marker, mean: f32, out: &mut Vec<f32>) {
        let keep = self.context..self.context + length;
        let piece = Piece {
            context: &self.held[..end],
            first_unit: self.first_unit,
        };
        let mut change = Vec::with_capacity(length);
        let inner = marker.inner(piece);
        marker.change(piece, &inner, keep.clone(), mean, &mut change);
        self.gate.push(&self.held[keep], &change, out);
    }
}
