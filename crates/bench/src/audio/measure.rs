//! Marks, attacks, crops, looks and compares.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use filigrane_payload::{MarkId, Origin, Payload};
use rayon::prelude::*;
use serde::Serialize;

use super::attacks::Attack;
use super::corpus::{Clip, Corpus, Kind};
use super::quality::{Quality, compare};
use super::scheme::{Look, Scheme};
use super::sound::{self, Sound};
use crate::clock::timed;
use crate::error::BenchError;
use crate::random::Random;

/// How much of an attacked clip the detector gets.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Length {
    /// So many seconds from a random place on. Clips that are shorter are not looked at.
    Seconds(f64),
    /// All of it.
    Full,
}

impl Length {
    /// `full`, or a number of seconds above 0.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "full" {
            return Some(Self::Full);
        }
        let seconds = text.parse::<f64>().ok();
        seconds
            .filter(|seconds| *seconds > 0.0 && seconds.is_finite())
            .map(Self::Seconds)
    }
}

impl std::fmt::Display for Length {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Seconds(seconds) => write!(formatter, "{seconds} s"),
            Self::Full => formatter.write_str("full"),
        }
    }
}

/// What to measure.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What happens to each clip.
    pub attacks: Vec<Attack>,
    /// How much of the result the detector gets; each length is a trial of its own.
    pub lengths: Vec<Length>,
    /// Everything is done once per seed: other payloads, other random parameters, other crops.
    pub seeds: Vec<u64>,
    /// Whether the originals go through the attacks as well, to count false positives.
    pub unmarked: bool,
    /// Threads; all processors when `None`.
    pub threads: Option<usize>,
    /// The Python interpreter with the package `pesq`, to measure speech with PESQ as well.
    pub python: Option<PathBuf>,
    /// A folder that gets every marked and every attacked marked clip as a WAV file.
    pub dump: Option<PathBuf>,
}

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A marked clip, by its own key.
    Marked,
    /// A clip that was never marked.
    Unmarked,
    /// A marked clip, by another key.
    WrongKey,
}

/// What came of one detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The payload that was embedded, all 96 bits, and no other.
    Recovered,
    /// A payload that was never embedded was accepted: a false positive on unmarked clips and under
    /// other keys, a wrong identification on marked ones.
    Wrong,
    /// Nothing was accepted.
    NotFound,
    /// The scheme gave no answer, for instance because the sound is too short.
    Inconclusive,
    /// The scheme could not look, or the attack's codec failed.
    Failed,
    /// The attack, the embedder or the detector panicked.
    Panicked,
    /// The attack needs a program that is not installed, or does not apply to the clip. Counts
    /// nowhere.
    Skipped,
}

/// How one clip was marked.
#[derive(Debug, Clone, Serialize)]
pub struct Embedding {
    /// The clip's file name without extension.
    pub clip: String,
    /// What it sounds like.
    pub kind: Kind,
    /// The seed of the payload and of everything random.
    pub seed: u64,
    /// Samples per second.
    pub rate: u32,
    /// Number of channels.
    pub channels: usize,
    /// Duration in seconds.
    pub seconds: f64,
    /// What was embedded, 22 hexadecimal digits.
    pub id: String,
    /// What the marking cost; `None` when refused.
    pub quality: Option<Quality>,
    /// Processor time of embedding, milliseconds.
    pub embed_ms: f64,
    /// Why the clip was not marked, if so. Its attacks are then not run.
    pub refused: Option<String>,
}

/// One detection.
#[derive(Debug, Clone, Serialize)]
pub struct Trial {
    /// What was looked at.
    pub subject: Subject,
    /// The clip's file name without extension.
    pub clip: String,
    /// What it sounds like.
    pub kind: Kind,
    /// The seed of the payload and of everything random.
    pub seed: u64,
    /// What happened to the clip.
    pub attack: &'static str,
    /// The attack's family.
    pub group: &'static str,
    /// How much of the result was looked at.
    pub length: Length,
    /// Where the crop begins in the attacked clip, seconds.
    pub offset_s: f64,
    /// Duration of what was looked at.
    pub seconds: f64,
    /// What came of looking.
    pub outcome: Outcome,
    /// Of the strongest accepted payload, or else of the best rejected.
    pub p_value: Option<f64>,
    /// How the mark was found, or what went wrong.
    pub detail: Option<String>,
    /// For a clip that was put among other sounds and found: by how much the worse of the two
    /// borders is wrong, seconds.
    pub border_error_s: Option<f64>,
    /// Processor time of the detection, milliseconds.
    pub detect_ms: f64,
}

/// Everything that one run found out.
#[derive(Debug, Clone)]
pub struct Measurement {
    /// What was measured.
    pub scheme: String,
    /// What was asked for.
    pub settings: Settings,
    /// One per clip and seed, in the corpus' order.
    pub embeddings: Vec<Embedding>,
    /// One per clip, seed, attack, length and subject, in that order.
    pub trials: Vec<Trial>,
}

