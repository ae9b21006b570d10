//! The measurement as a command: arguments in, files and a report out.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use filigrane_image::Search;
use filigrane_payload::Key;

use super::attacks;
use super::corpus::Corpus;
use super::filigrane::Filigrane;
use super::forgery::Forgeries;
use super::html::html;
use super::json_lines::write_json_lines;
use super::list::read_list;
use super::report::markdown;
use super::run::{Measurement, Outcome, Settings, Subject, Trial, look_at, measure};
use super::scheme::Scheme;
use crate::error::BenchError;
use crate::keys;

/// What to measure on pictures, and where to write it.
#[derive(Debug, Clone, clap::Args)]
pub struct ImageArguments {
    /// The pictures' folder.
    #[arg(long, value_name = "DIR")]
    pub corpus: PathBuf,
    /// `standard`, `quick`, `all`, groups, attacks, or beginnings with `*`, separated by commas.
    #[arg(long, value_name = "NAME,..", default_value = "standard")]
    pub attacks: String,
    /// Only pictures whose file names contain one of these.
    #[arg(long, value_name = "SUBSTR,..", value_delimiter = ',')]
    pub pictures: Vec<String>,
    /// Only every K-th picture.
    #[arg(long, value_name = "K", default_value_t = 1)]
    pub every: usize,
    /// At most N pictures.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Seeds of payloads and random parameters; everything is done once for each.
    #[arg(long, value_name = "N,..", value_delimiter = ',', default_values_t = [1])]
    pub seed: Vec<u64>,
    /// `public`, `secret` (a fixed one for measurements), or a key file.
    #[arg(long, value_name = "KEY", default_value = "public")]
    pub key: String,
    /// How far to look for marks: `in-place`, `upright` or `full`.
    #[arg(long, default_value_t)]
    pub search: Search,
    /// Also look at the attacked originals, which carry no mark.
    #[arg(long)]
    pub unmarked: bool,
    /// Also look at the marked pictures with another key.
    #[arg(long)]
    pub wrong_key: bool,
    /// Also estimate each mark without the key, from its picture alone, and add it to the next picture.
    #[arg(long)]
    pub copy: bool,
    /// Also subtract these estimates from the marked pictures.
    #[arg(long)]
    pub erase: bool,
    /// With `--copy` or `--erase`: also estimate from N marked pictures together.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub average: usize,
    /// Take only the square in the middle of each picture, scaled to N × N pixels.
    #[arg(long, value_name = "N")]
    pub square: Option<usize>,
    /// Threads; all processors when left out.
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Where results go.
    #[command(flatten)]
    pub outputs: Outputs,
    /// Write every attacked marked picture as PNG into this folder.
    #[arg(long, value_name = "DIR")]
    pub dump: Option<PathBuf>,
}

impl ImageArguments {
    /// The pictures that these arguments name.
    ///
    /// # Errors
    /// See [`Corpus::open`]; [`BenchError::EmptyCorpus`] also when no picture is left.
    pub fn corpus(&self) -> Result<Corpus, BenchError> {
        let corpus = Corpus::open(&self.corpus)?;
        let corpus = corpus.named(&self.pictures).every(self.every);
        let corpus = corpus.limit(self.limit.unwrap_or(usize::MAX));
        match corpus.files() {
            [] => Err(BenchError::EmptyCorpus {
                folder: self.corpus.clone(),
            }),
            _ => Ok(corpus),
        }
    }

