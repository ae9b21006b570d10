//! What is remembered of one stamped file.

use filigrane_payload::{KeyId, MarkId, Origin};
use sha2::{Digest, Sha256};

use crate::merkle::{Hash, leaf_hash};

/// What the data of an entry's leaf begins with.
const ENTRY_LEAF: &[u8] = b"filigrane-registry-entry/1\0";
/// What the data of a tombstone's leaf begins with.
const TOMBSTONE_LEAF: &[u8] = b"filigrane-registry-tombstone/1\0";

/// Random bytes in an entry's leaf: without them nobody can tell from the leaf's hash what it was once the entry
/// is forgotten, not even by trying.
pub(crate) type Salt = [u8; 32];

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// A picture.
    Image,
    /// A sound.
    Audio,
}

impl Medium {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Image, Self::Audio]
            .into_iter()
            .find(|medium| medium.as_str() == text)
    }
}

/// Facts of the stamped file, to recognise it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// What it holds.
    pub medium: Medium,
    /// Its MIME type.
    pub mime: String,
    /// BLAKE3 of its bytes.
    pub hash: [u8; 32],
    /// Number of its bytes.
    pub bytes: u64,
    /// Columns of a picture, or samples per channel of a sound.
    pub width: u64,
    /// Rows of a picture, or channels of a sound.
    pub height: u64,
}

/// What a file's content looks or sounds like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// How it is computed; hashes of one scheme are compared with each other only.
    pub scheme: u8,
    /// A hash whose Hamming distance grows with the difference of the content; not all zero.
    pub hash: [u8; 32],
    /// What else the scheme compares.
    pub detail: Vec<u8>,
}

impl Fingerprint {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        [&[self.scheme], &self.hash[..], &self.detail].concat()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (scheme, rest) = bytes.split_first()?;
        let (hash, detail) = rest.split_first_chunk()?;
        Some(Self {
            scheme: *scheme,
            hash: *hash,
            detail: detail.to_vec(),
        })
    }
}

/// What is remembered of one stamped file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The identifier that its mark carries.
    pub id: MarkId,
    /// The key that it was marked with.
    pub key_id: KeyId,
    /// What its mark says of its origin.
    pub origin: Origin,
    /// When it was stamped, milliseconds since 1970.
    pub stamped_at_ms: i64,
    /// Facts of the file.
    pub file: FileFacts,
    /// The program that stamped it.
    pub generator: String,
    /// Its manifest (JUMBF); empty where it was not signed.
    pub manifest: Vec<u8>,
    /// What its content looks or sounds like, where that was computed.
    pub fingerprint: Option<Fingerprint>,
}

impl Entry {
    /// The hash of the entry's leaf in the log. Its data are the salt and the fields in the order of the structure,
    /// each behind its length (four bytes, little-endian); the manifest stands in by its SHA-256, and a fingerprint that
    /// is not there by nothing.
    pub(crate) fn leaf_hash(&self, salt: &Salt) -> Hash {
        let file = &self.file;
        let key_id = self.key_id.to_string();
        let fields: [&[u8]; 12] = [
            &self.id.to_bytes(),
            key_id.as_bytes(),
            &[self.origin.code()],
            &self.stamped_at_ms.to_le_bytes(),
            file.medium.as_str().as_bytes(),
            file.mime.as_bytes(),
            &file.hash,
            &file.bytes.to_le_bytes(),
            &file.width.to_le_bytes(),
            &file.height.to_le_bytes(),
            self.generator.as_bytes(),
            &Sha256::digest(&self.manifest),
        ];
        let mut data = [ENTRY_LEAF, salt].concat();
        let fingerprint = self.fingerprint.as_ref().map(Fingerprint::to_bytes);
        for field in fields.into_iter().chain(fingerprint.as_deref()) {
            let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
            data.extend_from_slice(&length.to_le_bytes());
            data.extend_from_slice(field);
        }
        leaf_hash(&data)
    }
}

/// The leaf that says that another one's entry was forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tombstone {
    /// The leaf whose entry was forgotten.
    pub(crate) forgets: u64,
    /// When, milliseconds since 1970.
    pub(crate) at_ms: i64,
}

impl Tombstone {
    pub(crate) fn leaf_hash(self) -> Hash {
        let (leaf, at) = (self.forgets.to_le_bytes(), self.at_ms.to_le_bytes());
        leaf_hash(&[TOMBSTONE_LEAF, &leaf, &at].concat())
    }
}
