//! The public face: the scheme, its plans and what it reports.

use filigrane_payload::{CodeParameters, Detection, Key, KeyId, Payload, PayloadCode, Watermark};

use crate::detect::{detect, phase_statistics};
use crate::embed::embed;
use crate::error::AudioError;
use crate::format::{CODE_DOMAIN, PATTERN_CONTEXT, SOFT_BINDING, SYMBOLS};
use crate::pattern::Pattern;
use crate::sound::{SoundMut, SoundRef};

/// The audio watermark, format version 1.
///
/// Marks are embedded in all channels alike and found in any of them, alone or mixed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AudioWatermark;

impl AudioWatermark {
    /// The scheme.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Watermark for AudioWatermark {
    type View<'a> = SoundRef<'a>;
    type ViewMut<'a> = SoundMut<'a>;
    type Plan = AudioPlan;
    type Place = AudioPlace;
    type Quality = AudioQuality;
    type Error = AudioError;

    fn soft_binding(&self) -> &'static str {
        SOFT_BINDING
    }

    fn plan(&self, key: &Key) -> Result<AudioPlan, AudioError> {
        AudioPlan::new(key)
    }

    fn embed(
        &self,
        target: SoundMut<'_>,
        plan: &AudioPlan,
        payload: &Payload,
    ) -> Result<AudioQuality, AudioError> {
        embed(target, plan, payload)
    }

    fn detect(
        &self,
        view: SoundRef<'_>,
        plans: &[&AudioPlan],
    ) -> Result<Detection<AudioPlace>, AudioError> {
        detect(&view, plans)
    }
}

/// What one key's marks need: the keyed block and the payload code. About 300 kB; make it once.
#[derive(Debug)]
pub struct AudioPlan {
    key_id: KeyId,
    pub(crate) pattern: Pattern,
    pub(crate) code: PayloadCode,
    /// The same code with a decoder that looks further and takes longer.
    pub(crate) wide_code: PayloadCode,
}

impl AudioPlan {
    /// The plan of a key.
    ///
    /// # Errors
    /// [`AudioError::Code`] when no code can be made.
    pub fn new(key: &Key) -> Result<Self, AudioError> {
        let parameters = CodeParameters {
            length: SYMBOLS,
            check_bits: 12,
            list: 32,
        };
        let wide = CodeParameters {
            list: 256,
            ..parameters
        };
        Ok(Self {
            key_id: key.id(),
            pattern: Pattern::new(&key.derive(PATTERN_CONTEXT)),
            code: PayloadCode::new(key, CODE_DOMAIN, parameters)?,
            wide_code: PayloadCode::new(key, CODE_DOMAIN, wide)?,
        })
    }

    /// The synchronisation's statistic of a sound at each of the block's 300 half-frame phases, under an
    /// unchanged timing: standard normal where there is no mark of this key, which is what searching rests
    /// on. It decides what is tried, never what is accepted. Of a sound longer than a minute the first one
    /// counts; silence gives nothing.
    #[must_use]
    pub fn phase_statistics(&self, sound: &SoundRef<'_>) -> Vec<f32> {
        phase_statistics(sound, &self.pattern)
    }

    /// The key that the plan was made of.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }
}

/// Where and how a mark was found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AudioPlace {
    /// The parts of the sound that carry the mark, in order of time; within about a second.
    pub regions: Vec<Region>,
    /// Playing speed over the marked original's: 1.05 plays 5 % faster.
    pub speed: f64,
    /// Frequencies over the marked original's: 1.05 is 5 % higher. Equal to `speed` where the sound
    /// was simply played faster, 1 where only its tempo was changed.
    pub pitch: f64,
    /// The synchronisation's statistic in standard deviations of an unmarked sound.
    pub sync_z: f64,
}

/// A part of a sound that carries a mark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// Beginning in seconds.
    pub start_s: f64,
    /// End in seconds.
    pub end_s: f64,
    /// How clearly it carries the mark: standard deviations above an unmarked part.
    pub z: f64,
}

/// What embedding cost.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct AudioQuality {
    /// Energy of the sound over energy of the change, in decibels, over all channels.
    pub snr_db: f64,
    /// Strength that the mark was embedded with, 1 being the perceptual profile as it stands.
    pub strength: f64,
}
