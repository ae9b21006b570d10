//! What marking and looking cost beside decoding the same sound from MP3, on one thread.
//!
//! `cargo bench -p filigrane-bench --bench audio_speed` prints processor times of the thread, which a loaded
//! machine disturbs little, and how many seconds of sound go through in one (`elem/s` counts seconds of
//! sound); what counts most are the ratios within one run. `-- once NAME` does one piece of work once, and
//! `-- once nothing` only what all have in common, for profilers and instruction counters:
//! `valgrind --tool=callgrind target/release/deps/audio_speed-* once 'mono/embed'`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark stops where its own work fails"
)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use filigrane_audio::{AudioPlan, AudioWatermark, SoundMut, SoundRef};
use filigrane_bench::clock::timed;
use filigrane_media::{Format, Limits, decode_sound};
use filigrane_payload::{Detection, Key, MarkId, Origin, Payload, Watermark};

/// A sound of 44.1 kHz as MP3 of 128 kbit/s; its samples are repeated up to [`SECONDS`].
const MP3: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../filigrane/tests/vectors/audio-v1/public_tabla_mp3-128.mp3"
);
/// Length of what is marked and looked at: several search windows.
const SECONDS: usize = 60;

const NAMES: [&str; 9] = [
    "mp3/decode",
    "mono/embed",
    "mono/detect in place",
    "mono/detect cropped",
    "mono/detect unmarked",
    "stereo/embed",
    "stereo/detect in place",
    "stereo/detect cropped",
    "stereo/detect unmarked",
];

struct Work {
    plan: AudioPlan,
    payload: Payload,
    rate: u32,
    mp3: Vec<u8>,
    /// How many times the file is decoded for [`SECONDS`] of sound.
    repeats: f64,
    original: Vec<Vec<f32>>,
    marked: Vec<Vec<f32>>,
}

impl Work {
    fn new() -> Self {
        let mp3 = std::fs::read(MP3).unwrap();
        let sound = decode_sound(&mp3, Format::Mp3, &Limits::default()).unwrap();
        let samples = SECONDS * sound.rate as usize;
        // Another key's mark lies in it, which is none to this one.
        let filled = |channel: &Vec<f32>| channel.iter().copied().cycle().take(samples).collect();
        let original: Vec<Vec<f32>> = sound.channels.iter().map(filled).collect();
        let key = Key::generate("speed", "2026-11-23".parse().unwrap()).unwrap();
        let plan = AudioWatermark::new().plan(&key).unwrap();
        let payload = Payload::new(Origin::Generated, MarkId::from_bytes([7; 11]));
        let mut work = Self {
            plan,
            payload,
            rate: sound.rate,
            repeats: samples as f64 / sound.frames() as f64,
            mp3,
            marked: Vec::new(),
            original,
        };
        work.marked = work.embedded(2);
        work
    }

    fn embedded(&self, channels: usize) -> Vec<Vec<f32>> {
        let mut sound = self.original[..channels].to_vec();
        let target = SoundMut::new(self.rate, sound.iter_mut().map(Vec::as_mut_slice)).unwrap();
        let scheme = AudioWatermark::new();
        scheme.embed(target, &self.plan, &self.payload).unwrap();
        sound
    }

    fn run(&self, name: &str) {
        let (what, how) = name.split_once('/').unwrap_or((name, ""));
        let channels = if what == "mono" { 1 } else { 2 };
        let detect = |sound: &[Vec<f32>], start: usize, found: bool| {
            let channels = sound.iter().take(channels);
            let view = SoundRef::new(self.rate, channels.map(|channel| &channel[start..])).unwrap();
            let detection = AudioWatermark::new().detect(view, &[&self.plan]).unwrap();
            let is_found = matches!(detection, Detection::Found { .. });
            assert_eq!(is_found, found, "{name}");
        };
        match how {
            "decode" => drop(black_box(decode_sound(
                &self.mp3,
                Format::Mp3,
                &Limits::default(),
            ))),
            "embed" => drop(black_box(self.embedded(channels))),
            "detect in place" => detect(&self.marked, 0, true),
            "detect cropped" => detect(&self.marked, 54_321, true),
            "detect unmarked" => detect(&self.original, 0, false),
            _ if what == "nothing" => {}
            _ => panic!("`{name}` is none of {NAMES:?}"),
        }
    }

    /// Processor time of `count` runs, as if [`SECONDS`] of sound had been in each.
    fn time(&self, name: &str, count: u64) -> Duration {
        let run = || (0..count).for_each(|_| self.run(name));
        let time = timed(run).1;
        if name == "mp3/decode" {
            time.mul_f64(self.repeats)
        } else {
            time
        }
    }
}

fn main() {
    let work = Work::new();
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "once") {
        return work.run(arguments.get(at + 1).map_or("", String::as_str));
    }
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    let mut group = criterion.benchmark_group("44.1 kHz");
    group.throughput(Throughput::Elements(SECONDS as u64));
    for name in NAMES {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|count| work.time(name, count));
        });
    }
    group.finish();
    criterion.final_summary();
}
