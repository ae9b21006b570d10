//! Stamp, then verify what became of the file.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;
use common::World;

/// Every format that can be written, from one of the samples.
const FORMATS: [(&str, &str); 8] = [
    ("photo.jpg", "jpeg"),
    ("photo.jpg", "png"),
    ("photo.jpg", "webp"),
    ("generated.png", "png"),
    ("speech.wav", "wav"),
    ("speech.wav", "flac"),
    ("music.flac", "flac"),
    ("music.flac", "wav"),
];

#[test]
fn every_written_format_verifies() {
    let world = World::new();
    for (number, (source, format)) in FORMATS.iter().enumerate() {
        world.sample(source);
        let target = format!("stamped{number}.{format}");
        let arguments = ["stamp", source, "-o", &target, "--format", format, "--json"];
        let stamped = world.run(&arguments).exits(0).object();
        let report = world.run(&["verify", &target, "--json"]).exits(0).object();
        assert_eq!(report["verdict"], "verified", "{report:#}");
        assert_eq!(
            report["watermark"]["payload"]["id"], stamped["id"],
            "{stamped:#}\n{report:#}"
        );
        assert_eq!(report["watermark"]["payload"]["origin"], "generated");
        assert_eq!(report["schema"], 1);
    }
}

#[test]
fn a_stripped_file_is_recovered_through_the_registry() {
    let world = World::new();
    world.sample("photo.jpg");
    world.run(&["stamp", "photo.jpg"]).exits(0);
    // Marking again under the public key is refused, so a change of format strips the manifest.
    strip_jpeg(&world, "photo.stamped.jpg", "stripped.jpg");
    let report = world
        .run(&["verify", "stripped.jpg", "--json"])
        .exits(0)
        .object();
    assert_eq!(report["verdict"], "recovered", "{report:#}");
    assert_eq!(report["credentials"]["state"], "absent");

    let report = world
        .run(&["verify", "stripped.jpg", "--json", "--no-registry"])
        .exits(0)
        .object();
    assert_eq!(report["verdict"], "marked", "{report:#}");
}

#[test]
fn a_changed_file_is_tampered() {
    let world = World::new();
    world.sample("photo.jpg");
    world.run(&["stamp", "photo.jpg"]).exits(0);
    let path = world.path("photo.stamped.jpg");
    let mut bytes = std::fs::read(&path).unwrap();
    // The density in the JFIF header: signed like all the rest, and any value leaves a picture to decode.
    assert_eq!(&bytes[6..10], b"JFIF");
    bytes[15] ^= 0x10;
    std::fs::write(world.path("changed.jpg"), bytes).unwrap();
    let report = world
        .run(&["verify", "changed.jpg", "--json"])
        .exits(3)
        .object();
    assert_eq!(report["verdict"], "tampered", "{report:#}");
    let failures = report["credentials"]["failures"].as_array().unwrap();
    assert!(!failures.is_empty());
}

#[test]
fn layers_that_contradict_each_other_are_a_conflict() {
    let world = World::new();
    world.sample("generated.png");
    world
        .run(&["keygen", "-o", "other", "--watermark-only"])
        .exits(0);
    // Marked as AI-generated under the public key, then signed as a photograph by somebody with another key.
    world
        .run(&["embed", "generated.png", "-o", "marked.png"])
        .exits(0);
    let washed = [
        "stamp",
        "marked.png",
        "-o",
        "washed.png",
        "--key",
        "other.key",
        "--origin",
        "captured",
    ];
    world.run(&washed).exits(0);
    let report = world
        .run(&["verify", "washed.png", "--json"])
        .exits(3)
        .object();
    assert_eq!(report["verdict"], "conflict", "{report:#}");
    assert_eq!(report["credentials"]["claim"], "captured");
    assert_eq!(report["watermark"]["payload"]["origin"], "generated");
}

#[test]
fn credentials_alone_are_credentials_only() {
    let world = World::new();
    world.sample("photo.jpg");
    world
        .run(&["keygen", "-o", "secret", "--watermark-only"])
        .exits(0);
    world
        .run(&["stamp", "photo.jpg", "-o", "s.jpg", "--key", "secret.key"])
        .exits(0);
    // Who does not hold the key sees the credentials only.
    let report = world.run(&["verify", "s.jpg", "--json"]).exits(0).object();
    assert_eq!(report["verdict"], "credentials-only", "{report:#}");
}

