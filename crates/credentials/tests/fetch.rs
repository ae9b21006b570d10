//! Manifests that lie elsewhere, on servers of this machine that answer in every way.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use c2pa::{Builder, CallbackSigner, Context, SigningAlg};
use filigrane_credentials::{
    Algorithm, FetchError, Fetched, Fetcher, Identity, PrivateKey, Signer as _, State, Trust, read,
    read_apart,
};

/// Answers each connection by its request's path, until the test ends.
struct Server {
    port: u16,
    asked: Arc<AtomicUsize>,
}

impl Server {
    fn new(answer: impl Fn(&str, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let request = head(&mut stream);
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                answer(&path, &mut stream);
            }
        });
        Self { port, asked }
    }

    /// One that sends these bytes as the body of a good answer.
    fn with(body: Vec<u8>) -> Self {
        Self::new(move |_, stream| {
            let _ = stream.write_all(&good(&body));
        })
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host())
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

fn good(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn fetcher(hosts: &[&str]) -> Fetcher {
    Fetcher::new(hosts).unwrap()
}

fn fetch(server: &Server, path: &str) -> Result<Fetched, FetchError> {
    fetcher(&[&server.host()]).fetch(&server.url(path))
}

/// A sample that only points to its manifest, and that manifest.
fn pointing(name: &str, url: &str, identity: &Identity) -> (Vec<u8>, Vec<u8>) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let sample = std::fs::read(path.join(name)).unwrap();
    let signing = identity.clone();
    let signer = CallbackSigner::new(
        move |_: *const (), data: &[u8]| Ok(signing.sign(data).unwrap()),
        SigningAlg::Ed25519,
        identity.chain_pem(),
    );
    let definition = serde_json::json!({
        "assertions": [{"label": "c2pa.actions.v2", "created": true, "data": {"actions": [{
            "action": "c2pa.created",
            "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
        }]}}],
    });
    let builder = Builder::from_context(Context::new());
    let mut builder = builder.with_definition(definition).unwrap();
    builder.set_remote_url(url);
    builder.set_no_embed(true);
    let mut target = std::io::Cursor::new(Vec::new());
    let mut source = std::io::Cursor::new(sample);
    let manifest = builder
        .sign(&signer, "image/jpeg", &mut source, &mut target)
        .unwrap();
    (target.into_inner(), manifest)
}

#[test]
fn a_fetched_manifest_is_judged_with_its_file() {
    let made = Identity::development("test").unwrap();
    let trust = Trust::none().with_anchors_pem(&made.anchor_pem).unwrap();
    let url = "https://manifests.example/1.c2pa";
    let (file, manifest) = pointing("photo.jpg", url, &made.identity);
    let credentials = read(&file, "image/jpeg", &trust).unwrap();
    assert_eq!(credentials.state, State::RemoteOnly, "{credentials:#?}");
    assert_eq!(credentials.remote_url.as_deref(), Some(url));

    let server = Server::with(manifest.clone());
    let fetched = fetch(&server, "/1.c2pa?x=y").unwrap();
    assert_eq!(fetched.bytes, manifest);
    assert_eq!(fetched.url, server.url("/1.c2pa?x=y"));
    let judged =
        |manifest: &[u8], bytes: &[u8]| read_apart(manifest, bytes, "image/jpeg", &trust).unwrap();
    let credentials = judged(&fetched.bytes, &file).unwrap();
    assert_eq!(credentials.state, State::Trusted, "{credentials:#?}");
    assert_eq!(credentials.content_matches, Some(true));
    let unknown = read_apart(&manifest, &file, "image/jpeg", &Trust::none()).unwrap();
    assert_eq!(unknown.unwrap().state, State::ValidUnknownSigner);

    // The manifest of another file, or of this one before it was changed, does not hold.
    let (other, _) = pointing("unmarked.jpg", url, &made.identity);
    let mut changed = file.clone();
    let near_end = changed.len() - 40;
    changed[near_end] ^= 1;
    for bytes in [&other, &changed] {
        let credentials = judged(&manifest, bytes).unwrap();
        assert_eq!(credentials.state, State::Invalid, "{credentials:#?}");
        assert_eq!(credentials.failures[0].code, "assertion.dataHash.mismatch");
        assert_eq!(credentials.content_matches, Some(false));
    }
    // What is no manifest is no manifest, neither valid nor invalid.
    for bytes in [&b""[..], b"<html>not found</html>", &manifest[..20], &file] {
        assert_eq!(judged(bytes, &file), None);
    }
    let mut broken = manifest;
    let claimed = b"trainedAlgorithmicMedia";
    let at = broken
        .windows(claimed.len())
        .position(|part| part == claimed);
    broken[at.unwrap()] = b'u';
    assert_eq!(judged(&broken, &file).unwrap().state, State::Invalid);
}

