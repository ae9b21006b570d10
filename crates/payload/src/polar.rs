//! Polar codes (Arıkan 2009) with successive-cancellation list decoding (Tal and Vardy 2015).
//!
//! A code of length `n = 2^m` carries `k` bits on the most reliable of `n` synthetic channels; the
//! others are frozen to zero. Reliabilities follow the polarisation weight of He et al. ("β-expansion:
//! a theoretical framework for fast and recursive construction of polar codes", 2017): the channel
//! with binary index `b_{m-1} … b_0` weighs `Σ b_j 2^{j/4}`. Unlike density evolution it needs no
//! design point and no transcendental function, so every platform freezes the same bits; at the
//! rates used here it costs nothing measurable (`cargo bench -p filigrane-payload`).

mod list;

use std::fmt;

pub use list::Candidate;
use list::{ListDecoder, Node};

/// The largest supported length, 2¹⁵: more than any mark needs, and a bound on memory.
pub const MAX_LENGTH: usize = 1 << 15;
/// The largest supported list.
pub const MAX_LIST: usize = 256;

/// The code's length or dimension is not supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a length of 2 to {MAX_LENGTH} that is a power of two and 1 to length bits, found length {length} and {bits} bits"
)]
#[non_exhaustive]
pub struct PolarError {
    /// The requested length.
    pub length: usize,
    /// The requested number of bits.
    pub bits: usize,
}

/// A polar code: its length and the indices that carry bits.
#[derive(Clone)]
pub struct PolarCode {
    length: usize,
    /// Indices that carry bits, the least reliable first.
    by_reliability: Vec<usize>,
    /// The same, ascending.
    carrying: Vec<usize>,
}

impl PolarCode {
    /// The code of `length` symbols that carries `bits` bits.
    ///
    /// # Errors
    /// [`PolarError`] unless `length` is a power of two from 2 to [`MAX_LENGTH`] and
    /// `1 <= bits <= length`.
    pub fn new(length: usize, bits: usize) -> Result<Self, PolarError> {
        let supported = length.is_power_of_two() && (2..=MAX_LENGTH).contains(&length);
        if !supported || !(1..=length).contains(&bits) {
            return Err(PolarError { length, bits });
        }
        let mut order: Vec<usize> = (0..length).collect();
        // Weights of different indices differ: 2^{j/4} for j mod 4 are independent over the rationals.
        order.sort_by(|&a, &b| polarisation_weight(a).total_cmp(&polarisation_weight(b)));
        let by_reliability = order.split_off(length - bits);
        let mut carrying = by_reliability.clone();
        carrying.sort_unstable();
        Ok(Self {
            length,
            by_reliability,
            carrying,
        })
    }

    /// Symbols of a codeword.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.length
    }

    /// Bits of a message.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.carrying.len()
    }

    /// The indices that carry bits, ascending.
    #[must_use]
    pub fn carrying(&self) -> &[usize] {
        &self.carrying
    }

    /// The indices that carry bits, the least reliable first: where known bits help the decoder most.
    #[must_use]
    pub fn by_reliability(&self) -> &[usize] {
        &self.by_reliability
    }

    /// The codeword of the bits at all `length` indices; `inputs` outside [`carrying`](Self::carrying)
    /// are taken as zero, missing ones too.
    #[must_use]
    pub fn encode(&self, inputs: &[bool]) -> Vec<bool> {
        let mut word = vec![false; self.length];
        for &index in &self.carrying {
            word[index] = inputs.get(index).copied().unwrap_or(false);
        }
        transform(&mut word);
        word
    }

    /// The most likely codewords, at most `list` (1..=[`MAX_LIST`]), best first.
    ///
    /// `llr` holds a log-likelihood ratio per symbol, positive for 0; missing ones are erasures and
    /// ones that are not finite count as 0. `known` fixes bits at some indices that would otherwise be free.
    #[must_use]
    pub fn decode(&self, llr: &[f32], list: usize, known: &[(usize, bool)]) -> Vec<Candidate> {
        let mut channel: Vec<f32> = llr
            .iter()
            .map(|&x| if x.is_finite() { x } else { 0.0 })
            .collect();
        channel.resize(self.length, 0.0);
        let mut inputs = vec![list::Input::Frozen; self.length];
        self.carrying
            .iter()
            .for_each(|&index| inputs[index] = list::Input::Free);
        for &(index, bit) in known {
            if let Some(input) = inputs
                .get_mut(index)
                .filter(|input| **input == list::Input::Free)
            {
                *input = list::Input::Known(bit);
            }
        }
        ListDecoder::new(self.length, list.clamp(1, MAX_LIST))
            .decode(&channel, &Node::tree(&inputs))
    }
}

impl fmt::Debug for PolarCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PolarCode({}, {})", self.length, self.bits())
    }
}

