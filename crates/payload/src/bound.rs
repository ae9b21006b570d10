//! How sure a detection is: a bound that assumes nothing about the medium.
//!
//! A decoder turns a medium into a vector `y` of soft values, with everything that the medium and
//! the sub-keys for carriers and synchronisation decide. The signs by which a codeword is scrambled
//! come from a sub-key of their own, so for a medium that is independent of the key, `y` is fixed
//! and the signs are independent and uniform. The statistic of a payload with codeword `c` is
//! `t = Σ s_d c_d y_d / ‖y‖`, a normalised sum of random signs, for which
//!
//! > P(t ≥ x) ≤ 3.178 · Q(x)
//!
//! (Bentkus and Dzindzalieta, "A tight Gaussian bound for weighted sums of Rademacher random
//! variables", Bernoulli 21(2), 2015; `Q` is the Gaussian tail). The chance that *any* payload passes
//! in one attempt is at most 2⁹² times that: 96 bits, of which the decoder knows the four of the
//! version. A detection makes many attempts (alignments, keys); the `i`-th may spend `1 / (i (i + 1))`
//! of the budget, and these shares sum to one however many there are. So the bound holds for a whole
//! detection, the check bits come on top, and nothing rests on how natural images or sounds behave.
//!
//! It says nothing about somebody who knows the key: see the table of keys in the README.

/// The probability bound at which a whole detection accepts, with all its attempts and keys.
pub const FALSE_POSITIVE_BOUND: f64 = 1e-12;

/// `1 / (4 Q(√2))`, rounded up: the constant of Bentkus and Dzindzalieta.
const SIGN_SUM_CONSTANT: f64 = 3.179;

/// Natural logarithm of an upper bound on `P(Σ s_d a_d ≥ t)` for independent uniform signs `s_d` and
/// `Σ a_d² = 1`.
#[must_use]
pub fn ln_sign_sum_tail(t: f64) -> f64 {
    // Hoeffding's bound holds everywhere; Q(t) ≤ φ(t) / t sharpens it once t is large.
    if t.is_nan() || t <= 0.0 {
        return 0.0;
    }
    let hoeffding = -t * t / 2.0;
    let gaussian = hoeffding + (SIGN_SUM_CONSTANT / (t * std::f64::consts::TAU.sqrt())).ln();
    hoeffding.min(gaussian)
}

/// The false-positive budget of one detection call: every decoding attempt of every key is counted.
#[derive(Debug, Clone)]
pub struct Attempts {
    ln_alpha: f64,
    count: u32,
    best_rejected: f64,
}

impl Attempts {
    /// A budget of `alpha` in (0, 1], usually [`FALSE_POSITIVE_BOUND`].
    #[must_use]
    pub fn new(alpha: f64) -> Self {
        Self {
            ln_alpha: alpha.clamp(f64::MIN_POSITIVE, 1.0).ln(),
            count: 0,
            best_rejected: 1.0,
        }
    }

    /// How many attempts were made.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The smallest p-value bound among what was rejected; 1 when nothing came near.
    #[must_use]
    pub const fn best_p_value(&self) -> f64 {
        self.best_rejected
    }

    /// Opens the next attempt and returns the natural logarithm of what it costs: `i (i + 1)`.
    pub(crate) fn open(&mut self) -> f64 {
        self.count = self.count.saturating_add(1);
        let i = f64::from(self.count);
        (i * (i + 1.0)).ln()
    }

    /// Judges a p-value bound (natural logarithm, the attempt's cost included).
    pub(crate) fn accept(&mut self, ln_p: f64) -> Option<f64> {
        let p = ln_p.min(0.0).exp();
        if ln_p <= self.ln_alpha {
            return Some(p);
        }
        self.best_rejected = self.best_rejected.min(p);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Key, Keystream};

    #[test]
    fn the_tail_bound_holds_where_it_can_be_simulated() {
        let mut random = Keystream::new(&Key::public().derive("test tail"));
        let weights: Vec<f64> = (0..40).map(|i| 1.0 / f64::from(i + 1)).collect();
        let norm = weights.iter().map(|w| w * w).sum::<f64>().sqrt();
        let sums: Vec<f64> = (0..40_000)
            .map(|_| {
                weights
                    .iter()
                    .map(|w| w * f64::from(random.sign()))
                    .sum::<f64>()
                    / norm
            })
            .collect();
        for t in [0.5, 1.0, 1.5, 2.0, 2.5] {
            let share = sums.iter().filter(|&&sum| sum >= t).count() as f64 / sums.len() as f64;
            assert!(share <= ln_sign_sum_tail(t).exp(), "{t}: {share}");
        }
    }

    #[test]
    fn the_bound_is_sharper_than_hoeffding_where_it_is_used() {
        let hoeffding = -14.0_f64 * 14.0 / 2.0;
        assert!(ln_sign_sum_tail(14.0) < hoeffding - 2.0);
        assert_eq!(ln_sign_sum_tail(0.0), 0.0);
        assert_eq!(ln_sign_sum_tail(-3.0), 0.0);
        assert_eq!(ln_sign_sum_tail(f64::NAN), 0.0);
    }

    #[test]
    fn the_shares_of_the_attempts_sum_to_less_than_one() {
        let mut attempts = Attempts::new(1e-12);
        let total: f64 = (0..10_000).map(|_| (-attempts.open()).exp()).sum();
        assert!(total < 1.0 && total > 0.99);
        assert_eq!(attempts.count(), 10_000);
    }

    #[test]
    fn rejections_are_remembered() {
        let mut attempts = Attempts::new(1e-12);
        assert_eq!(attempts.accept(1e-6_f64.ln()), None);
        assert!((attempts.best_p_value() - 1e-6).abs() < 1e-9);
        assert!(attempts.accept(1e-13_f64.ln()).is_some());
    }
}