#[test]
fn identifiers_origins_and_titles_can_be_chosen() {
    let world = World::new();
    world.sample("photo.jpg");
    let id = "00c0ffee00c0ffee00c0ff";
    world
        .run(&[
            "stamp",
            "photo.jpg",
            "-o",
            "a.jpg",
            "--id",
            id,
            "--origin",
            "edited",
            "--title",
            "Barn",
        ])
        .exits(0);
    let report = world.run(&["verify", "a.jpg", "--json"]).exits(0).object();
    assert_eq!(report["watermark"]["payload"]["id"], id);
    assert_eq!(report["watermark"]["payload"]["origin"], "edited");
    let run = world
        .run(&["stamp", "photo.jpg", "-o", "b.jpg", "--id", "xyz"])
        .exits(2);
    assert!(run.err.contains("22 hexadecimal digits"), "{}", run.err);
}

#[test]
fn embed_marks_without_credentials() {
    let world = World::new();
    world.sample("generated.png");
    world
        .run(&["embed", "generated.png", "-o", "marked.png"])
        .exits(0);
    let found = world
        .run(&["detect", "marked.png", "--json"])
        .exits(0)
        .object();
    assert_eq!(found["outcome"], "found");
    assert_eq!(found["type"], "detection");
    assert!(found["p_value"].as_f64().unwrap() <= 1e-12);
    let report = world
        .run(&["verify", "marked.png", "--json"])
        .exits(0)
        .object();
    assert_eq!(report["verdict"], "marked");
}

#[test]
fn a_narrower_search_finds_less_and_says_so() {
    let world = World::new();
    world.sample("generated.png");
    world
        .run(&[
            "embed",
            "generated.png",
            "-o",
            "marked.bmp",
            "--format",
            "bmp",
        ])
        .exits(0);
    // A bitmap whose height is negated has its rows the other way round.
    let mut bytes = std::fs::read(world.path("marked.bmp")).unwrap();
    let height = i32::from_le_bytes(bytes[22..26].try_into().unwrap());
    bytes[22..26].copy_from_slice(&(-height).to_le_bytes());
    std::fs::write(world.path("flipped.bmp"), bytes).unwrap();

    let look = |file: &str, search: &str, status: i32| {
        let arguments = ["detect", file, "--search", search, "--json"];
        world.run(&arguments).exits(status).object()
    };
    for search in ["in-place", "upright", "full"] {
        let found = look("marked.bmp", search, 0);
        assert_eq!(found["outcome"], "found", "{search}: {found:#}");
    }
    let found = look("flipped.bmp", "full", 0);
    assert_eq!(found["outcome"], "found", "{found:#}");
    assert!(found.get("search").is_none(), "{found:#}");
    for search in ["in-place", "upright"] {
        let missed = look("flipped.bmp", search, 1);
        assert_eq!(missed["outcome"], "not-found", "{missed:#}");
        assert_eq!(missed["search"], search);
        for process in [&[][..], &["--in-process"]] {
            let mut arguments = vec!["verify", "flipped.bmp", "--search", search, "--json"];
            arguments.extend(process);
            let report = world.run(&arguments).exits(1).object();
            assert_eq!(report["verdict"], "no-marks", "{report:#}");
            assert_eq!(report["search"], search);
            let explanation = report["explanation"].as_str().unwrap();
            assert!(explanation.contains("were looked for"), "{explanation}");
        }
    }
    let run = world.run(&["detect", "flipped.bmp", "--search", "in-place"]);
    let run = run.exits(1);
    assert!(run.out.contains("looked in-place only"), "{}", run.out);
    let run = world.run(&["detect", "flipped.bmp", "--search", "sideways"]);
    let run = run.exits(2);
    assert!(run.err.contains("found `sideways`"), "{}", run.err);
}

#[test]
fn what_is_marked_already_is_not_marked_again_unasked() {
    let world = World::new();
    world.sample("generated.png");
    world
        .run(&["embed", "generated.png", "-o", "marked.png"])
        .exits(0);
    let run = world
        .run(&["embed", "marked.png", "-o", "twice.png"])
        .exits(4);
    assert!(run.err.contains("--remark"), "{}", run.err);
    assert!(!world.path("twice.png").exists());
}

