//! Looking for marks: search, refine, read, localise.

use std::cell::OnceCell;
use std::ops::Range;

use filigrane_payload::{Attempts, Detection, FALSE_POSITIVE_BOUND, Mark};

use crate::accept::{Reading, grids, read};
use crate::alignment::Alignment;
use crate::error::AudioError;
use crate::format::SHORTEST_SECONDS;
use crate::localise::regions;
use crate::map::{ROWS_PER_SECOND, Views};
use crate::pattern::Pattern;
use crate::refine::{extend, refine};
use crate::search::{self, Candidate, factors, search};
use crate::sound::SoundRef;
use crate::watermark::{AudioPlace, AudioPlan, Region};
use crate::window::Window;

/// Shorter sounds cannot be judged: half a block, of which speed and strength may make enough.
const LEAST_SECONDS: f64 = SHORTEST_SECONDS / 2.0;
/// Longer sounds are searched in sections of this length, so that memory does not grow with them.
const SECTION_S: f64 = 60.0;
/// Overlap of sections: a whole search window.
const OVERLAP_S: f64 = 10.0;
/// Length of a search window and distance between windows.
const WINDOW_S: f64 = 10.0;
const WINDOW_HOP_S: f64 = 5.0;
/// Windows of a section at most: one each hop and one at the end.
const MOST_WINDOWS: usize = (SECTION_S / WINDOW_HOP_S) as usize;
/// Ranges and step of the searched factors. A step moves a window's ends by a third of a frame.
const SPEED_RANGE: f64 = 0.26;
const TEMPO_RANGE: f64 = 0.16;
const PITCH_RANGE: f64 = 0.13;
const FACTOR_STEP: f64 = 0.002;
/// Candidates below this are not refined.
const LEAST_Z: f32 = 3.6;
/// A candidate above this is read before the windows after its own are looked at.
const CLEAR_Z: f32 = 8.0;
/// Candidates that are refined of an unchanged timing and of all others.
const ALIGNED_TRIES: usize = 6;
const RETIMED_TRIES: usize = 10;
/// A window of which this share lies in regions that were found needs no more looking at.
const COVERED: f64 = 0.3;

/// Looks for the marks of all plans in a sound.
pub(crate) fn detect(
    sound: &SoundRef<'_>,
    plans: &[&AudioPlan],
) -> Result<Detection<AudioPlace>, AudioError> {
    let seconds = sound.seconds();
    if let Some(inconclusive) = too_short(seconds) {
        return Ok(inconclusive);
    }
    let sections = sections(sound);
    // The whole of a section is one more choice beside its windows.
    let windows = if sections.len() == 1 {
        windows((seconds * ROWS_PER_SECOND) as usize + 1).len() + 1
    } else {
        sections.len() * (MOST_WINDOWS + 1)
    };
    let choices = (windows * plans.len().max(1)) as f64;
    let mut findings = Findings::new();
    for (start_s, section) in sections {
        findings.search(&section, start_s, choices, plans);
    }
    Ok(findings.conclude())
}

/// The answer for a sound that cannot be judged.
pub(crate) fn too_short(seconds: f64) -> Option<Detection<AudioPlace>> {
    (seconds < LEAST_SECONDS).then(|| Detection::Inconclusive {
        reason: format!("too short: {seconds:.2} s, needs {LEAST_SECONDS:.2} s"),
    })
}

/// What was found in the sections of a sound so far.
#[derive(Debug)]
pub(crate) struct Findings {
    attempts: Attempts,
    marks: Vec<Mark<AudioPlace>>,
}

impl Findings {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            attempts: Attempts::new(FALSE_POSITIVE_BOUND),
            marks: Vec::new(),
        }
    }

    /// Looks at a section that begins at `start_s` seconds; `choices` are how many windows of all sections and
    /// keys an alignment is chosen among.
    pub(crate) fn search(
        &mut self,
        section: &SoundRef<'_>,
        start_s: f64,
        choices: f64,
        plans: &[&AudioPlan],
    ) {
        let section = Section::new(section, choices);
        for plan in plans {
            for mut mark in section.search(plan, &mut self.attempts) {
                for region in &mut mark.place.regions {
                    region.start_s += start_s;
                    region.end_s += start_s;
                }
                merge(&mut self.marks, mark);
            }
        }
    }

    /// The marks in the order in which they were found.
    pub(crate) fn marks(&self) -> &[Mark<AudioPlace>] {
        &self.marks
    }

    /// The clearest mark and the others, or how near it came.
    pub(crate) fn conclude(self) -> Detection<AudioPlace> {
        let mut marks = self.marks;
        marks.sort_by(|a, b| a.p_value.total_cmp(&b.p_value));
        let mut marks = marks.into_iter();
        match marks.next() {
            Some(mark) => Detection::Found {
                mark,
                others: marks.collect(),
            },
            None => Detection::NotFound {
                p_value: self.attempts.best_p_value(),
            },
        }
    }
}

