//! Keys of every kind, plain and under a passphrase, and a signer that is another program.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use filigrane_credentials::{
    Algorithm, ClaimedOrigin, CommandSigner, CredentialsError, DevelopmentIdentity, Identity,
    ManifestRequest, PrivateKey, Signer, State, Subject, Trust, certificate_request, read, sign,
};

const ALGORITHMS: [Algorithm; 3] = [Algorithm::Ed25519, Algorithm::Es256, Algorithm::Es384];

fn photo() -> Vec<u8> {
    let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    std::fs::read(samples.join("photo.jpg")).unwrap()
}

fn development(algorithm: Algorithm) -> DevelopmentIdentity {
    Identity::development_with("test", PrivateKey::generate(algorithm).unwrap()).unwrap()
}

fn state(signer: &dyn Signer, anchor: &str) -> Result<State, CredentialsError> {
    let request = ManifestRequest {
        title: None,
        generator_name: "filigrane-test",
        generator_version: "1.0",
        origin: ClaimedOrigin::Generated,
        model: None,
        disclosure: None,
        training_mining: None,
        watermarks: &[],
        fingerprints: &[],
        thumbnail: None,
        sidecar: false,
        parent: None,
        time_stamping: None,
    };
    let signed = sign(&photo(), "image/jpeg", &request, signer)?;
    let trust = Trust::none().with_anchors_pem(anchor).unwrap();
    Ok(read(&signed.bytes, "image/jpeg", &trust)?.state)
}

#[test]
fn every_kind_of_key_signs_what_is_trusted() {
    for algorithm in ALGORITHMS {
        let made = development(algorithm);
        assert_eq!(made.identity.algorithm(), algorithm);
        assert_eq!(
            state(&made.identity, &made.anchor_pem),
            Ok(State::Trusted),
            "{algorithm:?}"
        );
    }
}

#[test]
fn a_passphrase_guards_a_key_and_nothing_else_opens_it() {
    for algorithm in ALGORITHMS {
        let key = PrivateKey::generate(algorithm).unwrap();
        let plain = key.to_pem().unwrap();
        assert!(!PrivateKey::is_encrypted(&plain));
        let guarded = key.to_encrypted_pem("a long passphrase").unwrap();
        assert!(PrivateKey::is_encrypted(&guarded));
        let opened = PrivateKey::from_pem(&guarded, Some("a long passphrase")).unwrap();
        assert_eq!(opened.to_pem().unwrap(), plain);
        for (passphrase, expected) in [
            (None, CredentialsError::PassphraseMissing),
            (Some("another"), CredentialsError::PassphraseWrong),
        ] {
            assert_eq!(
                PrivateKey::from_pem(&guarded, passphrase).unwrap_err(),
                expected
            );
        }
    }
}

#[test]
fn other_kinds_of_key_are_explained() {
    let ec = "-----BEGIN EC PRIVATE KEY-----\nMAA=\n-----END EC PRIVATE KEY-----\n";
    let error = PrivateKey::from_pem(ec, None).unwrap_err().to_string();
    assert!(
        error.contains("EC PRIVATE KEY") && error.contains("openssl pkcs8 -topk8"),
        "{error}"
    );
    assert!(PrivateKey::from_pem("no key", None).is_err());
}

#[test]
fn a_request_asks_for_the_profile_of_claim_signing() {
    use x509_parser::prelude::{FromDer, ParsedExtension, X509CertificationRequest};
    for algorithm in ALGORITHMS {
        let key = PrivateKey::generate(algorithm).unwrap();
        let subject = Subject {
            common_name: "Studio",
            organization: "Studio SARL",
            country: Some("FR"),
        };
        let pem = certificate_request(&key, subject).unwrap();
        let (_, block) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
        assert_eq!(block.label, "CERTIFICATE REQUEST");
        let (_, request) = X509CertificationRequest::from_der(&block.contents).unwrap();
        let info = &request.certification_request_info;
        assert_eq!(info.subject.to_string(), "C=FR, O=Studio SARL, CN=Studio");
        let extensions: Vec<_> = request.requested_extensions().unwrap().collect();
        assert!(extensions.iter().any(
            |extension| matches!(extension, ParsedExtension::KeyUsage(usage) if usage.digital_signature())
        ));
        assert!(extensions.iter().any(|extension| matches!(extension,
            ParsedExtension::ExtendedKeyUsage(usage) if usage.email_protection
                && usage.other.iter().any(|oid| oid.to_id_string() == "1.3.6.1.4.1.62558.2.1"))));
        for wrong in [
            Subject {
                organization: " ",
                ..subject
            },
            Subject {
                country: Some("fra"),
                ..subject
            },
        ] {
            assert!(certificate_request(&key, wrong).is_err());
        }
    }
}

