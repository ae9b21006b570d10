//! Exports: the whole log with its entries as JSON Lines, checked when it is imported elsewhere.
//!
//! The first line is the log's key and signed head; a line for each leaf follows, from 0:
//!
//! ```json
//! {"type":"registry-export","schema":1,"log_key":"filigrane-registry/…+…+…","checkpoint":"filigrane-registry/…\n3\n…"}
//! {"type":"entry","salt":"…","id":"…","hash":"…","key_id":"k:…","origin":1,"stamped_at_ms":0,"medium":"image",…}
//! {"type":"forgotten","hash":"…"}
//! {"type":"tombstone","forgets":1,"at_ms":0}
//! ```
//!
//! Hashes and salts are Base64, as are manifests. An export holds all that the root is computed from, so that whoever
//! has one can check it without the registry.

use std::io::{BufRead, Read as _, Write};

use base64ct::{Base64, Encoding as _};
use filigrane_payload::{KeyId, MarkId, Origin};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use crate::RegistryError;
use crate::entry::{Entry, FileFacts, Fingerprint, Medium, Salt, Tombstone};
use crate::log::{LogError, Problem, head};
use crate::merkle::{Hash, RootBuilder};
use crate::note::{Checkpoint, VerifierKey};
use crate::sqlite::{COLUMNS, SqliteStore, entry, insert};
use crate::tiles::{self, signed};

/// Version of the export's shape.
const SCHEMA: u8 = 1;
/// The longest line that is read: a manifest of 64 MiB in Base64 and the rest.
const LONGEST_LINE: u64 = 96 << 20;

/// What an import came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// The log that the export is of.
    pub log: VerifierKey,
    /// Entries in the export.
    pub entries: u64,
    /// Entries of them that were not here before.
    pub added: u64,
    /// Entries that the exporting log had forgotten.
    pub forgotten: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Line {
    RegistryExport {
        schema: u8,
        log_key: String,
        checkpoint: String,
    },
    Entry(Box<EntryLine>),
    Forgotten {
        hash: String,
    },
    Tombstone {
        forgets: u64,
        at_ms: i64,
    },
}

#[derive(Serialize, Deserialize)]
struct EntryLine {
    salt: String,
    id: String,
    hash: String,
    key_id: String,
    origin: u8,
    stamped_at_ms: i64,
    medium: String,
    mime: String,
    bytes: u64,
    width: u64,
    height: u64,
    generator: String,
    manifest: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
}

impl SqliteStore {
    /// Writes the whole log with its entries; returns how many leaves there are.
    ///
    /// # Errors
    /// [`RegistryError`] when the registry cannot be read, its log is incomplete, or `out` does not take it.
    pub fn export(&self, out: &mut impl Write) -> Result<u64, RegistryError> {
        self.reading(|connection| {
            let (verifier, note, checkpoint) = head(connection)?;
            write_line(
                out,
                &Line::RegistryExport {
                    schema: SCHEMA,
                    log_key: verifier.to_string(),
                    checkpoint: note,
                },
            )?;
            for leaf in 0..checkpoint.size {
                write_line(out, &line(connection, leaf)?)?;
            }
            out.flush()?;
            Ok(checkpoint.size)
        })
    }

    /// Adds the entries of another registry's export to this one; nothing is added unless the whole export is what its
    /// log signed. `expected` is the other log's key, where it is known from elsewhere: without it anybody's export is
    /// taken. Entries that are here already, under the same identifier and file, stay as they are.
    ///
    /// # Errors
    /// [`RegistryError::Export`] when the export is not whole; others when it cannot be stored.
    pub fn import(
        &self,
        mut from: impl BufRead,
        expected: Option<&VerifierKey>,
    ) -> Result<Imported, RegistryError> {
        self.write(|connection, writer| {
            let (log, checkpoint) = read_header(&mut from, expected)?;
            let mut imported = Imported {
                log,
                entries: 0,
                added: 0,
                forgotten: 0,
            };
            let mut builder = RootBuilder::default();
            let mut unexplained = std::collections::BTreeSet::new();
            while builder.size() < checkpoint.size {
                let leaf = builder.size();
                let number = leaf + 2;
                let refuse = |reason: &str| LogError::Export {
                    line: number,
                    reason: reason.to_owned(),
                };
                match read_line(&mut from, number)? {
                    Line::Entry(line) => {
                        let (entry, salt) = line
                            .parse()
                            .ok_or_else(|| refuse("a field of the entry cannot be read"))?;
                        builder.push(entry.leaf_hash(&salt));
                        imported.entries += 1;
                        // A salt of its own: the same salt would tell that both logs hold the same.
                        let salt = crate::sqlite::salt()?;
                        imported.added += u64::from(insert(connection, writer, &entry, &salt)?);
                    }
                    Line::Forgotten { hash } => {
                        builder
                            .push(decode(&hash).ok_or_else(|| refuse("the hash cannot be read"))?);
                        unexplained.insert(leaf);
                        imported.forgotten += 1;
                    }
                    Line::Tombstone { forgets, at_ms } => {
                        builder.push(Tombstone { forgets, at_ms }.leaf_hash());
                        unexplained.remove(&forgets);
                    }
                    Line::RegistryExport { .. } => return Err(refuse("a second header")),
                }
            }
            let refuse = |reason: &str| LogError::Export {
                line: checkpoint.size + 1,
                reason: reason.to_owned(),
            };
            if builder.root() != checkpoint.root {
                return Err(refuse("the entries are not those that the log signed"));
            }
            if !unexplained.is_empty() {
                return Err(refuse("an entry is missing, and was not forgotten"));
            }
            Ok(imported)
        })
    }
}

