//! Certificates as they are told apart: by their own hash, and by their issuer's name and their serial number.

use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::error::CredentialsError;
use crate::identity::der_certificates;

/// A certificate, as lists name it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateId {
    /// SHA-256 of the certificate (DER).
    pub sha256: [u8; 32],
    /// SHA-256 of its issuer's name (DER), as OCSP has it (RFC 6960, `issuerNameHash`).
    pub issuer_sha256: [u8; 32],
    /// Its serial number, big-endian without leading zeros.
    pub serial: Vec<u8>,
    /// Its subject's name, for people.
    pub subject: String,
}

impl CertificateId {
    /// Of a certificate in DER; nothing where it cannot be read.
    #[must_use]
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        Some(Self {
            sha256: Sha256::digest(der).into(),
            issuer_sha256: Sha256::digest(certificate.issuer().as_raw()).into(),
            serial: certificate.serial.to_bytes_be(),
            subject: certificate.subject().to_string(),
        })
    }

    /// Of the certificates in a PEM text.
    ///
    /// # Errors
    /// [`CredentialsError::Unusable`] when it holds none, or one that cannot be read.
    pub fn all_from_pem(pem: &str) -> Result<Vec<Self>, CredentialsError> {
        let unusable = |reason| CredentialsError::Unusable { reason };
        let ders = der_certificates(pem).map_err(unusable)?;
        let ids: Option<Vec<Self>> = ders.iter().map(|der| Self::from_der(der)).collect();
        ids.ok_or_else(|| unusable("a certificate in it cannot be read".to_owned()))
    }

    /// SHA-256 of the name (DER) under which the first certificate of a PEM text issues others, and that name.
    ///
    /// # Errors
    /// As [`all_from_pem`](Self::all_from_pem).
    pub fn issuing_name(pem: &str) -> Result<([u8; 32], String), CredentialsError> {
        let unusable = |reason| CredentialsError::Unusable { reason };
        let ders = der_certificates(pem).map_err(unusable)?;
        let parsed = ders
            .first()
            .and_then(|der| X509Certificate::from_der(der).ok());
        let (_, certificate) =
            parsed.ok_or_else(|| unusable("a certificate in it cannot be read".to_owned()))?;
        let subject = certificate.subject();
        Ok((Sha256::digest(subject.as_raw()).into(), subject.to_string()))
    }
}
