//! Several files at once, results in the order of the inputs.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use crate::inputs::Input;
use crate::output::Printer;

/// Set by Ctrl-C: running files finish, no further one begins.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Installs the handler; a second Ctrl-C ends the program at once.
    pub(crate) fn install() -> Result<Self> {
        let interrupt = Self::default();
        let flag = interrupt.clone();
        ctrlc::set_handler(move || {
            if flag.0.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        })
        .context("the interrupt handler cannot be installed")?;
        Ok(interrupt)
    }

    /// Whether Ctrl-C was pressed.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs `work` on every input with `jobs` threads and hands each result to `emit` in input order.
/// Stops early when interrupted; what had begun is finished and emitted.
pub(crate) fn run<T: Send>(
    inputs: &[Input],
    jobs: Option<u16>,
    printer: Printer,
    interrupt: &Interrupt,
    work: impl Fn(&Input) -> T + Sync,
    mut emit: impl FnMut(&Input, T),
) -> Result<()> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = jobs.map_or(cores, usize::from).min(inputs.len().max(1));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .context("the worker threads cannot be started")?;
    let bar = progress_bar(inputs.len(), printer);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // `par_bridge` takes inputs in order, so that the first results come first.
            let numbered = inputs.iter().enumerate().par_bridge();
            pool.install(|| {
                numbered.for_each_with(sender, |sender, (index, input)| {
                    let result = (!interrupt.is_set()).then(|| work(input));
                    // The receiver outlives this thread.
                    let _ = sender.send((index, result));
                });
            });
        });
        let mut waiting = BTreeMap::new();
        let mut next = 0;
        for (index, result) in receiver {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&next) {
                if let (Some(result), Some(input)) = (result, inputs.get(next)) {
                    bar.suspend(|| emit(input, result));
                }
                bar.inc(1);
                next += 1;
            }
        }
    });
    bar.finish_and_clear();
    Ok(())
}

fn progress_bar(files: usize, printer: Printer) -> ProgressBar {
    if !printer.progress() || files < 2 {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} files, {per_sec}, {eta} left");
    let bar = ProgressBar::new(files as u64);
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Global, When};

    fn printer() -> Printer {
        Printer::new(&Global {
            json: false,
            quiet: true,
            color: When::Never,
            home: None,
        })
    }

    fn inputs(count: usize) -> Vec<Input> {
        let input = |i: usize| Input {
            path: i.to_string().into(),
            relative: i.to_string().into(),
            from_folder: false,
        };
        (0..count).map(input).collect()
    }

    #[test]
    fn results_come_in_input_order() {
        let inputs = inputs(50);
        let mut seen = Vec::new();
        let work = |input: &Input| {
            let number: u64 = input.path.to_str().unwrap().parse().unwrap();
            std::thread::sleep(std::time::Duration::from_millis(7 * number % 11));
            number
        };
        run(
            &inputs,
            Some(4),
            printer(),
            &Interrupt::default(),
            work,
            |_, number| seen.push(number),
        )
        .unwrap();
        assert_eq!(seen, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn an_interrupt_stops_what_has_not_begun() {
        let interrupt = Interrupt::default();
        let mut seen = 0;
        let work = |_: &Input| interrupt.0.store(true, Ordering::Relaxed);
        run(
            &inputs(50),
            Some(1),
            printer(),
            &interrupt,
            work,
            |_, ()| seen += 1,
        )
        .unwrap();
        assert_eq!(seen, 1);
    }
}
