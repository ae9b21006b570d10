//! Wide-band PESQ by way of a Python interpreter that has the package `pesq`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::audio::dsp::interpolate::resample;
use crate::audio::sound::{Sound, save};

/// Prints the score of two WAV files of 16 kHz.
const SCRIPT: &str = include_str!("../../../python/pesq_wb.py");
/// What names the interpreter.
const VARIABLE: &str = "FILIGRANE_BENCH_PYTHON";
/// P.862 was validated with utterances of 8 to 12 s.
const SECONDS: f64 = 12.0;

/// An interpreter with the package `pesq`: the one that `FILIGRANE_BENCH_PYTHON` names, or else
/// `python3`. `None` when it has no such package.
#[must_use]
pub fn find_python() -> Option<PathBuf> {
    let named = std::env::var_os(VARIABLE).filter(|name| !name.is_empty());
    let python = named.map_or_else(|| PathBuf::from("python3"), PathBuf::from);
    let mut command = Command::new(&python);
    command.args(["-c", "import pesq"]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
        .status()
        .is_ok_and(|status| status.success())
        .then_some(python)
}

/// Wide-band PESQ (ITU-T P.862.2) of the first 12 s, mixed to mono at 16 kHz: 4.64 at best. `None`
/// when it cannot be computed, for instance because there is no speech in it.
#[must_use]
pub fn pesq_wide_band(original: &Sound, changed: &Sound, python: &Path) -> Option<f64> {
    let folder = tempfile::tempdir().ok()?;
    let write = |sound: &Sound, name: &str| -> Option<PathBuf> {
        let path = folder.path().join(name);
        let start = sound.part(0, sound.samples_in(SECONDS)).mono();
        let rate = f64::from(start.rate);
        let channels = start
            .channels
            .iter()
            .map(|channel| resample(channel, rate, 16_000.0));
        save(&Sound::new(16_000, channels.collect()), &path).ok()?;
        Some(path)
    };
    let (reference, degraded) = (
        write(original, "reference.wav")?,
        write(changed, "degraded.wav")?,
    );
    let mut command = Command::new(python);
    command
        .args(["-c", SCRIPT])
        .arg(reference)
        .arg(degraded)
        .stdin(Stdio::null());
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_measured_without_an_interpreter() {
        let sound = Sound::new(16_000, vec![vec![0.1; 16_000]]);
        assert_eq!(
            pesq_wide_band(&sound, &sound, Path::new("no-such-python")),
            None
        );
    }
}