/// The line of a leaf.
fn line(connection: &Connection, leaf: u64) -> Result<Line, LogError> {
    let sql = format!("SELECT {COLUMNS}, leaf, salt FROM entry WHERE leaf = ?1");
    let found = connection
        .prepare_cached(&sql)?
        .query_row(params![signed(leaf)], |row| {
            let salt: Result<Salt, _> = row.get("salt");
            Ok(match (entry(row), salt) {
                (Ok(entry), Ok(salt)) => Ok(EntryLine::new(&entry, &salt)),
                (Err(field), _) => Err(field),
                (_, Err(_)) => Err("salt"),
            })
        })
        .optional()?;
    if let Some(found) = found {
        return found
            .map(|line| Line::Entry(Box::new(line)))
            .map_err(LogError::Field);
    }
    let tombstone = connection
        .prepare_cached("SELECT forgets, at_ms FROM tombstone WHERE leaf = ?1")?
        .query_row(params![signed(leaf)], |row| {
            Ok((row.get::<_, i64>(0)?, row.get(1)?))
        })
        .optional()?;
    if let Some((forgets, at_ms)) = tombstone {
        return Ok(Line::Tombstone {
            forgets: u64::try_from(forgets).map_err(|_| LogError::Field("tombstone"))?,
            at_ms,
        });
    }
    let is_forgotten: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM tombstone WHERE forgets = ?1)")?
        .query_row(params![signed(leaf)], |row| row.get(0))?;
    if !is_forgotten {
        return Err(Problem::Missing { leaf }.into());
    }
    let hash = tiles::node(connection, 0, leaf)?;
    Ok(Line::Forgotten {
        hash: Base64::encode_string(&hash),
    })
}

impl EntryLine {
    fn new(entry: &Entry, salt: &Salt) -> Self {
        Self {
            salt: Base64::encode_string(salt),
            id: entry.id.to_string(),
            hash: Base64::encode_string(&entry.file.hash),
            key_id: entry.key_id.to_string(),
            origin: entry.origin.code(),
            stamped_at_ms: entry.stamped_at_ms,
            medium: entry.file.medium.as_str().to_owned(),
            mime: entry.file.mime.clone(),
            bytes: entry.file.bytes,
            width: entry.file.width,
            height: entry.file.height,
            generator: entry.generator.clone(),
            manifest: Base64::encode_string(&entry.manifest),
            fingerprint: entry
                .fingerprint
                .as_ref()
                .map(|fingerprint| Base64::encode_string(&fingerprint.to_bytes())),
        }
    }

    fn parse(self) -> Option<(Entry, Salt)> {
        let entry = Entry {
            id: self.id.parse::<MarkId>().ok()?,
            key_id: KeyId::parse(&self.key_id)?,
            origin: Origin::from_code(self.origin),
            stamped_at_ms: self.stamped_at_ms,
            file: FileFacts {
                medium: Medium::parse(&self.medium)?,
                mime: self.mime,
                hash: decode(&self.hash)?,
                bytes: self.bytes,
                width: self.width,
                height: self.height,
            },
            generator: self.generator,
            manifest: Base64::decode_vec(&self.manifest).ok()?,
            fingerprint: match self.fingerprint {
                Some(text) => Some(Fingerprint::from_bytes(&Base64::decode_vec(&text).ok()?)?),
                None => None,
            },
        };
        Some((entry, decode(&self.salt)?))
    }
}

fn decode(text: &str) -> Option<Hash> {
    Base64::decode_vec(text).ok()?.try_into().ok()
}

fn read_header(
    from: &mut impl BufRead,
    expected: Option<&VerifierKey>,
) -> Result<(VerifierKey, Checkpoint), LogError> {
    let refuse = |reason: String| LogError::Export { line: 1, reason };
    let Line::RegistryExport {
        schema,
        log_key,
        checkpoint,
    } = read_line(from, 1)?
    else {
        return Err(refuse(
            "expected the header of a registry's export".to_owned(),
        ));
    };
    if schema != SCHEMA {
        return Err(refuse(format!("expected schema {SCHEMA}, found {schema}")));
    }
    let key: VerifierKey = log_key
        .parse()
        .map_err(|error| refuse(format!("the log's key: {error}")))?;
    if let Some(expected) = expected.filter(|expected| **expected != key) {
        return Err(refuse(format!(
            "expected the log `{}`, found `{}`",
            expected.name(),
            key.name()
        )));
    }
    let checkpoint = Checkpoint::open(&checkpoint, &key)
        .map_err(|error| refuse(format!("the signed head: {error}")))?;
    Ok((key, checkpoint))
}

fn read_line(from: &mut impl BufRead, number: u64) -> Result<Line, LogError> {
    let refuse = |reason: String| LogError::Export {
        line: number,
        reason,
    };
    let mut text = Vec::new();
    from.take(LONGEST_LINE).read_until(b'\n', &mut text)?;
    if text.is_empty() {
        return Err(refuse("it ends early".to_owned()));
    }
    // The message may quote the line.
    serde_json::from_slice(&text)
        .map_err(|error| refuse(error.to_string().replace(char::is_control, " ")))
}

fn write_line(out: &mut impl Write, line: &Line) -> Result<(), LogError> {
    serde_json::to_writer(&mut *out, line).map_err(std::io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(())
}
