//! `filigrane completions` and `filigrane man`: generated from the one definition of the command line.

use std::path::Path;

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::{Cli, Man};
use crate::exit::Exit;
use crate::output::Printer;

pub(crate) fn completions(shell: Shell, printer: Printer) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "filigrane", &mut script);
    printer.raw(&script);
    Exit::Affirmative
}

pub(crate) fn man(arguments: &Man, printer: Printer) -> Result<Exit> {
    let command = Cli::command().disable_help_subcommand(true);
    match &arguments.out_dir {
        Some(folder) => pages(command, folder)?,
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command)
                .render(&mut page)
                .context("the manual page")?;
            printer.raw(&page);
        }
    }
    Ok(Exit::Affirmative)
}

fn pages(command: clap::Command, folder: &Path) -> Result<()> {
    let context = || format!("`{}`", folder.display());
    std::fs::create_dir_all(folder).with_context(context)?;
    clap_mangen::generate_to(command, folder).with_context(context)
}
