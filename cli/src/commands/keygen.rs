//! `filigrane keygen`: a watermark key and a signing identity.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use filigrane::{Date, Identity, Key, Signer, write_new_file};
use serde_json::json;

use crate::Failure;
use crate::args::Keygen;
use crate::exit::Exit;
use crate::output::Printer;

pub(crate) fn run(arguments: &Keygen, printer: Printer) -> Result<Exit, Failure> {
    let with = |extension: &str| {
        let mut path = arguments.output.clone().into_os_string();
        path.push(extension);
        PathBuf::from(path)
    };
    let last = arguments
        .output
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let name = arguments
        .name
        .clone()
        .or(last)
        .context("`--output` needs a file name at its end")?;
    let (key_path, parts) = (
        with(".key"),
        [".pem", ".chain.pem", ".anchor.pem"].map(with),
    );
    let wanted = if arguments.watermark_only {
        &[][..]
    } else {
        &parts
    };
    if let Some(taken) = std::iter::once(&key_path)
        .chain(wanted)
        .find(|path| path.symlink_metadata().is_ok())
    {
        let error = anyhow!("`{}` exists already", taken.display());
        return Err(Failure::refused(
            error,
            "keys are never overwritten; choose another path",
        ));
    }

    let key = Key::generate(&name, today())?;
    key.save(&key_path)?;
    let mut files = vec![key_path];
    if !arguments.watermark_only {
        let made = Identity::development(&name)?;
        let private = made.identity.private_key_pem()?;
        let contents = [
            (private.as_str(), true),
            (made.identity.chain_pem(), false),
            (&made.anchor_pem, false),
        ];
        for (path, (text, secret)) in parts.into_iter().zip(contents) {
            write_new_file(&path, text, secret).with_context(|| format!("`{}`", path.display()))?;
            files.push(path);
        }
    }
    report(&key, &files, printer);
    Ok(Exit::Affirmative)
}

fn report(key: &Key, files: &[PathBuf], printer: Printer) {
    if printer.json() {
        let files: Vec<_> = files.iter().map(|path| path.to_string_lossy()).collect();
        printer.object(&json!({
            "schema": filigrane::SCHEMA, "type": "key", "key_id": key.id().to_string(), "name": key.name(), "files": files,
        }));
        return;
    }
    let roles = [
        "watermark key: secret; who has it can detect, forge and erase its marks",
        "signing key: secret",
        "certificate chain of the signing key",
        "trust anchor: give it to those who should trust this identity",
    ];
    for (path, role) in files.iter().zip(roles) {
        printer.line(&format!("{}  {role}", path.display()));
    }
    printer.line(&format!("key id {}", key.id()));
    if files.len() > 1 {
        printer.warning("the identity is self-made, for development: nobody trusts it but those you give its anchor to");
    }
}

fn today() -> Date {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Date::from_unix(now.map_or(0, |since| since.as_secs()))
}
