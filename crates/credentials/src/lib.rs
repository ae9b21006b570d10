//! The C2PA side of filigrane: signing identities, manifests, soft bindings, reading and trust.
//!
//! This is the only crate that sees the `c2pa` library; its own types carry everything that others
//! need. The network is reached by what is given an address or hosts for it: [`HttpTimeStamper`] and [`Fetcher`].
//!
//! - [`Identity`] signs: a local [`PrivateKey`] with its certificate chain, or a loud
//!   [development identity](Identity::development). [`CommandSigner`] asks another program, and anything else
//!   implements [`Signer`].
//! - [`sign`] puts a signed manifest into a file, as [`ManifestRequest`] asks.
//! - [`read`], [`read_detached`] and [`read_apart`] say what is there, as [`Credentials`], judged against
//!   [`Trust`]; [`cr_json`] shows all of it.

mod certificate;
mod command;
mod cr_json;
mod disclosure;
mod error;
mod exclusion;
mod explain;
mod fetch;
mod identity;
mod key;
mod lengths;
mod manifest;
mod read;
mod signing_time;
mod soft_binding;
mod time_stamp;
mod trust;

pub use certificate::CertificateId;
pub use command::CommandSigner;
pub use cr_json::cr_json;
pub use disclosure::{
    DISCLOSURE, Disclosure, Permission, PromptHash, System, TrainingMining, UnknownPermission,
};
pub use error::CredentialsError;
pub use fetch::{FetchError, Fetched, Fetcher};
pub use identity::{
    Algorithm, DevelopmentIdentity, Identity, Signer, Subject, certificate_request,
};
pub use key::PrivateKey;
pub use manifest::{ClaimedOrigin, ManifestRequest, Parent, Signed, sign};
pub use read::{Credentials, Failure, IngredientSummary, State, read, read_apart, read_detached};
pub use soft_binding::SoftBinding;
pub use time_stamp::{HttpTimeStamper, TimeStampMode, TimeStamper, TimeStamping};
pub use trust::Trust;

/// MIME types whose files may carry an embedded manifest, and be parsed for one. TIFF is left out:
/// signing it breaks other readers, and reading hostile ones takes minutes.
const SUPPORTED: [&str; 13] = [
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "image/avif",
    "image/heic",
    "image/jxl",
    "image/svg+xml",
    "audio/wav",
    "audio/flac",
    "audio/mpeg",
    "audio/mp4",
    "video/mp4",
];

/// Further MIME types whose manifests stay beside their files.
const SIDECAR_ONLY: [&str; 3] = ["image/tiff", "image/bmp", "audio/opus"];

/// Whether manifests of files of this MIME type can lie beside them.
#[must_use]
pub fn supports_sidecar(mime: &str) -> bool {
    supports(mime) || SIDECAR_ONLY.contains(&mime)
}

/// Whether files of this MIME type can be signed and read.
#[must_use]
pub fn supports(mime: &str) -> bool {
    SUPPORTED.contains(&mime)
}
