//! From a payload to symbols of ±1 and back.

use crate::bound::{Attempts, ln_sign_sum_tail};
use crate::identifier::Payload;
use crate::key::{Key, SubKey};
use crate::keystream::Keystream;
use crate::polar::{Candidate, PolarCode, PolarError, transform};

/// Shape of a [`PayloadCode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeParameters {
    /// Symbols: a power of two, at most [`MAX_LENGTH`](crate::polar::MAX_LENGTH).
    pub length: usize,
    /// Keyed check bits, 0..=64. They pick the right codeword from the decoder's list; acceptance
    /// does not rest on them.
    pub check_bits: usize,
    /// Paths that the list decoder keeps, 1..=[`MAX_LIST`](crate::polar::MAX_LIST).
    pub list: usize,
}

impl Default for CodeParameters {
    /// 1024 symbols, 12 check bits, a list of 32: chosen by the frame-error curves of
    /// `cargo bench -p filigrane-payload --bench frame_error`. Larger lists read no more, and without
    /// check bits a neighbouring codeword is now and then read on a marked medium.
    fn default() -> Self {
        Self {
            length: 1024,
            check_bits: 12,
            list: 32,
        }
    }
}

/// The parameters do not make a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// The length does not suit a polar code of that many bits.
    #[error(transparent)]
    Polar(#[from] PolarError),
    /// Too many check bits.
    #[error("expected at most 64 check bits, found {found}")]
    CheckBits {
        /// What was asked for.
        found: usize,
    },
}

/// A payload that was read from soft values within the false-positive bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decoded {
    /// What was read.
    pub payload: Payload,
    /// Upper bound on the false-positive probability, all attempts so far counted in.
    pub p_value: f64,
    /// Normalised correlation `t` of the soft values with the payload's symbols, in standard
    /// deviations of an unmarked medium.
    pub correlation: f64,
    /// Place in the decoder's list, 0 being the most likely.
    pub rank: usize,
}

/// The error-correcting code of one key and one domain (a medium and format version).
///
/// A payload's 96 bits and a keyed check (the first bits of keyed BLAKE3 over the 12 bytes) go
/// through a [polar code](PolarCode), a keyed permutation and a keyed scrambling by ±1. The version
/// bits take the least reliable places, because the decoder knows them; the other bits follow in
/// ascending order of place. `tests/vectors/reference.py` restates all of it in another language.
#[derive(Debug)]
pub struct PayloadCode {
    polar: PolarCode,
    check_key: SubKey,
    check_bits: usize,
    list: usize,
    /// Where each message bit (version, origin, identifier, check) sits among the code's inputs.
    places: Vec<usize>,
    /// Where each code symbol goes, and the sign it gets there.
    scramble: Vec<(usize, f32)>,
}

impl PayloadCode {
    /// The code of `key` for `domain`, such as `image v1`.
    ///
    /// # Errors
    /// [`CodeError`] when the parameters make no code.
    pub fn new(key: &Key, domain: &str, parameters: CodeParameters) -> Result<Self, CodeError> {
        let CodeParameters {
            length,
            check_bits,
            list,
        } = parameters;
        if check_bits > 64 {
            return Err(CodeError::CheckBits { found: check_bits });
        }
        let polar = PolarCode::new(length, Payload::BITS + check_bits)?;
        let version = polar.by_reliability().iter().take(Payload::VERSION_BITS);
        let mut places: Vec<usize> = version.copied().collect();
        let rest: Vec<usize> = polar
            .carrying()
            .iter()
            .copied()
            .filter(|index| !places.contains(index))
            .collect();
        places.extend(rest);

        let mut keystream =
            Keystream::new(&key.derive(&format!("filigrane {domain} code scramble")));
        let mut order: Vec<usize> = (0..length).collect();
        keystream.shuffle(&mut order);
        let scramble = order
            .into_iter()
            .map(|place| (place, keystream.sign()))
            .collect();
        let check_key = key.derive(&format!("filigrane {domain} code check"));
        Ok(Self {
            polar,
            check_key,
            check_bits,
            list,
            places,
            scramble,
        })
    }

