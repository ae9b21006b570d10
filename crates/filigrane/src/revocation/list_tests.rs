//! Revocation lists as text.

use filigrane_credentials::{Algorithm, CertificateId, PrivateKey};
use filigrane_payload::Key;
use filigrane_registry::note::NoteError;

use super::list::*;

fn signing_key() -> PrivateKey {
    PrivateKey::generate(Algorithm::Ed25519).unwrap()
}

fn of_public_key(since: &str) -> Revocation {
    let target = Target::Key(Key::public().id());
    Revocation::new(target, None, Some(since), "lost").unwrap()
}

#[test]
fn lists_grow_and_come_back() {
    let key = signing_key();
    let keys = [revocation_key(&key).unwrap()];
    let mut list = RevocationList::default();
    assert!(list.revoke(of_public_key("2026-11-23")));
    let first = list.publish(&key).unwrap();
    assert_eq!(RevocationList::open(&first, &keys).unwrap(), list);

    let serial = Target::issued([7; 32], "00:0A:1b").unwrap();
    let named = Some("CN=\u{202e}\n\"x".to_owned());
    assert!(list.revoke(Revocation::new(serial, named, None, "stolen").unwrap()));
    let whole = Target::Certificate([9; 32]);
    assert!(list.revoke(Revocation::new(whole, None, None, "stolen").unwrap()));
    // Later says nothing new, earlier does; nothing is lost.
    assert!(!list.revoke(of_public_key("2026-11-24")));
    assert!(list.revoke(of_public_key("2026-11-22T10:00:00Z")));
    let second = list.publish(&key).unwrap();
    let read = RevocationList::open(&second, &keys).unwrap();
    assert_eq!(read, list);
    assert_eq!((read.number(), read.entries().len()), (2, 4));
    let since = read.of_key(Key::public().id()).unwrap().since;
    assert_eq!(since.to_string(), "2026-11-22T10:00:00Z");
    let certificate = |sha256, serial: &[u8]| {
        let der = CertificateId::all_from_pem(&anchor()).unwrap().remove(0);
        let mut id = der;
        (id.sha256, id.issuer_sha256, id.serial) = (sha256, [7; 32], serial.to_vec());
        read.of_certificate(&id).is_some()
    };
    assert!(certificate([9; 32], &[1]));
    assert!(certificate([1; 32], &[0x0a, 0x1b]));
    assert!(!certificate([1; 32], &[0x0a]));
}

fn anchor() -> String {
    filigrane_credentials::Identity::development("test")
        .unwrap()
        .anchor_pem
}

#[test]
fn what_is_not_as_it_was_signed_is_refused() {
    let (key, other) = (signing_key(), signing_key());
    let keys = [revocation_key(&key).unwrap()];
    let mut list = RevocationList::default();
    list.revoke(of_public_key("2026-11-23"));
    let text = list.publish(&key).unwrap();
    let open = |text: &str| RevocationList::open(text, &keys);
    let note = |error| Err(RevocationError::Note(error));
    assert_eq!(
        open(&text.replace("lost", "kept")),
        note(NoteError::Signature)
    );
    let cut: Vec<&str> = text.lines().filter(|line| !line.contains("k:")).collect();
    assert_eq!(open(&(cut.join("\n") + "\n")), note(NoteError::Signature));
    assert_eq!(open(""), note(NoteError::Note));
    assert_eq!(
        open(&list.publish(&other).unwrap()),
        note(NoteError::Unsigned)
    );
    assert_eq!(RevocationList::open(&text, &[]), note(NoteError::Unsigned));
    // Either key will do where both are expected.
    let both = [revocation_key(&other).unwrap(), keys[0].clone()];
    assert!(RevocationList::open(&text, &both).is_ok());
}

#[test]
fn lines_that_cannot_be_read_are_errors() {
    let key = signing_key();
    let verifier = revocation_key(&key).unwrap();
    let head = r#"{"version":1,"number":1,"issued_at":"2026-11-23T08:00:00Z"}"#;
    let open = |text: String| {
        let signature: [u8; 64] = key.sign(text.as_bytes()).unwrap().try_into().unwrap();
        RevocationList::open(
            &verifier.note(&text, &signature),
            std::slice::from_ref(&verifier),
        )
    };
    let name = verifier.name();
    assert!(open(format!("{name}\n{head}\n")).is_ok());
    let later = head.replace("\"version\":1", "\"version\":2");
    assert_eq!(
        open(format!("{name}\n{later}\n")),
        Err(RevocationError::Version { found: 2 })
    );
    let at = r#""since":"2026-11-23","reason":"x""#;
    for (line, bad) in [
        (1, format!("somebody\n{head}\n")),
        (2, format!("{name}\n\n")),
        (3, format!("{name}\n{head}\nk:1\n")),
        (3, format!("{name}\n{head}\n{{{at}}}\n")),
        (3, format!("{name}\n{head}\n{{\"key_id\":\"k:1\",{at}}}\n")),
        (3, format!("{name}\n{head}\n{{\"serial\":\"01\",{at}}}\n")),
        (3, format!("{name}\n{head}\n{{\"unless\":\"01\",{at}}}\n")),
        (
            3,
            format!("{name}\n{head}\n{{\"certificate_sha256\":\"é\",{at}}}\n"),
        ),
    ] {
        match open(bad.clone()) {
            Err(RevocationError::Line { line: found, .. }) => assert_eq!(found, line, "{bad}"),
            other => panic!("{bad}: {other:?}"),
        }
    }
    let p256 = PrivateKey::generate(Algorithm::Es256).unwrap();
    assert!(revocation_key(&p256).is_err());
    for reason in ["", " ", "a\nb", &"x".repeat(201)] {
        let target = Target::Certificate([0; 32]);
        let made = Revocation::new(target, None, None, reason);
        assert_eq!(made, Err(RevocationError::Reason));
    }
    assert!(Target::issued([0; 32], "xyz").is_err());
    assert!(Target::issued([0; 32], "").is_err());
    assert!(Target::issued([0; 32], "0").is_ok());
}
