//! Marking a sound.

use filigrane_payload::Payload;

use crate::band_gate::BandGate;
use crate::error::AudioError;
use crate::format::{RATE, SHORTEST_SECONDS};
use crate::perception::{Gate, energy, modulate, profile};
use crate::resample::Resampler;
use crate::sound::SoundMut;
use crate::stft::Stft;
use crate::watermark::{AudioPlan, AudioQuality};

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
    let rate = sound.rate();
    let marks = plan.pattern.with_symbols(&plan.code.symbols(payload));
    let (down, up) = (Resampler::new(rate, RATE), Resampler::new(RATE, rate));
    let stft = Stft::new();
    let gains = profile();
    let gate = Gate::new(rate);
    let band_gate = BandGate::new();
    let channels = sound.channels_mut();
    let changes: Vec<Vec<f32>> = channels
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
    let signal: f64 = channels.iter().map(|channel| energy(channel)).sum();
    let mut strength = 1.0_f64;
    let mut gated: Vec<Vec<f32>> = Vec::new();
    let mut snr_db = f64::INFINITY;
    for _ in 0..CLOSED_LOOP {
        gated = channels
            .iter()
            .zip(&changes)
            .map(|(channel, change)| gate.apply(channel, change, strength as f32))
            .collect();
        let noise: f64 = gated.iter().map(|change| energy(change)).sum();
        snr_db = 10.0 * (signal / noise).log10();
        let wanted = strength * 10.0_f64.powf((snr_db - target_snr_db()) / 20.0);
        let next = wanted.clamp(STRENGTHS.0, STRENGTHS.1);
        if (next / strength - 1.0).abs() < 0.01 || !next.is_finite() {
            break;
        }
        strength = next;
    }
    for (channel, change) in channels.iter_mut().zip(&gated) {
        for (sample, change) in channel.iter_mut().zip(change) {
            *sample += change;
        }
    }
    Ok(AudioQuality { snr_db, strength })
}

const CLOSED_LOOP: usize = 4;
const STRENGTHS: (f64, f64) = (0.25, 3.0);
fn target_snr_db() -> f64 {
    std::env::var("F_SNR").ok().and_then(|v| v.parse().ok()).unwrap_or(26.0)
}
