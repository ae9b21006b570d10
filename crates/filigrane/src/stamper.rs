//! Stamping: watermark, credentials, registry, and reading all of it back.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use filigrane_audio::AudioStrength;
use filigrane_credentials::{
    ClaimedOrigin, Credentials, Disclosure, Identity, ManifestRequest, Parent, PromptHash, Signer,
    SoftBinding, System, TimeStampMode, TimeStamper, TimeStamping, TrainingMining, Trust, supports,
};
use filigrane_image::Search;
use filigrane_media::{Format, Limits, Medium, Metadata, read_metadata};
use filigrane_payload::{Key, MarkId, Origin, Payload};
use filigrane_registry::{Entry, FileFacts, Fingerprint, Store};

use crate::aigc::AigcLabel;
use crate::content::{Content, Encoding, probe};
use crate::error::Error;
use crate::files;
use crate::fingerprint;
use crate::marks::{FoundMark, Outcome, Plans, Quality, detect, embed, soft_binding};
use crate::report::{SCHEMA, Stamped};

/// Qualities that are tried in turn where a lossy file does not read back.
const RETRIES: [u8; 2] = [92, 97];

/// Stamps pictures and sounds. Plans are made once; share it between threads.
pub struct Stamper {
    plans: Plans,
    settings: Settings,
}

/// Makes a [`Stamper`].
pub struct StamperBuilder {
    key: Key,
    settings: Settings,
}

struct Settings {
    origin: Origin,
    signer: Option<Arc<dyn Signer>>,
    signer_name: Option<String>,
    time_stamper: Option<(Arc<dyn TimeStamper>, TimeStampMode)>,
    store: Option<Arc<dyn Store>>,
    generator: (String, String),
    model: Option<System>,
    provider: Option<String>,
    training_mining: Option<TrainingMining>,
    aigc: bool,
    limits: Limits,
    encoding: Encoding,
    audio_strength: AudioStrength,
    marked: Marked,
    overwrite: bool,
}

/// What happens to a medium that carries a mark of the same key already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Marked {
    /// It is refused: [`Error::AlreadyMarked`].
    #[default]
    Refuse,
    /// It is marked again, with a new identifier; the old mark may still be found beside the new one.
    Again,
    /// Its mark stays, with its identifier and origin, and the manifest names it. The content stays to the byte
    /// unless another format or a label is asked for.
    Keep,
}

/// What differs from file to file.
#[derive(Debug, Clone, Default)]
pub struct StampOptions {
    /// The identifier; a random one where none is given.
    pub id: Option<MarkId>,
    /// The title in the manifest.
    pub title: Option<String>,
    /// The format to write; the input's where none is given.
    pub format: Option<Format>,
    /// The prompt, of which the manifest holds a salted hash.
    pub prompt: Option<String>,
}

