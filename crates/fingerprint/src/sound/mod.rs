//! Fingerprints of sounds.
//!
//! A sound is looked at in frames of 372 ms, every 93 ms, in 33 bands from 300 to 3000 Hz. For each frame and each pair of
//! neighbouring bands one bit tells whether the step between them grew against two frames before (after Haitsma and Kalker,
//! *A Highly Robust Audio Fingerprinting System*, ISMIR 2002), and a second one whether that change is among the stronger
//! half: the weak ones are what noise and coders flip. A part of a sound has the bits of that part, and is slid over it.
//!
//! The hash is that of the whole sound's loudness over time and bands, as if it were a picture.

mod bands;

use filigrane_media::Sound;

pub use bands::Played;
use bands::{BANDS, log_energies};

use crate::hash::{distance, hash};
use crate::relation::{Likeness, Relation};

/// Seconds between frames that are kept.
const HOP_S: f64 = 0.093;
/// A sound that turns up begins anywhere between two kept frames: it is tried at so many places.
const PHASES: usize = 4;
/// Frames between the two that are compared for a bit.
const LAG: usize = 2;
/// Changes below this (of a natural logarithm) are never strong.
const LEAST_CHANGE: f32 = 0.1;
/// Frames that are kept: half an hour.
const MOST_FRAMES: usize = 20_000;
/// Frames that are slid over a kept sound: a minute.
const SLID: usize = 645;
/// At least so much of what is slid lies on the kept sound.
const LEAST_OVERLAP: usize = 16;
/// Fewer bits than these say nothing.
const FEWEST: u32 = 150;
/// Frames of a stretch that counts as heard or not: 2.2 s.
const STRETCH: usize = 24;
/// Part of the strong bits that may be wrong in a stretch that is heard.
const HEARD: f64 = 0.36;
/// Cells of the hash's plane along the time.
const MOMENTS: usize = 64;

/// The part of the registered sound that is heard where nothing but its edges was cut.
const SAME_PART: f64 = 0.85;
/// What belongs together fits at least so well; unrelated sounds never came near.
const RELATED_FIT: f64 = 11.0;
/// Unrelated sounds fit each other less than this; what lies between is left open.
const DIFFERENT_FIT: f64 = 9.0;

/// What is remembered of a sound's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundFingerprint {
    hash: [u8; 32],
    frames: Vec<Frame>,
}

/// The bits of a moment, one for each pair of neighbouring bands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Frame {
    grows: u32,
    strong: u32,
}

/// A sound that is compared with registered ones.
#[derive(Debug, Clone)]
pub struct SoundQuery {
    hash: [u8; 32],
    /// Its frames from each of the places between two kept ones on.
    phases: [Vec<Frame>; PHASES],
    /// The frames to slide, from where to where.
    slid: (usize, usize),
}

impl SoundFingerprint {
    /// Of a sound; of more than half an hour the beginning counts, but for the hash.
    #[must_use]
    pub fn of(sound: &Sound) -> Self {
        let energies = log_energies(sound, Played::default(), HOP_S);
        let mut frames = frames(&energies, 1);
        frames.truncate(MOST_FRAMES);
        Self {
            hash: hash_of(&energies),
            frames,
        }
    }

    /// The hash, for searching.
    #[must_use]
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// The frames, to be kept beside the hash: eight bytes each.
    #[must_use]
    pub fn detail(&self) -> Vec<u8> {
        let words = self
            .frames
            .iter()
            .flat_map(|frame| [frame.grows, frame.strong]);
        words.flat_map(u32::to_le_bytes).collect()
    }

    /// A fingerprint that was kept; nothing where the frames are none.
    #[must_use]
    pub fn new(hash: [u8; 32], detail: &[u8]) -> Option<Self> {
        let (words, rest) = detail.as_chunks::<8>();
        if !rest.is_empty() || words.len() > MOST_FRAMES {
            return None;
        }
        let frame = |&[a, b, c, d, e, f, g, h]: &[u8; 8]| Frame {
            grows: u32::from_le_bytes([a, b, c, d]),
            strong: u32::from_le_bytes([e, f, g, h]),
        };
        Some(Self {
            hash,
            frames: words.iter().map(frame).collect(),
        })
    }
}

