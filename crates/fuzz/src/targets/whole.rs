//! Whole commands on changed files.

use std::sync::OnceLock;

use filigrane::{Limits, Marked, Outcome, Search, Shape, StampOptions, Stamper, Verdict, Verifier};

use super::plain;
use crate::content;
use crate::seeds;

const LIMITS: Limits = Limits {
    max_bytes: 1 << 20,
    max_pixels: 1 << 17,
    max_duration_s: 6.0,
    max_channels: 2,
};

pub(super) fn files() -> Vec<Vec<u8>> {
    verifier();
    stamper();
    stamped_contents();
    seeds::stamped().files.clone()
}

fn verifier() -> &'static Verifier {
    static VERIFIER: OnceLock<Verifier> = OnceLock::new();
    VERIFIER.get_or_init(|| {
        Verifier::new()
            .and_then(|verifier| verifier.key(seeds::key()))
            .and_then(|verifier| verifier.anchors_pem(&seeds::identity().anchor_pem))
            .unwrap()
            .registry(seeds::stamped().store.clone())
            .limits(LIMITS)
            .search(Search::InPlace)
    })
}

fn stamper() -> &'static Stamper {
    static STAMPER: OnceLock<Stamper> = OnceLock::new();
    STAMPER.get_or_init(|| {
        Stamper::builder(seeds::key().clone())
            .identity(seeds::identity().identity.clone())
            .aigc(true)
            .marked(Marked::Again)
            .limits(LIMITS)
            .build()
            .unwrap()
    })
}

/// What was stamped, as pixels and samples.
fn stamped_contents() -> &'static [content::Digest] {
    static CONTENTS: OnceLock<Vec<content::Digest>> = OnceLock::new();
    CONTENTS.get_or_init(|| {
        let digest = |file: &Vec<u8>| content::digest(file).unwrap();
        seeds::stamped().files.iter().map(digest).collect()
    })
}

pub(super) fn inspect(data: &[u8]) {
    match filigrane::inspect(data, "file", &LIMITS) {
        Ok(inspection) => {
            assert_eq!(inspection.bytes, data.len() as u64);
            match inspection.shape {
                Some(Shape::Picture { width, height, .. }) => {
                    let pixels = u64::from(width) * u64::from(height);
                    assert!(pixels <= LIMITS.max_pixels);
                }
                Some(Shape::Sound {
                    duration_s,
                    channels,
                    ..
                }) => {
                    assert!(duration_s <= LIMITS.max_duration_s + 1e-9);
                    assert!(channels <= usize::from(LIMITS.max_channels));
                }
                _ => {}
            }
            serde_json::to_string(&inspection).unwrap();
        }
        Err(error) => plain(&error),
    }
}

/// A mark that is found in a changed file is one that was made.
pub(super) fn detect(data: &[u8]) {
    match verifier().detect(data, "file") {
        Ok(report) => {
            true_marks(&report.outcome);
            serde_json::to_string(&report).unwrap();
        }
        Err(error) => plain(&error),
    }
}

fn true_marks(outcome: &Outcome) {
    let marks = match outcome {
        Outcome::Found { mark, others } => [std::slice::from_ref(mark), others].concat(),
        Outcome::Copied { mark } => vec![mark.clone()],
        _ => Vec::new(),
    };
    for mark in marks {
        assert!(
            seeds::stamped().ids.contains(&mark.payload.id),
            "a mark that nobody made: {mark:?}"
        );
        assert!(mark.p_value <= filigrane::FALSE_POSITIVE_BOUND, "{mark:?}");
    }
}

/// Verified is what was stamped, pixel by pixel.
pub(super) fn verify(data: &[u8]) {
    match verifier().verify(data, "file") {
        Ok(report) => {
            true_marks(&report.watermark);
            if report.verdict == Verdict::Verified {
                let digest = content::digest(data).unwrap();
                assert!(
                    stamped_contents().contains(&digest),
                    "other content is verified"
                );
            }
            serde_json::to_string(&report).unwrap();
        }
        Err(error) => plain(&error),
    }
}

/// What can be stamped is verified afterwards, whatever it was before.
pub(super) fn stamp(data: &[u8]) {
    match stamper().stamp_with(data, &StampOptions::default()) {
        Ok((file, stamped)) => {
            let report = own_verifier().verify(&file, "file").unwrap();
            let mark = report.watermark.mark().unwrap();
            assert_eq!(mark.payload.id.to_string(), stamped.id);
            assert_eq!(report.verdict, Verdict::Verified, "{}", report.explanation);
        }
        Err(error) => plain(&error),
    }
}

/// A verifier without the registry: it does not know what is stamped here.
fn own_verifier() -> &'static Verifier {
    static VERIFIER: OnceLock<Verifier> = OnceLock::new();
    VERIFIER.get_or_init(|| {
        Verifier::new()
            .and_then(|verifier| verifier.key(seeds::key()))
            .and_then(|verifier| verifier.anchors_pem(&seeds::identity().anchor_pem))
            .unwrap()
            .search(Search::InPlace)
    })
}
