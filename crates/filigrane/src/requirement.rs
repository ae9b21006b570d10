//! What a caller insists on, beside the verdict.

use std::fmt;
use std::str::FromStr;

use filigrane_credentials::State;
use serde::Serialize;

use crate::marks::Outcome;
use crate::report::Report;
use crate::verdict::RegistryEvidence;

/// A layer that a caller insists on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Requirement {
    /// A watermark of a known key is found, it was made for this medium, and the key was not revoked before.
    Watermark,
    /// The file itself carries valid credentials, whoever signed them.
    Credentials,
    /// The file itself carries valid credentials whose signer a given trust anchor vouches for. This
    /// machine's development identity does not count unless its anchor is given.
    Trusted,
    /// The registry knows the watermark's identifier under the origin that the watermark tells.
    Registry,
}

impl Requirement {
    const ALL: [Self; 4] = [
        Self::Watermark,
        Self::Credentials,
        Self::Trusted,
        Self::Registry,
    ];

    /// Its name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Watermark => "watermark",
            Self::Credentials => "credentials",
            Self::Trusted => "trusted",
            Self::Registry => "registry",
        }
    }

    /// What is missing of it, in a sentence; nothing where it is met.
    fn missing(self, layers: &Layers<'_>) -> Option<String> {
        match self {
            Self::Watermark => watermark_missing(layers.watermark)
                .or_else(|| layers.revoked_mark.then(|| REVOKED.to_owned())),
            Self::Credentials => credentials_missing(layers.credentials),
            Self::Trusted => {
                credentials_missing(layers.credentials).or_else(|| trust_missing(layers))
            }
            Self::Registry => {
                registry_missing(layers).or_else(|| layers.revoked_mark.then(|| REVOKED.to_owned()))
            }
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The name of no requirement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected `watermark`, `credentials`, `trusted` or `registry`, found `{found}`")]
pub struct UnknownRequirement {
    found: String,
}

impl FromStr for Requirement {
    type Err = UnknownRequirement;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|one| one.as_str() == text);
        named.ok_or_else(|| UnknownRequirement {
            found: text.to_owned(),
        })
    }
}

/// A requirement that a file does not meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Unmet {
    /// The requirement.
    pub requirement: Requirement,
    /// What is missing, in a sentence.
    pub explanation: String,
}

impl Report {
    /// The requirements that this file does not meet, in the order in which they were given.
    #[must_use]
    pub fn unmet(&self, required: &[Requirement]) -> Vec<Unmet> {
        let layers = Layers {
            watermark: &self.watermark,
            revoked_mark: self
                .revocations
                .as_ref()
                .is_some_and(|revocations| revocations.of_watermark().is_some()),
            credentials: &self.credentials.state,
            rests_on_development: self.development_identity,
            registry: &self.registry,
        };
        let unmet = |&requirement: &Requirement| {
            let explanation = requirement.missing(&layers)?;
            Some(Unmet {
                requirement,
                explanation,
            })
        };
        required.iter().filter_map(unmet).collect()
    }
}

/// What a mark of a revoked key lacks.
const REVOKED: &str =
    "The key of the watermark was revoked, and nothing shows that the mark was there before.";

/// What the requirements look at.
struct Layers<'a> {
    watermark: &'a Outcome,
    revoked_mark: bool,
    credentials: &'a State,
    rests_on_development: bool,
    registry: &'a RegistryEvidence,
}

fn watermark_missing(outcome: &Outcome) -> Option<String> {
    let words = match outcome {
        Outcome::Found { .. } => return None,
        Outcome::Copied { .. } => "The watermark belongs to another medium.".to_owned(),
        Outcome::NotFound { .. } => "No watermark of a known key was found.".to_owned(),
        Outcome::Inconclusive { reason } => format!("No watermark could be looked for ({reason})."),
    };
    Some(words)
}

fn credentials_missing(state: &State) -> Option<String> {
    let words = match state {
        State::Trusted | State::ValidUnknownSigner => return None,
        State::Absent => "The file carries no credentials.",
        State::Invalid => "The file's credentials do not hold.",
        State::RemoteOnly => "The file's credentials lie elsewhere, and none were fetched.",
    };
    Some(words.to_owned())
}

fn trust_missing(layers: &Layers<'_>) -> Option<String> {
    let words = match layers.credentials {
        State::Trusted if !layers.rests_on_development => return None,
        State::Trusted => {
            "The signer is this machine's development identity, and its anchor was not given."
        }
        _ => "No trust anchor that was given vouches for the signer.",
    };
    Some(words.to_owned())
}

fn registry_missing(layers: &Layers<'_>) -> Option<String> {
    let words = match (layers.watermark.mark(), layers.registry) {
        (Some(mark), RegistryEvidence::Known { origin, .. })
            if *origin == mark.payload.origin.to_string() =>
        {
            return None;
        }
        (_, RegistryEvidence::Known { .. }) => {
            "The registry knows the identifier under another origin."
        }
        (_, RegistryEvidence::Unknown) => "The registry does not know the identifier.",
        (None, RegistryEvidence::NotAsked) => {
            "There was no watermark whose identifier the registry could be asked for."
        }
        (Some(_), RegistryEvidence::NotAsked) => "There is no registry to ask.",
    };
    Some(words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for requirement in Requirement::ALL {
            assert_eq!(requirement.as_str().parse(), Ok(requirement));
        }
        assert!("Trusted".parse::<Requirement>().is_err());
    }

    /// The requirements that a file without a watermark meets.
    #[track_caller]
    fn met(state: &State, rests_on_development: bool, expected: &[Requirement]) {
        let layers = Layers {
            watermark: &Outcome::NotFound { p_value: 1.0 },
            revoked_mark: false,
            credentials: state,
            rests_on_development,
            registry: &RegistryEvidence::NotAsked,
        };
        let met: Vec<_> = Requirement::ALL
            .into_iter()
            .filter(|one| one.missing(&layers).is_none())
            .collect();
        assert_eq!(met, expected, "{state:?}");
    }

    #[test]
    fn each_state_of_the_credentials_meets_what_it_should() {
        use Requirement::{Credentials, Trusted};
        met(&State::Trusted, false, &[Credentials, Trusted]);
        met(&State::Trusted, true, &[Credentials]);
        met(&State::ValidUnknownSigner, false, &[Credentials]);
        for state in [State::Absent, State::Invalid, State::RemoteOnly] {
            met(&state, false, &[]);
        }
    }
}