impl Stamper {
    /// A stamper that marks with `key`. [`Key::public`] makes marks that anybody can detect.
    #[must_use]
    pub fn builder(key: Key) -> StamperBuilder {
        let settings = Settings {
            origin: Origin::Generated,
            signer: None,
            signer_name: None,
            time_stamper: None,
            store: None,
            generator: ("filigrane".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            model: None,
            provider: None,
            training_mining: None,
            aigc: false,
            limits: Limits::default(),
            encoding: Encoding::default(),
            audio_strength: AudioStrength::Usual,
            marked: Marked::Refuse,
            overwrite: false,
        };
        StamperBuilder { key, settings }
    }

    /// Stamps a file: the target appears whole, after everything read back, or not at all.
    ///
    /// # Errors
    /// [`Error`] names the file; see [`Error::is_refusal`] and [`Error::hint`].
    pub fn stamp_file(
        &self,
        source: impl AsRef<Path>,
        target: impl AsRef<Path>,
    ) -> Result<Stamped, Error> {
        self.stamp_file_with(source, target, &StampOptions::default())
    }

    /// As [`stamp_file`](Self::stamp_file), with options for this file.
    ///
    /// # Errors
    /// As [`stamp_file`](Self::stamp_file).
    pub fn stamp_file_with(
        &self,
        source: impl AsRef<Path>,
        target: impl AsRef<Path>,
        options: &StampOptions,
    ) -> Result<Stamped, Error> {
        let (source, target) = (source.as_ref(), target.as_ref());
        if !self.settings.overwrite && target.symlink_metadata().is_ok() {
            return Err(Error::Exists {
                path: target.to_owned(),
            });
        }
        let stamp = || {
            let bytes = files::read(source, self.settings.limits.max_bytes)?;
            self.stamp_with(&bytes, options)
        };
        let (bytes, stamped) = stamp().map_err(|error| error.in_file(source))?;
        files::write(target, &bytes, self.settings.overwrite)?;
        Ok(stamped)
    }

    /// Stamps a file's bytes and returns the stamped file's.
    ///
    /// # Errors
    /// [`Error`] when the content cannot be marked, signed, registered or read back.
    pub fn stamp_with(
        &self,
        bytes: &[u8],
        options: &StampOptions,
    ) -> Result<(Vec<u8>, Stamped), Error> {
        let started = Instant::now();
        let source = probe(bytes)?;
        let format = options.format.unwrap_or(source);
        self.check_target(source, format)?;
        let mut content = Content::decode(bytes, source, &self.settings.limits)?;
        let kept = self.mark_to_keep(&content, options)?;
        let (payload, quality) = match &kept {
            Some(mark) => (mark.payload, None),
            None => {
                let id = options.id.map_or_else(MarkId::random, Ok)?;
                let payload = Payload::new(self.settings.origin, id);
                let strength = self.settings.audio_strength;
                let quality = embed(&mut content, &self.plans, &payload, strength)?;
                (payload, Some(rounded(quality)))
            }
        };
        let id = payload.id;
        let mut metadata = read_metadata(bytes, source);
        self.label(&mut metadata, format, &payload)?;
        let (marked, p_value) = match &kept {
            // Nothing is coded anew where nothing but the manifest changes.
            Some(mark) if format == source && !self.settings.aigc => (bytes.to_vec(), mark.p_value),
            _ => self.encode_until_it_reads_back(&content, format, &metadata, &payload)?,
        };
        let size = content.size();
        // Of the marked content before coding: every rendition of it is near.
        let fingerprint = fingerprint::of(&content);
        drop(content);

        let mut time_stamp_failure = None;
        let (finished, manifest) = match &self.settings.signer {
            None => (marked, None),
            Some(signer) => {
                let signed =
                    self.sign(&marked, format, bytes, source, &payload, options, &**signer)?;
                self.read_back(&signed.bytes, format, &payload)?;
                time_stamp_failure = signed.time_stamp_failure;
                (signed.bytes, Some(signed.manifest))
            }
        };
        let registered =
            self.register(&finished, format, size, &payload, (manifest, fingerprint))?;
        let stamped = Stamped {
            schema: SCHEMA,
            kind: if self.settings.signer.is_some() {
                "stamp"
            } else {
                "embed"
            },
            id: id.to_string(),
            origin: payload.origin.to_string(),
            key_id: self.plans.key_id.to_string(),
            format,
            quality,
            p_value,
            signer: self.settings.signer_name.clone(),
            time_stamped: self.settings.signer.is_some()
                && self.settings.time_stamper.is_some()
                && time_stamp_failure.is_none(),
            time_stamp_failure: time_stamp_failure.map(|failure| failure.to_string()),
            registered,
            bytes: finished.len() as u64,
            elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        Ok((finished, stamped))
    }

    /// Adds the label of GB 45438 where it was asked for.
    fn label(
        &self,
        metadata: &mut Metadata,
        format: Format,
        payload: &Payload,
    ) -> Result<(), Error> {
        if !self.settings.aigc {
            return Ok(());
        }
        if !matches!(payload.origin, Origin::Generated | Origin::Edited) {
            return Err(Error::Label {
                reason: format!(
                    "it says that AI made it, and the origin is `{}`",
                    payload.origin
                ),
            });
        }
        let provider = self.settings.provider.as_deref();
        let producer = provider.unwrap_or(&self.settings.generator.0);
        AigcLabel::generated(producer, &payload.id.to_string()).write(metadata, format)
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

    fn check_target(&self, source: Format, format: Format) -> Result<(), Error> {
        if format.medium() != source.medium() {
            return Err(Error::OtherMedium {
                from: source,
                to: format,
            });
        }
        if !format.can_write() {
            return Err(Error::ReadOnlyFormat { format });
        }
        if self.settings.signer.is_some() && !supports(format.mime()) {
            let mime = format.mime().to_owned();
            return Err(filigrane_credentials::CredentialsError::UnsupportedFormat { mime }.into());
        }
        Ok(())
    }

    /// The mark of the same key that the medium carries, where it is to stay.
    fn mark_to_keep(
        &self,
        content: &Content,
        options: &StampOptions,
    ) -> Result<Option<FoundMark>, Error> {
        if self.settings.marked == Marked::Again {
            return Ok(None);
        }
        let outcome = detect(content, &[&self.plans], Search::Full)?;
        let Some(mark) = outcome.mark() else {
            return Ok(None);
        };
        let fits = options.id.is_none_or(|id| id == mark.payload.id);
        if self.settings.marked == Marked::Keep && fits {
            return Ok(Some(mark.clone()));
        }
        Err(Error::AlreadyMarked {
            id: mark.payload.id.to_string(),
        })
    }

    /// Encodes, decodes again and looks; a lossy file that does not read back is written finer.
    fn encode_until_it_reads_back(
        &self,
        content: &Content,
        format: Format,
        metadata: &Metadata,
        payload: &Payload,
    ) -> Result<(Vec<u8>, f64), Error> {
        let asked = self.settings.encoding;
        // A quality that was asked for is kept: the caller hears that it is too low.
        let finer = RETRIES.map(|quality| Encoding {
            quality: Some(quality),
        });
        let tries =
            std::iter::once(asked).chain(finer.into_iter().filter(|_| asked.quality.is_none()));
        let mut last = None;
        for encoding in tries {
            let bytes = content.encode(format, encoding, metadata)?;
            match self.found(&bytes, format, payload)? {
                Some(p_value) => return Ok((bytes, p_value)),
                None => last = Some("the watermark".to_owned()),
            }
        }
        Err(Error::ReadBack {
            what: last.unwrap_or_default(),
        })
    }

    /// The bound with which the payload is found in a file's bytes.
    fn found(&self, bytes: &[u8], format: Format, payload: &Payload) -> Result<Option<f64>, Error> {
        let content = Content::decode(bytes, format, &self.settings.limits)?;
        Ok(match detect(&content, &[&self.plans], Search::Full)? {
            Outcome::Found { mark, others } => {
                let mut marks = std::iter::once(&mark).chain(&others);
                marks
                    .find(|mark| mark.payload == *payload)
                    .map(|mark| mark.p_value)
            }
            _ => None,
        })
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "everything that a manifest is made of"
    )]
    fn sign(
        &self,
        marked: &[u8],
        format: Format,
        source: &[u8],
        source_format: Format,
        payload: &Payload,
        options: &StampOptions,
        signer: &dyn Signer,
    ) -> Result<filigrane_credentials::Signed, Error> {
        let binding = SoftBinding {
            algorithm: soft_binding(format.medium()).to_owned(),
            value: payload.id.to_string().into_bytes(),
        };
        let parent = Parent {
            bytes: source,
            mime: source_format.mime(),
        };
        let has_manifest = supports(parent.mime)
            && filigrane_credentials::read(parent.bytes, parent.mime, &Trust::none())?
                != Credentials::absent();
        let (name, version) = &self.settings.generator;
        let disclosure = self.disclosure(payload.id, options.prompt.as_deref())?;
        let request = ManifestRequest {
            title: options.title.as_deref(),
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
            soft_bindings: &[binding],
            parent: has_manifest.then_some(parent),
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
            marked,
            format.mime(),
            &request,
            signer,
        )?)
    }

    /// Both layers of the finished bytes, as a verifier would see them.
    fn read_back(&self, bytes: &[u8], format: Format, payload: &Payload) -> Result<(), Error> {
        let missing = |what: &str| Error::ReadBack {
            what: what.to_owned(),
        };
        let credentials = filigrane_credentials::read(bytes, format.mime(), &Trust::none())?;
        let id = payload.id.to_string();
        let is_bound = credentials
            .soft_bindings
            .iter()
            .any(|binding| binding.value == id.as_bytes());
        if !credentials.is_valid() || !is_bound {
            let why = credentials
                .failures
                .first()
                .map_or("", |failure| failure.explanation.as_str());
            return Err(missing(&format!("the credentials. {why}")));
        }
        self.found(bytes, format, payload)?
            .map(|_| ())
            .ok_or_else(|| missing("the watermark"))
    }

    fn register(
        &self,
        bytes: &[u8],
        format: Format,
        (width, height): (u64, u64),
        payload: &Payload,
        (manifest, fingerprint): (Option<Vec<u8>>, Option<Fingerprint>),
    ) -> Result<bool, Error> {
        let Some(store) = &self.settings.store else {
            return Ok(false);
        };
        let (name, version) = &self.settings.generator;
        store.append(&Entry {
            id: payload.id,
            key_id: self.plans.key_id,
            origin: payload.origin,
            stamped_at_ms: jiff::Timestamp::now().as_millisecond(),
            file: FileFacts {
                medium: match format.medium() {
                    Medium::Image => filigrane_registry::Medium::Image,
                    Medium::Audio => filigrane_registry::Medium::Audio,
                },
                mime: format.mime().to_owned(),
                hash: *blake3::hash(bytes).as_bytes(),
                bytes: bytes.len() as u64,
                width,
                height,
            },
            generator: format!("{name} {version}"),
            manifest: manifest.unwrap_or_default(),
            fingerprint,
        })?;
        Ok(true)
    }
}

impl StamperBuilder {
    /// How the media came to be; generated unless told otherwise.
    #[must_use]
    pub fn origin(mut self, origin: Origin) -> Self {
        self.settings.origin = origin;
        self
    }

