//! The keyed tile: which carriers a key uses, and the pattern that a payload makes of them.

use filigrane_payload::{CodeParameters, Key, Keystream, PayloadCode};
use rustfft::num_complex::Complex32;

use crate::binding::{Binding, FEATURES};
use crate::error::ImageError;
use crate::fourier::Fourier;

/// Side of the tile in pattern pixels: short enough that a quarter of a 512-pixel picture holds four
/// tiles, long enough for 576 carriers in the band.
pub(crate) const TILE: usize = 128;
/// Carriers with known phases.
pub(crate) const SYNC: usize = 64;
/// Carriers whose phases carry symbols, two each.
pub(crate) const MESSAGE: usize = 512;
/// The band in cycles per tile, 0.07 to 0.19 cycles per pixel: below it pictures are strong and the
/// eye is sharp, above it coding and scaling down erase (measured on photographs).
const BAND: (f32, f32) = (9.0, 24.0);
/// Columns of a tile's spectrum that hold the band, the other half apart.
pub(crate) const COLUMNS: usize = BAND.1 as usize + 1;
/// Synchronisation stays inside the band, where both ends of the scale search still see it.
pub(crate) const SYNC_BAND: (f32, f32) = (10.0, 21.0);
/// Rows and columns of the spectrum that stay free: borders and coding blocks put energy there.
const AXIS: i32 = 2;
/// Share of the power in synchronisation: enough that finding the grid never fails before decoding.
const SYNC_POWER: f32 = 0.22;
/// Share of the power in the payload's symbols.
const MESSAGE_POWER: f32 = 1.0 - SYNC_POWER - BOUND_POWER;
/// Share of the power that is bound to the picture: enough to tell a copied mark wherever a mark is read
/// (at the energy at which the payload is just read, its correlation is about four deviations).
const BOUND_POWER: f32 = 0.06;
/// Format version in the names of the sub-keys.
const DOMAIN: &str = "image v1";

/// One carrier.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Carrier {
    /// Cycles per tile along x.
    pub(crate) kx: i32,
    /// Cycles per tile along y.
    pub(crate) ky: i32,
    /// Distance from the spectrum's centre, cycles per tile.
    pub(crate) radius: f32,
    /// Keyed phase, radians.
    pub(crate) phase: f32,
}

impl Carrier {
    /// Where the carrier stands in a spectrum of the tile's side.
    #[cfg(test)]
    fn bin(&self) -> usize {
        let wrap = |k: i32| k.rem_euclid(TILE as i32) as usize;
        wrap(self.ky) * TILE + wrap(self.kx)
    }

    #[cfg(test)]
    fn opposite_bin(&self) -> usize {
        Self {
            kx: -self.kx,
            ky: -self.ky,
            ..*self
        }
        .bin()
    }
}

/// What a key's marks are made of.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) sync: Vec<Carrier>,
    pub(crate) message: Vec<Carrier>,
    pub(crate) code: PayloadCode,
    pub(crate) binding: Binding,
}

impl Pattern {
    /// The pattern of a key.
    ///
    /// # Errors
    /// [`ImageError::Code`] when the payload's code cannot be made.
    pub(crate) fn new(key: &Key) -> Result<Self, ImageError> {
        let mut keystream = Keystream::new(&key.derive(&format!("filigrane {DOMAIN} carriers")));
        let mut candidates = band();
        keystream.shuffle(&mut candidates);
        let in_sync_band =
            |carrier: &Carrier| (SYNC_BAND.0..=SYNC_BAND.1).contains(&carrier.radius);
        let mut sync = Vec::with_capacity(SYNC);
        let mut rest = Vec::with_capacity(candidates.len());
        for carrier in candidates {
            let chosen = sync.len() < SYNC && in_sync_band(&carrier);
            if chosen { &mut sync } else { &mut rest }.push(carrier);
        }
        // The lowest frequencies survive most; ties go by position, so that the choice is exact.
        rest.sort_by_key(|carrier| {
            (
                carrier.kx.pow(2) + carrier.ky.pow(2),
                carrier.kx,
                carrier.ky,
            )
        });
        rest.truncate(MESSAGE);
        let mut message = rest;
        keystream.shuffle(&mut message);
        for carrier in sync.iter_mut().chain(&mut message) {
            carrier.phase = (keystream.uniform() * std::f64::consts::TAU) as f32;
        }
        let parameters = CodeParameters {
            length: 2 * MESSAGE,
            ..CodeParameters::default()
        };
        Ok(Self {
            sync,
            code: PayloadCode::new(key, DOMAIN, parameters)?,
            binding: Binding::new(key, DOMAIN, &message),
            message,
        })
    }

