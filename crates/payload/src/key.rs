//! Watermark keys and what is derived from them.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::date::Date;
use crate::identifier::{RandomError, hex_to_bytes};

/// Context of the public derivation whose hash is a key's identifier.
const ID_CONTEXT: &str = "filigrane v1 key identifier";
/// The public key's secret is the BLAKE3 hash of this text: known to everybody, on purpose.
const PUBLIC_SECRET_TEXT: &[u8] = b"filigrane v1 public watermark key";
const FILE_HEADER: &str = "filigrane-key 1";
const NAME_CHARS: usize = 64;

/// A key's text was not what [`Key::parse`] expects, or its parts do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text does not begin with the header line of a known version.
    #[error("expected a key file beginning with `{FILE_HEADER}`, found `{found}`")]
    Header {
        /// The first line, shortened.
        found: String,
    },
    /// A line is missing or cannot be read; the secret itself is never repeated.
    #[error("expected a line `{field}: {expected}` in the key file")]
    Field {
        /// The line's name.
        field: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// A line is unknown or appears twice.
    #[error("line {line} of the key file is unknown or repeated")]
    Line {
        /// Counted from one.
        line: usize,
    },
    /// The identifier in the file is not the secret's.
    #[error("the key file says `id: {stated}` but its secret belongs to `{actual}`")]
    Mismatch {
        /// What the file says.
        stated: KeyId,
        /// What the secret gives.
        actual: KeyId,
    },
    /// A name is empty, too long or holds control characters.
    #[error(
        "expected a key name of 1 to {NAME_CHARS} printable characters without surrounding spaces"
    )]
    Name,
}

/// A 256-bit secret, with a name and the day it was made.
///
/// Whoever holds the secret can detect, forge and erase the marks made with it. The secret is
/// zeroized when the key is dropped, and never shown by `Debug`.
#[derive(Clone)]
pub struct Key {
    secret: Secret,
    name: String,
    created: Date,
    id: KeyId,
}

#[derive(Clone, Zeroize, ZeroizeOnDrop)]
struct Secret([u8; 32]);

impl Key {
    /// The key that every filigrane holds, for marks that anybody may detect. Anybody who knows how
    /// can also forge or erase such a mark: trust comes from the signature and the registry.
    #[must_use]
    pub fn public() -> Self {
        let created = Date::from_unix(1_795_392_000); // 2026-11-23
        Self::assemble(
            *blake3::hash(PUBLIC_SECRET_TEXT).as_bytes(),
            "public".to_owned(),
            created,
        )
    }

    /// A new key from the system's random generator; `created` is today in the caller's clock.
    ///
    /// # Errors
    /// [`GenerateKeyError`] for a name that is empty, over 64 characters or not printable, and when
    /// the system gives no random bytes.
    pub fn generate(name: &str, created: Date) -> Result<Self, GenerateKeyError> {
        let name = checked_name(name)?;
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(secret.as_mut_slice()).map_err(|_| RandomError)?;
        Ok(Self::assemble(*secret, name, created))
    }

    /// Reads the text that [`to_text`](Self::to_text) writes.
    ///
    /// # Errors
    /// [`KeyError`] says which line is missing, unknown or wrong, and never repeats the secret.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut lines = text.lines().enumerate();
        let header = lines.next().map_or("", |(_, line)| line.trim_end());
        if header != FILE_HEADER {
            return Err(KeyError::Header {
                found: header
                    .chars()
                    .take(40)
                    .flat_map(char::escape_debug)
                    .collect(),
            });
        }
        let mut fields: [(&str, Option<&str>); 4] = [
            ("name", None),
            ("id", None),
            ("created", None),
            ("secret", None),
        ];
        for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            let error = KeyError::Line { line: number + 1 };
            let (field, value) = line.split_once(':').ok_or_else(|| error.clone())?;
            let slot = fields
                .iter_mut()
                .find(|(name, value)| *name == field.trim() && value.is_none());
            slot.ok_or(error)?.1 = Some(value.trim());
        }
        let [(_, name), (_, id), (_, created), (_, secret)] = fields;
        let name = name
            .and_then(|name| checked_name(name).ok())
            .ok_or(KeyError::Name)?;
        let created = created.and_then(|date| date.parse().ok());
        let created = created.ok_or(KeyError::Field {
            field: "created",
            expected: "a date such as 2026-11-23",
        })?;
        let secret =
            Zeroizing::new(secret.and_then(hex_to_bytes::<32>).ok_or(KeyError::Field {
                field: "secret",
                expected: "64 hexadecimal digits",
            })?);
        let key = Self::assemble(*secret, name, created);
        match id.and_then(KeyId::parse) {
            None => Err(KeyError::Field {
                field: "id",
                expected: "k: and 32 hexadecimal digits",
            }),
            Some(stated) if stated != key.id => Err(KeyError::Mismatch {
                stated,
                actual: key.id,
            }),
            Some(_) => Ok(key),
        }
    }

    fn assemble(mut secret: [u8; 32], name: String, created: Date) -> Self {
        let id = KeyId::of(&secret);
        let key = Self {
            secret: Secret(secret),
            name,
            created,
            id,
        };
        secret.zeroize();
        key
    }

    /// The key as versioned text, **with its secret**: for a file that only its owner may read.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(256));
        text.push_str(FILE_HEADER);
        for (field, value) in [
            ("name", &self.name),
            ("id", &self.id.to_string()),
            ("created", &self.created.to_string()),
        ] {
            text.push('\n');
            text.push_str(field);
            text.push_str(": ");
            text.push_str(value);
        }
        text.push_str("\nsecret: ");
        for byte in self.secret.0 {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
        }
        text.push('\n');
        text
    }

    /// The key's identifier, safe to publish.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The name its owner gave it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The day on which it was made.
    #[must_use]
    pub const fn created(&self) -> Date {
        self.created
    }

    /// Whether this is the [public](Self::public) key.
    #[must_use]
    pub fn is_public(&self) -> bool {
        *self == Self::public()
    }

    /// A sub-key for one purpose: BLAKE3 in its key-derivation mode (BLAKE3 paper, section 2.3) with
    /// `context` over the secret. Contexts are constants such as `filigrane image v1 carriers`; two
    /// of them give independent sub-keys.
    #[must_use]
    pub fn derive(&self, context: &str) -> SubKey {
        SubKey(blake3::derive_key(context, &self.secret.0))
    }
}

