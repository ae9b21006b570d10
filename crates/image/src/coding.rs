//! What lossy coding leaves of a plane of luma.
//!
//! The embedder looks at the marked picture through this before it is content with a strength: in flat
//! graphics a mark can be plain in the samples and still be gone after the mildest coding.

use multiversion::multiversion;

use crate::fold::WHOLE;
use crate::plane::Plane;

const SIDE: usize = 8;
type Block = [[f32; SIDE]; SIDE];

/// Quantisation of luminance, ITU-T T.81 table K.1, by vertical and horizontal frequency.
const QUANTISATION: Block = [
    [16.0, 11.0, 10.0, 16.0, 24.0, 40.0, 51.0, 61.0],
    [12.0, 12.0, 14.0, 19.0, 26.0, 58.0, 60.0, 55.0],
    [14.0, 13.0, 16.0, 24.0, 40.0, 57.0, 69.0, 56.0],
    [14.0, 17.0, 22.0, 29.0, 51.0, 87.0, 80.0, 62.0],
    [18.0, 22.0, 37.0, 56.0, 68.0, 109.0, 103.0, 77.0],
    [24.0, 35.0, 55.0, 64.0, 81.0, 104.0, 113.0, 92.0],
    [49.0, 64.0, 78.0, 87.0, 103.0, 121.0, 120.0, 101.0],
    [72.0, 92.0, 95.0, 98.0, 112.0, 100.0, 103.0, 99.0],
];

/// The plane after JPEG's transform and quantisation at `quality`, 1 to 100 on the scale of the
/// Independent JPEG Group. Blocks that are cut by the border stay as they are.
pub(crate) fn coded(luma: &Plane, quality: u32) -> Plane {
    let quality = quality.clamp(1, 100) as f32;
    let percent = if quality < 50.0 {
        5000.0 / quality
    } else {
        200.0 - 2.0 * quality
    };
    let steps = QUANTISATION.map(|row| row.map(|step| (step * percent / 100.0).round().max(1.0)));
    let coder = Coder {
        basis: basis(),
        inverse: transposed(&basis()),
        steps,
    };
    let mut out = luma.clone();
    if luma.width > 0 {
        for rows in out.data.chunks_exact_mut(SIDE * luma.width) {
            coded_rows(&coder, rows, luma.width);
        }
    }
    out
}

struct Coder {
    basis: Block,
    inverse: Block,
    steps: Block,
}

/// Codes the whole blocks of a row of blocks in place.
#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2"))]
fn coded_rows(coder: &Coder, rows: &mut [f32], width: usize) {
    for x in (0..(width + 1).saturating_sub(SIDE)).step_by(SIDE) {
        let mut block: Block = [[0.0; SIDE]; SIDE];
        for (row, source) in block.iter_mut().zip(rows.chunks_exact(width)) {
            row.copy_from_slice(&source[x..x + SIDE]);
        }
        let half = transposed(&product(&coder.basis, &block));
        let mut spectrum = product(&coder.basis, &half);
        for (row, steps) in spectrum.iter_mut().zip(&transposed(&coder.steps)) {
            for (value, step) in row.iter_mut().zip(steps) {
                *value = nearest_whole(*value / step) * step;
            }
        }
        let half = transposed(&product(&coder.inverse, &spectrum));
        let block = product(&coder.inverse, &half);
        for (row, target) in block.iter().zip(rows.chunks_exact_mut(width)) {
            target[x..x + SIDE].copy_from_slice(row);
        }
    }
}

/// Of numbers below four millions.
#[inline(always)]
pub(crate) fn nearest_whole(value: f32) -> f32 {
    (value + WHOLE) - WHOLE
}

/// The orthonormal cosine transform: `basis[k][n] = c_k cos(π (2n + 1) k / 16)`.
fn basis() -> Block {
    std::array::from_fn(|k| {
        let scale = if k == 0 { 0.125_f32 } else { 0.25 }.sqrt();
        std::array::from_fn(|n| {
            let angle = std::f32::consts::PI * ((2 * n + 1) * k) as f32 / 16.0;
            scale * angle.cos()
        })
    })
}

#[inline(always)]
fn product(a: &Block, b: &Block) -> Block {
    let mut out = [[0.0; SIDE]; SIDE];
    for (out, a) in out.iter_mut().zip(a) {
        for (&a, b) in a.iter().zip(b) {
            for (out, &b) in out.iter_mut().zip(b) {
                *out += a * b;
            }
        }
    }
    out
}

#[inline(always)]
fn transposed(block: &Block) -> Block {
    std::array::from_fn(|i| std::array::from_fn(|j| block[j][i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(width: usize, height: usize, amplitude: f32) -> Plane {
        let value = |i: usize| 128.0 + amplitude * ((i * 2_654_435_761) % 1009) as f32 / 1009.0;
        Plane {
            width,
            height,
            data: (0..width * height).map(value).collect(),
        }
    }

    fn error(a: &Plane, b: &Plane) -> f32 {
        let squares = a.data.iter().zip(&b.data).map(|(a, b)| (a - b) * (a - b));
        (squares.sum::<f32>() / a.pixels() as f32).sqrt()
    }

    #[test]
    fn the_best_quality_only_rounds_and_lower_ones_lose_more() {
        let plane = noise(41, 30, 60.0);
        let at = |quality| error(&plane, &coded(&plane, quality));
        // Coefficients rounded to whole numbers are off by the root of a twelfth.
        assert!((0.15..0.31).contains(&at(100)), "{}", at(100));
        assert!(at(100) < at(80) && at(80) < at(40) && at(40) < at(10));
    }

    #[test]
    fn faint_noise_is_gone_and_the_rest_of_a_block_stays() {
        let plane = noise(20, 16, 2.0);
        let coded = coded(&plane, 40);
        assert!((0..8).all(|x| (coded.row(3)[x] - coded.row(3)[0]).abs() < 1e-3));
        assert_eq!(plane.row(5)[16..], coded.row(5)[16..]);
    }
}
