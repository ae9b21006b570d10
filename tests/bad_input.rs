//! Missing, damaged, hostile and unwritable: a clear error, the right status, nothing half written.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;
use common::World;

/// Each command that reads media.
const READING: [&[&str]; 5] = [
    &["stamp", "-o", "out.png"],
    &["embed", "-o", "out.png"],
    &["detect"],
    &["verify"],
    &["inspect"],
];

#[track_caller]
fn fails(world: &World, file: &str, expected: &[&str]) {
    for command in READING {
        let mut arguments = command.to_vec();
        arguments.insert(1, file);
        let run = world.run(&arguments).exits(2);
        assert!(run.err.contains(file), "the file is named: {}", run.err);
        assert!(
            expected.iter().any(|text| run.err.contains(text)),
            "{command:?}: {}",
            run.err
        );
        assert!(!run.err.contains("panicked"), "{}", run.err);
        assert!(!world.path("out.png").exists());
    }
}

#[test]
fn missing_files() {
    fails(&World::new(), "absent.jpg", &["No such file"]);
}

#[test]
fn empty_files() {
    let world = World::new();
    std::fs::write(world.path("empty.png"), b"").unwrap();
    fails(&world, "empty.png", &["empty"]);
}

#[test]
fn files_of_no_known_format() {
    let world = World::new();
    std::fs::write(
        world.path("text.png"),
        b"this is no picture at all, only its name says so",
    )
    .unwrap();
    fails(&world, "text.png", &["recogni"]);
}

#[test]
fn folders_without_recursion() {
    let world = World::new();
    std::fs::create_dir(world.path("folder")).unwrap();
    fails(&world, "folder", &["folder"]);
}

#[test]
fn truncated_and_garbled_files() {
    let world = World::new();
    for name in ["photo.jpg", "generated.png", "music.flac"] {
        world.sample(name);
        let bytes = std::fs::read(world.path(name)).unwrap();
        std::fs::write(world.path("cut"), &bytes[..60]).unwrap();
        for command in ["detect", "verify"] {
            let run = world.run(&[command, "cut"]).exits(2);
            assert!(
                run.err.contains("cut") && !run.err.contains("panicked"),
                "{}",
                run.err
            );
        }
        let garbled: Vec<u8> = bytes
            .iter()
            .enumerate()
            .map(|(i, byte)| if i > 40 { byte ^ 0xa5 } else { *byte })
            .collect();
        std::fs::write(world.path("garbled"), garbled).unwrap();
        let run = world.run(&["verify", "garbled"]);
        assert!(
            [1, 2, 3].contains(&run.status) && !run.err.contains("panicked"),
            "{run:?}"
        );
    }
}

#[test]
fn a_header_that_promises_too_much_is_refused_before_allocation() {
    let world = World::new();
    // A PNG header of 2 billion × 2 billion pixels, with the right checksum.
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    let header = [
        &b"IHDR"[..],
        &0x7fff_ffff_u32.to_be_bytes(),
        &0x7fff_ffff_u32.to_be_bytes(),
        &[8, 2, 0, 0, 0],
    ]
    .concat();
    png.extend_from_slice(&header[4..]);
    png.extend_from_slice(&crc32(&header).to_be_bytes());
    std::fs::write(world.path("huge.png"), png).unwrap();
    fails(&world, "huge.png", &["pixels", "limit"]);
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    })
}

#[test]
fn limits_can_be_set() {
    let world = World::new();
    world.sample("photo.jpg");
    world.sample("speech.wav");
    for arguments in [
        &["detect", "photo.jpg", "--max-pixels", "1000"][..],
        &["detect", "photo.jpg", "--max-bytes", "1000"],
        &["detect", "speech.wav", "--max-duration", "2"],
    ] {
        let run = world.run(arguments).exits(2);
        assert!(run.err.contains("limit"), "{}", run.err);
    }
}

#[test]
fn a_wrong_extension_does_not_matter() {
    let world = World::new();
    world.sample("photo.jpg");
    std::fs::rename(world.path("photo.jpg"), world.path("photo.wav")).unwrap();
    world.run(&["embed", "photo.wav", "-o", "marked"]).exits(0);
    assert!(
        std::fs::read(world.path("marked"))
            .unwrap()
            .starts_with(&[0xff, 0xd8])
    );
    world.run(&["detect", "marked"]).exits(0);
}

#[test]
fn existing_targets_are_refused_unless_forced() {
    let world = World::new();
    world.sample("photo.jpg");
    std::fs::write(world.path("out.jpg"), "precious").unwrap();
    for command in ["stamp", "embed"] {
        let run = world.run(&[command, "photo.jpg", "-o", "out.jpg"]).exits(4);
        assert!(run.err.contains("--force"), "{}", run.err);
        assert_eq!(std::fs::read(world.path("out.jpg")).unwrap(), b"precious");
    }
    world
        .run(&["stamp", "photo.jpg", "-o", "out.jpg", "--force"])
        .exits(0);
    assert!(
        std::fs::read(world.path("out.jpg"))
            .unwrap()
            .starts_with(&[0xff, 0xd8])
    );
}

