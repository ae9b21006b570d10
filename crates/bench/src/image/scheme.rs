//! What is measured: anything that puts a payload into a picture and finds it again.

use filigrane_payload::Payload;

use super::rgb::Rgb;

/// A watermark scheme under one key, as the measurement sees it. Other tools can be measured
/// through it as well.
pub trait Scheme: Send + Sync {
    /// What the report calls it, with its key.
    fn name(&self) -> String;

    /// Marks the picture in place.
    ///
    /// # Errors
    /// Why the picture cannot be marked.
    fn embed(&self, picture: &mut Rgb, payload: &Payload) -> Result<(), String>;

    /// Looks for marks under the scheme's key alone.
    ///
    /// # Errors
    /// Why it could not look.
    fn detect(&self, picture: &Rgb) -> Result<Look, String>;
}

/// What looking at a picture came to.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// Everything that was accepted, strongest first.
    pub payloads: Vec<Payload>,
    /// Of the strongest accepted, or else of the best rejected.
    pub p_value: Option<f64>,
    /// Where the strongest was found, in the scheme's words.
    pub place: Option<String>,
    /// Whether a mark was found and told to have been made for another picture.
    pub copied: bool,
    /// Why the scheme gives no answer, if so.
    pub inconclusive: Option<String>,
}
