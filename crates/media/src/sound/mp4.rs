//! Which part of an AAC track in MP4 is to be played: encoders put silence in front and behind.
//!
//! Sources: ISO/IEC 14496-12, sections 8.6.5 and 8.6.6 (edit lists); Apple's *QuickTime File
//! Format*, appendix G (audio priming) for `iTunSMPB`.

use std::ops::Range;

/// Boxes looked at in one folder of the file; real files have a few dozen.
const MAX_BOXES: usize = 4096;

/// The frames to play, counted at `rate`, where an edit list or else an `iTunSMPB` tag says so.
pub(super) fn playable(bytes: &[u8], rate: u32) -> Option<Range<u64>> {
    let moov = find(bytes, b"moov")?;
    edit_list(moov, rate).or_else(|| itunes_gapless(moov))
}

/// The first edit that plays something, of the first track of sound.
fn edit_list(moov: &[u8], rate: u32) -> Option<Range<u64>> {
    let movie_scale = timescale(find(moov, b"mvhd")?)?;
    let track = boxes(moov)
        .filter(|(kind, _)| kind == b"trak")
        .map(|(_, trak)| trak)
        .find(|trak| {
            let handler = find(trak, b"mdia").and_then(|mdia| find(mdia, b"hdlr"));
            handler.and_then(|hdlr| hdlr.get(8..12)) == Some(b"soun")
        })?;
    let media_scale = timescale(find(find(track, b"mdia")?, b"mdhd")?)?;
    let elst = find(find(track, b"edts")?, b"elst")?;
    let (duration, media_time) = first_edit(elst)?;

    let scaled = |value: u64, scale: u32| {
        let frames = u128::from(value) * u128::from(rate) / u128::from(scale);
        u64::try_from(frames).unwrap_or(u64::MAX)
    };
    let start = scaled(media_time, media_scale);
    // Duration 0 means "to the end" where the length was not known (fragmented files).
    let length = if duration == 0 {
        u64::MAX
    } else {
        scaled(duration, movie_scale)
    };
    Some(start..start.saturating_add(length))
}

/// Duration in the movie's scale and media time in the track's, of the first edit that is not empty.
fn first_edit(elst: &[u8]) -> Option<(u64, u64)> {
    let wide = *elst.first()? == 1;
    let count = usize::try_from(be32(elst, 4)?).ok()?;
    let size = if wide { 20 } else { 12 };
    for entry in elst.get(8..)?.chunks_exact(size).take(count) {
        let (duration, time) = if wide {
            (be64(entry, 0)?, be64(entry, 8)? as i64)
        } else {
            // The sign says that an edit is empty.
            (
                u64::from(be32(entry, 0)?),
                i64::from(be32(entry, 4)? as i32),
            )
        };
        if let Ok(time) = u64::try_from(time) {
            return Some((duration, time));
        }
    }
    None
}

/// `iTunSMPB`: twelve hexadecimal numbers, of which the second is the delay and the fourth the
/// length in frames.
fn itunes_gapless(moov: &[u8]) -> Option<Range<u64>> {
    // `meta` is a full box here: four bytes of version and flags stand before its children.
    let ilst = find(find(find(moov, b"udta")?, b"meta")?.get(4..)?, b"ilst")?;
    let item = boxes(ilst)
        .filter(|(kind, _)| kind == b"----")
        .map(|(_, item)| item)
        .find(|item| find(item, b"name").and_then(|name| name.get(4..)) == Some(b"iTunSMPB"))?;
    let text = std::str::from_utf8(find(item, b"data")?.get(8..)?).ok()?;
    let numbers: Vec<u64> = text
        .split_ascii_whitespace()
        .take(4)
        .map_while(|number| u64::from_str_radix(number, 16).ok())
        .collect();
    let &[_, delay, _, length] = numbers.as_slice() else {
        return None;
    };
    (length > 0).then(|| delay..delay.saturating_add(length))
}

/// The time scale in the `mvhd` or `mdhd` box, never 0.
fn timescale(header: &[u8]) -> Option<u32> {
    let at = if *header.first()? == 1 { 20 } else { 12 };
    be32(header, at).filter(|&scale| scale > 0)
}

