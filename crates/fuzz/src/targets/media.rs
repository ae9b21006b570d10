//! Containers: probing, decoding, metadata.

use filigrane::{Format, Limits, MediaError, Medium};
use filigrane_media::{
    Layout, Metadata, Picture, PictureEncoding, PictureSamples, SampleDepth, Sound, SoundEncoding,
    Tag, decode_picture, decode_sound, encode_picture, encode_sound, picture_dimensions,
    read_metadata,
};

use super::plain;
use crate::seeds;

/// Small, so that what is over them is met often.
const LIMITS: Limits = Limits {
    max_bytes: 1 << 20,
    max_pixels: 1 << 20,
    max_duration_s: 2.0,
    max_channels: 8,
};
const PICTURES: [Format; 6] = [
    Format::Png,
    Format::Jpeg,
    Format::WebP,
    Format::Gif,
    Format::Tiff,
    Format::Bmp,
];
const SOUNDS: [Format; 7] = [
    Format::Wav,
    Format::Flac,
    Format::Mp3,
    Format::OggVorbis,
    Format::OggOpus,
    Format::M4a,
    Format::Aac,
];

pub(super) fn probe(data: &[u8]) {
    let Some(format) = Format::probe(data) else {
        return;
    };
    assert_eq!(Format::from_extension(format.extension()), Some(format));
    // Nothing beyond the first packet decides: an upload can be refused before it is whole.
    let start = data.get(..data.len().min(1 << 16)).unwrap_or(data);
    if !data.starts_with(b"ID3") {
        assert_eq!(Format::probe(start), Some(format));
    }
}

/// The format of the content, or any of a medium, chosen by the last byte.
fn format(data: &[u8], medium: Medium, others: &[Format]) -> Format {
    match Format::probe(data) {
        Some(format) if format.medium() == medium => format,
        _ => others[usize::from(data.last().copied().unwrap_or(0)) % others.len()],
    }
}

fn refused(error: &MediaError) {
    plain(error);
    if let MediaError::Limit { limit, found, .. } = error {
        assert!(found > limit, "{error}");
    }
}

pub(super) fn picture(data: &[u8]) {
    let format = format(data, Medium::Image, &PICTURES);
    let claimed = picture_dimensions(data, format);
    match decode_picture(data, format, &LIMITS) {
        Ok(picture) => {
            assert!(picture.pixels() <= LIMITS.max_pixels && picture.pixels() > 0);
            let expected = picture.pixels() * picture.layout.channels() as u64;
            assert_eq!(picture.samples.len() as u64, expected);
            assert_eq!(claimed, Ok((picture.width, picture.height)));
        }
        Err(error) => refused(&error),
    }
}

pub(super) fn sound(data: &[u8]) {
    let format = format(data, Medium::Audio, &SOUNDS);
    match decode_sound(data, format, &LIMITS) {
        Ok(sound) => {
            assert!(
                sound.duration_s() <= LIMITS.max_duration_s + 1e-9,
                "{}",
                sound.duration_s()
            );
            assert!(sound.rate > 0);
            let channels = sound.channels.len();
            assert!(channels > 0 && channels <= usize::from(LIMITS.max_channels));
            assert!(
                sound
                    .channels
                    .iter()
                    .all(|channel| channel.len() == sound.frames())
            );
        }
        Err(error) => refused(&error),
    }
}

/// Metadata are read, and go into every format that is written without hurting the content.
pub(super) fn metadata(data: &[u8]) {
    let medium = Format::probe(data).map_or(Medium::Image, Format::medium);
    match medium {
        Medium::Image => {
            let format = format(data, medium, &PICTURES);
            rewritten_picture(&read_metadata(data, format));
        }
        Medium::Audio => {
            let format = format(data, medium, &SOUNDS);
            rewritten_sound(&read_metadata(data, format));
        }
    }
}

