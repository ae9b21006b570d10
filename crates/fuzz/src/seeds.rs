//! The real files that mutations begin with: the project's samples and references, and what is encoded, signed and stamped
//! here in every format.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use filigrane::{
    Format, Identity, Key, Limits, MarkId, SqliteStore, StampOptions, Stamper, System,
};
use filigrane_credentials::{
    ClaimedOrigin, DevelopmentIdentity, ManifestRequest, SoftBinding, Trust, sign,
};
use filigrane_media::{
    Layout, Metadata, Picture, PictureEncoding, PictureSamples, SampleDepth, Sound, SoundEncoding,
    Tag, decode_picture, decode_sound, encode_picture, encode_sound,
};

/// A file of the project.
///
/// # Panics
/// Where it is not there.
#[must_use]
pub fn project_file(path: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read(root.join(path)).unwrap()
}

/// A file beside this crate's sources; its README tells how each was made.
fn own_file(name: &str) -> Vec<u8> {
    project_file(&format!("crates/fuzz/seeds/{name}"))
}

/// Small pictures in every format that is read, with metadata.
pub(crate) fn pictures() -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for (layout, bits) in [
        (Layout::Gray, 8),
        (Layout::Rgb, 8),
        (Layout::Rgba, 8),
        (Layout::Rgb, 16),
    ] {
        let picture = picture(40, 30, layout, bits);
        for format in [
            Format::Png,
            Format::Jpeg,
            Format::WebP,
            Format::Tiff,
            Format::Bmp,
        ] {
            for lossless in [false, true] {
                let encoding = PictureEncoding {
                    lossless: Some(lossless),
                    ..PictureEncoding::default()
                };
                // Not every layout fits into every format.
                if let Ok(file) = encode_picture(&picture, format, &encoding, &metadata()) {
                    files.push(file);
                }
            }
        }
    }
    files.push(own_file("animation.gif"));
    files.push(own_file("progressive.jpg"));
    files.push(own_file("palette.png"));
    files.push(own_file("cmyk.jpg"));
    files.push(own_file("lzw.tiff"));
    files
}

/// Short sounds in every format that is read.
pub(crate) fn sounds() -> Vec<Vec<u8>> {
    let mut files: Vec<Vec<u8>> = [
        "adpcm.wav",
        "alaw.wav",
        "surround.m4a",
        "surround.ogg",
        "surround.opus",
        "sweep.aac",
        "sweep.m4a",
        "sweep.mp3",
        "sweep.ogg",
        "sweep.opus",
    ]
    .iter()
    .map(|name| project_file(&format!("crates/media/tests/reference/{name}")))
    .collect();
    for (channels, depth) in [
        (1, SampleDepth::I16),
        (2, SampleDepth::I24),
        (2, SampleDepth::F32),
        (6, SampleDepth::I16),
    ] {
        let sound = sound(2_000, channels, depth);
        for format in [Format::Wav, Format::Flac, Format::OggOpus] {
            let encoding = SoundEncoding::default();
            if let Ok(file) = encode_sound(&sound, format, &encoding, &metadata()) {
                files.push(file);
            }
        }
    }
    files
}

/// A signed file, and what it was signed as.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) bytes: Vec<u8>,
    pub(crate) mime: &'static str,
    pub(crate) manifest: Vec<u8>,
}

/// Who signs here, and is trusted here.
pub(crate) fn identity() -> &'static DevelopmentIdentity {
    static IDENTITY: OnceLock<DevelopmentIdentity> = OnceLock::new();
    IDENTITY.get_or_init(|| Identity::development("fuzzing").unwrap())
}

/// Trust in [`identity`].
pub(crate) fn trust() -> &'static Trust {
    static TRUST: OnceLock<Trust> = OnceLock::new();
    TRUST.get_or_init(|| {
        Trust::none()
            .with_anchors_pem(&identity().anchor_pem)
            .unwrap()
    })
}

/// A small signed file of every format that can be signed.
pub(crate) fn signed() -> &'static [Signed] {
    static SIGNED: OnceLock<Vec<Signed>> = OnceLock::new();
    SIGNED.get_or_init(|| {
        let picture = picture(64, 48, Layout::Rgb, 8);
        let sound = sound(4_000, 1, SampleDepth::I16);
        let image = |format| {
            encode_picture(&picture, format, &PictureEncoding::default(), &metadata()).unwrap()
        };
        let audio =
            |format| encode_sound(&sound, format, &SoundEncoding::default(), &metadata()).unwrap();
        let reference = |name| project_file(&format!("crates/media/tests/reference/{name}"));
        let files = [
            image(Format::Png),
            image(Format::Jpeg),
            image(Format::WebP),
            own_file("animation.gif"),
            audio(Format::Wav),
            audio(Format::Flac),
            reference("sweep.mp3"),
            reference("sweep.m4a"),
        ];
        files.iter().map(|file| signed_file(file)).collect()
    })
}

