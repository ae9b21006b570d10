//! Marks, attacks, looks and compares.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use filigrane_payload::{MarkId, Origin, Payload};
use rayon::prelude::*;
use serde::Serialize;

use super::attacks::{self, Attack};
use super::corpus::{self, Corpus};
use super::example::Example;
use super::forgery::{self, Forgeries};
use super::list::Listed;
use super::quality::{psnr, ssim};
use super::rgb::Rgb;
use super::scheme::{Look, Scheme};
use crate::clock::timed;
use crate::error::BenchError;
use crate::random::Random;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What happens to each picture.
    pub attacks: Vec<Attack>,
    /// Everything is done once per seed: other payloads, other random parameters.
    pub seeds: Vec<u64>,
    /// Whether the originals go through the attacks as well, to count false positives.
    pub unmarked: bool,
    /// Threads; all processors when `None`.
    pub threads: Option<usize>,
    /// A folder that gets every attacked marked picture as a PNG.
    pub dump: Option<PathBuf>,
    /// What is tried without the key.
    pub forgeries: Forgeries,
    /// Of each picture, only the square in its middle is taken, scaled to this side.
    pub square: Option<usize>,
}

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A marked picture, by its own key.
    Marked,
    /// A picture that was never marked.
    Unmarked,
    /// A marked picture, by another key.
    WrongKey,
    /// A picture that was never marked, with a mark that was estimated without the key.
    Forged,
    /// A marked picture, less the mark that was estimated without the key.
    Erased,
}

/// What came of one detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The payload that was embedded, all 96 bits, and no other.
    Recovered,
    /// A payload that was never embedded was accepted: a false positive on unmarked pictures and
    /// under other keys, a wrong identification on marked ones.
    Wrong,
    /// A mark was found, and told to have been made for another picture. Right for forged
    /// pictures, a miss on genuine ones.
    Copied,
    /// Nothing was accepted.
    NotFound,
    /// The scheme gave no answer, for instance because the picture is too small.
    Inconclusive,
    /// The scheme could not look, or the attack's codec failed.
    Failed,
    /// The attack, the embedder or the detector panicked.
    Panicked,
    /// The attack needs a program that is not installed. Counts nowhere.
    Skipped,
}

/// How one picture was marked.
#[derive(Debug, Clone, Serialize)]
pub struct Embedding {
    /// The picture's file name without extension.
    pub picture: String,
    /// The seed of the payload and of everything random.
    pub seed: u64,
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// What was embedded, 22 hexadecimal digits.
    pub id: String,
    /// Peak signal-to-noise ratio to the original over RGB, dB; NaN when refused.
    pub psnr: f64,
    /// Structural similarity to the original over RGB; NaN when refused.
    pub ssim: f64,
    /// Processor time of embedding, milliseconds.
    pub embed_ms: f64,
    /// Why the picture was not marked, if so. Its attacks are then not run.
    pub refused: Option<String>,
}

/// One detection.
#[derive(Debug, Clone, Serialize)]
pub struct Trial {
    /// What was looked at.
    pub subject: Subject,
    /// The picture's file name without extension.
    pub picture: String,
    /// The seed of the payload and of everything random.
    pub seed: u64,
    /// What happened to the picture.
    pub attack: String,
    /// The attack's family.
    pub group: &'static str,
    /// What came of looking.
    pub outcome: Outcome,
    /// Of the strongest accepted payload, or else of the best rejected.
    pub p_value: Option<f64>,
    /// Where the mark was found, or what went wrong.
    pub detail: Option<String>,
    /// Size after the attack.
    pub width: usize,
    /// Size after the attack.
    pub height: usize,
    /// Processor time of the detection, milliseconds.
    pub detect_ms: f64,
    /// PSNR of a forged or erased picture to the picture without any mark, dB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub psnr: Option<f64>,
}

