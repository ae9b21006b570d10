//! Why something could not be signed or read.

/// Why something could not be signed or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The format carries no manifest here.
    #[error("`{mime}` files cannot carry an embedded manifest here")]
    UnsupportedFormat {
        /// The file's MIME type.
        mime: String,
    },
    /// The private key is not what is expected.
    #[error("the private key is not an Ed25519, P-256 or P-384 key in PKCS#8 PEM: {reason}")]
    PrivateKey {
        /// What is wrong.
        reason: String,
    },
    /// The private key is under a passphrase, and none was given.
    #[error("the private key is under a passphrase, and none was given")]
    PassphraseMissing,
    /// The private key cannot be decrypted.
    #[error(
        "the private key cannot be decrypted: the passphrase is wrong or its encryption is none of PBES2's with AES"
    )]
    PassphraseWrong,
    /// The certificate chain would not be accepted by verifiers.
    #[error("the certificate chain would not be accepted: {reason}")]
    Chain {
        /// What is wrong, in words.
        reason: String,
    },
    /// The trust anchors cannot be read.
    #[error("the trust anchors cannot be used: {reason}")]
    Anchors {
        /// What is wrong.
        reason: String,
    },
    /// All trust anchors have expired.
    #[error("the trust anchors cannot be used: expected one that is valid, found {found}")]
    AnchorsExpired {
        /// What they are.
        found: String,
    },
    /// A list of allowed signers cannot be read.
    #[error("the allowed list cannot be used: {reason}")]
    Allowed {
        /// What is wrong.
        reason: String,
    },
    /// A text should hold certificates.
    #[error("expected certificates in PEM: {reason}")]
    Unusable {
        /// What is wrong.
        reason: String,
    },
    /// Making a certificate failed.
    #[error("a certificate could not be made: {reason}")]
    Certificate {
        /// What is wrong.
        reason: String,
    },
    /// Signing failed.
    #[error("the manifest could not be signed: {reason}")]
    Signing {
        /// What is wrong.
        reason: String,
    },
    /// There is no time-stamp.
    #[error("the time-stamp authority gave no time-stamp: {reason}")]
    TimeStamp {
        /// What is wrong.
        reason: String,
    },
    /// The file's structure cannot be read far enough to look for a manifest.
    #[error("the file could not be searched for a manifest: {reason}")]
    Unreadable {
        /// What is wrong.
        reason: String,
    },
    /// The system gave no random bytes.
    #[error("the system's random generator gave no bytes")]
    Random,
}

/// Text that quotes what came from outside, as it may be shown: it steers no terminal.
pub(crate) fn plain(text: &impl ToString) -> String {
    text.to_string().replace(char::is_control, " ")
}