/// What every manifest of [`signed`] says of its title.
pub(crate) const TITLE: &str = "A seed";

/// The soft binding of every manifest of [`signed`].
pub(crate) fn binding() -> SoftBinding {
    SoftBinding {
        algorithm: "org.filigrane.image.1".to_owned(),
        value: b"00112233445566778899aa".to_vec(),
    }
}

/// What a manifest of [`signed`] is asked to say.
pub(crate) fn request(bindings: &[SoftBinding]) -> ManifestRequest<'_> {
    ManifestRequest {
        title: Some(TITLE),
        generator_name: "filigrane-fuzz",
        generator_version: "1",
        origin: ClaimedOrigin::Generated,
        model: None,
        disclosure: None,
        training_mining: None,
        watermarks: bindings,
        fingerprints: &[],
        thumbnail: None,
        sidecar: false,
        parent: None,
        time_stamping: None,
    }
}

fn signed_file(file: &[u8]) -> Signed {
    let mime = Format::probe(file).unwrap().mime();
    let bindings = [binding()];
    let signed = sign(file, mime, &request(&bindings), &identity().identity).unwrap();
    Signed {
        bytes: signed.bytes,
        mime,
        manifest: signed.manifest,
    }
}

/// A manifest with the token of a time-stamp authority, whose certificates may have expired since.
pub(crate) fn time_stamped_manifest() -> Vec<u8> {
    own_file("time-stamped.c2pa")
}

/// Files with every layer, the registry that knows them, and their identifiers.
pub(crate) struct Stamped {
    pub(crate) files: Vec<Vec<u8>>,
    pub(crate) ids: Vec<MarkId>,
    pub(crate) store: Arc<SqliteStore>,
}

/// What was stamped with [`key`] and [`identity`].
pub(crate) fn stamped() -> &'static Stamped {
    static STAMPED: OnceLock<Stamped> = OnceLock::new();
    STAMPED.get_or_init(|| {
        let store = Arc::new(SqliteStore::open_in_memory().unwrap());
        let stamper = Stamper::builder(key().clone())
            .identity(identity().identity.clone())
            .registry(store.clone())
            .aigc(true)
            .model(System {
                name: "model".to_owned(),
                version: None,
                sha256: None,
            })
            .build()
            .unwrap();
        let sources = [part_of_a_picture(256), part_of_a_sound(4)];
        let (mut files, mut ids) = (Vec::new(), Vec::new());
        for (source, format) in [
            (0, Format::Png),
            (0, Format::Jpeg),
            (0, Format::WebP),
            (1, Format::Wav),
            (1, Format::Flac),
        ] {
            let options = StampOptions {
                format: Some(format),
                ..StampOptions::default()
            };
            let (file, stamped) = stamper.stamp_with(&sources[source], &options).unwrap();
            files.push(file);
            ids.push(stamped.id.parse().unwrap());
        }
        Stamped { files, ids, store }
    })
}

/// The key of [`stamped`].
pub(crate) fn key() -> &'static Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    KEY.get_or_init(|| Key::parse(KEY_FILE).unwrap())
}

/// A key file; the key secures nothing.
pub(crate) const KEY_FILE: &str = "filigrane-key 1
name: bench
id: k:08a3ad71eeb119f9829210798588f4e8
created: 2026-11-23
secret: a64d45196d8711342df892787b6058d75a26c47482e4d931b59df33b3b9a036a
";

/// Keys in PKCS#8 PEM: plain, and under the passphrase `fuzz` with few rounds.
pub(crate) fn private_keys() -> Vec<Vec<u8>> {
    vec![
        identity()
            .identity
            .private_key_pem()
            .unwrap()
            .as_bytes()
            .to_vec(),
        own_file("pbkdf2.pem"),
        own_file("scrypt.pem"),
        own_file("p256.pem"),
        own_file("p384.pem"),
    ]
}

/// A square of a sample, as PNG.
fn part_of_a_picture(side: u32) -> Vec<u8> {
    let whole = project_file("samples/generated.png");
    let whole = decode_picture(&whole, Format::Png, &Limits::default()).unwrap();
    let PictureSamples::U8(samples) = &whole.samples else {
        return Vec::new();
    };
    let channels = whole.layout.channels();
    let row = whole.width as usize * channels;
    let part = samples
        .chunks(row)
        .skip(100)
        .take(side as usize)
        .flat_map(|row| &row[100 * channels..(100 + side as usize) * channels])
        .copied()
        .collect();
    let part = Picture::new(side, side, whole.layout, PictureSamples::U8(part)).unwrap();
    encode_picture(
        &part,
        Format::Png,
        &PictureEncoding::default(),
        &Metadata::default(),
    )
    .unwrap()
}

