//! The pictures of a measurement.

use std::path::{Path, PathBuf};

use filigrane_media::{
    Format, Layout, Limits, Metadata, Picture, PictureEncoding, PictureSamples, decode_picture,
    encode_picture,
};

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

/// Reads a picture as 8-bit RGB, by its content: deeper samples are rounded, alpha is dropped, grey
/// becomes three equal channels, a stored orientation is not applied.
///
/// # Errors
/// [`BenchError::File`] when it cannot be read, [`BenchError::Decode`] when it is not a picture.
pub fn load(path: &Path) -> Result<Rgb, BenchError> {
    let failed = |reason: String| BenchError::Decode {
        path: path.to_owned(),
        reason,
    };
    let bytes = std::fs::read(path).map_err(|source| BenchError::file(path, source))?;
    let format = Format::probe(&bytes);
    let format = format.ok_or_else(|| failed("is of no known format".to_owned()))?;
    let picture = decode_picture(&bytes, format, &Limits::default())
        .map_err(|error| failed(error.to_string()))?;
    rgb(picture).ok_or_else(|| failed("is empty".to_owned()))
}

fn rgb(picture: Picture) -> Option<Rgb> {
    let samples = match picture.samples {
        PictureSamples::U8(samples) => samples,
        PictureSamples::U16(samples) => {
            // 65535 is 255 times 257.
            let round = |sample: u16| ((u32::from(sample) + 128) / 257) as u8;
            samples.into_iter().map(round).collect()
        }
    };
    let pixels = samples.chunks_exact(picture.layout.channels());
    let samples = match picture.layout {
        Layout::Rgb => samples,
        Layout::Rgba => pixels.flat_map(|p| [p[0], p[1], p[2]]).collect(),
        Layout::Gray | Layout::GrayAlpha => pixels.flat_map(|p| [p[0]; 3]).collect(),
    };
    Rgb::new(picture.width as usize, picture.height as usize, samples)
}

/// Writes a picture as a PNG.
///
/// # Errors
/// [`BenchError::Codec`] when it cannot be encoded, [`BenchError::File`] when it cannot be written.
pub fn save(picture: &Rgb, path: &Path) -> Result<(), BenchError> {
    std::fs::write(path, png(picture)?).map_err(|source| BenchError::file(path, source))
}

/// A picture as the bytes of a PNG file.
pub(super) fn png(picture: &Rgb) -> Result<Vec<u8>, BenchError> {
    let failed = |reason: String| BenchError::Codec {
        codec: "PNG",
        reason,
    };
    let side = |length: usize| u32::try_from(length).map_err(|error| failed(error.to_string()));
    let samples = PictureSamples::U8(picture.samples.clone());
    let (width, height) = (side(picture.width)?, side(picture.height)?);
    let picture = Picture::new(width, height, Layout::Rgb, samples)
        .ok_or_else(|| failed("samples do not fit the size".to_owned()))?;
    let encoding = PictureEncoding::default();
    encode_picture(&picture, Format::Png, &encoding, &Metadata::default())
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
    fn other_layouts_become_rgb() {
        let picture = |layout, samples| rgb(Picture::new(1, 1, layout, samples).unwrap()).unwrap();
        let deep = PictureSamples::U16(vec![0, 257 * 9 + 128, 65535, 300]);
        assert_eq!(picture(Layout::Rgba, deep).samples, [0, 9, 255]);
        let grey = PictureSamples::U8(vec![7, 255]);
        assert_eq!(picture(Layout::GrayAlpha, grey).samples, [7; 3]);
    }

    #[test]
    fn empty_folders_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let found = Corpus::open(folder.path());
        assert!(matches!(found, Err(BenchError::EmptyCorpus { .. })));
    }
}
