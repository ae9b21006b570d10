//! Looking for marks in a sound that arrives piece by piece.

use filigrane_payload::{Detection, Mark};

use crate::detect::{Findings, choices_of_section, section_frames, too_short};
use crate::error::AudioError;
use crate::sound::{SoundRef, check_shape};
use crate::watermark::{AudioPlace, AudioPlan};

/// Looks for marks in a sound of any length that arrives in chunks of any size, in memory that does not grow.
///
/// A minute of the sound is held and searched at a time, with ten seconds of overlap, as
/// [`detect`](filigrane_payload::Watermark::detect) does with a long sound. What differs is that the
/// length is not known: the false-positive bound of the whole is shared out among the minutes to come, so that
/// later ones need a little more evidence.
#[derive(Debug)]
pub struct AudioDetector<'a> {
    rate: u32,
    plans: Vec<&'a AudioPlan>,
    held: Vec<Vec<f32>>,
    /// Sections that were searched.
    searched: usize,
    findings: Findings,
}

impl<'a> AudioDetector<'a> {
    /// A detector for the marks of all plans.
    ///
    /// # Errors
    /// [`AudioError::Rate`] or [`AudioError::Channels`].
    pub fn new(rate: u32, channels: usize, plans: &[&'a AudioPlan]) -> Result<Self, AudioError> {
        check_shape(
            rate,
            std::iter::repeat_n(0, channels.min(usize::from(u8::MAX))),
        )?;
        Ok(Self {
            rate,
            plans: plans.to_vec(),
            held: vec![Vec::new(); channels],
            searched: 0,
            findings: Findings::new(),
        })
    }

    /// Takes more of the sound, one slice for each channel, and searches every minute that is full.
    ///
    /// # Errors
    /// [`AudioError::Channels`] or [`AudioError::Lengths`]; nothing is taken then.
    pub fn push(&mut self, chunk: &[&[f32]]) -> Result<(), AudioError> {
        if chunk.len() != self.held.len() {
            return Err(AudioError::Channels { found: chunk.len() });
        }
        check_shape(self.rate, chunk.iter().map(|channel| channel.len()))?;
        let (length, hop) = section_frames(self.rate);
        let frames = chunk.first().map_or(0, |channel| channel.len());
        let mut taken = 0;
        while taken < frames {
            // One sample more than a section, so that the last section is never empty.
            let end = frames.min(taken + length + 1 - self.held_frames());
            for (held, channel) in self.held.iter_mut().zip(chunk) {
                held.extend_from_slice(&channel[taken..end]);
            }
            taken = end;
            if self.held_frames() > length {
                self.search(length);
                self.held
                    .iter_mut()
                    .for_each(|held| drop(held.drain(..hop)));
            }
        }
        Ok(())
    }

    /// What was found so far, in the order in which it was found. Regions that reach the end of what was searched
    /// may go on.
    #[must_use]
    pub fn marks(&self) -> &[Mark<AudioPlace>] {
        self.findings.marks()
    }

    /// Searches the rest and says what was found in all.
    #[must_use]
    pub fn finish(mut self) -> Detection<AudioPlace> {
        let frames = self.held_frames();
        if self.searched == 0
            && let Some(inconclusive) = too_short(frames as f64 / f64::from(self.rate))
        {
            return inconclusive;
        }
        self.search(frames);
        self.findings.conclude()
    }

    fn held_frames(&self) -> usize {
        self.held.first().map_or(0, Vec::len)
    }

    /// Searches what is held up to `frames`.
    fn search(&mut self, frames: usize) {
        let (_, hop) = section_frames(self.rate);
        let start_s = (self.searched * hop) as f64 / f64::from(self.rate);
        let choices = choices_of_section(self.searched, self.plans.len());
        let channels = self.held.iter().map(|held| &held[..frames]);
        // What is held was checked when it was taken, so that this cannot fail.
        if let Ok(section) = SoundRef::new(self.rate, channels) {
            self.findings
                .search(&section, start_s, choices, &self.plans);
        }
        self.searched += 1;
    }
}
