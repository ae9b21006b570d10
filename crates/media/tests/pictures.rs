//! Pictures: what is written is read back, with depth, opacity, quality and metadata.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failing helper is a failing test"
)]

mod common;

use common::{block, picture, profile, psnr, some_metadata};
use filigrane_media::{
    Format, Layout, Limits, MediaError, Metadata, Picture, PictureEncoding, PictureSamples,
    Subsampling, decode_picture, encode_picture, picture_dimensions, read_metadata,
};

const LAYOUTS: [Layout; 4] = [Layout::Gray, Layout::GrayAlpha, Layout::Rgb, Layout::Rgba];
const LIKE_SOURCE: PictureEncoding = PictureEncoding {
    quality: None,
    lossless: None,
    subsampling: None,
};

fn encode(picture: &Picture, format: Format, encoding: PictureEncoding) -> Vec<u8> {
    encode_picture(picture, format, &encoding, &Metadata::default()).unwrap()
}

fn decode(bytes: &[u8], format: Format) -> Picture {
    assert_eq!(Format::probe(bytes), Some(format));
    let picture = decode_picture(bytes, format, &Limits::default()).unwrap();
    assert_eq!(
        picture_dimensions(bytes, format),
        Ok((picture.width, picture.height))
    );
    picture
}

#[test]
fn png_keeps_every_layout_and_depth() {
    for (layout, bits) in LAYOUTS
        .into_iter()
        .flat_map(|layout| [(layout, 8), (layout, 16)])
    {
        let source = picture(37, 23, layout, bits);
        let read = decode(&encode(&source, Format::Png, LIKE_SOURCE), Format::Png);
        assert_eq!(
            (read.layout, &read.samples),
            (layout, &source.samples),
            "{layout:?} {bits}"
        );
        assert!(read.origin.lossless);
    }
}

#[test]
fn tiff_keeps_every_depth_and_spreads_grey_with_opacity() {
    for (layout, bits) in LAYOUTS
        .into_iter()
        .flat_map(|layout| [(layout, 8), (layout, 16)])
    {
        let source = picture(37, 23, layout, bits);
        let read = decode(&encode(&source, Format::Tiff, LIKE_SOURCE), Format::Tiff);
        let expected = if layout == Layout::GrayAlpha {
            spread(&source)
        } else {
            source
        };
        assert_eq!(
            (read.layout, &read.samples),
            (expected.layout, &expected.samples),
            "{layout:?} {bits}"
        );
    }
}

#[test]
fn bmp_keeps_eight_bits() {
    let source = picture(37, 23, Layout::Rgb, 8);
    assert_eq!(
        decode(&encode(&source, Format::Bmp, LIKE_SOURCE), Format::Bmp).samples,
        source.samples
    );
    let source = picture(37, 23, Layout::Rgba, 8);
    assert_eq!(
        decode(&encode(&source, Format::Bmp, LIKE_SOURCE), Format::Bmp).samples,
        source.samples
    );
    // Grey is stored as a palette, and comes back as RGB of the same value.
    let source = picture(37, 23, Layout::Gray, 8);
    let read = decode(&encode(&source, Format::Bmp, LIKE_SOURCE), Format::Bmp);
    assert_eq!(read.samples, spread(&source).samples);
}

#[test]
fn webp_without_loss_keeps_every_pixel() {
    let lossless = PictureEncoding {
        lossless: Some(true),
        ..LIKE_SOURCE
    };
    for layout in LAYOUTS {
        let source = picture(37, 23, layout, 8);
        let read = decode(&encode(&source, Format::WebP, lossless), Format::WebP);
        let expected = spread(&source);
        assert_eq!(
            (read.layout, &read.samples),
            (expected.layout, &expected.samples),
            "{layout:?}"
        );
        assert!(read.origin.lossless);
    }
}

