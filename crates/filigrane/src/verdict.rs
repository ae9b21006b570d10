//! From evidence to one verdict.
//!
//! | verdict | when |
//! |---|---|
//! | [`Tampered`](Verdict::Tampered) | credentials are present and do not hold |
//! | [`Conflict`](Verdict::Conflict) | watermark and credentials name different identifiers; or valid credentials claim a human origin while the watermark says AI, or the other way round; or the registry knows the identifier under another origin or for other content; or the watermark was copied from another medium |
//! | [`CredentialsOnly`](Verdict::CredentialsOnly) or [`Marked`](Verdict::Marked) | the key of the mark was revoked, and nothing shows that the mark was there before: with valid credentials, or without |
//! | [`Verified`](Verdict::Verified) | trusted credentials, a watermark, and their identifiers agree |
//! | [`Recovered`](Verdict::Recovered) | no credentials; the watermark's identifier leads to a registered manifest that holds and names it, and the content is the registered one where that can be compared |
//! | [`Marked`](Verdict::Marked) | a watermark is found and nothing trusted backs it, valid credentials of an unknown signer included |
//! | [`CredentialsOnly`](Verdict::CredentialsOnly) | valid credentials, no watermark found |
//! | [`NoMarks`](Verdict::NoMarks) | nothing was found, which says nothing about how the medium was made |
//!
//! The rows are tried from the top. A public mark alone is never more than marked: anybody could have
//! put it there.

use std::fmt;

use filigrane_credentials::{Credentials, State};
use filigrane_media::Medium;
use serde::Serialize;

use crate::fingerprint::FingerprintEvidence;
use crate::marks::{FoundMark, Outcome, soft_binding};
use crate::revocation::RevocationEvidence;

/// What all layers together come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// Trusted credentials and the watermark agree.
    Verified,
    /// The credentials were stripped; the watermark brought the registered ones back.
    Recovered,
    /// A watermark, and nothing trusted that backs it.
    Marked,
    /// Valid credentials without a watermark.
    CredentialsOnly,
    /// The layers contradict each other.
    Conflict,
    /// Credentials are present and do not hold.
    Tampered,
    /// Nothing was found. That does not mean that a person made it.
    NoMarks,
}

impl Verdict {
    /// The verdict's name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Recovered => "recovered",
            Self::Marked => "marked",
            Self::CredentialsOnly => "credentials-only",
            Self::Conflict => "conflict",
            Self::Tampered => "tampered",
            Self::NoMarks => "no-marks",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What the registry knows of a watermark's identifier.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RegistryEvidence {
    /// It was not asked: no registry, or no identifier to ask for.
    NotAsked,
    /// It does not know the identifier.
    Unknown,
    /// It knows the identifier.
    Known {
        /// When the medium was stamped (RFC 3339).
        stamped_at: String,
        /// The program that stamped it.
        generator: String,
        /// The origin that was registered.
        origin: String,
        /// Whether this very file was registered.
        same_file: bool,
        /// All entries of the identifier, the newest first; the fields beside this one are of the one that fits best.
        entries: Vec<RegisteredEntry>,
        /// The registered manifest, judged by its signature; nothing where none was registered.
        #[serde(skip_serializing_if = "Option::is_none")]
        manifest: Option<Box<Credentials>>,
    },
}

/// One of the registry's entries of an identifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RegisteredEntry {
    /// When the medium was stamped (RFC 3339).
    pub stamped_at: String,
    /// The program that stamped it.
    pub generator: String,
    /// The origin that was registered.
    pub origin: String,
    /// The key that marked it.
    pub key_id: String,
    /// Whether this key's mark was found: entries of others say nothing about it.
    pub same_key: bool,
    /// Whether it is of this very file.
    pub same_file: bool,
}

/// What was found in each layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// What the file holds.
    pub medium: Medium,
    /// The watermark layer.
    pub watermark: Outcome,
    /// The credentials layer.
    pub credentials: Credentials,
    /// The registry.
    pub registry: RegistryEvidence,
    /// The fingerprint layer.
    pub fingerprint: FingerprintEvidence,
    /// What of all this was revoked. Credentials whose signer was revoked are invalid already.
    pub revocations: RevocationEvidence,
}

