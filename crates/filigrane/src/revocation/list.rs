//! Signed lists of what no longer counts.
//!
//! A list is a [signed note](https://c2sp.org/signed-note) of the C2SP: lines of text, an empty line, and an Ed25519
//! signature. The first line is the signing key's name, the second tells version, number and date, and every other
//! line is an entry, in JSON:
//!
//! ```text
//! filigrane-revocations/8d6f0a6b3c1e2f40
//! {"version":1,"number":2,"issued_at":"2026-11-24T09:30:00Z"}
//! {"key_id":"k:5d1f…","since":"2026-11-01T00:00:00Z","reason":"lost with a laptop"}
//! {"certificate_sha256":"9a0c…","name":"O=Studio, CN=signer","since":"2026-11-20T00:00:00Z","reason":"key compromise"}
//! {"issuer_sha256":"77e1…","serial":"0a1b","name":"CN=Authority","since":"2026-11-20T00:00:00Z","reason":"key compromise"}
//!
//! — filigrane-revocations/8d6f0a6b3c1e2f40 oEJd…
//! ```

use std::collections::BTreeMap;
use std::fmt;

use filigrane_credentials::{Algorithm, CertificateId, PrivateKey};
use filigrane_payload::KeyId;
use filigrane_registry::note::{NoteError, VerifierKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Names of keys that sign lists begin with this, so that no other note of theirs is taken for a list.
const KIND: &str = "filigrane-revocations";
const VERSION: u32 = 1;
/// No list has more entries.
const MOST_ENTRIES: usize = 1_000_000;
/// No reason is longer, in characters.
const LONGEST_REASON: usize = 200;

/// Why a revocation list cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RevocationError {
    /// The note is none, or not signed by an expected key.
    #[error("the revocation list cannot be used: {0}")]
    Note(#[from] NoteError),
    /// A line cannot be read.
    #[error("the revocation list cannot be used: line {line}: {reason}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A later version wrote it.
    #[error("the revocation list cannot be used: expected version {VERSION}, found {found}")]
    Version {
        /// The version that was found.
        found: u32,
    },
    /// The key cannot sign lists.
    #[error("revocation lists are signed with an Ed25519 key, found {found}")]
    Key {
        /// The kind of the key.
        found: String,
    },
    /// A reason is empty, too long or not printable.
    #[error("expected a reason of 1 to {LONGEST_REASON} printable characters")]
    Reason,
    /// A time cannot be read.
    #[error(
        "expected a time such as `2026-11-23T08:00:00Z` or a day such as `2026-11-23`, found `{found}`"
    )]
    Time {
        /// What was given instead.
        found: String,
    },
    /// A serial number cannot be read.
    #[error("expected a serial number in hexadecimal digits, found `{found}`")]
    Serial {
        /// What was given instead.
        found: String,
    },
}

/// What can be revoked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Target {
    /// A watermark key.
    Key(KeyId),
    /// A certificate, by the SHA-256 of its DER.
    Certificate([u8; 32]),
    /// A certificate, by the SHA-256 of its issuer's name (DER) and its serial number (big-endian, no leading zeros).
    Issued([u8; 32], Vec<u8>),
}

impl Target {
    /// A certificate by its issuer's name and its serial number in hexadecimal digits, colons allowed.
    ///
    /// # Errors
    /// [`RevocationError::Serial`] when it is none.
    pub fn issued(issuer_sha256: [u8; 32], serial: &str) -> Result<Self, RevocationError> {
        let digits: String = serial.chars().filter(|c| *c != ':').collect();
        let even = if digits.len().is_multiple_of(2) {
            digits
        } else {
            format!("0{digits}")
        };
        let bytes = from_hex(&even).filter(|bytes| !bytes.is_empty());
        let bytes = bytes.ok_or_else(|| RevocationError::Serial {
            found: serial.chars().take(60).collect(),
        })?;
        let start = bytes.iter().position(|byte| *byte != 0);
        let serial = bytes.get(start.unwrap_or(bytes.len() - 1)..);
        Ok(Self::Issued(
            issuer_sha256,
            serial.unwrap_or_default().to_vec(),
        ))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "{id}"),
            Self::Certificate(sha256) => write!(f, "sha256:{}", to_hex(sha256)),
            Self::Issued(_, serial) => write!(f, "serial:{}", to_hex(serial)),
        }
    }
}

/// One thing that no longer counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// What it is.
    pub target: Target,
    /// A name for people: a certificate's subject, or its issuer's.
    pub name: Option<String>,
    /// From when on it does not count.
    pub since: Timestamp,
    /// Why.
    pub reason: String,
}