/// Runs the whole measurement. With `wrong_key`, the marked clips are also looked at by it, and
/// nothing should be found. `progress` hears of every trial, from any thread.
///
/// # Errors
/// [`BenchError::Threads`] without threads, [`BenchError::File`] when the dump's folder cannot be
/// made. An attack or scheme that fails is a trial with that outcome.
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
    let threads = settings.threads.unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| BenchError::Threads {
        threads,
        reason: error.to_string(),
    })?;
    let bench = Bench {
        corpus,
        scheme,
        wrong_key,
        settings,
        progress,
    };
    let seeds = &settings.seeds;
    let tasks: Vec<(&Clip, u64)> = corpus
        .measured()
        .flat_map(|clip| seeds.iter().map(move |seed| (clip, *seed)))
        .collect();
    let results: Vec<_> = pool.install(|| {
        let tasks = tasks.par_iter();
        tasks.map(|(clip, seed)| bench.clip(clip, *seed)).collect()
    });
    let (embeddings, trials): (Vec<_>, Vec<_>) = results.into_iter().unzip();
    Ok(Measurement {
        scheme: scheme.name(),
        settings: settings.clone(),
        embeddings,
        trials: trials.into_iter().flatten().collect(),
    })
}

struct Bench<'a> {
    corpus: &'a Corpus,
    scheme: &'a dyn Scheme,
    wrong_key: Option<&'a dyn Scheme>,
    settings: &'a Settings,
    progress: &'a (dyn Fn(&Trial) + Sync),
}

/// One clip under one seed, as all its attacks see it.
struct Case<'a> {
    clip: &'a Clip,
    seed: u64,
    payload: Payload,
    /// `None` when the scheme refused.
    marked: Option<Sound>,
}

/// A sound after an attack, or a trial's outcome and why.
type Attacked = Result<(Sound, Option<(f64, f64)>), (Outcome, String)>;

