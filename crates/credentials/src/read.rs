//! Reading manifests and judging them against trust anchors.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use c2pa::jumbf_io::load_jumbf_from_memory;
use c2pa::{Context, Manifest, Reader, ValidationResults, ValidationState};
use serde::Serialize;
use serde_json::{Value, json};

use crate::certificate::CertificateId;
use crate::disclosure::{self, Disclosure, TrainingMining};
use crate::error::CredentialsError;
use crate::exclusion::leaves_out_content;
use crate::explain::{asset_changed, explanation};
use crate::identity::der_certificates;
use crate::lengths;
use crate::manifest::ClaimedOrigin;
use crate::signing_time::{is_store, signing_time};
use crate::soft_binding::{self, SoftBinding};
use crate::trust::{Trust, Voucher, now};
use crate::{supports, supports_sidecar};

/// Extended key usages that a claim signer or time-stamp authority may have; who of them is trusted is [`Trust`]'s to say.
const USAGES: &str =
    "1.3.6.1.5.5.7.3.4\n1.3.6.1.5.5.7.3.36\n1.3.6.1.5.5.7.3.8\n1.3.6.1.4.1.62558.2.1\n";
/// A type that nothing is parsed as.
const UNPARSED: &str = "application/octet-stream";
/// A compressed manifest may grow to this and no further.
const LARGEST_MANIFEST_MB: u32 = 32;

/// What the credentials of a file come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// There is no manifest.
    Absent,
    /// Valid, and signed by somebody whom an anchor or the allowed list vouches for.
    Trusted,
    /// Valid, but nobody vouches for the signer: it only says that somebody signed.
    ValidUnknownSigner,
    /// A manifest is there and does not hold.
    Invalid,
    /// The manifest lies elsewhere, and it was not fetched or could not be.
    RemoteOnly,
}

/// One thing that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The standard's status code, such as `assertion.dataHash.mismatch`.
    pub code: String,
    /// The same in a sentence.
    pub explanation: String,
}

/// What an asset was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IngredientSummary {
    /// Its title.
    pub title: Option<String>,
    /// `parentOf`, `componentOf` or `inputTo`.
    pub relationship: String,
    /// Whether it has a manifest of its own.
    pub has_manifest: bool,
    /// What did not hold when it was added, or does not hold now.
    pub failures: Vec<Failure>,
}

/// What the credentials of a file say, and whether that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Credentials {
    /// What they come to.
    pub state: State,
    /// Common name of the signer's certificate.
    pub signer: Option<String>,
    /// Organisation in the signer's certificate.
    pub issuer: Option<String>,
    /// Who vouches for the signer: the anchor's subject, or `the allowed list`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vouched_by: Option<String>,
    /// When it was signed, by the time-stamp of an authority that is trusted (RFC 3339).
    pub signed_at: Option<String>,
    /// The program that made the claim, with its version.
    pub generator: Option<String>,
    /// The asset's title.
    pub title: Option<String>,
    /// What it says of its origin: `generated`, `edited`, `captured` or nothing.
    pub claim: Option<&'static str>,
    /// Who made it, with what, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disclosure: Option<Disclosure>,
    /// What may be done with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training_mining: Option<TrainingMining>,
    /// The signer's certificate, those above it, and the anchor that vouches for them.
    #[serde(skip)]
    pub certificates: Vec<CertificateId>,
    /// Identifiers that the content should carry.
    #[serde(skip)]
    pub soft_bindings: Vec<SoftBinding>,
    /// What does not hold.
    pub failures: Vec<Failure>,
    /// What it was made from.
    pub ingredients: Vec<IngredientSummary>,
    /// The active manifest's label.
    pub label: Option<String>,
    /// Whether the manifest lies beside the file rather than in it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub beside: bool,
    /// Where the manifest lies, if elsewhere.
    pub remote_url: Option<String>,
    /// Where it was fetched from, after redirects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fetched_from: Option<String>,
    /// Why it could not be fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fetch_failure: Option<String>,
    /// Whether the content is the one that was signed; nothing where there is no manifest. Only
    /// [`read_detached`] can find it false in a state other than [`State::Invalid`].
    pub content_matches: Option<bool>,
}