impl Revocation {
    /// A revocation from a time on: `2026-11-23T08:00:00Z`, a day in UTC, or now.
    ///
    /// # Errors
    /// [`RevocationError::Time`] and [`RevocationError::Reason`].
    pub fn new(
        target: Target,
        name: Option<String>,
        since: Option<&str>,
        reason: &str,
    ) -> Result<Self, RevocationError> {
        let is_printable = !reason.trim().is_empty()
            && reason.chars().count() <= LONGEST_REASON
            && !reason.contains(char::is_control);
        Ok(Self {
            target,
            name,
            since: since.map_or_else(|| Ok(now()), time)?,
            reason: is_printable
                .then(|| reason.to_owned())
                .ok_or(RevocationError::Reason)?,
        })
    }
}

/// What no longer counts, from when on, and why: a numbered, dated list that its issuer signs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RevocationList {
    number: u64,
    issued_at: Timestamp,
    signed_by: String,
    /// In the order of revocation.
    entries: Vec<Revocation>,
    /// The earliest entry of each target.
    first: BTreeMap<Target, usize>,
}

impl RevocationList {
    /// Reads a list that one of these keys signed.
    ///
    /// # Errors
    /// [`RevocationError`] when none of them did, or a line cannot be read: what a list says is never passed over.
    pub fn open(text: &str, keys: &[VerifierKey]) -> Result<Self, RevocationError> {
        let mut problem = NoteError::Unsigned;
        for key in keys {
            match key.open(text) {
                Ok(text) => return Self::parse(text, key.name()),
                // Another key may have signed it.
                Err(NoteError::Unsigned) => {}
                Err(error) => problem = error,
            }
        }
        Err(problem.into())
    }

    fn parse(text: &str, signer: &str) -> Result<Self, RevocationError> {
        // The reason may quote the line.
        let wrong = |line: usize, reason: String| RevocationError::Line {
            line,
            reason: reason.replace(char::is_control, " "),
        };
        let mut lines = text.lines();
        if lines.next() != Some(signer) || !signer.starts_with(&format!("{KIND}/")) {
            let reason = format!("expected the signing key's name, `{KIND}/` and a hash");
            return Err(wrong(1, reason));
        }
        let head = lines.next().unwrap_or_default();
        let head: Head = serde_json::from_str(head).map_err(|e| wrong(2, e.to_string()))?;
        if head.version != VERSION {
            return Err(RevocationError::Version {
                found: head.version,
            });
        }
        let mut list = Self {
            number: head.number,
            issued_at: time(&head.issued_at)?,
            signed_by: signer.to_owned(),
            ..Self::default()
        };
        for (index, line) in lines.enumerate() {
            if index == MOST_ENTRIES {
                let reason = format!("expected at most {MOST_ENTRIES} entries");
                return Err(wrong(index + 3, reason));
            }
            let entry: Line =
                serde_json::from_str(line).map_err(|e| wrong(index + 3, e.to_string()))?;
            list.keep(entry.parse().map_err(|reason| wrong(index + 3, reason))?);
        }
        Ok(list)
    }

    /// Adds an entry; earlier ones stay. Says whether it changes anything: it does not where the same was revoked from an
    /// earlier time on already.
    pub fn revoke(&mut self, entry: Revocation) -> bool {
        let known = self.first.get(&entry.target);
        let known = known.and_then(|index| self.entries.get(*index));
        let is_new = known.is_none_or(|known| entry.since < known.since);
        if is_new {
            self.keep(entry);
        }
        is_new
    }

    fn keep(&mut self, entry: Revocation) {
        let index = self.entries.len();
        let first = self.first.entry(entry.target.clone()).or_insert(index);
        let known = self.entries.get(*first);
        if known.is_some_and(|known| entry.since < known.since) {
            *first = index;
        }
        self.entries.push(entry);
    }

    /// The next list: its number is one more, its date now, and this key signs it.
    ///
    /// # Errors
    /// [`Error::Revocations`] when the key is not of Ed25519.
    pub fn publish(&mut self, key: &PrivateKey) -> Result<String, Error> {
        let verifier = revocation_key(key)?;
        self.number += 1;
        // A clock that was set back does not make a later list look earlier.
        self.issued_at = self.issued_at.max(now());
        verifier.name().clone_into(&mut self.signed_by);
        let head = Head {
            version: VERSION,
            number: self.number,
            issued_at: self.issued_at.to_string(),
        };
        let mut text = format!("{}\n{}\n", verifier.name(), json(&head));
        for entry in &self.entries {
            text.push_str(&json(&Line::from(entry)));
            text.push('\n');
        }
        let signature = key.sign(text.as_bytes())?;
        let signature: [u8; 64] = signature.try_into().map_err(|_| wrong_key(key))?;
        Ok(verifier.note(&text, &signature))
    }