fn find<'a>(folder: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(folder)
        .find(|(found, _)| found == kind)
        .map(|(_, content)| content)
}

/// The boxes that stand one after the other in `folder`: kind and content.
fn boxes(folder: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = folder;
    std::iter::from_fn(move || {
        let size = be32(rest, 0)?;
        let kind: [u8; 4] = rest.get(4..8)?.try_into().ok()?;
        let (header, size) = match size {
            0 => (8, rest.len()),
            1 => (16, usize::try_from(be64(rest, 8)?).ok()?),
            _ => (8, usize::try_from(size).ok()?),
        };
        let content = rest.get(header..size)?;
        rest = rest.get(size..)?;
        Some((kind, content))
    })
    .take(MAX_BOXES)
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..at + 4)?
        .try_into()
        .ok()
        .map(u32::from_be_bytes)
}

fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    bytes
        .get(at..at + 8)?
        .try_into()
        .ok()
        .map(u64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let mut out = (content.len() as u32 + 8).to_be_bytes().to_vec();
        out.extend_from_slice(kind);
        out.extend_from_slice(content);
        out
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    fn track(handler: &[u8; 4], elst: &[u8]) -> Vec<u8> {
        let mut hdlr = vec![0; 8];
        hdlr.extend_from_slice(handler);
        let mdhd = boxed(b"mdhd", &words(&[0, 0, 0, 44_100, 0]));
        let mdia = boxed(b"mdia", &[mdhd, boxed(b"hdlr", &hdlr)].concat());
        let edts = boxed(b"edts", &boxed(b"elst", elst));
        boxed(b"trak", &[mdia, edts].concat())
    }

    fn movie(elst: &[u8]) -> Vec<u8> {
        let mvhd = boxed(b"mvhd", &words(&[0, 0, 0, 1000, 0]));
        let video = track(b"vide", &words(&[0, 1, 9, 9, 1]));
        boxed(b"moov", &[mvhd, video, track(b"soun", elst)].concat())
    }

    #[test]
    fn an_edit_is_converted_from_both_scales() {
        // One second of the movie from frame 1024 of the track on; an empty edit comes first.
        let elst = words(&[0, 2, 500, u32::MAX, 1 << 16, 1000, 1024, 1 << 16]);
        assert_eq!(playable(&movie(&elst), 44_100), Some(1024..1024 + 44_100));
        // A decoder that runs at half the rate (the core of HE-AAC) has half the frames.
        assert_eq!(playable(&movie(&elst), 22_050), Some(512..512 + 22_050));
    }

    #[test]
    fn an_edit_of_unknown_length_goes_to_the_end() {
        assert_eq!(
            playable(&movie(&words(&[0, 1, 0, 1024, 1 << 16])), 44_100),
            Some(1024..u64::MAX)
        );
    }

    #[test]
    fn a_tag_by_itunes_is_read_where_there_is_no_edit() {
        let text = " 00000000 00000840 000001C0 0000000000014E40 00000000";
        let data = boxed(b"data", &[&[0; 8], text.as_bytes()].concat());
        let name = boxed(b"name", b"\0\0\0\0iTunSMPB");
        let ilst = boxed(b"ilst", &boxed(b"----", &[name, data].concat()));
        let meta = boxed(b"meta", &[&[0; 4], &ilst[..]].concat());
        let moov = boxed(b"moov", &boxed(b"udta", &meta));
        assert_eq!(playable(&moov, 44_100), Some(0x840..0x840 + 0x14e40));
    }

    #[test]
    fn cut_and_senseless_boxes_give_nothing() {
        let whole = movie(&words(&[0, 1, 1000, 1024, 1 << 16]));
        for length in 0..whole.len() {
            assert_eq!(playable(&whole[..length], 44_100), None);
        }
        assert_eq!(playable(&movie(&words(&[0, u32::MAX])), 44_100), None);
        assert_eq!(playable(&words(&[0, 0, 0]), 44_100), None);
    }
}
