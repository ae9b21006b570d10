//! The log's key and its signed heads: checkpoints in signed notes.
//!
//! Formats of the C2SP: [signed-note](https://c2sp.org/signed-note) and
//! [tlog-checkpoint](https://c2sp.org/tlog-checkpoint), so that other people's monitors read them too.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::merkle::Hash;

/// Signature type of Ed25519 in signed notes.
const ED25519: u8 = 1;
/// A note with more signatures is none that we wrote.
const MOST_SIGNATURES: usize = 16;

/// What is wrong with a checkpoint or a log's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// It is not a signed note.
    #[error("it is not a signed note")]
    Note,
    /// The note's text is no checkpoint.
    #[error("the note is not a checkpoint: expected an origin, a size and a root hash")]
    Checkpoint,
    /// There is no signature of the expected key.
    #[error("it bears no signature of the expected key")]
    Unsigned,
    /// The signature does not hold.
    #[error("its signature does not hold")]
    Signature,
    /// It is not a verifier key.
    #[error("it is not a verifier's key: expected `NAME+HASH+KEY` as C2SP signed notes have it")]
    VerifierKey,
    /// It is not a private key.
    #[error("it is not an Ed25519 key in PKCS#8 PEM")]
    PrivateKey,
    /// The system gave no random bytes.
    #[error("the system's random generator gave no bytes")]
    Random,
}

/// A log's private key: it signs heads.
pub(crate) struct LogKey(SigningKey);

impl LogKey {
    pub(crate) fn generate() -> Result<Self, NoteError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(|_| NoteError::Random)?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    pub(crate) fn from_pem(pem: &str) -> Result<Self, NoteError> {
        SigningKey::from_pkcs8_pem(pem)
            .map(Self)
            .map_err(|_| NoteError::PrivateKey)
    }

    pub(crate) fn to_pem(&self) -> Result<Zeroizing<String>, NoteError> {
        self.0
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|_| NoteError::PrivateKey)
    }

    /// The key that checks what this one signs. Its name comes from its hash: logs have names of their own without
    /// anybody choosing them.
    pub(crate) fn verifier(&self) -> VerifierKey {
        VerifierKey::named("filigrane-registry", self.0.verifying_key())
    }

    /// The note of a checkpoint.
    pub(crate) fn sign(&self, checkpoint: &Checkpoint) -> String {
        let body = checkpoint.body();
        let signature = self.0.sign(body.as_bytes());
        self.verifier().note(&body, &signature.to_bytes())
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogKey").field(&self.verifier()).finish()
    }
}

/// The public key of a log, or of who else signs notes, in text as `NAME+HASH+KEY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

impl VerifierKey {
    /// An Ed25519 key for notes of a kind; its name is the kind and a hash of the key.
    ///
    /// # Errors
    /// [`NoteError::VerifierKey`] when the bytes are no key or the kind is empty or has spaces or a `+`.
    pub fn new(kind: &str, key: &[u8]) -> Result<Self, NoteError> {
        let key: Option<[u8; 32]> = key.try_into().ok();
        let key = key.and_then(|key| VerifyingKey::from_bytes(&key).ok());
        let is_plain = !kind.is_empty() && !kind.contains(|c: char| c.is_whitespace() || c == '+');
        match key {
            Some(key) if is_plain => Ok(Self::named(kind, key)),
            _ => Err(NoteError::VerifierKey),
        }
    }

    fn named(kind: &str, key: VerifyingKey) -> Self {
        let hash: String = Sha256::digest(key.as_bytes())
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            name: format!("{kind}/{hash}"),
            key,
        }
    }

    /// The signed note of a text with this key's signature over it. The text ends with a line break.
    #[must_use]
    pub fn note(&self, text: &str, signature: &[u8; 64]) -> String {
        let bytes = [&self.hash()[..], signature].concat();
        format!(
            "{text}\n— {} {}\n",
            self.name,
            Base64::encode_string(&bytes)
        )
    }

    /// The text of a signed note, if this key signed it.
    ///
    /// # Errors
    /// [`NoteError`] when it is no note, or is not signed by this key.
    pub fn open<'a>(&self, note: &'a str) -> Result<&'a str, NoteError> {
        let end = note.rfind("\n\n").ok_or(NoteError::Note)?;
        let (text, signatures) = (
            note.get(..=end).ok_or(NoteError::Note)?,
            note.get(end + 2..).ok_or(NoteError::Note)?,
        );
        let signature = signature(signatures, self)?;
        self.key
            .verify_strict(text.as_bytes(), &signature)
            .map_err(|_| NoteError::Signature)?;
        Ok(text)
    }

    /// The key's name, which is also the origin in its checkpoints.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What signatures say of their key: the first four bytes of a hash over name and key.
    fn hash(&self) -> [u8; 4] {
        let digest = Sha256::new()
            .chain_update(&self.name)
            .chain_update([b'\n', ED25519])
            .chain_update(self.key.as_bytes())
            .finalize();
        let [a, b, c, d, ..] = <[u8; 32]>::from(digest);
        [a, b, c, d]
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[ED25519], &self.key.as_bytes()[..]].concat();
        let hash = u32::from_be_bytes(self.hash());
        write!(
            f,
            "{}+{hash:08x}+{}",
            self.name,
            Base64::encode_string(&key)
        )
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let parse = || {
            let (name, rest) = text.trim().split_once('+')?;
            let (hash, key) = rest.split_once('+')?;
            let key = Base64::decode_vec(key).ok()?;
            let key = VerifyingKey::from_bytes(key.strip_prefix(&[ED25519])?.try_into().ok()?);
            let key = Self {
                name: name.to_owned(),
                key: key.ok()?,
            };
            let stated = u32::from_str_radix(hash, 16).ok()?;
            let has_name = !name.is_empty() && !name.contains(char::is_whitespace);
            (has_name && stated == u32::from_be_bytes(key.hash())).then_some(key)
        };
        parse().ok_or(NoteError::VerifierKey)
    }
}