#[test]
fn a_mark_that_is_kept_is_signed_for_and_the_content_stays() {
    let world = World::new();
    world.sample("photo.jpg");
    let marked = [
        "embed",
        "photo.jpg",
        "-o",
        "marked.jpg",
        "--origin",
        "edited",
    ];
    let marked = world.run(&[&marked[..], &["--json"]].concat());
    let id = marked.exits(0).object()["id"].clone();
    let kept = [
        "stamp",
        "marked.jpg",
        "-o",
        "kept.jpg",
        "--keep-mark",
        "--json",
    ];
    let kept = world.run(&kept).exits(0).object();
    assert_eq!(kept["id"], id, "{kept:#}");
    assert_eq!(kept["origin"], "edited");
    assert!(kept["psnr_db"].is_null(), "{kept:#}");
    let report = world
        .run(&["verify", "kept.jpg", "--json"])
        .exits(0)
        .object();
    assert_eq!(report["verdict"], "verified", "{report:#}");
    assert_eq!(report["credentials"]["claim"], "edited");
    assert_eq!(report["credentials"]["disclosure"]["identifier"], id);
    // The coded picture is the one that was there.
    let coded = |name: &str| {
        let bytes = std::fs::read(world.path(name)).unwrap();
        let start = bytes.windows(2).rposition(|pair| pair == [0xff, 0xda]);
        bytes[start.unwrap()..].to_vec()
    };
    assert_eq!(coded("kept.jpg"), coded("marked.jpg"));

    // A manifest that was there becomes the parent.
    let again = [
        "stamp",
        "kept.jpg",
        "-o",
        "again.jpg",
        "--keep-mark",
        "--json",
    ];
    assert_eq!(world.run(&again).exits(0).object()["id"], id);
    let report = world
        .run(&["verify", "again.jpg", "--json"])
        .exits(0)
        .object();
    assert_eq!(report["verdict"], "verified", "{report:#}");
    let parent = &report["credentials"]["ingredients"][0];
    assert_eq!(parent["relationship"], "parentOf", "{report:#}");

    // Another identifier cannot be kept, and what has no mark is marked.
    let other = "00c0ffee00c0ffee00c0ff";
    let run = [
        "stamp",
        "marked.jpg",
        "-o",
        "no.jpg",
        "--keep-mark",
        "--id",
        other,
    ];
    world.run(&run).exits(4);
    let run = [
        "stamp",
        "photo.jpg",
        "-o",
        "new.jpg",
        "--keep-mark",
        "--json",
    ];
    assert!(world.run(&run).exits(0).object()["psnr_db"].is_number());
}

#[test]
fn folders_keep_their_tree_and_the_worst_status_wins() {
    let world = World::new();
    std::fs::create_dir_all(world.path("in/deep")).unwrap();
    std::fs::rename(world.sample("photo.jpg"), world.path("in/photo.jpg")).unwrap();
    std::fs::rename(world.sample("speech.wav"), world.path("in/deep/speech.wav")).unwrap();
    std::fs::write(world.path("in/notes.txt"), "no medium").unwrap();
    let run = world
        .run(&["stamp", "in", "-r", "--out-dir", "out", "-j", "2", "--json"])
        .exits(0);
    let objects = run.json();
    assert_eq!(objects.last().unwrap()["files"], 2, "{objects:#?}");
    assert!(world.path("out/photo.jpg").exists() && world.path("out/deep/speech.wav").exists());
    assert!(!world.path("out/notes.txt").exists());

    world.run(&["verify", "out", "-r"]).exits(0);
    world.sample("unmarked.jpg");
    world.run(&["verify", "out", "unmarked.jpg", "-r"]).exits(1);
    world
        .run(&["verify", "out/photo.jpg", "absent.jpg"])
        .exits(5);
    world.run(&["verify", "out"]).exits(2);
}

#[test]
fn standard_input_and_output() {
    let world = World::new();
    world.sample("generated.png");
    let bytes = std::fs::read(world.path("generated.png")).unwrap();
    let output = world
        .filigrane()
        .args(["stamp", "-", "-o", "-"])
        .write_stdin(bytes)
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.stdout.starts_with(b"\x89PNG"));
    let verified = world
        .filigrane()
        .args(["verify", "-"])
        .write_stdin(output.stdout)
        .output()
        .unwrap();
    assert_eq!(verified.status.code(), Some(0));
}

/// Drops the manifest (and all other metadata) by removing the APP segments; the pixels stay.
fn strip_jpeg(world: &World, source: &str, target: &str) {
    let bytes = std::fs::read(world.path(source)).unwrap();
    let mut out = bytes[..2].to_vec();
    let mut at = 2;
    while bytes[at + 1] != 0xda {
        let length = 2 + usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
        if !(0xe1..=0xef).contains(&bytes[at + 1]) {
            out.extend_from_slice(&bytes[at..at + length]);
        }
        at += length;
    }
    out.extend_from_slice(&bytes[at..]);
    std::fs::write(world.path(target), out).unwrap();
}
