//! `filigrane inspect`: facts, no key, no verdict.

use filigrane::{Disclosure, Error, Inspection, Shape, State, inspect};

use super::shared::{self, Summary, failed};
use super::stamp::shared_read;
use crate::Failure;
use crate::args::Inspect;
use crate::batch::{self, Interrupt};
use crate::exit::Exit;
use crate::inputs::{self, Input};
use crate::output::{Printer, Role, shown};

pub(crate) fn run(arguments: &Inspect, printer: Printer) -> Result<Exit, Failure> {
    let limits = shared::limits(&arguments.inputs.limits);
    let files = inputs::collect(&arguments.inputs.inputs, arguments.inputs.recursive, None);
    let interrupt = Interrupt::install()?;
    let mut summary = Summary::new(&["inspected"]);
    let work = |input: &Input| -> Result<Inspection, Error> {
        inspect(
            &shared_read(input, &limits)?,
            &input.path.to_string_lossy(),
            &limits,
        )
    };
    batch::run(
        &files,
        arguments.inputs.jobs,
        printer,
        &interrupt,
        work,
        |input, result| match result {
            Ok(inspection) => {
                print(&inspection, printer);
                summary.result("inspected", Exit::Affirmative);
            }
            Err(error) => failed(input, &(&error).into(), &mut summary, printer),
        },
    )?;
    Ok(summary.finish(interrupt.is_set(), printer))
}

fn print(inspection: &Inspection, printer: Printer) {
    if printer.json() {
        printer.object(inspection);
        return;
    }
    printer.line(&printer.paint(Role::Strong, &shown(&inspection.file)));
    let shape = match &inspection.shape {
        Some(Shape::Picture {
            width,
            height,
            channels,
            bits,
        }) => {
            format!("{width}×{height} pixels, {channels} channels of {bits} bits")
        }
        Some(Shape::Sound {
            duration_s,
            rate_hz,
            channels,
        }) => {
            format!("{duration_s:.2} s, {rate_hz} Hz, {channels} channels")
        }
        _ => "not read here".to_owned(),
    };
    let mut lines = vec![
        (
            "format",
            format!("{} ({})", inspection.format, inspection.mime),
        ),
        (inspection.media.as_str(), shape),
        ("size", format!("{} bytes", inspection.bytes)),
        ("blake3", inspection.blake3.clone()),
    ];
    lines.extend(
        inspection
            .metadata
            .iter()
            .map(|line| ("metadata", line.clone())),
    );
    if let Some(aigc) = &inspection.aigc {
        let line = format!(
            "{} · producer {} · {}",
            aigc.label, aigc.content_producer, aigc.produce_id
        );
        lines.push(("AIGC label", line));
    }
    let credentials = &inspection.credentials;
    let state = serde_json::to_value(&credentials.state).unwrap_or_default();
    lines.push(("credentials", state.as_str().unwrap_or_default().to_owned()));
    if credentials.state != State::Absent {
        let claim = credentials.claim.map(str::to_owned);
        let facts = [
            ("  title", &credentials.title),
            ("  signer", &credentials.signer),
            ("  issuer", &credentials.issuer),
            ("  generator", &credentials.generator),
            ("  claim", &claim),
            ("  manifest", &credentials.label),
        ];
        lines.extend(
            facts
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.clone()?))),
        );
        if let Some(disclosure) = &credentials.disclosure {
            lines.extend(disclosed(disclosure));
        }
        if let Some(choices) = credentials.training_mining {
            let choices = serde_json::to_value(choices).unwrap_or_default();
            for (name, choice) in choices.as_object().into_iter().flatten() {
                let choice = choice.as_str().unwrap_or_default();
                lines.push(("  training", format!("{name}: {choice}")));
            }
        }
        for binding in &credentials.soft_bindings {
            lines.push((
                "  binding",
                format!(
                    "{} = {}",
                    binding.algorithm,
                    String::from_utf8_lossy(&binding.value)
                ),
            ));
        }
        for ingredient in &credentials.ingredients {
            let title = ingredient.title.as_deref().unwrap_or("untitled");
            let manifest = if ingredient.has_manifest {
                "with a manifest"
            } else {
                "without a manifest"
            };
            lines.push((
                "  ingredient",
                format!("{title} ({}, {manifest})", ingredient.relationship),
            ));
        }
        lines.extend(credentials.failures.iter().map(|failure| {
            (
                "  failure",
                format!("{}: {}", failure.code, failure.explanation),
            )
        }));
    }
    for (name, value) in lines {
        printer.line(&format!("  {name:<12}  {}", shown(&value)));
    }
}

/// What a disclosure tells, a line each.
fn disclosed(disclosure: &Disclosure) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let mut add = |name, value: Option<&String>| {
        lines.extend(value.map(|value| (name, value.clone())));
    };
    add("  provider", disclosure.provider.as_ref());
    let system = disclosure.system.as_ref();
    add("  system", system.map(|system| &system.name));
    add(
        "  version",
        system.and_then(|system| system.version.as_ref()),
    );
    add("  sha256", system.and_then(|system| system.sha256.as_ref()));
    add("  time", disclosure.time.as_ref());
    add("  identifier", disclosure.identifier.as_ref());
    if let Some(prompt) = &disclosure.prompt {
        let (salt, hash) = (&prompt.salt, &prompt.sha256);
        lines.push(("  prompt", format!("SHA-256 {hash}, salt {salt}")));
    }
    lines
}