/// The head of a log: how many leaves it has, and the root over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root of the Merkle tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// Reads a signed checkpoint.
    ///
    /// # Errors
    /// [`NoteError`] when it is none, or is not signed by this key.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, NoteError> {
        let checkpoint = Self::parse(key.open(note)?).ok_or(NoteError::Checkpoint)?;
        if checkpoint.origin == key.name {
            Ok(checkpoint)
        } else {
            Err(NoteError::Checkpoint)
        }
    }

    fn body(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            Base64::encode_string(&self.root)
        )
    }

    fn parse(body: &str) -> Option<Self> {
        let mut lines = body.lines();
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let is_plain = size == "0"
            || (!size.starts_with('0') && size.bytes().all(|byte| byte.is_ascii_digit()));
        Some(Self {
            origin: (!origin.is_empty()).then(|| origin.to_owned())?,
            size: is_plain.then(|| size.parse().ok())??,
            root: Base64::decode_vec(root).ok()?.try_into().ok()?,
        })
    }
}

/// The signature of a key among a note's.
fn signature(lines: &str, key: &VerifierKey) -> Result<Signature, NoteError> {
    for line in lines.lines().take(MOST_SIGNATURES) {
        let parts = line
            .strip_prefix("— ")
            .and_then(|rest| rest.split_once(' '));
        let (name, bytes) = parts.ok_or(NoteError::Note)?;
        if name != key.name {
            continue;
        }
        let bytes = Base64::decode_vec(bytes).map_err(|_| NoteError::Note)?;
        if let Some(signature) = bytes.strip_prefix(&key.hash()[..]) {
            return Signature::from_slice(signature).map_err(|_| NoteError::Signature);
        }
    }
    Err(NoteError::Unsigned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint(key: &LogKey) -> Checkpoint {
        Checkpoint {
            origin: key.verifier().name,
            size: 20_852_163,
            root: [0xa5; 32],
        }
    }

    #[test]
    fn checkpoints_come_back() {
        let key = LogKey::generate().unwrap();
        let verifier: VerifierKey = key.verifier().to_string().parse().unwrap();
        assert_eq!(verifier, key.verifier());
        let note = key.sign(&checkpoint(&key));
        assert_eq!(Checkpoint::open(&note, &verifier), Ok(checkpoint(&key)));
        // Somebody else's signature beside ours changes nothing.
        let other = LogKey::generate().unwrap();
        let theirs = other.sign(&checkpoint(&key));
        let both = format!("{note}{}\n", theirs.lines().last().unwrap());
        assert_eq!(Checkpoint::open(&both, &verifier), Ok(checkpoint(&key)));
        let again = LogKey::from_pem(&key.to_pem().unwrap()).unwrap();
        assert_eq!(again.verifier(), verifier);
    }

    #[test]
    fn what_was_changed_is_refused() {
        let key = LogKey::generate().unwrap();
        let note = key.sign(&checkpoint(&key));
        let open = |text: &str| Checkpoint::open(text, &key.verifier());
        assert_eq!(
            open(&note.replace("20852163", "20852164")),
            Err(NoteError::Signature)
        );
        let other = LogKey::generate().unwrap();
        assert_eq!(
            open(&other.sign(&checkpoint(&other))),
            Err(NoteError::Unsigned)
        );
        assert_eq!(open(""), Err(NoteError::Note));
        assert_eq!(open("a\n\nb"), Err(NoteError::Note));
        for size in ["-1", "01", "", "1e3", "99999999999999999999999"] {
            let body = format!("{}\n{size}\n", key.verifier().name);
            assert_eq!(Checkpoint::parse(&body), None, "{size}");
        }
        for text in ["", "a+b", "a+00000000+AQ==", "+00000000+"] {
            assert_eq!(text.parse::<VerifierKey>(), Err(NoteError::VerifierKey));
        }
    }

    /// The key of the Go checksum database, which the formats of C2SP began with: its hash is computed the same way.
    #[test]
    fn the_format_is_that_of_others() {
        let text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
        let key: VerifierKey = text.parse().unwrap();
        assert_eq!(key.name(), "sum.golang.org");
        assert_eq!(key.to_string(), text);
    }
}
