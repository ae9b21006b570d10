//! What a store promises.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use filigrane_payload::{Key, MarkId, Origin};
use filigrane_registry::{Entry, FileFacts, Medium, RegistryError, SqliteStore, Store};

fn entry(id: u8, hash: u8, time: i64) -> Entry {
    Entry {
        id: MarkId::from_bytes([id; 11]),
        key_id: Key::public().id(),
        origin: Origin::Generated,
        stamped_at_ms: time,
        file: FileFacts {
            medium: Medium::Audio,
            mime: "audio/wav".to_owned(),
            hash: [hash; 32],
            bytes: 1234,
            width: 160_000,
            height: 2,
        },
        generator: "test 1".to_owned(),
        manifest: vec![hash; 500],
        fingerprint: None,
    }
}

#[test]
fn entries_come_back_whole_newest_first_and_once() {
    let store = SqliteStore::open_in_memory().unwrap();
    let (old, new, other) = (entry(1, 1, 100), entry(1, 2, 200), entry(2, 3, 150));
    for entry in [&old, &new, &other, &old] {
        store.append(entry).unwrap();
    }
    assert_eq!(store.find(old.id).unwrap(), [new.clone(), old.clone()]);
    assert_eq!(store.find(MarkId::from_bytes([9; 11])).unwrap(), []);
    assert_eq!(
        store.list(0, 10).unwrap(),
        [new.clone(), other.clone(), old]
    );
    assert_eq!(store.list(1, 1).unwrap(), std::slice::from_ref(&other));
    assert_eq!(store.forget(new.id).unwrap(), 2);
    assert_eq!(store.list(0, 10).unwrap(), [other]);
}

#[test]
fn entries_survive_closing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/registry.sqlite3");
    SqliteStore::open(&path)
        .unwrap()
        .append(&entry(1, 1, 1))
        .unwrap();
    assert_eq!(
        SqliteStore::open(&path).unwrap().list(0, 10).unwrap().len(),
        1
    );
}

#[test]
fn many_writers_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.sqlite3");
    std::thread::scope(|scope| {
        for writer in 0..6_u8 {
            let path = &path;
            scope.spawn(move || {
                // A connection of its own, as another process would have; opening races too.
                let store = SqliteStore::open(path).unwrap();
                for i in 0..20 {
                    store.append(&entry(writer, i, i64::from(i))).unwrap();
                }
            });
        }
    });
    assert_eq!(
        SqliteStore::open(&path)
            .unwrap()
            .list(0, 1000)
            .unwrap()
            .len(),
        120
    );
}

#[test]
fn who_opens_a_new_registry_at_the_same_moment_waits() {
    for _ in 0..30 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("registry.sqlite3");
        let start = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    start.wait();
                    // And closes it again: the last one to do so puts the write-ahead log away.
                    SqliteStore::open(&path).unwrap();
                });
            }
        });
    }
}

#[test]
fn what_is_no_registry_or_newer_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    std::fs::write(
        &text,
        "this is no database, but long enough to be looked at as one".repeat(20),
    )
    .unwrap();
    assert!(matches!(
        SqliteStore::open(&text),
        Err(RegistryError::Database { .. })
    ));
    let newer = folder.path().join("newer");
    let connection = rusqlite::Connection::open(&newer).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let error = SqliteStore::open(&newer).unwrap_err();
    assert!(
        matches!(error, RegistryError::Newer { found: 99, .. }),
        "{error}"
    );
}