/// The first seconds of a sample, as WAV.
fn part_of_a_sound(seconds: usize) -> Vec<u8> {
    let whole = project_file("samples/speech.wav");
    let mut sound = decode_sound(&whole, Format::Wav, &Limits::default()).unwrap();
    let frames = seconds * sound.rate as usize;
    for channel in &mut sound.channels {
        channel.truncate(frames);
    }
    encode_sound(
        &sound,
        Format::Wav,
        &SoundEncoding::default(),
        &Metadata::default(),
    )
    .unwrap()
}

fn picture(width: u32, height: u32, layout: Layout, bits: u8) -> Picture {
    let channels = layout.channels();
    let value = |index: usize| {
        let (pixel, channel) = (index / channels, index % channels);
        let (x, y) = (pixel % width as usize, pixel / width as usize);
        let wave = (x as f64 / 5.0 + channel as f64).sin() * (y as f64 / 4.0).cos();
        0.5 + 0.4 * wave + ((x * 31 + y * 17) % 7) as f64 / 100.0
    };
    let values = (0..(width * height) as usize * channels).map(value);
    let samples = if bits == 16 {
        PictureSamples::U16(values.map(|value| (value * 65_000.0) as u16).collect())
    } else {
        PictureSamples::U8(values.map(|value| (value * 255.0) as u8).collect())
    };
    Picture::new(width, height, layout, samples).unwrap()
}

fn sound(frames: usize, channels: usize, depth: SampleDepth) -> Sound {
    let channel = |channel: usize| {
        let sample = |frame: usize| (frame as f32 / (7.0 + channel as f32)).sin() * 0.4;
        (0..frames).map(sample).collect()
    };
    Sound::new(16_000, (0..channels).map(channel).collect(), depth).unwrap()
}

/// Something of every kind that is kept.
fn metadata() -> Metadata {
    let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
    Metadata {
        exif: Some(exif),
        xmp: Some(XMP.as_bytes().to_vec()),
        tags: vec![Tag {
            key: "TITLE".to_owned(),
            value: "A seed".to_owned(),
        }],
        ..Metadata::default()
    }
}

/// XMP with a label of GB 45438.
pub(crate) const XMP: &str = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
<rdf:Description rdf:about=\"\" xmlns:TC260=\"http://www.tc260.org.cn/ns/AIGC/1.0/\">\
<TC260:AIGC>{&quot;Label&quot;:&quot;1&quot;,&quot;ContentProducer&quot;:&quot;a&#x62;&quot;}</TC260:AIGC>\
</rdf:Description></rdf:RDF></x:xmpmeta>";

/// An authority's answer, and its refusal.
pub(crate) fn time_stamp_answer(refused: bool) -> Vec<u8> {
    own_file(if refused {
        "refused.tsr"
    } else {
        "granted.tsr"
    })
}

/// One black pixel.
pub(crate) const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55\
\0\0\0\nIDAT\x78\x9c\x63\x60\0\0\0\x02\0\x01\x48\xaf\xa4\x71\0\0\0\0IEND\xae\x42\x60\x82";

#[cfg(test)]
mod tests {
    use filigrane::{State, Verdict, Verifier};
    use filigrane_credentials::read;

    use super::*;

    #[test]
    fn every_format_that_is_read_is_among_the_seeds() {
        for (files, formats) in [(pictures(), 6), (sounds(), 7)] {
            let found: std::collections::HashSet<_> = files
                .iter()
                .map(|file| Format::probe(file).unwrap())
                .collect();
            assert_eq!(found.len(), formats, "{found:?}");
        }
    }

    #[test]
    fn signed_files_are_trusted_and_stamped_ones_verified() {
        for file in signed() {
            let credentials = read(&file.bytes, file.mime, trust()).unwrap();
            assert_eq!(
                credentials.state,
                State::Trusted,
                "{}: {credentials:#?}",
                file.mime
            );
        }
        let verifier = Verifier::new().unwrap().key(key()).unwrap();
        let verifier = verifier.anchors_pem(&identity().anchor_pem).unwrap();
        for file in &stamped().files {
            assert_eq!(
                verifier.verify(file, "x").unwrap().verdict,
                Verdict::Verified
            );
        }
    }
}
