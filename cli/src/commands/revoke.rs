//! `filigrane revoke`: a signed list of what no longer counts.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use filigrane::{
    CertificateId, KeyId, Revocation, RevocationList, Target, revocation_key, write_file,
    write_new_file,
};
use serde_json::json;

use super::signer::private_key;
use crate::Failure;
use crate::args::Revoke;
use crate::exit::Exit;
use crate::output::{Printer, shown};

pub(crate) fn run(arguments: &Revoke, printer: Printer) -> Result<Exit, Failure> {
    let wanted = wanted(arguments)?;
    let key = private_key(&arguments.signing_key, arguments.passphrase_file.as_deref())?;
    let named_key = || format!("`{}`", arguments.signing_key.display());
    let verifier = revocation_key(&key).with_context(named_key)?;
    let path = &arguments.list;
    let named = || format!("`{}`", path.display());
    // Two at once would each write what the other did not know of.
    let lock = beside(path, ".lock");
    let lock = File::create(&lock).with_context(|| format!("`{}`", lock.display()))?;
    lock.lock().with_context(named)?;

    let public = beside(path, ".pub");
    let has_public = check_public(&public, &verifier.to_string())?;
    let mut list = match std::fs::read_to_string(path) {
        Ok(text) => {
            RevocationList::open(&text, std::slice::from_ref(&verifier)).with_context(named)?
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !has_public => {
            RevocationList::default()
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let error = anyhow!("{} is gone, and its public key is there", named());
            return Err(Failure::refused(
                error,
                "a new list would lose what the earlier one revoked; bring that back first",
            ));
        }
        Err(error) => return Err(anyhow!(error).context(named()).into()),
    };
    let added: Vec<&Revocation> = wanted
        .iter()
        .filter(|entry| list.revoke((*entry).clone()))
        .collect();
    if !added.is_empty() {
        write_file(path, list.publish(&key)?.as_bytes(), true)?;
    }
    if !has_public {
        write_new_file(&public, &format!("{verifier}\n"), false)
            .with_context(|| format!("`{}`", public.display()))?;
    }
    if printer.json() {
        let added: Vec<String> = added.iter().map(|entry| entry.target.to_string()).collect();
        printer.object(&json!({
            "schema": filigrane::SCHEMA, "type": "revocations", "file": path.to_string_lossy(),
            "number": list.number(), "issued_at": list.issued_at().to_string(), "entries": list.entries().len(),
            "added": added, "key": verifier.to_string(),
        }));
        return Ok(Exit::Affirmative);
    }
    for entry in &wanted {
        let name = entry.name.as_deref().map(shown).unwrap_or_default();
        let word = if added.contains(&entry) {
            "revoked"
        } else {
            "was revoked already"
        };
        let line = format!("{word}  {}  {name}  since {}", entry.target, entry.since);
        printer.line(&line.replace("    ", "  "));
    }
    printer.note(&format!(
        "list {} of {}, {} entries; `verify --revocations {} --revocations-key {}` reads it",
        list.number(),
        list.issued_at(),
        list.entries().len(),
        shown(&path.to_string_lossy()),
        shown(&public.to_string_lossy())
    ));
    Ok(Exit::Affirmative)
}

/// What is to be revoked, all of it read before anything is written.
fn wanted(arguments: &Revoke) -> Result<Vec<Revocation>, Failure> {
    let mut targets = Vec::new();
    for id in &arguments.key_id {
        let key = KeyId::parse(id).with_context(|| {
            format!("`--key-id`: expected `k:` and 32 hexadecimal digits, found `{id}`")
        })?;
        targets.push((Target::Key(key), None));
    }
    for path in &arguments.certificate {
        let named = || format!("`{}`", path.display());
        let text = std::fs::read_to_string(path).with_context(named)?;
        let all = CertificateId::all_from_pem(&text).with_context(named)?;
        let first = all.into_iter().next().with_context(named)?;
        targets.push((Target::Certificate(first.sha256), Some(first.subject)));
    }
    if let Some(path) = &arguments.issuer {
        let named = || format!("`{}`", path.display());
        let text = std::fs::read_to_string(path).with_context(named)?;
        let (issuer, name) = CertificateId::issuing_name(&text).with_context(named)?;
        for serial in &arguments.serial {
            let target = Target::issued(issuer, serial).context("`--serial`")?;
            targets.push((target, Some(name.clone())));
        }
    }
    let since = arguments.since.as_deref();
    let entries = targets
        .into_iter()
        .map(|(target, name)| Revocation::new(target, name, since, &arguments.reason));
    let entries: Result<Vec<Revocation>, _> = entries.collect();
    Ok(entries?)
}

/// Whether the public key lies beside the list. Another key's would make readers refuse the list.
fn check_public(path: &Path, key: &str) -> Result<bool, Failure> {
    match std::fs::read_to_string(path) {
        Ok(known) if known.trim() == key => Ok(true),
        Ok(_) => Err(Failure::refused(
            anyhow!("`{}` holds another key", path.display()),
            "a list is signed with one key; begin another list for another key",
        )),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(anyhow!(error)
            .context(format!("`{}`", path.display()))
            .into()),
    }
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(extension);
    name.into()
}
