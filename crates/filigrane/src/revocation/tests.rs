//! What revocations do to the verdict: every row, as values.

use filigrane_credentials::{Algorithm, CertificateId, Credentials, Identity, PrivateKey, State};
use filigrane_media::Medium;
use filigrane_payload::{Key, Origin};

use super::*;
use crate::fingerprint::FingerprintEvidence;
use crate::verdict::tests::{credentials, known, mark};
use crate::verdict::{RegisteredEntry, Verdict, explain, judge};

const SINCE: &str = "2026-11-23T00:00:00Z";
const EARLIER: &str = "2026-11-22T00:00:00Z";
const LATER: &str = "2026-11-24T00:00:00Z";

/// Evidence of a generated mark whose key was revoked.
fn evidence(credentials: Credentials, registry: RegistryEvidence) -> Evidence {
    let target = Target::Key(Key::public().id());
    let entry = Revocation::new(target, None, Some(SINCE), "lost").unwrap();
    Evidence {
        medium: Medium::Audio,
        watermark: mark(1, Origin::Generated),
        credentials,
        registry,
        fingerprint: FingerprintEvidence::NotAvailable,
        revocations: RevocationEvidence {
            lists: Vec::new(),
            revoked: vec![Revoked::new(Layer::Watermark, &entry, None)],
        },
    }
}

#[track_caller]
fn expect(mut evidence: Evidence, verdict: Verdict, counts_by: Option<Before>) {
    assert_eq!(judge(&evidence), verdict);
    evidence.note_what_counts();
    assert_eq!(evidence.revocations.revoked[0].counts_by, counts_by);
    assert_eq!(
        evidence.revocations.of_watermark().is_none(),
        counts_by.is_some()
    );
    let words = explain(&evidence, verdict);
    let says_nothing = words.contains("says nothing of where this comes from");
    assert_eq!(says_nothing, counts_by.is_none(), "{words}");
    assert!(
        words.contains("revoked from 2026-11-23T00:00:00Z on (lost)"),
        "{words}"
    );
}

/// Credentials that name the mark's identifier, time-stamped.
fn signed(state: State, at: Option<&str>, content_matches: bool) -> Credentials {
    let mut credentials = credentials(state, Some(1), Some("generated"));
    credentials.signed_at = at.map(str::to_owned);
    credentials.content_matches = Some(content_matches);
    credentials
}

/// What the registry knows, with one entry.
fn registered(stamped_at: &str, same_key: bool, same_file: bool) -> RegistryEvidence {
    let manifest = signed(State::Trusted, None, false);
    let mut evidence = known(Origin::Generated, Some(manifest));
    if let RegistryEvidence::Known { entries, .. } = &mut evidence {
        entries.push(RegisteredEntry {
            stamped_at: stamped_at.to_owned(),
            generator: "test".to_owned(),
            origin: "generated".to_owned(),
            key_id: String::new(),
            same_key,
            same_file,
        });
    }
    evidence
}

#[test]
fn a_mark_of_a_revoked_key_never_verifies_or_recovers() {
    use Verdict::{Conflict, CredentialsOnly, Marked, Tampered};
    let nobody = || RegistryEvidence::NotAsked;
    let absent = Credentials::absent;
    expect(evidence(absent(), nobody()), Marked, None);
    expect(evidence(absent(), RegistryEvidence::Unknown), Marked, None);
    for state in [State::Trusted, State::ValidUnknownSigner] {
        for at in [None, Some(SINCE), Some(LATER), Some("never")] {
            let credentials = signed(state.clone(), at, true);
            expect(evidence(credentials, nobody()), CredentialsOnly, None);
        }
    }
    // Another file, another key, or later: none of them shows that this mark was there before.
    for registry in [
        registered(EARLIER, true, false),
        registered(EARLIER, false, true),
        registered(SINCE, true, true),
        registered(LATER, true, true),
        registered("never", true, true),
    ] {
        expect(evidence(absent(), registry), Marked, None);
    }
    // What contradicts still does.
    let captured = credentials(State::Trusted, Some(1), Some("captured"));
    expect(evidence(captured, nobody()), Conflict, None);
    let broken = signed(State::Invalid, Some(EARLIER), true);
    expect(evidence(broken, nobody()), Tampered, None);
}