#[test]
fn answers_end_within_their_limits() {
    let short = Duration::from_millis(300);
    let endless = Server::new(|path, stream| {
        let head = match path {
            "/promised" => "Content-Length: 1000000000000\r\n",
            "/chunked" => "Transfer-Encoding: chunked\r\n",
            _ => "",
        };
        let _ = write!(stream, "HTTP/1.1 200 OK\r\n{head}\r\n");
        let part = if path == "/chunked" {
            format!("1000\r\n{}\r\n", "x".repeat(4096))
        } else {
            "x".repeat(4096)
        };
        while stream.write_all(part.as_bytes()).is_ok() {}
    });
    let patient = Duration::from_secs(600);
    for path in ["/promised", "/chunked", "/plain"] {
        let limited = fetcher(&[&endless.host()]).limits(100_000, patient);
        let error = limited.fetch(&endless.url(path)).unwrap_err();
        assert!(
            matches!(error, FetchError::TooLarge { limit: 100_000, .. }),
            "{path}: {error}"
        );
    }
    // A byte now and then keeps no one waiting, neither in the head nor in the body.
    let slow = Server::new(|path, stream| {
        if path == "/body" {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        }
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    for path in ["/head", "/body"] {
        let limited = fetcher(&[&slow.host()]).limits(100_000, short);
        let error = limited.fetch(&slow.url(path)).unwrap_err();
        assert!(
            matches!(error, FetchError::TooSlow { .. }),
            "{path}: {error}"
        );
    }
    // Nor does one that never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = silent.local_addr().unwrap().to_string();
    let limited = fetcher(&[&host]).limits(100_000, short);
    let error = limited.fetch(&format!("http://{host}/")).unwrap_err();
    assert!(matches!(error, FetchError::TooSlow { .. }), "{error}");
}

#[test]
fn redirects_lead_only_to_hosts_on_the_list() {
    let goal = Server::with(b"here".to_vec());
    let there = goal.url("/there");
    let secret = Server::with(b"secret".to_vec());
    let elsewhere = secret.url("/");
    let port = goal.port;
    let first = Server::new(move |path, stream| {
        let place = match path {
            "/good" => there.clone(),
            "/relative" => "/next".to_owned(),
            "/next" => there.clone(),
            "/loop" => "/loop".to_owned(),
            "/elsewhere" => elsewhere.clone(),
            // The same machine under another name.
            "/name" => format!("http://localhost:{port}/"),
            "/file" => "file:///etc/passwd".to_owned(),
            _ => "https://".to_owned(),
        };
        let _ = write!(stream, "HTTP/1.1 302 Found\r\nLocation: {place}\r\n\r\n");
    });
    let both = fetcher(&[&first.host(), &goal.host()]);
    for path in ["/good", "/relative"] {
        let fetched = both.fetch(&first.url(path)).unwrap();
        assert_eq!(
            (fetched.bytes, fetched.url),
            (b"here".to_vec(), goal.url("/there"))
        );
    }
    let refused = |path: &str| both.fetch(&first.url(path)).unwrap_err();
    for path in ["/elsewhere", "/name"] {
        assert!(
            matches!(refused(path), FetchError::NotAllowed { .. }),
            "{path}"
        );
    }
    assert_eq!(secret.asked(), 0);
    assert_eq!(refused("/loop"), FetchError::Redirects);
    assert!(matches!(refused("/file"), FetchError::Address { .. }));
    assert!(matches!(refused("/nothing"), FetchError::Answer { .. }));
}

#[test]
fn who_is_not_on_the_list_is_not_asked() {
    let server = Server::with(Vec::new());
    let url = server.url("/");
    for hosts in [
        &[][..],
        &["manifests.example"],
        &["127.0.0.1"],
        &["127.0.0.1:1"],
        // A name is not the address that it leads to.
        &["localhost"],
    ] {
        let error = fetcher(hosts).fetch(&url).unwrap_err();
        assert!(matches!(error, FetchError::NotAllowed { .. }), "{error}");
    }
    assert_eq!(server.asked(), 0);
    for bad in ["", "manifest.c2pa", "file:///etc/passwd", &"x".repeat(3000)] {
        let error = fetcher(&["a.example"]).fetch(bad).unwrap_err();
        assert!(
            matches!(error, FetchError::Address { .. }),
            "{bad}: {error}"
        );
    }
    // An answer that is no good is told as it is.
    let missing = Server::new(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\n\r\n");
    });
    let error = fetch(&missing, "/").unwrap_err().to_string();
    assert!(error.contains("404 Not Found"), "{error}");
    let closed = fetcher(&["127.0.0.1:1"])
        .fetch("http://127.0.0.1:1/")
        .unwrap_err();
    assert!(matches!(closed, FetchError::Connection { .. }), "{closed}");
}

#[test]
fn tls_is_checked_against_its_authorities() {
    let key = PrivateKey::generate(Algorithm::Es256).unwrap();
    let pair = rcgen::KeyPair::from_pem(&key.to_pem().unwrap()).unwrap();
    let parameters = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = parameters.self_signed(&pair).unwrap();
    let secret = rustls::pki_types::PrivateKeyDer::try_from(pair.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], secret)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            let asked = head(&mut stream);
            if asked.starts_with("GET / HTTP/1.1\r\n") {
                let _ = stream.write_all(&good(b"here"));
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    let url = format!("https://{host}/");
    let knows = fetcher(&[&host]).tls_roots(&certificate.pem()).unwrap();
    assert_eq!(knows.fetch(&url).unwrap().bytes, b"here");
    let error = fetcher(&[&host]).fetch(&url).unwrap_err();
    assert!(matches!(error, FetchError::Connection { .. }), "{error}");
}
