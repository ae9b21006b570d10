//! The log: what it proves, what it notices, what it survives.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use filigrane_payload::{Key, MarkId, Origin};
use filigrane_registry::{
    Entry, FileFacts, Fingerprint, Medium, Problem, RegistryError, SqliteStore, Store, merkle,
};

fn entry(number: u64) -> Entry {
    let mut id = [0; 11];
    id[..8].copy_from_slice(&(number / 2).to_le_bytes());
    let hash = merkle::leaf_hash(&number.to_le_bytes());
    Entry {
        id: MarkId::from_bytes(id),
        key_id: Key::public().id(),
        origin: Origin::Generated,
        stamped_at_ms: i64::try_from(number).unwrap(),
        file: FileFacts {
            medium: Medium::Image,
            mime: "image/png".to_owned(),
            hash,
            bytes: number,
            width: 640,
            height: 480,
        },
        generator: "test 1".to_owned(),
        manifest: hash.repeat(30),
        // Some have none.
        fingerprint: (!number.is_multiple_of(5)).then(|| Fingerprint {
            scheme: 1,
            hash,
            detail: vec![7; 10],
        }),
    }
}

fn filled(count: u64) -> SqliteStore {
    let store = SqliteStore::open_in_memory().unwrap();
    let entries: Vec<Entry> = (0..count).map(entry).collect();
    assert_eq!(
        u64::try_from(store.append_all(&entries).unwrap()).unwrap(),
        count
    );
    store
}

/// Does to the database what the interface never would.
fn meddle(path: &Path, sql: &str) {
    rusqlite::Connection::open(path)
        .unwrap()
        .execute_batch(sql)
        .unwrap();
}

#[test]
fn the_log_holds_and_proves() {
    let store = filled(600);
    let audit = store.audit().unwrap();
    assert!(audit.holds(), "{:?}", audit.problems);
    assert_eq!((audit.checkpoint.size, audit.entries), (600, 600));
    let (verifier, note) = store.checkpoint().unwrap();
    assert_eq!(verifier.name(), audit.checkpoint.origin);

    // One at a time or together, the tree goes on.
    for number in 600..700 {
        store.append(&entry(number)).unwrap();
        store.append(&entry(number)).unwrap();
    }
    let since = store.audit_since(&note).unwrap();
    assert_eq!((since.earlier.size, since.now.size), (600, 700));
    assert!(!since.proof.is_empty());
    for number in [0, 255, 256, 511, 600, 699] {
        let proofs = store.proofs(entry(number).id).unwrap();
        assert_eq!(proofs.len(), 2, "two files have one identifier");
        assert!(proofs.iter().all(|proof| proof.holds(&since.now)));
        assert!(!proofs[0].holds(&since.earlier));
    }
    assert!(store.audit().unwrap().holds());
}

#[test]
fn forgetting_keeps_the_proof_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.sqlite3");
    let store = SqliteStore::open(&path).unwrap();
    let mut private = entry(7);
    private.generator = "a name that must go".to_owned();
    let entries: Vec<Entry> = (0..7).map(entry).chain([private.clone()]).collect();
    store.append_all(&entries).unwrap();
    let (_, note) = store.checkpoint().unwrap();

    assert_eq!(store.forget(private.id).unwrap(), 2);
    assert_eq!(store.forget(private.id).unwrap(), 0);
    assert_eq!(store.find(private.id).unwrap(), []);
    let audit = store.audit().unwrap();
    assert!(audit.holds(), "{:?}", audit.problems);
    assert_eq!(
        (audit.entries, audit.forgotten, audit.checkpoint.size),
        (6, 2, 10)
    );
    store.audit_since(&note).unwrap();
    // The bytes are gone from every file, not only out of sight.
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for gone in [private.generator.as_bytes(), &private.file.hash] {
            assert!(!bytes.windows(gone.len()).any(|part| part == gone));
        }
    }
    // What was forgotten can be registered again, as something new.
    store.append(&private).unwrap();
    assert!(store.audit().unwrap().holds());
}