    /// Signs with a local identity.
    #[must_use]
    pub fn identity(mut self, identity: Identity) -> Self {
        self.settings.signer_name = Some(identity.subject().to_owned());
        self.settings.signer = Some(Arc::new(identity));
        self
    }

    /// Signs with anything else, such as a key-management service; `name` is what results call it.
    #[must_use]
    pub fn signer(mut self, signer: Arc<dyn Signer>, name: &str) -> Self {
        self.settings.signer_name = Some(name.to_owned());
        self.settings.signer = Some(signer);
        self
    }

    /// Has signatures time-stamped, so that they outlive the signer's certificate.
    #[must_use]
    pub fn time_stamper(mut self, authority: Arc<dyn TimeStamper>, mode: TimeStampMode) -> Self {
        self.settings.time_stamper = Some((authority, mode));
        self
    }

    /// Registers what is stamped.
    #[must_use]
    pub fn registry(mut self, store: Arc<dyn Store>) -> Self {
        self.settings.store = Some(store);
        self
    }

    /// The program that stamps, in manifests and registry.
    #[must_use]
    pub fn generator(mut self, name: &str, version: &str) -> Self {
        self.settings.generator = (name.to_owned(), version.to_owned());
        self
    }

    /// The model that made the media, in the manifest.
    #[must_use]
    pub fn model(mut self, model: System) -> Self {
        self.settings.model = Some(model);
        self
    }

