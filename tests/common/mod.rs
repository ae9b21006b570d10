//! What the end-to-end tests share: the real binary in a world of its own.
#![allow(dead_code, reason = "every test file uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

/// A folder of its own with its own configuration, data and registry.
pub(crate) struct World {
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The binary, run inside the folder, with nothing of the user's world.
    pub(crate) fn filigrane(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_filigrane"));
        command.current_dir(self.folder.path());
        for name in [
            "FILIGRANE_HOME",
            "FILIGRANE_KEY",
            "FILIGRANE_REGISTRY",
            "FILIGRANE_REVOCATIONS",
            "FILIGRANE_REVOCATIONS_KEY",
            "FILIGRANE_REVOCATIONS_SIGNING_KEY",
            "FILIGRANE_TRUST",
            "FILIGRANE_TRUST_ALLOWED",
            "FILIGRANE_TRUST_TSA",
            "NO_COLOR",
        ] {
            command.env_remove(name);
        }
        command.env("HOME", self.path("home"));
        command.env("XDG_CONFIG_HOME", self.path("home/config"));
        command.env("XDG_DATA_HOME", self.path("home/data"));
        command
    }

    /// Runs the binary and returns its exit status, standard output and standard error.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.filigrane().args(arguments).output().unwrap().into()
    }

    /// Copies a sample into the folder.
    pub(crate) fn sample(&self, name: &str) -> PathBuf {
        let target = self.path(name);
        std::fs::copy(sample(name), &target).unwrap();
        target
    }

    /// Files in the folder, without its configuration and data.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "home")
            .collect();
        names.sort();
        names
    }
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Run {
    /// Fails unless the status is the expected one, showing everything that was printed.
    #[track_caller]
    pub(crate) fn exits(self, status: i32) -> Self {
        assert_eq!(
            self.status, status,
            "stdout:\n{}\nstderr:\n{}",
            self.out, self.err
        );
        self
    }

    /// The JSON objects on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Vec<Value> {
        let parse = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
        };
        self.out.lines().map(parse).collect()
    }

    /// The single file's object of a run over one file (the summary follows it).
    #[track_caller]
    pub(crate) fn object(&self) -> Value {
        let mut objects = self.json();
        assert_eq!(objects.len(), 2, "{}", self.out);
        assert_eq!(objects[1]["type"], "summary");
        objects.swap_remove(0)
    }
}

/// A sample's path in the project.
pub(crate) fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../samples")
        .join(name)
}
