//! Sign, read, change, read again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use filigrane_credentials::{
    ClaimedOrigin, Credentials, CredentialsError, DevelopmentIdentity, Identity, ManifestRequest,
    Parent, Signed, SoftBinding, State, Trust, read, read_detached, sign,
};

const FILES: [(&str, &str); 4] = [
    ("photo.jpg", "image/jpeg"),
    ("generated.png", "image/png"),
    ("speech.wav", "audio/wav"),
    ("music.flac", "audio/flac"),
];

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../samples")
            .join(name),
    )
    .unwrap()
}

fn development() -> (DevelopmentIdentity, Trust) {
    let made = Identity::development("test").unwrap();
    let trust = Trust::none().with_anchors_pem(&made.anchor_pem).unwrap();
    (made, trust)
}

fn bindings() -> Vec<SoftBinding> {
    vec![SoftBinding {
        algorithm: "org.filigrane.image.1".to_owned(),
        value: b"00c0ffee00c0ffee00c0ff".to_vec(),
    }]
}

fn request<'a>(bindings: &'a [SoftBinding], origin: ClaimedOrigin) -> ManifestRequest<'a> {
    ManifestRequest {
        title: Some("A test"),
        generator_name: "filigrane-test",
        generator_version: "1.0",
        origin,
        model: None,
        disclosure: None,
        training_mining: None,
        watermarks: bindings,
        fingerprints: &[],
        thumbnail: None,
        sidecar: false,
        parent: None,
        time_stamping: None,
    }
}

fn signed(bytes: &[u8], mime: &str, origin: ClaimedOrigin, identity: &Identity) -> Signed {
    sign(bytes, mime, &request(&bindings(), origin), identity).unwrap()
}

fn codes(credentials: &Credentials) -> Vec<&str> {
    credentials
        .failures
        .iter()
        .map(|failure| failure.code.as_str())
        .collect()
}

#[test]
fn every_format_is_trusted_under_its_anchor_and_unknown_without() {
    let (made, trust) = development();
    for (name, mime) in FILES {
        let original = sample(name);
        assert_eq!(
            read(&original, mime, &trust).unwrap().state,
            State::Absent,
            "{name}"
        );
        let signed = signed(&original, mime, ClaimedOrigin::Generated, &made.identity);
        let credentials = read(&signed.bytes, mime, &trust).unwrap();
        assert_eq!(
            credentials.state,
            State::Trusted,
            "{name}: {credentials:#?}"
        );
        assert_eq!(credentials.soft_bindings, bindings(), "{name}");
        assert_eq!(credentials.claim, Some("generated"));
        assert_eq!(credentials.title.as_deref(), Some("A test"));
        assert_eq!(credentials.content_matches, Some(true));
        assert!(credentials.signer.unwrap().contains("not trusted"));
        assert!(credentials.generator.unwrap().contains("filigrane-test"));
        let unknown = read(&signed.bytes, mime, &Trust::none()).unwrap();
        assert_eq!(
            unknown.state,
            State::ValidUnknownSigner,
            "{name}: {unknown:#?}"
        );
        let other = development().1;
        assert_eq!(
            read(&signed.bytes, mime, &other).unwrap().state,
            State::ValidUnknownSigner
        );
    }
}

#[test]
fn changed_content_is_invalid_with_a_code_and_a_sentence() {
    let (made, trust) = development();
    for (name, mime) in FILES {
        let mut bytes = signed(&sample(name), mime, ClaimedOrigin::Other, &made.identity).bytes;
        // WAV files hold their manifest at the end, the others at the beginning.
        let place = if mime == "audio/wav" {
            5000
        } else {
            bytes.len() - 500
        };
        bytes[place] ^= 1;
        let credentials = read(&bytes, mime, &trust).unwrap();
        assert_eq!(credentials.state, State::Invalid, "{name}");
        assert!(
            codes(&credentials)
                .iter()
                .any(|code| code.ends_with("Hash.mismatch")),
            "{credentials:#?}"
        );
        assert!(credentials.failures[0].explanation.contains("changed"));
    }
}

#[test]
fn a_manifest_kept_apart_is_judged_by_its_signature() {
    let (made, trust) = development();
    let photo = sample("photo.jpg");
    let kept = signed(
        &photo,
        "image/jpeg",
        ClaimedOrigin::Captured,
        &made.identity,
    )
    .manifest;
    let other = sample("generated.png");
    for (bytes, mime) in [(&photo, "image/jpeg"), (&other, "image/png")] {
        let recovered = read_detached(&kept, bytes, mime, &trust).unwrap();
        assert_eq!(recovered.state, State::Trusted, "{recovered:#?}");
        assert_eq!(recovered.content_matches, Some(false));
        assert_eq!(recovered.claim, Some("captured"));
        assert_eq!(recovered.soft_bindings, bindings());
    }
    let unknown = read_detached(&kept, &photo, "image/jpeg", &Trust::none()).unwrap();
    assert_eq!(unknown.state, State::ValidUnknownSigner);

    // A changed manifest is invalid, wherever it was changed.
    let place = kept
        .windows(22)
        .position(|window| window == b"00c0ffee00c0ffee00c0ff")
        .unwrap();
    let mut forged = kept;
    forged[place] = b'1';
    assert_eq!(
        read_detached(&forged, &photo, "image/jpeg", &trust)
            .unwrap()
            .state,
        State::Invalid
    );
}

