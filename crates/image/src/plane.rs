//! A plane of numbers, one per pixel.

/// `height` rows of `width` values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plane {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) data: Vec<f32>,
}

impl Plane {
    pub(crate) fn zeros(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            data: vec![0.0; width * height],
        }
    }

    pub(crate) fn pixels(&self) -> usize {
        self.data.len()
    }

    pub(crate) fn row(&self, y: usize) -> &[f32] {
        &self.data[y * self.width..(y + 1) * self.width]
    }

    /// The rectangle whose first corner is (`x`, `y`), cut at the plane's border.
    pub(crate) fn window(&self, x: usize, y: usize, width: usize, height: usize) -> Self {
        let (x, y) = (x.min(self.width), y.min(self.height));
        let (width, height) = (width.min(self.width - x), height.min(self.height - y));
        let data = (y..y + height)
            .flat_map(|y| &self.row(y)[x..x + width])
            .copied()
            .collect();
        Self {
            width,
            height,
            data,
        }
    }
}
