//! How sure a detection is: a bound that assumes nothing about the medium.
//!
//! A decoder turns a medium into a vector `y` of soft values, with everything that the medium and
//! the sub-keys for carriers and synchronisation decide. The signs by which a codeword is scrambled
//! come from a sub-key of their own, so for a medium that is independent of the key, `y` is fixed
//! and the signs are independent and uniform. The statistic of a payload with codeword `c` is
//! `t = Σ s_d c_d y_d / ‖y‖`, a sum of random signs with the known weights `a_d = |y_d| / ‖y‖`. Two
//! bounds hold for every `y`, and the smaller one is used:
//!
//! - Chernoff's with the sum's own moment generating function,
//!   `ln P(t ≥ x) ≤ min over λ of −λ x + Σ ln cosh(λ a_d)`. Weights of similar size make it far
//!   smaller than the usual `−x²/2` (Hoeffding 1963), which replaces each `ln cosh z` by `z²/2`;
//! - `P(t ≥ x) ≤ 3.178 · Q(x)` with the Gaussian tail `Q` (Bentkus and Dzindzalieta, "A tight Gaussian
//!   bound for weighted sums of Rademacher random variables", Bernoulli 21(2), 2015).
//!
//! The chance that *any* payload passes in one attempt is at most 2⁹² times that: 96 bits, of which
//! the decoder knows the four of the version. A detection makes many attempts (alignments, keys); the
//! `i`-th may spend `1 / (i (i + 1))` of the budget, and these shares sum to one however many there
//! are. So the bound holds for a whole detection, the check bits come on top, and nothing rests on how
//! natural images or sounds behave.
//!
//! It says nothing about somebody who knows the key: see the table of keys in the README.

/// The probability bound at which a whole detection accepts, with all its attempts and keys.
pub const FALSE_POSITIVE_BOUND: f64 = 1e-12;

/// `1 / (4 Q(√2))`, rounded up: the constant of Bentkus and Dzindzalieta.
const SIGN_SUM_CONSTANT: f64 = 3.179;

/// Natural logarithm of an upper bound on `P(Σ s_d a_d ≥ sum)` for independent uniform signs `s_d`.
///
/// `weights` are the `a_d`, of any scale and sign; 0 (the trivial bound) unless `sum` is positive and
/// everything is finite.
#[must_use]
pub fn ln_sign_sum_tail(weights: &[f32], sum: f64) -> f64 {
    let energy: f64 = weights.iter().map(|&a| f64::from(a) * f64::from(a)).sum();
    let t = sum / energy.sqrt();
    if !t.is_finite() || t <= 0.0 {
        return 0.0;
    }
    let gaussian = -t * t / 2.0 + (SIGN_SUM_CONSTANT / (t * std::f64::consts::TAU.sqrt())).ln();
    chernoff(weights, energy.sqrt(), t).min(gaussian).min(0.0)
}

/// Chernoff's bound for weights over `norm`. Every λ ≥ 0 gives a valid bound; Newton's steps on the
/// convex exponent find the best.
fn chernoff(weights: &[f32], norm: f64, t: f64) -> f64 {
    let exponent = |lambda: f64| {
        let ln_cosh = |x: f64| x + (-2.0 * x).exp().ln_1p() - std::f64::consts::LN_2;
        weights
            .iter()
            .map(|&a| ln_cosh(lambda * f64::from(a.abs()) / norm))
            .sum::<f64>()
            - lambda * t
    };
    let mut lambda = t;
    let mut best = exponent(lambda);
    for _ in 0..12 {
        let (mut slope, mut curvature) = (-t, 1e-9);
        for &a in weights {
            let a = f64::from(a.abs()) / norm;
            let tanh = (lambda * a).tanh();
            slope += a * tanh;
            curvature += a * a * (1.0 - tanh * tanh);
        }
        // A sum near the largest possible one has its best λ at infinity: a few steps are enough.
        lambda = (lambda - slope / curvature).clamp(0.0, 2.0 * lambda + 1.0);
        let here = exponent(lambda);
        if here >= best - 1e-9 {
            return best.min(here);
        }
        best = here;
    }
    best
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
        // A bound that is too small for the type stays a bound: never 0.
        let p = ln_p.min(0.0).exp().max(f64::MIN_POSITIVE);
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
        let uneven: Vec<f32> = (0..40).map(|i| 1.0 / (i as f32 + 1.0)).collect();
        for weights in [uneven, vec![1.0; 12]] {
            let sums: Vec<f64> = (0..40_000)
                .map(|_| {
                    weights
                        .iter()
                        .map(|&a| f64::from(a * random.sign()))
                        .sum::<f64>()
                })
                .collect();
            for quantile in [0.6, 0.9, 0.99, 0.999] {
                let mut sorted = sums.clone();
                sorted.sort_by(f64::total_cmp);
                let sum = sorted[(quantile * 40_000.0) as usize];
                let share = sums.iter().filter(|&&other| other >= sum).count() as f64 / 40_000.0;
                assert!(
                    share <= ln_sign_sum_tail(&weights, sum).exp() * 1.05,
                    "{quantile}: {share}"
                );
            }
        }
    }

    #[test]
    fn the_extreme_sum_has_its_exact_probability() {
        // All twenty signs agree: 2⁻²⁰.
        let bound = ln_sign_sum_tail(&[1.0; 20], 20.0 - 1e-6);
        assert!(bound >= -20.0 * std::f64::consts::LN_2, "{bound}");
        assert!(bound < -13.0, "{bound}");
    }

    #[test]
    fn the_bound_is_sharper_than_hoeffding_where_it_is_used() {
        let mut random = Keystream::new(&Key::public().derive("test weights"));
        let weights: Vec<f32> = (0..1024)
            .map(|_| (0..6).map(|_| random.uniform() as f32 - 0.5).sum())
            .collect();
        let norm = weights
            .iter()
            .map(|&a| f64::from(a * a))
            .sum::<f64>()
            .sqrt();
        let bound = ln_sign_sum_tail(&weights, 14.0 * norm);
        assert!(bound < -14.0 * 14.0 / 2.0 - 6.0, "{bound}");
        for sum in [0.0, -3.0, f64::NAN, f64::INFINITY] {
            assert_eq!(ln_sign_sum_tail(&weights, sum), 0.0);
        }
        assert_eq!(ln_sign_sum_tail(&[], 1.0), 0.0);
        assert_eq!(ln_sign_sum_tail(&[0.0; 4], 1.0), 0.0);
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
        assert_eq!(attempts.accept(-1e4), Some(f64::MIN_POSITIVE));
    }
}
