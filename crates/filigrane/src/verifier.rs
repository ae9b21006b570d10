//! Verifying: every layer read on its own, then judged together.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use filigrane_credentials::{
    Credentials, CredentialsError, Fetcher, State, Trust, read_apart, supports, supports_sidecar,
};
use filigrane_image::Search;
use filigrane_media::{Format, Limits, Medium};
use filigrane_payload::Key;
use filigrane_registry::{Entry, Store};

use crate::content::{Content, probe};
use crate::error::Error;
use crate::files;
use crate::fingerprint::{self, FingerprintEvidence, Suspect};
use crate::home::Home;
use crate::marks::{FoundMark, Outcome, Plans, detect};
use crate::remote::Remote;
use crate::report::{DetectionReport, Report, SCHEMA};
use crate::revocation::{Layer, RevocationEvidence, RevocationList, Revocations};
use crate::stamper::sidecar_path;
use crate::verdict::{Evidence, RegisteredEntry, RegistryEvidence, explain, judge};

/// Registered pictures that are named at most for one that looks like them.
const MOST_SIMILAR: usize = 10;

/// Bytes of a manifest beside a file at most, as for one in a file.
const LARGEST_SIDECAR: u64 = 32 << 20;

/// Verifies pictures and sounds. Plans are made once; share it between threads.
pub struct Verifier {
    plans: Vec<Plans>,
    trust: Trust,
    development: Option<String>,
    revocations: Revocations,
    fetcher: Option<Fetcher>,
    store: Option<Arc<dyn Store>>,
    limits: Limits,
    search: Search,
}

impl Verifier {
    /// A verifier that knows the public key and trusts nobody.
    ///
    /// # Errors
    /// [`Error`] when the public key's plans cannot be made.
    pub fn new() -> Result<Self, Error> {
        let plans = vec![Plans::new(&Key::public())?];
        Ok(Self {
            plans,
            trust: Trust::none(),
            development: None,
            revocations: Revocations::default(),
            fetcher: None,
            store: None,
            limits: Limits::default(),
            search: Search::default(),
        })
    }

    /// Looks with this key too.
    ///
    /// # Errors
    /// [`Error`] when the key's plans cannot be made.
    pub fn key(mut self, key: &Key) -> Result<Self, Error> {
        let plans = Plans::new(key)?;
        if self.plans.iter().all(|known| known.key_id != plans.key_id) {
            // Keys that were given come before the public one: they say more.
            self.plans.insert(self.plans.len() - 1, plans);
        }
        Ok(self)
    }

    /// Trusts signers whom these anchors vouch for: PEM, such as C2PA's trust list.
    ///
    /// # Errors
    /// [`Error::Credentials`] when the text holds no authority's certificate that is valid.
    pub fn anchors_pem(mut self, pem: &str) -> Result<Self, Error> {
        self.trust = self.trust.with_anchors_pem(pem)?;
        Ok(self)
    }

    /// Trusts time-stamps of authorities whom these anchors vouch for: PEM, such as C2PA's time-stamp trust list.
    ///
    /// # Errors
    /// As [`anchors_pem`](Self::anchors_pem).
    pub fn time_stamp_anchors_pem(mut self, pem: &str) -> Result<Self, Error> {
        self.trust = self.trust.with_time_stamp_anchors_pem(pem)?;
        Ok(self)
    }

    /// Trusts these signers without a chain: their certificates in PEM, or SHA-256 hashes of them, a line each.
    ///
    /// # Errors
    /// [`Error::Credentials`] when the text names none, or an authority.
    pub fn allowed_signers(mut self, text: &str) -> Result<Self, Error> {
        self.trust = self.trust.with_allowed(text)?;
        Ok(self)
    }

    /// Lets what this list names count no more; may be called with several lists.
    #[must_use]
    pub fn revocations(mut self, list: RevocationList) -> Self {
        self.revocations.add(list);
        self
    }

    /// Fetches manifests that files point to, from the hosts that the fetcher knows. Without this nothing is fetched.
    #[must_use]
    pub fn fetch(mut self, fetcher: Fetcher) -> Self {
        self.fetcher = Some(fetcher);
        self
    }

    /// Trusts the development identity of this home, where there is one; reports say so.
    ///
    /// # Errors
    /// [`Error`] when its anchor is there and cannot be read.
    pub fn development(self, home: &Home) -> Result<Self, Error> {
        match home.development_anchor()? {
            Some(anchor) => self.development_anchor_pem(&anchor),
            None => Ok(self),
        }
    }