impl Bench<'_> {
    /// Marks one clip and runs its attacks.
    fn clip(&self, clip: &Clip, seed: u64) -> (Embedding, Vec<Trial>) {
        let payload = payload(seed, &clip.name);
        let (marked, embedding) = self.embed(clip, payload, seed);
        self.dump(marked.as_ref(), &clip.name, "marked", seed);
        let case = Case {
            clip,
            seed,
            payload,
            marked,
        };
        let attacks = self.settings.attacks.par_iter();
        let trials: Vec<Vec<Trial>> = attacks.map(|attack| self.attack(&case, attack)).collect();
        (embedding, trials.into_iter().flatten().collect())
    }

    fn embed(&self, clip: &Clip, payload: Payload, seed: u64) -> (Option<Sound>, Embedding) {
        let original = &clip.sound;
        let mut marked = original.clone();
        let (result, time) = timed(|| caught(|| self.scheme.embed(&mut marked, &payload)));
        let refused = match result {
            Ok(Ok(())) => None,
            Ok(Err(reason)) => Some(reason),
            Err(panic) => Some(format!("panicked: {panic}")),
        };
        let marked = marked.quantised_16();
        let same_shape = marked.rate == original.rate
            && marked.frames() == original.frames()
            && marked.channels.len() == original.channels.len();
        let refused = refused.or((!same_shape).then(|| "changed the shape".to_owned()));
        let marked = refused.is_none().then_some(marked);
        let python = self
            .settings
            .python
            .as_deref()
            .filter(|_| clip.kind == Kind::Speech);
        let embedding = Embedding {
            clip: clip.name.clone(),
            kind: clip.kind,
            seed,
            rate: original.rate,
            channels: original.channels.len(),
            seconds: original.seconds(),
            id: payload.id.to_string(),
            quality: marked
                .as_ref()
                .map(|marked| compare(original, marked, python)),
            embed_ms: time.as_secs_f64() * 1e3,
            refused,
        };
        (marked, embedding)
    }

    /// One attack on the marked clip and, when asked for, on the original.
    fn attack(&self, case: &Case<'_>, attack: &Attack) -> Vec<Trial> {
        let mut trials = Vec::new();
        if let Some(marked) = &case.marked {
            let attacked = self.apply(case, attack, marked);
            let sound = attacked.as_ref().ok().map(|(sound, _)| sound);
            self.dump(sound, &case.clip.name, attack.name, case.seed);
            trials.extend(self.look_at_all(case, attack, &attacked, Subject::Marked));
            if self.wrong_key.is_some() {
                trials.extend(self.look_at_all(case, attack, &attacked, Subject::WrongKey));
            }
        }
        if self.settings.unmarked {
            let attacked = self.apply(case, attack, &case.clip.sound);
            trials.extend(self.look_at_all(case, attack, &attacked, Subject::Unmarked));
        }
        trials
    }

    fn apply(&self, case: &Case<'_>, attack: &Attack, sound: &Sound) -> Attacked {
        let name = &case.clip.name;
        let number = Random::new(case.seed, &["other", name, attack.name]).next_u64();
        let other = &self.corpus.other(name, number).sound;
        match caught(|| attack.apply(sound, other, name, case.seed)) {
            Ok(Ok(attacked)) => Ok(attacked),
            Ok(Err(error)) => {
                let skipped = matches!(
                    error,
                    BenchError::Unavailable { .. } | BenchError::NotApplicable { .. }
                );
                let outcome = if skipped {
                    Outcome::Skipped
                } else {
                    Outcome::Failed
                };
                Err((outcome, error.to_string()))
            }
            Err(panic) => Err((Outcome::Panicked, format!("attack: {panic}"))),
        }
    }

    /// One trial per length that the attacked clip has. What lies among other sounds is looked at
    /// as a whole.
    fn look_at_all(
        &self,
        case: &Case<'_>,
        attack: &Attack,
        attacked: &Attacked,
        subject: Subject,
    ) -> Vec<Trial> {
        let seconds = attacked
            .as_ref()
            .map_or(f64::INFINITY, |(sound, _)| sound.seconds());
        let whole = matches!(attacked, Ok((_, Some(_))));
        let mut lengths: Vec<Length> = if whole {
            vec![Length::Full]
        } else {
            self.settings.lengths.clone()
        };
        lengths.retain(|length| !matches!(length, Length::Seconds(wanted) if *wanted > seconds));
        lengths
            .into_iter()
            .map(|length| {
                let trial = self.look(case, attack, attacked, subject, length);
                (self.progress)(&trial);
                trial
            })
            .collect()
    }

    fn look(
        &self,
        case: &Case<'_>,
        attack: &Attack,
        attacked: &Attacked,
        subject: Subject,
        length: Length,
    ) -> Trial {
        let mut trial = Trial {
            subject,
            clip: case.clip.name.clone(),
            kind: case.clip.kind,
            seed: case.seed,
            attack: attack.name,
            group: attack.group.name(),
            length,
            offset_s: 0.0,
            seconds: 0.0,
            outcome: Outcome::Failed,
            p_value: None,
            detail: None,
            border_error_s: None,
            detect_ms: 0.0,
        };
        let (sound, region) = match attacked {
            Ok((sound, region)) => (sound, *region),
            Err((outcome, reason)) => {
                trial.outcome = *outcome;
                trial.detail = Some(reason.clone());
                return trial;
            }
        };
        let (offset, crop) = crop(sound, length, case, attack);
        trial.offset_s = offset as f64 / f64::from(sound.rate);
        trial.seconds = crop.seconds();
        let scheme = match (subject, self.wrong_key) {
            (Subject::WrongKey, Some(wrong_key)) => wrong_key,
            _ => self.scheme,
        };
        let (look, time) = timed(|| caught(|| scheme.detect(&crop)));
        trial.detect_ms = time.as_secs_f64() * 1e3;
        match look {
            Ok(Ok(look)) => {
                let expected = (subject == Subject::Marked).then_some(case.payload);
                trial.outcome = judge(&look, expected);
                trial.p_value = look.p_value;
                trial.border_error_s = region.and_then(|region| border_error(&look, region));
                trial.detail = look.place.or(look.inconclusive);
            }
            Ok(Err(reason)) => trial.detail = Some(reason),
            Err(panic) => {
                trial.outcome = Outcome::Panicked;
                trial.detail = Some(format!("detector: {panic}"));
            }
        }
        trial
    }

    /// Listening to dumps is a convenience: the measurement does not stop for it.
    fn dump(&self, sound: Option<&Sound>, clip: &str, what: &str, seed: u64) {
        if let (Some(folder), Some(sound)) = (&self.settings.dump, sound) {
            let _ = sound::save(sound, &folder.join(format!("{clip}--{what}--{seed}.wav")));
        }
    }
}

/// A crop at a random offset, and that offset in samples.
fn crop(sound: &Sound, length: Length, case: &Case<'_>, attack: &Attack) -> (usize, Sound) {
    let Length::Seconds(seconds) = length else {
        return (0, sound.clone());
    };
    let frames = sound.samples_in(seconds).min(sound.frames());
    let labels = ["crop", &case.clip.name, attack.name, &length.to_string()];
    let mut random = Random::new(case.seed, &labels);
    let offset = random.below(sound.frames() - frames + 1);
    (offset, sound.part(offset, frames))
}

/// What a look says about a clip that carries `expected` and nothing else.
fn judge(look: &Look, expected: Option<Payload>) -> Outcome {
    if look.payloads.is_empty() {
        match look.inconclusive {
            Some(_) => Outcome::Inconclusive,
            None => Outcome::NotFound,
        }
    } else if look.payloads.iter().all(|found| Some(*found) == expected) {
        Outcome::Recovered
    } else {
        Outcome::Wrong
    }
}

/// How far the first beginning and the last end are from the truth, whichever is worse.
fn border_error(look: &Look, (start, end): (f64, f64)) -> Option<f64> {
    let found_start = look
        .regions
        .iter()
        .map(|region| region.0)
        .reduce(f64::min)?;
    let found_end = look
        .regions
        .iter()
        .map(|region| region.1)
        .reduce(f64::max)?;
    Some((found_start - start).abs().max((found_end - end).abs()))
}

/// A payload of its own for every clip and seed.
fn payload(seed: u64, clip: &str) -> Payload {
    let mut random = Random::new(seed, &["payload", clip]);
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