#[test]
fn webp_stays_lossy_or_lossless() {
    for lossless in [false, true] {
        for layout in [Layout::Rgb, Layout::Rgba] {
            let encoding = PictureEncoding {
                lossless: Some(lossless),
                ..LIKE_SOURCE
            };
            let first = decode(
                &encode(&picture(80, 64, layout, 8), Format::WebP, encoding),
                Format::WebP,
            );
            let second = decode(&encode(&first, Format::WebP, LIKE_SOURCE), Format::WebP);
            assert_eq!(
                (first.origin.lossless, second.origin.lossless),
                (lossless, lossless),
                "{layout:?}"
            );
            assert_eq!(second.layout, layout);
            assert!(
                psnr(&first, &second) > 36.0,
                "{layout:?} {lossless}: {:.1} dB",
                psnr(&first, &second)
            );
        }
    }
}

#[test]
fn lossy_webp_keeps_opacity_exactly() {
    let source = picture(64, 48, Layout::Rgba, 8);
    let lossy = PictureEncoding {
        quality: Some(80),
        lossless: Some(false),
        ..LIKE_SOURCE
    };
    let read = decode(&encode(&source, Format::WebP, lossy), Format::WebP);
    let opacity =
        |picture: &Picture| -> Vec<u8> { eight(picture).chunks(4).map(|pixel| pixel[3]).collect() };
    assert_eq!(opacity(&read), opacity(&source));
}

#[test]
fn jpeg_keeps_quality_and_subsampling() {
    let source = picture(80, 72, Layout::Rgb, 8);
    for quality in [5, 25, 49, 50, 60, 75, 90, 92, 95, 99, 100] {
        for subsampling in [
            Subsampling::S444,
            Subsampling::S422,
            Subsampling::S440,
            Subsampling::S420,
        ] {
            let encoding = PictureEncoding {
                quality: Some(quality),
                subsampling: Some(subsampling),
                lossless: None,
            };
            let first = decode(&encode(&source, Format::Jpeg, encoding), Format::Jpeg);
            assert_eq!(
                (first.origin.quality, first.origin.subsampling),
                (Some(quality), Some(subsampling))
            );
            let second = decode(&encode(&first, Format::Jpeg, LIKE_SOURCE), Format::Jpeg);
            assert_eq!(second.origin, first.origin);
        }
    }
}

#[test]
fn jpeg_comes_near_the_source() {
    let colour = picture(80, 72, Layout::Rgb, 8);
    for (quality, least) in [(60, 30.0), (92, 36.0), (100, 42.0)] {
        let encoding = PictureEncoding {
            quality: Some(quality),
            ..LIKE_SOURCE
        };
        let read = decode(&encode(&colour, Format::Jpeg, encoding), Format::Jpeg);
        assert!(
            psnr(&colour, &read) > least,
            "{quality}: {:.1} dB",
            psnr(&colour, &read)
        );
    }
    let grey = picture(80, 72, Layout::Gray, 8);
    let read = decode(&encode(&grey, Format::Jpeg, LIKE_SOURCE), Format::Jpeg);
    assert_eq!((read.layout, read.origin.quality), (Layout::Gray, Some(92)));
    assert!(psnr(&grey, &read) > 36.0);
}

#[test]
fn jpeg_takes_opaque_pixels_only() {
    for layout in [Layout::Rgba, Layout::GrayAlpha] {
        let source = picture(40, 32, layout, 8);
        let result = encode_picture(&source, Format::Jpeg, &LIKE_SOURCE, &Metadata::default());
        assert!(
            matches!(
                result,
                Err(MediaError::CannotWrite {
                    format: Format::Jpeg,
                    ..
                })
            ),
            "{layout:?}"
        );
        let mut samples = eight(&source);
        samples
            .chunks_mut(layout.channels())
            .for_each(|pixel| *pixel.last_mut().unwrap() = 255);
        let opaque = Picture::new(40, 32, layout, PictureSamples::U8(samples)).unwrap();
        assert!(
            !decode(&encode(&opaque, Format::Jpeg, LIKE_SOURCE), Format::Jpeg)
                .layout
                .has_alpha()
        );
    }
}