#[test]
fn the_inputs_manifest_becomes_the_parent() {
    let (made, trust) = development();
    let first = signed(
        &sample("photo.jpg"),
        "image/jpeg",
        ClaimedOrigin::Captured,
        &made.identity,
    );
    let bindings = bindings();
    let parent = Some(Parent {
        bytes: &first.bytes,
        mime: "image/jpeg",
    });
    let edited = ManifestRequest {
        parent,
        ..request(&bindings, ClaimedOrigin::Edited)
    };
    let second = sign(
        &sample("generated.png"),
        "image/png",
        &edited,
        &made.identity,
    )
    .unwrap();
    let credentials = read(&second.bytes, "image/png", &trust).unwrap();
    assert_eq!(credentials.state, State::Trusted, "{credentials:#?}");
    assert_eq!(credentials.claim, Some("edited"));
    let [ingredient] = credentials.ingredients.as_slice() else {
        panic!("{credentials:#?}")
    };
    assert_eq!(ingredient.relationship, "parentOf");
    assert!(
        ingredient.has_manifest && ingredient.failures.is_empty(),
        "{ingredient:?}"
    );
}

#[test]
fn bad_identities_are_refused_in_words() {
    let (made, _) = development();
    let other = Identity::development("other").unwrap().identity;
    let key = made.identity.private_key_pem().unwrap();
    let chain = filigrane_credentials::Signer::chain_pem(&made.identity).to_owned();
    assert!(Identity::from_pem(&key, &chain).is_ok());
    let refusal = |key: &str, chain: &str| match Identity::from_pem(key, chain).unwrap_err() {
        CredentialsError::Chain { reason } | CredentialsError::PrivateKey { reason } => reason,
        other => panic!("{other}"),
    };
    assert!(refusal(&other.private_key_pem().unwrap(), &chain).contains("another private key"));
    let reversed: Vec<&str> = chain
        .split_inclusive("-----END CERTIFICATE-----\n")
        .collect();
    assert!(refusal(&key, &[reversed[1], reversed[0]].concat()).contains("comes first"));
    assert!(refusal(&key, "nothing").contains("certificate"));
    assert!(!refusal("nothing", &chain).is_empty());
    assert!(Trust::none().with_anchors_pem("nothing").is_err());
}

#[test]
fn formats_outside_the_list_are_not_parsed() {
    let (made, trust) = development();
    for mime in ["image/tiff", "image/bmp", "text/html", "application/pdf"] {
        assert!(matches!(
            read(b"x", mime, &trust),
            Err(CredentialsError::UnsupportedFormat { .. })
        ));
        let refused = sign(
            b"x",
            mime,
            &request(&[], ClaimedOrigin::Other),
            &made.identity,
        );
        assert!(matches!(
            refused,
            Err(CredentialsError::UnsupportedFormat { .. })
        ));
    }
}

#[test]
fn truncated_and_foreign_content_never_panics_and_is_never_trusted() {
    let (made, trust) = development();
    for (name, mime) in FILES {
        let whole = signed(
            &sample(name),
            mime,
            ClaimedOrigin::Generated,
            &made.identity,
        )
        .bytes;
        for length in (0..40).chain((1..20).map(|i| whole.len() * i / 20)) {
            if let Ok(credentials) = read(&whole[..length], mime, &trust) {
                assert_ne!(credentials.state, State::Trusted, "{name} cut at {length}");
            }
        }
        let noise: Vec<u8> = (0..2000_u32).map(|i| (i * i % 251) as u8).collect();
        if let Ok(credentials) = read(&noise, mime, &trust) {
            assert_eq!(credentials.state, State::Absent, "{name}: {credentials:?}");
        }
    }
}

/// Files of the C2PA's public test set, where they are at hand.
#[test]
fn public_test_files() {
    let Some(folder) = std::env::var_os("FILIGRANE_DATA") else {
        println!("skipped: FILIGRANE_DATA does not name a folder with c2pa/public");
        return;
    };
    let folder = std::path::Path::new(&folder).join("c2pa");
    let anchors = std::fs::read_to_string(folder.join("trust/test_cert_root_bundle.pem")).unwrap();
    let trust = Trust::none().with_anchors_pem(&anchors).unwrap();
    for (name, expected) in [
        ("A", State::Absent),
        ("I", State::Absent),
        ("E-sig-CA", State::Invalid),
        ("E-dat-CA", State::Invalid),
        ("XCA", State::Invalid),
    ] {
        let path = folder.join(format!("public/adobe-20220124-{name}.jpg"));
        let credentials = read(&std::fs::read(path).unwrap(), "image/jpeg", &trust).unwrap();
        assert_eq!(
            credentials.state, expected,
            "{name}: {:?}",
            credentials.failures
        );
    }
    for name in ["C", "CA", "CACA"] {
        let path = folder.join(format!("public/adobe-20220124-{name}.jpg"));
        let credentials = read(&std::fs::read(path).unwrap(), "image/jpeg", &trust).unwrap();
        println!("{name}: {:?} {:?}", credentials.state, credentials.failures);
    }
}

#[test]
fn an_assertion_that_says_it_is_longer_than_it_is_takes_no_memory() {
    let (made, trust) = development();
    let file = signed(
        &sample("photo.jpg"),
        "image/jpeg",
        ClaimedOrigin::Generated,
        &made.identity,
    );
    let mut store = file.manifest;
    // The text behind `action`, `c2pa.created`, becomes one of 4 GiB.
    let place = store
        .windows(12)
        .position(|window| window == b"c2pa.created")
        .unwrap();
    store.splice(place - 1..place, [0x7a, 0xff, 0xff, 0xff, 0xff]);
    let read = read_detached(&store, &sample("photo.jpg"), "image/jpeg", &trust).unwrap();
    assert_eq!(read.state, State::Invalid, "{read:#?}");
    assert_eq!(codes(&read), ["assertion.cbor.invalid"]);
}
