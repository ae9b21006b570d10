//! Named, repeatable things that happen to sounds.
//!
//! An attack is a function of the sound and of a [`Scene`]: a generator that is seeded with the run,
//! the clip's name and the attack's name, and another sound for backgrounds and splices. The same
//! run does the same thing again, and two clips get different noise, dropouts and random speeds.
//! Each family has a file with its list at the top.
//!
//! Round parameters flatter a search that tries round numbers first, so every family that a search
//! must undo has members with random ones.
//!
//! What an attack adds in delay does not matter: the detector gets a crop at a random offset.

mod chain;
mod channels;
mod coding;
mod cut;
mod external;
mod filter;
mod level;
mod noise;
mod resampling;
mod room;
mod timing;

pub(super) use timing::speed;

use super::sound::Sound;
use crate::error::BenchError;
use crate::random::Random;

/// What an attack may use beside the sound.
#[derive(Debug)]
pub struct Scene<'a> {
    /// Random numbers of this clip, attack and seed.
    pub random: Random,
    /// An unmarked sound that is not the clip.
    pub other: &'a Sound,
    /// Set by an attack that puts a part of the clip among other sounds: from when to when, in
    /// seconds. The detector then gets the whole result rather than a crop of it.
    pub region: Option<(f64, f64)>,
}

/// What an attack does.
pub type Operation = fn(&Sound, &mut Scene<'_>) -> Result<Sound, BenchError>;

/// The family an attack belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Group {
    /// Lossy coding, and nothing at all for comparison.
    Coding,
    /// Other sampling rates.
    Resampling,
    /// Bands removed or weighted.
    Filter,
    /// Noise and other sounds added.
    Noise,
    /// Gain, clipping, coarse samples, compression.
    Level,
    /// Echo and reverberation.
    Room,
    /// Parts lost, removed, moved or put elsewhere.
    Cut,
    /// Channels mixed, dropped, inverted.
    Channels,
    /// Speed, tempo, pitch, unsteady clocks.
    Timing,
    /// Several of the above in a row.
    Chain,
}

impl Group {
    /// All groups in the order of the tables.
    pub const ALL: [Self; 10] = [
        Self::Coding,
        Self::Resampling,
        Self::Filter,
        Self::Noise,
        Self::Level,
        Self::Room,
        Self::Cut,
        Self::Channels,
        Self::Timing,
        Self::Chain,
    ];

    /// Its name in tables and results.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Coding => "coding",
            Self::Resampling => "resampling",
            Self::Filter => "filter",
            Self::Noise => "noise",
            Self::Level => "level",
            Self::Room => "room",
            Self::Cut => "cut",
            Self::Channels => "channels",
            Self::Timing => "timing",
            Self::Chain => "chain",
        }
    }

    const fn attacks(self) -> &'static [Attack] {
        match self {
            Self::Coding => coding::ATTACKS,
            Self::Resampling => resampling::ATTACKS,
            Self::Filter => filter::ATTACKS,
            Self::Noise => noise::ATTACKS,
            Self::Level => level::ATTACKS,
            Self::Room => room::ATTACKS,
            Self::Cut => cut::ATTACKS,
            Self::Channels => channels::ATTACKS,
            Self::Timing => timing::ATTACKS,
            Self::Chain => chain::ATTACKS,
        }
    }
}

/// Which lists an attack is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    /// On the short list for daily work, and on all others.
    Quick,
    /// On the list that results are quoted from.
    Standard,
    /// Only run when named, or with `all`.
    Extra,
}

/// What an ordinary way to the listener does: every mark must survive these.
const MILD: &[&str] = &[
    "mp3-64",
    "aac-64",
    "opus-32",
    "resample-8k",
    "resample-16k",
    "resample-22.05k",
    "resample-48k",
    "lowpass-4k",
    "eq",
    "gain-minus-12",
    "gain-plus-6",
    "echo",
    "dropouts",
    "speed-0.9",
    "speed-1.1",
    "tempo-0.95",
    "tempo-1.05",
    "pitch-minus-1",
    "pitch-plus-1",
];

/// One named attack.
#[derive(Debug, Clone, Copy)]
pub struct Attack {
    /// Its name, unique, such as `mp3-64`.
    pub name: &'static str,
    /// Its family.
    pub group: Group,
    /// The shortest list that it is on.
    pub list: List,
    /// What it does, in one line.
    pub description: &'static str,
    operation: Operation,
}

impl Attack {
    const fn new(
        group: Group,
        list: List,
        name: &'static str,
        description: &'static str,
        operation: Operation,
    ) -> Self {
        Self {
            name,
            group,
            list,
            description,
            operation,
        }
    }

    /// Whether it is on the list `mild`.
    #[must_use]
    pub fn is_mild(&self) -> bool {
        MILD.contains(&self.name)
    }

    /// Does it to `sound`, which is called `clip` in a run with this `seed`; `other` is an unmarked
    /// sound for backgrounds and splices. The result is rounded and clipped to 16 bits, as a file
    /// of it would be. With a result that holds only a part of the clip comes where that part is.
    ///
    /// # Errors
    /// [`BenchError::Unavailable`] when it calls a program or codec that is not there,
    /// [`BenchError::NotApplicable`] when the sound has too few channels or is too short, and
    /// [`BenchError::Codec`] when a codec fails.
    pub fn apply(
        &self,
        sound: &Sound,
        other: &Sound,
        clip: &str,
        seed: u64,
    ) -> Result<(Sound, Option<(f64, f64)>), BenchError> {
        let mut scene = Scene {
            random: Random::new(seed, &["attack", clip, self.name]),
            other,
            region: None,
        };
        let attacked = (self.operation)(sound, &mut scene)?;
        Ok((attacked.quantised_16(), scene.region))
    }
}

/// Every attack, by family.
#[must_use]
pub fn all() -> Vec<Attack> {
    let groups = Group::ALL.into_iter();
    groups.flat_map(Group::attacks).copied().collect()
}

/// The attacks that `selection` names: a comma-separated list of `standard`, `mild`, `quick`,
/// `all`, names of groups, names of attacks, and beginnings of names followed by `*`; in the
/// catalogue's order.
///
/// # Errors
/// [`BenchError::UnknownAttack`] for a word that names nothing.
pub fn select(selection: &str) -> Result<Vec<Attack>, BenchError> {
    let words: Vec<&str> = selection.split(',').map(str::trim).collect();
    let catalogue = all();
    for word in &words {
        if !catalogue.iter().any(|attack| names(word, attack)) {
            return Err(BenchError::UnknownAttack {
                name: (*word).to_owned(),
            });
        }
    }
    let chosen = catalogue.into_iter();
    Ok(chosen
        .filter(|attack| words.iter().any(|word| names(word, attack)))
        .collect())
}

fn names(word: &str, attack: &Attack) -> bool {
    match word {
        "all" => true,
        "standard" => attack.list <= List::Standard,
        "mild" => attack.is_mild(),
        "quick" => attack.list == List::Quick,
        _ => match word.strip_suffix('*') {
            Some(beginning) => attack.name.starts_with(beginning),
            None => attack.name == word || attack.group.name() == word,
        },
    }
}

#[cfg(test)]
mod tests;
