//! Key files on disk.
#![cfg(feature = "files")]
#![allow(clippy::unwrap_used, reason = "tests")]

use filigrane_payload::{Key, KeyFileError};

fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("filigrane-key-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn saved_keys_load_and_are_never_overwritten() {
    let folder = folder("save");
    let path = folder.join("studio.key");
    let key = Key::generate("studio", "2026-11-23".parse().unwrap()).unwrap();
    key.save(&path).unwrap();
    assert_eq!(Key::load(&path).unwrap(), key);
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions()) & 0o777,
        0o600
    );
    let error = Key::public().save(&path).unwrap_err();
    assert!(
        matches!(&error, KeyFileError::Io { source, .. } if source.kind() == std::io::ErrorKind::AlreadyExists)
    );
    assert_eq!(Key::load(&path).unwrap(), key);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_is_no_key_is_refused_with_the_file_named() {
    let folder = folder("wrong");
    let path = folder.join("wrong.key");
    for content in [
        &b""[..],
        b"\xff\xfe",
        b"-----BEGIN PRIVATE KEY-----",
        &[b'x'; 10_000],
    ] {
        std::fs::write(&path, content).unwrap();
        let error = Key::load(&path).unwrap_err();
        assert!(matches!(error, KeyFileError::Content { .. }));
        assert!(error.to_string().contains("wrong.key"), "{error}");
    }
    assert!(matches!(
        Key::load(folder.join("absent.key")),
        Err(KeyFileError::Io { .. })
    ));
    std::fs::remove_dir_all(folder).unwrap();
}
