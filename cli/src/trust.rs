//! Whom `verify` trusts and asks: files in, texts that a worker can be given, and a verifier that knows them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use filigrane::registry::note::VerifierKey;
use filigrane::{Fetcher, RevocationList, Verifier, check_allowed_signers, check_anchors};
use serde::{Deserialize, Serialize};

use crate::args::{FetchArgs, TrustArgs};
use crate::output::{Printer, shown};

/// The texts of the files, looked through already.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Trusted {
    anchors: Vec<String>,
    time_stamp_anchors: Vec<String>,
    allowed: Vec<String>,
    /// The development identity's anchor, PEM.
    development: Option<String>,
    revocations: Vec<String>,
    revocation_keys: Vec<String>,
    /// Hosts that manifests may be fetched from.
    fetch_hosts: Vec<String>,
}

impl Trusted {
    /// Reads the files; what is wrong with one names it.
    pub(crate) fn read(
        arguments: &TrustArgs,
        fetch: &FetchArgs,
        development: Option<String>,
        printer: Printer,
    ) -> Result<Self> {
        let anchors = |paths: &[PathBuf]| {
            let one = |path: &PathBuf| {
                let text = text(path)?;
                for subject in check_anchors(&text).with_context(|| named(path))? {
                    printer.warning(&format!(
                        "{}: `{}` has expired and vouches only for what was time-stamped before",
                        named(path),
                        shown(&subject)
                    ));
                }
                Ok(text)
            };
            paths.iter().map(one).collect::<Result<Vec<String>>>()
        };
        let allowed = |path: &PathBuf| {
            let text = text(path)?;
            check_allowed_signers(&text).with_context(|| named(path))?;
            Ok(text)
        };
        let key = |path: &PathBuf| {
            let key = text(path)?.parse::<VerifierKey>();
            key.with_context(|| named(path))
        };
        let keys = arguments.revocations_key.iter().map(key);
        let keys = keys.collect::<Result<Vec<VerifierKey>>>()?;
        let list = |path: &PathBuf| {
            let text = text(path)?;
            RevocationList::open(&text, &keys).with_context(|| named(path))?;
            Ok(text)
        };
        Ok(Self {
            anchors: anchors(&arguments.trust)?,
            time_stamp_anchors: anchors(&arguments.trust_tsa)?,
            allowed: arguments
                .trust_allowed
                .iter()
                .map(allowed)
                .collect::<Result<_>>()?,
            development,
            fetch_hosts: Fetcher::new(&fetch.fetch_host)
                .map(|_| fetch.fetch_host.clone())
                .context("`--fetch-host`")?,
            revocation_keys: keys.iter().map(VerifierKey::to_string).collect(),
            revocations: arguments
                .revocations
                .iter()
                .map(list)
                .collect::<Result<_>>()?,
        })
    }

    /// The verifier that trusts them.
    pub(crate) fn apply(&self, mut verifier: Verifier) -> Result<Verifier> {
        for text in &self.anchors {
            verifier = verifier.anchors_pem(text)?;
        }
        for text in &self.time_stamp_anchors {
            verifier = verifier.time_stamp_anchors_pem(text)?;
        }
        for text in &self.allowed {
            verifier = verifier.allowed_signers(text)?;
        }
        let keys = self.revocation_keys.iter().map(|key| key.parse());
        let keys = keys.collect::<Result<Vec<VerifierKey>, _>>()?;
        for text in &self.revocations {
            verifier = verifier.revocations(RevocationList::open(text, &keys)?);
        }
        if !self.fetch_hosts.is_empty() {
            verifier = verifier.fetch(Fetcher::new(&self.fetch_hosts)?);
        }
        if let Some(anchor) = &self.development {
            verifier = verifier.development_anchor_pem(anchor)?;
        }
        Ok(verifier)
    }
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| named(path))
}

fn named(path: &Path) -> String {
    format!("`{}`", path.display())
}