impl Trial {
    /// A trial of which nothing is known yet.
    pub(super) fn new(
        subject: Subject,
        picture: &str,
        seed: u64,
        attack: &str,
        group: &'static str,
    ) -> Self {
        Self {
            subject,
            picture: picture.to_owned(),
            seed,
            attack: attack.to_owned(),
            group,
            outcome: Outcome::Failed,
            p_value: None,
            detail: None,
            width: 0,
            height: 0,
            detect_ms: 0.0,
            psnr: None,
        }
    }
}

/// Everything that one run found out.
#[derive(Debug, Clone)]
pub struct Measurement {
    /// What was measured.
    pub scheme: String,
    /// What was asked for.
    pub settings: Settings,
    /// One per picture and seed, in the corpus' order.
    pub embeddings: Vec<Embedding>,
    /// One per picture, seed, attack and subject, in that order.
    pub trials: Vec<Trial>,
    /// Parts of the first pictures before and after marking, to look at.
    pub examples: Vec<Example>,
}

/// Runs the whole measurement. With `wrong_key`, the marked pictures are also looked at by it, and
/// everything it finds is wrong. `progress` hears of every trial as it ends, from any thread.
///
/// # Errors
/// [`BenchError::File`] and [`BenchError::Decode`] when a picture cannot be read, and
/// [`BenchError::Threads`]. What goes wrong with one attack is a [`Trial`]'s outcome.
pub fn measure(
    corpus: &Corpus,
    scheme: &dyn Scheme,
    wrong_key: Option<&dyn Scheme>,
    settings: &Settings,
    progress: &(dyn Fn(&Trial) + Sync),
) -> Result<Measurement, BenchError> {
    if let Some(folder) = &settings.dump {
        std::fs::create_dir_all(folder).map_err(|source| BenchError::file(folder, source))?;
    }
    let pool = pool(settings.threads)?;
    let bench = Bench {
        scheme,
        wrong_key,
        settings,
        progress,
    };
    let tasks: Vec<(&Path, u64)> = corpus
        .files()
        .iter()
        .flat_map(|path| {
            settings
                .seeds
                .iter()
                .map(move |seed| (path.as_path(), *seed))
        })
        .collect();
    // Examples from all over the corpus, under the first seed.
    let first = settings.seeds.first().copied().unwrap_or_default();
    let step = tasks.len().div_ceil(EXAMPLES).max(1);
    let results: Result<Vec<_>, BenchError> = pool.install(|| {
        let tasks = tasks.par_iter().enumerate();
        tasks
            .map(|(index, (path, seed))| {
                let shown = *seed == first && index.is_multiple_of(step);
                bench.picture(path, *seed, shown)
            })
            .collect()
    });
    let mut embeddings = Vec::new();
    let mut trials: Vec<Trial> = Vec::new();
    let mut examples = Vec::new();
    for (embedding, own, example) in results? {
        embeddings.push(embedding);
        trials.extend(own);
        examples.extend(example);
    }
    trials.extend(pool.install(|| forgery::trials(&bench, corpus))?);
    Ok(Measurement {
        scheme: scheme.name(),
        settings: settings.clone(),
        embeddings,
        trials,
        examples,
    })
}

/// Looks at files that are attacked already. Those that should carry an identifier count as marked,
/// the others as unmarked; only the identifier is compared.
///
/// # Errors
/// [`BenchError::File`] and [`BenchError::Decode`] when a picture cannot be read, and
/// [`BenchError::Threads`].
pub fn look_at(
    files: &[Listed],
    scheme: &dyn Scheme,
    threads: Option<usize>,
    progress: &(dyn Fn(&Trial) + Sync),
) -> Result<Measurement, BenchError> {
    let settings = Settings {
        attacks: Vec::new(),
        seeds: Vec::new(),
        unmarked: false,
        threads,
        dump: None,
        forgeries: Forgeries::default(),
        square: None,
    };
    let bench = Bench {
        scheme,
        wrong_key: None,
        settings: &settings,
        progress,
    };
    let look = |listed: &Listed| -> Result<Trial, BenchError> {
        let picture = corpus::load(&listed.file)?;
        let subject = match listed.id {
            Some(_) => Subject::Marked,
            None => Subject::Unmarked,
        };
        let name = corpus::name(&listed.file);
        let trial = Trial::new(subject, &name, 0, &listed.attack, "given");
        let right = |found: &Payload| Some(found.id) == listed.id;
        Ok(bench.examine(trial, &picture, scheme, right))
    };
    let trials: Result<Vec<_>, BenchError> =
        pool(threads)?.install(|| files.par_iter().map(look).collect());
    Ok(Measurement {
        scheme: scheme.name(),
        trials: trials?,
        embeddings: Vec::new(),
        examples: Vec::new(),
        settings,
    })
}

