//! Keys and certificates that no longer count, and what that does to the evidence.
//!
//! A mark bears no time. Once its key was revoked, only something else can show that the mark was there before: the
//! registry's entry of this very file, or a trusted time-stamp over it. Otherwise whoever has the key may have made it,
//! and it is worth what a public key's mark is worth.

mod list;
#[cfg(test)]
mod list_tests;
#[cfg(test)]
mod tests;

pub use list::{Revocation, RevocationError, RevocationList, Target, revocation_key};

use filigrane_credentials::{Credentials, Failure, State};
use filigrane_payload::KeyId;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::marks::Outcome;
use crate::verdict::{Evidence, RegistryEvidence};

/// What the revocation lists say of what was found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct RevocationEvidence {
    /// The lists that were looked into.
    pub lists: Vec<ListFacts>,
    /// What of the evidence they name.
    pub revoked: Vec<Revoked>,
}

/// Which list was looked into: one that is older than it should be is told by its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ListFacts {
    /// How many lists came before it, and one.
    pub number: u64,
    /// When it was issued (RFC 3339).
    pub issued_at: String,
    /// Name of the key that signed it.
    pub signed_by: String,
}

/// Something that was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Revoked {
    /// Where it was found.
    pub layer: Layer,
    /// A key's identifier, or `sha256:` or `serial:` of a certificate.
    pub id: String,
    /// The certificate's subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// From when on it does not count.
    #[serde(serialize_with = "as_text")]
    pub since: Timestamp,
    /// Why.
    pub reason: String,
    /// What shows that it was used before, so that it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts_by: Option<Before>,
}

/// Where something that was revoked was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Layer {
    /// The key of the watermark.
    Watermark,
    /// The signer of the file's credentials, or an authority above.
    Credentials,
    /// The same of the registered manifest.
    RegisteredManifest,
}

/// What shows that something was made before it was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Before {
    /// The registry has this very file, marked with this key, from before.
    Registry,
    /// A trusted time-stamp from before.
    TimeStamp,
}

impl Revoked {
    fn new(layer: Layer, entry: &Revocation, name: Option<&str>) -> Self {
        Self {
            layer,
            id: entry.target.to_string(),
            name: name.map(str::to_owned),
            since: entry.since,
            reason: entry.reason.clone(),
            counts_by: None,
        }
    }
}

impl RevocationEvidence {
    /// The revocation for which the watermark says nothing, where there is one.
    #[must_use]
    pub fn of_watermark(&self) -> Option<&Revoked> {
        let mut revoked = self.revoked.iter();
        revoked.find(|one| one.layer == Layer::Watermark && one.counts_by.is_none())
    }
}

impl Evidence {
    /// The revocation for which the watermark says nothing: its key was revoked, and nothing shows that it was there before.
    #[must_use]
    pub fn revoked_mark(&self) -> Option<&Revoked> {
        let mut revoked = self.revocations.revoked.iter();
        revoked.find(|one| one.layer == Layer::Watermark && self.mark_before(one.since).is_none())
    }

    /// What the revocation of the mark's key means, in a sentence.
    pub(crate) fn revoked_mark_words(&self) -> Option<String> {
        let mut revoked = self.revocations.revoked.iter();
        let one = revoked.find(|one| one.layer == Layer::Watermark)?;
        let meaning = match self.mark_before(one.since) {
            None => {
                "nothing shows that the mark was there before, so that it says nothing of where this comes from"
            }
            Some(Before::Registry) => "the registry has this very file from before",
            Some(Before::TimeStamp) => "a trusted time-stamp shows that the mark was there before",
        };
        Some(format!(
            "The mark's key was revoked from {} on ({}): {meaning}.",
            one.since, one.reason
        ))
    }

    /// Notes beside each revocation what shows that it came later.
    pub(crate) fn note_what_counts(&mut self) {
        let marked: Vec<Option<Before>> = self
            .revocations
            .revoked
            .iter()
            .map(|one| match one.layer {
                Layer::Watermark => self.mark_before(one.since),
                _ => one.counts_by,
            })
            .collect();
        for (one, before) in self.revocations.revoked.iter_mut().zip(marked) {
            one.counts_by = before;
        }
    }