impl Credentials {
    fn new(state: State) -> Self {
        Self {
            state,
            signer: None,
            issuer: None,
            vouched_by: None,
            signed_at: None,
            generator: None,
            title: None,
            claim: None,
            disclosure: None,
            training_mining: None,
            certificates: Vec::new(),
            soft_bindings: Vec::new(),
            failures: Vec::new(),
            ingredients: Vec::new(),
            label: None,
            beside: false,
            remote_url: None,
            fetched_from: None,
            fetch_failure: None,
            content_matches: None,
        }
    }

    /// No credentials.
    #[must_use]
    pub fn absent() -> Self {
        Self::new(State::Absent)
    }

    /// A manifest that cannot be read far enough to say more.
    fn unreadable() -> Self {
        let code = "assertion.cbor.invalid";
        let failure = Failure {
            code: code.to_owned(),
            explanation: explanation(code, None),
        };
        Self {
            failures: vec![failure],
            ..Self::new(State::Invalid)
        }
    }

    /// The same, of a claim that leaves out more of the file than its manifest: nobody knows what was there when it was
    /// signed.
    fn loosely_bound(mut self) -> Self {
        self.state = State::Invalid;
        self.content_matches = Some(false);
        self.failures.push(Failure {
            code: "assertion.dataHash.mismatch".to_owned(),
            explanation: "The signature leaves out more of the file than the manifest.".to_owned(),
        });
        self
    }

    /// What is kept as a manifest and is none.
    #[must_use]
    pub fn no_manifest() -> Self {
        let failure = Failure {
            code: "general.error".to_owned(),
            explanation: "What lies beside the file is no manifest.".to_owned(),
        };
        Self {
            failures: vec![failure],
            ..Self::new(State::Invalid)
        }
    }

    /// Whether there is a manifest that holds.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        matches!(self.state, State::Trusted | State::ValidUnknownSigner)
    }
}

/// Reads the manifest that a file carries.
///
/// # Errors
/// [`CredentialsError::UnsupportedFormat`] for formats outside the allow-list, and
/// [`CredentialsError::Unreadable`] when the file's structure cannot be followed. A manifest that does
/// not hold is no error but [`State::Invalid`].
pub fn read(bytes: &[u8], mime: &str, trust: &Trust) -> Result<Credentials, CredentialsError> {
    guarded(supports(mime), mime, || {
        let store = load_jumbf_from_memory(mime, bytes).ok();
        if store.as_ref().is_some_and(|store| !lengths::fit(store)) {
            return Ok(Credentials::unreadable());
        }
        let reader = Reader::from_context(context(trust)?).with_stream(mime, Cursor::new(bytes));
        reader_outcome(reader).map(|credentials| {
            credentials.unwrap_or_else(|reader| {
                let credentials = summary(&reader, store.as_deref(), trust, false);
                let is_loose = |store: &Vec<u8>| leaves_out_content(&reader, store, mime);
                if credentials.is_valid() && store.as_ref().is_none_or(is_loose) {
                    credentials.loosely_bound()
                } else {
                    credentials
                }
            })
        })
    })
}

/// Judges a manifest (JUMBF) that was kept apart against a file, such as one that a registry brought
/// back. That the content differs does not make it invalid here: it is told in
/// [`Credentials::content_matches`].
///
/// # Errors
/// As [`read`].
pub fn read_detached(
    manifest: &[u8],
    bytes: &[u8],
    mime: &str,
    trust: &Trust,
) -> Result<Credentials, CredentialsError> {
    guarded(supports(mime), mime, || {
        if !lengths::fit(manifest) {
            return Ok(Credentials::unreadable());
        }
        let reader = Reader::from_context(context(trust)?).with_manifest_data_and_stream(
            manifest,
            mime,
            Cursor::new(bytes),
        );
        reader_outcome(reader).map(|credentials| {
            credentials.unwrap_or_else(|reader| summary(&reader, Some(manifest), trust, true))
        })
    })
}

