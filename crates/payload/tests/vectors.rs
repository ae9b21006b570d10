//! The crate against `tests/vectors/vectors.json`, which `reference.py` beside it computes from the
//! documentation alone, in another language. Once version 1 of the formats is frozen, this file stays.
#![allow(clippy::unwrap_used, reason = "tests")]

use filigrane_payload::{CodeParameters, Key, Keystream, Payload, PayloadCode};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    public_secret: String,
    public_id: String,
    derived: String,
    words: Vec<u32>,
    below_1000: Vec<u32>,
    below_3221225473: Vec<u32>,
    signs: Vec<i8>,
    shuffle_20: Vec<u32>,
    codes: Vec<Code>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    domain: String,
    length: usize,
    check_bits: usize,
    payload: String,
    minus_ones: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors/vectors.json")).unwrap()
}

fn keystream() -> Keystream {
    Keystream::new(&Key::public().derive("filigrane test vectors"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_public_key() {
    let vectors = vectors();
    let key = Key::public();
    assert!(key.to_text().contains(&vectors.public_secret));
    assert_eq!(key.id().to_string(), vectors.public_id);
    assert_eq!(
        hex(key.derive("filigrane test vectors").bytes()),
        vectors.derived
    );
}

#[test]
fn the_keystream() {
    let vectors = vectors();
    let mut stream = keystream();
    assert_eq!(
        (0..80).map(|_| stream.next_u32()).collect::<Vec<_>>(),
        vectors.words
    );
    let mut stream = keystream();
    assert_eq!(
        (0..40).map(|_| stream.below(1000)).collect::<Vec<_>>(),
        vectors.below_1000
    );
    let mut stream = keystream();
    let large: Vec<u32> = (0..10).map(|_| stream.below(3_221_225_473)).collect();
    assert_eq!(large, vectors.below_3221225473);
    let mut stream = keystream();
    assert_eq!(
        (0..40).map(|_| stream.sign() as i8).collect::<Vec<_>>(),
        vectors.signs
    );
    let mut items: Vec<u32> = (0..20).collect();
    keystream().shuffle(&mut items);
    assert_eq!(items, vectors.shuffle_20);
    assert_eq!(keystream().below(0), 0);
    let uniform = keystream().uniform();
    assert_eq!(uniform, f64::from(vectors.words[0]) / 4_294_967_296.0);
}

#[test]
fn the_payload_code() {
    for vector in vectors().codes {
        let parameters = CodeParameters {
            length: vector.length,
            check_bits: vector.check_bits,
            list: 4,
        };
        let code = PayloadCode::new(&Key::public(), &vector.domain, parameters).unwrap();
        let mut bytes = [0; Payload::BYTES];
        for (byte, pair) in bytes.iter_mut().zip(vector.payload.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        }
        let symbols = code.symbols(&Payload::from_bytes(bytes));
        let packed: Vec<u8> = symbols
            .chunks(8)
            .map(|chunk| {
                chunk
                    .iter()
                    .fold(0, |byte, &symbol| byte << 1 | u8::from(symbol < 0.0))
            })
            .collect();
        assert_eq!(
            hex(&packed),
            vector.minus_ones,
            "{} {}",
            vector.domain,
            vector.length
        );
    }
}