impl PartialEq for Key {
    /// Compares the secrets in constant time; names do not count.
    fn eq(&self, other: &Self) -> bool {
        self.secret.0.ct_eq(&other.secret.0).into()
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("name", &self.name)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

fn checked_name(name: &str) -> Result<String, KeyError> {
    let length = name.chars().count();
    let printable = !name.chars().any(char::is_control) && name.trim() == name;
    if printable && (1..=NAME_CHARS).contains(&length) {
        Ok(name.to_owned())
    } else {
        Err(KeyError::Name)
    }
}

/// Why [`Key::generate`] made no key.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateKeyError {
    /// The name cannot be used.
    #[error(transparent)]
    Name(#[from] KeyError),
    /// There are no random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// Which key a mark was made with: 128 bits of a hash of a public derivation of the secret.
///
/// Prints as `k:` and 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 16]);

impl KeyId {
    fn of(secret: &[u8; 32]) -> Self {
        let public = blake3::derive_key(ID_CONTEXT, secret);
        let mut id = [0; 16];
        id.copy_from_slice(blake3::hash(&public).as_bytes().split_at(16).0);
        Self(id)
    }

    /// Reads `k:` and 32 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        hex_to_bytes(text.strip_prefix("k:")?).map(Self)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("k:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A secret for one medium and one purpose, made by [`Key::derive`].
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SubKey([u8; 32]);

impl SubKey {
    /// The sub-key's 32 bytes. They are secret unless the key is public.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SubKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day() -> Date {
        "2026-11-23".parse().unwrap()
    }

    #[test]
    fn text_round_trip() {
        let key = Key::generate("studio Ω", day()).unwrap();
        let again = Key::parse(&key.to_text()).unwrap();
        assert_eq!(again, key);
        assert_eq!(
            (again.name(), again.id(), again.created()),
            (key.name(), key.id(), key.created())
        );
        let windows = key.to_text().replace('\n', "\r\n");
        assert_eq!(Key::parse(&windows).unwrap(), key);
    }

    #[test]
    fn debug_hides_the_secret() {
        let key = Key::generate("studio", day()).unwrap();
        let text = key.to_text();
        let secret = text
            .lines()
            .last()
            .unwrap()
            .strip_prefix("secret: ")
            .unwrap();
        assert_eq!(secret.len(), 64);
        for shown in [format!("{key:?}"), format!("{:?}", key.derive("x"))] {
            assert!(!shown.contains(&secret[..8]), "{shown}");
        }
    }

    #[test]
    fn wrong_texts_are_refused_with_the_line_named() {
        let good = Key::public().to_text().to_string();
        assert!(matches!(Key::parse(""), Err(KeyError::Header { .. })));
        assert!(matches!(
            Key::parse(&good.replace("key 1", "key 2")),
            Err(KeyError::Header { .. })
        ));
        assert_eq!(
            Key::parse(&good.replace("name: public", "name: ")).unwrap_err(),
            KeyError::Name
        );
        assert!(matches!(
            Key::parse(&good.replace("created", "id")),
            Err(KeyError::Line { line: 4 })
        ));
        assert!(matches!(
            Key::parse(&good.replace("2026", "26")),
            Err(KeyError::Field {
                field: "created",
                ..
            })
        ));
        let cut = good.trim_end();
        assert!(matches!(
            Key::parse(&cut[..cut.len() - 1]),
            Err(KeyError::Field {
                field: "secret",
                ..
            })
        ));
        let other = Key::generate("other", day()).unwrap().id().to_string();
        let mixed = good.replace(&Key::public().id().to_string(), &other);
        assert!(matches!(Key::parse(&mixed), Err(KeyError::Mismatch { .. })));
    }

    #[test]
    fn what_is_no_key_file_steers_no_terminal() {
        let refused = Key::parse("\u{1b}[2J\rfiligrane-key 1").unwrap_err();
        assert!(!refused.to_string().chars().any(char::is_control));
    }

    #[test]
    fn names_are_checked() {
        for wrong in ["", " studio", "two\nlines", &"x".repeat(65)] {
            assert!(Key::generate(wrong, day()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn sub_keys_are_independent() {
        let key = Key::public();
        assert_ne!(key.derive("a").bytes(), key.derive("b").bytes());
        assert_eq!(key.derive("a").bytes(), key.derive("a").bytes());
        assert!(key.is_public() && !Key::generate("public", day()).unwrap().is_public());
    }
}