#[test]
fn what_was_there_before_counts() {
    use Verdict::{Marked, Recovered, Verified};
    let stamped = Some(Before::TimeStamp);
    let nobody = || RegistryEvidence::NotAsked;
    let before = |state| signed(state, Some(EARLIER), true);
    expect(
        evidence(before(State::Trusted), nobody()),
        Verified,
        stamped,
    );
    let unknown = before(State::ValidUnknownSigner);
    expect(evidence(unknown, nobody()), Marked, stamped);
    let registry = registered(EARLIER, true, true);
    expect(
        evidence(Credentials::absent(), registry),
        Recovered,
        Some(Before::Registry),
    );
    // A registered manifest's stamp counts where it is over this content.
    for (content_matches, verdict, counts_by) in [(true, Recovered, stamped), (false, Marked, None)]
    {
        let manifest = signed(State::Trusted, Some(EARLIER), content_matches);
        let registry = known(Origin::Generated, Some(manifest));
        expect(
            evidence(Credentials::absent(), registry),
            verdict,
            counts_by,
        );
    }
}

/// Lists that revoke these, from these times on.
fn lists(entries: Vec<(Target, &str)>) -> Revocations {
    let mut list = RevocationList::default();
    for (target, since) in entries {
        list.revoke(Revocation::new(target, None, Some(since), "lost").unwrap());
    }
    let mut revocations = Revocations::default();
    revocations.add(list);
    revocations
}

#[test]
fn a_revoked_signer_is_no_signer_unless_it_signed_before() {
    let pem = Identity::development("test").unwrap().anchor_pem;
    let id = CertificateId::all_from_pem(&pem).unwrap().remove(0);
    let by_hash = Target::Certificate(id.sha256);
    let by_serial = Target::Issued(id.issuer_sha256, id.serial.clone());
    let of = |at: Option<&str>| {
        let mut credentials = signed(State::Trusted, at, true);
        credentials.certificates = vec![id.clone()];
        credentials
    };
    for target in [by_hash.clone(), by_serial.clone()] {
        let revocations = lists(vec![(target, SINCE)]);
        for (at, state) in [
            (None, State::Invalid),
            (Some(LATER), State::Invalid),
            (Some(SINCE), State::Invalid),
            (Some(EARLIER), State::Trusted),
        ] {
            let mut credentials = of(at);
            let revoked = revocations.apply(&mut credentials, Layer::Credentials);
            assert_eq!(credentials.state, state, "{at:?}");
            assert_eq!(revoked.len(), 1);
            assert_eq!(revoked[0].counts_by.is_some(), state == State::Trusted);
            assert_eq!(credentials.failures.is_empty(), state == State::Trusted);
        }
        let mut other = of(None);
        other.certificates[0].sha256[0] ^= 1;
        other.certificates[0].serial.push(0);
        assert!(revocations.apply(&mut other, Layer::Credentials).is_empty());
        assert_eq!(other.state, State::Trusted);
    }
    // The earliest counts, whichever way and list it comes from; one in the future does not yet.
    let both = lists(vec![(by_hash.clone(), LATER), (by_serial, EARLIER)]);
    let mut credentials = of(Some(SINCE));
    both.apply(&mut credentials, Layer::Credentials);
    assert_eq!(credentials.state, State::Invalid);
    let future = lists(vec![(by_hash, "2100-01-01")]);
    let mut credentials = of(None);
    assert!(
        future
            .apply(&mut credentials, Layer::Credentials)
            .is_empty()
    );
}

#[test]
fn a_mark_that_holds_comes_before_one_that_was_revoked() {
    let lost = Key::public().id();
    let revocations = lists(vec![(Target::Key(lost), SINCE)]);
    let (Outcome::Found { mark: revoked, .. }, other) = (
        mark(1, Origin::Generated),
        Key::generate("other", filigrane_payload::Date::from_unix(0))
            .unwrap()
            .id(),
    ) else {
        unreachable!()
    };
    let mut holds = revoked.clone();
    holds.key_id = other;
    let mut outcome = Outcome::Found {
        mark: revoked.clone(),
        others: vec![revoked.clone(), holds.clone()],
    };
    assert_eq!(revocations.sort(&mut outcome), None);
    let expected = Outcome::Found {
        mark: holds,
        others: vec![revoked.clone(), revoked.clone()],
    };
    assert_eq!(outcome, expected);
    let mut alone = Outcome::Found {
        mark: revoked.clone(),
        others: vec![revoked],
    };
    let found = revocations.sort(&mut alone).unwrap();
    assert_eq!(
        (found.layer, found.id),
        (Layer::Watermark, lost.to_string())
    );
}

#[test]
fn lists_are_told_by_number_and_date() {
    let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
    let mut list = RevocationList::default();
    list.publish(&key).unwrap();
    list.publish(&key).unwrap();
    let mut revocations = Revocations::default();
    revocations.add(list.clone());
    let facts = revocations.facts();
    assert_eq!(facts[0].number, 2);
    assert_eq!(facts[0].issued_at, list.issued_at().to_string());
    assert!(facts[0].signed_by.starts_with("filigrane-revocations/"));
}
