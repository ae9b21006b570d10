//! Making and signing manifests.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use c2pa::jumbf_io::load_jumbf_from_memory;
use c2pa::{Builder, Context, SigningAlg};
use serde_json::{Value, json};

use crate::disclosure::{self, Disclosure, System, TrainingMining};
use crate::error::CredentialsError;
use crate::identity::{Algorithm, Signer, der_certificates};
use crate::lengths;
use crate::read::settings;
use crate::soft_binding::{self, SoftBinding};
use crate::time_stamp::{TimeStampMode, TimeStamping};
use crate::{Trust, supports, supports_sidecar};

/// The version of the specification that the manifests follow.
const SPECIFICATION: &str = "2.4.0";
/// Room for a time-stamp: a token with a chain of three certificates takes half of it.
const LARGEST_TIME_STAMP: usize = 16_384;
/// IPTC's term for what was made on a computer, and no finer claim.
const DIGITAL_CREATION: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation";
/// Where the manifest of an input appears among the ingredients.
const PARENT_LABEL: &str = "filigrane:parent";

/// What a manifest says about how its asset came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimedOrigin {
    /// Made by a generative model.
    Generated,
    /// Edited with a generative model.
    Edited,
    /// Captured by a device or made by a person.
    Captured,
    /// No claim.
    Other,
}

impl ClaimedOrigin {
    /// The IPTC digital source type.
    const fn source_type(self) -> Option<&'static str> {
        match self {
            Self::Generated => {
                Some("http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia")
            }
            Self::Edited => Some(
                "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia",
            ),
            Self::Captured => Some("http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"),
            Self::Other => None,
        }
    }
}

/// The file that an asset was made from; its manifest becomes the parent ingredient.
#[derive(Debug, Clone, Copy)]
pub struct Parent<'a> {
    /// The file as it was.
    pub bytes: &'a [u8],
    /// Its MIME type.
    pub mime: &'a str,
}

/// What a manifest should say.
#[derive(Debug, Clone)]
pub struct ManifestRequest<'a> {
    /// The asset's title.
    pub title: Option<&'a str>,
    /// The program that makes the claim.
    pub generator_name: &'a str,
    /// Its version.
    pub generator_version: &'a str,
    /// How the asset came to be.
    pub origin: ClaimedOrigin,
    /// The model that made it.
    pub model: Option<&'a System>,
    /// Who made it, with what, and when.
    pub disclosure: Option<&'a Disclosure>,
    /// What may be done with it.
    pub training_mining: Option<TrainingMining>,
    /// Identifiers that the content itself carries, as watermarks.
    pub watermarks: &'a [SoftBinding],
    /// What the content itself gives, as fingerprints.
    pub fingerprints: &'a [SoftBinding],
    /// A small version of a picture, JPEG.
    pub thumbnail: Option<&'a [u8]>,
    /// Whether the manifest stays beside the file: [`Signed::bytes`] then hold none.
    pub sidecar: bool,
    /// The input, where it has a manifest of its own.
    pub parent: Option<Parent<'a>>,
    /// Who time-stamps the signature, where somebody does.
    pub time_stamping: Option<TimeStamping<'a>>,
}

/// A signed file.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The file with its manifest.
    pub bytes: Vec<u8>,
    /// The manifest alone (JUMBF), for a registry.
    pub manifest: Vec<u8>,
    /// Why there is no time-stamp though one was asked for, with [`TimeStampMode::BestEffort`].
    pub time_stamp_failure: Option<CredentialsError>,
}

/// Puts a signed manifest into a file, or beside it, and checks it.
///
/// # Errors
/// [`CredentialsError::UnsupportedFormat`] where the format has no place for it, or [`CredentialsError::Signing`] with the reason.
pub fn sign(
    source: &[u8],
    mime: &str,
    request: &ManifestRequest<'_>,
    signer: &dyn Signer,
) -> Result<Signed, CredentialsError> {
    if !(supports(mime) || request.sidecar && supports_sidecar(mime)) {
        return Err(CredentialsError::UnsupportedFormat {
            mime: mime.to_owned(),
        });
    }
    let guarded = catch_unwind(AssertUnwindSafe(|| {
        sign_checked(source, mime, request, signer)
    }));
    guarded.unwrap_or_else(|_| {
        Err(CredentialsError::Signing {
            reason: "the file's structure stopped the signer".to_owned(),
        })
    })
}

fn sign_checked(
    source: &[u8],
    mime: &str,
    request: &ManifestRequest<'_>,
    signer: &dyn Signer,
) -> Result<Signed, CredentialsError> {
    let failed = |error: c2pa::Error| CredentialsError::Signing {
        reason: error.to_string(),
    };
    let context = Context::new()
        .with_settings(settings(&Trust::none()))
        .map_err(failed)?;
    let mut builder = Builder::from_context(context)
        .with_definition(definition(request).to_string())
        .map_err(failed)?;
    builder.set_no_embed(request.sidecar);
    if let Some(thumbnail) = request.thumbnail {
        builder
            .set_thumbnail("image/jpeg", &mut Cursor::new(thumbnail))
            .map_err(failed)?;
    }
    for binding in request.watermarks.iter().chain(request.fingerprints) {
        builder
            .add_assertion(soft_binding::LABEL, &soft_binding::Assertion::from(binding))
            .map_err(failed)?;
    }
    if let Some(parent) = request.parent {
        let store = load_jumbf_from_memory(parent.mime, parent.bytes).ok();
        if store.is_some_and(|store| !lengths::fit(&store)) {
            return Err(CredentialsError::Unreadable {
                reason: "an assertion of the input's manifest is cut".to_owned(),
            });
        }
        let ingredient =
            json!({"relationship": "parentOf", "instance_id": PARENT_LABEL, "label": PARENT_LABEL});
        builder
            .add_ingredient_from_stream(
                ingredient.to_string(),
                parent.mime,
                &mut Cursor::new(parent.bytes),
            )
            .map_err(failed)?;
    }
    let mut signed = Cursor::new(Vec::with_capacity(source.len() + 32_768));
    let adapter = Adapter::new(signer, request.time_stamping)?;
    let result = builder.sign(&adapter, mime, &mut Cursor::new(source), &mut signed);
    let time_stamp_failure = adapter.time_stamp_failure.into_inner();
    let manifest = match (result, request.time_stamping, &time_stamp_failure) {
        (Ok(manifest), _, _) => manifest,
        (Err(_), Some(required), Some(failure)) if required.mode == TimeStampMode::Required => {
            return Err(failure.clone());
        }
        (Err(error), _, _) => return Err(failed(error)),
    };
    Ok(Signed {
        bytes: signed.into_inner(),
        manifest,
        time_stamp_failure,
    })
}

