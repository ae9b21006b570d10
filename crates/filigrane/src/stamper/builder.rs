//! Making a [`Stamper`].

use std::fmt;
use std::sync::Arc;

use filigrane_audio::AudioStrength;
use filigrane_credentials::{Identity, Signer, System, TimeStampMode, TimeStamper, TrainingMining};
use filigrane_media::Limits;
use filigrane_payload::Origin;
use filigrane_registry::Store;

use super::{Marked, Stamper, StamperBuilder};
use crate::error::Error;
use crate::marks::Plans;

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

    /// Whether manifests of pictures hold a thumbnail: a JPEG of at most 256 pixels along each side.
    #[must_use]
    pub fn thumbnail(mut self, thumbnail: bool) -> Self {
        self.settings.thumbnail = thumbnail;
        self
    }

    /// Whether manifests go beside the files ([`sidecar_path`](crate::sidecar_path)) even where the format has a place
    /// for them. TIFF, BMP and Opus have none: theirs always do.
    #[must_use]
    pub fn sidecar(mut self, sidecar: bool) -> Self {
        self.settings.sidecar = sidecar;
        self
    }

    /// Whether files are only signed, as they are, and get no watermark: for formats whose content cannot be written or
    /// read here, such as GIF, MP3 and AVIF. What is signed so cannot be recognised once its metadata are gone, but by
    /// its fingerprint where there is one.
    #[must_use]
    pub fn credentials_only(mut self, credentials_only: bool) -> Self {
        self.settings.credentials_only = credentials_only;
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

impl fmt::Debug for StamperBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StamperBuilder")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
