//! Codes against those that other implementations gave for the same files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;

use filigrane_fingerprint::{iscc_audio, iscc_image};
use filigrane_media::{
    Format, Layout, Limits, Picture, PictureSamples, SampleDepth, Sound, decode_picture,
    decode_sound,
};

fn sample(name: &str) -> (Vec<u8>, Format) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let bytes = std::fs::read(folder.join(name)).unwrap();
    let format = Format::probe(&bytes).unwrap();
    (bytes, format)
}

/// The 64 bits of a code, behind a header of two bytes: base 32 (RFC 4648) has five in a letter.
fn bits(code: &str) -> u64 {
    let letters = code.strip_prefix("ISCC:").unwrap().bytes();
    let values = letters.map(|letter| match letter {
        b'A'..=b'Z' => letter - b'A',
        b'2'..=b'7' => letter - b'2' + 26,
        _ => panic!("{code}"),
    });
    let all = values.fold(0_u128, |bits, value| bits << 5 | u128::from(value));
    all as u64
}

/// Of Pillow's grey 32 × 32 pixels and version 0.7 of the library.
#[test]
fn pictures_have_the_codes_of_the_reference() {
    for (name, code) in [
        ("generated.png", "ISCC:EEA3JW42REMWK3MS"),
        ("photo.jpg", "ISCC:EEAZJVGMMNZTGM5M"),
        ("unmarked.jpg", "ISCC:EEA3JFSWDZGUTS5S"),
    ] {
        let (bytes, format) = sample(name);
        let picture = decode_picture(&bytes, format, &Limits::default()).unwrap();
        assert_eq!(iscc_image(&picture).unwrap(), code);
    }
}

/// Of Chromaprint 1.5.1, whose resampling differs a little.
#[test]
fn sounds_have_nearly_the_codes_of_the_reference() {
    let (bytes, format) = sample("speech.wav");
    let sound = decode_sound(&bytes, format, &Limits::default()).unwrap();
    let code = iscc_audio(&sound).unwrap();
    let reference = "ISCC:EIAQEWBCEIQF2TR2";
    assert_eq!(code[..7], reference[..7]);
    let apart = (bits(&code) ^ bits(reference)).count_ones();
    assert!(apart <= 2, "{code}: {apart} bits");
}

#[test]
fn what_is_too_little_has_a_code_or_an_error() {
    let picture = |width: u32, height: u32, layout: Layout| {
        let samples = vec![7; width as usize * height as usize * layout.channels()];
        Picture::new(width, height, layout, PictureSamples::U8(samples)).unwrap()
    };
    for layout in [Layout::Gray, Layout::GrayAlpha, Layout::Rgb, Layout::Rgba] {
        for (width, height) in [(1, 1), (1, 500), (33, 1)] {
            assert!(iscc_image(&picture(width, height, layout)).is_ok());
        }
    }
    for frames in [0, 1, 500, 40_000] {
        let sound = Sound::new(44_100, vec![vec![0.1; frames]; 2], SampleDepth::I16).unwrap();
        assert!(iscc_audio(&sound).is_err(), "{frames}");
    }
    let loud = Sound::new(8000, vec![vec![f32::INFINITY; 90_000]], SampleDepth::I16).unwrap();
    let _ = iscc_audio(&loud);
}
