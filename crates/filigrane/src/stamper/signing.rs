//! The manifest of a stamped file: what it says, and whether it reads back.

use filigrane_credentials::{
    ClaimedOrigin, Credentials, Disclosure, ManifestRequest, Parent, PromptHash, Signed, Signer,
    SoftBinding, System, TimeStamping, Trust, supports,
};
use filigrane_fingerprint::{iscc_audio, iscc_image};
use filigrane_media::{Format, thumbnail};
use filigrane_payload::{MarkId, Origin, Payload};

use super::{Made, StampOptions, Stamper};
use crate::content::Content;
use crate::error::Error;
use crate::marks::soft_binding;
use crate::report::ManifestPlace;

/// The registered name of ISO 24138 among the algorithms of soft bindings.
const ISCC: &str = "io.iscc.v0";
/// Most columns and rows of a thumbnail.
const THUMBNAIL: u32 = 256;

/// What a manifest holds of the content itself.
#[derive(Default)]
pub(super) struct Extract {
    /// Its ISCC; a sound of a second or two has none.
    iscc: Option<String>,
    /// A JPEG.
    thumbnail: Option<Vec<u8>>,
}

/// Everything that a manifest is made of.
pub(super) struct Signing<'a> {
    pub(super) marked: &'a [u8],
    pub(super) format: Format,
    pub(super) source: &'a [u8],
    pub(super) source_format: Format,
    pub(super) payload: &'a Payload,
    pub(super) options: &'a StampOptions,
    pub(super) extract: &'a Extract,
    pub(super) place: ManifestPlace,
    /// Whether the content carries the payload.
    pub(super) has_mark: bool,
}

impl Extract {
    pub(super) fn of(content: &Content, with_thumbnail: bool) -> Result<Self, Error> {
        Ok(match content {
            Content::Picture(picture) => Self {
                iscc: iscc_image(picture).ok(),
                thumbnail: with_thumbnail
                    .then(|| thumbnail(picture, THUMBNAIL))
                    .transpose()?,
            },
            Content::Sound(sound) => Self {
                iscc: iscc_audio(sound).ok(),
                thumbnail: None,
            },
        })
    }
}

impl Stamper {
    pub(super) fn sign(&self, what: &Signing<'_>, signer: &dyn Signer) -> Result<Signed, Error> {
        let payload = what.payload;
        let watermark = what.has_mark.then(|| SoftBinding {
            algorithm: soft_binding(what.format.medium()).to_owned(),
            value: payload.id.to_string().into_bytes(),
        });
        let fingerprint = what.extract.iscc.as_ref().map(|iscc| SoftBinding {
            algorithm: ISCC.to_owned(),
            value: iscc.clone().into_bytes(),
        });
        let parent = Parent {
            bytes: what.source,
            mime: what.source_format.mime(),
        };
        let has_manifest = supports(parent.mime)
            && filigrane_credentials::read(parent.bytes, parent.mime, &Trust::none())?
                != Credentials::absent();
        let (name, version) = &self.settings.generator;
        let disclosure = self.disclosure(payload.id, what.options.prompt.as_deref())?;
        let request = ManifestRequest {
            title: what.options.title.as_deref(),
            generator_name: name,
            generator_version: version,
            origin: match payload.origin {
                Origin::Generated => ClaimedOrigin::Generated,
                Origin::Edited => ClaimedOrigin::Edited,
                Origin::Captured => ClaimedOrigin::Captured,
                _ => ClaimedOrigin::Other,
            },
            model: self.settings.model.as_ref(),
            disclosure: Some(&disclosure),
            training_mining: self.settings.training_mining,
            watermarks: watermark.as_slice(),
            fingerprints: fingerprint.as_slice(),
            thumbnail: what.extract.thumbnail.as_deref(),
            parent: has_manifest.then_some(parent),
            sidecar: what.place == ManifestPlace::Sidecar,
            time_stamping: self
                .settings
                .time_stamper
                .as_ref()
                .map(|(authority, mode)| TimeStamping {
                    authority: &**authority,
                    mode: *mode,
                }),
        };
        Ok(filigrane_credentials::sign(
            what.marked,
            what.format.mime(),
            &request,
            signer,
        )?)
    }

    /// Who made the medium, with what, and when.
    fn disclosure(&self, id: MarkId, prompt: Option<&str>) -> Result<Disclosure, Error> {
        let (name, version) = &self.settings.generator;
        let program = || System {
            name: name.clone(),
            version: Some(version.clone()),
            sha256: None,
        };
        Ok(Disclosure {
            provider: self.settings.provider.clone(),
            system: Some(self.settings.model.clone().unwrap_or_else(program)),
            time: Some(
                jiff::Timestamp::now()
                    .strftime("%Y-%m-%dT%H:%M:%SZ")
                    .to_string(),
            ),
            identifier: Some(id.to_string()),
            prompt: prompt.map(PromptHash::new).transpose()?,
        })
    }

    /// Both layers of the finished file, as a verifier would see them.
    pub(super) fn read_back(
        &self,
        signed: &Signed,
        made: &Made,
        place: ManifestPlace,
    ) -> Result<(), Error> {
        let missing = |what: &str| Error::ReadBack {
            what: what.to_owned(),
        };
        let (bytes, mime, trust) = (&signed.bytes, made.format.mime(), Trust::none());
        let credentials = if place == ManifestPlace::Sidecar {
            filigrane_credentials::read_apart(&signed.manifest, bytes, mime, &trust)?
                .unwrap_or_else(Credentials::absent)
        } else {
            filigrane_credentials::read(bytes, mime, &trust)?
        };
        let id = made.payload.id.to_string();
        let mut values = credentials
            .soft_bindings
            .iter()
            .map(|binding| &binding.value);
        let has_mark = made.p_value.is_some();
        let is_bound = !has_mark || values.any(|value| value == id.as_bytes());
        if !credentials.is_valid() || !is_bound {
            let why = credentials
                .failures
                .first()
                .map_or("", |failure| failure.explanation.as_str());
            return Err(missing(&format!("the credentials. {why}")));
        }
        if has_mark && self.found(bytes, made.format, &made.payload)?.is_none() {
            return Err(missing("the watermark"));
        }
        Ok(())
    }
}
