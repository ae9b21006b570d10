//! How related and unrelated media compare: what the thresholds of fingerprints were chosen by.
//!
//! Every medium is registered as it was marked, and goes through every attack. Where its mark is still found, it is
//! compared, as the mark lies, with what was registered of itself and with that of every other medium.

use std::fmt::Write as _;
use std::path::PathBuf;

use filigrane_audio::{AudioWatermark, SoundRef};
use filigrane_fingerprint::{
    Left, Likeness, PictureFingerprint, PictureQuery, Played, Relation, SoundFingerprint,
    SoundQuery,
};
use filigrane_image::{Channels, ImageWatermark, PixelsRef, Samples};
use filigrane_media::{Layout, Picture, PictureSamples, SampleDepth};
use filigrane_payload::{Detection, Key, MarkId, Origin, Payload, Watermark};
use rayon::prelude::*;

use crate::audio::{self, Scheme as _};
use crate::error::BenchError;
use crate::image::{self, Rgb, Scheme as _};
use crate::statistics::quantile;

/// Bits of the hashes within which a search finds.
const SEARCH_BITS: u32 = 60;
/// Pixels up to which a picture's mark has its natural size.
const NATURAL_PIXELS: f64 = 1024.0 * 1024.0;

/// What to compare.
#[derive(Debug, Clone, clap::Args)]
pub struct FingerprintArguments {
    /// A folder of pictures or of WAV files.
    #[arg(long, value_name = "DIR")]
    pub corpus: PathBuf,
    /// Whether the folder holds sounds rather than pictures.
    #[arg(long)]
    pub sounds: bool,
    /// As for measurements of the marks.
    #[arg(long, value_name = "NAME,..", default_value = "standard")]
    pub attacks: String,
    /// Pictures above so many pixels are left out.
    #[arg(long, value_name = "N", default_value_t = 3_000_000)]
    pub most_pixels: u64,
    /// Other media that each one is compared with, for every attack others.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub others: usize,
    /// Seconds from the middle of each attacked sound that are compared; all when left out.
    #[arg(long, value_name = "S")]
    pub seconds: Option<f64>,
}

/// One attack's comparisons.
#[derive(Debug, Default)]
struct Row {
    name: &'static str,
    own: Vec<(Likeness, Relation)>,
    others: Vec<(Likeness, Relation)>,
    /// Media whose mark was gone, so that nothing was compared.
    lost: usize,
}

/// One attacked medium: what it is to its own entry, and to the others'.
type Compared = Option<Vec<(bool, Likeness, Relation)>>;

/// Compares everything and gives a table as Markdown.
///
/// # Errors
/// [`BenchError`] when the corpus or the attacks are of no use.
pub fn run(arguments: &FingerprintArguments) -> Result<String, BenchError> {
    let rows = if arguments.sounds {
        sounds(arguments)?
    } else {
        pictures(arguments)?
    };
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&rows, &mut text);
    Ok(text)
}

/// Whether a medium is compared with another one's entry: always with its own, and with so many that follow it, from
/// others on with each attack.
fn is_compared(own: usize, other: usize, count: usize, turn: usize, others: usize) -> bool {
    let rest = count.saturating_sub(1);
    if own == other || rest == 0 {
        return own == other;
    }
    let distance = (other + count - own) % count - 1;
    (distance + rest - turn * others % rest) % rest < others
}

fn payload(number: usize) -> Payload {
    Payload::new(Origin::Generated, MarkId::from_bytes([number as u8; 11]))
}