/// Judges a manifest (JUMBF) that lies apart from its file, beside it or where the file says: as [`read`] would if the
/// file carried it. Nothing where it is no manifest at all.
///
/// # Errors
/// As [`read`]; the formats are those of [`supports_sidecar`].
pub fn read_apart(
    manifest: &[u8],
    bytes: &[u8],
    mime: &str,
    trust: &Trust,
) -> Result<Option<Credentials>, CredentialsError> {
    if !is_store(manifest) {
        return Ok(None);
    }
    // A type that the library has no parser for is hashed as it is, which is what the manifest binds.
    let read_as = if supports(mime) { mime } else { UNPARSED };
    let credentials = guarded(supports_sidecar(mime), mime, || {
        if !lengths::fit(manifest) {
            return Ok(Credentials::unreadable());
        }
        let reader = Reader::from_context(context(trust)?).with_manifest_data_and_stream(
            manifest,
            read_as,
            Cursor::new(bytes),
        );
        reader_outcome(reader).map(|credentials| {
            credentials.unwrap_or_else(|reader| {
                let credentials = summary(&reader, Some(manifest), trust, false);
                if credentials.is_valid() && leaves_out_content(&reader, manifest, mime) {
                    credentials.loosely_bound()
                } else {
                    credentials
                }
            })
        })
    })?;
    Ok((credentials.state != State::Absent).then_some(credentials))
}

fn guarded(
    is_supported: bool,
    mime: &str,
    read: impl FnOnce() -> Result<Credentials, CredentialsError>,
) -> Result<Credentials, CredentialsError> {
    if !is_supported {
        return Err(CredentialsError::UnsupportedFormat {
            mime: mime.to_owned(),
        });
    }
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        Err(CredentialsError::Unreadable {
            reason: "its structure stopped the reader".to_owned(),
        })
    })
}

fn context(trust: &Trust) -> Result<Context, CredentialsError> {
    let unreadable = |error: c2pa::Error| CredentialsError::Anchors {
        reason: error.to_string(),
    };
    Context::new()
        .with_settings(settings(trust))
        .map_err(unreadable)
}

/// Settings of the library: no network, no unbounded growth, no thumbnails, checks on.
pub(crate) fn settings(trust: &Trust) -> Value {
    let mut settings = json!({
        "version": 1,
        "core": {
            "allowed_network_hosts": [],
            "decode_identity_assertions": false,
            "max_decompressed_manifest_size_in_mb": LARGEST_MANIFEST_MB,
        },
        "verify": {
            "verify_after_reading": true,
            "verify_after_sign": true,
            "ocsp_fetch": false,
            "remote_manifest_fetch": false,
        },
        "builder": {
            "thumbnail": {"enabled": false},
            "created_assertion_labels": [
                "c2pa.actions.v2",
                soft_binding::LABEL,
                disclosure::DISCLOSURE,
                disclosure::TRAINING_MINING,
            ],
        },
        "trust": {"trust_config": USAGES},
    });
    // For time-stamps only: the library would trust signers under the same anchors.
    if let Some(anchors) = trust.time_stamp_anchors() {
        settings["trust"]["trust_anchors"] = anchors.into();
    }
    settings
}

/// Sorts the ways in which reading ends: credentials already, or a reader to look into.
fn reader_outcome(
    reader: c2pa::Result<Reader>,
) -> Result<Result<Credentials, Box<Reader>>, CredentialsError> {
    use c2pa::Error;
    match reader {
        Ok(reader) => Ok(Err(Box::new(reader))),
        Err(Error::JumbfNotFound | Error::ProvenanceMissing) => Ok(Ok(Credentials::absent())),
        Err(Error::RemoteManifestUrl(url) | Error::RemoteManifestFetch(url)) => {
            Ok(Ok(Credentials {
                remote_url: Some(url),
                ..Credentials::new(State::RemoteOnly)
            }))
        }
        Err(Error::IoError(error)) => Err(CredentialsError::Unreadable {
            reason: error.to_string(),
        }),
        // The container's own parsers report through these: no manifest was reached.
        Err(
            error @ (Error::UnsupportedType
            | Error::InvalidAsset(_)
            | Error::OtherError(_)
            | Error::BmffError(_)
            | Error::FlacError(_)
            | Error::GifError(_)
            | Error::JpegError(_)
            | Error::Mp3Error(_)
            | Error::PngError(_)
            | Error::RiffError(_)
            | Error::SvgError(_)
            | Error::TiffError(_)),
        ) => Err(CredentialsError::Unreadable {
            reason: error.to_string(),
        }),
        // Something is there that calls itself a manifest and cannot be parsed as one.
        Err(error) => {
            let failure = Failure {
                code: "general.error".to_owned(),
                explanation: error.to_string(),
            };
            Ok(Ok(Credentials {
                failures: vec![failure],
                ..Credentials::new(State::Invalid)
            }))
        }
    }
}

