//! Mappings from received pixels to pattern coordinates.

/// A projective mapping `(x, y) → ((a x + b y + c) / w, (d x + e y + f) / w)` with
/// `w = g x + h y + 1`, from received pixels to pattern pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Homography(pub(crate) [f64; 8]);

impl Homography {
    /// The linear mapping with the matrix `[[a, b], [c, d]]`.
    pub(crate) const fn linear([a, b, c, d]: [f64; 4]) -> Self {
        Self([a, b, 0.0, c, d, 0.0, 0.0, 0.0])
    }

    /// The mapping that sends four points to four others; nothing where three of them are in line.
    pub(crate) fn from_points(from: [(f64, f64); 4], to: [(f64, f64); 4]) -> Option<Self> {
        let mut rows = [[0.0; 9]; 8];
        for (pair, (&(x, y), &(u, v))) in rows.chunks_exact_mut(2).zip(from.iter().zip(&to)) {
            pair[0] = [x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y, u];
            pair[1] = [0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y, v];
        }
        solve(rows).map(Self)
    }

    pub(crate) fn apply(&self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, e, f, g, h] = self.0;
        let w = 1.0 / (g * x + h * y + 1.0);
        ((a * x + b * y + c) * w, (d * x + e * y + f) * w)
    }

    pub(crate) fn is_affine(&self) -> bool {
        self.0[6].abs() < 1e-9 && self.0[7].abs() < 1e-9
    }

    /// The mapping followed by a shift in pattern coordinates.
    pub(crate) fn shifted(&self, dx: f64, dy: f64) -> Self {
        let [a, b, c, d, e, f, g, h] = self.0;
        Self([
            a + dx * g,
            b + dx * h,
            c + dx,
            d + dy * g,
            e + dy * h,
            f + dy,
            g,
            h,
        ])
    }

    /// The mapping for a picture of which the origin lies at `(x, y)` of this one.
    pub(crate) fn moved(&self, x: f64, y: f64) -> Self {
        let [a, b, c, d, e, f, g, h] = self.0;
        let norm = 1.0 + g * x + h * y;
        Self([a, b, c + a * x + b * y, d, e, f + d * x + e * y, g, h].map(|value| value / norm))
    }

    /// The mapping for a picture of which each pixel stands for `across × down` of this one's.
    pub(crate) fn with_pixels_of(&self, across: f64, down: f64) -> Self {
        let [a, b, c, d, e, f, g, h] = self.0;
        Self([
            a * across,
            b * down,
            c,
            d * across,
            e * down,
            f,
            g * across,
            h * down,
        ])
    }

    /// The mapping followed by half a turn of the pattern.
    pub(crate) fn turned(&self) -> Self {
        let [a, b, c, d, e, f, g, h] = self.0;
        Self([-a, -b, -c, -d, -e, -f, g, h])
    }

    /// The derivative `[[∂u/∂x, ∂u/∂y], [∂v/∂x, ∂v/∂y]]` at a point.
    pub(crate) fn jacobian(&self, x: f64, y: f64) -> [f64; 4] {
        let [a, b, _, d, e, _, g, h] = self.0;
        let (u, v) = self.apply(x, y);
        let w = 1.0 / (g * x + h * y + 1.0);
        [
            (a - u * g) * w,
            (b - u * h) * w,
            (d - v * g) * w,
            (e - v * h) * w,
        ]
    }
}

/// Gauss and Jordan's elimination with pivots.
fn solve(mut rows: [[f64; 9]; 8]) -> Option<[f64; 8]> {
    for column in 0..8 {
        let largest =
            |&a: &usize, &b: &usize| rows[a][column].abs().total_cmp(&rows[b][column].abs());
        let pivot = (column..8).max_by(largest)?;
        if rows[pivot][column].abs() < 1e-12 {
            return None;
        }
        rows.swap(column, pivot);
        let pivot_row = rows[column];
        for (index, row) in rows.iter_mut().enumerate() {
            if index != column {
                let factor = row[column] / pivot_row[column];
                row.iter_mut()
                    .zip(&pivot_row)
                    .for_each(|(value, pivot)| *value -= factor * pivot);
            }
        }
    }
    let mut solution = [0.0; 8];
    for (index, (value, row)) in solution.iter_mut().zip(&rows).enumerate() {
        *value = row[8] / row[index];
    }
    solution
        .iter()
        .all(|value| value.is_finite())
        .then_some(solution)
}

/// How a marked picture lies in what was received, at the received picture's centre.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Geometry {
    /// Received pixels per pattern pixel: the factor by which a picture of up to one megapixel was
    /// scaled (larger pictures are marked with a proportionally larger pattern).
    pub scale: f64,
    /// Clockwise turn in degrees, −180 to 180.
    pub rotation_deg: f64,
    /// Whether left and right are exchanged (before the turn).
    pub mirrored: bool,
    /// Horizontal over vertical scale along the pattern's axes.
    pub aspect: f64,
}

impl Geometry {
    /// Reads scale, turn and mirroring off the mapping at a point of the received picture, of which
    /// each pixel stands for `shrink` pixels of the file.
    pub(crate) fn of(mapping: &Homography, (x, y): (f64, f64), shrink: f64) -> Self {
        let [a, b, c, d] = mapping.jacobian(x, y);
        let determinant = a * d - b * c;
        // Columns of the inverse: what the pattern's axes became in the picture.
        let across = (d / determinant, -c / determinant);
        let down = (-b / determinant, a / determinant);
        let (width, height) = (across.0.hypot(across.1), down.0.hypot(down.1));
        Self {
            scale: shrink * (width * height).sqrt(),
            rotation_deg: (-down.0).atan2(down.1).to_degrees(),
            mirrored: determinant < 0.0,
            aspect: width / height,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_points_give_the_mapping_back() {
        let mapping = Homography([1.1, 0.1, 5.0, -0.2, 0.9, -3.0, 1e-4, -2e-4]);
        let from = [(10.0, 10.0), (500.0, 20.0), (15.0, 400.0), (480.0, 390.0)];
        let found = Homography::from_points(from, from.map(|(x, y)| mapping.apply(x, y))).unwrap();
        for (a, b) in found.0.iter().zip(&mapping.0) {
            assert!((a - b).abs() < 1e-8, "{found:?}");
        }
        assert_eq!(Homography::from_points([(0.0, 0.0); 4], from), None);
    }

    #[test]
    fn scale_turn_and_mirror_are_read_off() {
        for (scale, degrees, mirrored) in
            [(0.5, 30.0, false), (2.0, -135.0, true), (1.0, 90.0, true)]
        {
            let (sin, cos) = f64::to_radians(degrees).sin_cos();
            let flip = if mirrored { -1.0 } else { 1.0 };
            // The picture is the pattern mirrored, scaled and turned clockwise (y grows downwards).
            let forward = [
                scale * cos * flip,
                -scale * sin,
                scale * sin * flip,
                scale * cos,
            ];
            let determinant = forward[0] * forward[3] - forward[1] * forward[2];
            let inverse =
                [forward[3], -forward[1], -forward[2], forward[0]].map(|value| value / determinant);
            let geometry = Geometry::of(&Homography::linear(inverse), (7.0, 9.0), 1.0);
            assert!((geometry.scale - scale).abs() < 1e-9, "{geometry:?}");
            assert!(
                (geometry.rotation_deg - degrees).abs() < 1e-9,
                "{geometry:?}"
            );
            assert_eq!(geometry.mirrored, mirrored);
            assert!((geometry.aspect - 1.0).abs() < 1e-9);
        }
    }
}
