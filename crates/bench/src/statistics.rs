//! Intervals and summaries that the tables quote.

/// Wilson's score interval for a proportion (Wilson, JASA 22, 1927) at 95 %: between which bounds
/// the true rate lies when `successes` of `trials` succeeded. `(0, 1)` without trials.
#[must_use]
pub fn wilson_95(successes: usize, trials: usize) -> (f64, f64) {
    if trials == 0 {
        return (0.0, 1.0);
    }
    /// The 97.5 % quantile of the standard normal distribution.
    const Z: f64 = 1.959_963_984_540_054;
    let count = trials as f64;
    let rate = successes as f64 / count;
    let shrink = 1.0 + Z * Z / count;
    let centre = (rate + Z * Z / (2.0 * count)) / shrink;
    let spread = Z / shrink * (rate * (1.0 - rate) / count + Z * Z / (4.0 * count * count)).sqrt();
    ((centre - spread).max(0.0), (centre + spread).min(1.0))
}

/// How much of a standard normal distribution lies above `x`, for `x` of 0 and more, to a relative error of
/// 1e-6: Laplace's continued fraction of Mills' ratio from 2.5 on, Simpson's rule below.
#[must_use]
pub fn normal_tail(x: f64) -> f64 {
    let density = |x: f64| (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt();
    if x >= 2.5 {
        let fraction = (1..=60).rev().fold(x, |rest, k| x + f64::from(k) / rest);
        return density(x) / fraction;
    }
    const STEPS: u32 = 400;
    let step = x / f64::from(STEPS);
    let sum: f64 = (0..=STEPS)
        .map(|i| {
            let weight = match i {
                0 | STEPS => 1.0,
                i if i % 2 == 1 => 4.0,
                _ => 2.0,
            };
            weight * density(f64::from(i) * step)
        })
        .sum();
    0.5 - sum * step / 3.0
}

/// Mean of `values`, NaN when there are none.
#[must_use]
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The `fraction` quantile of `values` by linear interpolation between order statistics, NaN when
/// there are none.
#[must_use]
pub fn quantile(values: &[f64], fraction: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = fraction.clamp(0.0, 1.0) * sorted.len().saturating_sub(1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    match (sorted.get(below), sorted.get(above)) {
        (Some(low), Some(high)) => low + (high - low) * (place - place.floor()),
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_matches_published_values() {
        // Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        for (successes, trials, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let interval = wilson_95(successes, trials);
            assert!((interval.0 - low).abs() < 5e-5, "{interval:?}");
            assert!((interval.1 - high).abs() < 5e-5, "{interval:?}");
        }
        assert_eq!(wilson_95(0, 0), (0.0, 1.0));
    }

    #[test]
    fn normal_tails_match_published_values() {
        // Abramowitz and Stegun, table 26.1 and 26.2.
        for (x, tail) in [
            (0.0, 0.5),
            (1.0, 0.158_655_254),
            (2.0, 0.022_750_132),
            (3.0, 0.001_349_898),
            (4.5, 3.397_673e-6),
        ] {
            assert!((normal_tail(x) / tail - 1.0).abs() < 1e-6, "{x}");
        }
    }

    #[test]
    fn quantiles_interpolate() {
        let values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(quantile(&values, 0.0), 1.0);
        assert_eq!(quantile(&values, 0.5), 2.5);
        assert_eq!(quantile(&values, 1.0), 4.0);
        assert!(quantile(&[], 0.5).is_nan());
        assert_eq!(mean(&values), 2.5);
    }
}
