//! An independent verifier reads what was stamped: `c2pa-python`, in a virtual environment that the
//! test makes below the target folder.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;
use common::World;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The version that the checks were written with.
const C2PA_PYTHON: &str = "c2pa-python==0.38.1";

#[test]
fn c2pa_python_trusts_what_was_stamped_under_the_anchor_alone() {
    let python = virtual_environment();
    let world = World::new();
    world.run(&["keygen", "-o", "studio"]).exits(0);
    let mut targets = Vec::new();
    for (source, format) in [
        ("photo.jpg", "jpeg"),
        ("photo.jpg", "png"),
        ("photo.jpg", "webp"),
        ("speech.wav", "wav"),
        ("speech.wav", "flac"),
    ] {
        world.sample(source);
        let target = format!("stamped.{format}");
        let arguments = [
            "stamp",
            source,
            "-o",
            &target,
            "--format",
            format,
            "--signing-key",
            "studio.pem",
        ];
        // With all that a manifest can tell: a stranger must take it too.
        let told = [
            "--chain",
            "studio.chain.pem",
            "--provider",
            "Studio",
            "--model",
            "fox/2.1",
            "--training-mining",
            "not-allowed",
            "--aigc",
        ];
        world.run(&[&arguments[..], &told].concat()).exits(0);
        targets.push(world.path(&target));
    }
    for (state, anchors) in [
        ("Trusted", Some(world.path("studio.anchor.pem"))),
        ("Valid", None),
    ] {
        for (target, answer) in targets
            .iter()
            .zip(ask(&python, &targets, anchors.as_deref()))
        {
            assert_eq!(answer["state"], state, "{}: {answer:#}", target.display());
        }
    }
    let mut bytes = std::fs::read(&targets[0]).unwrap();
    let place = bytes.len() - 1000;
    bytes[place] ^= 0x10;
    let changed = world.path("changed.jpeg");
    std::fs::write(&changed, bytes).unwrap();
    assert_eq!(
        ask(&python, &[changed], Some(&world.path("studio.anchor.pem")))[0]["state"],
        "Invalid"
    );
}

/// One JSON object per file.
fn ask(python: &Path, files: &[PathBuf], anchors: Option<&Path>) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/peers/c2pa_python.py");
    let mut command = Command::new(python);
    command.arg(script).args(files);
    if let Some(anchors) = anchors {
        command.arg("--anchors").arg(anchors);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The Python of an environment that holds the verifier; made on the first run.
fn virtual_environment() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
    let python = folder.join("bin/python");
    let ready = |python: &Path| {
        let check = format!(
            "import importlib.metadata as m; assert m.version('c2pa-python') == '{}'",
            &C2PA_PYTHON[13..]
        );
        Command::new(python)
            .args(["-c", &check])
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if !ready(&python) {
        let run = |program: &Path, arguments: &[&str]| {
            let output = Command::new(program).args(arguments).output().unwrap();
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                output.status.success(),
                "{} {arguments:?}: {errors}",
                program.display()
            );
        };
        run(
            Path::new("python3"),
            &["-m", "venv", folder.to_str().unwrap()],
        );
        run(
            &python,
            &[
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                C2PA_PYTHON,
            ],
        );
    }
    assert!(
        ready(&python),
        "the environment in `{}` has no {C2PA_PYTHON}",
        folder.display()
    );
    python
}