    /// Symbols of a codeword.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.polar.length()
    }

    /// The payload's symbols, [`length`](Self::length) values of +1 or −1.
    #[must_use]
    pub fn symbols(&self, payload: &Payload) -> Vec<f32> {
        let mut inputs = vec![false; self.length()];
        for (&place, bit) in self.places.iter().zip(self.message(payload)) {
            inputs[place] = bit;
        }
        let mut symbols = vec![0.0; self.length()];
        for (&(place, sign), bit) in self.scramble.iter().zip(self.polar.encode(&inputs)) {
            symbols[place] = if bit { -sign } else { sign };
        }
        symbols
    }

    /// Reads a payload from one soft value per symbol, if it is there within the bound.
    ///
    /// Values are positive for +1 and may have any common scale; their relative sizes are the
    /// weights and should grow with their reliability. They may depend on the medium and on *other*
    /// sub-keys, but not on this code's symbols: the bound of [`crate::bound`] rests on that. Values
    /// that are missing or not finite count as erased.
    pub fn decode(&self, soft: &[f32], attempts: &mut Attempts) -> Option<Decoded> {
        self.decode_with_evidence(soft, 0.0, attempts)
    }

    /// As [`decode`](Self::decode), with evidence for a mark from elsewhere, such as from synchronisation:
    /// `ln_evidence` is the natural logarithm of a bound on the probability that it is as strong as it is
    /// in a medium that is independent of the key, 0 for none.
    ///
    /// The bound must hold for whatever symbols this code has. Then the two probabilities are of
    /// independent events, and their product `a` is as small as it is with a probability of at most
    /// `a (1 − ln a)` (Fisher's combination of two tests). What the payload alone would have been given is
    /// not lost: the smaller of the two bounds counts, times two.
    pub fn decode_with_evidence(
        &self,
        soft: &[f32],
        ln_evidence: f64,
        attempts: &mut Attempts,
    ) -> Option<Decoded> {
        let cost = attempts.open();
        let received = self.unscramble(soft)?;
        let version = Payload::VERSION;
        let known: Vec<(usize, bool)> = (0..Payload::VERSION_BITS)
            .zip(&self.places)
            .map(|(i, &place)| (place, version >> (Payload::VERSION_BITS - 1 - i) & 1 == 1))
            .collect();
        let llr = self.to_llr(&received);
        // One path is enough for most marks and takes a fraction of the time (Li, Shen and Tse, "An adaptive
        // successive cancellation list decoder for polar codes", 2012). One attempt pays for both: its bound is
        // on any payload that passes, however it was looked for.
        let lists: &[usize] = if self.list > 1 { &[1, self.list] } else { &[1] };
        lists.iter().find_map(|&list| {
            let candidates = self.polar.decode(&llr, list, &known);
            let (rank, payload, correlation) = self.best_checked(&candidates, &received)?;
            let free_bits = (Payload::BITS - Payload::VERSION_BITS) as f64;
            let ln_p =
                ln_sign_sum_tail(&received, correlation) + free_bits * std::f64::consts::LN_2;
            attempts
                .accept(with_evidence(ln_p, ln_evidence) + cost)
                .map(|p_value| Decoded {
                    payload,
                    p_value,
                    correlation,
                    rank,
                })
        })
    }

    /// Of the candidates whose check is right, the one that fits best: its rank, payload and correlation.
    fn best_checked(
        &self,
        candidates: &[Candidate],
        received: &[f32],
    ) -> Option<(usize, Payload, f64)> {
        candidates
            .iter()
            .enumerate()
            .filter_map(|(rank, candidate)| {
                let payload = self.checked_payload(&candidate.word)?;
                Some((rank, payload, correlation(received, &candidate.word)))
            })
            .max_by(|a, b| a.2.total_cmp(&b.2))
    }

    /// Soft values in code order and of unit energy; nothing where there is no energy.
    fn unscramble(&self, soft: &[f32]) -> Option<Vec<f32>> {
        let at = |place: usize| {
            soft.get(place)
                .copied()
                .filter(|value| value.is_finite())
                .unwrap_or(0.0)
        };
        let peak = (0..self.length())
            .map(|place| at(place).abs())
            .fold(0.0, f32::max);
        if peak <= 0.0 {
            return None;
        }
        let mut received: Vec<f32> = self
            .scramble
            .iter()
            .map(|&(place, sign)| sign * (at(place) / peak))
            .collect();
        let energy: f32 = received.iter().map(|value| value * value).sum();
        let scale = energy.sqrt().recip();
        received.iter_mut().for_each(|value| *value *= scale);
        Some(received)
    }

    /// Log-likelihood ratios at the operating point where decoding is hard: with signal energy `g`
    /// per unit of noise energy, values of unit mean square have mean `√(g/(1+g))` and variance
    /// `1/(1+g)`, so `llr = 2 √(g(1+g)) y`. `g` = 0.22 is where 1024 symbols just carry 96 bits.
    fn to_llr(&self, received: &[f32]) -> Vec<f32> {
        let g = 0.22 * 1024.0 / self.length() as f32;
        let scale = 2.0 * (g * (1.0 + g)).sqrt() * (self.length() as f32).sqrt();
        received.iter().map(|value| scale * value).collect()
    }

    /// Payload bits and check bits in the order of `places`.
    fn message(&self, payload: &Payload) -> impl Iterator<Item = bool> {
        let bytes = payload.to_bytes();
        let check = blake3::keyed_hash(self.check_key.bytes(), &bytes);
        bits_of(bytes).chain(bits_of(*check.as_bytes()).take(self.check_bits))
    }

    /// The payload of a codeword whose check is right.
    fn checked_payload(&self, word: &[bool]) -> Option<Payload> {
        let mut inputs = word.to_vec();
        transform(&mut inputs);
        let message: Vec<bool> = self.places.iter().map(|&place| inputs[place]).collect();
        let mut bytes = [0_u8; Payload::BYTES];
        for (byte, bits) in bytes.iter_mut().zip(message.chunks_exact(8)) {
            *byte = bits.iter().fold(0, |byte, &bit| byte << 1 | u8::from(bit));
        }
        let payload = Payload::from_bytes(bytes);
        self.message(&payload).eq(message).then_some(payload)
    }
}

