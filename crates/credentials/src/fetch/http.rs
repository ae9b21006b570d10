//! One question and one answer of HTTP/1.1 (RFC 9112), within limits.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use url::Url;

use super::address::left;

/// No head of an answer is longer.
const LARGEST_HEAD: u64 = 64 << 10;
/// No line with a chunk's size is longer.
const LONGEST_LINE: u64 = 1024;

/// What an answer says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Here it is.
    Found(Vec<u8>),
    /// It is in another place.
    Elsewhere(String),
}

/// What went wrong.
#[derive(Debug)]
pub(super) enum Problem {
    Io(io::Error),
    TooLarge,
    Answer(String),
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A connection all of whose steps end before a deadline.
#[derive(Debug)]
pub(super) struct Timed {
    stream: TcpStream,
    deadline: Instant,
}

impl Timed {
    pub(super) const fn new(stream: TcpStream, deadline: Instant) -> Self {
        Self { stream, deadline }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(left(self.deadline)?))?;
        self.stream.read(buffer)
    }
}

impl Write for Timed {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(left(self.deadline)?))?;
        self.stream.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Asks for what lies at an address. Nothing of the file or of who asks is sent.
pub(super) fn exchange(
    mut stream: impl Read + Write,
    url: &Url,
    max_bytes: u64,
) -> Result<Answer, Problem> {
    let host = url.host_str().unwrap_or_default();
    let authority = url
        .port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let query = url
        .query()
        .map_or_else(String::new, |query| format!("?{query}"));
    let question = format!(
        "GET {}{query} HTTP/1.1\r\nHost: {authority}\r\nAccept: application/c2pa, application/octet-stream;q=0.5\r\n\
         Accept-Encoding: identity\r\nUser-Agent: filigrane\r\nConnection: close\r\n\r\n",
        url.path()
    );
    stream.write_all(question.as_bytes())?;
    stream.flush()?;
    answer(BufReader::new(stream), max_bytes)
}

fn answer(mut stream: impl BufRead, max_bytes: u64) -> Result<Answer, Problem> {
    let head = head(&mut stream)?;
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let status = first
        .starts_with("HTTP/1.")
        .then(|| first.split(' ').nth(1))
        .flatten();
    let fields: Vec<(&str, &str)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect();
    let field = |name: &str| {
        let mut fields = fields.iter();
        fields
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
    };
    match status {
        Some("200") => {}
        Some("301" | "302" | "303" | "307" | "308") => {
            let place = field("location").ok_or_else(|| wrong("a redirect", "one to nowhere"))?;
            return Ok(Answer::Elsewhere(place.to_owned()));
        }
        Some(_) => return Err(wrong("status 200", &shortened(first))),
        None => return Err(wrong("an answer in HTTP/1.1", &shortened(first))),
    }
    if let Some(coding) = field("content-encoding").filter(|coding| *coding != "identity") {
        return Err(wrong("the bytes as they are", &shortened(coding)));
    }
    let body = match (field("transfer-encoding"), field("content-length")) {
        (Some(coding), _) if coding.eq_ignore_ascii_case("chunked") => {
            chunks(&mut stream, max_bytes)?
        }
        (Some(coding), _) => return Err(wrong("chunks", &shortened(coding))),
        (None, Some(length)) => {
            let length = length.parse::<u64>();
            let length = length.map_err(|_| wrong("a length", "one that cannot be read"))?;
            if length > max_bytes {
                return Err(Problem::TooLarge);
            }
            exactly(&mut stream, length)?
        }
        (None, None) => {
            let mut body = Vec::new();
            stream
                .take(max_bytes.saturating_add(1))
                .read_to_end(&mut body)?;
            if body.len() as u64 > max_bytes {
                return Err(Problem::TooLarge);
            }
            body
        }
    };
    Ok(Answer::Found(body))
}

/// The lines before the empty one.
fn head(stream: &mut impl BufRead) -> Result<String, Problem> {
    let mut limited = stream.take(LARGEST_HEAD);
    let mut head = Vec::new();
    loop {
        let start = head.len();
        let read = limited.read_until(b'\n', &mut head)?;
        let line = head.get(start..).unwrap_or_default();
        if line == b"\r\n" || line == b"\n" {
            return Ok(String::from_utf8_lossy(&head).into_owned());
        }
        if read == 0 || !line.ends_with(b"\n") {
            let found = shortened(&String::from_utf8_lossy(&head));
            return Err(wrong("an answer in HTTP/1.1", &found));
        }
    }
}

/// So many bytes; the buffer grows with what arrives, not with what was promised.
fn exactly(stream: &mut impl Read, length: u64) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    stream.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length {
        Ok(bytes)
    } else {
        Err(wrong("the whole answer", "one that was cut"))
    }
}

/// A body in chunks (RFC 9112, section 7.1).
fn chunks(stream: &mut impl BufRead, max_bytes: u64) -> Result<Vec<u8>, Problem> {
    let mut body = Vec::new();
    loop {
        let size = line(stream)?;
        let digits = size.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(digits, 16);
        let size = size.map_err(|_| wrong("a chunk's size", &shortened(digits)))?;
        if size == 0 {
            // Trailers say nothing that is needed.
            return Ok(body);
        }
        if size > max_bytes.saturating_sub(body.len() as u64) {
            return Err(Problem::TooLarge);
        }
        body.extend(exactly(stream, size)?);
        if !line(stream)?.is_empty() {
            return Err(wrong("the end of a chunk", "more of it"));
        }
    }
}

/// A line without its end.
fn line(stream: &mut impl BufRead) -> Result<String, Problem> {
    let mut line = Vec::new();
    stream.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    match line.strip_suffix(b"\n") {
        Some(line) => Ok(String::from_utf8_lossy(line)
            .trim_end_matches('\r')
            .to_owned()),
        None => Err(wrong("the end of a line", "more of it")),
    }
}

fn wrong(expected: &str, found: &str) -> Problem {
    Problem::Answer(format!("expected {expected}, found {found}"))
}

fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    format!("`{}`", line.chars().take(80).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Answer, Problem> {
        answer(text.as_bytes(), 10)
    }

    #[test]
    fn bodies_of_every_kind() {
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef",
            "HTTP/1.0 200 OK\r\n\r\nabc",
            "HTTP/1.1 200 OK\nX: y\n\nabc",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n",
        ] {
            assert_eq!(
                read(text).unwrap(),
                Answer::Found(b"abc".to_vec()),
                "{text}"
            );
        }
        let elsewhere = read("HTTP/1.1 302 Found\r\nLocation: /there\r\n\r\n").unwrap();
        assert_eq!(elsewhere, Answer::Elsewhere("/there".to_owned()));
    }

    #[test]
    fn what_is_too_large_ends_before_it_is_read() {
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nabcdefghijk",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nabcdef\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        ] {
            assert!(matches!(read(text), Err(Problem::TooLarge)), "{text}");
        }
    }

    #[test]
    fn other_answers_are_refused_in_words() {
        let endless = "x".repeat(100_000);
        let long_head = format!("HTTP/1.1 200 OK\r\n{}", "A: b\r\n".repeat(20_000));
        for text in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 404 Not Found\r\n\r\n",
            "HTTP/2 200\r\n\r\n",
            "220 mail.example ESMTP\r\n\r\n",
            "HTTP/1.1 301 Moved\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
            &endless,
            &long_head,
        ] {
            match read(text) {
                Err(Problem::Answer(words)) => assert!(words.starts_with("expected"), "{words}"),
                other => panic!("{text:.60}: {other:?}"),
            }
        }
    }
}
