//! The pictures of a measurement.

use std::path::{Path, PathBuf};

use super::rgb::Rgb;
use crate::error::BenchError;

/// Files of a folder, in the order of their names.
#[derive(Debug, Clone)]
pub struct Corpus {
    files: Vec<PathBuf>,
}

impl Corpus {
    /// The pictures in `folder`, by extension, without its sub-folders.
    ///
    /// # Errors
    /// [`BenchError::File`] when it cannot be listed, [`BenchError::EmptyCorpus`] without pictures.
    pub fn open(folder: &Path) -> Result<Self, BenchError> {
        let list = || -> std::io::Result<Vec<PathBuf>> {
            let entries = std::fs::read_dir(folder)?;
            entries.map(|entry| Ok(entry?.path())).collect()
        };
        let mut files = list().map_err(|source| BenchError::file(folder, source))?;
        files.retain(|path| is_picture(path));
        files.sort();
        if files.is_empty() {
            return Err(BenchError::EmptyCorpus {
                folder: folder.to_owned(),
            });
        }
        Ok(Self { files })
    }

    /// Those whose names contain one of `parts`; all when there are none.
    #[must_use]
    pub fn named(mut self, parts: &[String]) -> Self {
        let wanted = |path: &PathBuf| {
            let name = name(path);
            parts.iter().any(|part| name.contains(part.as_str()))
        };
        self.files.retain(|path| parts.is_empty() || wanted(path));
        self
    }

    /// Every `step`-th, from the first on; a step of 0 counts as 1.
    #[must_use]
    pub fn every(mut self, step: usize) -> Self {
        self.files = self.files.into_iter().step_by(step.max(1)).collect();
        self
    }

    /// The first `count`.
    #[must_use]
    pub fn limit(mut self, count: usize) -> Self {
        self.files.truncate(count);
        self
    }

    /// The files' paths.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }
}

fn is_picture(path: &Path) -> bool {
    const EXTENSIONS: [&str; 7] = ["png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp"];
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str()))
}

/// A file's name without folder and extension.
pub(super) fn name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// Reads a picture as 8-bit RGB: deeper samples are reduced, alpha is dropped, grey becomes three
/// equal channels.
///
/// # Errors
/// [`BenchError::File`] when it cannot be read, [`BenchError::Decode`] when it is not a picture.
pub fn load(path: &Path) -> Result<Rgb, BenchError> {
    let decode_error = |reason: String| BenchError::Decode {
        path: path.to_owned(),
        reason,
    };
    let bytes = std::fs::read(path).map_err(|source| BenchError::file(path, source))?;
    let picture = image::load_from_memory(&bytes)
        .map_err(|error| decode_error(error.to_string()))?
        .into_rgb8();
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    Rgb::new(width, height, picture.into_raw()).ok_or_else(|| decode_error("is empty".to_owned()))
}

/// Writes a picture as a PNG.
///
/// # Errors
/// [`BenchError::Codec`] when it cannot be encoded or written.
pub fn save(picture: &Rgb, path: &Path) -> Result<(), BenchError> {
    let failed = |reason: String| BenchError::Codec {
        codec: "PNG",
        reason,
    };
    let side = |length: usize| u32::try_from(length).map_err(|error| failed(error.to_string()));
    image::save_buffer_with_format(
        path,
        &picture.samples,
        side(picture.width)?,
        side(picture.height)?,
        image::ColorType::Rgb8,
        image::ImageFormat::Png,
    )
    .map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corpus_is_sorted_filtered_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let picture = Rgb::from_fn(5, 4, |x, y| [x as u8, y as u8, 7]);
        for name in ["b.png", "a2.png", "a1.PNG", "c.png"] {
            save(&picture, &folder.path().join(name)).unwrap();
        }
        std::fs::write(folder.path().join("notes.txt"), "none").unwrap();
        let names = |corpus: &Corpus| -> Vec<String> {
            corpus.files().iter().map(|path| name(path)).collect()
        };
        let corpus = Corpus::open(folder.path()).unwrap();
        assert_eq!(names(&corpus), ["a1", "a2", "b", "c"]);
        assert_eq!(names(&corpus.clone().every(2)), ["a1", "b"]);
        assert_eq!(names(&corpus.clone().limit(1)), ["a1"]);
        let parts = ["a".to_owned(), "c".to_owned()];
        assert_eq!(names(&corpus.clone().named(&parts)), ["a1", "a2", "c"]);
        assert_eq!(load(&corpus.files()[0]).unwrap(), picture);
        let missing = load(&folder.path().join("notes.txt"));
        assert!(matches!(missing, Err(BenchError::Decode { .. })));
    }

    #[test]
    fn empty_folders_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let found = Corpus::open(folder.path());
        assert!(matches!(found, Err(BenchError::EmptyCorpus { .. })));
    }
}