    /// What these arguments ask for.
    ///
    /// # Errors
    /// [`BenchError::UnknownAttack`].
    pub fn settings(&self) -> Result<Settings, BenchError> {
        Ok(Settings {
            attacks: attacks::select(&self.attacks)?,
            seeds: self.seed.clone(),
            unmarked: self.unmarked,
            threads: self.threads,
            dump: self.dump.clone(),
            forgeries: Forgeries {
                copy: self.copy,
                erase: self.erase,
                average: self.average,
            },
            square: self.square,
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

/// Which files to judge, and where to write what came of it.
#[derive(Debug, Clone, clap::Args)]
pub struct JudgeArguments {
    /// The list: JSON Lines or comma-separated, with `file`, `id` (or none) and optionally `attack`.
    #[arg(long, value_name = "FILE")]
    pub list: PathBuf,
    /// `public`, `secret` (a fixed one for measurements), or a key file.
    #[arg(long, value_name = "KEY", default_value = "public")]
    pub key: String,
    /// Threads; all processors when left out.
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Where results go.
    #[command(flatten)]
    pub outputs: Outputs,
}

/// Files that a measurement is written to.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Outputs {
    /// Write every result as JSON Lines.
    #[arg(long, value_name = "FILE")]
    pub jsonl: Option<PathBuf>,
    /// Write the tables as Markdown; they are always printed.
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Write a self-contained page with plots.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// Measures filigrane's watermark as the arguments ask. `progress` hears a short line now and then.
///
/// # Errors
/// See [`measure`]; also for keys and unknown attacks.
pub fn run(
    arguments: &ImageArguments,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Measurement, BenchError> {
    let scheme = |key: &Key| -> Result<Box<dyn Scheme>, BenchError> {
        Ok(Box::new(Filigrane::new(key)?.searching(arguments.search)))
    };
    run_with(arguments, scheme, progress)
}

/// Looks at files that are attacked already, and compares with what the list says.
///
/// # Errors
/// See [`read_list`] and [`look_at`]; also for keys.
pub fn judge(
    arguments: &JudgeArguments,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Measurement, BenchError> {
    let files = read_list(&arguments.list)?;
    let scheme = filigrane(&keys::named(&arguments.key)?)?;
    let counter = Counter::new(files.len(), progress);
    look_at(&files, &*scheme, arguments.threads, &|trial| {
        counter.count(trial);
    })
}

fn filigrane(key: &Key) -> Result<Box<dyn Scheme>, BenchError> {
    Ok(Box::new(Filigrane::new(key)?))
}

/// [`run`] for any scheme: `scheme` makes it for a key.
///
/// # Errors
/// As [`run`].
pub fn run_with(
    arguments: &ImageArguments,
    scheme: impl Fn(&Key) -> Result<Box<dyn Scheme>, BenchError>,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Measurement, BenchError> {
    let corpus = arguments.corpus()?;
    let settings = arguments.settings()?;
    let marking = scheme(&arguments.key()?)?;
    let other = match arguments.wrong_key {
        true => Some(scheme(&keys::other()?)?),
        false => None,
    };
    let total = corpus.files().len() * settings.seeds.len() * settings.attacks.len();
    let counter = Counter::new(total, progress);
    measure(&corpus, &*marking, other.as_deref(), &settings, &|trial| {
        if trial.subject == Subject::Marked {
            counter.count(trial);
        }
    })
}

/// Says how far a run is.
struct Counter<'a> {
    total: usize,
    done: AtomicUsize,
    missed: AtomicUsize,
    progress: &'a (dyn Fn(&str) + Sync),
}

impl<'a> Counter<'a> {
    fn new(total: usize, progress: &'a (dyn Fn(&str) + Sync)) -> Self {
        Self {
            total,
            done: AtomicUsize::new(0),
            missed: AtomicUsize::new(0),
            progress,
        }
    }

    fn count(&self, trial: &Trial) {
        let right = matches!(trial.outcome, Outcome::Recovered | Outcome::Skipped);
        if trial.subject == Subject::Marked && !right {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of((self.total / 20).max(1)) {
            let (total, missed) = (self.total, self.missed.load(Ordering::Relaxed));
            (self.progress)(&format!(
                "{done} of {total} detections, {missed} not recovered"
            ));
        }
    }
}

/// Writes the files that `outputs` names, and returns the Markdown report.
///
/// # Errors
/// [`BenchError::File`] when one cannot be written.
pub fn write_files(outputs: &Outputs, measurement: &Measurement) -> Result<String, BenchError> {
    if let Some(path) = &outputs.jsonl {
        let file = File::create(path).map_err(|source| BenchError::file(path, source))?;
        write_json_lines(measurement, BufWriter::new(file))
            .map_err(|source| BenchError::file(path, source))?;
    }
    let report = markdown(measurement);
    if let Some(path) = &outputs.markdown {
        std::fs::write(path, &report).map_err(|source| BenchError::file(path, source))?;
    }
    if let Some(path) = &outputs.html {
        let page = html(measurement);
        std::fs::write(path, page).map_err(|source| BenchError::file(path, source))?;
    }
    Ok(report)
}

/// Attacks the pictures of a corpus without marking or looking, and writes the results as PNGs: to
/// see what attacks do, and to hand attacked pictures to other tools. Returns a line per failure.
///
/// # Errors
/// When a picture cannot be read or a result cannot be written.
pub fn attack_files(
    corpus: &Corpus,
    attacks: &[attacks::Attack],
    seed: u64,
    folder: &std::path::Path,
) -> Result<Vec<String>, BenchError> {
    std::fs::create_dir_all(folder).map_err(|source| BenchError::file(folder, source))?;
    let mut failures = Vec::new();
    for path in corpus.files() {
        let name = super::corpus::name(path);
        let picture = super::corpus::load(path)?;
        for attack in attacks {
            match attack.apply(&picture, &name, seed) {
                Ok(result) => {
                    let file = folder.join(format!("{name}--{}.png", attack.name));
                    super::corpus::save(&result, &file)?;
                }
                Err(error) => failures.push(format!("{name} {}: {error}", attack.name)),
            }
        }
    }
    Ok(failures)
}
