//! Keys for measurements alone: they stand here in the open, so they protect nothing.

use filigrane_payload::{Key, KeyError, KeyId};

use crate::error::BenchError;

const MEASURING: &str = "filigrane-key 1
name: bench
id: k:08a3ad71eeb119f9829210798588f4e8
created: 2026-11-23
secret: a64d45196d8711342df892787b6058d75a26c47482e4d931b59df33b3b9a036a
";
const OTHER: &str = "filigrane-key 1
name: bench-other
id: k:ac3e83b5e0376b0ec2caa949c118114f
created: 2026-11-23
secret: 7c1861ba06bf28edd98fb998fb94d21527dd81dde39bed344f492dc691c72eb5
";

/// The key that `word` names: `public`, `secret` (a fixed one for measurements), or a key file.
pub(crate) fn named(word: &str) -> Result<Key, BenchError> {
    match word {
        "public" => Ok(Key::public()),
        "secret" => parse(MEASURING),
        file => Key::load(std::path::Path::new(file)).map_err(|error| BenchError::Key {
            reason: error.to_string(),
        }),
    }
}

/// A key that nothing is marked with: whatever is found under it is wrong.
pub(crate) fn other() -> Result<Key, BenchError> {
    parse(OTHER)
}

/// One of any number of keys that nothing is marked with.
pub(crate) fn numbered(number: u64) -> Result<Key, BenchError> {
    let text = |id: &KeyId| {
        format!(
            "filigrane-key 1\nname: bench-{number}\nid: {id}\ncreated: 2026-11-23\nsecret: {number:064x}\n"
        )
    };
    // The id follows from the secret; a key with another id tells the right one.
    match Key::parse(&text(&Key::public().id())) {
        Err(KeyError::Mismatch { actual, .. }) => parse(&text(&actual)),
        _ => parse(&text(&Key::public().id())),
    }
}

fn parse(text: &str) -> Result<Key, BenchError> {
    Key::parse(text).map_err(|error| BenchError::Key {
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_give_different_keys() {
        let [one, two] = [numbered(1), numbered(2)].map(|key| key.unwrap().id());
        assert!(one != two && one != Key::public().id());
        assert_eq!(numbered(1).unwrap().id(), one);
    }

    #[test]
    fn names_give_different_keys() {
        let ids = [named("public"), named("secret"), other()].map(|key| key.unwrap().id());
        assert!(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
        assert!(matches!(named("no-such.key"), Err(BenchError::Key { .. })));
    }
}
