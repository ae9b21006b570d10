//! `filigrane registry`: what was stamped, and the log that proves it.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use filigrane::registry::merkle::Hash;
use filigrane::registry::note::VerifierKey;
use filigrane::registry::{Audit, Problem};
use filigrane::{
    Entry, MarkId, RegistryError, SqliteStore, Store, default_registry_path, stamped_at, write_file,
};
use serde_json::{Value, json};

use crate::Failure;
use crate::args::{Registry, RegistryAction};
use crate::exit::Exit;
use crate::output::{Printer, Role, shown};

pub(crate) fn run(arguments: &Registry, printer: Printer) -> Result<Exit, Failure> {
    let path = arguments
        .registry
        .clone()
        .or_else(default_registry_path)
        .context(
            "no folder for the registry is known: neither `XDG_DATA_HOME` nor `HOME` is set",
        )?;
    match &arguments.action {
        RegistryAction::List { limit, skip } => list(&open(&path)?, *skip, *limit, printer),
        RegistryAction::Show { id } => show(&open(&path)?, id, printer),
        RegistryAction::Verify {
            since,
            save,
            log_key,
        } => verify(
            &open(&path)?,
            since.as_deref(),
            save.as_deref(),
            key(log_key.as_deref())?.as_ref(),
            printer,
        ),
        RegistryAction::Export { output, force } => {
            export(&open(&path)?, output.as_deref(), *force, printer)
        }
        RegistryAction::Import { input, log_key } => {
            // The only action that may begin a registry.
            let store = SqliteStore::open(&path)?;
            import(&store, input, key(log_key.as_deref())?.as_ref(), printer)
        }
        RegistryAction::Forget { ids } => forget(&open(&path)?, ids, printer),
    }
}

/// An existing registry; one that may not be written is read.
fn open(path: &Path) -> Result<SqliteStore, Failure> {
    if !path.exists() {
        return Err(anyhow!("registry `{}`: there is no such file", path.display()).into());
    }
    match SqliteStore::open(path) {
        Err(RegistryError::Database { .. }) => Ok(SqliteStore::open_read_only(path)?),
        opened => Ok(opened?),
    }
}

fn id(text: &str) -> Result<MarkId, Failure> {
    Ok(text.parse::<MarkId>().map_err(anyhow::Error::from)?)
}

fn key(text: Option<&str>) -> Result<Option<VerifierKey>, Failure> {
    let key = text.map(str::parse::<VerifierKey>).transpose();
    Ok(key.context("`--log-key`")?)
}

fn list(store: &SqliteStore, skip: u64, limit: u32, printer: Printer) -> Result<Exit, Failure> {
    for entry in store.list(skip, limit)? {
        if printer.json() {
            printer.object(&object(&entry));
        } else {
            printer.line(&format!(
                "{}  {}  {:<9}  {:<10}  {}",
                entry.id,
                stamped_at(&entry),
                entry.origin.to_string(),
                shown(&entry.file.mime),
                shown(&entry.generator)
            ));
        }
    }
    Ok(Exit::Affirmative)
}

fn show(store: &SqliteStore, text: &str, printer: Printer) -> Result<Exit, Failure> {
    let id = id(text)?;
    let entries = store.find(id)?;
    // In the same order; that they hold was checked there.
    let proofs = store.proofs(id)?;
    for (entry, proof) in entries.iter().zip(&proofs) {
        if printer.json() {
            let mut object = object(entry);
            let path: Vec<String> = proof.path.iter().map(hex).collect();
            object["proof"] = json!({
                "leaf": proof.leaf, "leaf_hash": hex(&proof.hash), "size": proof.size, "path": path,
            });
            printer.object(&object);
            continue;
        }
        let file = &entry.file;
        let facts = [
            ("identifier", entry.id.to_string()),
            ("stamped", stamped_at(entry)),
            ("origin", entry.origin.to_string()),
            ("key", entry.key_id.to_string()),
            ("generator", shown(&entry.generator)),
            (
                "file",
                format!(
                    "{} · {} × {} · {} bytes",
                    shown(&file.mime),
                    file.width,
                    file.height,
                    file.bytes
                ),
            ),
            ("blake3", hex(&file.hash)),
            ("manifest", format!("{} bytes", entry.manifest.len())),
            (
                "log",
                format!("leaf {} of {}, proof holds", proof.leaf, proof.size),
            ),
        ];
        for (name, value) in facts {
            printer.line(&format!("{name:<10}  {value}"));
        }
        printer.line("");
    }
    if entries.is_empty() {
        printer.note(&format!("the registry does not know {id}"));
        return Ok(Exit::Negative);
    }
    Ok(Exit::Affirmative)
}

