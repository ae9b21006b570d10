//! Lengths inside a manifest store, held against what is there before the library believes them.
//!
//! A text in CBOR begins with its length, and the library takes that much memory before it reads on: a changed byte asked
//! for 845 MB, and could ask for all there is.
//!
//! Sources: ISO 19566-5 (JUMBF), section 4; RFC 8949 (CBOR), section 3 and appendix C.

/// Boxes in boxes that are looked into: store, manifest, assertion store, assertion, with room above.
const DEEPEST_BOX: usize = 12;
/// Items in items that are looked into; assertions have a handful.
const DEEPEST_ITEM: usize = 64;
/// "Of no stated length" among the lengths of items.
const INDEFINITE: u8 = 31;

/// Whether every item of CBOR in a manifest store is as long as it says.
pub(crate) fn fit(store: &[u8]) -> bool {
    boxes_fit(store, 0)
}

fn boxes_fit(mut rest: &[u8], depth: usize) -> bool {
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let Some((kind, after)) = after.split_first_chunk::<4>() else {
            return true;
        };
        let (content, header) = match u32::from_be_bytes(*length) {
            1 => match after.split_first_chunk::<8>() {
                Some((long, after)) => (after, u64::from_be_bytes(*long).saturating_sub(16)),
                None => return true,
            },
            0 => (after, after.len() as u64),
            short => (after, u64::from(short).saturating_sub(8)),
        };
        // Of a box that is cut, what is there; the library says what is wrong with it.
        let size = usize::try_from(header)
            .unwrap_or(usize::MAX)
            .min(content.len());
        let (content, next) = content.split_at(size);
        let fits = match kind {
            b"jumb" => depth >= DEEPEST_BOX || boxes_fit(content, depth + 1),
            b"cbor" => after_item(content, 0).is_some(),
            _ => true,
        };
        if !fits {
            return false;
        }
        rest = next;
    }
    true
}

/// What stands behind the first item; nothing where the item is longer than what is there, or none.
fn after_item(bytes: &[u8], depth: usize) -> Option<&[u8]> {
    if depth > DEEPEST_ITEM {
        return None;
    }
    let (&initial, rest) = bytes.split_first()?;
    let (major, info) = (initial >> 5, initial & 0x1f);
    let (value, rest) = match info {
        0..=23 => (u64::from(info), rest),
        24 => rest
            .split_first()
            .map(|(value, rest)| (u64::from(*value), rest))?,
        25 => rest
            .split_first_chunk()
            .map(|(v, rest)| (u64::from(u16::from_be_bytes(*v)), rest))?,
        26 => rest
            .split_first_chunk()
            .map(|(v, rest)| (u64::from(u32::from_be_bytes(*v)), rest))?,
        27 => rest
            .split_first_chunk()
            .map(|(v, rest)| (u64::from_be_bytes(*v), rest))?,
        INDEFINITE if matches!(major, 2..=5) => return after_indefinite(rest, depth),
        _ => return None,
    };
    match major {
        2 | 3 => rest.get(usize::try_from(value).ok()?..),
        4 => after_items(rest, value, depth),
        5 => after_items(rest, value.checked_mul(2)?, depth),
        6 => after_item(rest, depth + 1),
        _ => Some(rest),
    }
}

fn after_items(mut rest: &[u8], count: u64, depth: usize) -> Option<&[u8]> {
    // Every item has a byte at least.
    if count > rest.len() as u64 {
        return None;
    }
    for _ in 0..count {
        rest = after_item(rest, depth + 1)?;
    }
    Some(rest)
}

fn after_indefinite(mut rest: &[u8], depth: usize) -> Option<&[u8]> {
    const BREAK: u8 = 0xff;
    loop {
        match rest.split_first()? {
            (&BREAK, after) => return Some(after),
            _ => rest = after_item(rest, depth + 1)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 8).unwrap().to_be_bytes();
        [&length[..], kind, content].concat()
    }

    fn store(cbor: &[u8]) -> Vec<u8> {
        let description = nested(b"jumd", &[0; 20]);
        let inner = [description.clone(), nested(b"cbor", cbor)].concat();
        nested(b"jumb", &[description, nested(b"jumb", &inner)].concat())
    }

    #[test]
    fn whole_items_fit() {
        // Examples of RFC 8949, appendix A.
        for whole in [
            &b"\x00"[..],
            b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\xf9\x00\x00",
            b"\xf6",
            b"\x44\x01\x02\x03\x04",
            b"\x64IETF",
            b"\x83\x01\x02\x03",
            b"\xa1\x61a\x01",
            b"\xc1\x1a\x51\x4b\x67\xb0",
            b"\x5f\x42\x01\x02\x43\x03\x04\x05\xff",
            b"\x9f\x01\x82\x02\x03\xff",
            b"\xbf\x61a\x01\xff",
        ] {
            assert!(fit(&store(whole)), "{whole:02x?}");
        }
    }

    #[test]
    fn lengths_beyond_the_end_do_not() {
        for cut in [
            &b""[..],
            b"\x1b\xff",
            b"\x7a\x32\x63\x70\x61text",
            b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x00",
            b"\xbb\x80\x00\x00\x00\x00\x00\x00\x00\x00",
            b"\xa1\x61a",
            b"\x5f\x42\x01\x02",
            b"\x1f",
            b"\x1c",
            &[0x81; 100],
        ] {
            assert!(!fit(&store(cut)), "{cut:02x?}");
        }
    }

    #[test]
    fn what_is_no_box_is_left_to_the_library() {
        for strange in [
            &b""[..],
            b"\0\0\0",
            b"\0\0\0\x01jumb\0",
            b"\xff\xff\xff\xffjumb",
            b"\0\0\0\0jumd",
        ] {
            assert!(fit(strange));
        }
        assert!(!fit(b"\0\0\0\x01cbor\0\0\0\0\0\0\0\x11\x61"));
    }
}
