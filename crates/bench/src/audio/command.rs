//! The measurement as a command: arguments in, files and a report out.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use filigrane_audio::AudioStrength;
use filigrane_payload::Key;

use super::attacks::{self, Attack};
use super::chance::chance;
use super::copy::copy;
use super::corpus::Corpus;
use super::html::html;
use super::json_lines::write_json_lines;
use super::long::long;
use super::measure::{Length, Measurement, Outcome, Settings, Subject, measure};
use super::quality::find_python;
use super::report::markdown;
use super::scheme::{Filigrane, Scheme};
use super::sound;
use super::spectrogram::examples;
use crate::error::BenchError;
use crate::keys;
use crate::random::Random;

/// What to measure on sounds, and where to write it.
#[derive(Debug, Clone, clap::Args)]
pub struct AudioArguments {
    /// The folder of WAV files.
    #[arg(long, value_name = "DIR")]
    pub corpus: PathBuf,
    /// `standard`, `mild`, `quick`, `all`, groups, attacks, or beginnings with `*`, separated by
    /// commas.
    #[arg(long, value_name = "NAME,..", default_value = "standard")]
    pub attacks: String,
    /// Only clips whose file names contain one of these.
    #[arg(long, value_name = "SUBSTR,..", value_delimiter = ',')]
    pub clips: Vec<String>,
    /// Seconds of the attacked clip that the detector gets, from a random place on; `full` for all.
    #[arg(long, value_name = "S,..", value_delimiter = ',', default_values = ["5", "10"],
          value_parser = parse_length)]
    pub lengths: Vec<Length>,
    /// Seeds of payloads, random parameters and crops; everything is done once for each.
    #[arg(long, value_name = "N,..", value_delimiter = ',', default_values_t = [1])]
    pub seed: Vec<u64>,
    /// Mix the clips down to one channel first.
    #[arg(long)]
    pub mono: bool,
    /// `public`, `secret` (a fixed one for measurements), or a key file.
    #[arg(long, value_name = "KEY", default_value = "public")]
    pub key: String,
    /// How strongly the clips are marked: `subtle`, `usual` or `strong`.
    #[arg(long, default_value_t)]
    pub strength: AudioStrength,
    /// Also look at the attacked originals, which carry no mark.
    #[arg(long)]
    pub unmarked: bool,
    /// Also look at the marked clips with another key.
    #[arg(long)]
    pub wrong_key: bool,
    /// Instead of all else: look at 10 s windows of the clips with so many keys of which there is no
    /// mark, and with a fourth as many at windows that another key marked.
    #[arg(long, value_name = "KEYS")]
    pub chance: Option<u64>,
    /// Instead of all else: put a marked part into every minute of a recording of so many minutes, and look
    /// at it.
    #[arg(long, value_name = "MINUTES", conflicts_with = "chance")]
    pub long: Option<f64>,
    /// Instead of all else: estimate the marks of the longer clips without the key, put them on all other clips, and
    /// take them away from their own.
    #[arg(long, conflicts_with_all = ["chance", "long"])]
    pub copy: bool,
    /// Do not measure PESQ, which takes a second per clip of speech.
    #[arg(long)]
    pub no_pesq: bool,
    /// Threads; all processors when left out.
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Write every result as JSON Lines.
    #[arg(long, value_name = "FILE")]
    pub jsonl: Option<PathBuf>,
    /// Write the tables as Markdown; they are always printed.
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Write the tables with drawings and spectrograms as one page.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write every marked and every attacked marked clip as WAV into this folder.
    #[arg(long, value_name = "DIR")]
    pub dump: Option<PathBuf>,
}

fn parse_length(text: &str) -> Result<Length, String> {
    let expected = || format!("expected seconds above 0 or `full`, found `{text}`");
    Length::parse(text).ok_or_else(expected)
}

impl AudioArguments {
    /// The clips that these arguments name.
    ///
    /// # Errors
    /// See [`Corpus::open`]; [`BenchError::EmptyCorpus`] also when no clip is left.
    pub fn corpus(&self) -> Result<Corpus, BenchError> {
        let corpus = Corpus::open(&self.corpus)?.named(&self.clips);
        if corpus.measured().next().is_none() {
            return Err(BenchError::EmptyCorpus {
                folder: self.corpus.clone(),
            });
        }
        Ok(if self.mono { corpus.mono() } else { corpus })
    }

