//! Who is trusted, and who is not: chains of every shape, allowed lists, and lists that cannot be used.
#![allow(clippy::unwrap_used, reason = "tests")]

use filigrane_credentials::{
    Algorithm, ClaimedOrigin, Credentials, CredentialsError, Identity, ManifestRequest, PrivateKey,
    Signer, State, Trust, read, sign,
};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

const CLAIMS: ExtendedKeyUsagePurpose = ExtendedKeyUsagePurpose::EmailProtection;

/// A key with its certificate, and whoever issued that.
struct Party {
    parameters: CertificateParams,
    key: PrivateKey,
    pem: String,
}

impl Party {
    fn new(name: &str, issuer: Option<&Self>, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, text) in [
            (DnType::OrganizationName, "test"),
            (DnType::CommonName, name),
        ] {
            parameters.distinguished_name.push(kind, text);
        }
        parameters.use_authority_key_identifier_extension = true;
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2080, 1, 1);
        change(&mut parameters);
        let key = PrivateKey::generate(Algorithm::Es256).unwrap();
        let pair = KeyPair::from_pem(&key.to_pem().unwrap()).unwrap();
        let certificate = match issuer {
            Some(issuer) => {
                let issuing = KeyPair::from_pem(&issuer.key.to_pem().unwrap()).unwrap();
                let issuer = Issuer::new(issuer.parameters.clone(), issuing);
                parameters.signed_by(&pair, &issuer)
            }
            None => parameters.self_signed(&pair),
        };
        let pem = certificate.unwrap().pem();
        Self {
            parameters,
            key,
            pem,
        }
    }

    fn authority(name: &str, issuer: Option<&Self>) -> Self {
        Self::new(name, issuer, |parameters| {
            authority(parameters, BasicConstraints::Unconstrained);
        })
    }

    fn signer(name: &str, issuer: &Self, usage: ExtendedKeyUsagePurpose) -> Self {
        Self::new(name, Some(issuer), |parameters| {
            parameters.is_ca = IsCa::ExplicitNoCa;
            parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            parameters.extended_key_usages = vec![usage];
        })
    }

    /// A sample that this party signs under a chain of its own certificate and those of others.
    fn signed(&self, above: &[&Self]) -> Vec<u8> {
        let chain = above
            .iter()
            .fold(self.pem.clone(), |chain, party| chain + &party.pem);
        let signer = Unchecked {
            key: Identity::new(self.key.clone(), &chain),
            pair: KeyPair::from_pem(&self.key.to_pem().unwrap()).unwrap(),
            chain,
        };
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let photo = std::fs::read(path.join("../../samples/photo.jpg")).unwrap();
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
        sign(&photo, "image/jpeg", &request, &signer).unwrap().bytes
    }
}

fn authority(parameters: &mut CertificateParams, constraints: BasicConstraints) {
    parameters.is_ca = IsCa::Ca(constraints);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
}

/// A signer that signs under chains which [`Identity`] would refuse.
struct Unchecked {
    key: Result<Identity, CredentialsError>,
    pair: KeyPair,
    chain: String,
}

impl Signer for Unchecked {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Es256
    }

    fn chain_pem(&self) -> &str {
        &self.chain
    }

    fn sign(&self, data: &[u8]) -> Result<Vec<u8>, CredentialsError> {
        match &self.key {
            Ok(identity) => identity.sign(data),
            Err(_) => {
                use rcgen::SigningKey as _;
                Ok(raw(&self.pair.sign(data).unwrap()))
            }
        }
    }
}

/// The two numbers of an ECDSA signature in DER, 32 bytes each.
fn raw(der: &[u8]) -> Vec<u8> {
    let mut numbers = Vec::new();
    let mut at = 2;
    while at < der.len() {
        let length = usize::from(der[at + 1]);
        let number = &der[at + 2..at + 2 + length];
        let number = &number[number.len().saturating_sub(32)..];
        numbers.extend(std::iter::repeat_n(0, 32 - number.len()));
        numbers.extend(number);
        at += 2 + length;
    }
    numbers
}

fn judged(bytes: &[u8], trust: &Trust) -> Credentials {
    read(bytes, "image/jpeg", trust).unwrap()
}

