//! Time-stamps of a local authority: `openssl ts` behind a small HTTP server.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use filigrane_credentials::{
    Algorithm, ClaimedOrigin, CredentialsError, HttpTimeStamper, Identity, ManifestRequest,
    PrivateKey, State, TimeStampMode, TimeStamping, Trust, read, sign,
};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

const CONFIGURATION: &str = "
[tsa]
default_tsa = here
[here]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[req]
distinguished_name = dn
[dn]
";

/// A time-stamp authority with its own root.
struct Authority {
    folder: tempfile::TempDir,
}

impl Authority {
    /// Nothing where there is no `openssl`.
    fn new() -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            eprintln!("skipped: there is no `openssl`");
            return None;
        }
        let made = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        std::fs::write(made.path("c.cnf"), CONFIGURATION).unwrap();
        std::fs::write(made.path("serial"), "01\n").unwrap();
        let key = "-newkey rsa:2048 -nodes -config c.cnf";
        made.openssl(&format!(
            "req -x509 {key} -keyout root.key -out root.pem -days 30 -subj /C=ZZ/O=test/CN=root -extensions root"
        ));
        made.openssl(&format!(
            "req {key} -keyout tsa.key -out tsa.csr -subj /C=ZZ/O=test/CN=tsa"
        ));
        made.openssl(
            "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -CAcreateserial -out tsa.pem -days 29 -extfile c.cnf -extensions leaf",
        );
        Some(made)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn openssl(&self, arguments: &str) {
        openssl(self.folder.path(), arguments);
    }

    fn root(&self) -> String {
        std::fs::read_to_string(self.path("root.pem")).unwrap()
    }

    /// Answers queries as the authority would.
    fn answers(&self) -> impl Fn(&[u8]) -> Vec<u8> + Send + 'static {
        let folder = self.folder.path().to_owned();
        move |query| {
            std::fs::write(folder.join("q"), query).unwrap();
            openssl(
                &folder,
                "ts -reply -config c.cnf -section here -queryfile q -signer tsa.pem -inkey tsa.key -chain tsa.pem -out r",
            );
            std::fs::read(folder.join("r")).unwrap()
        }
    }
}

fn openssl(folder: &Path, arguments: &str) {
    let done = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{arguments}\n{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

/// Serves so many requests, each answered by `answer`; where it listens.
fn serve(count: usize, answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/tsa", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for _ in 0..count {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut part = [0; 4096];
            // The head is read only once it is whole: a request may arrive in any number of pieces.
            let body = loop {
                let read = stream.read(&mut part).unwrap();
                assert!(read > 0, "the request was cut");
                request.extend_from_slice(&part[..read]);
                let Some(head) = request.windows(4).position(|window| window == b"\r\n\r\n") else {
                    continue;
                };
                let text = String::from_utf8_lossy(&request[..head]).into_owned();
                assert!(text.starts_with("POST /tsa HTTP/1.0\r\n"));
                let length = text
                    .lines()
                    .find_map(|line| line.strip_prefix("Content-Length: "))
                    .map(|length| length.parse::<usize>().unwrap());
                let body = &request[head + 4..];
                if body.len() >= length.unwrap() {
                    break body.to_vec();
                }
            };
            let answer = answer(&body);
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\n\r\n",
                answer.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&answer).unwrap();
        }
    });
    url
}

/// An identity whose certificate ends after some seconds, its root, and that end.
fn short_lived(seconds: u64) -> (Identity, String, SystemTime) {
    let name = |common: &str| {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, text) in [
            (DnType::CountryName, "ZZ"),
            (DnType::OrganizationName, "test"),
            (DnType::CommonName, common),
        ] {
            parameters.distinguished_name.push(kind, text);
        }
        parameters.use_authority_key_identifier_extension = true;
        parameters
    };
    let mut root = name("root");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let root_key = KeyPair::generate().unwrap();
    let root_pem = root.self_signed(&root_key).unwrap().pem();
    let issuer = Issuer::new(root, root_key);

    let key = PrivateKey::generate(Algorithm::Es256).unwrap();
    let pair = KeyPair::from_pem(&key.to_pem().unwrap()).unwrap();
    let mut leaf = name("leaf");
    leaf.is_ca = IsCa::ExplicitNoCa;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    let end = SystemTime::now() + Duration::from_secs(seconds);
    leaf.not_before = rcgen::date_time_ymd(2026, 1, 1);
    leaf.not_after = end.into();
    let chain = leaf.signed_by(&pair, &issuer).unwrap().pem();
    (Identity::new(key, &chain).unwrap(), root_pem, end)
}

