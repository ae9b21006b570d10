//! Who signs: keys from files, passphrases, other programs.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use filigrane::{
    CommandSigner, HttpTimeStamper, Identity, Limits, PrivateKey, StamperBuilder, TimeStampMode,
};
use zeroize::Zeroizing;

use super::shared;
use crate::Failure;
use crate::args::{Global, SignerArgs, TimeStampArg};
use crate::output::{Printer, shown};

/// No key, chain or passphrase file is longer.
const MAX_BYTES: u64 = 65_536;
/// How long before its end a certificate is warned about, in seconds: 30 days.
const NEAR_EXPIRY: i64 = 30 * DAY;
const DAY: i64 = 86_400;

/// The builder with the signer that was asked for; a development identity where none was.
pub(super) fn with_signer(
    builder: StamperBuilder,
    arguments: &SignerArgs,
    global: &Global,
    printer: Printer,
) -> Result<StamperBuilder, Failure> {
    let builder = with_time_stamps(builder, arguments)?;
    let Some(chain) = &arguments.chain else {
        return Ok(builder.identity(development(global, printer)?));
    };
    let chain_pem = text(chain)?;
    if let Some(program) = &arguments.signer_command {
        let signer = CommandSigner::new(program, arguments.signer_arg.clone(), &chain_pem)
            .with_context(|| format!("`{}`", chain.display()))?;
        warn_of_expiry(signer.not_after(), printer);
        let name = signer.subject().to_owned();
        return Ok(builder.signer(Arc::new(signer), &name));
    }
    let key = arguments
        .signing_key
        .as_deref()
        .context("`--chain` needs `--signing-key` or `--signer-command`")?;
    let private = private_key(key, arguments.passphrase_file.as_deref())?;
    let identity = Identity::new(private, &chain_pem)
        .with_context(|| format!("`{}` and `{}`", key.display(), chain.display()))?;
    warn_of_expiry(identity.not_after(), printer);
    Ok(builder.identity(identity))
}

fn with_time_stamps(
    builder: StamperBuilder,
    arguments: &SignerArgs,
) -> Result<StamperBuilder, Failure> {
    let mode = match arguments.time_stamp_mode {
        TimeStampArg::Off => return Ok(builder),
        TimeStampArg::Required => TimeStampMode::Required,
        TimeStampArg::BestEffort => TimeStampMode::BestEffort,
    };
    let Some(url) = &arguments.time_stamp else {
        return Ok(builder);
    };
    let authority = HttpTimeStamper::new(url).context("`--time-stamp`")?;
    Ok(builder.time_stamper(Arc::new(authority), mode))
}

fn development(global: &Global, printer: Printer) -> Result<Identity, Failure> {
    let (identity, is_new) = shared::home(global)?.development_identity()?;
    if is_new {
        printer.note("made a development identity for signing on this machine");
    }
    printer.warning(
        "signing with a development identity that nobody else trusts; `--signing-key` and `--chain` take a real one",
    );
    Ok(identity)
}

pub(super) fn private_key(
    path: &Path,
    passphrase_file: Option<&Path>,
) -> Result<PrivateKey, Failure> {
    let pem = text(path)?;
    let passphrase = match passphrase_file {
        Some(file) => Some(passphrase_in(file)?),
        None if PrivateKey::is_encrypted(&pem) => Some(ask(&format!(
            "Passphrase of {}: ",
            shown(&path.to_string_lossy())
        ))?),
        None => None,
    };
    let key = PrivateKey::from_pem(&pem, passphrase.as_deref().map(String::as_str));
    Ok(key.with_context(|| format!("`{}`", path.display()))?)
}

/// A new passphrase, from a file or asked for twice.
pub(super) fn new_passphrase(file: Option<&Path>) -> Result<Zeroizing<String>, Failure> {
    let passphrase = match file {
        Some(file) => passphrase_in(file)?,
        None => {
            let first = ask("New passphrase: ")?;
            if *first != *ask("The same again: ")? {
                return Err(anyhow!("the two passphrases differ").into());
            }
            first
        }
    };
    if passphrase.is_empty() {
        return Err(anyhow!("expected a passphrase, found an empty one").into());
    }
    Ok(passphrase)
}

fn passphrase_in(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = text(file)?;
    let line = text.lines().next().unwrap_or_default();
    Ok(Zeroizing::new(line.to_owned()))
}

fn ask(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    let answer = rpassword::prompt_password(prompt).map(Zeroizing::new);
    answer.map_err(|error| {
        Failure::unusable(
            anyhow!("the passphrase cannot be asked for: {error}"),
            "`--passphrase-file FILE` gives it without a terminal",
        )
    })
}

fn text(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let limits = Limits {
        max_bytes: MAX_BYTES,
        ..Limits::default()
    };
    let bytes = Zeroizing::new(filigrane::read_file(path, &limits)?);
    let text =
        std::str::from_utf8(&bytes).with_context(|| format!("`{}` is not text", path.display()))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn warn_of_expiry(not_after: i64, printer: Printer) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    });
    let left = not_after.saturating_sub(now);
    if left < NEAR_EXPIRY {
        printer.warning(&format!(
            "the signer's certificate expires in {} days; what it signed reads as invalid from then on",
            left / DAY
        ));
    }
}
