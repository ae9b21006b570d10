//! What somebody can do who knows the design and has marked pictures, but not the key: copy a mark
//! onto another picture, and erase it.

mod estimate;

use std::path::Path;

use filigrane_payload::Payload;
use rayon::prelude::*;

use self::estimate::{Estimate, Fold, Residual};
use super::corpus::{self, Corpus};
use super::quality::psnr;
use super::rgb::Rgb;
use super::run::{Bench, Subject, Trial, payload};
use crate::error::BenchError;

/// What is tried without the key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgeries {
    /// Whether estimated marks are added to pictures that carry none.
    pub copy: bool,
    /// Whether estimated marks are subtracted from the pictures that carry them.
    pub erase: bool,
    /// From how many marked pictures marks are estimated together; 0 leaves that out. Where the
    /// corpus has fewer, the rest are its pictures mirrored and turned before they are marked.
    pub average: usize,
}

/// PSNR in dB that adding an estimate leaves to the picture it is added to.
const COPY_AT: [f64; 3] = [44.0, 41.0, 38.0];
/// PSNR in dB that subtracting an estimate leaves to the marked picture. More is not better for who
/// erases: about the mark's own strength cancels it, twice that leaves its negative.
const ERASE_AT: [f64; 7] = [46.0, 45.0, 44.0, 42.0, 40.0, 38.0, 36.0];

/// What a mark is estimated from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// One marked picture.
    One,
    /// Many under one key, each with its own payload.
    Average,
    /// Many under one key with the same payload.
    AverageSame,
    /// As `Average`, but of luma as it is.
    PixelMean,
}

impl Source {
    const TOGETHER: [Self; 3] = [Self::Average, Self::AverageSame, Self::PixelMean];

    const fn suffix(self) -> &'static str {
        match self {
            Self::One => "",
            Self::Average => "-average",
            Self::AverageSame => "-average-same",
            Self::PixelMean => "-pixel-mean",
        }
    }

    const fn residual(self) -> Residual {
        match self {
            Self::PixelMean => Residual::Luma,
            _ => Residual::Whitened,
        }
    }

    fn payload(self, seed: u64, name: &str) -> Payload {
        match self {
            // No file is called so.
            Self::AverageSame => payload(seed, "/same"),
            _ => payload(seed, name),
        }
    }
}

/// The names of all copies and erasures.
pub(super) fn attack_names() -> Vec<String> {
    let sources = std::iter::once(Source::One).chain(Source::TOGETHER);
    let names = sources.flat_map(|source| {
        let copies = COPY_AT.map(|level| format!("`copy{}-{level}`", source.suffix()));
        let erasures = ERASE_AT.map(|level| format!("`erase{}-{level}`", source.suffix()));
        copies.into_iter().chain(erasures)
    });
    names.collect()
}

/// Everything that `bench` asks for, one trial per picture, seed, source and strength.
pub(super) fn trials(bench: &Bench<'_>, corpus: &Corpus) -> Result<Vec<Trial>, BenchError> {
    let settings = bench.settings;
    let wanted = settings.forgeries;
    if !wanted.copy && !wanted.erase {
        return Ok(Vec::new());
    }
    let files = corpus.files();
    if wanted.copy && files.len() < 2 {
        return Err(BenchError::NotApplicable {
            reason: "copying a mark needs a corpus of at least two pictures",
        });
    }
    let mut trials = Vec::new();
    for seed in &settings.seeds {
        let together = together(bench, files, *seed)?;
        let tasks = (0..files.len()).into_par_iter();
        let results: Result<Vec<_>, BenchError> = tasks
            .map(|index| picture(bench, files, index, *seed, &together))
            .collect();
        trials.extend(results?.into_iter().flatten());
    }
    Ok(trials)
}