/// Choices that the windows of section `index` count for in a sound whose length is not known: over all
/// sections their inverses sum to 1 at most, as 1 / 2 + 1 / 6 + 1 / 12 + … do.
pub(crate) fn choices_of_section(index: usize, plans: usize) -> f64 {
    let windows = (MOST_WINDOWS + 1) * plans.max(1);
    (index as f64 + 1.0) * (index as f64 + 2.0) * windows as f64
}

/// Samples of a section at a rate, and from one's beginning to the next one's.
pub(crate) fn section_frames(rate: u32) -> (usize, usize) {
    let length = (SECTION_S * f64::from(rate)) as usize;
    (length, length - (OVERLAP_S * f64::from(rate)) as usize)
}

/// The coarse scores of an unchanged timing in the first section, of all phases.
pub(crate) fn phase_statistics(sound: &SoundRef<'_>, pattern: &Pattern) -> Vec<f32> {
    let views = match sections(sound).first() {
        Some((_, section)) if section.frames() > 0 => Views::new(section),
        _ => return Vec::new(),
    };
    let window = Window::new(views.search(), 0..views.rows());
    if window.is_silent() {
        return Vec::new();
    }
    search::phase_statistics(&window, pattern)
}

/// Beginnings in seconds and samples of the sections of a sound.
fn sections<'a>(sound: &SoundRef<'a>) -> Vec<(f64, SoundRef<'a>)> {
    let rate = f64::from(sound.rate());
    let (length, hop) = section_frames(sound.rate());
    let frames = sound.frames();
    let count = frames.saturating_sub(length).div_ceil(hop) + 1;
    (0..count)
        .map(|i| {
            let start = i * hop;
            // What is left after the last full section goes with it if it is short.
            let end = (start + length).min(frames);
            (start as f64 / rate, sound.slice(start..end))
        })
        .collect()
}

/// Adds a mark, or its regions where the same mark was found before.
fn merge(marks: &mut Vec<Mark<AudioPlace>>, mark: Mark<AudioPlace>) {
    let same = |other: &&mut Mark<AudioPlace>| {
        other.payload == mark.payload && other.key_id == mark.key_id
    };
    let Some(known) = marks.iter_mut().find(same) else {
        marks.push(mark);
        return;
    };
    let mut all = std::mem::take(&mut known.place.regions);
    all.extend_from_slice(&mark.place.regions);
    if mark.p_value < known.p_value {
        *known = mark;
    }
    all.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    let mut joined: Vec<Region> = Vec::new();
    for region in all {
        match joined.last_mut() {
            Some(last) if region.start_s <= last.end_s + 1e-6 => {
                last.end_s = last.end_s.max(region.end_s);
                last.z = last.z.max(region.z);
            }
            _ => joined.push(region),
        }
    }
    known.place.regions = joined;
}

/// A part of a sound, prepared for the search of any number of keys.
struct Section {
    views: Views,
    /// Rows of the search windows.
    windows: Vec<Range<usize>>,
    /// The windows that were looked at so far; `None` where there is silence.
    prepared: Vec<OnceCell<Option<Window>>>,
    seconds: f64,
    /// How many windows of all sections and keys an alignment is chosen among.
    choices: f64,
}

impl Section {
    fn new(sound: &SoundRef<'_>, choices: f64) -> Self {
        let views = Views::new(sound);
        let windows = windows(views.rows());
        Self {
            views,
            prepared: windows.iter().map(|_| OnceCell::new()).collect(),
            windows,
            seconds: sound.seconds(),
            choices,
        }
    }

    /// A window of the section; `None` where there is silence.
    fn window(&self, index: usize) -> Option<&Window> {
        let prepare = || {
            let window = Window::new(self.views.search(), self.windows[index].clone());
            (!window.is_silent()).then_some(window)
        };
        self.prepared[index].get_or_init(prepare).as_ref()
    }

    /// The marks of a plan: with unchanged timing first, then under other speeds, tempos and pitches
    /// in the windows where nothing was found.
    fn search(&self, plan: &AudioPlan, attempts: &mut Attempts) -> Vec<Mark<AudioPlace>> {
        let unchanged = [(1.0, vec![1.0])];
        let mut marks = Vec::new();
        let mut candidates = Vec::new();
        for (index, rows) in self.windows.iter().enumerate() {
            if self.is_covered(rows, &marks) {
                continue;
            }
            let Some(window) = self.window(index) else {
                continue;
            };
            let found = search(window, &unchanged, &plan.pattern);
            // A clear mark often lies in all of the section, and the other windows need no looking at then.
            let best = found.iter().max_by(|a, b| a.z.total_cmp(&b.z));
            let clear = best.filter(|best| best.z >= CLEAR_Z).cloned();
            candidates.extend(found);
            self.try_candidates(clear.into_iter().collect(), 1, plan, attempts, &mut marks);
        }
        self.try_candidates(candidates, ALIGNED_TRIES, plan, attempts, &mut marks);
        let retimed = retimed();
        let mut candidates = Vec::new();
        for (index, rows) in self.windows.iter().enumerate() {
            if !self.is_covered(rows, &marks)
                && let Some(window) = self.window(index)
            {
                candidates.extend(search(window, &retimed, &plan.pattern));
            }
        }
        self.try_candidates(candidates, RETIMED_TRIES, plan, attempts, &mut marks);
        marks
    }

