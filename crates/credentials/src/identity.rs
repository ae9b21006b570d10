//! Who signs.

use std::fmt;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyUsagePurpose,
};
use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo, X509Certificate};
use zeroize::Zeroizing;

use crate::error::CredentialsError;
use crate::key::PrivateKey;

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
    key: PrivateKey,
    chain_pem: String,
    facts: ChainFacts,
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
        Self::development_with(name, PrivateKey::generate(Algorithm::Ed25519)?)
    }

    /// As [`development`](Self::development), for a key that is there.
    ///
    /// # Errors
    /// [`CredentialsError::Random`] or [`CredentialsError::Certificate`].
    pub fn development_with(
        name: &str,
        leaf_key: PrivateKey,
    ) -> Result<DevelopmentIdentity, CredentialsError> {
        let new_key = || PrivateKey::generate(Algorithm::Ed25519);
        let (root_key, intermediate_key) = (new_key()?, new_key()?);
        let common = |role: &str| format!("{name}: filigrane development {role} - not trusted");
        let root = authority(&common("root"), BasicConstraints::Constrained(1))?;
        let root_pair = root_key.pair()?;
        let root_certificate = root.self_signed(&root_pair).map_err(certificate_error)?;
        let root_issuer = Issuer::new(root, root_pair);

        let intermediate = authority(&common("authority"), BasicConstraints::Constrained(0))?;
        let intermediate_pair = intermediate_key.pair()?;
        let intermediate_certificate = intermediate
            .signed_by(&intermediate_pair, &root_issuer)
            .map_err(certificate_error)?;
        let intermediate_issuer = Issuer::new(intermediate, intermediate_pair);

        let leaf = leaf(&common("identity"))?;
        let leaf_certificate = leaf
            .signed_by(&leaf_key.pair()?, &intermediate_issuer)
            .map_err(certificate_error)?;
        let chain = [&leaf_certificate, &intermediate_certificate]
            .map(Certificate::pem)
            .concat();
        let identity = Self::new(leaf_key, &chain)?;
        Ok(DevelopmentIdentity {
            identity,
            anchor_pem: root_certificate.pem(),
        })
    }

    /// An identity from a private key and its chain (PEM, leaf first).
    ///
    /// # Errors
    /// [`CredentialsError::Chain`] that says in words what verifiers would refuse: the wrong key or order, no
    /// organisation in the subject, a missing extended key usage, dates.
    pub fn new(key: PrivateKey, chain_pem: &str) -> Result<Self, CredentialsError> {
        let facts = check_chain(chain_pem, Some(&key.public_key()))?;
        Ok(Self {
            key,
            chain_pem: chain_pem.to_owned(),
            facts,
        })
    }

    /// An identity from a private key in PKCS#8 PEM that needs no passphrase, and its chain.
    ///
    /// # Errors
    /// As [`PrivateKey::from_pem`] and [`new`](Self::new).
    pub fn from_pem(private_key_pem: &str, chain_pem: &str) -> Result<Self, CredentialsError> {
        Self::new(PrivateKey::from_pem(private_key_pem, None)?, chain_pem)
    }

    /// The private key in PKCS#8 PEM, for a file that only its owner may read.
    ///
    /// # Errors
    /// [`CredentialsError::PrivateKey`] when it cannot be encoded.
    pub fn private_key_pem(&self) -> Result<Zeroizing<String>, CredentialsError> {
        self.key.to_pem()
    }

    /// The private key in PKCS#8 PEM under a passphrase.
    ///
    /// # Errors
    /// As [`PrivateKey::to_encrypted_pem`].
    pub fn encrypted_private_key_pem(
        &self,
        passphrase: &str,
    ) -> Result<Zeroizing<String>, CredentialsError> {
        self.key.to_encrypted_pem(passphrase)
    }

    /// Common name of the signer's certificate.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.facts.subject
    }

    /// When the signer's certificate expires, seconds since 1970.
    #[must_use]
    pub const fn not_after(&self) -> i64 {
        self.facts.not_after
    }
}

impl Signer for Identity {
    fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    fn chain_pem(&self) -> &str {
        &self.chain_pem
    }

    fn sign(&self, data: &[u8]) -> Result<Vec<u8>, CredentialsError> {
        self.key.sign(data)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("subject", &self.facts.subject)
            .finish_non_exhaustive()
    }
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
    claim_signing(&mut parameters);
    Ok(parameters)
}

