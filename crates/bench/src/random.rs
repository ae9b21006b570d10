//! Reproducible random numbers for attacks and payloads.

/// A small generator, SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014). It is spelled out here so that a measurement stays repeatable
/// whatever the dependencies do; it keeps no secrets.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
    spare: Option<f64>,
}

impl Random {
    /// The generator for one purpose: the `seed` of the run mixed with `labels`, such as a
    /// picture's and an attack's name, so that adding a picture changes nothing for the others.
    #[must_use]
    pub fn new(seed: u64, labels: &[&str]) -> Self {
        // FNV-1a, 64 bits, with a separator that no UTF-8 text contains.
        let bytes = labels
            .iter()
            .flat_map(|label| label.bytes().chain([0xff]))
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        let mut random = Self {
            state: bytes ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            spare: None,
        };
        random.next_u64();
        random
    }

    /// Sixty-four random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// Uniform in `[0, 1)`, 53 bits.
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in `[low, high)`.
    pub fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Uniform in `0..bound`; 0 for a bound of 0. The bias is below `bound`/2^53.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.uniform() * bound as f64) as usize
    }

    /// Standard normal (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        let (sine, cosine) = (std::f64::consts::TAU * self.uniform()).sin_cos();
        self.spare = Some(radius * sine);
        radius * cosine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_and_separates() {
        let first: Vec<u64> = (0..4)
            .map({
                let mut random = Random::new(1, &["a", "b"]);
                move |_| random.next_u64()
            })
            .collect();
        let mut again = Random::new(1, &["a", "b"]);
        assert!(first.iter().all(|word| *word == again.next_u64()));
        assert_ne!(first[0], Random::new(1, &["ab", ""]).next_u64());
        assert_ne!(first[0], Random::new(2, &["a", "b"]).next_u64());
    }

    #[test]
    fn moments_are_right() {
        let mut random = Random::new(7, &["moments"]);
        let count = 100_000;
        let (mut mean, mut square, mut uniform) = (0.0, 0.0, 0.0);
        for _ in 0..count {
            let value = random.normal();
            mean += value;
            square += value * value;
            uniform += random.uniform();
        }
        let count = f64::from(count);
        assert!((mean / count).abs() < 0.015);
        assert!((square / count - 1.0).abs() < 0.02);
        assert!((uniform / count - 0.5).abs() < 0.005);
    }
}