#[cfg(unix)]
mod programs {
    use super::*;
    use std::time::Duration;

    fn shell(script: &str, made: &DevelopmentIdentity) -> CommandSigner {
        let arguments = vec!["-c".to_owned(), script.to_owned()];
        CommandSigner::new("sh", arguments, made.identity.chain_pem()).unwrap()
    }

    /// The worked example of the documentation: `openssl` stands for the program of a key-management service.
    fn openssl(made: &DevelopmentIdentity, folder: &std::path::Path) -> CommandSigner {
        let key = folder.join("key.pem");
        std::fs::write(&key, made.identity.private_key_pem().unwrap().as_bytes()).unwrap();
        let script = format!("openssl dgst -sha256 -sign '{}'", key.display());
        shell(&script, made)
    }

    #[test]
    fn a_program_signs_and_its_der_signature_is_taken() {
        if std::process::Command::new("openssl")
            .arg("version")
            .output()
            .is_err()
        {
            eprintln!("skipped: there is no `openssl`");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let made = development(Algorithm::Es256);
        let signer = openssl(&made, folder.path());
        assert_eq!(signer.algorithm(), Algorithm::Es256);
        assert_eq!(state(&signer, &made.anchor_pem), Ok(State::Trusted));
        // The program of one key under the certificate of another: nothing is signed.
        let other = development(Algorithm::Es256);
        let key = folder.path().join("key.pem");
        std::fs::write(&key, other.identity.private_key_pem().unwrap().as_bytes()).unwrap();
        assert!(matches!(
            state(&signer, &made.anchor_pem),
            Err(CredentialsError::Signing { .. })
        ));
    }

    #[test]
    fn a_program_that_fails_says_how() {
        let made = development(Algorithm::Ed25519);
        for (script, word) in [
            ("cat >/dev/null; exit 3", "exit status"),
            (
                "cat >/dev/null; printf short",
                "expected a signature of 64 bytes, found 5",
            ),
            ("yes", "expected"),
            ("exec /nonexistent/program", "exit status"),
        ] {
            let error = shell(script, &made).sign(&[7; 200_000]).unwrap_err();
            assert!(error.to_string().contains(word), "{script}: {error}");
        }
        let absent = CommandSigner::new("/nonexistent/program", vec![], made.identity.chain_pem());
        assert!(absent.unwrap().sign(b"x").is_err());
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let made = development(Algorithm::Ed25519);
        let signer = shell("sleep 3 & wait", &made).limit(Duration::from_millis(100));
        let error = signer.sign(b"claim").unwrap_err();
        assert!(error.to_string().contains("within 0.1 s"), "{error}");
    }
}

/// `openssl pkcs8 -topk8 -iter 10000001`, and one with scrypt whose passes were changed to 127 afterwards.
const TOO_MUCH_WORK: [&str; 2] = [
    "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGdMFkGCSqGSIb3DQEFDTBMMCsGCSqGSIb3DQEFDDAeBAgSo9zi2OY7MAIEAJiW
gTAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQRTjd/MrKR+1K0XpMkYSQmgRA
bMMKC4rEnStA0xLteMo7T+VmlqGIf6/7saAsnvNCH5HKMYg2efg02B62Yiy5QkLQ
OP3rkl0x8lPUD4K7f8AsgA==
-----END ENCRYPTED PRIVATE KEY-----
",
    "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGTME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAja9Hq1bv6kxAICBAAC
AQgCAX8wHQYJYIZIAWUDBAEqBBBPJzmINBoXBBz/HnlymrnsBECnAGSCuApyXwlh
Ldqsw9lxPii0zDyL7kAYnpHrVKX5XLWEZSy/gPrIdb81nmuIpsZ0gagx2LD/6L9u
O4eAJDkL
-----END ENCRYPTED PRIVATE KEY-----
",
];

#[test]
fn a_key_file_that_asks_for_minutes_of_work_is_refused() {
    for (pem, expected) in TOO_MUCH_WORK.iter().zip(["10000000 rounds", "16 passes"]) {
        let refused = PrivateKey::from_pem(pem, Some("fuzz")).unwrap_err();
        assert!(refused.to_string().contains(expected), "{refused}");
    }
}
