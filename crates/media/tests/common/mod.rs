//! Pictures and files that the tests make for themselves.

#![allow(dead_code, reason = "each test binary uses a part")]

use filigrane_media::{Layout, Metadata, Picture, PictureSamples};

/// A picture of slow waves with a little texture, different in each channel; opacity goes from 0 to full.
pub(crate) fn picture(width: u32, height: u32, layout: Layout, bits: u8) -> Picture {
    let channels = layout.channels();
    let mut values = Vec::new();
    for y in 0..height {
        for x in 0..width {
            for channel in 0..channels {
                let is_opacity = layout.has_alpha() && channel + 1 == channels;
                let phase = channel as f64 * 0.9;
                let wave = (f64::from(x) / 9.0 + phase).sin() * (f64::from(y) / 7.0 + phase).cos();
                let texture = f64::from((x * 31 + y * 17) % 5) / 400.0;
                let value = if is_opacity {
                    f64::from(x) / f64::from(width)
                } else {
                    0.5 + 0.4 * wave + texture
                };
                values.push(value.clamp(0.0, 1.0));
            }
        }
    }
    let samples = if bits == 16 {
        PictureSamples::U16(
            values
                .iter()
                .map(|value| (value * 65_535.0) as u16)
                .collect(),
        )
    } else {
        PictureSamples::U8(values.iter().map(|value| (value * 255.0) as u8).collect())
    };
    Picture::new(width, height, layout, samples).unwrap()
}

/// An RGB picture of one colour.
pub(crate) fn block(width: u32, height: u32) -> Picture {
    let samples = [90, 120, 70].repeat((width * height) as usize);
    Picture::new(width, height, Layout::Rgb, PictureSamples::U8(samples)).unwrap()
}

/// Peak signal-to-noise ratio in dB over all samples of two 8-bit pictures of one shape.
pub(crate) fn psnr(a: &Picture, b: &Picture) -> f64 {
    let (PictureSamples::U8(a), PictureSamples::U8(b)) = (&a.samples, &b.samples) else {
        panic!("16 bits")
    };
    assert_eq!(a.len(), b.len());
    let squares: f64 = a
        .iter()
        .zip(b)
        .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
        .sum();
    10.0 * (255.0_f64.powi(2) * a.len() as f64 / squares.max(1e-9)).log10()
}

/// The header of an ICC profile (ICC.1:2022, section 7.2) of a colour space, and an empty tag table.
pub(crate) fn profile(space: &[u8; 4]) -> Vec<u8> {
    let mut icc = vec![0; 132];
    icc[..4].copy_from_slice(&132_u32.to_be_bytes());
    icc[8] = 4;
    icc[12..16].copy_from_slice(b"mntr");
    icc[16..20].copy_from_slice(space);
    icc[20..24].copy_from_slice(b"XYZ ");
    icc[36..40].copy_from_slice(b"acsp");
    icc
}

/// An RGB profile, EXIF with an orientation, and XMP of about `length` bytes.
pub(crate) fn some_metadata(length: usize) -> Metadata {
    // One directory with one entry: orientation (0x0112), a short, turned to the right.
    let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
    let xmp = format!(
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">{}</x:xmpmeta>",
        "é".repeat(length / 2) + "x"
    );
    Metadata {
        icc: Some(profile(b"RGB ")),
        exif: Some(exif),
        xmp: Some(xmp.into_bytes()),
        ..Metadata::default()
    }
}

/// A GIF of 2 × 1 pixels, the second transparent (GIF89a, LZW code size 2: clear, 0, 1, end).
pub(crate) fn gif() -> Vec<u8> {
    let mut bytes = b"GIF89a\x02\0\x01\0\x80\0\0".to_vec();
    bytes.extend([200, 100, 50, 0, 0, 0]);
    bytes.extend([0x21, 0xf9, 4, 1, 0, 0, 1, 0]);
    bytes.extend([0x2c, 0, 0, 0, 0, 2, 0, 1, 0, 0]);
    // Codes of 3 bits from the low end: 4, 0, 1, 5.
    bytes.extend([2, 2, 0b0100_0100, 0b0000_1010, 0, 0x3b]);
    bytes
}

/// A chunk of a PNG with its length and checksum.
pub(crate) fn png_chunk(id: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [id.as_slice(), data].concat();
    [
        (data.len() as u32).to_be_bytes().as_slice(),
        &body,
        &crc(&body).to_be_bytes(),
    ]
    .concat()
}

/// CRC-32 of the PNG specification, annex D.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| {
        if crc & 1 == 1 {
            0xedb8_8320 ^ crc >> 1
        } else {
            crc >> 1
        }
    };
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), step)
    })
}