#[test]
fn sixteen_bits_are_rounded_where_a_format_has_eight() {
    let samples = PictureSamples::U16(vec![0, 128, 129, 257, 65_406, 65_407, 65_535, 385, 386]);
    let source = Picture::new(3, 1, Layout::Rgb, samples).unwrap();
    let read = decode(&encode(&source, Format::Bmp, LIKE_SOURCE), Format::Bmp);
    assert_eq!(
        read.samples,
        PictureSamples::U8(vec![0, 0, 1, 1, 254, 255, 255, 1, 2])
    );
}

#[test]
fn cmyk_becomes_rgb_without_its_profile() {
    // Ink amounts: full magenta and yellow, no cyan, no key.
    for kind in [
        jpeg_encoder::ColorType::Cmyk,
        jpeg_encoder::ColorType::CmykAsYcck,
    ] {
        let mut bytes = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 95);
        encoder.add_icc_profile(&profile(b"CMYK")).unwrap();
        encoder
            .encode(&[0, 255, 255, 0].repeat(32 * 32), 32, 32, kind)
            .unwrap();
        let read = decode(&bytes, Format::Jpeg);
        let red = Picture {
            samples: PictureSamples::U8([255, 0, 0].repeat(32 * 32)),
            ..read.clone()
        };
        assert_eq!(read.layout, Layout::Rgb, "{kind:?}");
        assert!(
            psnr(&read, &red) > 38.0,
            "{kind:?}: {:?}",
            &eight(&read)[..3]
        );
        let metadata = read_metadata(&bytes, Format::Jpeg);
        assert_eq!(metadata.icc, Some(profile(b"CMYK")));
        let written = encode_picture(&read, Format::Jpeg, &LIKE_SOURCE, &metadata).unwrap();
        assert_eq!(read_metadata(&written, Format::Jpeg).icc, None);
    }
}

#[test]
fn flat_areas_survive_optimised_huffman_tables() {
    // Grey noise above white, stored as colour: the chroma tables have one code of one bit.
    let (width, height) = (64_u16, 64_u16);
    let noise = (0..32 * 64_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8);
    let pixels: Vec<u8> = noise
        .flat_map(|value| [value; 3])
        .chain([255; 32 * 64 * 3])
        .collect();
    let source = Picture::new(64, 64, Layout::Rgb, PictureSamples::U8(pixels.clone())).unwrap();
    for (progressive, factor) in [
        (false, jpeg_encoder::SamplingFactor::F_2_2),
        (true, jpeg_encoder::SamplingFactor::F_2_2),
        (false, jpeg_encoder::SamplingFactor::F_1_1),
        (true, jpeg_encoder::SamplingFactor::F_1_1),
    ] {
        let mut bytes = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 95);
        encoder.set_optimized_huffman_tables(true);
        encoder.set_progressive(progressive);
        encoder.set_sampling_factor(factor);
        encoder
            .encode(&pixels, width, height, jpeg_encoder::ColorType::Rgb)
            .unwrap();
        let read = decode(&bytes, Format::Jpeg);
        assert!(
            psnr(&read, &source) > 35.0,
            "{progressive}: {:.1} dB",
            psnr(&read, &source)
        );
        // Away from the edge of the noise white is white.
        assert!(
            eight(&read)[48 * 64 * 3..]
                .iter()
                .all(|&sample| sample > 250),
            "{progressive}"
        );
    }
}

#[test]
fn gif_gives_its_first_frame_and_is_not_written() {
    let bytes = common::gif();
    let read = decode(&bytes, Format::Gif);
    assert_eq!((read.width, read.height, read.layout), (2, 1, Layout::Rgba));
    assert_eq!(
        read.samples,
        PictureSamples::U8(vec![200, 100, 50, 255, 0, 0, 0, 0])
    );
    let result = encode_picture(&read, Format::Gif, &LIKE_SOURCE, &Metadata::default());
    assert!(result.unwrap_err().to_string().contains("PNG"));
}

