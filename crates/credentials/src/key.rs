//! Private keys: the three kinds that sign claims, plain or under a passphrase.

use std::fmt;

use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use pkcs8::pkcs5::pbes2;
use pkcs8::{EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef, SecretDocument};
use rcgen::KeyPair;
use zeroize::Zeroizing;

use crate::error::CredentialsError;
use crate::identity::Algorithm;

/// PEM label of a key as it is (RFC 7468, section 10).
const PLAIN: &str = "PRIVATE KEY";
/// PEM label of a key under a passphrase (RFC 7468, section 11).
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
/// Rounds of PBKDF2 with HMAC-SHA-256: the OWASP password storage recommendation of 2023.
const ROUNDS: u32 = 600_000;

/// More rounds than this are a damaged or hostile file: RFC 8018, section 4.2, names 10 million for especially critical keys.
const MOST_ROUNDS: u32 = 10_000_000;
/// Most memory of scrypt, in bytes, and most of its passes over it: beyond what `openssl` itself takes by default (32 MiB).
const MOST_SCRYPT_MEMORY: u64 = 256 << 20;
const MOST_SCRYPT_PASSES: u16 = 16;

/// A private key in memory; each kind erases itself when dropped.
#[derive(Clone)]
pub struct PrivateKey(Kind);

#[derive(Clone)]
enum Kind {
    Ed25519(ed25519_dalek::SigningKey),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
}

impl PrivateKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`CredentialsError::Random`], or [`CredentialsError::PrivateKey`] for [`Algorithm::Ps256`], which only
    /// other signers use.
    pub fn generate(algorithm: Algorithm) -> Result<Self, CredentialsError> {
        let kind = match algorithm {
            Algorithm::Ed25519 => {
                Kind::Ed25519(ed25519_dalek::SigningKey::from_bytes(&*random::<32>()?))
            }
            // Less than one in 2^32 draws is no scalar of the group.
            Algorithm::Es256 => Kind::P256(drawn(|| {
                Ok(p256::ecdsa::SigningKey::from_slice(&*random::<32>()?))
            })?),
            Algorithm::Es384 => Kind::P384(drawn(|| {
                Ok(p384::ecdsa::SigningKey::from_slice(&*random::<48>()?))
            })?),
            Algorithm::Ps256 => {
                return Err(key_error(&"RSA keys are for external signers only"));
            }
        };
        Ok(Self(kind))
    }

    /// Reads a key from PKCS#8 PEM: `PRIVATE KEY`, or `ENCRYPTED PRIVATE KEY` (PBES2: PBKDF2 or scrypt, AES) with its
    /// passphrase.
    ///
    /// # Errors
    /// [`CredentialsError::PassphraseMissing`], [`CredentialsError::PassphraseWrong`] or
    /// [`CredentialsError::PrivateKey`].
    pub fn from_pem(pem: &str, passphrase: Option<&str>) -> Result<Self, CredentialsError> {
        let (label, document) = SecretDocument::from_pem(pem).map_err(|error| key_error(&error))?;
        match label {
            PLAIN => Self::from_der(document.as_bytes()),
            ENCRYPTED => {
                let passphrase = passphrase.ok_or(CredentialsError::PassphraseMissing)?;
                let encrypted = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
                    .map_err(|error| key_error(&error))?;
                check_effort(&encrypted)?;
                let plain = encrypted
                    .decrypt(passphrase)
                    .map_err(|_| CredentialsError::PassphraseWrong)?;
                Self::from_der(plain.as_bytes())
            }
            other => Err(key_error(&format!(
                "found `{other}`, which `openssl pkcs8 -topk8` converts"
            ))),
        }
    }

    /// Whether a PEM text is a key under a passphrase.
    #[must_use]
    pub fn is_encrypted(pem: &str) -> bool {
        pem.lines()
            .any(|line| line.trim() == "-----BEGIN ENCRYPTED PRIVATE KEY-----")
    }

    fn from_der(der: &[u8]) -> Result<Self, CredentialsError> {
        if let Ok(key) = ed25519_dalek::SigningKey::from_pkcs8_der(der) {
            return Ok(Self(Kind::Ed25519(key)));
        }
        if let Ok(key) = p256::ecdsa::SigningKey::from_pkcs8_der(der) {
            return Ok(Self(Kind::P256(key)));
        }
        p384::ecdsa::SigningKey::from_pkcs8_der(der)
            .map(|key| Self(Kind::P384(key)))
            .map_err(|_| key_error(&"it is none of Ed25519, P-256 and P-384"))
    }

    /// The key in PKCS#8 PEM, for a file that only its owner may read.
    ///
    /// # Errors
    /// [`CredentialsError::PrivateKey`] when it cannot be encoded.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, CredentialsError> {
        pem(&self.to_der()?, PLAIN)
    }

    /// The key in PKCS#8 PEM under a passphrase: PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC, which `openssl` reads.
    ///
    /// # Errors
    /// [`CredentialsError::Random`], or [`CredentialsError::PrivateKey`] when it cannot be encoded.
    pub fn to_encrypted_pem(
        &self,
        passphrase: &str,
    ) -> Result<Zeroizing<String>, CredentialsError> {
        let (salt, iv) = (random::<16>()?, random::<16>()?);
        let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, &*salt, *iv)
            .map_err(|error| key_error(&error))?;
        let der = self.to_der()?;
        let encrypted = PrivateKeyInfoRef::try_from(der.as_slice())
            .map_err(|error| key_error(&error))?
            .encrypt_with_params(parameters, passphrase)
            .map_err(|error| key_error(&error))?;
        pem(encrypted.as_bytes(), ENCRYPTED)
    }

    fn to_der(&self) -> Result<Zeroizing<Vec<u8>>, CredentialsError> {
        match &self.0 {
            Kind::Ed25519(key) => key
                .to_pkcs8_der()
                .map(|der| Zeroizing::new(der.as_bytes().to_vec()))
                .map_err(|error| key_error(&error)),
            Kind::P256(key) => key
                .to_pkcs8_der()
                .map(|der| Zeroizing::new(der.as_bytes().to_vec()))
                .map_err(|error| key_error(&error)),
            Kind::P384(key) => key
                .to_pkcs8_der()
                .map(|der| Zeroizing::new(der.as_bytes().to_vec()))
                .map_err(|error| key_error(&error)),
        }
    }

    /// The algorithm that the key signs with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self.0 {
            Kind::Ed25519(_) => Algorithm::Ed25519,
            Kind::P256(_) => Algorithm::Es256,
            Kind::P384(_) => Algorithm::Es384,
        }
    }

    /// The public key as a certificate holds it: 32 bytes, or an uncompressed point.
    #[must_use]
    pub fn public_key(&self) -> Vec<u8> {
        match &self.0 {
            Kind::Ed25519(key) => key.verifying_key().as_bytes().to_vec(),
            Kind::P256(key) => key
                .verifying_key()
                .to_encoded_point(false)
                .as_bytes()
                .to_vec(),
            Kind::P384(key) => key
                .verifying_key()
                .to_encoded_point(false)
                .as_bytes()
                .to_vec(),
        }
    }

    /// Signs; ECDSA signatures are r and s, as COSE wants them (RFC 9053, section 2.1).
    ///
    /// # Errors
    /// [`CredentialsError::Signing`] when there is no signature.
    pub fn sign(&self, data: &[u8]) -> Result<Vec<u8>, CredentialsError> {
        let failed = |error: &dyn fmt::Display| CredentialsError::Signing {
            reason: error.to_string(),
        };
        match &self.0 {
            Kind::Ed25519(key) => Ok(ed25519_dalek::Signer::sign(key, data).to_bytes().to_vec()),
            Kind::P256(key) => {
                let signature: p256::ecdsa::Signature =
                    key.try_sign(data).map_err(|error| failed(&error))?;
                Ok(signature.to_bytes().to_vec())
            }
            Kind::P384(key) => {
                let signature: p384::ecdsa::Signature =
                    key.try_sign(data).map_err(|error| failed(&error))?;
                Ok(signature.to_bytes().to_vec())
            }
        }
    }

    /// The key as the maker of certificates wants it.
    pub(crate) fn pair(&self) -> Result<KeyPair, CredentialsError> {
        KeyPair::try_from(self.to_der()?.as_slice()).map_err(|error| {
            CredentialsError::Certificate {
                reason: error.to_string(),
            }
        })
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PrivateKey")
            .field(&self.algorithm())
            .finish()
    }
}

fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, CredentialsError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| CredentialsError::Random)?;
    Ok(bytes)
}

/// Draws until a key comes out, a few times at most.
fn drawn<K, E>(
    draw: impl Fn() -> Result<Result<K, E>, CredentialsError>,
) -> Result<K, CredentialsError> {
    for _ in 0..8 {
        if let Ok(key) = draw()? {
            return Ok(key);
        }
    }
    Err(CredentialsError::Random)
}

fn pem(der: &[u8], label: &'static str) -> Result<Zeroizing<String>, CredentialsError> {
    let document = SecretDocument::try_from(der).map_err(|error| key_error(&error))?;
    let pem = document
        .to_pem(label, LineEnding::LF)
        .map_err(|error| key_error(&error))?;
    Ok(Zeroizing::new(pem.to_string()))
}

/// Refuses a key derivation that would take minutes or gigabytes: the file says how much work it is.
fn check_effort(encrypted: &EncryptedPrivateKeyInfoRef<'_>) -> Result<(), CredentialsError> {
    let Some(parameters) = encrypted.encryption_algorithm.pbes2() else {
        return Ok(());
    };
    if let Some(pbkdf2) = parameters.kdf.pbkdf2()
        && pbkdf2.iteration_count > MOST_ROUNDS
    {
        return Err(key_error(&format!(
            "expected at most {MOST_ROUNDS} rounds of PBKDF2, found {}",
            pbkdf2.iteration_count
        )));
    }
    if let Some(scrypt) = parameters.kdf.scrypt() {
        // RFC 7914, section 2: blocks of 128 bytes times the block size, as many as the cost.
        let block = 128 * u64::from(scrypt.block_size);
        let memory = block.saturating_mul(scrypt.cost_parameter);
        if memory > MOST_SCRYPT_MEMORY || scrypt.parallelization > MOST_SCRYPT_PASSES {
            return Err(key_error(&format!(
                "expected scrypt with at most {MOST_SCRYPT_MEMORY} bytes and {MOST_SCRYPT_PASSES} passes, found {memory} and {}",
                scrypt.parallelization
            )));
        }
    }
    Ok(())
}

fn key_error(error: &dyn fmt::Display) -> CredentialsError {
    CredentialsError::PrivateKey {
        reason: error.to_string(),
    }
}
