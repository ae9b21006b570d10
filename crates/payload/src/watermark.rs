//! The seam between a medium's watermark scheme and everything that uses it.

use crate::identifier::Payload;
use crate::key::{Key, KeyId};

/// A watermark scheme for one medium: pixels or samples in, pixels or samples out.
///
/// A scheme knows no file formats. Its plans are made once per key and then used for any number of
/// media, from any number of threads.
pub trait Watermark {
    /// The medium as the detector sees it.
    type View<'a>;
    /// The medium as the embedder changes it.
    type ViewMut<'a>;
    /// What a key's marks need, computed once.
    type Plan: Send + Sync;
    /// Where and how a mark was found.
    type Place;
    /// What embedding cost.
    type Quality;
    /// Why the scheme could not look or could not mark.
    type Error: std::error::Error;

    /// The scheme's name in C2PA soft bindings, with its format version.
    fn soft_binding(&self) -> &'static str;

    /// Computes what `key`'s marks need.
    ///
    /// # Errors
    /// The scheme's error when no plan can be made.
    fn plan(&self, key: &Key) -> Result<Self::Plan, Self::Error>;

    /// Marks `target` in place with `payload`.
    ///
    /// # Errors
    /// The scheme's error when the medium is too small, too short or cannot carry the mark; `target`
    /// may have been changed by then and must not be used.
    fn embed(
        &self,
        target: Self::ViewMut<'_>,
        plan: &Self::Plan,
        payload: &Payload,
    ) -> Result<Self::Quality, Self::Error>;

    /// Looks for marks of any of the `plans`. The false-positive bound holds for the whole call.
    ///
    /// # Errors
    /// The scheme's error when it could not look. That nothing was found is no error.
    fn detect(
        &self,
        view: Self::View<'_>,
        plans: &[&Self::Plan],
    ) -> Result<Detection<Self::Place>, Self::Error>;
}

/// One mark that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark<P> {
    /// What it says.
    pub payload: Payload,
    /// The key that it was made with.
    pub key_id: KeyId,
    /// Upper bound on the probability that a medium independent of the key gives such a detection,
    /// with everything that was tried counted in; 0..=1.
    pub p_value: f64,
    /// Where and how it was found.
    pub place: P,
}

/// What looking for marks came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Detection<P> {
    /// At least one mark is there.
    Found {
        /// The strongest.
        mark: Mark<P>,
        /// The others, strongest first: other keys, other payloads, other parts.
        others: Vec<Mark<P>>,
    },
    /// A mark is there, and it was made for another medium: somebody copied it. It says nothing about
    /// this one.
    Copied {
        /// The copied mark, strongest first where there are several.
        marks: Vec<Mark<P>>,
    },
    /// We looked and found none. That does not say how the medium was made.
    NotFound {
        /// The smallest bound among the tries that were rejected; 0..=1, near 1 on unmarked media.
        p_value: f64,
    },
    /// We could not look well enough to say either.
    Inconclusive {
        /// Why, such as `too small: 48×48, needs 128×128`.
        reason: String,
    },
}