#[test]
fn the_nearest_fingerprints_are_found_until_they_are_forgotten() {
    let store = filled(1200);
    let near = |number: u64, flips: usize| {
        let mut fingerprint = entry(number).fingerprint.unwrap();
        for bit in 0..flips {
            fingerprint.hash[bit / 8] ^= 1 << (bit % 8);
        }
        fingerprint
    };
    for number in [1, 511, 512, 513, 1199] {
        let found = store.similar(&near(number, 20), 31, 5).unwrap();
        assert_eq!(found, [entry(number)]);
        assert_eq!(store.similar(&near(number, 32), 31, 5).unwrap(), []);
    }
    let all = store.similar(&near(3, 4), 256, 7).unwrap();
    assert_eq!((all.len(), &all[0]), (7, &entry(3)));
    let other = Fingerprint {
        scheme: 2,
        ..near(3, 0)
    };
    assert_eq!(store.similar(&other, 256, 7).unwrap(), []);
    store.forget(entry(513).id).unwrap();
    assert_eq!(store.similar(&near(513, 0), 31, 5).unwrap(), []);
    // The bytes themselves are gone too: a search that allows everything finds none of that identifier.
    let all = store.similar(&near(3, 0), 256, 2000).unwrap();
    assert_eq!(all.len(), 1200 / 5 * 4 - 2);
}

#[test]
fn changes_behind_its_back_are_noticed() {
    let meddlings = [
        (
            "UPDATE entry SET generator = 'other' WHERE leaf = 3",
            Problem::Changed { leaf: 3 },
        ),
        (
            "UPDATE entry SET manifest = x'00' WHERE leaf = 3",
            Problem::Changed { leaf: 3 },
        ),
        (
            "UPDATE entry SET key_id = 'nonsense' WHERE leaf = 3",
            Problem::Changed { leaf: 3 },
        ),
        (
            "DELETE FROM entry WHERE leaf = 3",
            Problem::Missing { leaf: 3 },
        ),
        (
            "DELETE FROM entry WHERE leaf = 3; INSERT INTO tombstone VALUES (1000, 3, 0)",
            Problem::Missing { leaf: 3 },
        ),
        (
            "DELETE FROM entry WHERE leaf = 3; INSERT INTO tombstone VALUES (5, 3, 0)",
            Problem::Changed { leaf: 5 },
        ),
        (
            "UPDATE tombstone SET at_ms = 5",
            Problem::Changed { leaf: 20 },
        ),
        (
            "UPDATE entry SET leaf = NULL WHERE leaf = 4",
            Problem::Unlogged { count: 1 },
        ),
        (
            "UPDATE tile SET hashes = zeroblob(length(hashes)) WHERE level = 0",
            Problem::Root,
        ),
    ];
    for (sql, expected) in meddlings {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("registry.sqlite3");
        let store = SqliteStore::open(&path).unwrap();
        let entries: Vec<Entry> = (0..20).map(entry).collect();
        store.append_all(&entries).unwrap();
        store.forget(entry(19).id).unwrap();
        assert!(store.audit().unwrap().holds());
        meddle(&path, sql);
        let audit = store.audit().unwrap();
        assert!(
            audit.problems.contains(&expected),
            "{sql}: {:?}",
            audit.problems
        );
        if expected == Problem::Root {
            let error = store.append(&entry(50)).unwrap_err();
            assert!(matches!(error, RegistryError::Log { .. }), "{error}");
        }
    }
}

#[test]
fn a_rewritten_log_does_not_continue_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.sqlite3");
    let store = SqliteStore::open(&path).unwrap();
    let entries: Vec<Entry> = (0..20).map(entry).collect();
    store.append_all(&entries).unwrap();
    let (_, note) = store.checkpoint().unwrap();
    drop(store);
    // Whoever has the key builds another history from nothing.
    meddle(
        &path,
        "DELETE FROM entry; DELETE FROM tile; DELETE FROM log",
    );
    let store = SqliteStore::open(&path).unwrap();
    let entries: Vec<Entry> = (0..30).filter(|number| *number != 4).map(entry).collect();
    store.append_all(&entries).unwrap();
    assert!(store.audit().unwrap().holds(), "on its own it looks well");
    let error = store.audit_since(&note).unwrap_err();
    assert!(
        matches!(
            error,
            RegistryError::Log {
                problem: Problem::Rewritten { size: 20 },
                ..
            }
        ),
        "{error}"
    );
    // A head of another log is no head of this one.
    let (_, other) = filled(3).checkpoint().unwrap();
    assert!(matches!(
        store.audit_since(&other),
        Err(RegistryError::Log {
            problem: Problem::Head(_),
            ..
        })
    ));
}