/// Title, generator and actions. The actions stand among the created assertions: the conformance
/// rubric asks for that, and `add_action` would put them among the gathered ones.
fn definition(request: &ManifestRequest<'_>) -> Value {
    let agent = request.model.map_or_else(
        || json!({"name": request.generator_name, "version": request.generator_version}),
        |model| match &model.version {
            Some(version) => json!({"name": model.name, "version": version}),
            None => json!({"name": model.name}),
        },
    );
    let mut first = if request.parent.is_some() {
        json!({"action": "c2pa.opened", "parameters": {"ingredientIds": [PARENT_LABEL]}})
    } else {
        json!({"action": "c2pa.created", "softwareAgent": agent})
    };
    let source_type = request.origin.source_type();
    let mut actions = Vec::new();
    let mut bound = json!({"action": "c2pa.watermarked.bound"});
    if request.parent.is_none() {
        // A created asset must say something; the default is IPTC's term for no finer claim.
        first["digitalSourceType"] = source_type.unwrap_or(DIGITAL_CREATION).into();
        actions.push(first);
    } else {
        // What was only opened has no source type (the conformance programme asks for that): what was done to it has.
        actions.push(first);
        match (request.origin, source_type) {
            (ClaimedOrigin::Edited, Some(source_type)) => actions.push(json!({
                "action": "c2pa.edited", "softwareAgent": agent, "digitalSourceType": source_type,
            })),
            (_, Some(source_type)) => bound["digitalSourceType"] = source_type.into(),
            (_, None) => {}
        }
    }
    if !request.watermarks.is_empty() {
        actions.push(bound);
    }
    let mut assertions = vec![json!({
        "label": "c2pa.actions.v2",
        "created": true,
        "data": {"actions": actions, "allActionsIncluded": true},
    })];
    assertions.extend(disclosure::assertions(
        request.disclosure,
        request.training_mining,
    ));
    json!({
        "title": request.title,
        "claim_generator_info": [{
            "name": request.generator_name,
            "version": request.generator_version,
            "specVersion": SPECIFICATION,
        }],
        "assertions": assertions,
    })
}

/// A [`Signer`] as the library wants it.
struct Adapter<'a> {
    signer: &'a dyn Signer,
    certificates: Vec<Vec<u8>>,
    time_stamping: Option<TimeStamping<'a>>,
    time_stamp_failure: OnceLock<CredentialsError>,
}

impl<'a> Adapter<'a> {
    fn new(
        signer: &'a dyn Signer,
        time_stamping: Option<TimeStamping<'a>>,
    ) -> Result<Self, CredentialsError> {
        let certificates = der_certificates(signer.chain_pem())
            .map_err(|reason| CredentialsError::Chain { reason })?;
        Ok(Self {
            signer,
            certificates,
            time_stamping,
            time_stamp_failure: OnceLock::new(),
        })
    }
}

impl c2pa::Signer for Adapter<'_> {
    fn sign(&self, data: &[u8]) -> c2pa::Result<Vec<u8>> {
        self.signer
            .sign(data)
            .map_err(|error| c2pa::Error::OtherError(Box::new(error)))
    }

    fn alg(&self) -> SigningAlg {
        match self.signer.algorithm() {
            Algorithm::Ed25519 => SigningAlg::Ed25519,
            Algorithm::Es256 => SigningAlg::Es256,
            Algorithm::Es384 => SigningAlg::Es384,
            Algorithm::Ps256 => SigningAlg::Ps256,
        }
    }

    fn certs(&self) -> c2pa::Result<Vec<Vec<u8>>> {
        Ok(self.certificates.clone())
    }

    fn reserve_size(&self) -> usize {
        // Signature and headers beside the certificates.
        let time_stamp = self.time_stamping.map_or(0, |_| LARGEST_TIME_STAMP);
        4096 + self.certificates.iter().map(Vec::len).sum::<usize>() + time_stamp
    }

    fn send_timestamp_request(&self, message: &[u8]) -> Option<c2pa::Result<Vec<u8>>> {
        let time_stamping = self.time_stamping?;
        match time_stamping.stamp(message) {
            Ok(answer) => Some(Ok(answer)),
            Err(failure) => {
                // The first failure is kept: what the library makes of it says less.
                let _ = self.time_stamp_failure.set(failure.clone());
                match time_stamping.mode {
                    TimeStampMode::BestEffort => None,
                    TimeStampMode::Required => {
                        Some(Err(c2pa::Error::OtherError(Box::new(failure))))
                    }
                }
            }
        }
    }
}
