//! `filigrane verify`: every layer, one verdict.

use filigrane::{
    Credentials, Error, FingerprintEvidence, Limits, RegistryEvidence, Report, Requirement,
    RevocationEvidence, State, Unmet, Verdict, Verifier, read_sidecar,
};
use serde::Serialize;

use super::shared::{self, Summary, failed, probability};
use super::stamp::shared_read;
use crate::Failure;
use crate::answer::{Answer, FileError};
use crate::args::{Global, Verify};
use crate::batch::{self, Interrupt};
use crate::exit::Exit;
use crate::inputs::{self, Input};
use crate::output::{Printer, Role, json_line, shown};
use crate::trust::Trusted;
use crate::worker::{self, Config, Pool};

pub(crate) fn run(arguments: &Verify, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    let limits = shared::limits(&arguments.inputs.limits);
    let reader = Reader::new(arguments, global, limits, printer)?;
    let files = inputs::collect(&arguments.inputs.inputs, arguments.inputs.recursive, None);
    let interrupt = Interrupt::install()?;
    let mut summary = Summary::new(&[]);
    let work = |input: &Input| match read_both(input, &limits) {
        Ok((bytes, sidecar)) => {
            reader.answer(&bytes, sidecar.as_deref(), &input.path.to_string_lossy())
        }
        Err(error) => Answer::Failed((&error).into()),
    };
    batch::run(
        &files,
        arguments.inputs.jobs,
        printer,
        &interrupt,
        work,
        |input, answer| match answer {
            Answer::Judged {
                verdict,
                status,
                lines,
            } => {
                for line in lines {
                    printer.line(&line);
                }
                summary.result(&verdict, status);
            }
            Answer::Failed(error) => failed(input, &error, &mut summary, printer),
        },
    )?;
    Ok(summary.finish(interrupt.is_set(), printer))
}

/// A file, and the manifest beside it.
fn read_both(input: &Input, limits: &Limits) -> Result<(Vec<u8>, Option<Vec<u8>>), Error> {
    let bytes = shared_read(input, limits)?;
    let sidecar = if input.is_stdin() {
        None
    } else {
        read_sidecar(&input.path)?
    };
    Ok((bytes, sidecar))
}

/// Where files are parsed.
enum Reader {
    /// In this process, because they are trusted.
    Here(Box<Judge>),
    /// In processes with limits.
    Workers(Box<Pool>),
}

impl Reader {
    fn new(
        arguments: &Verify,
        global: &Global,
        limits: Limits,
        printer: Printer,
    ) -> Result<Self, Failure> {
        let keys = shared::keys(&arguments.keys.key)?;
        // Without a home there is no development identity to know.
        let development = match shared::home(global) {
            Ok(home) => home.development_anchor()?,
            Err(_) => None,
        };
        let trust = Trusted::read(&arguments.trust, &arguments.fetch, development, printer)?;
        // Workers only read: what a registry of an earlier version needs is done here.
        let store = shared::registry(&arguments.registry, false)?;
        if !arguments.in_process {
            return Ok(Self::Workers(Box::new(Pool::new(Config {
                keys: keys.iter().map(|key| key.to_text().to_string()).collect(),
                trust,
                require: arguments
                    .require
                    .iter()
                    .map(Requirement::to_string)
                    .collect(),
                registry: shared::registry_path(&arguments.registry, false)?,
                limits,
                search: arguments.search.search,
                max_memory: arguments.max_memory.unwrap_or(worker::MAX_MEMORY),
                timeout_s: arguments.timeout,
                printer,
            })?)));
        }
        let mut verifier = Verifier::new()?
            .limits(limits)
            .search(arguments.search.search);
        for key in &keys {
            verifier = verifier.key(key)?;
        }
        verifier = trust.apply(verifier)?;
        if let Some(store) = store {
            verifier = verifier.registry(store);
        }
        Ok(Self::Here(Box::new(Judge {
            verifier,
            require: arguments.require.clone(),
            printer,
        })))
    }

    fn answer(&self, bytes: &[u8], sidecar: Option<&[u8]>, name: &str) -> Answer {
        match self {
            Self::Here(judge) => judge.answer(bytes, sidecar, name),
            Self::Workers(pool) => pool
                .answer(bytes, sidecar, name)
                .unwrap_or_else(|error| Answer::Failed(FileError::plain(format!("{error:#}")))),
        }
    }
}

/// Verifies bytes and makes lines of the report.
pub(crate) struct Judge {
    pub(crate) verifier: Verifier,
    pub(crate) require: Vec<Requirement>,
    pub(crate) printer: Printer,
}

