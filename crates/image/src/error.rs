//! Why a picture could not be marked or looked at.

/// Why a picture could not be marked or looked at.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The buffer does not hold the stated picture.
    #[error("expected {expected} samples for the picture, found {found}")]
    Shape {
        /// `width × height × channels`.
        expected: usize,
        /// Samples in the buffer.
        found: usize,
    },
    /// The picture is too small to carry the payload.
    #[error("the picture is too small to mark: {width}×{height}, needs {needed}×{needed}")]
    TooSmall {
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
        /// Columns and rows that are needed.
        needed: usize,
    },
    /// The marked picture did not read back surely at any strength that is allowed: it is flat, clipped
    /// or covered by transparency almost everywhere, or small and busy.
    #[error(
        "the picture cannot carry the mark: it reads back with a correlation of {correlation:.1}, needs {needed:.1} within a PSNR of {psnr_floor_db} dB"
    )]
    CannotCarry {
        /// Correlation with which the mark read back, 0 where it did not.
        correlation: f64,
        /// Correlation that is needed.
        needed: f64,
        /// The quality floor.
        psnr_floor_db: f64,
    },
    /// The key's plan could not be made.
    #[error(transparent)]
    Code(#[from] filigrane_payload::CodeError),
}