fn rewritten_picture(metadata: &Metadata) {
    let samples = PictureSamples::U8((0..48).collect());
    let picture = Picture::new(4, 4, Layout::Rgb, samples).unwrap();
    let encoding = PictureEncoding {
        lossless: Some(true),
        ..PictureEncoding::default()
    };
    for format in [
        Format::Png,
        Format::WebP,
        Format::Tiff,
        Format::Bmp,
        Format::Jpeg,
    ] {
        match encode_picture(&picture, format, &encoding, metadata) {
            Ok(file) => {
                let read = decode_picture(&file, format, &Limits::default()).unwrap();
                assert_eq!((read.width, read.height), (4, 4), "{format}");
                if format != Format::Jpeg {
                    assert_eq!(read.samples, picture.samples, "{format}");
                }
                let again = read_metadata(&file, format);
                if format == Format::Png {
                    assert_eq!(again.icc, metadata.icc, "{format}");
                    assert_eq!(again.exif, metadata.exif, "{format}");
                    // XMP in PNG is UTF-8; what is none cannot be kept.
                    let is_text = |xmp: &Vec<u8>| std::str::from_utf8(xmp).is_ok();
                    let xmp = metadata.xmp.clone().filter(is_text);
                    assert_eq!(again.xmp, xmp, "{format}");
                }
            }
            Err(error) => plain(&error),
        }
    }
}

fn rewritten_sound(metadata: &Metadata) {
    let samples = (0..200).map(|i| (i as f32 / 10.0).sin() / 2.0).collect();
    let sound = Sound::new(8_000, vec![samples], SampleDepth::I16).unwrap();
    for format in [Format::Wav, Format::Flac, Format::OggOpus] {
        match encode_sound(&sound, format, &SoundEncoding::default(), metadata) {
            Ok(file) => {
                let read = decode_sound(&file, format, &Limits::default()).unwrap();
                if format != Format::OggOpus {
                    assert_eq!(read.frames(), sound.frames(), "{format}");
                }
                let again = read_metadata(&file, format);
                if format == Format::Flac {
                    assert_eq!(again.tags, writable(&metadata.tags), "{format}");
                    assert_eq!(again.blocks, metadata.blocks, "{format}");
                }
            }
            Err(error) => plain(&error),
        }
    }
}

/// The tags whose names a Vorbis comment can have: printable ASCII without `=` (Ogg Vorbis I, section 5.2.1).
fn writable(tags: &[Tag]) -> Vec<Tag> {
    let is_name =
        |key: &str| !key.is_empty() && key.bytes().all(|b| (0x20..=0x7d).contains(&b) && b != b'=');
    tags.iter()
        .filter(|tag| is_name(&tag.key))
        .cloned()
        .collect()
}

/// XMP alone, and with it a label of GB 45438.
pub(super) fn xmp(data: &[u8]) {
    let samples = PictureSamples::U8(vec![9; 12]);
    let picture = Picture::new(2, 2, Layout::Rgb, samples).unwrap();
    let metadata = Metadata {
        xmp: Some(data.to_vec()),
        ..Metadata::default()
    };
    let file = encode_picture(
        &picture,
        Format::Png,
        &PictureEncoding::default(),
        &metadata,
    );
    let Ok(file) = file else { return };
    let inspection = filigrane::inspect(&file, "x.png", &LIMITS).unwrap();
    if let Some(label) = &inspection.aigc {
        assert!(label.content_producer.len() <= data.len());
    }
    serde_json::to_string(&inspection).unwrap();
}

pub(super) fn xmp_seeds() -> Vec<Vec<u8>> {
    let attribute = "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
        <rdf:Description xmlns:a=\"http://www.tc260.org.cn/ns/AIGC/1.0/\" \
        a:AIGC='{\"Label\":\"1\",\"ProduceID\":\"&#49;\"}'/></rdf:RDF>";
    vec![
        seeds::XMP.as_bytes().to_vec(),
        attribute.as_bytes().to_vec(),
    ]
}