#[test]
fn palettes_and_few_bits_become_eight() {
    let palette = common::indexed_png();
    let read = decode(&palette, Format::Png);
    assert_eq!(read.layout, Layout::Rgba);
    assert_eq!(
        read.samples,
        PictureSamples::U8(vec![1, 2, 3, 255, 40, 50, 60, 7])
    );
}

#[test]
fn an_animation_gives_its_first_frame() {
    let read = decode(&common::animated_png(), Format::Png);
    assert_eq!((read.width, read.height), (4, 4));
    assert_eq!(read.samples, PictureSamples::U8(vec![10; 16]));
}

#[test]
fn metadata_survive_within_and_across_formats() {
    let opaque = picture(40, 32, Layout::Rgb, 8);
    let metadata = some_metadata(2_000);
    let formats = [Format::Png, Format::Jpeg, Format::WebP];
    for from in formats {
        let bytes = encode_picture(&opaque, from, &LIKE_SOURCE, &metadata).unwrap();
        let read = read_metadata(&bytes, from);
        assert_eq!(read, metadata, "{from}");
        for to in formats {
            let written = encode_picture(&decode(&bytes, from), to, &LIKE_SOURCE, &read).unwrap();
            assert_eq!(read_metadata(&written, to), metadata, "{from} to {to}");
            decode(&written, to);
        }
    }
}

#[test]
fn metadata_survive_beside_opacity_and_loss_in_webp() {
    let source = picture(41, 31, Layout::Rgba, 8);
    for lossless in [true, false] {
        let encoding = PictureEncoding {
            lossless: Some(lossless),
            ..LIKE_SOURCE
        };
        // An odd length asks for padding of the chunk.
        let metadata = some_metadata(1_001);
        let bytes = encode_picture(&source, Format::WebP, &encoding, &metadata).unwrap();
        assert_eq!(read_metadata(&bytes, Format::WebP), metadata);
        let read = decode(&bytes, Format::WebP);
        assert_eq!(
            (read.layout, read.origin.lossless),
            (Layout::Rgba, lossless)
        );
    }
}

#[test]
fn profiles_longer_than_a_jpeg_segment_survive() {
    let mut metadata = some_metadata(10);
    let mut icc = profile(b"RGB ");
    icc.extend((0..200_000_u32).map(|index| ((index * 7) >> 3) as u8));
    metadata.icc = Some(icc);
    let source = picture(40, 32, Layout::Rgb, 8);
    for format in [Format::Png, Format::Jpeg, Format::WebP, Format::Tiff] {
        let bytes = encode_picture(&source, format, &LIKE_SOURCE, &metadata).unwrap();
        assert_eq!(read_metadata(&bytes, format).icc, metadata.icc, "{format}");
    }
}

#[test]
fn tiff_keeps_profile_and_xmp() {
    for (layout, bits, space) in [(Layout::Rgb, 16, b"RGB "), (Layout::Gray, 8, b"GRAY")] {
        let metadata = Metadata {
            icc: Some(profile(space)),
            ..some_metadata(100)
        };
        let bytes = encode_picture(
            &picture(20, 9, layout, bits),
            Format::Tiff,
            &LIKE_SOURCE,
            &metadata,
        )
        .unwrap();
        let read = read_metadata(&bytes, Format::Tiff);
        assert_eq!((read.icc, read.xmp), (metadata.icc, metadata.xmp));
    }
}

#[test]
fn too_much_exif_for_jpeg_is_an_error() {
    let metadata = Metadata {
        exif: Some(vec![1; 70_000]),
        ..Metadata::default()
    };
    let result = encode_picture(
        &picture(16, 16, Layout::Rgb, 8),
        Format::Jpeg,
        &LIKE_SOURCE,
        &metadata,
    );
    assert!(matches!(
        result,
        Err(MediaError::CannotWrite {
            format: Format::Jpeg,
            ..
        })
    ));
}

