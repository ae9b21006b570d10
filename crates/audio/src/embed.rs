//! Marking a whole sound: its change, gates, closed loop, and reading the mark back.

use std::ops::Range;

use filigrane_payload::{Attempts, FALSE_POSITIVE_BOUND, Payload};
use multiversion::multiversion;

use crate::accept::read;
use crate::alignment::Alignment;
use crate::change::{Marker, pieces};
use crate::error::AudioError;
use crate::format::SHORTEST_SECONDS;
use crate::gate::Gate;
use crate::map::Views;
use crate::perception::{LevelSum, energy, from_decibels};
use crate::sound::{SoundMut, SoundRef};
use crate::watermark::{AudioPlan, AudioQuality, AudioStrength};

/// How much lower the least signal-to-mark ratio may get, and how many times as strong the mark, for a sound
/// in which it cannot be read back.
const MORE_NOISE_DB: f64 = 1.0;
const MORE_STRENGTH: f64 = 2.0;
/// Seconds that are computed at a time.
const PIECE_S: f64 = 8.0;
/// Seconds of the parts that the mark is read back from: whole blocks, so that parts begin with one.
const READ_BACK_S: [f64; 2] = [5.0 * SHORTEST_SECONDS, 25.0 * SHORTEST_SECONDS];
/// Rounds of the closed loop: the gates make the ratio a little less than proportional to strength.
const ROUNDS: usize = 6;

/// Marks a sound in place. It is unchanged where this fails.
pub(crate) fn embed(
    mut sound: SoundMut<'_>,
    strength: AudioStrength,
    plan: &AudioPlan,
    payload: &Payload,
) -> Result<AudioQuality, AudioError> {
    let found_s = sound.as_sound_ref().seconds();
    if found_s < SHORTEST_SECONDS {
        return Err(AudioError::TooShort {
            found_s,
            needed_s: SHORTEST_SECONDS,
        });
    }
    let change = Change::new(&sound.as_sound_ref(), plan, payload);
    let (least_db, most) = (strength.least_snr_db(), strength.factor());
    let tries = [
        (least_db, most),
        (least_db - MORE_NOISE_DB, most * MORE_STRENGTH),
    ];
    let mut snr_db = f64::INFINITY;
    for (least_db, most) in tries {
        let (marked, made) = change.fit(&sound.as_sound_ref(), least_db, most);
        if reads_back(&marked, sound.rate(), plan, payload) {
            for (channel, marked) in sound.channels_mut().iter_mut().zip(&marked) {
                channel.copy_from_slice(marked);
            }
            return Ok(made);
        }
        snr_db = made.snr_db;
    }
    Err(AudioError::CannotCarry { snr_db })
}

/// The mark's change of each channel at strength 1, before the temporal gate.
struct Change {
    channels: Vec<Vec<f32>>,
    gates: Vec<Gate>,
    /// Energy of the sound.
    signal: f64,
    level_db: f64,
}

impl Change {
    fn new(sound: &SoundRef<'_>, plan: &AudioPlan, payload: &Payload) -> Self {
        let rate = sound.rate();
        let marker = Marker::new(rate, plan, payload);
        let length = marker.piece(PIECE_S);
        let mut level = LevelSum::default();
        let mut inner: Vec<Vec<f32>> = Vec::new();
        for channel in sound.channels() {
            for (samples, context) in pieces(&marker, channel.len(), length) {
                let (piece, keep) = marker.piece_of(channel, &samples, &context);
                let piece = marker.inner(piece);
                marker.add_level(&piece, &keep, &mut level);
                inner.push(piece);
            }
        }
        let level_db = level.decibels();
        let mut inner = inner.into_iter();
        let mut change = |channel: &&[f32]| {
            let mut change = Vec::with_capacity(channel.len());
            for ((samples, context), inner) in
                pieces(&marker, channel.len(), length).zip(&mut inner)
            {
                let (piece, keep) = marker.piece_of(channel, &samples, &context);
                let mean = from_decibels(level_db);
                marker.change(piece, &inner, keep, mean, &mut change);
            }
            change
        };
        let channels: Vec<Vec<f32>> = sound.channels().iter().map(&mut change).collect();
        let pairs = sound.channels().iter().zip(&channels);
        Self {
            gates: pairs
                .map(|(channel, change)| Gate::new(rate, channel, change))
                .collect(),
            channels,
            signal: sound.channels().iter().map(|channel| energy(channel)).sum(),
            level_db,
        }
    }

