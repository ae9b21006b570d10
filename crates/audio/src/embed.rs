//! Marking a sound.

use filigrane_payload::Payload;

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
    let (mut signal, mut noise) = (0.0, 0.0);
    for channel in sound.channels_mut() {
        let inner = down.run(channel);
        let mut spectra = stft.analyse(&inner);
        modulate(&mut spectra, &marks, &gains);
        let mut change = up.run(&stft.synthesise(&mut spectra, inner.len()));
        change.resize(channel.len(), 0.0);
        gate.apply(channel, &mut change);
        signal += energy(channel);
        noise += energy(&change);
        for (sample, change) in channel.iter_mut().zip(&change) {
            *sample += change;
        }
    }
    Ok(AudioQuality {
        snr_db: 10.0 * (signal / noise).log10(),
        strength: 1.0,
    })
}
