//! Layers that agree, are missing or contradict each other, and attacks on their agreement.
//!
//! The matrix follows the idea of *Authenticated Contradictions from Desynchronized Provenance and Watermarking*
//! (arXiv:2603.02378): every combination of what credentials and watermark say, under changes that pictures go through,
//! must come to the right verdict.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use filigrane::{
    Format, Identity, Key, Limits, MarkId, SqliteStore, StampOptions, Stamper, Verdict, Verifier,
};
use filigrane_credentials::{
    ClaimedOrigin, DevelopmentIdentity, ManifestRequest, Signed, SoftBinding, sign,
};
use filigrane_media::{
    Layout, Metadata, Picture, PictureEncoding, PictureSamples, decode_picture, encode_picture,
};
use filigrane_payload::{KeyError, KeyId};

/// Pictures of the matrix; with four states and three changes 204 files.
const PICTURES: u64 = 17;
const SIDE: usize = 256;
const BINDING: &str = "org.filigrane.image.1";

/// Smooth shapes under noise of several sizes, as busy as a photograph; the same for a seed every time.
fn picture(seed: u64) -> Picture {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f64 / f64::from(1_u32 << 24) - 0.5
    };
    let mut luma = vec![128.0; SIDE * SIDE];
    for (cell, strength) in [(64, 90.0), (32, 60.0), (16, 40.0), (8, 24.0), (4, 14.0)] {
        let across = SIDE / cell + 2;
        let knots: Vec<f64> = (0..across * across).map(|_| random() * strength).collect();
        for y in 0..SIDE {
            for x in 0..SIDE {
                let (u, v) = (x as f64 / cell as f64, y as f64 / cell as f64);
                let (i, j) = (u as usize, v as usize);
                let (fu, fv) = (u - i as f64, v - j as f64);
                let at = |di: usize, dj: usize| knots[(j + dj) * across + i + di];
                luma[y * SIDE + x] += (at(0, 0) * (1.0 - fu) + at(1, 0) * fu) * (1.0 - fv)
                    + (at(0, 1) * (1.0 - fu) + at(1, 1) * fu) * fv;
            }
        }
    }
    let tint = [random() * 40.0, random() * 40.0, random() * 40.0];
    let samples = luma
        .iter()
        .flat_map(|luma| tint.map(|tint| (luma + tint).round().clamp(0.0, 255.0) as u8))
        .collect();
    let side = u32::try_from(SIDE).unwrap();
    Picture::new(side, side, Layout::Rgb, PictureSamples::U8(samples)).unwrap()
}

fn samples(picture: &Picture) -> &[u8] {
    let PictureSamples::U8(samples) = &picture.samples else {
        panic!("pictures here have 8 bits")
    };
    samples
}

fn encoded(picture: &Picture, format: Format, quality: Option<u8>) -> Vec<u8> {
    let encoding = PictureEncoding {
        quality,
        ..PictureEncoding::default()
    };
    encode_picture(picture, format, &encoding, &Metadata::default()).unwrap()
}

fn decoded(bytes: &[u8]) -> Picture {
    let format = Format::probe(bytes).unwrap();
    decode_picture(bytes, format, &Limits::default()).unwrap()
}

/// Changes that a picture goes through before it is signed or sent on; a PNG or JPEG comes out.
const CHANGES: [&str; 3] = ["none", "JPEG 75", "brighter"];

fn changed(png: &[u8], change: &str) -> (Vec<u8>, &'static str) {
    match change {
        "JPEG 75" => (encoded(&decoded(png), Format::Jpeg, Some(75)), "image/jpeg"),
        "brighter" => {
            let mut picture = decoded(png);
            if let PictureSamples::U8(samples) = &mut picture.samples {
                for sample in samples {
                    *sample = (f64::from(*sample) * 1.08 + 5.0).round().min(255.0) as u8;
                }
            }
            (encoded(&picture, Format::Png, None), "image/png")
        }
        _ => (png.to_vec(), "image/png"),
    }
}

/// Signs a file as it is, with any claim and any identifier.
fn signed(
    bytes: &[u8],
    mime: &str,
    origin: ClaimedOrigin,
    id: Option<MarkId>,
    identity: &Identity,
) -> Signed {
    let bindings: Vec<SoftBinding> = id
        .iter()
        .map(|id| SoftBinding {
            algorithm: BINDING.to_owned(),
            value: id.to_string().into_bytes(),
        })
        .collect();
    let request = ManifestRequest {
        title: None,
        generator_name: "test",
        generator_version: "1",
        origin,
        model: None,
        disclosure: None,
        training_mining: None,
        watermarks: &bindings,
        fingerprints: &[],
        thumbnail: None,
        sidecar: false,
        parent: None,
        time_stamping: None,
    };
    sign(bytes, mime, &request, identity).unwrap()
}