    /// What these arguments ask for.
    ///
    /// # Errors
    /// [`BenchError::UnknownAttack`].
    pub fn settings(&self) -> Result<Settings, BenchError> {
        Ok(Settings {
            attacks: attacks::select(&self.attacks)?,
            lengths: self.lengths.clone(),
            seeds: self.seed.clone(),
            unmarked: self.unmarked,
            threads: self.threads,
            python: if self.no_pesq { None } else { find_python() },
            dump: self.dump.clone(),
        })
    }

    /// The key to mark and look with.
    ///
    /// # Errors
    /// [`BenchError::Key`] when the file is not a key.
    pub fn key(&self) -> Result<Key, BenchError> {
        keys::named(&self.key)
    }
}

/// Measures as the arguments ask, writes the files that they name, and returns the Markdown report.
/// `progress` hears a short line now and then.
///
/// # Errors
/// See [`measure`]; also for keys, unknown attacks, and files that cannot be read or written.
pub fn run(
    arguments: &AudioArguments,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<String, BenchError> {
    let corpus = arguments.corpus()?;
    if let Some(keys) = arguments.chance {
        return chance(
            &corpus,
            &arguments.key()?,
            keys,
            keys.div_ceil(4),
            arguments.threads,
        );
    }
    if let Some(minutes) = arguments.long {
        let seed = arguments.seed.first().copied().unwrap_or(1);
        return long(&corpus, &arguments.key()?, minutes, seed);
    }
    let settings = arguments.settings()?;
    let scheme = Filigrane::new(&arguments.key()?, arguments.strength)?;
    if arguments.copy {
        return Ok(copy(&corpus, &scheme));
    }
    let other = match arguments.wrong_key {
        true => Some(Filigrane::new(&keys::other()?, arguments.strength)?),
        false => None,
    };
    if settings.python.is_none() && !arguments.no_pesq {
        progress("PESQ is not measured: no Python with the package `pesq`");
    }
    let clips = corpus.measured().count();
    let total = clips * settings.seeds.len() * settings.attacks.len() * settings.lengths.len();
    let (done, missed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let other = other.as_ref().map(|scheme| scheme as &dyn Scheme);
    let measurement = measure(&corpus, &scheme, other, &settings, &|trial| {
        if trial.subject != Subject::Marked {
            return;
        }
        if !matches!(trial.outcome, Outcome::Recovered | Outcome::Skipped) {
            missed.fetch_add(1, Ordering::Relaxed);
        }
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of((total / 20).max(1)) {
            let missed = missed.load(Ordering::Relaxed);
            progress(&format!(
                "{done} of at most {total} detections, {missed} not recovered"
            ));
        }
    })?;
    if let Some(path) = &arguments.html {
        let page = html(&measurement, &examples(&corpus, &scheme));
        std::fs::write(path, page).map_err(|source| BenchError::file(path, source))?;
    }
    write(arguments, &measurement)
}

fn write(arguments: &AudioArguments, measurement: &Measurement) -> Result<String, BenchError> {
    if let Some(path) = &arguments.jsonl {
        let file = File::create(path).map_err(|source| BenchError::file(path, source))?;
        write_json_lines(measurement, BufWriter::new(file))
            .map_err(|source| BenchError::file(path, source))?;
    }
    let report = markdown(measurement);
    if let Some(path) = &arguments.markdown {
        std::fs::write(path, &report).map_err(|source| BenchError::file(path, source))?;
    }
    Ok(report)
}

/// Attacks the clips of a corpus without marking or looking, and writes the results as WAV files: to
/// hear what attacks do, and to hand attacked clips to other tools. Returns a line per failure.
///
/// # Errors
/// When a result cannot be written.
pub fn attack_files(
    corpus: &Corpus,
    attacks: &[Attack],
    seed: u64,
    folder: &Path,
) -> Result<Vec<String>, BenchError> {
    std::fs::create_dir_all(folder).map_err(|source| BenchError::file(folder, source))?;
    let mut failures = Vec::new();
    for clip in corpus.measured() {
        for attack in attacks {
            let name = &clip.name;
            let number = Random::new(seed, &["other", name, attack.name]).next_u64();
            let other = &corpus.other(name, number).sound;
            match attack.apply(&clip.sound, other, name, seed) {
                Ok((result, _)) => {
                    let file = folder.join(format!("{name}--{}.wav", attack.name));
                    sound::save(&result, &file)?;
                }
                Err(error) => failures.push(format!("{name} {}: {error}", attack.name)),
            }
        }
    }
    Ok(failures)
}
