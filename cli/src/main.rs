//! The `filigrane` command: arguments in, printed results and an exit status out.

mod answer;
mod args;
mod batch;
mod commands;
mod exit;
mod inputs;
mod output;
mod targets;
mod trust;
mod worker;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use exit::Exit;
use output::Printer;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let printer = Printer::new(&cli.global);
    let exit = run(&cli, printer).unwrap_or_else(|failure| {
        printer.error(
            &output::shown(&format!("{:#}", failure.error)),
            failure.hint.as_deref(),
        );
        failure.exit
    });
    exit.into()
}

fn run(cli: &Cli, printer: Printer) -> Result<Exit, Failure> {
    let global = &cli.global;
    match &cli.command {
        Command::Demo(demo) => commands::demo::run(demo, printer),
        Command::Keygen(keygen) => commands::keygen::run(keygen, printer),
        Command::Embed(embed) => commands::stamp::embed(embed, printer),
        Command::Stamp(stamp) => commands::stamp::stamp(stamp, global, printer),
        Command::Detect(detect) => commands::detect::run(detect, printer),
        Command::Verify(verify) => commands::verify::run(verify, global, printer),
        Command::VerifyWorker(arguments) => Ok(worker::run(arguments.registry.as_deref())?),
        Command::Inspect(inspect) => commands::inspect::run(inspect, printer),
        Command::Revoke(revoke) => commands::revoke::run(revoke, printer),
        Command::Registry(registry) => commands::registry::run(registry, printer),
        #[cfg(feature = "bench")]
        Command::Bench(bench) => commands::bench::run(bench, printer),
        Command::Completions(completions) => Ok(commands::completions::completions(
            completions.shell,
            printer,
        )),
        Command::Man(man) => Ok(commands::completions::man(man, printer)?),
    }
}

/// A run that could not begin: what went wrong, a way out, and the exit status.
#[derive(Debug)]
pub(crate) struct Failure {
    error: anyhow::Error,
    hint: Option<String>,
    exit: Exit,
}

impl Failure {
    /// A refusal, with a way out.
    pub(crate) fn refused(error: anyhow::Error, hint: &str) -> Self {
        Self {
            error,
            hint: Some(hint.to_owned()),
            exit: Exit::Refused,
        }
    }

    /// A run that cannot begin as things are, with a way out.
    pub(crate) fn unusable(error: anyhow::Error, hint: &str) -> Self {
        Self {
            exit: Exit::Error,
            ..Self::refused(error, hint)
        }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        let own = error
            .chain()
            .find_map(|cause| cause.downcast_ref::<filigrane::Error>());
        let hint = own.and_then(|own| own.hint());
        let exit = if own.is_some_and(filigrane::Error::is_refusal) {
            Exit::Refused
        } else {
            Exit::Error
        };
        Self { error, hint, exit }
    }
}
