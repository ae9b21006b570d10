//! Untrusted files are parsed in worker processes with limits, so that one bad file costs one line.
//!
//! A worker is this program again. It gets a file's bytes through a pipe and sends back what is to be
//! printed. Workers are kept for the next file; one that a file brought down is replaced.

mod child;
mod process;
mod protocol;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use filigrane::{Limits, Search};

pub(crate) use child::run;
use process::{End, Worker};
use protocol::{Request, Setup};

use crate::answer::{Answer, FileError};
use crate::output::Printer;
use crate::trust::Trusted;

/// Most memory of a worker, as address space: what a small server has.
pub(crate) const MAX_MEMORY: u64 = 4 << 30;
/// Processor time for any file, in seconds.
const CPU_S: u64 = 60;
/// Wall-clock time is only for what waits; a busy machine may take this many times the processor time, and as
/// many seconds more.
const WALL_PER_CPU: u64 = 4;
const WALL_MORE_S: u64 = 30;
/// A worker that answered so many files is replaced, so that no allocator's leftovers add up.
const FILES_PER_WORKER: u32 = 1000;

/// What workers are told, and the limits that the command itself keeps.
pub(crate) struct Config {
    pub(crate) keys: Vec<String>,
    pub(crate) trust: Trusted,
    pub(crate) require: Vec<String>,
    pub(crate) registry: Option<PathBuf>,
    pub(crate) limits: Limits,
    pub(crate) search: Search,
    pub(crate) max_memory: u64,
    /// Most processor time per file, in seconds; grows with the file where it is not given.
    pub(crate) timeout_s: Option<u64>,
    pub(crate) printer: Printer,
}

/// Idle workers, as many as files are worked on at once.
pub(crate) struct Pool {
    setup: Setup,
    registry: Option<PathBuf>,
    timeout_s: Option<u64>,
    idle: Mutex<Vec<Worker>>,
}

impl Pool {
    /// Starts the first worker, so that what is wrong for all of them is told once.
    pub(crate) fn new(config: Config) -> Result<Self> {
        let setup = Setup {
            keys: config.keys,
            trust: config.trust,
            require: config.require,
            max_bytes: config.limits.max_bytes,
            max_pixels: config.limits.max_pixels,
            max_duration_s: config.limits.max_duration_s,
            max_channels: config.limits.max_channels,
            search: config.search.to_string(),
            max_memory: config.max_memory,
            json: config.printer.json(),
            color: config.printer.color(),
        };
        let first = Worker::start(&setup, config.registry.as_deref())?;
        Ok(Self {
            setup,
            registry: config.registry,
            timeout_s: config.timeout_s,
            idle: Mutex::new(vec![first]),
        })
    }

    /// Has a file looked at by a worker.
    pub(crate) fn answer(
        &self,
        bytes: &[u8],
        sidecar: Option<&[u8]>,
        name: &str,
    ) -> Result<Answer> {
        let cpu_s = self.cpu_s(bytes.len());
        let mut worker = match self.take() {
            Some(worker) => worker,
            None => Worker::start(&self.setup, self.registry.as_deref())?,
        };
        let request = Request {
            name: name.to_owned(),
            cpu_s,
            sidecar: sidecar.is_some(),
        };
        let wall = Duration::from_secs(wall_s(cpu_s));
        match worker.ask(&request, bytes, sidecar, wall) {
            Ok(answer) => {
                if worker.answered() < FILES_PER_WORKER {
                    self.idle().push(worker);
                }
                Ok(answer)
            }
            Err(end) => Ok(Answer::Failed(self.explain(end, cpu_s))),
        }
    }

    fn take(&self) -> Option<Worker> {
        self.idle().pop()
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A second per mebibyte on top: a long sound is slow without being hostile.
    fn cpu_s(&self, bytes: usize) -> u64 {
        self.timeout_s
            .unwrap_or(CPU_S + (bytes >> 20) as u64)
            .max(1)
    }

    fn explain(&self, end: End, cpu_s: u64) -> FileError {
        let max_memory = self.setup.max_memory >> 20;
        match end {
            End::CpuTime => FileError::limit(
                "cpu-time",
                &format!("reading it took more than {cpu_s} s of processor time"),
                "`--timeout` sets the limit",
            ),
            End::WallTime => FileError::limit(
                "wall-time",
                &format!("reading it took more than {} s", wall_s(cpu_s)),
                "`--timeout` sets the limit",
            ),
            End::Memory => FileError::limit(
                "memory",
                &format!("reading it took more than {max_memory} MiB of memory"),
                "`--max-memory` sets the limit",
            ),
            End::Stack => FileError::limit(
                "nesting",
                "its structure is nested deeper than the stack",
                "nothing is known of the file",
            ),
            End::FileSize => FileError::limit(
                "file-size",
                "reading it wrote a temporary file that is too large",
                "nothing is known of the file",
            ),
            End::Other(how) => {
                FileError::plain(format!("the reader was brought down by it ({how})"))
            }
        }
    }
}

const fn wall_s(cpu_s: u64) -> u64 {
    cpu_s
        .saturating_mul(WALL_PER_CPU)
        .saturating_add(WALL_MORE_S)
}