    /// Who provides the system that made the media, in the manifest and the label of [`aigc`](Self::aigc).
    #[must_use]
    pub fn provider(mut self, name: &str) -> Self {
        self.settings.provider = Some(name.to_owned());
        self
    }

    /// What the manifest says about training and mining.
    #[must_use]
    pub fn training_mining(mut self, choices: TrainingMining) -> Self {
        self.settings.training_mining = Some(choices);
        self
    }

    /// Whether the metadata get the `AIGC` label of China's GB 45438-2025, with the provider (or else the program)
    /// as producer and the identifier as its number.
    #[must_use]
    pub fn aigc(mut self, aigc: bool) -> Self {
        self.settings.aigc = aigc;
        self
    }

    /// Limits on what is read.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// Quality of lossy formats, 1 to 100; close to the input's unless told otherwise.
    #[must_use]
    pub fn quality(mut self, quality: u8) -> Self {
        self.settings.encoding.quality = Some(quality);
        self
    }

    /// How strongly sounds are marked; [`AudioStrength::Usual`] unless told otherwise.
    #[must_use]
    pub fn audio_strength(mut self, strength: AudioStrength) -> Self {
        self.settings.audio_strength = strength;
        self
    }

    /// What happens to what carries a mark of the same key already; it is refused unless told otherwise.
    #[must_use]
    pub fn marked(mut self, marked: Marked) -> Self {
        self.settings.marked = marked;
        self
    }

    /// Overwrites existing targets.
    #[must_use]
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.settings.overwrite = overwrite;
        self
    }

    /// Makes the stamper. Without an identity or signer it puts in the watermark alone.
    ///
    /// # Errors
    /// [`Error`] when the key's plans cannot be made.
    pub fn build(self) -> Result<Stamper, Error> {
        Ok(Stamper {
            plans: Plans::new(&self.key)?,
            settings: self.settings,
        })
    }
}

impl fmt::Debug for Stamper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stamper")
            .field("key_id", &self.plans.key_id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for StamperBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StamperBuilder")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Two decimals of a decibel say enough.
fn rounded(quality: Quality) -> Quality {
    let round = |db: f64| (db * 100.0).round() / 100.0;
    match quality {
        Quality::Image { psnr_db } => Quality::Image {
            psnr_db: round(psnr_db),
        },
        Quality::Audio { snr_db } => Quality::Audio {
            snr_db: round(snr_db),
        },
    }
}