    fn try_candidates(
        &self,
        mut candidates: Vec<Candidate>,
        most: usize,
        plan: &AudioPlan,
        attempts: &mut Attempts,
        marks: &mut Vec<Mark<AudioPlace>>,
    ) {
        candidates.sort_by(|a, b| b.z.total_cmp(&a.z));
        let mut tried: Vec<&Candidate> = Vec::new();
        for candidate in &candidates {
            if tried.len() >= most || candidate.z < LEAST_Z {
                break;
            }
            if self.is_covered(&candidate.rows, marks)
                || tried.iter().any(|other| other.is_same_peak(candidate))
            {
                continue;
            }
            tried.push(candidate);
            if let Some(reading) = self.read(candidate, plan, attempts) {
                marks.push(self.mark(&reading, plan));
            }
        }
    }

    /// Reads a candidate in its window, then in the whole section.
    fn read(
        &self,
        candidate: &Candidate,
        plan: &AudioPlan,
        attempts: &mut Attempts,
    ) -> Option<Reading> {
        let rows = &candidate.rows;
        let map = self.views.search();
        let alignment = refine(map, candidate, &plan.pattern);
        self.read_rows(rows, alignment, plan, attempts).or_else(|| {
            let whole = 0..self.views.rows();
            if rows.len() == whole.len() {
                return None;
            }
            let alignment = extend(map, rows, alignment, candidate.bins, &plan.pattern);
            self.read_rows(&whole, alignment, plan, attempts)
        })
    }

    fn read_rows(
        &self,
        rows: &Range<usize>,
        alignment: Alignment,
        plan: &AudioPlan,
        attempts: &mut Attempts,
    ) -> Option<Reading> {
        let alignment = alignment.on_lattice(0.5 * (rows.start + rows.end) as f64);
        let choices = self.choices * alignment.choices();
        read(&self.views, rows, alignment, choices, plan, attempts)
    }

    fn mark(&self, reading: &Reading, plan: &AudioPlan) -> Mark<AudioPlace> {
        let symbols = plan.code.symbols(&reading.decoded.payload);
        let alignment = &reading.alignment;
        let grids = grids(&self.views, &(0..self.views.rows()), alignment);
        Mark {
            payload: reading.decoded.payload,
            key_id: plan.key_id(),
            p_value: reading.decoded.p_value,
            place: AudioPlace {
                regions: regions(&grids, alignment, &plan.pattern, &symbols, self.seconds),
                speed: alignment.speed,
                pitch: alignment.pitch,
                sync_z: reading.sync_z,
            },
        }
    }

    fn is_covered(&self, rows: &Range<usize>, marks: &[Mark<AudioPlace>]) -> bool {
        let start = rows.start as f64 / ROWS_PER_SECOND;
        let end = rows.end as f64 / ROWS_PER_SECOND;
        let covered: f64 = marks
            .iter()
            .flat_map(|mark| &mark.place.regions)
            .map(|region| (region.end_s.min(end) - region.start_s.max(start)).max(0.0))
            .sum();
        covered >= COVERED * (end - start)
    }
}

/// The search windows: the whole of a short section, else overlapping ones to the end.
fn windows(rows: usize) -> Vec<Range<usize>> {
    let length = (WINDOW_S * ROWS_PER_SECOND) as usize;
    let hop = (WINDOW_HOP_S * ROWS_PER_SECOND) as usize;
    if rows <= length + length / 4 {
        return std::iter::once(0..rows).collect();
    }
    let mut windows: Vec<Range<usize>> = (0..)
        .map(|i| i * hop..i * hop + length)
        .take_while(|window| window.end <= rows)
        .collect();
    if windows
        .last()
        .is_some_and(|last| last.end + length / 4 < rows)
    {
        windows.push(rows - length..rows);
    }
    windows
}

/// Every speed, tempo and pitch: speeds with the pitches to look for under each.
fn retimed() -> Vec<(f64, Vec<f64>)> {
    let speeds = factors(SPEED_RANGE, FACTOR_STEP).map(|speed| {
        let tempo = (speed - 1.0).abs() <= TEMPO_RANGE;
        (speed, if tempo { vec![speed, 1.0] } else { vec![speed] })
    });
    let pitches = (1.0, factors(PITCH_RANGE, FACTOR_STEP).collect());
    speeds.chain(std::iter::once(pitches)).collect()
}

impl Candidate {
    /// Whether both lie on the slopes of one peak of the search.
    fn is_same_peak(&self, other: &Self) -> bool {
        let (a, b): (&Alignment, &Alignment) = (&self.alignment, &other.alignment);
        let middle = 0.5 * (self.rows.start + self.rows.end) as f64;
        self.rows == other.rows
            && (a.speed - b.speed).abs() < 2.5 * FACTOR_STEP
            && (a.pitch - b.pitch).abs() < 2.5 * FACTOR_STEP
            && a.phase_distance(b, middle) < 1.5
    }
}