fn sample() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/photo.jpg")).unwrap()
}

fn request(time_stamping: Option<TimeStamping<'_>>) -> ManifestRequest<'_> {
    ManifestRequest {
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
        time_stamping,
    }
}

#[test]
fn an_expired_certificate_verifies_where_it_was_time_stamped() {
    let Some(authority) = Authority::new() else {
        return;
    };
    let roots = authority.root();
    // Slow machines get more time: everything must be signed before the certificate ends.
    let mut seconds = 6;
    let (stamped, plain, root, end) = loop {
        let (identity, root, end) = short_lived(seconds);
        let url = serve(1, authority.answers());
        let http = HttpTimeStamper::new(&url).unwrap();
        let stamping = TimeStamping {
            authority: &http,
            mode: TimeStampMode::Required,
        };
        let signed = |request| sign(&sample(), "image/jpeg", &request, &identity);
        let results = (signed(request(Some(stamping))), signed(request(None)));
        if SystemTime::now() < end {
            break (results.0.unwrap(), results.1.unwrap(), root, end);
        }
        seconds *= 2;
    };
    assert_eq!(stamped.time_stamp_failure, None);
    let signers = Trust::none().with_anchors_pem(&root).unwrap();
    let with_stampers = |pem: &str| signers.clone().with_time_stamp_anchors_pem(pem).unwrap();
    let both = with_stampers(&roots);
    let verify = |bytes: &[u8], trust: &Trust| read(bytes, "image/jpeg", trust).unwrap();
    while SystemTime::now() <= end + Duration::from_secs(1) {
        std::thread::sleep(Duration::from_millis(200));
    }
    let credentials = verify(&stamped.bytes, &both);
    assert_eq!(credentials.state, State::Trusted, "{credentials:#?}");
    assert!(credentials.signed_at.is_some(), "{credentials:#?}");
    // Without the stamp, or without trust in who stamped, the certificate's end counts.
    assert_eq!(verify(&plain.bytes, &both).state, State::Invalid);
    let untrusted = verify(&stamped.bytes, &signers);
    assert_eq!(
        (untrusted.state, untrusted.signed_at),
        (State::Invalid, None)
    );
    // Anchors of one kind are none of the other.
    let as_signer = signers.clone().with_anchors_pem(&roots).unwrap();
    assert_eq!(verify(&stamped.bytes, &as_signer).state, State::Invalid);
    let stampers_only = Trust::none().with_time_stamp_anchors_pem(&roots).unwrap();
    let as_stamper = stampers_only.with_time_stamp_anchors_pem(&root).unwrap();
    let unknown = verify(&stamped.bytes, &as_stamper);
    assert_eq!(unknown.state, State::ValidUnknownSigner, "{unknown:#?}");
    assert_eq!(unknown.signed_at, credentials.signed_at);
    assert_eq!(
        verify(&stamped.bytes, &with_stampers(&root)).state,
        State::Invalid
    );
}

#[test]
fn what_is_no_time_stamp_is_refused_or_passed_over_as_asked() {
    let Some(authority) = Authority::new() else {
        return;
    };
    let identity = Identity::development("test").unwrap().identity;
    // An answer to another question, rubbish, and nobody there.
    let other = authority.answers()(&other_query(&authority));
    let urls = [
        serve(2, move |_| other.clone()),
        serve(2, |_| b"rubbish".to_vec()),
        "http://127.0.0.1:1/".to_owned(),
    ];
    for url in urls {
        let http = HttpTimeStamper::new(&url).unwrap();
        let try_in = |mode| {
            let stamping = TimeStamping {
                authority: &http,
                mode,
            };
            sign(&sample(), "image/jpeg", &request(Some(stamping)), &identity)
        };
        let refused = try_in(TimeStampMode::Required).unwrap_err();
        assert!(
            matches!(refused, CredentialsError::TimeStamp { .. }),
            "{refused}"
        );
        let signed = try_in(TimeStampMode::BestEffort).unwrap();
        assert!(matches!(
            signed.time_stamp_failure,
            Some(CredentialsError::TimeStamp { .. })
        ));
        let credentials = read(&signed.bytes, "image/jpeg", &Trust::none()).unwrap();
        assert_eq!(credentials.state, State::ValidUnknownSigner);
        assert_eq!(credentials.signed_at, None);
    }
}

fn other_query(authority: &Authority) -> Vec<u8> {
    std::fs::write(authority.path("other"), "something else").unwrap();
    authority.openssl("ts -query -data other -sha256 -cert -out other.q");
    std::fs::read(authority.path("other.q")).unwrap()
}