/// The estimates from many pictures.
fn together(
    bench: &Bench<'_>,
    files: &[std::path::PathBuf],
    seed: u64,
) -> Result<Vec<(Source, Estimate)>, BenchError> {
    let count = bench.settings.forgeries.average;
    if count == 0 {
        return Ok(Vec::new());
    }
    let folds: Result<Vec<Vec<Fold>>, BenchError> = (0..count)
        .into_par_iter()
        .map(|index| {
            let path = &files[index % files.len()];
            let variant = index / files.len();
            let original = turned(&corpus::load(path)?, variant);
            let name = format!("{}{}", corpus::name(path), "'".repeat(variant));
            let folds = Source::TOGETHER.into_iter().map(|source| {
                let marked = marked(bench, &original, source.payload(seed, &name));
                marked.map_or_else(Fold::empty, |marked| Fold::of(&marked, source.residual()))
            });
            Ok(folds.collect())
        })
        .collect();
    let folds = folds?;
    let sums = Source::TOGETHER
        .into_iter()
        .enumerate()
        .map(|(at, source)| {
            let mut sum = Fold::empty();
            for fold in folds.iter().filter_map(|folds| folds.get(at)) {
                sum.add(fold);
            }
            (source, sum.estimate())
        });
    Ok(sums.collect())
}

/// One of the eight ways to lay a picture down.
fn turned(picture: &Rgb, variant: usize) -> Rgb {
    let (width, height) = (picture.width, picture.height);
    let across = |x: usize, length: usize| if variant & 1 == 1 { length - 1 - x } else { x };
    let down = |y: usize, length: usize| if variant & 2 == 2 { length - 1 - y } else { y };
    if variant & 4 == 4 {
        Rgb::from_fn(height, width, |x, y| {
            picture.pixel(across(y, width), down(x, height))
        })
    } else {
        Rgb::from_fn(width, height, |x, y| {
            picture.pixel(across(x, width), down(y, height))
        })
    }
}

/// The picture with a mark; `None` when the scheme refuses.
fn marked(bench: &Bench<'_>, original: &Rgb, payload: Payload) -> Option<Rgb> {
    let mut marked = original.clone();
    let result = bench.scheme.embed(&mut marked, &payload);
    result.is_ok().then_some(marked)
}

/// One picture as the victim of erasing and the source of copying onto the next one.
fn picture(
    bench: &Bench<'_>,
    files: &[std::path::PathBuf],
    index: usize,
    seed: u64,
    together: &[(Source, Estimate)],
) -> Result<Vec<Trial>, BenchError> {
    let path: &Path = &files[index];
    let name = corpus::name(path);
    let original = corpus::load(path)?;
    let target = corpus::load(&files[(index + 1) % files.len()])?;
    let mut trials = Vec::new();
    let own = marked(bench, &original, Source::One.payload(seed, &name));
    let one = own
        .as_ref()
        .map(|own| (Source::One, Fold::of(own, Residual::Whitened).estimate()));
    for (source, estimate) in one.iter().chain(together) {
        let wanted = bench.settings.forgeries;
        if wanted.copy {
            trials.extend(COPY_AT.map(|level| {
                let forged = estimate.applied(&target, 1.0, level);
                let name = corpus::name(&files[(index + 1) % files.len()]);
                let attack = format!("copy{}-{level}", source.suffix());
                let mut trial = Trial::new(Subject::Forged, &name, seed, &attack, "copy");
                trial.psnr = Some(psnr(&target, &forged));
                bench.examine(trial, &forged, bench.scheme, |_| false)
            }));
        }
        let payload = source.payload(seed, &name);
        let victim = match source {
            Source::AverageSame => marked(bench, &original, payload),
            _ => own.clone(),
        };
        let Some(victim) = victim.filter(|_| wanted.erase) else {
            continue;
        };
        trials.extend(ERASE_AT.map(|level| {
            let erased = estimate.applied(&victim, -1.0, level);
            let attack = format!("erase{}-{level}", source.suffix());
            let mut trial = Trial::new(Subject::Erased, &name, seed, &attack, "erase");
            trial.psnr = Some(psnr(&original, &erased));
            bench.examine(trial, &erased, bench.scheme, |found| *found == payload)
        }));
    }
    Ok(trials)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_gives_eight_different_pictures() {
        let picture = Rgb::from_fn(3, 2, |x, y| [x as u8, y as u8, 0]);
        let all: Vec<Rgb> = (0..8).map(|variant| turned(&picture, variant)).collect();
        for (at, one) in all.iter().enumerate() {
            assert!(!all[at + 1..].contains(one), "{at}");
            assert_eq!(one.area(), 6);
        }
        assert_eq!(all[0], picture);
        assert_eq!(all[5].pixel(1, 2), picture.pixel(0, 1));
    }
}
