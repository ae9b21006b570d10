//! Time-stamps of RFC 3161: an authority's word that a signature existed at a time.
//!
//! A manifest without one turns invalid when the signer's certificate expires; with one of an authority that the verifier
//! trusts, the certificate only had to be valid then.

use std::fmt;
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use c2pa::crypto::cose::CertificateTrustPolicy;
use c2pa::crypto::time_stamp::{default_rfc3161_message, verify_time_stamp};
use c2pa::status_tracker::StatusTracker;

use crate::error::CredentialsError;

/// The largest answer that is read: a token with its certificates takes some kilobytes.
const LARGEST_ANSWER: u64 = 256 << 10;
/// How long an authority may take to take a connection, and for each step of answering.
const PATIENCE: Duration = Duration::from_secs(10);

/// Something that time-stamps.
pub trait TimeStamper: Send + Sync {
    /// Answers a `TimeStampReq` with a `TimeStampResp`, both DER.
    ///
    /// # Errors
    /// [`CredentialsError::TimeStamp`] when there is no answer.
    fn stamp(&self, request: &[u8]) -> Result<Vec<u8>, CredentialsError>;
}

/// What to do where the authority does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeStampMode {
    /// Sign nothing.
    #[default]
    Required,
    /// Sign without a time-stamp.
    BestEffort,
}

/// Who time-stamps a signature, and what to do where it is not done.
#[derive(Clone, Copy)]
pub struct TimeStamping<'a> {
    /// Who is asked.
    pub authority: &'a dyn TimeStamper,
    /// What to do where there is no time-stamp.
    pub mode: TimeStampMode,
}

impl TimeStamping<'_> {
    /// A time-stamp over `message` (`TimeStampResp`, DER), looked through before it is used: an answer to something else
    /// would be found out by verifiers only.
    pub(crate) fn stamp(&self, message: &[u8]) -> Result<Vec<u8>, CredentialsError> {
        let request =
            default_rfc3161_message(message).map_err(|error| failed(error.to_string()))?;
        let answer = self.authority.stamp(&request)?;
        // Whether the authority is trusted is the verifiers' to say.
        let policy = CertificateTrustPolicy::new();
        verify_time_stamp(
            &answer,
            message,
            &policy,
            &mut StatusTracker::default(),
            false,
        )
        .map_err(|error| failed(error.to_string()))?;
        Ok(answer)
    }
}

impl fmt::Debug for TimeStamping<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeStamping")
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// An authority that is asked over HTTP (RFC 3161, section 3.4). The answer is signed, so that the way need not be.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpTimeStamper {
    authority: String,
    path: String,
}

impl HttpTimeStamper {
    /// The authority at an `http://` address.
    ///
    /// # Errors
    /// [`CredentialsError::TimeStamp`] when it is none.
    pub fn new(url: &str) -> Result<Self, CredentialsError> {
        let rest = url.strip_prefix("http://");
        let rest =
            rest.ok_or_else(|| failed(format!("expected an `http://` address, found `{url}`")))?;
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if authority.is_empty() || authority.contains('@') || !is_plain(rest) {
            return Err(failed(format!(
                "expected an `http://` address, found `{url}`"
            )));
        }
        Ok(Self {
            authority: authority.to_owned(),
            path: path.to_owned(),
        })
    }

    fn connect(&self) -> std::io::Result<TcpStream> {
        let has_port = self
            .authority
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        let place = if has_port {
            self.authority.clone()
        } else {
            format!("{}:80", self.authority)
        };
        let mut last = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
        for address in place.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(PATIENCE))?;
                    stream.set_write_timeout(Some(PATIENCE))?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn exchange(&self, request: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut stream = self.connect()?;
        // HTTP/1.0: the answer ends with the connection, and comes in one piece. The question goes out in one piece too.
        let mut question = format!(
            "POST {} HTTP/1.0\r\nHost: {}\r\nContent-Type: application/timestamp-query\r\n\
             Accept: application/timestamp-reply\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.path,
            self.authority,
            request.len()
        )
        .into_bytes();
        question.extend_from_slice(request);
        stream.write_all(&question)?;
        let mut answer = Vec::new();
        stream.take(LARGEST_ANSWER).read_to_end(&mut answer)?;
        Ok(answer)
    }
}

