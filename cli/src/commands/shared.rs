//! What several commands do alike: keys, limits, registries, one line per file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use filigrane::{Error, Home, Key, Limits, SqliteStore, Store, default_registry_path};
use serde::Serialize;

use crate::answer::FileError;
use crate::args::{Global, LimitArgs, RegistryArgs};
use crate::exit::Exit;
use crate::inputs::Input;
use crate::output::{Printer, shown};

pub(super) fn limits(arguments: &LimitArgs) -> Limits {
    let defaults = Limits::default();
    Limits {
        max_bytes: arguments.max_bytes.unwrap_or(defaults.max_bytes),
        max_pixels: arguments.max_pixels.unwrap_or(defaults.max_pixels),
        max_duration_s: arguments.max_duration.unwrap_or(defaults.max_duration_s),
        ..defaults
    }
}

pub(super) fn keys(paths: &[PathBuf]) -> Result<Vec<Key>, Error> {
    paths
        .iter()
        .map(|path| Key::load(path).map_err(Error::from))
        .collect()
}

pub(super) fn home(global: &Global) -> Result<Home, Error> {
    global
        .home
        .as_ref()
        .map_or_else(Home::of_user, |folder| Ok(Home::at(folder)))
}

/// The registry that was asked for; `create` makes the default one where it is missing.
pub(super) fn registry(arguments: &RegistryArgs, create: bool) -> Result<Option<Arc<dyn Store>>> {
    Ok(match registry_path(arguments, create)? {
        Some(path) => Some(Arc::new(SqliteStore::open(path)?)),
        None => None,
    })
}

/// Where the registry lies. One that was named must exist for reading: a mistyped name is no empty registry.
pub(super) fn registry_path(arguments: &RegistryArgs, create: bool) -> Result<Option<PathBuf>> {
    if arguments.no_registry {
        return Ok(None);
    }
    let named = arguments.registry.as_deref();
    let Some(path) = named.map(Path::to_owned).or_else(default_registry_path) else {
        return Ok(None);
    };
    if !create && !path.exists() {
        if named.is_some() {
            anyhow::bail!("registry `{}`: there is no such file", path.display());
        }
        return Ok(None);
    }
    Ok(Some(path))
}

/// Prints a file's error where its result would stand, and counts it.
pub(super) fn failed(input: &Input, error: &FileError, summary: &mut Summary, printer: Printer) {
    if error.no_medium && input.from_folder {
        summary.skip();
        return;
    }
    let kind = if error.limit.is_some() {
        LIMIT_EXCEEDED
    } else {
        "error"
    };
    if printer.json() {
        printer.object(&FileErrorLine {
            schema: filigrane::SCHEMA,
            kind,
            file: &input.path.to_string_lossy(),
            limit: error.limit.as_deref(),
            error: &error.text,
            hint: error.hint.as_deref(),
        });
    }
    let text = shown(&error.text);
    let named = shown(&input.path.to_string_lossy());
    // Errors over bytes that came without a file, such as standard input, name their origin here.
    let text = if text.contains(&*named) {
        text
    } else {
        format!("`{named}`: {text}")
    };
    printer.error(&text, error.hint.as_deref());
    let status = if error.refused {
        Exit::Refused
    } else {
        Exit::Error
    };
    if error.limit.is_some() {
        summary.result(LIMIT_EXCEEDED, status);
    } else {
        summary.error(status);
    }
}

/// What a file that exceeded a limit is counted as.
const LIMIT_EXCEEDED: &str = "limit-exceeded";

/// A file's error as JSON.
#[derive(Serialize)]
struct FileErrorLine<'a> {
    schema: u8,
    #[serde(rename = "type")]
    kind: &'static str,
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'a str>,
    error: &'a str,
    hint: Option<&'a str>,
}

/// Counts of a run, printed as the last JSON object.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    schema: u8,
    #[serde(rename = "type")]
    kind: &'static str,
    files: usize,
    errors: usize,
    skipped: usize,
    interrupted: bool,
    #[serde(flatten)]
    counts: std::collections::BTreeMap<String, usize>,
    elapsed_ms: u64,
    #[serde(skip)]
    started: Option<Instant>,
    #[serde(skip)]
    statuses: Vec<Exit>,
}

impl Summary {
    /// `counts` are always told, also where they are zero.
    pub(super) fn new(counts: &[&str]) -> Self {
        Self {
            schema: filigrane::SCHEMA,
            kind: "summary",
            files: 0,
            errors: 0,
            skipped: 0,
            interrupted: false,
            counts: counts.iter().map(|name| ((*name).to_owned(), 0)).collect(),
            elapsed_ms: 0,
            started: Some(Instant::now()),
            statuses: Vec::new(),
        }
    }

    pub(super) fn result(&mut self, count: &str, status: Exit) {
        self.files += 1;
        *self.counts.entry(count.to_owned()).or_default() += 1;
        self.statuses.push(status);
    }

    pub(super) fn error(&mut self, status: Exit) {
        self.files += 1;
        self.errors += 1;
        self.statuses.push(status);
    }

    pub(super) fn skip(&mut self) {
        self.skipped += 1;
    }

    /// Prints the summary and gives the run's status.
    pub(super) fn finish(mut self, interrupted: bool, printer: Printer) -> Exit {
        self.interrupted = interrupted;
        self.elapsed_ms = self.started.map_or(0, |started| {
            u64::try_from(started.elapsed().as_millis()).unwrap_or(0)
        });
        if printer.json() {
            printer.object(&self);
        } else if self.files != 1 {
            let counts: Vec<String> = self
                .counts
                .iter()
                .filter(|(_, count)| **count > 0)
                .map(|(name, count)| format!("{count} {name}"))
                .collect();
            let mut parts = vec![format!("{} files", self.files)];
            parts.extend(counts);
            for (count, name) in [
                (self.errors, "failed"),
                (self.skipped, "no medium, passed over"),
            ] {
                if count > 0 {
                    parts.push(format!("{count} {name}"));
                }
            }
            printer.note(&parts.join(" · "));
        }
        if interrupted {
            Exit::Interrupted
        } else {
            Exit::of_run(&self.statuses)
        }
    }
}

/// A probability as people write it.
pub(super) fn probability(p: f64) -> String {
    if p >= 0.001 {
        format!("{p:.3}")
    } else {
        format!("{p:.0e}")
    }
}
