//! Files whose content is not written or read here: signed as they are, without a watermark.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;
use common::World;

fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap();
    [&length.to_be_bytes(), &kind[..], content].concat()
}

/// The least that is an AVIF, a JPEG XL, an SVG and a GIF by its structure, and where a byte of the content lies that
/// a reader would show.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let avif = [
        boxed(b"ftyp", b"avif\0\0\0\0avifmif1"),
        boxed(b"meta", &[0; 4]),
        boxed(b"mdat", b"content"),
    ];
    let jxl = [
        boxed(b"JXL ", b"\r\n\x87\n"),
        boxed(b"ftyp", b"jxl \0\0\0\0jxl "),
        boxed(b"jxlc", b"\xff\x0acontent"),
    ];
    let svg = "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"><title>content</title></svg>\n";
    // One pixel, one colour, and a comment.
    let gif = b"GIF89a\x01\0\x01\0\x80\0\0\x12\x34\x56\0\0\0!\xfe\x07content\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
    vec![
        ("a.avif", avif.concat()),
        ("a.jxl", jxl.concat()),
        ("a.svg", svg.into()),
        ("a.gif", gif.to_vec()),
    ]
}

#[test]
fn what_cannot_be_marked_is_signed_where_that_is_asked_for() {
    for (name, bytes) in files() {
        let world = World::new();
        std::fs::write(world.path(name), &bytes).unwrap();
        // Never by accident.
        let refused = world.run(&["stamp", name, "-o", "signed"]).exits(2);
        assert!(
            refused.err.contains("--credentials-only"),
            "{}",
            refused.err
        );
        let told = world
            .run(&["stamp", name, "-o", "signed", "--credentials-only"])
            .exits(0)
            .out;
        assert!(told.contains("signed only: it has no watermark"), "{told}");
        let report = world.run(&["verify", "signed", "--json"]).exits(0).object();
        assert_eq!(report["verdict"], "credentials-only", "{name}: {report:#}");
        assert_eq!(report["credentials"]["claim"], "generated");
        let found = &report["watermark"]["outcome"];
        let expected = if name == "a.gif" {
            // A pixel is too small to look at.
            "inconclusive"
        } else {
            assert!(
                report["watermark"]["reason"]
                    .as_str()
                    .unwrap()
                    .contains("not read here")
            );
            "inconclusive"
        };
        assert_eq!(found, expected, "{report:#}");
        world.run(&["inspect", "signed"]).exits(0);

        // A changed byte of the content is told.
        let mut signed = std::fs::read(world.path("signed")).unwrap();
        let content = b"content";
        let place = signed.windows(content.len()).position(|w| w == content);
        signed[place.unwrap()] ^= 0x20;
        std::fs::write(world.path("changed"), signed).unwrap();
        let report = world
            .run(&["verify", "changed", "--json"])
            .exits(3)
            .object();
        assert_eq!(report["verdict"], "tampered", "{name}: {report:#}");
    }
}

#[test]
fn without_credentials_nothing_is_known_of_them() {
    for (name, bytes) in files() {
        let world = World::new();
        std::fs::write(world.path(name), &bytes).unwrap();
        let report = world.run(&["verify", name, "--json"]).exits(1).object();
        assert_eq!(report["verdict"], "no-marks", "{report:#}");
        assert_eq!(report["watermark"]["outcome"], "inconclusive");
    }
}

#[test]
fn a_picture_may_be_signed_without_a_watermark_too() {
    let world = World::new();
    world.sample("photo.jpg");
    let before = std::fs::read(world.path("photo.jpg")).unwrap();
    let stamped = world
        .run(&[
            "stamp",
            "photo.jpg",
            "-o",
            "s.jpg",
            "--credentials-only",
            "--thumbnail",
            "--json",
        ])
        .exits(0)
        .object();
    assert!(stamped.get("p_value").is_none() && stamped.get("psnr_db").is_none());
    assert_eq!(std::fs::read(world.path("photo.jpg")).unwrap(), before);
    let report = world.run(&["verify", "s.jpg", "--json"]).exits(0).object();
    assert_eq!(report["verdict"], "credentials-only", "{report:#}");
    let shown = world.run(&["inspect", "s.jpg"]).exits(0).out;
    assert!(
        shown.contains("io.iscc.v0 = ISCC:EEAZJVGMMNZTGM5M"),
        "{shown}"
    );
    assert!(!shown.contains("org.filigrane.image.1"), "{shown}");
    // The manifest holds a second, smaller JPEG.
    let bytes = std::fs::read(world.path("s.jpg")).unwrap();
    let label = b"c2pa.thumbnail.claim";
    assert!(bytes.windows(label.len()).any(|window| window == label));
    let beginnings = bytes.windows(3).filter(|w| w == b"\xff\xd8\xff");
    assert!(beginnings.count() >= 2);
}
