//! Inside a worker: limits first, then one file after another until the command closes the pipe.

use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use filigrane::{Key, Requirement, SqliteStore, Verifier};

use super::protocol::{Greeting, Request, Setup, receive, receive_bytes, send};
use crate::commands::verify::Judge;
use crate::exit::Exit;
use crate::output::Printer;

/// The largest file that a worker may write: the registry's shared memory and temporary files of parsers,
/// never enough to fill a disk.
#[cfg(unix)]
const LARGEST_FILE: u64 = 64 << 20;

/// Answers the command on the other end of the standard streams.
pub(crate) fn run(registry: Option<&Path>) -> Result<Exit> {
    let mut from = io::stdin().lock();
    let mut out = io::stdout().lock();
    let setup: Setup = receive(&mut from)?.context("a worker is started by `filigrane verify`")?;
    let judge = match judge(&setup, registry) {
        Ok(judge) => judge,
        Err(error) => {
            send(&mut out, &Greeting::Refused(format!("{error:#}")))?;
            return Ok(Exit::Error);
        }
    };
    send(&mut out, &Greeting::Ready)?;
    while answer_one(&judge, setup.max_bytes, &mut from, &mut out)? {}
    Ok(Exit::Affirmative)
}

fn judge(setup: &Setup, registry: Option<&Path>) -> Result<Judge> {
    limit_process(setup.max_memory).context("the worker's limits cannot be set")?;
    let mut verifier = Verifier::new()?
        .limits(setup.limits())
        .search(setup.search.parse()?);
    for key in &setup.keys {
        verifier = verifier.key(&Key::parse(key)?)?;
    }
    verifier = setup.trust.apply(verifier)?;
    if let Some(path) = registry {
        verifier = verifier.registry(Arc::new(SqliteStore::open_read_only(path)?));
    }
    let require: Result<Vec<Requirement>, _> =
        setup.require.iter().map(|name| name.parse()).collect();
    Ok(Judge {
        verifier,
        require: require?,
        printer: Printer::of_worker(setup.json, setup.color),
    })
}

/// Reads a file, answers it, and says whether there was one.
fn answer_one(
    judge: &Judge,
    max_bytes: u64,
    from: &mut impl Read,
    out: &mut impl Write,
) -> Result<bool> {
    let Some(request) = receive::<Request>(from)? else {
        return Ok(false);
    };
    let bytes = receive_bytes(from, max_bytes)?.context("the file's bytes are missing")?;
    let sidecar = if request.sidecar {
        let sidecar = receive_bytes(from, max_bytes)?;
        Some(sidecar.context("the bytes of the manifest beside the file are missing")?)
    } else {
        None
    };
    limit_cpu_time(request.cpu_s).context("the processor time cannot be limited")?;
    send(
        out,
        &judge.answer(&bytes, sidecar.as_deref(), &request.name),
    )?;
    Ok(true)
}

/// Limits that hold for the worker's whole life.
#[cfg(unix)]
fn limit_process(max_memory: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    // A stricter limit that is there already stays: it could not be raised.
    let set = |resource: Resource, limit: u64| {
        let limit = getrlimit(resource)
            .maximum
            .map_or(limit, |most| most.min(limit));
        let to = Rlimit {
            current: Some(limit),
            maximum: Some(limit),
        };
        setrlimit(resource, to)
    };
    // What is killed leaves no image of its memory behind.
    set(Resource::Core, 0)?;
    set(Resource::Fsize, LARGEST_FILE)?;
    set(Resource::As, max_memory)?;
    Ok(())
}

/// Lets the worker have so many seconds of processor time from now on; the system ends it after them. The
/// system counts whole seconds over the process's life.
#[cfg(unix)]
fn limit_cpu_time(seconds: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use rustix::time::{ClockId, clock_gettime};
    let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec;
    let used = u64::try_from(used).unwrap_or(0).saturating_add(1);
    let wanted = used.saturating_add(seconds);
    let maximum = getrlimit(Resource::Cpu).maximum;
    let limit = Rlimit {
        current: Some(maximum.map_or(wanted, |most| most.min(wanted))),
        maximum,
    };
    Ok(setrlimit(Resource::Cpu, limit)?)
}

/// Elsewhere the wall-clock limit alone holds.
#[cfg(not(unix))]
fn limit_process(_: u64) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn limit_cpu_time(_: u64) -> io::Result<()> {
    Ok(())
}
