//! Storing: JPEG, WebP, AVIF, JPEG 2000, palettes.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::palette::{Dither, palette};
use super::{Attack, Group, List, crop};
use crate::error::BenchError;
use crate::image::rgb::Rgb;

const fn attack(
    list: List,
    name: &'static str,
    description: &'static str,
    operation: super::Operation,
) -> Attack {
    Attack::new(Group::Coding, list, name, description, operation)
}

pub(super) const ATTACKS: &[Attack] = &[
    attack(List::Quick, "none", "nothing but 8-bit rounding", |p, _| {
        Ok(p.clone())
    }),
    attack(List::Extra, "jpeg-90", "JPEG quality 90, 4:2:0", |p, _| {
        jpeg(p, 90)
    }),
    attack(
        List::Standard,
        "jpeg-80",
        "JPEG quality 80, 4:2:0",
        |p, _| jpeg(p, 80),
    ),
    attack(List::Extra, "jpeg-70", "JPEG quality 70, 4:2:0", |p, _| {
        jpeg(p, 70)
    }),
    attack(List::Quick, "jpeg-50", "JPEG quality 50, 4:2:0", |p, _| {
        jpeg(p, 50)
    }),
    attack(List::Extra, "jpeg-40", "JPEG quality 40, 4:2:0", |p, _| {
        jpeg(p, 40)
    }),
    attack(
        List::Standard,
        "jpeg-30",
        "JPEG quality 30, 4:2:0",
        |p, _| jpeg(p, 30),
    ),
    attack(List::Quick, "jpeg-20", "JPEG quality 20, 4:2:0", |p, _| {
        jpeg(p, 20)
    }),
    attack(
        List::Standard,
        "jpeg-10",
        "JPEG quality 10, 4:2:0",
        |p, _| jpeg(p, 10),
    ),
    attack(
        List::Extra,
        "jpeg-random",
        "JPEG of a random quality 30..95, 4:2:0",
        |p, random| jpeg(p, 30 + random.below(66) as u8),
    ),
    attack(
        List::Standard,
        "jpeg-double",
        "JPEG 75, 3 columns and 5 rows cut off, JPEG 60",
        |p, _| {
            let first = jpeg(p, 75)?;
            jpeg(&crop::cut_3x5(&first), 60)
        },
    ),
    attack(List::Extra, "webp-80", "lossy WebP quality 80", |p, _| {
        webp(p, 80.0)
    }),
    attack(List::Quick, "webp-50", "lossy WebP quality 50", |p, _| {
        webp(p, 50.0)
    }),
    attack(
        List::Standard,
        "webp-30",
        "lossy WebP quality 30",
        |p, _| webp(p, 30.0),
    ),
    attack(List::Extra, "webp-20", "lossy WebP quality 20", |p, _| {
        webp(p, 20.0)
    }),
    attack(
        List::Standard,
        "avif-60",
        "AVIF quality 60, 4:2:0 (libaom)",
        |p, _| avif(p, 60),
    ),
    attack(
        List::Standard,
        "avif-35",
        "AVIF quality 35, 4:2:0 (libaom)",
        |p, _| avif(p, 35),
    ),
    attack(
        List::Standard,
        "avif-15",
        "AVIF quality 15, 4:2:0 (libaom)",
        |p, _| avif(p, 15),
    ),
    attack(
        List::Standard,
        "jpeg2000-0.3",
        "JPEG 2000 at 0.3 bits per pixel (OpenJPEG)",
        |p, _| jpeg2000(p, 0.3),
    ),
    attack(
        List::Standard,
        "palette-256",
        "the 256 colours of a median cut, as in a GIF",
        |p, _| Ok(palette(p, 256, Dither::None)),
    ),
    attack(
        List::Extra,
        "palette-256-dither",
        "256 colours with error diffusion",
        |p, _| Ok(palette(p, 256, Dither::FloydSteinberg)),
    ),
    attack(
        List::Extra,
        "palette-64",
        "the 64 colours of a median cut",
        |p, _| Ok(palette(p, 64, Dither::None)),
    ),
    attack(
        List::Standard,
        "palette-64-dither",
        "64 colours with error diffusion",
        |p, _| Ok(palette(p, 64, Dither::FloydSteinberg)),
    ),
];

/// Through a baseline JPEG of `quality` 1..=100 with chroma at half size and the tables of ITU-T
/// T.81 annex K, as most software writes it.
pub(super) fn jpeg(picture: &Rgb, quality: u8) -> Result<Rgb, BenchError> {
    const CODEC: &str = "JPEG";
    let side = |length: usize| u16::try_from(length).map_err(|error| failed(CODEC, &error));
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
    encoder
        .encode(
            &picture.samples,
            side(picture.width)?,
            side(picture.height)?,
            jpeg_encoder::ColorType::Rgb,
        )
        .map_err(|error| failed(CODEC, &error))?;
    let decoded = image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg)
        .map_err(|error| failed(CODEC, &error))?
        .into_rgb8();
    rgb(CODEC, decoded.width(), decoded.height(), decoded.into_raw())
}

