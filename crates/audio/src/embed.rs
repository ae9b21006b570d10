//! Marking a sound: spectral change, gates, closed loop, and reading the mark back.

use filigrane_payload::{Attempts, FALSE_POSITIVE_BOUND, Payload};

use crate::accept::read;
use crate::alignment::Alignment;
use crate::band_gate::BandGate;
use crate::error::AudioError;
use crate::format::{RATE, SHORTEST_SECONDS};
use crate::gate::Gate;
use crate::map::Views;
use crate::perception::{energy, modulate, profile};
use crate::resample::Resampler;
use crate::sound::{SoundMut, SoundRef};
use crate::stft::Stft;
use crate::watermark::{AudioPlan, AudioQuality};

/// Least signal-to-mark ratio. Only noise-like sounds get there, whose energy all lies where the mark
/// does and which hide it best; others keep 25 to 36 dB at [`USUAL_STRENGTH`].
const USUAL_SNR_DB: f64 = 22.0;
/// The perceptual profile as it stands: PESQ-WB of clean synthetic speech is then 4.45.
/// A fifth more costs .04 of it.
const USUAL_STRENGTH: f64 = 1.0;
/// A sound in which the mark cannot be read back is marked more strongly, down to this ratio and up to
/// this strength.
const FLOOR_SNR_DB: f64 = 21.0;
const UTMOST_STRENGTH: f64 = 2.0;
/// Rounds of the closed loop: the gates make the ratio a little less than proportional to strength.
const ROUNDS: usize = 6;

/// Marks a sound in place. It is unchanged where this fails.
pub(crate) fn embed(
    mut sound: SoundMut<'_>,
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
    let tries = [
        (USUAL_SNR_DB, USUAL_STRENGTH),
        (FLOOR_SNR_DB, UTMOST_STRENGTH),
    ];
    let mut quality = AudioQuality {
        snr_db: f64::INFINITY,
        strength: 0.0,
    };
    for (least_db, most) in tries {
        let (marked, made) = change.fit(&sound.as_sound_ref(), least_db, most);
        quality = made;
        if reads_back(&marked, sound.rate(), plan, payload) {
            for (channel, marked) in sound.channels_mut().iter_mut().zip(&marked) {
                channel.copy_from_slice(marked);
            }
            return Ok(quality);
        }
    }
    Err(AudioError::CannotCarry {
        snr_db: quality.snr_db,
    })
}

/// The mark's change of each channel at strength 1, before the temporal gate.
struct Change {
    channels: Vec<Vec<f32>>,
    gates: Vec<Gate>,
    /// Energy of the sound.
    signal: f64,
}

impl Change {
    fn new(sound: &SoundRef<'_>, plan: &AudioPlan, payload: &Payload) -> Self {
        let marks = plan.pattern.with_symbols(&plan.code.symbols(payload));
        let rate = sound.rate();
        let (down, up) = (Resampler::new(rate, RATE), Resampler::new(RATE, rate));
        let (stft, band_gate, gains) = (Stft::new(), BandGate::new(), profile());
        let channels: Vec<Vec<f32>> = sound
            .channels()
            .iter()
            .map(|channel| {
                let inner = down.run(channel);
                let mut spectra = stft.analyse(&inner);
                modulate(&mut spectra, &marks, &gains);
                let change = stft.synthesise(&mut spectra, inner.len());
                let mut change = up.run(&band_gate.apply(&inner, &change));
                change.resize(channel.len(), 0.0);
                change
            })
            .collect();
        let pairs = sound.channels().iter().zip(&channels);
        Self {
            gates: pairs
                .map(|(channel, change)| Gate::new(rate, channel, change))
                .collect(),
            channels,
            signal: sound.channels().iter().map(|channel| energy(channel)).sum(),
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
        let snr_db = self.snr_db(noise);
        (marked, AudioQuality { snr_db, strength })
    }

    fn snr_db(&self, noise: f64) -> f64 {
        if noise > 0.0 {
            10.0 * (self.signal / noise).log10()
        } else {
            f64::INFINITY
        }
    }
}

/// Whether the detector's own reading at the known place gives the payload.
fn reads_back(channels: &[Vec<f32>], rate: u32, plan: &AudioPlan, payload: &Payload) -> bool {
    // In 16 bits, as most sounds are stored: a mark below their rounding would be gone unnoticed.
    const STEPS: f32 = 32_768.0;
    let round = |samples: &Vec<f32>| {
        samples
            .iter()
            .map(|sample| (sample * STEPS).round() / STEPS)
            .collect()
    };
    let stored: Vec<Vec<f32>> = channels.iter().map(round).collect();
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