impl SoundQuery {
    /// A sound that is played as its mark tells, of which the part from one second to another carries the mark.
    #[must_use]
    pub fn new(sound: &Sound, played: Played, part_s: Option<(f64, f64)>) -> Self {
        let energies = log_energies(sound, played, HOP_S / PHASES as f64);
        let frames = frames(&energies, PHASES);
        let phase = |first: usize| frames.iter().skip(first).step_by(PHASES).copied().collect();
        let phases: [Vec<Frame>; PHASES] = std::array::from_fn(phase);
        let length = phases.last().map_or(0, Vec::len);
        let (from, to) = part_s.map_or((0, length), |(from, to)| {
            let frame = |second: f64| ((second * played.speed / HOP_S) as usize).min(length);
            (frame(from), frame(to))
        });
        // The middle of it: marks begin and end within a second of what is told.
        let spare = (to - from.min(to)).saturating_sub(SLID) / 2;
        Self {
            hash: hash_of(&energies),
            phases,
            slid: (from + spare, to.saturating_sub(spare)),
        }
    }

    /// The hash, for searching.
    #[must_use]
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// How like a registered sound this one is.
    #[must_use]
    pub fn likeness(&self, registered: &SoundFingerprint) -> Likeness {
        let best = self.best_place(&registered.frames);
        Likeness {
            bits: distance(&self.hash, &registered.hash),
            fit: best.fit,
            part: self.part_heard(&registered.frames, best),
        }
    }

    /// How this sound is related to a registered one.
    #[must_use]
    pub fn relation(&self, registered: &SoundFingerprint, likeness: &Likeness) -> Relation {
        // Of a longer sound what lies behind the kept frames is not known.
        let whole = registered.frames.len() < MOST_FRAMES;
        if likeness.fit >= RELATED_FIT && likeness.part >= SAME_PART {
            Relation::Same
        } else if likeness.fit >= RELATED_FIT {
            Relation::Derived
        } else if likeness.fit >= DIFFERENT_FIT || !whole || !self.says_enough(registered) {
            Relation::Unclear
        } else {
            Relation::Different
        }
    }

    /// Whether there is enough to compare for a bad fit to mean something.
    fn says_enough(&self, registered: &SoundFingerprint) -> bool {
        let strong = |frames: &[Frame]| -> u32 {
            frames.iter().map(|frame| frame.strong.count_ones()).sum()
        };
        let (from, to) = self.slid;
        let own = self.phases[0].get(from..to).unwrap_or_default();
        strong(own) >= 4 * FEWEST && strong(&registered.frames) >= 4 * FEWEST
    }

    /// Where the frames to slide fit best.
    fn best_place(&self, registered: &[Frame]) -> Place {
        let mut best = Place::default();
        for (phase, frames) in self.phases.iter().enumerate() {
            let (from, to) = (self.slid.0, self.slid.1.min(frames.len()));
            let slid = frames.get(from..to).unwrap_or_default();
            let overlap = LEAST_OVERLAP.max(slid.len() * 6 / 10).min(slid.len());
            if overlap < LEAST_OVERLAP || registered.len() < LEAST_OVERLAP {
                continue;
            }
            let overlap = overlap.min(registered.len());
            // From where the end of the one lies on the beginning of the other to the opposite.
            let first = overlap as isize - slid.len() as isize;
            let last = registered.len() as isize - overlap as isize;
            for shift in first..=last {
                let fit = fit(slid, registered, shift);
                if fit > best.fit {
                    let shift = shift - from as isize;
                    best = Place { fit, phase, shift };
                }
            }
        }
        best
    }