    /// The message carriers' values for the given symbols, keyed phases apart.
    pub(crate) fn values(symbols: &[f32]) -> Vec<Complex32> {
        let value = |pair: &[f32]| match *pair {
            [re, im] => Complex32::new(re, im) * std::f32::consts::FRAC_1_SQRT_2,
            _ => Complex32::default(),
        };
        symbols.chunks_exact(2).map(value).collect()
    }

    /// Amplitudes of synchronisation and message carriers.
    pub(crate) fn amplitudes() -> (f32, f32) {
        // A cosine of amplitude A has the variance A²/2.
        (
            (2.0 * SYNC_POWER / SYNC as f32).sqrt(),
            (2.0 * MESSAGE_POWER / MESSAGE as f32).sqrt(),
        )
    }

    /// Amplitude of the bound part over the message's.
    pub(crate) fn bound_share() -> f32 {
        (BOUND_POWER / MESSAGE_POWER).sqrt()
    }

    /// The periodic tile for the given symbols, sampled `oversampling` times per pattern pixel:
    /// `(TILE · oversampling)²` values, row by row. With the bound parts it has unit variance.
    pub(crate) fn tile(&self, symbols: &[f32], oversampling: usize) -> Vec<f32> {
        let (sync_amplitude, message_amplitude) = Self::amplitudes();
        let sync = self
            .sync
            .iter()
            .map(|carrier| (carrier, Complex32::new(sync_amplitude, 0.0)));
        let values = Self::values(symbols)
            .into_iter()
            .map(|value| value * message_amplitude);
        rendered(sync.chain(self.message.iter().zip(values)), oversampling)
    }

    /// The bound part's tiles, one value per feature and place, sampled as [`tile`](Self::tile).
    pub(crate) fn bound_tiles(&self, oversampling: usize) -> Vec<[f32; FEATURES]> {
        let amplitude = (2.0 * BOUND_POWER / MESSAGE as f32).sqrt();
        let tiles: Vec<Vec<f32>> = (0..FEATURES)
            .map(|feature| {
                let values = self.binding.part(feature).map(|value| value * amplitude);
                rendered(self.message.iter().zip(values), oversampling)
            })
            .collect();
        let places = (TILE * oversampling).pow(2);
        (0..places)
            .map(|place| std::array::from_fn(|feature| tiles[feature][place]))
            .collect()
    }

    /// Bins that hold carriers of a tile's spectrum, with their opposites.
    #[cfg(test)]
    fn bins(&self) -> Vec<usize> {
        self.sync
            .iter()
            .chain(&self.message)
            .flat_map(|carrier| [carrier.bin(), carrier.opposite_bin()])
            .collect()
    }
}

/// The tile of carriers with given values, their keyed phases added.
fn rendered<'a>(
    carriers: impl Iterator<Item = (&'a Carrier, Complex32)>,
    oversampling: usize,
) -> Vec<f32> {
    let side = TILE * oversampling;
    let mut spectrum = vec![Complex32::default(); side * side];
    let wrap = |k: i32| k.rem_euclid(side as i32) as usize;
    for (carrier, value) in carriers {
        let value = 0.5 * value * Complex32::from_polar(1.0, carrier.phase);
        spectrum[wrap(carrier.ky) * side + wrap(carrier.kx)] += value;
        spectrum[wrap(-carrier.ky) * side + wrap(-carrier.kx)] += value.conj();
    }
    Fourier::new(side).inverse(&mut spectrum);
    spectrum.iter().map(|value| value.re).collect()
}

/// All carriers of the band in one half of the spectrum, row by row.
fn band() -> Vec<Carrier> {
    let reach = BAND.1.ceil() as i32;
    let mut carriers = Vec::new();
    for ky in AXIS..=reach {
        for kx in -reach..=reach {
            let radius = ((kx * kx + ky * ky) as f32).sqrt();
            if kx.abs() >= AXIS && (BAND.0..=BAND.1).contains(&radius) {
                carriers.push(Carrier {
                    kx,
                    ky,
                    radius,
                    phase: 0.0,
                });
            }
        }
    }
    carriers
}

#[cfg(test)]
mod tests {
    use super::*;
    use filigrane_payload::{Origin, Payload};

    fn pattern() -> (Pattern, Vec<f32>) {
        let pattern = Pattern::new(&Key::public()).unwrap();
        let symbols = (0..2 * MESSAGE)
            .map(|i| if i % 3 == 0 { -1.0 } else { 1.0 })
            .collect();
        (pattern, symbols)
    }

    #[test]
    fn the_carriers_are_distinct_and_complete() {
        let (pattern, _) = pattern();
        assert_eq!((pattern.sync.len(), pattern.message.len()), (SYNC, MESSAGE));
        let mut bins = pattern.bins();
        bins.sort_unstable();
        bins.dedup();
        assert_eq!(bins.len(), 2 * (SYNC + MESSAGE));
    }