fn id(seed: u64) -> MarkId {
    let mut bytes = [0x5a; 11];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    MarkId::from_bytes(bytes)
}

/// A picture with a mark that says that it was generated.
fn marked(png: &[u8], key: &Key, seed: u64) -> Vec<u8> {
    let stamper = Stamper::builder(key.clone()).build().unwrap();
    let options = StampOptions {
        id: Some(id(seed)),
        ..StampOptions::default()
    };
    stamper.stamp_with(png, &options).unwrap().0
}

/// A fixed key: what a random one would give differs from run to run.
fn key(number: u64) -> Key {
    let text = |id: KeyId| {
        format!(
            "filigrane-key 1\nname: test\nid: {id}\ncreated: 2026-11-23\nsecret: {number:064x}\n"
        )
    };
    // The id follows from the secret; a key with another id tells the right one.
    match Key::parse(&text(Key::public().id())) {
        Err(KeyError::Mismatch { actual, .. }) => Key::parse(&text(actual)).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn development() -> DevelopmentIdentity {
    Identity::development("test").unwrap()
}

fn verdict(verifier: &Verifier, bytes: &[u8]) -> Verdict {
    verifier.verify(bytes, "file").unwrap().verdict
}

#[test]
fn every_cell_of_the_matrix_is_classified() {
    let made = development();
    let verifier = Verifier::new()
        .unwrap()
        .anchors_pem(&made.anchor_pem)
        .unwrap();
    let (mut files, mut wrong) = (0, Vec::new());
    for seed in 0..PICTURES {
        let plain = encoded(&picture(seed + 1), Format::Png, None);
        let with_mark = marked(&plain, &Key::public(), seed);
        for change in CHANGES {
            let (plain, mime) = changed(&plain, change);
            let (with_mark, _) = changed(&with_mark, change);
            let sign = |bytes, origin, id| signed(bytes, mime, origin, id, &made.identity).bytes;
            let cases = [
                (
                    "both say AI",
                    sign(&with_mark, ClaimedOrigin::Generated, Some(id(seed))),
                    Verdict::Verified,
                ),
                ("watermark alone", with_mark.clone(), Verdict::Marked),
                (
                    "credentials alone",
                    sign(&plain, ClaimedOrigin::Captured, None),
                    Verdict::CredentialsOnly,
                ),
                (
                    "credentials say human, watermark says AI",
                    sign(&with_mark, ClaimedOrigin::Captured, None),
                    Verdict::Conflict,
                ),
            ];
            for (state, bytes, expected) in cases {
                files += 1;
                let found = verdict(&verifier, &bytes);
                if found != expected {
                    wrong.push(format!("{seed} {state}, {change}: {found}"));
                }
            }
        }
    }
    assert!(files >= 200);
    assert!(wrong.is_empty(), "{} of {files}: {wrong:#?}", wrong.len());
}

#[test]
fn stripped_re_signed_moved_and_edited() {
    let made = development();
    let store: Arc<SqliteStore> = Arc::new(SqliteStore::open_in_memory().unwrap());
    let stamper = Stamper::builder(Key::public())
        .identity(made.identity.clone())
        .registry(store.clone())
        .build()
        .unwrap();
    let options = StampOptions {
        id: Some(id(7)),
        ..StampOptions::default()
    };
    let plain = encoded(&picture(100), Format::Png, None);
    let (stamped, _) = stamper.stamp_with(&plain, &options).unwrap();
    let verifier = Verifier::new()
        .unwrap()
        .anchors_pem(&made.anchor_pem)
        .unwrap()
        .registry(store);
    assert_eq!(verdict(&verifier, &stamped), Verdict::Verified);

    let stripped = encoded(&decoded(&stamped), Format::Png, None);
    assert_eq!(verdict(&verifier, &stripped), Verdict::Recovered);

    let stranger = development().identity;
    let re_signed = signed(
        &stripped,
        "image/png",
        ClaimedOrigin::Generated,
        Some(id(7)),
        &stranger,
    );
    assert_eq!(verdict(&verifier, &re_signed.bytes), Verdict::Marked);

    let edited = signed(
        &stripped,
        "image/png",
        ClaimedOrigin::Generated,
        Some(id(8)),
        &made.identity,
    );
    assert_eq!(
        verdict(&verifier, &edited.bytes),
        Verdict::Conflict,
        "soft binding edited"
    );

    // The chunk that holds the manifest, put into another picture.
    let other = encoded(&picture(101), Format::Png, None);
    let moved = with_chunk(&other, &chunk(&stamped, b"caBX"));
    assert_eq!(verdict(&verifier, &moved), Verdict::Tampered);

    // The registered identifier, marked onto another picture with the key that everybody has.
    let forged = marked(&other, &Key::public(), 7);
    assert_eq!(verdict(&verifier, &forged), Verdict::Conflict);
}

#[test]
fn a_mark_estimated_from_one_picture_is_nothing_on_another() {
    // Small pictures bind little of their marks: with random keys, 2 of 60 copies passed as marked.
    let conflicts = (0..10).filter(|&number| {
        let (stamped, copied) = copy_under(&key(number));
        assert_eq!(stamped, Verdict::Marked);
        assert!(matches!(copied, Verdict::Marked | Verdict::Conflict));
        copied == Verdict::Conflict
    });
    let conflicts = conflicts.count();
    assert!(conflicts >= 9, "{conflicts} of 10");
}

/// The verdicts on a marked picture and on another one that its mark was added to.
fn copy_under(secret: &Key) -> (Verdict, Verdict) {
    let original = picture(200);
    let png = encoded(&original, Format::Png, None);
    let stamped = decoded(&marked(&png, secret, 1));
    let mut target = picture(201);
    // The forger even has the original: the estimate is the mark itself.
    if let PictureSamples::U8(pixels) = &mut target.samples {
        for ((pixel, with), without) in pixels
            .iter_mut()
            .zip(samples(&stamped))
            .zip(samples(&original))
        {
            let change = i16::from(*with) - i16::from(*without);
            *pixel = u8::try_from((i16::from(*pixel) + change).clamp(0, 255)).unwrap();
        }
    }
    let verifier = Verifier::new().unwrap().key(secret).unwrap();
    let verdict_on = |picture| verdict(&verifier, &encoded(picture, Format::Png, None));
    (verdict_on(&stamped), verdict_on(&target))
}

#[test]
fn another_keys_mark_over_it_and_another_providers_entry() {
    let made = development();
    let (own, other) = (key(1), key(2));
    let store: Arc<SqliteStore> = Arc::new(SqliteStore::open_in_memory().unwrap());
    let stamper = |key: &Key| {
        Stamper::builder(key.clone())
            .identity(made.identity.clone())
            .registry(store.clone())
            .build()
            .unwrap()
    };
    let options = |seed| StampOptions {
        id: Some(id(seed)),
        ..StampOptions::default()
    };
    let verifier = |key: &Key| {
        let verifier = Verifier::new()
            .unwrap()
            .anchors_pem(&made.anchor_pem)
            .unwrap();
        verifier.registry(store.clone()).key(key).unwrap()
    };
    let plain = encoded(&picture(300), Format::Png, None);
    let (stamped, _) = stamper(&own).stamp_with(&plain, &options(1)).unwrap();
    // Who marks over it does not hide the first mark from who has its key.
    let stripped = encoded(&decoded(&stamped), Format::Png, None);
    let over = marked(&stripped, &other, 2);
    assert_eq!(verdict(&verifier(&own), &over), Verdict::Recovered);
    assert_eq!(verdict(&verifier(&other), &over), Verdict::Marked);

    // An entry under the same identifier that belongs to another key says nothing.
    let elsewhere = encoded(&picture(301), Format::Png, None);
    stamper(&other).stamp_with(&elsewhere, &options(3)).unwrap();
    let bytes = marked(&elsewhere, &own, 3);
    let report = verifier(&own).verify(&bytes, "file").unwrap();
    assert_eq!(report.verdict, Verdict::Marked, "{}", report.explanation);
    assert_eq!(report.registry, filigrane::RegistryEvidence::Unknown);
}

/// The first chunk of a kind, with its length and checksum.
fn chunk(png: &[u8], kind: &[u8; 4]) -> Vec<u8> {
    let mut at = 8;
    loop {
        let length = u32::from_be_bytes(png[at..at + 4].try_into().unwrap()) as usize;
        let end = at + 12 + length;
        if &png[at + 4..at + 8] == kind {
            return png[at..end].to_vec();
        }
        at = end;
    }
}

/// A picture with a chunk right behind its header.
fn with_chunk(png: &[u8], chunk: &[u8]) -> Vec<u8> {
    let behind_header = 8 + 12 + 13;
    [&png[..behind_header], chunk, &png[behind_header..]].concat()
}