/// Through a lossy WebP of `quality` 0..=100.
pub(super) fn webp(picture: &Rgb, quality: f32) -> Result<Rgb, BenchError> {
    const CODEC: &str = "WebP";
    let side = |length: usize| u32::try_from(length).map_err(|error| failed(CODEC, &error));
    let (width, height) = (side(picture.width)?, side(picture.height)?);
    let bytes = webp::Encoder::from_rgb(&picture.samples, width, height)
        .encode_simple(false, quality)
        .map_err(|error| failed(CODEC, &format!("{error:?}")))?;
    let decoded = webp::Decoder::new(&bytes)
        .decode()
        .ok_or_else(|| failed(CODEC, &"cannot be decoded"))?;
    rgb(CODEC, decoded.width(), decoded.height(), decoded.to_vec())
}

/// Through an AVIF of `quality` 0..=100 on libavif's scale, which maps it to libaom's quantizer
/// 63..=0.
fn avif(picture: &Rgb, quality: u32) -> Result<Rgb, BenchError> {
    let quantizer = ((100 - quality.min(100)) * 63 + 50) / 100;
    through_ffmpeg(
        picture,
        "AVIF",
        "avif",
        &[
            "-c:v",
            "libaom-av1",
            "-still-picture",
            "1",
            "-crf",
            &quantizer.to_string(),
            "-b:v",
            "0",
            // libavif's default effort is 6 as well.
            "-cpu-used",
            "6",
            "-threads",
            "1",
            "-pix_fmt",
            "yuv420p",
        ],
    )
}

/// Through a JPEG 2000 of `rate` bits per pixel.
fn jpeg2000(picture: &Rgb, rate: f64) -> Result<Rgb, BenchError> {
    // The encoder's setting is a compression ratio, of 12 bits per pixel as measured on files. In
    // FFmpeg it does not decorrelate red, green and blue by itself.
    let ratio = 12.0 / rate;
    through_ffmpeg(
        picture,
        "JPEG 2000",
        "jp2",
        &[
            "-c:v",
            "libopenjpeg",
            "-irreversible",
            "1",
            "-compression_level",
            &format!("{ratio:.0}"),
            "-pix_fmt",
            "yuv444p",
        ],
    )
}

/// Encodes with FFmpeg's `encoder` arguments into a file with this `extension` and decodes it.
fn through_ffmpeg(
    picture: &Rgb,
    codec: &'static str,
    extension: &str,
    encoder: &[&str],
) -> Result<Rgb, BenchError> {
    let folder = tempfile::tempdir().map_err(|error| failed(codec, &error))?;
    let file = folder.path().join(format!("picture.{extension}"));
    let size = format!("{}x{}", picture.width, picture.height);
    let raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", &size];

    let mut encode = ffmpeg();
    encode.args(raw).args(["-i", "-"]).args(encoder).arg(&file);
    run(encode, &picture.samples, codec)?;

    let mut decode = ffmpeg();
    decode.arg("-i").arg(&file);
    decode.args(["-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]);
    let samples = run(decode, &[], codec)?;
    Rgb::new(picture.width, picture.height, samples)
        .ok_or_else(|| failed(codec, &"decoded to another size"))
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-y"]);
    command
}

/// Feeds `input` to `command` and returns what it writes.
fn run(mut command: Command, input: &[u8], codec: &'static str) -> Result<Vec<u8>, BenchError> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|_| BenchError::Unavailable { program: "ffmpeg" })?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that stops reading early says why on its standard error.
        let _ = stdin.write_all(input);
    }
    let output = child
        .wait_with_output()
        .map_err(|error| failed(codec, &error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("Unknown encoder") {
        return Err(BenchError::Unavailable {
            program: "ffmpeg with libaom and OpenJPEG",
        });
    }
    Err(failed(codec, &said.trim()))
}

fn rgb(codec: &'static str, width: u32, height: u32, samples: Vec<u8>) -> Result<Rgb, BenchError> {
    Rgb::new(width as usize, height as usize, samples)
        .ok_or_else(|| failed(codec, &"decoded to another layout"))
}

fn failed(codec: &'static str, reason: &dyn std::fmt::Display) -> BenchError {
    BenchError::Codec {
        codec,
        reason: reason.to_string(),
    }
}
