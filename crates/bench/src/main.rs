//! `filigrane-bench`: measures the watermarks from the command line.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use filigrane_bench::{audio, fingerprints, image};

#[derive(Parser)]
#[command(name = "filigrane-bench", version, about)]
enum Command {
    /// Mark pictures, attack them, look for the marks.
    Image(image::ImageArguments),
    /// Only attack pictures and write the results.
    Attack {
        /// The pictures and attacks; `--dump` says where the results go.
        #[command(flatten)]
        arguments: image::ImageArguments,
    },
    /// Mark sounds, attack them, look for the marks.
    Audio(audio::AudioArguments),
    /// Look at files that are attacked already, by whatever tool.
    Judge(image::JudgeArguments),
    /// Mark and attack media, and compare their fingerprints with those of what was marked.
    Fingerprints(fingerprints::FingerprintArguments),
    /// Describe the attacks on pictures as Markdown.
    Attacks,
}

fn main() -> ExitCode {
    match run(Command::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let report = match command {
        Command::Image(arguments) => {
            let measurement = image::run(&arguments, &say)?;
            image::write_files(&arguments.outputs, &measurement)?
        }
        Command::Judge(arguments) => {
            let measurement = image::judge(&arguments, &say)?;
            image::write_files(&arguments.outputs, &measurement)?
        }
        Command::Attack { arguments } => {
            let folder = arguments.dump.clone();
            let folder = folder.unwrap_or_else(|| PathBuf::from("attacked"));
            let attacks = arguments.settings()?.attacks;
            let seed = arguments.seed.first().copied().unwrap_or(1);
            image::attack_files(&arguments.corpus()?, &attacks, seed, &folder)?.join("\n")
        }
        Command::Audio(arguments) => audio::run(&arguments, &say)?,
        Command::Fingerprints(arguments) => fingerprints::run(&arguments)?,
        Command::Attacks => image::attacks::catalogue(),
    };
    writeln!(std::io::stdout(), "{}", report.trim_end())?;
    Ok(())
}

/// A line for the person who waits.
fn say(line: &str) {
    // Nobody may be listening.
    let _ = writeln!(std::io::stderr(), "{line}");
}
