//! Mutations for as long as wanted.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a developer's tool talks on the terminal, and its own failures panic"
)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Parser;
use filigrane_fuzz::mutate::Mutations;
use filigrane_fuzz::{TARGETS, Target};

/// Runs targets on mutations of real files, one after the other, and keeps what fails.
#[derive(Parser)]
struct Arguments {
    /// How long, in seconds, shared evenly by the targets
    #[arg(long, default_value_t = 60, env = "FILIGRANE_FUZZ_SECONDS")]
    seconds: u64,
    /// Only these targets; all when not given
    #[arg(long = "target", value_name = "NAME")]
    targets: Vec<String>,
    /// Beginning of the sequence of mutations; another number gives other files
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where failing inputs go
    #[arg(long, value_name = "FOLDER", default_value = "target/fuzz-failures")]
    failures: PathBuf,
    /// Write the seeds of each target into folders below this one and stop, as a first corpus for `cargo fuzz`
    #[arg(long, value_name = "FOLDER")]
    write_seeds: Option<PathBuf>,
    /// Run these inputs once and stop, with one target
    #[arg(value_name = "INPUT")]
    inputs: Vec<PathBuf>,
}

fn main() {
    let arguments = Arguments::parse();
    let targets: Vec<&Target> = TARGETS
        .iter()
        .filter(|target| {
            arguments.targets.is_empty() || arguments.targets.iter().any(|name| name == target.name)
        })
        .collect();
    assert!(
        !targets.is_empty()
            && arguments
                .targets
                .iter()
                .all(|name| Target::named(name).is_some()),
        "the targets are {:?}",
        TARGETS.iter().map(|target| target.name).collect::<Vec<_>>()
    );
    if let Some(folder) = &arguments.write_seeds {
        for target in &targets {
            write_all(&folder.join(target.name), &target.seeds());
        }
        return;
    }
    if !arguments.inputs.is_empty() {
        for input in &arguments.inputs {
            let bytes = std::fs::read(input).unwrap();
            for target in &targets {
                let _ = target.seeds();
                let started = Instant::now();
                let memory = target.run(&bytes);
                let time = started.elapsed();
                println!(
                    "{}: {} KiB, {time:?}: {}",
                    target.name,
                    memory >> 10,
                    input.display()
                );
            }
        }
        return;
    }
    // Decoders panic, and the crates around them turn that into errors.
    std::panic::set_hook(Box::new(|_| {}));
    println!("target            cases   failures   most memory      slowest");
    let mut failures = 0;
    for target in &targets {
        let time = Duration::from_secs(arguments.seconds) / targets.len() as u32;
        failures += soak(target, time, &arguments);
    }
    if failures > 0 {
        std::process::exit(1);
    }
}

/// Runs one target and returns how many cases failed.
fn soak(target: &Target, time: Duration, arguments: &Arguments) -> usize {
    let seeds = target.seeds();
    let (mut cases, mut most, mut slowest) = (0_u64, 0, Duration::ZERO);
    let mut failed = Vec::new();
    let mut messages = std::collections::BTreeSet::new();
    let started = Instant::now();
    for case in Mutations::new(&seeds, arguments.seed) {
        if started.elapsed() >= time {
            break;
        }
        cases += 1;
        let one = Instant::now();
        let outcome = std::panic::catch_unwind(|| target.run(&case));
        if one.elapsed() > slowest {
            slowest = one.elapsed();
            write_one(
                &arguments.failures,
                &format!("{}-slowest", target.name),
                &case,
            );
        }
        match outcome {
            Ok(memory) => most = memory.max(most),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
                // The same failure again teaches nothing; numbers in messages differ.
                let text = text.unwrap_or_default();
                let kind: String = text
                    .chars()
                    .filter(|c| !c.is_ascii_digit())
                    .take(60)
                    .collect();
                if messages.insert(kind) {
                    let short: String = text.chars().take(300).collect();
                    println!("{}: {short}", target.name);
                    write_one(
                        &arguments.failures,
                        &format!("{}-{cases}", target.name),
                        &case,
                    );
                }
                failed.push(cases);
            }
        }
    }
    println!(
        "{:<15} {cases:>7} {:>10} {:>9} KiB {:>9} ms",
        target.name,
        failed.len(),
        most >> 10,
        slowest.as_millis()
    );
    failed.len()
}

fn write_one(folder: &std::path::Path, name: &str, bytes: &[u8]) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join(name), bytes).unwrap();
}

fn write_all(folder: &std::path::Path, files: &[Vec<u8>]) {
    for (number, file) in files.iter().enumerate() {
        write_one(folder, &format!("seed-{number:03}"), file);
    }
}
