//! Whose signatures are trusted: anchors of signers, anchors of time-stamp authorities, and signers that are allowed on
//! their own (C2PA 2.x, "Trust model": trust lists and the private credential store).
//!
//! The c2pa library keeps both kinds of anchor in one pool and takes any certificate of a chain for an authority. Here
//! they are kept apart, and a signer's chain is looked through again: see [`vouches`](Trust::vouches).

use std::collections::BTreeSet;

use c2pa::crypto::cose::CertificateTrustPolicy;
use pkcs8::LineEnding;
use pkcs8::der::pem;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::error::{CredentialsError, plain};
use crate::identity::der_certificates;

/// Extended key usages that a claim signer may have, beside e-mail protection: document signing (RFC 9336) and C2PA
/// claim signing.
const SIGNING_USAGES: [&str; 2] = ["1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.62558.2.1"];
/// No chain is longer.
const LONGEST_CHAIN: usize = 16;

/// Whose signatures are trusted.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    signers: Vec<Anchor>,
    time_stampers: Vec<Anchor>,
    allowed: BTreeSet<[u8; 32]>,
}

/// An authority that is trusted as it is.
#[derive(Debug, Clone)]
struct Anchor {
    pem: String,
    der: Vec<u8>,
    subject: String,
    valid: (i64, i64),
}

/// Who vouches for a signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Voucher {
    /// An anchor: its subject, and its certificate in DER.
    Anchor(String, Vec<u8>),
    /// The signer's own certificate is on the allowed list.
    Allowed,
}

impl Trust {
    /// Nobody's.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds authorities that vouch for signers: certificates in PEM, such as C2PA publishes as `C2PA-TRUST-LIST.pem`. Text
    /// between the certificates is passed over. An authority that has expired still vouches for what was time-stamped
    /// before.
    ///
    /// # Errors
    /// [`CredentialsError::Anchors`] when there is no certificate or one is not an authority's,
    /// [`CredentialsError::AnchorsExpired`] when all have expired.
    pub fn with_anchors_pem(mut self, pem: &str) -> Result<Self, CredentialsError> {
        self.signers.extend(anchors(pem)?);
        Ok(self)
    }

    /// Adds authorities that vouch for time-stamp authorities, such as C2PA publishes as `C2PA-TSA-TRUST-LIST.pem`. They
    /// vouch for no signer, and signers' anchors vouch for no time-stamp.
    ///
    /// # Errors
    /// As [`with_anchors_pem`](Self::with_anchors_pem).
    pub fn with_time_stamp_anchors_pem(mut self, pem: &str) -> Result<Self, CredentialsError> {
        self.time_stampers.extend(anchors(pem)?);
        Ok(self)
    }

    /// Adds signers that are trusted without a chain: certificates in PEM, or a line each with the SHA-256 of one, in base64
    /// or hexadecimal digits. Lines that begin with `#` are comments. Such a certificate vouches for no other.
    ///
    /// # Errors
    /// [`CredentialsError::Allowed`] when there is none, a line is neither, or a certificate is an authority's.
    pub fn with_allowed(mut self, text: &str) -> Result<Self, CredentialsError> {
        self.allowed.extend(allowed(text)?);
        Ok(self)
    }

    /// The subjects of the anchors that have expired: they vouch only for what was time-stamped before.
    #[must_use]
    pub fn expired(&self) -> Vec<String> {
        let now = now();
        let anchors = self.signers.iter().chain(&self.time_stampers);
        anchors
            .filter(|anchor| anchor.valid.1 < now)
            .map(|anchor| anchor.subject.clone())
            .collect()
    }

    /// The anchors for time-stamps, PEM; nothing where there are none.
    pub(crate) fn time_stamp_anchors(&self) -> Option<String> {
        let pems: String = self
            .time_stampers
            .iter()
            .map(|one| one.pem.as_str())
            .collect();
        (!pems.is_empty()).then_some(pems)
    }