fn polarisation_weight(index: usize) -> f64 {
    // 2^{0/4} … 2^{3/4}: literals, so that no platform's `powf` decides which bits are frozen.
    const ROOTS: [f64; 4] = [
        1.0,
        1.189_207_115_002_721,
        std::f64::consts::SQRT_2,
        1.681_792_830_507_429,
    ];
    let bit_weight = |j: usize| ROOTS[j % 4] * f64::from(1_u32 << (j / 4));
    (0..usize::BITS as usize)
        .filter(|&j| index >> j & 1 == 1)
        .map(bit_weight)
        .sum()
}

/// The polar transform in natural order, its own inverse.
pub fn transform(word: &mut [bool]) {
    let mut half = 1;
    while half < word.len() {
        for block in word.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            low.iter_mut().zip(high).for_each(|(a, b)| *a ^= *b);
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Key, Keystream};

    #[test]
    fn unsupported_shapes_are_errors() {
        for (length, bits) in [
            (0, 0),
            (1, 1),
            (1000, 10),
            (1024, 0),
            (1024, 1025),
            (1 << 16, 5),
        ] {
            assert_eq!(
                PolarCode::new(length, bits).unwrap_err(),
                PolarError { length, bits }
            );
        }
    }

    #[test]
    fn the_transform_is_its_own_inverse() {
        let mut random = Keystream::new(&Key::public().derive("test transform"));
        let word: Vec<bool> = (0..256).map(|_| random.sign() < 0.0).collect();
        let mut again = word.clone();
        transform(&mut again);
        assert_ne!(again, word);
        transform(&mut again);
        assert_eq!(again, word);
    }

    #[test]
    fn the_last_channel_is_the_most_reliable() {
        let code = PolarCode::new(1024, 1).unwrap();
        assert_eq!(code.carrying(), [1023]);
        let code = PolarCode::new(8, 4).unwrap();
        assert_eq!(code.carrying(), [3, 5, 6, 7]); // the extended Hamming code
    }

    fn noisy_words(length: usize, bits: usize, sigma: f64, list: usize, trials: usize) -> usize {
        let code = PolarCode::new(length, bits).unwrap();
        let mut random = Keystream::new(&Key::public().derive("test words"));
        (0..trials)
            .filter(|_| {
                let mut inputs = vec![false; length];
                code.carrying()
                    .iter()
                    .for_each(|&i| inputs[i] = random.sign() < 0.0);
                let word = code.encode(&inputs);
                let llr: Vec<f32> = word
                    .iter()
                    .map(|&bit| {
                        let noise: f64 = (0..12).map(|_| random.uniform()).sum::<f64>() - 6.0;
                        let received = if bit { -1.0 } else { 1.0 } + sigma * noise;
                        (2.0 * received / (sigma * sigma)) as f32
                    })
                    .collect();
                code.decode(&llr, list, &[])
                    .first()
                    .is_some_and(|best| best.word == word)
            })
            .count()
    }

    #[test]
    fn clean_words_decode_at_every_length_and_rate() {
        for m in 1..=11 {
            let length = 1 << m;
            for bits in [1, length / 8, length / 2, length - 1, length] {
                if bits > 0 {
                    assert_eq!(noisy_words(length, bits, 0.01, 4, 3), 3, "{length} {bits}");
                }
            }
        }
    }

    #[test]
    fn noisy_words_decode_and_lists_help() {
        // Eb/N0 = 1.25 dB at rate 1/2.
        let sigma = (1.0 / 10f64.powf(0.125)).sqrt();
        let alone = noisy_words(256, 128, sigma, 1, 100);
        let listed = noisy_words(256, 128, sigma, 16, 100);
        assert!(listed >= alone + 5, "{alone} {listed}");
        assert!(listed >= 70, "{listed}");
    }

    #[test]
    fn known_bits_are_respected() {
        let code = PolarCode::new(64, 32).unwrap();
        let index = code.by_reliability()[0];
        let llr: Vec<f32> = (0..64)
            .map(|i| if i % 3 == 0 { -1.0 } else { 1.5 })
            .collect();
        for bit in [false, true] {
            for candidate in code.decode(&llr, 8, &[(index, bit)]) {
                let mut inputs = candidate.word.clone();
                transform(&mut inputs);
                assert_eq!(inputs[index], bit);
            }
        }
    }

    #[test]
    fn hostile_soft_values_do_no_harm() {
        let code = PolarCode::new(64, 16).unwrap();
        for value in [
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::MAX,
            f32::MIN,
            0.0,
        ] {
            assert!(!code.decode(&[value; 64], 4, &[]).is_empty());
            assert!(!code.decode(&[value; 3], 4, &[]).is_empty());
            assert!(!code.decode(&[value; 999], 4, &[]).is_empty());
        }
    }
}
