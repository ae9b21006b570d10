//! A file's manifests as crJSON.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use c2pa::jumbf_io::load_jumbf_from_memory;
use c2pa::{Context, Error, Reader};

use crate::error::CredentialsError;
use crate::lengths;
use crate::read::settings;
use crate::{Trust, supports};

/// The manifests of a file in crJSON, the form that the C2PA's conformance rubrics are written over; nothing where the file
/// has none. Nobody is trusted in it.
///
/// # Errors
/// [`CredentialsError::UnsupportedFormat`] for formats outside the allow-list, [`CredentialsError::Unreadable`] where the
/// manifests cannot be read.
pub fn cr_json(bytes: &[u8], mime: &str) -> Result<Option<String>, CredentialsError> {
    if !supports(mime) {
        return Err(CredentialsError::UnsupportedFormat {
            mime: mime.to_owned(),
        });
    }
    let read = || -> c2pa::Result<String> {
        if !lengths::fit(&load_jumbf_from_memory(mime, bytes)?) {
            return Err(Error::InvalidAsset("an assertion is cut".to_owned()));
        }
        let context = Context::new().with_settings(settings(&Trust::none()))?;
        let reader = Reader::from_context(context).with_stream(mime, Cursor::new(bytes))?;
        reader.crjson_checked()
    };
    let unreadable = |reason: String| Err(CredentialsError::Unreadable { reason });
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(json)) => Ok(Some(json)),
        Ok(Err(Error::JumbfNotFound | Error::ProvenanceMissing)) => Ok(None),
        Ok(Err(error)) => unreadable(error.to_string().replace(char::is_control, " ")),
        Err(_) => unreadable("its structure stopped the reader".to_owned()),
    }
}