    /// Trusts the development identity of this anchor, PEM, as [`development`](Self::development) does.
    ///
    /// # Errors
    /// [`Error::Credentials`] when the text holds no certificate.
    pub fn development_anchor_pem(mut self, pem: &str) -> Result<Self, Error> {
        match Trust::none().with_anchors_pem(pem) {
            Ok(_) => self.development = Some(pem.to_owned()),
            // One that ended is as good as none: nobody asked for it.
            Err(CredentialsError::AnchorsExpired { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(self)
    }

    /// Asks this registry for what a watermark names.
    #[must_use]
    pub fn registry(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Limits on what is read.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How far to look for marks in pictures, [`Search::Full`] when not called. Most uploads carry none, and that is
    /// found out sooner by looking less far; reports then say how far was looked.
    #[must_use]
    pub const fn search(mut self, search: Search) -> Self {
        self.search = search;
        self
    }

    /// Verifies a file. A manifest beside it ([`sidecar_path`](crate::sidecar_path)) counts where it carries none.
    ///
    /// # Errors
    /// [`Error`] names the file when it cannot be read. A negative or contradictory answer is no error.
    pub fn verify_file(&self, path: impl AsRef<Path>) -> Result<Report, Error> {
        let path = path.as_ref();
        let verify = || {
            let bytes = files::read(path, self.limits.max_bytes)?;
            let sidecar = read_sidecar(path)?;
            self.verify_beside(&bytes, sidecar.as_deref(), &path.to_string_lossy())
        };
        verify().map_err(|error| error.in_file(path))
    }

    /// Verifies a file's bytes; `name` is what the report calls it.
    ///
    /// # Errors
    /// As [`verify_file`](Self::verify_file), without the file's name.
    pub fn verify(&self, bytes: &[u8], name: &str) -> Result<Report, Error> {
        self.verify_beside(bytes, None, name)
    }

    /// As [`verify`](Self::verify), with a manifest (JUMBF) that lies beside the file; it counts where the file carries
    /// none.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_beside(
        &self,
        bytes: &[u8],
        sidecar: Option<&[u8]>,
        name: &str,
    ) -> Result<Report, Error> {
        let started = Instant::now();
        let format = probe(bytes)?;
        // Decoding comes first: it checks the limits before the manifest's parser sees the file.
        let content = self.decode(bytes, format)?;
        let mut watermark = match &content {
            Some(content) => self.look(content)?,
            None => not_decoded(format),
        };
        let mut revoked = Vec::from_iter(self.revocations.sort(&mut watermark));
        let (mut credentials, development_identity) = self.credentials(bytes, sidecar, format)?;
        revoked.extend(self.revocations.apply(&mut credentials, Layer::Credentials));
        let searched = self.searched(format);
        let (mut registry, fingerprint) = match (watermark.mark(), &content) {
            (Some(mark), Some(content)) => self.ask_registry(mark, content, bytes, format)?,
            (None, Some(content)) => (RegistryEvidence::NotAsked, self.similar(content)?),
            (_, None) => (
                RegistryEvidence::NotAsked,
                FingerprintEvidence::NotAvailable,
            ),
        };
        if let RegistryEvidence::Known {
            manifest: Some(manifest),
            ..
        } = &mut registry
        {
            revoked.extend(self.revocations.apply(manifest, Layer::RegisteredManifest));
        }
        let lists = self.revocations.facts();
        let mut evidence = Evidence {
            medium: format.medium(),
            watermark,
            credentials,
            registry,
            fingerprint,
            revocations: RevocationEvidence { lists, revoked },
        };
        evidence.note_what_counts();
        let verdict = judge(&evidence);
        let mut explanation = explain(&evidence, verdict);
        if development_identity {
            explanation.push_str(
                " The signer is this machine's development identity, which nobody else trusts.",
            );
        }
        if matches!(evidence.watermark, Outcome::NotFound { .. }) {
            explanation.push_str(narrowed(searched));
        }
        Ok(Report {
            schema: SCHEMA,
            kind: "verification",
            file: name.to_owned(),
            media: format.medium().to_string(),
            format,
            verdict,
            explanation,
            search: searched,
            watermark: evidence.watermark,
            credentials: evidence.credentials,
            development_identity,
            registry: evidence.registry,
            fingerprint: evidence.fingerprint,
            revocations: (!evidence.revocations.lists.is_empty()).then_some(evidence.revocations),
            elapsed_ms: elapsed(started),
        })
    }

    /// Looks for the watermark alone.
    ///
    /// # Errors
    /// As [`verify_file`](Self::verify_file).
    pub fn detect_file(&self, path: impl AsRef<Path>) -> Result<DetectionReport, Error> {
        let path = path.as_ref();
        let detect = || {
            self.detect(
                &files::read(path, self.limits.max_bytes)?,
                &path.to_string_lossy(),
            )
        };
        detect().map_err(|error| error.in_file(path))
    }

    /// Looks for the watermark alone in a file's bytes; `name` is what the report calls it.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn detect(&self, bytes: &[u8], name: &str) -> Result<DetectionReport, Error> {
        let started = Instant::now();
        let format = probe(bytes)?;
        let outcome = match self.decode(bytes, format)? {
            Some(content) => self.look(&content)?,
            None => not_decoded(format),
        };
        Ok(DetectionReport {
            schema: SCHEMA,
            kind: "detection",
            file: name.to_owned(),
            media: format.medium().to_string(),
            search: self.searched(format),
            outcome,
            elapsed_ms: elapsed(started),
        })
    }

    /// Pixels or samples; nothing of formats that are known by their credentials only.
    fn decode(&self, bytes: &[u8], format: Format) -> Result<Option<Content>, Error> {
        let decode = || Content::decode(bytes, format, &self.limits);
        format.can_decode().then(decode).transpose()
    }

    /// How far is looked in a file of a format: sounds are always searched for everything.
    fn searched(&self, format: Format) -> Search {
        match format.medium() {
            Medium::Image => self.search,
            Medium::Audio => Search::Full,
        }
    }

    fn look(&self, content: &Content) -> Result<Outcome, Error> {
        let plans: Vec<&Plans> = self.plans.iter().collect();
        // Limits of the schemes themselves are no answer either way.
        match detect(content, &plans, self.search) {
            Err(Error::Audio(error)) => Ok(Outcome::Inconclusive {
                reason: error.to_string(),
            }),
            other => other,
        }
    }

    /// The credentials, and whether their trust rests on the development identity alone: those in the file, or else
    /// beside it, or else where it says, if that may be fetched.
    fn credentials(
        &self,
        bytes: &[u8],
        sidecar: Option<&[u8]>,
        format: Format,
    ) -> Result<(Credentials, bool), Error> {
        let mime = format.mime();
        let read = |trust: &Trust| {
            if supports(mime) {
                filigrane_credentials::read(bytes, mime, trust)
            } else {
                Ok(Credentials::absent())
            }
        };
        let mut credentials = read(&self.trust)?;
        let lies_elsewhere = matches!(credentials.state, State::Absent | State::RemoteOnly);
        if let Some(sidecar) = sidecar.filter(|_| lies_elsewhere && supports_sidecar(mime)) {
            let read = |trust: &Trust| {
                let beside = read_apart(sidecar, bytes, mime, trust)?;
                let mut credentials = beside.unwrap_or_else(Credentials::no_manifest);
                credentials.beside = true;
                Ok(credentials)
            };
            return self.with_development(read(&self.trust)?, read);
        }
        if let Some(fetcher) = &self.fetcher
            && let Some(remote) = Remote::fetch(fetcher, &mut credentials, bytes, mime)?
        {
            let read = |trust: &Trust| remote.read(trust);
            return self.with_development(read(&self.trust)?, read);
        }
        self.with_development(credentials, read)
    }

    fn with_development(
        &self,
        credentials: Credentials,
        read: impl Fn(&Trust) -> Result<Credentials, filigrane_credentials::CredentialsError>,
    ) -> Result<(Credentials, bool), Error> {
        match &self.development {
            Some(development) if credentials.state == State::ValidUnknownSigner => {
                let judged = read(&self.trust.clone().with_anchors_pem(development)?)?;
                Ok(if judged.state == State::Trusted {
                    (judged, true)
                } else {
                    (credentials, false)
                })
            }
            _ => Ok((credentials, false)),
        }
    }

    /// What the registry knows of a mark's identifier, and whether the content is what it knows it for. Of several
    /// entries the one of this very file counts, or else the one that looks most like it.
    fn ask_registry(
        &self,
        mark: &FoundMark,
        content: &Content,
        bytes: &[u8],
        format: Format,
    ) -> Result<(RegistryEvidence, FingerprintEvidence), Error> {
        let nothing = FingerprintEvidence::NotAvailable;
        let Some(store) = &self.store else {
            return Ok((RegistryEvidence::NotAsked, nothing));
        };
        let entries = store.find(mark.payload.id)?;
        let hash = *blake3::hash(bytes).as_bytes();
        let suspect = Suspect::new(content, Some(&mark.place));
        let mut best: Option<(bool, FingerprintEvidence, &Entry)> = None;
        for entry in &entries {
            let same_file = entry.file.hash == hash;
            if !same_file && entry.key_id != mark.key_id {
                continue;
            }
            let size = (entry.file.width, entry.file.height);
            let evidence = suspect.compare(entry.fingerprint.as_ref(), size);
            let better = best.as_ref().is_none_or(|(file, known, _)| {
                (same_file, evidence.rank()) > (*file, known.rank())
            });
            if better {
                best = Some((same_file, evidence, entry));
            }
        }
        let Some((same_file, fingerprint, entry)) = best else {
            return Ok((RegistryEvidence::Unknown, nothing));
        };
        let registered = |other: &Entry| RegisteredEntry {
            stamped_at: stamped_at(other),
            generator: other.generator.clone(),
            origin: other.origin.to_string(),
            key_id: other.key_id.to_string(),
            same_key: other.key_id == mark.key_id,
            same_file: other.file.hash == hash,
        };
        let registry = RegistryEvidence::Known {
            stamped_at: stamped_at(entry),
            generator: entry.generator.clone(),
            origin: entry.origin.to_string(),
            same_file,
            entries: entries.iter().map(registered).collect(),
            manifest: self
                .registered_manifest(entry, bytes, format)?
                .map(Box::new),
        };
        Ok((registry, fingerprint))
    }

    /// Whether the registry knows content that looks like one without a mark.
    fn similar(&self, content: &Content) -> Result<FingerprintEvidence, Error> {
        let Some(store) = &self.store else {
            return Ok(FingerprintEvidence::NotAvailable);
        };
        let (wanted, suspect) = (fingerprint::of(content), Suspect::new(content, None));
        let near = store.similar(&wanted, fingerprint::SEARCH_BITS, MOST_SIMILAR)?;
        let is_same = |entry: &&Entry| {
            let size = (entry.file.width, entry.file.height);
            let compared = suspect.compare(entry.fingerprint.as_ref(), size);
            matches!(compared, FingerprintEvidence::Same(_))
        };
        let same = near.iter().filter(is_same);
        let ids: Vec<String> = same.map(|entry| entry.id.to_string()).collect();
        Ok(if ids.is_empty() {
            FingerprintEvidence::NotAvailable
        } else {
            FingerprintEvidence::Similar { ids }
        })
    }

    /// The manifest of an entry, judged by its signature; a format that carries none stands in for the
    /// asset where the file's own does not.
    fn registered_manifest(
        &self,
        entry: &Entry,
        bytes: &[u8],
        format: Format,
    ) -> Result<Option<Credentials>, Error> {
        if entry.manifest.is_empty() {
            return Ok(None);
        }
        let mime = if supports(format.mime()) {
            format.mime()
        } else {
            "image/jpeg"
        };
        let read = |trust: &Trust| {
            filigrane_credentials::read_detached(&entry.manifest, bytes, mime, trust)
        };
        let credentials = read(&self.trust)?;
        Ok(Some(self.with_development(credentials, read)?.0))
    }
}

/// The manifest beside a file; nothing where there is none.
///
/// # Errors
/// [`Error`] when it is there and cannot be read, or is larger than any manifest.
pub fn read_sidecar(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let beside = sidecar_path(path);
    if beside == path {
        return Ok(None);
    }
    match files::read(&beside, LARGEST_SIDECAR) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.in_file(&beside)),
    }
}

/// When an entry's file was stamped (RFC 3339).
#[must_use]
pub fn stamped_at(entry: &Entry) -> String {
    jiff::Timestamp::from_millisecond(entry.stamped_at_ms)
        .map_or_else(|_| "an unknown time".to_owned(), |time| time.to_string())
}

/// Of a format that is known by its credentials only nobody can say whether it carries a mark.
fn not_decoded(format: Format) -> Outcome {
    Outcome::Inconclusive {
        reason: format!("the pixels of {format} files are not read here"),
    }
}

/// What "not found" leaves open when not everything was searched, as a sentence to append.
const fn narrowed(search: Search) -> &'static str {
    match search {
        Search::InPlace => {
            " Only unmoved marks were looked for: one in a picture that was scaled or turned is not found that way."
        }
        Search::Upright => {
            " Only upright marks were looked for: one in a picture that was turned, mirrored or tilted is not found that way."
        }
        Search::Full => "",
    }
}

fn elapsed(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.plans.iter().map(|plans| plans.key_id).collect();
        f.debug_struct("Verifier")
            .field("keys", &keys)
            .finish_non_exhaustive()
    }
}