#[test]
fn exports_are_imported_whole_or_not_at_all() {
    let store = filled(40);
    store.forget(entry(5).id).unwrap();
    let mut export = Vec::new();
    assert_eq!(store.export(&mut export).unwrap(), 42);
    let (log, _) = store.checkpoint().unwrap();

    let other = filled(10);
    let imported = other.import(export.as_slice(), Some(&log)).unwrap();
    assert_eq!(
        (imported.entries, imported.added, imported.forgotten),
        (38, 30, 2)
    );
    assert_eq!(other.import(export.as_slice(), None).unwrap().added, 0);
    assert_eq!(
        other.find(entry(39).id).unwrap(),
        store.find(entry(39).id).unwrap()
    );
    assert!(other.audit().unwrap().holds());

    let text = String::from_utf8(export).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let without = |left_out: usize| -> String {
        let kept = lines
            .iter()
            .enumerate()
            .filter(|(number, _)| *number != left_out);
        kept.map(|(_, line)| format!("{line}\n")).collect()
    };
    let damaged = [
        String::new(),
        text[..text.len() / 2].to_owned(),
        text.replacen("640", "641", 1),
        without(0),
        without(7),
        without(42),
        text.replacen("\"size\"", "\"s\"", 1)
            .replacen("registry-export", "entry", 1),
    ];
    for export in damaged {
        let fresh = SqliteStore::open_in_memory().unwrap();
        let error = fresh.import(export.as_bytes(), None).unwrap_err();
        assert!(matches!(error, RegistryError::Export { .. }), "{error}");
        assert_eq!(fresh.list(0, 100).unwrap(), []);
        assert!(fresh.audit().unwrap().holds());
    }
    let (stranger, _) = other.checkpoint().unwrap();
    assert!(other.import(text.as_bytes(), Some(&stranger)).is_err());
}

/// The schema of the first version, with one entry.
const VERSION_1: &str = "
    CREATE TABLE entry (
        id BLOB NOT NULL CHECK (length(id) = 11), hash BLOB NOT NULL CHECK (length(hash) = 32),
        key_id TEXT NOT NULL, origin INTEGER NOT NULL, stamped_at_ms INTEGER NOT NULL, medium TEXT NOT NULL,
        mime TEXT NOT NULL, bytes INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
        generator TEXT NOT NULL, manifest BLOB NOT NULL, PRIMARY KEY (id, hash)
    ) STRICT;
    CREATE INDEX entry_by_time ON entry (stamped_at_ms);
    PRAGMA user_version = 1;
";

#[test]
fn a_registry_of_the_first_version_gets_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.sqlite3");
    meddle(&path, VERSION_1);
    let insert = format!(
        "INSERT INTO entry VALUES (zeroblob(11), zeroblob(32), '{}', 1, 5, 'image', 'image/png', 1, 2, 3, 'old', x'')",
        Key::public().id()
    );
    meddle(&path, &insert);
    let store = SqliteStore::open(&path).unwrap();
    let audit = store.audit().unwrap();
    assert!(audit.holds() && audit.entries == 1, "{audit:?}");
    assert_eq!(store.list(0, 9).unwrap()[0].generator, "old");
}

#[test]
fn without_its_key_a_registry_is_only_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.sqlite3");
    SqliteStore::open(&path).unwrap().append(&entry(1)).unwrap();
    let key = folder.path().join("registry.sqlite3.log-key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    std::fs::remove_file(&key).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.find(entry(1).id).unwrap().len(), 1);
    assert!(store.audit().unwrap().holds());
    let error = store.append(&entry(2)).unwrap_err();
    assert!(matches!(error, RegistryError::LogKey { .. }), "{error}");
    assert!(!key.exists(), "a new key would begin another log");
    // Nor does another log's key do.
    let other = folder.path().join("other.sqlite3");
    SqliteStore::open(&other).unwrap();
    std::fs::copy(folder.path().join("other.sqlite3.log-key"), &key).unwrap();
    let error = SqliteStore::open(&path)
        .unwrap()
        .append(&entry(2))
        .unwrap_err();
    assert!(matches!(error, RegistryError::LogKey { .. }), "{error}");
}

/// What the killed processes of the next test do; nothing unless they are told where.
#[test]
#[ignore = "the next test runs it"]
fn write_until_killed() {
    let Ok(path) = std::env::var("FILIGRANE_TEST_REGISTRY") else {
        return;
    };
    let first: u64 = std::env::var("FILIGRANE_TEST_FIRST")
        .unwrap()
        .parse()
        .unwrap();
    let store = SqliteStore::open(path).unwrap();
    for number in first.. {
        let batch: Vec<Entry> = (0..3).map(|i| entry(number * 3 + i)).collect();
        store.append_all(&batch).unwrap();
        if number % 4 == 3 {
            store.forget(batch[0].id).unwrap();
        }
        // Acknowledged: from here on it must be there.
        println!("done {}", number * 3 + 2);
    }
}

