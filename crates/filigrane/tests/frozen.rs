//! Files that were marked with format version 1 stay detectable by every later version: neither this test
//! nor the files beside it are ever removed.
//!
//! `tests/vectors/image-v1`: pictures marked, changed, and saved as JPEG. `kodak07` and `kodak24` are of the
//! Kodak Lossless True Color Image Suite (released for unrestricted usage), `astronaut` is NASA's (public
//! domain). `public` ones carry the public key's mark, `secret` ones that of the key below.
//!
//! `tests/vectors/audio-v1`: sounds marked, changed, and coded. `librivox` is a LibriVox reading and `jfk` the
//! inaugural address of 1961 (both public domain), `tabla` and `amen` are of Sonic Pi's samples (CC0). The one
//! named `reference` was marked by `crates/audio/tests/vectors/reference.py`, which shares no code with the
//! embedder.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;

use filigrane::{Outcome, Verifier};
use filigrane_payload::Key;
use serde::Deserialize;

const SECRET: &str = "filigrane-key 1
name: bench
id: k:08a3ad71eeb119f9829210798588f4e8
created: 2026-11-23
secret: a64d45196d8711342df892787b6058d75a26c47482e4d931b59df33b3b9a036a
";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    file: String,
    key: String,
    id: String,
    attack: String,
}

#[test]
fn pictures_of_version_1_are_found() {
    all_are_found("image-v1", 10);
}

#[test]
fn sounds_of_version_1_are_found() {
    all_are_found("audio-v1", 11);
}

fn all_are_found(name: &str, count: usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let folder = folder.join(name);
    let list = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let list: Vec<Expected> = serde_json::from_str(&list).unwrap();
    assert_eq!(list.len(), count);
    for expected in list {
        let key = match expected.key.as_str() {
            "public" => Key::public(),
            _ => Key::parse(SECRET).unwrap(),
        };
        let verifier = Verifier::new().unwrap().key(&key).unwrap();
        let report = verifier.detect_file(folder.join(&expected.file)).unwrap();
        match report.outcome {
            Outcome::Found { mark, others } => {
                assert_eq!(
                    mark.payload.id.to_string(),
                    expected.id,
                    "{}",
                    expected.file
                );
                assert_eq!(mark.key_id, key.id(), "{}", expected.file);
                assert!(others.is_empty(), "{}", expected.file);
            }
            other => panic!("{} ({}): {other:?}", expected.file, expected.attack),
        }
    }
}