fn summary(reader: &Reader, store: Option<&[u8]>, trust: &Trust, detached: bool) -> Credentials {
    let results = reader.validation_results();
    let failures = results.map_or_else(Vec::new, active_failures);
    let (content, others): (Vec<Failure>, Vec<Failure>) = failures
        .into_iter()
        .partition(|failure| asset_changed(&failure.code));
    let content_matches = content.is_empty();
    let signature = Signature::new(reader, store, trust);
    let is_valid = match reader.validation_state() {
        ValidationState::Trusted | ValidationState::Valid => true,
        // Kept apart, only the content may differ: the signature is judged by what is left.
        _ => detached && others.is_empty(),
    };
    let state = match (is_valid, &signature.voucher) {
        (true, Some(_)) => State::Trusted,
        (true, None) => State::ValidUnknownSigner,
        (false, _) => State::Invalid,
    };
    let mut failures: Vec<Failure> = if detached {
        others
    } else {
        content.into_iter().chain(others).collect()
    };
    let manifest = reader.active_manifest();
    let ingredients = manifest.map_or_else(Vec::new, |manifest| ingredients(manifest, results));
    if state == State::Invalid && failures.is_empty() {
        // What the asset was made from does not hold.
        let theirs = ingredients
            .iter()
            .flat_map(|ingredient| &ingredient.failures);
        failures.extend(theirs.cloned());
    }
    Credentials {
        failures,
        content_matches: Some(content_matches),
        signer: manifest.and_then(Manifest::common_name),
        issuer: manifest.and_then(Manifest::issuer),
        vouched_by: signature.voucher.as_ref().map(|voucher| match voucher {
            Voucher::Anchor(subject, _) => subject.clone(),
            Voucher::Allowed => "the allowed list".to_owned(),
        }),
        signed_at: signature.signed_at(),
        certificates: signature.certificates(),
        generator: manifest.and_then(generator),
        title: manifest.and_then(Manifest::title).map(str::to_owned),
        claim: manifest.and_then(claim),
        disclosure: manifest.and_then(disclosure::disclosure),
        training_mining: manifest.and_then(disclosure::training_mining),
        soft_bindings: manifest.map_or_else(Vec::new, soft_bindings),
        ingredients,
        label: reader.active_label().map(str::to_owned),
        ..Credentials::new(state)
    }
}

fn active_failures(results: &ValidationResults) -> Vec<Failure> {
    let active = results
        .active_manifest()
        .map_or(&[][..], |codes| codes.failure().as_slice());
    active
        .iter()
        .filter(|status| status.code() != "signingCredential.untrusted")
        .map(failure)
        .collect()
}

/// Who signed the active manifest, and when.
struct Signature {
    chain: Vec<Vec<u8>>,
    signed_at: Option<i64>,
    voucher: Option<Voucher>,
}

impl Signature {
    fn new(reader: &Reader, store: Option<&[u8]>, trust: &Trust) -> Self {
        let chain = reader
            .active_manifest()
            .and_then(Manifest::signature_info)
            .and_then(|info| der_certificates(info.cert_chain()).ok())
            .unwrap_or_default();
        let signed_at = store
            .zip(reader.active_label())
            .zip(trust.time_stamp_anchors())
            .and_then(|((store, label), anchors)| signing_time(store, label, &anchors));
        let voucher = trust.vouches(&chain, signed_at.unwrap_or_else(now));
        Self {
            chain,
            signed_at,
            voucher,
        }
    }

    fn signed_at(&self) -> Option<String> {
        let time = jiff::Timestamp::from_second(self.signed_at?).ok()?;
        Some(time.to_string())
    }