    /// What shows that the mark was there before a time.
    fn mark_before(&self, since: Timestamp) -> Option<Before> {
        if let RegistryEvidence::Known { entries, .. } = &self.registry
            && entries.iter().any(|entry| {
                entry.same_file && entry.same_key && is_before(&entry.stamped_at, since)
            })
        {
            return Some(Before::Registry);
        }
        let registered = match &self.registry {
            RegistryEvidence::Known { manifest, .. } => manifest.as_deref(),
            _ => None,
        };
        // The stamp is over a signature that binds this very content, the mark in it too: whose it is does not matter.
        let mut stamped = registered.into_iter().chain([&self.credentials]);
        let is_stamped = stamped.any(|credentials| {
            credentials.is_valid()
                && credentials.content_matches == Some(true)
                && credentials
                    .signed_at
                    .as_deref()
                    .is_some_and(|time| is_before(time, since))
        });
        is_stamped.then_some(Before::TimeStamp)
    }
}

fn is_before(time: &str, since: Timestamp) -> bool {
    time.parse::<Timestamp>().is_ok_and(|time| time < since)
}

/// Lists that a verifier knows.
#[derive(Debug, Default)]
pub(crate) struct Revocations(Vec<RevocationList>);

impl Revocations {
    pub(crate) fn add(&mut self, list: RevocationList) {
        self.0.push(list);
    }

    /// Which lists there are.
    pub(crate) fn facts(&self) -> Vec<ListFacts> {
        let facts = |list: &RevocationList| ListFacts {
            number: list.number(),
            issued_at: list.issued_at().to_string(),
            signed_by: list.signed_by().to_owned(),
        };
        self.0.iter().map(facts).collect()
    }

    /// The earliest revocation of a key that holds now.
    fn of_key(&self, id: KeyId) -> Option<&Revocation> {
        let all = self.0.iter().filter_map(|list| list.of_key(id));
        let first = all.min_by_key(|entry| entry.since)?;
        (first.since <= Timestamp::now()).then_some(first)
    }

    /// Puts the strongest mark whose key holds before those whose key was revoked: somebody who has such a key could
    /// otherwise drown the mark that says something. Tells what was revoked of the one that comes first.
    pub(crate) fn sort(&self, outcome: &mut Outcome) -> Option<Revoked> {
        let (mark, others) = match outcome {
            Outcome::Found { mark, others } => (mark, Some(others)),
            Outcome::Copied { mark } => (mark, None),
            _ => return None,
        };
        let entry = self.of_key(mark.key_id)?;
        if let Some(others) = others
            && let Some(holds) = others
                .iter_mut()
                .find(|other| self.of_key(other.key_id).is_none())
        {
            std::mem::swap(mark, holds);
            return None;
        }
        Some(Revoked::new(Layer::Watermark, entry, None))
    }

    /// Makes credentials invalid whose signer, or an authority above, was revoked before they were signed: by a trusted
    /// time-stamp, or else now. Tells what was revoked.
    pub(crate) fn apply(&self, credentials: &mut Credentials, layer: Layer) -> Vec<Revoked> {
        let now = Timestamp::now();
        let signed_at = credentials.signed_at.as_deref();
        let stamped: Option<Timestamp> = signed_at.and_then(|time| time.parse().ok());
        let mut revoked = Vec::new();
        for certificate in &credentials.certificates {
            let all = self
                .0
                .iter()
                .filter_map(|list| list.of_certificate(certificate));
            let Some(entry) = all.min_by_key(|entry| entry.since) else {
                continue;
            };
            if entry.since > now {
                continue;
            }
            let mut one = Revoked::new(layer, entry, Some(&certificate.subject));
            one.counts_by = stamped
                .is_some_and(|time| time < entry.since)
                .then_some(Before::TimeStamp);
            revoked.push(one);
        }
        if let Some(first) = revoked.iter().find(|one| one.counts_by.is_none()) {
            let failure = Failure {
                code: "signingCredential.revoked".to_owned(),
                explanation: format!(
                    "The certificate of `{}` was revoked from {} on ({}), and no trusted time-stamp shows that it signed before.",
                    first.name.as_deref().unwrap_or_default(),
                    first.since,
                    first.reason
                ),
            };
            // What was found invalid for other reasons stays so for those.
            if credentials.state != State::Invalid {
                credentials.state = State::Invalid;
                credentials.failures.insert(0, failure);
            } else {
                credentials.failures.push(failure);
            }
        }
        revoked
    }
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape that serde wants"
)]
fn as_text<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}
