//! Stamping: watermark, credentials, registry, and reading all of it back.

mod builder;
mod signing;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use filigrane_audio::AudioStrength;
use filigrane_credentials::{
    Signed, Signer, System, TimeStampMode, TimeStamper, TrainingMining, supports, supports_sidecar,
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
use crate::marks::{FoundMark, Outcome, Plans, Quality, detect, embed};
use crate::report::{ManifestPlace, SCHEMA, Stamped};
use signing::{Extract, Signing};

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
    thumbnail: bool,
    sidecar: bool,
    credentials_only: bool,
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

/// A marked medium, as it is told and registered.
struct Made {
    payload: Payload,
    format: Format,
    quality: Option<Quality>,
    /// Nothing where there is no mark.
    p_value: Option<f64>,
    /// Columns and rows of a picture, samples and channels of a sound; zero where they are not known.
    size: (u64, u64),
    fingerprint: Option<Fingerprint>,
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
            thumbnail: false,
            sidecar: false,
            credentials_only: false,
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
        write_stamped(target, &bytes, &stamped, self.settings.overwrite)?;
        Ok(stamped)
    }

    /// Stamps a file's bytes and returns the stamped file's. Where [`Stamped::sidecar`] holds a manifest, it has to be
    /// kept beside them: [`write_stamped`] does.
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
        if self.settings.credentials_only {
            return self.sign_only(bytes, format, options, started);
        }
        let mut content = Content::decode(bytes, source, &self.settings.limits)?;
        let kept = self.mark_to_keep(&content, options)?;
        let (payload, quality) = match &kept {
            Some(mark) => (mark.payload, None),
            None => {
                let payload = self.payload(options)?;
                let strength = self.settings.audio_strength;
                let quality = embed(&mut content, &self.plans, &payload, strength)?;
                (payload, Some(rounded(quality)))
            }
        };
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
        let extract = match &self.settings.signer {
            Some(_) => Some(Extract::of(&content, self.settings.thumbnail)?),
            None => None,
        };
        drop(content);

        let signed = match (&self.settings.signer, extract) {
            (Some(signer), Some(extract)) => Some(self.sign(
                &Signing {
                    marked: &marked,
                    format,
                    source: bytes,
                    source_format: source,
                    payload: &payload,
                    options,
                    extract: &extract,
                    place: self.manifest_place(format),
                    has_mark: true,
                },
                &**signer,
            )?),
            _ => None,
        };
        let made = Made {
            payload,
            format,
            quality,
            p_value: Some(p_value),
            size,
            fingerprint: Some(fingerprint),
        };
        self.finish(made, marked, signed, started)
    }

    /// Signs a file as it is, without a watermark.
    fn sign_only(
        &self,
        bytes: &[u8],
        format: Format,
        options: &StampOptions,
        started: Instant,
    ) -> Result<(Vec<u8>, Stamped), Error> {
        let payload = self.payload(options)?;
        let decode = || Content::decode(bytes, format, &self.settings.limits);
        let content = format.can_decode().then(decode).transpose()?;
        let extract = match &content {
            Some(content) => Extract::of(content, self.settings.thumbnail)?,
            None => Extract::default(),
        };
        let made = Made {
            payload,
            format,
            quality: None,
            p_value: None,
            size: content.as_ref().map_or((0, 0), Content::size),
            fingerprint: content.as_ref().map(fingerprint::of),
        };
        drop(content);
        let signed = match &self.settings.signer {
            Some(signer) => Some(self.sign(
                &Signing {
                    marked: bytes,
                    format,
                    source: bytes,
                    source_format: format,
                    payload: &payload,
                    options,
                    extract: &extract,
                    place: self.manifest_place(format),
                    has_mark: false,
                },
                &**signer,
            )?),
            None => None,
        };
        self.finish(made, Vec::new(), signed, started)
    }

    /// Reads a signed file back, registers it, and tells what was done.
    fn finish(
        &self,
        made: Made,
        marked: Vec<u8>,
        signed: Option<Signed>,
        started: Instant,
    ) -> Result<(Vec<u8>, Stamped), Error> {
        let Made {
            payload, format, ..
        } = made;
        let mut place = ManifestPlace::None;
        let mut time_stamp_failure = None;
        let (finished, manifest) = match signed {
            None => (marked, Vec::new()),
            Some(signed) => {
                place = self.manifest_place(format);
                self.read_back(&signed, &made, place)?;
                time_stamp_failure = signed.time_stamp_failure;
                (signed.bytes, signed.manifest)
            }
        };
        let sidecar = (place == ManifestPlace::Sidecar).then(|| manifest.clone());
        let (quality, p_value) = (made.quality, made.p_value);
        let registered = self.register(&finished, made, manifest)?;
        let stamped = Stamped {
            schema: SCHEMA,
            kind: if self.settings.signer.is_some() {
                "stamp"
            } else {
                "embed"
            },
            id: payload.id.to_string(),
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
            manifest: place,
            sidecar,
            registered,
            bytes: finished.len() as u64,
            elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        Ok((finished, stamped))
    }

    fn payload(&self, options: &StampOptions) -> Result<Payload, Error> {
        let id = options.id.map_or_else(MarkId::random, Ok)?;
        Ok(Payload::new(self.settings.origin, id))
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

    fn check_target(&self, source: Format, format: Format) -> Result<(), Error> {
        if format.medium() != source.medium() {
            return Err(Error::OtherMedium {
                from: source,
                to: format,
            });
        }
        if self.settings.credentials_only {
            let reason = if self.settings.signer.is_none() {
                "there is no signer, and without a watermark nothing would be left"
            } else if format != source {
                "it signs files as they are, and another format was asked for"
            } else if self.settings.aigc {
                "it signs files as they are, and the AIGC label would change them"
            } else {
                ""
            };
            if !reason.is_empty() {
                return Err(Error::CredentialsOnly {
                    reason: reason.to_owned(),
                });
            }
        } else if !format.can_write() {
            return Err(Error::ReadOnlyFormat { format });
        }
        if self.settings.signer.is_some() && !supports_sidecar(format.mime()) {
            let mime = format.mime().to_owned();
            return Err(filigrane_credentials::CredentialsError::UnsupportedFormat { mime }.into());
        }
        Ok(())
    }

    /// Where the manifest of a file of a format goes: beside it where it was asked for, or where the format has no
    /// safe place for it.
    fn manifest_place(&self, format: Format) -> ManifestPlace {
        if self.settings.sidecar || !supports(format.mime()) {
            ManifestPlace::Sidecar
        } else {
            ManifestPlace::Embedded
        }
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

    fn register(&self, bytes: &[u8], made: Made, manifest: Vec<u8>) -> Result<bool, Error> {
        let Some(store) = &self.settings.store else {
            return Ok(false);
        };
        let (name, version) = &self.settings.generator;
        store.append(&Entry {
            id: made.payload.id,
            key_id: self.plans.key_id,
            origin: made.payload.origin,
            stamped_at_ms: jiff::Timestamp::now().as_millisecond(),
            file: FileFacts {
                medium: match made.format.medium() {
                    Medium::Image => filigrane_registry::Medium::Image,
                    Medium::Audio => filigrane_registry::Medium::Audio,
                },
                mime: made.format.mime().to_owned(),
                hash: *blake3::hash(bytes).as_bytes(),
                bytes: bytes.len() as u64,
                width: made.size.0,
                height: made.size.1,
            },
            generator: format!("{name} {version}"),
            manifest,
            fingerprint: made.fingerprint,
        })?;
        Ok(true)
    }
}

impl fmt::Debug for Stamper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stamper")
            .field("key_id", &self.plans.key_id)
            .finish_non_exhaustive()
    }
}