/// The verdict of the table above: a pure function of the evidence.
#[must_use]
pub fn judge(evidence: &Evidence) -> Verdict {
    let credentials = &evidence.credentials;
    if credentials.state == State::Invalid {
        return Verdict::Tampered;
    }
    if let Outcome::Copied { .. } = evidence.watermark {
        return Verdict::Conflict;
    }
    let Some(mark) = evidence.watermark.mark() else {
        return if credentials.is_valid() {
            Verdict::CredentialsOnly
        } else {
            Verdict::NoMarks
        };
    };
    if contradiction(evidence, mark).is_some() {
        return Verdict::Conflict;
    }
    if evidence.revoked_mark().is_some() {
        return if credentials.is_valid() {
            Verdict::CredentialsOnly
        } else {
            Verdict::Marked
        };
    }
    if credentials.state == State::Trusted
        && names(credentials, evidence.medium, mark) == Some(true)
    {
        return Verdict::Verified;
    }
    match &evidence.registry {
        RegistryEvidence::Known {
            manifest: Some(manifest),
            ..
        } if !credentials.is_valid()
            && manifest.is_valid()
            && !matches!(evidence.fingerprint, FingerprintEvidence::Unclear(_))
            && names(manifest, evidence.medium, mark) == Some(true) =>
        {
            Verdict::Recovered
        }
        _ => Verdict::Marked,
    }
}

/// Whether credentials name the mark's identifier; nothing where they name none for this watermark.
fn names(credentials: &Credentials, medium: Medium, mark: &FoundMark) -> Option<bool> {
    let own = |algorithm: &str| algorithm == soft_binding(medium);
    let mut bindings = credentials
        .soft_bindings
        .iter()
        .filter(|binding| own(&binding.algorithm))
        .peekable();
    bindings.peek()?;
    let id = mark.payload.id.to_string();
    Some(bindings.any(|binding| binding.value.eq_ignore_ascii_case(id.as_bytes())))
}

/// What contradicts what, in a sentence.
fn contradiction(evidence: &Evidence, mark: &FoundMark) -> Option<String> {
    let credentials = &evidence.credentials;
    if credentials.is_valid() {
        if names(credentials, evidence.medium, mark) == Some(false) {
            return Some(format!(
                "The credentials name another identifier than the watermark ({}): one of them comes from another file.",
                mark.payload.id
            ));
        }
        let says = mark.payload.origin.to_string();
        match (credentials.claim, mark.payload.origin.is_ai()) {
            (Some("captured"), true) => {
                return Some(format!(
                    "The credentials claim a human origin while the watermark says that the medium is {says} with AI."
                ));
            }
            (Some(claim @ ("generated" | "edited")), false) if says == "captured" => {
                return Some(format!(
                    "The credentials say `{claim}` while the watermark says `{says}`."
                ));
            }
            _ => {}
        }
    }
    if let FingerprintEvidence::Different(_) = &evidence.fingerprint {
        let why = "The registry knows this identifier for a picture that looks different: the mark was put on this one from elsewhere, or next to nothing of the registered picture is left.";
        return Some(why.to_owned());
    }
    if let RegistryEvidence::Known { origin, .. } = &evidence.registry
        && *origin != mark.payload.origin.to_string()
    {
        return Some(format!(
            "The registry knows this identifier as `{origin}`, the watermark says `{}`.",
            mark.payload.origin
        ));
    }
    None
}

/// The verdict in plain words, careful not to say more than the evidence.
#[must_use]
pub fn explain(evidence: &Evidence, verdict: Verdict) -> String {
    let words = words(evidence, verdict);
    match evidence.revoked_mark_words() {
        Some(revoked) => format!("{words} {revoked}"),
        None => words,
    }
}

