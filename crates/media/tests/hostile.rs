//! Hostile and damaged pictures give errors: no panic, no memory for what a header merely claims.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failing helper is a failing test"
)]

mod common;

use common::{picture, png_chunk, some_metadata, stored};
use filigrane_media::{
    Format, Layout, Limits, MediaError, PictureEncoding, decode_picture, encode_picture,
    picture_dimensions, read_metadata,
};
use proptest::prelude::*;

const PICTURES: [Format; 6] = [
    Format::Png,
    Format::Jpeg,
    Format::WebP,
    Format::Gif,
    Format::Tiff,
    Format::Bmp,
];

/// A small file of each format, with metadata where it holds any.
fn file(format: Format) -> Vec<u8> {
    if format == Format::Gif {
        return common::gif();
    }
    let encoding = PictureEncoding {
        lossless: Some(false),
        ..PictureEncoding::default()
    };
    encode_picture(
        &picture(24, 18, Layout::Rgb, 8),
        format,
        &encoding,
        &some_metadata(40),
    )
    .unwrap()
}

/// Everything that reads a file. Its results do not matter here, only that there are some.
fn read(bytes: &[u8], format: Format) {
    let limits = Limits {
        max_pixels: 1 << 20,
        ..Limits::default()
    };
    if let Ok(picture) = decode_picture(bytes, format, &limits) {
        let expected = picture.pixels() as usize * picture.layout.channels();
        assert_eq!(picture.samples.len(), expected, "{format}");
    }
    let _ = picture_dimensions(bytes, format);
    let _ = read_metadata(bytes, format);
}

#[test]
fn every_prefix_is_read_without_a_panic() {
    for format in PICTURES {
        let bytes = file(format);
        for length in 0..bytes.len() {
            read(&bytes[..length], format);
        }
        assert!(
            decode_picture(&bytes[..bytes.len() / 8], format, &Limits::default()).is_err(),
            "{format}"
        );
        assert!(
            decode_picture(&[], format, &Limits::default()).is_err(),
            "{format}"
        );
    }
}