    #[test]
    fn the_tile_has_unit_variance_and_the_stated_power_split() {
        let (pattern, symbols) = pattern();
        let tile = pattern.tile(&symbols, 1);
        let mean = tile.iter().sum::<f32>() / tile.len() as f32;
        let variance = tile.iter().map(|v| v * v).sum::<f32>() / tile.len() as f32;
        assert!(
            mean.abs() < 1e-5 && (variance + BOUND_POWER - 1.0).abs() < 1e-3,
            "{mean} {variance}"
        );
        let bound = pattern.bound_tiles(1);
        let variance = bound.iter().flatten().map(|v| v * v).sum::<f32>() / bound.len() as f32;
        assert!((variance - BOUND_POWER).abs() < 1e-3, "{variance}");
        let mut spectrum: Vec<Complex32> = tile.iter().map(|&v| v.into()).collect();
        Fourier::new(TILE).forward(&mut spectrum);
        let power: f32 = pattern
            .sync
            .iter()
            .map(|carrier| 2.0 * spectrum[carrier.bin()].norm_sqr())
            .sum();
        let share = power / (TILE as f32).powi(4);
        assert!((share - SYNC_POWER).abs() < 1e-3, "{share}");
    }

    #[test]
    fn oversampling_adds_points_between_the_same_ones() {
        let (pattern, symbols) = pattern();
        let (one, four) = (pattern.tile(&symbols, 1), pattern.tile(&symbols, 4));
        for (y, x) in [(0, 0), (3, 77), (127, 127), (64, 5)] {
            let fine = four[4 * y * 4 * TILE + 4 * x];
            assert!((one[y * TILE + x] - fine).abs() < 1e-4);
        }
    }

    #[test]
    fn keys_have_patterns_of_their_own() {
        let other = Key::generate("other", "2026-11-23".parse().unwrap()).unwrap();
        let (own, other) = (pattern().0, Pattern::new(&other).unwrap());
        let shared = own
            .sync
            .iter()
            .filter(|a| other.sync.iter().any(|b| a.bin() == b.bin()))
            .count();
        assert!(shared < SYNC / 2, "{shared}");
    }

    /// `tests/vectors/reference.py` computes them from the documentation alone, in another language. Format
    /// version 1 is frozen: this test stays, and so do the vectors.
    #[test]
    fn the_pattern_is_that_of_version_1() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../tests/vectors/vectors.json")).unwrap();
        let numbers = |value: &serde_json::Value| -> Vec<f64> {
            let list = value.as_array().unwrap();
            list.iter().map(|number| number.as_f64().unwrap()).collect()
        };
        let table = |name: &str| -> Vec<Vec<f64>> {
            vectors[name]
                .as_array()
                .unwrap()
                .iter()
                .map(numbers)
                .collect()
        };
        let close = |a: f64, b: f64| assert!((a - b).abs() < 2e-5, "{a} {b}");
        let (pattern, _) = pattern();
        let ends = |list: &[Carrier]| [&list[..64], &list[list.len() - 64..]].concat();
        for (name, carriers) in [
            ("sync", pattern.sync.clone()),
            ("message", ends(&pattern.message)),
        ] {
            let expected = table(name);
            assert_eq!(expected.len(), carriers.len());
            for (carrier, expected) in carriers.iter().zip(expected) {
                assert_eq!(
                    [carrier.kx, carrier.ky],
                    [expected[0] as i32, expected[1] as i32]
                );
                close(f64::from(carrier.phase), expected[2]);
            }
        }
        let (weights, features, values) = pattern.binding.rules();
        for (weights, expected) in weights.iter().zip(table("weights")) {
            for (&weight, expected) in weights.iter().zip(expected) {
                close(f64::from(weight), expected);
            }
        }
        let expected = numbers(&vectors["feature"]);
        let ends = [&features[..64], &features[MESSAGE - 64..]].concat();
        assert_eq!(ends.iter().map(|&f| f as f64).collect::<Vec<_>>(), expected);
        let ends = [&values[..64], &values[MESSAGE - 64..]].concat();
        for (value, phase) in ends.iter().zip(numbers(&vectors["value_phases"])) {
            close((f64::from(value.arg()) - phase).cos(), 1.0);
        }
        assert_eq!(vectors["payload"], "1100c0ffee00c0ffee00c0ff");
        let payload = Payload::new(Origin::Generated, "00c0ffee00c0ffee00c0ff".parse().unwrap());
        let tile = pattern.tile(&pattern.code.symbols(&payload), 1);
        for (place, expected) in table("places").iter().zip(numbers(&vectors["tile"])) {
            close(
                f64::from(tile[place[1] as usize * TILE + place[0] as usize]),
                expected,
            );
        }
    }
}