fn words(evidence: &Evidence, verdict: Verdict) -> String {
    let credentials = &evidence.credentials;
    let mark = evidence.watermark.mark();
    let carries = mark.map_or_else(String::new, carries);
    let signer = credentials.signer.as_deref().unwrap_or("an unnamed signer");
    match verdict {
        Verdict::Verified => format!(
            "{carries} The credentials name the same identifier and are signed by {signer}, whom {} vouches for.",
            voucher(credentials)
        ),
        Verdict::Recovered => {
            let (when, signer) = match &evidence.registry {
                RegistryEvidence::Known {
                    stamped_at,
                    manifest: Some(manifest),
                    ..
                } => (
                    stamped_at.as_str(),
                    manifest.signer.as_deref().unwrap_or("an unnamed signer"),
                ),
                _ => ("an unknown time", "an unnamed signer"),
            };
            format!(
                "{carries} The file holds no credentials; the registry knows the identifier and brings back a manifest signed by {signer}, stamped at {when}.{}",
                likeness_words(&evidence.fingerprint)
            )
        }
        Verdict::Marked => {
            if evidence.revoked_mark().is_some() {
                return carries;
            }
            let backing = match (&credentials.state, &evidence.registry) {
                (State::ValidUnknownSigner, _) => format!(
                    "There are valid credentials, but no trust anchor vouches for their signer ({signer})."
                ),
                (State::Trusted, _) => format!(
                    "There are trusted credentials by {signer}, but they do not name this watermark."
                ),
                (_, RegistryEvidence::Unknown) => {
                    "The registry does not know the identifier.".to_owned()
                }
                (_, RegistryEvidence::Known { .. })
                    if matches!(evidence.fingerprint, FingerprintEvidence::Unclear(_)) =>
                {
                    "The registry knows the identifier, but too little may be left of the registered picture to tell whether this is a part of it.".to_owned()
                }
                (_, RegistryEvidence::Known { .. }) => {
                    "The registry knows the identifier, but has no valid manifest for it."
                        .to_owned()
                }
                _ => "Nothing else backs it.".to_owned(),
            };
            format!("{carries} {backing}")
        }
        Verdict::CredentialsOnly => {
            format!(
                "The file holds valid credentials signed by {signer}, whom {} vouches for. {}",
                voucher(credentials),
                watermark_words(&evidence.watermark)
            )
        }
        Verdict::Conflict => {
            if let Outcome::Copied { mark } = &evidence.watermark {
                return format!(
                    "A mark of {} is there that does not fit this medium: it was made for another one and copied onto this. It says nothing about this medium.",
                    key_words(mark)
                );
            }
            let why = mark
                .and_then(|mark| contradiction(evidence, mark))
                .unwrap_or_default();
            format!("The layers contradict each other. {why}")
        }
        Verdict::Tampered => {
            let why = credentials
                .failures
                .first()
                .map_or("They do not hold.", |failure| failure.explanation.as_str());
            let rest = if mark.is_some() {
                format!(" {carries}")
            } else {
                String::new()
            };
            format!("The file holds credentials that are not valid. {why}{rest}")
        }
        Verdict::NoMarks => {
            let remote = match (&credentials.remote_url, &credentials.fetch_failure) {
                (None, _) => String::new(),
                (Some(_), None) => {
                    " It points to credentials elsewhere, which were not fetched.".to_owned()
                }
                (Some(_), Some(reason)) => {
                    format!(
                        " It points to credentials elsewhere, which could not be fetched: {reason}."
                    )
                }
            };
            let similar = match &evidence.fingerprint {
                FingerprintEvidence::Similar { .. } => {
                    " The registry knows a picture that looks the same."
                }
                _ => "",
            };
            format!(
                "{}{remote}{similar} This does not mean that a person made it: marks can be missing or removed.",
                watermark_words(&evidence.watermark)
            )
        }
    }
}

/// Who vouches for the signer, in the middle of a sentence.
fn voucher(credentials: &Credentials) -> &'static str {
    match (&credentials.state, credentials.vouched_by.as_deref()) {
        (State::Trusted, Some("the allowed list")) => "the allowed list",
        (State::Trusted, _) => "a trust anchor",
        _ => "no trust anchor",
    }
}

fn likeness_words(fingerprint: &FingerprintEvidence) -> &'static str {
    match fingerprint {
        FingerprintEvidence::Same(_) => " The picture looks like the registered one.",
        FingerprintEvidence::Derived(_) => {
            " The picture looks like a part of the registered one or a changed version of it."
        }
        _ => "",
    }
}

fn key_words(mark: &FoundMark) -> String {
    if mark.key_name == "public" {
        "the public key, which anybody can use".to_owned()
    } else {
        format!("key `{}`", mark.key_name)
    }
}

fn carries(mark: &FoundMark) -> String {
    let key = key_words(mark);
    let origin = match mark.payload.origin.to_string().as_str() {
        "generated" => " It says of itself that it was generated with AI.",
        "edited" => " It says of itself that it was edited with AI.",
        "captured" => " It says of itself that it was captured by a device or made by a person.",
        _ => "",
    };
    format!("The medium carries a mark of {key}.{origin}")
}