fn verify(
    store: &SqliteStore,
    since: Option<&Path>,
    save: Option<&Path>,
    log_key: Option<&VerifierKey>,
    printer: Printer,
) -> Result<Exit, Failure> {
    let earlier = since
        .map(|path| std::fs::read_to_string(path).with_context(|| format!("`{}`", path.display())))
        .transpose()?;
    let audit = match store.audit() {
        Err(RegistryError::Log { problem, .. }) if problem != Problem::NoLog => {
            return Ok(refuted(&problem, printer));
        }
        audit => audit?,
    };
    let mut problems: Vec<String> = audit.problems.iter().map(Problem::to_string).collect();
    if let Some(expected) = log_key.filter(|expected| **expected != audit.verifier) {
        problems.push(format!(
            "expected the log `{}`, found `{}`",
            expected.name(),
            audit.verifier.name()
        ));
    }
    let mut continues = None;
    if let Some(earlier) = &earlier {
        match store.audit_since(earlier) {
            Ok(since) => continues = Some(since.earlier.size),
            Err(RegistryError::Log { problem, .. }) => problems.push(problem.to_string()),
            Err(other) => return Err(other.into()),
        }
    }
    print_audit(&audit, &problems, continues, printer);
    if !problems.is_empty() {
        return Ok(Exit::Contradiction);
    }
    if let Some(path) = save {
        write_file(path, audit.note.as_bytes(), true)?;
    }
    Ok(Exit::Affirmative)
}

/// The head itself does not hold, so there is nothing to compare with.
fn refuted(problem: &Problem, printer: Printer) -> Exit {
    if printer.json() {
        printer.object(&json!({
            "schema": filigrane::SCHEMA, "type": "registry-audit", "holds": false, "problems": [problem.to_string()],
        }));
    } else {
        printer.line(&printer.paint(Role::Bad, "broken"));
        printer.line(&format!("  {problem}"));
    }
    Exit::Contradiction
}

fn print_audit(audit: &Audit, problems: &[String], continues: Option<u64>, printer: Printer) {
    let holds = problems.is_empty();
    if printer.json() {
        printer.object(&json!({
            "schema": filigrane::SCHEMA,
            "type": "registry-audit",
            "holds": holds,
            "log_key": audit.verifier.to_string(),
            "size": audit.checkpoint.size,
            "root": hex(&audit.checkpoint.root),
            "entries": audit.entries,
            "forgotten": audit.forgotten,
            "continues": continues,
            "checkpoint": audit.note,
            "problems": problems,
        }));
        return;
    }
    let word = if holds {
        printer.paint(Role::Good, "holds")
    } else {
        printer.paint(Role::Bad, "broken")
    };
    printer.line(&format!(
        "{word}  {} leaves: {} entries, {} forgotten",
        audit.checkpoint.size, audit.entries, audit.forgotten
    ));
    if let Some(size) = continues {
        printer.line(&format!("  continues the head of {size} leaves"));
    }
    printer.line(&format!("  log key   {}", audit.verifier));
    printer.line(&format!("  root      {}", hex(&audit.checkpoint.root)));
    for problem in problems {
        printer.line(&format!("  {}", printer.paint(Role::Bad, problem)));
    }
    let untold = audit.problem_count - audit.problems.len() as u64;
    if untold > 0 {
        printer.line(&format!("  and {untold} more"));
    }
}