fn trusting(anchor: &Party) -> Trust {
    Trust::none().with_anchors_pem(&anchor.pem).unwrap()
}

#[test]
fn a_chain_leads_to_its_anchor_or_to_nobody() {
    let root = Party::authority("root", None);
    let middle = Party::authority("middle", Some(&root));
    let signer = Party::signer("signer", &middle, CLAIMS);
    let bytes = signer.signed(&[&middle]);
    let credentials = judged(&bytes, &trusting(&root));
    assert_eq!(credentials.state, State::Trusted, "{credentials:#?}");
    let voucher = credentials.vouched_by.unwrap();
    assert!(voucher.contains("CN=root"), "{voucher}");
    let subjects: Vec<_> = credentials
        .certificates
        .iter()
        .map(|certificate| certificate.subject.clone())
        .collect();
    assert_eq!(
        subjects,
        ["O=test, CN=signer", "O=test, CN=middle", "O=test, CN=root"]
    );
    // An anchor need not be a root.
    assert_eq!(judged(&bytes, &trusting(&middle)).state, State::Trusted);
    // One of the same name is not the same.
    let other = Party::authority("root", None);
    for trust in [Trust::none(), trusting(&other)] {
        let unknown = judged(&bytes, &trust);
        assert_eq!(unknown.state, State::ValidUnknownSigner, "{unknown:#?}");
        assert_eq!(unknown.vouched_by, None);
        assert_eq!(unknown.certificates.len(), 2);
    }
    // Without the certificate between them no way leads there.
    let cut = judged(&signer.signed(&[]), &trusting(&root));
    assert_eq!(cut.state, State::ValidUnknownSigner);
}

/// Every signer that an anchor vouches for could otherwise make signers of anybody it likes.
#[test]
fn a_signer_is_no_authority() {
    let root = Party::authority("root", None);
    let signer = Party::signer("signer", &root, CLAIMS);
    let forged = Party::signer("somebody else", &signer, CLAIMS);
    let credentials = judged(&forged.signed(&[&signer]), &trusting(&root));
    assert_eq!(
        credentials.state,
        State::ValidUnknownSigner,
        "{credentials:#?}"
    );
}

