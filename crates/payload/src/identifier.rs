//! The 96 bits that a mark carries.

use std::fmt;
use std::str::FromStr;

/// The system's random generator gave no bytes.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the system's random generator gave no bytes")]
#[non_exhaustive]
pub struct RandomError;

/// An identifier was not 22 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an identifier of 22 hexadecimal digits (88 bits), found `{found}`")]
#[non_exhaustive]
pub struct ParseIdError {
    /// What was given instead.
    pub found: String,
}

/// The 88-bit identifier of one marked medium.
///
/// It is the same string everywhere (payload, soft binding, registry, report): 22 lower-case
/// hexadecimal digits, most significant first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MarkId([u8; Self::BYTES]);

impl MarkId {
    /// Bytes of an identifier.
    pub const BYTES: usize = 11;

    /// A new identifier from the system's random generator.
    ///
    /// Among 10⁹ random identifiers the probability that two agree is about 2·10⁻⁹ (birthday bound).
    ///
    /// # Errors
    /// [`RandomError`] when the system gives no random bytes.
    pub fn random() -> Result<Self, RandomError> {
        let mut bytes = [0; Self::BYTES];
        getrandom::fill(&mut bytes).map_err(|_| RandomError)?;
        Ok(Self(bytes))
    }

    /// The identifier with these bytes, most significant first.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The identifier's bytes, most significant first.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; Self::BYTES] {
        self.0
    }
}

impl fmt::Display for MarkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for MarkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MarkId({self})")
    }
}

impl FromStr for MarkId {
    type Err = ParseIdError;

    /// Reads 22 hexadecimal digits of either case.
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        hex_to_bytes(text).map(Self).ok_or_else(|| ParseIdError {
            found: text.chars().take(64).collect(),
        })
    }
}

/// Exactly `N` bytes from `2 N` hexadecimal digits.
pub(crate) fn hex_to_bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        let high = char::from(*high).to_digit(16)?;
        let low = char::from(*low).to_digit(16)?;
        *byte = u8::try_from(16 * high + low).ok()?;
    }
    Some(bytes)
}

/// How the marked medium says it came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// Nothing of the below is claimed.
    Other,
    /// Made by a generative model.
    Generated,
    /// Made by a person or a device and then edited with a generative model.
    Edited,
    /// Captured by a device, or made by a person without a generative model.
    Captured,
    /// A code (4..=15) that this version gives no meaning to.
    Reserved(u8),
}

impl Origin {
    /// The origin's four bits, 0..=15.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Other => 0,
            Self::Generated => 1,
            Self::Edited => 2,
            Self::Captured => 3,
            Self::Reserved(code) => code & 15,
        }
    }

    /// The origin that the low four bits of `code` stand for.
    #[must_use]
    pub const fn from_code(code: u8) -> Self {
        match code & 15 {
            0 => Self::Other,
            1 => Self::Generated,
            2 => Self::Edited,
            3 => Self::Captured,
            code => Self::Reserved(code),
        }
    }

    /// Whether the mark says that a generative model had a hand in the medium.
    #[must_use]
    pub const fn is_ai(self) -> bool {
        matches!(self, Self::Generated | Self::Edited)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other => f.write_str("other"),
            Self::Generated => f.write_str("generated"),
            Self::Edited => f.write_str("edited"),
            Self::Captured => f.write_str("captured"),
            Self::Reserved(code) => write!(f, "reserved-{code}"),
        }
    }
}

/// What a watermark carries: 96 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Payload {
    version: u8,
    /// How the medium says it came to be, 4 bits.
    pub origin: Origin,
    /// Which medium it is, 88 bits.
    pub id: MarkId,
}

impl Payload {
    /// Bits of a payload.
    pub const BITS: usize = 96;
    /// Bytes of a payload.
    pub const BYTES: usize = 12;
    /// The payload layout that this crate writes.
    pub const VERSION: u8 = 1;
    /// Leading bits that hold the version.
    pub const VERSION_BITS: usize = 4;

    /// A payload of the current [version](Self::VERSION).
    #[must_use]
    pub const fn new(origin: Origin, id: MarkId) -> Self {
        Self {
            version: Self::VERSION,
            origin,
            id,
        }
    }

    /// The payload's format version, 0..=15.
    #[must_use]
    pub const fn version(self) -> u8 {
        self.version
    }

    /// Four bits of version, four of origin, 88 of identifier, most significant first.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let (head, id) = bytes.split_at_mut(1);
        head.fill(self.version << 4 | self.origin.code());
        id.copy_from_slice(&self.id.to_bytes());
        bytes
    }

    /// The inverse of [`to_bytes`](Self::to_bytes).
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let [head, id @ ..] = bytes;
        Self {
            version: head >> 4,
            origin: Origin::from_code(head),
            id: MarkId::from_bytes(id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_print_and_parse() {
        let id: MarkId = "00c0ffee00C0FFEE00c0ff".parse().unwrap();
        assert_eq!(id.to_string(), "00c0ffee00c0ffee00c0ff");
        assert_eq!(id.to_string().parse::<MarkId>().unwrap(), id);
    }

    #[test]
    fn wrong_identifiers_are_named() {
        for wrong in [
            "",
            "00c0ffee",
            "00c0ffee00c0ffee00c0fg",
            "00c0ffee00c0ffee00c0ff0",
            "é0c0ffee00c0ffee00c0f",
        ] {
            let error = wrong.parse::<MarkId>().unwrap_err();
            assert_eq!(error.found, wrong);
        }
    }

    #[test]
    fn random_identifiers_differ() {
        assert_ne!(MarkId::random().unwrap(), MarkId::random().unwrap());
    }

    #[test]
    fn every_head_byte_survives_a_round_trip() {
        for head in 0..=255 {
            let mut bytes = [7; Payload::BYTES];
            bytes[0] = head;
            assert_eq!(Payload::from_bytes(bytes).to_bytes(), bytes);
        }
    }

    #[test]
    fn the_layout_is_version_origin_identifier() {
        let payload = Payload::new(Origin::Edited, "0102030405060708090a0b".parse().unwrap());
        assert_eq!(
            payload.to_bytes(),
            [0x12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
        );
    }
}
