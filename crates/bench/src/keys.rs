//! Keys for measurements alone: they stand here in the open, so they protect nothing.

use filigrane_payload::Key;

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

fn parse(text: &str) -> Result<Key, BenchError> {
    Key::parse(text).map_err(|error| BenchError::Key {
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_different_keys() {
        let ids = [named("public"), named("secret"), other()].map(|key| key.unwrap().id());
        assert!(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
        assert!(matches!(named("no-such.key"), Err(BenchError::Key { .. })));
    }
}