#[test]
#[cfg(unix)]
fn killed_writers_leave_a_whole_log() {
    use std::io::Read as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.sqlite3");
    let mut note: Option<String> = None;
    let mut acknowledged = Vec::new();
    for round in 0..12_u64 {
        // Two at once, from the very first moment: opening and making the key are killed too.
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                Command::new(std::env::current_exe().unwrap())
                    .args(["--exact", "write_until_killed", "--ignored", "--nocapture"])
                    .env("FILIGRANE_TEST_REGISTRY", &path)
                    .env(
                        "FILIGRANE_TEST_FIRST",
                        (round * 2_000_000 + writer * 1_000_000).to_string(),
                    )
                    .stdout(Stdio::piped())
                    .stderr(Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect();
        std::thread::sleep(Duration::from_millis(5 + 37 * round));
        for mut writer in writers {
            writer.kill().unwrap();
            writer.wait().unwrap();
            let mut out = String::new();
            writer
                .stdout
                .take()
                .unwrap()
                .read_to_string(&mut out)
                .unwrap();
            let last = out.lines().filter_map(|line| line.strip_prefix("done "));
            acknowledged.extend(last.map(|number| number.parse::<u64>().unwrap()));
        }
        let store = SqliteStore::open(&path).unwrap();
        let audit = store.audit().unwrap();
        assert!(audit.holds(), "round {round}: {:?}", audit.problems);
        if let Some(note) = &note {
            store.audit_since(note).unwrap();
        }
        note = Some(audit.note);
    }
    assert!(
        !acknowledged.is_empty(),
        "the writers were killed before they wrote anything"
    );
    let store = SqliteStore::open(&path).unwrap();
    for number in acknowledged {
        let kept = store.find(entry(number).id).unwrap();
        let is_kept = kept.iter().any(|kept| *kept == entry(number));
        // Two neighbours have one identifier, and every fourth batch's first one is forgotten again.
        let pair = [number / 2 * 2, number / 2 * 2 + 1];
        let forgotten = pair.iter().any(|one| one % 12 == 9);
        assert!(is_kept || forgotten, "{number}");
    }
}

/// `cargo test --release -p filigrane-registry --test log -- --ignored --nocapture a_million`
#[test]
#[ignore = "takes minutes; prints figures"]
fn a_million_entries() {
    use std::time::Instant;
    let count: u64 =
        std::env::var("FILIGRANE_TEST_ENTRIES").map_or(1_000_000, |n| n.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.sqlite3");
    let store = SqliteStore::open(&path).unwrap();
    let mut slowest = Duration::ZERO;
    let started = Instant::now();
    for batch in 0..count / 1000 {
        let began = Instant::now();
        let entries: Vec<Entry> = (batch * 1000..(batch + 1) * 1000).map(entry).collect();
        assert_eq!(store.append_all(&entries).unwrap(), 1000);
        slowest = slowest.max(began.elapsed());
    }
    let took = started.elapsed();
    let size = path.metadata().unwrap().len();
    println!(
        "{count} entries in batches of 1000: {:.0}/s, slowest batch {slowest:.1?}, {} bytes an entry",
        count as f64 / took.as_secs_f64(),
        size / count
    );
    let began = Instant::now();
    for number in count..count + 200 {
        store.append(&entry(number)).unwrap();
    }
    println!("one at a time: {:.2?} each", began.elapsed() / 200);
    let mut times: Vec<Duration> = (0..10_000_u64)
        .map(|i| {
            let id = entry(i.wrapping_mul(2_654_435_761) % count).id;
            let began = Instant::now();
            assert_eq!(store.find(id).unwrap().len(), 2);
            began.elapsed()
        })
        .collect();
    times.sort();
    println!(
        "lookup of an identifier with two entries: median {:.1?}, 99 % {:.1?}, most {:.1?}",
        times[5000], times[9900], times[9999]
    );
    let mut times: Vec<Duration> = (0..100)
        .map(|i| {
            let wanted = entry(i * 9973 + 1).fingerprint;
            let Some(wanted) = wanted else {
                return Duration::ZERO;
            };
            let began = Instant::now();
            assert_eq!(store.similar(&wanted, 31, 10).unwrap().len(), 1);
            began.elapsed()
        })
        .collect();
    times.sort();
    println!(
        "search of all fingerprints: median {:.1?}, most {:.1?}",
        times[60], times[99]
    );
    let began = Instant::now();
    for i in 0..100 {
        store.proofs(entry(i * 9973 % count).id).unwrap();
    }
    println!("two proofs of inclusion: {:.1?}", began.elapsed() / 100);
    let began = Instant::now();
    assert!(store.audit().unwrap().holds());
    println!("audit of everything: {:.1?}", began.elapsed());
}