/// The logarithm of the bound for a payload of `ln_p` together with evidence from elsewhere.
fn with_evidence(ln_p: f64, ln_evidence: f64) -> f64 {
    if ln_evidence.is_nan() || ln_evidence >= 0.0 {
        return ln_p;
    }
    let product = ln_p.min(0.0) + ln_evidence;
    let combined = product + (1.0 - product).ln();
    ln_p.min(combined) + std::f64::consts::LN_2
}

/// Bits of bytes, the most significant first.
fn bits_of<const N: usize>(bytes: [u8; N]) -> impl Iterator<Item = bool> {
    bytes
        .into_iter()
        .flat_map(|byte| (0..8).map(move |i| byte >> (7 - i) & 1 == 1))
}

/// `Σ c_d y_d` for `y` of unit energy.
fn correlation(received: &[f32], word: &[bool]) -> f64 {
    received
        .iter()
        .zip(word)
        .map(|(&value, &bit)| f64::from(if bit { -value } else { value }))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FALSE_POSITIVE_BOUND, MarkId, Origin};

    fn payload() -> Payload {
        Payload::new(
            Origin::Generated,
            MarkId::from_bytes([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5]),
        )
    }

    fn code() -> PayloadCode {
        PayloadCode::new(&Key::public(), "test v1", CodeParameters::default()).unwrap()
    }

    /// Symbols in Gaussian noise of unit variance with total energy `e_n`.
    fn noisy(code: &PayloadCode, e_n: f64, random: &mut Keystream) -> Vec<f32> {
        let amplitude = (e_n / code.length() as f64).sqrt();
        let noise = |random: &mut Keystream| (0..12).map(|_| random.uniform()).sum::<f64>() - 6.0;
        code.symbols(&payload())
            .iter()
            .map(|&symbol| (amplitude * f64::from(symbol) + noise(random)) as f32)
            .collect()
    }

    fn random(text: &str) -> Keystream {
        Keystream::new(&Key::public().derive(text))
    }

    #[test]
    fn any_scale_decodes() {
        let code = code();
        for scale in [1e-30_f32, 1.0, 1e30] {
            let soft: Vec<f32> = code
                .symbols(&payload())
                .iter()
                .map(|symbol| symbol * scale)
                .collect();
            let decoded = code
                .decode(&soft, &mut Attempts::new(FALSE_POSITIVE_BOUND))
                .unwrap();
            assert_eq!(decoded.payload, payload());
            assert!((decoded.correlation - 32.0).abs() < 1e-3);
        }
    }

    #[test]
    fn noise_is_survived_at_the_design_energy() {
        let (code, mut random) = (code(), random("test noise"));
        let read = (0..100)
            .filter(|_| {
                let soft = noisy(&code, 330.0, &mut random);
                let decoded = code.decode(&soft, &mut Attempts::new(FALSE_POSITIVE_BOUND));
                decoded.is_some_and(|decoded| {
                    assert_eq!(decoded.payload, payload());
                    true
                })
            })
            .count();
        assert!(read >= 90, "{read}");
    }

    #[test]
    fn pure_noise_is_never_accepted_and_every_attempt_counts() {
        let (code, mut random) = (code(), random("test nothing"));
        let mut attempts = Attempts::new(FALSE_POSITIVE_BOUND);
        for _ in 0..200 {
            let soft = noisy(&code, 0.0, &mut random);
            assert_eq!(code.decode(&soft, &mut attempts), None);
        }
        assert_eq!(attempts.count(), 200);
        assert!(attempts.best_p_value() > 1e-6);
    }

    #[test]
    fn evidence_helps_what_is_nearly_read_and_costs_little_otherwise() {
        let ln = |p: f64| p.ln();
        assert_eq!(with_evidence(ln(1e-9), 0.0), ln(1e-9));
        assert_eq!(with_evidence(ln(1e-9), f64::NAN), ln(1e-9));
        assert!((with_evidence(ln(1e-30), ln(0.9)) - ln(2e-30)).abs() < 1e-9);
        let together = with_evidence(ln(1e-9), ln(1e-8));
        assert!((ln(1e-16)..ln(1e-15)).contains(&together), "{together}");
        // A payload that could be anybody's is not made one by evidence alone beyond that evidence.
        assert!(with_evidence(20.0, ln(1e-8)) > ln(1e-8));
        // Simulated: two independent uniform values, combined, are as small as claimed at most as often.
        let mut random = random("test evidence");
        let trials = 40_000;
        for level in [0.1, 0.01] {
            let small = (0..trials)
                .filter(|_| with_evidence(random.uniform().ln(), random.uniform().ln()) < ln(level))
                .count();
            assert!(small as f64 / f64::from(trials) < 1.1 * level, "{small}");
        }
    }

    #[test]
    fn another_key_or_domain_reads_nothing() {
        let symbols = code().symbols(&payload());
        let date = "2026-11-23".parse().unwrap();
        let other = Key::generate("other", date).unwrap();
        for (key, domain) in [(&other, "test v1"), (&Key::public(), "test v2")] {
            let code = PayloadCode::new(key, domain, CodeParameters::default()).unwrap();
            assert_eq!(
                code.decode(&symbols, &mut Attempts::new(FALSE_POSITIVE_BOUND)),
                None
            );
        }
    }

    #[test]
    fn hostile_soft_values_are_not_found() {
        let code = code();
        for soft in [
            vec![],
            vec![0.0; 1024],
            vec![f32::NAN; 1024],
            vec![f32::INFINITY; 5],
            vec![1.0; 3],
        ] {
            assert_eq!(
                code.decode(&soft, &mut Attempts::new(FALSE_POSITIVE_BOUND)),
                None
            );
        }
    }

    #[test]
    fn shapes_are_checked() {
        let new = |length, check_bits| {
            PayloadCode::new(
                &Key::public(),
                "x",
                CodeParameters {
                    length,
                    check_bits,
                    list: 4,
                },
            )
            .err()
        };
        assert_eq!(new(1024, 65), Some(CodeError::CheckBits { found: 65 }));
        assert!(matches!(new(1000, 12), Some(CodeError::Polar(_))));
        assert!(matches!(new(64, 12), Some(CodeError::Polar(_))));
        assert_eq!(new(128, 12), None);
    }
}
