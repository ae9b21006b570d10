//! Mark generated images and audio, and check such marks.
//!
//! filigrane puts three things on what a generator makes: an invisible watermark in the pixels or
//! samples, a signed C2PA manifest in the file, and an entry in a registry that brings the manifest back
//! when it was stripped. It reads all of them again and gives one verdict, offline, in milliseconds.
//!
//! ```no_run
//! use filigrane::{Home, Key, Origin, Stamper, Verifier};
//!
//! # fn main() -> Result<(), filigrane::Error> {
//! let (identity, _) = Home::of_user()?.development_identity()?;
//! let stamper = Stamper::builder(Key::load("studio.key")?).origin(Origin::Generated).identity(identity).build()?;
//! let stamped = stamper.stamp_file("render.png", "render.stamped.png")?;
//! let report = Verifier::new()?.key(&Key::load("studio.key")?)?.verify_file("render.stamped.png")?;
//! println!("{}: {} {}", stamped.id, report.verdict, report.explanation);
//! # Ok(())
//! # }
//! ```
//!
//! # The types
//!
//! - [`Stamper`] marks, signs, registers and reads everything back before it says done. Without an
//!   [identity](StamperBuilder::identity) it puts in the watermark alone.
//! - [`Verifier`] reads every layer and gives a [`Report`] with a [`Verdict`], or
//!   [looks for the watermark alone](Verifier::detect_file).
//! - [`judge`] is the table from [`Evidence`] to [`Verdict`], a pure function; [`explain`] puts it in words.
//! - [`Home`] keeps a development identity for those who have no certificate yet.
//! - [`inspect_file`] shows facts without a verdict.
//!
//! # Defaults and their rationale
//!
//! - Marks are made with the key that is given. [`Key::public`] makes marks that anybody can detect, and
//!   that anybody who knows how can forge: alone they are never more than [`Verdict::Marked`].
//! - A result is written beside its target, read back layer by layer, and renamed: a target is whole or
//!   not there, and a medium that cannot be marked is an error, never an unmarked output.
//! - What carries a mark of the same key already is not marked again unless told to.
//! - Formats, quality and metadata stay as in the input.
//! - Limits on bytes, pixels, duration and channels are on; nothing is fetched from the network unless a
//!   [`Fetcher`] with a list of hosts is given.

mod aigc;
mod content;
mod error;
mod files;
mod fingerprint;
mod home;
mod inspect;
mod marks;
mod remote;
mod report;
mod requirement;
mod revocation;
pub mod rework;
mod stamper;
mod verdict;
mod verifier;

pub use aigc::AigcLabel;
pub use error::Error;
pub use filigrane_audio::{AudioStrength, UnknownStrength};
use filigrane_credentials::Trust;
pub use filigrane_credentials::{
    Algorithm, CertificateId, CommandSigner, Credentials, CredentialsError, Disclosure, FetchError,
    Fetcher, HttpTimeStamper, Identity, Permission, PrivateKey, PromptHash, Signer, State, Subject,
    System, TimeStampMode, TimeStamper, TrainingMining, UnknownPermission, certificate_request,
};
pub use filigrane_image::{Search, UnknownSearch};
pub use filigrane_media::{Format, Limits, MediaError, Medium};
pub use filigrane_payload::{
    Date, FALSE_POSITIVE_BOUND, Key, KeyFileError, KeyId, MarkId, Origin, Payload,
};
pub use filigrane_registry as registry;
pub use filigrane_registry::{
    Entry, RegistryError, SqliteStore, Store, default_path as default_registry_path,
};
pub use fingerprint::{FingerprintEvidence, Likeness};
pub use home::Home;
pub use inspect::{Inspection, Shape, inspect, inspect_file};
pub use marks::{FoundMark, Outcome, Place, Quality};
pub use report::{DetectionReport, ManifestPlace, Report, SCHEMA, Stamped};
pub use requirement::{Requirement, UnknownRequirement, Unmet};
pub use revocation::{
    Before, Layer, ListFacts, Revocation, RevocationError, RevocationEvidence, RevocationList,
    Revoked, Target, revocation_key,
};
pub use stamper::{Marked, StampOptions, Stamper, StamperBuilder, sidecar_path, write_stamped};
pub use verdict::{Evidence, RegisteredEntry, RegistryEvidence, Verdict, explain, judge};
pub use verifier::{Verifier, read_sidecar, stamped_at};

/// Writes a new file that is never laid over an existing one; a secret one is readable by its owner only.
///
/// # Errors
/// The file system's, [`AlreadyExists`](std::io::ErrorKind::AlreadyExists) among them.
pub fn write_new_file(
    path: impl AsRef<std::path::Path>,
    text: &str,
    secret: bool,
) -> std::io::Result<()> {
    files::write_new(path.as_ref(), text, secret)
}

/// Writes a file that appears whole or not at all; an existing one is refused unless `overwrite`.
///
/// # Errors
/// [`Error`] names the file.
pub fn write_file(
    path: impl AsRef<std::path::Path>,
    bytes: &[u8],
    overwrite: bool,
) -> Result<(), Error> {
    files::write(path.as_ref(), bytes, overwrite)
}

/// Whether a text holds trust anchors that a [`Verifier`] would take, and which of them have expired: those vouch only
/// for what was time-stamped before.
///
/// # Errors
/// [`Error::Credentials`] says what is wrong.
pub fn check_anchors(pem: &str) -> Result<Vec<String>, Error> {
    Ok(Trust::none().with_anchors_pem(pem)?.expired())
}

/// Whether a text names signers that a [`Verifier`] would allow.
///
/// # Errors
/// [`Error::Credentials`] says what is wrong.
pub fn check_allowed_signers(text: &str) -> Result<(), Error> {
    Trust::none().with_allowed(text)?;
    Ok(())
}

/// Reads a file within the limit on bytes.
///
/// # Errors
/// [`Error`] names the file.
pub fn read_file(path: impl AsRef<std::path::Path>, limits: &Limits) -> Result<Vec<u8>, Error> {
    let path = path.as_ref();
    files::read(path, limits.max_bytes).map_err(|error| error.in_file(path))
}