#[test]
fn in_place_keeps_a_backup_when_asked() {
    let world = World::new();
    world.sample("photo.jpg");
    let original = std::fs::read(world.path("photo.jpg")).unwrap();
    world
        .run(&["stamp", "photo.jpg", "--in-place", "--backup"])
        .exits(0);
    assert_eq!(
        std::fs::read(world.path("photo.jpg.orig")).unwrap(),
        original
    );
    assert_ne!(std::fs::read(world.path("photo.jpg")).unwrap(), original);
    world.run(&["verify", "photo.jpg"]).exits(0);
}

#[test]
fn too_small_or_too_short_is_refused_and_nothing_is_written() {
    let world = World::new();
    let mut bmp = b"BM".to_vec();
    let side = 16_u32;
    bmp.extend_from_slice(&(54 + side * side * 3).to_le_bytes());
    bmp.extend_from_slice(&[0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0]);
    bmp.extend_from_slice(&side.to_le_bytes());
    bmp.extend_from_slice(&side.to_le_bytes());
    bmp.extend_from_slice(&[1, 0, 24, 0]);
    bmp.extend_from_slice(&[0; 24]);
    bmp.extend((0..side * side * 3).map(|i| (i * 37 % 251) as u8));
    std::fs::write(world.path("icon.bmp"), bmp).unwrap();
    let run = world
        .run(&["stamp", "icon.bmp", "-o", "out.png", "--format", "png"])
        .exits(4);
    assert!(
        run.err.contains("16×16") || run.err.contains("too small"),
        "{}",
        run.err
    );
    let found = world
        .run(&["detect", "icon.bmp", "--json"])
        .exits(1)
        .object();
    assert_eq!(found["outcome"], "inconclusive");

    let speech = std::fs::read(world.sample("speech.wav")).unwrap();
    let samples = 3200_u32; // 0.2 s at 16 kHz, 16 bit
    let mut short = speech[..44].to_vec();
    short[4..8].copy_from_slice(&(36 + samples * 2).to_le_bytes());
    short[40..44].copy_from_slice(&(samples * 2).to_le_bytes());
    short.extend_from_slice(&speech[20_000..20_000 + samples as usize * 2]);
    std::fs::write(world.path("short.wav"), short).unwrap();
    let run = world.run(&["stamp", "short.wav", "-o", "out.wav"]).exits(4);
    assert!(run.err.contains("short"), "{}", run.err);
    assert!(!world.path("out.png").exists() && !world.path("out.wav").exists());
}

#[cfg(unix)]
#[test]
fn an_unwritable_folder_leaves_everything_as_it_was() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    world.sample("photo.jpg");
    world
        .run(&["stamp", "photo.jpg", "-o", "absent/out.jpg"])
        .exits(2);
    let locked = world.path("locked");
    std::fs::create_dir(&locked).unwrap();
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o500)).unwrap();
    // A superuser may write there all the same: then there is nothing to refuse.
    if std::fs::write(locked.join("probe"), "").is_err() {
        let run = world
            .run(&["stamp", "photo.jpg", "-o", "locked/out.jpg"])
            .exits(2);
        assert!(run.err.contains("locked"), "{}", run.err);
    }
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[cfg(unix)]
#[test]
fn a_full_device_is_an_error() {
    let world = World::new();
    world.sample("photo.jpg");
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_filigrane"))
        .current_dir(world.root())
        .env("XDG_CONFIG_HOME", world.path("home/config"))
        .env("XDG_DATA_HOME", world.path("home/data"))
        .args(["embed", "photo.jpg", "-o", "-"])
        .stdout(full)
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(2));
}

#[test]
fn usage_errors() {
    let world = World::new();
    world.sample("photo.jpg");
    world.sample("unmarked.jpg");
    for arguments in [
        &["stamp", "photo.jpg", "unmarked.jpg", "-o", "one.jpg"][..],
        &["stamp", "photo.jpg", "-o", "a.jpg", "--out-dir", "b"],
        &["stamp", "photo.jpg", "--format", "doc"],
        &["stamp", "photo.jpg", "--key", "absent.key"],
        &["stamp", "photo.jpg", "--signing-key", "absent.pem"],
        &["stamp", "photo.jpg", "--quality", "0"],
        &["stamp", "photo.jpg", "--backup"],
        &["verify", "photo.jpg", "--trust", "absent.pem"],
        &[
            "verify",
            "photo.jpg",
            "--registry",
            "absent/folder/registry.sqlite3",
        ],
        &["detect", "photo.jpg", "--key", "photo.jpg"],
    ] {
        let run = world.run(arguments).exits(2);
        assert!(
            !run.err.is_empty() && !run.err.contains("panicked"),
            "{}",
            run.err
        );
    }
    assert_eq!(world.files(), ["photo.jpg", "unmarked.jpg"]);
}

#[cfg(unix)]
#[test]
fn names_that_are_not_unicode_work() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    let name = std::ffi::OsStr::from_bytes(b"ph\xffoto.jpg");
    std::fs::rename(world.sample("photo.jpg"), world.root().join(name)).unwrap();
    let output = world
        .filigrane()
        .args(["embed", "-o", "marked.jpg"])
        .arg(name)
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
