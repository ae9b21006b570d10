//! Exports of a registry, the signed heads of its log, and lists of what was revoked.

use std::sync::OnceLock;

use filigrane::{
    Algorithm, Entry, KeyId, MarkId, Origin, PrivateKey, Revocation, RevocationList, SqliteStore,
    Store as _, Target, revocation_key,
};
use filigrane_registry::note::{Checkpoint, VerifierKey};
use filigrane_registry::{FileFacts, Medium};

use super::plain;

/// A registry of four entries, one of them forgotten.
struct Registry {
    export: Vec<u8>,
    log: VerifierKey,
    note: String,
    entries: Vec<Entry>,
}

fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        let store = SqliteStore::open_in_memory().unwrap();
        for number in 0..4 {
            store.append(&entry(number)).unwrap();
        }
        store.forget(entry(1).id).unwrap();
        let (log, note) = store.checkpoint().unwrap();
        let mut export = Vec::new();
        store.export(&mut export).unwrap();
        Registry {
            export,
            log,
            note,
            entries: entries(&store),
        }
    })
}

fn entries(store: &SqliteStore) -> Vec<Entry> {
    let mut entries = store.list(0, 100).unwrap();
    entries.sort_by_key(|entry| entry.id);
    entries
}

fn entry(number: u8) -> Entry {
    Entry {
        id: MarkId::from_bytes([number; MarkId::BYTES]),
        key_id: KeyId::parse("k:08a3ad71eeb119f9829210798588f4e8").unwrap(),
        origin: Origin::Generated,
        stamped_at_ms: i64::from(number),
        file: FileFacts {
            medium: Medium::Image,
            mime: "image/png".to_owned(),
            hash: [number; 32],
            bytes: 1000,
            width: 10,
            height: 20,
        },
        generator: "filigrane-fuzz 1".to_owned(),
        manifest: vec![number; 60],
        fingerprint: None,
    }
}

/// An export is taken whole and as its log signed it, or not at all.
pub(super) fn import(data: &[u8]) {
    let registry = registry();
    let store = SqliteStore::open_in_memory().unwrap();
    match store.import(data, Some(&registry.log)) {
        Ok(imported) => {
            assert_eq!(imported.log, registry.log);
            assert_eq!(entries(&store), registry.entries);
        }
        Err(error) => {
            plain(&error);
            assert!(entries(&store).is_empty(), "a part was taken");
        }
    }
    // Anybody's log: what it signed still has to be whole.
    if let Err(error) = store.import(data, None) {
        plain(&error);
    }
}

pub(super) fn exports() -> Vec<Vec<u8>> {
    vec![registry().export.clone()]
}

/// A log's key and a signed note, apart by a zero byte.
pub(super) fn note(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (key, note) = text.split_once('\0').unwrap_or(("", &text));
    let registry = registry();
    match key.parse::<VerifierKey>() {
        Ok(key) => {
            assert_eq!(key.to_string().parse(), Ok(key.clone()));
            if let Err(error) = Checkpoint::open(note, &key) {
                plain(&error);
            }
        }
        Err(error) => plain(&error),
    }
    if let Ok(checkpoint) = Checkpoint::open(note, &registry.log) {
        let signed = Checkpoint::open(&registry.note, &registry.log);
        assert_eq!(
            Ok(checkpoint),
            signed,
            "another head is taken for a signed one"
        );
    }
}

pub(super) fn notes() -> Vec<Vec<u8>> {
    let registry = registry();
    vec![format!("{}\0{}", registry.log, registry.note).into_bytes()]
}

/// A signed list, and who signed it.
fn revoked() -> &'static (String, VerifierKey) {
    static REVOKED: OnceLock<(String, VerifierKey)> = OnceLock::new();
    REVOKED.get_or_init(|| {
        let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
        let mut list = RevocationList::default();
        let targets = [
            Target::Key(entry(1).key_id),
            Target::Certificate([7; 32]),
            Target::issued([8; 32], "01:ff").unwrap(),
        ];
        for target in targets {
            list.revoke(Revocation::new(target, None, Some("2026-11-23"), "lost").unwrap());
        }
        (list.publish(&key).unwrap(), revocation_key(&key).unwrap())
    })
}

/// A list is taken as it was signed, or not at all.
pub(super) fn revocations(data: &[u8]) {
    let (text, key) = revoked();
    let keys = std::slice::from_ref(key);
    match RevocationList::open(&String::from_utf8_lossy(data), keys) {
        Ok(list) => assert_eq!(Ok(list), RevocationList::open(text, keys)),
        Err(error) => plain(&error),
    }
}

pub(super) fn lists() -> Vec<Vec<u8>> {
    vec![revoked().0.clone().into_bytes()]
}
