//! Results in the shape that others rely on.

use filigrane_credentials::Credentials;
use filigrane_image::Search;
use filigrane_media::Format;
use serde::{Serialize, Serializer};

use crate::fingerprint::FingerprintEvidence;
use crate::marks::{Outcome, Quality};
use crate::revocation::RevocationEvidence;
use crate::verdict::{RegistryEvidence, Verdict};

/// Version of the JSON that is printed.
pub const SCHEMA: u8 = 1;

/// What verifying a file came to: all layers, and one verdict.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Version of this shape.
    pub schema: u8,
    /// Always `verification`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The file as it was named.
    pub file: String,
    /// `image` or `audio`.
    pub media: String,
    /// The file's format.
    #[serde(serialize_with = "format_name")]
    pub format: Format,
    /// What all layers together come to.
    pub verdict: Verdict,
    /// The same in plain words.
    pub explanation: String,
    /// How far marks were looked for; written where that was not everything.
    #[serde(skip_serializing_if = "is_full", serialize_with = "search_name")]
    pub search: Search,
    /// The watermark layer.
    pub watermark: Outcome,
    /// The credentials layer.
    pub credentials: Credentials,
    /// Whether the trust in the credentials rests on this machine's development identity.
    pub development_identity: bool,
    /// The registry.
    pub registry: RegistryEvidence,
    /// The fingerprint layer.
    pub fingerprint: FingerprintEvidence,
    /// What of all this was revoked, and by which lists; nothing where none was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocations: Option<RevocationEvidence>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// What looking for the watermark alone came to.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct DetectionReport {
    /// Version of this shape.
    pub schema: u8,
    /// Always `detection`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The file as it was named.
    pub file: String,
    /// `image` or `audio`.
    pub media: String,
    /// How far marks were looked for; written where that was not everything.
    #[serde(skip_serializing_if = "is_full", serialize_with = "search_name")]
    pub search: Search,
    /// What was found.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// Where a stamped file's manifest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ManifestPlace {
    /// Nowhere: it was not signed.
    None,
    /// In the file.
    Embedded,
    /// In a file of its own beside it.
    Sidecar,
}

/// What was stamped or embedded.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Stamped {
    /// Version of this shape.
    pub schema: u8,
    /// `stamp`, or `embed` where only the watermark was put in.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The identifier, 22 hexadecimal digits.
    pub id: String,
    /// What the mark says of the origin.
    pub origin: String,
    /// The key that marked.
    pub key_id: String,
    /// The format that was written.
    #[serde(serialize_with = "format_name")]
    pub format: Format,
    /// What embedding cost; nothing where a mark was kept, or none is there.
    #[serde(flatten)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
    /// Bound with which the mark reads back from the finished file; nothing where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// The signer, where it was signed.
    pub signer: Option<String>,
    /// Whether an authority time-stamped the signature.
    pub time_stamped: bool,
    /// Why not, where it was asked for and is not insisted on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_stamp_failure: Option<String>,
    /// Where the manifest is.
    pub manifest: ManifestPlace,
    /// The manifest (JUMBF) where it belongs beside the file.
    #[serde(skip)]
    pub sidecar: Option<Vec<u8>>,
    /// Whether it was registered.
    pub registered: bool,
    /// Bytes of the finished file.
    pub bytes: u64,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

fn is_full(search: &Search) -> bool {
    *search == Search::Full
}

fn search_name<S: Serializer>(search: &Search, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(search)
}

fn format_name<S: Serializer>(format: &Format, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(format.name())
}