    /// The sound with the change at the largest strength up to `most` that keeps a signal-to-mark ratio
    /// of `least_db`.
    fn fit(&self, sound: &SoundRef<'_>, least_db: f64, most: f64) -> (Vec<Vec<f32>>, AudioQuality) {
        let mut strength = most;
        for _ in 0..ROUNDS {
            let energies = self.gates.iter().map(|gate| gate.energy(strength as f32));
            let snr_db = self.snr_db(energies.sum());
            strength = (strength * 10.0_f64.powf((snr_db - least_db) / 20.0)).min(most);
        }
        let mut marked: Vec<Vec<f32>> = Vec::with_capacity(self.channels.len());
        let mut noise = 0.0;
        for ((channel, change), gate) in
            sound.channels().iter().zip(&self.channels).zip(&self.gates)
        {
            let mut gated = gate.apply(channel, change, strength as f32);
            noise += energy(&gated);
            for (change, sample) in gated.iter_mut().zip(*channel) {
                *change += sample;
            }
            marked.push(gated);
        }
        let quality = AudioQuality {
            snr_db: self.snr_db(noise),
            // In single precision, as it was applied.
            strength: f64::from(strength as f32),
            level_db: self.level_db,
        };
        (marked, quality)
    }

    fn snr_db(&self, noise: f64) -> f64 {
        if noise > 0.0 {
            10.0 * (self.signal / noise).log10()
        } else {
            f64::INFINITY
        }
    }
}

/// Whether the detector's own reading at the known place gives the payload, in any part of the sound: short parts
/// first, which are enough for most sounds.
fn reads_back(channels: &[Vec<f32>], rate: u32, plan: &AudioPlan, payload: &Payload) -> bool {
    let samples = channels.first().map_or(0, Vec::len);
    READ_BACK_S.into_iter().any(|seconds| {
        let length = ((seconds * f64::from(rate)).round() as usize).max(1);
        // A short rest goes with the part before it.
        (0..(samples / length).max(1)).any(|part| {
            let end = if (part + 2) * length > samples {
                samples
            } else {
                (part + 1) * length
            };
            part_reads_back(channels, part * length..end, rate, plan, payload)
        })
    })
}

/// The samples as 16 bits hold them.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn in_16_bits(samples: &[f32]) -> Vec<f32> {
    const STEPS: f32 = 32_768.0;
    let samples = samples.iter();
    samples
        .map(|sample| (sample * STEPS).round_ties_even() / STEPS)
        .collect()
}

fn part_reads_back(
    channels: &[Vec<f32>],
    part: Range<usize>,
    rate: u32,
    plan: &AudioPlan,
    payload: &Payload,
) -> bool {
    // In 16 bits, as most sounds are stored: a mark below their rounding would be gone unnoticed.
    let stored: Vec<Vec<f32>> = channels
        .iter()
        .map(|samples| in_16_bits(&samples[part.clone()]))
        .collect();
    let Ok(sound) = SoundRef::new(rate, stored.iter().map(Vec::as_slice)) else {
        return false;
    };
    let views = Views::aligned(&sound);
    let mut attempts = Attempts::new(FALSE_POSITIVE_BOUND);
    let rows = 0..views.rows();
    read(
        &views,
        &rows,
        Alignment::ROW_PER_FRAME,
        1.0,
        plan,
        &mut attempts,
    )
    .is_some_and(|reading| reading.decoded.payload == *payload)
}
