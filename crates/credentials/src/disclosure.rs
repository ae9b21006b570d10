//! What a manifest tells beside origin and bindings: who made the asset with what and when, and what may be done
//! with it.
//!
//! The disclosure holds the four facts that California's SB 942 asks of a latent disclosure (provider, system and
//! version, time, unique identifier), as an assertion of filigrane's own, [`DISCLOSURE`]. The choices on training and
//! mining are an assertion of the Creator Assertions Working Group (CAWG 1.1), `cawg.training-mining`.

use std::fmt::Write as _;
use std::str::FromStr;

use c2pa::Manifest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::error::CredentialsError;

/// The disclosure's label.
pub const DISCLOSURE: &str = "org.filigrane.disclosure";
/// The label of the choices on training and mining.
pub(crate) const TRAINING_MINING: &str = "cawg.training-mining";
/// Longest text that is taken from a disclosure, in characters: manifests come from anybody.
const LONGEST: usize = 256;

/// Who made an asset, with what, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Disclosure {
    /// Who provides the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The system that made the asset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<System>,
    /// When it was stamped (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The identifier that the watermark carries too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// The prompt, as a hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<PromptHash>,
}

/// A model or program.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct System {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// SHA-256 of the model's file, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// A prompt as a salted hash: who knows the prompt can show that it was this one, and equal prompts look
/// different. A short prompt can still be guessed and tried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PromptHash {
    /// Sixteen random bytes, hexadecimal.
    pub salt: String,
    /// SHA-256 of the salt's bytes and then the prompt's in UTF-8, hexadecimal.
    pub sha256: String,
}

impl PromptHash {
    /// The hash of a prompt under a fresh salt.
    ///
    /// # Errors
    /// [`CredentialsError::Random`] without random bytes from the system.
    pub fn new(prompt: &str) -> Result<Self, CredentialsError> {
        let mut salt = [0_u8; 16];
        getrandom::fill(&mut salt).map_err(|_| CredentialsError::Random)?;
        Ok(Self {
            salt: hexadecimal(&salt),
            sha256: hash(&salt, prompt),
        })
    }

    /// Whether it is the hash of this prompt.
    #[must_use]
    pub fn is_of(&self, prompt: &str) -> bool {
        bytes(&self.salt).is_some_and(|salt| hash(&salt, prompt) == self.sha256)
    }
}

fn hash(salt: &[u8], prompt: &str) -> String {
    let digest = Sha256::new().chain_update(salt).chain_update(prompt);
    hexadecimal(&digest.finalize())
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    let byte = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    digits.map(byte).collect()
}

/// What may be done with an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Permission {
    /// It may be used so.
    Allowed,
    /// It may not.
    NotAllowed,
    /// Only on terms that are to be asked for.
    Constrained,
}

/// Choices on training and mining; what is not said is left open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainingMining {
    /// Extracting knowledge from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_mining: Option<Permission>,
    /// Giving it to a trained model as an input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ai_inference: Option<Permission>,
    /// Training a model that is not generative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ai_training: Option<Permission>,
    /// Training a generative model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ai_generative_training: Option<Permission>,
}

/// Text that is no choice on training and mining.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected `allowed`, `not-allowed` or `constrained`, for all uses or as USE=PERMISSION with a use of data-mining, \
     ai-inference, ai-training or ai-generative-training, found `{found}`"
)]
pub struct UnknownPermission {
    found: String,
}

impl TrainingMining {
    const USES: [&'static str; 4] = [
        "data-mining",
        "ai-inference",
        "ai-training",
        "ai-generative-training",
    ];

    /// These choices, and where they say nothing, those of `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            data_mining: self.data_mining.or(other.data_mining),
            ai_inference: self.ai_inference.or(other.ai_inference),
            ai_training: self.ai_training.or(other.ai_training),
            ai_generative_training: self.ai_generative_training.or(other.ai_generative_training),
        }
    }

    fn uses(&mut self) -> [&mut Option<Permission>; 4] {
        [
            &mut self.data_mining,
            &mut self.ai_inference,
            &mut self.ai_training,
            &mut self.ai_generative_training,
        ]
    }

    fn of_assertion(value: &Value) -> Option<Self> {
        let entries = value.get("entries")?;
        let mut choices = Self::default();
        for (choice, name) in choices.uses().into_iter().zip(Self::USES) {
            let entry = entries.get(format!("cawg.{}", name.replace('-', "_")));
            *choice = entry
                .and_then(|entry| entry.get("use"))
                .and_then(|permission| Permission::deserialize(permission).ok());
        }
        (choices != Self::default()).then_some(choices)
    }

    fn to_assertion(mut self) -> Value {
        let mut entries = serde_json::Map::new();
        for (choice, name) in self.uses().into_iter().zip(Self::USES) {
            if let Some(permission) = choice {
                let name = format!("cawg.{}", name.replace('-', "_"));
                entries.insert(name, json!({"use": permission}));
            }
        }
        json!({"entries": entries})
    }
}

impl FromStr for TrainingMining {
    type Err = UnknownPermission;