fn pictures(arguments: &FingerprintArguments) -> Result<Vec<Row>, BenchError> {
    let corpus = image::Corpus::open(&arguments.corpus)?;
    let scheme = image::Filigrane::new(&Key::public())?;
    let mut marked = Vec::new();
    for (number, path) in corpus.files().iter().enumerate() {
        let mut picture = image::load(path)?;
        let pixels = picture.width as u64 * picture.height as u64;
        let name = path.to_string_lossy().into_owned();
        if pixels <= arguments.most_pixels && scheme.embed(&mut picture, &payload(number)).is_ok() {
            marked.push((name, picture));
        }
    }
    let registered: Vec<PictureFingerprint> = marked
        .iter()
        .filter_map(|(_, picture)| Some(PictureFingerprint::of(&stored(picture)?)))
        .collect();
    let plan = ImageWatermark.plan(&Key::public()).map_err(no_plan)?;
    let compare =
        |(turn, attack): (usize, &image::attacks::Attack), number: usize| -> Option<Compared> {
            let (name, picture) = marked.get(number)?;
            let attacked = stored(&attack.apply(picture, name, 1).ok()?)?;
            let (width, height) = (attacked.width, attacked.height);
            let view = match &attacked.samples {
                PictureSamples::U8(samples) => Samples::U8(samples),
                PictureSamples::U16(_) => return None,
            };
            let view = PixelsRef::new(width, height, Channels::Rgb, view).ok()?;
            let Ok(Detection::Found { mark, .. }) = ImageWatermark.detect(view, &[&plan]) else {
                return Some(None);
            };
            let geometry = &mark.place;
            let query = PictureQuery::new(&attacked, geometry.rotation_deg, geometry.mirrored);
            let lies = (geometry.rotation_deg / 90.0).round().rem_euclid(2.0) == 1.0;
            let (width, height) = (f64::from(width), f64::from(height));
            let (width, height) = if lies {
                (height, width)
            } else {
                (width, height)
            };
            let all = registered.iter().zip(&marked).enumerate();
            let chosen = all.filter(|(other, _)| {
                is_compared(number, *other, registered.len(), turn, arguments.others)
            });
            let compared = chosen.map(|(other, (fingerprint, (_, picture)))| {
                let (columns, rows) = (picture.width as f64, picture.height as f64);
                let likeness = query.likeness(fingerprint, columns / rows);
                let marked_at = (columns * rows / NATURAL_PIXELS).sqrt().max(1.0);
                let left = Left {
                    width: width / geometry.scale * marked_at / columns,
                    height: height / geometry.scale * marked_at / rows,
                };
                (other == number, likeness, query.relation(&likeness, left))
            });
            Some(Some(compared.collect()))
        };
    let attacks = image::attacks::select(&arguments.attacks)?;
    let numbered = attacks.iter().enumerate();
    Ok(numbered
        .map(|(turn, attack)| {
            let numbers = (0..marked.len()).into_par_iter();
            let results: Vec<Compared> =
                numbers.filter_map(|n| compare((turn, attack), n)).collect();
            row(attack.name, results)
        })
        .collect())
}

fn stored(picture: &Rgb) -> Option<Picture> {
    let (width, height) = (picture.width, picture.height);
    let samples = PictureSamples::U8(picture.samples.clone());
    Picture::new(
        u32::try_from(width).ok()?,
        u32::try_from(height).ok()?,
        Layout::Rgb,
        samples,
    )
}

fn sounds(arguments: &FingerprintArguments) -> Result<Vec<Row>, BenchError> {
    let corpus = audio::Corpus::open(&arguments.corpus)?;
    let scheme = audio::Filigrane::new(&Key::public(), filigrane_audio::AudioStrength::Usual)?;
    let mut marked = Vec::new();
    for (number, clip) in corpus.measured().enumerate() {
        let mut sound = clip.sound.clone();
        if scheme.embed(&mut sound, &payload(number)).is_ok() {
            marked.push((clip.name.clone(), sound.quantised_16()));
        }
    }
    let registered: Vec<SoundFingerprint> = marked
        .iter()
        .filter_map(|(_, sound)| Some(SoundFingerprint::of(&heard(sound)?)))
        .collect();
    let watermark = AudioWatermark::new();
    let plan = watermark.plan(&Key::public()).map_err(no_plan)?;
    let compare =
        |(turn, attack): (usize, &audio::attacks::Attack), number: usize| -> Option<Compared> {
            let (name, sound) = marked.get(number)?;
            let other = &corpus.other(name, 1).sound;
            let (attacked, _) = attack.apply(sound, other, name, 1).ok()?;
            let attacked = match arguments.seconds {
                Some(seconds) => {
                    let frames = attacked.samples_in(seconds).min(attacked.frames());
                    attacked.part((attacked.frames() - frames) / 2, frames)
                }
                None => attacked,
            };
            let attacked = heard(&attacked)?;
            let channels = attacked.channels.iter().map(Vec::as_slice);
            let view = SoundRef::new(attacked.rate, channels).ok()?;
            let Ok(Detection::Found { mark, .. }) = watermark.detect(view, &[&plan]) else {
                return Some(None);
            };
            let played = Played {
                speed: mark.place.speed,
                pitch: mark.place.pitch,
            };
            let longest = mark
                .place
                .regions
                .iter()
                .max_by(|a, b| (a.end_s - a.start_s).total_cmp(&(b.end_s - b.start_s)));
            let part = longest.map(|region| (region.start_s, region.end_s));
            let query = SoundQuery::new(&attacked, played, part);
            let chosen = registered.iter().enumerate().filter(|(other, _)| {
                is_compared(number, *other, registered.len(), turn, arguments.others)
            });
            let compared = chosen.map(|(other, fingerprint)| {
                let likeness = query.likeness(fingerprint);
                let relation = query.relation(fingerprint, &likeness);
                (other == number, likeness, relation)
            });
            Some(Some(compared.collect()))
        };
    let attacks = audio::attacks::select(&arguments.attacks)?;
    let numbered = attacks.iter().enumerate();
    Ok(numbered
        .map(|(turn, attack)| {
            let numbers = (0..marked.len()).into_par_iter();
            let results: Vec<Compared> =
                numbers.filter_map(|n| compare((turn, attack), n)).collect();
            row(attack.name, results)
        })
        .collect())
}

