//! `filigrane verify`: every layer, one verdict.

use anyhow::Context;
use filigrane::{Error, Report, State, Unmet, Verdict, Verifier};
use serde::Serialize;

use super::shared::{self, Summary, is_no_medium, print_error, probability};
use super::stamp::shared_read;
use crate::Failure;
use crate::args::{Global, Verify};
use crate::batch::{self, Interrupt};
use crate::exit::Exit;
use crate::inputs::{self, Input};
use crate::output::{Printer, Role, shown};

pub(crate) fn run(arguments: &Verify, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    let limits = shared::limits(&arguments.inputs.limits);
    let mut verifier = Verifier::new()?.limits(limits);
    for key in shared::keys(&arguments.keys.key)? {
        verifier = verifier.key(&key)?;
    }
    for path in &arguments.trust {
        let context = || format!("`{}`", path.display());
        verifier = verifier
            .anchors_pem(&std::fs::read_to_string(path).with_context(context)?)
            .with_context(context)?;
    }
    // Without a home there is no development identity to know.
    if let Ok(home) = shared::home(global) {
        verifier = verifier.development(&home)?;
    }
    if let Some(store) = shared::registry(&arguments.registry, false)? {
        verifier = verifier.registry(store);
    }
    let files = inputs::collect(&arguments.inputs.inputs, arguments.inputs.recursive, None);
    let interrupt = Interrupt::install()?;
    let mut summary = Summary::new(&[]);
    let work = |input: &Input| -> Result<Report, Error> {
        let bytes = shared_read(input, &limits)?;
        verifier.verify(&bytes, &input.path.to_string_lossy())
    };
    batch::run(
        &files,
        arguments.inputs.jobs,
        printer,
        &interrupt,
        work,
        |input, result| match result {
            Ok(report) => {
                let unmet = report.unmet(&arguments.require);
                print(&report, &unmet, printer);
                let status = status(report.verdict);
                let lacking = if unmet.is_empty() {
                    Exit::Affirmative
                } else {
                    Exit::Negative
                };
                summary.result(report.verdict.as_str(), status.max(lacking));
            }
            Err(error) if is_no_medium(input, &error) => summary.skip(),
            Err(error) => summary.error(print_error(input, &error, printer)),
        },
    )?;
    Ok(summary.finish(interrupt.is_set(), printer))
}

/// The exit status of a verdict.
pub(super) fn status(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Conflict | Verdict::Tampered => Exit::Contradiction,
        Verdict::NoMarks => Exit::Negative,
        _ => Exit::Affirmative,
    }
}

/// How a verdict is coloured.
pub(super) const fn role(verdict: Verdict) -> Role {
    match verdict {
        Verdict::Verified | Verdict::Recovered => Role::Good,
        Verdict::Conflict | Verdict::Tampered => Role::Bad,
        Verdict::NoMarks => Role::Faint,
        _ => Role::Caution,
    }
}

/// A report, with what was insisted on in vain.
#[derive(Serialize)]
struct Judged<'a> {
    #[serde(flatten)]
    report: &'a Report,
    #[serde(skip_serializing_if = "<[Unmet]>::is_empty")]
    unmet: &'a [Unmet],
}

fn print(report: &Report, unmet: &[Unmet], printer: Printer) {
    if printer.json() {
        printer.object(&Judged { report, unmet });
        return;
    }
    let verdict = printer.paint(
        role(report.verdict),
        &format!("{:<16}", report.verdict.as_str()),
    );
    printer.line(&format!("{verdict}  {}", shown(&report.file)));
    printer.line(&format!("  {}", shown(&report.explanation)));
    for line in evidence(report) {
        printer.line(&format!("  {}", printer.paint(Role::Faint, &line)));
    }
    for Unmet {
        requirement,
        explanation,
        ..
    } in unmet
    {
        let line = format!("not met      {requirement}: {}", shown(explanation));
        printer.line(&format!("  {}", printer.paint(Role::Bad, &line)));
    }
}

/// The layers, a line each.
fn evidence(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(mark) = report.watermark.mark() {
        lines.push(format!(
            "watermark    id {} · {} · p ≤ {}",
            mark.payload.id,
            mark.payload.origin,
            probability(mark.p_value)
        ));
    }
    let credentials = &report.credentials;
    if credentials.state != State::Absent {
        let state = serde_json::to_value(&credentials.state).unwrap_or_default();
        let mut line = format!("credentials  {}", state.as_str().unwrap_or_default());
        for part in [
            &credentials.signer,
            &credentials.generator,
            &credentials.remote_url,
        ]
        .into_iter()
        .flatten()
        {
            line.push_str(" · ");
            line.push_str(&shown(part));
        }
        lines.push(line);
        for failure in &credentials.failures {
            lines.push(format!(
                "             {}: {}",
                shown(&failure.code),
                shown(&failure.explanation)
            ));
        }
    }
    lines
}
