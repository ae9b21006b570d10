//! `filigrane detect`: the watermark alone.

use filigrane::{DetectionReport, Error, Outcome, Place, Search, Verifier};

use super::shared::{self, Summary, failed, probability};
use super::stamp::shared_read;
use crate::Failure;
use crate::args::Detect;
use crate::batch::{self, Interrupt};
use crate::exit::Exit;
use crate::inputs::{self, Input};
use crate::output::{Printer, Role, shown};

pub(crate) fn run(arguments: &Detect, printer: Printer) -> Result<Exit, Failure> {
    let limits = shared::limits(&arguments.inputs.limits);
    let mut verifier = Verifier::new()?
        .limits(limits)
        .search(arguments.search.search);
    for key in shared::keys(&arguments.keys.key)? {
        verifier = verifier.key(&key)?;
    }
    let files = inputs::collect(&arguments.inputs.inputs, arguments.inputs.recursive, None);
    let interrupt = Interrupt::install()?;
    let mut summary = Summary::new(&["found", "copied", "not_found", "inconclusive"]);
    let work = |input: &Input| -> Result<DetectionReport, Error> {
        let bytes = shared_read(input, &limits)?;
        verifier.detect(&bytes, &input.path.to_string_lossy())
    };
    batch::run(
        &files,
        arguments.inputs.jobs,
        printer,
        &interrupt,
        work,
        |input, result| match result {
            Ok(report) => {
                let (count, status) = match report.outcome {
                    Outcome::Found { .. } => ("found", Exit::Affirmative),
                    Outcome::Copied { .. } => ("copied", Exit::Negative),
                    Outcome::Inconclusive { .. } => ("inconclusive", Exit::Negative),
                    _ => ("not_found", Exit::Negative),
                };
                print(&report, printer);
                summary.result(count, status);
            }
            Err(error) => failed(input, &(&error).into(), &mut summary, printer),
        },
    )?;
    Ok(summary.finish(interrupt.is_set(), printer))
}

fn print(report: &DetectionReport, printer: Printer) {
    if printer.json() {
        printer.object(report);
        return;
    }
    let file = shown(&report.file);
    match &report.outcome {
        Outcome::Found { mark, others } => {
            printer.line(&format!(
                "{}         {file}",
                printer.paint(Role::Good, "found")
            ));
            for mark in std::iter::once(mark).chain(others) {
                let facts = format!(
                    "id {} · {} · key `{}` · p ≤ {}",
                    mark.payload.id,
                    mark.payload.origin,
                    shown(&mark.key_name),
                    probability(mark.p_value)
                );
                printer.line(&format!("              {facts}"));
                printer.line(&format!(
                    "              {}",
                    printer.paint(Role::Faint, &place(&mark.place))
                ));
            }
        }
        Outcome::Copied { mark } => {
            printer.line(&format!(
                "{}        {file}",
                printer.paint(Role::Caution, "copied")
            ));
            printer.line(&format!(
                "              id {} · key `{}` · made for another medium and copied onto this one",
                mark.payload.id,
                shown(&mark.key_name)
            ));
        }
        Outcome::Inconclusive { reason } => {
            printer.line(&format!(
                "{}  {file}  ({})",
                printer.paint(Role::Caution, "inconclusive"),
                shown(reason)
            ));
        }
        _ => {
            let how = match report.search {
                Search::Full => String::new(),
                narrower => format!("  (looked {narrower} only)"),
            };
            printer.line(&format!(
                "{}     {file}{how}",
                printer.paint(Role::Faint, "not found")
            ));
        }
    }
}

/// Where a mark was found, in words.
fn place(place: &Place) -> String {
    match place {
        Place::Image(geometry) => {
            let mirrored = if geometry.mirrored { ", mirrored" } else { "" };
            format!(
                "scale {:.3}, turned {:.1}°{mirrored}",
                geometry.scale, geometry.rotation_deg
            )
        }
        Place::Audio(audio) => {
            let regions: Vec<String> = audio
                .regions
                .iter()
                .map(|region| format!("{:.1}–{:.1} s", region.start_s, region.end_s))
                .collect();
            format!(
                "{} · speed {:.3}, pitch {:.3}",
                regions.join(", "),
                audio.speed,
                audio.pitch
            )
        }
        _ => String::new(),
    }
}
