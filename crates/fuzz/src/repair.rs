//! Checksums put right after a mutation, so that it comes further than the first check.

/// Puts right the checksums of PNG chunks and Ogg pages.
pub(crate) fn checksums(bytes: &mut [u8]) {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        png(bytes);
    } else if bytes.starts_with(b"OggS") {
        ogg(bytes);
    }
}

fn png(bytes: &mut [u8]) {
    let mut start = 8;
    while let Some(length) = bytes.get(start..start + 4) {
        let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let end = start.saturating_add(8).saturating_add(length);
        let Some(body) = bytes.get(start + 4..end) else {
            return;
        };
        let crc = !body.iter().fold(!0, |crc: u32, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| {
                crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
            })
        });
        let Some(field) = bytes.get_mut(end..end + 4) else {
            return;
        };
        field.copy_from_slice(&crc.to_be_bytes());
        start = end + 4;
    }
}

/// CRC-32 with the polynomial 0x04c11db7, not reflected, over the page with a checksum of zero (RFC 3533, section 6).
fn ogg(bytes: &mut [u8]) {
    let mut start = 0;
    while bytes
        .get(start..)
        .is_some_and(|rest| rest.starts_with(b"OggS"))
    {
        let Some(&segments) = bytes.get(start + 26) else {
            return;
        };
        let header = 27 + usize::from(segments);
        let Some(lacing) = bytes.get(start + 27..start + header) else {
            return;
        };
        let body: usize = lacing.iter().map(|&length| usize::from(length)).sum();
        let Some(page) = bytes.get_mut(start..start + header + body) else {
            return;
        };
        page[22..26].fill(0);
        let crc = page.iter().fold(0_u32, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| {
                crc << 1 ^ if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 }
            })
        });
        page[22..26].copy_from_slice(&crc.to_le_bytes());
        start += header + body;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_right_already() {
        for (folder, name) in [
            ("samples", "generated.png"),
            ("crates/media/tests/reference", "sweep.ogg"),
            ("crates/media/tests/reference", "sweep.opus"),
        ] {
            let bytes = crate::seeds::project_file(&format!("{folder}/{name}"));
            let mut repaired = bytes.clone();
            checksums(&mut repaired);
            assert_eq!(repaired, bytes, "{name}");
            // A checksum of the first chunk or page.
            let place = if name.ends_with("png") { 29 } else { 22 };
            repaired[place] ^= 0x55;
            checksums(&mut repaired);
            assert_eq!(repaired, bytes, "{name}");
        }
    }
}
