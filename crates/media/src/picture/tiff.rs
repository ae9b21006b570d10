//! The first directory of a TIFF file, looked through before a decoder believes it.
//!
//! A field says how many values it has, and the decoder behind the `image` crate takes 32 bytes for each before it reads
//! one: a few bytes would ask for gigabytes.
//!
//! Source: TIFF 6.0 (Adobe, 1992), section 2.

use crate::error::MediaError;
use crate::format::Format;

/// Values that a field of the pixels may have: above the tiles of 16 × 16 pixels in the largest picture that is read.
const MOST_VALUES: usize = 1 << 20;
/// Fields below this are those that describe the pixels; profiles, XMP and other people's data stand above.
const FIRST_OTHER: u16 = 700;
/// Bytes of a directory entry.
const ENTRY: usize = 12;

/// A field of a directory.
struct Field<'a> {
    tag: u16,
    count: usize,
    /// Nothing where it should lie outside of the file.
    data: Option<&'a [u8]>,
}

/// Refuses a directory whose fields could not be in the file.
///
/// # Errors
/// [`MediaError::Damaged`] names the field.
pub(super) fn check(bytes: &[u8]) -> Result<(), MediaError> {
    for field in fields(bytes) {
        let Field { tag, count, data } = field;
        let reason = if data.is_none() {
            format!("field {tag} with {count} values lies outside of the file")
        } else if tag < FIRST_OTHER && count > MOST_VALUES {
            format!("field {tag} has {count} values, and at most {MOST_VALUES} are believed")
        } else {
            continue;
        };
        return Err(MediaError::Damaged {
            format: Format::Tiff,
            reason,
        });
    }
    Ok(())
}

/// The bytes of a field, as they stand in the file.
pub(super) fn field(bytes: &[u8], tag: u16) -> Option<&[u8]> {
    fields(bytes).find(|field| field.tag == tag)?.data
}

fn fields(bytes: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let is_little = bytes.starts_with(b"II");
    let short = move |at: usize| {
        let field = *bytes.get(at..)?.first_chunk::<2>()?;
        let value = if is_little {
            u16::from_le_bytes(field)
        } else {
            u16::from_be_bytes(field)
        };
        Some(value)
    };
    let long = move |at: usize| {
        let field = *bytes.get(at..)?.first_chunk::<4>()?;
        let value = if is_little {
            u32::from_le_bytes(field)
        } else {
            u32::from_be_bytes(field)
        };
        Some(value as usize)
    };
    let start = long(4).unwrap_or(usize::MAX);
    let entries = short(start).unwrap_or(0);
    (0..usize::from(entries)).map_while(move |number| {
        let at = start.checked_add(2 + number * ENTRY)?;
        let (tag, kind, count) = (short(at)?, short(at + 2)?, long(at + 4)?);
        let size = width(kind).checked_mul(count);
        let place = match size {
            Some(0..=4) => Some(at + 8),
            _ => long(at + 8),
        };
        let end = place
            .zip(size)
            .and_then(|(place, size)| place.checked_add(size));
        let data = place
            .zip(end)
            .and_then(|(place, end)| bytes.get(place..end));
        Some(Field { tag, count, data })
    })
}

/// Bytes of one value. Kinds that are not known have none: a decoder does not read them.
const fn width(kind: u16) -> usize {
    match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16..=18 => 8,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory with one field, in either byte order.
    fn file(is_little: bool, tag: u16, kind: u16, count: u32, value: u32) -> Vec<u8> {
        let short = |value: u16| {
            if is_little {
                value.to_le_bytes()
            } else {
                value.to_be_bytes()
            }
        };
        let long = |value: u32| {
            if is_little {
                value.to_le_bytes()
            } else {
                value.to_be_bytes()
            }
        };
        let mark = if is_little { b"II*\0" } else { b"MM\0*" };
        [
            &mark[..],
            &long(8),
            &short(1),
            &short(tag),
            &short(kind),
            &long(count),
            &long(value),
            &long(0),
            b"text",
        ]
        .concat()
    }

    #[test]
    fn fields_are_found_in_both_byte_orders() {
        for is_little in [true, false] {
            let within = file(is_little, 700, 1, 5, 25);
            assert_eq!(field(&within, 700), Some(&b"\0text"[..]));
            check(&within).unwrap();
            let inline = file(is_little, 700, 1, 4, u32::from_le_bytes(*b"abcd"));
            assert_eq!(field(&inline, 700).unwrap().len(), 4);
            assert_eq!(field(&inline, 701), None);
        }
    }

    #[test]
    fn what_cannot_be_in_the_file_is_refused() {
        for is_little in [true, false] {
            for (kind, count) in [(1, 100), (3, 8_323_073), (4, u32::MAX), (12, u32::MAX)] {
                let refused = check(&file(is_little, 277, kind, count, 3)).unwrap_err();
                assert!(refused.to_string().contains("outside"), "{refused}");
            }
            let mut long = file(is_little, 277, 1, 2 << 20, 8);
            long.resize(3 << 20, 0);
            let refused = check(&long).unwrap_err();
            assert!(refused.to_string().contains("are believed"), "{refused}");
        }
        for cut in [
            &b""[..],
            b"II*\0",
            b"II*\0\xff\xff\xff\xff",
            b"MM\0*\0\0\0\x08\0\x09",
        ] {
            check(cut).unwrap();
        }
    }
}
