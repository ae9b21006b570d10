//! Keys and certificates.

use filigrane::{Identity, Key, PrivateKey, Signer as _, State};
use filigrane_credentials::{CertificateId, Trust, read, sign};

use super::plain;
use crate::seeds;

pub(super) fn private_key(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match PrivateKey::from_pem(&text, Some("fuzz")) {
        Ok(key) => {
            let again = key.to_pem().unwrap();
            PrivateKey::from_pem(&again, None).unwrap();
        }
        Err(error) => plain(&error),
    }
}

pub(super) fn certificates(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for taken in [
        Trust::none().with_anchors_pem(&text).err(),
        Trust::none().with_time_stamp_anchors_pem(&text).err(),
        Trust::none().with_allowed(&text).err(),
        CertificateId::all_from_pem(&text).err(),
    ] {
        taken.iter().for_each(plain);
    }
    let pem = seeds::identity().identity.private_key_pem().unwrap();
    match Identity::from_pem(&pem, &text) {
        // Signatures of certificates are checked in signing: nothing comes out under a forged one.
        Ok(identity) => {
            let signed = sign(seeds::PNG, "image/png", &seeds::request(&[]), &identity);
            if let Ok(signed) = signed {
                let read = read(&signed.bytes, "image/png", seeds::trust()).unwrap();
                if read.state == State::Trusted {
                    assert_eq!(
                        read.signer.as_deref(),
                        Some(seeds::identity().identity.subject())
                    );
                }
            }
        }
        Err(error) => plain(&error),
    }
}

pub(super) fn chains() -> Vec<Vec<u8>> {
    let made = seeds::identity();
    vec![
        made.identity.chain_pem().as_bytes().to_vec(),
        made.anchor_pem.clone().into_bytes(),
    ]
}

pub(super) fn key_file(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Key::parse(&text) {
        Ok(key) => {
            let again = Key::parse(&key.to_text()).unwrap();
            assert_eq!((again.id(), again.name()), (key.id(), key.name()));
            plain(&key.name());
        }
        Err(error) => plain(&error),
    }
}

pub(super) fn key_files() -> Vec<Vec<u8>> {
    vec![seeds::KEY_FILE.as_bytes().to_vec()]
}
