//! `filigrane keygen`: a watermark key and a signing identity.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use filigrane::{
    Algorithm, Date, Identity, Key, PrivateKey, Signer, Subject, certificate_request,
    write_new_file,
};
use serde_json::json;
use zeroize::Zeroizing;

use super::signer::new_passphrase;
use crate::Failure;
use crate::args::{AlgorithmArg, Keygen};
use crate::exit::Exit;
use crate::output::{Printer, shown};

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
    let key_path = with(".key");
    let kinds: &[&str] = match (arguments.watermark_only, arguments.csr) {
        (true, _) => &[],
        (false, true) => &[".pem", ".csr"],
        (false, false) => &[".pem", ".chain.pem", ".anchor.pem"],
    };
    let parts: Vec<PathBuf> = kinds.iter().copied().map(with).collect();
    if let Some(taken) = std::iter::once(&key_path)
        .chain(&parts)
        .find(|path| path.symlink_metadata().is_ok())
    {
        let error = anyhow!("`{}` exists already", taken.display());
        return Err(Failure::refused(
            error,
            "keys are never overwritten; choose another path",
        ));
    }

    // Everything that may be refused comes before the first file.
    let texts = if arguments.watermark_only {
        Vec::new()
    } else {
        identity(arguments, &name)?
    };
    let key = Key::generate(&name, today())?;
    key.save(&key_path)?;
    let mut files = vec![key_path];
    for (index, (path, text)) in parts.into_iter().zip(&texts).enumerate() {
        // The private key is the first.
        write_new_file(&path, text, index == 0).with_context(|| format!("`{}`", path.display()))?;
        files.push(path);
    }
    report(&key, &files, arguments.csr, printer);
    Ok(Exit::Affirmative)
}

/// The private key, and what certifies it: a request, or a development chain with its anchor.
fn identity(arguments: &Keygen, name: &str) -> Result<Vec<Zeroizing<String>>, Failure> {
    let private = PrivateKey::generate(match arguments.algorithm {
        AlgorithmArg::Ed25519 => Algorithm::Ed25519,
        AlgorithmArg::P256 => Algorithm::Es256,
        AlgorithmArg::P384 => Algorithm::Es384,
    })?;
    let request = arguments
        .csr
        .then(|| {
            let subject = Subject {
                common_name: name,
                organization: arguments.organization.as_deref().unwrap_or_default(),
                country: arguments.country.as_deref(),
            };
            certificate_request(&private, subject)
        })
        .transpose()?;
    let pem = if arguments.encrypt || arguments.passphrase_file.is_some() {
        private.to_encrypted_pem(&new_passphrase(arguments.passphrase_file.as_deref())?)?
    } else {
        private.to_pem()?
    };
    let certified = match request {
        Some(request) => vec![request],
        None => {
            let made = Identity::development_with(name, private)?;
            vec![made.identity.chain_pem().to_owned(), made.anchor_pem]
        }
    };
    Ok(std::iter::once(pem)
        .chain(certified.into_iter().map(Zeroizing::new))
        .collect())
}

fn report(key: &Key, files: &[PathBuf], is_request: bool, printer: Printer) {
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
        if is_request {
            "signing request: give it to a certificate authority; its answer is the chain for `stamp --chain`"
        } else {
            "certificate chain of the signing key"
        },
        "trust anchor: give it to those who should trust this identity",
    ];
    for (path, role) in files.iter().zip(roles) {
        printer.line(&format!("{}  {role}", shown(&path.to_string_lossy())));
    }
    printer.line(&format!("key id {}", key.id()));
    if files.len() > 1 && !is_request {
        printer.warning("the identity is self-made, for development: nobody trusts it but those you give its anchor to");
    }
}

fn today() -> Date {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Date::from_unix(now.map_or(0, |since| since.as_secs()))
}
