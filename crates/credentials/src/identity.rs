//! Who signs.

use std::fmt;

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use ed25519_dalek::{Signer as _, SigningKey};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

use crate::error::CredentialsError;

/// The extended key usage of C2PA claim signing (C2PA certificate policy), after e-mail protection.
const CLAIM_SIGNING: [u64; 9] = [1, 3, 6, 1, 4, 1, 62558, 2, 1];
const CLAIM_SIGNING_TEXT: &str = "1.3.6.1.4.1.62558.2.1";
/// How long development certificates are valid.
const DEVELOPMENT_YEARS: i16 = 5;

/// Signature algorithms of C2PA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Algorithm {
    /// Ed25519.
    Ed25519,
    /// ECDSA on P-256 with SHA-256; signatures as r and s, 64 bytes.
    Es256,
    /// ECDSA on P-384 with SHA-384; signatures as r and s, 96 bytes.
    Es384,
    /// RSASSA-PSS with SHA-256.
    Ps256,
}

/// Something that signs claims: a key in memory, or the front of a key-management service.
pub trait Signer: Send + Sync {
    /// The algorithm of the signatures.
    fn algorithm(&self) -> Algorithm;
    /// The certificate chain in PEM, the signer's own certificate first, the root left out.
    fn chain_pem(&self) -> &str;
    /// Signs the bytes of a claim.
    ///
    /// # Errors
    /// [`CredentialsError::Signing`] when there is no signature.
    fn sign(&self, data: &[u8]) -> Result<Vec<u8>, CredentialsError>;
}

/// A signing key on this machine with its certificate chain. The key is zeroized when dropped.
#[derive(Clone)]
pub struct Identity {
    key: SigningKey,
    chain_pem: String,
    subject: String,
    not_after: i64,
}

/// A new development identity and the anchor under which it is trusted.
#[derive(Debug, Clone)]
pub struct DevelopmentIdentity {
    /// Key and chain.
    pub identity: Identity,
    /// The root certificate, PEM: give it to verifiers that should trust this identity.
    pub anchor_pem: String,
}

impl Identity {
    /// Makes a new identity with a certificate authority of its own, for development. Its names say
    /// that it is not to be trusted.
    ///
    /// # Errors
    /// [`CredentialsError::Random`] or [`CredentialsError::Certificate`].
    pub fn development(name: &str) -> Result<DevelopmentIdentity, CredentialsError> {
        let (root_key, intermediate_key, leaf_key) = (new_key()?, new_key()?, new_key()?);
        let common = |role: &str| format!("{name}: filigrane development {role} - not trusted");
        let root = authority(&common("root"), BasicConstraints::Constrained(1))?;
        let root_pair = pair(&root_key)?;
        let root_certificate = root.self_signed(&root_pair).map_err(certificate_error)?;
        let root_issuer = Issuer::new(root, root_pair);

        let intermediate = authority(&common("authority"), BasicConstraints::Constrained(0))?;
        let intermediate_pair = pair(&intermediate_key)?;
        let intermediate_certificate = intermediate
            .signed_by(&intermediate_pair, &root_issuer)
            .map_err(certificate_error)?;
        let intermediate_issuer = Issuer::new(intermediate, intermediate_pair);

        let leaf = leaf(&common("identity"))?;
        let leaf_certificate = leaf
            .signed_by(&pair(&leaf_key)?, &intermediate_issuer)
            .map_err(certificate_error)?;
        let chain = [&leaf_certificate, &intermediate_certificate]
            .map(Certificate::pem)
            .concat();
        let private = leaf_key
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|error| key_error(&error))?;
        let identity = Self::from_pem(&private, &chain)?;
        Ok(DevelopmentIdentity {
            identity,
            anchor_pem: root_certificate.pem(),
        })
    }

    /// An identity from a private key (Ed25519, PKCS#8 PEM) and its chain (PEM, leaf first).
    ///
    /// # Errors
    /// [`CredentialsError::PrivateKey`], or [`CredentialsError::Chain`] that says in words what
    /// verifiers would refuse: the wrong key or order, no organisation in the subject, a missing
    /// extended key usage, dates.
    pub fn from_pem(private_key_pem: &str, chain_pem: &str) -> Result<Self, CredentialsError> {
        let key = SigningKey::from_pkcs8_pem(private_key_pem).map_err(|error| key_error(&error))?;
        let facts = check_chain(chain_pem, key.verifying_key().as_bytes())?;
        Ok(Self {
            key,
            chain_pem: chain_pem.to_owned(),
            subject: facts.subject,
            not_after: facts.not_after,
        })
    }

    /// The private key in PKCS#8 PEM, for a file that only its owner may read.
    ///
    /// # Errors
    /// [`CredentialsError::PrivateKey`] when it cannot be encoded.
    pub fn private_key_pem(&self) -> Result<Zeroizing<String>, CredentialsError> {
        let pem = self
            .key
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|error| key_error(&error))?;
        Ok(Zeroizing::new(pem.to_string()))
    }

    /// Common name of the signer's certificate.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// When the signer's certificate expires, seconds since 1970.
    #[must_use]
    pub const fn not_after(&self) -> i64 {
        self.not_after
    }
}

impl Signer for Identity {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Ed25519
    }

    fn chain_pem(&self) -> &str {
        &self.chain_pem
    }

    fn sign(&self, data: &[u8]) -> Result<Vec<u8>, CredentialsError> {
        Ok(self.key.sign(data).to_bytes().to_vec())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

fn new_key() -> Result<SigningKey, CredentialsError> {
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(secret.as_mut_slice()).map_err(|_| CredentialsError::Random)?;
    Ok(SigningKey::from_bytes(&secret))
}

fn pair(key: &SigningKey) -> Result<KeyPair, CredentialsError> {
    let pem = key
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|error| key_error(&error))?;
    KeyPair::from_pem(&pem).map_err(certificate_error)
}