#[test]
fn every_flipped_byte_is_read_without_a_panic() {
    for format in PICTURES {
        let mut bytes = file(format);
        for index in 0..bytes.len() {
            for flip in [0xff, 0x80, 0x01] {
                bytes[index] ^= flip;
                read(&bytes, format);
                bytes[index] ^= flip;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_is_read_without_a_panic(noise in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Format::probe(&noise);
        for format in PICTURES {
            read(&noise, format);
            // Behind a true beginning it comes further.
            let start = file(format);
            read(&[&start[..start.len() / 2], &noise].concat(), format);
        }
    }
}

/// Headers that claim far more pixels than the file could hold.
fn claims() -> [(Format, Vec<u8>); 6] {
    let side = 60_000_u16;
    let wide = u32::from(side);
    let pixels = png_chunk(b"IDAT", &stored(&[0; 9]));

    let mut jpeg = file(Format::Jpeg);
    let frame = jpeg
        .windows(4)
        .position(|window| window == [0xff, 0xc0, 0, 17])
        .unwrap();
    jpeg[frame + 5..frame + 7].copy_from_slice(&side.to_be_bytes());
    jpeg[frame + 7..frame + 9].copy_from_slice(&side.to_be_bytes());

    // A lossless bitstream: signature, then 14 bits each of width - 1 and height - 1.
    let sides = 15_999_u32 | 15_999 << 14;
    let content = [&[0x2f][..], &sides.to_le_bytes(), &[0; 9]].concat();
    let size = (content.len() as u32).to_le_bytes();
    let body = [b"WEBPVP8L".as_slice(), &size, &content].concat();
    let webp = [
        b"RIFF".as_slice(),
        &(body.len() as u32).to_le_bytes(),
        &body,
    ]
    .concat();

    let mut gif = file(Format::Gif);
    gif[6..8].copy_from_slice(&side.to_le_bytes());
    gif[8..10].copy_from_slice(&side.to_le_bytes());

    let mut bmp = file(Format::Bmp);
    bmp[18..22].copy_from_slice(&wide.to_le_bytes());
    bmp[22..26].copy_from_slice(&wide.to_le_bytes());

    [
        (Format::Png, common::png(wide, wide, 16, 6, &[pixels])),
        (Format::Jpeg, jpeg),
        (Format::WebP, webp),
        (Format::Gif, gif),
        (Format::Tiff, common::tiff(wide, wide)),
        (Format::Bmp, bmp),
    ]
}

#[test]
fn huge_headers_meet_the_limit() {
    for (format, bytes) in claims() {
        assert!(bytes.len() < 20_000);
        let error = decode_picture(&bytes, format, &Limits::default()).unwrap_err();
        let MediaError::Limit {
            what: "pixels",
            limit: 200_000_000,
            found,
        } = error
        else {
            panic!("{format}: {error}")
        };
        let (width, height) = picture_dimensions(&bytes, format).unwrap();
        assert_eq!(found, u64::from(width) * u64::from(height), "{format}");
        read(&bytes, format);
    }
}

#[test]
fn a_frame_larger_than_its_canvas_is_refused_before_it_is_allocated() {
    // RFC 9649, section 2.7: a canvas of 1 × 1, and a key frame of 16 383 × 16 383 in it, alone and in an animation.
    let chunk = |id: &[u8; 4], content: &[u8]| {
        let size = (content.len() as u32).to_le_bytes();
        [&id[..], &size, content, &[0][..content.len() % 2]].concat()
    };
    let frame = chunk(
        b"VP8 ",
        &[0x10, 0, 0, 0x9d, 0x01, 0x2a, 0xff, 0x3f, 0xff, 0x3f, 0, 0],
    );
    let animated = chunk(b"ANMF", &[&[0; 16][..], &frame].concat());
    for (flags, body) in [
        (0, frame),
        (2, [chunk(b"ANIM", &[0; 6]), animated].concat()),
    ] {
        let canvas = chunk(b"VP8X", &[flags, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let content = [b"WEBP".to_vec(), canvas, body].concat();
        let file = chunk(b"RIFF", &content);
        assert_eq!(picture_dimensions(&file, Format::WebP), Ok((1, 1)));
        let refused = decode_picture(&file, Format::WebP, &Limits::default()).unwrap_err();
        assert!(refused.to_string().contains("16383×16383"), "{refused}");
    }
}

#[test]
fn a_chunk_of_metadata_longer_than_its_file_is_not_there() {
    let mut file = file(Format::WebP);
    assert!(read_metadata(&file, Format::WebP).xmp.is_some());
    let xmp = file
        .windows(4)
        .rposition(|window| window == b"XMP ")
        .unwrap();
    file[xmp + 4..xmp + 8].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
    let metadata = read_metadata(&file, Format::WebP);
    assert!(metadata.xmp.is_none() && metadata.icc.is_some());
}

#[test]
fn what_a_decoder_says_is_one_line() {
    let file = file(Format::Jpeg);
    for length in 0..file.len() {
        if let Err(error) = decode_picture(&file[..length], Format::Jpeg, &Limits::default()) {
            assert!(!error.to_string().contains('\n'), "{error:?}");
        }
    }
}

#[test]
fn one_pixel_more_than_allowed_is_refused() {
    for format in PICTURES.into_iter().filter(|&format| format != Format::Gif) {
        let bytes = file(format);
        let limits = |max_pixels| Limits {
            max_pixels,
            ..Limits::default()
        };
        assert!(
            decode_picture(&bytes, format, &limits(24 * 18)).is_ok(),
            "{format}"
        );
        let refused = decode_picture(&bytes, format, &limits(24 * 18 - 1));
        assert_eq!(
            refused,
            Err(MediaError::Limit {
                what: "pixels",
                limit: 431,
                found: 432
            }),
            "{format}"
        );
    }
}

#[test]
fn too_many_bytes_are_refused_before_anything_is_read() {
    let limits = Limits {
        max_bytes: 10,
        ..Limits::default()
    };
    let refused = decode_picture(&[0; 11], Format::Png, &limits);
    assert_eq!(
        refused,
        Err(MediaError::Limit {
            what: "bytes",
            limit: 10,
            found: 11
        })
    );
}

#[test]
fn a_profile_that_inflates_without_end_is_refused() {
    // 256 MiB of zeros: 258 at a time, in one bit for the length and one for the distance.
    let bomb = common::zeros_deflated(256 << 20);
    assert!(bomb.len() < 2 << 20);
    let chunk = png_chunk(b"iCCP", &[b"icc\0\0".to_vec(), bomb].concat());
    let bytes = common::png(1, 1, 8, 0, &[chunk, png_chunk(b"IDAT", &stored(&[0, 9]))]);
    assert!(read_metadata(&bytes, Format::Png).icc.is_none());
    read(&bytes, Format::Png);
}

#[test]
fn a_sound_is_no_picture() {
    for format in [Format::Wav, Format::Flac, Format::M4a] {
        let result = decode_picture(b"anything", format, &Limits::default());
        assert!(matches!(result, Err(MediaError::Unsupported { .. })));
    }
}
