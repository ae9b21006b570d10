//! When a claim was signed, as an authority tells that the verifier trusts.
//!
//! The c2pa library tells the time of a manifest's first time-stamp signer, trusted or not, and says `timeStamp.trusted`
//! of claims of version 1 without asking anchors. What is revoked from a time on must not be talked out of it that way, so
//! that the time-stamp is looked through again here: taken from the claim's signature, and held against the anchors.

use c2pa::crypto::cose::CertificateTrustPolicy;
use c2pa::crypto::time_stamp::verify_time_stamp;
use c2pa::status_tracker::StatusTracker;
use coset::cbor::Value;
use coset::{
    CborSerializable as _, CoseSign1, Label, SignatureContext, TaggedCborSerializable as _,
    sig_structure_data,
};

/// JUMBF boxes (ISO 19566-5) in which a manifest's signature lies: store, manifest, signature.
const DEEPEST: usize = 4;
const SIGNATURE: &str = "c2pa.signature";

/// When the claim of the manifest `label` in a manifest store (JUMBF) was signed, in seconds since 1970; nothing where
/// no authority under `anchors` (PEM) says so. Of claims of version 1 nothing is told: their stamps are over the claim.
pub(crate) fn signing_time(store: &[u8], label: &str, anchors: &str) -> Option<i64> {
    let sign1 = CoseSign1::from_tagged_slice(signature_of(store, label)?).ok()?;
    let token = token(&sign1)?;
    // The stamp is over the signature, in the form of a counter-signature (C2PA 2.x, "Choosing the payload", `sigTst2`).
    let signature = Value::Bytes(sign1.signature.clone()).to_vec().ok()?;
    let message = sig_structure_data(
        SignatureContext::CounterSignature,
        sign1.protected,
        None,
        &[],
        &signature,
    );
    let mut policy = CertificateTrustPolicy::new();
    policy.add_trust_anchors(anchors.as_bytes()).ok()?;
    let stamped = verify_time_stamp(
        &token,
        &message,
        &policy,
        &mut StatusTracker::default(),
        true,
    )
    .ok()?;
    seconds(&stamped.gen_time.to_string())
}

/// Whether bytes are a manifest store, from the outside.
pub(crate) fn is_store(bytes: &[u8]) -> bool {
    child(bytes, "c2pa").is_some()
}

/// The one token of the `sigTst2` header.
fn token(sign1: &CoseSign1) -> Option<Vec<u8>> {
    let name = Label::Text("sigTst2".to_owned());
    let mut headers = sign1.unprotected.rest.iter();
    let (_, header) = headers.find(|(label, _)| *label == name)?;
    let field = |map: &Value, name: &str| -> Option<Value> {
        let mut pairs = map.as_map()?.iter();
        let pair = pairs.find(|(key, _)| key.as_text() == Some(name))?;
        Some(pair.1.clone())
    };
    match field(header, "tstTokens")?.as_array()?.as_slice() {
        [token] => field(token, "val")?.as_bytes().cloned(),
        _ => None,
    }
}

/// `YYYYMMDDHHMMSS[.f]Z` (RFC 3161, section 2.4.2); fractions are cut.
fn seconds(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i8>().ok();
    let year: i16 = text.get(..4)?.parse().ok()?;
    let civil = jiff::civil::DateTime::new(
        year,
        number(4, 6)?,
        number(6, 8)?,
        number(8, 10)?,
        number(10, 12)?,
        number(12, 14)?.min(59),
        0,
    );
    text.ends_with('Z')
        .then(|| civil.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok())?
        .map(|time| time.timestamp().as_second())
}

/// The signature box's content (a tagged `COSE_Sign1`) of the manifest `label`.
fn signature_of<'a>(store: &'a [u8], label: &str) -> Option<&'a [u8]> {
    let mut path = vec![SIGNATURE, label, "c2pa"];
    let mut content = store;
    while let Some(name) = path.pop() {
        content = child(content, name)?;
    }
    boxes(content)
        .take(DEEPEST)
        .find(|(kind, _)| *kind == b"cbor")
        .map(|(_, content)| content)
}

/// What is inside the superbox with this label among `content`'s boxes, after its description. Where two have the label
/// there is no telling which is meant.
fn child<'a>(content: &'a [u8], label: &str) -> Option<&'a [u8]> {
    let mut found = boxes(content).filter_map(|(kind, inside)| {
        let (first, description) = boxes(inside).next()?;
        (kind == b"jumb" && first == b"jumd" && label_of(description) == Some(label))
            .then_some(inside)
    });
    match (found.next(), found.next()) {
        (one, None) => one,
        _ => None,
    }
}

/// The label in a description box: after a type of 16 bytes and a byte of toggles, ended by a zero.
fn label_of(description: &[u8]) -> Option<&str> {
    let text = description.get(17..)?;
    let end = text.iter().position(|byte| *byte == 0)?;
    std::str::from_utf8(text.get(..end)?).ok()
}

/// The boxes of a content, type and inside each; ends where the structure does.
fn boxes(mut content: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (length, rest) = content.split_first_chunk::<4>()?;
        let (kind, rest) = rest.split_first_chunk::<4>()?;
        let (inside, after) = match u32::from_be_bytes(*length) {
            0 => (rest, &[][..]),
            1 => {
                let (length, rest) = rest.split_first_chunk::<8>()?;
                let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
                rest.split_at_checked(length.checked_sub(16)?)?
            }
            length => rest.split_at_checked((length as usize).checked_sub(8)?)?,
        };
        content = after;
        Some((kind, inside))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 8).unwrap();
        [&length.to_be_bytes()[..], kind, content].concat()
    }

    fn superbox(label: &str, content: &[u8]) -> Vec<u8> {
        let description = [&[0; 17][..], label.as_bytes(), &[0]].concat();
        boxed(
            b"jumb",
            &[boxed(b"jumd", &description), content.to_vec()].concat(),
        )
    }

    #[test]
    fn signatures_are_found_by_their_manifest() {
        let signature = |text: &[u8]| superbox(SIGNATURE, &boxed(b"cbor", text));
        let store = superbox(
            "c2pa",
            &[
                superbox("one", &signature(b"1")),
                superbox("two", &signature(b"2")),
                superbox("twice", &[signature(b"3"), signature(b"4")].concat()),
            ]
            .concat(),
        );
        assert_eq!(signature_of(&store, "one"), Some(&b"1"[..]));
        assert_eq!(signature_of(&store, "two"), Some(&b"2"[..]));
        assert_eq!(signature_of(&store, "twice"), None);
        assert_eq!(signature_of(&store, "three"), None);
        for end in 0..store.len() {
            signature_of(&store[..end], "two");
        }
        assert_eq!(
            boxes(&[0, 0, 0, 1, b'j', b'u', b'm', b'b', 255, 255]).count(),
            0
        );
        assert_eq!(boxes(&[0, 0, 0, 7, b'j', b'u', b'm', b'b']).count(), 0);
    }

    #[test]
    fn times_of_stamps() {
        assert_eq!(seconds("19700101000001Z"), Some(1));
        assert_eq!(seconds("20261123080000.643Z"), Some(1_795_420_800));
        for bad in [
            "",
            "2026",
            "20261123080000",
            "20261323080000Z",
            "é0261123080000Z",
        ] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