/// What all certificates of a development identity have in common.
fn parameters(common_name: &str) -> Result<CertificateParams, CredentialsError> {
    let mut parameters = CertificateParams::new(Vec::new()).map_err(certificate_error)?;
    parameters
        .distinguished_name
        .push(DnType::CountryName, "ZZ");
    parameters.distinguished_name.push(
        DnType::OrganizationName,
        "filigrane development, not trusted",
    );
    parameters
        .distinguished_name
        .push(DnType::CommonName, common_name);
    parameters.use_authority_key_identifier_extension = true;
    // A day early: clocks differ.
    let today = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let yesterday = today
        .yesterday()
        .map_err(|error| CredentialsError::Certificate {
            reason: error.to_string(),
        })?;
    let day = |year: i16, month: i8, day: i8| {
        rcgen::date_time_ymd(
            i32::from(year),
            month.unsigned_abs(),
            day.unsigned_abs().min(28),
        )
    };
    parameters.not_before = day(yesterday.year(), yesterday.month(), yesterday.day());
    parameters.not_after = day(
        yesterday.year() + DEVELOPMENT_YEARS,
        yesterday.month(),
        yesterday.day(),
    );
    Ok(parameters)
}

fn authority(
    common_name: &str,
    constraints: BasicConstraints,
) -> Result<CertificateParams, CredentialsError> {
    let mut parameters = parameters(common_name)?;
    parameters.is_ca = IsCa::Ca(constraints);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(parameters)
}

fn leaf(common_name: &str) -> Result<CertificateParams, CredentialsError> {
    let mut parameters = parameters(common_name)?;
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::EmailProtection,
        ExtendedKeyUsagePurpose::Other(CLAIM_SIGNING.to_vec()),
    ];
    Ok(parameters)
}

/// What is told of a chain.
struct Facts {
    subject: String,
    not_after: i64,
}

/// Checks what verifiers check, so that nothing is signed in vain.
fn check_chain(chain_pem: &str, public_key: &[u8]) -> Result<Facts, CredentialsError> {
    let certificates =
        der_certificates(chain_pem).map_err(|reason| CredentialsError::Chain { reason })?;
    let refuse = |reason: String| Err(CredentialsError::Chain { reason });
    let parsed: Result<Vec<X509Certificate<'_>>, _> = certificates
        .iter()
        .map(|der| X509Certificate::from_der(der).map(|(_, certificate)| certificate))
        .collect();
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return refuse(format!("a certificate cannot be read ({error})")),
    };
    let Some(leaf) = parsed.first() else {
        return refuse("it holds no certificate".to_owned());
    };
    if leaf.public_key().subject_public_key.data.as_ref() != public_key {
        return refuse(
            "the first certificate belongs to another private key; the signer's own comes first"
                .to_owned(),
        );
    }
    if leaf.is_ca() {
        return refuse("the first certificate is an authority's; claims are signed by an end-entity certificate".to_owned());
    }
    for pair in parsed.windows(2) {
        if let [certificate, issuer] = pair
            && certificate.issuer().as_raw() != issuer.subject().as_raw()
        {
            return refuse(format!(
                "`{}` is not issued by the certificate after it",
                certificate.subject()
            ));
        }
    }
    if leaf.subject().iter_organization().next().is_none() {
        return refuse(
            "the subject has no organisation (O), without which the signature reads as invalid"
                .to_owned(),
        );
    }
    let digital_signature = leaf
        .key_usage()
        .ok()
        .flatten()
        .is_some_and(|usage| usage.value.digital_signature());
    if !digital_signature {
        return refuse("the key usage does not allow digital signatures".to_owned());
    }
    let usage = leaf.extended_key_usage().ok().flatten();
    let allows = usage.as_ref().is_some_and(|usage| {
        usage.value.email_protection
            || usage
                .value
                .other
                .iter()
                .any(|oid| oid.to_id_string() == CLAIM_SIGNING_TEXT)
    });
    if !allows {
        return refuse(format!(
            "the extended key usage allows neither e-mail protection nor {CLAIM_SIGNING_TEXT}"
        ));
    }
    let validity = leaf.validity();
    let now = jiff::Timestamp::now().as_second();
    if !(validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&now) {
        return refuse(format!(
            "it is valid from {} to {} only",
            validity.not_before, validity.not_after
        ));
    }
    let name = leaf
        .subject()
        .iter_common_name()
        .next()
        .and_then(|name| name.as_str().ok());
    let subject = name.map_or_else(|| leaf.subject().to_string(), str::to_owned);
    Ok(Facts {
        subject,
        not_after: validity.not_after.timestamp(),
    })
}

/// The certificates of a PEM text, as DER.
pub(crate) fn der_certificates(pem: &str) -> Result<Vec<Vec<u8>>, String> {
    let blocks: Result<Vec<_>, _> =
        x509_parser::pem::Pem::iter_from_buffer(pem.as_bytes()).collect();
    let blocks = blocks.map_err(|error| format!("it is not PEM ({error})"))?;
    let certificates: Vec<Vec<u8>> = blocks
        .into_iter()
        .filter(|block| block.label == "CERTIFICATE")
        .map(|block| block.contents)
        .collect();
    if certificates.is_empty() {
        Err("it holds no certificate".to_owned())
    } else {
        Ok(certificates)
    }
}

fn key_error(error: &dyn fmt::Display) -> CredentialsError {
    CredentialsError::PrivateKey {
        reason: error.to_string(),
    }
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn certificate_error(error: rcgen::Error) -> CredentialsError {
    CredentialsError::Certificate {
        reason: error.to_string(),
    }
}