impl TimeStamper for HttpTimeStamper {
    fn stamp(&self, request: &[u8]) -> Result<Vec<u8>, CredentialsError> {
        let answer = self
            .exchange(request)
            .map_err(|error| failed(format!("`{}`: {error}", self.authority)))?;
        body(&answer)
            .map(<[u8]>::to_vec)
            .map_err(|reason| failed(format!("`{}`: {reason}", self.authority)))
    }
}

impl fmt::Debug for HttpTimeStamper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpTimeStamper(http://{}{})", self.authority, self.path)
    }
}

/// The body of an HTTP answer of status 200.
fn body(answer: &[u8]) -> Result<&[u8], String> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
    let (head, rest) = end
        .and_then(|end| answer.split_at_checked(end + 4))
        .ok_or("expected an answer in HTTP, found none")?;
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let status = lines.next().unwrap_or_default();
    if !(status.starts_with("HTTP/1.") && status.split(' ').nth(1) == Some("200")) {
        let status = status.chars().take(80).flat_map(char::escape_debug);
        let status: String = status.collect();
        return Err(format!("expected status 200, found `{status}`"));
    }
    let header = |name: &str| {
        let mut fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        fields
            .find(|(field, _)| field.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_ascii_lowercase())
    };
    let kind = header("content-type").unwrap_or_default();
    if !kind.starts_with("application/timestamp-reply") {
        return Err(format!(
            "expected `application/timestamp-reply`, found `{}`",
            kind.escape_debug()
        ));
    }
    if header("transfer-encoding").is_some() {
        return Err("expected an answer of HTTP/1.0, found a transfer encoding".to_owned());
    }
    match header("content-length").map(|length| length.parse::<usize>()) {
        None => Ok(rest),
        Some(Ok(length)) => rest
            .get(..length)
            .ok_or_else(|| "the answer was cut".to_owned()),
        Some(Err(_)) => Err("the answer's length cannot be read".to_owned()),
    }
}

fn failed(reason: String) -> CredentialsError {
    CredentialsError::TimeStamp { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in [
            "http://a",
            "http://a:99/x?y",
            "http://[::1]:80/",
            "http://tsa.example/r",
        ] {
            HttpTimeStamper::new(good).unwrap();
        }
        for bad in [
            "",
            "https://a",
            "http://",
            "http:///x",
            "http://a b",
            "http://u@a",
            "http://a\r\nX: y",
        ] {
            HttpTimeStamper::new(bad).unwrap_err();
        }
    }

    #[test]
    fn answers() {
        let good = "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\n";
        let whole = |rest: &str| format!("{good}{rest}").into_bytes();
        assert_eq!(body(&whole("\r\nabc")), Ok(&b"abc"[..]));
        assert_eq!(body(&whole("Content-Length: 2\r\n\r\nabc")), Ok(&b"ab"[..]));
        for bad in [
            "Content-Length: 4\r\n\r\nabc",
            "Content-Length: x\r\n\r\nabc",
            "Transfer-Encoding: chunked\r\n\r\nabc",
            "",
        ] {
            body(&whole(bad)).unwrap_err();
        }
        body(b"HTTP/1.1 500 No\r\nContent-Type: application/timestamp-reply\r\n\r\nabc")
            .unwrap_err();
        body(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\nabc").unwrap_err();
        for steering in [
            "HTTP/1.1 5\x1b[2J",
            "HTTP/1.1 200 OK\r\nContent-Type: \x1b[2J",
        ] {
            let reason = body(format!("{steering}\r\n\r\n").as_bytes()).unwrap_err();
            assert!(
                !reason.contains('\x1b') && reason.contains("u{1b}"),
                "{reason}"
            );
        }
    }
}