    /// How many lists came before it, and one.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// When it was issued.
    #[must_use]
    pub const fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// Name of the key that signed it.
    #[must_use]
    pub fn signed_by(&self) -> &str {
        &self.signed_by
    }

    /// All entries, in the order of revocation.
    #[must_use]
    pub fn entries(&self) -> &[Revocation] {
        &self.entries
    }

    /// The earliest revocation of a watermark key.
    pub(crate) fn of_key(&self, id: KeyId) -> Option<&Revocation> {
        self.of(&Target::Key(id))
    }

    /// The earliest revocation of a certificate, under either name.
    pub(crate) fn of_certificate(&self, id: &CertificateId) -> Option<&Revocation> {
        let by_hash = self.of(&Target::Certificate(id.sha256));
        let by_serial = self.of(&Target::Issued(id.issuer_sha256, id.serial.clone()));
        let both = by_hash.into_iter().chain(by_serial);
        both.min_by_key(|entry| entry.since)
    }

    fn of(&self, target: &Target) -> Option<&Revocation> {
        self.entries.get(*self.first.get(target)?)
    }
}

/// The key that checks lists which a private key signs, for `verify`; its text is one line.
///
/// # Errors
/// [`Error::Revocations`] when the key is not of Ed25519.
pub fn revocation_key(key: &PrivateKey) -> Result<VerifierKey, Error> {
    if key.algorithm() != Algorithm::Ed25519 {
        return Err(wrong_key(key).into());
    }
    Ok(VerifierKey::new(KIND, &key.public_key()).map_err(RevocationError::from)?)
}

fn wrong_key(key: &PrivateKey) -> RevocationError {
    RevocationError::Key {
        found: format!("{:?}", key.algorithm()),
    }
}

/// The second line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    version: u32,
    number: u64,
    issued_at: String,
}

/// An entry's line: one of the three ways to name something.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate_sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issuer_sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    serial: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    since: String,
    reason: String,
}

impl Line {
    fn parse(self) -> Result<Revocation, String> {
        let hash = |text: &str| -> Result<[u8; 32], String> {
            let bytes = from_hex(text).and_then(|bytes| bytes.try_into().ok());
            bytes.ok_or_else(|| format!("expected 64 hexadecimal digits, found `{text}`"))
        };
        let names = (
            self.key_id.as_deref(),
            self.certificate_sha256.as_deref(),
            self.issuer_sha256.as_deref(),
            self.serial.as_deref(),
        );
        let target = match names {
            (Some(id), None, None, None) => Target::Key(
                KeyId::parse(id)
                    .ok_or_else(|| format!("expected a key's identifier, found `{id}`"))?,
            ),
            (None, Some(sha256), None, None) => Target::Certificate(hash(sha256)?),
            (None, None, Some(issuer), Some(serial)) => {
                Target::issued(hash(issuer)?, serial).map_err(|error| error.to_string())?
            }
            _ => {
                return Err(
                    "expected `key_id`, `certificate_sha256`, or `issuer_sha256` and `serial`"
                        .to_owned(),
                );
            }
        };
        Ok(Revocation {
            target,
            name: self.name,
            since: time(&self.since).map_err(|error| error.to_string())?,
            reason: self.reason,
        })
    }
}

impl From<&Revocation> for Line {
    fn from(entry: &Revocation) -> Self {
        let line = Self {
            name: entry.name.clone(),
            since: entry.since.to_string(),
            reason: entry.reason.clone(),
            ..Self::default()
        };
        match &entry.target {
            Target::Key(id) => Self {
                key_id: Some(id.to_string()),
                ..line
            },
            Target::Certificate(sha256) => Self {
                certificate_sha256: Some(to_hex(sha256)),
                ..line
            },
            Target::Issued(issuer, serial) => Self {
                issuer_sha256: Some(to_hex(issuer)),
                serial: Some(to_hex(serial)),
                ..line
            },
        }
    }
}

/// Without fractions: lists are dated to the second.
fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default()
}

fn time(text: &str) -> Result<Timestamp, RevocationError> {
    let day = || {
        let day: jiff::civil::Date = text.parse().ok()?;
        Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    };
    let parsed = text.parse().ok().or_else(day);
    parsed.ok_or_else(|| RevocationError::Time {
        found: text.chars().take(60).collect(),
    })
}

/// Lines are made of strings and numbers only, which always become JSON.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let pairs = digits.chunks_exact(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
