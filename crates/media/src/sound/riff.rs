//! The RIFF container of WAV: a flat list of chunks, each an identifier, a size and that many bytes.
//!
//! Sources: *Multimedia Programming Interface and Data Specifications 1.0* (IBM and Microsoft, 1991)
//! for RIFF; EBU Tech 3306 and ITU-R BS.2088 for the 64-bit forms `RF64` and `BW64`.

/// Chunks beyond this number are not read. Real files have a dozen; a hostile one could make an
/// index larger than the file itself.
const MAX_CHUNKS: usize = 4096;

/// In the 64-bit forms this size says "look into `ds64`"; in a stream it says "to the end".
const SIZE_UNKNOWN: u32 = u32::MAX;

/// One chunk of a RIFF file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk<'a> {
    /// Four characters that name the chunk.
    pub(super) id: [u8; 4],
    /// What is there of the chunk's bytes; less than its header says where the file was cut.
    pub(super) data: &'a [u8],
}

/// Splits a WAVE file into its chunks, or `None` where `bytes` are no WAVE file.
///
/// Tolerates what is seen in the wild: a cut last chunk, a `data` chunk of unknown size, a missing
/// pad byte after an odd chunk, and rubbish at the end.
pub(super) fn chunks(bytes: &[u8]) -> Option<Vec<Chunk<'_>>> {
    let (form, rest) = bytes.split_at_checked(4)?;
    let riff_size = u32_le(rest.get(..4)?)?;
    if !matches!(form, b"RIFF" | b"RF64" | b"BW64") || rest.get(4..8)? != b"WAVE" {
        return None;
    }
    // A writer into a pipe never comes back to fill in the sizes: it leaves 0 or the maximum.
    let streamed = riff_size == 0 || riff_size == SIZE_UNKNOWN;

    let mut found: Vec<Chunk<'_>> = Vec::new();
    let mut data_size_64 = None;
    let mut rest = rest.get(8..)?;
    while let Some((id, size, body)) = chunk_header(rest) {
        let declared = match (&id, size) {
            (b"data", SIZE_UNKNOWN) => data_size_64.unwrap_or(body.len()),
            (b"data", 0) if streamed => body.len(),
            _ => usize::try_from(size).unwrap_or(body.len()),
        };
        let length = declared.min(body.len());
        let (data, after) = body.split_at(length);
        if id == *b"ds64" {
            data_size_64 = data
                .get(8..16)
                .and_then(u64_le)
                .and_then(|n| usize::try_from(n).ok());
        }
        found.push(Chunk { id, data });
        if found.len() == MAX_CHUNKS {
            break;
        }
        rest = skip_pad(after, length);
    }
    Some(found)
}

/// Appends a chunk with its pad byte. The caller answers for `data` being shorter than 4 GiB.
pub(super) fn push_chunk(out: &mut Vec<u8>, id: [u8; 4], data: &[u8]) {
    out.extend_from_slice(&id);
    out.extend_from_slice(&u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(data);
    if data.len() % 2 == 1 {
        out.push(0);
    }
}

/// Splits `id size rest` off the front.
pub(super) fn chunk_header(bytes: &[u8]) -> Option<([u8; 4], u32, &[u8])> {
    let (id, rest) = bytes.split_first_chunk::<4>()?;
    let (size, rest) = rest.split_first_chunk::<4>()?;
    Some((*id, u32::from_le_bytes(*size), rest))
}

/// Steps over the pad byte of an odd chunk, unless the writer forgot it: then the next identifier
/// stands right there.
fn skip_pad(after: &[u8], length: usize) -> &[u8] {
    match after.split_first() {
        Some((pad, rest)) if length % 2 == 1 => {
            let unpadded = *pad != 0 && after.get(..4).is_some_and(looks_like_id);
            if unpadded { after } else { rest }
        }
        _ => after,
    }
}

fn looks_like_id(id: &[u8]) -> bool {
    id.iter()
        .all(|byte| byte.is_ascii_graphic() || *byte == b' ')
}

fn u32_le(bytes: &[u8]) -> Option<u32> {
    bytes.try_into().ok().map(u32::from_le_bytes)
}

fn u64_le(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut out = b"RIFF\x10\0\0\0WAVE".to_vec();
        for (id, data) in chunks {
            push_chunk(&mut out, **id, data);
        }
        out
    }

    #[test]
    fn odd_chunks_are_padded_and_found_again() {
        let bytes = wave(&[(b"aaaa", b"123"), (b"bbbb", b""), (b"cccc", b"4567")]);
        assert_eq!(bytes.len() % 2, 0);
        let found = chunks(&bytes).unwrap();
        let seen: Vec<_> = found.iter().map(|c| (c.id, c.data)).collect();
        assert_eq!(
            seen,
            [
                (*b"aaaa", &b"123"[..]),
                (*b"bbbb", b""),
                (*b"cccc", b"4567")
            ]
        );
    }

    #[test]
    fn a_forgotten_pad_byte_is_forgiven() {
        let mut bytes = wave(&[(b"aaaa", b"123"), (b"data", b"4567")]);
        bytes.remove(12 + 8 + 3);
        assert_eq!(chunks(&bytes).unwrap()[1].data, b"4567");
    }

    #[test]
    fn a_lying_size_gives_what_is_there() {
        let mut bytes = wave(&[(b"data", b"4567")]);
        bytes[16..20].copy_from_slice(&0x7fff_fff0u32.to_le_bytes());
        assert_eq!(chunks(&bytes).unwrap()[0].data, b"4567");
    }

    #[test]
    fn a_streamed_file_reaches_to_the_end() {
        for (riff, data) in [(0, 0), (u32::MAX, u32::MAX), (16, u32::MAX)] {
            let mut bytes = wave(&[(b"data", b"4567")]);
            bytes[4..8].copy_from_slice(&u32::to_le_bytes(riff));
            bytes[16..20].copy_from_slice(&u32::to_le_bytes(data));
            assert_eq!(chunks(&bytes).unwrap()[0].data, b"4567");
        }
    }

    #[test]
    fn the_number_of_chunks_is_bounded() {
        let mut bytes = wave(&[]);
        for _ in 0..2 * MAX_CHUNKS {
            push_chunk(&mut bytes, *b"junk", b"");
        }
        assert_eq!(chunks(&bytes).unwrap().len(), MAX_CHUNKS);
    }
}
