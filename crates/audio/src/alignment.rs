//! Where the mark's frames and bins lie in a map.

use crate::format::{BINS, FIRST_BIN, PERIOD};
use crate::map::{ROWS_PER_FRAME, WIDTH};

/// Steps of the lattice of alignments: rows, and factors of speed and pitch, as fine as the last steps of
/// refining.
const ORIGIN_LATTICE: f64 = 0.5;
const FACTOR_LATTICE: f64 = 1.25e-4;
/// Factors on the lattice, all families together: speeds of ±28 %, tempos of ±18 %, pitches of ±15 %, each
/// what is searched and some room for refining.
const FACTOR_CHOICES: f64 = 2.0 * (0.28 + 0.18 + 0.15) / FACTOR_LATTICE;

/// A hypothesis on how the mark lies in a sound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Alignment {
    /// Playing speed over the original's.
    pub(crate) speed: f64,
    /// Frequencies over the original's.
    pub(crate) pitch: f64,
    /// Row, with fraction, of a block's first frame.
    pub(crate) origin: f64,
}

impl Alignment {
    /// A mark that begins with the sound, in a map with a row per frame ([`Views::aligned`]).
    ///
    /// [`Views::aligned`]: crate::map::Views::aligned
    pub(crate) const ROW_PER_FRAME: Self = Self {
        speed: ROWS_PER_FRAME,
        pitch: 1.0,
        origin: 0.0,
    };

    /// Rows between frames.
    pub(crate) fn step(&self) -> f64 {
        ROWS_PER_FRAME / self.speed
    }

    /// Row of a frame.
    pub(crate) fn row(&self, frame: i64) -> f64 {
        self.origin + frame as f64 * self.step()
    }

    /// The frames whose rows lie in `rows`.
    pub(crate) fn frames(&self, rows: &std::ops::Range<usize>) -> std::ops::Range<i64> {
        let frame = |row: f64| (row - self.origin) / self.step();
        let first = frame(rows.start as f64).ceil() as i64;
        let last = frame(rows.end as f64 - 1.0).floor() as i64;
        first..(last + 1).max(first)
    }

    /// The same frame at `row`, under another speed.
    pub(crate) fn with_speed_about(&self, speed: f64, row: f64) -> Self {
        let frame = (row - self.origin) / self.step();
        Self {
            speed,
            origin: row - frame * ROWS_PER_FRAME / speed,
            ..*self
        }
    }

    /// The nearest alignment on a lattice about `row`, so that it can be said how many there are to choose
    /// from ([`choices`](Self::choices)).
    pub(crate) fn on_lattice(&self, row: f64) -> Self {
        let snap = |value: f64, step: f64| (value / step).round() * step;
        Self {
            speed: snap(self.speed, FACTOR_LATTICE),
            pitch: snap(self.pitch, FACTOR_LATTICE),
            origin: row - snap(row - self.origin, ORIGIN_LATTICE),
        }
    }

    /// How many alignments on the lattice a search of one window chooses among: the origins within a
    /// block, under the factors of all families. Half of the choice is set aside for an unchanged timing.
    pub(crate) fn choices(&self) -> f64 {
        let origins = PERIOD as f64 * self.step() / ORIGIN_LATTICE + 1.0;
        if self.speed == 1.0 && self.pitch == 1.0 {
            2.0 * origins
        } else {
            2.0 * origins * FACTOR_CHOICES
        }
    }

    /// Distance, in frames, of two alignments' phases within the block at a row.
    pub(crate) fn phase_distance(&self, other: &Self, row: f64) -> f64 {
        let phase = |alignment: &Self| (row - alignment.origin) / alignment.step();
        let distance = (phase(self) - phase(other)).rem_euclid(PERIOD as f64);
        distance.min(PERIOD as f64 - distance)
    }

    /// Where the marked bins lie in a row.
    pub(crate) fn bins(&self) -> BinPlaces {
        BinPlaces::new(self.pitch)
    }
}

/// Places of the marked bins, and one more on each side, in a row of a map.
#[derive(Debug, Clone)]
pub(crate) struct BinPlaces {
    places: Vec<(usize, f32)>,
    /// Marked bins that lie below the internal Nyquist frequency.
    pub(crate) within: usize,
}

impl BinPlaces {
    /// The places under a change of pitch.
    pub(crate) fn new(pitch: f64) -> Self {
        let places = (0..BINS + 2)
            .map(|bin| {
                let place = ((bin + FIRST_BIN - 1) as f64 * 2.0 * pitch).max(0.0);
                let index = (place as usize).min(WIDTH - 2);
                (index, (place - index as f64).min(1.0) as f32)
            })
            .collect();
        let highest = (WIDTH - 3) as f64 / (2.0 * pitch);
        let within = (highest as usize).saturating_sub(FIRST_BIN).min(BINS);
        Self { places, within }
    }

    /// The amplitudes of the marked bins in a row, counted from −1, as many as there is room for.
    pub(crate) fn read(&self, row: &[f32], out: &mut [f32]) {
        for (out, &(index, fraction)) in out.iter_mut().zip(&self.places) {
            *out = row[index] + (row[index + 1] - row[index]) * fraction;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lattice_moves_an_alignment_by_less_than_it_matters() {
        let given = Alignment {
            speed: 1.0372,
            pitch: 1.0372,
            origin: -123.456,
        };
        let middle = 625.5;
        let snapped = given.on_lattice(middle);
        assert!((snapped.origin - given.origin).abs() <= 0.5 * ORIGIN_LATTICE);
        assert!((snapped.speed - given.speed).abs() <= 0.5 * FACTOR_LATTICE + 1e-12);
        assert_eq!(snapped.speed, snapped.pitch);
        assert!((snapped.on_lattice(middle).origin - snapped.origin).abs() < 1e-9);
    }

    #[test]
    fn an_unchanged_timing_stays_so_and_is_the_easiest_to_believe() {
        let aligned = Alignment {
            speed: 1.0,
            pitch: 1.0,
            origin: 17.3,
        };
        let snapped = aligned.on_lattice(0.0);
        assert_eq!((snapped.speed, snapped.pitch), (1.0, 1.0));
        let faster = Alignment {
            speed: 1.1,
            ..aligned
        };
        assert!(aligned.choices() < 3_000.0);
        assert!(faster.choices() > 1e6);
    }
}
