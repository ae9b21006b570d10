//! Tags under one set of names, those of Vorbis comments, whatever the file calls them.

use std::io::Cursor;

use lofty::config::ParseOptions;
use lofty::file::{FileType, TaggedFileExt};
use lofty::probe::Probe;
use lofty::tag::TagType;

use super::riff;
use crate::format::Format;
use crate::metadata::{Chunk, Metadata, Tag};

/// Fields of a `LIST`/`INFO` chunk and the Vorbis comments of the same meaning. Sources: the RIFF
/// specification of 1991, part 2; `ITRK` and `IPRT` as common tools write them.
const INFO_FIELDS: [(&[u8; 4], &str); 12] = [
    (b"INAM", "TITLE"),
    (b"IART", "ARTIST"),
    (b"IPRD", "ALBUM"),
    (b"ICMT", "COMMENT"),
    (b"ICRD", "DATE"),
    (b"IGNR", "GENRE"),
    (b"ITRK", "TRACKNUMBER"),
    (b"IPRT", "TRACKNUMBER"),
    (b"ICOP", "COPYRIGHT"),
    (b"ISFT", "ENCODER"),
    (b"IENG", "ENGINEER"),
    (b"ISRC", "SOURCE"),
];

/// Fields read from one chunk.
const MAX_FIELDS: usize = 4096;

/// Bytes of an ID3v2 tag's header, and of its footer.
const ID3V2_HEADER_LEN: usize = 10;

/// What stands behind the ID3v2 tags at the beginning of a file (ID3v2.4.0, section 3.1).
pub(super) fn after_id3v2(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let Some(&[b'I', b'D', b'3', _, _, flags, a, b, c, d]) =
        rest.first_chunk::<ID3V2_HEADER_LEN>()
    {
        // Four bytes of seven bits each.
        let size = [a, b, c, d]
            .iter()
            .fold(0, |size, byte| size << 7 | usize::from(byte & 0x7f));
        let footer = if flags & 0x10 != 0 {
            ID3V2_HEADER_LEN
        } else {
            0
        };
        rest = rest.get(ID3V2_HEADER_LEN + size + footer..).unwrap_or(&[]);
    }
    rest
}

/// Reads the tags of MP3, AAC and MP4.
pub(super) fn read(bytes: &[u8], format: Format) -> Metadata {
    let kind = match format {
        Format::Mp3 => FileType::Mpeg,
        Format::Aac => FileType::Aac,
        _ => FileType::Mp4,
    };
    let mut options = ParseOptions::new();
    options.read_properties(false).read_cover_art(false);
    let file = Probe::with_file_type(Cursor::new(bytes), kind)
        .options(options)
        .read();
    let mut tags: Vec<Tag> = Vec::new();
    for item in file
        .iter()
        .flat_map(|file| file.tags())
        .flat_map(|tag| tag.items())
    {
        let key = item.key().map_key(TagType::VorbisComments);
        let value = item.value().text().or_else(|| item.value().locator());
        if let (Some(key), Some(value)) = (key, value) {
            let tag = Tag {
                key: key.to_ascii_uppercase(),
                value: value.to_owned(),
            };
            // ID3v1 at the end repeats what ID3v2 at the beginning says.
            if !tags
                .iter()
                .any(|known| known.key == tag.key && known.value.starts_with(value))
            {
                tags.push(tag);
            }
        }
    }
    Metadata {
        tags,
        ..Metadata::default()
    }
}

/// The tags that the chunks of a WAV file hold: its `LIST`/`INFO`, or else an ID3v2 tag.
pub(super) fn of_chunks(chunks: &[Chunk]) -> Vec<Tag> {
    let info: Vec<Tag> = chunks
        .iter()
        .filter(|chunk| is_info(chunk))
        .flat_map(of_info)
        .collect();
    if !info.is_empty() {
        return info;
    }
    chunks
        .iter()
        .find(|chunk| chunk.id.eq_ignore_ascii_case(b"id3 "))
        .map(|chunk| read(&chunk.data, Format::Mp3).tags)
        .unwrap_or_default()
}

/// Whether a chunk is a `LIST` of the kind `INFO`.
pub(super) fn is_info(chunk: &Chunk) -> bool {
    chunk.id == *b"LIST" && chunk.data.starts_with(b"INFO")
}

fn of_info(chunk: &Chunk) -> Vec<Tag> {
    let mut rest = chunk.data.get(4..).unwrap_or(&[]);
    let mut tags = Vec::new();
    for _ in 0..MAX_FIELDS {
        let Some((id, size, body)) = riff::chunk_header(rest) else {
            break;
        };
        let length = (size as usize).min(body.len());
        let (text, after) = body.split_at(length);
        let name = INFO_FIELDS
            .iter()
            .find(|(field, _)| **field == id)
            .map(|(_, name)| *name);
        let value = latin_or_utf8(text);
        if let (Some(name), false) = (name, value.is_empty()) {
            tags.push(Tag {
                key: name.to_owned(),
                value,
            });
        }
        rest = after.get(length % 2..).unwrap_or(&[]);
    }
    tags
}

/// The content of a `LIST`/`INFO` chunk with those tags that have a field there.
pub(super) fn to_info(tags: &[Tag]) -> Option<Vec<u8>> {
    let mut info = b"INFO".to_vec();
    for tag in tags {
        if let Some((field, _)) = INFO_FIELDS.iter().find(|(_, name)| *name == tag.key) {
            let mut text = tag.value.replace('\0', " ").into_bytes();
            text.push(0);
            riff::push_chunk(&mut info, **field, &text);
        }
    }
    (info.len() > 4).then_some(info)
}

/// Text up to its first NUL. The specification knows only the system's code page; tools of today
/// write UTF-8, those of then mostly Latin-1.
fn latin_or_utf8(bytes: &[u8]) -> String {
    let text = bytes.split(|&byte| byte == 0).next().unwrap_or(&[]);
    match std::str::from_utf8(text) {
        Ok(text) => text.to_owned(),
        Err(_) => text.iter().copied().map(char::from).collect(),
    }
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
    fn info_fields_come_back() {
        let tags = [
            tag("TITLE", "Wörter"),
            tag("ARTIST", "odd"),
            tag("COMMENT", "even"),
        ];
        let data = to_info(&tags).unwrap();
        assert_eq!(of_info(&Chunk { id: *b"LIST", data }), tags);
        assert_eq!(to_info(&[tag("UNKNOWN", "x")]), None);
    }

    #[test]
    fn latin_1_is_understood() {
        let data = b"INFOINAM\x03\0\0\0M\xfcd\0".to_vec();
        assert_eq!(
            of_info(&Chunk { id: *b"LIST", data }),
            [tag("TITLE", "Müd")]
        );
    }

    #[test]
    fn id3v2_in_front_is_stepped_over() {
        let id3 = |size: [u8; 4], flags: u8, content: &[u8]| {
            [&b"ID3\x04\x00"[..], &[flags], &size, content].concat()
        };
        let plain = [id3([0, 0, 0, 3], 0, b"abc"), b"rest".to_vec()].concat();
        assert_eq!(after_id3v2(&plain), b"rest");
        let with_footer = [id3([0, 0, 0, 1], 0x10, b"a3DI1234567"), b"rest".to_vec()].concat();
        assert_eq!(after_id3v2(&with_footer), b"rest");
        assert_eq!(after_id3v2(&id3([0x7f; 4], 0, b"abc")), b"");
        assert_eq!(after_id3v2(b"fLaC"), b"fLaC");
    }
}
