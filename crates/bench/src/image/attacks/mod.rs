//! Named, repeatable things that happen to pictures.
//!
//! An attack is a function of the picture and of a generator that is seeded with the run, the
//! picture's name and the attack's name: the same run does the same thing again, and two pictures
//! get different crops, angles and noise. Each family has a file with its list at the top.
//!
//! Round parameters flatter a search that tries round numbers first, so every geometric family has
//! members with random ones.

mod catalogue;
mod chain;
mod coding;
mod crop;
mod denoise;
mod draw;
mod filter;
mod geometry;
mod large;
mod noise;
mod overlay;
mod palette;
mod rotation;
mod scale;
mod tone;
mod warp;

pub use catalogue::catalogue;

use crate::error::BenchError;
use crate::image::rgb::Rgb;
use crate::random::Random;

/// What an attack does, given the picture and a generator of its own.
pub type Operation = fn(&Rgb, &mut Random) -> Result<Rgb, BenchError>;

/// The family an attack belongs to; results are summed up by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Group {
    /// Storing and lossy coding.
    Coding,
    /// Resampling to another size.
    Scale,
    /// Cutting parts away.
    Crop,
    /// Turning.
    Rotation,
    /// Mirroring, stretching, perspective.
    Geometry,
    /// Brightness, contrast and colour.
    Tone,
    /// Added noise.
    Noise,
    /// Smoothing and sharpening.
    Filter,
    /// Things put on or around the picture.
    Overlay,
    /// What services and people do: several of the above in a row.
    Chain,
    /// Denoisers, which take a mark for noise.
    Denoise,
    /// What services do to photos of cameras.
    Large,
}

impl Group {
    /// All groups in the order of the tables.
    pub const ALL: [Self; 12] = [
        Self::Coding,
        Self::Scale,
        Self::Crop,
        Self::Rotation,
        Self::Geometry,
        Self::Tone,
        Self::Noise,
        Self::Filter,
        Self::Overlay,
        Self::Chain,
        Self::Denoise,
        Self::Large,
    ];

    /// Its name in tables and results.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Coding => "coding",
            Self::Scale => "scale",
            Self::Crop => "crop",
            Self::Rotation => "rotation",
            Self::Geometry => "geometry",
            Self::Tone => "tone",
            Self::Noise => "noise",
            Self::Filter => "filter",
            Self::Overlay => "overlay",
            Self::Chain => "chain",
            Self::Denoise => "denoise",
            Self::Large => "large",
        }
    }

    /// What its attacks have in common, in one line.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Coding => "Storing: lossy coding and palettes.",
            Self::Scale => "Resampling to another size; every filter is widened when shrinking.",
            Self::Crop => "Cutting parts away, at random positions.",
            Self::Rotation => "Turning, by Catmull-Rom interpolation.",
            Self::Geometry => "Mirroring, stretching, perspective.",
            Self::Tone => "Brightness, contrast and colour.",
            Self::Noise => "Added noise.",
            Self::Filter => "Smoothing and sharpening.",
            Self::Overlay => "Things put on or around the picture.",
            Self::Chain => "What services and people do: several of the above in a row.",
            Self::Denoise => "Denoisers, which take a mark for noise.",
            Self::Large => "What services do to photos of cameras; smaller pictures are skipped.",
        }
    }

    const fn attacks(self) -> &'static [Attack] {
        match self {
            Self::Coding => coding::ATTACKS,
            Self::Scale => scale::ATTACKS,
            Self::Crop => crop::ATTACKS,
            Self::Rotation => rotation::ATTACKS,
            Self::Geometry => geometry::ATTACKS,
            Self::Tone => tone::ATTACKS,
            Self::Noise => noise::ATTACKS,
            Self::Filter => filter::ATTACKS,
            Self::Overlay => overlay::ATTACKS,
            Self::Chain => chain::ATTACKS,
            Self::Denoise => denoise::ATTACKS,
            Self::Large => large::ATTACKS,
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

/// One named attack.
#[derive(Debug, Clone, Copy)]
pub struct Attack {
    /// Its name, unique, such as `jpeg-50`.
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

    /// Does it to `picture`, which is called `picture_name` in a run with this `seed`.
    ///
    /// # Errors
    /// [`BenchError::Unavailable`] when it calls a program that is not there, and
    /// [`BenchError::Codec`] when a codec refuses.
    pub fn apply(&self, picture: &Rgb, picture_name: &str, seed: u64) -> Result<Rgb, BenchError> {
        let mut random = Random::new(seed, &["attack", picture_name, self.name]);
        (self.operation)(picture, &mut random)
    }
}

/// Every attack, by family.
#[must_use]
pub fn all() -> Vec<Attack> {
    let groups = Group::ALL.into_iter();
    groups.flat_map(Group::attacks).copied().collect()
}

/// The square in the middle of a picture, scaled to `side × side` pixels.
///
/// # Errors
/// [`BenchError::Codec`] when it cannot be scaled.
pub fn square(picture: &Rgb, side: usize) -> Result<Rgb, BenchError> {
    let least = picture.width.min(picture.height);
    let (left, top) = ((picture.width - least) / 2, (picture.height - least) / 2);
    let middle = picture.crop(left, top, least, least);
    scale::to(&middle, side, side, scale::Filter::Lanczos)
}

/// The attacks that `selection` names: a comma-separated list of `standard`, `quick`, `all`, names
/// of groups, names of attacks, and beginnings of names followed by `*`; in the catalogue's order.
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
        "quick" => attack.list == List::Quick,
        _ => match word.strip_suffix('*') {
            Some(beginning) => attack.name.starts_with(beginning),
            None => attack.name == word || attack.group.name() == word,
        },
    }
}

#[cfg(test)]
mod tests;
