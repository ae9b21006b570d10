//! Manifests in a file of their own beside the medium's.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;
use common::World;

/// Formats that have no safe place for a manifest, and one that is asked to leave its place empty.
const STAMPED: [(&str, &[&str], &str); 4] = [
    ("photo.jpg", &["--format", "tiff"], "s.tiff"),
    ("photo.jpg", &["--format", "bmp"], "s.bmp"),
    ("speech.wav", &["--format", "opus"], "s.opus"),
    ("music.flac", &["--sidecar"], "s.flac"),
];

fn stamped(world: &World, (sample, options, target): (&str, &[&str], &str)) {
    world.sample(sample);
    let arguments = [&["stamp", sample, "-o", target, "--json"], options].concat();
    let stamped = world.run(&arguments).exits(0).object();
    assert_eq!(stamped["manifest"], "sidecar", "{stamped:#}");
    assert_eq!(stamped["sidecar"], "s.c2pa");
}

#[test]
fn what_has_no_place_inside_is_verified_with_the_file_beside_it() {
    for case in STAMPED {
        let world = World::new();
        stamped(&world, case);
        for how in [&[][..], &["--in-process"]] {
            let arguments = [&["verify", case.2, "--json"], how].concat();
            let report = world.run(&arguments).exits(0).object();
            assert_eq!(report["verdict"], "verified", "{report:#}");
            assert_eq!(report["credentials"]["beside"], true);
        }
        let text = world.run(&["verify", case.2]).exits(0).out;
        assert!(text.contains("in a file of its own beside it"), "{text}");
        // Without it the registry knows the manifest.
        std::fs::remove_file(world.path("s.c2pa")).unwrap();
        let report = world.run(&["verify", case.2, "--json"]).exits(0).object();
        assert_eq!(report["verdict"], "recovered", "{report:#}");
    }
}

#[test]
fn a_changed_file_or_manifest_beside_it_is_tampered_with() {
    for case in STAMPED {
        let world = World::new();
        stamped(&world, case);
        let (file, beside) = (world.path(case.2), world.path("s.c2pa"));
        let (bytes, manifest) = (
            std::fs::read(&file).unwrap(),
            std::fs::read(&beside).unwrap(),
        );
        let tampered = |what: &str| {
            let report = world.run(&["verify", case.2, "--json"]).exits(3).object();
            assert_eq!(
                report["verdict"], "tampered",
                "{}: {what}: {report:#}",
                case.2
            );
        };
        let mut changed = bytes.clone();
        *changed.last_mut().unwrap() ^= 1;
        if case.2 != "s.opus" {
            // The last byte of an Opus file belongs to a checksum that the decoder insists on.
            std::fs::write(&file, changed).unwrap();
            tampered("a byte of the file");
            std::fs::write(&file, &bytes).unwrap();
        }
        let mut changed = manifest.clone();
        // Not in the padding, which nobody signs.
        let claim = b"trainedAlgorithmicMedia";
        let place = changed
            .windows(claim.len())
            .position(|bytes| bytes == claim);
        changed[place.unwrap()] ^= 1;
        std::fs::write(&beside, changed).unwrap();
        tampered("a byte of the manifest");
        std::fs::write(&beside, b"no manifest").unwrap();
        tampered("something else");
    }
}

#[test]
fn both_files_appear_or_none() {
    let world = World::new();
    world.sample("photo.jpg");
    std::fs::write(world.path("s.c2pa"), b"mine").unwrap();
    let run = world
        .run(&["stamp", "photo.jpg", "--format", "tiff", "-o", "s.tiff"])
        .exits(4);
    assert!(run.err.contains("s.c2pa"), "{}", run.err);
    assert!(!world.path("s.tiff").exists());
    assert_eq!(std::fs::read(world.path("s.c2pa")).unwrap(), b"mine");
    let run = world
        .run(&["stamp", "photo.jpg", "--format", "tiff", "-o", "-"])
        .exits(2);
    assert!(run.err.contains("beside it"), "{}", run.err);
    assert!(run.out.is_empty());
    world
        .run(&[
            "stamp",
            "photo.jpg",
            "--format",
            "tiff",
            "-o",
            "s.tiff",
            "--force",
        ])
        .exits(0);
    assert_eq!(
        world.run(&["verify", "s.tiff", "--json"]).exits(0).object()["verdict"],
        "verified"
    );
}

#[test]
fn a_manifest_in_the_file_comes_before_one_beside_it() {
    let world = World::new();
    world.sample("photo.jpg");
    world.run(&["stamp", "photo.jpg", "-o", "s.jpg"]).exits(0);
    std::fs::write(world.path("s.c2pa"), b"no manifest").unwrap();
    let report = world.run(&["verify", "s.jpg", "--json"]).exits(0).object();
    assert_eq!(report["verdict"], "verified", "{report:#}");
}