    fn certificates(&self) -> Vec<CertificateId> {
        let anchor = match &self.voucher {
            Some(Voucher::Anchor(_, der)) => Some(der),
            _ => None,
        };
        let all = self.chain.iter().chain(anchor);
        all.filter_map(|der| CertificateId::from_der(der)).collect()
    }
}

fn failure(status: &c2pa::validation_status::ValidationStatus) -> Failure {
    Failure {
        code: status.code().to_owned(),
        explanation: explanation(status.code(), status.explanation()),
    }
}

fn generator(manifest: &Manifest) -> Option<String> {
    let info = manifest
        .claim_generator_info
        .as_ref()
        .and_then(|infos| infos.first());
    info.map(|info| match &info.version {
        Some(version) => format!("{} {version}", info.name),
        None => info.name.clone(),
    })
    .or_else(|| manifest.claim_generator().map(str::to_owned))
}

/// What the manifest's actions say of the origin.
fn claim(manifest: &Manifest) -> Option<&'static str> {
    let actions = manifest
        .assertions()
        .iter()
        .filter(|assertion| assertion.label().starts_with("c2pa.actions"));
    let contents = actions.filter_map(|assertion| assertion.value().ok());
    let source_types = contents
        .filter_map(|content| content.get("actions").and_then(Value::as_array))
        .flatten()
        .filter_map(|action| action.get("digitalSourceType").and_then(Value::as_str));
    source_types
        .filter_map(|source_type| claim_of(source_type.rsplit('/').next().unwrap_or(source_type)))
        .next()
}

/// The origin that a term of the IPTC vocabulary stands for.
fn claim_of(term: &str) -> Option<&'static str> {
    match term {
        "trainedAlgorithmicMedia" | "algorithmicMedia" | "virtualRecording" => Some("generated"),
        "compositeWithTrainedAlgorithmicMedia"
        | "compositeSynthetic"
        | "algorithmicallyEnhanced" => Some("edited"),
        "digitalCapture"
        | "computationalCapture"
        | "negativeFilm"
        | "positiveFilm"
        | "print"
        | "humanEdits"
        | "minorHumanEdits"
        | "digitalArt" => Some("captured"),
        _ => None,
    }
}

impl ClaimedOrigin {
    /// The origin as [`Credentials::claim`] tells it.
    #[must_use]
    pub const fn as_claim(self) -> Option<&'static str> {
        match self {
            Self::Generated => Some("generated"),
            Self::Edited => Some("edited"),
            Self::Captured => Some("captured"),
            Self::Other => None,
        }
    }
}

fn soft_bindings(manifest: &Manifest) -> Vec<SoftBinding> {
    let bindings = manifest
        .assertions()
        .iter()
        .filter(|assertion| assertion.label().starts_with(soft_binding::LABEL));
    bindings
        .filter_map(|assertion| assertion.value().ok())
        .flat_map(soft_binding::parse)
        .collect()
}

fn ingredients(manifest: &Manifest, results: Option<&ValidationResults>) -> Vec<IngredientSummary> {
    let deltas = results
        .and_then(ValidationResults::ingredient_deltas)
        .map_or(&[][..], Vec::as_slice);
    manifest
        .ingredients()
        .iter()
        .map(|ingredient| {
            let own = ingredient
                .validation_results()
                .and_then(|results| results.active_manifest());
            let then = own.map_or(&[][..], |codes| codes.failure().as_slice());
            let label = ingredient.label().unwrap_or("\0");
            let now = deltas
                .iter()
                .filter(|delta| delta.ingredient_assertion_uri().ends_with(label))
                .flat_map(|delta| delta.validation_deltas().failure());
            let mut failures: Vec<Failure> = then
                .iter()
                .chain(now)
                .filter(|status| status.code() != "signingCredential.untrusted")
                .map(failure)
                .collect();
            failures.dedup();
            IngredientSummary {
                title: ingredient.title().map(str::to_owned),
                relationship: relationship(ingredient),
                has_manifest: ingredient.active_manifest().is_some(),
                failures,
            }
        })
        .collect()
}

fn relationship(ingredient: &c2pa::Ingredient) -> String {
    let text = serde_json::to_value(ingredient.relationship()).ok();
    text.and_then(|text| text.as_str().map(str::to_owned))
        .unwrap_or_default()
}
