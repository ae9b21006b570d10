//! Lossy coding at constant bit rates for the whole file, whatever its number of channels: a
//! stereo file has half the bits per channel. Encoders and decoders are those of `ffmpeg`.

use super::external::{Codec, amr_narrow_band};
use super::{Attack, Group, List};
use crate::audio::sound::Sound;
use crate::error::BenchError;

const fn coding(
    list: List,
    name: &'static str,
    description: &'static str,
    operation: super::Operation,
) -> Attack {
    Attack::new(Group::Coding, list, name, description, operation)
}

pub(super) const ATTACKS: &[Attack] = &[
    coding(List::Quick, "none", "nothing", |sound, _| Ok(sound.clone())),
    coding(
        List::Standard,
        "mp3-128",
        "MP3 (LAME), 128 kbit/s",
        |sound, _| mp3(sound, 128),
    ),
    coding(
        List::Quick,
        "mp3-64",
        "MP3 (LAME), 64 kbit/s",
        |sound, _| mp3(sound, 64),
    ),
    coding(
        List::Standard,
        "mp3-48",
        "MP3 (LAME), 48 kbit/s",
        |sound, _| mp3(sound, 48),
    ),
    coding(
        List::Standard,
        "mp3-32",
        "MP3 (LAME), 32 kbit/s",
        |sound, _| mp3(sound, 32),
    ),
    coding(
        List::Standard,
        "aac-128",
        "AAC-LC (ffmpeg), 128 kbit/s",
        |sound, _| aac(sound, 128),
    ),
    coding(
        List::Standard,
        "aac-64",
        "AAC-LC (ffmpeg), 64 kbit/s",
        |sound, _| aac(sound, 64),
    ),
    coding(
        List::Standard,
        "aac-32",
        "AAC-LC (ffmpeg), 32 kbit/s",
        |sound, _| aac(sound, 32),
    ),
    coding(
        List::Standard,
        "opus-64",
        "Opus (libopus), 64 kbit/s",
        |sound, _| opus(sound, 64),
    ),
    coding(
        List::Standard,
        "opus-32",
        "Opus (libopus), 32 kbit/s",
        |sound, _| opus(sound, 32),
    ),
    coding(
        List::Quick,
        "opus-24",
        "Opus (libopus), 24 kbit/s",
        |sound, _| opus(sound, 24),
    ),
    coding(
        List::Standard,
        "opus-16",
        "Opus (libopus), 16 kbit/s",
        |sound, _| opus(sound, 16),
    ),
    coding(
        List::Extra,
        "opus-12",
        "Opus (libopus), 12 kbit/s",
        |sound, _| opus(sound, 12),
    ),
    coding(
        List::Standard,
        "vorbis-q0",
        "Vorbis (libvorbis), quality 0",
        |sound, _| {
            let codec = Codec {
                encoder: "libvorbis",
                extension: "ogg",
                options: &["-q:a", "0"],
                telephone_rate: None,
            };
            codec.transcode(sound)
        },
    ),
    coding(
        List::Standard,
        "gsm",
        "GSM 06.10 full rate (libgsm), 13 kbit/s",
        |sound, _| telephone("libgsm", "gsm", &[]).transcode(sound),
    ),
    coding(
        List::Standard,
        "amr-12.2",
        "AMR narrow band (opencore), 12.2 kbit/s",
        |sound, _| amr_narrow_band(sound),
    ),
    coding(
        List::Standard,
        "codec2-3200",
        "Codec 2 (libcodec2), 3.2 kbit/s",
        |sound, _| telephone("libcodec2", "c2", &["-mode", "3200"]).transcode(sound),
    ),
    coding(
        List::Extra,
        "g726-32",
        "G.726 ADPCM, 32 kbit/s",
        |sound, _| telephone("g726", "wav", &["-b:a", "32k"]).transcode(sound),
    ),
    coding(
        List::Extra,
        "speex-8k",
        "Speex narrow band, quality 6",
        |sound, _| telephone("libspeex", "ogg", &["-cbr_quality", "6"]).transcode(sound),
    ),
];

const fn telephone(
    encoder: &'static str,
    extension: &'static str,
    options: &'static [&'static str],
) -> Codec {
    Codec {
        encoder,
        extension,
        options,
        telephone_rate: Some(8_000),
    }
}

fn bit_rate(
    sound: &Sound,
    encoder: &'static str,
    extension: &'static str,
    kilobits: u32,
) -> Result<Sound, BenchError> {
    let options: &'static [&'static str] = match kilobits {
        12 => &["-b:a", "12k"],
        16 => &["-b:a", "16k"],
        24 => &["-b:a", "24k"],
        32 => &["-b:a", "32k"],
        48 => &["-b:a", "48k"],
        64 => &["-b:a", "64k"],
        _ => &["-b:a", "128k"],
    };
    let codec = Codec {
        encoder,
        extension,
        options,
        telephone_rate: None,
    };
    codec.transcode(sound)
}

pub(super) fn mp3(sound: &Sound, kilobits: u32) -> Result<Sound, BenchError> {
    bit_rate(sound, "libmp3lame", "mp3", kilobits)
}

pub(super) fn aac(sound: &Sound, kilobits: u32) -> Result<Sound, BenchError> {
    bit_rate(sound, "aac", "m4a", kilobits)
}

pub(super) fn opus(sound: &Sound, kilobits: u32) -> Result<Sound, BenchError> {
    bit_rate(sound, "libopus", "opus", kilobits)
}
