//! The project's own image watermark under one key.

use filigrane_image::{
    Channels, ImagePlan, ImageWatermark, PixelsMut, PixelsRef, Samples, SamplesMut, Search,
};
use filigrane_payload::{Detection, Key, Payload, Watermark};

use super::rgb::Rgb;
use super::scheme::{Look, Scheme};
use crate::error::BenchError;

/// The project's own image watermark under one key.
#[derive(Debug)]
pub struct Filigrane {
    scheme: ImageWatermark,
    plan: ImagePlan,
    search: Search,
    name: String,
}

impl Filigrane {
    /// Plans for a key.
    ///
    /// # Errors
    /// [`BenchError::Key`] when no plan can be made.
    pub fn new(key: &Key) -> Result<Self, BenchError> {
        let scheme = ImageWatermark;
        let plan = scheme.plan(key).map_err(|error| BenchError::Key {
            reason: error.to_string(),
        })?;
        let (binding, key, id) = (scheme.soft_binding(), key.name(), key.id());
        let name = format!("{binding}, key `{key}` {id}");
        Ok(Self {
            scheme,
            plan,
            search: Search::Full,
            name,
        })
    }

    /// The same, looking no further than that.
    #[must_use]
    pub fn searching(self, search: Search) -> Self {
        Self { search, ..self }
    }
}

impl Scheme for Filigrane {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn embed(&self, picture: &mut Rgb, payload: &Payload) -> Result<(), String> {
        let (width, height) = size(picture)?;
        let samples = SamplesMut::U8(&mut picture.samples);
        let target = PixelsMut::new(width, height, Channels::Rgb, samples);
        let target = target.map_err(|error| error.to_string())?;
        let quality = self.scheme.embed(target, &self.plan, payload);
        quality.map(|_| ()).map_err(|error| error.to_string())
    }

    fn detect(&self, picture: &Rgb) -> Result<Look, String> {
        let (width, height) = size(picture)?;
        let samples = Samples::U8(&picture.samples);
        let view = PixelsRef::new(width, height, Channels::Rgb, samples);
        let view = view.map_err(|error| error.to_string())?;
        let detection = self.scheme.search(view, &[&self.plan], self.search);
        Ok(match detection.map_err(|error| error.to_string())? {
            Detection::Found { mark, others } => Look {
                payloads: std::iter::once(&mark)
                    .chain(&others)
                    .map(|mark| mark.payload)
                    .collect(),
                p_value: Some(mark.p_value),
                place: Some(format!("{:?}", mark.place)),
                ..Look::default()
            },
            Detection::Copied { marks } => Look {
                p_value: marks.first().map(|mark| mark.p_value),
                place: marks.first().map(|mark| format!("{:?}", mark.place)),
                copied: true,
                ..Look::default()
            },
            Detection::NotFound { p_value } => Look {
                p_value: Some(p_value),
                ..Look::default()
            },
            Detection::Inconclusive { reason } => Look {
                inconclusive: Some(reason),
                ..Look::default()
            },
        })
    }
}

fn size(picture: &Rgb) -> Result<(u32, u32), String> {
    let side = |length: usize| u32::try_from(length).map_err(|error| error.to_string());
    Ok((side(picture.width)?, side(picture.height)?))
}