    /// `not-allowed` for all uses, or `ai-training=not-allowed` for one.
    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        let unknown = || UnknownPermission {
            found: text.to_owned(),
        };
        let (only, permission) = match text.split_once('=') {
            Some((only, permission)) => (Some(only), permission),
            None => (None, text),
        };
        let permission = match permission {
            "allowed" => Permission::Allowed,
            "not-allowed" => Permission::NotAllowed,
            "constrained" => Permission::Constrained,
            _ => return Err(unknown()),
        };
        let mut choices = Self::default();
        for (choice, name) in choices.uses().into_iter().zip(Self::USES) {
            if only.is_none_or(|only| only == name) {
                *choice = Some(permission);
            }
        }
        if choices == Self::default() {
            return Err(unknown());
        }
        Ok(choices)
    }
}

/// The assertions that tell these.
pub(crate) fn assertions(
    disclosure: Option<&Disclosure>,
    training_mining: Option<TrainingMining>,
) -> Vec<Value> {
    let mut assertions = Vec::new();
    if let Some(disclosure) = disclosure {
        assertions.push(json!({"label": DISCLOSURE, "created": true, "data": disclosure}));
    }
    if let Some(choices) = training_mining {
        let data = choices.to_assertion();
        assertions.push(json!({"label": TRAINING_MINING, "created": true, "data": data}));
    }
    assertions
}

/// The disclosure of a manifest.
pub(crate) fn disclosure(manifest: &Manifest) -> Option<Disclosure> {
    let mut found: Disclosure = content(manifest, DISCLOSURE)?;
    let texts = [&mut found.provider, &mut found.time, &mut found.identifier];
    let mut texts: Vec<&mut String> = texts.into_iter().flatten().collect();
    if let Some(system) = &mut found.system {
        texts.push(&mut system.name);
        texts.extend(system.version.as_mut());
        texts.extend(system.sha256.as_mut());
    }
    if let Some(prompt) = &mut found.prompt {
        texts.extend([&mut prompt.salt, &mut prompt.sha256]);
    }
    for text in texts {
        if let Some((end, _)) = text.char_indices().nth(LONGEST) {
            text.truncate(end);
        }
    }
    Some(found)
}

/// The choices on training and mining of a manifest.
pub(crate) fn training_mining(manifest: &Manifest) -> Option<TrainingMining> {
    TrainingMining::of_assertion(&content(manifest, TRAINING_MINING)?)
}

fn content<T: DeserializeOwned>(manifest: &Manifest, label: &str) -> Option<T> {
    let mut assertions = manifest.assertions().iter();
    let assertion = assertions.find(|assertion| assertion.label() == label)?;
    T::deserialize(assertion.value().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_recognised_by_who_knows_it() {
        let hash = PromptHash::new("a fox in the snow").unwrap();
        assert!(hash.is_of("a fox in the snow"));
        assert!(!hash.is_of("a fox in the snow."));
        assert_ne!(hash, PromptHash::new("a fox in the snow").unwrap());
        let known = PromptHash {
            salt: "000102030405060708090a0b0c0d0e0f".to_owned(),
            // printf '\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17a fox' | sha256sum
            sha256: "606d717256332f061fb9fa84ef0b6489654d0ad7ea17c3af38e9f999281bdee1".to_owned(),
        };
        assert!(known.is_of("a fox"));
        for salt in ["0", "zz", "é"] {
            let salt = salt.to_owned();
            assert!(
                !PromptHash {
                    salt,
                    ..known.clone()
                }
                .is_of("a fox")
            );
        }
    }

    #[test]
    fn choices_are_parsed_and_joined() {
        let all: TrainingMining = "not-allowed".parse().unwrap();
        assert_eq!(all.data_mining, Some(Permission::NotAllowed));
        assert_eq!(all.ai_generative_training, Some(Permission::NotAllowed));
        let one: TrainingMining = "ai-inference=allowed".parse().unwrap();
        assert_eq!(one.data_mining, None);
        let joined = one.or(all);
        assert_eq!(joined.ai_inference, Some(Permission::Allowed));
        assert_eq!(joined.ai_training, Some(Permission::NotAllowed));
        for wrong in ["", "no", "ai-training", "ai-training=no", "cooking=allowed"] {
            let error = wrong.parse::<TrainingMining>().unwrap_err();
            assert!(error.to_string().contains("found `"), "{error}");
        }
    }

    #[test]
    fn choices_are_told_in_the_terms_of_the_working_group() {
        let choices: TrainingMining = "constrained".parse().unwrap();
        let value = choices.to_assertion();
        assert_eq!(value["entries"]["cawg.ai_training"]["use"], "constrained");
        assert_eq!(TrainingMining::of_assertion(&value), Some(choices));
        let text = serde_json::to_string(&Permission::NotAllowed).unwrap();
        assert_eq!(text, "\"notAllowed\"");
        let foreign = json!({"entries": {"cawg.ai_training": {"use": "perhaps"}}});
        assert_eq!(TrainingMining::of_assertion(&foreign), None);
    }
}