/// The usages that the C2PA certificate profile asks for.
fn claim_signing(parameters: &mut CertificateParams) {
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::EmailProtection,
        ExtendedKeyUsagePurpose::Other(CLAIM_SIGNING.to_vec()),
    ];
}

/// What is told of a chain.
#[derive(Debug, Clone)]
pub(crate) struct ChainFacts {
    /// Common name of the signer's certificate.
    pub(crate) subject: String,
    /// Its last second, since 1970.
    pub(crate) not_after: i64,
    /// What its key signs with.
    pub(crate) algorithm: Algorithm,
}

/// Checks what verifiers check, so that nothing is signed in vain. Without `public_key` any key may be the signer's.
pub(crate) fn check_chain(
    chain_pem: &str,
    public_key: Option<&[u8]>,
) -> Result<ChainFacts, CredentialsError> {
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
    if public_key.is_some_and(|key| leaf.public_key().subject_public_key.data.as_ref() != key) {
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
                certificate.subject().to_string().escape_debug()
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
    let Some(algorithm) = algorithm_of(leaf.public_key()) else {
        return refuse(format!(
            "its key is none of Ed25519, P-256, P-384 and RSA (found algorithm {})",
            leaf.public_key().algorithm.algorithm
        ));
    };
    let name = leaf
        .subject()
        .iter_common_name()
        .next()
        .and_then(|name| name.as_str().ok());
    let subject = name.map_or_else(|| leaf.subject().to_string(), str::to_owned);
    Ok(ChainFacts {
        subject,
        not_after: validity.not_after.timestamp(),
        algorithm,
    })
}

/// What a certificate's key signs with (RFC 8410, RFC 5480, RFC 4055).
fn algorithm_of(key: &SubjectPublicKeyInfo<'_>) -> Option<Algorithm> {
    match key.algorithm.algorithm.to_id_string().as_str() {
        "1.3.101.112" => Some(Algorithm::Ed25519),
        "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" => Some(Algorithm::Ps256),
        "1.2.840.10045.2.1" => {
            let curve = key.algorithm.parameters.as_ref()?.as_oid().ok()?;
            match curve.to_id_string().as_str() {
                "1.2.840.10045.3.1.7" => Some(Algorithm::Es256),
                "1.3.132.0.34" => Some(Algorithm::Es384),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Who asks an authority for a certificate.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Common name (CN).
    pub common_name: &'a str,
    /// Organisation (O); without one verifiers refuse the signature.
    pub organization: &'a str,
    /// Country (C), two letters of ISO 3166.
    pub country: Option<&'a str>,
}

/// A certificate signing request (PKCS#10, PEM) for a real authority. It asks for the profile of C2PA claim signing:
/// digital signatures, e-mail protection and the C2PA usage, no authority.
///
/// # Errors
/// [`CredentialsError::Certificate`] when a field of the subject is empty or the country is not two capital letters.
pub fn certificate_request(
    key: &PrivateKey,
    subject: Subject<'_>,
) -> Result<String, CredentialsError> {
    let refuse = |reason: &str| {
        Err(CredentialsError::Certificate {
            reason: reason.to_owned(),
        })
    };
    if subject.common_name.trim().is_empty() || subject.organization.trim().is_empty() {
        return refuse("expected a name and an organisation, found an empty one");
    }
    let mut parameters = CertificateParams::new(Vec::new()).map_err(certificate_error)?;
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    if let Some(country) = subject.country {
        if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return refuse("expected a country of two capital letters, such as `FR`");
        }
        parameters
            .distinguished_name
            .push(DnType::CountryName, country);
    }
    parameters
        .distinguished_name
        .push(DnType::OrganizationName, subject.organization);
    parameters
        .distinguished_name
        .push(DnType::CommonName, subject.common_name);
    claim_signing(&mut parameters);
    parameters
        .serialize_request(&key.pair()?)
        .and_then(|request| request.pem())
        .map_err(certificate_error)
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
    if pem.trim().is_empty() {
        Err("it is empty".to_owned())
    } else if certificates.is_empty() {
        Err("it holds no certificate".to_owned())
    } else {
        Ok(certificates)
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