fn export(
    store: &SqliteStore,
    output: Option<&Path>,
    force: bool,
    printer: Printer,
) -> Result<Exit, Failure> {
    let Some(path) = output else {
        store.export(&mut BufWriter::new(std::io::stdout().lock()))?;
        return Ok(Exit::Affirmative);
    };
    if path.symlink_metadata().is_ok() && !force {
        let error = anyhow!("`{}` exists already", path.display());
        return Err(Failure::refused(error, "`--force` overwrites it"));
    }
    let context = || format!("`{}`", path.display());
    // Beside the target first: what stands there is whole.
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let mut out = BufWriter::new(File::create(&part).with_context(context)?);
    let leaves = match store.export(&mut out) {
        Ok(leaves) => leaves,
        Err(error) => {
            let _ = std::fs::remove_file(&part);
            return Err(error.into());
        }
    };
    let file = out.into_inner().map_err(|error| error.into_error());
    file.and_then(|file| file.sync_all())
        .and_then(|()| std::fs::rename(&part, path))
        .with_context(context)?;
    printer.note(&format!(
        "{leaves} leaves in `{}`",
        shown(&path.to_string_lossy())
    ));
    Ok(Exit::Affirmative)
}

fn import(
    store: &SqliteStore,
    input: &Path,
    log_key: Option<&VerifierKey>,
    printer: Printer,
) -> Result<Exit, Failure> {
    let from: Box<dyn BufRead> = if input == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        let file = File::open(input).with_context(|| format!("`{}`", input.display()))?;
        Box::new(BufReader::new(file))
    };
    let imported = match store.import(from, log_key) {
        Err(error @ RegistryError::Export { .. }) => {
            return Err(Failure {
                error: error.into(),
                hint: None,
                exit: Exit::Contradiction,
            });
        }
        other => other?,
    };
    if printer.json() {
        printer.object(&json!({
            "schema": filigrane::SCHEMA,
            "type": "registry-import",
            "log_key": imported.log.to_string(),
            "entries": imported.entries,
            "added": imported.added,
            "forgotten": imported.forgotten,
        }));
    } else {
        printer.line(&format!(
            "{} entries of {}, {} of them new here",
            imported.entries,
            shown(imported.log.name()),
            imported.added
        ));
    }
    Ok(Exit::Affirmative)
}

fn forget(store: &SqliteStore, ids: &[String], printer: Printer) -> Result<Exit, Failure> {
    let ids: Vec<MarkId> = ids.iter().map(|text| id(text)).collect::<Result<_, _>>()?;
    let mut exit = Exit::Affirmative;
    for id in ids {
        let count = store.forget(id)?;
        if count == 0 {
            exit = Exit::Negative;
        }
        if printer.json() {
            printer.object(&json!({
                "schema": filigrane::SCHEMA, "type": "registry-forgotten", "id": id.to_string(), "entries": count,
            }));
        } else if count == 0 {
            printer.line(&format!("{id}  unknown"));
        } else {
            printer.line(&format!("{id}  forgotten, {count} entries"));
        }
    }
    Ok(exit)
}

fn object(entry: &Entry) -> Value {
    json!({
        "schema": filigrane::SCHEMA,
        "type": "registry-entry",
        "id": entry.id.to_string(),
        "stamped_at": stamped_at(entry),
        "origin": entry.origin.to_string(),
        "key_id": entry.key_id.to_string(),
        "generator": entry.generator,
        "mime": entry.file.mime,
        "bytes": entry.file.bytes,
        "width": entry.file.width,
        "height": entry.file.height,
        "blake3": hex(&entry.file.hash),
        "manifest_bytes": entry.manifest.len(),
    })
}

fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
