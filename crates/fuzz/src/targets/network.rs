//! Answers over HTTP, from a server on this machine that says what it is told.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use filigrane::{Fetcher, HttpTimeStamper};

use super::{credentials, plain};
use crate::seeds;

/// Most bytes that are fetched here.
const MOST: u64 = 10_000;

struct Server {
    place: String,
    answer: Mutex<Vec<u8>>,
}

/// Where the server is, which gives this answer from now on.
fn answering(data: &[u8]) -> &'static str {
    static SERVER: OnceLock<&'static Server> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server: &'static Server = Box::leak(Box::new(Server {
            place: listener.local_addr().unwrap().to_string(),
            answer: Mutex::default(),
        }));
        std::thread::spawn(move || serve(&listener, server));
        server
    });
    *server.answer.lock().unwrap_or_else(PoisonError::into_inner) = data.to_vec();
    &server.place
}

fn serve(listener: &TcpListener, server: &Server) {
    for mut stream in listener.incoming().flatten() {
        // What is left unread would make the end of the connection an error for who asks.
        let _ = stream.read(&mut [0; 8192]);
        let answer = server
            .answer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let _ = stream.write_all(&answer);
    }
}

/// What a time-stamp authority answers.
pub(super) fn authority(data: &[u8]) {
    let place = answering(data);
    credentials::refused(&HttpTimeStamper::new(&format!("http://{place}/")).unwrap());
}

pub(super) fn authority_answers() -> Vec<Vec<u8>> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\n";
    let answer = seeds::time_stamp_answer(false);
    let length = format!("{head}Content-Length: {}\r\n\r\n", answer.len());
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
    [length, format!("{head}\r\n"), chunked]
        .map(|head| [head.as_bytes(), &answer].concat())
        .to_vec()
}

/// What a server with manifests answers: no more is taken than the limit, and than was sent.
pub(super) fn fetch(data: &[u8]) {
    static FETCHER: OnceLock<Fetcher> = OnceLock::new();
    let place = answering(data);
    let fetcher = FETCHER.get_or_init(|| {
        let fetcher = Fetcher::new(&[format!("http://{place}")]).unwrap();
        fetcher.limits(MOST, Duration::from_secs(2))
    });
    match fetcher.fetch(&format!("http://{place}/m.c2pa")) {
        Ok(fetched) => {
            assert!(fetched.bytes.len() as u64 <= MOST && fetched.bytes.len() <= data.len());
            assert!(
                fetched.url.starts_with(&format!("http://{place}/")),
                "{}",
                fetched.url
            );
        }
        Err(error) => plain(&error),
    }
}

pub(super) fn fetch_answers() -> Vec<Vec<u8>> {
    let manifest = &seeds::signed()[0].manifest;
    let part = &manifest[..900];
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/c2pa\r\n";
    let chunk = format!("{:x}\r\n", part.len());
    let chunked = [
        head.as_bytes(),
        b"Transfer-Encoding: chunked\r\n\r\n",
        chunk.as_bytes(),
        part,
        b"\r\n0\r\n\r\n",
    ];
    let length = format!("{head}Content-Length: {}\r\n\r\n", part.len());
    let elsewhere =
        "HTTP/1.1 302 Found\r\nLocation: https://example.org/m.c2pa\r\nContent-Length: 0\r\n\r\n";
    vec![
        chunked.concat(),
        [length.as_bytes(), part].concat(),
        [head.as_bytes(), b"\r\n", part].concat(),
        elsewhere.as_bytes().to_vec(),
    ]
}
