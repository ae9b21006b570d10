//! The clips of a measurement.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::sound::{Sound, load};
use crate::error::BenchError;

/// What a clip sounds like, by the beginning of its file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// People or machines talking: `sp_`, `tts_`.
    Speech,
    /// Singing: `sing_`.
    Singing,
    /// Music: `mu_`.
    Music,
    /// Noises of places and machines: `env_`.
    Ambience,
    /// Any other name.
    Other,
}

impl Kind {
    /// All kinds in the order of the tables.
    pub const ALL: [Self; 5] = [
        Self::Speech,
        Self::Singing,
        Self::Music,
        Self::Ambience,
        Self::Other,
    ];

    /// The kind of a file of this name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name.split('_').next() {
            Some("sp" | "tts") => Self::Speech,
            Some("sing") => Self::Singing,
            Some("mu") => Self::Music,
            Some("env") => Self::Ambience,
            _ => Self::Other,
        }
    }

    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Speech => "speech",
            Self::Singing => "singing",
            Self::Music => "music",
            Self::Ambience => "ambience",
            Self::Other => "other",
        }
    }
}

/// A clip in memory.
#[derive(Debug, Clone)]
pub struct Clip {
    /// The file's name without folder and extension.
    pub name: String,
    /// What it sounds like.
    pub kind: Kind,
    /// Its samples.
    pub sound: Sound,
}

/// The WAV files of a folder, in the order of their names.
#[derive(Debug, Clone)]
pub struct Corpus {
    clips: Vec<Clip>,
    /// Which clips are measured; all of them serve as backgrounds.
    measured: Vec<usize>,
}

impl Corpus {
    /// Reads the WAV files in `folder`, without its sub-folders.
    ///
    /// # Errors
    /// [`BenchError::File`] when it cannot be listed, [`BenchError::Decode`] when a file cannot be
    /// read, [`BenchError::EmptyCorpus`] without files.
    pub fn open(folder: &Path) -> Result<Self, BenchError> {
        let list = || -> std::io::Result<Vec<PathBuf>> {
            let entries = std::fs::read_dir(folder)?;
            entries.map(|entry| Ok(entry?.path())).collect()
        };
        let mut files = list().map_err(|source| BenchError::file(folder, source))?;
        files.retain(|path| {
            let extension = path.extension();
            extension.is_some_and(|extension| extension.eq_ignore_ascii_case("wav"))
        });
        files.sort();
        let clips: Result<Vec<Clip>, BenchError> = files.iter().map(|path| read(path)).collect();
        Self::new(clips?).ok_or_else(|| BenchError::EmptyCorpus {
            folder: folder.to_owned(),
        })
    }

    /// A corpus of clips that are in memory; `None` when there are none.
    #[must_use]
    pub fn new(clips: Vec<Clip>) -> Option<Self> {
        let measured = (0..clips.len()).collect();
        (!clips.is_empty()).then_some(Self { clips, measured })
    }

    /// Measures only those whose names contain one of `parts`; all when there are none. The others
    /// still serve as backgrounds, so that a clip's results do not depend on the choice.
    #[must_use]
    pub fn named(mut self, parts: &[String]) -> Self {
        let clips = &self.clips;
        let wanted = |index: &usize| parts.iter().any(|part| clips[*index].name.contains(part));
        self.measured
            .retain(|index| parts.is_empty() || wanted(index));
        self
    }

    /// Mixes every clip down to one channel.
    #[must_use]
    pub fn mono(mut self) -> Self {
        for clip in &mut self.clips {
            clip.sound = clip.sound.mono().quantised_16();
        }
        self
    }

    /// The clips to measure.
    pub fn measured(&self) -> impl Iterator<Item = &Clip> {
        self.measured
            .iter()
            .filter_map(|index| self.clips.get(*index))
    }

    /// Another clip than `name`, the one that `number` falls on; the clip itself when it is alone.
    #[must_use]
    pub fn other(&self, name: &str, number: u64) -> &Clip {
        let others: Vec<&Clip> = self.clips.iter().filter(|clip| clip.name != name).collect();
        match others.len() as u64 {
            0 => &self.clips[0],
            count => others[(number % count) as usize],
        }
    }
}

fn read(path: &Path) -> Result<Clip, BenchError> {
    let name = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Ok(Clip {
        kind: Kind::of(&name),
        sound: load(path)?.quantised_16(),
        name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::sound::save;

    #[test]
    fn corpus_is_sorted_filtered_and_classified() {
        let folder = tempfile::tempdir().unwrap();
        let sound = Sound::new(8_000, vec![vec![0.5; 80], vec![-0.5; 80]]);
        for name in ["sp_b.wav", "mu_a.WAV", "env_c.wav", "tts_d.wav", "x.wav"] {
            save(&sound, &folder.path().join(name)).unwrap();
        }
        std::fs::write(folder.path().join("notes.txt"), "none").unwrap();
        let corpus = Corpus::open(folder.path()).unwrap();
        let kinds: Vec<Kind> = corpus.measured().map(|clip| clip.kind).collect();
        let expected = [
            Kind::Ambience,
            Kind::Music,
            Kind::Speech,
            Kind::Speech,
            Kind::Other,
        ];
        assert_eq!(kinds, expected);
        assert_eq!(Kind::of("sing_x"), Kind::Singing);
        let speech = corpus.named(&["sp_".to_owned()]).mono();
        let names: Vec<&str> = speech.measured().map(|clip| clip.name.as_str()).collect();
        assert_eq!(names, ["sp_b"]);
        assert_eq!(speech.other("sp_b", 0).name, "env_c");
        assert_eq!(speech.other("sp_b", 3).name, "x");
        assert!(
            speech
                .measured()
                .all(|clip| clip.sound.channels == [[0.0; 80]])
        );
    }

    #[test]
    fn empty_folders_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let found = Corpus::open(folder.path());
        assert!(matches!(found, Err(BenchError::EmptyCorpus { .. })));
    }
}