    /// The part of the registered frames that is heard where the best place says.
    fn part_heard(&self, registered: &[Frame], place: Place) -> f64 {
        let frames = &self.phases[place.phase.min(PHASES - 1)];
        let heard = registered
            .chunks(STRETCH)
            .enumerate()
            .filter(|(number, stretch)| {
                let begin = (number * STRETCH) as isize - place.shift;
                let end = begin + stretch.len() as isize;
                let (begin, end) = (begin.max(0) as usize, end.max(0) as usize);
                let own = frames.get(begin..end.min(frames.len()));
                let shift = (begin as isize + place.shift) - (number * STRETCH) as isize;
                own.is_some_and(|own| {
                    let (count, wrong) = compare(own, stretch, shift);
                    // Silence, of which nothing is strong, is heard where the rest is.
                    f64::from(wrong) <= HEARD * f64::from(count) && 2 * own.len() > stretch.len()
                })
            });
        let frames: usize = heard.map(|(_, stretch)| stretch.len()).sum();
        frames as f64 / registered.len().max(1) as f64
    }
}

/// Where a sound fits a registered one.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    fit: f64,
    phase: usize,
    /// Where its first frame lies in the registered one.
    shift: isize,
}

/// How much better frames fit from a place on than chance would, in deviations of as many coins.
fn fit(own: &[Frame], registered: &[Frame], shift: isize) -> f64 {
    let (count, wrong) = compare(own, registered, shift);
    if count < FEWEST {
        return 0.0;
    }
    let (count, wrong) = (f64::from(count), f64::from(wrong));
    (count - 2.0 * wrong) / count.sqrt()
}

/// Bits that are strong in both, and those of them that differ, where `own` begins at `shift` in `registered`.
fn compare(own: &[Frame], registered: &[Frame], shift: isize) -> (u32, u32) {
    let skip = |length: isize| usize::try_from(length).unwrap_or(0);
    let own = own.get(skip(-shift)..).unwrap_or_default();
    let registered = registered.get(skip(shift)..).unwrap_or_default();
    let (mut count, mut wrong) = (0, 0);
    for (own, registered) in own.iter().zip(registered) {
        let strong = own.strong & registered.strong;
        count += strong.count_ones();
        wrong += ((own.grows ^ registered.grows) & strong).count_ones();
    }
    (count, wrong)
}

/// The bits of each row against the one [`LAG`] kept frames before it, which lies `rows_per_frame` times as many rows back.
fn frames(energies: &[[f32; BANDS]], rows_per_frame: usize) -> Vec<Frame> {
    let step = |row: &[f32; BANDS], band: usize| row[band] - row[band + 1];
    let later = energies.iter().skip(LAG * rows_per_frame);
    let changes: Vec<[f32; BANDS - 1]> = later
        .zip(energies)
        .map(|(now, before)| std::array::from_fn(|band| step(now, band) - step(before, band)))
        .collect();
    let mut sizes: Vec<f32> = changes
        .iter()
        .flatten()
        .map(|change| change.abs())
        .collect();
    if sizes.is_empty() {
        return Vec::new();
    }
    let middle = sizes.len() / 2;
    let (_, median, _) = sizes.select_nth_unstable_by(middle, f32::total_cmp);
    let least = median.max(LEAST_CHANGE);
    let bits = |row: &[f32; BANDS - 1], is_set: &dyn Fn(f32) -> bool| {
        let bits = row.iter().enumerate();
        bits.map(|(bit, &change)| u32::from(is_set(change)) << bit)
            .sum()
    };
    changes
        .iter()
        .map(|row| Frame {
            grows: bits(row, &|change| change > 0.0),
            strong: bits(row, &|change| change.abs() >= least),
        })
        .collect()
}

/// The hash of a whole sound: its bands' loudness in [`MOMENTS`] parts of its duration.
fn hash_of(energies: &[[f32; BANDS]]) -> [u8; 32] {
    if energies.is_empty() {
        return [0; 32];
    }
    let mut plane = Vec::with_capacity(MOMENTS * BANDS);
    for moment in 0..MOMENTS {
        let from = moment * energies.len() / MOMENTS;
        let to = ((moment + 1) * energies.len() / MOMENTS).max(from + 1);
        let rows = energies.get(from..to).unwrap_or_default();
        for band in 0..BANDS {
            let sum: f64 = rows.iter().map(|row| f64::from(row[band])).sum();
            plane.push(sum / rows.len().max(1) as f64);
        }
    }
    hash(&plane, BANDS, MOMENTS)
}