impl Judge {
    /// What a file's bytes come to.
    pub(crate) fn answer(&self, bytes: &[u8], sidecar: Option<&[u8]>, name: &str) -> Answer {
        match self.verifier.verify_beside(bytes, sidecar, name) {
            Ok(report) => self.judged(&report),
            Err(error) => Answer::Failed((&error).into()),
        }
    }

    fn judged(&self, report: &Report) -> Answer {
        let unmet = report.unmet(&self.require);
        let lacking = if unmet.is_empty() {
            Exit::Affirmative
        } else {
            Exit::Negative
        };
        Answer::Judged {
            verdict: report.verdict.as_str().to_owned(),
            status: status(report.verdict).max(lacking),
            lines: lines(report, &unmet, self.printer),
        }
    }
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

fn lines(report: &Report, unmet: &[Unmet], printer: Printer) -> Vec<String> {
    if printer.json() {
        return json_line(&Judged { report, unmet }).into_iter().collect();
    }
    let verdict = printer.paint(
        role(report.verdict),
        &format!("{:<16}", report.verdict.as_str()),
    );
    let mut lines = vec![
        format!("{verdict}  {}", shown(&report.file)),
        format!("  {}", shown(&report.explanation)),
    ];
    for line in evidence(report) {
        lines.push(format!("  {}", printer.paint(Role::Faint, &line)));
    }
    for Unmet {
        requirement,
        explanation,
        ..
    } in unmet
    {
        let line = format!("not met      {requirement}: {}", shown(explanation));
        lines.push(format!("  {}", printer.paint(Role::Bad, &line)));
    }
    lines
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
    if let RegistryEvidence::Known {
        stamped_at,
        generator,
        same_file,
        entries,
        ..
    } = &report.registry
    {
        let same = if *same_file { " · this very file" } else { "" };
        let count = match entries.len() {
            0 | 1 => String::new(),
            count => format!(" · {count} entries"),
        };
        let generator = shown(generator);
        lines.push(format!(
            "registry     stamped {stamped_at} · {generator}{same}{count}"
        ));
    }
    if let Some(words) = likeness(&report.fingerprint) {
        lines.push(format!("fingerprint  {words}"));
    }
    if let Some(revocations) = &report.revocations {
        lines.extend(revoked(revocations));
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
        if credentials.beside {
            lines.push("             in a file of its own beside it".to_owned());
        }
        let fetched = credentials.fetched_from.as_deref();
        lines.extend(fetched.map(|from| format!("             fetched from {}", shown(from))));
        let failure = credentials.fetch_failure.as_deref();
        lines.extend(failure.map(|why| format!("             not fetched: {}", shown(why))));
        lines.extend(disclosure(credentials));
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

/// Which lists were looked into, and what they name.
fn revoked(revocations: &RevocationEvidence) -> Vec<String> {
    let lists: Vec<String> = revocations
        .lists
        .iter()
        .map(|list| format!("list {} of {}", list.number, list.issued_at))
        .collect();
    let mut lines = vec![format!("revocations  {}", lists.join(" · "))];
    for one in &revocations.revoked {
        let name = one.name.as_deref().unwrap_or(&one.id);
        let counts = if one.counts_by.is_some() {
            " · used before"
        } else {
            ""
        };
        lines.push(format!(
            "             {} · since {} · {}{counts}",
            shown(name),
            one.since,
            shown(&one.reason)
        ));
    }
    lines
}

/// Who made it, with what, and when, as far as the manifest tells.
fn disclosure(credentials: &Credentials) -> Option<String> {
    let disclosure = credentials.disclosure.as_ref()?;
    let mut parts = Vec::new();
    parts.extend(disclosure.provider.as_deref().map(shown));
    if let Some(system) = &disclosure.system {
        let version = system.version.as_deref().unwrap_or_default();
        parts.push(shown(format!("{} {version}", system.name).trim_end()));
    }
    parts.extend(disclosure.time.as_deref().map(shown));
    (!parts.is_empty()).then(|| format!("             made with {}", parts.join(" · ")))
}

/// The fingerprint layer in words, where it says something.
fn likeness(fingerprint: &FingerprintEvidence) -> Option<String> {
    let (word, like) = match fingerprint {
        FingerprintEvidence::Same(like) => ("same", like),
        FingerprintEvidence::Derived(like) => ("derived", like),
        FingerprintEvidence::Unclear(like) => ("unclear", like),
        FingerprintEvidence::Different(like) => ("different", like),
        FingerprintEvidence::Similar { ids } => {
            return Some(format!("looks like {}", ids.join(", ")));
        }
        _ => return None,
    };
    Some(format!(
        "{word} · {} of 256 bits differ · fit {:.0}",
        like.bits, like.fit
    ))
}
