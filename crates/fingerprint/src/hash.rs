//! A hash of 256 bits over a plane of values: the signs, about their median, of its 16 × 16 lowest frequencies.
//!
//! As in PDQ (Facebook, *The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm*, 2019), over other
//! values, so that the two are not interchangeable.

/// Frequencies along each side.
const FREQUENCIES: usize = 16;

/// The hash of `rows` rows of `columns` values. Fewer values than that count as none: the hash is then zero.
pub(crate) fn hash(values: &[f64], columns: usize, rows: usize) -> [u8; 32] {
    let across = waves(columns);
    let down = waves(rows);
    let lines: Vec<[f64; FREQUENCIES]> = values
        .chunks_exact(columns.max(1))
        .take(rows)
        .map(|row| std::array::from_fn(|frequency| inner(row, &across[frequency])))
        .collect();
    let mut spectrum = Vec::with_capacity(FREQUENCIES * FREQUENCIES);
    for wave in &down {
        for frequency in 0..FREQUENCIES {
            let column = lines.iter().zip(wave);
            spectrum.push(
                column
                    .map(|(line, wave)| line[frequency] * wave)
                    .sum::<f64>(),
            );
        }
    }
    let mut sorted = spectrum.clone();
    let (_, median, _) = sorted.select_nth_unstable_by(spectrum.len() / 2, f64::total_cmp);
    let median = *median;
    let mut hash = [0; 32];
    for (byte, values) in hash.iter_mut().zip(spectrum.chunks_exact(8)) {
        *byte = values
            .iter()
            .enumerate()
            .map(|(bit, value)| u8::from(*value > median) << bit)
            .sum();
    }
    hash
}

/// Bits that differ.
pub(crate) fn distance(one: &[u8; 32], other: &[u8; 32]) -> u32 {
    let pairs = one.iter().zip(other);
    pairs.map(|(a, b)| (a ^ b).count_ones()).sum()
}

/// Cosines of the frequencies from 1 on: the constant is left out, as in PDQ.
fn waves(length: usize) -> Vec<Vec<f64>> {
    let wave = |frequency: usize, position: usize| {
        let phase = std::f64::consts::PI / length as f64 * (position as f64 + 0.5);
        (phase * (frequency + 1) as f64).cos()
    };
    (0..FREQUENCIES)
        .map(|frequency| {
            (0..length)
                .map(|position| wave(frequency, position))
                .collect()
        })
        .collect()
}

fn inner(values: &[f64], wave: &[f64]) -> f64 {
    values
        .iter()
        .zip(wave)
        .map(|(value, wave)| value * wave)
        .sum()
}
