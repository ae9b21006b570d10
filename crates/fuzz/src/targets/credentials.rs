//! Manifests, soft bindings and time-stamps.

use std::sync::OnceLock;

use filigrane::{Credentials, CredentialsError, Format, State};
use filigrane_credentials::{
    ManifestRequest, SoftBinding, TimeStampMode, TimeStamper, TimeStamping, read, read_detached,
    sign, supports,
};

use super::plain;
use crate::content;
use crate::seeds;

pub(super) fn files() -> Vec<Vec<u8>> {
    signed_contents();
    seeds::signed()
        .iter()
        .map(|file| file.bytes.clone())
        .collect()
}

/// What was signed, as pixels and samples.
fn signed_contents() -> &'static [content::Digest] {
    static CONTENTS: OnceLock<Vec<content::Digest>> = OnceLock::new();
    CONTENTS.get_or_init(|| {
        let digest = |file: &seeds::Signed| content::digest(&file.bytes).unwrap();
        seeds::signed().iter().map(digest).collect()
    })
}

/// The manifest inside a file: a file is trusted only with the content that was signed.
pub(super) fn manifest(data: &[u8]) {
    let mime = Format::probe(data).map_or("image/jpeg", Format::mime);
    match read(data, mime, seeds::trust()) {
        Ok(credentials) => {
            consistent(&credentials);
            if credentials.is_valid() {
                assert_eq!(credentials.content_matches, Some(true));
            }
            if credentials.state == State::Trusted {
                says_what_was_signed(&credentials);
                if let Some(digest) = content::digest(data) {
                    assert!(
                        signed_contents().contains(&digest),
                        "other content is trusted"
                    );
                }
            }
        }
        Err(CredentialsError::UnsupportedFormat { .. }) => assert!(!supports(mime)),
        Err(error) => plain(&error),
    }
}

pub(super) fn manifests() -> Vec<Vec<u8>> {
    let signed = seeds::signed().iter().map(|file| file.manifest.clone());
    signed.chain([seeds::time_stamped_manifest()]).collect()
}

/// A manifest that was kept apart: it is trusted only with what its signer said.
pub(super) fn detached(data: &[u8]) {
    let file = &seeds::signed()[data.len() % seeds::signed().len()];
    match read_detached(data, &file.bytes, file.mime, seeds::trust()) {
        Ok(credentials) => {
            consistent(&credentials);
            if credentials.state == State::Trusted {
                says_what_was_signed(&credentials);
            }
        }
        Err(error) => plain(&error),
    }
}

fn says_what_was_signed(credentials: &Credentials) {
    assert_eq!(credentials.title.as_deref(), Some(seeds::TITLE));
    assert_eq!(credentials.soft_bindings, [seeds::binding()]);
    assert_eq!(credentials.claim, Some("generated"));
    assert_eq!(credentials.generator.as_deref(), Some("filigrane-fuzz 1"));
}

/// What holds for any answer.
fn consistent(credentials: &Credentials) {
    match credentials.state {
        State::Absent => assert_eq!(*credentials, Credentials::absent()),
        State::Invalid => assert!(!credentials.failures.is_empty(), "{credentials:#?}"),
        State::RemoteOnly => assert!(credentials.remote_url.is_some()),
        State::Trusted | State::ValidUnknownSigner => {
            assert!(credentials.failures.is_empty(), "{credentials:#?}");
        }
    }
    serde_json::to_string(credentials).unwrap();
}

/// A soft-binding assertion as JSON.
pub(super) fn soft_binding(data: &[u8]) {
    for binding in SoftBinding::of_assertion(&String::from_utf8_lossy(data)) {
        assert!(binding.value.len() + binding.algorithm.len() <= data.len());
    }
}

pub(super) fn assertions() -> Vec<Vec<u8>> {
    [
        r#"{"alg":"org.filigrane.image.1","blocks":[{"scope":{},"value":"00c0ffee"}],"pad":""}"#,
        r#"{"alg":"io.iscc.v0","blocks":[{"scope":{"timespan":{"start":0,"end":9}},"value":[0,17,255]}]}"#,
        r#"{"alg":"x","alg-params":"YQ==","blocks":[{"value":"a"},{"value":[1]},{"value":null},7]}"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

/// An authority that answers with these bytes.
struct Answer<'a>(&'a [u8]);

impl TimeStamper for Answer<'_> {
    fn stamp(&self, _: &[u8]) -> Result<Vec<u8>, CredentialsError> {
        Ok(self.0.to_vec())
    }
}

/// What an authority answers: nothing that it says is a time-stamp of something that it was not asked.
pub(super) fn time_stamp(data: &[u8]) {
    refused(&Answer(data));
}

/// Asks an authority whose word cannot be of what it was asked.
pub(super) fn refused(authority: &dyn TimeStamper) {
    let request = ManifestRequest {
        time_stamping: Some(TimeStamping {
            authority,
            mode: TimeStampMode::Required,
        }),
        ..seeds::request(&[])
    };
    match sign(
        seeds::PNG,
        "image/png",
        &request,
        &seeds::identity().identity,
    ) {
        Err(error @ CredentialsError::TimeStamp { .. }) => plain(&error),
        other => panic!("{:?}", other.map(|signed| signed.bytes.len())),
    }
}

pub(super) fn answers() -> Vec<Vec<u8>> {
    vec![
        seeds::time_stamp_answer(false),
        seeds::time_stamp_answer(true),
    ]
}