/// Where a file's manifest lies when it does not lie in the file: beside it, with the extension `c2pa`.
#[must_use]
pub fn sidecar_path(file: &Path) -> PathBuf {
    file.with_extension("c2pa")
}

/// Writes a stamped file, and its manifest beside it where it has one there: both or none. What exists is refused
/// unless `overwrite`.
///
/// # Errors
/// [`Error`] names the file that could not be written.
pub fn write_stamped(
    target: &Path,
    bytes: &[u8],
    stamped: &Stamped,
    overwrite: bool,
) -> Result<(), Error> {
    let Some(manifest) = &stamped.sidecar else {
        return files::write(target, bytes, overwrite);
    };
    let beside = sidecar_path(target);
    if beside == target {
        return Err(Error::Exists { path: beside });
    }
    if !overwrite && target.symlink_metadata().is_ok() {
        return Err(Error::Exists {
            path: target.to_owned(),
        });
    }
    let earlier = std::fs::read(&beside).ok();
    files::write(&beside, manifest, overwrite)?;
    files::write(target, bytes, overwrite).inspect_err(|_| {
        // The manifest belongs to a file that is not there: what was in its place comes back.
        let _ = match &earlier {
            Some(earlier) => files::write(&beside, earlier, true),
            None => std::fs::remove_file(&beside).map_err(Into::into),
        };
    })
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
