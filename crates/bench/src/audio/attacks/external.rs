//! Codecs and filters of other programs: `ffmpeg` for most, `sox` for AMR.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::audio::sound::{Sound, deinterleave, interleave};
use crate::error::BenchError;

/// How `ffmpeg` stores a sound with loss.
#[derive(Debug, Clone, Copy)]
pub(super) struct Codec {
    /// The encoder's name in `ffmpeg -encoders`.
    pub(super) encoder: &'static str,
    /// Extension of the file that holds the coded sound.
    pub(super) extension: &'static str,
    /// Options of the encoder, such as its bit rate.
    pub(super) options: &'static [&'static str],
    /// Sampling rate of a codec that knows only one; it is then mono as well.
    pub(super) telephone_rate: Option<u32>,
}

impl Codec {
    /// Codes and decodes. The result has the sound's rate; speech codecs make it mono.
    pub(super) fn transcode(&self, sound: &Sound) -> Result<Sound, BenchError> {
        if !ffmpeg_lists("-encoders", self.encoder) {
            return Err(BenchError::Unavailable {
                program: self.encoder,
            });
        }
        let folder = tempfile::tempdir().map_err(|source| BenchError::file("", source))?;
        let (input, output) = (folder.path().join("in.f32"), folder.path().join("out.f32"));
        let coded = folder.path().join("coded").with_extension(self.extension);
        write_raw(sound, &input)?;
        let mut encode = ffmpeg();
        add_raw_input(&mut encode, sound.rate, sound.channels.len(), &input);
        let mut channels = sound.channels.len();
        if let Some(rate) = self.telephone_rate {
            channels = 1;
            encode.args(["-ac", "1", "-ar", &rate.to_string()]);
        }
        encode
            .args(["-c:a", self.encoder])
            .args(self.options)
            .arg(&coded);
        finish(encode, self.encoder)?;
        let mut decode = ffmpeg();
        decode.arg("-i").arg(&coded);
        add_raw_output(&mut decode, sound.rate, channels, &output);
        finish(decode, self.encoder)?;
        read_raw(&output, sound.rate, channels)
    }
}

/// A filter of `ffmpeg` that keeps the sampling rate, such as `atempo=1.1`.
pub(super) fn filter(sound: &Sound, name: &'static str, graph: &str) -> Result<Sound, BenchError> {
    if !ffmpeg_lists("-filters", name) {
        return Err(BenchError::Unavailable { program: name });
    }
    let folder = tempfile::tempdir().map_err(|source| BenchError::file("", source))?;
    let (input, output) = (folder.path().join("in.f32"), folder.path().join("out.f32"));
    write_raw(sound, &input)?;
    let mut command = ffmpeg();
    add_raw_input(&mut command, sound.rate, sound.channels.len(), &input);
    command.args(["-af", graph]);
    add_raw_output(&mut command, sound.rate, sound.channels.len(), &output);
    finish(command, name)?;
    read_raw(&output, sound.rate, sound.channels.len())
}

/// Adaptive Multi-Rate, narrow band, 12.2 kbit/s (3GPP TS 26.071), by `sox` with opencore-amr.
pub(super) fn amr_narrow_band(sound: &Sound) -> Result<Sound, BenchError> {
    const UNAVAILABLE: BenchError = BenchError::Unavailable {
        program: "sox with amr-nb",
    };
    if !sox_knows_amr() {
        return Err(UNAVAILABLE);
    }
    let folder = tempfile::tempdir().map_err(|source| BenchError::file("", source))?;
    let (input, output) = (folder.path().join("in.f32"), folder.path().join("out.f32"));
    let coded = folder.path().join("coded.amr-nb");
    write_raw(sound, &input)?;
    let (rate, count) = (sound.rate.to_string(), sound.channels.len().to_string());
    let raw = [
        "-t",
        "raw",
        "-e",
        "floating-point",
        "-b",
        "32",
        "-r",
        &rate,
        "-c",
    ];
    let mut encode = Command::new("sox");
    encode
        .args(["-R", "-G", "-V1"])
        .args(raw)
        .arg(&count)
        .arg(&input);
    // Mode 7 is 12.2 kbit/s.
    encode
        .args(["-r", "8000", "-c", "1", "-C", "7"])
        .arg(&coded);
    finish(encode, "sox")?;
    let mut decode = Command::new("sox");
    decode
        .args(["-R", "-G", "-V1"])
        .arg(&coded)
        .args(raw)
        .arg("1")
        .arg(&output);
    finish(decode, "sox")?;
    read_raw(&output, sound.rate, 1)
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args([
        "-nostdin",
        "-v",
        "error",
        "-y",
        "-threads",
        "1",
        "-bitexact",
    ]);
    command
}

