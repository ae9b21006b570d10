//! Vorbis comments: the tags of Ogg and FLAC.
//!
//! Source: *Ogg Vorbis I format specification: comment field and header specification* (Xiph).

use super::ogg::{Packets, Pages};
use crate::metadata::{Metadata, Tag};

/// What is written as the program that made the tags.
const VENDOR: &str = concat!("filigrane ", env!("CARGO_PKG_VERSION"));

/// Tags kept from one file; a hostile one could have a million empty ones.
const MAX_TAGS: usize = 4096;

/// Reads the comments, from the length of the vendor's name on. A comment that is damaged ends the
/// list.
pub(super) fn parse(bytes: &[u8]) -> Vec<Tag> {
    let mut rest = bytes;
    let mut tags = Vec::new();
    if length_prefixed(&mut rest).is_none() {
        return tags;
    }
    let Some(count) = u32_le(&mut rest) else {
        return tags;
    };
    for _ in 0..count.min(MAX_TAGS as u32) {
        let Some(comment) = length_prefixed(&mut rest) else {
            break;
        };
        let comment = String::from_utf8_lossy(comment);
        if let Some((key, value)) = comment.split_once('=') {
            tags.push(Tag {
                key: key.to_ascii_uppercase(),
                value: value.to_owned(),
            });
        }
    }
    tags
}

/// Writes the comments, from the length of the vendor's name on.
pub(super) fn to_bytes(tags: &[Tag]) -> Vec<u8> {
    let writable: Vec<String> = tags
        .iter()
        .filter(|tag| is_key(&tag.key))
        .map(|tag| format!("{}={}", tag.key, tag.value))
        .collect();
    let mut out = Vec::new();
    push_prefixed(&mut out, VENDOR);
    out.extend_from_slice(&(writable.len() as u32).to_le_bytes());
    for comment in &writable {
        push_prefixed(&mut out, comment);
    }
    out
}

/// The tags of the first stream of an Ogg file of Vorbis or Opus.
pub(super) fn read_ogg(bytes: &[u8]) -> Metadata {
    let mut packets = Packets::default();
    let mut tags = Vec::new();
    let Some(serial) = Pages::new(bytes).next().map(|page| page.serial) else {
        return Metadata::default();
    };
    let mut headers = 0;
    for page in Pages::new(bytes).filter(|page| page.serial == serial) {
        packets.push_page(&page, |packet| {
            headers += 1;
            // The comments are the second packet in both.
            if headers == 2 {
                let comments = packet
                    .strip_prefix(b"OpusTags")
                    .or_else(|| packet.strip_prefix(b"\x03vorbis"));
                tags = comments.map(parse).unwrap_or_default();
            }
        });
        if headers >= 2 {
            break;
        }
    }
    Metadata {
        tags,
        ..Metadata::default()
    }
}

/// Whether `key` is a field name: printable ASCII but `=`.
fn is_key(key: &str) -> bool {
    !key.is_empty()
        && key
            .bytes()
            .all(|byte| (0x20..=0x7d).contains(&byte) && byte != b'=')
}

fn push_prefixed(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn length_prefixed<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(u32_le(rest)?).ok()?;
    let (text, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(text)
}

fn u32_le(rest: &mut &[u8]) -> Option<u32> {
    let (number, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    Some(u32::from_le_bytes(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag {
            key: key.to_owned(),
            value: value.to_owned(),
        }
    }

    #[test]
    fn tags_come_back_in_order() {
        let tags = [
            tag("TITLE", "Größe = ∞"),
            tag("ARTIST", "a"),
            tag("ARTIST", ""),
        ];
        assert_eq!(parse(&to_bytes(&tags)), tags);
    }

    #[test]
    fn keys_that_cannot_be_written_are_left_out() {
        let tags = [tag("", "x"), tag("A=B", "x"), tag("Ä", "x"), tag("OK", "x")];
        assert_eq!(parse(&to_bytes(&tags)), [tag("OK", "x")]);
    }

    #[test]
    fn a_cut_list_gives_its_beginning() {
        let bytes = to_bytes(&[tag("A", "1"), tag("B", "2")]);
        for length in 0..bytes.len() {
            assert!(parse(&bytes[..length]).len() < 2);
        }
        let mut lying = bytes;
        let count = 4 + VENDOR.len();
        lying[count..count + 4].fill(0xff);
        assert_eq!(parse(&lying).len(), 2);
    }
}
