//! The public face: the scheme, its plans and what it reports.

use std::fmt;
use std::str::FromStr;

use filigrane_payload::{CodeParameters, Detection, Key, KeyId, Payload, PayloadCode, Watermark};

use crate::detect::{detect, phase_statistics};
use crate::embed::embed;
use crate::error::AudioError;
use crate::format::{CHECK_BITS, CODE_DOMAIN, PATTERN_CONTEXT, SOFT_BINDING, SYMBOLS};
use crate::pattern::Pattern;
use crate::sound::{SoundMut, SoundRef};

/// The audio watermark, format version 1.
///
/// Marks are embedded in all channels alike and found in any of them, alone or mixed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AudioWatermark {
    strength: AudioStrength,
}

impl AudioWatermark {
    /// The scheme, marking at the usual strength.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            strength: AudioStrength::Usual,
        }
    }

    /// The scheme, marking at another strength. Detection is the same for all.
    #[must_use]
    pub const fn with_strength(strength: AudioStrength) -> Self {
        Self { strength }
    }
}

/// How strongly sounds are marked: the gain of every cell against the usual one, and the signal-to-mark ratio
/// that noise-like sounds, which reach it first, do not fall below.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AudioStrength {
    /// 3 dB less than usual, and at least 25 dB: for material that will not be coded at low rates.
    Subtle,
    /// The perceptual profile as it stands, and at least 22 dB.
    #[default]
    Usual,
    /// 3 dB more than usual, and at least 19 dB: for telephones and noise.
    Strong,
}

impl AudioStrength {
    /// All strengths, the weakest first.
    pub const ALL: [Self; 3] = [Self::Subtle, Self::Usual, Self::Strong];

    const fn name(self) -> &'static str {
        match self {
            Self::Subtle => "subtle",
            Self::Usual => "usual",
            Self::Strong => "strong",
        }
    }

    /// The gain against the usual one.
    pub(crate) const fn factor(self) -> f64 {
        match self {
            Self::Subtle => std::f64::consts::FRAC_1_SQRT_2,
            Self::Usual => 1.0,
            Self::Strong => std::f64::consts::SQRT_2,
        }
    }

    pub(crate) const fn least_snr_db(self) -> f64 {
        match self {
            Self::Subtle => 25.0,
            Self::Usual => 22.0,
            Self::Strong => 19.0,
        }
    }
}

impl fmt::Display for AudioStrength {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A name that is no [`AudioStrength`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected `subtle`, `usual` or `strong`, found `{found}`")]
pub struct UnknownStrength {
    found: String,
}

impl FromStr for AudioStrength {
    type Err = UnknownStrength;

    fn from_str(name: &str) -> Result<Self, UnknownStrength> {
        let named = Self::ALL
            .into_iter()
            .find(|strength| strength.name() == name);
        named.ok_or_else(|| UnknownStrength {
            found: name.to_owned(),
        })
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
        embed(target, self.strength, plan, payload)
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
            check_bits: CHECK_BITS,
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
    /// Mean energy of the marked cells in decibels of an arbitrary unit: with `strength` all that a
    /// [stream](crate::AudioEmbedder) must know to mark the same sound the same way.
    pub level_db: f64,
}