fn add_raw_input(command: &mut Command, rate: u32, channels: usize, path: &Path) {
    command.args([
        "-f",
        "f32le",
        "-ar",
        &rate.to_string(),
        "-ac",
        &channels.to_string(),
    ]);
    command.arg("-i").arg(path);
}

fn add_raw_output(command: &mut Command, rate: u32, channels: usize, path: &Path) {
    command.args(["-ar", &rate.to_string(), "-ac", &channels.to_string()]);
    command.args(["-f", "f32le"]).arg(path);
}

fn finish(mut command: Command, codec: &'static str) -> Result<(), BenchError> {
    let failed = |reason: String| BenchError::Codec { codec, reason };
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    Err(failed(last.unwrap_or("failed without a word").to_owned()))
}

fn write_raw(sound: &Sound, path: &Path) -> Result<(), BenchError> {
    let bytes: Vec<u8> = interleave(&sound.channels)
        .flat_map(f32::to_le_bytes)
        .collect();
    std::fs::write(path, bytes).map_err(|source| BenchError::file(path, source))
}

fn read_raw(path: &Path, rate: u32, channels: usize) -> Result<Sound, BenchError> {
    let bytes = std::fs::read(path).map_err(|source| BenchError::file(path, source))?;
    let (words, _) = bytes.as_chunks::<4>();
    let samples: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
    let mut channels = deinterleave(&samples, channels);
    for sample in channels.iter_mut().flatten() {
        // A decoder that loses its way must not poison everything after it.
        if !sample.is_finite() {
            *sample = 0.0;
        }
    }
    Ok(Sound::new(rate, channels))
}

/// Whether the installed `ffmpeg` has an encoder or filter of this name.
fn ffmpeg_lists(option: &'static str, name: &str) -> bool {
    static ENCODERS: OnceLock<HashSet<String>> = OnceLock::new();
    static FILTERS: OnceLock<HashSet<String>> = OnceLock::new();
    let list = if option == "-encoders" {
        &ENCODERS
    } else {
        &FILTERS
    };
    list.get_or_init(|| second_words(&said_by("ffmpeg", &["-hide_banner", option])))
        .contains(name)
}

fn sox_knows_amr() -> bool {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    *KNOWN.get_or_init(|| {
        // `--help` lists the formats of plug-ins that are not installed; asking for one does not.
        let said = said_by("sox", &["--help-format", "amr-nb"]);
        said.contains("Writes:") && !said.contains("Writes: no")
    })
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

/// Lines read `FLAGS name description`.
fn second_words(listing: &str) -> HashSet<String> {
    let words = listing
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1));
    words.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_encoders_are_named() {
        let codec = Codec {
            encoder: "no_such_encoder",
            extension: "bin",
            options: &[],
            telephone_rate: None,
        };
        let sound = Sound::new(8_000, vec![vec![0.0; 800]]);
        assert!(matches!(
            codec.transcode(&sound),
            Err(BenchError::Unavailable {
                program: "no_such_encoder"
            })
        ));
        assert!(matches!(
            filter(&sound, "no_such_filter", "no_such_filter"),
            Err(BenchError::Unavailable {
                program: "no_such_filter"
            })
        ));
    }

    #[test]
    fn listings_are_read() {
        let words = second_words(" A....D aac   AAC\n ... atempo A->A  Adjust\n\n");
        assert!(words.contains("aac") && words.contains("atempo"));
    }

    #[test]
    fn raw_files_keep_samples_and_drop_what_is_not_finite() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("raw");
        let sound = Sound::new(8_000, vec![vec![0.5, f32::NAN], vec![-0.25, 1.0]]);
        write_raw(&sound, &path).unwrap();
        let read = read_raw(&path, 8_000, 2).unwrap();
        assert_eq!(read.channels, [[0.5, 0.0], [-0.25, 1.0]]);
    }
}
