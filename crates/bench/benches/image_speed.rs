//! What marking and looking cost beside decoding and encoding the same picture as JPEG, on one thread.
//!
//! `cargo bench -p filigrane-bench --bench image_speed` prints times; what counts are their ratios
//! within one run. `-- once NAME` does one piece of work once, and `-- once nothing` only what all have in
//! common, for profilers and instruction counters:
//! `valgrind --tool=callgrind target/release/deps/image_speed-* once 'mark/embed'`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark stops where its own work fails"
)]

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use filigrane_image::{
    Channels, ImagePlan, ImageWatermark, PixelsMut, PixelsRef, Samples, SamplesMut,
};
use filigrane_media::{
    Format, Limits, Metadata, Picture, PictureEncoding, PictureSamples, decode_picture,
    encode_picture,
};
use filigrane_payload::{Detection, Key, MarkId, Origin, Payload, Watermark};

/// Sides of the picture: a megapixel.
const SIDE: usize = 1024;
const QUALITY: u8 = 90;

struct Work {
    plan: ImagePlan,
    payload: Payload,
    original: Vec<u8>,
    marked: Vec<u8>,
    cropped: Vec<u8>,
    jpeg: Vec<u8>,
}

const NAMES: [&str; 6] = [
    "jpeg/decode",
    "jpeg/encode",
    "mark/embed",
    "mark/detect in place",
    "mark/detect cropped",
    "mark/detect unmarked",
];

impl Work {
    fn new() -> Self {
        let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/photo.jpg");
        let bytes = std::fs::read(sample).unwrap();
        let picture = decode_picture(&bytes, Format::Jpeg, &Limits::default()).unwrap();
        let original = mirrored(&picture);
        let plan = ImageWatermark.plan(&Key::public()).unwrap();
        let payload = Payload::new(Origin::Generated, MarkId::from_bytes([7; 11]));
        let marked = embedded(&plan, &payload, &original);
        // Half a tile and a bit: the grid is neither in place nor a whole number of coding blocks off.
        let rows = marked.chunks_exact(3 * SIDE).skip(77).take(SIDE - 77);
        let cropped = rows.flat_map(|row| &row[3 * 51..]).copied().collect();
        let jpeg = encoded(&original);
        Self {
            plan,
            payload,
            original,
            marked,
            cropped,
            jpeg,
        }
    }

    fn run(&self, name: &str) {
        let detect = |samples: &[u8], width: usize, found: bool| {
            let height = samples.len() / 3 / width;
            let view = PixelsRef::new(
                width as u32,
                height as u32,
                Channels::Rgb,
                Samples::U8(samples),
            )
            .unwrap();
            let detection = ImageWatermark.detect(view, &[&self.plan]).unwrap();
            assert_eq!(
                matches!(detection, Detection::Found { .. }),
                found,
                "{name}"
            );
        };
        match name {
            "jpeg/decode" => {
                let picture = decode_picture(&self.jpeg, Format::Jpeg, &Limits::default());
                black_box(picture.unwrap());
            }
            "jpeg/encode" => drop(black_box(encoded(&self.original))),
            "mark/embed" => drop(black_box(embedded(
                &self.plan,
                &self.payload,
                &self.original,
            ))),
            "mark/detect in place" => detect(&self.marked, SIDE, true),
            "mark/detect cropped" => detect(&self.cropped, SIDE - 51, true),
            "mark/detect unmarked" => detect(&self.original, SIDE, false),
            "nothing" => {}
            other => panic!("`{other}` is none of {NAMES:?}"),
        }
    }
}

/// The sample picture, mirrored at its borders until it fills the square.
fn mirrored(picture: &Picture) -> Vec<u8> {
    let PictureSamples::U8(samples) = &picture.samples else {
        panic!("the sample has 8 bits");
    };
    let (width, height) = (picture.width as usize, picture.height as usize);
    let fold = |i: usize, n: usize| {
        if (i / n).is_multiple_of(2) {
            i % n
        } else {
            n - 1 - i % n
        }
    };
    (0..SIDE * SIDE)
        .flat_map(|i| {
            let place = fold(i / SIDE, height) * width + fold(i % SIDE, width);
            samples[3 * place..3 * place + 3].iter().copied()
        })
        .collect()
}

fn embedded(plan: &ImagePlan, payload: &Payload, original: &[u8]) -> Vec<u8> {
    let mut samples = original.to_vec();
    let pixels = PixelsMut::new(
        SIDE as u32,
        SIDE as u32,
        Channels::Rgb,
        SamplesMut::U8(&mut samples),
    )
    .unwrap();
    ImageWatermark.embed(pixels, plan, payload).unwrap();
    samples
}

fn encoded(samples: &[u8]) -> Vec<u8> {
    let layout = filigrane_media::Layout::Rgb;
    let samples = PictureSamples::U8(samples.to_vec());
    let picture = Picture::new(SIDE as u32, SIDE as u32, layout, samples).unwrap();
    let encoding = PictureEncoding {
        quality: Some(QUALITY),
        ..PictureEncoding::default()
    };
    encode_picture(&picture, Format::Jpeg, &encoding, &Metadata::default()).unwrap()
}

fn main() {
    let work = Work::new();
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "once") {
        return work.run(arguments.get(at + 1).map_or("", String::as_str));
    }
    let mut criterion = Criterion::default().sample_size(15).configure_from_args();
    let mut group = criterion.benchmark_group("1 MP");
    group.throughput(Throughput::Elements((SIDE * SIDE) as u64));
    for name in NAMES {
        group.bench_function(name, |bencher| bencher.iter(|| work.run(name)));
    }
    group.finish();
    criterion.final_summary();
}