/// A zlib stream of one stored block (RFC 1950, RFC 1951 section 3.2.4).
pub(crate) fn stored(data: &[u8]) -> Vec<u8> {
    let length = data.len() as u16;
    let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    let head = [0x78, 0x01, 0x01];
    [
        &head[..],
        &length.to_le_bytes(),
        &(!length).to_le_bytes(),
        data,
        &(b << 16 | a).to_be_bytes(),
    ]
    .concat()
}

/// A PNG from its header fields and the chunks after the header.
pub(crate) fn png(width: u32, height: u32, depth: u8, color: u8, chunks: &[Vec<u8>]) -> Vec<u8> {
    let header = [
        &width.to_be_bytes()[..],
        &height.to_be_bytes(),
        &[depth, color, 0, 0, 0],
    ]
    .concat();
    let start = [b"\x89PNG\r\n\x1a\n".to_vec(), png_chunk(b"IHDR", &header)].concat();
    [start, chunks.concat(), png_chunk(b"IEND", b"")].concat()
}

/// A palette of two colours, the second partly transparent; 2 × 1 pixels of one bit.
pub(crate) fn indexed_png() -> Vec<u8> {
    let chunks = [
        png_chunk(b"PLTE", &[1, 2, 3, 40, 50, 60]),
        png_chunk(b"tRNS", &[255, 7]),
        png_chunk(b"IDAT", &stored(&[0, 0b0100_0000])),
    ];
    png(2, 1, 1, 3, &chunks)
}

/// Two frames of 4 × 4 grey pixels: 10, then 200.
pub(crate) fn animated_png() -> Vec<u8> {
    let rows = |value: u8| [0, value, value, value, value].repeat(4);
    let control = |sequence: u32| {
        let sides = [sequence, 4, 4, 0, 0].map(u32::to_be_bytes).concat();
        png_chunk(b"fcTL", &[sides, vec![0, 1, 0, 10, 0, 0]].concat())
    };
    let second = [2_u32.to_be_bytes().to_vec(), stored(&rows(200))].concat();
    let chunks = [
        png_chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]),
        control(0),
        png_chunk(b"IDAT", &stored(&rows(10))),
        control(1),
        png_chunk(b"fdAT", &second),
    ];
    png(4, 4, 8, 0, &chunks)
}

/// A PNG with one more chunk after its header.
pub(crate) fn with_png_chunk(bytes: &[u8], id: &[u8; 4], data: &[u8]) -> Vec<u8> {
    [&bytes[..33], &png_chunk(id, data), &bytes[33..]].concat()
}

/// A JPEG with one more segment at its start.
pub(crate) fn with_jpeg_segment(bytes: &[u8], marker: u8, data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u16 + 2).to_be_bytes();
    [&bytes[..2], &[0xff, marker], &length, data, &bytes[2..]].concat()
}

/// A RIFF file with one more chunk at its end.
pub(crate) fn with_riff_chunk(bytes: &[u8], id: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let padding = &[0][..data.len() % 2];
    let tail = [
        id.as_slice(),
        &(data.len() as u32).to_le_bytes(),
        data,
        padding,
    ]
    .concat();
    let size = (bytes.len() + tail.len() - 8) as u32;
    [&bytes[..4], &size.to_le_bytes(), &bytes[8..], &tail].concat()
}

/// A little-endian TIFF of one strip, 8-bit grey, whose directory claims these sides (TIFF 6.0).
pub(crate) fn tiff(width: u32, height: u32) -> Vec<u8> {
    let entries: [(u16, u32); 8] = [
        (256, width),
        (257, height),
        (258, 8),
        (259, 1),
        (262, 1),
        (273, 8),
        (278, height),
        (279, 16),
    ];
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (tag, value) in entries {
        // Type 4: one long.
        bytes.extend([tag.to_le_bytes(), 4_u16.to_le_bytes()].concat());
        bytes.extend([1_u32.to_le_bytes(), value.to_le_bytes()].concat());
    }
    bytes.extend([0; 4]);
    bytes
}

/// A zlib stream of about `length` zeros without its checksum: one block of fixed codes (RFC 1951,
/// section 3.2.6) that repeats the byte before 258 times again and again.
pub(crate) fn zeros_deflated(length: usize) -> Vec<u8> {
    let mut bits = vec![true, true, false];
    // The literal 0 is 00110000; length 258 is 11000101; distance 1 is 00000. Codes run from the high bit.
    bits.extend([false, false, true, true, false, false, false, false]);
    let repeat = [
        true, true, false, false, false, true, false, true, false, false, false, false, false,
    ];
    bits.extend(
        repeat
            .iter()
            .copied()
            .cycle()
            .take(repeat.len() * length.div_ceil(258)),
    );
    bits.extend([false; 7]);
    let byte = |bits: &[bool]| {
        bits.iter()
            .rev()
            .fold(0, |byte, &bit| byte << 1 | u8::from(bit))
    };
    [vec![0x78, 0x9c], bits.chunks(8).map(byte).collect()].concat()
}
