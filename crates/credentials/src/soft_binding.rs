//! The soft-binding assertion, `c2pa.soft-binding`.
//!
//! The specification makes the value a byte string; the library's own type writes text. So the
//! assertion has types of its own here, and reading takes whatever writers have put there.

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) const LABEL: &str = "c2pa.soft-binding";

/// A name of an algorithm and the value that it finds in the content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoftBinding {
    /// The algorithm, such as `org.filigrane.image.1`.
    pub algorithm: String,
    /// The value, in the algorithm's own form; filigrane's is the identifier's text.
    pub value: Vec<u8>,
}

impl SoftBinding {
    /// The soft bindings of an assertion `c2pa.soft-binding` in JSON; what cannot be read is left out.
    #[must_use]
    pub fn of_assertion(json: &str) -> Vec<Self> {
        serde_json::from_str(json).map_or_else(|_| Vec::new(), |content| parse(&content))
    }
}

/// The assertion as it is written.
#[derive(Debug, Serialize)]
pub(crate) struct Assertion<'a> {
    alg: &'a str,
    blocks: [Block<'a>; 1],
    #[serde(with = "serde_bytes")]
    pad: &'a [u8],
}

#[derive(Debug, Serialize)]
struct Block<'a> {
    /// Empty: the whole content.
    scope: Scope,
    #[serde(with = "serde_bytes")]
    value: &'a [u8],
}

#[derive(Debug, Serialize)]
struct Scope {}

impl<'a> From<&'a SoftBinding> for Assertion<'a> {
    fn from(binding: &'a SoftBinding) -> Self {
        let block = Block {
            scope: Scope {},
            value: &binding.value,
        };
        Self {
            alg: &binding.algorithm,
            blocks: [block],
            pad: &[],
        }
    }
}

/// The soft bindings of an assertion's content; what cannot be read is left out.
pub(crate) fn parse(content: &Value) -> Vec<SoftBinding> {
    let Some(algorithm) = content.get("alg").and_then(Value::as_str) else {
        return Vec::new();
    };
    let blocks = content
        .get("blocks")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    blocks
        .iter()
        .filter_map(|block| bytes(block.get("value")?))
        .map(|value| SoftBinding {
            algorithm: algorithm.to_owned(),
            value,
        })
        .collect()
}

/// Bytes as an array of numbers, or as text.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.clone().into_bytes()),
        Value::Array(numbers) => numbers
            .iter()
            .map(|number| number.as_u64().and_then(|number| u8::try_from(number).ok()))
            .collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_and_numbers_are_read() {
        for value in [json!("ab1"), json!([97, 98, 49])] {
            let content = json!({"alg": "x.1", "blocks": [{"scope": {}, "value": value}]});
            let expected = SoftBinding {
                algorithm: "x.1".to_owned(),
                value: b"ab1".to_vec(),
            };
            assert_eq!(parse(&content), [expected]);
        }
        for content in [
            json!({}),
            json!({"alg": "x"}),
            json!({"alg": "x", "blocks": [{"value": [300]}, {"value": 1}, 7]}),
        ] {
            assert!(parse(&content).is_empty());
        }
    }
}
