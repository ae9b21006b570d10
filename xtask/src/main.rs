//! Development tasks: `cargo xtask test` is everything that CI runs.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's tool talks on the terminal"
)]

mod licences;
mod steps;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <task>

  test       everything below, in this order
  format     rustfmt, check only
  clippy     clippy with the workspace lints, warnings denied
  docs       rustdoc, warnings denied
  unit       all tests: cargo-nextest where it is installed, else cargo test; then doctests
  licences   every dependency's licence against deny.toml
  deny       cargo-deny (bans, sources, advisories) where it is installed";

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let outcome = match task.as_str() {
        "test" => steps::all(),
        "format" => steps::format(),
        "clippy" => steps::clippy(),
        "docs" => steps::docs(),
        "unit" => steps::unit(),
        "licences" => licences::check(),
        "deny" => steps::deny(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