fn watermark_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Found { .. } => "A watermark was found.".to_owned(),
        Outcome::Copied { .. } => {
            "A watermark was found that belongs to another medium.".to_owned()
        }
        Outcome::NotFound { .. } => "No watermark and nothing else of ours was found.".to_owned(),
        Outcome::Inconclusive { reason } => format!("No watermark could be looked for ({reason})."),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::fingerprint::Likeness;
    use crate::marks::Place;
    use filigrane_audio::AudioPlace;
    use filigrane_credentials::{Failure, SoftBinding};
    use filigrane_payload::{Key, MarkId, Origin, Payload};

    pub(crate) fn mark(id: u8, origin: Origin) -> Outcome {
        let mark = FoundMark {
            payload: Payload::new(origin, MarkId::from_bytes([id; 11])),
            key_id: Key::public().id(),
            key_name: "public".to_owned(),
            p_value: 1e-20,
            place: place(),
        };
        Outcome::Found {
            mark,
            others: Vec::new(),
        }
    }

    /// A place as the detector reports one: the audio scheme's own detection of a marked noise.
    fn place() -> Place {
        use filigrane_audio::{AudioWatermark, SoundMut, SoundRef};
        use filigrane_payload::{Detection, Watermark};
        static PLACE: std::sync::OnceLock<AudioPlace> = std::sync::OnceLock::new();
        let place = PLACE.get_or_init(|| {
            let mut state = 1_u32;
            let mut samples: Vec<f32> = (0..16_000 * 6)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 8) as f32 / 83_886_080.0 - 0.1
                })
                .collect();
            let scheme = AudioWatermark::new();
            let plan = scheme.plan(&Key::public()).unwrap();
            let payload = Payload::new(Origin::Other, MarkId::from_bytes([0; 11]));
            scheme
                .embed(
                    SoundMut::new(16_000, [samples.as_mut_slice()]).unwrap(),
                    &plan,
                    &payload,
                )
                .unwrap();
            match scheme
                .detect(
                    SoundRef::new(16_000, [samples.as_slice()]).unwrap(),
                    &[&plan],
                )
                .unwrap()
            {
                Detection::Found { mark, .. } => mark.place,
                other => panic!("{other:?}"),
            }
        });
        Place::Audio(place.clone())
    }

    pub(crate) fn credentials(
        state: State,
        id: Option<u8>,
        claim: Option<&'static str>,
    ) -> Credentials {
        let binding = |id: u8| SoftBinding {
            algorithm: "org.filigrane.audio.1".to_owned(),
            value: MarkId::from_bytes([id; 11]).to_string().into_bytes(),
        };
        let mut credentials = Credentials::absent();
        credentials.state = state;
        credentials.claim = claim;
        credentials.soft_bindings = id.map(binding).into_iter().collect();
        if credentials.state == State::Invalid {
            credentials.failures = vec![Failure {
                code: "x".to_owned(),
                explanation: "Changed.".to_owned(),
            }];
        }
        credentials
    }

    pub(crate) fn known(origin: Origin, manifest: Option<Credentials>) -> RegistryEvidence {
        RegistryEvidence::Known {
            stamped_at: "2026-11-23T08:00:00Z".to_owned(),
            generator: "test".to_owned(),
            origin: origin.to_string(),
            same_file: false,
            entries: Vec::new(),
            manifest: manifest.map(Box::new),
        }
    }

    #[track_caller]
    fn expect(
        watermark: Outcome,
        credentials: Credentials,
        registry: RegistryEvidence,
        verdict: Verdict,
    ) {
        let fingerprint = FingerprintEvidence::NotAvailable;
        expect_with(watermark, credentials, registry, fingerprint, verdict);
    }

    #[track_caller]
    fn expect_with(
        watermark: Outcome,
        credentials: Credentials,
        registry: RegistryEvidence,
        fingerprint: FingerprintEvidence,
        verdict: Verdict,
    ) {
        let evidence = Evidence {
            medium: Medium::Audio,
            watermark,
            credentials,
            registry,
            fingerprint,
            revocations: RevocationEvidence::default(),
        };
        assert_eq!(judge(&evidence), verdict);
        let words = explain(&evidence, verdict);
        assert!(words.len() > 30 && !words.contains("  "), "{words}");
        for claim in ["made by a human", "authentic", "real"] {
            assert!(!words.contains(claim), "{words}");
        }
    }

    #[test]
    fn fingerprints_decide_between_recovered_and_conflict() {
        let registered = || {
            let manifest = credentials(State::Trusted, Some(1), None);
            known(Origin::Generated, Some(manifest))
        };
        let like = Likeness {
            bits: 0,
            fit: 0.0,
            part: 1.0,
        };
        let with = |credentials, fingerprint, verdict| {
            let mark = mark(1, Origin::Generated);
            expect_with(mark, credentials, registered(), fingerprint, verdict);
        };
        let absent = Credentials::absent;
        with(
            absent(),
            FingerprintEvidence::Same(like),
            Verdict::Recovered,
        );
        with(
            absent(),
            FingerprintEvidence::Derived(like),
            Verdict::Recovered,
        );
        with(
            absent(),
            FingerprintEvidence::Unclear(like),
            Verdict::Marked,
        );
        with(
            absent(),
            FingerprintEvidence::Different(like),
            Verdict::Conflict,
        );
        // A signer whom everybody trusts does not make another picture of it.
        let trusted = || credentials(State::Trusted, Some(1), Some("generated"));
        with(
            trusted(),
            FingerprintEvidence::Unclear(like),
            Verdict::Verified,
        );
        with(
            trusted(),
            FingerprintEvidence::Different(like),
            Verdict::Conflict,
        );
        let similar = FingerprintEvidence::Similar { ids: Vec::new() };
        let none = Outcome::NotFound { p_value: 1.0 };
        let asked = RegistryEvidence::NotAsked;
        expect_with(none, absent(), asked, similar, Verdict::NoMarks);
    }

    #[test]
    fn every_row_of_the_table() {
        use Verdict::{Conflict, CredentialsOnly, Marked, NoMarks, Recovered, Tampered, Verified};
        let none = || Outcome::NotFound { p_value: 1.0 };
        let small = || Outcome::Inconclusive {
            reason: "too small".to_owned(),
        };
        let ai = |id| mark(id, Origin::Generated);
        let absent = Credentials::absent;
        let not_asked = || RegistryEvidence::NotAsked;
        let trusted = |id, claim| credentials(State::Trusted, id, claim);
        let unknown = |id, claim| credentials(State::ValidUnknownSigner, id, claim);

        expect(none(), absent(), not_asked(), NoMarks);
        expect(small(), absent(), not_asked(), NoMarks);
        expect(
            none(),
            credentials(State::RemoteOnly, None, None),
            not_asked(),
            NoMarks,
        );
        expect(none(), trusted(None, None), not_asked(), CredentialsOnly);
        expect(
            small(),
            unknown(Some(1), Some("generated")),
            not_asked(),
            CredentialsOnly,
        );

        expect(
            ai(1),
            trusted(Some(1), Some("generated")),
            not_asked(),
            Verified,
        );
        expect(ai(1), trusted(Some(1), None), not_asked(), Verified);
        expect(
            ai(1),
            unknown(Some(1), Some("generated")),
            not_asked(),
            Marked,
        );
        expect(ai(1), trusted(None, None), not_asked(), Marked);
        expect(ai(1), absent(), not_asked(), Marked);
        expect(ai(1), absent(), RegistryEvidence::Unknown, Marked);
        expect(ai(1), absent(), known(Origin::Generated, None), Marked);

        expect(
            ai(1),
            absent(),
            known(Origin::Generated, Some(trusted(Some(1), None))),
            Recovered,
        );
        expect(
            ai(1),
            absent(),
            known(Origin::Generated, Some(unknown(Some(1), None))),
            Recovered,
        );
        expect(
            ai(1),
            absent(),
            known(Origin::Generated, Some(trusted(Some(2), None))),
            Marked,
        );
        expect(
            ai(1),
            absent(),
            known(
                Origin::Generated,
                Some(credentials(State::Invalid, Some(1), None)),
            ),
            Marked,
        );

        expect(
            ai(1),
            trusted(Some(2), Some("generated")),
            not_asked(),
            Conflict,
        );
        expect(ai(1), unknown(Some(2), None), not_asked(), Conflict);
        expect(
            ai(1),
            trusted(Some(1), Some("captured")),
            not_asked(),
            Conflict,
        );
        expect(
            ai(1),
            trusted(None, Some("captured")),
            not_asked(),
            Conflict,
        );
        expect(
            mark(1, Origin::Captured),
            trusted(Some(1), Some("generated")),
            not_asked(),
            Conflict,
        );
        expect(ai(1), absent(), known(Origin::Captured, None), Conflict);

        expect(
            none(),
            credentials(State::Invalid, None, None),
            not_asked(),
            Tampered,
        );
        expect(
            ai(1),
            credentials(State::Invalid, Some(1), None),
            known(Origin::Generated, None),
            Tampered,
        );
    }
}
