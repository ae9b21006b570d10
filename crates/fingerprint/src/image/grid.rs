//! Small grey versions of pictures, from which fingerprints are computed.

use filigrane_media::{Layout, Picture, PictureSamples};

/// Most columns and rows of a grid: enough for cells of a quarter of a fingerprint's.
const LARGEST: usize = 256;

/// Luma in cells, each the mean over its part of the picture, with sums that give the mean over any rectangle.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    width: usize,
    height: usize,
    cells: Vec<f64>,
    /// Sums over all cells above and left of a corner, a row of `width + 1` for each of `height + 1`.
    sums: Vec<f64>,
}

impl Grid {
    /// Of a picture; its alpha channel is ignored.
    pub(super) fn of(picture: &Picture) -> Self {
        let (columns, rows) = (picture.width as usize, picture.height as usize);
        let (width, height) = (columns.clamp(1, LARGEST), rows.clamp(1, LARGEST));
        let mut cells = vec![0.0; width * height];
        let mut counts = vec![0_u32; width * height];
        let column_cells: Vec<usize> = (0..columns).map(|x| x * width / columns).collect();
        let mut add = |y: usize, lumas: &mut dyn Iterator<Item = u32>| {
            let row = y * height / rows * width;
            for (&cell, luma) in column_cells.iter().zip(lumas) {
                if let (Some(sum), Some(count)) =
                    (cells.get_mut(row + cell), counts.get_mut(row + cell))
                {
                    *sum += f64::from(luma);
                    *count += 1;
                }
            }
        };
        let channels = picture.layout.channels();
        let colour = matches!(picture.layout, Layout::Rgb | Layout::Rgba);
        let stride = (columns * channels).max(1);
        match &picture.samples {
            PictureSamples::U8(samples) => {
                for (y, row) in samples.chunks_exact(stride).enumerate() {
                    let pixels = row.chunks_exact(channels);
                    add(y, &mut pixels.map(|pixel| luma(pixel, colour) << 8));
                }
            }
            PictureSamples::U16(samples) => {
                for (y, row) in samples.chunks_exact(stride).enumerate() {
                    add(
                        y,
                        &mut row.chunks_exact(channels).map(|pixel| luma(pixel, colour)),
                    );
                }
            }
        }
        for (sum, count) in cells.iter_mut().zip(counts) {
            *sum /= f64::from(count.max(1));
        }
        Self::new(width, height, cells)
    }

    fn new(width: usize, height: usize, cells: Vec<f64>) -> Self {
        let stride = width + 1;
        let mut sums = vec![0.0; stride * (height + 1)];
        for (y, row) in cells.chunks_exact(width).enumerate() {
            let mut running = 0.0;
            for (x, cell) in row.iter().enumerate() {
                running += cell;
                sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + running;
            }
        }
        Self {
            width,
            height,
            cells,
            sums,
        }
    }

    /// The mean over a rectangle in units of the picture's width and height; what lies outside does not count.
    pub(super) fn mean(&self, (left, top): (f64, f64), (right, bottom): (f64, f64)) -> f64 {
        let across = |x: f64| x.clamp(0.0, 1.0) * self.width as f64;
        let down = |y: f64| y.clamp(0.0, 1.0) * self.height as f64;
        let (x0, x1, y0, y1) = (across(left), across(right), down(top), down(bottom));
        let area = (x1 - x0) * (y1 - y0);
        if area <= 0.0 {
            return 0.0;
        }
        (self.sum(x1, y1) - self.sum(x0, y1) - self.sum(x1, y0) + self.sum(x0, y0)) / area
    }

    /// The sum above and left of a point: within a cell it grows evenly in both directions.
    fn sum(&self, x: f64, y: f64) -> f64 {
        let (column, row) = (
            (x as usize).min(self.width - 1),
            (y as usize).min(self.height - 1),
        );
        let (fx, fy) = (x - column as f64, y - row as f64);
        let at = |dx: usize, dy: usize| self.sums[(row + dy) * (self.width + 1) + column + dx];
        (at(0, 0) * (1.0 - fx) + at(1, 0) * fx) * (1.0 - fy)
            + (at(0, 1) * (1.0 - fx) + at(1, 1) * fx) * fy
    }

    /// The picture, of an aspect (width over height in pixels), set upright again: turned by `clockwise_deg` and, before
    /// that, mirrored. Turned by other than quarter turns it is the middle of it, as far as a turned picture of this
    /// shape [fills](Self::filled) its frame.
    pub(super) fn upright(&self, clockwise_deg: f64, mirrored: bool, aspect: f64) -> Self {
        let swaps = (clockwise_deg / 90.0).round().rem_euclid(2.0) == 1.0;
        let (width, height, across, down) = if swaps {
            (self.height, self.width, 1.0, aspect)
        } else {
            (self.width, self.height, aspect, 1.0)
        };
        let filled = Self::filled(clockwise_deg, aspect);
        let (sin, cos) = clockwise_deg.to_radians().sin_cos();
        let mut cells = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                // From the middle, in heights of the picture: where the upright picture's cell lies in this one. Cells
                // need not be square.
                let u = ((x as f64 + 0.5) / width as f64 - 0.5) * across * filled;
                let v = ((y as f64 + 0.5) / height as f64 - 0.5) * down * filled;
                let u = if mirrored { -u } else { u };
                let column = ((u * cos - v * sin) / aspect + 0.5) * self.width as f64;
                let row = (u * sin + v * cos + 0.5) * self.height as f64;
                let column = (column.max(0.0) as usize).min(self.width - 1);
                let row = (row.max(0.0) as usize).min(self.height - 1);
                cells.push(self.cells[row * self.width + column]);
            }
        }
        Self::new(width, height, cells)
    }

    /// How much of each side of a frame that is turned lies in the picture for certain.
    pub(super) fn filled(clockwise_deg: f64, aspect: f64) -> f64 {
        let rest = clockwise_deg - (clockwise_deg / 90.0).round() * 90.0;
        if rest.abs() < 0.5 {
            return 1.0;
        }
        let (sin, cos) = rest.abs().to_radians().sin_cos();
        1.0 / (cos + sin * aspect.max(1.0 / aspect))
    }
}

/// Rec. 601 luma of a pixel in the units of its samples.
fn luma<T: Copy + Into<u32>>(pixel: &[T], colour: bool) -> u32 {
    match pixel {
        [red, green, blue, ..] if colour => {
            ((*red).into() * 77 + (*green).into() * 150 + (*blue).into() * 29) >> 8
        }
        [grey, ..] => (*grey).into(),
        [] => 0,
    }
}
