//! What a signature may leave out of the file that it binds.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::Cursor;

use c2pa::assertions::DataHash;
use c2pa::{Builder, CallbackSigner, Context, HashRange, Signer as _, SigningAlg};
use filigrane_credentials::{
    Credentials, DevelopmentIdentity, Identity, Signer as _, State, Trust, read,
};

const JPEG: &str = "image/jpeg";

fn sample() -> Vec<u8> {
    let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    std::fs::read(samples.join("photo.jpg")).unwrap()
}

/// A JPEG whose signature leaves out the manifest behind the first marker, and so many bytes after it.
fn signed(made: &DevelopmentIdentity, more: u64) -> Vec<u8> {
    let identity = made.identity.clone();
    let sign = move |_: *const (), data: &[u8]| {
        identity
            .sign(data)
            .map_err(|error| c2pa::Error::OtherError(Box::new(error)))
    };
    let signer = CallbackSigner::new(sign, SigningAlg::Ed25519, made.identity.chain_pem());
    let definition = r#"{"claim_generator_info": [{"name": "test"}], "assertions": [{"label": "c2pa.actions.v2",
        "created": true, "data": {"actions": [{"action": "c2pa.created", "digitalSourceType":
        "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation"}], "allActionsIncluded": true}}]}"#;
    let mut builder = Builder::from_context(Context::new())
        .with_definition(definition)
        .unwrap();
    let place = builder
        .data_hashed_placeholder(signer.reserve_size(), JPEG)
        .unwrap();
    let source = sample();
    let file = |manifest: &[u8]| [&source[..2], manifest, &source[2..]].concat();
    let mut hash = DataHash::new("test", "sha256");
    hash.add_exclusion(HashRange::new(2, place.len() as u64 + more));
    hash.gen_hash_from_stream(&mut Cursor::new(file(&place)))
        .unwrap();
    let manifest = builder
        .sign_data_hashed_embeddable(&signer, &hash, JPEG)
        .unwrap();
    assert_eq!(manifest.len(), place.len());
    file(&manifest)
}

fn judged(made: &DevelopmentIdentity, file: &[u8]) -> Credentials {
    let trust = Trust::none().with_anchors_pem(&made.anchor_pem).unwrap();
    read(file, JPEG, &trust).unwrap()
}

#[test]
fn the_manifest_alone_may_be_left_out() {
    let made = Identity::development("test").unwrap();
    let exact = judged(&made, &signed(&made, 0));
    assert_eq!(exact.state, State::Trusted, "{exact:#?}");
    for more in [1_000, 50_000] {
        let mut file = signed(&made, more);
        let loose = judged(&made, &file);
        assert_eq!(loose.state, State::Invalid, "{loose:#?}");
        assert_eq!(loose.failures[0].code, "assertion.dataHash.mismatch");
        assert!(loose.failures[0].explanation.contains("leaves out more"));
        assert_eq!(loose.content_matches, Some(false));
        // What is left out can be changed at will: the hash still holds.
        let place = file.len() - sample().len() + more as usize;
        file[place] ^= 1;
        assert!(
            judged(&made, &file).failures[0]
                .explanation
                .contains("leaves out more")
        );
    }
}
