//! `filigrane-bench`: measures the watermarks from the command line.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use filigrane_bench::{audio, image};

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
    /// List the attacks on pictures.
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
        Command::Image(arguments) => image::run(&arguments, &say)?,
        Command::Attack { arguments } => {
            let folder = arguments.dump.clone();
            let folder = folder.unwrap_or_else(|| PathBuf::from("attacked"));
            let attacks = arguments.settings()?.attacks;
            let seed = arguments.seed.first().copied().unwrap_or(1);
            image::attack_files(&arguments.corpus()?, &attacks, seed, &folder)?.join("\n")
        }
        Command::Audio(arguments) => audio::run(&arguments, &say)?,
        Command::Attacks => attack_list(),
    };
    writeln!(std::io::stdout(), "{}", report.trim_end())?;
    Ok(())
}

fn attack_list() -> String {
    let attacks = image::attacks::all().into_iter();
    let lines = attacks.map(|attack| {
        let (group, list) = (attack.group.name(), format!("{:?}", attack.list));
        let list = list.to_lowercase();
        format!(
            "| {} | {group} | {list} | {} |",
            attack.name, attack.description
        )
    });
    let lines: Vec<String> = lines.collect();
    format!(
        "| attack | group | shortest list | what it does |\n|---|---|---|---|\n{}",
        lines.join("\n")
    )
}

/// A line for the person who waits.
fn say(line: &str) {
    // Nobody may be listening.
    let _ = writeln!(std::io::stderr(), "{line}");
}
