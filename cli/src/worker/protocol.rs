//! What the command and its workers say to each other: frames of a length and JSON or bytes.

use std::io::{self, Read, Write};

use filigrane::Limits;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::trust::Trusted;

/// No message is longer: a report of one file takes some kilobytes.
const LARGEST_MESSAGE: u64 = 64 << 20;

/// What a worker is told once, when it begins. Files were read by the command: a worker opens none but the
/// registry.
#[derive(Serialize, Deserialize)]
pub(super) struct Setup {
    /// Texts of key files.
    pub(super) keys: Vec<String>,
    /// Whom to trust.
    pub(super) trust: Trusted,
    /// Names of the layers to insist on.
    pub(super) require: Vec<String>,
    pub(super) max_bytes: u64,
    pub(super) max_pixels: u64,
    pub(super) max_duration_s: f64,
    pub(super) max_channels: u16,
    /// How far to look, by name.
    pub(super) search: String,
    /// Most memory of the worker, in bytes.
    pub(super) max_memory: u64,
    pub(super) json: bool,
    pub(super) color: bool,
}

impl Setup {
    pub(super) const fn limits(&self) -> Limits {
        Limits {
            max_bytes: self.max_bytes,
            max_pixels: self.max_pixels,
            max_duration_s: self.max_duration_s,
            max_channels: self.max_channels,
        }
    }
}

/// What a worker answers to its setup.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Greeting {
    /// It waits for files.
    Ready,
    /// It cannot begin, and why.
    Refused(String),
}

/// What goes before a file's bytes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    /// What the report calls the file.
    pub(super) name: String,
    /// Most processor time, in seconds.
    pub(super) cpu_s: u64,
    /// Whether the bytes of a manifest that lies beside the file follow the file's.
    pub(super) sidecar: bool,
}

/// Writes one message.
pub(super) fn send(out: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    send_bytes(out, &serde_json::to_vec(message)?)
}

/// Writes bytes as they are.
pub(super) fn send_bytes(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    out.write_all(&(bytes.len() as u64).to_le_bytes())?;
    out.write_all(bytes)?;
    out.flush()
}

/// Reads one message; nothing at the end of the stream.
pub(super) fn receive<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    match receive_bytes(from, LARGEST_MESSAGE)? {
        Some(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        None => Ok(None),
    }
}

/// Reads at most `limit` bytes; nothing at the end of the stream.
pub(super) fn receive_bytes(from: &mut impl Read, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 8];
    let first = from.read(&mut length)?;
    if first == 0 {
        return Ok(None);
    }
    if let Some(rest) = length.get_mut(first..) {
        from.read_exact(rest)?;
    }
    let length = u64::from_le_bytes(length);
    if length > limit {
        let text = format!("expected a message of at most {limit} bytes, found {length}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    // The buffer grows with what arrives, not with what was promised.
    let mut bytes = Vec::new();
    from.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_and_broken_ones_are_errors() {
        let mut stream = Vec::new();
        send(&mut stream, &vec![1_u8, 2, 3]).unwrap();
        send_bytes(&mut stream, b"abc").unwrap();
        let mut from = stream.as_slice();
        assert_eq!(receive::<Vec<u8>>(&mut from).unwrap().unwrap(), [1, 2, 3]);
        assert_eq!(receive_bytes(&mut from, 3).unwrap().unwrap(), b"abc");
        assert!(receive_bytes(&mut from, 3).unwrap().is_none());

        let last = &stream[stream.len() - 11..];
        assert!(receive_bytes(&mut &last[..], 2).is_err(), "too long");
        assert!(receive_bytes(&mut &last[..10], 3).is_err(), "cut");
        assert!(receive_bytes(&mut &last[..4], 3).is_err(), "cut length");
    }

    /// A worker that was taken over says anything; no more is kept of it than it really sends, within the limit.
    #[test]
    fn any_bytes_are_read_without_a_panic() {
        let mut stream = Vec::new();
        send(&mut stream, &Greeting::Refused("why".to_owned())).unwrap();
        let mut state = 1_u64;
        for _ in 0..20_000 {
            let mut changed = stream.clone();
            for _ in 0..3 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let place = (state >> 33) as usize % changed.len();
                changed[place] = (state >> 25) as u8;
            }
            let length = changed.len();
            if let Ok(Some(bytes)) = receive_bytes(&mut changed.as_slice(), LARGEST_MESSAGE) {
                assert!(bytes.len() + 8 <= length);
            }
            let _ = receive::<Greeting>(&mut changed.as_slice());
            let _ = receive::<Request>(&mut changed.as_slice());
        }
    }
}