    /// Who vouches for a signer with this chain (DER, the signer's own certificate first) at a time, in seconds since 1970.
    ///
    /// Beside what the c2pa library checks (signatures along the chain up to an anchor, the certificates' dates): the signer
    /// may sign claims, every other certificate is an authority's that may issue certificates at that depth (RFC 5280,
    /// sections 4.2.1.3 and 4.2.1.9), each is issued under the next one's name, and the anchor is valid at that time.
    pub(crate) fn vouches(&self, chain: &[Vec<u8>], time: i64) -> Option<Voucher> {
        let (leaf, authorities) = chain.split_first()?;
        if self
            .allowed
            .contains(&<[u8; 32]>::from(Sha256::digest(leaf)))
        {
            return Some(Voucher::Allowed);
        }
        if !may_sign(leaf) || !may_issue(chain) {
            return None;
        }
        let is_valid = |anchor: &&Anchor| (anchor.valid.0..=anchor.valid.1).contains(&time);
        let anchor = self.signers.iter().filter(is_valid).find(|anchor| {
            let mut policy = CertificateTrustPolicy::new();
            policy.add_valid_ekus(SIGNING_USAGES.join("\n").as_bytes());
            policy.add_trust_anchors(anchor.pem.as_bytes()).is_ok()
                && policy
                    .check_certificate_trust(authorities, leaf, Some(time))
                    .is_ok()
        })?;
        Some(Voucher::Anchor(anchor.subject.clone(), anchor.der.clone()))
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// Whether a certificate's key may sign claims: it is nobody's authority, and has a usage for it.
fn may_sign(leaf: &[u8]) -> bool {
    let Ok((_, leaf)) = X509Certificate::from_der(leaf) else {
        return false;
    };
    let Ok(Some(usage)) = leaf.extended_key_usage() else {
        return false;
    };
    let is_signing = |oid: String| SIGNING_USAGES.contains(&oid.as_str());
    let mut others = usage.value.other.iter().map(|oid| oid.to_id_string());
    !leaf.is_ca() && (usage.value.email_protection || others.any(is_signing))
}

/// Whether every certificate but the first may issue the one before it.
fn may_issue(chain: &[Vec<u8>]) -> bool {
    if chain.len() > LONGEST_CHAIN {
        return false;
    }
    let parse = |der: &Vec<u8>| X509Certificate::from_der(der).is_ok();
    if !chain.iter().all(parse) {
        return false;
    }
    let parsed: Vec<X509Certificate<'_>> = chain
        .iter()
        .filter_map(|der| X509Certificate::from_der(der).ok())
        .map(|(_, certificate)| certificate)
        .collect();
    parsed.windows(2).enumerate().all(|(below, pair)| {
        let [issued, issuer] = pair else {
            return false;
        };
        issued.issuer().as_raw() == issuer.subject().as_raw() && is_authority(issuer, below)
    })
}

/// Whether a certificate may issue others with so many authorities between it and the signer.
fn is_authority(certificate: &X509Certificate<'_>, below: usize) -> bool {
    let Ok(Some(constraints)) = certificate.basic_constraints() else {
        return false;
    };
    let deep_enough = constraints
        .value
        .path_len_constraint
        .is_none_or(|most| below <= most as usize);
    let signs = match certificate.key_usage() {
        Ok(usage) => usage.is_none_or(|usage| usage.value.key_cert_sign()),
        Err(_) => false,
    };
    constraints.value.ca && deep_enough && signs
}

/// Reads anchors.
fn anchors(text: &str) -> Result<Vec<Anchor>, CredentialsError> {
    let unusable = |reason: String| CredentialsError::Anchors { reason };
    let ders = der_certificates(text).map_err(unusable)?;
    let anchors: Result<Vec<Anchor>, String> = ders
        .into_iter()
        .enumerate()
        .map(|(index, der)| anchor(der, index + 1))
        .collect();
    let anchors = anchors.map_err(unusable)?;
    let now = now();
    if let Some(last) = anchors.iter().max_by_key(|anchor| anchor.valid.1)
        && last.valid.1 < now
    {
        let end = jiff::Timestamp::from_second(last.valid.1).unwrap_or_default();
        let found = match anchors.len() {
            1 => format!("`{}`, which expired at {end}", last.subject),
            count => format!(
                "{count} that have expired, the last of them `{}` at {end}",
                last.subject
            ),
        };
        return Err(CredentialsError::AnchorsExpired { found });
    }
    Ok(anchors)
}

fn anchor(der: Vec<u8>, number: usize) -> Result<Anchor, String> {
    let (subject, valid) = {
        let (_, certificate) = X509Certificate::from_der(&der)
            .map_err(|error| format!("certificate {number} cannot be read ({error})"))?;
        let subject = plain(certificate.subject());
        if !is_authority(&certificate, 0) {
            return Err(format!(
                "expected an authority's certificate, found that of `{subject}` (number {number}), which may issue no others"
            ));
        }
        let validity = certificate.validity();
        let valid = (
            validity.not_before.timestamp(),
            validity.not_after.timestamp(),
        );
        (subject, valid)
    };
    let pem = pem::encode_string("CERTIFICATE", LineEnding::LF, &der)
        .map_err(|error| format!("certificate {number} cannot be kept ({error})"))?;
    Ok(Anchor {
        pem,
        der,
        subject,
        valid,
    })
}

/// Reads an allowed list: hashes of certificates.
fn allowed(text: &str) -> Result<Vec<[u8; 32]>, CredentialsError> {
    let unusable = |reason: String| CredentialsError::Allowed {
        reason: plain(&reason),
    };
    let mut hashes = Vec::new();
    let mut has_certificates = false;
    let mut is_inside = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with("-----BEGIN") {
            (is_inside, has_certificates) = (true, true);
        } else if line.starts_with("-----END") {
            is_inside = false;
        } else if !is_inside && !line.is_empty() && !line.starts_with('#') {
            let hash = hash(line).ok_or_else(|| {
                let found: String = line.chars().take(40).collect();
                unusable(format!(
                    "line {}: expected a certificate, a SHA-256 in base64 or hexadecimal digits, or a comment, found `{found}`",
                    index + 1
                ))
            })?;
            hashes.push(hash);
        }
    }
    if has_certificates {
        for der in der_certificates(text).map_err(unusable)? {
            let (_, certificate) = X509Certificate::from_der(&der)
                .map_err(|error| unusable(format!("a certificate cannot be read ({error})")))?;
            if certificate.is_ca() {
                return Err(unusable(format!(
                    "expected signers' own certificates, found an authority's (`{}`); it belongs among the anchors",
                    certificate.subject()
                )));
            }
            hashes.push(Sha256::digest(&der).into());
        }
    }
    if hashes.is_empty() {
        let found = if text.trim().is_empty() {
            "an empty text"
        } else {
            "comments only"
        };
        return Err(unusable(format!(
            "expected certificates or their hashes, found {found}"
        )));
    }
    Ok(hashes)
}

/// A SHA-256 in base64 (44 characters, as c2pa writes it) or in hexadecimal digits.
fn hash(line: &str) -> Option<[u8; 32]> {
    use base64ct::{Base64, Encoding as _};
    let bytes = match line.len() {
        44 => Base64::decode_vec(line).ok()?,
        64 => {
            let digits = line.as_bytes().chunks_exact(2);
            let bytes: Option<Vec<u8>> = digits
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
                .collect();
            bytes?
        }
        _ => return None,
    };
    bytes.try_into().ok()
}
