//! How much a file may ask for.

/// Limits that hold before memory is allocated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Bytes of a file.
    pub max_bytes: u64,
    /// Pixels of a picture, width times height.
    pub max_pixels: u64,
    /// Seconds of a sound.
    pub max_duration_s: f64,
    /// Channels of a sound.
    pub max_channels: u16,
}

impl Default for Limits {
    /// 512 MiB, 200 million pixels, four hours, eight channels: beyond what cameras, generators and
    /// recorders make, and within the memory of a small server.
    fn default() -> Self {
        Self {
            max_bytes: 512 << 20,
            max_pixels: 200_000_000,
            max_duration_s: 4.0 * 3600.0,
            max_channels: 8,
        }
    }
}