fn pool(threads: Option<usize>) -> Result<rayon::ThreadPool, BenchError> {
    let threads = threads.unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| BenchError::Threads {
        threads,
        reason: error.to_string(),
    })
}

pub(super) struct Bench<'a> {
    pub(super) scheme: &'a dyn Scheme,
    wrong_key: Option<&'a dyn Scheme>,
    pub(super) settings: &'a Settings,
    progress: &'a (dyn Fn(&Trial) + Sync),
}

/// What comes of one picture under one seed.
type Pictured = (Embedding, Vec<Trial>, Option<Example>);

/// About how many pictures the page shows.
const EXAMPLES: usize = 6;

/// One picture under one seed, as all its attacks see it.
struct Case {
    name: String,
    seed: u64,
    payload: Payload,
    original: Rgb,
    /// `None` when the scheme refused.
    marked: Option<Rgb>,
}

impl Bench<'_> {
    /// Marks one picture and runs its attacks.
    fn picture(&self, path: &Path, seed: u64, shown: bool) -> Result<Pictured, BenchError> {
        let name = corpus::name(path);
        let mut original = corpus::load(path)?;
        if let Some(length) = self.settings.square {
            original = attacks::square(&original, length)?;
        }
        let payload = payload(seed, &name);
        let (marked, embedding) = self.embed(&original, payload, &name, seed);
        let case = Case {
            name,
            seed,
            payload,
            original,
            marked,
        };
        let attacks = self.settings.attacks.par_iter();
        let trials: Vec<Vec<Trial>> = attacks.map(|attack| self.attack(&case, attack)).collect();
        let example = case
            .marked
            .filter(|_| shown)
            .map(|marked| Example::of(&case.name, &case.original, &marked));
        Ok((embedding, trials.into_iter().flatten().collect(), example))
    }

    fn embed(
        &self,
        original: &Rgb,
        payload: Payload,
        name: &str,
        seed: u64,
    ) -> (Option<Rgb>, Embedding) {
        let mut marked = original.clone();
        let (result, time) = timed(|| caught(|| self.scheme.embed(&mut marked, &payload)));
        let refused = match result {
            Ok(Ok(())) => None,
            Ok(Err(reason)) => Some(reason),
            Err(panic) => Some(format!("panicked: {panic}")),
        };
        let same_size = (marked.width, marked.height) == (original.width, original.height);
        let refused = refused.or((!same_size).then(|| "changed the size".to_owned()));
        let quality = |measure: fn(&Rgb, &Rgb) -> f64| match refused {
            None => measure(original, &marked),
            Some(_) => f64::NAN,
        };
        let embedding = Embedding {
            picture: name.to_owned(),
            seed,
            width: original.width,
            height: original.height,
            id: payload.id.to_string(),
            psnr: quality(psnr),
            ssim: quality(ssim),
            embed_ms: time.as_secs_f64() * 1e3,
            refused,
        };
        let marked = embedding.refused.is_none().then_some(marked);
        (marked, embedding)
    }

    /// One attack on the marked picture and, when asked for, on the original.
    fn attack(&self, case: &Case, attack: &Attack) -> Vec<Trial> {
        let mut trials = Vec::new();
        if let Some(marked) = &case.marked {
            let attacked = caught(|| attack.apply(marked, &case.name, case.seed));
            if let (Some(folder), Ok(Ok(picture))) = (&self.settings.dump, &attacked) {
                let file = format!("{}--{}.png", case.name, attack.name);
                // Looking at dumps is a convenience: the measurement does not stop for it.
                let _ = corpus::save(picture, &folder.join(file));
            }
            let by = |scheme, subject| self.look(case, attack, &attacked, scheme, subject);
            trials.push(by(self.scheme, Subject::Marked));
            trials.extend(self.wrong_key.map(|scheme| by(scheme, Subject::WrongKey)));
        }
        if self.settings.unmarked {
            let attacked = caught(|| attack.apply(&case.original, &case.name, case.seed));
            let trial = self.look(case, attack, &attacked, self.scheme, Subject::Unmarked);
            trials.push(trial);
        }
        trials
    }

    fn look(
        &self,
        case: &Case,
        attack: &Attack,
        attacked: &Result<Result<Rgb, BenchError>, String>,
        scheme: &dyn Scheme,
        subject: Subject,
    ) -> Trial {
        let group = attack.group.name();
        let mut trial = Trial::new(subject, &case.name, case.seed, attack.name, group);
        let picture = match attacked {
            Ok(Ok(picture)) => picture,
            Ok(Err(error)) => {
                let skips = |error: &BenchError| {
                    use BenchError::{NotApplicable, Unavailable};
                    matches!(error, Unavailable { .. } | NotApplicable { .. })
                };
                if skips(error) {
                    trial.outcome = Outcome::Skipped;
                }
                return self.finish(trial, Some(error.to_string()));
            }
            Err(panic) => {
                trial.outcome = Outcome::Panicked;
                return self.finish(trial, Some(format!("attack: {panic}")));
            }
        };
        let right = |found: &Payload| subject == Subject::Marked && *found == case.payload;
        self.examine(trial, picture, scheme, right)
    }

    /// Looks at `picture`, of which only payloads that are `right` should be read, and completes the
    /// trial.
    pub(super) fn examine(
        &self,
        mut trial: Trial,
        picture: &Rgb,
        scheme: &dyn Scheme,
        right: impl Fn(&Payload) -> bool,
    ) -> Trial {
        (trial.width, trial.height) = (picture.width, picture.height);
        let (look, time) = timed(|| caught(|| scheme.detect(picture)));
        trial.detect_ms = time.as_secs_f64() * 1e3;
        let detail = match look {
            Ok(Ok(look)) => {
                trial.outcome = judge(&look, right);
                trial.p_value = look.p_value;
                look.place.or(look.inconclusive)
            }
            Ok(Err(reason)) => Some(reason),
            Err(panic) => {
                trial.outcome = Outcome::Panicked;
                Some(format!("detector: {panic}"))
            }
        };
        self.finish(trial, detail)
    }

    fn finish(&self, mut trial: Trial, detail: Option<String>) -> Trial {
        trial.detail = detail;
        (self.progress)(&trial);
        trial
    }
}

/// What a look says about a picture of which only payloads that are `right` should be read.
fn judge(look: &Look, right: impl Fn(&Payload) -> bool) -> Outcome {
    if look.payloads.is_empty() {
        match look.inconclusive {
            _ if look.copied => Outcome::Copied,
            Some(_) => Outcome::Inconclusive,
            None => Outcome::NotFound,
        }
    } else if look.payloads.iter().all(right) {
        Outcome::Recovered
    } else {
        Outcome::Wrong
    }
}

/// A payload of its own for every picture and seed.
pub(super) fn payload(seed: u64, picture: &str) -> Payload {
    let mut random = Random::new(seed, &["payload", picture]);
    let id = std::array::from_fn(|_| random.next_u64() as u8);
    let origin = [
        Origin::Other,
        Origin::Generated,
        Origin::Edited,
        Origin::Captured,
    ][random.below(4)];
    Payload::new(origin, MarkId::from_bytes(id))
}

/// Runs `work`; a panic becomes its message.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        text.unwrap_or("without a message").to_owned()
    })
}

#[cfg(test)]
mod tests;