#[test]
fn chunks_of_a_png_survive() {
    let chunk = |id: &[u8; 4], data: &[u8]| filigrane_media::Chunk {
        id: *id,
        data: data.to_vec(),
    };
    let metadata = Metadata {
        chunks: vec![
            chunk(b"gAMA", &45_455_u32.to_be_bytes()),
            chunk(b"pHYs", &[0, 0, 0x0b, 0x13, 0, 0, 0x0b, 0x13, 1]),
            chunk(b"tEXt", b"parameters\0a lighthouse at dusk"),
        ],
        ..Metadata::default()
    };
    let source = picture(16, 16, Layout::Rgb, 16);
    let bytes = encode_picture(&source, Format::Png, &LIKE_SOURCE, &metadata).unwrap();
    assert_eq!(read_metadata(&bytes, Format::Png), metadata);
    assert_eq!(decode(&bytes, Format::Png).samples, source.samples);
}

#[test]
fn manifests_are_not_carried_over() {
    let source = picture(16, 16, Layout::Rgb, 8);
    let manifest = b"\0\0\0\x20jumb c2pa manifest of the old bytes";
    let signed = [
        (
            Format::Png,
            common::with_png_chunk(
                &encode(&source, Format::Png, LIKE_SOURCE),
                b"caBX",
                manifest,
            ),
        ),
        (
            Format::Jpeg,
            common::with_jpeg_segment(&encode(&source, Format::Jpeg, LIKE_SOURCE), 0xeb, manifest),
        ),
        (
            Format::WebP,
            common::with_riff_chunk(
                &encode(&source, Format::WebP, LIKE_SOURCE),
                b"C2PA",
                manifest,
            ),
        ),
    ];
    for (format, bytes) in signed {
        assert!(contains(&bytes, manifest));
        let metadata = read_metadata(&bytes, format);
        assert_eq!(metadata, Metadata::default(), "{format}");
        let written =
            encode_picture(&decode(&bytes, format), format, &LIKE_SOURCE, &metadata).unwrap();
        assert!(!contains(&written, manifest), "{format}");
    }
}

#[test]
fn smooth_and_odd_sizes_are_kept() {
    for (width, height) in [(1, 1), (1, 9), (17, 1), (8, 8), (33, 65)] {
        for format in [
            Format::Png,
            Format::Jpeg,
            Format::WebP,
            Format::Tiff,
            Format::Bmp,
        ] {
            let read = decode(&encode(&block(width, height), format, LIKE_SOURCE), format);
            assert_eq!((read.width, read.height), (width, height), "{format}");
            assert!(
                psnr(&block(width, height), &read) > 35.0,
                "{format} {width}x{height}"
            );
        }
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn eight(picture: &Picture) -> Vec<u8> {
    match &picture.samples {
        PictureSamples::U8(samples) => samples.clone(),
        PictureSamples::U16(_) => panic!("16 bits"),
    }
}

/// Grey as RGB, colour as it is.
fn spread(picture: &Picture) -> Picture {
    let layout = if picture.layout.has_alpha() {
        Layout::Rgba
    } else {
        Layout::Rgb
    };
    let colour = picture.layout.channels() > 2;
    fn widen<T: Copy>(samples: &[T], channels: usize) -> Vec<T> {
        let wide = |pixel: &[T]| [&[pixel[0]; 3][..], &pixel[1..]].concat();
        samples.chunks(channels).flat_map(wide).collect()
    }
    let samples = match &picture.samples {
        same if colour => same.clone(),
        PictureSamples::U8(samples) => {
            PictureSamples::U8(widen(samples, picture.layout.channels()))
        }
        PictureSamples::U16(samples) => {
            PictureSamples::U16(widen(samples, picture.layout.channels()))
        }
    };
    Picture::new(picture.width, picture.height, layout, samples).unwrap()
}
