//! What is measured: anything that puts a payload into a sound and finds it again.

use filigrane_audio::{AudioPlan, AudioStrength, AudioWatermark, SoundMut, SoundRef};
use filigrane_payload::{Detection, Key, Payload, Watermark};

use super::sound::Sound;
use crate::error::BenchError;

/// A watermark scheme under one key, as the measurement sees it. Other tools can be measured
/// through it as well.
pub trait Scheme: Send + Sync {
    /// What the report calls it, with its key.
    fn name(&self) -> String;

    /// Marks the sound in place.
    ///
    /// # Errors
    /// Why the sound cannot be marked.
    fn embed(&self, sound: &mut Sound, payload: &Payload) -> Result<(), String>;

    /// Looks for marks under the scheme's key alone.
    ///
    /// # Errors
    /// Why it could not look.
    fn detect(&self, sound: &Sound) -> Result<Look, String>;
}

/// What looking at a sound came to.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// Everything that was accepted, strongest first.
    pub payloads: Vec<Payload>,
    /// Of the strongest accepted, or else of the best rejected.
    pub p_value: Option<f64>,
    /// How the strongest was found, in the scheme's words.
    pub place: Option<String>,
    /// From when to when the strongest was found, in seconds; empty when the scheme does not say.
    pub regions: Vec<(f64, f64)>,
    /// Why the scheme gives no answer, if so.
    pub inconclusive: Option<String>,
}

/// The project's own audio watermark under one key.
#[derive(Debug)]
pub struct Filigrane {
    scheme: AudioWatermark,
    plan: AudioPlan,
    name: String,
}

impl Filigrane {
    /// Plans for a key.
    ///
    /// # Errors
    /// [`BenchError::Key`] when no plan can be made.
    pub fn new(key: &Key, strength: AudioStrength) -> Result<Self, BenchError> {
        let scheme = AudioWatermark::with_strength(strength);
        let plan = scheme.plan(key).map_err(|error| BenchError::Key {
            reason: error.to_string(),
        })?;
        let name = format!(
            "{}, {strength} strength, key `{}` {}",
            scheme.soft_binding(),
            key.name(),
            key.id()
        );
        Ok(Self { scheme, plan, name })
    }
}

impl Scheme for Filigrane {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn embed(&self, sound: &mut Sound, payload: &Payload) -> Result<(), String> {
        let channels = sound.channels.iter_mut().map(Vec::as_mut_slice);
        let target = SoundMut::new(sound.rate, channels).map_err(|error| error.to_string())?;
        let quality = self.scheme.embed(target, &self.plan, payload);
        quality.map(|_| ()).map_err(|error| error.to_string())
    }

    fn detect(&self, sound: &Sound) -> Result<Look, String> {
        let channels = sound.channels.iter().map(Vec::as_slice);
        let view = SoundRef::new(sound.rate, channels).map_err(|error| error.to_string())?;
        let detection = self.scheme.detect(view, &[&self.plan]);
        Ok(match detection.map_err(|error| error.to_string())? {
            Detection::Found { mark, others } => Look {
                payloads: std::iter::once(&mark)
                    .chain(&others)
                    .map(|mark| mark.payload)
                    .collect(),
                p_value: Some(mark.p_value),
                place: Some(format!(
                    "speed {:.4}, pitch {:.4}, sync {:.1}",
                    mark.place.speed, mark.place.pitch, mark.place.sync_z
                )),
                regions: mark
                    .place
                    .regions
                    .iter()
                    .map(|r| (r.start_s, r.end_s))
                    .collect(),
                inconclusive: None,
            },
            Detection::Copied { .. } => Look {
                place: Some("copied from elsewhere".to_owned()),
                ..Look::default()
            },
            Detection::NotFound { p_value } => Look {
                p_value: Some(p_value),
                ..Look::default()
            },
            Detection::Inconclusive { reason } => Look {
                inconclusive: Some(reason),
                ..Look::default()
            },
        })
    }
}