fn no_plan(error: impl std::fmt::Display) -> BenchError {
    BenchError::Key {
        reason: error.to_string(),
    }
}

fn heard(sound: &audio::Sound) -> Option<filigrane_media::Sound> {
    filigrane_media::Sound::new(sound.rate, sound.channels.clone(), SampleDepth::I16).ok()
}

fn row(name: &'static str, results: Vec<Compared>) -> Row {
    let mut row = Row {
        name,
        ..Row::default()
    };
    for result in results {
        match result {
            None => row.lost += 1,
            Some(compared) => {
                for (own, likeness, relation) in compared {
                    let list = if own { &mut row.own } else { &mut row.others };
                    list.push((likeness, relation));
                }
            }
        }
    }
    row
}

fn write_all(rows: &[Row], out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "| attack | compared | mark gone | same | derived | unclear | **different** | fit, least | fit, median | part, median | \
         searched | others | **same or derived** | unclear | fit, 99 % | fit, most | bits, least |"
    )?;
    writeln!(out, "|---|{}", "--:|".repeat(16))?;
    for row in rows {
        write_row(row, out)?;
    }
    let all = Row {
        name: "all",
        own: rows.iter().flat_map(|row| row.own.clone()).collect(),
        others: rows.iter().flat_map(|row| row.others.clone()).collect(),
        lost: rows.iter().map(|row| row.lost).sum(),
    };
    write_row(&all, out)
}

fn write_row(row: &Row, out: &mut String) -> std::fmt::Result {
    let count = |list: &[(Likeness, Relation)], wanted: &[Relation]| {
        let counted = list
            .iter()
            .filter(|(_, relation)| wanted.contains(relation));
        counted.count()
    };
    let fits = |list: &[(Likeness, Relation)]| -> Vec<f64> {
        list.iter().map(|(likeness, _)| likeness.fit).collect()
    };
    let (own, others) = (fits(&row.own), fits(&row.others));
    let parts: Vec<f64> = row.own.iter().map(|(likeness, _)| likeness.part).collect();
    let searched = row.own.iter().filter(|(own, _)| own.bits <= SEARCH_BITS);
    let bits = row.others.iter().map(|(other, _)| other.bits).min();
    writeln!(
        out,
        "| {} | {} | {} | {} | {} | {} | {} | {:.1} | {:.1} | {:.2} | {} | {} | {} | {} | {:.1} | {:.1} | {} |",
        row.name,
        row.own.len(),
        row.lost,
        count(&row.own, &[Relation::Same]),
        count(&row.own, &[Relation::Derived]),
        count(&row.own, &[Relation::Unclear]),
        count(&row.own, &[Relation::Different]),
        quantile(&own, 0.0),
        quantile(&own, 0.5),
        quantile(&parts, 0.5),
        searched.count(),
        row.others.len(),
        count(&row.others, &[Relation::Same, Relation::Derived]),
        count(&row.others, &[Relation::Unclear]),
        quantile(&others, 0.99),
        quantile(&others, 1.0),
        bits.map_or_else(String::new, |bits| bits.to_string()),
    )
}
