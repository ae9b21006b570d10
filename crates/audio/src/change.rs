//! The change that marks a sound, made piece by piece so that memory does not grow with the sound.
//!
//! Everything that leads to the change reaches a fraction of a second: two resamplers, frames with their
//! neighbours, the band gate. A piece that is computed with as much context as that ([`Marker::margin`]),
//! and that begins on the common grid of all these steps ([`Marker::unit`]), comes out the same to the
//! last bit however a sound is cut into pieces.

use std::ops::Range;

use filigrane_payload::Payload;

use crate::band_gate::BandGate;
use crate::format::{HOP, RATE};
use crate::perception::{LevelSum, modulate, profile};
use crate::resample::Resampler;
use crate::stft::Stft;
use crate::watermark::AudioPlan;

/// What a change depends on beside its own sample, in samples at the internal rate: the frames that it
/// lies in, their neighbours, a frame of the band gate, and the resamplers' filters, with room.
const REACH: usize = 1_024 + 128;

/// Makes changes at one sampling rate for one payload.
pub(crate) struct Marker {
    down: Resampler,
    up: Resampler,
    stft: Stft,
    band_gate: BandGate,
    gains: Vec<f32>,
    marks: Vec<f32>,
    unit: usize,
    inner_unit: usize,
}

/// A piece of a channel with its context: all that its change depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece<'a> {
    /// The piece and its context.
    pub(crate) context: &'a [f32],
    /// Units before the context.
    pub(crate) first_unit: u64,
}

impl Marker {
    /// A marker for sounds of this rate.
    pub(crate) fn new(rate: u32, plan: &AudioPlan, payload: &Payload) -> Self {
        let (down, up) = (Resampler::new(rate, RATE), Resampler::new(RATE, rate));
        // `up` reads the internal rate: its period is the inner samples in which all of `down`'s phases pass.
        let inner_unit = least_common_multiple(up.period(), HOP);
        let unit = inner_unit / up.period() * down.period();
        Self {
            down,
            up,
            stft: Stft::new(),
            band_gate: BandGate::new(),
            gains: profile(),
            marks: plan.pattern.with_symbols(&plan.code.symbols(payload)),
            unit,
            inner_unit,
        }
    }

    /// Samples after which resampling, frames and bands all begin anew: 16 to 80 ms at the usual rates.
    pub(crate) const fn unit(&self) -> usize {
        self.unit
    }

    /// Samples of context on each side of a piece: whole units.
    pub(crate) const fn margin(&self) -> usize {
        REACH.div_ceil(self.inner_unit) * self.unit
    }

    /// Samples of a piece of at least so many seconds: whole units.
    pub(crate) fn piece(&self, seconds: f64) -> usize {
        let inner = (seconds * f64::from(RATE)) as usize;
        inner.div_ceil(self.inner_unit).max(1) * self.unit
    }

    /// A piece of a channel with its context, and where in that it lies.
    pub(crate) fn piece_of<'a>(
        &self,
        channel: &'a [f32],
        samples: &Range<usize>,
        context: &Range<usize>,
    ) -> (Piece<'a>, Range<usize>) {
        let piece = Piece {
            context: &channel[context.clone()],
            first_unit: (context.start / self.unit) as u64,
        };
        (
            piece,
            samples.start - context.start..samples.end - context.start,
        )
    }

    /// A piece with its context at the internal rate: what [`change`](Self::change) and
    /// [`add_level`](Self::add_level) look at.
    pub(crate) fn inner(&self, piece: Piece<'_>) -> Vec<f32> {
        self.down.run(piece.context)
    }

    /// The change of a piece's samples in `keep`, counted from the context's beginning, at strength 1 and
    /// before the temporal gate, for a sound whose marked cells have `mean` energy; it is added to `out`.
    pub(crate) fn change(
        &self,
        piece: Piece<'_>,
        inner: &[f32],
        keep: Range<usize>,
        mean: f32,
        out: &mut Vec<f32>,
    ) {
        let mut spectra = self.stft.analyse(inner);
        let first_frame = piece.first_unit * (self.inner_unit / HOP) as u64;
        modulate(&mut spectra, first_frame, &self.marks, &self.gains, mean);
        let change = self.stft.synthesise(&mut spectra, inner.len());
        let mut change = self.up.run(&self.band_gate.apply(inner, &change));
        change.resize(piece.context.len(), 0.0);
        out.extend_from_slice(&change[keep]);
    }

    /// Adds the energy of the marked cells of a piece's samples in `keep` to a sum.
    pub(crate) fn add_level(&self, inner: &[f32], keep: &Range<usize>, sum: &mut LevelSum) {
        let frames = |sample: usize| sample / self.unit * (self.inner_unit / HOP);
        let spectra = self.stft.analyse(inner);
        sum.add(
            &spectra,
            frames(keep.start)..frames(keep.end).max(frames(keep.start) + 1),
        );
    }
}

/// The pieces of a sound of so many samples, of `length` samples each, with their contexts.
pub(crate) fn pieces(
    marker: &Marker,
    samples: usize,
    length: usize,
) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let margin = marker.margin();
    (0..samples.div_ceil(length)).map(move |i| {
        let piece = i * length..((i + 1) * length).min(samples);
        let context = piece.start.saturating_sub(margin)..(piece.end + margin).min(samples);
        (piece, context)
    })
}

fn least_common_multiple(a: usize, b: usize) -> usize {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    a / x * b
}