#[test]
fn an_authority_keeps_to_its_depth_and_its_time() {
    let root = Party::new("root", None, |parameters| {
        authority(parameters, BasicConstraints::Unconstrained);
    });
    let shallow = Party::new("shallow", Some(&root), |parameters| {
        authority(parameters, BasicConstraints::Constrained(0));
    });
    let below = Party::authority("below", Some(&shallow));
    let direct = Party::signer("direct", &shallow, CLAIMS);
    let trust = trusting(&root);
    assert_eq!(
        judged(&direct.signed(&[&shallow]), &trust).state,
        State::Trusted
    );
    let deep = Party::signer("deep", &below, CLAIMS).signed(&[&below, &shallow]);
    assert_eq!(judged(&deep, &trust).state, State::ValidUnknownSigner);

    let expired = Party::new("expired", Some(&root), |parameters| {
        authority(parameters, BasicConstraints::Unconstrained);
        parameters.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    let late = Party::signer("late", &expired, CLAIMS).signed(&[&expired]);
    assert_eq!(judged(&late, &trust).state, State::ValidUnknownSigner);
    let no_issuing = Party::new("no issuing", Some(&root), |parameters| {
        authority(parameters, BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::CrlSign];
    });
    let wrong = Party::signer("wrong", &no_issuing, CLAIMS).signed(&[&no_issuing]);
    assert_eq!(judged(&wrong, &trust).state, State::ValidUnknownSigner);
}

#[test]
fn anchors_of_one_kind_are_none_of_the_other() {
    let root = Party::authority("root", None);
    let bytes = Party::signer("signer", &root, CLAIMS).signed(&[]);
    let for_stamps = Trust::none()
        .with_time_stamp_anchors_pem(&root.pem)
        .unwrap();
    assert_eq!(judged(&bytes, &for_stamps).state, State::ValidUnknownSigner);
    // The library accepts a time-stamp authority's certificate for claims; its usage is another.
    let stamper = Party::signer("stamper", &root, ExtendedKeyUsagePurpose::TimeStamping);
    let credentials = judged(&stamper.signed(&[]), &trusting(&root));
    assert_eq!(
        credentials.state,
        State::ValidUnknownSigner,
        "{credentials:#?}"
    );
}

#[test]
fn signers_can_be_allowed_on_their_own() {
    use base64ct::{Base64, Encoding as _};
    let root = Party::authority("root", None);
    let signer = Party::signer("signer", &root, CLAIMS);
    let other = Party::signer("other", &root, CLAIMS);
    let bytes = signer.signed(&[]);
    let hash = judged(&bytes, &Trust::none()).certificates[0].sha256;
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    for list in [
        signer.pem.clone(),
        format!("# known to us\n\n{}\n", Base64::encode_string(&hash)),
        digits,
        format!("{}# and\n{}", other.pem, signer.pem),
    ] {
        let trust = Trust::none().with_allowed(&list).unwrap();
        let credentials = judged(&bytes, &trust);
        assert_eq!(credentials.state, State::Trusted, "{list}");
        assert_eq!(credentials.vouched_by.as_deref(), Some("the allowed list"));
        // Whom an allowed signer issues a certificate is not allowed by that.
        let forged = Party::signer("forged", &signer, CLAIMS).signed(&[&signer]);
        assert_ne!(judged(&forged, &trust).state, State::Trusted);
    }
    let trust = Trust::none().with_allowed(&other.pem).unwrap();
    assert_eq!(judged(&bytes, &trust).state, State::ValidUnknownSigner);
    for (list, found) in [
        (String::new(), "an empty text"),
        ("# nobody\n".to_owned(), "comments only"),
        ("\nwhat is this\n".to_owned(), "line 2"),
        (root.pem, "an authority's"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n".to_owned(), "not PEM"),
    ] {
        let error = Trust::none().with_allowed(&list).unwrap_err().to_string();
        assert!(error.contains(found), "{list}: {error}");
    }
}

/// The shape of the lists that C2PA publishes: a line `Subject`, a tab and a name before each certificate.
#[test]
fn trust_lists_are_read_with_their_comments() {
    let one = Party::authority("one", None);
    let two = Party::authority("two", None);
    let list = format!(
        "# a comment\nSubject\tCN=one, O=test\n{}\r\nSubject\tCN=two, O=test\n{}\n",
        one.pem, two.pem
    );
    let trust = Trust::none().with_anchors_pem(&list).unwrap();
    for root in [&one, &two] {
        let bytes = Party::signer("signer", root, CLAIMS).signed(&[]);
        assert_eq!(judged(&bytes, &trust).state, State::Trusted);
    }
    assert_eq!(trust.expired(), Vec::<String>::new());

    let old = Party::new("old", None, |parameters| {
        authority(parameters, BasicConstraints::Unconstrained);
        parameters.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    // One of many that has expired is told, and vouches for nothing that is signed now.
    let mixed = Trust::none().with_anchors_pem(&(list + &old.pem)).unwrap();
    assert_eq!(mixed.expired(), ["O=test, CN=old"]);
    let bytes = Party::signer("signer", &old, CLAIMS).signed(&[]);
    assert_eq!(judged(&bytes, &mixed).state, State::ValidUnknownSigner);

    let leaf = Party::signer("leaf", &one, CLAIMS);
    for (list, found) in [
        (String::new(), "it is empty"),
        ("Subject\tCN=nobody\n".to_owned(), "no certificate"),
        (
            format!("{}{}", one.pem, leaf.pem),
            "`O=test, CN=leaf` (number 2)",
        ),
        (old.pem.clone(), "expired at 2021-01-01T00:00:00Z"),
        (format!("{}{}", old.pem, old.pem), "2 that have expired"),
        (
            one.pem.replace("MII", "AAA"),
            "certificate 1 cannot be read",
        ),
    ] {
        for error in [
            Trust::none().with_anchors_pem(&list).unwrap_err(),
            Trust::none()
                .with_time_stamp_anchors_pem(&list)
                .unwrap_err(),
        ] {
            assert!(error.to_string().contains(found), "{list}: {error}");
        }
    }
}
